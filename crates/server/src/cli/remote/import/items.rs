//! What is to be imported, whatever it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use reelshelf_domain::{FileName, FolderName, FolderPath, MediaPath};
use url::Url;

use super::super::report::{Action, Entry};
use super::super::walk::LocalFile;
use super::super::words::address;
use super::archive::Archive;

/// Where an item's bytes come from.
#[derive(Clone)]
pub(super) enum Origin {
    Own(LocalFile),
    /// An entry of an archive, by its number.
    Entry(Arc<Archive>, usize),
    Url(Url),
}

/// One file to be.
#[derive(Clone)]
pub(super) struct Item {
    /// What it was known as: a path or a URL.
    pub(super) source: String,
    /// What it is remembered by.
    pub(super) key: String,
    /// What changes with its bytes, as far as the source tells.
    pub(super) stamp: String,
    pub(super) name: String,
    pub(super) target: MediaPath,
    pub(super) size: Option<u64>,
    pub(super) origin: Origin,
}

impl Item {
    pub(super) fn entry(&self, action: Action) -> Entry {
        Entry {
            path: Some(self.target.to_string()),
            source: Some(self.source.clone()),
            size: self.size,
            ..Entry::new(action)
        }
    }

    /// The file of this machine that it is.
    pub(super) fn own(&self) -> Option<PathBuf> {
        match &self.origin {
            Origin::Own(file) => Some(file.path.clone()),
            Origin::Entry(..) | Origin::Url(_) => None,
        }
    }

    /// The entry of a failure: what is secret in a URL does not stand in it.
    pub(super) fn failure(&self, why: String) -> Entry {
        let source = match &self.origin {
            Origin::Url(url) => address(url),
            _ => self.source.clone(),
        };
        Entry { source: Some(source), reason: Some(why), ..self.entry(Action::Fail) }
    }
}

/// All that a source has.
#[derive(Default)]
pub(super) struct Lot {
    pub(super) items: Vec<Item>,
    /// What does not go, and why.
    pub(super) left_out: Vec<Entry>,
    /// Folders that are to be there, whether anything is in them or not.
    pub(super) folders: BTreeSet<FolderPath>,
}

/// Gathers items whose places are spelled as their source spells them.
#[derive(Default)]
pub(super) struct Gather {
    lot: Lot,
    /// Which spelling of a folder stands for a folder there.
    origins: BTreeMap<FolderPath, BTreeSet<String>>,
}

/// A place as a source spells it.
pub(super) struct Spelled<'a> {
    pub(super) folder: &'a str,
    pub(super) name: &'a str,
}

impl Gather {
    /// Takes an item, unless its place cannot be one.
    pub(super) fn take(
        &mut self,
        top: &FolderPath,
        at: &Spelled<'_>,
        make: impl FnOnce(MediaPath) -> Item,
        shown: &str,
    ) {
        match self.place(top, at) {
            Ok(target) => self.lot.items.push(make(target)),
            Err(why) => self.leave(Action::Fail, shown, format!("cannot be a file there: {why}")),
        }
    }

    pub(super) fn leave(&mut self, action: Action, shown: &str, why: String) {
        let entry = Entry { source: Some(shown.to_owned()), reason: Some(why), ..Entry::new(action) };
        self.lot.left_out.push(entry);
    }

    fn place(&mut self, top: &FolderPath, at: &Spelled<'_>) -> Result<MediaPath, String> {
        let said = |error: reelshelf_domain::Error| error.to_string();
        let (mut folder, mut spelled) = (top.clone(), String::new());
        for segment in at.folder.split('/').map(str::trim).filter(|segment| !segment.is_empty()) {
            folder = FolderName::sanitise(segment).and_then(|name| folder.join(name)).map_err(said)?;
            spelled = format!("{spelled}/{segment}");
            self.origins.entry(folder.clone()).or_default().insert(spelled.clone());
        }
        Ok(MediaPath::new(folder, FileName::sanitise(at.name).map_err(said)?))
    }

    /// All items but those that would meet under one name: which of them is meant only their owner knows.
    pub(super) fn finish(mut self) -> Lot {
        let met: Vec<_> = self.origins.iter().filter(|(_, spelled)| spelled.len() > 1).collect();
        let mut by_target: BTreeMap<MediaPath, Vec<Item>> = BTreeMap::new();
        for item in std::mem::take(&mut self.lot.items) {
            by_target.entry(item.target.clone()).or_default().push(item);
        }
        for (target, mut items) in by_target {
            let folder = met.iter().find(|(folder, _)| target.folder.is_inside(folder));
            let why = match (folder, items.len()) {
                (None, 1) => {
                    self.lot.items.extend(items.pop());
                    continue;
                }
                (Some((folder, spelled)), _) => {
                    let spelled: Vec<_> = spelled.iter().map(|spelled| spelled.trim_start_matches('/')).collect();
                    format!("the folders {} would all be {folder}", spelled.join(" and "))
                }
                (None, count) => format!("{count} files would all be {target}"),
            };
            self.lot.left_out.extend(items.iter().map(|item| item.failure(why.clone())));
        }
        self.lot
    }
}

/// A path of a source cut into folder and name.
pub(super) fn cut(path: &str) -> Spelled<'_> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    Spelled { folder, name }
}
