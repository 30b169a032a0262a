//! The connections that read SQLite.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelshelf_domain::{Error, Result};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::sqlite::Options;

/// A handle on the connections.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    options: Options,
    most: u32,
    patience: Duration,
    turns: Arc<Semaphore>,
    /// Opened when first needed, and kept.
    idle: Mutex<Vec<Connection>>,
}

/// A connection that is lent to one reader. It goes back when this is dropped.
pub(super) struct Reader {
    connection: Option<Connection>,
    home: Arc<Shared>,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    /// At most so many connections; who must wait for one longer than this is told that there is none.
    pub(super) fn new(options: Options, most: u32, patience: Duration) -> Self {
        let turns = Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared { options, most, patience, turns: Arc::new(turns), idle: Mutex::default() }))
    }

    /// A connection of one's own for a while.
    pub(super) async fn lend(&self) -> Result<Reader> {
        let shared = &self.0;
        let turn = match Arc::clone(&shared.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => match tokio::time::timeout(shared.patience, Arc::clone(&shared.turns).acquire_owned()).await {
                Ok(Ok(turn)) => turn,
                _ => return Err(Error::Unavailable("the database")),
            },
        };
        let idle = shared.idle().pop();
        let connection = idle.map_or_else(|| shared.options.reader(), Ok)?;
        Ok(Reader { connection: Some(connection), home: Arc::clone(shared), _turn: turn })
    }

    /// Waits for the readers, and closes the connections.
    pub(super) async fn close(&self) {
        let _all = self.0.turns.acquire_many(self.0.most).await;
        self.0.turns.close();
        self.0.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().unwrap_or_else(|| unreachable!("the connection is taken only by `drop`"))
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().unwrap_or_else(|| unreachable!("the connection is taken only by `drop`"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What a panic left of a connection, nobody knows.
        if !std::thread::panicking() {
            // Before its turn ends, so that the next reader finds it.
            self.home.idle().extend(self.connection.take());
        }
    }
}
