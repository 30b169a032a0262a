//! What is known of bytes and what was made of them: the state of their processing, and their derived files. Both belong
//! to a copy, so that equal bytes of a client are processed once, and both go when no file has the copy any more.

use std::collections::BTreeMap;
use std::str::FromStr;

use reelshelf_domain::{AssetHash, BlobId, ByteSize, ClientId, Error, JobId, MediaType, Result, UnixMillis};
use serde::{Deserialize, Serialize};

use super::counters::{Files, count, lock};
use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::jobs::{JobClass, NewJob, enqueue};
use super::row::row;
use super::writer::Verb;
use super::{Store, column, size_column};

/// The kind of job that processes a file's bytes.
pub const PROCESS_JOB: &str = "process";

/// What is shown of the processing of an asset's bytes, for statements that have its blob beside it.
macro_rules! processing_columns {
    () => {
        " blobs.processing, blobs.processing_error, blobs.metadata,
        (SELECT string_agg(derived.name || ':' || derived.hash, ' ') FROM derived
            WHERE derived.source_id = blobs.id AND NOT derived.on_demand) AS derived "
    };
}
pub(super) use processing_columns;

/// Only while a file has the bytes.
const BEGIN: &str = "
    UPDATE blobs SET processing = 'running'
    WHERE id = $1 AND condemned_at IS NULL AND processing IN ('queued', 'running')
        AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)
    RETURNING client_id, hash, size, metadata,
        (SELECT assets.media_type FROM assets WHERE assets.blob_id = blobs.id LIMIT 1) AS media_type";
const PUT_BACK: &str = "UPDATE blobs SET processing = 'queued' WHERE id = $1 AND processing = 'running'";
/// What has killed so many is given up, whatever they were to make of it.
const DIED: &str = "
    UPDATE blobs SET deaths = deaths + 1,
        processing = CASE WHEN deaths + 1 >= $2 THEN 'failed' ELSE processing END,
        processing_error = CASE WHEN deaths + 1 >= $2 THEN $3 ELSE processing_error END
    WHERE id = $1 RETURNING deaths";
const LEARN: &str = "
    UPDATE blobs SET metadata = $2
    WHERE id = $1 AND condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
const TYPED_OTHERWISE: &str = "SELECT id, folder_id, kind FROM assets WHERE blob_id = $1 AND media_type <> $2";
const RETYPE: &str = "UPDATE assets SET media_type = $2, kind = $3 WHERE id = $1";
const SIZED: &str = "SELECT processing_error, metadata FROM blobs WHERE id = $1 AND condemned_at IS NULL";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BEGIN, PUT_BACK, DIED, LEARN, TYPED_OTHERWISE, RETYPE, SIZED];

/// How far the processing of some bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessingState {
    /// It waits for its turn.
    Queued,
    /// It is under way.
    Running,
    /// It is over: what can be known is known, and what can be made is there.
    Done,
    /// It is over, and came to nothing.
    Failed,
}

impl ProcessingState {
    const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Failed];

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl FromStr for ProcessingState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| Error::invalid("processing", "is no state"))
    }
}

/// The processing of a file's bytes, as it is shown beside the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processing {
    /// How far it is.
    pub state: ProcessingState,
    /// Why it came to nothing.
    pub error: Option<String>,
    /// What is known of the bytes, as JSON.
    pub metadata: Option<String>,
    /// What was made of them: which bytes, by name. Not what somebody had to ask for.
    pub derived: BTreeMap<String, AssetHash>,
}

row! {
    /// What [`processing_columns`] gives; nothing where there is no blob.
    pub(super) struct ProcessingRow {
        processing: Option<String>,
        processing_error: Option<String>,
        metadata: Option<String>,
        derived: Option<String>,
    }
}

impl ProcessingRow {
    /// Whether a job must see to it: also where one already should, since it may have found no file.
    pub(super) fn is_waited_for(&self) -> Result<bool> {
        self.processing.as_deref().map_or(Ok(false), is_to_be_processed)
    }

    pub(super) fn processing(self) -> Result<Option<Processing>> {
        let Some(state) = self.processing else { return Ok(None) };
        let made = self.derived.iter().flat_map(|made| made.split(' ')).map(|made| {
            let (name, hash) = made.split_once(':').unwrap_or((made, ""));
            Ok((name.to_owned(), column("derived", "hash", hash)?))
        });
        let derived = made.collect::<Result<_>>()?;
        let state = column("blobs", "processing", &state)?;
        Ok(Some(Processing { state, error: self.processing_error, metadata: self.metadata, derived }))
    }
}

/// What was seen of bytes before they had a row.
#[derive(Clone, Debug)]
pub struct Examined {
    /// How far that is all there is to do.
    pub state: ProcessingState,
    /// Why they cannot be what they seem to be.
    pub error: Option<String>,
    /// What is known of them, as JSON.
    pub metadata: Option<String>,
}

impl Examined {
    /// Nothing, and nothing is to be made of them.
    pub const fn nothing() -> Self {
        Self { state: ProcessingState::Done, error: None, metadata: None }
    }
}

/// Bytes that are being processed.
#[derive(Clone, Debug)]
pub struct ProcessingSource {
    /// Which copy.
    pub blob: BlobId,
    /// Whose.
    pub client: ClientId,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
    /// What they are.
    pub media_type: MediaType,
    /// What is known of them, as JSON.
    pub metadata: Option<String>,
}

/// Enqueues the processing of a copy, in the transaction that stores its bytes or asks for it anew.
pub(super) async fn enqueue_processing(
    tx: &mut Tx,
    (client, blob): (ClientId, &str),
    class: JobClass,
    (id, now): (JobId, UnixMillis),
) -> Result<()> {
    let job = NewJob {
        kind: PROCESS_JOB,
        class,
        unique_key: format!("{PROCESS_JOB}:{blob}"),
        payload: blob.to_owned(),
        run_at: now,
        client: Some(client),
    };
    enqueue(tx, &job, id, now).await
}

/// Whether a job must see to bytes in this state.
pub(super) fn is_to_be_processed(state: &str) -> Result<bool> {
    column("blobs", "processing", state).map(|state: ProcessingState| !state.is_over())
}

row! {
    struct SourceRow {
        client_id: String,
        hash: String,
        size: i64,
        metadata: Option<String>,
        media_type: String,
    }
}

#[derive(Clone)]
struct Begin(BlobId);

impl Verb for Begin {
    type Out = Option<ProcessingSource>;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Option<ProcessingSource>> {
        let Some(row) = fetch_optional!(tx, SourceRow, BEGIN, self.0.to_string())? else { return Ok(None) };
        Ok(Some(ProcessingSource {
            blob: self.0,
            client: column("blobs", "client_id", &row.client_id)?,
            hash: column("blobs", "hash", &row.hash)?,
            size: size_column("blobs", "size", row.size)?,
            media_type: column("assets", "media_type", &row.media_type)?,
            metadata: row.metadata,
        }))
    }
}

#[derive(Clone)]
struct PutBack(BlobId);

impl Verb for PutBack {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, PUT_BACK, self.0.to_string()).map(|_| ())
    }
}

#[derive(Clone)]
struct Died {
    blob: BlobId,
    most: i64,
    given_up: String,
}

impl Verb for Died {
    type Out = i64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<i64> {
        let deaths = fetch_optional!(tx, (i64,), DIED, self.blob.to_string(), self.most, self.given_up.as_str())?;
        Ok(deaths.map_or(0, |(deaths,)| deaths))
    }
}

#[derive(Clone)]
struct Learn {
    source: ProcessingSource,
    metadata: String,
    media_type: MediaType,
}

impl Learn {
    /// Who has the bytes has them as what they are found to be, and its folder counts it so.
    async fn retype(&self, tx: &mut Tx) -> Result<()> {
        lock(tx, self.source.client).await?;
        let (blob, found) = (self.source.blob.to_string(), self.media_type);
        for (asset, folder, kind) in fetch_all!(tx, (String, String, String), TYPED_OTHERWISE, blob, found.mime())? {
            let was = Files::of(column("assets", "kind", &kind)?, -1, 0);
            count(tx, column("assets", "folder_id", &folder)?, was.plus(Files::of(found.kind(), 1, 0))).await?;
            execute!(tx, RETYPE, asset, found.mime(), found.kind().as_str())?;
        }
        Ok(())
    }
}

impl Verb for Learn {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        if self.media_type != self.source.media_type {
            self.retype(tx).await?;
        }
        execute!(tx, LEARN, self.source.blob.to_string(), self.metadata.as_str()).map(|changed| changed == 1)
    }
}

row! {
    /// What is known of some bytes.
    #[derive(Clone, Debug)]
    pub struct KnownOf {
        /// Why their processing failed.
        pub processing_error: Option<String>,
        /// What they hold, as JSON.
        pub metadata: Option<String>,
    }
}

impl Store {
    /// Begins the processing of some bytes; `None` when that is over, or when no file has them any more.
    pub async fn begin_processing(&self, blob: BlobId) -> Result<Option<ProcessingSource>> {
        self.db.write_aside(Begin(blob)).await
    }

    /// The processing of some bytes waits again.
    pub async fn put_processing_back(&self, blob: BlobId) -> Result<()> {
        self.db.write_aside(PutBack(blob)).await
    }

    /// A child died of some bytes. Answers how many did by now: with `most` their processing has failed, for this reason.
    pub async fn count_death(&self, blob: BlobId, most: i64, given_up: String) -> Result<i64> {
        self.db.write_aside(Died { blob, most, given_up }).await
    }

    /// What some bytes hold, and are; false when no file has them any more.
    pub async fn learn(&self, source: ProcessingSource, metadata: String, media_type: MediaType) -> Result<bool> {
        self.db.write_aside(Learn { source, metadata, media_type }).await
    }

    /// What is known of some bytes; `None` when they are gone.
    pub async fn known_of(&self, blob: BlobId) -> Result<Option<KnownOf>> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, KnownOf, SIZED, blob.to_string())
    }
}
