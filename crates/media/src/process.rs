#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use reelshelf_domain::ByteSize;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// Where a program that is named without a folder is looked for: a fixed list, so that nothing in the environment of
/// the server can put another program in its place.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The most that a program may complain: more than any does, and little for each of those that run at once.
const STDERR_BYTES: ByteSize = ByteSize::mib(1);

/// How much of its complaints a failed program leaves in the log.
const STDERR_TAIL_BYTES: usize = 2048;

/// How long to wait for a killed program to be gone. Only one stuck in the kernel needs longer.
const REAP_LIMIT: Duration = Duration::from_secs(5);

/// How much a program may use before it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from its start to its end; waiting for a slot does not count.
    pub time: Duration,
    /// Bytes on its standard output; on its standard error as many, and no more than a mebibyte.
    pub output: ByteSize,
}

/// A program to run, with everything it is given: nothing is inherited but the working folder.
#[derive(Debug)]
pub struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Option<File>,
    limits: Limits,
}

impl Command {
    /// A program by its path, or by a name to look for in the usual folders.
    pub fn new(program: impl Into<PathBuf>, limits: Limits) -> Self {
        Self { program: program.into(), args: Vec::new(), environment: Vec::new(), input: None, limits }
    }

    /// With one more argument. No shell reads it, but the program may take a leading `-` for an option.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// With a variable in its environment, which is otherwise empty but for a fixed `PATH`.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With an open file as its standard input, which is otherwise empty.
    #[must_use]
    pub fn input(mut self, file: File) -> Self {
        self.input = Some(file);
        self
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where the server starts a process")]
    fn spawn(&mut self) -> Result<Child, ProcessError> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.args).env_clear().env("PATH", PATH).envs(self.environment.iter().map(|(k, v)| (k, v)));
        command
            .stdin(self.input.take().map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own, so that what it starts can be killed with it.
        command.process_group(0).kill_on_drop(true);
        command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProcessError::NotFound { program: self.program.clone() },
            _ => ProcessError::Spawn(error),
        })
    }
}

/// The places for programs to run at the same time.
#[derive(Debug)]
pub struct Slots(Semaphore);

impl Slots {
    /// So many at once.
    pub fn new(size: NonZeroUsize) -> Self {
        Self(Semaphore::new(size.get().min(Semaphore::MAX_PERMITS)))
    }
}

/// What a program that succeeded wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("{} is not installed", program.display())]
    NotFound {
        /// Its path or name.
        program: PathBuf,
    },
    /// The system did not start it.
    #[error("it cannot be started")]
    Spawn(#[source] io::Error),
    /// The system lost it while it ran.
    #[error("it cannot be followed")]
    Lost(#[source] io::Error),
    /// It was killed: its time was over.
    #[error("it took longer than {after:?}")]
    TimedOut {
        /// The time it had.
        after: Duration,
    },
    /// It was killed: it wrote too much.
    #[error("it wrote more than {limit}")]
    OutputTooLarge {
        /// How much it could have written.
        limit: ByteSize,
    },
    /// It ended, and not with success.
    #[error("it ended with {status}: {stderr_tail}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The last that it wrote on its standard error. For the log, never for a client: it names local paths.
        stderr_tail: String,
    },
}

impl ProcessError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Spawn(_) => "spawn_failed",
            Self::Lost(_) => "lost",
            Self::TimedOut { .. } => "timed_out",
            Self::OutputTooLarge { .. } => "output_too_large",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Waits for a slot, runs the program to its end and gives what it wrote.
///
/// However it ends, and also when the future is dropped, the program and everything it left running in its process
/// group are killed. The slot is free again only then.
pub async fn run(slots: &Slots, mut command: Command) -> Result<Output, ProcessError> {
    // Acquiring fails only on a closed semaphore, and nobody closes this one.
    let _slot = slots.0.acquire().await;
    let mut report = Report { program: command.program.clone(), started: Instant::now(), outcome: "abandoned" };
    let result = supervise(&mut command).await;
    report.outcome = result.as_ref().map_or_else(ProcessError::outcome, |_| "ok");
    result
}

async fn supervise(command: &mut Command) -> Result<Output, ProcessError> {
    let limits = command.limits;
    let mut group = Group::start(command)?;
    let ended = timeout(limits.time, group.finish(limits.output)).await;
    let (status, output) = match ended {
        Ok(Ok(finished)) => finished,
        Ok(Err(error)) => {
            group.end().await;
            return Err(error);
        }
        Err(_) => {
            group.end().await;
            return Err(ProcessError::TimedOut { after: limits.time });
        }
    };
    if status.success() {
        return Ok(output);
    }
    let tail = &output.stderr[output.stderr.len().saturating_sub(STDERR_TAIL_BYTES)..];
    Err(ProcessError::Failed { status, stderr_tail: String::from_utf8_lossy(tail).trim().to_owned() })
}

/// A running program, and what it started in turn. Dropping it kills them all.
struct Group {
    leader: Child,
    id: Pid,
}

impl Group {
    fn start(command: &mut Command) -> Result<Self, ProcessError> {
        let leader = command.spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.ok_or_else(|| ProcessError::Lost(io::Error::other("it has no process id")))?;
        Ok(Self { leader, id })
    }

    /// Reads all it writes until it ends by itself.
    async fn finish(&mut self, limit: ByteSize) -> Result<(ExitStatus, Output), ProcessError> {
        let stdout = read(self.leader.stdout.take(), limit);
        let stderr = read(self.leader.stderr.take(), limit.min(STDERR_BYTES));
        let exit = async {
            self.exited().await.map_err(ProcessError::Lost)?;
            // What it leaves behind may hold the pipes open, which would then never end.
            self.kill();
            Ok(())
        };
        let (stdout, stderr, ()) = tokio::try_join!(stdout, stderr, exit)?;
        let status = self.leader.wait().await.map_err(ProcessError::Lost)?;
        Ok((status, Output { stdout, stderr }))
    }

    /// Until the leader has exited, without collecting it: only as long as it is not collected is the id of the group
    /// certain to be ours, and killing the group certain to hit nobody else.
    async fn exited(&self) -> io::Result<()> {
        let mut changes = signal(SignalKind::child())?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(self.id), options)?.is_none() {
            changes.recv().await.ok_or_else(|| io::Error::other("no more signals"))?;
        }
        Ok(())
    }

    /// Kills what is left of it, and waits until the leader is gone.
    async fn end(&mut self) {
        self.kill();
        if timeout(REAP_LIMIT, self.leader.wait()).await.is_err() {
            tracing::warn!(pid = self.id.as_raw_pid(), "a killed process does not end");
        }
    }

    fn kill(&self) {
        // A leader without an id has been collected. The one way to fail is that nothing is left to kill.
        if self.leader.id().is_some() {
            kill_process_group(self.id, Signal::KILL).ok();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All of a stream, unless it is too much.
async fn read(stream: Option<impl AsyncRead + Unpin>, limit: ByteSize) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else { return Ok(bytes) };
    let read = stream.take(limit.get().saturating_add(1)).read_to_end(&mut bytes).await;
    match read {
        Ok(count) if u64::try_from(count).is_ok_and(|count| count <= limit.get()) => Ok(bytes),
        Ok(_) => Err(ProcessError::OutputTooLarge { limit }),
        Err(error) => Err(ProcessError::Lost(error)),
    }
}

/// Tells the log about a program when it is over, also when nobody waits for it any more.
struct Report {
    program: PathBuf,
    started: Instant,
    outcome: &'static str,
}

impl Drop for Report {
    fn drop(&mut self) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(program = %self.program.display(), duration_ms, outcome = self.outcome, "a process is over");
    }
}
