use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::positive;
use crate::fetch::Outside;

/// `[fetch]`: files that are imported from other servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FetchSettings {
    /// Networks that files are fetched from although they are not public.
    pub allow_networks: Vec<IpNet>,
    /// Most redirects that are followed.
    pub redirects: u32,
    /// Longest URL.
    pub url_bytes: usize,
    /// Largest header of an answer.
    pub header_bytes: usize,
    /// Seconds to resolve a name, and to connect to each of its addresses.
    pub connect_seconds: u64,
    /// Seconds until the header of an answer is there.
    pub header_seconds: u64,
    /// Seconds that a server may send nothing.
    pub idle_seconds: u64,
    /// Seconds that one try may take in all.
    pub total_seconds: u64,
    /// Bytes a second that must come at least, on average over `rate_seconds`.
    pub least_rate: u64,
    /// Seconds over which the rate is measured.
    pub rate_seconds: u64,
    /// How often a file is tried.
    pub attempts: u32,
    /// Seconds before the second try; each later wait is twice as long.
    pub retry_seconds: u64,
    /// Longest wait between two tries, also when the server asks for a longer one.
    pub retry_max_seconds: u64,
    /// Seconds that the file of a failed import stays to be seen.
    pub keep_failed_seconds: u64,
    /// Most imports of one client that are not over.
    pub queued: u32,
    /// Milliseconds between two notes of how much has come, which are also the looks whether it is still wanted.
    pub progress_milliseconds: u64,
    /// Name servers, networks and certificates. Tests have their own.
    #[serde(skip)]
    pub outside: Outside,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            redirects: 5,
            url_bytes: 8192,
            header_bytes: 64 * 1024,
            connect_seconds: 10,
            header_seconds: 30,
            idle_seconds: 30,
            total_seconds: 6 * 60 * 60,
            least_rate: 1024,
            rate_seconds: 60,
            attempts: 5,
            retry_seconds: 5,
            retry_max_seconds: 15 * 60,
            keep_failed_seconds: 24 * 60 * 60,
            queued: 1000,
            progress_milliseconds: 1000,
            outside: Outside::default(),
        }
    }
}

impl FetchSettings {
    /// How long the file of a failed import stays.
    pub const fn keep_failed(&self) -> Duration {
        Duration::from_secs(self.keep_failed_seconds)
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        positive("fetch.url_bytes", self.url_bytes as u64, problems);
        positive("fetch.connect_seconds", self.connect_seconds, problems);
        positive("fetch.header_seconds", self.header_seconds, problems);
        positive("fetch.idle_seconds", self.idle_seconds, problems);
        positive("fetch.total_seconds", self.total_seconds, problems);
        positive("fetch.rate_seconds", self.rate_seconds, problems);
        positive("fetch.attempts", self.attempts.into(), problems);
        positive("fetch.retry_seconds", self.retry_seconds, problems);
        positive("fetch.retry_max_seconds", self.retry_max_seconds, problems);
        positive("fetch.queued", self.queued.into(), problems);
        positive("fetch.progress_milliseconds", self.progress_milliseconds, problems);
        if self.header_bytes < 8192 {
            problems.push("fetch.header_bytes: must be at least 8192".to_owned());
        }
    }
}
