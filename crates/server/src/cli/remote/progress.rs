//! What a person sees while it works: bars on a terminal, nothing but the lines of `report.rs` elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::failure::Failure;

/// How long a transfer may stand still.
const STILL: Duration = Duration::from_mins(1);
/// Bytes that a server is given a second to put away once it has them all.
const PUT_AWAY: u64 = 8 * 1024 * 1024;
/// Files smaller than this come and go too fast for a bar.
const WORTH_A_BAR: u64 = 1024 * 1024;

/// All of a run's bars.
#[derive(Clone)]
pub(super) struct Progress {
    bars: MultiProgress,
    total: ProgressBar,
    by_files: bool,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ ")
}

impl Progress {
    /// Bars on standard error, when that is a terminal and they are wanted.
    pub(super) fn new(wanted: bool) -> Self {
        let shown = wanted && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let total = bars.add(ProgressBar::no_length());
        total.set_style(style("{spinner} {msg}"));
        if shown {
            total.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bars, total, by_files: false }
    }

    /// Says what is being done that has no measure.
    pub(super) fn look(&self, what: &'static str) {
        self.total.set_message(what);
    }

    /// So many bytes are to be moved.
    pub(super) fn begin(&self, bytes: u64) {
        let style = style(
            "{bar:30.green} {binary_bytes:>10} of {binary_total_bytes}  {binary_bytes_per_sec:>12}  {eta:>4} left  {msg}",
        );
        self.total.set_style(style);
        self.total.set_length(bytes);
        self.total.reset_eta();
        self.total.set_message("");
    }

    /// So many files are to be moved, of sizes that are not known.
    pub(super) fn begin_files(&mut self, files: usize) {
        let style = style("{bar:30.green} {pos} of {len} files  {eta:>4} left");
        self.total.set_style(style);
        self.total.set_length(files as u64);
        self.total.reset_eta();
        self.total.set_message("");
        self.by_files = true;
    }

    /// How many files are done.
    pub(super) fn files(&self, done: usize, of: usize) {
        if self.by_files {
            self.total.set_position(done as u64);
        } else {
            self.total.set_message(format!("{done} of {of} files"));
        }
    }

    /// One file to be moved.
    pub(super) fn file(&self, name: &str, size: u64) -> Meter {
        let bar = if size >= WORTH_A_BAR {
            let bar = self.bars.add(ProgressBar::new(size));
            bar.set_style(style(
                "{bar:30} {binary_bytes:>10} of {binary_total_bytes}  {binary_bytes_per_sec:>12}  {eta:>4} left  {wide_msg}",
            ));
            bar.set_message(name.to_owned());
            bar
        } else {
            ProgressBar::hidden()
        };
        let total = if self.by_files { ProgressBar::hidden() } else { self.total.clone() };
        let inner = Inner { bar, total, size, at: AtomicU64::new(0), moved: AtomicU64::new(0), begun: Instant::now() };
        Meter(Arc::new(inner))
    }

    /// Prints without the bars in between.
    pub(super) fn around(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }

    /// Takes the bars away.
    pub(super) fn end(&self) {
        self.total.finish_and_clear();
        let _ = self.bars.clear();
    }
}

/// One file's bar, and the watch over whether it moves.
#[derive(Clone)]
pub(super) struct Meter(Arc<Inner>);

struct Inner {
    bar: ProgressBar,
    total: ProgressBar,
    size: u64,
    at: AtomicU64,
    /// When it last moved, in milliseconds since it began.
    moved: AtomicU64,
    begun: Instant,
}

impl Meter {
    /// The transfer is at this byte: an attempt may begin anew, or further on.
    pub(super) fn set(&self, at: u64) {
        let before = self.0.at.swap(at, Ordering::Relaxed);
        if at >= before {
            self.0.total.inc(at - before);
        } else {
            self.0.total.dec(before - at);
        }
        self.0.bar.set_position(at);
        self.touch();
    }

    /// So many bytes more.
    pub(super) fn add(&self, bytes: u64) {
        self.set(self.0.at.load(Ordering::Relaxed) + bytes);
    }

    /// All of it, however little had to be moved.
    pub(super) fn finish(&self) {
        self.set(self.0.size);
    }

    fn touch(&self) {
        let now = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.moved.store(now, Ordering::Relaxed);
    }

    fn still(&self) -> Duration {
        self.0.begun.elapsed().saturating_sub(Duration::from_millis(self.0.moved.load(Ordering::Relaxed)))
    }

    /// Waits for a transfer as long as it moves; once all bytes are sent, as long as it takes to put them away.
    pub(super) async fn watched<T>(&self, transfer: impl Future<Output = T>) -> Result<T, Failure> {
        self.touch();
        tokio::pin!(transfer);
        loop {
            tokio::select! {
                done = &mut transfer => return Ok(done),
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            let sent = self.0.at.load(Ordering::Relaxed) >= self.0.size;
            let put_away = if sent { Duration::from_secs(self.0.size / PUT_AWAY) } else { Duration::ZERO };
            if self.still() > STILL + put_away {
                return Err(Failure::Unreachable("the transfer stands still".to_owned()));
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
