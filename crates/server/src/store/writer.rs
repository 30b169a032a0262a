//! The one writer of SQLite, and what a write is on either engine.
//!
//! Concurrent verbs share a commit, and so an fsync: the writer begins, runs each waiting verb to its end inside a
//! savepoint of its own, commits, and only then answers. It never waits for more verbs to come: while one group is
//! being made durable the next one gathers by itself.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::{Error, Result};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::db::{Conn, Tx, failed};

/// The most verbs that share a commit.
const GROUP_VERBS: usize = 50;
/// How long a group takes in verbs before it commits.
const GROUP_TIME: Duration = Duration::from_millis(2);
/// How many verbs wait before callers do.
const QUEUE: usize = 1024;

/// A change of the database: everything between `BEGIN` and `COMMIT`. It may be run more than once, and only a run
/// that succeeds is kept.
pub(super) trait Verb: Clone + Send + Sync + 'static {
    /// What the caller gets once the change is durable.
    type Out: Send + 'static;

    /// The statements.
    fn run<'a>(&'a self, tx: &'a mut Tx) -> impl Future<Output = Result<Self::Out>> + Send + 'a;
}

/// A handle on the writer task.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Queued>>,
    pool: SqlitePool,
}

/// A verb whose caller waits.
trait Queued: Send {
    /// Runs the verb, and says whether its changes stay and how its caller is to be answered.
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Ran>;
}

struct Ran {
    keep: bool,
    /// Called with whether the group is durable.
    answer: Box<dyn FnOnce(bool) + Send>,
}

struct Waiting<V: Verb> {
    verb: V,
    caller: oneshot::Sender<Result<V::Out>>,
}

impl<V: Verb> Queued for Waiting<V> {
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Ran> {
        async move {
            let Self { verb, caller } = *self;
            let result = AssertUnwindSafe(verb.run(tx)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(Error::inconsistent("a write panicked")));
            let keep = result.is_ok();
            let answer = move |durable: bool| {
                let result = if keep && !durable { Err(Error::inconsistent("a commit failed")) } else { result };
                // A caller that is gone no longer needs the answer; the change stands all the same.
                let _ = caller.send(result);
            };
            Ran { keep, answer: Box::new(answer) }
        }
        .boxed()
    }
}

impl Writer {
    /// Opens the one connection that writes, and starts its task.
    pub(super) async fn start(options: SqliteConnectOptions, statements: Arc<AtomicU64>) -> Result<Self> {
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(failed)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write_groups(pool.clone(), waiting, statements));
        Ok(Self { queue, pool })
    }

    /// Runs a verb, and answers when it is durable.
    pub(super) async fn write<V: Verb>(&self, verb: V) -> Result<V::Out> {
        let (caller, answer) = oneshot::channel();
        let waiting = Box::new(Waiting { verb, caller });
        self.queue.send(waiting).await.map_err(|_| Error::Unavailable("the database"))?;
        answer.await.map_err(|_| Error::Unavailable("the database"))?
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn write_groups(pool: SqlitePool, mut waiting: mpsc::Receiver<Box<dyn Queued>>, statements: Arc<AtomicU64>) {
    while let Some(first) = waiting.recv().await {
        let Ok(connection) = pool.acquire().await.inspect_err(|error| tracing::error!(%error, "no writer connection"))
        else {
            // The caller of `first` hears that the database is not available.
            if pool.is_closed() {
                return;
            }
            continue;
        };
        let mut tx = Tx::sqlite(connection, Arc::clone(&statements));
        if let Err(error) = write_group(&mut tx, first, &mut waiting).await {
            tracing::error!(%error, "a group of writes failed");
            let _ = frame(&mut tx, "ROLLBACK").await;
        }
    }
}

async fn write_group(tx: &mut Tx, first: Box<dyn Queued>, waiting: &mut mpsc::Receiver<Box<dyn Queued>>) -> Result<()> {
    // Immediately: a transaction that first reads and then writes fails as busy when another process wrote meanwhile.
    frame(tx, "BEGIN IMMEDIATE").await?;
    let started = Instant::now();
    let mut answers = Vec::new();
    let mut next = Some(first);
    while let Some(queued) = next {
        frame(tx, "SAVEPOINT verb").await?;
        let ran = queued.run(tx).await;
        answers.push(ran.answer);
        if !ran.keep {
            frame(tx, "ROLLBACK TO verb").await?;
        }
        frame(tx, "RELEASE verb").await?;
        let full = answers.len() >= GROUP_VERBS || started.elapsed() >= GROUP_TIME;
        next = if full { None } else { waiting.try_recv().ok() };
    }
    let committed = frame(tx, "COMMIT").await;
    metrics::histogram!("reelshelf_commit_verbs").record(u32::try_from(answers.len()).unwrap_or(u32::MAX));
    for answer in answers {
        answer(committed.is_ok());
    }
    committed
}

async fn frame(tx: &mut Tx, statement: &'static str) -> Result<()> {
    match tx.uncounted() {
        Conn::Sqlite(conn) => sqlx::query(statement).execute(conn).await.map(|_| ()).map_err(failed),
        Conn::Postgres(_) => Err(Error::inconsistent("a PostgreSQL connection in the SQLite writer")),
    }
}
