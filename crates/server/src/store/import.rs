//! Imports: what the server fetches itself, from the wish to the bytes. An import that is not over has a job that waits
//! or runs, in every transaction.

use reelshelf_domain::{ByteSize, Chance, ClientId, DisplayName, Error, JobId, Result, UnixMillis, UploadId};
use serde::{Deserialize, Serialize};

use super::counters::{Bytes, apply};
use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_one, fetch_optional};
use super::jobs::{JobClass, NewJob, enqueue};
use super::row::row;
use super::uploads::{TICKET, TicketRow};
use super::writer::Verb;
use super::{Store, column, size_column};

/// The kind of job that fetches.
pub const IMPORT_JOB: &str = "import";

/// A registration that ends with its import and not with time.
pub const WITH_ITS_IMPORT: UnixMillis = UnixMillis::new(i64::MAX);

/// An asset beside its bytes, and beside the import that is to bring them: of several, the one that was asked for last.
macro_rules! assets_and_more {
    ($assets:expr) => {
        concat!(
            $assets,
            " LEFT JOIN blobs ON blobs.id = assets.blob_id
            LEFT JOIN imports ON imports.upload_id = (
                SELECT MAX(uploads.id) FROM uploads JOIN imports own ON own.upload_id = uploads.id
                WHERE uploads.asset_id = assets.id AND uploads.done_hash IS NULL) "
        )
    };
}
pub(super) use assets_and_more;

/// What is shown of an import, beside an asset.
macro_rules! import_columns {
    () => {
        " imports.state AS import_state, imports.shown AS import_source, imports.received AS import_received,
        imports.total AS import_total, imports.attempts AS import_attempts, imports.message AS import_message "
    };
}
pub(super) use import_columns;

const UNDER_WAY: &str = "SELECT COUNT(*) FROM imports WHERE client_id = $1 AND state <> 'failed'";
const SUPERSEDE: &str = "
    DELETE FROM uploads WHERE asset_id = $1
        AND EXISTS (SELECT 1 FROM imports WHERE imports.upload_id = uploads.id)
    RETURNING reserved";
const INSERT: &str = "
    INSERT INTO imports (upload_id, client_id, state, source, shown, received, attempts, named, typed)
    VALUES ($1, $2, 'queued', $3, $4, 0, 0, $5, $6)";
const BEGIN: &str = "
    UPDATE imports SET state = 'running', received = 0, total = NULL, message = NULL
    WHERE upload_id = $1 AND state <> 'failed'
    RETURNING source, attempts, typed";
const PROGRESS: &str = "UPDATE imports SET received = $2, total = $3 WHERE upload_id = $1 AND state = 'running'";
/// Not when somebody renamed the file since.
const DESCRIBE: &str = "
    UPDATE uploads SET content_type = $2, display_name = $3
    WHERE id = $1 AND done_hash IS NULL AND display_name = $4";
const NAME: &str = "
    SELECT uploads.display_name, imports.named FROM uploads JOIN imports ON imports.upload_id = uploads.id
    WHERE uploads.id = $1";
const KEEP_NAME: &str = "
    UPDATE imports SET named = $2 WHERE upload_id IN (SELECT id FROM uploads WHERE asset_id = $1 AND done_hash IS NULL)";
const RETRY: &str = "
    UPDATE imports SET state = 'retrying', attempts = attempts + 1, message = $2
    WHERE upload_id = $1 AND state = 'running'
    RETURNING client_id";
const GIVE_BACK: &str = "
    UPDATE uploads SET reserved = 0, expires_at = $3 WHERE id = $1 AND reserved = $2 AND done_hash IS NULL
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $4)";
const FAIL: &str = "
    UPDATE imports SET state = 'failed', source = NULL, attempts = attempts + 1, message = $2
    WHERE upload_id = $1 AND state <> 'failed'";
const END: &str = "DELETE FROM imports WHERE upload_id = $1";
const LET_GO: &str = "UPDATE uploads SET expires_at = $2 WHERE id = $1 AND done_hash IS NOT NULL";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[UNDER_WAY, SUPERSEDE, INSERT, BEGIN, PROGRESS, DESCRIBE, NAME, KEEP_NAME, RETRY, GIVE_BACK, FAIL, END, LET_GO];

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportState {
    /// It waits for its turn.
    Queued,
    /// Its bytes are coming.
    Running,
    /// A try has failed, and another follows.
    Retrying,
    /// It is over, and brought nothing.
    Failed,
}

impl ImportState {
    const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Retrying, Self::Failed];

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| Error::inconsistent(format!("inconsistent row: imports.state holds {text:?}")))
    }
}

/// An import as it is shown beside its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Import {
    /// How far it is.
    pub state: ImportState,
    /// Where from: without what may be secret.
    pub source: String,
    /// How much has come, in the current try or in the last.
    pub received: ByteSize,
    /// How much there is, when the other server says it.
    pub total: Option<ByteSize>,
    /// Which try this is, or how many there were.
    pub attempts: i64,
    /// Why the last try failed.
    pub message: Option<String>,
}

row! {
    /// What [`import_columns`] gives; nothing where there is no import.
    #[expect(clippy::struct_field_names, reason = "the columns stand beside those of the file")]
    pub(super) struct ImportRow {
        import_state: Option<String>,
        import_source: Option<String>,
        import_received: Option<i64>,
        import_total: Option<i64>,
        import_attempts: Option<i64>,
        import_message: Option<String>,
    }
}

impl ImportRow {
    pub(super) fn import(self) -> Result<Option<Import>> {
        let Some(state) = self.import_state else { return Ok(None) };
        let state = ImportState::parse(&state)?;
        let under_way = i64::from(state == ImportState::Running);
        Ok(Some(Import {
            state,
            source: self.import_source.unwrap_or_default(),
            received: size_column("imports", "received", self.import_received.unwrap_or_default())?,
            total: self.import_total.map(|total| size_column("imports", "total", total)).transpose()?,
            attempts: self.import_attempts.unwrap_or_default() + under_way,
            message: self.import_message,
        }))
    }
}

/// What is to be fetched for a registration.
#[derive(Clone)]
pub struct NewImport {
    /// The whole URL.
    pub source: String,
    /// What of it may be shown.
    pub shown: String,
    /// Whether the client said the name.
    pub named: bool,
    /// Whether the client said the type.
    pub typed: bool,
    /// The most imports of a client that are not over.
    pub most: i64,
}

/// An import that was begun.
#[derive(Clone)]
pub struct Begun {
    /// The whole URL.
    pub source: String,
    /// How many tries have failed.
    pub attempts: i64,
    /// Whether the client said the type.
    pub typed: bool,
}

fn job(client: ClientId, upload: UploadId, run_at: UnixMillis) -> NewJob {
    NewJob {
        kind: IMPORT_JOB,
        class: JobClass::Import,
        unique_key: format!("import:{upload}"),
        payload: upload.to_string(),
        run_at,
        client: Some(client),
    }
}

/// Refuses more imports than a client may have under way. The client must be locked.
pub(super) async fn check_queue(tx: &mut Tx, client: ClientId, import: &NewImport) -> Result<()> {
    let (under_way,) = fetch_one!(tx, (i64,), UNDER_WAY, client.as_str())?;
    if under_way >= import.most {
        return Err(Error::LimitReached { what: "imports under way", limit: import.most.to_string().into() });
    }
    Ok(())
}

/// Ends older imports into a file: the one that was asked for last decides what the file becomes, however long it takes.
/// Answers what they had reserved. The client must be locked.
pub(super) async fn supersede(tx: &mut Tx, asset: &str) -> Result<i64> {
    let ended = fetch_all!(tx, (i64,), SUPERSEDE, asset)?;
    Ok(ended.into_iter().map(|(reserved,)| reserved).sum())
}

/// Makes the import of a registration, and the job that does it.
pub(super) async fn insert(
    tx: &mut Tx,
    client: ClientId,
    upload: UploadId,
    import: &NewImport,
    (id, now): (JobId, UnixMillis),
) -> Result<()> {
    let NewImport { source, shown, named, typed, .. } = import;
    execute!(tx, INSERT, upload.to_string(), client.as_str(), source.as_str(), shown.as_str(), *named, *typed)?;
    enqueue(tx, &job(client, upload, now), id, now).await
}

/// What a client calls a file counts more than what the other server says, also when it comes later.
pub(super) async fn keep_name(tx: &mut Tx, asset: &str) -> Result<()> {
    execute!(tx, KEEP_NAME, asset, true).map(|_| ())
}

#[derive(Clone)]
struct Begin(UploadId);

impl Verb for Begin {
    type Out = Option<Begun>;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Option<Begun>> {
        let row = fetch_optional!(tx, (Option<String>, i64, bool), BEGIN, self.0.to_string())?;
        let begun = |(source, attempts, typed): (Option<String>, i64, bool)| {
            let source = source.ok_or_else(|| Error::inconsistent("inconsistent row: imports.source is NULL"))?;
            Ok(Begun { source, attempts, typed })
        };
        row.map(begun).transpose()
    }
}

#[derive(Clone)]
struct Progress {
    upload: UploadId,
    received: ByteSize,
    total: Option<ByteSize>,
}

impl Verb for Progress {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        let (received, total) = (self.received.to_column(), self.total.map(ByteSize::to_column));
        execute!(tx, PROGRESS, self.upload.to_string(), received, total).map(|changed| changed == 1)
    }
}

#[derive(Clone)]
struct Describe {
    upload: UploadId,
    content_type: String,
    display_name: Option<DisplayName>,
}

impl Verb for Describe {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        let Some((had, named)) = fetch_optional!(tx, (String, bool), NAME, id.as_str())? else { return Ok(()) };
        let name = self.display_name.as_ref().filter(|_| !named).map_or(had.as_str(), DisplayName::as_str);
        match execute!(tx, DESCRIBE, id, self.content_type.as_str(), name, had.as_str())? {
            0 => Err(Error::Unavailable(CONTENDED)),
            _ => Ok(()),
        }
    }
}

/// Gives the room back that a try has taken.
async fn give_back(tx: &mut Tx, row: &TicketRow, expires_at: i64, now: UnixMillis) -> Result<()> {
    let client: ClientId = column("uploads", "client_id", &row.client_id)?;
    apply(tx, client, Bytes::of(row.temporary, 0, -row.reserved), 0, now).await?;
    match execute!(tx, GIVE_BACK, row.id.as_str(), row.reserved, expires_at, row.folder_id.as_str())? {
        0 => Err(Error::Unavailable(CONTENDED)),
        _ => Ok(()),
    }
}

/// A try has failed. Until the next it needs no room, unless its client said how much it will be.
#[derive(Clone)]
struct Retry {
    upload: UploadId,
    message: String,
    at: UnixMillis,
    job: JobId,
    now: UnixMillis,
}

impl Verb for Retry {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        let row = fetch_optional!(tx, TicketRow, TICKET, id.as_str())?;
        if let Some(row) = row.filter(|row| row.done_hash.is_none() && row.declared_size.is_none()) {
            give_back(tx, &row, row.expires_at, self.now).await?;
        }
        let retried = fetch_optional!(tx, (String,), RETRY, id, self.message.as_str())?;
        let Some((client,)) = retried else { return Ok(()) };
        let client = column("imports", "client_id", &client)?;
        enqueue(tx, &job(client, self.upload, self.at), self.job, self.now).await
    }
}

/// The end of an import that brought nothing: the room goes back at once, the file stays to be seen.
#[derive(Clone)]
struct Fail {
    upload: UploadId,
    message: String,
    keep_until: UnixMillis,
    now: UnixMillis,
}

impl Verb for Fail {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        let row = fetch_optional!(tx, TicketRow, TICKET, id.as_str())?;
        let Some(row) = row.filter(|row| row.done_hash.is_none()) else { return Ok(()) };
        give_back(tx, &row, self.keep_until.get(), self.now).await?;
        execute!(tx, FAIL, id, self.message.as_str()).map(|_| ())
    }
}

#[derive(Clone)]
struct End {
    upload: UploadId,
    now: UnixMillis,
}

impl Verb for End {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        execute!(tx, LET_GO, id.as_str(), self.now.get())?;
        execute!(tx, END, id).map(|_| ())
    }
}

impl Store {
    /// Begins an import; `None` when there is nothing to be done any more.
    pub async fn begin_import(&self, upload: UploadId) -> Result<Option<Begun>> {
        self.db.write_aside(Begin(upload)).await
    }

    /// Writes down how much has come; false when nobody wants it any more.
    pub async fn import_progress(&self, upload: UploadId, received: ByteSize, total: Option<ByteSize>) -> Result<bool> {
        self.db.write_aside(Progress { upload, received, total }).await
    }

    /// What the other server says of the file. The name counts where the client said none, then or since.
    pub async fn describe_import(
        &self,
        upload: UploadId,
        content_type: String,
        display_name: Option<DisplayName>,
    ) -> Result<()> {
        self.db.write_aside(Describe { upload, content_type, display_name }).await
    }

    /// A try has failed: another follows at a time.
    pub async fn retry_import(
        &self,
        upload: UploadId,
        message: String,
        at: UnixMillis,
        now: UnixMillis,
        chance: &dyn Chance,
    ) -> Result<()> {
        let job = JobId::generate(now, chance)?;
        self.db.write_aside(Retry { upload, message, at, job, now }).await
    }

    /// An import has failed for good.
    pub async fn fail_import(
        &self,
        upload: UploadId,
        message: String,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Result<()> {
        self.db.write_aside(Fail { upload, message, keep_until, now }).await
    }

    /// An import has brought its bytes: nothing of it is kept.
    pub async fn end_import(&self, upload: UploadId, now: UnixMillis) -> Result<()> {
        self.db.write_aside(End { upload, now }).await
    }
}
