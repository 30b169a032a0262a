//! What a process gives up for itself, from which there is no way back: descriptors, capabilities, resources, files,
//! system calls.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
use serde::{Deserialize, Serialize};

use super::enclose::LIBRARIES;
use super::syscalls::{Role, restrict};

/// The Landlock that is asked for. Older kernels give less of it, which [`Walls`] tells.
const LANDLOCK: ABI = ABI::V7;

/// How many threads may run, the supervisor among them.
const THREADS: u64 = 64;

/// Descriptors that may be open.
const DESCRIPTORS: u64 = 64;

/// Address space beside a process's own memory: code, and what is reserved and not used.
const CODE_BYTES: u64 = 1 << 30;

/// Which walls stand around the child: what a first child found out, and what every other one must find again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walls {
    /// Whether it has namespaces of its own.
    pub(crate) namespaces: bool,
    /// The version of Landlock; 0 where there is none.
    pub(crate) landlock: u8,
    /// Whether system calls are filtered.
    pub(crate) seccomp: bool,
}

/// What the child may use of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowance {
    /// Processor time, in seconds.
    pub(crate) cpu_seconds: u64,
    /// Memory of its own, in bytes.
    pub(crate) memory: u64,
}

/// A step that did not work.
pub(super) fn at(step: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::other(format!("{step}: {error}"))
}

fn other(error: impl fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// Gives up everything but what the role needs. A tool may read and start `programs`, and read the input.
pub(super) fn confine(role: Role, walls: Walls, allowance: Allowance, readable: &Readable) -> io::Result<()> {
    close_fds::set_fds_cloexec(3, &[]);
    give_up_capabilities().map_err(at("capabilities"))?;
    // After the capabilities, whose change would undo it. Together they end what the supervisor left behind.
    if role != Role::Supervisor {
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from).map_err(at("death signal"))?;
    }
    set_no_new_privs(true)?;
    limit(role, walls, allowance).map_err(at("limits"))?;
    if walls.landlock > 0 {
        let found = restrict_files(readable).map_err(at("Landlock"))?;
        if found < walls.landlock {
            return Err(io::Error::other("Landlock is weaker than it was at the start"));
        }
    }
    if walls.seccomp {
        restrict(role).map_err(at("seccomp"))?;
    }
    Ok(())
}

fn give_up_capabilities() -> io::Result<()> {
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(())
}

fn limit(role: Role, walls: Walls, allowance: Allowance) -> io::Result<()> {
    let mut limits = vec![
        (Resource::Core, 0),
        (Resource::Cpu, allowance.cpu_seconds),
        (Resource::Data, allowance.memory),
        (Resource::As, allowance.memory.saturating_add(CODE_BYTES)),
        // Files, that is: pipes do not count.
        (Resource::Fsize, 0),
        (Resource::Nofile, DESCRIPTORS),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Sigpending, 64),
    ];
    // It counts by user, and only in a namespace of its own the user is nobody else.
    if walls.namespaces && role != Role::Supervisor {
        limits.push((Resource::Nproc, THREADS));
    }
    for (resource, most) in limits {
        // No more than there was: raising a limit is not ours.
        let had = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let most = Some(most.min(had));
        setrlimit(resource, Rlimit { current: most, maximum: most })?;
    }
    Ok(())
}

/// The files that can still be opened, all of them for reading only.
#[derive(Debug, Default)]
pub(super) struct Readable {
    /// Programs that can be started, with what they need for it.
    pub(super) programs: Vec<PathBuf>,
    /// A file to read.
    pub(super) input: Option<PathBuf>,
}

/// Restricts what can be opened, connected to and signalled. Gives the version that the kernel has.
fn restrict_files(readable: &Readable) -> io::Result<u8> {
    let all = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create);
    let mut rules = all.map_err(other)?;
    let libraries = LIBRARIES.iter().map(Path::new).filter(|_| !readable.programs.is_empty());
    let runnable = AccessFs::ReadFile | AccessFs::Execute;
    let wanted = libraries.chain(readable.programs.iter().map(PathBuf::as_path)).map(|path| (path, runnable));
    let input = readable.input.iter().map(|path| (path.as_path(), AccessFs::ReadFile.into()));
    for (path, access) in wanted.chain(input) {
        // What is not there cannot be opened.
        let Ok(place) = PathFd::new(path) else { continue };
        rules = rules.add_rule(PathBeneath::new(place, access)).map_err(other)?;
    }
    let status = rules.restrict_self().map_err(other)?;
    Ok(version(status.landlock))
}

fn version(status: LandlockStatus) -> u8 {
    match status {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u8,
        _ => 0,
    }
}

/// Tries all of it on this process, and says what worked, each reason why not on standard error.
pub(super) fn explore(namespaces: bool) -> Walls {
    let mut walls = Walls { namespaces, ..Walls::default() };
    walls.landlock = restrict_files(&Readable::default()).unwrap_or_default();
    walls.seccomp = restrict(Role::Decoder).is_ok();
    walls
}
