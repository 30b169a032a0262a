//! The two engines behind one text. Nothing outside this file and `writer.rs` knows that there are two.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelshelf_domain::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, SqliteConnection, Transaction};

use super::journal::{Journalled, next_step};
use super::readers::{Reader, Readers};
use super::writer::{Verb, Writer};
use crate::config::StoreSettings;

/// What a verb answers when somebody changed a row between its look and its change. It is run again.
pub(super) const CONTENDED: &str = "a row that others are changing";

/// How often a contended verb is run before its caller hears of it.
const ATTEMPTS: u32 = 10;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The database.
#[derive(Clone)]
pub(super) struct Db {
    engine: Engine,
    statements: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Engine {
    Sqlite { readers: Readers, writer: Writer },
    Postgres { pool: PgPool },
}

/// A connection, and inside a verb the transaction it is in.
pub(super) struct Tx {
    connection: TxConnection,
    statements: Arc<AtomicU64>,
}

enum TxConnection {
    SqliteReader(Reader),
    SqliteWriter(SqliteConnection),
    Postgres(PoolConnection<Postgres>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// What a statement is sent to.
pub(super) enum Conn<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A `match` over the engines whose arms contain the same tokens, so that the body is type-checked for both.
macro_rules! on_db {
    ($tx:expr, $conn:ident => $body:expr) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite($conn) => $body,
            $crate::store::db::Conn::Postgres($conn) => $body,
        }
    };
}

/// The row that a statement gives, if it gives one.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::db::on_db!($tx, conn =>
            sqlx::query_as::<_, $row>($sql)$(.bind($argument))*.fetch_optional(conn).await
        ).map_err($crate::store::db::failed)
    };
}

/// The one row that a statement gives.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::db::on_db!($tx, conn =>
            sqlx::query_as::<_, $row>($sql)$(.bind($argument))*.fetch_one(conn).await
        ).map_err($crate::store::db::failed)
    };
}

/// The rows that a statement gives.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::db::on_db!($tx, conn =>
            sqlx::query_as::<_, $row>($sql)$(.bind($argument))*.fetch_all(conn).await
        ).map_err($crate::store::db::failed)
    };
}

/// Each row that a statement gives, as it comes: however many they are, they are never all in memory.
macro_rules! fetch_each {
    ($tx:expr, $row:ty, $sql:expr, $each:ident => $body:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::db::on_db!($tx, conn => {
            let mut rows = sqlx::query_as::<_, $row>($sql)$(.bind($argument))*.fetch(conn);
            loop {
                match futures::TryStreamExt::try_next(&mut rows).await {
                    Ok(Some($each)) => $body,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
        })
        .map_err($crate::store::db::failed)
    };
}

/// How many rows a statement changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::store::db::on_db!($tx, conn =>
            sqlx::query($sql)$(.bind($argument))*.execute(conn).await.map(|done| done.rows_affected())
        ).map_err($crate::store::db::failed)
    };
}

pub(super) use {execute, fetch_all, fetch_each, fetch_one, fetch_optional, on_db};

impl Tx {
    pub(super) fn of_writer(connection: SqliteConnection, statements: Arc<AtomicU64>) -> Self {
        Self { connection: TxConnection::SqliteWriter(connection), statements }
    }

    /// The connection, for one statement.
    pub(super) fn conn(&mut self) -> Conn<'_> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.uncounted()
    }

    /// The connection, for what frames statements: transactions and savepoints.
    pub(super) fn uncounted(&mut self) -> Conn<'_> {
        match &mut self.connection {
            TxConnection::SqliteReader(reader) => Conn::Sqlite(reader),
            TxConnection::SqliteWriter(connection) => Conn::Sqlite(connection),
            TxConnection::Postgres(connection) => Conn::Postgres(connection),
            TxConnection::PostgresTransaction(transaction) => Conn::Postgres(transaction),
        }
    }

    /// Closes the connection of the writer; any other goes back by itself.
    pub(super) async fn close(self) -> Result<()> {
        match self.connection {
            TxConnection::SqliteWriter(connection) => connection.close().await.map_err(failed),
            _ => Ok(()),
        }
    }

    /// Whether this is PostgreSQL: for the claim of a job and for NOTIFY, the differences that remain.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.connection, TxConnection::Postgres(_) | TxConnection::PostgresTransaction(_))
    }
}

impl Db {
    /// Connects, after bringing the schema up to date on a connection of its own: connections that are open during a
    /// migration keep a stale view of the schema.
    pub(super) async fn connect(settings: &StoreSettings) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let engine = if settings.is_sqlite() {
            let options = sqlite_options(settings)?;
            migrate_sqlite(&options).await?;
            let patience = Duration::from_secs(settings.acquire_timeout_seconds);
            let readers = Readers::new(options.clone().pragma("query_only", "1"), settings.read_connections, patience);
            let writer = Writer::start(options, Arc::clone(&statements)).await?;
            Engine::Sqlite { readers, writer }
        } else {
            let options = PgConnectOptions::from_str(&settings.database_url).map_err(failed)?;
            migrate_postgres(&options).await?;
            let pool = PgPoolOptions::new()
                .max_connections(settings.connections)
                .acquire_timeout(Duration::from_secs(settings.acquire_timeout_seconds))
                .connect_lazy_with(options);
            Engine::Postgres { pool }
        };
        Ok(Self { engine, statements })
    }

    /// A connection that reads.
    pub(super) async fn read(&self) -> Result<Tx> {
        let connection = match &self.engine {
            Engine::Sqlite { readers, .. } => TxConnection::SqliteReader(readers.lend().await?),
            Engine::Postgres { pool } => TxConnection::Postgres(pool.acquire().await.map_err(failed)?),
        };
        Ok(Tx { connection, statements: Arc::clone(&self.statements) })
    }

    /// Runs a verb in a transaction, and answers when it is durable. For a request that keeps a journal it is run once.
    pub(super) async fn write<V: Verb>(&self, verb: V) -> Result<V::Out>
    where
        V::Out: Serialize + DeserializeOwned + Sync,
    {
        match next_step() {
            // On the heap: almost every write has no journal.
            Some(step) => Box::pin(self.write_aside(Journalled { verb, step })).await,
            None => self.write_aside(verb).await,
        }
    }

    /// The same beside any journal: for what is no effect of a request, or does no more when it is run again.
    pub(super) async fn write_aside<V: Verb>(&self, verb: V) -> Result<V::Out> {
        for _ in 1..ATTEMPTS {
            match self.write_once(&verb).await {
                Err(error) if is_contended(&error) => {}
                result => return result,
            }
        }
        self.write_once(&verb).await
    }

    async fn write_once<V: Verb>(&self, verb: &V) -> Result<V::Out> {
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.write(verb.clone()).await,
            Engine::Postgres { pool } => {
                let transaction = pool.begin().await.map_err(failed)?;
                let connection = TxConnection::PostgresTransaction(transaction);
                let mut tx = Tx { connection, statements: Arc::clone(&self.statements) };
                let out = verb.run(&mut tx).await?;
                if let TxConnection::PostgresTransaction(transaction) = tx.connection {
                    let kept = verb.keeps();
                    let ended = if kept { transaction.commit().await } else { transaction.rollback().await };
                    ended.map_err(failed)?;
                }
                Ok(out)
            }
        }
    }

    /// How many statements were sent since the start, transactions and savepoints aside.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The pool to listen on, when it is PostgreSQL.
    pub(super) const fn postgres(&self) -> Option<&PgPool> {
        match &self.engine {
            Engine::Postgres { pool } => Some(pool),
            Engine::Sqlite { .. } => None,
        }
    }

    /// Ends what is under way and closes every connection.
    pub(super) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { readers, writer } => {
                writer.close().await;
                readers.close().await;
            }
            Engine::Postgres { pool } => pool.close().await,
        }
    }
}

/// Brings the schema up to date, and does nothing else.
pub async fn migrate(settings: &StoreSettings) -> Result<()> {
    if settings.is_sqlite() {
        migrate_sqlite(&sqlite_options(settings)?).await
    } else {
        migrate_postgres(&PgConnectOptions::from_str(&settings.database_url).map_err(failed)?).await
    }
}

async fn migrate_sqlite(options: &SqliteConnectOptions) -> Result<()> {
    if let Some(folder) = options.get_filename().parent().filter(|folder| *folder != Path::new("")) {
        tokio::fs::create_dir_all(folder).await.map_err(|error| Error::internal("creating the data folder", error))?;
    }
    let mut connection = options.connect().await.map_err(failed)?;
    MIGRATOR.run(&mut connection).await.map_err(|error| Error::internal("migrating SQLite", error))?;
    connection.close().await.map_err(failed)
}

async fn migrate_postgres(options: &PgConnectOptions) -> Result<()> {
    let mut connection = options.connect().await.map_err(failed)?;
    MIGRATOR.run(&mut connection).await.map_err(|error| Error::internal("migrating PostgreSQL", error))?;
    warn_of_locale(&mut connection).await?;
    connection.close().await.map_err(failed)
}

/// Names sort by their bytes on SQLite; only a C locale sorts the same way on PostgreSQL.
async fn warn_of_locale(connection: &mut PgConnection) -> Result<()> {
    let (sorts_by_bytes,): (bool,) =
        sqlx::query_as("SELECT '_' > 'Z' AND '_' < 'a'").fetch_one(connection).await.map_err(failed)?;
    if !sorts_by_bytes {
        tracing::warn!("the database's locale is not C or C.UTF-8: names will sort differently than documented");
    }
    Ok(())
}

pub(super) fn sqlite_options(settings: &StoreSettings) -> Result<SqliteConnectOptions> {
    Ok(SqliteConnectOptions::from_str(&settings.database_url)
        .map_err(failed)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may take back acknowledged commits when the power fails.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(settings.acquire_timeout_seconds))
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", format!("-{}", settings.sqlite_cache_kib))
        .disable_statement_logging())
}

/// A database error in our words.
pub(super) fn failed(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::PoolTimedOut => Error::Unavailable("the database"),
        sqlx::Error::Database(ref database) if is_conflict(database.code().as_deref()) => {
            tracing::debug!(%error, "a statement met a change by others");
            Error::Unavailable(CONTENDED)
        }
        error => Error::internal("talking to the database", error),
    }
}

/// PostgreSQL's ways of saying that others changed what a verb had looked at, so that running it again is right:
/// serialization failure, deadlock, a unique name that was taken since the look, and a counter that would fall below
/// zero because somebody else gave the same bytes back first.
fn is_conflict(code: Option<&str>) -> bool {
    matches!(code, Some("40001" | "40P01" | "23505" | "23514"))
}

fn is_contended(error: &Error) -> bool {
    matches!(error, Error::Unavailable(what) if *what == CONTENDED)
}
