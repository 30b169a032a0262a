//! Uploads: the right to send the bytes of one file, what it reserves, and the transaction that makes a file of it.

use reelshelf_domain::{
    AssetHash, AssetId, BlobId, ByteSize, Chance, ClientId, Denial, DisplayName, Error, FolderId, MediaKind, MediaPath,
    MediaType, Result, Taken, Thing, UnixMillis, UploadId,
};
use sqlx::FromRow;

use super::assets::{delete_row, hold_by_path};
use super::counters::{Bytes, Files, Standing, apply, count, lock};
use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_one, fetch_optional};
use super::folders::{Spare, ensure};
use super::writer::Verb;
use super::{Store, column, size_column};

const INSERT_ASSET: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, size, uploaded,
        created_at, modified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ON CONFLICT (folder_id, name_key, name) DO NOTHING";
const INSERT_UPLOAD: &str = "
    INSERT INTO uploads (id, client_id, asset_id, content_type, display_name, size, reserved, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const OPEN_UPLOADS: &str = "SELECT COUNT(*) FROM uploads WHERE asset_id = $1 AND done_hash IS NULL AND expires_at > $2";
const TICKET: &str = "
    SELECT uploads.id, uploads.client_id, uploads.asset_id, uploads.content_type, uploads.display_name,
        uploads.size AS declared_size, uploads.reserved, uploads.expires_at, uploads.done_hash,
        clients.hold_at, clients.plan, folders.temporary, assets.folder_id, assets.kind, assets.size AS asset_size,
        assets.uploaded, assets.blob_id
    FROM uploads JOIN assets ON assets.id = uploads.asset_id JOIN folders ON folders.id = assets.folder_id
        JOIN clients ON clients.id = uploads.client_id
    WHERE uploads.id = $1";
const RENEW: &str = "UPDATE uploads SET expires_at = $2 WHERE id = $1 AND done_hash IS NULL AND expires_at < $2";
/// Only if the file is still where the look found it: in another folder the bytes may count as temporary, or no longer.
const RESERVE: &str = "
    UPDATE uploads SET reserved = reserved + $2, expires_at = $3
    WHERE id = $1 AND done_hash IS NULL
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $4)";
const UPSERT_BLOB: &str = "
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at) VALUES ($1, $2, $3, $4, $5, $5)
    ON CONFLICT (client_id, hash) WHERE condemned_at IS NULL
    DO UPDATE SET touched_at = $5, released_at = NULL
    RETURNING id";
const INSERT_CONDEMNED: &str = "
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at, condemned_at)
    VALUES ($1, $2, $3, $4, $5, $5, $5)
    ON CONFLICT (id) DO NOTHING";
const COMMIT_ASSET: &str = "
    UPDATE assets SET uploaded = $6, blob_id = $7, hash = $8, size = $9, kind = $10, media_type = $11,
        modified_at = $12, expires_at = $13, declared_type = $14, display_name = $15
    WHERE id = $1 AND folder_id = $2 AND uploaded = $3 AND size = $4 AND blob_id IS NOT DISTINCT FROM $5";
const FINISH_UPLOAD: &str = "
    UPDATE uploads SET done_hash = $2, reserved = 0 WHERE id = $1 AND done_hash IS NULL AND reserved = $3";
const RELEASE_BLOB: &str = "UPDATE blobs SET released_at = $2 WHERE id = $1";
const EXPIRED: &str = "SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
const DELETE_UPLOAD: &str = "
    DELETE FROM uploads WHERE id = $1 AND reserved = $2 AND expires_at <= $3
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $4)";
const OTHER_UPLOADS: &str = "SELECT COUNT(*) FROM uploads WHERE asset_id = $1";
const DELETE_PENDING: &str = "DELETE FROM assets WHERE id = $1 AND uploaded = $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT_ASSET,
    INSERT_UPLOAD,
    OPEN_UPLOADS,
    TICKET,
    RENEW,
    RESERVE,
    UPSERT_BLOB,
    INSERT_CONDEMNED,
    COMMIT_ASSET,
    FINISH_UPLOAD,
    RELEASE_BLOB,
    EXPIRED,
    DELETE_UPLOAD,
    OTHER_UPLOADS,
    DELETE_PENDING,
];

/// An upload to be registered.
#[derive(Clone)]
pub struct Registration {
    /// Whose file.
    pub client: ClientId,
    /// Its place.
    pub path: MediaPath,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// The type the client declares.
    pub content_type: String,
    /// Its length, when it is known.
    pub size: Option<ByteSize>,
    /// What to reserve for it.
    pub reserve: ByteSize,
    /// Whether a file of this name is replaced.
    pub overwrite: bool,
    /// Now.
    pub now: UnixMillis,
    /// When the registration ends unless a transfer renews it.
    pub expires_at: UnixMillis,
    /// The most that temporary files may take.
    pub temp_limit: i64,
    /// The most folders of a client.
    pub folder_limit: i64,
}

/// A registered upload.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The upload.
    pub upload: UploadId,
    /// How many bytes may come before more is reserved.
    pub covers: ByteSize,
}

#[derive(Clone)]
struct Register {
    registration: Registration,
    asset: AssetId,
    upload: UploadId,
    spare: Spare,
}

/// The file that a registration is for.
struct Met {
    asset: AssetId,
    /// What it stores today.
    stored: i64,
    /// What an earlier pending file of this name gave back.
    freed: Bytes,
}

impl Register {
    async fn insert_asset(&self, tx: &mut Tx, folder: FolderId) -> Result<bool> {
        let Registration { client, path, display_name, content_type, size, now, .. } = &self.registration;
        let inserted = execute!(
            tx,
            INSERT_ASSET,
            self.asset.to_string(),
            client.as_str(),
            folder.to_string(),
            path.name.as_str(),
            path.name.natural_key(),
            display_name.as_str(),
            content_type.as_str(),
            MediaKind::declared(content_type).as_str(),
            size.map_or(0, ByteSize::to_column),
            false,
            now.get()
        )?;
        Ok(inserted == 1)
    }

    /// The name is in use. A pending file whose time is over gives it back, and what was reserved for it; a file that is
    /// to be replaced keeps its row.
    async fn meet(&self, tx: &mut Tx, folder: FolderId) -> Result<Met> {
        let Registration { client, path, overwrite, now, .. } = &self.registration;
        let held = hold_by_path(tx, *client, path).await?.ok_or(Error::Unavailable(CONTENDED))?;
        if !held.uploaded {
            let (open,) = fetch_one!(tx, (i64,), OPEN_UPLOADS, held.id.as_str(), now.get())?;
            if open == 0 {
                delete_row(tx, &held, *now).await?;
                count(tx, folder, held.negated_files()?).await?;
                let made = self.insert_asset(tx, folder).await?;
                let freed = held.bytes(held.temporary).negated();
                return if made { Ok(Met { freed, ..self.new_file() }) } else { Err(Error::Unavailable(CONTENDED)) };
            }
        }
        if !overwrite {
            return Err(Error::Taken(Taken::FileAtUpload));
        }
        let stored = if held.uploaded { held.size } else { 0 };
        Ok(Met { asset: column("assets", "id", &held.id)?, stored, freed: Bytes::default() })
    }

    fn new_file(&self) -> Met {
        Met { asset: self.asset, stored: 0, freed: Bytes::default() }
    }

    async fn insert_upload(&self, tx: &mut Tx, asset: AssetId, reserve: i64) -> Result<()> {
        let Registration { client, display_name, content_type, size, now, expires_at, .. } = &self.registration;
        execute!(
            tx,
            INSERT_UPLOAD,
            self.upload.to_string(),
            client.as_str(),
            asset.to_string(),
            content_type.as_str(),
            display_name.as_str(),
            size.map(ByteSize::to_column),
            reserve,
            now.get(),
            expires_at.get()
        )
        .map(|_| ())
    }
}

impl Verb for Register {
    type Out = Registered;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Registered> {
        let Registration { client, path, content_type, reserve, now, temp_limit, .. } = &self.registration;
        // Also what would not grow: nothing is uploaded while the client is on hold.
        if lock(tx, *client).await? == Standing::OnHold {
            return Err(Error::StorageBlocked);
        }
        let (folder, _) = ensure(tx, *client, &path.folder, &self.spare).await?;
        let Met { asset, stored, freed } =
            if self.insert_asset(tx, folder.id).await? { self.new_file() } else { self.meet(tx, folder.id).await? };
        // What replaces a file needs room only for what it is larger by.
        let covers = reserve.to_column().max(stored);
        let reserve = (reserve.to_column() - stored).max(0);
        self.insert_upload(tx, asset, reserve).await?;
        if asset == self.asset {
            count(tx, folder.id, Files::of(MediaKind::declared(content_type), 1, 0)).await?;
        }
        // One change: between two, a full client would not be full, and would later say that it is since now.
        let bytes = Bytes::of(folder.temporary, 0, reserve).plus(freed);
        apply(tx, *client, bytes, *temp_limit, *now).await?;
        Ok(Registered { upload: self.upload, covers: size_column("uploads", "reserved", covers)? })
    }
}

/// A registered upload as a transfer finds it.
#[derive(Clone, Debug)]
pub struct UploadTicket {
    /// The upload.
    pub id: UploadId,
    /// Whose file.
    pub client: ClientId,
    /// The type the client declared.
    pub content_type: String,
    /// The length, when it is known.
    pub size: Option<ByteSize>,
    /// How many bytes may come before more is reserved.
    pub covers: ByteSize,
    /// When the registration ends.
    pub expires_at: UnixMillis,
    /// What was sent, once it was.
    pub done: Option<AssetHash>,
    /// Whether the client is on hold.
    pub on_hold: bool,
    /// The client's plan.
    pub plan: String,
}

#[derive(FromRow)]
struct TicketRow {
    id: String,
    client_id: String,
    asset_id: String,
    content_type: String,
    display_name: String,
    declared_size: Option<i64>,
    reserved: i64,
    expires_at: i64,
    done_hash: Option<String>,
    hold_at: Option<i64>,
    plan: String,
    temporary: bool,
    folder_id: String,
    kind: String,
    asset_size: i64,
    uploaded: bool,
    blob_id: Option<String>,
}

impl TryFrom<TicketRow> for UploadTicket {
    type Error = Error;

    fn try_from(row: TicketRow) -> Result<Self> {
        let size = row.declared_size.map(|size| size_column("uploads", "size", size)).transpose()?;
        Ok(Self {
            id: column("uploads", "id", &row.id)?,
            client: column("uploads", "client_id", &row.client_id)?,
            content_type: row.content_type,
            size,
            covers: size.unwrap_or(size_column("uploads", "reserved", row.reserved)?),
            expires_at: UnixMillis::new(row.expires_at),
            done: row.done_hash.map(|hash| column("uploads", "done_hash", &hash)).transpose()?,
            on_hold: row.hold_at.is_some(),
            plan: row.plan,
        })
    }
}

/// Bytes that are durable, and the upload they are for.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The upload.
    pub upload: UploadId,
    /// The copy that was just made durable.
    pub blob: BlobId,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
    /// What they are.
    pub media_type: MediaType,
    /// Now.
    pub now: UnixMillis,
    /// When the file goes, if it is in `temp`.
    pub temp_expires_at: UnixMillis,
    /// The most that temporary files may take.
    pub temp_limit: i64,
}

/// Leaves to the collector a copy that was made durable for an upload that then failed. A row that came about after all,
/// behind a failure whose outcome nobody knew, stays as it is.
#[derive(Clone)]
struct Disown {
    client: ClientId,
    arrived: Arrived,
}

impl Verb for Disown {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let Arrived { blob, hash, size, now, .. } = &self.arrived;
        let (blob, hash) = (blob.to_string(), hash.to_string());
        execute!(tx, INSERT_CONDEMNED, blob, self.client.as_str(), hash, size.to_column(), now.get()).map(|_| ())
    }
}

/// What a finished upload did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The file has these bytes now.
    Stored,
    /// The same upload had brought the same bytes before.
    Again,
}

impl Arrived {
    /// The copy that the file refers to: ours, or the one that this client already had. In the latter case ours goes to
    /// the collector at once.
    async fn keep_blob(&self, tx: &mut Tx, client: ClientId) -> Result<String> {
        let (ours, hash) = (self.blob.to_string(), self.hash.to_string());
        let (size, now) = (self.size.to_column(), self.now.get());
        let client = client.as_str();
        let (kept,) = fetch_one!(tx, (String,), UPSERT_BLOB, ours.as_str(), client, hash.as_str(), size, now)?;
        if kept != ours {
            execute!(tx, INSERT_CONDEMNED, ours, client, hash, size, now)?;
        }
        Ok(kept)
    }

    async fn commit_asset(&self, tx: &mut Tx, row: &TicketRow, blob: &str) -> Result<()> {
        let expires_at = row.temporary.then(|| self.temp_expires_at.get());
        let changed = execute!(
            tx,
            COMMIT_ASSET,
            row.asset_id.as_str(),
            row.folder_id.as_str(),
            row.uploaded,
            row.asset_size,
            row.blob_id.as_deref(),
            true,
            blob,
            self.hash.to_string(),
            self.size.to_column(),
            self.media_type.kind().as_str(),
            self.media_type.mime(),
            self.now.get(),
            expires_at,
            row.content_type.as_str(),
            row.display_name.as_str()
        )?;
        if changed == 1 { Ok(()) } else { Err(Error::Unavailable(CONTENDED)) }
    }

    /// What the folder counts afterwards that it did not before.
    fn files(&self, row: &TicketRow) -> Result<Files> {
        let was: MediaKind = column("assets", "kind", &row.kind)?;
        let stored = if row.uploaded { row.asset_size } else { 0 };
        Ok(Files::of(was, -1, -stored).plus(Files::of(self.media_type.kind(), 1, self.size.to_column())))
    }
}

impl Verb for Arrived {
    type Out = Committed;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Committed> {
        let row = fetch_optional!(tx, TicketRow, TICKET, self.upload.to_string())?;
        let row = row.ok_or(Error::Denied(Denial::Gone))?;
        if let Some(done) = &row.done_hash {
            let same = *done == self.hash.to_string();
            return if same { Ok(Committed::Again) } else { Err(Error::Denied(Denial::OtherBytes)) };
        }
        let client: ClientId = column("uploads", "client_id", &row.client_id)?;
        let folder: FolderId = column("assets", "folder_id", &row.folder_id)?;
        let stored = if row.uploaded { row.asset_size } else { 0 };
        let grown = self.size.to_column() - stored;
        apply(tx, client, Bytes::of(row.temporary, grown, -row.reserved), self.temp_limit, self.now).await?;
        let blob = self.keep_blob(tx, client).await?;
        self.commit_asset(tx, &row, &blob).await?;
        let (upload, hash) = (self.upload.to_string(), self.hash.to_string());
        if execute!(tx, FINISH_UPLOAD, upload, hash, row.reserved)? == 0 {
            return Err(Error::Unavailable(CONTENDED));
        }
        count(tx, folder, self.files(&row)?).await?;
        if let Some(old) = row.blob_id.filter(|old| *old != blob) {
            execute!(tx, RELEASE_BLOB, old, self.now.get())?;
        }
        Ok(Committed::Stored)
    }
}

#[derive(Clone)]
struct Extend {
    upload: UploadId,
    step: ByteSize,
    expires_at: UnixMillis,
    temp_limit: i64,
    now: UnixMillis,
}

impl Verb for Extend {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        let row = fetch_optional!(tx, TicketRow, TICKET, id.as_str())?;
        let row = row.filter(|row| row.done_hash.is_none()).ok_or(Error::Denied(Denial::Gone))?;
        let client = column("uploads", "client_id", &row.client_id)?;
        let step = self.step.to_column();
        apply(tx, client, Bytes::of(row.temporary, 0, step), self.temp_limit, self.now).await?;
        match execute!(tx, RESERVE, id, step, self.expires_at.get(), row.folder_id.as_str())? {
            0 => Err(Error::Unavailable(CONTENDED)),
            _ => Ok(()),
        }
    }
}

#[derive(Clone)]
struct Renew {
    upload: UploadId,
    expires_at: UnixMillis,
}

impl Verb for Renew {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, RENEW, self.upload.to_string(), self.expires_at.get()).map(|_| ())
    }
}

/// Ends a registration whose time is over (or at once, for one that was given up), with what it reserved and, when
/// nothing else is to bring its bytes, the pending file.
#[derive(Clone)]
struct End {
    upload: UploadId,
    /// Ended only if its time is over by then.
    by: UnixMillis,
    now: UnixMillis,
}

impl Verb for End {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        let id = self.upload.to_string();
        let Some(row) = fetch_optional!(tx, TicketRow, TICKET, id.as_str())? else { return Ok(false) };
        if row.expires_at > self.by.get() {
            return Ok(false);
        }
        let client: ClientId = column("uploads", "client_id", &row.client_id)?;
        apply(tx, client, Bytes::of(row.temporary, 0, -row.reserved), 0, self.now).await?;
        if execute!(tx, DELETE_UPLOAD, id, row.reserved, self.by.get(), row.folder_id.as_str())? == 0 {
            return Err(Error::Unavailable(CONTENDED));
        }
        let (others,) = fetch_one!(tx, (i64,), OTHER_UPLOADS, row.asset_id.as_str())?;
        if others == 0 && !row.uploaded && execute!(tx, DELETE_PENDING, row.asset_id.as_str(), false)? == 1 {
            let kind: MediaKind = column("assets", "kind", &row.kind)?;
            count(tx, column("assets", "folder_id", &row.folder_id)?, Files::of(kind, -1, 0)).await?;
        }
        Ok(true)
    }
}

impl Store {
    /// Registers an upload: reserves its bytes and makes its pending file, or finds the file it is to replace.
    pub async fn register(&self, registration: Registration, chance: &dyn Chance) -> Result<Registered> {
        let Registration { path, now, folder_limit, .. } = &registration;
        let asset = AssetId::generate(*now, chance)?;
        let upload = UploadId::generate(*now, chance)?;
        let spare = Spare::new(&path.folder, *folder_limit, *now, chance)?;
        self.db.write(Register { registration, asset, upload, spare }).await
    }

    /// A registered upload.
    pub async fn upload(&self, upload: UploadId) -> Result<UploadTicket> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, TicketRow, TICKET, upload.to_string())?;
        row.ok_or(Error::NotFound(Thing::Upload))?.try_into()
    }

    /// Makes a file of durable bytes.
    pub async fn commit_upload(&self, arrived: Arrived) -> Result<Committed> {
        self.db.write(arrived).await
    }

    /// Leaves to the collector a copy that no file refers to.
    pub async fn disown_blob(&self, client: ClientId, arrived: Arrived) -> Result<()> {
        self.db.write(Disown { client, arrived }).await
    }

    /// Reserves more for an upload of unknown length.
    pub async fn extend_upload(
        &self,
        upload: UploadId,
        step: ByteSize,
        expires_at: UnixMillis,
        temp_limit: i64,
        now: UnixMillis,
    ) -> Result<()> {
        self.db.write(Extend { upload, step, expires_at, temp_limit, now }).await
    }

    /// Keeps the registration of a transfer under way.
    pub async fn renew_upload(&self, upload: UploadId, expires_at: UnixMillis) -> Result<()> {
        self.db.write(Renew { upload, expires_at }).await
    }

    /// Gives up an upload whose transfer failed and cannot be repeated.
    pub async fn abandon_upload(&self, upload: UploadId, now: UnixMillis) -> Result<bool> {
        self.db.write(End { upload, by: UnixMillis::new(i64::MAX), now }).await
    }

    /// Registrations whose time is over.
    pub async fn expired_uploads(&self, now: UnixMillis, most: i64) -> Result<Vec<UploadId>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String,), EXPIRED, now.get(), most)?;
        rows.into_iter().map(|(id,)| column("uploads", "id", &id)).collect()
    }

    /// Ends a registration if its time is over.
    pub async fn end_expired_upload(&self, upload: UploadId, now: UnixMillis) -> Result<bool> {
        self.db.write(End { upload, by: now, now }).await
    }
}
