//! A generator that makes what clients do meet: few names, few folders, little room.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::actions::{Action, Ask, Listing, Step, Url};
use super::content::{Content, Flavour};
use super::expect::{Context, Part};
use super::reference::{Library, NewFile};

const NAMES: [&str; 8] =
    ["a.png", "A.png", "img2.png", "img10.png", "b c.mp4", "b_c.mp4", "h\u{e9}llo.txt", "song.mp3"];
const FOLDERS: [&str; 14] = [
    "",
    "/",
    "a",
    "a/b",
    "/a/b/",
    "a b",
    "b",
    "c10",
    "c9",
    "temp",
    "temp",
    "temp/x",
    "generated/image",
    "deep/er/still",
];
pub(super) const TYPES: [&str; 4] = ["image/png", "video/mp4", "audio/mpeg", "application/octet-stream"];
/// Either nothing but a part of a head, or more than any head.
const SIZES: [usize; 10] = [1, 4, 24, 40, 64, 65, 100, 130, 200, 301];
const FILLERS: [u8; 2] = *b"xy";

/// Makes steps out of a seed, with an eye on what is there, so that most of them find something.
pub(super) struct Generator {
    pub(super) random: StdRng,
    pub(super) next_tag: u32,
    /// The last idempotency key.
    pub(super) last_once: u32,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), next_tag: 0, last_once: 0 }
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())].clone()
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    pub(super) fn step(&mut self, libraries: &[Library; 2]) -> Step {
        match self.random.random_range(0..1000) {
            0..60 => {
                let seconds = self.pick(&[1, 1, 1, 1, 5, 10, 20, 29, 60, 91, 115, 121, 3600, 86_400, 259_200]);
                Step::Pass { seconds, jobs: self.chance(70) }
            }
            60..68 => Step::Restart,
            68..140 => Step::Acts((0..2).map(|client| (client, self.action(&libraries[client]))).collect()),
            _ => {
                let client = usize::from(self.chance(35));
                Step::Acts(vec![(client, self.action(&libraries[client]))])
            }
        }
    }

    fn action(&mut self, library: &Library) -> Action {
        let action = self.plain_action(library);
        self.dress(library, action)
    }

    pub(super) fn plain_action(&mut self, library: &Library) -> Action {
        if library.hold_at.is_some() && self.chance(15) {
            return Action::Release;
        }
        match self.random.random_range(0..150) {
            0..17 => self.registration(library),
            17..33 => self.put(library),
            33..42 => self.raw(),
            42..46 => self.form(),
            46..48 => Action::Get { path: self.path(library) },
            48..55 => self.list(library),
            55..56 => self.bad_list(),
            56..57 => Action::Tree,
            57..66 => self.delivery(library),
            66..78 => self.relocation(library),
            78..84 => self.removal(library),
            84..88 => {
                let folder = self.folder();
                self.call("POST", "/v2/media/folder", json!({ "folder": folder }))
            }
            88..92 => self.folder_change(library),
            92..95 => {
                let field = self.pick(&["folder", "folder", "path"]);
                let body = json!({ field: self.known_folder(library), "recursive": self.chance(50) });
                self.call("DELETE", "/v2/media/folder", body)
            }
            95 => Action::Hold,
            96 => Action::Release,
            100..120 => self.tus(library),
            120..135 => self.import(library),
            135..143 => self.unpacking(library),
            143..150 => self.zip(library),
            _ => Action::Plan(self.pick(&[0, 0, 1, 2])),
        }
    }

    pub(super) fn call(&mut self, method: &'static str, path: &'static str, body: Value) -> Action {
        self.next_tag += 1;
        Action::Call { tag: self.next_tag, method, path, body }
    }

    pub(super) fn folder(&mut self) -> String {
        if self.chance(2) { self.pick(&["\u{e9}", " . ", "a/!/b"]).to_owned() } else { self.pick(&FOLDERS).to_owned() }
    }

    pub(super) fn name(&mut self) -> String {
        match self.random.random_range(0..100) {
            0 => self.pick(&["", ".", ".."]).to_owned(),
            1 => "n".repeat(256),
            _ => self.pick(&NAMES).to_owned(),
        }
    }

    pub(super) fn content(&mut self) -> Content {
        Content::new(self.pick(&Flavour::ALL), self.pick(&SIZES), self.pick(&FILLERS))
    }

    /// A path that is there, most of the time.
    pub(super) fn path(&mut self, library: &Library) -> String {
        let there: Vec<String> = library.files.values().map(super::reference::File::path).collect();
        if there.is_empty() || self.chance(15) {
            return format!("{}/{}", self.folder(), self.name());
        }
        self.pick(&there)
    }

    pub(super) fn known_folder(&mut self, library: &Library) -> String {
        let there: Vec<String> = library.folders.iter().cloned().collect();
        match self.pick(&there) {
            _ if self.chance(15) => self.folder(),
            root if root.is_empty() => self.pick(&["/", ""]).to_owned(),
            folder => folder,
        }
    }

    fn registration(&mut self, library: &Library) -> Action {
        let (name, folder, content_type, size) = (self.name(), self.folder(), self.pick(&TYPES), self.pick(&SIZES));
        let mut body = json!({ "name": name, "folder": folder, "contentType": content_type, "size": size });
        if self.chance(35) {
            body["overwrite"] = true.into();
        }
        if self.chance(4) {
            let (field, wrong) = self.pick(&[
                ("name", Value::Null),
                ("contentType", Value::Null),
                ("contentType", json!("nonsense")),
                ("size", Value::Null),
                ("size", json!(0)),
                ("size", json!(-1)),
                ("size", json!(1_u64 << 63)),
                ("folder", Value::Null),
            ]);
            body[field] = wrong;
        }
        if self.chance(8) {
            body = json!({ "path": format!("{folder}/{name}"), "contentType": content_type, "size": size });
        }
        if self.chance(25) {
            self.say_hash(library, &mut body);
        }
        let path = self.pick(&["/v2/media/file", "/v2/media/file", "/v2/media"]);
        self.call("POST", path, body)
    }

    /// Bytes for a registration, mostly one of the last, and mostly the right ones.
    fn put(&mut self, library: &Library) -> Action {
        let tags: Vec<u32> = library.signed.keys().copied().collect();
        if tags.is_empty() {
            return self.registration(library);
        }
        let open = |tag: &u32| library.uploads.get(tag).is_some_and(|upload| upload.done.is_none());
        let open: Vec<u32> = tags.iter().copied().filter(open).collect();
        let recent = &tags[tags.len().saturating_sub(6)..];
        let tag = match self.random.random_range(0..10) {
            0..6 if !open.is_empty() => self.pick(&open),
            0..9 => self.pick(recent),
            _ => self.pick(&tags),
        };
        let mut content = self.content();
        let mut content_type = self.pick(&TYPES).to_owned();
        if let Some(upload) = library.uploads.get(&tag) {
            if self.chance(92) {
                content_type.clone_from(&upload.declared);
            }
            if self.chance(92) {
                let size = usize::try_from(upload.size.unwrap_or(1)).unwrap();
                content = Content::new(content.flavour, size, content.filler);
            }
            if let Some(expected) = upload.expected.as_ref().filter(|_| self.chance(80)) {
                content = Content::with_hash(expected, content);
            }
            if let Some(done) = upload.done.filter(|_| self.chance(50)) {
                content = done;
            }
        }
        Action::Put { tag, content_type, content }
    }

    pub(super) fn raw(&mut self) -> Action {
        let content = self.content();
        let new = NewFile {
            name: self.name(),
            folder: self.folder(),
            content_type: self.pick(&TYPES).to_owned(),
            size: self.chance(60).then_some(content.len()),
            overwrite: self.chance(40),
        };
        let hash = match self.random.random_range(0..20) {
            0 | 1 => Some(content.sha256()),
            2 => Some(self.content().sha256()),
            3 if self.chance(30) => Some("nonsense".to_owned()),
            _ => None,
        };
        Action::Raw { new, content, hash }
    }

    fn form(&mut self) -> Action {
        let count = self.pick(&[1, 2, 2, 3]);
        let parts = (0..count).map(|_| (self.name(), self.pick(&TYPES).to_owned(), self.content()));
        // A part without a file name is no file.
        let parts: Vec<Part> = parts.filter(|(name, ..)| !name.is_empty()).collect();
        if parts.is_empty() {
            return self.raw();
        }
        // A folder that no name can be made of refuses the whole form.
        let folder = self.pick(&FOLDERS).to_owned();
        let odd = if self.chance(4) { Some(self.pick(&["sha256", "token"])) } else { None };
        Action::Form { folder, overwrite: self.chance(40), parts, odd }
    }

    fn list(&mut self, library: &Library) -> Action {
        Action::List(Listing {
            at: self.pick(&["/v2/media/folder", "/v2/media"]),
            folder: self.known_folder(library),
            kind: self.pick(&[None, None, Some("image"), Some("video"), Some("audio"), Some("other")]),
            text: self.pick(&[None, None, Some("IMG"), Some("_"), Some("%"), Some("a"), Some("zzz")]),
            sort: self.pick(&[
                None,
                Some("name"),
                Some("-name"),
                Some("date"),
                Some("-date"),
                Some("size"),
                Some("-size"),
            ]),
            page_size: self.pick(&[None, Some(1), Some(2), Some(3), Some(1000)]),
            by_cursor: self.chance(50),
        })
    }

    fn bad_list(&mut self) -> Action {
        let (query, sentence) = self.pick(&[
            ("page=x", "page must be a whole number, counted from 0"),
            ("page_size=0", "page_size must be between 1 and 1000"),
            ("page_size=1001", "page_size must be between 1 and 1000"),
            ("type=picture", "type must be image, video, audio or other"),
            ("sort=colour", "sort must be name, date, size or type, with - before it for descending"),
            ("tree=maybe", "tree must be true or false"),
            ("cursor=nonsense", "cursor is not one that a listing gave"),
            ("cursor=bmFtZS5uLmEucG5n&sort=size", "cursor belongs to another sort; begin again without it"),
        ]);
        Action::BadList { query, sentence }
    }

    fn delivery(&mut self, library: &Library) -> Action {
        let path = self.path(library);
        let path = path.trim_start_matches('/').to_owned();
        // Here nothing is made of a spelling that no file has.
        let path = path.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-/".contains(c), "_");
        let name = path.rsplit('/').next().unwrap().to_owned();
        // HTTP clients resolve these before they send them.
        let (path, name) = match name.as_str() {
            "" | "." | ".." => (NAMES[0].to_owned(), NAMES[0].to_owned()),
            _ => (path, name),
        };
        let there = library.files.values().find(|file| file.path() == path).and_then(|file| file.content);
        let content = there.filter(|_| self.chance(90)).unwrap_or_else(|| self.content());
        let url = match self.random.random_range(0..10) {
            0..4 => Url::Stable(path),
            4..6 => Url::Alias(path),
            _ => Url::Immutable(content, name),
        };
        let ask = match self.random.random_range(0..10) {
            0..5 => Ask::Get,
            5 => Ask::Head,
            6 => Ask::IfOther { same: true },
            7 => Ask::IfOther { same: false },
            8 => Ask::IfSince(self.pick(&[0, 1000, 100_000, 100_000_000])),
            _ => {
                let start = self.pick(&[0, 0, 3, 60, 200]);
                Ask::Range(start, start + self.pick(&[0, 5, 500]))
            }
        };
        Action::Deliver { url, ask }
    }

    fn relocation(&mut self, library: &Library) -> Action {
        let path = self.path(library);
        let overwrite = self.chance(35);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        match self.random.random_range(0..10) {
            0..3 => {
                let destination = self.folder();
                let body =
                    json!({ "name": name, "folder": folder, "destination": destination, "overwrite": overwrite });
                self.call("PUT", "/v2/media/file", body)
            }
            3..9 => {
                let mut body = json!({ "path": path, "overwrite": overwrite });
                let both = self.chance(40);
                let to_folder = self.chance(60);
                if both || to_folder {
                    body["destination"] = self.folder().into();
                }
                if both || !to_folder {
                    body["new_name"] = if self.chance(3) { "..".into() } else { self.pick(&NAMES).into() };
                }
                if self.chance(3) {
                    body.as_object_mut().unwrap().remove("destination");
                }
                self.call("PUT", "/v2/media", body)
            }
            _ => {
                let destination = self.pick(&FOLDERS);
                let body = json!({ "destination": destination, "overwrite": overwrite });
                self.bulk(library, "PUT", body)
            }
        }
    }

    pub(super) fn removal(&mut self, library: &Library) -> Action {
        let path = self.path(library);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        match self.random.random_range(0..4) {
            0 => self.bulk(library, "DELETE", json!({})),
            1 => self.call("DELETE", "/v2/media", json!({ "path": path })),
            2 => self.call("DELETE", "/v2/media/file", json!({ "path": path })),
            _ => {
                let body = json!({ "name": name, "folder": folder });
                self.call("DELETE", "/v2/media/file", body)
            }
        }
    }

    /// The same to up to four files, each on its own. The server may take them in any order, so they are chosen such
    /// that the order makes no difference.
    fn bulk(&mut self, library: &Library, method: &'static str, mut body: Value) -> Action {
        let count = self.pick(&[1, 2, 3, 4]);
        let mut paths: Vec<String> = (0..count).map(|_| self.path(library)).collect();
        let context = Context { base: String::new(), client: String::new(), now: 0 };
        let outcome = |paths: &[String]| {
            let (mut library, mut body) = (library.clone(), body.clone());
            body["paths"] = paths.into();
            let (_, answer) = context.call(&mut library, 0, method, "/v2/media", &body);
            let mut results = answer["results"].as_array().cloned().unwrap_or_default();
            results.sort_by_key(|result| result["path"].to_string());
            let mut files: Vec<String> = library.files.values().map(|file| format!("{file:?}")).collect();
            files.sort();
            (results, files)
        };
        let agree = |paths: &[String]| {
            let first = outcome(paths);
            let turned = (0..paths.len()).map(|by| [&paths[by..], &paths[..by]].concat());
            let mut orders = turned.flat_map(|order| [order.iter().rev().cloned().collect(), order]);
            orders.all(|order: Vec<String>| outcome(&order) == first)
        };
        paths.sort();
        paths.dedup();
        if !agree(&paths) {
            paths.truncate(1);
        }
        body["paths"] = paths.into();
        self.call(method, "/v2/media", body)
    }

    fn folder_change(&mut self, library: &Library) -> Action {
        let mut body = json!({ "folder": self.known_folder(library) });
        if self.chance(60) {
            body["destination"] = self.known_folder(library).into();
        }
        if self.chance(60) {
            body["new_name"] = self.pick(&["a", "b", "c9", "x", "a b", "temp", "image"]).into();
        }
        self.call("PUT", "/v2/media/folder", body)
    }
}
