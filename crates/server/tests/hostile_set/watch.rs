//! How much memory a process and all that it started have taken, and how urgent they were, looked at again and again.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What was seen so far.
struct Seen {
    stop: AtomicBool,
    own: AtomicU64,
    child: AtomicU64,
    children: AtomicU64,
    niceness: AtomicI64,
}

/// The most that was seen; memory in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peaks {
    /// Of the process itself.
    pub(crate) own: u64,
    /// Of the largest of its descendants.
    pub(crate) child: u64,
    /// Of all of them at once.
    pub(crate) children: u64,
    /// The least niceness of those that its children started.
    pub(crate) niceness: i64,
}

/// Watches until it is asked.
pub(crate) struct Watch {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(process: u32) -> Self {
        let none = AtomicU64::default;
        let (own, child, children, niceness) = (none(), none(), none(), AtomicI64::new(i64::MAX));
        let seen = Arc::new(Seen { stop: AtomicBool::new(false), own, child, children, niceness });
        let watched = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            while !watched.stop.load(Ordering::Relaxed) {
                watched.look(process);
                std::thread::sleep(PAUSE);
            }
        });
        Self { seen, thread: Some(thread) }
    }

    pub(crate) fn peaks(&self) -> Peaks {
        let of = |peak: &AtomicU64| peak.load(Ordering::Relaxed);
        let niceness = self.seen.niceness.load(Ordering::Relaxed);
        Peaks { own: of(&self.seen.own), child: of(&self.seen.child), children: of(&self.seen.children), niceness }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Seen {
    fn look(&self, process: u32) {
        self.own.fetch_max(memory(process, "VmHWM:"), Ordering::Relaxed);
        let mut together = 0;
        let mut found: Vec<_> = children(process).into_iter().map(|child| (child, false)).collect();
        while let Some((child, is_of_a_child)) = found.pop() {
            together += memory(child, "VmRSS:");
            self.child.fetch_max(memory(child, "VmHWM:"), Ordering::Relaxed);
            if is_of_a_child && let Some(niceness) = niceness(child) {
                self.niceness.fetch_min(niceness, Ordering::Relaxed);
            }
            found.extend(children(child).into_iter().map(|child| (child, true)));
        }
        self.children.fetch_max(together, Ordering::Relaxed);
    }
}

/// Those that a process started and that still run; none when it is gone.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let started = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    started.flat_map(|text| text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

/// A line of `/proc/…/status` that is given in kB, in bytes; nothing when the process is gone.
fn memory(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}

/// How far it lets others go first; `None` when the process is gone.
fn niceness(process: u32) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything; what is wanted comes 16 fields behind it.
    stat.rsplit_once(") ")?.1.split(' ').nth(16)?.parse().ok()
}
