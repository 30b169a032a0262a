//! The transaction that makes a file of durable bytes.

use reelshelf_domain::{
    AssetHash, BlobId, ByteSize, ClientId, Denial, Error, FolderId, MediaKind, MediaType, Result, UnixMillis, UploadId,
};
use serde::{Deserialize, Serialize};

use super::counters::{Bytes, Files, apply, count};
use super::db::{CONTENDED, Tx, execute, fetch_one, fetch_optional};
use super::jobs::JobClass;
use super::journal::Recalled;
use super::processing::{Examined, Processing, ProcessingRow, enqueue_processing, processing_columns};
use super::row::row;
use super::writer::Verb;
use super::{Store, column};

use super::uploads::{TICKET, TicketRow};

const UPSERT_BLOB: &str = concat!(
    "INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at, processing, processing_error, metadata)
    VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)
    ON CONFLICT (client_id, hash) WHERE condemned_at IS NULL
    DO UPDATE SET touched_at = $5, released_at = NULL
    RETURNING blobs.id,",
    processing_columns!()
);
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

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[UPSERT_BLOB, INSERT_CONDEMNED, COMMIT_ASSET, FINISH_UPLOAD, RELEASE_BLOB];

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
    /// What was seen of them.
    pub examined: Examined,
    /// Now.
    pub now: UnixMillis,
    /// When the file goes, if it is in `temp`.
    pub temp_expires_at: UnixMillis,
    /// The most that temporary files may take.
    pub temp_limit: i64,
}

row! {
    /// The copy that a file refers to.
    pub(super) struct KeptRow {
        pub(super) id: String,
        ..processing: ProcessingRow,
    }
}

impl KeptRow {
    /// What is shown of its processing.
    pub(super) fn processing(self) -> Result<Option<Processing>> {
        self.processing.processing()
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Committed {
    /// The file has these bytes now.
    Stored,
    /// The same bytes had been brought before.
    Again,
}

impl Arrived {
    /// The copy that the file refers to: ours, or the one that this client already had. In the latter case ours goes to
    /// the collector at once. Unless that was done, somebody is to process it.
    pub(super) async fn keep_blob(&self, tx: &mut Tx, client: ClientId) -> Result<KeptRow> {
        let (ours, hash) = (self.blob.to_string(), self.hash.to_string());
        let (size, now) = (self.size.to_column(), self.now.get());
        let (owner, seen) = (client.as_str(), &self.examined);
        let (state, error, metadata) = (seen.state.as_str(), seen.error.as_deref(), seen.metadata.as_deref());
        let sql = UPSERT_BLOB;
        let kept =
            fetch_one!(tx, KeptRow, sql, ours.as_str(), owner, hash.as_str(), size, now, state, error, metadata)?;
        if kept.id != ours {
            execute!(tx, INSERT_CONDEMNED, ours, owner, hash, size, now)?;
        }
        if kept.processing.is_waited_for()? {
            self.enqueue_processing(tx, client, &kept.id).await?;
        }
        Ok(kept)
    }

    /// An upload brings bytes once, so that its identifier is a good one for their job.
    pub(super) async fn enqueue_processing(&self, tx: &mut Tx, client: ClientId, blob: &str) -> Result<()> {
        let job = column("uploads", "id", &self.upload.to_string())?;
        enqueue_processing(tx, (client, blob), JobClass::Media, (job, self.now)).await
    }

    /// Reserved becomes used. This takes the client's row, which comes before blobs and files.
    pub(super) async fn count_bytes(&self, tx: &mut Tx, row: &TicketRow) -> Result<()> {
        let client: ClientId = column("uploads", "client_id", &row.client_id)?;
        let grown = self.size.to_column() - row.stored();
        apply(tx, client, Bytes::of(row.temporary, grown, -row.reserved), self.temp_limit, self.now).await
    }

    /// Gives a copy that was touched in this transaction to the file of an upload, and ends the upload.
    pub(super) async fn make_file(&self, tx: &mut Tx, row: TicketRow, blob: &str) -> Result<()> {
        self.commit_asset(tx, &row, blob).await?;
        self.finish_upload(tx, &row).await?;
        let folder: FolderId = column("assets", "folder_id", &row.folder_id)?;
        count(tx, folder, self.files(&row)?).await?;
        if let Some(old) = row.blob_id.filter(|old| old != blob) {
            execute!(tx, RELEASE_BLOB, old, self.now.get())?;
        }
        Ok(())
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

    async fn finish_upload(&self, tx: &mut Tx, row: &TicketRow) -> Result<()> {
        let (upload, hash) = (self.upload.to_string(), self.hash.to_string());
        if execute!(tx, FINISH_UPLOAD, upload, hash, row.reserved)? == 0 {
            return Err(Error::Unavailable(CONTENDED));
        }
        Ok(())
    }

    /// Somebody else's bytes came first, and this upload was not registered to replace any. The same bytes change
    /// nothing; others are refused.
    async fn come_late(&self, tx: &mut Tx, client: ClientId, row: &TicketRow) -> Result<Committed> {
        if row.asset_hash.as_deref() != Some(self.hash.to_string().as_str()) {
            return Err(Error::Denied(Denial::Overtaken));
        }
        apply(tx, client, Bytes::of(row.temporary, 0, -row.reserved), self.temp_limit, self.now).await?;
        self.finish_upload(tx, row).await?;
        Ok(Committed::Again)
    }

    /// What the folder counts afterwards that it did not before.
    fn files(&self, row: &TicketRow) -> Result<Files> {
        let was: MediaKind = column("assets", "kind", &row.kind)?;
        let stored = row.stored();
        Ok(Files::of(was, -1, -stored).plus(Files::of(self.media_type.kind(), 1, self.size.to_column())))
    }
}

impl Verb for Arrived {
    type Out = Committed;

    fn asked(&self) -> String {
        format!("store {} {}", self.hash, self.size)
    }

    /// The bytes came once more, and nothing will refer to this copy of them.
    async fn recalled<'a>(&'a self, tx: &'a mut Tx, _: &'a mut Committed, recalled: Recalled) -> Result<bool> {
        Disown { client: recalled.client, arrived: self.clone() }.run(tx).await.map(|()| true)
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Committed> {
        let row = fetch_optional!(tx, TicketRow, TICKET, self.upload.to_string())?;
        let row = row.ok_or(Error::Denied(Denial::Gone))?;
        if let Some(done) = &row.done_hash {
            let same = *done == self.hash.to_string();
            return if same { Ok(Committed::Again) } else { Err(Error::Denied(Denial::OtherBytes)) };
        }
        // Whoever fills a file has looked at this before; rows that contradict each other are made by nobody.
        if row.expected_hash.as_ref().is_some_and(|expected| *expected != self.hash.to_string()) {
            return Err(Error::Denied(Denial::OtherHash));
        }
        let client: ClientId = column("uploads", "client_id", &row.client_id)?;
        if row.uploaded && !row.overwrite {
            return self.come_late(tx, client, &row).await;
        }
        self.count_bytes(tx, &row).await?;
        let blob = self.keep_blob(tx, client).await?;
        self.make_file(tx, row, &blob.id).await?;
        Ok(Committed::Stored)
    }
}

impl Store {
    /// Makes a file of durable bytes.
    pub async fn commit_upload(&self, arrived: Arrived) -> Result<Committed> {
        self.db.write(arrived).await
    }

    /// Leaves to the collector a copy that no file refers to.
    pub async fn disown_blob(&self, client: ClientId, arrived: Arrived) -> Result<()> {
        self.db.write_aside(Disown { client, arrived }).await
    }
}
