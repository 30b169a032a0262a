//! A folder on disk. A file is made durable before it is named, and its name before anybody refers to it.

use std::fs::{DirEntry, File};
use std::io::{ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use reelshelf_domain::{ByteRange, Clock, Error, Result, UnixMillis};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::{BlobKey, ByteStream, Fill, Filled, Kept, Listed, MARK, blocking};

/// How much is read at a time.
const PIECE: usize = 128 * 1024;

#[derive(Clone)]
pub(super) struct Local {
    root: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Local {
    /// Opens the folder, and makes the folders of all shards, so that no upload has to.
    pub(super) async fn open(root: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let root = root.to_owned();
        let at = root.clone();
        blocking("opening the folder of the blobs", move || {
            let mut kinds = std::collections::BTreeSet::new();
            for shard in 0..=u8::MAX {
                for folder in BlobKey::folders(shard) {
                    let folder = at.join(folder);
                    std::fs::create_dir_all(&folder)?;
                    kinds.extend(folder.parent().map(Path::to_owned));
                }
            }
            kinds.iter().chain([&at]).try_for_each(|folder| File::open(folder)?.sync_all())
        })
        .await?;
        Ok(Self { root, clock })
    }

    /// Whose the place is: of the one who asked first.
    pub(super) async fn mark(&self, installation: &str) -> Result<String> {
        let (root, own) = (self.root.clone(), installation.to_owned());
        blocking("marking the folder of the blobs", move || {
            let mark = root.join(MARK);
            match std::fs::read_to_string(&mark) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => return found,
            }
            let half = root.join(format!("{MARK}.{}", std::process::id()));
            std::fs::write(&half, &own)?;
            File::open(&half)?.sync_all()?;
            // Unlike a rename, a link leaves a mark that came meanwhile as it is.
            let linked = std::fs::hard_link(&half, &mark);
            std::fs::remove_file(&half)?;
            match linked {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => File::open(&root)?.sync_all()?,
            }
            std::fs::read_to_string(&mark)
        })
        .await
    }

    pub(super) fn place(&self, key: BlobKey) -> PathBuf {
        self.root.join(key.name())
    }

    pub(super) async fn commit(&self, key: BlobKey, filled: Filled) -> Result<()> {
        let (place, clock) = (self.place(key), Arc::clone(&self.clock));
        blocking("making a file durable", move || make_durable(filled, &place, clock.as_ref())).await
    }

    pub(super) async fn keep(&self, key: BlobKey, fill: Fill) -> Result<Kept> {
        let (place, clock) = (self.place(key), Arc::clone(&self.clock));
        fill.finish_with(move |mut filled| {
            let kept = filled.look()?;
            make_durable(filled, &place, clock.as_ref()).map(|()| kept)
        })
        .await
    }

    pub(super) async fn read(&self, key: BlobKey, range: ByteRange) -> Result<Option<ByteStream>> {
        let place = self.place(key);
        let opened = tokio::task::spawn_blocking(move || {
            let mut file = File::open(place)?;
            if range.start() > 0 {
                file.seek(SeekFrom::Start(range.start()))?;
            }
            Ok(file)
        });
        let opened = opened.await.map_err(|error| Error::internal("opening a blob", error))?;
        let file: File = match opened {
            Err(error) => return absent(error),
            Ok(file) => file,
        };
        let part = tokio::fs::File::from_std(file).take(range.len());
        Ok(Some(ReaderStream::with_capacity(part, PIECE).boxed()))
    }

    pub(super) async fn size(&self, key: BlobKey) -> Result<Option<u64>> {
        match tokio::fs::metadata(self.place(key)).await {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) => absent(error),
        }
    }

    /// The time of the clock, for a file that is about to be named.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(super) async fn list(&self, shard: u8) -> Result<(Vec<Listed>, Vec<String>)> {
        let root = self.root.clone();
        blocking("listing blobs", move || {
            let (mut objects, mut strangers) = (Vec::new(), Vec::new());
            for folder in BlobKey::folders(shard) {
                for entry in std::fs::read_dir(root.join(&folder))? {
                    let entry = entry?;
                    let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                    match BlobKey::parse(&name) {
                        Some(key) => objects.extend(listed(key, &entry)?),
                        None => strangers.push(name),
                    }
                }
            }
            Ok((objects, strangers))
        })
        .await
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let found = tokio::fs::metadata(&self.root).await;
        found.map(|_| ()).map_err(|error| Error::internal("looking at the folder of the blobs", error))
    }

    pub(super) async fn delete(&self, key: BlobKey) -> Result<()> {
        match tokio::fs::remove_file(self.place(key)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::internal("deleting a blob", error)),
            _ => Ok(()),
        }
    }
}

/// An object with its time, unless it was deleted meanwhile.
fn listed(key: BlobKey, entry: &DirEntry) -> std::io::Result<Option<Listed>> {
    match entry.metadata() {
        Ok(metadata) => Ok(Some(Listed { key, modified: UnixMillis::from(metadata.modified()?) })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes first, which may take long, then the time, then the name.
fn make_durable(mut filled: Filled, place: &Path, clock: &dyn Clock) -> std::io::Result<()> {
    let (file, scratch) = filled.sync()?;
    file.set_modified(clock.now().to_system_time())?;
    std::fs::rename(scratch, place)?;
    match place.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn absent<T>(error: std::io::Error) -> Result<Option<T>> {
    if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(Error::internal("reading a blob", error)) }
}
