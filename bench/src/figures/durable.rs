//! Small uploads that are durable when they are answered, beside the least that any server would do for them: write,
//! fsync, rename into a folder, fsync that folder.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use tokio::time::Instant;

use super::memory::own;
use super::noise;
use crate::machine::own_cpu_seconds;
use crate::numbers::{Rounds, float};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::{Bench, Outcome};

const AT_ONCE: usize = 16;
const SIZE: usize = 64 * 1024;
/// As many folders as the server spreads its files over.
const FOLDERS: usize = 256;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let (rounds, each) = bench.of((15, 100), (3, 10));
    Report::doing(&format!("{AT_ONCE} clients with {each} uploads of 64 KiB, and the raw sequence, by turns"))?;
    let data = bench.empty("durable")?;
    let raw = bench.empty("raw")?;
    for folder in 0..FOLDERS {
        std::fs::create_dir_all(raw.join(format!("{folder:02x}")))?;
    }
    let server = Server::fresh(bench, &data)?;
    let bytes = noise(SIZE);
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    let (mut our_cpu, mut their_cpu) = (Rounds::default(), Rounds::default());
    let files = float((AT_ONCE * each) as u64);
    for round in 0..rounds {
        let first = round * AT_ONCE * each;
        let (cpu, started) = (server.cpu()?, Instant::now());
        at_once(|client| upload(&server, first + client * each, each, &bytes))?;
        ours.push(files / started.elapsed().as_secs_f64());
        our_cpu.push((server.cpu()? - cpu) / files * 1e3);
        let (cpu, started) = (own_cpu_seconds()?[0], Instant::now());
        at_once(|thread| write_raw(&raw, first + thread * each, each, &bytes))?;
        theirs.push(files / started.elapsed().as_secs_f64());
        their_cpu.push((own_cpu_seconds()?[0] - cpu) / files * 1e3);
    }
    server.stop()?;
    std::fs::remove_dir_all(&data)?;
    std::fs::remove_dir_all(&raw)?;
    report.add(Row {
        what: format!("CPU of a durable 64 KiB upload, {AT_ONCE} clients (peer: write, fsync, rename, fsync folder)"),
        ours: our_cpu.show(2, "ms"),
        peer: their_cpu.show(2, "ms"),
        ratio: our_cpu.over(&their_cpu).show(2, ""),
        wanted: "",
    })?;
    report.add(Row {
        what: format!("durable 64 KiB uploads a second, {AT_ONCE} clients (peer: the same)"),
        ours: ours.show(0, "/s"),
        peer: theirs.show(0, "/s"),
        ratio: ours.over(&theirs).show(2, ""),
        wanted: "≥ 0.5",
    })
}

/// Does the same in so many threads.
fn at_once(work: impl Fn(usize) -> Outcome<()> + Sync) -> Outcome<()> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..AT_ONCE).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

fn upload(server: &Server, first: usize, files: usize, bytes: &[u8]) -> Outcome<()> {
    let mut connection = server.connect()?;
    (first..first + files).try_for_each(|number| connection.upload(&format!("small-{number}.bin"), &own(number, bytes)))
}

fn write_raw(folder: &Path, first: usize, files: usize, bytes: &[u8]) -> Outcome<()> {
    for number in first..first + files {
        let scratch = folder.join(format!("scratch-{number}"));
        let mut file = File::create_new(&scratch)?;
        file.write_all(&own(number, bytes))?;
        file.sync_all()?;
        let shard = folder.join(format!("{:02x}", number.wrapping_mul(0x9E37_79B9) % FOLDERS));
        std::fs::rename(&scratch, shard.join(number.to_string()))?;
        File::open(shard)?.sync_all()?;
    }
    Ok(())
}
