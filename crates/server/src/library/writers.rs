//! Which uploads this process is writing to. The newest transfer wins: whoever had the upload is told to leave, and the
//! newcomer waits until he has. So a client that comes back is never kept out by its own dead connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelshelf_domain::{Error, Result, Resumption, UploadId};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// The transfers of resumable uploads under way.
#[derive(Clone, Default)]
pub struct Writers(Arc<Mutex<HashMap<UploadId, Tokens>>>);

#[derive(Clone)]
struct Tokens {
    leave: CancellationToken,
    left: CancellationToken,
}

/// A transfer's place at its upload, until it is dropped.
pub(super) struct Seat {
    writers: Writers,
    upload: UploadId,
    tokens: Tokens,
}

impl Writers {
    /// Takes the place at an upload, from somebody else if need be.
    pub(super) async fn enter(&self, upload: UploadId, patience: Duration) -> Result<Seat> {
        let deadline = Instant::now() + patience;
        loop {
            let older = match self.claim(upload) {
                Ok(seat) => return Ok(seat),
                Err(older) => older,
            };
            older.leave.cancel();
            let left = timeout_at(deadline, older.left.cancelled()).await;
            left.map_err(|_| Error::Resumption(Resumption::Locked))?;
        }
    }

    fn claim(&self, upload: UploadId) -> std::result::Result<Seat, Tokens> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(older) = taken.get(&upload) {
            return Err(older.clone());
        }
        let tokens = Tokens { leave: CancellationToken::new(), left: CancellationToken::new() };
        taken.insert(upload, tokens.clone());
        Ok(Seat { writers: self.clone(), upload, tokens })
    }
}

impl Seat {
    /// Returns when somebody else wants the place.
    pub(super) async fn wanted(&self) {
        self.tokens.leave.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.writers.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
        self.tokens.left.cancel();
    }
}

#[cfg(test)]
mod tests {
    use reelshelf_domain::{SeededChance, UnixMillis};

    use super::*;

    #[tokio::test]
    async fn the_newest_wins_once_the_older_has_left() {
        let upload = UploadId::generate(UnixMillis::new(1), &SeededChance::new(1)).unwrap();
        let writers = Writers::default();
        let older = writers.enter(upload, Duration::from_mins(1)).await.unwrap();
        let refused = writers.enter(upload, Duration::ZERO).await;
        assert!(matches!(refused, Err(Error::Resumption(Resumption::Locked))), "it has not left yet");
        let leaving = async {
            older.wanted().await;
            drop(older);
        };
        let (newer, ()) = tokio::join!(writers.enter(upload, Duration::from_mins(1)), leaving);
        drop(newer.unwrap());
        assert!(writers.0.lock().unwrap().is_empty());
    }
}
