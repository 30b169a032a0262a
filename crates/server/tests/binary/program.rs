//! The program in a place of its own: a data folder, a port, and in the large world a schema and a bucket.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use reelshelf_domain::{Chance, SystemChance};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::api::Api;
use crate::world::World;

const PROGRAM: &str = env!("CARGO_BIN_EXE_reelshelf");
/// Whatever takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Where the program keeps its things, and how it is told so.
pub(crate) struct Place {
    world: World,
    folder: TempDir,
    data: PathBuf,
    variables: BTreeMap<String, String>,
    base: String,
    http: Client,
    /// How long a verb may take.
    patience: Duration,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The output of a command that did what it was told.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What a command that refused said of it.
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.out, "", "a refusal is no output");
        self.err
    }
}

impl Place {
    pub(crate) async fn create() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (world, folder) = (World::create().await, TempDir::new().unwrap());
        let settings = world.settings();
        let (data, port) = (settings.server.data_dir, free_port());
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
        set("PATH", std::env::var("PATH").unwrap_or_default());
        set("REELSHELF_DATA_DIR", data.display().to_string());
        set("REELSHELF_LISTEN", format!("127.0.0.1:{port}"));
        if !settings.store.database_url.is_empty() {
            set("REELSHELF_DATABASE_URL", settings.store.database_url);
            set("REELSHELF_STORE__CONNECTIONS", "8".to_owned());
            set("REELSHELF_BLOBS_URL", settings.blobs.url);
            set("REELSHELF_JOBS__ORPHAN_SECONDS", settings.jobs.orphan_seconds.to_string());
            // As S3's own tools are told.
            set("AWS_ENDPOINT_URL", settings.blobs.s3_endpoint.unwrap());
            set("AWS_REGION", settings.blobs.s3_region.unwrap());
            set("AWS_ACCESS_KEY_ID", settings.blobs.s3_access_key_id.unwrap());
            set("AWS_SECRET_ACCESS_KEY", settings.blobs.s3_secret_access_key.unwrap().expose_secret().to_owned());
        }
        let http = Client::builder().no_proxy().build().unwrap();
        Self { world, folder, data, variables, base: format!("http://127.0.0.1:{port}"), http, patience: PATIENCE }
    }

    /// A place whose registrations, jobs and leases are over within seconds.
    pub(crate) async fn quick() -> Self {
        let mut place = Self::create().await;
        for (name, value) in [
            ("UPLOADS__URL_SECONDS", "3"),
            ("UPLOADS__RENEW_SECONDS", "1"),
            // A transfer's registration outlives the longest pause that a transfer may make.
            ("SERVER__IDLE_SECONDS", "2"),
            ("JOBS__COLLECT_SECONDS", "1"),
            ("JOBS__EXPIRE_SECONDS", "1"),
            ("JOBS__SWEEP_SECONDS", "3"),
            ("JOBS__LEASE_SECONDS", "2"),
            ("JOBS__POLL_MILLISECONDS", "100"),
        ] {
            place.set(&format!("REELSHELF_{name}"), value);
        }
        place
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Lets verbs take longer, where there is much for them to do.
    pub(crate) const fn wait_for_verbs(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub(crate) fn is_large(&self) -> bool {
        self.variables.contains_key("REELSHELF_DATABASE_URL")
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A folder that the program knows nothing of.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database_url(&self) -> String {
        let own = || format!("sqlite:{}", self.data.join("reelshelf.db").display());
        self.variables.get("REELSHELF_DATABASE_URL").cloned().unwrap_or_else(own)
    }

    pub(crate) fn blobs_url(&self) -> String {
        let own = || format!("file:{}", self.data.join("blobs").display());
        self.variables.get("REELSHELF_BLOBS_URL").cloned().unwrap_or_else(own)
    }

    /// The folder that holds the objects, in the bucket or not; a bucket outside shows none.
    pub(crate) fn objects_folder(&self) -> Option<PathBuf> {
        let inside = self.data.with_file_name("s3").join("media");
        if self.is_large() { Some(inside).filter(|folder| folder.is_dir()) } else { Some(self.data.join("blobs")) }
    }

    /// The bucket by S3's own protocol, and the prefix in it.
    fn bucket(&self) -> Option<(AmazonS3, String)> {
        let set = |name: &str| self.variables.get(name).cloned().unwrap_or_default();
        let url = self.variables.get("REELSHELF_BLOBS_URL")?.strip_prefix("s3://")?;
        let (bucket, prefix) = url.split_once('/').unwrap_or((url, ""));
        let builder = AmazonS3Builder::new().with_endpoint(set("AWS_ENDPOINT_URL")).with_region(set("AWS_REGION"));
        let builder = builder.with_access_key_id(set("AWS_ACCESS_KEY_ID")).with_allow_http(true);
        let builder = builder.with_secret_access_key(set("AWS_SECRET_ACCESS_KEY")).with_bucket_name(bucket);
        Some((builder.build().unwrap(), prefix.to_owned()))
    }

    /// The names of all objects that are some file's bytes.
    pub(crate) async fn objects(&self) -> Vec<String> {
        const ORIGINALS: &str = "originals/";
        if let Some((store, prefix)) = self.bucket() {
            let found = store.list(Some(&format!("{prefix}/{ORIGINALS}").into()));
            let name = |object: ObjectMeta| object.location.to_string()[prefix.len()..].trim_matches('/').to_owned();
            return found.map_ok(name).try_collect().await.unwrap();
        }
        let folder = self.data.join("blobs");
        let within = |shard: std::io::Result<std::fs::DirEntry>| std::fs::read_dir(shard.unwrap().path()).unwrap();
        let found = std::fs::read_dir(folder.join(ORIGINALS)).into_iter().flatten().flat_map(within);
        let name = |path: PathBuf| path.strip_prefix(&folder).unwrap().display().to_string();
        found.map(|entry| name(entry.unwrap().path())).collect()
    }

    /// The bytes of an object.
    pub(crate) async fn object(&self, name: &str) -> Vec<u8> {
        match self.bucket() {
            None => std::fs::read(self.data.join("blobs").join(name)).unwrap(),
            Some((store, prefix)) => {
                let found = store.get(&format!("{prefix}/{name}").into()).await.unwrap();
                found.bytes().await.unwrap().to_vec()
            }
        }
    }

    /// Puts other bytes where an object is, or none.
    pub(crate) async fn damage(&self, name: &str, bytes: Option<&[u8]>) {
        if let Some((store, prefix)) = self.bucket() {
            let place = format!("{prefix}/{name}").into();
            return match bytes {
                Some(bytes) => drop(store.put(&place, bytes.to_vec().into()).await.unwrap()),
                None => store.delete(&place).await.unwrap(),
            };
        }
        let place = self.data.join("blobs").join(name);
        match bytes {
            Some(bytes) => std::fs::write(place, bytes).unwrap(),
            None => std::fs::remove_file(place).unwrap(),
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn api(&self, key: &str) -> Api {
        Api::new(self.http.clone(), self.base.clone(), key.to_owned())
    }

    /// The API at another address.
    pub(crate) fn api_at(&self, base: String, key: &str) -> Api {
        Api::new(self.http.clone(), base, key.to_owned())
    }

    #[expect(clippy::disallowed_methods, reason = "tests start the real program")]
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&self.variables).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a verb of the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        self.any(PROGRAM, arguments).await
    }

    /// Starts a verb of the program, to be watched or killed.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        self.command(PROGRAM, arguments).spawn().unwrap()
    }

    /// Runs any program to its end.
    pub(crate) async fn any(&self, program: &str, arguments: &[&str]) -> Said {
        let output = tokio::time::timeout(self.patience, self.command(program, arguments).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} hangs")).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts the server, and waits until it says where it is.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// Starts another server on the same database and the same bytes, as on another machine; `node` says which. Its
    /// address is `node_base`.
    pub(crate) async fn start_node(&self, node: u16) -> Server {
        let data = self.folder.path().join(format!("node-{node}"));
        let listen = self.node_base(node).replace("http://", "");
        self.start_with(&["--data-dir", data.to_str().unwrap(), "--listen", &listen]).await
    }

    pub(crate) fn node_base(&self, node: u16) -> String {
        let (host, port) = self.base.rsplit_once(':').unwrap();
        format!("{host}:{}", port.parse::<u16>().unwrap() + 9_000 + node)
    }

    async fn start_with(&self, arguments: &[&str]) -> Server {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let mut child = self.command(PROGRAM, &[&["serve"], arguments].concat()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = Vec::new();
        while let Some(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
            let ready = line.starts_with("Reelshelf is at ");
            greeting.push(line);
            if ready {
                return Server { child, greeting, _lines: lines };
            }
        }
        panic!("the server did not start: {}", self.log());
    }

    /// Starts the server for the first time, with the key that it shows.
    pub(crate) async fn first_start(&self) -> (Server, Api) {
        let server = self.start().await;
        let api = self.api(server.greeted("key"));
        (server, api)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What every server of this place has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    /// What `reelshelf verify` reports, and whether it says by its exit that all is well.
    pub(crate) async fn verify(&self) -> (bool, Value) {
        let said = self.run(&["verify"]).await;
        assert!(matches!(said.code, Some(0 | 1)), "{said:?}");
        let report = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        (said.code == Some(0), report)
    }

    /// Changes the database behind the program's back.
    pub(crate) async fn tamper(&self, sql: String) {
        let url = self.database_url();
        if self.is_large() {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        } else {
            open(&url).execute_batch(&sql).unwrap();
        }
    }

    /// The one number that a query gives, whatever the program says.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let url = self.database_url();
        if self.is_large() {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        } else {
            open(&url).query_row(sql, [], |row| row.get(0)).unwrap()
        }
    }

    /// Ends a test that has nothing to do here.
    pub(crate) async fn give_up(self) {
        self.world.remove().await;
    }

    /// Ends the test: nothing may have been logged as a failure that the test did not announce.
    pub(crate) async fn finish(self, server: Server, announced: &[&str]) {
        server.stop().await;
        let failures = |line: &&str| {
            let ours = line.contains("\"target\":\"reelshelf") && (line.contains("WARN") || line.contains("ERROR"));
            let failure = ours || line.contains("panicked");
            // That is of the machine that tests run on.
            let of_the_machine = line.contains("the sandbox is not whole") || line.contains("the sandbox lacks a wall");
            failure && !of_the_machine && !announced.iter().any(|part| line.contains(part))
        };
        let log = self.log();
        let failures: Vec<_> = log.lines().filter(failures).collect();
        assert!(failures.is_empty(), "logged and not announced: {failures:#?}");
        self.world.remove().await;
    }
}

/// Below the range from which the kernel hands out ports, so that nobody takes it while the server is down.
fn free_port() -> u16 {
    loop {
        let mut random = [0; 2];
        SystemChance.fill(&mut random).unwrap();
        let port = 10_000 + u16::from_le_bytes(random) % 9_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    greeting: Vec<String>,
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// What it said when it started.
    pub(crate) fn greeting(&self) -> String {
        self.greeting.join("\n")
    }

    /// The word beside `client` or `key` of its greeting.
    pub(crate) fn greeted(&self, what: &str) -> &str {
        let mut words = self.greeting.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let found = words.find(|words| words.len() == 2 && words[0] == what);
        found.unwrap_or_else(|| panic!("no {what} in {:?}", self.greeting))[1]
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap()
    }

    /// As the power cut that the system survives.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop.
    pub(crate) fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the server does not stop").unwrap()
    }

    pub(crate) async fn stop(self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}");
    }
}

/// A SQLite database, while the program may be writing to it.
fn open(url: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(url.trim_start_matches("sqlite:")).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection
}
