//! The two engines behind one text. Who else must know that there are two, `mod.rs` says.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reelshelf_domain::{Error, Result};
use rusqlite::types::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction};

use super::journal::{Journalled, next_step};
use super::leisure::{PostgresLeisure, SqliteLeisure};
use super::readers::{Reader, Readers};
use super::row::FromCells;
use super::sqlite;
use super::writer::{Verb, Writer};
use crate::config::StoreSettings;

/// What a verb answers when somebody changed a row between its look and its change. It is run again.
pub(super) const CONTENDED: &str = "a row that others are changing";

/// How often a contended verb is run before its caller hears of it.
const ATTEMPTS: u32 = 10;

pub(super) static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The database.
#[derive(Clone)]
pub(super) struct Db {
    engine: Engine,
    statements: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Engine {
    /// Reads that may take long have connections of their own, so that the short ones do not wait for them.
    Sqlite {
        readers: Readers,
        at_leisure: Readers,
        writer: Writer,
    },
    Postgres {
        pool: PgPool,
    },
}

/// A connection, and inside a verb the transaction it is in.
pub(super) struct Tx {
    connection: TxConnection,
    statements: Arc<AtomicU64>,
}

enum TxConnection {
    SqliteReader(Reader),
    SqliteLeisure(SqliteLeisure),
    SqliteWriter(rusqlite::Connection),
    Postgres(PoolConnection<Postgres>),
    PostgresLeisure(PostgresLeisure),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// What a statement is sent to.
pub(super) enum Conn<'a> {
    Sqlite(SqliteConn<'a>),
    Postgres(&'a mut PgConnection),
}

/// A connection to SQLite, and where its statements run.
pub(super) enum SqliteConn<'a> {
    Here(&'a mut rusqlite::Connection),
    AtLeisure(&'a mut SqliteLeisure),
}

impl SqliteConn<'_> {
    pub(super) async fn fetch_all<T>(self, sql: &'static str, values: Vec<Value>) -> Result<Vec<T>>
    where
        T: FromCells + Send + 'static,
    {
        match self {
            Self::Here(connection) => sqlite::all(connection, sql, &values),
            Self::AtLeisure(leisure) => leisure.run(move |connection| sqlite::all(connection, sql, &values)).await,
        }
    }

    pub(super) async fn fetch_optional<T>(self, sql: &'static str, values: Vec<Value>) -> Result<Option<T>>
    where
        T: FromCells + Send + 'static,
    {
        match self {
            Self::Here(connection) => sqlite::optional(connection, sql, &values),
            Self::AtLeisure(leisure) => leisure.run(move |connection| sqlite::optional(connection, sql, &values)).await,
        }
    }

    pub(super) async fn fetch_one<T>(self, sql: &'static str, values: Vec<Value>) -> Result<T>
    where
        T: FromCells + Send + 'static,
    {
        let row = self.fetch_optional(sql, values).await?;
        row.ok_or_else(|| Error::inconsistent("a statement that always gives a row gave none"))
    }

    pub(super) fn fetch_each<T: FromCells>(
        self,
        sql: &'static str,
        values: &[Value],
        each: impl FnMut(T),
    ) -> Result<()> {
        match self {
            Self::Here(connection) => sqlite::each(connection, sql, values, each),
            Self::AtLeisure(_) => Err(Error::inconsistent("rows one by one at leisure")),
        }
    }

    pub(super) fn execute(self, sql: &'static str, values: &[Value]) -> Result<u64> {
        match self {
            Self::Here(connection) => sqlite::change(connection, sql, values),
            Self::AtLeisure(_) => Err(Error::inconsistent("a change at leisure")),
        }
    }
}

/// The values of a statement, as SQLite takes them.
macro_rules! values {
    ($($argument:expr),*) => { [$($crate::store::sqlite::Bind::bind($argument)),*] };
}

/// The row that a statement gives, if it gives one.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite(conn) => {
                conn.fetch_optional::<$row>($sql, $crate::store::db::values![$($argument),*].into()).await
            }
            $crate::store::db::Conn::Postgres(conn) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_optional(conn).await.map_err($crate::store::db::failed),
        }
    };
}

/// The one row that a statement gives.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite(conn) => {
                conn.fetch_one::<$row>($sql, $crate::store::db::values![$($argument),*].into()).await
            }
            $crate::store::db::Conn::Postgres(conn) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_one(conn).await.map_err($crate::store::db::failed),
        }
    };
}

/// The rows that a statement gives.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite(conn) => {
                conn.fetch_all::<$row>($sql, $crate::store::db::values![$($argument),*].into()).await
            }
            $crate::store::db::Conn::Postgres(conn) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_all(conn).await.map_err($crate::store::db::failed),
        }
    };
}

/// How many rows a statement changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $argument:expr)* $(,)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite(conn) => {
                conn.execute($sql, &$crate::store::db::values![$($argument),*])
            }
            $crate::store::db::Conn::Postgres(conn) => sqlx::query($sql)$(.bind($argument))*.execute(conn).await
                .map(|done| done.rows_affected()).map_err($crate::store::db::failed),
        }
    };
}

/// Each row that a statement gives, as it comes: however many they are, they are never all in memory.
macro_rules! fetch_each {
    ($tx:expr, $row:ty, $sql:expr, $each:ident => $body:expr $(, $argument:expr)* $(,)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite(conn) => {
                conn.fetch_each($sql, &$crate::store::db::values![$($argument),*], |$each: $row| $body)
            }
            $crate::store::db::Conn::Postgres(conn) => {
                let mut rows = sqlx::query_as::<_, $row>($sql)$(.bind($argument))*.fetch(conn);
                loop {
                    match futures::TryStreamExt::try_next(&mut rows).await {
                        Ok(Some($each)) => $body,
                        Ok(None) => break Ok(()),
                        Err(error) => break Err($crate::store::db::failed(error)),
                    }
                }
            }
        }
    };
}

pub(super) use {execute, fetch_all, fetch_each, fetch_one, fetch_optional, values};

impl Tx {
    pub(super) fn of_writer(connection: rusqlite::Connection, statements: Arc<AtomicU64>) -> Self {
        Self { connection: TxConnection::SqliteWriter(connection), statements }
    }

    /// The connection, for one statement.
    pub(super) fn conn(&mut self) -> Conn<'_> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.uncounted()
    }

    /// The connection, for what is no statement of the store.
    pub(super) fn uncounted(&mut self) -> Conn<'_> {
        match &mut self.connection {
            TxConnection::SqliteReader(reader) => Conn::Sqlite(SqliteConn::Here(reader)),
            TxConnection::SqliteLeisure(leisure) => Conn::Sqlite(SqliteConn::AtLeisure(leisure)),
            TxConnection::SqliteWriter(connection) => Conn::Sqlite(SqliteConn::Here(connection)),
            TxConnection::Postgres(connection) => Conn::Postgres(connection),
            TxConnection::PostgresLeisure(leisure) => Conn::Postgres(leisure.connection()),
            TxConnection::PostgresTransaction(transaction) => Conn::Postgres(transaction),
        }
    }

    /// Sends what frames statements: transactions and savepoints.
    pub(super) async fn frame(&mut self, statement: &'static str) -> Result<()> {
        match self.uncounted() {
            Conn::Sqlite(conn) => conn.execute(statement, &[]).map(|_| ()),
            Conn::Postgres(conn) => sqlx::query(statement).execute(conn).await.map(|_| ()).map_err(failed),
        }
    }

    /// A read at leisure is over. One that is dropped instead is stopped.
    pub(super) fn end(self) {
        if let TxConnection::PostgresLeisure(leisure) = self.connection {
            leisure.end();
        }
    }

    /// Whether this is PostgreSQL: for the claim of a job and for NOTIFY, the differences that remain.
    pub(super) const fn is_postgres(&self) -> bool {
        match self.connection {
            TxConnection::SqliteReader(_) | TxConnection::SqliteLeisure(_) | TxConnection::SqliteWriter(_) => false,
            TxConnection::Postgres(_) | TxConnection::PostgresLeisure(_) | TxConnection::PostgresTransaction(_) => true,
        }
    }
}

impl Db {
    /// Connects, after bringing the schema up to date on a connection of its own: connections that are open during a
    /// migration keep a stale view of the schema.
    pub(super) async fn connect(settings: &StoreSettings) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let engine = if settings.is_sqlite() {
            let options = sqlite::Options::of(settings);
            migrate_sqlite(&options, &MIGRATOR).await?;
            let patience = Duration::from_secs(settings.acquire_timeout_seconds);
            let readers = Readers::new(options.clone(), settings.read_connections, patience);
            let at_leisure = Readers::new(options.clone(), settings.long_read_connections, patience);
            let writer = Writer::start(&options, Arc::clone(&statements))?;
            Engine::Sqlite { readers, at_leisure, writer }
        } else {
            let options = PgConnectOptions::from_str(&settings.database_url).map_err(failed)?;
            migrate_postgres(&options, &MIGRATOR).await?;
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

    /// A connection for reads that may take long, and that nobody needs when their caller is gone.
    pub(super) async fn read_at_leisure(&self) -> Result<Tx> {
        let connection = match &self.engine {
            Engine::Sqlite { at_leisure, .. } => {
                TxConnection::SqliteLeisure(SqliteLeisure::new(at_leisure.lend().await?))
            }
            Engine::Postgres { pool } => TxConnection::PostgresLeisure(PostgresLeisure::begin(pool).await?),
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

    /// Whether there is still somebody to write.
    pub(super) fn can_write(&self) -> bool {
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.is_alive(),
            Engine::Postgres { .. } => true,
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
            Engine::Sqlite { readers, at_leisure, writer } => {
                writer.close().await;
                readers.close().await;
                at_leisure.close().await;
            }
            Engine::Postgres { pool } => pool.close().await,
        }
    }
}

/// Brings the schema up to date, and does nothing else.
pub async fn migrate(settings: &StoreSettings) -> Result<()> {
    migrate_by(settings, &MIGRATOR).await
}

pub(super) async fn migrate_by(settings: &StoreSettings, migrator: &'static Migrator) -> Result<()> {
    if settings.is_sqlite() {
        migrate_sqlite(&sqlite::Options::of(settings), migrator).await
    } else {
        migrate_postgres(&PgConnectOptions::from_str(&settings.database_url).map_err(failed)?, migrator).await
    }
}

async fn migrate_sqlite(options: &sqlite::Options, migrator: &'static Migrator) -> Result<()> {
    if let Some(folder) = options.file().parent().filter(|folder| *folder != Path::new("")) {
        tokio::fs::create_dir_all(folder).await.map_err(|error| Error::internal("creating the data folder", error))?;
    }
    let options = options.clone();
    let migrated = tokio::task::spawn_blocking(move || sqlite::migrate(&options, migrator)).await;
    migrated.map_err(|error| Error::internal("migrating SQLite", error))?
}

async fn migrate_postgres(options: &PgConnectOptions, migrator: &Migrator) -> Result<()> {
    let mut connection = options.connect().await.map_err(failed)?;
    migrator.run(&mut connection).await.map_err(|error| Error::internal("migrating PostgreSQL", error))?;
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

/// An error of PostgreSQL in our words.
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
