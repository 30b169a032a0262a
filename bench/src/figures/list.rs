//! Listings of a folder with a million files beside one with a thousand, and searches beside the bare scan.

use std::time::Duration;

use rusqlite::params;
use tokio::time::Instant;

use crate::http::Connection;
use crate::machine::fine_cpu_seconds;
use crate::million::{Million, SMALL};
use crate::numbers::Rounds;
use crate::report::{Report, Row};
use crate::server::Server;
use crate::{Bench, Outcome};

const SORTS: [&str; 3] = ["name", "date", "size"];
/// Files of a page.
const PAGE: u64 = 100;

/// The least that counts the matches: the same SQLite, in this process, on a connection like the server's.
const SCAN: &str = "
    SELECT COUNT(*) FROM assets
    WHERE folder_id = (SELECT id FROM folders WHERE client_id = ?1 AND parent_id IS NULL)
        AND lower(name) LIKE ?2 ESCAPE '\\'";

/// What is looked for, and how often it is there.
const NEEDLES: [(&str, &str); 3] = [("zebra", "nothing"), ("9999", "one in 2,500"), ("img", "one in 4")];

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let million = bench.million()?;
    let mut server = Server::start(bench, &million.data, &million.key)?;
    server.wait_until_ready()?;
    Report::doing("pages of both folders by turns")?;
    for sort in SORTS {
        pages(bench, report, &server, million, sort)?;
    }
    Report::doing("searches and the bare scan by turns")?;
    let database = million.database()?;
    for (needle, often) in NEEDLES {
        search(bench, report, &server, million, &database, (needle, often))?;
    }
    Report::doing("searches whose client leaves")?;
    leave(bench, report, &server)?;
    server.stop()
}

/// The times of one page.
#[derive(Default)]
struct Times(Rounds);

impl Times {
    fn take(&mut self, connection: &mut Connection, path: &str) -> Outcome<()> {
        let started = Instant::now();
        let answer = connection.get(path)?;
        self.0.push(started.elapsed().as_secs_f64() * 1e3);
        answer.json().map(|_| ())
    }

    fn show(&self) -> String {
        let (median, p99) = (self.0.median(), self.0.quantile(0.99));
        format!("p99 {p99:.2} ms, median {median:.2} ms")
    }
}

fn pages(bench: &Bench, report: &mut Report, server: &Server, million: &Million, sort: &str) -> Outcome<()> {
    let mut connection = server.connect()?;
    // The last page before the one that is measured, by its number, gives the cursor.
    let deep = (million.files / PAGE / 2).min(5000);
    let places = [("first page".to_owned(), 0, 0), (format!("page {deep} by cursor"), deep, 5)];
    for (what, large_page, small_page) in places {
        let large = page(&mut connection, "", sort, large_page)?;
        let small = page(&mut connection, SMALL, sort, small_page)?;
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        let (mut our_cpu, mut their_cpu) = (Rounds::default(), Rounds::default());
        for _ in 0..bench.of(20, 2) {
            for (path, times, cpu) in [(&large, &mut ours, &mut our_cpu), (&small, &mut theirs, &mut their_cpu)] {
                let before = fine_cpu_seconds(server.process())?;
                for _ in 0..50 {
                    times.take(&mut connection, path)?;
                }
                cpu.push((fine_cpu_seconds(server.process())? - before) / 50.0 * 1e3);
            }
        }
        report.add(Row {
            what: format!("{what} of {} by {sort} (peer: of 1000)", million.files),
            ours: format!("{}; CPU {}", ours.show(), our_cpu.show(2, "ms")),
            peer: format!("{}; CPU {}", theirs.show(), their_cpu.show(2, "ms")),
            ratio: format!(
                "CPU {:.2}; p99 {:.2}, median {:.2}",
                our_cpu.over(&their_cpu).median(),
                ours.0.quantile(0.99) / theirs.0.quantile(0.99),
                ours.0.median() / theirs.0.median()
            ),
            wanted: "p99 ≤ 5 ms, ≤ 2",
        })?;
    }
    Ok(())
}

/// How to ask for a page: the first, or one behind the cursor that the page before gives.
fn page(connection: &mut Connection, folder: &str, sort: &str, number: u64) -> Outcome<String> {
    let path = format!("/v2/media/folder?path={folder}&sort={sort}&page_size={PAGE}");
    let Some(before) = number.checked_sub(2) else { return Ok(path) };
    let answer = connection.get(&format!("{path}&page={before}"))?.json()?;
    let cursor = answer["next_cursor"].as_str().ok_or("a page gave no cursor")?;
    Ok(format!("{path}&cursor={cursor}"))
}

fn search(
    bench: &Bench,
    report: &mut Report,
    server: &Server,
    million: &Million,
    database: &rusqlite::Connection,
    (needle, often): (&str, &str),
) -> Outcome<()> {
    let mut connection = server.connect()?;
    let path = format!("/v2/media/folder?q={needle}");
    let pattern = format!("%{needle}%");
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    let (mut our_cpu, mut their_cpu) = (Rounds::default(), Rounds::default());
    for round in 0..bench.of(12, 3) {
        let (before, started) = (fine_cpu_seconds(server.process())?, Instant::now());
        let total = connection.get(&path)?.json()?["total"].as_i64().ok_or("a search gave no total")?;
        let (our_time, our_work) = (started.elapsed(), fine_cpu_seconds(server.process())? - before);
        let (before, started) = (fine_cpu_seconds(std::process::id())?, Instant::now());
        let counted: i64 = database.query_row(SCAN, params![million.client, pattern], |row| row.get(0))?;
        let (their_time, their_work) = (started.elapsed(), fine_cpu_seconds(std::process::id())? - before);
        if counted != total {
            return Err(format!("the search found {total} files, the scan {counted}").into());
        }
        // The first round fills the caches.
        if round > 0 {
            ours.push(our_time.as_secs_f64() * 1e3);
            theirs.push(their_time.as_secs_f64() * 1e3);
            our_cpu.push(our_work * 1e3);
            their_cpu.push(their_work * 1e3);
        }
    }
    report.add(Row {
        what: format!("search of {} files for “{needle}”, which is in {often} (peer: the bare scan)", million.files),
        ours: format!("{}; CPU {}", ours.show(0, "ms"), our_cpu.show(0, "ms")),
        peer: format!("{}; CPU {}", theirs.show(0, "ms"), their_cpu.show(0, "ms")),
        ratio: format!("CPU {}; {}", our_cpu.over(&their_cpu).show(2, ""), ours.over(&theirs).show(2, "")),
        wanted: "≤ 1.3",
    })
}

/// A client leaves in the middle of its search: how long the server goes on working for nobody.
fn leave(bench: &Bench, report: &mut Report, server: &Server) -> Outcome<()> {
    let path = "/v2/media/folder?q=zebra";
    let into = Duration::from_millis(bench.of(50, 5));
    let (mut whole, mut worked_on) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.of(10, 2) {
        let before = fine_cpu_seconds(server.process())?;
        server.connect()?.get(path)?;
        whole.push((fine_cpu_seconds(server.process())? - before) * 1e3);
        let mut connection = server.connect()?;
        connection.ask(path)?;
        std::thread::sleep(into);
        connection.leave()?;
        worked_on.push(until_idle(server)?.as_secs_f64() * 1e3);
    }
    report.add(Row {
        what: "a search whose client leaves: the server's CPU goes idle after".to_owned(),
        ours: worked_on.show(0, "ms"),
        peer: format!("CPU of the whole search: {}", whole.show(0, "ms")),
        ratio: String::new(),
        wanted: "≈ 50 ms",
    })
}

/// When the server last worked, as seen every two milliseconds, up to when it did nothing for a while.
fn until_idle(server: &Server) -> Outcome<Duration> {
    const LOOK: Duration = Duration::from_millis(2);
    const QUIET: Duration = Duration::from_millis(60);
    /// What the server's own timers take between two looks.
    const NOTHING: f64 = 0.000_3;
    let started = Instant::now();
    let (mut seen, mut last) = (fine_cpu_seconds(server.process())?, Duration::ZERO);
    while started.elapsed() < last + QUIET {
        std::thread::sleep(LOOK);
        let now = fine_cpu_seconds(server.process())?;
        if now - seen > NOTHING {
            last = started.elapsed();
        }
        seen = now;
    }
    Ok(last)
}
