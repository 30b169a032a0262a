use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::positive;

/// `[jobs]`: jobs and the collector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobSettings {
    /// Light jobs at once in this process.
    pub light_slots: usize,
    /// Imports from other servers at once in this process.
    pub import_slots: usize,
    /// Of these, those that one client may have: fewer leave a slot to the others, however slow its servers are.
    pub client_import_slots: usize,
    /// Milliseconds between two looks at the queue.
    pub poll_milliseconds: u64,
    /// Seconds that a lease lasts unless it is extended; a third of it is the heartbeat.
    pub lease_seconds: u64,
    /// How often a job is begun before it is parked.
    pub attempts: u32,
    /// Seconds between two runs of the collector. Deleted bytes are off the disk after at most two of them.
    pub collect_seconds: u64,
    /// Seconds between two searches for objects that no row speaks of.
    pub sweep_seconds: u64,
    /// Seconds after which an object without a row is an orphan. More than sending a file to a bucket can take: some stores date
    /// an object of many parts from the first of them.
    pub orphan_seconds: u64,
    /// Seconds between two looks for what has expired.
    pub expire_seconds: u64,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            light_slots: 4,
            import_slots: 4,
            client_import_slots: 3,
            poll_milliseconds: 500,
            lease_seconds: 60,
            attempts: 3,
            collect_seconds: 60,
            sweep_seconds: 6 * 60 * 60,
            orphan_seconds: 60 * 60,
            expire_seconds: 15,
        }
    }
}

impl JobSettings {
    /// How long a lease lasts.
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        positive("jobs.light_slots", self.light_slots as u64, problems);
        positive("jobs.import_slots", self.import_slots as u64, problems);
        positive("jobs.client_import_slots", self.client_import_slots as u64, problems);
        positive("jobs.poll_milliseconds", self.poll_milliseconds, problems);
        positive("jobs.lease_seconds", self.lease_seconds, problems);
        positive("jobs.attempts", self.attempts.into(), problems);
        positive("jobs.collect_seconds", self.collect_seconds, problems);
        positive("jobs.sweep_seconds", self.sweep_seconds, problems);
        positive("jobs.orphan_seconds", self.orphan_seconds, problems);
        positive("jobs.expire_seconds", self.expire_seconds, problems);
    }
}
