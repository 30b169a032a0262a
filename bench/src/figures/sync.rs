//! `reelshelf sync` of a folder of mixed files into an empty library, and again when nothing has changed. The peer is
//! rclone, which copies the same files to the S3 server that the variables of S3's own tools name; without one there is
//! no peer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::time::Instant;

use super::memory::own;
use super::noise;
use crate::numbers::{Rounds, float};
use crate::report::{Report, Row};
use crate::server::{Server, command};
use crate::{Bench, Outcome};

/// Files moved at once, by both.
const JOBS: &str = "8";
/// The bucket of the peer. Everything in it goes.
const BUCKET: &str = "reelshelf-bench";

/// The peer: rclone, told where the S3 server is.
struct Peer;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let (files, rounds) = bench.of((5000, 3), (200, 1));
    Report::doing(&format!("making {files} mixed files, syncing them, and copying them to S3, by turns"))?;
    let source = bench.empty("mixed")?;
    let bytes = make(&source, files)?;
    let peer = Peer::find();
    let mut figures = Figures::default();
    for round in 0..rounds {
        figures.ours(bench, &source, round, files)?;
        if let Some(peer) = &peer {
            figures.theirs(peer, &source, files)?;
        }
    }
    std::fs::remove_dir_all(&source)?;
    let size = float(bytes) / 1024.0 / 1024.0;
    let none = || "–".to_owned();
    let rows = [
        ("into nothing", &figures.first, &figures.their_first),
        ("again, unchanged", &figures.again, &figures.their_again),
    ];
    for (what, ours, theirs) in rows {
        report.add(Row {
            what: format!("sync of {files} files, {size:.0} MiB, {what} (peer: rclone to S3)"),
            ours: ours.show(0, "files/s"),
            peer: if peer.is_some() { theirs.show(0, "files/s") } else { none() },
            ratio: if peer.is_some() { ours.over(theirs).show(2, "") } else { none() },
            wanted: "",
        })?;
    }
    Ok(())
}

#[derive(Default)]
struct Figures {
    first: Rounds,
    again: Rounds,
    their_first: Rounds,
    their_again: Rounds,
}

impl Figures {
    fn ours(&mut self, bench: &Bench, source: &Path, round: usize, files: usize) -> Outcome<()> {
        let data = bench.empty(&format!("synced-{round}"))?;
        let server = Server::fresh(bench, &data)?;
        let sync = || {
            let mut sync = command(&bench.binary);
            sync.args(["sync", "--quiet", "--jobs", JOBS]).arg(source).arg("mixed");
            sync.env("REELSHELF_URL", format!("http://{}", server.address)).env("REELSHELF_KEY", server.key());
            // Nothing is known of the files before the first run.
            sync.env("XDG_CACHE_HOME", data.join("cache")).env("XDG_STATE_HOME", data.join("state"));
            sync
        };
        self.first.push(float(files as u64) / timed(sync())?);
        self.again.push(float(files as u64) / timed(sync())?);
        server.stop()?;
        Ok(std::fs::remove_dir_all(&data)?)
    }

    fn theirs(&mut self, peer: &Peer, source: &Path, files: usize) -> Outcome<()> {
        peer.empty()?;
        let copy = || {
            let mut copy = peer.command();
            copy.args(["copy", "--transfers", JOBS, "--checkers", JOBS])
                .arg(source)
                .arg(format!("peer:{BUCKET}/mixed"));
            copy
        };
        self.their_first.push(float(files as u64) / timed(copy())?);
        self.their_again.push(float(files as u64) / timed(copy())?);
        peer.empty()
    }
}

/// Seconds until a command has done what it was told.
fn timed(mut command: Command) -> Outcome<f64> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Mixed files as a media folder has them: most are small, a few are large. The bytes of all.
fn make(folder: &Path, files: usize) -> Outcome<u64> {
    let (small, middle, large) = (noise(24 * 1024), noise(400 * 1024), noise(9 * 1024 * 1024));
    let mut bytes = 0;
    for number in 0..files {
        let content = match number % 250 {
            0 => &large,
            other if other % 10 == 1 => &middle,
            _ => &small,
        };
        let place: PathBuf = folder.join(format!("{:02}", number % 40));
        std::fs::create_dir_all(&place)?;
        // Of different lengths, and each with bytes of its own.
        let length = content.len() - number % 5000;
        std::fs::write(place.join(format!("{number}.bin")), &own(number, content)[..length])?;
        bytes += length as u64;
    }
    Ok(bytes)
}

impl Peer {
    fn find() -> Option<Self> {
        let there = std::env::var_os("AWS_ENDPOINT_URL").is_some();
        let runs = || command("rclone").arg("version").output().is_ok_and(|output| output.status.success());
        (there && runs()).then_some(Self)
    }

    #[expect(clippy::unused_self, reason = "who has no peer cannot ask it")]
    fn command(&self) -> Command {
        let mut rclone = command("rclone");
        rclone.args(["--config", "/dev/null", "--quiet"]).env("RCLONE_CONFIG_PEER_TYPE", "s3");
        rclone.env("RCLONE_CONFIG_PEER_PROVIDER", "Other").env("RCLONE_CONFIG_PEER_ENV_AUTH", "true");
        rclone.env("RCLONE_CONFIG_PEER_FORCE_PATH_STYLE", "true");
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_default();
        rclone.env("RCLONE_CONFIG_PEER_ENDPOINT", endpoint);
        rclone
    }

    /// The bucket, with nothing in it.
    fn empty(&self) -> Outcome<()> {
        let mut make = self.command();
        make.arg("mkdir").arg(format!("peer:{BUCKET}"));
        timed(make)?;
        let mut remove = self.command();
        remove.arg("delete").arg(format!("peer:{BUCKET}"));
        timed(remove).map(|_| ())
    }
}
