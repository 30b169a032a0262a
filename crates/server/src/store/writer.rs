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
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::db::{Conn, Tx, failed};
use super::journal::Recalled;

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

    /// What is to be done, as far as it comes from a client: so that a journal tells another request from the same.
    fn asked(&self) -> String {
        String::new()
    }

    /// A journal has the outcome of an earlier run. Does what is left to do, and says whether the outcome still stands;
    /// otherwise the verb is run anew.
    fn recalled<'a>(
        &'a self,
        _tx: &'a mut Tx,
        _outcome: &'a mut Self::Out,
        _recalled: Recalled,
    ) -> impl Future<Output = Result<bool>> + Send + 'a {
        std::future::ready(Ok(true))
    }

    /// Whether a run that succeeds is kept. One that is not has only looked what it would do.
    fn keeps(&self) -> bool {
        true
    }

    /// The statements.
    fn run<'a>(&'a self, tx: &'a mut Tx) -> impl Future<Output = Result<Self::Out>> + Send + 'a;
}

/// A handle on the writer task.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Queued>>,
    stop: CancellationToken,
    task: TaskTracker,
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
            let keep = result.is_ok() && verb.keeps();
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
        let tx = Tx::of_writer(options.connect().await.map_err(failed)?, statements);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (stop, task) = (CancellationToken::new(), TaskTracker::new());
        task.spawn(write_groups(tx, waiting, stop.clone()));
        task.close();
        Ok(Self { queue, stop, task })
    }

    /// Runs a verb, and answers when it is durable.
    pub(super) async fn write<V: Verb>(&self, verb: V) -> Result<V::Out> {
        let (caller, answer) = oneshot::channel();
        let waiting = Box::new(Waiting { verb, caller });
        self.queue.send(waiting).await.map_err(|_| Error::Unavailable("the database"))?;
        answer.await.map_err(|_| Error::Unavailable("the database"))?
    }

    /// Ends the group under way; who still waits hears that there is no database any more.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.task.wait().await;
    }
}

async fn write_groups(mut tx: Tx, mut waiting: mpsc::Receiver<Box<dyn Queued>>, stop: CancellationToken) {
    while let Some(Some(first)) = stop.run_until_cancelled(waiting.recv()).await {
        if let Err(error) = write_group(&mut tx, first, &mut waiting).await {
            tracing::error!(%error, "a group of writes failed");
            let _ = frame(&mut tx, "ROLLBACK").await;
        }
    }
    if let Err(error) = tx.close().await {
        tracing::warn!(%error, "the connection that writes could not be closed");
    }
}

async fn write_group(tx: &mut Tx, first: Box<dyn Queued>, waiting: &mut mpsc::Receiver<Box<dyn Queued>>) -> Result<()> {
    // Immediately: a transaction that first reads and then writes fails as busy when another process wrote meanwhile.
    frame(tx, "BEGIN IMMEDIATE; SAVEPOINT verb").await?;
    let started = Instant::now();
    let mut answers = Vec::new();
    let mut next = Some(first);
    let mut committed = Ok(());
    while let Some(queued) = next {
        let ran = queued.run(tx).await;
        answers.push(ran.answer);
        let full = answers.len() >= GROUP_VERBS || started.elapsed() >= GROUP_TIME;
        next = if full { None } else { waiting.try_recv().ok() };
        // One message to the database's thread for each verb's frame: waking it costs more than what it does then.
        match (ran.keep, next.is_some()) {
            (true, true) => frame(tx, "RELEASE verb; SAVEPOINT verb").await?,
            (false, true) => frame(tx, "ROLLBACK TO verb").await?,
            (true, false) => committed = frame(tx, "COMMIT").await,
            (false, false) => committed = frame(tx, "ROLLBACK TO verb; COMMIT").await,
        }
    }
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
