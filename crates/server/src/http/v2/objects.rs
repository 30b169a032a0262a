//! What the answers are made of.

use std::collections::BTreeMap;

use reelshelf_domain::{Amount, Changes, ClientId, FolderPath, MediaKind, MediaPath, Paths, UnixMillis};
use reelshelf_media::contradicts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::library::{StorageInfo, derived_url, immutable_url, stable_url};
use crate::store::{self, Asset};

/// A file. The first ten fields are the contract's.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct File {
    /// The file name, without its folder.
    #[schema(example = "brand-mark.png")]
    name: String,
    /// The folder, without slashes around it; empty for the root.
    #[schema(example = "logos/2026")]
    folder: String,
    /// `image`, `video`, `audio` or `other`: from the declared type while pending, from the bytes afterwards.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The declared type.
    #[serde(rename = "contentType")]
    content_type: String,
    /// Bytes: as declared while pending.
    size: u64,
    /// The stable URL. Pending files have it already; it answers 404 until the bytes are here.
    url: String,
    /// The URL of a small picture of it, once there is one: of a picture, the poster of a film, the waveform of a sound.
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<String>,
    /// `pending` or `uploaded`.
    status: &'static str,
    /// Whether the file is in `temp`, is not counted, and goes by itself.
    temporary: bool,
    /// When it was registered: ISO 8601 in UTC.
    created_at: String,
    /// The name the person gave, for showing.
    #[serde(rename = "displayName")]
    display_name: String,
    /// The SHA-256 of the bytes; null while pending.
    sha256: Option<String>,
    /// The URL of these very bytes; null while pending.
    #[serde(rename = "immutableUrl")]
    immutable_url: Option<String>,
    /// When the bytes last changed.
    modified_at: String,
    /// When a temporary file goes; null for others.
    expires_at: Option<String>,
    /// How far the server is in understanding the bytes: `queued`, `running`, `done` or `failed`; null while pending.
    processing: Option<&'static str>,
    /// Why it failed; null when it did not. The file itself is served all the same.
    #[serde(rename = "processingError")]
    processing_error: Option<String>,
    /// What the bytes hold; null until it is known. Facts that a file does not tell are left out.
    #[schema(value_type = Option<super::metadata::Metadata>)]
    metadata: Option<serde_json::Value>,
    /// The URLs of what was made of the file, by name. What is made anew gets another URL.
    #[schema(example = json!({ "thumb-320.webp": "https://media.example.com/derived/a1B2c3D4e5/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/thumb-320.webp?v=2c26b46b68ffc68f" }))]
    derived: BTreeMap<String, String>,
    /// That the bytes are of another type than the name or the declared type says: the bytes decide. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    /// The import that is to bring the bytes; absent when there is none, or when it has brought them.
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<Import>,
}

/// A file on its way from another server.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Import {
    /// `queued`, `running`, `retrying` (a try failed, another follows) or `failed`.
    state: &'static str,
    /// Where from, without the query.
    src: String,
    /// Bytes that have come.
    received: u64,
    /// Bytes there are; null while that is unknown.
    total: Option<u64>,
    /// Which try this is, or how many there were.
    attempts: i64,
    /// Why the last try failed; null when none did.
    message: Option<String>,
}

impl From<store::Import> for Import {
    fn from(import: store::Import) -> Self {
        Self {
            state: import.state.as_str(),
            src: import.source,
            received: import.received.get(),
            total: import.total.map(reelshelf_domain::ByteSize::get),
            attempts: import.attempts,
            message: import.message,
        }
    }
}

impl File {
    pub(super) fn new(app: &App, client: ClientId, folder: &FolderPath, asset: Asset) -> Self {
        let server = &app.settings.server;
        let notice = contradiction(&asset);
        let path = MediaPath::new(folder.clone(), asset.name);
        let (mut processing, mut error, mut metadata, mut derived) = (None, None, None, BTreeMap::new());
        if let (Some(known), Some(hash)) = (asset.processing, asset.hash) {
            processing = Some(known.state.as_str());
            error = known.error;
            metadata = known.metadata.and_then(|text| serde_json::from_str(&text).ok());
            let made = known.derived.into_iter();
            derived = made
                .map(|(name, made)| {
                    let url = derived_url(server, (client, hash), (&name, made));
                    (name, url)
                })
                .collect();
        }
        Self {
            url: stable_url(server, client, &path),
            immutable_url: asset.hash.map(|hash| immutable_url(server, client, hash, &path.name)),
            name: path.name.to_string(),
            folder: folder.to_string(),
            kind: asset.kind.as_str(),
            content_type: asset.declared_type,
            size: asset.size.get(),
            thumbnail_url: THUMBNAILS.iter().find_map(|name| derived.get(*name)).cloned(),
            processing,
            processing_error: error,
            metadata,
            derived,
            notice,
            status: if asset.uploaded { "uploaded" } else { "pending" },
            temporary: folder.is_temp(),
            created_at: asset.created_at.to_string(),
            display_name: asset.display_name.to_string(),
            sha256: asset.hash.map(|hash| hash.to_string()),
            modified_at: asset.modified_at.to_string(),
            expires_at: asset.expires_at.map(|at| at.to_string()),
            import: asset.import.map(Import::from),
        }
    }
}

/// What may be shown as a thumbnail, the best first.
const THUMBNAILS: [&str; 6] =
    ["thumb-320.webp", "thumb-640.webp", "thumb-160.webp", "thumb-1280.webp", "poster.webp", "waveform.webp"];

/// That the bytes have a name, or were declared, as something else.
fn contradiction(asset: &Asset) -> Option<String> {
    let bytes = asset.media_type?;
    let are = if bytes.kind() == MediaKind::Other { "of no type that is known here" } else { bytes.mime() };
    let declared = MediaKind::declared(&asset.declared_type);
    if declared != MediaKind::Other && declared != bytes.kind() {
        return Some(format!("The bytes are {are}, not {} as was declared", asset.declared_type));
    }
    contradicts(asset.name.as_str(), bytes).then(|| format!("The bytes are {are}, not what the name says"))
}

/// A client's storage. The first five fields are the contract's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Storage {
    /// Bytes of uploaded files, the temporary ones apart.
    used_bytes: u64,
    /// Bytes that are free in the reckoning of `credits_per_week`.
    free_allowance: u64,
    /// 10 for each GiB above the allowance, rounded up.
    credits_per_week: u64,
    /// Whether uploads are refused: on hold, full, or the plan is smaller than what is used.
    blocked: bool,
    /// Since when.
    blocked_at: Option<String>,
    /// Bytes reserved for uploads under way.
    reserved_bytes: u64,
    /// The plan's storage in bytes; null is no limit.
    limit_bytes: Option<u64>,
    /// Bytes of files in `temp`.
    temp_bytes: u64,
    /// The most that they may take.
    temp_limit_bytes: u64,
    /// Bytes of what was made of the files: thumbnails, waveforms, sizes. Not part of `used_bytes`.
    derived_bytes: u64,
    /// The most that they may take.
    derived_limit_bytes: u64,
}

impl From<StorageInfo> for Storage {
    fn from(storage: StorageInfo) -> Self {
        Self {
            used_bytes: storage.used.get(),
            free_allowance: storage.free_allowance.get(),
            credits_per_week: storage.credits_per_week,
            blocked: storage.blocked_at.is_some(),
            blocked_at: storage.blocked_at.map(|at| at.to_string()),
            reserved_bytes: storage.reserved.get(),
            limit_bytes: storage.limit.map(reelshelf_domain::ByteSize::get),
            temp_bytes: storage.temporary.get(),
            temp_limit_bytes: storage.temporary_limit.get(),
            derived_bytes: storage.derived.get(),
            derived_limit_bytes: storage.derived_limit.get(),
        }
    }
}

/// A write that worked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    success: bool,
    /// Now: ISO 8601 in UTC.
    timestamp: String,
    /// Something worth knowing; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl Done {
    pub(super) fn at(now: UnixMillis) -> Self {
        Self { success: true, timestamp: now.to_string(), message: None }
    }

    pub(super) fn saying(now: UnixMillis, message: &'static str) -> Self {
        Self { success: true, timestamp: now.to_string(), message: Some(message) }
    }
}

/// What became of one of several files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outcome {
    /// The file, as it was asked for.
    pub(super) path: String,
    /// Whether it worked.
    pub(super) success: bool,
    /// The HTTP status it would have had alone.
    pub(super) status: u16,
    /// What went wrong; empty when nothing did.
    pub(super) message: String,
    /// The file as it is now, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<File>,
}

/// What became of one file or of several.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stored {
    /// Whether all of it worked.
    pub(super) success: bool,
    /// Now: ISO 8601 in UTC.
    pub(super) timestamp: String,
    /// What went wrong with the one file; absent when nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// The file, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<File>,
    /// Each file, when there may have been several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) results: Option<Vec<Outcome>>,
}

impl Stored {
    pub(super) fn one(now: UnixMillis, file: File) -> Self {
        Self { success: true, timestamp: now.to_string(), message: None, file: Some(file), results: None }
    }
}

/// How many files and folders, and the bytes of the files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sum {
    files: u64,
    folders: u64,
    bytes: u64,
}

impl From<Amount> for Sum {
    fn from(Amount { files, folders, bytes }: Amount) -> Self {
        Self { files, folders, bytes }
    }
}

/// Some of many paths.
#[derive(Debug, Serialize, ToSchema)]
struct SomePaths {
    /// The first of them; those of folders end in a slash.
    paths: Vec<String>,
    /// How many there are.
    total: u64,
    /// Whether there are more than are told.
    truncated: bool,
}

impl From<Paths> for SomePaths {
    fn from(Paths { total, first }: Paths) -> Self {
        Self { truncated: (first.len() as u64) < total, paths: first, total }
    }
}

/// What became different since a dry run. The paths are null where there were too many to remember each.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Differences {
    /// What was not there then.
    added: Option<SomePaths>,
    /// What is not there now.
    gone: Option<SomePaths>,
    /// What has other bytes, or is in another state.
    changed: Option<SomePaths>,
    /// What it was about then.
    before: Sum,
    /// What it is about now.
    now: Sum,
}

impl From<Changes> for Differences {
    fn from(changes: Changes) -> Self {
        let listed = |paths: Paths| changes.listed.then(|| paths.into());
        Self {
            added: listed(changes.added),
            gone: listed(changes.gone),
            changed: listed(changes.changed),
            before: changes.told.into(),
            now: changes.now.into(),
        }
    }
}

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(in crate::http) struct Octets(#[expect(dead_code, reason = "described alone")] Vec<u8>);
