use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reelshelf_domain::{ByteSize, Error, Result};
use tokio::time::Instant;

use super::blocking;

/// How old an answer of the file system may be.
const FRESH: Duration = Duration::from_secs(1);

/// How many more bytes the disk takes: always enough, but where a test makes it full in the middle of something.
#[derive(Clone, Debug)]
pub struct Room(Arc<AtomicU64>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Room {
    /// The disk takes so many bytes from now on.
    pub fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Takes room for bytes that are about to be written, or fails as the disk would.
    pub(super) fn take(&self, bytes: usize) -> std::io::Result<()> {
        let left = |left: u64| left.checked_sub(bytes as u64);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => Ok(()),
            Err(_) => Err(ErrorKind::StorageFull.into()),
        }
    }
}

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
