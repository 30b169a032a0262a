//! One large file, hashed on its way, beside `dd conv=fsync` of the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use tokio::time::Instant;

use super::noise;
use crate::machine::own_cpu_seconds;
use crate::numbers::{Rounds, float, mebibytes};
use crate::report::{Report, Row};
use crate::server::{Server, command};
use crate::{Bench, Outcome};

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let (rounds, size) = bench.of((9, 500_000_000), (2, 20_000_000));
    Report::doing(&format!("one upload of {} MB, and dd of the same bytes, by turns", size / 1_000_000))?;
    let data = bench.empty("large")?;
    let source = data.join("source");
    File::create(&source)?.write_all(&noise(size))?;
    // On the disk and in the page cache, so that neither side waits for it.
    File::open(&source)?.sync_all()?;
    let server = Server::fresh(bench, &data)?;
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    let (mut our_cpu, mut their_cpu) = (Rounds::default(), Rounds::default());
    let mebibytes = mebibytes(size as u64);
    for round in 0..rounds {
        // First the one, then the other: what one leaves the disk to do falls upon both alike.
        for ours_now in [round % 2 == 0, round % 2 != 0] {
            let started = Instant::now();
            if ours_now {
                let cpu = server.cpu()?;
                upload(&server, round, &source, size as u64)?;
                ours.push(mebibytes / started.elapsed().as_secs_f64());
                our_cpu.push(server.cpu()? - cpu);
            } else {
                let [_, cpu] = own_cpu_seconds()?;
                dd(&source, &data.join("dd"))?;
                theirs.push(mebibytes / started.elapsed().as_secs_f64());
                let [_, after] = own_cpu_seconds()?;
                their_cpu.push(after - cpu);
                std::fs::remove_file(data.join("dd"))?;
            }
        }
    }
    server.stop()?;
    std::fs::remove_dir_all(&data)?;
    let megabytes = float(size as u64 / 1_000_000);
    report.add(Row {
        what: format!("CPU of one upload of {megabytes:.0} MB, hashed (peer: dd conv=fsync, not hashed)"),
        ours: our_cpu.show(2, "s"),
        peer: their_cpu.show(2, "s"),
        ratio: our_cpu.over(&their_cpu).show(2, ""),
        wanted: "",
    })?;
    report.add(Row {
        what: format!("one upload of {megabytes:.0} MB (peer: the same)"),
        ours: ours.show(0, "MiB/s"),
        peer: theirs.show(0, "MiB/s"),
        ratio: ours.over(&theirs).show(2, ""),
        wanted: "≥ 0.85",
    })
}

fn upload(server: &Server, round: usize, source: &Path, size: u64) -> Outcome<()> {
    let mut connection = server.connect()?;
    let head = connection.upload_head(&format!("large-{round}.bin"), size);
    connection.sink().write_all(head.as_bytes())?;
    // From the page cache into the socket by the kernel: the client should cost as little as can be.
    std::io::copy(&mut File::open(source)?, connection.sink())?;
    connection.answer()?.json().map(|_| ())
}

fn dd(from: &Path, to: &Path) -> Outcome<()> {
    let argument = |name: &str, path: &Path| format!("{name}={}", path.display());
    let arguments =
        [argument("if", from), argument("of", to), "bs=1M".into(), "conv=fsync".into(), "status=none".into()];
    let done = command("dd").args(arguments).status()?;
    if done.success() { Ok(()) } else { Err(format!("dd: {done}").into()) }
}
