//! Taking in what was made of some bytes: derived files, and the end of the processing that made them.

use std::collections::BTreeMap;

use reelshelf_domain::{AssetHash, BlobId, ByteSize, ClientId, Error, Result, UnixMillis};

use super::Store;
use super::counters::lock;
use super::db::{Tx, execute, fetch_all, fetch_one};
use super::processing::ProcessingState;
use super::row::row;
use super::writer::Verb;

/// Takes hold of the source: until the transaction ends nobody condemns it.
const HOLD_SOURCE: &str = "
    UPDATE blobs SET processing = COALESCE($2, processing),
        processing_error = CASE WHEN CAST($2 AS TEXT) IS NULL THEN processing_error ELSE $3 END
    WHERE id = $1 AND condemned_at IS NULL AND EXISTS (SELECT 1 FROM assets WHERE assets.blob_id = blobs.id)";
const MADE: &str = "SELECT id, name, hash, size, created_at FROM derived WHERE source_id = $1";
const INSERT: &str = "
    INSERT INTO derived (id, client_id, source_id, name, hash, size, on_demand, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const RELEASE: &str = "UPDATE derived SET source_id = NULL WHERE id = $1";
/// Shrinking is always possible.
const COUNT: &str = "
    UPDATE clients SET derived_bytes = derived_bytes + $2
    WHERE id = $1 AND (CAST($2 AS BIGINT) <= 0 OR derived_bytes + $2 <= $3)";
/// Sizes that somebody asked for, the oldest first: they can be made again.
const TO_GIVE_WAY: &str = "
    SELECT id, size FROM derived
    WHERE client_id = $1 AND on_demand AND source_id IS NOT NULL AND created_at < $2
    ORDER BY created_at, id LIMIT $3";
const DERIVED_BYTES: &str = "SELECT derived_bytes FROM clients WHERE id = $1";

/// How many sizes give way at once, at the most.
const GIVE_WAY: i64 = 10_000;

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[HOLD_SOURCE, MADE, INSERT, RELEASE, COUNT, TO_GIVE_WAY, DERIVED_BYTES];

/// A derived file whose bytes are durable.
#[derive(Clone, Debug)]
pub struct NewDerived {
    /// The copy that was just made durable.
    pub id: BlobId,
    /// Its name.
    pub name: String,
    /// Which bytes.
    pub hash: AssetHash,
    /// How many.
    pub size: ByteSize,
}

/// How the processing of some bytes ends.
#[derive(Clone, Debug)]
pub struct ProcessingEnd {
    /// Done or failed.
    pub state: ProcessingState,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began: of what was made before, nothing stays behind a good end that was not made again.
    pub began_at: UnixMillis,
    /// The names of what was made since.
    pub made: Vec<String>,
}

/// What was made of some bytes, and whether that is all.
#[derive(Clone, Debug)]
pub struct Deriving {
    /// The copy it was made of.
    pub source: BlobId,
    /// Whose.
    pub client: ClientId,
    /// What was made.
    pub made: Vec<NewDerived>,
    /// Whether somebody had to ask for it.
    pub on_demand: bool,
    /// The end of the processing, if it is.
    pub end: Option<ProcessingEnd>,
    /// The most that the derived files of the client may take.
    pub limit: i64,
    /// Now.
    pub now: UnixMillis,
}

/// What became of derived files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// They are there.
    Kept,
    /// No file has the bytes any more that they were made of: neither are they.
    SourceGone,
}

row! {
    struct MadeRow {
        id: String,
        name: String,
        hash: String,
        size: i64,
        created_at: i64,
    }
}

impl Deriving {
    async fn insert(&self, tx: &mut Tx, new: &NewDerived, source: Option<&str>) -> Result<()> {
        let (id, hash) = (new.id.to_string(), new.hash.to_string());
        let (client, name, size) = (self.client.as_str(), new.name.as_str(), new.size.to_column());
        execute!(tx, INSERT, id, client, source, name, hash, size, self.on_demand, self.now.get()).map(|_| ())
    }

    /// Leaves all that was made to the collector.
    async fn disown(&self, tx: &mut Tx) -> Result<()> {
        for new in &self.made {
            self.insert(tx, new, None).await?;
        }
        Ok(())
    }

    /// Lets sizes go, so that strangers who ask for many keep no room from what every file has. Answers how much that was.
    async fn make_room(&self, tx: &mut Tx, grown: i64) -> Result<i64> {
        let client = self.client.as_str();
        let (had,) = fetch_one!(tx, (i64,), DERIVED_BYTES, client)?;
        let (lacking, mut freed) = (had + grown - self.limit, 0);
        for (size, bytes) in fetch_all!(tx, (String, i64), TO_GIVE_WAY, client, self.now.get(), GIVE_WAY)? {
            if freed >= lacking {
                break;
            }
            execute!(tx, RELEASE, size)?;
            freed += bytes;
        }
        if freed < lacking {
            let limit = format!("{} bytes", self.limit).into();
            return Err(Error::LimitReached { what: "derived files", limit });
        }
        Ok(freed)
    }

    /// Puts what was made in the place of what was there. Answers by how much there is more.
    async fn replace(&self, tx: &mut Tx, source: &str) -> Result<i64> {
        let there = fetch_all!(tx, MadeRow, MADE, source)?;
        let mut there: BTreeMap<_, _> = there.into_iter().map(|row| (row.name.clone(), row)).collect();
        let mut grown = 0;
        for new in &self.made {
            let old = there.remove(&new.name);
            if old.as_ref().is_some_and(|old| old.hash == new.hash.to_string()) {
                // The same bytes keep their older copy.
                self.insert(tx, new, None).await?;
                continue;
            }
            if let Some(old) = old {
                execute!(tx, RELEASE, old.id)?;
                grown -= old.size;
            }
            self.insert(tx, new, Some(source)).await?;
            grown += new.size.to_column();
        }
        let Some(end) = self.end.as_ref().filter(|end| end.state == ProcessingState::Done) else { return Ok(grown) };
        let is_old = |old: &MadeRow| old.created_at < end.began_at.get() && !end.made.contains(&old.name);
        for old in there.into_values().filter(is_old) {
            execute!(tx, RELEASE, old.id)?;
            grown -= old.size;
        }
        Ok(grown)
    }
}

impl Verb for Deriving {
    type Out = Derived;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Derived> {
        lock(tx, self.client).await?;
        let source = self.source.to_string();
        let state = self.end.as_ref().map(|end| end.state.as_str());
        let error = self.end.as_ref().and_then(|end| end.error.as_deref());
        if execute!(tx, HOLD_SOURCE, source.as_str(), state, error)? == 0 {
            return self.disown(tx).await.map(|()| Derived::SourceGone);
        }
        let grown = self.replace(tx, &source).await?;
        if grown != 0 && execute!(tx, COUNT, self.client.as_str(), grown, self.limit)? == 0 {
            let freed = self.make_room(tx, grown).await?;
            execute!(tx, COUNT, self.client.as_str(), grown - freed, self.limit)?;
        }
        Ok(Derived::Kept)
    }
}

#[derive(Clone)]
struct Disown(Deriving);

impl Verb for Disown {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        self.0.disown(tx).await
    }
}

impl Store {
    /// Takes in what was made of some bytes, if a file still has them; otherwise it goes to the collector.
    pub async fn derive(&self, deriving: Deriving) -> Result<Derived> {
        self.db.write_aside(deriving).await
    }

    /// Leaves what was made to the collector.
    pub async fn disown_derived(&self, deriving: Deriving) -> Result<()> {
        self.db.write_aside(Disown(deriving)).await
    }
}
