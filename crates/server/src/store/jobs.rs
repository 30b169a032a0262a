//! The job queue: a table, leases, and no lock held while working.

use std::time::Duration;

use reelshelf_domain::{Chance, ClientId, Error, JobId, Result, UnixMillis};

use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::row::row;
use super::writer::Verb;
use super::{Store, column};

/// One that waits already is taken hold of even if its time stays: until this transaction ends nobody claims it, so that
/// it cannot run without seeing what this transaction changes.
const ENQUEUE: &str = "
    INSERT INTO jobs (id, kind, class, unique_key, payload, state, run_at, attempts, created_at, client)
    VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, $7, $8)
    ON CONFLICT (unique_key) WHERE state = 'waiting'
    DO UPDATE SET run_at = CASE WHEN jobs.run_at > $6 THEN $6 ELSE jobs.run_at END";
/// Clients with a job that is due, in the order in which it is their turn: who has the fewest running, then whose job was
/// claimed longest ago. Not those who have as many in this process as one may have. However many jobs a client has, one
/// row of each is read.
const TURNS: &str = "
    WITH RECURSIVE waiting (client) AS (
        SELECT MIN(jobs.client) FROM jobs WHERE jobs.class = $1 AND jobs.state = 'waiting'
        UNION ALL
        SELECT (SELECT MIN(jobs.client) FROM jobs
            WHERE jobs.class = $1 AND jobs.state = 'waiting' AND jobs.client > waiting.client)
        FROM waiting WHERE waiting.client IS NOT NULL)
    SELECT waiting.client FROM waiting
    JOIN jobs ON jobs.id = (
        SELECT earliest.id FROM jobs earliest
        WHERE earliest.class = $1 AND earliest.state = 'waiting' AND earliest.client = waiting.client
        ORDER BY earliest.run_at LIMIT 1)
    LEFT JOIN job_clients ON job_clients.class = $1 AND job_clients.client = waiting.client
    WHERE jobs.run_at <= $2
        AND (SELECT COUNT(*) FROM jobs mine WHERE mine.class = $1 AND mine.state = 'running'
            AND mine.client = waiting.client AND mine.lease_owner = $3) < $4
    ORDER BY (SELECT COUNT(*) FROM jobs busy WHERE busy.class = $1 AND busy.state = 'running'
            AND busy.client = waiting.client),
        COALESCE(job_clients.last_claim, 0), jobs.run_at";
const DUE: &str = "
    SELECT id FROM jobs WHERE class = $1 AND client = $2 AND state = 'waiting' AND run_at <= $3
    ORDER BY run_at LIMIT 1";
/// The claim query differs by engine: PostgreSQL's claimers must not wait for each other.
const DUE_POSTGRES: &str = "
    SELECT id FROM jobs WHERE class = $1 AND client = $2 AND state = 'waiting' AND run_at <= $3
    ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED";
const SERVED: &str = "
    INSERT INTO job_clients (class, client, last_claim)
    SELECT $1, $2, COALESCE(MAX(last_claim), 0) + 1 FROM job_clients WHERE class = $1
    ON CONFLICT (class, client) DO UPDATE SET last_claim = excluded.last_claim";
const CLAIM: &str = "
    UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_until = $2, lease_owner = $3
    WHERE id = $1 AND state = 'waiting'
    RETURNING id, kind, payload, attempts";
const EXTEND: &str = "
    UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
const FINISH: &str = "DELETE FROM jobs WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
const AGAIN: &str = "
    UPDATE jobs SET state = 'waiting', run_at = $3, attempts = $4, lease_until = NULL, lease_owner = NULL, error = $5
    WHERE id = $1 AND lease_owner = $2 AND state = 'running'
        AND NOT EXISTS (SELECT 1 FROM jobs other WHERE other.unique_key = jobs.unique_key AND other.state = 'waiting')";
const PARK: &str = "
    UPDATE jobs SET state = 'parked', lease_until = NULL, lease_owner = NULL, error = $3
    WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
/// A lease that ran out means that its worker died: the job is tried again, or parked when it killed too many.
const LOST: &str = "
    SELECT id, kind, payload, lease_owner, attempts FROM jobs WHERE state = 'running' AND lease_until <= $1 ORDER BY lease_until LIMIT 100";
/// A lost job whose like waits, or is being done by a worker that lives, has nothing left to do.
const SUPERSEDED: &str = "
    DELETE FROM jobs WHERE id = $1 AND lease_owner = $2 AND state = 'running' AND lease_until <= $3
        AND EXISTS (SELECT 1 FROM jobs other WHERE other.unique_key = jobs.unique_key AND other.id <> jobs.id
            AND (other.state = 'waiting' OR (other.state = 'running' AND other.lease_until > $3)))";
const COUNTS: &str = "
    SELECT kind, state, COUNT(*), CAST(COALESCE(MIN(run_at), 0) AS BIGINT) FROM jobs GROUP BY kind, state";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[ENQUEUE, TURNS, DUE, SERVED, CLAIM, EXTEND, FINISH, AGAIN, PARK, LOST, SUPERSEDED, COUNTS];

#[cfg(test)]
pub(super) const POSTGRES_STATEMENTS: &[&str] = &[DUE_POSTGRES];

/// Jobs of one class share slots that other classes cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobClass {
    /// Short, and mostly waits for the database or the disk.
    Light,
    /// Long, and mostly waits for other servers.
    Import,
    /// Long, and takes a processor: of bytes that just came.
    Media,
    /// The same, of bytes that are here already: those that just came do not wait for it.
    Remake,
}

impl JobClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Light, Self::Import, Self::Media, Self::Remake];

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Import => "import",
            Self::Media => "media",
            Self::Remake => "remake",
        }
    }
}

/// A job to be enqueued.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which job.
    pub kind: &'static str,
    /// Whose slots.
    pub class: JobClass,
    /// At most one job with this key waits.
    pub unique_key: String,
    /// What it is about, as the job itself reads it.
    pub payload: String,
    /// Not before.
    pub run_at: UnixMillis,
    /// Whose it is: clients take turns.
    pub client: Option<ClientId>,
}

/// Who claims jobs.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Its name in the leases.
    pub owner: String,
    /// How long a lease lasts.
    pub lease: Duration,
    /// The most jobs of one client that it has at once.
    pub of_one: usize,
}

/// A job that this worker has the lease of.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which row.
    pub id: JobId,
    /// Which job.
    pub kind: String,
    /// What it is about.
    pub payload: String,
    /// How often it was begun, this time included.
    pub attempts: i64,
}

/// How many jobs of a kind are in a state, and since when the oldest could have run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCounts {
    /// Which job.
    pub kind: String,
    /// One of [`Self::STATES`].
    pub state: String,
    /// How many.
    pub count: i64,
    /// The earliest time one of them was or is to run.
    pub oldest: UnixMillis,
}

impl JobCounts {
    /// Every state.
    pub const STATES: [&str; 3] = ["waiting", "running", "parked"];
}

row! {
    struct ClaimedRow {
        id: String,
        kind: String,
        payload: String,
        attempts: i64,
    }
}

/// Whose the product's own jobs are.
const NOBODY: &str = "";

/// Enqueues a job in the transaction of what it follows from.
pub(super) async fn enqueue(tx: &mut Tx, job: &NewJob, id: JobId, now: UnixMillis) -> Result<()> {
    let NewJob { kind, class, unique_key, payload, run_at, client } = job;
    let (id, class, now) = (id.to_string(), class.as_str(), now.get());
    let (key, at) = (unique_key.as_str(), run_at.get());
    let client = client.as_ref().map_or(NOBODY, ClientId::as_str);
    execute!(tx, ENQUEUE, id, *kind, class, key, payload.as_str(), at, now, client).map(|_| ())
}

#[derive(Clone)]
struct Enqueue {
    job: NewJob,
    id: JobId,
    now: UnixMillis,
}

impl Verb for Enqueue {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        enqueue(tx, &self.job, self.id, self.now).await
    }
}

#[derive(Clone)]
struct Claim {
    class: JobClass,
    worker: Worker,
    now: UnixMillis,
}

impl Claim {
    /// The clients whose turn it is.
    async fn turns(&self, tx: &mut Tx) -> Result<Vec<String>> {
        let of_one = i64::try_from(self.worker.of_one).unwrap_or(i64::MAX);
        let (class, owner) = (self.class.as_str(), self.worker.owner.as_str());
        let clients = fetch_all!(tx, (String,), TURNS, class, self.now.get(), owner, of_one)?;
        Ok(clients.into_iter().map(|(client,)| client).collect())
    }

    /// The lease of the client's job that is due first, if nobody else is about to have it.
    async fn claim_of(&self, tx: &mut Tx, client: &str) -> Result<Option<Claimed>> {
        let due = if tx.is_postgres() { DUE_POSTGRES } else { DUE };
        let Some((id,)) = fetch_optional!(tx, (String,), due, self.class.as_str(), client, self.now.get())? else {
            return Ok(None);
        };
        let (until, owner) = (self.now.plus(self.worker.lease).get(), self.worker.owner.as_str());
        let Some(row) = fetch_optional!(tx, ClaimedRow, CLAIM, id, until, owner)? else { return Ok(None) };
        if client != NOBODY {
            execute!(tx, SERVED, self.class.as_str(), client)?;
        }
        let id = column("jobs", "id", &row.id)?;
        Ok(Some(Claimed { id, kind: row.kind, payload: row.payload, attempts: row.attempts }))
    }
}

impl Verb for Claim {
    type Out = Option<Claimed>;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Option<Claimed>> {
        for client in self.turns(tx).await? {
            if let Some(claimed) = self.claim_of(tx, &client).await? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }
}

/// How a run ended, for its row.
#[derive(Clone, Debug)]
enum Ending {
    Done,
    Again { at: UnixMillis, attempts: i64, error: Option<String> },
    Parked { error: String },
}

#[derive(Clone)]
struct End {
    job: JobId,
    owner: String,
    ending: Ending,
}

impl Verb for End {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let (id, owner) = (self.job.to_string(), self.owner.as_str());
        match &self.ending {
            Ending::Done => execute!(tx, FINISH, id, owner)?,
            Ending::Parked { error } => execute!(tx, PARK, id, owner, error.as_str())?,
            Ending::Again { at, attempts, error } => {
                match execute!(tx, AGAIN, id.as_str(), owner, at.get(), *attempts, error.as_deref())? {
                    // Another of its key waits already: that one will do.
                    0 => execute!(tx, FINISH, id, owner)?,
                    changed => changed,
                }
            }
        };
        Ok(())
    }
}

#[derive(Clone)]
struct DropSuperseded {
    job: JobId,
    owner: String,
    now: UnixMillis,
}

impl Verb for DropSuperseded {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        let (id, owner) = (self.job.to_string(), self.owner.as_str());
        execute!(tx, SUPERSEDED, id, owner, self.now.get()).map(|dropped| dropped == 1)
    }
}

#[derive(Clone)]
struct ExtendLease {
    job: JobId,
    owner: String,
    lease_until: UnixMillis,
}

impl Verb for ExtendLease {
    type Out = bool;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<bool> {
        let (id, owner, until) = (self.job.to_string(), self.owner.as_str(), self.lease_until.get());
        execute!(tx, EXTEND, id, owner, until).map(|changed| changed == 1)
    }
}

impl Store {
    /// Enqueues a job; one of its key that waits already is at most made to run earlier.
    pub async fn enqueue(&self, job: NewJob, now: UnixMillis, chance: &dyn Chance) -> Result<()> {
        let id = JobId::generate(now, chance)?;
        self.db.write_aside(Enqueue { job, id, now }).await
    }

    /// Whether the worker could claim a job of the class: a read, so that idling writes nothing.
    pub async fn job_is_due(&self, class: JobClass, worker: &Worker, now: UnixMillis) -> Result<bool> {
        let mut tx = self.db.read().await?;
        Claim { class, worker: worker.clone(), now }.turns(&mut tx).await.map(|clients| !clients.is_empty())
    }

    /// Takes the lease of a job that is due.
    pub async fn claim_job(&self, class: JobClass, worker: &Worker, now: UnixMillis) -> Result<Option<Claimed>> {
        self.db.write_aside(Claim { class, worker: worker.clone(), now }).await
    }

    /// Keeps a lease; false when it was lost, and the work is to be dropped.
    pub async fn extend_lease(&self, job: JobId, owner: &str, lease_until: UnixMillis) -> Result<bool> {
        self.db.write_aside(ExtendLease { job, owner: owner.to_owned(), lease_until }).await
    }

    /// A job is done.
    pub async fn finish_job(&self, job: JobId, owner: &str) -> Result<()> {
        self.db.write_aside(End { job, owner: owner.to_owned(), ending: Ending::Done }).await
    }

    /// A job is to run again at a time; `attempts` is what it has used up so far.
    pub async fn repeat_job(
        &self,
        job: JobId,
        owner: &str,
        at: UnixMillis,
        attempts: i64,
        error: Option<String>,
    ) -> Result<()> {
        let ending = Ending::Again { at, attempts, error };
        self.db.write_aside(End { job, owner: owner.to_owned(), ending }).await
    }

    /// A job has failed for good, or killed too many workers: it stays for a person to look at.
    pub async fn park_job(&self, job: JobId, owner: &str, error: String) -> Result<()> {
        self.db.write_aside(End { job, owner: owner.to_owned(), ending: Ending::Parked { error } }).await
    }

    /// Drops a job whose worker died when another of its key waits or is under way; says whether it did.
    pub async fn drop_superseded_job(&self, job: JobId, owner: &str, now: UnixMillis) -> Result<bool> {
        self.db.write_aside(DropSuperseded { job, owner: owner.to_owned(), now }).await
    }

    /// Jobs whose worker died, each with the owner of its lease.
    pub async fn lost_jobs(&self, now: UnixMillis) -> Result<Vec<(Claimed, String)>> {
        type Row = (String, String, String, Option<String>, i64);
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, Row, LOST, now.get())?;
        let lost = |(id, kind, payload, owner, attempts): Row| {
            let owner = owner.ok_or_else(|| Error::inconsistent("inconsistent row: jobs.lease_owner is NULL"))?;
            Ok((Claimed { id: column("jobs", "id", &id)?, kind, payload, attempts }, owner))
        };
        rows.into_iter().map(lost).collect()
    }

    /// The queue, by kind and state.
    pub async fn job_counts(&self) -> Result<Vec<JobCounts>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String, i64, i64), COUNTS)?;
        let counts = |(kind, state, count, oldest)| JobCounts { kind, state, count, oldest: UnixMillis::new(oldest) };
        Ok(rows.into_iter().map(counts).collect())
    }
}
