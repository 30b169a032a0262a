//! What decodes media, as the server drives it: the release program in its sandbox, children and all.

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;

use reelshelf_domain::MediaType;
use reelshelf_media::{Derived, Metadata, Order, Processor, ProcessorLimits, ProcessorSettings};
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};
use tokio::runtime::{Builder, Runtime};

use crate::machine::own_cpu_seconds;
use crate::server::command;
use crate::{Bench, Outcome};

/// A processor, and what drives it.
pub(crate) struct Sandbox {
    runtime: Runtime,
    processor: Processor,
}

impl Sandbox {
    pub(crate) fn start(bench: &Bench) -> Outcome<Self> {
        // What a child leaves behind is waited for here, so that its time is counted.
        set_child_subreaper(Some(getpid()))?;
        let settings = ProcessorSettings {
            program: bench.binary.clone(),
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
            slots: NonZeroUsize::MIN,
            limits: ProcessorLimits::default(),
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let processor = runtime.block_on(Processor::start(settings))?;
        Ok(Self { runtime, processor })
    }

    pub(crate) fn inspect(&self, file: &Path, media_type: MediaType) -> Outcome<Metadata> {
        Ok(self.runtime.block_on(self.processor.inspect(File::open(file)?, media_type))?)
    }

    pub(crate) fn derive(&self, file: &Path, metadata: &Metadata, order: Order) -> Outcome<Derived> {
        Ok(self.runtime.block_on(self.processor.derive(File::open(file)?, metadata, order))?)
    }

    /// Seconds of CPU of the children that an order takes.
    pub(crate) fn cpu(&self, file: &Path, metadata: &Metadata, order: Order) -> Outcome<f64> {
        children_cpu(|| self.derive(file, metadata, order).map(drop))
    }
}

/// Seconds of CPU of all children that this starts, on average over some times, since the kernel counts in hundredths
/// of a second.
pub(crate) fn cpu_of_each(times: u32, mut start: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
    let mut all = 0.0;
    for _ in 0..times {
        all += start()?;
    }
    Ok(all / f64::from(times))
}

/// Seconds of CPU of ffmpeg with these arguments.
pub(crate) fn ffmpeg_cpu(arguments: &[&str]) -> Outcome<f64> {
    children_cpu(|| ffmpeg(arguments))
}

/// Runs ffmpeg with these arguments behind those that keep it quiet.
pub(crate) fn ffmpeg(arguments: &[&str]) -> Outcome<()> {
    let mut ffmpeg = command("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]).args(arguments);
    if ffmpeg.status()?.success() { Ok(()) } else { Err(format!("ffmpeg failed: {arguments:?}").into()) }
}

fn children_cpu(start: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let [_, before] = own_cpu_seconds()?;
    start()?;
    // No server runs beside this: every child that is left belongs to what just ended, until there are none.
    while wait(WaitOptions::empty()).is_ok() {}
    let [_, after] = own_cpu_seconds()?;
    Ok(after - before)
}
