use std::path::Path;

use serde::{Deserialize, Serialize};

use super::positive;

/// `[store]`: the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// `sqlite:PATH` or `postgres://…`. Default: `reelshelf.db` in the data folder.
    pub database_url: String,
    /// PostgreSQL: most connections of this process.
    pub connections: u32,
    /// SQLite: most connections that read at once.
    pub read_connections: u32,
    /// SQLite: most connections for reads that may take long, such as searches.
    pub long_read_connections: u32,
    /// SQLite: page cache of each connection, in KiB.
    pub sqlite_cache_kib: u32,
    /// Seconds to wait for a connection or a lock.
    pub acquire_timeout_seconds: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            database_url: String::new(),
            connections: 16,
            read_connections: 4,
            long_read_connections: 2,
            sqlite_cache_kib: 2048,
            acquire_timeout_seconds: 10,
        }
    }
}

impl StoreSettings {
    /// Whether this is the embedded engine.
    pub fn is_sqlite(&self) -> bool {
        self.database_url.starts_with("sqlite:")
    }

    /// The file of the embedded engine.
    pub fn sqlite_file(&self) -> Option<&Path> {
        let file = self.database_url.strip_prefix("sqlite:")?;
        Some(Path::new(file.strip_prefix("//").unwrap_or(file)))
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let postgres = ["postgres://", "postgresql://"].iter().any(|scheme| self.database_url.starts_with(scheme));
        if !self.is_sqlite() && !postgres {
            problems.push("store.database_url: must begin with sqlite: or postgres://".to_owned());
        }
        if let Some(path) = self.database_url.strip_prefix("sqlite:")
            && (path.trim_start_matches('/').is_empty() || path.contains(['?', ':']))
        {
            problems.push("store.database_url: sqlite: is followed by the path of a file, and nothing else".to_owned());
        }
        positive("store.connections", self.connections.into(), problems);
        positive("store.read_connections", self.read_connections.into(), problems);
        positive("store.long_read_connections", self.long_read_connections.into(), problems);
        positive("store.acquire_timeout_seconds", self.acquire_timeout_seconds, problems);
    }
}
