//! What a delivery URL stands for, at this moment.

use reelshelf_domain::{AssetHash, ByteSize, ClientId, FileName, MediaKind, MediaPath, Result, UnixMillis};

use super::urls::version;
use crate::app::App;
use crate::blobs::BlobKey;
use crate::store::{Delivered, DerivedFile};

/// What a delivery URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The file at a path, whatever its bytes are.
    Stable(ClientId, MediaPath),
    /// These bytes, as long as a file of this name has them.
    Immutable(ClientId, AssetHash, FileName),
    /// What was made of these bytes under this name, as long as a file has them; and which version of it is meant.
    Derived(ClientId, AssetHash, FileName, Option<String>),
}

impl Target {
    /// Whose it is.
    pub const fn client(&self) -> ClientId {
        match self {
            Self::Stable(client, _) | Self::Immutable(client, ..) | Self::Derived(client, ..) => *client,
        }
    }
}

/// All that answering a delivery needs.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where the bytes are.
    pub key: BlobKey,
    /// What to call them when they are saved.
    pub name: String,
    /// What they are.
    pub mime: &'static str,
    /// Whether a browser may show them.
    pub inline: bool,
    /// How many.
    pub size: ByteSize,
    /// Which.
    pub hash: AssetHash,
    /// When they came here.
    pub modified_at: UnixMillis,
    /// Whether the URL names these very bytes, and none else ever.
    pub immutable: bool,
}

impl Delivery {
    fn file(target: &Target, file: &Delivered) -> Self {
        Self {
            key: BlobKey::Original(target.client(), file.blob),
            name: file.display_name.to_string(),
            mime: file.media_type.mime(),
            inline: file.media_type.kind() != MediaKind::Other,
            size: file.size,
            hash: file.hash,
            modified_at: file.modified_at,
            immutable: matches!(target, Target::Immutable(..)),
        }
    }

    /// A derived file, under its name or another. It may be made anew, and be of other bytes then.
    pub(super) fn derived(client: ClientId, derived: &DerivedFile, name: String) -> Self {
        Self {
            key: BlobKey::Derived(client, derived.id),
            mime: derived_type(&name),
            name,
            inline: true,
            size: derived.size,
            hash: derived.hash,
            modified_at: derived.created_at,
            immutable: false,
        }
    }
}

/// What is made has the type that its name says: we gave it.
fn derived_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("vtt") => "text/vtt",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// The file to deliver; `None` for pending, deleted, expired and unknown ones alike.
pub async fn deliver(app: &App, target: &Target) -> Result<Option<Delivery>> {
    if let Target::Derived(client, hash, name, meant) = target {
        let derived = app.store.delivered_derived(*client, *hash, name.as_str(), app.now()).await?;
        return Ok(derived.map(|derived| Delivery {
            immutable: meant.as_ref() == Some(&version(derived.hash)),
            ..Delivery::derived(*client, &derived, name.to_string())
        }));
    }
    Ok(original(app, target).await?.map(|file| Delivery::file(target, &file)))
}

/// The file itself that a URL names.
pub(super) async fn original(app: &App, target: &Target) -> Result<Option<Delivered>> {
    let found = match target {
        Target::Stable(client, path) => app.store.delivered(*client, path).await?,
        Target::Immutable(client, hash, name) => app.store.delivered_immutable(*client, *hash, name).await?,
        Target::Derived(..) => None,
    };
    let now = app.now();
    Ok(found.filter(|file| file.expires_at.is_none_or(|at| at > now)))
}
