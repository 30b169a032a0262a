//! SQLite, called where its answer is wanted: a statement takes microseconds, and another thread to run it on would take
//! longer to wake than that. What may take long is read at leisure (`leisure.rs`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use reelshelf_domain::{Error, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Statement};
use sqlx::migrate::Migrator;

use tokio::time::Instant;

use super::row::{Cells, FromCells};
use crate::config::StoreSettings;

/// How large the write-ahead log stays when it is empty again, in bytes.
const JOURNAL: u32 = 64 * 1024 * 1024;
/// How long to wait before a lock is tried again that SQLite itself does not wait for.
const PAUSE: Duration = Duration::from_millis(10);
/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 512;

const MIGRATIONS: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        version BIGINT NOT NULL PRIMARY KEY, description TEXT NOT NULL, checksum TEXT NOT NULL
    )";
const APPLIED: &str = "SELECT version, checksum FROM migrations ORDER BY version";
const APPLY: &str = "INSERT INTO migrations (version, description, checksum) VALUES ($1, $2, $3)";

#[cfg(test)]
pub(super) const SQLITE_STATEMENTS: &[&str] = &[MIGRATIONS, APPLIED, APPLY];

/// How the database is opened.
#[derive(Clone)]
pub(super) struct Options {
    file: PathBuf,
    patience: Duration,
    cache_kib: u32,
}

impl Options {
    pub(super) fn of(settings: &StoreSettings) -> Self {
        Self {
            file: settings.sqlite_file().unwrap_or(Path::new("")).to_owned(),
            patience: Duration::from_secs(settings.acquire_timeout_seconds),
            cache_kib: settings.sqlite_cache_kib,
        }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// A connection that writes.
    pub(super) fn writer(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = self.open(flags)?;
        // NORMAL may take back acknowledged commits when the power fails.
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").map_err(failed)?;
        // What one long read let it grow to, it need not keep.
        connection.execute_batch(&format!("PRAGMA journal_size_limit = {JOURNAL}")).map_err(failed)?;
        Ok(connection)
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<Connection> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.execute_batch("PRAGMA query_only = ON").map_err(failed)?;
        Ok(connection)
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection> {
        let connection = Connection::open_with_flags(&self.file, flags).map_err(failed)?;
        connection.busy_timeout(self.patience).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let cache = format!("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{}", self.cache_kib);
        connection.execute_batch(&cache).map_err(failed)?;
        Ok(connection)
    }
}

/// Brings the schema up to date, or says why it cannot be.
pub(super) fn migrate(options: &Options, migrator: &Migrator) -> Result<()> {
    let connection = options.writer()?;
    write_ahead(options, &connection)?;
    // Others that start at the same time wait here.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    connection.execute_batch(MIGRATIONS).map_err(failed)?;
    let mut applied = all::<(i64, String)>(&connection, APPLIED, &[])?.into_iter();
    for migration in migrator.iter() {
        let checksum = hex::encode(&migration.checksum);
        match applied.next() {
            Some((version, known)) if version == migration.version && known == checksum => {}
            Some((version, _)) => {
                let what = format!("the database was made by another version of the program (migration {version})");
                return Err(Error::inconsistent(what));
            }
            None => {
                connection.execute_batch(migration.sql.as_str()).map_err(failed)?;
                let row = [migration.version.bind(), migration.description.as_ref().bind(), checksum.bind()];
                change(&connection, APPLY, &row)?;
            }
        }
    }
    if let Some((version, _)) = applied.next() {
        let what = format!("the database is newer than the program (migration {version})");
        return Err(Error::inconsistent(what));
    }
    connection.execute_batch("COMMIT").map_err(failed)
}

/// Makes readers and the writer independent of each other, for as long as the file lives. SQLite does not wait when
/// others do the same at this moment.
fn write_ahead(options: &Options, connection: &Connection) -> Result<()> {
    let started = Instant::now();
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => return Err(failed(error)),
            _ if started.elapsed() >= options.patience => return Err(Error::Unavailable("the database")),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// What stands for a `$1` in a statement.
pub(super) trait Bind {
    fn bind(self) -> Value;
}

impl Bind for String {
    fn bind(self) -> Value {
        Value::Text(self)
    }
}

impl Bind for &String {
    fn bind(self) -> Value {
        Value::Text(self.clone())
    }
}

impl Bind for &str {
    fn bind(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Bind for i64 {
    fn bind(self) -> Value {
        Value::Integer(self)
    }
}

impl Bind for i32 {
    fn bind(self) -> Value {
        Value::Integer(self.into())
    }
}

impl Bind for bool {
    fn bind(self) -> Value {
        Value::Integer(self.into())
    }
}

impl Bind for f64 {
    fn bind(self) -> Value {
        Value::Real(self)
    }
}

impl<T: Bind> Bind for Option<T> {
    fn bind(self) -> Value {
        self.map_or(Value::Null, T::bind)
    }
}

/// The rows that a statement gives.
pub(super) fn all<T: FromCells>(connection: &Connection, sql: &str, values: &[Value]) -> Result<Vec<T>> {
    query(connection, sql, values, usize::MAX).map_err(failed)
}

/// Does something with each row that a statement gives, as it comes.
pub(super) fn each<T: FromCells>(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    mut each: impl FnMut(T),
) -> Result<()> {
    let mut see = |row| {
        each(row);
        true
    };
    visit(connection, sql, values, &mut see).map_err(failed)
}

/// The row that a statement gives, if it gives one.
pub(super) fn optional<T: FromCells>(connection: &Connection, sql: &str, values: &[Value]) -> Result<Option<T>> {
    query(connection, sql, values, 1).map(|rows| rows.into_iter().next()).map_err(failed)
}

/// How many rows a statement changed.
pub(super) fn change(connection: &Connection, sql: &str, values: &[Value]) -> Result<u64> {
    let changed = || -> rusqlite::Result<usize> {
        let mut statement = connection.prepare_cached(sql)?;
        bind_all(&mut statement, values)?;
        statement.raw_execute()
    };
    changed().map(|rows| rows as u64).map_err(failed)
}

fn query<T: FromCells>(connection: &Connection, sql: &str, values: &[Value], most: usize) -> rusqlite::Result<Vec<T>> {
    let mut found = Vec::new();
    let mut keep = |row| {
        found.push(row);
        found.len() < most
    };
    visit(connection, sql, values, &mut keep)?;
    Ok(found)
}

/// Shows rows, until no more are wanted.
fn visit<T: FromCells>(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    wants_more: &mut dyn FnMut(T) -> bool,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    bind_all(&mut statement, values)?;
    let places = places::<T>(&statement)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !wants_more(read(row, &places)?) {
            break;
        }
    }
    Ok(())
}

fn read<T: FromCells>(row: &Row<'_>, places: &[usize]) -> rusqlite::Result<T> {
    T::from_cells(&mut Cells::new(row, places))
}

/// Where the columns that a row is made of stand in a statement's answer: found once for all of its rows.
fn places<T: FromCells>(statement: &Statement<'_>) -> rusqlite::Result<Vec<usize>> {
    let mut names = Vec::new();
    T::columns(&mut names);
    if names.is_empty() {
        return Ok((0..statement.column_count()).collect());
    }
    names.into_iter().map(|name| statement.column_index(name)).collect()
}

/// SQLite takes `$1` for a name, and numbers names as they come.
fn bind_all(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| rusqlite::Error::InvalidParameterCount(values.len(), index))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

/// An error of SQLite in our words.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Unavailable("the database"),
        Some(ErrorCode::DiskFull) => Error::DiskFull,
        _ => Error::internal("talking to the database", error),
    }
}
