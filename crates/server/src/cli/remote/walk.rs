//! What is on this side: a folder's files and where each goes, and what is left out and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirEntry, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use reelshelf_domain::{FileName, FolderName, FolderPath, MediaPath};

use super::failure::Failure;
use super::words::plain;

/// A file as it was found. It has changed when any of this has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: i128,
    /// When the file system last changed anything about it: nobody can set this one back.
    pub(super) changed: i128,
    pub(super) inode: u64,
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// A file of this machine and its place on the server.
#[derive(Clone, Debug)]
pub(super) struct LocalFile {
    pub(super) path: PathBuf,
    pub(super) target: MediaPath,
    pub(super) stat: Stat,
}

impl LocalFile {
    /// The name the person gave.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Whether what was left out should have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It is not meant to be there: hidden, a link, empty.
    Skipped,
    /// It should be there and cannot.
    Failed,
}

/// Something that does not go.
#[derive(Clone, Debug)]
pub(super) struct LeftOut {
    pub(super) path: PathBuf,
    pub(super) why: String,
    pub(super) weight: Weight,
    /// Where it would be. What is there already is nobody's leftover.
    pub(super) target: Option<MediaPath>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<LocalFile>,
    pub(super) left_out: Vec<LeftOut>,
    /// Folders on the server that stand for folders here.
    pub(super) folders: BTreeSet<FolderPath>,
    /// Whether some folder could not be read: then nobody knows what is not there.
    pub(super) blind: bool,
}

/// Walks folders and files into one result.
pub(super) struct Walk {
    hidden: bool,
    found: Found,
    /// Which folder here stands for a folder there.
    origins: BTreeMap<FolderPath, BTreeSet<PathBuf>>,
}

impl Walk {
    pub(super) const fn new(hidden: bool) -> Self {
        let found = Found { files: Vec::new(), left_out: Vec::new(), folders: BTreeSet::new(), blind: false };
        Self { hidden, found, origins: BTreeMap::new() }
    }

    /// Takes a path as a person names it: a folder keeps its name, its contents alone are meant by `folder/`.
    pub(super) fn add_named(&mut self, path: &Path, into: &FolderPath) -> Result<(), Failure> {
        let metadata = std::fs::metadata(path).map_err(|error| Failure::file(path, error))?;
        if !metadata.is_dir() {
            self.file(path, &metadata, into);
            return Ok(());
        }
        let contents = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.file_name().is_none();
        let into = match path.file_name().filter(|_| !contents) {
            None => into.clone(),
            Some(name) => FolderName::sanitise(&name.to_string_lossy())
                .and_then(|name| into.join(name))
                .map_err(|error| Failure::file(path, error))?,
        };
        self.add_contents(path, &into)
    }

    /// Takes everything in a folder and below it.
    pub(super) fn add_contents(&mut self, top: &Path, into: &FolderPath) -> Result<(), Failure> {
        let root = top.canonicalize().map_err(|error| Failure::file(top, error))?;
        // The folder itself must be readable; of those below it each is read on its own.
        std::fs::read_dir(&root).map_err(|error| Failure::file(top, error))?;
        let mut open = vec![(top.to_owned(), into.clone())];
        while let Some((folder, target)) = open.pop() {
            self.origins.entry(target.clone()).or_default().insert(folder.clone());
            let mut entries = match std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(entries) => entries,
                Err(error) => {
                    self.found.blind = true;
                    self.leave(&folder, format!("cannot be read: {error}"), Weight::Failed, None);
                    continue;
                }
            };
            entries.sort_by_key(DirEntry::file_name);
            for entry in entries {
                open.extend(self.entry(&root, &entry, &target));
            }
        }
        Ok(())
    }

    /// Takes an entry; a folder is given back to be walked.
    fn entry(&mut self, root: &Path, entry: &DirEntry, into: &FolderPath) -> Option<(PathBuf, FolderPath)> {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let place = || FileName::sanitise(&name).ok().map(|name| MediaPath::new(into.clone(), name));
        if name.starts_with('.') && !self.hidden {
            self.leave(&path, "is hidden".to_owned(), Weight::Skipped, place());
            return None;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_symlink() => match followed(root, &path) {
                Ok(metadata) => metadata,
                Err(why) => {
                    self.leave(&path, why.to_owned(), Weight::Skipped, place());
                    return None;
                }
            },
            Ok(metadata) => metadata,
            // It went between the listing and the look, or cannot be looked at.
            Err(error) => {
                self.leave(&path, error.to_string(), Weight::Failed, place());
                return None;
            }
        };
        if metadata.is_dir() {
            let below = FolderName::sanitise(&name).and_then(|name| into.join(name));
            return match below {
                Ok(below) => Some((path, below)),
                Err(error) => {
                    self.leave(&path, format!("cannot be a folder there: {error}"), Weight::Failed, None);
                    None
                }
            };
        }
        self.file(&path, &metadata, into);
        None
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, into: &FolderPath) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let target = match FileName::sanitise(&name) {
            Ok(name) => MediaPath::new(into.clone(), name),
            Err(error) => return self.leave(path, format!("cannot be a file there: {error}"), Weight::Failed, None),
        };
        if !metadata.is_file() {
            return self.leave(path, "is no plain file".to_owned(), Weight::Skipped, Some(target));
        }
        let stat = Stat::of(metadata);
        if stat.size == 0 {
            return self.leave(path, "is empty".to_owned(), Weight::Skipped, Some(target));
        }
        self.found.files.push(LocalFile { path: path.to_owned(), target, stat });
    }

    fn leave(&mut self, path: &Path, why: String, weight: Weight, target: Option<MediaPath>) {
        self.found.left_out.push(LeftOut { path: path.to_owned(), why, weight, target });
    }

    /// All that was found. Files that would meet under one name are told, and none of them goes: which of them is meant
    /// nobody but their owner knows.
    pub(super) fn finish(mut self) -> Found {
        self.found.folders = self.origins.keys().cloned().collect();
        let met: Vec<_> = self.origins.iter().filter(|(_, from)| from.len() > 1).collect();
        let mut by_target: BTreeMap<MediaPath, Vec<LocalFile>> = BTreeMap::new();
        for file in std::mem::take(&mut self.found.files) {
            let same = by_target.entry(file.target.clone()).or_default();
            // One file named twice is one file.
            if same.iter().all(|other| other.path != file.path) {
                same.push(file);
            }
        }
        for (target, mut files) in by_target {
            let folder = met.iter().find(|(folder, _)| target.folder.is_inside(folder));
            let why = match (folder, files.len()) {
                (None, 1) => {
                    self.found.files.extend(files.pop());
                    continue;
                }
                (Some((folder, from)), _) => format!("the folders {} would all be {folder}", all(from.iter())),
                (None, _) => format!("{} would all be {target}", all(files.iter().map(|file| &file.path))),
            };
            for file in files {
                let (why, target) = (why.clone(), Some(target.clone()));
                self.found.left_out.push(LeftOut { path: file.path, why, weight: Weight::Failed, target });
            }
        }
        self.found.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        self.found
    }
}

fn all<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> String {
    paths.map(|path| plain(path)).collect::<Vec<_>>().join(" and ")
}

/// What a link leads to, when that is a file of the same tree.
fn followed(root: &Path, link: &Path) -> Result<Metadata, &'static str> {
    let end = link.canonicalize().map_err(|_| "is a link to nothing")?;
    if !end.starts_with(root) {
        return Err("is a link that leads out of the folder");
    }
    let metadata = std::fs::metadata(&end).map_err(|_| "is a link to nothing")?;
    // The folder is walked where it stands; links to it may lead in a circle.
    if metadata.is_dir() { Err("is a link to a folder") } else { Ok(metadata) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(folder: &Path, hidden: bool) -> Found {
        let mut walk = Walk::new(hidden);
        walk.add_contents(folder, &FolderPath::parse("to").unwrap()).unwrap();
        walk.finish()
    }

    fn targets(found: &Found) -> Vec<String> {
        found.files.iter().map(|file| file.target.to_string()).collect()
    }

    #[test]
    fn odd_names_find_their_places_and_what_cannot_go_is_told() {
        let place = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.png"), "s").unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("a b/deep")).unwrap();
        for name in ["mi vídeo.mp4", "-rf", "a\nb.png", "a b/deep/x.png", ".hidden.png", "one.png"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::fs::write(at("empty.png"), "").unwrap();
        std::os::unix::fs::symlink("one.png", at("inside.png")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.png"), at("outside.png")).unwrap();
        std::os::unix::fs::symlink(".", at("round")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("broken.png")).unwrap();
        let found = walked(place.path(), false);
        let expected = ["to/-rf", "to/a_b.png", "to/inside.png", "to/mi_v_deo.mp4", "to/one.png", "to/ab/deep/x.png"];
        assert_eq!(targets(&found), expected);
        let names: Vec<_> =
            found.left_out.iter().map(|left| left.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, [".hidden.png", "broken.png", "empty.png", "outside.png", "round"]);
        assert!(found.left_out.iter().all(|left| left.weight == Weight::Skipped));
        assert!(targets(&walked(place.path(), true)).contains(&"to/.hidden.png".to_owned()));
    }

    #[test]
    fn files_and_folders_that_would_meet_are_told_and_none_goes() {
        let place = tempfile::tempdir().unwrap();
        for folder in ["a b", "ab"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
            std::fs::write(place.path().join(folder).join(format!("{}.png", folder.len())), "x").unwrap();
        }
        for name in ["x y.png", "x_y.png", "fine.png"] {
            std::fs::write(place.path().join(name), "x").unwrap();
        }
        let found = walked(place.path(), false);
        assert_eq!(targets(&found), ["to/fine.png"]);
        assert_eq!(found.left_out.len(), 4);
        assert!(found.left_out.iter().all(|left| left.weight == Weight::Failed && left.target.is_some()));
    }

    #[test]
    fn a_folder_keeps_its_name_and_its_contents_alone_have_a_slash() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("photos");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("1.png"), "x").unwrap();
        for (suffix, expected) in [("", "to/photos/1.png"), ("/", "to/1.png")] {
            let mut walk = Walk::new(false);
            let named = PathBuf::from(format!("{}{suffix}", folder.display()));
            walk.add_named(&named, &FolderPath::parse("to").unwrap()).unwrap();
            assert_eq!(targets(&walk.finish()), [expected]);
        }
    }
}
