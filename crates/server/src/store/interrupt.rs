//! Reads that end when their caller goes away. Dropping a future does not stop a scan that SQLite or PostgreSQL is in
//! the middle of; this does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reelshelf_domain::Result;

use super::db::{Conn, Db, Tx, failed};

/// How many of SQLite's virtual machine instructions pass between two looks at the flag: well below a millisecond.
const STEPS: i32 = 1000;

const BACKEND: &str = "SELECT pg_backend_pid()";
const CANCEL: &str = "SELECT pg_cancel_backend($1)";

#[cfg(test)]
pub(super) const POSTGRES_STATEMENTS: &[&str] = &[BACKEND, CANCEL];

/// A connection whose statement is stopped when this is dropped before its end.
pub(super) struct Interruptible {
    tx: Option<Tx>,
    stop: Stop,
}

enum Stop {
    /// SQLite looks at this flag while it runs.
    Flag(Arc<AtomicBool>),
    /// PostgreSQL is told through another connection.
    Backend(Db, i32),
}

impl Interruptible {
    pub(super) async fn begin(db: &Db) -> Result<Self> {
        let mut tx = db.read().await?;
        let stop = match tx.uncounted() {
            Conn::Sqlite(conn) => {
                let flag = Arc::new(AtomicBool::new(false));
                let seen = Arc::clone(&flag);
                let mut handle = conn.lock_handle().await.map_err(failed)?;
                handle.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
                Stop::Flag(flag)
            }
            Conn::Postgres(conn) => {
                let (backend,): (i32,) = sqlx::query_as(BACKEND).fetch_one(conn).await.map_err(failed)?;
                Stop::Backend(db.clone(), backend)
            }
        };
        Ok(Self { tx: Some(tx), stop })
    }

    /// The connection.
    pub(super) fn get(&mut self) -> &mut Tx {
        self.tx.as_mut().unwrap_or_else(|| unreachable!("the connection is taken only by `end` and `drop`"))
    }

    /// The read is over: the connection goes back as it was.
    pub(super) async fn end(mut self) -> Result<()> {
        let Some(mut tx) = self.tx.take() else { return Ok(()) };
        if let Conn::Sqlite(conn) = tx.uncounted() {
            conn.lock_handle().await.map_err(failed)?.remove_progress_handler();
        }
        Ok(())
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        let Some(mut tx) = self.tx.take() else { return };
        match &self.stop {
            Stop::Flag(flag) => {
                flag.store(true, Ordering::Relaxed);
                tokio::spawn(async move {
                    // Waits for the statement to have stopped, so that the connection goes back as it was.
                    if let Conn::Sqlite(conn) = tx.uncounted()
                        && let Ok(mut handle) = conn.lock_handle().await
                    {
                        handle.remove_progress_handler();
                    }
                });
            }
            Stop::Backend(db, backend) => {
                let (db, backend) = (db.clone(), *backend);
                tokio::spawn(async move {
                    let Some(pool) = db.postgres() else { return };
                    if let Err(error) = sqlx::query(CANCEL).bind(backend).execute(pool).await {
                        tracing::warn!(%error, "a search that nobody waits for could not be cancelled");
                    }
                    drop(tx);
                });
            }
        }
    }
}
