//! Bytes: committed once, never changed, deleted by the collector alone.

mod collect;
mod disk;
mod fill;
mod gather;
mod key;
mod local;
mod look;
#[cfg(test)]
mod patience;
mod remote;
#[cfg(test)]
mod suite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use reelshelf_domain::{AssetHash, ByteRange, ByteSize, Clock, Error, Result, UnixMillis};

use crate::config::{BlobSettings, ServerSettings};

pub use collect::{collect, sweep_orphans};
pub use disk::{FreeDisk, Room};
pub use fill::{Fill, Filled, Kept, Readable, Scratch, ScratchReader};
pub use gather::Gathering;
pub use key::{BlobKey, SHARDS};
pub use look::Seen;

use fill::Fate;
use local::Local;
use remote::Remote;

/// The object that says whose the others are.
const MARK: &str = "installation";

/// The bytes of a file, a piece at a time.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Where the bytes are.
#[derive(Clone)]
pub struct Blobs {
    place: Place,
    scratch: Scratch,
    disk: FreeDisk,
}

/// An object as its place lists it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Which object.
    pub key: BlobKey,
    /// Since when it is there, as the place says.
    modified: UnixMillis,
}

impl Listed {
    /// When it began to wait for its row. The name is older than the object where making it durable took long; the place
    /// may have another clock, or say when an upload of parts began: whichever is later.
    fn since(&self) -> UnixMillis {
        self.key.made_at().max(self.modified)
    }
}

#[derive(Clone)]
enum Place {
    Local(Local),
    Remote(Remote),
}

impl Blobs {
    /// Opens the place of the bytes, and clears what processes that are gone left half-written.
    pub async fn open(settings: &BlobSettings, server: &ServerSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let (place, scratch, fate) = match settings.url.strip_prefix("file:") {
            // Scratch files are renamed to their place, so they live on the same file system.
            Some(root) => {
                let local = Local::open(Path::new(root), clock).await?;
                (Place::Local(local), PathBuf::from(root).join("scratch"), Fate::Kept)
            }
            None => (Place::Remote(Remote::open(settings)?), server.data_dir.join("scratch"), Fate::Sent),
        };
        let scratch = Scratch::open(scratch, fate, settings.room.clone()).await?;
        let disk = FreeDisk::of(scratch.folder(), settings.free_disk_floor);
        Ok(Self { place, scratch, disk })
    }

    /// Marks the place as that of an installation, or fails when it is another's: to its database all objects would be
    /// orphans.
    pub async fn belong_to(&self, installation: &str) -> Result<()> {
        let marked = match &self.place {
            Place::Local(local) => local.mark(installation).await?,
            Place::Remote(remote) => remote.mark(installation).await?,
        };
        if marked == installation {
            return Ok(());
        }
        let reason = "holds the files of another database: give this server the database that belongs to them, or another \
                      place for its files";
        Err(Error::invalid("blobs.url", reason))
    }

    /// Whether this process alone can have objects under way, so that any older object without a row is an orphan.
    pub const fn is_local(&self) -> bool {
        matches!(self.place, Place::Local(_))
    }

    /// A file to be filled, unless the disk is too full.
    pub async fn fill(&self) -> Result<Fill> {
        self.disk.check().await?;
        Ok(self.scratch.fill())
    }

    /// Fails when the disk is too full to go on writing.
    pub async fn check_disk(&self) -> Result<()> {
        self.disk.check().await
    }

    /// How many bytes are free where scratch files are, and on one machine everything else.
    pub async fn free_disk(&self) -> Result<u64> {
        self.disk.free().await
    }

    /// Makes the bytes durable under their key. Nobody sees them before a row refers to them.
    pub async fn commit(&self, key: BlobKey, filled: Filled) -> Result<()> {
        match &self.place {
            Place::Local(local) => local.commit(key, filled).await,
            Place::Remote(remote) => remote.commit(key, filled).await,
        }
    }

    /// Makes the bytes of a complete scratch file durable under their key, and says what they are.
    pub async fn keep_filled(&self, key: BlobKey, filled: Filled) -> Result<Kept> {
        let (filled, kept) = look_at(filled).await?;
        self.commit(key, filled).await.map(|()| kept)
    }

    /// Makes everything that a scratch file was filled with durable under its key, in one go where that can be.
    pub async fn keep(&self, key: BlobKey, fill: Fill) -> Result<Kept> {
        match &self.place {
            Place::Local(local) => local.keep(key, fill).await,
            Place::Remote(remote) => {
                let (filled, kept) = look_at(fill.finish().await?).await?;
                remote.commit(key, filled).await.map(|()| kept)
            }
        }
    }

    /// Makes bytes that were made here durable under their key.
    pub async fn keep_made(&self, key: BlobKey, bytes: &[u8]) -> Result<(AssetHash, ByteSize)> {
        let mut fill = self.fill().await?;
        fill.write(bytes).await?;
        let filled = fill.finish().await?;
        let made = (filled.hash, filled.size);
        self.commit(key, filled).await.map(|()| made)
    }

    /// The bytes of an object as a file of this machine; `None` when there is no such object.
    pub async fn file(&self, key: BlobKey) -> Result<Option<Readable>> {
        let Some(size) = self.size(key).await? else { return Ok(None) };
        if let Place::Local(local) = &self.place {
            return Ok(Some(Readable::at(local.place(key))));
        }
        let mut fill = self.fill().await?;
        if let Some(range) = ByteRange::whole(size) {
            let Some(mut bytes) = self.read(key, range).await? else { return Ok(None) };
            while let Some(piece) = bytes.next().await {
                self.disk.check().await?;
                fill.write(&piece.map_err(|error| Error::internal("reading a blob", error))?).await?;
            }
        }
        Ok(Some(fill.finish().await?.readable()))
    }

    /// The bytes of a range; `None` when there is no such object.
    pub async fn read(&self, key: BlobKey, range: ByteRange) -> Result<Option<ByteStream>> {
        match &self.place {
            Place::Local(local) => local.read(key, range).await,
            Place::Remote(remote) => remote.read(key, range).await,
        }
    }

    /// How many bytes an object has; `None` when there is no such object.
    pub async fn size(&self, key: BlobKey) -> Result<Option<u64>> {
        match &self.place {
            Place::Local(local) => local.size(key).await,
            Place::Remote(remote) => remote.size(key).await,
        }
    }

    /// The objects of a shard, and the names in it that are nobody's.
    pub async fn list(&self, shard: u8) -> Result<(Vec<Listed>, Vec<String>)> {
        match &self.place {
            Place::Local(local) => local.list(shard).await,
            Place::Remote(remote) => remote.list(shard).await,
        }
    }

    /// How many half-written files there are now, of any process.
    pub async fn scratch_files(&self) -> Result<usize> {
        self.scratch.count().await
    }

    /// Whether the place answers.
    pub async fn ping(&self) -> Result<()> {
        match &self.place {
            Place::Local(local) => local.ping().await,
            Place::Remote(remote) => remote.ping().await,
        }
    }

    /// Deletes an object. Only the collector calls this; an object that is gone already is deleted.
    async fn delete(&self, key: BlobKey) -> Result<()> {
        match &self.place {
            Place::Local(local) => local.delete(key).await,
            Place::Remote(remote) => remote.delete(key).await,
        }
    }
}

/// What can be seen of a complete scratch file.
async fn look_at(mut filled: Filled) -> Result<(Filled, Kept)> {
    blocking("looking at a scratch file", move || {
        let kept = filled.look()?;
        Ok((filled, kept))
    })
    .await
}

/// Runs what waits for a disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::StorageFull => Err(Error::DiskFull),
        Ok(Err(error)) => Err(Error::internal(doing, error)),
        Err(error) => Err(Error::internal(doing, error)),
    }
}
