//! The server under measurement: started and stopped here, on a port of its own.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::http::Connection;
use crate::machine::{cpu_seconds, memory};
use crate::{Bench, Outcome};

/// How long to wait between two looks at whether it is ready.
const LOOK: Duration = Duration::from_millis(1);
/// When it will not come any more.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. It is ended when this goes.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    key: String,
}

/// A program to be started. Nothing else here starts one.
#[expect(clippy::disallowed_methods, reason = "a benchmark starts the server it measures and the peers beside it")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("REELSHELF_") {
            command.env_remove(name);
        }
    }
    command
}

/// A client, and a key of it.
pub(crate) struct Account {
    pub(crate) client: String,
    pub(crate) key: String,
}

/// Makes the library of a data folder, with one client and one key.
pub(crate) fn make_library(bench: &Bench, data: &Path) -> Outcome<Account> {
    make_client(bench, data, "bench")
}

/// Makes a client with one key.
pub(crate) fn make_client(bench: &Bench, data: &Path, name: &str) -> Outcome<Account> {
    let said = |arguments: &[&str]| -> Outcome<String> {
        let output = command(&bench.binary).args(arguments).arg("--data-dir").arg(data).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let client = said(&["client", "create", name])?;
    let key = said(&["key", "create", "--role", "admin", "--client", &client])?;
    Ok(Account { client, key })
}

impl Server {
    /// Starts a server on a data folder, without waiting for it.
    pub(crate) fn start(bench: &Bench, data: &Path, key: &str) -> Outcome<Self> {
        // Free a moment ago, which must do: the server takes no socket from outside.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = File::options().create(true).append(true).open(data.join("bench.log"))?;
        let process = command(&bench.binary)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Self { process, address, key: key.to_owned() })
    }

    /// Makes a library and starts a server on it.
    pub(crate) fn fresh(bench: &Bench, data: &Path) -> Outcome<Self> {
        let account = make_library(bench, data)?;
        let mut server = Self::start(bench, data, &account.key)?;
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Waits until it can serve.
    pub(crate) fn wait_until_ready(&mut self) -> Outcome<()> {
        let since = Instant::now();
        loop {
            if let Ok(mut connection) = self.connect()
                && connection.get("/health/ready")?.status == 200
            {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            if since.elapsed() > PATIENCE {
                return Err("the server is not ready after a minute".into());
            }
            std::thread::sleep(LOOK);
        }
    }

    pub(crate) fn connect(&self) -> Outcome<Connection> {
        self.connect_as(&self.key)
    }

    pub(crate) fn connect_as(&self, key: &str) -> Outcome<Connection> {
        Connection::open(self.address, key)
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Seconds of CPU so far.
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        cpu_seconds(self.process())
    }

    /// A figure of its memory, in bytes.
    pub(crate) fn memory(&self, name: &str) -> Outcome<u64> {
        memory(self.process(), name)
    }

    /// Lets it finish what it does.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let process = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
        kill_process(process, Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` it is gone; after a failure it must go.
        if let Ok(None) = self.process.try_wait() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
