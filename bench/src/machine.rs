//! What the figures were measured on, and what processes cost.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::server::command;
use crate::{Bench, Outcome};

/// The versions, the machine and the disk.
pub(crate) fn describe(bench: &Bench) -> Outcome<String> {
    let version = said(command(&bench.binary).arg("--version"))?;
    let dd = said(command("dd").arg("--version"))?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = field(&cpus, "model name").unwrap_or("an unknown processor");
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let memory: u64 = field(&memory, "MemTotal").and_then(|text| text.strip_suffix(" kB")?.parse().ok()).unwrap_or(0);
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let system = file_system(&bench.folder)?;
    let mode = bench.of("", ", a smoke run whose figures mean little");
    Ok(format!(
        "{version}, {dd}; {model}, {cores} cores, {} GiB; Linux {}, {system}; load {load} at the start{mode}",
        memory / 1_048_576,
        kernel.trim(),
    ))
}

/// The first line that a program says.
pub(crate) fn said(program: &mut std::process::Command) -> Outcome<String> {
    let said = program.output()?.stdout;
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned())
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// The type of the file system that a folder is on.
fn file_system(folder: &Path) -> Outcome<String> {
    let mounts = std::fs::read_to_string("/proc/mounts")?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let holding = mounts.filter(|(place, _)| folder.starts_with(place));
    let (_, system) = holding.max_by_key(|(place, _)| place.len()).ok_or("no file system holds the folder")?;
    Ok(system.to_owned())
}

/// Seconds of CPU that a process has used, in user and kernel, its threads together.
pub(crate) fn cpu_seconds(process: u32) -> Outcome<f64> {
    Ok(ticks(&process.to_string())?[0])
}

/// Seconds of CPU that this process has used, and those that the children it waited for have.
pub(crate) fn own_cpu_seconds() -> Outcome<[f64; 2]> {
    ticks("self")
}

/// The CPU time that this thread has used, to the nanosecond.
pub(crate) fn thread_cpu() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(used).unwrap_or_default()
}

fn ticks(process: &str) -> Outcome<[f64; 2]> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; what is wanted comes 11 fields behind it.
    let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/…/stat is not as it was")?;
    let fields: Vec<u32> = fields.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
    let [user, kernel, child_user, child_kernel] = fields[..] else { return Err("/proc/…/stat is too short".into()) };
    #[expect(clippy::cast_precision_loss, reason = "ticks per second are a hundred")]
    let rate = rustix::param::clock_ticks_per_second() as f64;
    Ok([(f64::from(user) + f64::from(kernel)) / rate, (f64::from(child_user) + f64::from(child_kernel)) / rate])
}

/// Seconds of CPU of the threads that a process has now, to the microsecond where the scheduler says so.
pub(crate) fn fine_cpu_seconds(process: u32) -> Outcome<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while it is looked at.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}

/// A figure of `/proc/…/status` that is given in kB (`VmHWM`, `VmRSS`), in bytes.
pub(crate) fn memory(process: u32, name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = field(&status, name).and_then(|text| text.strip_suffix(" kB")).ok_or("no such figure of memory")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
