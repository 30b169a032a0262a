//! The sandbox: our own program, started again, which gives up everything before it touches untrusted bytes.

use std::process::ExitCode;

/// What this machine can enforce and do, as a first child found out. What is not enforced is named by
/// [`Abilities::missing`], for the log and for `check-config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    missing: Vec<&'static str>,
}

impl Abilities {
    /// What this machine does not enforce or have, one sentence each. Empty on a good one.
    pub fn missing(&self) -> &[&'static str] {
        &self.missing
    }
}

/// What `reelshelf sandbox …` does: the arguments are those behind that word. To be called before anything else is
/// done: it expects a process with one thread.
pub fn child_main(args: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let _ = args;
    ExitCode::FAILURE
}
