use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::positive;

/// `[panel]`: people, and how they sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PanelSettings {
    /// Days that a session lives without being used.
    pub session_days: u64,
    /// Most sessions of a person; the longest unused give way.
    pub sessions: u32,
    /// Hours that a link to set a password holds.
    pub link_hours: u64,
    /// Tries to sign in that may fail for one person from one address before the next has to wait, each time twice as
    /// long.
    pub free_tries: u32,
    /// The same for one person from anywhere, and from one address for anybody.
    pub free_tries_in_all: u32,
    /// The longest wait, in seconds; failures are forgotten after a day without any.
    pub longest_wait_seconds: u64,
    /// Passwords that are checked at once; each takes 19 MiB.
    pub checks_at_once: usize,
    /// Milliseconds between two looks for changes that the browsers of a client are told of.
    pub watch_milliseconds: u64,
    /// Whether the last address of `X-Forwarded-For` is the browser's. Only behind a proxy that sets it.
    pub behind_proxy: bool,
}

impl Default for PanelSettings {
    fn default() -> Self {
        Self {
            session_days: 30,
            sessions: 50,
            link_hours: 72,
            free_tries: 5,
            free_tries_in_all: 50,
            longest_wait_seconds: 15 * 60,
            checks_at_once: 2,
            watch_milliseconds: 300,
            behind_proxy: false,
        }
    }
}

impl PanelSettings {
    /// How long a session lives without being used.
    pub const fn session_life(&self) -> Duration {
        Duration::from_secs(self.session_days.saturating_mul(24 * 60 * 60))
    }

    /// How long a link to set a password holds.
    pub const fn link_life(&self) -> Duration {
        Duration::from_secs(self.link_hours.saturating_mul(60 * 60))
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        positive("panel.session_days", self.session_days, problems);
        positive("panel.sessions", self.sessions.into(), problems);
        positive("panel.link_hours", self.link_hours, problems);
        positive("panel.free_tries", self.free_tries.into(), problems);
        positive("panel.free_tries_in_all", self.free_tries_in_all.into(), problems);
        positive("panel.longest_wait_seconds", self.longest_wait_seconds, problems);
        positive("panel.checks_at_once", self.checks_at_once as u64, problems);
        positive("panel.watch_milliseconds", self.watch_milliseconds, problems);
    }
}
