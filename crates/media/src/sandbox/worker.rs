use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use super::confine::{Readable, at, confine};
use super::syscalls::Role;
use super::{Errand, Job, Tool};

/// Decodes what stands open as standard input, and answers on standard output.
pub(super) type Decoder<'a> = &'a dyn Fn(&Job) -> ExitCode;

/// Gives up everything, then does the job.
pub(super) fn work(errand: &Errand, decoder: Decoder<'_>) -> io::Result<ExitCode> {
    let Some(tool) = errand.tool() else {
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
pub(super) fn decode(_job: &Job) -> ExitCode {
    ExitCode::SUCCESS
}
