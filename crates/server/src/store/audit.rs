//! What `reelshelf verify` reads: every counter beside what it should be, each recomputed from the rows it counts by a
//! statement that shares nothing with the code that keeps it. One statement is one snapshot, so this is right while
//! the server works.

use reelshelf_domain::Result;

use super::Store;
use super::blobs::{BlobColumns, BlobRow};
use super::db::fetch_all;
use super::row::row;

const CLIENTS: &str = "
    SELECT clients.id, clients.used_bytes, clients.reserved_bytes, clients.temp_bytes, clients.temp_reserved_bytes,
        clients.folders, clients.derived_bytes,
        CAST(COALESCE(stored.used, 0) AS BIGINT) AS true_used,
        CAST(COALESCE(open.reserved, 0) AS BIGINT) AS true_reserved,
        CAST(COALESCE(stored.temp, 0) AS BIGINT) AS true_temp,
        CAST(COALESCE(open.temp_reserved, 0) AS BIGINT) AS true_temp_reserved,
        CAST(COALESCE(tree.folders, 0) AS BIGINT) AS true_folders,
        CAST(COALESCE(made.derived, 0) AS BIGINT) AS true_derived
    FROM clients
    LEFT JOIN (
        SELECT assets.client_id, SUM(CASE WHEN folders.temporary THEN 0 ELSE assets.size END) AS used,
            SUM(CASE WHEN folders.temporary THEN assets.size ELSE 0 END) AS temp
        FROM assets JOIN folders ON folders.id = assets.folder_id WHERE assets.uploaded GROUP BY assets.client_id
    ) stored ON stored.client_id = clients.id
    LEFT JOIN (
        SELECT uploads.client_id, SUM(CASE WHEN folders.temporary THEN 0 ELSE uploads.reserved END) AS reserved,
            SUM(CASE WHEN folders.temporary THEN uploads.reserved ELSE 0 END) AS temp_reserved
        FROM uploads JOIN assets ON assets.id = uploads.asset_id JOIN folders ON folders.id = assets.folder_id
        GROUP BY uploads.client_id
    ) open ON open.client_id = clients.id
    LEFT JOIN (SELECT client_id, COUNT(*) AS folders FROM folders GROUP BY client_id) tree
        ON tree.client_id = clients.id
    LEFT JOIN (SELECT client_id, SUM(size) AS derived FROM derived WHERE source_id IS NOT NULL GROUP BY client_id) made
        ON made.client_id = clients.id
    ORDER BY clients.id";

const FOLDERS: &str = "
    SELECT folders.id, folders.images, folders.videos, folders.audios, folders.others, folders.bytes,
        CAST(COALESCE(held.images, 0) AS BIGINT) AS true_images,
        CAST(COALESCE(held.videos, 0) AS BIGINT) AS true_videos,
        CAST(COALESCE(held.audios, 0) AS BIGINT) AS true_audios,
        CAST(COALESCE(held.others, 0) AS BIGINT) AS true_others,
        CAST(COALESCE(held.bytes, 0) AS BIGINT) AS true_bytes
    FROM folders LEFT JOIN (
        SELECT folder_id, SUM(CASE WHEN kind = 'image' THEN 1 ELSE 0 END) AS images,
            SUM(CASE WHEN kind = 'video' THEN 1 ELSE 0 END) AS videos,
            SUM(CASE WHEN kind = 'audio' THEN 1 ELSE 0 END) AS audios,
            SUM(CASE WHEN kind = 'other' THEN 1 ELSE 0 END) AS others,
            SUM(CASE WHEN uploaded THEN size ELSE 0 END) AS bytes
        FROM assets GROUP BY folder_id
    ) held ON held.folder_id = folders.id
    ORDER BY folders.id";

/// Uploaded files whose blob is not there, is condemned, is another client's or has other bytes; pending files that
/// hold a blob or that no upload will ever bring.
const ASSETS: &str = "
    SELECT assets.id, 'an uploaded file without its blob' AS problem
    FROM assets LEFT JOIN blobs ON blobs.id = assets.blob_id
    WHERE assets.uploaded AND (blobs.id IS NULL OR blobs.condemned_at IS NOT NULL
        OR blobs.client_id <> assets.client_id OR blobs.size <> assets.size OR blobs.hash <> assets.hash)
    UNION ALL
    SELECT assets.id, 'a pending file that nothing will bring' AS problem FROM assets
    WHERE NOT assets.uploaded AND (assets.blob_id IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.asset_id = assets.id))
    UNION ALL
    SELECT blobs.id, 'a blob that no file has and that was not released' AS problem FROM blobs
    WHERE blobs.condemned_at IS NULL AND blobs.released_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)
    UNION ALL
    SELECT blobs.id, 'bytes that wait to be processed, by no job' AS problem FROM blobs
    WHERE blobs.condemned_at IS NULL AND blobs.processing IN ('queued', 'running')
        AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.unique_key = 'process:' || blobs.id AND jobs.state <> 'parked')
    UNION ALL
    SELECT blobs.id, 'failed bytes without a reason, or a reason without a failure' AS problem FROM blobs
    WHERE (blobs.processing = 'failed') <> (blobs.processing_error IS NOT NULL)
    UNION ALL
    SELECT derived.id, 'a derived file of another client' AS problem
    FROM derived JOIN blobs ON blobs.id = derived.source_id WHERE blobs.client_id <> derived.client_id
    UNION ALL
    SELECT imports.upload_id, 'an import that no job will do, or that lost its source' AS problem FROM imports
    WHERE imports.state <> 'failed' AND (imports.source IS NULL OR NOT EXISTS (
        SELECT 1 FROM jobs WHERE jobs.unique_key = 'import:' || imports.upload_id AND jobs.state <> 'parked'))
    UNION ALL
    SELECT imports.upload_id, 'a failed import that keeps its source or its room' AS problem
    FROM imports JOIN uploads ON uploads.id = imports.upload_id
    WHERE imports.state = 'failed' AND (imports.source IS NOT NULL OR uploads.reserved <> 0)
    UNION ALL
    SELECT uploads.id, 'an upload that brought other bytes than were registered' AS problem FROM uploads
    WHERE uploads.done_hash <> uploads.expected_hash
    UNION ALL
    SELECT assets.id, 'a file in a folder of another client' AS problem
    FROM assets JOIN folders ON folders.id = assets.folder_id WHERE folders.client_id <> assets.client_id
    UNION ALL
    SELECT folders.id, 'a folder that is temporary where its parent is not, or the other way' AS problem
    FROM folders JOIN folders parent ON parent.id = folders.parent_id
    WHERE parent.parent_id IS NOT NULL AND parent.temporary <> folders.temporary
    UNION ALL
    SELECT resumables.id, 'an upload whose parts are not what it received' AS problem
    FROM resumables JOIN uploads ON uploads.id = resumables.id
    WHERE uploads.done_hash IS NULL AND resumables.received <>
        (SELECT COALESCE(SUM(parts.size), 0) FROM parts WHERE parts.upload_id = resumables.id)
    UNION ALL
    SELECT parts.id, 'a part that does not begin where the one before it ends' AS problem
    FROM parts JOIN uploads ON uploads.id = parts.upload_id
    WHERE uploads.done_hash IS NULL AND parts.begins <> (
        SELECT COALESCE(SUM(earlier.size), 0) FROM parts earlier
        WHERE earlier.upload_id = parts.upload_id AND earlier.begins < parts.begins)
    UNION ALL
    SELECT folders.id, 'a folder below no root' AS problem FROM folders
    WHERE folders.id NOT IN (
        WITH RECURSIVE below(id) AS (
            SELECT id FROM folders WHERE parent_id IS NULL
            UNION ALL
            SELECT folders.id FROM below JOIN folders ON folders.parent_id = below.id
        ) SELECT id FROM below)";

const BLOBS: &str = "
    SELECT id, client_id, hash, size FROM blobs WHERE condemned_at IS NULL AND id > $1 ORDER BY id LIMIT $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[CLIENTS, FOLDERS, ASSETS, BLOBS];

/// What the rows say of themselves.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Every client's counters.
    pub clients: Vec<ClientAudit>,
    /// Every folder's counters.
    pub folders: Vec<FolderAudit>,
    /// Rows that contradict each other: an identifier, and what is wrong.
    pub rows: Vec<(String, String)>,
}

row! {
    /// A client's counters, and what they should be.
    #[derive(Clone, Debug)]
    pub struct ClientAudit {
        /// The client.
        pub id: String,
        used_bytes: i64,
        reserved_bytes: i64,
        temp_bytes: i64,
        temp_reserved_bytes: i64,
        folders: i64,
        derived_bytes: i64,
        true_used: i64,
        true_reserved: i64,
        true_temp: i64,
        true_temp_reserved: i64,
        true_folders: i64,
        true_derived: i64,
    }
}

impl ClientAudit {
    /// Each counter's name, what it is, and what it should be.
    pub fn counters(&self) -> Vec<(&'static str, i64, i64)> {
        vec![
            ("used_bytes", self.used_bytes, self.true_used),
            ("reserved_bytes", self.reserved_bytes, self.true_reserved),
            ("temp_bytes", self.temp_bytes, self.true_temp),
            ("temp_reserved_bytes", self.temp_reserved_bytes, self.true_temp_reserved),
            ("folders", self.folders, self.true_folders),
            ("derived_bytes", self.derived_bytes, self.true_derived),
        ]
    }
}

row! {
    /// A folder's counters, and what they should be.
    #[derive(Clone, Debug)]
    pub struct FolderAudit {
        /// The folder.
        pub id: String,
        images: i64,
        videos: i64,
        audios: i64,
        others: i64,
        bytes: i64,
        true_images: i64,
        true_videos: i64,
        true_audios: i64,
        true_others: i64,
        true_bytes: i64,
    }
}

impl FolderAudit {
    /// Each counter's name, what it is, and what it should be.
    pub fn counters(&self) -> Vec<(&'static str, i64, i64)> {
        vec![
            ("images", self.images, self.true_images),
            ("videos", self.videos, self.true_videos),
            ("audios", self.audios, self.true_audios),
            ("others", self.others, self.true_others),
            ("bytes", self.bytes, self.true_bytes),
        ]
    }
}

impl Store {
    /// Every counter beside what it should be, and every row that contradicts another.
    pub async fn audit(&self) -> Result<Audit> {
        let mut tx = self.db.read_at_leisure().await?;
        let clients = fetch_all!(tx, ClientAudit, CLIENTS)?;
        let folders = fetch_all!(tx, FolderAudit, FOLDERS)?;
        let rows = fetch_all!(tx, (String, String), ASSETS)?;
        tx.end();
        Ok(Audit { clients, folders, rows })
    }

    /// Copies that must be there, by identifier, behind the one given.
    pub async fn blobs_after(&self, after: &str, most: i64) -> Result<Vec<BlobRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, BlobColumns, BLOBS, after, most)?;
        rows.into_iter().map(BlobRow::try_from).collect()
    }
}
