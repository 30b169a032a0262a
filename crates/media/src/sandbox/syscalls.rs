//! Seccomp: which system calls are left. Any other is answered with ENOSYS, as by a kernel that does not have it.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

/// What a process still has to do once it is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Decodes by itself: it computes, also in threads, and reads and writes what is open.
    Decoder,
    /// Starts a tool, which opens files too.
    Tool,
    /// Follows the other one, and reduces what it writes.
    Supervisor,
}

/// Memory, what is open, time, its own signals, its own end.
const ALL: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// What a tool needs beside: to be started, to find its libraries, to open its input.
const TOOL: &[c_long] = &[
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_execve,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pselect6,
    libc::SYS_readlinkat,
    libc::SYS_set_tid_address,
    libc::SYS_statfs,
    libc::SYS_statx,
];

/// Older calls for the same, that only this architecture has.
#[cfg(target_arch = "x86_64")]
const TOOL_HERE: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_dup2,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const TOOL_HERE: &[c_long] = &[];

/// What the supervisor needs beside: to wait.
const SUPERVISOR: &[c_long] = &[libc::SYS_wait4, libc::SYS_waitid];

/// Restricts this thread, and whatever it starts, to the calls of its role.
pub(super) fn restrict(role: Role) -> io::Result<()> {
    apply_filter(&filter(role).map_err(io::Error::other)?).map_err(io::Error::other)
}

fn filter(role: Role) -> Result<BpfProgram, BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq};
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let more: &[&[c_long]] = match role {
        Role::Decoder => &[],
        Role::Tool => &[TOOL, TOOL_HERE],
        Role::Supervisor => &[SUPERVISOR],
    };
    for calls in [ALL].iter().chain(more) {
        rules.extend(calls.iter().map(|call| (*call, Vec::new())));
    }
    if role != Role::Supervisor {
        rules.insert(libc::SYS_clone, vec![rule(&[(0, MaskedEq(THREAD | NO_THREAD), THREAD)])?]);
    }
    if role == Role::Tool {
        rules.extend([libc::SYS_mmap, libc::SYS_mprotect].map(|call| (call, Vec::new())));
    } else {
        // All of its code is loaded: there is to be no more.
        let no_code = rule(&[(2, MaskedEq(u64::from(libc::PROT_EXEC.unsigned_abs())), 0)])?;
        rules.extend([libc::SYS_mmap, libc::SYS_mprotect].map(|call| (call, vec![no_code.clone()])));
    }
    // To itself only, as abort(3) does.
    rules.insert(libc::SYS_tgkill, vec![rule(&[(0, Eq, u64::from(std::process::id()))])?]);
    // To look at its own limits: no new ones, and those of no other process.
    rules.insert(libc::SYS_prlimit64, vec![rule(&[(0, Eq, 0), (2, Eq, 0)])?]);
    // Flags of descriptors: no locks, owners or signals.
    rules.insert(libc::SYS_fcntl, any(1, &[libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC])?);
    // Names of threads and of memory.
    rules.insert(libc::SYS_prctl, any(0, &[libc::PR_SET_NAME, libc::PR_SET_VMA])?);
    // Whether something is a terminal.
    rules.insert(libc::SYS_ioctl, vec![rule(&[(1, Eq, TCGETS)])?]);
    let arch = std::env::consts::ARCH.try_into()?;
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, absent, SeccompAction::Allow, arch)?.try_into()
}

/// What makes a clone a thread of its process,
const THREAD: u64 = (libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD).unsigned_abs() as u64;

/// and what it may not be beside: in another namespace, or another's child.
const NO_THREAD: u64 = (libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWUTS
    | libc::CLONE_PARENT
    | libc::CLONE_PTRACE
    | libc::CLONE_VFORK)
    .unsigned_abs() as u64;

/// The request by which isatty(3) asks, on every architecture that seccompiler knows.
const TCGETS: u64 = 0x5401;

/// A call with all of these: an argument's place, how its lower half is compared, and with what. The kernel takes no
/// more than that half of any of them.
fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, BackendError> {
    let conditions = conditions.iter().cloned();
    let conditions =
        conditions.map(|(argument, is, value)| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value));
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

/// A call where this argument is one of these.
fn any(argument: u8, values: &[i32]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|value| rule(&[(argument, SeccompCmpOp::Eq, u64::from(value.unsigned_abs()))])).collect()
}
