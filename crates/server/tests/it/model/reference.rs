//! The library of one client as the contract describes it: names, bytes and times in plain maps. Nothing is counted
//! beforehand: what is used and reserved is summed up from what is there, each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::imports::Import;
use super::resumable::Resumable;
use super::uploading::TEMP_LIFE;
use super::words;
use super::words::{BLOCKED, EXISTS_THERE, FILE_NOT_FOUND, Outcome, is_temp, join, refuse};

/// What the temporary files of one client may take.
pub(super) const TEMP_LIMIT: u64 = 900;
/// What is reserved at a time for an upload of unknown length.
pub(super) const STEP: u64 = 64;

/// What a client may store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) storage: Option<u64>,
    pub(super) file: u64,
}

pub(super) const FREE_ALLOWANCE: u64 = 100;
pub(super) const PLANS: [Plan; 3] = [
    Plan { name: "default", storage: Some(1500), file: 300 },
    Plan { name: "small", storage: Some(700), file: 200 },
    Plan { name: "large", storage: None, file: 400 },
];

/// A file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: u32,
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) display: String,
    pub(super) declared: String,
    pub(super) declared_size: u64,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) expires: Option<i64>,
    /// `None` while pending.
    pub(super) content: Option<Content>,
}

impl File {
    pub(super) fn path(&self) -> String {
        join(&self.folder, &self.name)
    }

    pub(super) fn size(&self) -> u64 {
        self.content.map_or(self.declared_size, Content::len)
    }

    /// As declared while pending, as the bytes say afterwards.
    pub(super) fn kind(&self) -> &str {
        let declared = self.declared.split('/').next().unwrap();
        let declared = if ["image", "video", "audio"].contains(&declared) { declared } else { "other" };
        self.content.map_or(declared, |content| content.media().0)
    }

    pub(super) fn stored(&self) -> u64 {
        self.content.map_or(0, Content::len)
    }

    /// Whether it can be delivered.
    pub(super) fn is_there(&self, now: i64) -> bool {
        self.content.is_some() && self.expires.is_none_or(|at| at > now)
    }
}

/// The right to bring the bytes of a file.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) file: u32,
    pub(super) display: String,
    pub(super) declared: String,
    pub(super) size: Option<u64>,
    pub(super) overwrite: bool,
    pub(super) reserved: u64,
    pub(super) expires: i64,
    pub(super) done: Option<Content>,
    /// The hash of the bytes that it is for, when that was said.
    pub(super) expected: Option<String>,
    /// How far it came, when its bytes may come in pieces.
    pub(super) resumable: Option<Resumable>,
    /// What fetches them, when nobody sends them.
    pub(super) import: Option<Import>,
}

/// A file to be registered, as a client spells it.
#[derive(Clone, Debug)]
pub(super) struct NewFile {
    pub(super) name: String,
    pub(super) folder: String,
    pub(super) content_type: String,
    pub(super) size: Option<u64>,
    pub(super) overwrite: bool,
}

/// A client's library.
#[derive(Clone, Debug)]
pub(super) struct Library {
    pub(super) plan: Plan,
    pub(super) hold_at: Option<i64>,
    pub(super) full_at: Option<i64>,
    pub(super) folders: BTreeSet<String>,
    pub(super) files: BTreeMap<u32, File>,
    pub(super) uploads: BTreeMap<u32, Upload>,
    /// Until when the URLs that were given out say they are valid.
    pub(super) signed: BTreeMap<u32, i64>,
    next: u32,
}

impl Library {
    pub(super) fn new() -> Self {
        Self {
            plan: PLANS[0],
            hold_at: None,
            full_at: None,
            folders: ["", "temp"].map(str::to_owned).into(),
            files: BTreeMap::new(),
            uploads: BTreeMap::new(),
            signed: BTreeMap::new(),
            next: 1 << 20,
        }
    }

    pub(super) fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(super) fn find(&self, folder: &str, name: &str) -> Option<u32> {
        self.files.iter().find(|(_, file)| file.folder == folder && file.name == name).map(|(id, _)| *id)
    }

    fn found(&self, folder: &str, name: &str) -> Outcome<u32> {
        self.find(folder, name).map_or_else(|| refuse(400, FILE_NOT_FOUND), Ok)
    }

    pub(super) fn stored(&self, temporary: bool) -> u64 {
        self.files.values().filter(|file| is_temp(&file.folder) == temporary).map(File::stored).sum()
    }

    pub(super) fn reserved(&self, temporary: bool) -> u64 {
        let here = |upload: &&Upload| is_temp(&self.files[&upload.file].folder) == temporary;
        self.uploads.values().filter(here).map(|upload| upload.reserved).sum()
    }

    pub(super) fn taken(&self, temporary: bool) -> u64 {
        self.stored(temporary) + self.reserved(temporary)
    }

    /// What is reserved for bytes of which nobody knows how many will come: what is wanted, or the room that is left,
    /// but no less than it takes. `before` was taken before the change began.
    pub(super) fn as_fits(&self, temporary: bool, before: u64, wanted: u64, least: u64) -> u64 {
        let limit = if temporary { Some(TEMP_LIMIT) } else { self.plan.storage };
        let (Some(limit), taken) = (limit, self.taken(temporary)) else { return wanted };
        if taken + wanted <= before.max(limit) {
            return wanted;
        }
        limit.saturating_sub(taken).min(wanted).max(least)
    }

    /// Makes a change as a whole or not at all. Growth needs room, and no hold; a move into `temp` is never held.
    pub(super) fn change<T>(&mut self, now: i64, act: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let mut next = self.clone();
        let answer = act(&mut next)?;
        let (before, after) = (self.taken(false), next.taken(false));
        let (temp_before, temp_after) = (self.taken(true), next.taken(true));
        let held = self.hold_at.is_some();
        if (after > before || temp_after > temp_before && after >= before) && held {
            return refuse(403, BLOCKED);
        }
        if after > before && next.plan.storage.is_some_and(|storage| after > storage) {
            return refuse(403, BLOCKED);
        }
        if temp_after > temp_before && temp_after > TEMP_LIMIT {
            return refuse(429, &format!("The limit of {TEMP_LIMIT} bytes for temporary files is reached"));
        }
        *self = next;
        self.settle(now);
        Ok(answer)
    }

    /// Full is when nothing more fits, or less than what is there.
    pub(super) fn settle(&mut self, now: i64) {
        let full = self.plan.storage.is_some_and(|storage| self.taken(false) >= storage);
        self.full_at = full.then(|| self.full_at.unwrap_or(now));
    }

    pub(super) fn drop_file(&mut self, id: u32) {
        self.files.remove(&id);
        self.uploads.retain(|_, upload| upload.file != id);
    }

    /// What goes by itself: registrations and temporary files whose time is over.
    pub(super) fn sweep(&mut self, now: i64) {
        let over: Vec<u32> = self.uploads.iter().filter(|(_, u)| u.expires <= now).map(|(tag, _)| *tag).collect();
        for tag in over {
            self.end(tag);
        }
        let gone = |file: &File| file.expires.is_some_and(|at| at <= now);
        let over: Vec<u32> = self.files.iter().filter(|(_, file)| gone(file)).map(|(id, _)| *id).collect();
        for id in over {
            self.drop_file(id);
        }
        self.settle(now);
    }

    /// Moves a file, renames it, or both. Paths are as they stand, the new name as the client spells it.
    pub(super) fn relocate(
        &mut self,
        now: i64,
        from: (&str, &str),
        destination: Option<&str>,
        new_name: Option<&str>,
        overwrite: bool,
    ) -> Outcome<u32> {
        let folder = destination.unwrap_or(from.0).to_owned();
        let name = new_name.map_or(Ok(from.1.to_owned()), words::new_name)?;
        self.change(now, |library| {
            let mover = library.found(from.0, from.1)?;
            library.ensure(&folder)?;
            if let Some(raw) = new_name {
                raw.clone_into(&mut library.files.get_mut(&mover).unwrap().display);
                let coming = library.uploads.values_mut().filter(|u| u.file == mover && u.done.is_none());
                for upload in coming {
                    raw.clone_into(&mut upload.display);
                    // From now on the other server's name for it counts for nothing.
                    upload.import.iter_mut().for_each(|import| import.named = true);
                }
            }
            let target = library.find(&folder, &name).filter(|target| *target != mover);
            if target.is_some() && !overwrite {
                return refuse(409, EXISTS_THERE);
            }
            let pending = library.files[&mover].content.is_none();
            if let Some(target) = target.filter(|target| pending && library.files[target].content.is_some()) {
                // No moment of 404: the file there keeps its bytes until the new ones are here.
                for upload in library.uploads.values_mut().filter(|upload| upload.file == mover) {
                    (upload.file, upload.overwrite) = (target, true);
                }
                library.files.remove(&mover);
                return Ok(target);
            }
            if let Some(target) = target {
                library.drop_file(target);
            }
            let file = library.files.get_mut(&mover).unwrap();
            if is_temp(&file.folder) != is_temp(&folder) {
                file.expires = (is_temp(&folder) && !pending).then_some(now + TEMP_LIFE);
            }
            (file.folder, file.name) = (folder, name);
            Ok(mover)
        })
    }

    pub(super) fn remove(&mut self, now: i64, folder: &str, name: &str) -> Outcome<()> {
        self.change(now, |library| {
            let id = library.found(folder, name)?;
            library.drop_file(id);
            Ok(())
        })
    }

    pub(super) fn set_hold(&mut self, held: bool, now: i64) {
        self.hold_at = held.then(|| self.hold_at.unwrap_or(now));
    }

    pub(super) fn set_plan(&mut self, plan: Plan, now: i64) {
        self.plan = plan;
        self.settle(now);
    }

    /// What a stable URL delivers.
    pub(super) fn delivered(&self, now: i64, path: &str) -> Vec<&File> {
        self.files.values().filter(|file| file.path() == path && file.is_there(now)).collect()
    }

    /// What an immutable URL may deliver: any file with these bytes and this name will do.
    pub(super) fn delivered_immutable(&self, now: i64, content: Content, name: &str) -> Vec<&File> {
        let is = |file: &&File| file.content == Some(content) && file.name == name && file.is_there(now);
        self.files.values().filter(is).collect()
    }
}
