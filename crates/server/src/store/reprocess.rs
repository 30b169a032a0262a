//! Processing anew what is here already.

use std::collections::BTreeMap;

use reelshelf_domain::{BlobId, ClientId, JobId, MediaKind, Result, UnixMillis};
use serde::{Deserialize, Serialize};

use super::db::{Tx, execute, fetch_all, fetch_one};
use super::jobs::JobClass;
use super::processing::{ProcessingState, enqueue_processing};
use super::writer::Verb;
use super::{Store, column};

const TO_PROCESS: &str = "
    SELECT blobs.id, blobs.client_id FROM blobs
    WHERE blobs.id > $1 AND blobs.condemned_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR blobs.processing = $2)
        AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id AND assets.kind <> 'other'
            AND (CAST($3 AS TEXT) IS NULL OR assets.kind = $3))
    ORDER BY blobs.id LIMIT $4";
const QUEUE: &str = "
    UPDATE blobs SET processing = 'queued', processing_error = NULL, deaths = 0
    WHERE id = $1 AND condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
const COUNTS: &str = "
    SELECT processing, COUNT(*) FROM blobs
    WHERE condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id AND assets.kind <> 'other'
        AND (CAST($1 AS TEXT) IS NULL OR assets.kind = $1))
    GROUP BY processing";
const LEFT: &str = "SELECT COUNT(*) FROM jobs WHERE class = $1";
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[TO_PROCESS, QUEUE, COUNTS, LEFT];

/// Which bytes are to be processed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprocessing {
    /// Only those whose processing failed.
    pub failed: bool,
    /// Only those of files of this kind.
    pub kind: Option<MediaKind>,
}

impl Reprocessing {
    fn state(self) -> Option<&'static str> {
        self.failed.then_some(ProcessingState::Failed.as_str())
    }
}

#[derive(Clone)]
struct Queue {
    blobs: Vec<(BlobId, ClientId, JobId)>,
    now: UnixMillis,
}

impl Verb for Queue {
    type Out = u64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<u64> {
        let mut queued = 0;
        for (blob, client, job) in &self.blobs {
            let blob = blob.to_string();
            if execute!(tx, QUEUE, blob.as_str())? == 1 {
                enqueue_processing(tx, (*client, &blob), JobClass::Remake, (*job, self.now)).await?;
                queued += 1;
            }
        }
        Ok(queued)
    }
}

impl Store {
    /// Copies that may be processed anew, by identifier, behind the one given.
    pub async fn reprocessable(&self, which: Reprocessing, after: &str, most: i64) -> Result<Vec<(BlobId, ClientId)>> {
        let mut tx = self.db.read_at_leisure().await?;
        let kind = which.kind.map(MediaKind::as_str);
        let rows = fetch_all!(tx, (String, String), TO_PROCESS, after, which.state(), kind, most)?;
        tx.end();
        let copy =
            |(id, client): (String, String)| Ok((column("blobs", "id", &id)?, column("blobs", "client_id", &client)?));
        rows.into_iter().map(copy).collect()
    }

    /// Enqueues the processing of copies, each with the identifier of its job. Answers of how many.
    pub async fn queue_processing(&self, blobs: Vec<(BlobId, ClientId, JobId)>, now: UnixMillis) -> Result<u64> {
        self.db.write_aside(Queue { blobs, now }).await
    }

    /// How many copies wait to be processed anew, or are under way.
    pub async fn remakes_left(&self) -> Result<u64> {
        let mut tx = self.db.read().await?;
        let (left,) = fetch_one!(tx, (i64,), LEFT, JobClass::Remake.as_str())?;
        Ok(u64::try_from(left).unwrap_or_default())
    }

    /// How many copies are in each state of their processing, those of files of a kind or of all that have one.
    pub async fn processing_counts(&self, kind: Option<MediaKind>) -> Result<BTreeMap<ProcessingState, u64>> {
        let mut tx = self.db.read_at_leisure().await?;
        let rows = fetch_all!(tx, (String, i64), COUNTS, kind.map(MediaKind::as_str))?;
        tx.end();
        let count = |(state, count): (String, i64)| {
            Ok((column("blobs", "processing", &state)?, u64::try_from(count).unwrap_or_default()))
        };
        rows.into_iter().map(count).collect()
    }
}
