use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use crate::processor::Reason;
use crate::sound::hear;
use crate::{PictureLimits, PictureOrder, render};

use super::answer::Answer;
use super::confine::{Readable, at, confine};
use super::reduce::tell;
use super::syscalls::Role;
use super::{Errand, Job, NO_SANDBOX, Tool};

/// Decodes what stands open as standard input, and answers on standard output.
pub(super) type Decoder<'a> = &'a dyn Fn(&Job) -> ExitCode;

/// Gives up everything, then does the job.
pub(super) fn work(errand: &Errand, decoder: Decoder<'_>) -> io::Result<ExitCode> {
    let Some(tool) = errand.job.tool() else {
        confine(Role::Decoder, errand.walls, errand.allowance, &Readable::default())?;
        return Ok(decoder(&errand.job));
    };
    let input = tool.purpose.reads().then(|| errand.input().to_owned());
    let readable = Readable { programs: vec![tool.program.clone()], input };
    confine(Role::Tool, errand.walls, errand.allowance, &readable)?;
    Err(at("tool")(become_tool(tool, errand)))
}

/// Returns only when it fails.
#[expect(clippy::disallowed_methods, reason = "it starts no process: this one becomes the tool")]
fn become_tool(tool: &Tool, errand: &Errand) -> io::Error {
    Command::new(&tool.program).args(tool.purpose.arguments(errand.input())).env_clear().exec()
}

/// Our own decoders.
pub(super) fn decode(job: &Job) -> ExitCode {
    let done = match job {
        Job::Decode { order, limits } => picture(order, limits),
        Job::Hear => sound(),
        _ => Err(io::Error::other("this is a tool's")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody listens any more, or nothing can be read: neither is the file's fault.
        Err(error) => {
            writeln!(io::stderr(), "sandbox: {error}").ok();
            ExitCode::from(NO_SANDBOX)
        }
    }
}

fn input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

fn picture(order: &PictureOrder, limits: &PictureLimits) -> io::Result<()> {
    let mut answer = Answer::new(BufWriter::new(io::stdout().lock()));
    match render(input()?, order, limits, &mut |name, content| answer.made(name, content)) {
        Ok(_) => answer.done(),
        Err(problem) if problem.is_lasting() => answer.refused(problem.into()),
        Err(problem) => Err(io::Error::other(problem)),
    }
}

fn sound() -> io::Result<()> {
    let mut answer = Answer::new(BufWriter::new(io::stdout().lock()));
    match hear(input()?)? {
        Some(heard) => {
            tell(&heard, &mut answer)?;
            answer.done()
        }
        None => answer.refused(Reason::NoSound),
    }
}
