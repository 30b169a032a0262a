//! How caches of this process hear that another process changed what they hold.
//!
//! SQLite: `data_version` of a connection of its own changes with every commit of any other connection. Every request
//! asks, and the answer is in memory that all processes share. PostgreSQL: LISTEN, with a beat of our own every second; when the beat is not heard, nobody can tell, and caches are passed by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reelshelf_domain::Result;
use rusqlite::Connection;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::db::{Db, Tx, execute};
use super::sqlite::Options;
use crate::config::StoreSettings;

const CHANNEL: &str = "reelshelf";
const BEAT: Duration = Duration::from_millis(500);
/// A beat is late when this much time passed since the last one: well below the two seconds within which a change must
/// hold on every node.
const LATE: Duration = Duration::from_millis(1500);

const NOTIFY: &str = "SELECT pg_notify('reelshelf', 'changed')";
const BEAT_NOTIFY: &str = "SELECT pg_notify('reelshelf', 'beat')";

#[cfg(test)]
pub(super) const POSTGRES_STATEMENTS: &[&str] = &[NOTIFY, BEAT_NOTIFY];

#[derive(Clone)]
pub(super) enum Freshness {
    Sqlite(Arc<std::sync::Mutex<Option<Connection>>>),
    Postgres(Arc<Hearing>),
}

pub(super) struct Hearing {
    changes: AtomicU64,
    fresh_until: std::sync::Mutex<Option<Instant>>,
    closed: AtomicBool,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Freshness {
    pub(super) fn start(db: &Db, settings: &StoreSettings) -> Result<Self> {
        let Some(pool) = db.postgres() else {
            let connection = Options::of(settings).reader()?;
            return Ok(Self::Sqlite(Arc::new(std::sync::Mutex::new(Some(connection)))));
        };
        let hearing = Arc::new(Hearing {
            changes: AtomicU64::new(0),
            fresh_until: std::sync::Mutex::new(None),
            closed: AtomicBool::new(false),
            task: std::sync::Mutex::new(None),
        });
        let task = tokio::spawn(listen(pool.clone(), Arc::clone(&hearing)));
        *locked(&hearing.task) = Some(task);
        Ok(Self::Postgres(hearing))
    }

    pub(super) fn stamp(&self) -> Option<u64> {
        match self {
            Self::Sqlite(connection) => data_version(locked(connection).as_ref()?),
            Self::Postgres(hearing) => {
                let changes = hearing.changes.load(Ordering::Acquire);
                let fresh = locked(&hearing.fresh_until).is_some_and(|until| Instant::now() < until);
                fresh.then_some(changes)
            }
        }
    }

    /// What caches hold changed here: they must not wait for the database to say so.
    pub(super) fn bump(&self) {
        if let Self::Postgres(hearing) = self {
            hearing.changes.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(connection) => {
                drop(locked(connection).take());
            }
            Self::Postgres(hearing) => {
                hearing.closed.store(true, Ordering::Release);
                let task = locked(&hearing.task).take();
                if let Some(task) = task {
                    task.abort();
                    let _ = task.await;
                }
            }
        }
    }
}

fn data_version(connection: &Connection) -> Option<u64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").ok()?;
    let version: i64 = statement.query_row([], |row| row.get(0)).ok()?;
    u64::try_from(version).ok()
}

/// Tells the other nodes, once the transaction commits, that what caches hold may have changed. On SQLite every commit
/// tells by itself.
pub(super) async fn announce(tx: &mut Tx) -> Result<()> {
    if tx.is_postgres() { execute!(tx, NOTIFY).map(|_| ()) } else { Ok(()) }
}

fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn listen(pool: PgPool, hearing: Arc<Hearing>) {
    while !hearing.closed.load(Ordering::Acquire) {
        if let Err(error) = listen_once(&pool, &hearing).await {
            tracing::warn!(%error, "the database's notifications are not heard: caches are passed by");
        }
        *locked(&hearing.fresh_until) = None;
        tokio::time::sleep(BEAT).await;
    }
}

async fn listen_once(pool: &PgPool, hearing: &Hearing) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Whatever happened while nobody listened.
    hearing.changes.fetch_add(1, Ordering::AcqRel);
    loop {
        tokio::select! {
            heard = listener.try_recv() => match heard? {
                None => return Ok(()),
                Some(message) => {
                    if message.payload() != "beat" {
                        hearing.changes.fetch_add(1, Ordering::AcqRel);
                    }
                    *locked(&hearing.fresh_until) = Some(Instant::now() + LATE);
                }
            },
            _ = beat.tick() => {
                sqlx::query(BEAT_NOTIFY).execute(pool).await?;
            }
        }
    }
}
