use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::{env, thread};

use rustix::event::{PollFd, PollFlags, poll};

use super::confine::{Readable, at, confine, explore};
use super::enclose::enclose;
use super::syscalls::Role;
use super::{Errand, Job, SIGNALLED};

/// Builds the namespaces, starts the worker in them and follows it to its end.
pub(super) fn supervise(errand: &Errand) -> io::Result<ExitCode> {
    close_fds::set_fds_cloexec(3, &[]);
    let program = env::current_exe()?;
    if errand.job == Job::Explore {
        return look_around(&program);
    }
    let tool = errand.tool();
    if errand.walls.namespaces {
        let programs: Vec<&Path> =
            [program.as_path()].into_iter().chain(tool.map(|tool| tool.program.as_path())).collect();
        enclose(&programs, tool.is_some_and(|tool| tool.purpose.reads())).map_err(at("namespaces"))?;
    }
    let mut worker = start(&program, errand)?;
    confine(Role::Supervisor, errand.walls, errand.allowance, &Readable::default())?;
    thread::Builder::new().spawn(end_with_the_server)?;
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
    if errand.walls.namespaces && errand.tool().is_some() {
        command.stdin(Stdio::piped());
    }
    let mut worker = command.spawn().map_err(at("worker"))?;
    drop(worker.stdin.take());
    Ok(worker)
}

/// Ends this process, and the worker with it, when nobody reads the answer any more: the server is gone.
fn end_with_the_server() {
    let stdout = io::stdout();
    let mut pipe = [PollFd::new(&stdout, PollFlags::empty())];
    // Interrupted, it is asked again.
    while !matches!(poll(&mut pipe, None), Ok(1..)) {}
    std::process::exit(0);
}

fn ending(status: ExitStatus) -> ExitCode {
    let code = match status.signal() {
        Some(signal) => i32::from(SIGNALLED) + signal,
        None => status.code().unwrap_or(1),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
