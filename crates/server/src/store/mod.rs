//! All SQL. One file per aggregate, one text for two engines, which `db.rs` joins. Beside it and what drives SQLite
//! (`sqlite.rs`, `writer.rs`, `readers.rs`), they differ in `leisure.rs`, `freshness.rs` and `jobs.rs` alone.
//!
//! Every change of a client's files takes the client's row first (an `UPDATE` of it is the lock), then folders, then
//! files. On SQLite there is one writer anyway; on PostgreSQL this order is what keeps counters exact and deadlocks out.

mod arrival;
mod assets;
mod audit;
mod below;
mod blobs;
mod clients;
mod counters;
mod db;
mod derive;
mod derived;
mod empty;
mod expire;
mod folders;
mod freshness;
mod idempotency;
mod import;
mod ingest;
mod invitations;
mod jobs;
pub mod journal;
mod keys;
mod known;
mod leisure;
mod listing;
mod people;
mod processing;
mod readers;
mod register;
mod rehearse;
mod relocate;
mod reprocess;
mod resumables;
mod row;
mod sessions;
mod settings;
mod sqlite;
#[cfg(test)]
pub(crate) mod suite;
mod survey;
mod uploads;
mod walk;
mod whole;
mod writer;
mod zip;

use std::str::FromStr;

use reelshelf_domain::{Error, Result};

use crate::config::StoreSettings;

pub use arrival::{Arrival, Arrivals};
pub use assets::{Asset, Delivered, Removed};
pub use audit::{Audit, ClientAudit, FolderAudit};
pub use below::Below;
pub use blobs::{BlobRow, Condemned};
pub use clients::{Client, NewClient, Totals};
pub use db::migrate;
pub use derive::{Derived, Deriving, NewDerived, ProcessingEnd};
pub use derived::DerivedFile;
pub use folders::{Folder, FolderMove, FolderStats, Made};
pub use idempotency::{BodySeen, Claim, KeptAnswer, KeyedRequest};
pub use import::{Begun, IMPORT_JOB, Import, ImportState, NewImport, WITH_ITS_IMPORT};
pub use ingest::{Arrived, Committed};
pub use invitations::{Acceptance, Invitation, NewInvitation, Purpose};
pub use jobs::{Claimed, JobClass, JobCounts, NewJob, Worker};
pub use keys::{KeyHolder, KeyRow, NewKey};
pub use known::Known;
pub use listing::{Listed, Listing, Slice};
pub use people::{Member, Membership, Person};
pub use processing::{Examined, KnownOf, PROCESS_JOB, Processing, ProcessingSource, ProcessingState};
pub use register::{Registered, Registration};
pub use rehearse::{Deed, NewRehearsal, Rehearsed};
pub use relocate::Relocation;
pub use reprocess::Reprocessing;
pub use resumables::{Part, PartRow, Resumable, Turn};
pub use sessions::{NewSession, Session, SessionAtClient, SessionRow};
pub use survey::{Forecast, Outlook, RehearsalLimits};
pub use uploads::UploadTicket;
pub use zip::{FolderBelow, ZipFile, ZipPlace};

use db::Db;
use freshness::Freshness;

/// The database, by its verbs.
#[derive(Clone)]
pub struct Store {
    db: Db,
    freshness: Freshness,
}

impl Store {
    /// Connects and brings the schema up to date.
    pub async fn connect(settings: &StoreSettings) -> Result<Self> {
        let db = Db::connect(settings).await?;
        let freshness = Freshness::start(&db, settings)?;
        Ok(Self { db, freshness })
    }

    /// A number that changes whenever what caches hold may be stale; `None` when nobody can tell, and caches are to be
    /// passed by.
    pub fn stamp(&self) -> Option<u64> {
        self.freshness.stamp()
    }

    /// Runs a verb that changes what caches hold.
    async fn announced<V: writer::Verb>(&self, verb: V) -> Result<V::Out> {
        let out = self.db.write_aside(verb).await?;
        self.freshness.bump();
        Ok(out)
    }

    /// How many statements were sent since the start.
    pub fn statements(&self) -> u64 {
        self.db.statements()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        if !self.db.can_write() {
            return Err(Error::Unavailable("the database"));
        }
        let mut tx = self.db.read().await?;
        db::fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM settings").map(|_| ())
    }

    /// Ends what is under way and closes every connection.
    pub async fn close(&self) {
        self.freshness.close().await;
        self.db.close().await;
    }
}

/// A text of a row that must parse, since we wrote it.
fn column<T: FromStr>(table: &'static str, column: &'static str, text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::inconsistent(format!("inconsistent row: {table}.{column} holds {text:?}")))
}

/// A number of a row that must not be negative.
fn size_column(table: &'static str, column: &'static str, value: i64) -> Result<reelshelf_domain::ByteSize> {
    reelshelf_domain::ByteSize::from_column(value)
        .ok_or_else(|| Error::inconsistent(format!("inconsistent row: {table}.{column} is {value}")))
}
