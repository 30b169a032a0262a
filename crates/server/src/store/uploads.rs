//! Uploads under way: found, extended, renewed and ended.

use reelshelf_domain::{AssetHash, ByteSize, ClientId, Denial, Error, MediaKind, Result, Thing, UnixMillis, UploadId};

use super::counters::{self, Bytes, Files, Room, apply, count};
use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_one, fetch_optional};
use super::row::row;
use super::writer::Verb;
use super::{Store, column, size_column};

pub(super) const TICKET: &str = "
    SELECT uploads.id, uploads.client_id, uploads.asset_id, uploads.content_type, uploads.display_name,
        uploads.size AS declared_size, uploads.reserved, uploads.expires_at, uploads.done_hash, uploads.expected_hash,
        clients.hold_at, clients.plan, folders.temporary, assets.folder_id, assets.kind, assets.size AS asset_size,
        assets.uploaded, assets.blob_id, assets.hash AS asset_hash, uploads.overwrite
    FROM uploads JOIN assets ON assets.id = uploads.asset_id JOIN folders ON folders.id = assets.folder_id
        JOIN clients ON clients.id = uploads.client_id
    WHERE uploads.id = $1";
const RENEW: &str = "UPDATE uploads SET expires_at = $2 WHERE id = $1 AND done_hash IS NULL AND expires_at < $2";
/// Only if the file is still where the look found it: in another folder the bytes may count as temporary, or no longer.
const RESERVE: &str = "
    UPDATE uploads SET reserved = reserved + $2, expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END
    WHERE id = $1 AND done_hash IS NULL
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $4)";
const EXPIRED: &str = "SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
const DELETE_UPLOAD: &str = "
    DELETE FROM uploads WHERE id = $1 AND reserved = $2 AND expires_at <= $3
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $4)";
const OTHER_UPLOADS: &str = "SELECT COUNT(*) FROM uploads WHERE asset_id = $1";
const DELETE_PENDING: &str = "DELETE FROM assets WHERE id = $1 AND uploaded = $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[TICKET, RENEW, RESERVE, EXPIRED, DELETE_UPLOAD, OTHER_UPLOADS, DELETE_PENDING];

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
    /// The bytes that it is for, when its client said which.
    pub expected: Option<AssetHash>,
    /// What was sent, once it was.
    pub done: Option<AssetHash>,
    /// Whether the client is on hold.
    pub on_hold: bool,
    /// The client's plan.
    pub plan: String,
}

row! {
    pub(super) struct TicketRow {
        pub(super) id: String,
        pub(super) client_id: String,
        pub(super) asset_id: String,
        pub(super) content_type: String,
        pub(super) display_name: String,
        pub(super) declared_size: Option<i64>,
        pub(super) reserved: i64,
        pub(super) expires_at: i64,
        pub(super) done_hash: Option<String>,
        pub(super) expected_hash: Option<String>,
        pub(super) hold_at: Option<i64>,
        pub(super) plan: String,
        pub(super) temporary: bool,
        pub(super) folder_id: String,
        pub(super) kind: String,
        pub(super) asset_size: i64,
        pub(super) uploaded: bool,
        pub(super) blob_id: Option<String>,
        pub(super) asset_hash: Option<String>,
        pub(super) overwrite: bool,
    }
}

impl TicketRow {
    /// What the file stores today.
    pub(super) const fn stored(&self) -> i64 {
        if self.uploaded { self.asset_size } else { 0 }
    }
}

impl TryFrom<TicketRow> for UploadTicket {
    type Error = Error;

    fn try_from(row: TicketRow) -> Result<Self> {
        let size = row.declared_size.map(|size| size_column("uploads", "size", size)).transpose()?;
        let covers = size.unwrap_or(size_column("uploads", "reserved", row.stored() + row.reserved)?);
        Ok(Self {
            id: column("uploads", "id", &row.id)?,
            client: column("uploads", "client_id", &row.client_id)?,
            content_type: row.content_type,
            size,
            covers,
            expires_at: UnixMillis::new(row.expires_at),
            expected: row.expected_hash.map(|hash| column("uploads", "expected_hash", &hash)).transpose()?,
            done: row.done_hash.map(|hash| column("uploads", "done_hash", &hash)).transpose()?,
            on_hold: row.hold_at.is_some(),
            plan: row.plan,
        })
    }
}

#[derive(Clone)]
struct Extend {
    upload: UploadId,
    wanted: ByteSize,
    least: ByteSize,
    expires_at: UnixMillis,
    temp_limit: i64,
    now: UnixMillis,
}

impl Verb for Extend {
    type Out = ByteSize;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<ByteSize> {
        let id = self.upload.to_string();
        let row = fetch_optional!(tx, TicketRow, TICKET, id.as_str())?;
        let row = row.filter(|row| row.done_hash.is_none()).ok_or(Error::Denied(Denial::Gone))?;
        let client = column("uploads", "client_id", &row.client_id)?;
        let (wanted, least) = (self.wanted.to_column(), self.least.to_column());
        let room = Room { temporary: row.temporary, wanted, least, freed: Bytes::default() };
        let reserved = counters::reserve(tx, client, room, self.temp_limit, self.now).await?;
        match execute!(tx, RESERVE, id, reserved, self.expires_at.get(), row.folder_id.as_str())? {
            0 => Err(Error::Unavailable(CONTENDED)),
            _ => size_column("uploads", "reserved", reserved),
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
    /// A registered upload.
    pub async fn upload(&self, upload: UploadId) -> Result<UploadTicket> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, TicketRow, TICKET, upload.to_string())?;
        row.ok_or(Error::NotFound(Thing::Upload))?.try_into()
    }

    /// Reserves more for an upload of unknown length: what is wanted, or at least what it takes. Answers how much.
    pub async fn extend_upload(
        &self,
        upload: UploadId,
        (wanted, least): (ByteSize, ByteSize),
        expires_at: UnixMillis,
        temp_limit: i64,
        now: UnixMillis,
    ) -> Result<ByteSize> {
        self.db.write_aside(Extend { upload, wanted, least, expires_at, temp_limit, now }).await
    }

    /// Keeps the registration of a transfer under way.
    pub async fn renew_upload(&self, upload: UploadId, expires_at: UnixMillis) -> Result<()> {
        self.db.write_aside(Renew { upload, expires_at }).await
    }

    /// Gives up an upload whose transfer failed and cannot be repeated.
    pub async fn abandon_upload(&self, upload: UploadId, now: UnixMillis) -> Result<bool> {
        self.db.write_aside(End { upload, by: UnixMillis::new(i64::MAX), now }).await
    }

    /// Registrations whose time is over.
    pub async fn expired_uploads(&self, now: UnixMillis, most: i64) -> Result<Vec<UploadId>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String,), EXPIRED, now.get(), most)?;
        rows.into_iter().map(|(id,)| column("uploads", "id", &id)).collect()
    }

    /// Ends a registration if its time is over.
    pub async fn end_expired_upload(&self, upload: UploadId, now: UnixMillis) -> Result<bool> {
        self.db.write_aside(End { upload, by: now, now }).await
    }
}
