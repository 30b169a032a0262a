//! From the start to the first answer, and what the server takes when nothing happens. The peer is the same server on
//! an empty library: the difference is what the files cost.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::numbers::{Rounds, mebibytes};
use crate::report::{Report, Row};
use crate::server::{Server, make_library};
use crate::{Bench, Outcome};

/// How long it is left alone before its memory is looked at.
const QUIET: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Starts {
    seconds: Rounds,
    cpu: Rounds,
    memory: Rounds,
    used: Rounds,
}

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let million = bench.million()?;
    let empty = bench.empty("empty")?;
    let account = make_library(bench, &empty)?;
    let (mut full, mut none) = (Starts::default(), Starts::default());
    Report::doing("starting, with and without files by turns")?;
    for _ in 0..bench.of(9, 2) {
        full.round(bench, &million.data, &million.key)?;
        none.round(bench, &empty, &account.key)?;
    }
    let files = million.files;
    report.add(Row {
        what: format!("start to ready with {files} files (peer: without files)"),
        ours: full.seconds.show(0, "ms"),
        peer: none.seconds.show(0, "ms"),
        ratio: format!("CPU {} against {}", full.cpu.show(0, "ms"), none.cpu.show(0, "ms")),
        wanted: "≤ 150 ms",
    })?;
    report.add(Row {
        what: format!("memory when idle with {files} files (peer: without files)"),
        ours: full.memory.show(1, "MiB"),
        peer: none.memory.show(1, "MiB"),
        ratio: format!("after first requests: {}", full.used.show(1, "MiB")),
        wanted: "≤ 40 MB",
    })
}

impl Starts {
    fn round(&mut self, bench: &Bench, data: &Path, key: &str) -> Outcome<()> {
        let started = Instant::now();
        let mut server = Server::start(bench, data, key)?;
        server.wait_until_ready()?;
        self.seconds.push(started.elapsed().as_secs_f64() * 1e3);
        self.cpu.push(server.cpu()? * 1e3);
        std::thread::sleep(QUIET);
        self.memory.push(mebibytes(server.memory("VmRSS")?));
        let mut connection = server.connect()?;
        for path in ["/v2/media", "/v2/media/folder?sort=-date", "/v2/media/folder?tree=true", "/docs", "/metrics"] {
            connection.get(path)?;
        }
        std::thread::sleep(QUIET);
        self.used.push(mebibytes(server.memory("VmRSS")?));
        server.stop()
    }
}
