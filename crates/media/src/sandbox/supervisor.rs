use std::env;
use std::io::{self, Read, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::confine::{Readable, at, confine, explore};
use super::enclose::enclose;
use super::reduce::reduce;
use super::syscalls::Role;
use super::{Errand, Job, SIGNALLED};

/// Builds the namespaces, starts the worker in them and follows it to its end.
pub(super) fn supervise(errand: &Errand) -> io::Result<ExitCode> {
    close_fds::set_fds_cloexec(3, &[]);
    let program = env::current_exe()?;
    if errand.job == Job::Explore {
        return look_around(&program);
    }
    let tool = errand.job.tool();
    if errand.walls.namespaces {
        let programs: Vec<&Path> =
            [program.as_path()].into_iter().chain(tool.map(|tool| tool.program.as_path())).collect();
        enclose(&programs, tool.is_some_and(|tool| tool.purpose.reads())).map_err(at("namespaces"))?;
    }
    let mut worker = start(&program, errand)?;
    let ended = pidfd_open(Pid::from_child(&worker), PidfdFlags::empty())?;
    confine(Role::Supervisor, errand.walls, errand.allowance, &Readable::default())?;
    if errand.reduces() {
        return reduce(&errand.job, worker, &ended);
    }
    wait_for(&ended)?;
    Ok(ending(worker.wait()?))
}

/// Which walls can be built is written to standard output, why others cannot to standard error.
fn look_around(program: &Path) -> io::Result<ExitCode> {
    let enclosed = enclose(&[program], false);
    if let Err(error) = &enclosed {
        writeln!(io::stderr(), "namespaces: {error}")?;
    }
    let walls = explore(enclosed.is_ok());
    serde_json::to_writer(io::stdout(), &walls)?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the supervisor is itself a process that process::run started, to start this"
)]
fn start(program: &Path, errand: &Errand) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(["sandbox", "worker", &errand.text()?]).env_clear();
    // A tool that is shown its input as a file is not given it as an open one too.
    if errand.walls.namespaces && errand.job.tool().is_some() {
        command.stdin(Stdio::piped());
    }
    if errand.reduces() {
        command.stdout(Stdio::piped());
    }
    if errand.takes_frames() {
        command.stderr(Stdio::piped());
    }
    let mut worker = command.spawn().map_err(at("worker"))?;
    drop(worker.stdin.take());
    Ok(worker)
}

/// Until there is something to read, or until a process has ended.
///
/// When nobody reads the answer any more the server is gone: then this process ends, and the worker with it.
fn wait_for(source: impl AsFd) -> io::Result<()> {
    let stdout = io::stdout();
    loop {
        let mut polled = [PollFd::new(&source, PollFlags::IN), PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut polled, None) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) if !polled[1].revents().is_empty() => std::process::exit(0),
            Ok(_) => return Ok(()),
        }
    }
}

/// The same, but not longer than this, whoever reads.
pub(super) fn wait_for_end(process: impl AsFd, most: Duration) -> io::Result<()> {
    let most = Timespec::try_from(most).map_err(io::Error::other)?;
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&most))?;
    Ok(())
}

/// What the worker writes, for as long as somebody wants to know.
pub(super) struct Followed<P>(pub(super) P);

impl<P: Read + AsFd> Read for Followed<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait_for(&self.0)?;
        self.0.read(buffer)
    }
}

pub(super) fn ending(status: ExitStatus) -> ExitCode {
    let code = match status.signal() {
        Some(signal) => i32::from(SIGNALLED) + signal,
        None => status.code().unwrap_or(1),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
