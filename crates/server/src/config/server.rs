use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::positive;

/// `[server]`: addresses, URLs and connections.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on.
    pub listen: String,
    /// Folder for everything that is kept.
    pub data_dir: PathBuf,
    /// Where clients reach the API. Default: the listening address.
    pub public_url: String,
    /// Where everybody reaches the files. Default: the public URL.
    pub delivery_url: String,
    /// Most connections at once; more wait in the system's queue.
    pub connections: u32,
    /// Seconds within which a request's headers must arrive.
    pub header_seconds: u64,
    /// Seconds that a transfer may stand still.
    pub idle_seconds: u64,
    /// Seconds that transfers under way may take after the signal to stop.
    pub shutdown_seconds: u64,
    /// Threads that wait for disks, at most.
    pub blocking_threads: usize,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            data_dir: PathBuf::from("data"),
            public_url: String::new(),
            delivery_url: String::new(),
            connections: 4096,
            header_seconds: 15,
            idle_seconds: 60,
            shutdown_seconds: 30,
            blocking_threads: 64,
        }
    }
}

impl ServerSettings {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if self.listen.parse::<SocketAddr>().is_err() {
            problems.push(format!("server.listen: {:?} is not an address and a port", self.listen));
        }
        for (name, url) in [("public_url", &self.public_url), ("delivery_url", &self.delivery_url)] {
            let fits = Url::parse(url).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.path() == "/"
            });
            if !fits {
                problems.push(format!("server.{name}: {url:?} is not an http or https URL without a path"));
            }
        }
        positive("server.connections", self.connections.into(), problems);
        positive("server.header_seconds", self.header_seconds, problems);
        positive("server.idle_seconds", self.idle_seconds, problems);
        positive("server.blocking_threads", self.blocking_threads as u64, problems);
    }
}
