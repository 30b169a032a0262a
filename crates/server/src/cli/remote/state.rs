//! Where this side remembers: hashes in the user's cache folder, unfinished work in the user's state folder.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::failure::Failure;

/// A folder of ours below the one that a variable names.
fn below(variable: &str, usual: &str, name: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set(variable).or_else(|| Some(set("HOME")?.join(usual)))?;
    Some(base.join("reelshelf").join(name))
}

/// The folder of the hashes; `None` for a user without a home.
pub(super) fn cache(name: &str) -> Option<PathBuf> {
    below("XDG_CACHE_HOME", ".cache", name)
}

/// The folder of unfinished work; `None` for a user without a home.
pub(super) fn state(name: &str) -> Option<PathBuf> {
    below("XDG_STATE_HOME", ".local/state", name)
}

/// A file name that stands for some things together, and shows none of them.
pub(super) fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

/// Makes a folder that is nobody else's business.
pub(super) fn make(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Replaces a file whole or not at all.
pub(super) fn replace(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    let written = make(folder).and_then(|()| {
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(content)?;
        new.persist(file).map_err(|error| error.error)
    });
    written.map(|_| ()).map_err(|error| Failure::file(file, error))
}

/// Opens a file that grows by lines.
pub(super) fn append(file: &Path) -> Result<std::fs::File, Failure> {
    let opened = make(file.parent().unwrap_or(file))
        .and_then(|()| std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file));
    opened.map_err(|error| Failure::file(file, error))
}
