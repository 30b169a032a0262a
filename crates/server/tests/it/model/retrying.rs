//! Calls that are rehearsed before, and requests that are sent again.

use std::collections::BTreeSet;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::actions::Action;
use super::archives::Archive;
use super::content::Content;
use super::driver::{Difference, Remote, read, same};
use super::expect::Answer;
use super::operations::Generator;
use super::reference::{File, Library};
use super::tus::{Tus, read_tus};
use super::words::{CHANGED, OTHER_REQUEST, file_name, folder_path, is_inside, join, known_folder, known_path};

/// How long an answer is kept.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What was asked under an idempotency key, and answered.
pub(super) struct Told {
    what: Action,
    answer: Answer,
    at: i64,
}

impl Generator {
    /// Sends an action in another way: under a key, or rehearsed; or something from before again.
    pub(super) fn dress(&mut self, library: &Library, action: Action) -> Action {
        if self.last_once > 0 && self.chance(6) {
            let back = self.pick(&[0, 0, 0, 1, 2, 5, 20]);
            return Action::Again { once: self.last_once.saturating_sub(back).max(1), changed: self.chance(30) };
        }
        match &action {
            Action::Call { method, path, body, .. } if can_be_rehearsed(method, path) && self.chance(30) => {
                let alone = !body["paths"].is_array();
                let between = (alone && self.chance(40)).then(|| Box::new(self.disturbance(library, body)));
                Action::Rehearsed { what: Box::new(action), between }
            }
            Action::Tus(Tus::Patch(_) | Tus::Head { .. }) => action,
            Action::Raw { new, .. } if !new.name.is_empty() && self.chance(20) => {
                let path = format!("{}/{}", new.folder, new.name);
                let between = self.chance(40).then(|| Box::new(self.disturbance(library, &json!({ "path": path }))));
                Action::Rehearsed { what: Box::new(action), between }
            }
            Action::Unpack(archive) if self.chance(40) => {
                // What changes in between may make the order of several files matter.
                let alone = archive.is_in_order(library);
                let path = archive.places(library).first().map(|(folder, name)| join(folder, name));
                let body = json!({ "path": path });
                let between = (alone && self.chance(50)).then(|| Box::new(self.disturbance(library, &body)));
                Action::Rehearsed { what: Box::new(action), between }
            }
            Action::Call { .. } | Action::Raw { .. } | Action::Form { .. } | Action::Tus(_) | Action::Unpack(_)
                if self.chance(20) =>
            {
                self.last_once += 1;
                Action::Keyed { once: self.last_once, what: Box::new(action) }
            }
            _ => action,
        }
    }

    /// Mostly something that the call is about.
    fn disturbance(&mut self, library: &Library, body: &Value) -> Action {
        let own = body["path"].as_str().filter(|_| self.chance(50));
        if let Some(path) = own {
            let (tag, method, path, body) = (0, "DELETE", "/v2/media", json!({ "path": path }));
            return Action::Call { tag, method, path, body };
        }
        if self.chance(50) { self.raw() } else { self.removal(library) }
    }

    /// The hash of bytes that are here, mostly, or of others.
    pub(super) fn say_hash(&mut self, library: &Library, body: &mut Value) {
        let there: Vec<Content> = library.files.values().filter_map(|file| file.content).collect();
        let content = if there.is_empty() || self.chance(20) { self.content() } else { self.pick(&there) };
        if self.chance(90) && body["size"].is_u64() {
            body["size"] = content.len().into();
        }
        body["sha256"] = if self.chance(4) { "nonsense".into() } else { content.sha256().into() };
    }
}

fn can_be_rehearsed(method: &str, path: &str) -> bool {
    method == "DELETE" || method == "PUT" && path.starts_with("/v2/media")
}

impl Remote {
    /// The request; `None` where the upload that it is about has no address, since it was never made.
    fn request(&self, what: &Action) -> Option<RequestBuilder> {
        Some(match what {
            Action::Tus(tus) => self.tus_request(tus)?,
            Action::Unpack(archive) => self.unpack_request(archive, &[]),
            Action::Call { method, path, body, .. } => self.call_request(method, path, body),
            Action::Raw { new, content, hash } => self.raw_request(new, *content, hash.as_deref(), &[]),
            Action::Form { folder, overwrite, parts, odd } => self.form_request(folder, *overwrite, parts, *odd),
            _ => unreachable!("{what:?} is not sent under a key"),
        })
    }

    pub(super) fn expected(&self, library: &mut Library, what: &Action, keyed: bool) -> Answer {
        match what {
            Action::Call { tag, method, path, body } => self.context.call(library, *tag, method, path, body),
            Action::Raw { new, content, hash } => self.context.raw(library, new, *content, hash.as_deref(), keyed),
            Action::Form { folder, overwrite, parts, odd } => {
                self.context.form(library, folder, *overwrite, parts, *odd)
            }
            Action::Tus(tus) => self.context.tus(library, tus),
            Action::Unpack(archive) => self.context.unpack(library, archive),
            _ => unreachable!("{what:?} is not sent under a key"),
        }
    }

    async fn send_once(&self, once: u32, request: RequestBuilder) -> (Answer, bool) {
        let response = request.header("idempotency-key", format!("once-{once}")).send().await.unwrap();
        let again = response.headers().contains_key("idempotency-replayed");
        let is_tus = response.headers().contains_key("tus-resumable");
        (if is_tus { read_tus(response).await } else { read(response).await }, again)
    }

    pub(super) async fn keyed(&mut self, library: &mut Library, once: u32, what: &Action) -> Result<(), Difference> {
        let Some(request) = self.request(what) else { return Ok(()) };
        let expected = self.expected(library, what, true);
        let (answer, again) = self.send_once(once, request).await;
        let got = match what {
            Action::Tus(tus) => self.keep_location(tus.tag(), answer.clone()),
            Action::Call { tag, .. } => self.keep_url(*tag, answer.clone()),
            _ => answer.clone(),
        };
        self.meet("under a key", got.0);
        match what {
            Action::Call { method, path, .. } => self.meet(&format!("{method} {path}"), got.0),
            Action::Tus(tus) => self.meet(tus.kind(), got.0),
            _ => {}
        }
        if got.1["exists"] == true {
            self.meet("known bytes", got.0);
        }
        same(&expected, &got)?;
        if again {
            return Err("what was sent first is answered as if it were not".to_owned());
        }
        // What may work when it is tried again is no answer for good.
        let passing = |results: &Vec<Value>| results.iter().any(|result| result["status"] == 429);
        if got.0 != 429 && !got.1["results"].as_array().is_some_and(passing) {
            self.told.insert(once, Told { what: what.clone(), answer, at: self.context.now });
        }
        Ok(())
    }

    pub(super) async fn again(&mut self, once: u32, changed: bool) -> Result<(), Difference> {
        // Its step was left out of a run that is being made shorter, or its time is over.
        let Some(told) = self.told.get(&once).filter(|told| self.context.now < told.at + DAY) else { return Ok(()) };
        let (expected, what, replayed) = match changed.then(|| other(told)) {
            Some(None) => return Ok(()),
            Some(Some(other)) => ((422, json!({ "success": false, "message": OTHER_REQUEST })), other, false),
            None => (told.answer.clone(), told.what.clone(), true),
        };
        let Some(request) = self.request(&what) else { return Ok(()) };
        let (got, again) = self.send_once(once, request).await;
        self.meet("under a key again", got.0);
        same(&expected, &got)?;
        if again == replayed {
            Ok(())
        } else {
            Err(format!("said before: the model says {replayed}, the server {again}"))
        }
    }

    pub(super) async fn rehearsed(
        &mut self,
        library: &mut Library,
        what: &Action,
        between: Option<&Action>,
    ) -> Result<(), Difference> {
        let Action::Call { tag, method, path, body } = what else {
            return self.rehearsed_arrivals(library, what, between).await;
        };
        let mut imagined = library.clone();
        let expected = self.context.call(&mut imagined, *tag, method, path, body);
        let got = self.call(*tag, method, path, &with(body, "dry_run", &json!(true))).await;
        self.meet("rehearsal", got.0);
        if expected.0 != 200 {
            self.meet(&format!("{method} {path}"), got.0);
            return same(&expected, &got).map_err(|difference| format!("the rehearsal\n{difference}"));
        }
        self.check_told(library, &imagined, method, &expected.1, &got)?;
        self.check_storage(library).await?;
        let before = concerned(library, path, body);
        if let Some(between) = between {
            self.in_between(library, between).await?;
        }
        let is_as_told = body["paths"].is_array() || concerned(library, path, body) == before;
        let real = self.call(*tag, method, path, &with(body, "token", &got.1["token"])).await;
        self.meet("rehearsed", real.0);
        self.meet(&format!("{method} {path}"), real.0);
        if is_as_told {
            return same(&self.context.call(library, *tag, method, path, body), &real);
        }
        match real.1["message"].as_str() {
            Some(message) if real.0 == 409 && message.starts_with(CHANGED) => Ok(()),
            _ => Err(format!("the model says that it has changed, the server {} {}", real.0, real.1)),
        }
    }

    pub(super) async fn in_between(&self, library: &mut Library, between: &Action) -> Result<(), Difference> {
        let expected = self.expected(library, between, false);
        let got = read(self.request(between).unwrap().send().await.unwrap()).await;
        same(&expected, &got).map_err(|difference| format!("in between\n{difference}"))
    }

    /// What a rehearsal told, beside what the model has done.
    fn check_told(
        &self,
        library: &Library,
        after: &Library,
        method: &str,
        expected: &Value,
        (status, got): &Answer,
    ) -> Result<(), Difference> {
        if *status != 200 || got["dry_run"] != true || !got["token"].is_string() {
            return Err(format!("the rehearsal answers {status} {got}"));
        }
        for field in ["success", "timestamp", "path"] {
            same(&(200, expected[field].clone()), &(200, got[field].clone()))
                .map_err(|what| format!("{field} {what}"))?;
        }
        if expected["results"].is_array() {
            same(&(200, expected["results"].clone()), &(200, got["results"].clone()))?;
        }
        if expected["file"].is_object() {
            same(&(200, expected["file"].clone()), &(200, got["results"][0]["file"].clone()))?;
        }
        if method != "DELETE" {
            return Ok(());
        }
        let gone: Vec<&File> =
            library.files.iter().filter(|(id, _)| !after.files.contains_key(id)).map(|(_, file)| file).collect();
        let folders = library.folders.len() - after.folders.len();
        let bytes: u64 = gone.iter().filter_map(|file| file.content).map(Content::len).sum();
        let paths: BTreeSet<String> = gone.iter().map(|file| file.path()).collect();
        let urls: Vec<_> = paths.iter().map(|path| self.context.stable(path)).collect();
        let none = json!({ "files": 0, "folders": 0, "bytes": 0 });
        let would = json!({
            "delete": { "files": gone.len(), "folders": folders, "bytes": bytes },
            "move": none, "replace": none,
            "files": gone.len(), "bytes": bytes, "urls": urls, "total": gone.len(), "truncated": false,
        });
        same(&(200, would), &(200, got["would"].clone()))
    }
}

fn with(body: &Value, field: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[field] = value.clone();
    body
}

/// Another request than was told of. Of bodies that were not read there is none: nobody knows them.
fn other(told: &Told) -> Option<Action> {
    let mut what = told.what.clone();
    match &mut what {
        Action::Call { body, .. } => body["more"] = 1.into(),
        Action::Tus(Tus::Begin { new, .. }) => new.overwrite = !new.overwrite,
        _ if told.answer.0 != 200 => return None,
        Action::Raw { new, content, .. } => {
            let filler = if content.filler == b'x' { b'y' } else { b'x' };
            let changed = Content::new(content.flavour, content.size, filler);
            if changed == *content {
                return None;
            }
            (*content, new.size) = (changed, new.size);
        }
        Action::Unpack(Archive { overwrite, .. }) | Action::Form { overwrite, .. } => *overwrite = !*overwrite,
        _ => return None,
    }
    Some(what)
}

/// A file as whoever was told of it cares for it.
pub(super) fn state((id, file): (&u32, &File)) -> String {
    format!("{id} {} {:?} {}", file.path(), file.content, file.size())
}

/// All that a call is about, in the state in which it is.
fn concerned(library: &Library, path: &str, body: &Value) -> BTreeSet<String> {
    let text = |field: &str| body[field].as_str();
    if path == "/v2/media/folder" {
        let folder = known_folder(text("folder").or(text("path")).unwrap_or_default()).unwrap_or_default();
        let files = library.files.iter().filter(|(_, file)| is_inside(&file.folder, &folder)).map(state);
        let folders = library.folders.iter().filter(|other| is_inside(other, &folder)).cloned();
        return files.chain(folders).collect();
    }
    let joined = format!("{}/{}", text("folder").unwrap_or_default(), text("name").unwrap_or_default());
    let named = text("path").filter(|path| !path.is_empty()).unwrap_or(&joined);
    let Ok((folder, name)) = known_path(named) else { return BTreeSet::new() };
    let to = text("destination").map_or(Ok(folder.clone()), folder_path).unwrap_or_default();
    let new_name = text("new_name").map_or(Ok(name.clone()), file_name).unwrap_or_default();
    let Some(file) = library.find(&folder, &name) else { return BTreeSet::new() };
    // What is deleted goes nowhere, so that nothing is in its way.
    let there = library.find(&to, &new_name);
    [Some(file), there].into_iter().flatten().map(|id| state((&id, &library.files[&id]))).collect()
}
