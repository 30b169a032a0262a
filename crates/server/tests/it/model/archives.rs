//! ZIPs on their way in: what becomes of their entries.

use std::collections::{BTreeSet, HashSet};

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::actions::Action;
use super::content::Content;
use super::driver::{Remote, address};
use super::expect::{Answer, Context, answer};
use super::operations::Generator;
use super::reference::{File, Library, NewFile};
use super::words::{EXISTS, Outcome, file_name, folder_name, folder_path, join, refuse};
use crate::forge::{Forged, forge};

/// An archive, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    pub(super) folder: String,
    pub(super) overwrite: bool,
    pub(super) entries: Vec<Entry>,
}

/// A file in an archive, or a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: String,
    content: Option<Content>,
}

/// Where an entry goes.
enum Target {
    Folder(String),
    File { folder: String, raw: String, name: String, content: Content },
}

impl Entry {
    fn target(&self, below: &str, most: u64) -> Outcome<Target> {
        let levels: Vec<&str> =
            self.name.split('/').map(str::trim).filter(|level| !["", "."].contains(level)).collect();
        if levels.contains(&"..") {
            return refuse(400, "entry has a name that leads out of the archive");
        }
        let (folders, last) = match self.content {
            Some(_) => (&levels[..levels.len() - 1], levels.last()),
            None => (&levels[..], None),
        };
        let mut folder = below.to_owned();
        for level in folders {
            folder = join(&folder, &folder_name(level)?);
        }
        let (Some(content), Some(raw)) = (self.content, last) else { return Ok(Target::Folder(folder)) };
        if content.size == 0 {
            return refuse(400, "entry is empty; a file has at least one byte");
        }
        if content.len() > most {
            return refuse(413, &format!("File exceeds maximum size of {most} bytes"));
        }
        let (raw, name) = ((*raw).to_owned(), file_name(raw)?);
        Ok(Target::File { folder, raw, name, content })
    }

    fn is_litter(&self) -> bool {
        self.name.starts_with("__MACOSX/") || self.name.ends_with(".DS_Store")
    }
}

/// What is to become of an archive.
struct Plan {
    steps: Vec<(String, Outcome<Target>)>,
    skipped: usize,
    /// Whether two go to one place.
    crowded: bool,
}

impl Archive {
    fn plan(&self, library: &Library) -> Outcome<Plan> {
        let below = folder_path(&self.folder)?;
        let (mut taken, mut crowded, mut steps) = (HashSet::new(), false, Vec::new());
        let members = self.entries.iter().filter(|entry| !entry.is_litter());
        for entry in members {
            let mut target = entry.target(&below, library.plan.file);
            if let Ok(Target::File { folder, name, .. }) = &target
                && !taken.insert((folder.clone(), name.clone()))
            {
                crowded = true;
                if !self.overwrite {
                    target = refuse(409, EXISTS);
                }
            }
            steps.push((entry.name.clone(), target));
        }
        let skipped = self.entries.len() - steps.len();
        // A folder that a file goes to is made for it.
        let made: HashSet<String> = taken.into_iter().map(|(folder, _)| folder).collect();
        steps.retain(|(_, target)| !matches!(target, Ok(Target::Folder(folder)) if made.contains(folder)));
        Ok(Plan { steps, skipped, crowded })
    }

    /// Answers the name it is told by, and its file.
    fn carry_out(
        &self,
        library: &mut Library,
        now: i64,
        (shown, target): &(String, Outcome<Target>),
    ) -> (String, Outcome<Option<u32>>) {
        let done = match target {
            Err(refusal) => Err(refusal.clone()),
            Ok(Target::Folder(folder)) => {
                library.change(now, |library| library.ensure(folder)).map(|_| (folder.clone(), None))
            }
            Ok(Target::File { folder, raw, name, content }) => {
                let new = NewFile {
                    name: raw.clone(),
                    folder: folder.clone(),
                    content_type: content.media().1.to_owned(),
                    size: Some(content.len()),
                    overwrite: self.overwrite,
                };
                library.upload(now, &new, *content).map(|id| (join(folder, name), Some(id)))
            }
        };
        match done {
            Ok((path, file)) => (path, Ok(file)),
            Err(refusal) => (shown.clone(), Err(refusal)),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let member = |entry: &Entry| match entry.content {
            Some(content) if content.filler == b'x' => Forged::deflated(entry.name.as_str(), &content.bytes()),
            Some(content) => Forged::stored(entry.name.as_str(), &content.bytes()),
            None => Forged::stored(entry.name.as_str(), b""),
        };
        forge(&self.entries.iter().map(member).collect::<Vec<_>>())
    }

    /// Whether its files are stored one after the other.
    pub(super) fn is_in_order(&self, library: &Library) -> bool {
        self.entries.len() < 2 || self.plan(library).is_ok_and(|plan| plan.crowded)
    }

    /// The places its files go to.
    pub(super) fn places(&self, library: &Library) -> BTreeSet<(String, String)> {
        let steps = self.plan(library).map(|plan| plan.steps).unwrap_or_default();
        let place = |(_, target)| match target {
            Ok(Target::File { folder, name, .. }) => Some((folder, name)),
            _ => None,
        };
        steps.into_iter().filter_map(place).collect()
    }
}

impl Context {
    pub(super) fn unpack(&self, library: &mut Library, archive: &Archive) -> Answer {
        answer(self.unpacked(library, archive))
    }

    fn unpacked(&self, library: &mut Library, archive: &Archive) -> Outcome<Value> {
        let plan = archive.plan(library)?;
        if archive.entries.is_empty() {
            return refuse(400, "archive has nothing in it");
        }
        let (mut outcomes, mut files, mut bytes) = (Vec::new(), 0, 0);
        for step in &plan.steps {
            let (path, outcome) = archive.carry_out(library, self.now, step);
            // As it is now: where two go to one place, the later one changes it once more.
            outcomes.push((path, outcome.map(|id| id.map(|id| self.file(library, &library.files[&id])))));
            if let Some((_, Ok(Some(file)))) = outcomes.last() {
                (files, bytes) = (files + 1, bytes + file["size"].as_u64().unwrap());
            }
        }
        let mut said = self.several(outcomes);
        (said["dry_run"], said["files"], said["bytes"]) = (false.into(), files.into(), bytes.into());
        said["skipped"] = plan.skipped.into();
        Ok(said)
    }

    /// What a rehearsal says beside what the real call would.
    pub(super) fn replaced(&self, library: &Library, archive: &Archive, told: &Value) -> Value {
        let succeeded = |path: &str| {
            let mut results = told["results"].as_array().into_iter().flatten();
            results.any(|result| result["success"] == true && result["path"] == path)
        };
        let places = archive.places(library).into_iter().filter(|_| archive.overwrite);
        let there = places.filter_map(|(folder, name)| library.find(&folder, &name));
        let there = there.map(|id| &library.files[&id]).filter(|file| succeeded(&file.path()));
        self.gives_way(&there.collect::<Vec<_>>())
    }

    /// What would be told of files that give way to those that come.
    pub(super) fn gives_way(&self, there: &[&File]) -> Value {
        let bytes: u64 = there.iter().map(|file| file.stored()).sum();
        let paths: BTreeSet<String> = there.iter().map(|file| file.path()).collect();
        let urls: Vec<String> = paths.iter().map(|path| self.stable(path)).collect();
        let (none, files) = (json!({ "files": 0, "folders": 0, "bytes": 0 }), there.len());
        json!({
            "delete": none, "move": none, "replace": { "files": files, "folders": 0, "bytes": bytes },
            "files": files, "bytes": bytes, "urls": urls, "total": files, "truncated": false,
        })
    }
}

impl Remote {
    pub(super) fn unpack_request(&self, archive: &Archive, more: &[(&str, &str)]) -> RequestBuilder {
        let overwrite = archive.overwrite.to_string();
        let parameters = [("unpack", "true"), ("folder", &archive.folder), ("overwrite", &overwrite)];
        let address = address(&self.context.base, "/v2/media", &[&parameters[..], more].concat());
        self.http.post(address).header("x-api-key", &self.key).body(archive.bytes())
    }
}

impl Generator {
    /// An archive. Its files are stored side by side, so they are such that their order makes no difference; unless two
    /// go to one place, for then it is kept.
    pub(super) fn unpacking(&mut self, library: &Library) -> Action {
        let count = self.pick(&[0, 1, 2, 3, 3, 4]);
        let mut entries: Vec<Entry> = (0..count).map(|_| self.entry()).collect();
        let (folder, overwrite) = (self.folder(), self.chance(50));
        let context = Context { base: String::new(), client: String::new(), now: 0 };
        let outcome = |entries: &[Entry]| {
            let (mut library, entries) = (library.clone(), entries.to_vec());
            let (_, answer) = context.unpack(&mut library, &Archive { folder: folder.clone(), overwrite, entries });
            let mut results = answer["results"].as_array().cloned().unwrap_or_default();
            results.sort_by_key(|result| result["path"].to_string());
            let mut files: Vec<String> =
                library.files.values().map(|file| format!("{:?}", context.file(&library, file))).collect();
            files.sort();
            (results, files, library.folders, library.full_at)
        };
        let archive = |entries| Archive { folder: folder.clone(), overwrite, entries };
        let crowded = archive(entries.clone()).plan(library).is_ok_and(|plan| plan.crowded);
        let first = outcome(&entries);
        if !crowded && !orders(&entries).iter().all(|order| outcome(order) == first) {
            entries.truncate(1);
        }
        Action::Unpack(archive(entries))
    }

    fn entry(&mut self) -> Entry {
        let name = match self.pick(&[0, 0, 0, 0, 0, 1, 2]) {
            0 => self.name(),
            1 => self.pick(&["../a.png", "__MACOSX/a.png", "x/.DS_Store", "!/a.png", " a.png", "./a.png"]).to_owned(),
            _ => "song.mp3".to_owned(),
        };
        let folder = self.pick(&["", "", "a/", "b/x/", "a b/", "c9/./"]);
        if self.chance(10) {
            return Entry { name: self.pick(&["a/", "b/x/", "new/er/", "!/"]).to_owned(), content: None };
        }
        let name = if [".", "..", ""].contains(&name.as_str()) { "a.png".to_owned() } else { name };
        let mut content = self.content();
        if self.chance(5) {
            content = Content::new(content.flavour, 0, content.filler);
        }
        Entry { name: format!("{folder}{name}"), content: Some(content) }
    }
}

/// All orders of a few things.
fn orders(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let Some((first, rest)) = entries.split_first() else { return vec![Vec::new()] };
    let inserted = |order: Vec<Entry>| {
        (0..=order.len()).map(move |at| [&order[..at], std::slice::from_ref(first), &order[at..]].concat())
    };
    orders(rest).into_iter().flat_map(inserted).collect()
}
