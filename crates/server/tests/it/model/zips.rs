//! ZIPs on their way out: what is in them, under which names, and in which order.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::actions::Action;
use super::driver::{Remote, address, read};
use super::expect::{Answer, Context, answer};
use super::operations::Generator;
use super::reference::{File, Library};
use super::words::{
    FILE_NOT_FOUND, FOLDER_NOT_FOUND, Outcome, folder_path, is_inside, join, known_path, natural, refuse, split,
};

/// What is asked for: a folder, or several things by their paths and under a name.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Folder(String),
    Paths(Vec<String>, Option<&'static str>),
}

/// Names that no two entries share, not even where letters are not told apart by their case.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn folder(&mut self, path: &str) {
        let mut at = path;
        while !at.is_empty() {
            self.0.insert(at.to_lowercase());
            at = split(at).0;
        }
    }

    /// A name that is taken gets a number before its ending.
    fn file(&mut self, folder: &str, display: &str) -> String {
        let dot = display.rfind('.').filter(|at| *at > 0 && display.len() - at <= 20);
        let (stem, ending) = display.split_at(dot.unwrap_or(display.len()));
        let numbered = (2..).map(|number| join(folder, &format!("{stem} ({number}){ending}")));
        let mut names = std::iter::once(join(folder, display)).chain(numbered);
        names.find(|name| self.0.insert(name.to_lowercase())).unwrap()
    }
}

/// What was picked so far.
#[derive(Default)]
struct Picked<'a> {
    names: Names,
    files: Vec<&'a File>,
    /// Folders by their paths in the archive.
    folders: BTreeMap<(String, String), Vec<&'a str>>,
}

impl<'a> Picked<'a> {
    /// A folder and all below it, under its own name; the root has none.
    fn folder(&mut self, library: &'a Library, folder: &str) -> Outcome<()> {
        if !library.folders.contains(folder) {
            return refuse(400, FOLDER_NOT_FOUND);
        }
        for below in library.folders.iter().filter(|below| is_inside(below, folder)) {
            let at = below[split(folder).0.len()..].trim_start_matches('/').to_owned();
            self.names.folder(&at);
            self.folders.entry((at.to_lowercase(), at)).or_default().push(below);
        }
        Ok(())
    }

    fn path(&mut self, library: &'a Library, now: i64, path: &str) -> Outcome<String> {
        let file = known_path(path).ok().filter(|_| !path.ends_with('/'));
        if let Some((folder, name)) = file
            && let Some(id) = library.find(&folder, &name)
        {
            // Of what is pending or over there is nothing.
            self.files.extend(Some(&library.files[&id]).filter(|file| file.is_there(now)));
            return Ok(name);
        }
        let Ok(folder) = folder_path(path) else { return refuse(400, FILE_NOT_FOUND) };
        self.folder(library, &folder)?;
        Ok(split(&folder).1.to_owned())
    }

    /// Picked files first, then each folder's, and a folder itself where nothing else speaks of it.
    fn entries(mut self, library: &Library, now: i64) -> Vec<Value> {
        let mut entries = Vec::new();
        let entry = |name: String, file: &File| json!([name, hex::encode(file.content.unwrap().bytes())]);
        for file in &self.files {
            entries.push(entry(self.names.file("", &file.display), file));
        }
        for ((key, at), folders) in &self.folders {
            let before = entries.len();
            for folder in folders {
                let own = library.files.values().filter(|file| file.folder == *folder && file.is_there(now));
                let mut own: Vec<&File> = own.collect();
                own.sort_by_key(|file| natural(&file.name));
                for file in own {
                    entries.push(entry(self.names.file(at, &file.display), file));
                }
            }
            let below = format!("{key}/");
            let speaks_of_it = self.folders.keys().any(|(other, _)| other.starts_with(&below));
            if entries.len() == before && !at.is_empty() && !speaks_of_it {
                entries.push(json!([format!("{at}/"), ""]));
            }
        }
        entries
    }
}

impl Context {
    pub(super) fn zip(&self, library: &Library, wanted: &Wanted) -> Answer {
        answer(self.zipped(library, wanted))
    }

    fn zipped(&self, library: &Library, wanted: &Wanted) -> Outcome<Value> {
        let mut picked = Picked::default();
        let name = match wanted {
            Wanted::Folder(folder) => {
                let Ok(folder) = folder_path(folder) else { return refuse(400, FOLDER_NOT_FOUND) };
                picked.folder(library, &folder)?;
                split(&folder).1.to_owned()
            }
            Wanted::Paths(paths, name) => {
                let mut seen = HashSet::new();
                let paths: Vec<&String> = paths.iter().filter(|path| seen.insert(*path)).collect();
                let mut found = Vec::new();
                for (index, path) in paths.iter().enumerate() {
                    found.push(match picked.path(library, self.now, path) {
                        Err(_) if paths.len() > 1 => {
                            return refuse(400, &format!("paths[{index}] is neither a file nor a folder"));
                        }
                        found => found?,
                    });
                }
                let found = if found.len() == 1 { found.remove(0) } else { String::new() };
                name.map_or(found, str::to_owned)
            }
        };
        let entries = picked.entries(library, self.now);
        if entries.is_empty() {
            return refuse(400, FILE_NOT_FOUND);
        }
        let name = if name.is_empty() { "media" } else { &name };
        Ok(json!({ "disposition": format!("attachment; filename=\"{name}.zip\""), "entries": entries }))
    }
}

impl Remote {
    pub(super) async fn zip(&self, wanted: &Wanted) -> Answer {
        let base = &self.context.base;
        let request = match wanted {
            Wanted::Folder(folder) => self.http.get(address(base, "/v2/media/zip", &[("path", folder)])),
            Wanted::Paths(paths, name) => {
                self.http.post(format!("{base}/v2/media/zip")).json(&json!({ "paths": paths, "name": name }))
            }
        };
        let response = request.header("x-api-key", &self.key).send().await.unwrap();
        if response.status() != 200 {
            return read(response).await;
        }
        let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        let length: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let archive = response.bytes().await.unwrap();
        assert_eq!(archive.len(), length, "an archive is as long as was said");
        let entries = crate::zip::read(&archive).into_iter().map(|(name, bytes)| json!([name, hex::encode(bytes)]));
        (200, json!({ "disposition": disposition, "entries": entries.collect::<Vec<_>>() }))
    }
}

impl Generator {
    pub(super) fn zip(&mut self, library: &Library) -> Action {
        if self.chance(40) {
            return Action::Zip(Wanted::Folder(self.known_folder(library)));
        }
        let count = self.pick(&[1, 1, 2, 3, 4]);
        let mut paths = Vec::new();
        for _ in 0..count {
            let path = if self.chance(50) { self.path(library) } else { self.known_folder(library) };
            paths.push(if self.chance(10) { format!("{path}/") } else { path });
        }
        Action::Zip(Wanted::Paths(paths, self.pick(&[None, None, Some("all of it")])))
    }
}
