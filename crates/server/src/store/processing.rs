//! What is known of bytes and what was made of them: the state of their processing, and their derived files. Both belong
//! to a copy, so that equal bytes of a client are processed once, and both go when no file has the copy any more.

use std::collections::BTreeMap;
use std::str::FromStr;

use reelshelf_domain::{AssetHash, BlobId, ByteSize, ClientId, Error, JobId, MediaType, Result, UnixMillis};
use serde::{Deserialize, Serialize};

use super::counters::lock;
use super::db::{Tx, execute, fetch_all, fetch_one, fetch_optional};
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
        (SELECT string_agg(derived.name, ' ') FROM derived
            WHERE derived.source_id = blobs.id AND NOT derived.on_demand) AS derived, "
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
const DIED: &str = "UPDATE blobs SET deaths = deaths + 1 WHERE id = $1 RETURNING deaths";
const LEARN: &str = "
    UPDATE blobs SET metadata = $2
    WHERE id = $1 AND condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
/// Takes hold of the source: until the transaction ends nobody condemns it.
const HOLD_SOURCE: &str = "
    UPDATE blobs SET processing = COALESCE($2, processing),
        processing_error = CASE WHEN CAST($2 AS TEXT) IS NULL THEN processing_error ELSE $3 END
    WHERE id = $1 AND condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
const MADE: &str = "SELECT id, name, hash, size, created_at FROM derived WHERE source_id = $1";
const INSERT: &str = "
    INSERT INTO derived (id, client_id, source_id, name, hash, size, on_demand, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const RELEASE: &str = "UPDATE derived SET source_id = NULL WHERE id = $1";
/// Shrinking is always possible.
const COUNT: &str = "
    UPDATE clients SET revision = revision + 1, derived_bytes = derived_bytes + $2
    WHERE id = $1 AND (CAST($2 AS BIGINT) <= 0 OR derived_bytes + $2 <= $3)";
const SIZED: &str = "SELECT processing_error, metadata, deaths FROM blobs WHERE id = $1 AND condemned_at IS NULL";
const DERIVED_BYTES: &str = "SELECT derived_bytes FROM clients WHERE id = $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[BEGIN, PUT_BACK, DIED, LEARN, HOLD_SOURCE, MADE, INSERT, RELEASE, COUNT, SIZED, DERIVED_BYTES];

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
    /// The names of what was made of them, sorted; not those that somebody had to ask for.
    pub derived: Vec<String>,
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
        let mut derived: Vec<_> =
            self.derived.iter().flat_map(|names| names.split(' ')).map(ToOwned::to_owned).collect();
        derived.sort_unstable();
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

/// A derived file whose bytes are durable.
#[derive(Clone, Debug)]
pub struct NewDerived {
    /// The copy that was just made durable.
    pub id: BlobId,
    /// Its name.
    pub name: String,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
}

/// How the processing of some bytes ends.
#[derive(Clone, Debug)]
pub struct ProcessingEnd {
    /// Done or failed.
    pub state: ProcessingState,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began: of what was made before, nothing stays behind a good end that was not made again.
    pub began_at: UnixMillis,
    /// The names of what was made since.
    pub made: Vec<String>,
}

/// What was made of some bytes, and whether that is all.
#[derive(Clone, Debug)]
pub struct Deriving {
    /// The copy it was made of.
    pub source: BlobId,
    /// Whose.
    pub client: ClientId,
    /// What was made.
    pub made: Vec<NewDerived>,
    /// Whether somebody had to ask for it.
    pub on_demand: bool,
    /// The end of the processing, if it is.
    pub end: Option<ProcessingEnd>,
    /// The most that the derived files of the client may take.
    pub limit: i64,
    /// Now.
    pub now: UnixMillis,
}

/// What became of derived files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// They are there.
    Kept,
    /// No file has the bytes any more that they were made of: neither are they.
    SourceGone,
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
struct Died(BlobId);

impl Verb for Died {
    type Out = i64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<i64> {
        let deaths = fetch_optional!(tx, (i64,), DIED, self.0.to_string())?;
        Ok(deaths.map_or(0, |(deaths,)| deaths))
    }
}

#[derive(Clone)]
struct Learn {
    blob: BlobId,
    metadata: String,
}

impl Verb for Learn {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        execute!(tx, LEARN, self.blob.to_string(), self.metadata.as_str()).map(|changed| changed == 1)
    }
}

row! {
    struct MadeRow {
        id: String,
        name: String,
        hash: String,
        size: i64,
        created_at: i64,
    }
}

impl Deriving {
    async fn insert(&self, tx: &mut Tx, new: &NewDerived, source: Option<&str>) -> Result<()> {
        let (id, hash) = (new.id.to_string(), new.hash.to_string());
        let (client, name, size) = (self.client.as_str(), new.name.as_str(), new.size.to_column());
        execute!(tx, INSERT, id, client, source, name, hash, size, self.on_demand, self.now.get()).map(|_| ())
    }

    /// Leaves all that was made to the collector.
    async fn disown(&self, tx: &mut Tx) -> Result<()> {
        for new in &self.made {
            self.insert(tx, new, None).await?;
        }
        Ok(())
    }

    /// Puts what was made in the place of what was there. Answers by how much there is more.
    async fn replace(&self, tx: &mut Tx, source: &str) -> Result<i64> {
        let there = fetch_all!(tx, MadeRow, MADE, source)?;
        let mut there: BTreeMap<_, _> = there.into_iter().map(|row| (row.name.clone(), row)).collect();
        let mut grown = 0;
        for new in &self.made {
            let old = there.remove(&new.name);
            if old.as_ref().is_some_and(|old| old.hash == new.hash.to_string()) {
                // The same bytes keep their older copy.
                self.insert(tx, new, None).await?;
                continue;
            }
            if let Some(old) = old {
                execute!(tx, RELEASE, old.id)?;
                grown -= old.size;
            }
            self.insert(tx, new, Some(source)).await?;
            grown += new.size.to_column();
        }
        let Some(end) = self.end.as_ref().filter(|end| end.state == ProcessingState::Done) else { return Ok(grown) };
        let is_old = |old: &MadeRow| old.created_at < end.began_at.get() && !end.made.contains(&old.name);
        for old in there.into_values().filter(is_old) {
            execute!(tx, RELEASE, old.id)?;
            grown -= old.size;
        }
        Ok(grown)
    }
}

impl Verb for Deriving {
    type Out = Derived;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Derived> {
        lock(tx, self.client).await?;
        let source = self.source.to_string();
        let state = self.end.as_ref().map(|end| end.state.as_str());
        let error = self.end.as_ref().and_then(|end| end.error.as_deref());
        if execute!(tx, HOLD_SOURCE, source.as_str(), state, error)? == 0 {
            return self.disown(tx).await.map(|()| Derived::SourceGone);
        }
        let grown = self.replace(tx, &source).await?;
        if grown != 0 && execute!(tx, COUNT, self.client.as_str(), grown, self.limit)? == 0 {
            let limit = format!("{} bytes", self.limit).into();
            return Err(Error::LimitReached { what: "derived files", limit });
        }
        Ok(Derived::Kept)
    }
}

#[derive(Clone)]
struct Disown(Deriving);

impl Verb for Disown {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        self.0.disown(tx).await
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
        /// How many children died of them.
        pub deaths: i64,
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

    /// A worker died of some bytes. Answers how many did by now.
    pub async fn count_death(&self, blob: BlobId) -> Result<i64> {
        self.db.write_aside(Died(blob)).await
    }

    /// What some bytes hold; false when no file has them any more.
    pub async fn learn(&self, blob: BlobId, metadata: String) -> Result<bool> {
        self.db.write_aside(Learn { blob, metadata }).await
    }

    /// Takes in what was made of some bytes, if a file still has them; otherwise it goes to the collector.
    pub async fn derive(&self, deriving: Deriving) -> Result<Derived> {
        self.db.write_aside(deriving).await
    }

    /// Leaves what was made to the collector.
    pub async fn disown_derived(&self, deriving: Deriving) -> Result<()> {
        self.db.write_aside(Disown(deriving)).await
    }

    /// What is known of some bytes; `None` when they are gone.
    pub async fn known_of(&self, blob: BlobId) -> Result<Option<KnownOf>> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, KnownOf, SIZED, blob.to_string())
    }

    /// What a client's derived files take.
    pub async fn derived_bytes(&self, client: ClientId) -> Result<ByteSize> {
        let mut tx = self.db.read().await?;
        let (bytes,) = fetch_one!(tx, (i64,), DERIVED_BYTES, client.as_str())?;
        size_column("clients", "derived_bytes", bytes)
    }
}
