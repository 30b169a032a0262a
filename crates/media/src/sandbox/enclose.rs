//! Namespaces: a system of its own, without other processes, without a network, and with almost no files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, unshare};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, mount_remount, unmount,
};
use rustix::process::{chdir, getgid, getuid, pivot_root};

/// Where the one file that a tool reads is found in the new root.
pub(crate) const INPUT: &str = "/input";

/// Who the child is in its own user namespace: nobody, so that starting a program gives it no capability.
const NOBODY: u32 = 65_534;

/// What programs need to start: their libraries, and where these are found. What is missing is left out.
pub(crate) const LIBRARIES: &[&str] = &[
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
];

/// A folder of the old root to build the new one on. There is no system without it, and its own content is not
/// needed any more by then.
const SITE: &str = "/proc";

/// Moves this process into namespaces of its own, whose only files are the libraries, these programs and, when it is
/// asked for, what stands open as standard input. All of them can only be read. Children get process ids of their own.
pub(super) fn enclose(programs: &[&Path], with_input: bool) -> io::Result<()> {
    let input = with_input.then(input_path).transpose()?;
    leave()?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("tmpfs", SITE, "tmpfs", flags, c"size=256k,nr_inodes=1024,mode=755")?;
    let mut root = Root { shown: Vec::new() };
    for library in LIBRARIES {
        root.show(Path::new(library))?;
    }
    for program in programs {
        root.show(program)?;
    }
    if let Some(input) = &input {
        bind(input, &Path::new(SITE).join(&INPUT[1..]), false)?;
        check_input(input)?;
    }
    chdir(SITE)?;
    // The new root is put on top of the old one, which is then taken away from beneath it: pivot_root(2), notes.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")?;
    mount_remount("/", flags | MountFlags::BIND | MountFlags::RDONLY, c"")?;
    Ok(())
}

/// New namespaces of every kind, in which this process is nobody.
fn leave() -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP,
    )?;
    let tell = |file: &str, text: &str| OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    tell("/proc/self/setgroups", "deny")?;
    tell("/proc/self/uid_map", &format!("{NOBODY} {user} 1"))?;
    tell("/proc/self/gid_map", &format!("{NOBODY} {group} 1"))
}

/// The new root while it is built.
struct Root {
    shown: Vec<PathBuf>,
}

impl Root {
    /// Shows a file or folder of the old root at its own path in the new one. A link is shown as a link.
    fn show(&mut self, path: &Path) -> io::Result<()> {
        if self.shown.iter().any(|folder| path.starts_with(folder)) {
            return Ok(());
        }
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        let place = Path::new(SITE).join(path.strip_prefix("/").map_err(io::Error::other)?);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        if found.is_symlink() {
            symlink(fs::read_link(path)?, place)?;
        } else {
            bind(path, &place, found.is_dir())?;
        }
        self.shown.push(path.to_owned());
        Ok(())
    }
}

fn bind(path: &Path, place: &Path, folder: bool) -> io::Result<()> {
    if folder {
        fs::create_dir(place)?;
    } else {
        File::create_new(place)?;
    }
    mount_bind_recursive(path, place)?;
    // In a user namespace, the restrictions that a mount had may not be lifted: they are asked for again.
    let before = statvfs(place)?.f_flag;
    let mut flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    for (had, keep) in [
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ] {
        flags.set(keep, before.contains(had));
    }
    mount_remount(place, flags, c"")?;
    Ok(())
}

/// The path of what stands open as standard input. The open file itself is of the old namespace and cannot be shown in
/// the new one.
fn input_path() -> io::Result<PathBuf> {
    fs::read_link("/proc/self/fd/0")
}

/// That what is shown is what stands open, and not what somebody put in its place.
fn check_input(path: &Path) -> io::Result<()> {
    let shown = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path)?.metadata()?;
    let open = rustix::fs::fstat(io::stdin())?;
    if (shown.dev(), shown.ino()) == (open.st_dev, open.st_ino) {
        return Ok(());
    }
    Err(io::Error::other("the input is not at its path any more"))
}
