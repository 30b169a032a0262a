//! The one writer of SQLite, a thread, and what a write is on either engine.
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
use reelshelf_domain::{Error, Result, UnixMillis};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::db::{Conn, SqliteConn, Tx, execute};
use super::journal::Recalled;
use super::sqlite::{Options, failed};

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

    /// Whether a run may change so much that it shares its commit with nobody. What a savepoint could bring back, SQLite
    /// keeps in memory; a transaction is taken back by forgetting what was written.
    fn is_large(&self) -> bool {
        false
    }

    /// The statements.
    fn run<'a>(&'a self, tx: &'a mut Tx) -> impl Future<Output = Result<Self::Out>> + Send + 'a;
}

/// Deletes some of the rows whose time is over, by a statement that takes the time and how many. Answers how many.
#[derive(Clone)]
pub(super) struct Expire {
    pub(super) statement: &'static str,
    pub(super) now: UnixMillis,
    pub(super) most: i64,
}

impl Verb for Expire {
    type Out = u64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<u64> {
        execute!(tx, self.statement, self.now.get(), self.most)
    }
}

/// A handle on the writer's thread.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Queued>>,
    stop: CancellationToken,
    task: TaskTracker,
}

/// A verb whose caller waits.
trait Queued: Send {
    /// Whether it is to have a transaction of its own.
    fn is_large(&self) -> bool;

    /// Runs the verb, and says whether its changes stay and how its caller is to be answered.
    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Ran>;
}

struct Ran {
    keep: bool,
    disk_full: bool,
    /// Called with whether the group is durable.
    answer: Answer,
}

/// What became of a group.
#[derive(Clone, Copy)]
enum Durable {
    Yes,
    DiskFull,
    No,
}

impl Durable {
    const fn of(committed: &Result<()>) -> Self {
        match committed {
            Ok(()) => Self::Yes,
            Err(Error::DiskFull) => Self::DiskFull,
            Err(_) => Self::No,
        }
    }
}

struct Waiting<V: Verb> {
    verb: V,
    caller: oneshot::Sender<Result<V::Out>>,
}

impl<V: Verb> Queued for Waiting<V> {
    fn is_large(&self) -> bool {
        self.verb.is_large()
    }

    fn run(self: Box<Self>, tx: &mut Tx) -> BoxFuture<'_, Ran> {
        async move {
            let Self { verb, caller } = *self;
            let result = AssertUnwindSafe(verb.run(tx)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(Error::inconsistent("a write panicked")));
            let (keep, disk_full) = (result.is_ok() && verb.keeps(), matches!(result, Err(Error::DiskFull)));
            let answer = move |durable: Durable| {
                let result = match durable {
                    Durable::DiskFull if keep => Err(Error::DiskFull),
                    Durable::No if keep => Err(Error::Unavailable("the database")),
                    _ => result,
                };
                // A caller that is gone no longer needs the answer; the change stands all the same.
                let _ = caller.send(result);
            };
            Ran { keep, disk_full, answer: Box::new(answer) }
        }
        .boxed()
    }
}

impl Writer {
    /// Opens the one connection that writes, on a thread of its own: what it waits for is the disk.
    pub(super) fn start(options: &Options, statements: Arc<AtomicU64>) -> Result<Self> {
        let tx = Tx::of_writer(options.writer()?, statements);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (stop, task) = (CancellationToken::new(), TaskTracker::new());
        let (told, running) = (stop.clone(), task.token());
        let thread = std::thread::Builder::new().name("writer".to_owned());
        let started = thread.spawn(move || {
            futures::executor::block_on(write_groups(tx, waiting, told));
            drop(running);
        });
        started.map_err(|error| Error::internal("starting the writer", error))?;
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

    /// Whether there is still somebody to write.
    pub(super) fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Ends the group under way; who still waits hears that there is no database any more.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.task.wait().await;
    }
}

async fn write_groups(tx: Tx, waiting: mpsc::Receiver<Box<dyn Queued>>, stop: CancellationToken) {
    let mut groups = Groups { tx, waiting, next: None };
    while let Some(Some(first)) = stop.run_until_cancelled(groups.first()).await {
        if let Err(error) = groups.write(first).await {
            tracing::error!(%error, "a group of writes failed");
            let _ = frame(&mut groups.tx, "ROLLBACK");
        }
    }
}

/// How a caller is answered once its group is durable or is not.
type Answer = Box<dyn FnOnce(Durable) + Send>;

/// The connection and who waits for it.
struct Groups {
    tx: Tx,
    waiting: mpsc::Receiver<Box<dyn Queued>>,
    /// Found in the queue by a group that it is too large for.
    next: Option<Box<dyn Queued>>,
}

impl Groups {
    async fn first(&mut self) -> Option<Box<dyn Queued>> {
        match self.next.take() {
            None => self.waiting.recv().await,
            next => next,
        }
    }

    async fn write(&mut self, first: Box<dyn Queued>) -> Result<()> {
        // Immediately: a transaction that first reads and then writes fails as busy when another process wrote meanwhile.
        if let Err(error) = frame(&mut self.tx, "BEGIN IMMEDIATE") {
            // Whoever else waits hears of it now: each would wait as long as the first did.
            while self.waiting.try_recv().is_ok() {}
            return Err(error);
        }
        let mut answers = Vec::new();
        let ran = if first.is_large() {
            self.run_alone(first, &mut answers).await
        } else {
            self.run_group(first, &mut answers).await.map(|()| "COMMIT")
        };
        let ended = ran.and_then(|end| frame(&mut self.tx, end));
        metrics::histogram!("reelshelf_commit_verbs").record(u32::try_from(answers.len()).unwrap_or(u32::MAX));
        for answer in answers {
            answer(Durable::of(&ended));
        }
        ended
    }

    /// Runs a verb as the only one of its transaction, and says how that is to end.
    async fn run_alone(&mut self, queued: Box<dyn Queued>, answers: &mut Vec<Answer>) -> Result<&'static str> {
        let kept = self.run(queued, answers).await?;
        Ok(if kept { "COMMIT" } else { "ROLLBACK" })
    }

    async fn run_group(&mut self, first: Box<dyn Queued>, answers: &mut Vec<Answer>) -> Result<()> {
        let started = Instant::now();
        let mut next = Some(first);
        while let Some(queued) = next {
            if queued.is_large() {
                self.next = Some(queued);
                return Ok(());
            }
            frame(&mut self.tx, "SAVEPOINT verb")?;
            if !self.run(queued, answers).await? {
                frame(&mut self.tx, "ROLLBACK TO verb")?;
            }
            frame(&mut self.tx, "RELEASE verb")?;
            let full = answers.len() >= GROUP_VERBS || started.elapsed() >= GROUP_TIME;
            next = if full { None } else { self.waiting.try_recv().ok() };
        }
        Ok(())
    }

    /// Runs a verb, and says whether what it changed is kept.
    async fn run(&mut self, queued: Box<dyn Queued>, answers: &mut Vec<Answer>) -> Result<bool> {
        let ran = queued.run(&mut self.tx).await;
        answers.push(ran.answer);
        // Some failures, a full disk above all, make SQLite roll back everything by itself.
        if connection(&mut self.tx)?.is_autocommit() {
            return Err(if ran.disk_full { Error::DiskFull } else { Error::inconsistent("SQLite ended a group") });
        }
        Ok(ran.keep)
    }
}

fn frame(tx: &mut Tx, statement: &'static str) -> Result<()> {
    let mut framed = connection(tx)?.prepare_cached(statement).map_err(failed)?;
    framed.raw_execute().map(|_| ()).map_err(failed)
}

fn connection(tx: &mut Tx) -> Result<&mut rusqlite::Connection> {
    match tx.uncounted() {
        Conn::Sqlite(SqliteConn::Here(connection)) => Ok(connection),
        _ => Err(Error::inconsistent("the writer has another connection than its own")),
    }
}
