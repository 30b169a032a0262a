//! A file ready to be sent: its bytes, its hash, and where it goes.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use reelshelf_domain::{AssetHash, Clock, MediaPath, SystemClock};
use reqwest::Body;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::failure::Failure;
use super::hashes::{Hashes, changed};
use super::progress::Meter;
use super::walk::{LocalFile, Stat};

/// Up to this size a file is sent in one request, from memory.
pub(super) const SMALL: u64 = 8 * 1024 * 1024;
/// Bytes sent at a time.
const PIECE: usize = 256 * 1024;

/// What happens to a file of that name that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overwrite {
    /// Nothing: this one does not go.
    Never,
    /// It is replaced, though none is expected.
    WhenMet,
    /// It is to be replaced.
    Expected,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A file of the person's own, as it was found.
    Own(PathBuf, Stat),
    /// A file of ours.
    Temporary(Arc<NamedTempFile>, u64, AssetHash),
    /// In memory.
    Memory(Bytes, AssetHash),
}

/// A file and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) content: Content,
    /// The name the person gave.
    pub(super) name: String,
    pub(super) target: MediaPath,
    pub(super) overwrite: Overwrite,
    /// Whether the server may hold these bytes under another name.
    pub(super) maybe_held: bool,
}

impl Parcel {
    pub(super) fn own(file: &LocalFile, overwrite: Overwrite, maybe_held: bool) -> Self {
        let content = Content::Own(file.path.clone(), file.stat);
        Self { content, name: file.name(), target: file.target.clone(), overwrite, maybe_held }
    }

    pub(super) fn size(&self) -> u64 {
        match &self.content {
            Content::Own(_, stat) => stat.size,
            Content::Temporary(_, size, _) => *size,
            Content::Memory(bytes, _) => bytes.len() as u64,
        }
    }

    /// The type that the name promises. The server looks at the bytes.
    pub(super) fn content_type(&self) -> String {
        mime_guess::from_path(&self.name).first_raw().unwrap_or("application/octet-stream").to_owned()
    }

    /// Reads what must be known before it is sent.
    pub(super) async fn ready(&self, hashes: &Hashes) -> Result<Ready, Failure> {
        let (path, stat) = match &self.content {
            Content::Memory(bytes, hash) => {
                return Ok(Ready { bytes: Some(bytes.clone()), path: PathBuf::new(), size: self.size(), hash: *hash });
            }
            Content::Temporary(file, size, hash) => {
                return Ok(Ready { bytes: None, path: file.path().to_owned(), size: *size, hash: *hash });
            }
            Content::Own(path, stat) => (path.clone(), *stat),
        };
        let hashes = hashes.clone();
        blocking(move || {
            if stat.size <= SMALL {
                return whole(path, stat, &hashes);
            }
            let hash = hashes.of(&path, stat)?;
            Ok(Ready { bytes: None, path, size: stat.size, hash })
        })
        .await
    }

    /// Whether a file of the person's is still what it was when it was found.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Content::Own(path, stat) = &self.content else { return Ok(()) };
        match std::fs::metadata(path) {
            Ok(metadata) if Stat::of(&metadata) == *stat => Ok(()),
            _ => Err(changed(path)),
        }
    }
}

/// Runs what waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(act).await.map_err(|_| Failure::Interrupted)?
}

fn whole(path: PathBuf, stat: Stat, hashes: &Hashes) -> Result<Ready, Failure> {
    let begun = i128::from(SystemClock.now().get()) * 1_000_000;
    let bytes = std::fs::read(&path).map_err(|error| Failure::file(&path, error))?;
    let after = std::fs::metadata(&path).map_err(|error| Failure::file(&path, error))?;
    if bytes.len() as u64 != stat.size || Stat::of(&after) != stat {
        return Err(changed(&path));
    }
    let hash = hash_of(&bytes);
    hashes.remember(&path, stat, hash, begun);
    Ok(Ready { bytes: Some(bytes.into()), path, size: stat.size, hash })
}

/// The hash of bytes in memory.
pub(super) fn hash_of(bytes: &[u8]) -> AssetHash {
    AssetHash::from_bytes(Sha256::digest(bytes).into())
}

/// Bytes that can be sent as often as it takes.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    bytes: Option<Bytes>,
    path: PathBuf,
    pub(super) size: u64,
    pub(super) hash: AssetHash,
}

impl Ready {
    /// Whether it goes in one request.
    pub(super) const fn is_small(&self) -> bool {
        self.bytes.is_some()
    }

    /// A part of the bytes as a body that moves the meter.
    pub(super) async fn body(&self, from: u64, length: u64, meter: &Meter) -> Result<Body, Failure> {
        meter.set(from);
        let meter = meter.clone();
        if let Some(bytes) = &self.bytes {
            let bytes = bytes.clone();
            let pieces = (0..bytes.len()).step_by(PIECE).map(move |at| {
                let piece = bytes.slice(at..bytes.len().min(at + PIECE));
                meter.add(piece.len() as u64);
                Ok::<_, std::io::Error>(piece)
            });
            return Ok(Body::wrap_stream(futures::stream::iter(pieces)));
        }
        let failed = |error| Failure::file(&self.path, error);
        let mut file = tokio::fs::File::open(&self.path).await.map_err(failed)?;
        file.seek(std::io::SeekFrom::Start(from)).await.map_err(failed)?;
        let pieces = ReaderStream::with_capacity(file.take(length), PIECE);
        Ok(Body::wrap_stream(pieces.inspect_ok(move |piece| meter.add(piece.len() as u64))))
    }
}
