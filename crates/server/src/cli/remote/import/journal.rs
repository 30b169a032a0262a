//! What has been imported before: what came from where with which bytes. A run that was cut is continued with it.

use std::collections::HashMap;
use std::io::Write;

use reelshelf_domain::{AssetHash, FolderPath};
use serde::{Deserialize, Serialize};

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::state;
use super::items::Item;

#[derive(Deserialize, Serialize)]
struct Line {
    key: String,
    stamp: String,
    path: String,
    size: u64,
    sha256: AssetHash,
}

/// The lines of one source at one server.
pub(super) struct Journal {
    known: HashMap<(String, String, String), (u64, AssetHash)>,
    file: Option<std::fs::File>,
}

impl Journal {
    /// The journal of a source; a last line that was cut is none.
    pub(super) fn open(api: &Api, identity: &str, folder: &FolderPath) -> Result<Self, Failure> {
        let (fingerprint, folder) = (api.fingerprint(), folder.to_string());
        let parts = [api.server(), &fingerprint, identity, &folder].map(str::as_bytes);
        let Some(below) = state::state("imports") else { return Ok(Self { known: HashMap::new(), file: None }) };
        let path = below.join(format!("{}.jsonl", state::key(&parts)));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let known = lines.map(|line| ((line.key, line.stamp, line.path), (line.size, line.sha256))).collect();
        let mut file = state::append(&path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(|error| Failure::file(&path, error))?;
        }
        Ok(Self { known, file: Some(file) })
    }

    /// Size and hash of an item that was imported.
    pub(super) fn of(&self, item: &Item) -> Option<(u64, AssetHash)> {
        self.known.get(&(item.key.clone(), item.stamp.clone(), item.target.to_string())).copied()
    }

    /// An item was imported.
    pub(super) fn add(&mut self, item: &Item, size: u64, sha256: AssetHash) {
        if self.of(item) == Some((size, sha256)) {
            return;
        }
        let Some(file) = &mut self.file else { return };
        let line =
            Line { key: item.key.clone(), stamp: item.stamp.clone(), path: item.target.to_string(), size, sha256 };
        // A line at once, so that no other writer stands in it. Without it the next run only takes longer.
        let text = serde_json::to_string(&line).unwrap_or_default() + "\n";
        let _ = file.write_all(text.as_bytes());
    }
}
