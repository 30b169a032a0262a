//! Scratch files: bytes on their way in, hashed in the pass that writes them. The disk is the buffer; memory is constant.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reelshelf_domain::{AssetHash, ByteSize, Denial, Error, Result};
use reelshelf_media::ReadAt;
use rustix::fs::{Advice, FlockOperation, fadvise, flock};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::blocking;
use super::disk::Room;
use super::look::{Seen, look};

/// How much is gathered before a thread hashes and writes it, while the next piece gathers.
pub(super) const PIECE: usize = 256 * 1024;

/// How much is written before the disk is told to begin with it: what it has at the end of the upload, nobody waits for.
pub(super) const AHEAD: u64 = 8 * 1024 * 1024;

/// The scratch folder of this process. Each process has its own and holds a lock in it; a folder whose lock nobody
/// holds was left by a process that is gone, and is cleared at the next start of any.
#[derive(Clone)]
pub struct Scratch {
    root: PathBuf,
    own: Arc<Own>,
    fate: Fate,
    room: Room,
}

/// What becomes of scratch files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are made durable where they are, and renamed.
    Kept,
    /// They are read once more and deleted: the disk need not ever see them.
    Sent,
}

struct Own {
    folder: PathBuf,
    next: AtomicU64,
    _lock: File,
}

impl Scratch {
    pub(super) async fn open(place: PathBuf, fate: Fate, room: Room) -> Result<Self> {
        let at = place.clone();
        let (folder, lock) = blocking("opening the scratch folder", move || {
            std::fs::create_dir_all(&at)?;
            // One process at a time: between a folder and its lock it would look abandoned.
            let _turn = take_turn(&at)?;
            clear_abandoned(&at)?;
            claim(&at)
        })
        .await?;
        Ok(Self { root: place, own: Arc::new(Own { folder, next: AtomicU64::new(0), _lock: lock }), fate, room })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.own.folder
    }

    pub(super) fn room(&self) -> Room {
        self.room.clone()
    }

    pub(super) fn fill(&self) -> Fill {
        let number = self.own.next.fetch_add(1, Ordering::Relaxed);
        let path = ScratchPath(self.own.folder.join(number.to_string()));
        let (hasher, head) = (Sha256::new(), Vec::new());
        let (fate, room) = (self.fate, self.room.clone());
        let sink = Sink { file: None, path, hasher, size: 0, begun: 0, head, fate, room };
        Fill { gathered: Vec::new(), spare: Vec::new(), sink: Turn::Here(Box::new(sink)), expected: None }
    }

    pub(super) async fn count(&self) -> Result<usize> {
        let root = self.root.clone();
        blocking("counting scratch files", move || {
            let mut count = 0;
            // Nobody clears a folder away while it is being counted.
            let _turn = take_turn(&root)?;
            for folder in std::fs::read_dir(&root)? {
                count += std::fs::read_dir(folder?.path())?.count().saturating_sub(1);
            }
            Ok(count)
        })
        .await
    }
}

fn take_turn(root: &Path) -> std::io::Result<File> {
    let turn = File::open(root)?;
    flock(&turn, FlockOperation::LockExclusive)?;
    Ok(turn)
}

fn claim(root: &Path) -> std::io::Result<(PathBuf, File)> {
    for number in 0_u32.. {
        let folder = root.join(number.to_string());
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            created => created?,
        }
        // A process that starts at the same moment may take the folder for abandoned until its lock is held.
        let lock = match OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened?,
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() || !is_at(&lock, &folder.join("lock"))? {
            continue;
        }
        return Ok((folder, lock));
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Whether a path still leads to this open file.
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    match std::fs::metadata(path) {
        Ok(there) => Ok(there.ino() == file.metadata()?.ino()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn clear_abandoned(root: &Path) -> std::io::Result<()> {
    for folder in std::fs::read_dir(root)? {
        let folder = folder?.path();
        let held = match File::open(folder.join("lock")) {
            Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err(),
            // A process that died between making the folder and its lock.
            Err(_) => false,
        };
        if !held {
            match std::fs::remove_dir_all(folder) {
                // Somebody else is clearing too.
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A scratch file's place. The file goes when this goes, unless it was renamed away.
#[derive(Debug)]
struct ScratchPath(PathBuf);

impl Drop for ScratchPath {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, "a scratch file could not be removed");
            }
            _ => {}
        }
    }
}

/// A scratch file that is being filled.
pub struct Fill {
    gathered: Vec<u8>,
    spare: Vec<u8>,
    sink: Turn,
    expected: Option<AssetHash>,
}

/// Who has the file: this task, or the thread that writes to it.
enum Turn {
    Here(Box<Sink>),
    Away(JoinHandle<std::io::Result<(Box<Sink>, Vec<u8>)>>),
    Lost,
}

struct Sink {
    file: Option<File>,
    path: ScratchPath,
    hasher: Sha256,
    size: u64,
    /// How much of it the disk was told to begin with.
    begun: u64,
    head: Vec<u8>,
    fate: Fate,
    room: Room,
}

impl Sink {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().read(true).write(true).create_new(true).open(&self.path.0)?),
        };
        self.room.take(piece.len())?;
        file.write_all(piece)?;
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        let ahead = self.size - self.begun;
        if self.fate == Fate::Kept && ahead >= AHEAD {
            // Linux begins to write back what is dirty, and does not wait for it. Advice that is not taken does no harm.
            let _ = fadvise(&*file, self.begun, NonZeroU64::new(ahead), Advice::DontNeed);
            self.begun = self.size;
        }
        let wanted = reelshelf_media::HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(&piece[..piece.len().min(wanted)]);
        Ok(())
    }
}

impl Fill {
    /// It is to hold exactly the bytes with this hash: others are refused before they are made durable.
    #[must_use]
    pub fn expecting(mut self, hash: Option<AssetHash>) -> Self {
        self.expected = hash;
        self
    }

    /// Adds bytes. At most two pieces are in memory: one gathering, one being written.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(PIECE - self.gathered.len()));
            self.gathered.extend_from_slice(now);
            bytes = rest;
            if self.gathered.len() == PIECE {
                self.send_off().await?;
            }
        }
        Ok(())
    }

    /// Everything is here: its size, its hash and its first bytes.
    pub async fn finish(self) -> Result<Filled> {
        self.finish_with(Ok).await
    }

    /// Everything is here, and the thread that writes the last of it does what comes then.
    pub(super) async fn finish_with<T: Send + 'static>(
        mut self,
        then: impl FnOnce(Filled) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut sink = self.sink().await?;
        let (piece, expected) = (std::mem::take(&mut self.gathered), self.expected);
        let done = blocking("writing a scratch file", move || {
            // Also for an empty file, which must exist.
            sink.write(&piece)?;
            let filled = Filled {
                size: ByteSize::new(sink.size),
                hash: AssetHash::from_bytes(sink.hasher.finalize().into()),
                head: sink.head,
                file: sink.file,
                path: sink.path,
            };
            if expected.is_some_and(|expected| expected != filled.hash) {
                return Ok(None);
            }
            then(filled).map(Some)
        });
        done.await?.ok_or(Error::Denied(Denial::OtherHash))
    }

    async fn send_off(&mut self) -> Result<()> {
        let mut sink = self.sink().await?;
        let spare = std::mem::take(&mut self.spare);
        let piece = std::mem::replace(&mut self.gathered, spare);
        self.sink = Turn::Away(tokio::task::spawn_blocking(move || {
            sink.write(&piece)?;
            Ok((sink, piece))
        }));
        Ok(())
    }

    /// Waits until the file is back.
    async fn sink(&mut self) -> Result<Box<Sink>> {
        match std::mem::replace(&mut self.sink, Turn::Lost) {
            Turn::Here(sink) => Ok(sink),
            Turn::Lost => Err(Error::inconsistent("a scratch file was used after it failed")),
            Turn::Away(writing) => match writing.await {
                Ok(Ok((sink, mut piece))) => {
                    piece.clear();
                    self.spare = piece;
                    Ok(sink)
                }
                Ok(Err(error)) if error.kind() == ErrorKind::StorageFull => Err(Error::DiskFull),
                Ok(Err(error)) => Err(Error::internal("writing a scratch file", error)),
                Err(error) => Err(Error::internal("writing a scratch file", error)),
            },
        }
    }
}

/// A scratch file that is complete. It is not durable yet.
pub struct Filled {
    /// How many bytes.
    pub size: ByteSize,
    /// Which bytes.
    pub hash: AssetHash,
    /// The first of them, enough to tell what they are.
    pub head: Vec<u8>,
    file: Option<File>,
    path: ScratchPath,
}

/// What is known of bytes that are durable.
pub struct Kept {
    /// How many bytes.
    pub size: ByteSize,
    /// Which bytes.
    pub hash: AssetHash,
    /// What was seen of them.
    pub seen: Seen,
}

impl Filled {
    /// What will be known of it once it is durable.
    pub(super) fn look(&mut self) -> std::io::Result<Kept> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path.0)?),
        };
        let seen = look(file, self.size.get(), &self.head)?;
        Ok(Kept { size: self.size, hash: self.hash, seen })
    }

    /// The bytes where they are. They go with what this gives.
    pub(super) fn readable(self) -> Readable {
        Readable { path: self.path.0.clone(), _scratch: Some(self.path) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path.0
    }

    /// Lets go of the open file: this one waits, and there may be many.
    pub fn park(&mut self) {
        self.file = None;
    }

    /// Lets the bytes be read where they are. They go with the reader.
    pub async fn reader(self) -> Result<ScratchReader> {
        let path = self.path;
        blocking("opening a scratch file", move || Ok(ScratchReader { file: File::open(&path.0)?, _path: path })).await
    }

    /// Makes the bytes durable under the scratch name, and gives the file and that name.
    pub(super) fn sync(&mut self) -> std::io::Result<(File, &Path)> {
        let file = match self.file.take() {
            Some(file) => file,
            // What is made durable is the file, whoever wrote to it.
            None => File::open(&self.path.0)?,
        };
        file.sync_all()?;
        Ok((file, &self.path.0))
    }
}

/// Bytes that can be read as a file of this machine, as long as this is there.
pub struct Readable {
    path: PathBuf,
    _scratch: Option<ScratchPath>,
}

impl Readable {
    /// What is at a path.
    pub(super) const fn at(path: PathBuf) -> Self {
        Self { path, _scratch: None }
    }

    /// The file from its beginning.
    pub fn open(&self) -> std::io::Result<File> {
        File::open(&self.path)
    }
}

/// A scratch file that is read.
pub struct ScratchReader {
    file: File,
    _path: ScratchPath,
}

impl ReadAt for ScratchReader {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<()> {
        ReadAt::read_exact_at(&self.file, buffer, at)
    }
}
