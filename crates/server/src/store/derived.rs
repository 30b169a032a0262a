//! Derived files as they are delivered, checked and collected.

use std::collections::BTreeMap;

use reelshelf_domain::{AssetHash, BlobId, ByteSize, ClientId, Result, UnixMillis};

use super::blobs::{BlobColumns, BlobRow};
use super::counters::lock;
use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::row::row;
use super::writer::Verb;
use super::{Store, column, size_column};

/// As long as a file has the bytes.
const DELIVER: &str = "
    SELECT derived.id, derived.hash, derived.size, derived.created_at
    FROM blobs JOIN derived ON derived.source_id = blobs.id
    WHERE blobs.client_id = $1 AND blobs.hash = $2 AND blobs.condemned_at IS NULL AND derived.name = $3
        AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id
            AND (assets.expires_at IS NULL OR assets.expires_at > $4))";
const FIND: &str = "SELECT id, hash, size, created_at FROM derived WHERE source_id = $1 AND name = $2";
const SPENT: &str = "
    SELECT id, client_id FROM derived WHERE source_id IS NULL
    UNION ALL
    SELECT derived.id, derived.client_id FROM blobs JOIN derived ON derived.source_id = blobs.id
    WHERE blobs.condemned_at IS NOT NULL
    LIMIT $1";
const FORGET: &str = "DELETE FROM derived WHERE id = $1 RETURNING size, source_id IS NOT NULL AS counted";
const SHRINK: &str = "UPDATE clients SET derived_bytes = derived_bytes - $2 WHERE id = $1";
const EXPECTED: &str = "
    SELECT derived.id, derived.client_id, derived.hash, derived.size
    FROM derived JOIN blobs ON blobs.id = derived.source_id
    WHERE blobs.condemned_at IS NULL AND derived.id > $1 ORDER BY derived.id LIMIT $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[DELIVER, FIND, SPENT, FORGET, SHRINK, EXPECTED];

/// All that delivering a derived file needs.
#[derive(Clone, Copy, Debug)]
pub struct DerivedFile {
    /// Which copy.
    pub id: BlobId,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
    /// When it was made.
    pub created_at: UnixMillis,
}

row! {
    struct DerivedRow {
        id: String,
        hash: String,
        size: i64,
        created_at: i64,
    }
}

impl TryFrom<DerivedRow> for DerivedFile {
    type Error = reelshelf_domain::Error;

    fn try_from(row: DerivedRow) -> Result<Self> {
        Ok(Self {
            id: column("derived", "id", &row.id)?,
            hash: column("derived", "hash", &row.hash)?,
            size: size_column("derived", "size", row.size)?,
            created_at: UnixMillis::new(row.created_at),
        })
    }
}

/// Forgets derived files of one client, whose row is taken first, as by everybody.
#[derive(Clone)]
struct Forget {
    client: ClientId,
    derived: Vec<BlobId>,
}

impl Verb for Forget {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        lock(tx, self.client).await?;
        let mut bytes = 0;
        for id in &self.derived {
            if let Some((size, true)) = fetch_optional!(tx, (i64, bool), FORGET, id.to_string())? {
                bytes += size;
            }
        }
        execute!(tx, SHRINK, self.client.as_str(), bytes).map(|_| ())
    }
}

impl Store {
    /// What the URL of a derived file delivers: as long as a file of the client has the bytes it was made of.
    pub async fn delivered_derived(
        &self,
        client: ClientId,
        source: AssetHash,
        name: &str,
        now: UnixMillis,
    ) -> Result<Option<DerivedFile>> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, DerivedRow, DELIVER, client.as_str(), source.to_string(), name, now.get())?;
        row.map(DerivedFile::try_from).transpose()
    }

    /// What was made of a copy under this name.
    pub async fn derived_of(&self, source: BlobId, name: &str) -> Result<Option<DerivedFile>> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, DerivedRow, FIND, source.to_string(), name)?;
        row.map(DerivedFile::try_from).transpose()
    }

    /// Derived files that are nobody's, or whose source is to go.
    pub async fn spent_derived(&self, most: i64) -> Result<Vec<(BlobId, ClientId)>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String), SPENT, most)?;
        let spent = |(id, client): (String, String)| {
            Ok((column("derived", "id", &id)?, column("derived", "client_id", &client)?))
        };
        rows.into_iter().map(spent).collect()
    }

    /// Deletes the rows of derived files whose objects are gone.
    pub async fn forget_derived(&self, derived: &[(BlobId, ClientId)]) -> Result<()> {
        let mut by_client = BTreeMap::<&str, (ClientId, Vec<BlobId>)>::new();
        for (id, client) in derived {
            by_client.entry(client.as_str()).or_insert_with(|| (*client, Vec::new())).1.push(*id);
        }
        for (client, derived) in by_client.into_values() {
            self.db.write_aside(Forget { client, derived }).await?;
        }
        Ok(())
    }

    /// Derived files that must be there, by identifier, behind the one given.
    pub async fn derived_after(&self, after: &str, most: i64) -> Result<Vec<BlobRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, BlobColumns, EXPECTED, after, most)?;
        rows.into_iter().map(BlobRow::try_from).collect()
    }
}
