use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelshelf_domain::{ByteSize, Error, Result};
use tokio::time::Instant;

use super::blocking;

/// How old an answer of the file system may be.
const FRESH: Duration = Duration::from_secs(1);

/// How much of the disk is free, and how much must stay so.
#[derive(Clone)]
pub struct FreeDisk {
    folder: PathBuf,
    floor: ByteSize,
    last: Arc<Mutex<Option<(Instant, u64)>>>,
}

impl FreeDisk {
    pub(super) fn of(folder: &Path, floor: ByteSize) -> Self {
        Self { folder: folder.to_owned(), floor, last: Arc::new(Mutex::new(None)) }
    }

    /// Fails when less is free than must stay so.
    pub(super) async fn check(&self) -> Result<()> {
        if self.floor == ByteSize::ZERO || self.free().await? >= self.floor.get() {
            Ok(())
        } else {
            Err(Error::DiskFull)
        }
    }

    /// How many bytes are free; a second old at most.
    pub(super) async fn free(&self) -> Result<u64> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, free)) = last
            && at.elapsed() < FRESH
        {
            return Ok(free);
        }
        let folder = self.folder.clone();
        let free = blocking("asking for the free disk", move || {
            let stat = rustix::fs::statvfs(&folder)?;
            Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
        })
        .await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), free));
        Ok(free)
    }
}
