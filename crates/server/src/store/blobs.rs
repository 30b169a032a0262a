//! Blobs: which copies there are, and which of them nobody refers to any more.

use std::collections::HashSet;

use reelshelf_domain::{AssetHash, BlobId, ByteSize, ClientId, Result, UnixMillis};

use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::row::row;
use super::writer::Verb;
use super::{Store, column, size_column};

/// Everything released is condemned first and what a file still refers to is pardoned by a statement of its own: it
/// begins when all those rows are held, so that it sees every change of a reference that others made until then, and
/// none comes after. One statement for both would look at the files of the moment before it waited for such a change.
const CONDEMN: &str = "
    UPDATE blobs SET condemned_at = $2 WHERE released_at <= $1 AND condemned_at IS NULL";
const PARDON: &str = "
    UPDATE blobs SET condemned_at = NULL, released_at = NULL
    WHERE condemned_at = $1 AND released_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
const CONDEMNED: &str = "
    SELECT id, client_id FROM blobs WHERE condemned_at IS NOT NULL ORDER BY condemned_at LIMIT $1";
/// The row that an object without one gets before it goes: whoever is about to make one with this name fails.
const CONDEMN_STRAY: &str = "
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at, condemned_at)
    SELECT CAST($1 AS TEXT), clients.id, '', 0, CAST($3 AS BIGINT), CAST($3 AS BIGINT), CAST($3 AS BIGINT)
    FROM clients WHERE clients.id = $2
    ON CONFLICT DO NOTHING";
const ROW: &str = "SELECT id FROM blobs WHERE id = $1";
const FORGET: &str = "DELETE FROM blobs WHERE id = $1 AND condemned_at IS NOT NULL";
const KNOWN: &str = "
    SELECT id FROM blobs WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    UNION ALL
    SELECT id FROM parts WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    UNION ALL
    SELECT id FROM derived WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
/// How many copies one statement asks for.
const KNOWN_AT_ONCE: usize = 16;

const EXPECTED: &str = "
    SELECT id FROM blobs WHERE id = $1 AND condemned_at IS NULL
    UNION ALL
    SELECT parts.id FROM parts JOIN uploads ON uploads.id = parts.upload_id
    WHERE parts.id = $1 AND uploads.done_hash IS NULL
    UNION ALL
    SELECT derived.id FROM derived JOIN blobs ON blobs.id = derived.source_id
    WHERE derived.id = $1 AND blobs.condemned_at IS NULL";
const REFERRED: &str = "
    SELECT id FROM assets WHERE blob_id = $1
    UNION ALL
    SELECT parts.id FROM parts JOIN uploads ON uploads.id = parts.upload_id
    WHERE parts.id = $1 AND uploads.done_hash IS NULL
    UNION ALL
    SELECT derived.id FROM derived JOIN assets ON assets.blob_id = derived.source_id WHERE derived.id = $1
    LIMIT 1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[EXPECTED, REFERRED, CONDEMN, PARDON, CONDEMNED, CONDEMN_STRAY, ROW, FORGET, KNOWN];

/// A copy that is to go.
#[derive(Clone, Copy, Debug)]
pub struct Condemned {
    /// Which copy.
    pub id: BlobId,
    /// Whose.
    pub client: ClientId,
}

/// A copy that must be there.
#[derive(Clone, Copy, Debug)]
pub struct BlobRow {
    /// Which copy.
    pub id: BlobId,
    /// Whose.
    pub client: ClientId,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
}

row! {
    pub(super) struct BlobColumns {
        id: String,
        client_id: String,
        hash: String,
        size: i64,
    }
}

impl TryFrom<BlobColumns> for BlobRow {
    type Error = reelshelf_domain::Error;

    fn try_from(row: BlobColumns) -> Result<Self> {
        Ok(Self {
            id: column("blobs", "id", &row.id)?,
            client: column("blobs", "client_id", &row.client_id)?,
            hash: column("blobs", "hash", &row.hash)?,
            size: size_column("blobs", "size", row.size)?,
        })
    }
}

#[derive(Clone)]
struct Condemn {
    released_by: UnixMillis,
    now: UnixMillis,
}

impl Verb for Condemn {
    type Out = u64;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<u64> {
        let condemned = execute!(tx, CONDEMN, self.released_by.get(), self.now.get())?;
        let pardoned = execute!(tx, PARDON, self.now.get())?;
        Ok(condemned - pardoned)
    }
}

#[derive(Clone)]
struct CondemnStrays {
    strays: Vec<Condemned>,
    now: UnixMillis,
}

impl Verb for CondemnStrays {
    type Out = Vec<BlobId>;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Vec<BlobId>> {
        let mut condemned = Vec::new();
        for Condemned { id, client } in &self.strays {
            let text = id.to_string();
            let new = execute!(tx, CONDEMN_STRAY, text.as_str(), client.as_str(), self.now.get())? == 1;
            // That of a client who is not there gets none, and never will.
            if new || fetch_optional!(tx, (String,), ROW, text)?.is_none() {
                condemned.push(*id);
            }
        }
        Ok(condemned)
    }
}

#[derive(Clone)]
struct Forget(Vec<BlobId>);

impl Verb for Forget {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for blob in &self.0 {
            execute!(tx, FORGET, blob.to_string())?;
        }
        Ok(())
    }
}

impl Store {
    /// Condemns what was released by then and is not referred to.
    pub async fn condemn_blobs(&self, released_by: UnixMillis, now: UnixMillis) -> Result<u64> {
        self.db.write_aside(Condemn { released_by, now }).await
    }

    /// Copies that are to go, oldest verdict first.
    pub async fn condemned_blobs(&self, most: i64) -> Result<Vec<Condemned>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String), CONDEMNED, most)?;
        let condemned = |(id, client): (String, String)| {
            Ok(Condemned { id: column("blobs", "id", &id)?, client: column("blobs", "client_id", &client)? })
        };
        rows.into_iter().map(condemned).collect()
    }

    /// Condemns copies that no row speaks of, so that none ever will. Answers those of which that is still true.
    pub async fn condemn_strays(&self, strays: Vec<Condemned>, now: UnixMillis) -> Result<Vec<BlobId>> {
        self.db.write_aside(CondemnStrays { strays, now }).await
    }

    /// Deletes the rows of condemned copies whose objects are gone.
    pub async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()> {
        self.db.write_aside(Forget(blobs)).await
    }

    /// Whether this copy, this part of an upload under way, or this derived file must be there.
    pub async fn expects_blob(&self, blob: BlobId) -> Result<bool> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, (String,), EXPECTED, blob.to_string()).map(|row| row.is_some())
    }

    /// Whether a file has these bytes, or they were made of those of one, or are an upload under way. Those that none has go with the next run of the collector.
    pub async fn is_blob_referred(&self, blob: BlobId) -> Result<bool> {
        let mut tx = self.db.read().await?;
        fetch_optional!(tx, (String,), REFERRED, blob.to_string()).map(|row| row.is_some())
    }

    /// Those of the copies that a row, condemned or not, speaks of.
    pub async fn known_blobs(&self, blobs: &[BlobId]) -> Result<HashSet<BlobId>> {
        let mut tx = self.db.read_at_leisure().await?;
        let mut known = HashSet::new();
        for some in blobs.chunks(KNOWN_AT_ONCE) {
            // The last chunk is filled up with its first member.
            let id = |index: usize| some.get(index).unwrap_or(&some[0]).to_string();
            let rows = fetch_all!(
                tx,
                (String,),
                KNOWN,
                id(0),
                id(1),
                id(2),
                id(3),
                id(4),
                id(5),
                id(6),
                id(7),
                id(8),
                id(9),
                id(10),
                id(11),
                id(12),
                id(13),
                id(14),
                id(15)
            )?;
            for (id,) in rows {
                known.insert(column("blobs", "id", &id)?);
            }
        }
        tx.end();
        Ok(known)
    }
}
