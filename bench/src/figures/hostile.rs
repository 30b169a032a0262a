//! Files that mean harm, uploaded by one client, while another lists and fetches as before: how long its slowest answers
//! take without and with them, what memory it takes, and what became of the files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::noise;
use crate::hostile_set::{Hostile, Mutants, Peaks, SEEDS, Seed, Watch, crafted};
use crate::http::Connection;
use crate::numbers::{Rounds, mebibytes};
use crate::report::{Report, Row};
use crate::sandbox::ffmpeg;
use crate::server::{Server, make_client};
use crate::{Bench, Outcome};

/// Files of one folder: a page of a listing.
const BATCH: usize = 200;
/// Between two requests of the other client, and between two looks at what became of the files.
const PAUSE: Duration = Duration::from_millis(5);
const LOOK: Duration = Duration::from_millis(500);
/// When a file is never over.
const PATIENCE: Duration = Duration::from_mins(20);

/// What became of the files.
#[derive(Default)]
struct Ends {
    done: usize,
    failed: usize,
    /// Files whose reason is none, or that are not delivered as they came.
    wrong: Vec<String>,
}

/// Milliseconds of the other client's answers.
#[derive(Default)]
struct Answers {
    files: Rounds,
    listings: Rounds,
}

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("hostile")?;
    Report::doing("making whole files")?;
    let seeds = SEEDS.iter().map(|(name, words)| seed(&folder, name, *words)).collect::<Outcome<Vec<_>>>()?;
    let data = bench.empty("hostile-data")?;
    let (hostile, other) = (make_client(bench, &data, "hostile")?, make_client(bench, &data, "other")?);
    let mut server = Server::start(bench, &data, &hostile.key)?;
    server.wait_until_ready()?;
    let mut connection = server.connect_as(&other.key)?;
    for number in 0..100_u8 {
        connection.upload_to("mine", &format!("{number}.bin"), &[&[number][..], &noise(20_000)].concat())?;
    }
    let fetched = format!("/clients/{}/mine/7.bin", other.client);
    let calm = Duration::from_secs(bench.of(20, 1));
    let alone = |seconds: Duration| -> Outcome<Answers> {
        let asking = Asking::start(server.connect_as(&other.key)?, fetched.clone());
        std::thread::sleep(seconds);
        asking.end()
    };
    Report::doing("the other client alone")?;
    let mut before = alone(calm)?;
    let watch = Watch::start(server.process());
    let asking = Asking::start(server.connect_as(&other.key)?, fetched.clone());
    let crafted = crafted(&seeds, bench.of(true, false));
    let mutants: Vec<_> = Mutants::new(&seeds, 2).take(bench.of(1500, 100)).collect();
    let count = crafted.len() + mutants.len();
    Report::doing(&format!("{count} hostile files"))?;
    let mut ends = Ends::default();
    let started = Instant::now();
    for (number, batch) in crafted.chunks(BATCH).chain(mutants.chunks(BATCH)).enumerate() {
        send(&mut server.connect()?, &format!("batch-{number}"), batch, &mut ends)?;
    }
    let (took, with) = (started.elapsed(), asking.end()?);
    let peaks = watch.peaks();
    let after = alone(calm)?;
    before.files.extend(&after.files);
    before.listings.extend(&after.listings);
    server.stop()?;
    std::fs::remove_dir_all(&data)?;
    tell(report, &before, &with, peaks)?;
    report.note(&format!(
        "{count} hostile files in {:.0} s: {} done, {} failed with a reason, {} wrong {:?}",
        took.as_secs_f64(),
        ends.done,
        ends.failed,
        ends.wrong.len(),
        ends.wrong
    ))
}

fn tell(report: &mut Report, before: &Answers, with: &Answers, peaks: Peaks) -> Outcome<()> {
    for (what, before, with) in
        [("file of 20 kB", &before.files, &with.files), ("listing of 100 files", &before.listings, &with.listings)]
    {
        let show = |rounds: &Rounds| format!("p99 {:.1} ms, median {:.2} ms", rounds.quantile(0.99), rounds.median());
        report.add(Row {
            what: format!("another client's {what} while hostile files are processed (peer: without them)"),
            ours: show(with),
            peer: show(before),
            ratio: format!("{:.2}", with.quantile(0.99) / before.quantile(0.99)),
            wanted: "≤ 2 (p99)",
        })?;
    }
    let Peaks { own, child, children, niceness } = peaks;
    report.add(Row {
        what: "peak memory meanwhile: the server; its largest child; all of its children at once".to_owned(),
        ours: format!("{:.0} MiB; {:.0} MiB; {:.0} MiB", mebibytes(own), mebibytes(child), mebibytes(children)),
        peer: "–".to_owned(),
        ratio: format!("niceness of decoders {niceness}"),
        wanted: "child ≤ 1,024 MiB",
    })
}

fn seed(folder: &Path, name: &'static str, words: [&str; 2]) -> Outcome<Seed> {
    let path = folder.join(name);
    let output = path.to_string_lossy();
    let words = words.iter().flat_map(|words| words.split_whitespace());
    ffmpeg(&words.chain([&*output]).collect::<Vec<_>>())?;
    Ok(Seed { name, bytes: std::fs::read(&path)? })
}

/// Uploads files, waits until all of them are over, and looks at each.
fn send(connection: &mut Connection, folder: &str, files: &[Hostile], ends: &mut Ends) -> Outcome<()> {
    for file in files {
        connection.upload_to(folder, &file.name, &file.bytes)?;
    }
    let started = Instant::now();
    let listed = loop {
        std::thread::sleep(LOOK);
        let listed = connection.get(&format!("/v2/media/folder?folder={folder}&page_size={BATCH}"))?.json()?;
        let listed = listed["files"].as_array().cloned().unwrap_or_default();
        if listed.iter().all(|file| file["processing"] == "done" || file["processing"] == "failed") {
            break listed;
        }
        if started.elapsed() > PATIENCE {
            return Err("a file is never over".into());
        }
    };
    for file in files {
        let found = listed.iter().find(|found| found["name"] == *file.name).unwrap_or(&Value::Null);
        let is_done = found["processing"] == "done";
        (ends.done, ends.failed) = (ends.done + usize::from(is_done), ends.failed + usize::from(!is_done));
        let url = found["url"].as_str().and_then(|url| url.splitn(4, '/').nth(3)).unwrap_or_default();
        let delivered = connection.get(&format!("/{url}"))?;
        let has_reason = found["processingError"].as_str().is_some_and(|reason| reason.len() > 10);
        if delivered.body != file.bytes || has_reason == is_done {
            ends.wrong.push(file.name.clone());
        }
    }
    Ok(())
}

/// The other client, who asks again and again.
struct Asking {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Outcome<Answers>>,
}

impl Asking {
    fn start(mut connection: Connection, file: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut answers = Answers::default();
            while !stopped.load(Ordering::Relaxed) {
                for (path, rounds) in
                    [(&*file, &mut answers.files), ("/v2/media/folder?folder=mine", &mut answers.listings)]
                {
                    let asked = Instant::now();
                    let status = connection.get(path)?.status;
                    rounds.push(asked.elapsed().as_secs_f64() * 1e3);
                    if status != 200 {
                        return Err(format!("{path} answers {status}").into());
                    }
                    std::thread::sleep(PAUSE);
                }
            }
            Ok(answers)
        });
        Self { stop, thread }
    }

    fn end(self) -> Outcome<Answers> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the other client panicked")?
    }
}
