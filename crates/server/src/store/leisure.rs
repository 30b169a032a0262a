//! Reads that may take long. They keep no other request from its turn, and end when their caller goes away: dropping a
//! future does not stop a scan that SQLite or PostgreSQL is in the middle of; this does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reelshelf_domain::{Error, Result};
use rusqlite::Connection;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

use super::readers::Reader;
use super::{db, sqlite};

/// How many of SQLite's virtual machine instructions pass between two looks at whether anybody waits: well below a
/// millisecond.
const STEPS: i32 = 1000;

const BACKEND: &str = "SELECT pg_backend_pid()";
const CANCEL: &str = "SELECT pg_cancel_backend($1)";

#[cfg(test)]
pub(super) const POSTGRES_STATEMENTS: &[&str] = &[BACKEND, CANCEL];

/// A reader of SQLite whose statements run on a thread that may wait.
pub(super) struct SqliteLeisure {
    reader: Option<Reader>,
    given_up: Arc<AtomicBool>,
}

impl SqliteLeisure {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader: Some(reader), given_up: Arc::default() }
    }

    /// Runs a statement.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reader = self.reader.take().ok_or(Error::Unavailable("the database"))?;
        let given_up = Arc::clone(&self.given_up);
        let reading = tokio::task::spawn_blocking(move || {
            let done = watched(&reader, given_up, work);
            (reader, done)
        });
        let (reader, done) = reading.await.map_err(|error| Error::internal("reading the database", error))?;
        self.reader = Some(reader);
        done
    }
}

impl Drop for SqliteLeisure {
    fn drop(&mut self) {
        // The reader goes back by itself when its statement has stopped.
        self.given_up.store(true, Ordering::Relaxed);
    }
}

fn watched<T>(
    connection: &Connection,
    given_up: Arc<AtomicBool>,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let stop = Some(move || given_up.load(Ordering::Relaxed));
    connection.progress_handler(STEPS, stop).map_err(sqlite::failed)?;
    let done = work(connection);
    connection.progress_handler(STEPS, None::<fn() -> bool>).map_err(sqlite::failed)?;
    done
}

/// A connection to PostgreSQL that is told, through another, when nobody waits for its statement any more.
pub(super) struct PostgresLeisure {
    connection: Option<PoolConnection<Postgres>>,
    backend: i32,
    pool: PgPool,
}

impl PostgresLeisure {
    pub(super) async fn begin(pool: &PgPool) -> Result<Self> {
        let mut connection = pool.acquire().await.map_err(db::failed)?;
        let (backend,): (i32,) = sqlx::query_as(BACKEND).fetch_one(&mut *connection).await.map_err(db::failed)?;
        Ok(Self { connection: Some(connection), backend, pool: pool.clone() })
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().unwrap_or_else(|| unreachable!("the connection is taken only by `end` and `drop`"))
    }

    /// The read is over: there is nothing to stop.
    pub(super) fn end(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for PostgresLeisure {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let (pool, backend) = (self.pool.clone(), self.backend);
        tokio::spawn(async move {
            if let Err(error) = sqlx::query(CANCEL).bind(backend).execute(&pool).await {
                tracing::warn!(%error, "a read that nobody waits for could not be cancelled");
            }
            // Not before: who has it next must not be cancelled in its place.
            drop(connection);
        });
    }
}
