//! Files: one row each, found by folder and name.

use reelshelf_domain::{
    AssetHash, AssetId, BlobId, ByteSize, ClientId, DisplayName, Error, FileName, FolderId, MediaKind, MediaPath,
    MediaType, Result, Thing, UnixMillis,
};
use serde::{Deserialize, Serialize};

use super::counters::{Bytes, Files, apply, count};
use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_optional};
use super::import::{Import, ImportRow, assets_and_more, import_columns};
use super::processing::{Processing, ProcessingRow, processing_columns};
use super::row::row;
use super::survey::{Fate, Found, FoundFile, Survey};
use super::walk::{Walk, walk};
use super::writer::Verb;
use super::{Store, column, size_column};

/// The columns of an asset, for every statement that gives one: those of its bytes and of its import follow.
macro_rules! asset_columns {
    () => {
        " assets.id, assets.name, assets.display_name, assets.declared_type, assets.kind, assets.media_type,
        assets.size, assets.uploaded, assets.hash, assets.created_at, assets.modified_at, assets.expires_at, "
    };
}
pub(super) use asset_columns;

const FIND: &str = concat!(
    walk!(),
    "SELECT",
    asset_columns!(),
    processing_columns!(),
    ", ",
    import_columns!(),
    assets_and_more!("FROM walk JOIN assets ON assets.folder_id = walk.id"),
    "WHERE walk.depth = $4 AND assets.name_key = $5 AND assets.name = $6"
);

const DELIVER: &str = concat!(
    walk!(),
    "SELECT assets.id, assets.name, assets.display_name, assets.media_type, assets.size, assets.hash, assets.modified_at,
        assets.expires_at, assets.blob_id
    FROM walk JOIN assets ON assets.folder_id = walk.id
    WHERE walk.depth = $4 AND assets.name_key = $5 AND assets.name = $6 AND assets.uploaded"
);

const DELIVER_IMMUTABLE: &str = "
    SELECT id, name, display_name, media_type, size, hash, modified_at, expires_at, blob_id
    FROM assets WHERE client_id = $1 AND hash = $2 AND name = $3 AND uploaded
    ORDER BY expires_at IS NULL DESC, expires_at DESC LIMIT 1";

/// An asset with all that its removal changes.
macro_rules! held_columns {
    () => {
        " assets.id, assets.client_id, assets.folder_id, folders.temporary, assets.name, assets.kind, assets.size,
        assets.uploaded, assets.blob_id, assets.expires_at,
        CAST(COALESCE((SELECT SUM(uploads.reserved) FROM uploads WHERE uploads.asset_id = assets.id), 0) AS BIGINT)
            AS reserved,
        (SELECT COUNT(*) FROM uploads WHERE uploads.asset_id = assets.id AND uploads.done_hash IS NULL) AS coming "
    };
}
pub(super) use held_columns;

const HELD_BY_PATH: &str = concat!(
    walk!(),
    "SELECT",
    held_columns!(),
    "FROM walk JOIN folders ON folders.id = walk.id JOIN assets ON assets.folder_id = walk.id
    WHERE walk.depth = $4 AND assets.name_key = $5 AND assets.name = $6"
);

const HELD_BY_ID: &str = concat!(
    "SELECT",
    held_columns!(),
    "FROM assets JOIN folders ON folders.id = assets.folder_id WHERE assets.id = $1"
);

/// Only if nothing changed since the look: others hold no lock that the look would have waited for.
const DELETE: &str = "
    DELETE FROM assets WHERE id = $1 AND folder_id = $2 AND uploaded = $3 AND size = $4
        AND blob_id IS NOT DISTINCT FROM $5 AND name = $7
        AND (SELECT COALESCE(SUM(uploads.reserved), 0) FROM uploads WHERE uploads.asset_id = $1) = $6";

const RELEASE_BLOB: &str = "UPDATE blobs SET released_at = $2 WHERE id = $1";

const EXPIRED: &str = "SELECT id FROM assets WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[FIND, DELIVER, DELIVER_IMMUTABLE, HELD_BY_PATH, HELD_BY_ID, DELETE, RELEASE_BLOB, EXPIRED];

/// A file of the library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asset {
    /// Which file.
    pub id: AssetId,
    /// Its name.
    pub name: FileName,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// The type the client declared.
    pub declared_type: String,
    /// What it is to people: as declared while pending, as its bytes say afterwards.
    pub kind: MediaKind,
    /// What its bytes are; `None` while pending.
    pub media_type: Option<MediaType>,
    /// Its size: as declared while pending.
    pub size: ByteSize,
    /// Whether its bytes are here.
    pub uploaded: bool,
    /// Its bytes' hash; `None` while pending.
    pub hash: Option<AssetHash>,
    /// When it was registered.
    pub created_at: UnixMillis,
    /// When its bytes last changed.
    pub modified_at: UnixMillis,
    /// When it goes by itself.
    pub expires_at: Option<UnixMillis>,
    /// What is known of its bytes and made of them; `None` while pending.
    #[serde(default)]
    pub processing: Option<Processing>,
    /// What is fetching its bytes, or failed to.
    pub import: Option<Import>,
}

row! {
    pub(super) struct AssetRow {
        pub(super) id: String,
        pub(super) name: String,
        display_name: String,
        declared_type: String,
        pub(super) kind: String,
        media_type: Option<String>,
        pub(super) size: i64,
        uploaded: bool,
        hash: Option<String>,
        pub(super) created_at: i64,
        modified_at: i64,
        expires_at: Option<i64>,
        ..processing: ProcessingRow,
        ..import: ImportRow,
    }
}

impl TryFrom<AssetRow> for Asset {
    type Error = Error;

    fn try_from(row: AssetRow) -> Result<Self> {
        Ok(Self {
            id: column("assets", "id", &row.id)?,
            name: column("assets", "name", &row.name)?,
            display_name: DisplayName::of(&row.display_name),
            declared_type: row.declared_type,
            kind: column("assets", "kind", &row.kind)?,
            media_type: row.media_type.map(|text| column("assets", "media_type", &text)).transpose()?,
            size: size_column("assets", "size", row.size)?,
            uploaded: row.uploaded,
            hash: row.hash.map(|text| column("assets", "hash", &text)).transpose()?,
            created_at: UnixMillis::new(row.created_at),
            modified_at: UnixMillis::new(row.modified_at),
            expires_at: row.expires_at.map(UnixMillis::new),
            processing: row.processing.processing()?,
            import: row.import.import()?,
        })
    }
}

/// All that answering a delivery needs.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// Which file.
    pub id: AssetId,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many bytes.
    pub size: ByteSize,
    /// Which bytes.
    pub hash: AssetHash,
    /// When its bytes last changed.
    pub modified_at: UnixMillis,
    /// When it goes by itself.
    pub expires_at: Option<UnixMillis>,
    /// Which copy.
    pub blob: BlobId,
}

row! {
    struct DeliveredRow {
        id: String,
        display_name: String,
        media_type: String,
        size: i64,
        hash: String,
        modified_at: i64,
        expires_at: Option<i64>,
        blob_id: String,
    }
}

impl TryFrom<DeliveredRow> for Delivered {
    type Error = Error;

    fn try_from(row: DeliveredRow) -> Result<Self> {
        Ok(Self {
            id: column("assets", "id", &row.id)?,
            display_name: DisplayName::of(&row.display_name),
            media_type: column("assets", "media_type", &row.media_type)?,
            size: size_column("assets", "size", row.size)?,
            hash: column("assets", "hash", &row.hash)?,
            modified_at: UnixMillis::new(row.modified_at),
            expires_at: row.expires_at.map(UnixMillis::new),
            blob: column("assets", "blob_id", &row.blob_id)?,
        })
    }
}

row! {
    /// An asset with all that its removal changes.
    #[derive(PartialEq)]
    pub(super) struct Held {
        pub(super) id: String,
        client_id: String,
        pub(super) folder_id: String,
        pub(super) temporary: bool,
        pub(super) name: String,
        kind: String,
        pub(super) size: i64,
        pub(super) uploaded: bool,
        pub(super) blob_id: Option<String>,
        expires_at: Option<i64>,
        pub(super) reserved: i64,
        /// How many uploads may still bring its bytes.
        pub(super) coming: i64,
    }
}

impl Held {
    pub(super) fn client(&self) -> Result<ClientId> {
        column("assets", "client_id", &self.client_id)
    }

    pub(super) fn folder(&self) -> Result<FolderId> {
        column("assets", "folder_id", &self.folder_id)
    }

    const fn stored(&self) -> i64 {
        if self.uploaded { self.size } else { 0 }
    }

    /// As a survey notes it.
    pub(super) fn found(&self, path: &MediaPath) -> Found<'_> {
        let file = FoundFile { size: self.size, uploaded: self.uploaded, blob: self.blob_id.as_deref() };
        Found { path: path.to_string(), id: &self.id, file: Some(file) }
    }

    /// What it adds to its client's counters, in its own or in another folder.
    pub(super) const fn bytes(&self, temporary: bool) -> Bytes {
        Bytes::of(temporary, self.stored(), self.reserved)
    }

    /// What it adds to its folder's counters.
    pub(super) fn files(&self) -> Result<Files> {
        Ok(Files::of(column("assets", "kind", &self.kind)?, 1, self.stored()))
    }

    pub(super) fn negated_files(&self) -> Result<Files> {
        Ok(Files::of(column("assets", "kind", &self.kind)?, -1, -self.stored()))
    }
}

/// What a removal took away.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Removed {
    /// Which file.
    pub id: AssetId,
    /// How many stored bytes went with it.
    pub bytes: i64,
}

/// The file at a path.
pub(super) async fn find(tx: &mut Tx, client: ClientId, path: &MediaPath) -> Result<Asset> {
    let walk = Walk::along(&path.folder);
    let (key, name) = (path.name.natural_key(), path.name.as_str());
    let row = fetch_optional!(tx, AssetRow, FIND, client.as_str(), walk.names, walk.spans, walk.depth, key, name)?;
    row.ok_or(Error::NotFound(Thing::File))?.try_into()
}

pub(super) async fn hold_by_path(tx: &mut Tx, client: ClientId, path: &MediaPath) -> Result<Option<Held>> {
    let walk = Walk::along(&path.folder);
    let (key, name) = (path.name.natural_key(), path.name.as_str());
    fetch_optional!(tx, Held, HELD_BY_PATH, client.as_str(), walk.names, walk.spans, walk.depth, key, name)
}

/// Takes a file's row out, and everything it added to counters. Its uploads go with it; its blob is left to the
/// collector.
pub(super) async fn take_out(tx: &mut Tx, held: &Held, now: UnixMillis) -> Result<Removed> {
    apply(tx, held.client()?, held.bytes(held.temporary).negated(), 0, now).await?;
    delete_row(tx, held, now).await?;
    count(tx, held.folder()?, held.negated_files()?).await?;
    Ok(Removed { id: column("assets", "id", &held.id)?, bytes: held.stored() })
}

/// Deletes the row and releases its blob. Counters are the caller's.
pub(super) async fn delete_row(tx: &mut Tx, held: &Held, now: UnixMillis) -> Result<()> {
    let (id, folder, blob) = (held.id.as_str(), held.folder_id.as_str(), held.blob_id.as_deref());
    if execute!(tx, DELETE, id, folder, held.uploaded, held.size, blob, held.reserved, held.name.as_str())? == 0 {
        return Err(Error::Unavailable(CONTENDED));
    }
    if let Some(blob) = blob {
        execute!(tx, RELEASE_BLOB, blob, now.get())?;
    }
    Ok(())
}

#[derive(Clone)]
pub(super) struct Remove {
    pub(super) client: ClientId,
    pub(super) path: MediaPath,
    pub(super) now: UnixMillis,
}

impl Remove {
    pub(super) async fn act(&self, tx: &mut Tx, survey: &mut Survey) -> Result<Removed> {
        let held = hold_by_path(tx, self.client, &self.path).await?.ok_or(Error::NotFound(Thing::File))?;
        survey.see(Fate::Deleted, &held.found(&self.path));
        survey.decide()?;
        take_out(tx, &held, self.now).await
    }
}

impl Verb for Remove {
    type Out = Removed;

    fn asked(&self) -> String {
        format!("delete {}", self.path)
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Removed> {
        self.act(tx, &mut Survey::idle()).await
    }
}

#[derive(Clone)]
struct RemoveExpired {
    asset: AssetId,
    now: UnixMillis,
}

impl Verb for RemoveExpired {
    type Out = Option<Removed>;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Option<Removed>> {
        let held = fetch_optional!(tx, Held, HELD_BY_ID, self.asset.to_string())?;
        match held.filter(|held| held.expires_at.is_some_and(|at| at <= self.now.get())) {
            Some(held) => take_out(tx, &held, self.now).await.map(Some),
            None => Ok(None),
        }
    }
}

impl Store {
    /// The file at a path.
    pub async fn asset(&self, client: ClientId, path: &MediaPath) -> Result<Asset> {
        find(&mut self.db.read().await?, client, path).await
    }

    /// What the stable URL of a path delivers.
    pub async fn delivered(&self, client: ClientId, path: &MediaPath) -> Result<Option<Delivered>> {
        let walk = Walk::along(&path.folder);
        let (key, name) = (path.name.natural_key(), path.name.as_str());
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, DeliveredRow, DELIVER, client.as_str(), walk.names, walk.spans, walk.depth, key, name)?
            .map(Delivered::try_from)
            .transpose()
    }

    /// What an immutable URL delivers: as long as any file of the client has these bytes under this name.
    pub async fn delivered_immutable(
        &self,
        client: ClientId,
        hash: AssetHash,
        name: &FileName,
    ) -> Result<Option<Delivered>> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, DeliveredRow, DELIVER_IMMUTABLE, client.as_str(), hash.to_string(), name.as_str())?
            .map(Delivered::try_from)
            .transpose()
    }

    /// Deletes the file at a path, pending or uploaded.
    pub async fn remove(&self, client: ClientId, path: MediaPath, now: UnixMillis) -> Result<Removed> {
        self.db.write(Remove { client, path, now }).await
    }

    /// Files whose time is over.
    pub async fn expired_assets(&self, now: UnixMillis, most: i64) -> Result<Vec<AssetId>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String,), EXPIRED, now.get(), most)?;
        rows.into_iter().map(|(id,)| column("assets", "id", &id)).collect()
    }

    /// Deletes a file if its time is over.
    pub async fn remove_expired(&self, asset: AssetId, now: UnixMillis) -> Result<Option<Removed>> {
        self.db.write_aside(RemoveExpired { asset, now }).await
    }
}
