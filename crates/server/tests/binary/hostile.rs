//! Files that mean harm, through real uploads into the real program: it lives, within its memory, and so do its other
//! clients; each file is over in the end, with a reason where nothing came of it; and all of them are delivered as they
//! came.
//!
//! `TORTURE=1` makes it 10,000 mutants; `TORTURE_MUTANTS` says how many, `TORTURE_SEED` which.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use reelshelf_domain::ByteSize;
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::api::{Api, sha256};
use crate::hostile_set::{Hostile, Mutants, Peaks, SEEDS, Seed, Watch, crafted};
use crate::program::{PATIENCE, Place, Server};
use crate::samples::png;

/// As many at a time as one page of a listing shows.
const BATCH: usize = 200;
/// Between two looks at what became of them, and between two requests of another client: neither is to be the load.
const LOOK: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(100);
/// What each process of a child may have of its own, and what its program, its libraries and its stack take beside it.
const CHILD: ByteSize = ByteSize::mib(256);
const BESIDE: ByteSize = ByteSize::mib(128);
/// What the server may take, whatever it is sent: this is a build without optimisation.
const SERVER: ByteSize = ByteSize::mib(200);

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// The real files that hostile ones are made of.
async fn seeds(place: &Place) -> Vec<Seed> {
    let made = stream::iter(SEEDS).map(|(name, words)| seed(place, name, *words));
    made.buffered(2).collect().await
}

#[expect(clippy::disallowed_methods, reason = "the test makes its files with the real tool")]
async fn seed(place: &Place, name: &'static str, words: [&str; 2]) -> Seed {
    let path = place.folder().join(name);
    let words = words.iter().flat_map(|words| words.split_whitespace());
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-bitexact"]).args(words).arg(&path).kill_on_drop(true);
    let ended = ffmpeg.status().await.unwrap();
    assert!(ended.success(), "{name}");
    Seed { name, bytes: std::fs::read(path).unwrap() }
}

/// A server that is sent hostile files, watched.
struct Siege {
    place: Place,
    server: Server,
    api: Api,
    seeds: Vec<Seed>,
    watch: Watch,
    neighbour: Neighbour,
    batches: u32,
    /// A line for each file.
    told: Vec<String>,
    done: usize,
    failed: usize,
    /// What became of files that should not become of them.
    wrong: Vec<Value>,
}

impl Siege {
    async fn begin() -> Self {
        let mut place = Place::create().await;
        for (name, value) in
            [("SLOTS", "3"), ("CLIENT_SLOTS", "2"), ("CHILD_SECONDS", "30"), ("CHILD_MEMORY", &CHILD.get().to_string())]
        {
            place.set(&format!("REELSHELF_PROCESSING__{name}"), value);
        }
        let seeds = seeds(&place).await;
        let (server, api) = place.first_start().await;
        let watch = Watch::start(server.pid().as_raw_pid().try_into().unwrap());
        let neighbour = Neighbour::start(&place).await;
        Self {
            place,
            server,
            api,
            seeds,
            watch,
            neighbour,
            batches: 0,
            told: Vec::new(),
            done: 0,
            failed: 0,
            wrong: Vec::new(),
        }
    }

    /// Sends files, waits until each is over, and looks at what became of it.
    async fn endure(&mut self, files: &[Hostile]) {
        for batch in files.chunks(BATCH) {
            self.batches += 1;
            let folder = format!("siege-{}", self.batches);
            for file in batch {
                self.api.upload(&folder, &file.name, file.bytes.clone()).await;
            }
            let listed = self.over(&folder, batch.len()).await;
            for file in batch {
                let found = listed.iter().find(|found| found["name"] == *file.name).unwrap();
                self.look(file, found).await;
            }
        }
    }

    async fn over(&self, folder: &str, count: usize) -> Vec<Value> {
        let mut moved = Instant::now();
        let mut over = 0;
        loop {
            let (status, answer) = self.api.get(&format!("/v2/media/folder?folder={folder}&page_size={BATCH}")).await;
            assert_eq!(status, 200, "{answer}");
            let files = answer["files"].as_array().unwrap();
            assert_eq!(files.len(), count);
            let waiting: Vec<_> = files.iter().filter(|file| !is_over(file)).map(|file| &file["name"]).collect();
            if waiting.is_empty() {
                return files.clone();
            }
            if count - waiting.len() > over {
                (over, moved) = (count - waiting.len(), Instant::now());
            }
            assert!(moved.elapsed() < 4 * PATIENCE, "{waiting:?} are never over");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&mut self, file: &Hostile, found: &Value) {
        let reason = found["processingError"].as_str();
        match found["processing"].as_str() {
            Some("done") => self.done += 1,
            _ => self.failed += 1,
        }
        self.told.push(format!("{}: {}", file.name, reason.unwrap_or("done")));
        let has_reason = reason.map_or(found["processing"] == "done", is_understood);
        let original = self.api.delivered(found["url"].as_str().unwrap()).await;
        if !has_reason || !is_whole(found) || original != (200, sha256(&file.bytes)) {
            self.wrong.push(found.clone());
        }
    }

    /// Ends it; what there is to tell.
    async fn end(self) -> String {
        let peaks = self.watch.peaks();
        let Peaks { own, child, children, niceness } = peaks;
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        let asked = self.neighbour.stop().await;
        let (told, done, failed) = (self.told.join("\n"), self.done, self.failed);
        let told = format!("{told}\n{done} done, {failed} failed; a neighbour was answered {asked} times; {peaks:?}");
        assert!(asked > 0);
        assert!(own < SERVER.get(), "{peaks:?}");
        let most = CHILD.get() + BESIDE.get();
        // A supervisor and its worker, in each of two slots.
        assert!(child < most && children < 4 * most, "{peaks:?}");
        assert!((5..=19).contains(&niceness), "what decodes is more urgent than what answers: {peaks:?}");
        let parked = self.place.count("SELECT COUNT(*) FROM jobs WHERE state = 'parked'").await;
        let (ok, report) = self.place.verify().await;
        assert!(ok && parked == 0, "{report:#}");
        self.place.finish(self.server, &[]).await;
        told
    }
}

fn is_over(file: &Value) -> bool {
    file["processing"] == "done" || file["processing"] == "failed"
}

/// Whether there is something to see or hear, where that is said.
fn is_whole(file: &Value) -> bool {
    let is_there = match file["metadata"]["kind"].as_str() {
        Some("image" | "video") => file["thumbnailUrl"].is_string(),
        Some("audio") => file["derived"]["waveform.dat"].is_string(),
        _ => true,
    };
    is_there || file["processing"] == "failed"
}

/// A sentence, and nothing of this machine in it.
fn is_understood(reason: &str) -> bool {
    let is_sentence = reason.starts_with(char::is_uppercase) && reason.ends_with('.');
    let ours = [
        "{", "0x", "sandbox", "ffmpeg", "ffprobe", "/proc", "/input", "os error", "panicked", "signal", "None", "Some(",
    ];
    is_sentence && (15..=420).contains(&reason.len()) && !ours.iter().any(|word| reason.contains(word))
}

/// Another client, who goes on as if nothing were.
struct Neighbour {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Neighbour {
    async fn start(place: &Place) -> Self {
        let client = place.run(&["client", "create", "Neighbour"]).await.good();
        let key = place.run(&["key", "create", "--client", client.trim(), "--role", "editor"]).await.good();
        let api = place.api(key.trim());
        let file = api.upload("mine", "x.png", png(200, 100, 1)).await;
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, answers) = (Arc::clone(&stop), Arc::clone(&answered));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let (listed, answer) = api.get("/v2/media/folder?folder=mine").await;
                assert_eq!((listed, answer["files"].as_array().map(Vec::len)), (200, Some(1)), "{answer}");
                assert_eq!(api.delivered(file["url"].as_str().unwrap()).await.0, 200);
                answers.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
            let (_, answer) = api.get("/v2/media/folder?folder=mine").await;
            assert_eq!(answer["files"][0]["processing"], "done", "{answer}");
        });
        Self { stop, answered, task }
    }

    async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.answered.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_mean_harm_do_none() {
    let mut siege = Siege::begin().await;
    let files = crafted(&siege.seeds, false);
    siege.endure(&files).await;
    println!("{}", siege.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torture_mutants_of_every_kind_are_survived_by_the_server() {
    let is_long = std::env::var("TORTURE").is_ok_and(|long| long == "1");
    let mutants = number("TORTURE_MUTANTS", if is_long { 10_000 } else { 200 });
    let mut siege = Siege::begin().await;
    if is_long {
        let files = crafted(&siege.seeds, true);
        siege.endure(&files).await;
    }
    let seeds = std::mem::take(&mut siege.seeds);
    let mut source = Mutants::new(&seeds, number("TORTURE_SEED", 1));
    let mut left = usize::try_from(mutants).unwrap();
    while left > 0 {
        let batch: Vec<_> = source.by_ref().take(left.min(BATCH)).collect();
        siege.endure(&batch).await;
        left -= batch.len();
    }
    println!("{}", siege.end().await);
}
