//! Sends what the model does to the server, and says where the two differ.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::future::join_all;
use reelshelf::config::Plan as ServerPlan;
use reelshelf::{jobs, library};
use reelshelf_domain::{ByteSize, ClientId};
use reqwest::multipart::{Form, Part as FormPart};
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url as Address;

use super::actions::{Action, Step};
use super::content::Content;
use super::expect::{Answer, Context, Part, UPLOAD_URL};
use super::folders::FOLDERS;
use super::origin::{Server, Stops};
use super::reference::{FREE_ALLOWANCE, Library, NewFile, PLANS, STEP, TEMP_LIMIT};
use super::retrying::Told;
use crate::support::TestApp;

/// What is not as the model says.
pub(super) type Difference = String;

/// One client at the server.
pub(super) struct Remote {
    pub(super) http: Client,
    pub(super) key: String,
    pub(super) context: Context,
    id: ClientId,
    /// The upload URLs of its registrations.
    pub(super) urls: HashMap<u32, String>,
    /// How often which request was answered with which status.
    pub(super) met: BTreeMap<(String, u16), usize>,
    /// What was asked under which idempotency key, and answered.
    pub(super) told: HashMap<u32, Told>,
}

/// The server, and the model of what is on it.
pub(super) struct Driver {
    app: TestApp,
    /// Where files are imported from.
    origin: Server,
    /// The import that has stopped in the middle, whose it is, and the jobs that wait for it.
    under_way: Option<(usize, u32, JoinHandle<()>)>,
    remotes: [Remote; 2],
    pub(super) libraries: [Library; 2],
}

fn http() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// An address with parameters.
pub(super) fn address(base: &str, path: &str, parameters: &[(&str, &str)]) -> Address {
    let mut address = Address::parse(&format!("{base}{path}")).unwrap();
    if !parameters.is_empty() {
        address.query_pairs_mut().extend_pairs(parameters);
    }
    address
}

impl Driver {
    pub(super) async fn start() -> Self {
        let app = TestApp::start_configured(|settings| {
            for plan in PLANS {
                let figures = ServerPlan {
                    storage: plan.storage.map(ByteSize::new),
                    file: ByteSize::new(plan.file),
                    free_allowance: ByteSize::new(FREE_ALLOWANCE),
                };
                settings.plans.set(plan.name, figures);
            }
            settings.uploads.temp_limit = ByteSize::new(TEMP_LIMIT);
            settings.uploads.reserve_step = ByteSize::new(STEP);
            settings.limits.folders = u32::try_from(FOLDERS).unwrap();
            // Whenever time has passed, what is over is due.
            settings.jobs.expire_seconds = 1;
            // The model keeps its folders.
            settings.uploads.temp_folder_seconds = 100 * 365 * 24 * 60 * 60;
        })
        .await;
        let origin = Server::start(app.outside()).await;
        let ids = [app.client(), app.other_client().await];
        let mut remotes = Vec::new();
        for id in ids {
            let context = Context { base: app.base().to_owned(), client: id.to_string(), now: app.app().now().get() };
            let (http, key) = (http(), app.key_of(id, "render").await);
            let (urls, met, told) = (HashMap::new(), BTreeMap::new(), HashMap::new());
            remotes.push(Remote { http, key, context, id, urls, met, told });
        }
        let remotes = remotes.try_into().unwrap_or_else(|_| unreachable!("two clients"));
        Self { app, origin, under_way: None, remotes, libraries: [Library::new(), Library::new()] }
    }

    /// How often which request of which client was answered with which status.
    pub(super) fn met(&self) -> BTreeMap<(String, u16), usize> {
        let mut met = self.remotes[0].met.clone();
        for (request, count) in &self.remotes[1].met {
            *met.entry(request.clone()).or_default() += count;
        }
        met
    }

    pub(super) async fn finish(mut self) {
        self.go_on().await;
        self.app.end_imports().await;
        // A stop in the middle of an import may leave an object that only the sweep finds.
        self.app.sweep().await;
        self.app.finish().await;
    }

    /// Ends a run that has found something.
    pub(super) async fn abandon(mut self) {
        self.origin.open();
        if let Some((_, _, working)) = self.under_way.take() {
            working.await.unwrap();
        }
        self.app.abandon().await;
    }

    /// Does a step on both sides. What the server answers must be what the model answers.
    pub(super) async fn step(&mut self, step: &Step) -> Result<(), Difference> {
        match step {
            Step::Acts(acts) => {
                if acts.iter().any(|(_, action)| action.is_import()) {
                    self.go_on().await;
                    // No two of one client are asked for at the same time: the later one is the one that counts.
                    self.advance(Duration::from_millis(1));
                }
                let [first, second] = &mut self.remotes;
                let [first_library, second_library] = &mut self.libraries;
                let sides = [(first, first_library), (second, second_library)];
                let app = &self.app;
                let running = sides.into_iter().enumerate().filter_map(|(client, (remote, library))| {
                    let (_, action) = acts.iter().find(|(of, _)| *of == client)?;
                    Some(remote.act(app, library, action))
                });
                join_all(running).await.into_iter().collect::<Result<(), _>>()?;
                self.stop_waiting().await;
                for (client, _) in acts {
                    self.remotes[*client].check_storage(&self.libraries[*client]).await?;
                }
            }
            Step::Pass { seconds, jobs } => self.pass(*seconds, *jobs).await?,
            Step::Restart => {
                self.go_on().await;
                self.app.restart().await;
                // The server has closed the connections that the old ones keep.
                self.remotes.iter_mut().for_each(|remote| remote.http = http());
            }
        }
        Ok(())
    }

    fn advance(&mut self, time: Duration) {
        self.app.advance(time);
        let now = self.app.app().now().get();
        self.remotes.iter_mut().for_each(|remote| remote.context.now = now);
    }

    async fn pass(&mut self, seconds: u64, jobs: bool) -> Result<(), Difference> {
        self.go_on().await;
        self.advance(Duration::from_secs(seconds));
        if !jobs {
            return Ok(());
        }
        let now = self.app.app().now().get();
        self.libraries.iter_mut().for_each(|library| library.sweep(now));
        let due = self.libraries.iter().map(|library| library.due(now)).enumerate();
        let due: Vec<_> = due.flat_map(|(client, all)| all.into_iter().map(move |tag| (client, tag))).collect();
        // While one stops, nothing comes behind it.
        if let [(client, tag)] = due[..]
            && self.libraries[client].stops(tag) != Stops::Never
        {
            return self.begin_and_stop(client, tag).await;
        }
        self.app.run_jobs().await;
        let asked = self.origin.asked();
        self.libraries.iter_mut().try_for_each(|library| library.run_imports(now, &asked))
    }

    /// Begins an import whose server stops in the middle of its answer.
    async fn begin_and_stop(&mut self, client: usize, tag: u32) -> Result<(), Difference> {
        self.origin.close();
        let (app, now) = (self.app.app().clone(), self.app.app().now().get());
        let working = tokio::spawn(async move { jobs::run_until_idle(&app).await.unwrap() });
        let stopped = self.origin.stopped().await;
        if stopped != tag {
            return Err(format!("import #{tag} is due, and the server asks for #{stopped}"));
        }
        self.origin.asked();
        let library = &mut self.libraries[client];
        let path = library.files[&library.uploads[&tag].file].path();
        library.begin_import(tag).unwrap_or_else(|_| unreachable!("its server was asked"));
        if library.stops(tag) == Stops::Midway {
            if !library.came_halfway(now, tag) {
                self.origin.open();
                working.await.unwrap();
                return Ok(());
            }
            while !self.remotes[client].half_has_come(&path).await {
                if working.is_finished() {
                    return Err(format!("import #{tag} is over before its bytes are here"));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        self.remotes[client].meet("import under way", 200);
        self.under_way = Some((client, tag, working));
        Ok(())
    }

    /// Lets the import that has stopped go on to its end.
    pub(super) async fn go_on(&mut self) {
        self.origin.open();
        let Some((client, tag, working)) = self.under_way.take() else { return };
        working.await.unwrap();
        let (library, now) = (&mut self.libraries[client], self.app.app().now().get());
        if library.uploads.contains_key(&tag) {
            library.goes_on(now, tag);
        }
    }

    /// Nobody waits for an import whose file is gone.
    async fn stop_waiting(&mut self) {
        let gone = |(client, tag, _): &(usize, u32, _)| !self.libraries[*client].uploads.contains_key(tag);
        if self.under_way.as_ref().is_some_and(gone) {
            self.go_on().await;
        }
    }

    /// Everything that can be seen of both clients, and what the server finds when it looks at itself.
    pub(super) async fn check_everything(&self) -> Result<(), Difference> {
        for (remote, library) in self.remotes.iter().zip(&self.libraries) {
            remote.check_everything(library).await?;
        }
        Ok(())
    }

    pub(super) async fn verify(&self) -> Result<(), Difference> {
        let report = library::verify(self.app.app()).await.unwrap();
        if report.problems.is_empty() { Ok(()) } else { Err(format!("verify: {:#?}", report.problems)) }
    }
}

impl Remote {
    async fn act(&mut self, app: &TestApp, library: &mut Library, action: &Action) -> Result<(), Difference> {
        match action {
            Action::Call { tag, method, path, body } => {
                let expected = self.context.call(library, *tag, method, path, body);
                let got = self.call(*tag, method, path, body).await;
                self.meet(&format!("{method} {path}"), got.0);
                same(&expected, &got)
            }
            Action::Put { tag, content_type, content } => self.put(library, *tag, content_type, *content).await,
            Action::Raw { new, content, hash } => {
                let expected = self.context.raw(library, new, *content, hash.as_deref(), false);
                let got = read(self.raw_request(new, *content, hash.as_deref(), &[]).send().await.unwrap()).await;
                self.meet("POST raw", got.0);
                same(&expected, &got)
            }
            Action::Form { folder, overwrite, parts, odd } => {
                let expected = self.context.form(library, folder, *overwrite, parts, *odd);
                let got = read(self.form_request(folder, *overwrite, parts, *odd).send().await.unwrap()).await;
                self.meet("POST form", got.0);
                same(&expected, &got)
            }
            Action::Unpack(archive) => {
                let expected = self.context.unpack(library, archive);
                let got = read(self.unpack_request(archive, &[]).send().await.unwrap()).await;
                self.meet("unpack", got.0);
                same(&expected, &got)
            }
            Action::Zip(wanted) => {
                let got = self.zip(wanted).await;
                self.meet("ZIP", got.0);
                same(&self.context.zip(library, wanted), &got)
            }
            Action::Get { path } => {
                let expected = self.context.get(library, path);
                same(&expected, &self.get("/v2/media/file", &[("path", path)]).await)
            }
            Action::Tus(tus) => {
                let expected = self.context.tus(library, tus);
                let got = self.tus(tus).await;
                self.meet(tus.kind(), got.0);
                same(&expected, &got)
            }
            Action::Keyed { once, what } => self.keyed(library, *once, what).await,
            Action::Again { once, changed } => self.again(*once, *changed).await,
            Action::Rehearsed { what, between } => self.rehearsed(library, what, between.as_deref()).await,
            Action::List(listing) => self.check_listing(library, listing).await,
            Action::BadList { query, sentence } => {
                let got = self.get(&format!("/v2/media/folder?{query}"), &[]).await;
                same(&(400, serde_json::json!({ "success": false, "message": sentence })), &got)
            }
            Action::Tree => {
                same(&(200, Context::tree(library)), &self.get("/v2/media/folder", &[("tree", "true")]).await)
            }
            Action::Deliver { url, ask } => self.check_delivery(library, url, *ask).await,
            Action::Hold | Action::Release | Action::Plan(_) => {
                self.operate(app, library, action).await;
                Ok(())
            }
        }
    }

    /// Whether the server says that the first half of an import is here.
    async fn half_has_come(&self, path: &str) -> bool {
        let address = address(&self.context.base, "/v2/media/file", &[("path", path)]);
        let request = self.http.get(address).header("x-api-key", &self.key);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["file"]["import"]["received"].as_u64() > Some(0)
    }

    /// What the operator does goes through the same functions as the command line.
    async fn operate(&self, app: &TestApp, library: &mut Library, action: &Action) {
        let (app, now) = (app.app(), self.context.now);
        match action {
            Action::Hold => {
                library::hold_client(app, self.id, "the model says so".to_owned()).await.unwrap();
                library.set_hold(true, now);
            }
            Action::Release => {
                library::release_client(app, self.id).await.unwrap();
                library.set_hold(false, now);
            }
            Action::Plan(plan) => {
                library::set_plan(app, self.id, PLANS[*plan].name.to_owned()).await.unwrap();
                library.set_plan(PLANS[*plan], now);
            }
            _ => unreachable!("{action:?} is no operator's"),
        }
    }

    pub(super) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let address = address(&self.context.base, path, parameters);
        read(self.http.get(address).header("x-api-key", &self.key).send().await.unwrap()).await
    }

    pub(super) fn call_request(&self, method: &str, path: &str, body: &Value) -> RequestBuilder {
        let request = self.http.request(method.parse::<Method>().unwrap(), format!("{}{path}", self.context.base));
        request.header("x-api-key", &self.key).json(body)
    }

    pub(super) async fn call(&mut self, tag: u32, method: &str, path: &str, body: &Value) -> Answer {
        let answer = read(self.call_request(method, path, body).send().await.unwrap()).await;
        if answer.1["exists"] == true {
            self.meet("known bytes", answer.0);
        }
        if body["src"].is_string() {
            self.meet("import", answer.0);
        }
        self.keep_url(tag, answer)
    }

    /// Keeps the upload URL of an answer, which nobody can predict.
    pub(super) fn keep_url(&mut self, tag: u32, (status, mut answer): Answer) -> Answer {
        if let Some(url) = answer["uploadUrl"].as_str().filter(|url| url.starts_with(&self.context.base)) {
            self.urls.insert(tag, url.to_owned());
            answer["uploadUrl"] = UPLOAD_URL.into();
        }
        (status, answer)
    }

    pub(super) fn meet(&mut self, request: &str, status: u16) {
        *self.met.entry((request.to_owned(), status)).or_default() += 1;
    }

    async fn put(
        &mut self,
        library: &mut Library,
        tag: u32,
        content_type: &str,
        content: Content,
    ) -> Result<(), Difference> {
        // Without a registration there is no URL: its step was left out of a run that is being made shorter.
        let Some(expected) = library.put(self.context.now, tag, content_type, content) else { return Ok(()) };
        let request = self.http.put(&self.urls[&tag]).header("content-type", content_type).body(content.bytes());
        let response = request.send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        self.meet("PUT upload", status);
        match expected {
            Ok(()) if status == 200 && body.is_empty() => Ok(()),
            // Here the contract has S3's words for it.
            Err(refusal) if refusal.0 == 429 && status == 429 && body.contains("<Code>SlowDown</Code>") => Ok(()),
            Err(refusal) if refusal.0 == status && body.contains(&format!("<Message>{}</Message>", refusal.1)) => {
                Ok(())
            }
            expected => Err(format!("the model says {expected:?}, the server {status} {body}")),
        }
    }

    pub(super) fn raw_request(
        &self,
        new: &NewFile,
        content: Content,
        hash: Option<&str>,
        more: &[(&str, &str)],
    ) -> RequestBuilder {
        let overwrite = new.overwrite.to_string();
        let mut parameters = vec![("name", new.name.as_str()), ("folder", &new.folder), ("overwrite", &overwrite)];
        parameters.extend(hash.map(|hash| ("sha256", hash)));
        parameters.extend(more);
        let request = self.http.post(address(&self.context.base, "/v2/media", &parameters));
        let body = match new.size {
            Some(_) => Body::from(content.bytes()),
            // A stream has no length that could be told beforehand.
            None => Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(content.bytes())])),
        };
        request.header("x-api-key", &self.key).header("content-type", &new.content_type).body(body)
    }

    pub(super) fn form_request(
        &self,
        folder: &str,
        overwrite: bool,
        parts: &[Part],
        odd: Option<&str>,
    ) -> RequestBuilder {
        let mut form = Form::new().percent_encode_noop().text("folder", folder.to_owned());
        form = form.text("overwrite", overwrite.to_string());
        for (name, content_type, content) in parts {
            let part = FormPart::bytes(content.bytes()).file_name(name.clone()).mime_str(content_type).unwrap();
            form = form.part("file", part);
        }
        let parameters: Vec<_> = odd.map(|odd| (odd, "x")).into_iter().collect();
        let request = self.http.post(address(&self.context.base, "/v2/media", &parameters));
        request.header("x-api-key", &self.key).multipart(form)
    }
}

pub(super) async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let mut answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
    forget_progress(&mut answer);
    (status, answer)
}

const PROCESSED: [&str; 7] =
    ["processing", "processingError", "metadata", "derived", "notice", "derived_bytes", "derived_limit_bytes"];

/// How much of an import has come is a matter of time.
fn forget_progress(answer: &mut Value) {
    match answer {
        Value::Object(fields) => {
            if let Some(import) = fields.get_mut("import") {
                (import["received"], import["total"]) = (Value::Null, Value::Null);
            }
            // So is what is known of bytes and made of them; the model says nothing of that.
            fields.retain(|name, _| !PROCESSED.contains(&name.as_str()));
            fields.values_mut().for_each(forget_progress);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_progress),
        _ => {}
    }
}

/// Whether the server's answer is the model's; if not, in what they differ.
pub(super) fn same(expected: &Answer, got: &Answer) -> Result<(), Difference> {
    let mut lines = Vec::new();
    if expected.0 != got.0 {
        lines.push(format!("status: the model says {}, the server {}", expected.0, got.0));
    }
    differ("", &expected.1, &got.1, &mut lines);
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

/// Collects the places where two values differ.
pub(super) fn differ(place: &str, expected: &Value, got: &Value, lines: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
                let (left, right) = (left.get(name), right.get(name));
                match (left, right) {
                    (Some(left), Some(right)) => differ(&format!("{place}/{name}"), left, right, lines),
                    _ => lines.push(format!("{place}/{name}: the model says {left:?}, the server {right:?}")),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differ(&format!("{place}/{index}"), left, right, lines);
            }
        }
        _ if expected != got => lines.push(format!("{place}: the model says {expected}, the server {got}")),
        _ => {}
    }
}
