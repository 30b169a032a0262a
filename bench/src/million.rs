//! A library of a million files, put straight into the database: nothing that is measured on it reads their bytes.

use std::path::{Path, PathBuf};

use reelshelf_domain::{AssetId, BlobId, FolderId, MediaKind, SeededChance, UnixMillis, natural_key};
use rusqlite::{Connection, params};
use serde_json::json;
use tokio::time::Instant;

use crate::report::Report;
use crate::server::make_library;
use crate::{Bench, Outcome};

/// How many rows one statement brings.
const ROWS: u64 = 5000;
/// 2026-01-01.
const BEGIN: i64 = 1_767_225_600_000;
/// The folder with a thousand files, beside the root with a million.
pub(crate) const SMALL: &str = "small";

/// The library.
pub(crate) struct Million {
    pub(crate) data: PathBuf,
    pub(crate) key: String,
    pub(crate) client: String,
    /// How many files the root has.
    pub(crate) files: u64,
}

const INSERT: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, media_type, size,
        uploaded, blob_id, hash, created_at, modified_at)
    SELECT value ->> 0, ?1, ?2, value ->> 1, value ->> 2, value ->> 1, value ->> 3, value ->> 4, value ->> 3,
        value ->> 5, TRUE, ?3, value ->> 6, value ->> 7, value ->> 7
    FROM json_each(?4)";
const COUNT: &str = "
    UPDATE folders SET images = ?2, videos = ?3, audios = ?4, others = ?5, bytes = ?6 WHERE id = ?1";
const COUNT_BYTES: &str = "UPDATE clients SET used_bytes = used_bytes + ?2, folders = folders + ?3 WHERE id = ?1";
const ROOT: &str = "SELECT id FROM folders WHERE client_id = ?1 AND parent_id IS NULL";
const INSERT_FOLDER: &str = "
    INSERT INTO folders (id, client_id, parent_id, name, temporary, created_at) VALUES (?1, ?2, ?3, ?4, FALSE, ?5)";
const INSERT_BLOB: &str = "
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)";

/// The kinds of files there are, by turns: name, extension, type, kind.
const KINDS: [(&str, &str, &str, MediaKind); 4] = [
    ("img", "png", "image/png", MediaKind::Image),
    ("Clip-", "mp4", "video/mp4", MediaKind::Video),
    ("track_", "mp3", "audio/mpeg", MediaKind::Audio),
    ("brand.logo-", "svg", "application/octet-stream", MediaKind::Other),
];

impl Bench {
    /// The large library, made when it is first asked for.
    pub(crate) fn million(&self) -> Outcome<&Million> {
        if let Some(million) = self.million.get() {
            return Ok(million);
        }
        let files = self.of(1_000_000, 50_000);
        Report::doing(&format!("putting {files} files into one folder"))?;
        let started = Instant::now();
        let data = self.empty("million")?;
        let account = make_library(self, &data)?;
        fill(&data, &account.client, files)?;
        Report::doing(&format!("that took {:.0} s", started.elapsed().as_secs_f64()))?;
        let million = Million { data, key: account.key, client: account.client, files };
        Ok(self.million.get_or_init(|| million))
    }
}

impl Million {
    /// A connection to its database like one of the server's.
    pub(crate) fn database(&self) -> Outcome<Connection> {
        let database = Connection::open(self.data.join("reelshelf.db"))?;
        database.execute_batch("PRAGMA cache_size = -2048; PRAGMA query_only = ON")?;
        Ok(database)
    }
}

fn fill(data: &Path, client: &str, files: u64) -> Outcome<()> {
    let mut database = Connection::open(data.join("reelshelf.db"))?;
    // Half a gibibyte of cache, and no waiting for the disk: this is only how the rows get there.
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -524288")?;
    let chance = SeededChance::new(1);
    let now = UnixMillis::new(BEGIN);
    let root: String = database.query_row(ROOT, [client], |row| row.get(0))?;
    let small = FolderId::generate(now, &chance)?.to_string();
    let blob = BlobId::generate(now, &chance)?.to_string();
    let transaction = database.transaction()?;
    transaction.execute(INSERT_FOLDER, params![small, client, root, SMALL, BEGIN])?;
    transaction.execute(INSERT_BLOB, params![blob, client, "0".repeat(64), BEGIN])?;
    for (folder, files) in [(&small, 1000), (&root, files)] {
        let (mut counts, mut bytes) = ([0_i64; 4], 0);
        for from in (0..files).step_by(usize::try_from(ROWS)?) {
            let rows = rows(from, ROWS.min(files - from), &chance, &mut counts, &mut bytes)?;
            transaction.execute(INSERT, params![client, folder, blob, rows])?;
        }
        let [images, videos, audios, others] = counts;
        transaction.execute(COUNT, params![folder, images, videos, audios, others, bytes])?;
        transaction.execute(COUNT_BYTES, params![client, bytes, i64::from(*folder == small)])?;
    }
    Ok(transaction.commit()?)
}

/// So many files as JSON, one array each. Sizes and dates are scattered, so that each order is one of its own.
fn rows(from: u64, files: u64, chance: &SeededChance, counts: &mut [i64; 4], bytes: &mut i64) -> Outcome<String> {
    let mut rows = Vec::new();
    for number in from..from + files {
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (prefix, extension, media_type, kind) = KINDS[usize::try_from(number % 4)?];
        let name = format!("{prefix}{number}.{extension}");
        let size = i64::try_from(scattered % 50_000_000)? + 1;
        let created_at = BEGIN + i64::try_from((scattered >> 20) % 10_000_000_000)?;
        let id = AssetId::generate(UnixMillis::new(created_at), chance)?;
        let hash = format!("{scattered:016x}").repeat(4);
        counts[kind as usize] += 1;
        *bytes += size;
        rows.push(json!([id.to_string(), name, natural_key(&name), media_type, kind.as_str(), size, hash, created_at]));
    }
    Ok(serde_json::to_string(&rows)?)
}
