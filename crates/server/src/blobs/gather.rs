//! Bytes of uploads that may be resumed, on their way to becoming a blob. In a folder one part grows, and at the end the
//! blob is another name of it; in a bucket each step becomes a part, and at the end they are read into the blob.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use reelshelf_domain::{AssetHash, BlobId, ByteRange, ByteSize, ClientId, Clock, Error, Result, Resumption};
use rustix::fs::{Advice, FlockOperation, fadvise, flock};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use super::disk::Room;
use super::fill::{AHEAD, PIECE};
use super::look::{Seen, look};
use super::{BlobKey, Blobs, Fill, Kept, Place, blocking};
use crate::store::Part;

/// The bytes of one transfer, after those that came before it.
pub struct Gathering {
    blobs: Blobs,
    client: ClientId,
    form: Form,
    /// Where the bytes begin that are not durable yet.
    secured: u64,
}

enum Form {
    Grows(BlobId, Growing),
    /// With how many bytes it holds.
    Steps(Fill, u64),
}

impl Blobs {
    /// Whether an upload gathers in one part that grows.
    pub const fn parts_grow(&self) -> bool {
        matches!(self.place, Place::Local(_))
    }

    /// Goes on with an upload behind the bytes that are durable. `part` is the one that grows.
    pub async fn gather(&self, client: ClientId, part: Option<BlobId>, at: ByteSize) -> Result<Gathering> {
        self.disk.check().await?;
        let form = match (&self.place, part) {
            (Place::Local(local), Some(part)) => {
                let place = local.place(BlobKey::Part(client, part));
                Form::Grows(part, Growing::open(place, at.get(), self.scratch.room()).await?)
            }
            (Place::Local(_), None) => return Err(Error::inconsistent("an upload in a folder without its part")),
            (Place::Remote(_), _) => Form::Steps(self.scratch.fill(), 0),
        };
        Ok(Gathering { blobs: self.clone(), client, form, secured: at.get() })
    }
}

impl Gathering {
    /// Where the next byte belongs. What was to be written and could not be is gone, and is not counted.
    pub fn at(&self) -> ByteSize {
        ByteSize::new(match &self.form {
            Form::Grows(_, growing) => growing.end(),
            Form::Steps(_, loose) => self.secured + loose,
        })
    }

    /// How many bytes are not durable yet.
    pub fn loose(&self) -> u64 {
        self.at().get() - self.secured
    }

    /// Adds bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.form {
            Form::Grows(_, growing) => growing.write(bytes).await,
            Form::Steps(fill, loose) => {
                fill.write(bytes).await?;
                *loose += bytes.len() as u64;
                Ok(())
            }
        }
    }

    /// Makes everything durable, and says which part ends with it: the one that grows, or a new one of this name.
    pub async fn secure(&mut self, new: BlobId) -> Result<Part> {
        let part = match &mut self.form {
            Form::Grows(part, growing) => {
                growing.sync().await?;
                Part { id: *part, begins: ByteSize::ZERO, size: ByteSize::new(growing.end()) }
            }
            Form::Steps(fill, loose) => {
                let (step, size) = (std::mem::replace(fill, self.blobs.scratch.fill()), std::mem::take(loose));
                self.blobs.commit(BlobKey::Part(self.client, new), step.finish().await?).await?;
                Part { id: new, begins: ByteSize::new(self.secured), size: ByteSize::new(size) }
            }
        };
        self.secured = part.begins.get() + part.size.get();
        Ok(part)
    }

    /// Makes all bytes of the upload, those of its earlier parts included, durable as a blob. It gets its name when they
    /// are together: an object without a row is taken for an orphan some time after it was named.
    pub async fn keep(self, earlier: &[Part], name: impl Fn() -> Result<BlobKey>) -> Result<(BlobKey, Kept)> {
        let whole = match self.form {
            Form::Grows(_, growing) => {
                let (growing, hash, seen) = growing.digest().await?;
                let (key, size) = (name()?, ByteSize::new(growing.size));
                let Place::Local(local) = &self.blobs.place else {
                    return Err(Error::inconsistent("a part that grows in a bucket"));
                };
                return growing.link(local.place(key), local.clock()).await.map(|()| (key, Kept { size, hash, seen }));
            }
            Form::Steps(last, _) if earlier.is_empty() => last,
            Form::Steps(last, _) => self.blobs.join(self.client, earlier, last).await?,
        };
        let key = name()?;
        self.blobs.keep(key, whole).await.map(|kept| (key, kept))
    }
}

impl Blobs {
    /// One scratch file of all parts, and of the last bytes, which became none.
    async fn join(&self, client: ClientId, earlier: &[Part], last: Fill) -> Result<Fill> {
        let mut whole = self.fill().await?;
        for part in earlier {
            self.append(&mut whole, client, *part).await?;
        }
        let (last, doing) = (last.finish().await?, "reading a scratch file");
        let file = tokio::fs::File::open(last.path()).await.map_err(|error| Error::internal(doing, error))?;
        let mut pieces = ReaderStream::with_capacity(file, PIECE);
        while let Some(piece) = pieces.try_next().await.map_err(|error| Error::internal(doing, error))? {
            whole.write(&piece).await?;
        }
        Ok(whole)
    }

    async fn append(&self, whole: &mut Fill, client: ClientId, part: Part) -> Result<()> {
        let missing = || Error::inconsistent("a part of an upload is not there");
        let range = ByteRange::whole(part.size.get()).ok_or_else(missing)?;
        let mut pieces = self.read(BlobKey::Part(client, part.id), range).await?.ok_or_else(missing)?;
        let mut size = 0;
        while let Some(piece) = pieces.try_next().await.map_err(|error| Error::internal("reading a part", error))? {
            size += piece.len() as u64;
            whole.write(&piece).await?;
        }
        if size == part.size.get() { Ok(()) } else { Err(Error::inconsistent("a part of an upload is cut off")) }
    }
}

/// A part in a folder that grows. Whoever has it open holds a lock on it, so that no two write to it.
struct Growing {
    file: Arc<File>,
    path: PathBuf,
    gathered: Vec<u8>,
    /// How much is written.
    size: u64,
    /// How much of it the disk was told to begin with.
    begun: u64,
    room: Room,
}

impl Growing {
    /// Opens a part whose first `at` bytes are durable. What is behind them was never counted, and goes.
    async fn open(path: PathBuf, at: u64, room: Room) -> Result<Self> {
        let opened = blocking("opening a part", move || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
                return if error == rustix::io::Errno::WOULDBLOCK { Ok(None) } else { Err(error.into()) };
            }
            if file.metadata()?.len() < at {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            file.set_len(at)?;
            if at == 0 {
                // It may be new: its name must be as durable as its bytes will be.
                sync_folder(&path)?;
            }
            Ok(Some((file, path)))
        })
        .await?;
        let (file, path) = opened.ok_or(Error::Resumption(Resumption::Locked))?;
        Ok(Self { file: Arc::new(file), path, gathered: Vec::new(), size: at, begun: at, room })
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(PIECE - self.gathered.len()));
            self.gathered.extend_from_slice(now);
            bytes = rest;
            if self.gathered.len() == PIECE {
                self.flush(false).await?;
            }
        }
        Ok(())
    }

    /// Where the next byte belongs.
    fn end(&self) -> u64 {
        self.size + self.gathered.len() as u64
    }

    async fn sync(&mut self) -> Result<()> {
        self.flush(true).await
    }

    /// Writes what is gathered, and makes it durable if that is wanted.
    async fn flush(&mut self, sync: bool) -> Result<()> {
        let (file, piece, at, begun) =
            (Arc::clone(&self.file), std::mem::take(&mut self.gathered), self.size, self.begun);
        let room = self.room.clone();
        let (piece, begun) = blocking("writing a part", move || {
            room.take(piece.len())?;
            file.write_all_at(&piece, at)?;
            let end = at + piece.len() as u64;
            if sync {
                file.sync_data()?;
                return Ok((piece, end));
            }
            match NonZeroU64::new(end - begun) {
                Some(ahead) if ahead.get() >= AHEAD => {
                    // As for scratch files: the disk begins, and nobody waits for it.
                    let _ = fadvise(&*file, begun, Some(ahead), Advice::DontNeed);
                    Ok((piece, end))
                }
                _ => Ok((piece, begun)),
            }
        })
        .await?;
        self.size += piece.len() as u64;
        self.gathered = piece;
        self.gathered.clear();
        self.begun = begun;
        Ok(())
    }

    /// Makes everything durable, and reads it once for its hash and for what can be seen of it.
    async fn digest(mut self) -> Result<(Self, AssetHash, Seen)> {
        self.flush(true).await?;
        blocking("reading a part", move || {
            self.file.sync_all()?;
            let (hash, head) = digest(&self.file, self.size)?;
            let seen = look(&self.file, self.size, &head)?;
            Ok((self, hash, seen))
        })
        .await
    }

    /// Gives it the name of a blob too. The part keeps its own until the collector takes it: the upload could still go
    /// on, were the commit to fail.
    async fn link(self, place: PathBuf, clock: Arc<dyn Clock>) -> Result<()> {
        blocking("naming a blob", move || {
            self.file.set_modified(clock.now().to_system_time())?;
            match std::fs::hard_link(&self.path, &place) {
                // Not every file system has a second name for a file.
                Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
                    std::fs::rename(&self.path, &place)?;
                }
                linked => linked?,
            }
            sync_folder(&place)
        })
        .await
    }
}

fn digest(file: &File, size: u64) -> std::io::Result<(AssetHash, Vec<u8>)> {
    let (mut hasher, mut head, mut at) = (Sha256::new(), Vec::new(), 0);
    let mut piece = vec![0; PIECE];
    while at < size {
        let read = match file.read_at(&mut piece, at) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        let wanted = reelshelf_media::HEAD_BYTES.saturating_sub(head.len());
        head.extend_from_slice(&piece[..read.min(wanted)]);
        hasher.update(&piece[..read]);
        at += read as u64;
    }
    Ok((AssetHash::from_bytes(hasher.finalize().into()), head))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
