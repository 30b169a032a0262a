//! Clients that upload, overwrite, move, rename and delete, each in a folder of its own, and each knowing exactly what
//! it was told. All of them share the counters, and many of the bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::api::{Api, answer, bytes, sha256};

/// Uploaded files: the hash of each by its path.
pub(crate) type Files = BTreeMap<String, String>;

/// Bytes to be uploaded, made and hashed once.
#[derive(Clone)]
pub(crate) struct Content {
    bytes: Bytes,
    hash: String,
}

impl Content {
    fn new(seed: u64, size: usize) -> Self {
        let bytes = bytes(seed, size);
        Self { hash: sha256(&bytes), bytes: bytes.into() }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes, {}", self.bytes.len(), self.hash)
    }
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Put {
        path: String,
        content: Content,
    },
    Raw {
        path: String,
        content: Content,
    },
    /// Without a length, and not all at once.
    Slow {
        path: String,
        content: Content,
    },
    Form {
        paths: Vec<String>,
        content: Content,
    },
    Move {
        from: String,
        to: String,
    },
    Delete {
        paths: Vec<String>,
    },
    RenameFolder {
        from: String,
        to: String,
    },
    DropFolder {
        folder: String,
    },
}

/// What is done wholly or not at all.
#[derive(Clone, Debug)]
enum Change {
    Set(String, String),
    Move(String, String),
    Remove(String),
    RenameFolder(String, String),
    DropFolder(String),
}

impl Change {
    /// Whether it finds what it is about.
    fn is_possible(&self, files: &Files) -> bool {
        match self {
            Self::Set(..) => true,
            Self::Move(path, _) | Self::Remove(path) => files.contains_key(path),
            Self::RenameFolder(folder, _) | Self::DropFolder(folder) => !below(files, folder).is_empty(),
        }
    }

    fn apply(&self, files: &mut Files) {
        match self {
            Self::Set(path, hash) => {
                files.insert(path.clone(), hash.clone());
            }
            Self::Move(from, to) => {
                if let Some(hash) = files.remove(from) {
                    files.insert(to.clone(), hash);
                }
            }
            Self::Remove(path) => {
                files.remove(path);
            }
            Self::RenameFolder(from, to) => {
                for path in below(files, from) {
                    let hash = files.remove(&path).unwrap();
                    files.insert(path.replacen(from, to, 1), hash);
                }
            }
            Self::DropFolder(folder) => below(files, folder).iter().for_each(|path| {
                files.remove(path);
            }),
        }
    }
}

fn below(files: &Files, folder: &str) -> Vec<String> {
    let prefix = format!("{folder}/");
    files.keys().filter(|path| path.starts_with(&prefix)).cloned().collect()
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap()
}

impl Step {
    /// How it counts in the summary.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Raw { .. } => "raw",
            Self::Slow { .. } => "slow",
            Self::Form { .. } => "form",
            Self::Move { .. } => "move",
            Self::Delete { .. } => "delete",
            Self::RenameFolder { .. } => "rename folder",
            Self::DropFolder { .. } => "drop folder",
        }
    }

    fn changes(&self) -> Vec<Change> {
        let set = |path: &String, content: &Content| Change::Set(path.clone(), content.hash.clone());
        match self {
            Self::Put { path, content } | Self::Raw { path, content } | Self::Slow { path, content } => {
                vec![set(path, content)]
            }
            Self::Form { paths, content } => paths.iter().map(|path| set(path, content)).collect(),
            Self::Move { from, to } => vec![Change::Move(from.clone(), to.clone())],
            Self::Delete { paths } => paths.iter().cloned().map(Change::Remove).collect(),
            Self::RenameFolder { from, to } => vec![Change::RenameFolder(from.clone(), to.clone())],
            Self::DropFolder { folder } => vec![Change::DropFolder(folder.clone())],
        }
    }

    /// Every outcome of a step whose answer never came: each of its changes is done or not.
    pub(crate) fn outcomes(&self, files: &Files) -> Vec<Files> {
        self.changes().iter().fold(vec![files.clone()], |outcomes, change| {
            let changed = outcomes.iter().cloned().map(|mut files| {
                change.apply(&mut files);
                files
            });
            changed.chain(outcomes.clone()).collect()
        })
    }

    /// Asks for it. Answers which of its changes were made.
    async fn send(&self, api: &Api) -> reqwest::Result<Vec<bool>> {
        let (status, answer) = match self {
            Self::Put { path, content } => {
                let (folder, name) = split(path);
                (api.put(folder, name, content.bytes.clone()).await?, Value::Null)
            }
            Self::Raw { path, content } => send_raw(api, path, Body::from(content.bytes.clone())).await?,
            Self::Slow { path, content } => send_raw(api, path, slowly(&content.bytes)).await?,
            Self::Form { paths, content } => send_form(api, paths, content).await?,
            Self::Move { from, to } => {
                let (destination, name) = split(to);
                let body = json!({ "path": from, "destination": destination, "new_name": name, "overwrite": true });
                api.call(Method::PUT, "/v2/media", body).await?
            }
            Self::Delete { paths } => api.call(Method::DELETE, "/v2/media", json!({ "paths": paths })).await?,
            Self::RenameFolder { from, to } => {
                let body = json!({ "folder": from, "new_name": split(to).1 });
                api.call(Method::PUT, "/v2/media/folder", body).await?
            }
            Self::DropFolder { folder } => {
                api.call(Method::DELETE, "/v2/media/folder", json!({ "folder": folder, "recursive": true })).await?
            }
        };
        if let Some(results) = answer["results"].as_array() {
            return Ok(results.iter().map(|result| self.was_done(result["status"].as_u64(), result)).collect());
        }
        Ok(vec![self.was_done(Some(status.into()), &answer)])
    }

    /// What is not there is 400; an upload URL that came too late is 403. Nothing else may be answered.
    fn was_done(&self, status: Option<u64>, answer: &Value) -> bool {
        match status {
            Some(200) => true,
            Some(400) if answer["message"].as_str().is_some_and(|text| text.ends_with(" not found")) => false,
            Some(403) if matches!(self, Self::Put { .. }) => false,
            _ => panic!("{self:?} was answered {status:?} {answer}"),
        }
    }
}

async fn send_raw(api: &Api, path: &str, body: Body) -> reqwest::Result<(u16, Value)> {
    let (folder, name) = split(path);
    let path = format!("/v2/media?name={name}&folder={folder}&overwrite=true");
    answer(api.request(Method::POST, &path).header("content-type", "image/png").body(body)).await
}

/// In pieces with pauses between them, so that a kill finds the transfer under way.
fn slowly(bytes: &Bytes) -> Body {
    let pieces: Vec<_> = bytes.chunks(bytes.len().div_ceil(8)).map(|piece| bytes.slice_ref(piece)).collect();
    Body::wrap_stream(futures::stream::iter(pieces).then(|piece| async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        Ok::<_, std::io::Error>(piece)
    }))
}

async fn send_form(api: &Api, paths: &[String], content: &Content) -> reqwest::Result<(u16, Value)> {
    let mut form = Form::new().text("folder", split(&paths[0]).0.to_owned()).text("overwrite", "true");
    for path in paths {
        let part =
            Part::stream(content.bytes.clone()).file_name(split(path).1.to_owned()).mime_str("image/png").unwrap();
        form = form.part("file", part);
    }
    answer(api.request(Method::POST, "/v2/media").multipart(form)).await
}

/// What the clients and who kills the server tell each other.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) answers: AtomicU64,
    pub(crate) killed: AtomicBool,
}

/// One of the clients.
pub(crate) struct Worker {
    pub(crate) home: String,
    /// What must be there.
    pub(crate) files: Files,
    /// What must not be there any more.
    pub(crate) gone: BTreeSet<String>,
    /// The step that was under way when the server went.
    pub(crate) open: Option<Step>,
    pub(crate) acknowledged: BTreeMap<&'static str, usize>,
    random: StdRng,
    folders: u32,
}

impl Worker {
    pub(crate) fn new(number: u64, seed: u64) -> Self {
        Self {
            home: format!("w{number}"),
            files: Files::new(),
            gone: BTreeSet::new(),
            open: None,
            acknowledged: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(number)),
            folders: 0,
        }
    }

    /// Takes one step after the other until the server is gone.
    pub(crate) async fn work(mut self, api: Api, round: Arc<Round>) -> Self {
        loop {
            let step = self.choose();
            match step.send(&api).await {
                Ok(done) => {
                    self.take(&step, &done);
                    round.answers.fetch_add(1, Ordering::SeqCst);
                }
                Err(error) => {
                    assert!(round.killed.load(Ordering::SeqCst), "{step:?} failed before the kill: {error}");
                    self.open = Some(step);
                    return self;
                }
            }
        }
    }

    /// Sends the step that was under way once more: it must do what is still to be done, and nothing else.
    pub(crate) async fn retry(&mut self, api: &Api) {
        let Some(step) = self.open.take() else { return };
        let expected: Vec<_> = step.changes().iter().map(|change| change.is_possible(&self.files)).collect();
        let done = step.send(api).await.unwrap();
        assert_eq!(done, expected, "the retry of {step:?} on {:?}", self.files);
        self.take(&step, &done);
    }

    fn take(&mut self, step: &Step, done: &[bool]) {
        let changes = step.changes();
        assert_eq!(changes.len(), done.len(), "{step:?}");
        let before: BTreeSet<_> = self.files.keys().cloned().collect();
        for (change, _) in changes.iter().zip(done).filter(|(_, done)| **done) {
            change.apply(&mut self.files);
        }
        self.gone.extend(before);
        self.gone.retain(|path| !self.files.contains_key(path));
        *self.acknowledged.entry(step.kind()).or_default() += 1;
    }

    fn choose(&mut self) -> Step {
        let some = self.some_file();
        let many = self.files.len() > 30;
        match (self.random.random_range(0..if many { 30 } else { 20 }), some) {
            (0..4, _) | (_, None) => Step::Put { path: self.path(), content: self.content() },
            (4..7, _) => Step::Raw { path: self.path(), content: self.content() },
            (7..9, _) => Step::Slow { path: self.path(), content: self.content() },
            (9..12, _) => {
                let folder = self.folder();
                let count = self.random.random_range(2..4);
                let paths = (0..count).map(|number| format!("{folder}/form{number}.png")).collect();
                Step::Form { paths, content: self.content() }
            }
            (12..15, Some(from)) => {
                // Onto itself is no move.
                let to = loop {
                    let to = self.path();
                    if to != from {
                        break to;
                    }
                };
                Step::Move { from, to }
            }
            (15, Some(path)) => {
                // The home folder is no folder to be renamed or dropped: one below it is.
                let from = split(&path).0.to_owned();
                self.folders += 1;
                Step::RenameFolder { to: format!("{}/new{}", self.home, self.folders), from }
            }
            (16, Some(path)) => Step::DropFolder { folder: split(&path).0.to_owned() },
            (_, Some(path)) => {
                let mut paths = BTreeSet::from([path]);
                paths.extend(self.some_file());
                Step::Delete { paths: paths.into_iter().collect() }
            }
        }
    }

    fn some_file(&mut self) -> Option<String> {
        let index = self.random.random_range(0..self.files.len().max(1));
        self.files.keys().nth(index).cloned()
    }

    fn folder(&mut self) -> String {
        format!("{}/{}", self.home, ["a", "b", "c"][self.random.random_range(0..3)])
    }

    fn path(&mut self) -> String {
        format!("{}/f{}.png", self.folder(), self.random.random_range(0..12))
    }

    /// Every other time bytes that others upload as well.
    fn content(&mut self) -> Content {
        if self.random.random_bool(0.5) {
            let shared = self.random.random_range(0..6);
            return Content::new(shared, 10_000 + usize::try_from(shared).unwrap());
        }
        let size = if self.random.random_bool(0.1) { 2_000_000 } else { self.random.random_range(1..100_000) };
        Content::new(self.random.random_range(1000..u64::MAX), size)
    }
}
