//! Many large uploads at once: what the server keeps of them in memory.

use std::io::Write;
use std::sync::{Arc, Barrier};

use tokio::time::Instant;

use super::noise;
use crate::http::Connection;
use crate::numbers::{float, mebibytes};
use crate::report::{Report, Row};
use crate::server::Server;
use crate::{Bench, Outcome};

const PIECE: usize = 1024 * 1024;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let (uploads, pieces) = bench.of((200_usize, 50_u64), (40, 4));
    Report::doing(&format!("{uploads} uploads of {pieces} MiB at once"))?;
    let data = bench.empty("memory")?;
    let server = Server::fresh(bench, &data)?;
    let idle = server.memory("VmRSS")?;
    let (cpu, started) = (server.cpu()?, Instant::now());
    let bytes = Arc::new(noise(PIECE));
    let all_under_way = Arc::new(Barrier::new(uploads));
    let transfers = (0..uploads).map(|number| {
        let (bytes, barrier) = (Arc::clone(&bytes), Arc::clone(&all_under_way));
        let connection = server.connect()?;
        Ok(std::thread::spawn(move || transfer(connection, number, pieces, &bytes, &barrier)))
    });
    for transfer in transfers.collect::<Outcome<Vec<_>>>()? {
        transfer.join().map_err(|_| "a transfer panicked")??;
    }
    let (cpu, seconds) = (server.cpu()? - cpu, started.elapsed().as_secs_f64());
    let peak = server.memory("VmHWM")?;
    let gibibytes = float(uploads as u64 * pieces) / 1024.0;
    server.stop()?;
    std::fs::remove_dir_all(&data)?;
    report.add(Row {
        what: format!("{uploads} uploads of {pieces} MiB at once: peak memory"),
        ours: format!("{:.0} MiB", mebibytes(peak)),
        peer: format!("idle: {:.0} MiB", mebibytes(idle)),
        ratio: format!("CPU {:.2} s per GiB; {:.0} MiB/s", cpu / gibibytes, gibibytes * 1024.0 / seconds),
        wanted: "< 250 MB",
    })
}

/// One upload. Nobody's second piece is sent before everybody's first.
fn transfer(mut to: Connection, number: usize, pieces: u64, bytes: &[u8], barrier: &Barrier) -> Outcome<()> {
    let head = to.upload_head(&format!("large-{number}.bin"), pieces * bytes.len() as u64);
    let begun = to.sink().write_all(head.as_bytes()).and_then(|()| to.sink().write_all(&own(number, bytes)));
    barrier.wait();
    begun?;
    for _ in 1..pieces {
        to.sink().write_all(bytes)?;
    }
    to.answer()?.json().map(|_| ())
}

/// The same bytes with another beginning, so that no two files are equal.
pub(crate) fn own(number: usize, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}
