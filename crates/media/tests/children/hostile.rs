//! For tests: a sandboxed child whose decoder was taken over by its input. The first word of the input says what it tries,
//! the second whatever the attempt needs. It ends with 0 when it got what it wanted, with 1 when it did not.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, hint, thread};

use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    match args.next() {
        Some(word) if word == "sandbox" => reelshelf_media::child_main_with(args, &escape),
        _ => escape(),
    }
}

fn escape() -> ExitCode {
    let mut text = String::new();
    if io::stdin().take(4096).read_to_string(&mut text).is_err() {
        return ExitCode::from(2);
    }
    let mut words = text.split_whitespace();
    let (name, given) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match attempt(name, given) {
        None => ExitCode::from(3),
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(_)) => ExitCode::from(1),
    }
}

fn attempt(name: &str, given: &str) -> Option<io::Result<()>> {
    Some(match name {
        // What has to work, or the rest would prove nothing.
        "compute" => Ok(()),
        "read_file" => File::open(given).map(drop),
        "read_passwords" => File::open("/etc/passwd").map(drop),
        "read_library" => File::open("/etc/ld.so.cache").map(drop),
        "open_input_anew" => OpenOptions::new().append(true).open("/proc/self/fd/0").map(drop),
        "create_file" => File::create(format!("{given}.created")).map(drop),
        "look_at_file" => fs::metadata(given).map(drop),
        "list_root" => fs::read_dir("/").map(drop),
        "change_folder" => env::set_current_dir("/"),
        "connect_tcp" => TcpStream::connect(("127.0.0.1", given.parse().ok()?)).map(drop),
        "listen_tcp" => TcpListener::bind(("127.0.0.1", 0)).map(drop),
        "open_udp" => UdpSocket::bind(("127.0.0.1", 0)).map(drop),
        "connect_unix" => UnixStream::connect(given).map(drop),
        "socket_pair" => UnixStream::pair().map(drop),
        "pipe" => io::pipe().map(drop),
        "run_shell" => shell(),
        "threads_many" => {
            (0..200).try_for_each(|_| thread::Builder::new().stack_size(1 << 15).spawn(thread::park).map(drop))
        }
        "signal_server" => test_kill_process(Pid::from_raw(given.parse().ok()?)?).map_err(Into::into),
        "signal_supervisor" => getppid().map_or(Err(Errno::SRCH), test_kill_process).map_err(Into::into),
        "allocate" => allocate(),
        "spin" => {
            spin();
            Ok(())
        }
        "sleep_long" => {
            thread::sleep(Duration::from_millis(1500));
            Ok(())
        }
        "write_much" => (0..64).try_for_each(|_| io::stdout().write_all(&vec![0; 1 << 16])),
        _ => return None,
    })
}

#[expect(clippy::disallowed_methods, reason = "it is what must not work")]
fn shell() -> io::Result<()> {
    Command::new("/bin/sh").args(["-c", "exit 0"]).status().map(drop)
}

fn allocate() -> io::Result<()> {
    let mut room: Vec<u8> = Vec::new();
    room.try_reserve_exact(600 << 20).map_err(|_| io::ErrorKind::OutOfMemory)?;
    room.resize(600 << 20, 1);
    hint::black_box(room);
    Ok(())
}

fn spin() {
    let used = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    while used() < 2 {}
}
