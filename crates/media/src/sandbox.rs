//! The sandbox: our own program, started again, which gives up everything before it touches untrusted bytes.
//!
//! `reelshelf sandbox supervisor …` moves into namespaces of its own where the machine has them, and starts
//! `reelshelf sandbox worker …` there, which gives up what is left and then decodes, or becomes ffmpeg. The supervisor
//! gives up the same once its worker runs, reduces what that writes, and ends when it or the server ends.
//! Both read one file, and write to one pipe that the server empties up to a limit: neither can write a file.

mod abilities;
mod answer;
mod confine;
mod enclose;
mod errand;
mod reduce;
mod supervisor;
mod syscalls;
mod tool;
mod worker;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

pub use abilities::Abilities;
pub(crate) use answer::{Nonsense, parse};
pub(crate) use confine::{Allowance, Walls};
pub(crate) use errand::{Errand, Job};
pub(crate) use tool::{Purpose, Tool};

/// How a child ends when it could not build its walls: nothing untrusted was touched.
pub(crate) const NO_SANDBOX: u8 = 71;

/// How the supervisor ends when a signal ended its worker: this, and the signal's number.
pub(crate) const SIGNALLED: u8 = 128;

/// What `reelshelf sandbox …` does: the arguments are those behind that word. To be called before anything else is
/// done: it expects a process with one thread.
pub fn child_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    run(args, &worker::decode)
}

/// The same with another decoder, for tests that want to know what one could do that was taken over by its input.
#[doc(hidden)]
pub fn child_main_with(args: impl IntoIterator<Item = OsString>, decoder: &dyn Fn() -> ExitCode) -> ExitCode {
    run(args, &|_| decoder())
}

fn run(args: impl IntoIterator<Item = OsString>, decoder: worker::Decoder<'_>) -> ExitCode {
    let args: Vec<_> = args.into_iter().collect();
    let done = match args.iter().map(|arg| arg.to_str()).collect::<Vec<_>>().as_slice() {
        [Some("supervisor"), Some(errand)] => Errand::parse(errand).and_then(|errand| supervisor::supervise(&errand)),
        [Some("worker"), Some(errand)] => Errand::parse(errand).and_then(|errand| worker::work(&errand, decoder)),
        _ => Err(io::Error::other("it is started by the server only")),
    };
    done.unwrap_or_else(|error| {
        // Whoever closed it does not want to know.
        writeln!(io::stderr(), "sandbox: {error}").ok();
        ExitCode::from(NO_SANDBOX)
    })
}
