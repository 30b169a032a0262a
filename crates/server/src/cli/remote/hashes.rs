//! Hashes of files here, remembered as long as nothing about a file changes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use reelshelf_domain::{AssetHash, Clock, SystemClock};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::state;
use super::walk::Stat;

/// A file that changed this short a time before it was read may change again without its times showing it: some file
/// systems count in steps of two seconds.
const COARSE: i128 = 2_000_000_000;
/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

#[derive(Clone)]
struct Known {
    stat: Stat,
    hash: AssetHash,
}

/// The hashes of one run, and those remembered of earlier ones. They are kept by folder.
#[derive(Clone, Default)]
pub(super) struct Hashes {
    known: Arc<Mutex<HashMap<PathBuf, Known>>>,
    /// The folder that paths are remembered from, so that it may be named in any way.
    base: PathBuf,
    file: Option<PathBuf>,
    read: Arc<AtomicU64>,
}

impl Hashes {
    /// Those of a folder, or of some paths from it. What cannot be read is hashed again.
    pub(super) fn open(base: &Path, paths: &[PathBuf]) -> Self {
        let whole = base.canonicalize().unwrap_or_else(|_| base.to_owned());
        let parts: Vec<_> = std::iter::once(&whole).chain(paths).map(|path| path.as_os_str().as_bytes()).collect();
        let file = state::cache("hashes").map(|folder| folder.join(format!("{}.txt", state::key(&parts))));
        let text = file.as_deref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let known = text.lines().filter_map(parsed).collect();
        Self { known: Arc::new(Mutex::new(known)), base: base.to_owned(), file, read: Arc::default() }
    }

    fn name<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.base).unwrap_or(path)
    }

    /// How many files were read to be hashed.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The hash of a file as it was found; an error when it has changed since. It reads, and so belongs on a thread
    /// that may wait.
    pub(super) fn of(&self, path: &Path, stat: Stat) -> Result<AssetHash, Failure> {
        let known = self.lock().get(self.name(path)).filter(|known| known.stat == stat).map(|known| known.hash);
        if let Some(hash) = known {
            return Ok(hash);
        }
        let begun = i128::from(SystemClock.now().get()) * 1_000_000;
        let hash = digest(path, stat)?;
        self.read.fetch_add(1, Ordering::Relaxed);
        self.remember(path, stat, hash, begun);
        Ok(hash)
    }

    /// Keeps a hash that was come by otherwise, of a file read at a time in nanoseconds.
    pub(super) fn remember(&self, path: &Path, stat: Stat, hash: AssetHash, read_at: i128) {
        if read_at - stat.modified.max(stat.changed) > COARSE {
            self.lock().insert(self.name(path).to_owned(), Known { stat, hash });
        }
    }

    /// Writes down what is known of these files, and forgets all others.
    pub(super) fn save<'a>(&self, files: impl Iterator<Item = &'a Path>) {
        let Some(file) = &self.file else { return };
        let mut text = String::new();
        let known = self.lock();
        for path in files.map(|path| self.name(path)) {
            let Some(Known { stat, hash }) = known.get(path) else { continue };
            let Stat { size, modified, changed, inode } = stat;
            let path = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
            let _ = writeln!(text, "{hash} {size} {modified} {changed} {inode} {path}");
        }
        drop(known);
        // Without it the next run only takes longer.
        let _ = state::replace(file, text.as_bytes());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parsed(line: &str) -> Option<(PathBuf, Known)> {
    let mut words = line.split(' ');
    let mut next = || words.next();
    let hash = next()?.parse().ok()?;
    let stat = Stat {
        size: next()?.parse().ok()?,
        modified: next()?.parse().ok()?,
        changed: next()?.parse().ok()?,
        inode: next()?.parse().ok()?,
    };
    let path = percent_decode_str(next()?).collect();
    Some((PathBuf::from(std::ffi::OsString::from_vec(path)), Known { stat, hash }))
}

/// What is said of a file that is not what it was when it was found.
pub(super) fn changed(path: &Path) -> Failure {
    Failure::file(path, "changed while it was read; run again")
}

fn digest(path: &Path, stat: Stat) -> Result<AssetHash, Failure> {
    let failed = |error| Failure::file(path, error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
    }
    if Stat::of(&file.metadata().map_err(failed)?) != stat {
        return Err(changed(path));
    }
    Ok(AssetHash::from_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &Path) -> Stat {
        Stat::of(&std::fs::metadata(path).unwrap())
    }

    #[test]
    fn a_file_is_read_once_until_it_changes_and_a_fresh_one_every_time() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a b\n.png");
        std::fs::write(&path, "one").unwrap();
        let stat = found(&path);
        let hashes = Hashes { file: Some(place.path().join("cache/hashes.txt")), ..Hashes::default() };
        let hash = hashes.of(&path, stat).unwrap();
        assert_eq!((hashes.of(&path, stat).unwrap(), hashes.read()), (hash, 2), "fresh: nobody knows");
        hashes.remember(&path, stat, hash, stat.changed + COARSE + 1);
        assert_eq!((hashes.of(&path, stat).unwrap(), hashes.read()), (hash, 2));
        hashes.save([path.as_path()].into_iter());
        let text = std::fs::read_to_string(place.path().join("cache/hashes.txt")).unwrap();
        let (again, known) = parsed(text.trim_end()).unwrap();
        assert_eq!((again, known.stat, known.hash), (path.clone(), stat, hash));
        std::fs::write(&path, "another").unwrap();
        assert!(Hashes::default().of(&path, stat).is_err(), "no longer what was found");
        assert_ne!(hashes.of(&path, found(&path)).unwrap(), hash);
    }
}
