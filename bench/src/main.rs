//! `reelshelf-bench BINARY`: what the release server reaches, side by side with named peers.
//!
//! Ours and the peer take turns in one run, since a disk and a machine that others use are never the same twice; what
//! is printed is the median of the rounds, and their spread. CPU time is the server process's own, from `/proc`. Nothing
//! is asserted: the figures are for people to read, with the ratio beside them.

mod figures;
#[path = "../../crates/server/tests/hostile_set/mod.rs"]
mod hostile_set;
mod http;
mod machine;
mod million;
mod numbers;
mod report;
mod samples;
mod sandbox;
mod server;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use report::Report;

/// What a step gives, or why the run ends.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "reelshelf-bench BINARY [--quick] [--dir FOLDER] [FIGURE…]
    BINARY    the release server
    --quick   a smoke run: small, and its figures mean little
    --dir     where to work [default: target, on the disk of the working folder]
    FIGURE    memory, start, durable, large, list, sync [default: all of these];
              poster, waveform, probe, latency, hostile, which need ffmpeg;
              pictures, which needs vipsthumbnail and sharp;
              samples, which is none: it writes docs/media-samples.md and its picture anew";

/// A figure: what it is called on the command line, and how it is taken.
type Figure = (&'static str, fn(&Bench, &mut Report) -> Outcome<()>);

const FIGURES: [Figure; 6] = [
    ("memory", figures::memory::run),
    ("start", figures::start::run),
    ("durable", figures::durable::run),
    ("large", figures::large::run),
    ("list", figures::list::run),
    ("sync", figures::sync::run),
];

/// Those of media, whose peers are other programs: only when they are named.
const MEDIA_FIGURES: [Figure; 7] = [
    ("pictures", figures::pictures::run),
    ("poster", figures::poster::run),
    ("waveform", figures::waveform::run),
    ("probe", figures::probe::run),
    ("latency", figures::latency::run),
    ("hostile", figures::hostile::run),
    ("samples", samples::run),
];

/// How to measure.
pub(crate) struct Bench {
    /// The server.
    binary: PathBuf,
    /// The folder of this run.
    folder: PathBuf,
    /// Whether only to see that everything works.
    quick: bool,
    /// Where the large library is, once a figure needed it.
    million: std::sync::OnceLock<million::Million>,
}

impl Bench {
    /// One number for a run that counts, another for a smoke run.
    const fn of<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// An empty folder below the run's own.
    fn empty(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "reelshelf-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figure(name: &str) -> Option<Figure> {
    FIGURES.into_iter().chain(MEDIA_FIGURES).find(|(known, _)| *known == name)
}

fn run(arguments: &[String]) -> Outcome<()> {
    let mut words = arguments.iter();
    let (mut binary, mut quick, mut folder, mut chosen) = (None, false, PathBuf::from("target"), Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => quick = true,
            "--dir" => folder = words.next().ok_or(USAGE)?.into(),
            "--help" | "-h" => return report::say(USAGE),
            name if binary.is_some() => chosen.push(figure(name).ok_or(USAGE)?),
            path => binary = Some(Path::new(path).canonicalize()?),
        }
    }
    let binary = binary.ok_or(USAGE)?;
    std::fs::create_dir_all(&folder)?;
    // Absolute, since the server is told of it; gone when the run ends.
    let folder = tempfile::Builder::new().prefix("reelshelf-bench-").tempdir_in(folder.canonicalize()?)?;
    let bench = Bench { binary, folder: folder.path().to_owned(), quick, million: std::sync::OnceLock::new() };
    let mut report = Report::start(&machine::describe(&bench)?)?;
    for (name, measure) in if chosen.is_empty() { FIGURES.to_vec() } else { chosen } {
        measure(&bench, &mut report).map_err(|error| format!("{name}: {error}"))?;
    }
    report.end()
}
