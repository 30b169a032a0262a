//! The test app: the real router on a real socket, over a real store and real blobs, with a clock that the test moves.
//!
//! `TEST_WORLD=small` (the default) is SQLite and a folder; `TEST_WORLD=large` is PostgreSQL, one schema for each test,
//! and S3 (s3s-fs in this process, or the one that `TEST_S3_ENDPOINT` names). The app accuses: `finish` fails the test for whatever it left behind.

pub(crate) mod logs;
mod outside;
mod raw;
pub(crate) mod samples;
mod world;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reelshelf::app::App;
use reelshelf::config::{Plan, Settings};
use reelshelf::fetch::Outside;
use reelshelf::{http, jobs, library};
use reelshelf_domain::{ByteSize, ClientId, ManualClock, Role, SystemChance, UnixMillis};
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use outside::{Origin, Reply, SmallWorld, answer, redirect};
pub(crate) use raw::{RawAnswer, read_answer};

use world::World;

/// 2026-07-30T12:00:00.000Z, where every test begins.
const BEGIN: UnixMillis = UnixMillis::new(1_785_412_800_000);

pub(crate) struct TestApp {
    app: App,
    world: World,
    clock: Arc<ManualClock>,
    settings: Settings,
    base: String,
    client: ClientId,
    http: Client,
    outside: Arc<SmallWorld>,
    running: Option<Running>,
    finished: bool,
}

struct Running {
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl TestApp {
    /// An app with one client on the default plan.
    pub(crate) async fn start() -> Self {
        Self::start_on(Plan::default()).await
    }

    /// An app with one client whose plan has these figures.
    pub(crate) async fn start_with(storage: Option<u64>, file: Option<u64>) -> Self {
        let plan = Plan::default();
        let file = file.map_or(plan.file, ByteSize::new);
        Self::start_on(Plan { storage: storage.map(ByteSize::new), file, ..plan }).await
    }

    pub(crate) async fn start_on(plan: Plan) -> Self {
        Self::start_configured(|settings| settings.plans.set("default", plan)).await
    }

    /// An app whose settings the test changes first.
    pub(crate) async fn start_configured(configure: impl FnOnce(&mut Settings)) -> Self {
        logs::start();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let world = World::create().await;
        let mut settings = world.settings();
        let outside = Arc::new(SmallWorld::default());
        settings.fetch.outside = Outside(outside.clone());
        settings.fetch.progress_milliseconds = 20;
        configure(&mut settings);
        let clock = Arc::new(ManualClock::new(BEGIN));
        let (app, base, running) = run(&settings, &clock, None).await;
        // The app itself, as others find it: a server like any other to import from.
        outside.add("files.example.com", "93.184.216.34", base.strip_prefix("http://").unwrap().parse().unwrap());
        let client = library::create_client(&app, "Tests".to_owned(), None, None).await.unwrap();
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { app, world, clock, settings, base, client, http, outside, running: Some(running), finished: false }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn client_id(&self) -> &str {
        self.client.as_str()
    }

    pub(crate) const fn client(&self) -> ClientId {
        self.client
    }

    /// The world that files are imported from.
    pub(crate) fn outside(&self) -> &SmallWorld {
        &self.outside
    }

    /// The product itself, for what no request can see.
    pub(crate) const fn app(&self) -> &App {
        &self.app
    }

    /// The product once more on the same database, bytes and clock, as another node is; the test closes it.
    pub(crate) async fn another_node(&self) -> App {
        let mut settings = self.settings.clone();
        settings.server.public_url.clone_from(&self.base);
        settings.processing.program = Some(env!("CARGO_BIN_EXE_reelshelf").into());
        settings.complete();
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        App::open(settings, clock, Arc::new(SystemChance)).await.unwrap()
    }

    /// Another client beside the first.
    pub(crate) async fn other_client(&self) -> ClientId {
        library::create_client(&self.app, "Other".to_owned(), None, None).await.unwrap()
    }

    /// A new key of the first client.
    pub(crate) async fn key(&self, role: &str) -> String {
        self.key_of(self.client, role).await
    }

    pub(crate) async fn key_of(&self, client: ClientId, role: &str) -> String {
        let role: Role = role.parse().unwrap();
        let (_, key) = library::create_key(&self.app, client, role, "test".to_owned(), None).await.unwrap();
        key.expose_secret().to_owned()
    }

    /// A request to a path of this app, or to a whole URL.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.http.request(method, url)
    }

    /// Sends JSON with a key, and reads the JSON that comes back.
    pub(crate) async fn call(&self, key: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path).header("x-api-key", key);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> (u16, Value) {
        self.call(key, Method::GET, path, Value::Null).await
    }

    /// Uploads in one request, and gives the file object.
    pub(crate) async fn upload(&self, key: &str, folder: &str, name: &str, bytes: Vec<u8>) -> Value {
        let path = format!("/v2/media?name={name}&folder={folder}");
        let request = self.request(Method::POST, &path).header("x-api-key", key).body(bytes);
        let response = request.header("content-type", "image/png").send().await.unwrap();
        let (status, answer): (_, Value) = (response.status(), response.json().await.unwrap());
        assert_eq!(status, 200, "{answer}");
        answer["file"].clone()
    }

    /// Sends bytes to an upload URL.
    pub(crate) async fn put(&self, url: &str, content_type: &str, bytes: Vec<u8>) -> Response {
        self.request(Method::PUT, url).header("content-type", content_type).body(bytes).send().await.unwrap()
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) async fn run_jobs(&self) {
        age(self.world.folder.path().join("s3/media"));
        jobs::run_until_idle(&self.app).await.unwrap();
    }

    /// Lets the time pass until no import waits for its next try.
    pub(crate) async fn end_imports(&self) {
        while self.app.store.job_counts().await.unwrap().iter().any(|counts| counts.kind == "import") {
            self.advance(Duration::from_secs(self.settings.fetch.retry_max_seconds));
            self.run_jobs().await;
        }
    }

    /// How many objects are stored, whether anything refers to them or not.
    pub(crate) async fn objects(&self) -> usize {
        let mut count = 0;
        for shard in 0..=u8::MAX {
            count += self.app.blobs.list(shard).await.unwrap().0.len();
        }
        count
    }

    /// What the client's storage says.
    pub(crate) async fn storage(&self, key: &str) -> Value {
        let (status, library) = self.get(key, "/v2/media").await;
        assert_eq!(status, 200, "{library}");
        library["storage"].clone()
    }

    /// Registers an upload of a PNG, and gives the answer.
    pub(crate) async fn register(&self, key: &str, folder: &str, name: &str, size: usize) -> (u16, Value) {
        let form = serde_json::json!({ "name": name, "folder": folder, "contentType": "image/png", "size": size });
        self.call(key, Method::POST, "/v2/media/file", form).await
    }

    /// Registers an upload that must be possible, and gives its URL.
    pub(crate) async fn upload_url(&self, key: &str, folder: &str, name: &str, size: usize) -> String {
        let (status, answer) = self.register(key, folder, name, size).await;
        assert_eq!(status, 200, "{answer}");
        answer["uploadUrl"].as_str().unwrap().to_owned()
    }

    /// Puts the first client on hold.
    pub(crate) async fn hold(&self) {
        library::hold_client(&self.app, self.client, "test".to_owned()).await.unwrap();
    }

    /// A WARN or ERROR that the test provokes, by a part of its message.
    #[expect(clippy::unused_self, reason = "said of this app")]
    pub(crate) fn expect_log(&self, part: &'static str) {
        logs::expect(part);
    }

    /// Stops the server as a deploy does, and starts it again on what it left and at the same address.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let address = self.base.strip_prefix("http://").unwrap().to_owned();
        let (app, base, running) = run(&self.settings, &self.clock, Some(&address)).await;
        (self.app, self.base, self.running) = (app, base, Some(running));
    }

    async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.cancel();
            running.server.await.unwrap();
            self.app.close().await;
        }
    }

    /// Ends a run that has already found something, without accusing it of more.
    pub(crate) async fn abandon(mut self) {
        self.stop().await;
        self.world.remove().await;
        self.finished = true;
    }

    /// Lets the time pass after which the sweep takes what no row speaks of.
    pub(crate) async fn sweep(&self) {
        let jobs = &self.settings.jobs;
        self.advance(Duration::from_secs(jobs.orphan_seconds + jobs.sweep_seconds));
        self.run_jobs().await;
    }

    /// Ends the test: after the collector ran, nothing may be left over, nothing may be wrong, and nothing may have been
    /// logged that the test did not announce.
    pub(crate) async fn finish(mut self) {
        self.run_jobs().await;
        // Periodic jobs wait for their next time; deleted bytes are gone after at most two of the collector's.
        for _ in 0..2 {
            self.advance(Duration::from_secs(self.settings.jobs.collect_seconds));
            self.run_jobs().await;
        }
        let report = library::verify(&self.app).await.unwrap();
        assert_eq!(report.problems, [], "verify");
        assert_eq!(report.unreferenced_objects, 0, "objects left over");
        assert_eq!(report.scratch_files, 0, "scratch files left over");
        let parked: Vec<_> =
            self.app.store.job_counts().await.unwrap().into_iter().filter(|counts| counts.state != "waiting").collect();
        assert_eq!(parked, [], "jobs left over");
        self.stop().await;
        self.world.remove().await;
        self.finished = true;
        logs::accuse();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        assert!(self.finished || std::thread::panicking(), "the test did not finish its app");
    }
}

async fn run(settings: &Settings, clock: &Arc<ManualClock>, address: Option<&str>) -> (App, String, Running) {
    let listener = TcpListener::bind(address.unwrap_or("127.0.0.1:0")).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = settings.clone();
    if settings.server.public_url.is_empty() {
        settings.server.public_url.clone_from(&base);
    }
    settings.processing.program = Some(env!("CARGO_BIN_EXE_reelshelf").into());
    settings.complete();
    let clock: Arc<ManualClock> = Arc::clone(clock);
    let app = App::open(settings, clock, Arc::new(SystemChance)).await.unwrap();
    jobs::schedule(&app).await.unwrap();
    let metrics = reelshelf::telemetry::local_metrics().unwrap();
    let (stop, router, served) = (CancellationToken::new(), http::router(&app, metrics), app.clone());
    let told = stop.clone();
    let task = tokio::spawn(async move { http::serve(&served, listener, router, told).await.unwrap() });
    (app, base, Running { stop, server: task })
}

/// Lets a bucket say of no object that it is young: its clock is not the one that tests move.
fn age(folder: PathBuf) {
    // Others may be deleting.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            age(entry.path());
        } else if let Ok(object) = File::open(entry.path()) {
            object.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    }
}
