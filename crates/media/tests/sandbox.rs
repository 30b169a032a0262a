//! The walls around decoders, on this machine: what a program that was taken over by its input tries to do.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use reelshelf_domain::ByteSize;
use reelshelf_media::{
    Command, Limits, PictureLimits, PictureOrder, ProcessError, Processor, ProcessorLimits, ProcessorSettings, Slots,
    run,
};
use rustix::io::{FdFlags, fcntl_setfd};
use serde_json::{Value, json};
use tempfile::TempDir;

const CHILD: &str = env!("CARGO_BIN_EXE_sandboxed-child");
const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile-child");

/// In the sandbox: time for those who sleep, seconds of processor time, and bytes.
const SLEEP: Duration = Duration::from_millis(500);
const CPU_SECONDS: u64 = 1;
const MEMORY: ByteSize = ByteSize::mib(256);
/// Less than anybody may complain.
const OUTPUT: ByteSize = ByteSize::new(512 << 10);

/// Far more than any other needs.
const LONG: Duration = Duration::from_mins(1);

/// How many run at once.
const AT_ONCE: usize = 4;

/// What any process can do, and a sandboxed tool cannot.
const ORDINARY: &[&str] = &[
    "read_file",
    "read_passwords",
    "read_device",
    "read_own_environment",
    "read_parents_environment",
    "list_folder",
    "create_file",
    "create_file_in_tmp",
    "overwrite_file",
    "append_to_input",
    "truncate_input",
    "chmod_input",
    "chown_input",
    "touch_input",
    "remove_file",
    "rename_file",
    "make_folder",
    "make_fifo",
    "follow_symlink",
    "follow_hard_link",
    "many_files",
    "inherited_descriptor",
    "connect_tcp",
    "send_udp",
    "listen_tcp",
    "connect_unix",
    "connect_abstract",
    "socket_pair",
    "fork_one",
    "fork_raw",
    "fork_many",
    "run_shell",
    "run_memory",
    "signal_server",
    "signal_everyone",
    "signal_thread",
    "queue_signal",
    "be_traced",
    "limit_server",
    "outlive",
    "new_session",
    "change_user",
    "watch_files",
    "shared_memory",
    "memory_file",
    "survive_parent",
    "be_dumped",
    "filter_calls",
    "more_resources",
    "be_nicer",
    "lock_memory",
    "lock_input",
    "allocate",
    "allocate_small",
    "reserve",
    "open_many",
    "spin",
    "sleep_long",
    "write_much",
    "complain_much",
];

/// What works or not without a sandbox too, as this machine, its kernel and its user have it. In a sandbox never.
const OF_THE_MACHINE: &[&str] = &[
    "mark_input",
    "file_handle",
    "netlink_socket",
    "raw_socket",
    "packet_socket",
    "hold_process",
    "trace_server",
    "read_memory",
    "user_namespace",
    "mount_namespace",
    "mount_memory",
    "open_mount",
    "change_root",
    "rename_host",
    "set_clock",
    "keys",
    "kernel_program",
    "ring",
    "performance_counters",
    "page_faults",
    "message_queue",
    "personality_change",
    "other_abi",
    "dump_core",
];

/// What any process can do, and our own sandboxed decoder cannot: it has no more business than to read, compute, write.
const OF_THE_DECODER: &[&str] = &[
    "read_file",
    "read_passwords",
    "read_library",
    "open_input_anew",
    "create_file",
    "look_at_file",
    "list_root",
    "change_folder",
    "connect_tcp",
    "listen_tcp",
    "open_udp",
    "connect_unix",
    "socket_pair",
    "pipe",
    "run_shell",
    "signal_server",
    "signal_supervisor",
    "allocate",
    "spin",
    "sleep_long",
    "write_much",
];

/// What there is to be had outside of the sandbox.
struct Outside {
    folder: TempDir,
    tool: TempDir,
    port: u16,
    name: String,
    leak: File,
    _listeners: (TcpListener, UnixListener, UnixListener),
}

impl Outside {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let tool = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/children/hostile.c");
        let limits = Limits { time: LONG, output: OUTPUT };
        let compiler =
            Command::new("cc", limits).args(["-O1", "-pthread", "-o"]).arg(tool.path().join("tool")).arg(source);
        run(&Slots::new(NonZeroUsize::MIN), compiler).await.unwrap();
        fs::write(path("secret"), "secret").unwrap();
        let leak = File::open(path("secret")).unwrap();
        fcntl_setfd(&leak, FdFlags::empty()).unwrap();
        let name = tool.path().display().to_string();
        let tcp = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let unix = UnixListener::bind(path("socket")).unwrap();
        let hidden = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Self { tool, port, name, leak, _listeners: (tcp, unix, hidden), folder }
    }

    /// The program in the place of ffmpeg.
    fn tool(&self) -> PathBuf {
        self.tool.path().join("tool")
    }

    /// The input that makes a child try this.
    fn input(&self, attempt: &str, of: &str) -> PathBuf {
        let folder = self.folder.path();
        let given = match attempt {
            "connect_tcp" => self.port.to_string(),
            "connect_abstract" => self.name.clone(),
            "connect_unix" => folder.join("socket").display().to_string(),
            "inherited_descriptor" => self.leak.as_raw_fd().to_string(),
            _ if attempt.contains("server") || attempt.contains("parent") || attempt == "hold_process" => pid(),
            "signal_thread" | "queue_signal" => pid(),
            _ => {
                // Each has victims of its own.
                let victim = folder.join(format!("{of}-{attempt}"));
                for suffix in ["", ".remove", ".rename"] {
                    fs::write(format!("{}{suffix}", victim.display()), "victim").unwrap();
                }
                victim.display().to_string()
            }
        };
        let input = folder.join(format!("{of}-{attempt}.input"));
        fs::write(&input, format!("{attempt} {given}")).unwrap();
        input
    }
}

fn pid() -> String {
    process::id().to_string()
}

/// Whether the child got what it wanted.
async fn escaped(attempt: &str, command: Command) -> bool {
    match run(&Slots::new(NonZeroUsize::MIN), command).await {
        Ok(_) => true,
        Err(ProcessError::TimedOut { .. }) if attempt == "sleep_long" => false,
        Err(ProcessError::OutputTooLarge { .. }) if attempt.ends_with("_much") => false,
        // 1: it was told that it could not. From 128 on: a signal ended the worker.
        Err(ProcessError::Failed { status, .. }) if matches!(status.code(), Some(1 | 129..)) => false,
        Err(error) => panic!("{attempt}: {error}"),
    }
}

/// Those of the attempts that this finds to work.
async fn successes(attempts: &[&'static str], command: impl Fn(&'static str) -> Command) -> Vec<&'static str> {
    let tried = stream::iter(attempts).map(|attempt| {
        let command = command(attempt);
        async move { escaped(attempt, command).await.then_some(*attempt) }
    });
    tried.buffered(AT_ONCE).filter_map(async |success| success).collect().await
}

/// Without limits that it could meet.
fn free(program: &Path) -> Command {
    Command::new(program, Limits { time: LONG, output: ByteSize::mib(64) })
}

fn sandboxed(attempt: &str, program: &str, walls: &Value, job: &Value) -> Command {
    let allowance = json!({"cpu_seconds": CPU_SECONDS, "memory": MEMORY.get()});
    let errand = json!({"walls": walls, "allowance": allowance, "job": job});
    let time = if attempt == "sleep_long" { SLEEP } else { LONG };
    Command::new(program, Limits { time, output: OUTPUT }).args(["sandbox", "supervisor", &errand.to_string()])
}

/// The walls that can be built on this machine.
async fn walls() -> Value {
    let none = json!({"namespaces": false, "landlock": 0, "seccomp": false});
    let explored = run(&Slots::new(NonZeroUsize::MIN), sandboxed("", CHILD, &none, &json!("Explore"))).await.unwrap();
    serde_json::from_slice(&explored.stdout).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the door for processes would kill what it lets in; this is about who does not"
)]
fn start(errand: &str, input: File) -> process::Child {
    let mut command = process::Command::new(CHILD);
    command.args(["sandbox", "supervisor", errand]).env_clear();
    command.stdin(input).stdout(process::Stdio::piped()).spawn().unwrap()
}

/// How many processes run this program.
fn running(program: &Path) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let programs = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let name = program.as_os_str().as_encoded_bytes();
    programs.filter(|words| words.split(|byte| *byte == 0).next() == Some(name)).count()
}

async fn until(mut reached: impl FnMut() -> bool) {
    let reached = async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, reached).await.unwrap();
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

#[tokio::test]
async fn the_tools_run_behind_every_wall_that_this_machine_has() {
    let settings = ProcessorSettings {
        program: CHILD.into(),
        ffmpeg: "ffmpeg".into(),
        ffprobe: "ffprobe".into(),
        slots: NonZeroUsize::new(2).unwrap(),
        limits: ProcessorLimits::default(),
    };
    let processor = Processor::start(settings).await.unwrap();
    let abilities = processor.abilities();
    assert!(abilities.ffmpeg().is_some() && abilities.ffprobe().is_some(), "{abilities:?}");
}

#[tokio::test]
async fn a_tool_that_was_taken_over_gets_nothing() {
    let outside = Outside::new().await;
    let free = |attempt| {
        let mut url = std::ffi::OsString::from("file:");
        url.push(outside.input(attempt, "free"));
        free(&outside.tool()).arg(url)
    };
    // An attempt that never works proves nothing when it does not work in a sandbox.
    assert_eq!(successes(ORDINARY, free).await, ORDINARY);
    assert_eq!(successes(&["threads_many"], free).await, ["threads_many"]);
    let whole = walls().await;
    let job = json!({"Run": {"program": outside.tool(), "purpose": {"Inspect": "video/mp4"}}});
    // Two walls hold where the third cannot be built.
    for (without, weaker) in [("none", Value::Null), ("namespaces", json!(false)), ("landlock", json!(0))] {
        let mut walls = whole.clone();
        if let Some(wall) = walls.get_mut(without) {
            *wall = weaker;
        }
        let inside = |attempt| {
            let input = outside.input(attempt, without);
            sandboxed(attempt, CHILD, &walls, &job).input(File::open(input).unwrap())
        };
        assert_eq!(successes(&["read_input"], inside).await, ["read_input"], "without {without}");
        let attempts: Vec<_> = ORDINARY.iter().chain(OF_THE_MACHINE).copied().collect();
        assert!(attempts.len() >= 25);
        assert_eq!(successes(&attempts, inside).await, [""; 0], "without {without}");
        // Threads can be counted only for a user that is nobody else. `Abilities` tells it.
        if walls["namespaces"] == json!(true) && !is_root() {
            assert_eq!(successes(&["threads_many"], inside).await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_decoder_that_was_taken_over_gets_nothing() {
    let outside = Outside::new().await;
    let free = |attempt| free(Path::new(HOSTILE)).input(File::open(outside.input(attempt, "free")).unwrap());
    assert_eq!(successes(OF_THE_DECODER, free).await, OF_THE_DECODER);
    assert_eq!(successes(&["threads_many"], free).await, ["threads_many"]);
    let whole = walls().await;
    let limits = PictureLimits::default();
    let job = json!({"Decode": {"order": PictureOrder::default(), "limits": limits}});
    for (without, weaker) in [("none", Value::Null), ("namespaces", json!(false)), ("landlock", json!(0))] {
        let mut walls = whole.clone();
        if let Some(wall) = walls.get_mut(without) {
            *wall = weaker;
        }
        let inside = |attempt| {
            let input = outside.input(attempt, without);
            sandboxed(attempt, HOSTILE, &walls, &job).input(File::open(input).unwrap())
        };
        assert_eq!(successes(&["compute"], inside).await, ["compute"], "without {without}");
        assert_eq!(successes(OF_THE_DECODER, inside).await, [""; 0], "without {without}");
        if walls["namespaces"] == json!(true) && !is_root() {
            assert_eq!(successes(&["threads_many"], inside).await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn children_end_with_the_server() {
    let outside = Outside::new().await;
    let walls = walls().await;
    let tool = outside.tool();
    let allowance = json!({"cpu_seconds": 60, "memory": MEMORY.get()});
    let job = json!({"Run": {"program": tool, "purpose": {"Inspect": "video/mp4"}}});
    let errand = json!({"walls": walls, "allowance": allowance, "job": job}).to_string();
    let input = File::open(outside.input("sleep_for_ever", "killed")).unwrap();
    let mut supervisor = start(&errand, input);
    until(|| running(&tool) == 1).await;
    // A server that was killed reads no more.
    drop(supervisor.stdout.take());
    until(|| supervisor.try_wait().unwrap().is_some()).await;
    until(|| running(&tool) == 0).await;
}
