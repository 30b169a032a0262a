//! Where a test's store is, and how a test holds rows back to let verbs run into each other.

use std::pin::Pin;

use reelshelf_domain::{ClientId, Result};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use super::super::Store;
use super::super::db::{Db, MIGRATOR, migrate_by};
use super::unique;
use crate::config::StoreSettings;

/// A store of its own for one test: a SQLite file, or a schema of the PostgreSQL that `TEST_POSTGRES_URL` names.
pub(crate) struct World {
    pub(crate) store: Store,
    settings: StoreSettings,
    large: Option<Large>,
    _folder: TempDir,
}

struct Large {
    postgres: String,
    schema: String,
}

impl World {
    pub(crate) async fn open() -> Self {
        match std::env::var("TEST_WORLD").as_deref() {
            Err(_) | Ok("small") => Self::small().await,
            Ok("large") => Self::of(Some(Large::create().await)).await,
            Ok(other) => panic!("TEST_WORLD is {other:?}; it must be small or large"),
        }
    }

    /// The small one, for what only SQLite can meet with.
    pub(crate) async fn small() -> Self {
        Self::of(None).await
    }

    /// With rows that came before the migrations from a version on.
    pub(super) async fn from_before(version: i64, rows: &'static str) -> Self {
        let large = match std::env::var("TEST_WORLD").as_deref() {
            Ok("large") => Some(Large::create().await),
            _ => None,
        };
        let (folder, settings) = place(large.as_ref());
        let earlier = MIGRATOR.iter().filter(|migration| migration.version < version).cloned().collect();
        migrate_by(&settings, Box::leak(Box::new(Migrator::with_migrations(earlier)))).await.unwrap();
        if large.is_some() {
            let mut connection = PgConnection::connect(&settings.database_url).await.unwrap();
            sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
        } else {
            rusqlite::Connection::open(folder.path().join(FILE)).unwrap().execute_batch(rows).unwrap();
        }
        let store = Store::connect(&settings).await.unwrap();
        Self { store, settings, large, _folder: folder }
    }

    async fn of(large: Option<Large>) -> Self {
        let (folder, settings) = place(large.as_ref());
        let store = Store::connect(&settings).await.unwrap();
        Self { store, settings, large, _folder: folder }
    }

    /// A client without a storage limit.
    pub(crate) async fn add_client(&self) -> ClientId {
        super::add_client(&self.store, None).await
    }

    /// The same database as another process has it.
    pub(crate) async fn another(&self) -> Store {
        Store::connect(&self.settings).await.unwrap()
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
        if let Some(Large { postgres, schema }) = self.large {
            let mut connection = PgConnection::connect(&postgres).await.unwrap();
            let drop = format!("DROP SCHEMA {schema} CASCADE");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
    }
}

/// The file of the small world.
const FILE: &str = "test.db";

fn place(large: Option<&Large>) -> (TempDir, StoreSettings) {
    let folder = TempDir::new().unwrap();
    let mut settings = StoreSettings::default();
    match large {
        None => settings.database_url = format!("sqlite:{}", folder.path().join(FILE).display()),
        Some(Large { postgres, schema }) => {
            // The name tells this test's connections from those of all others.
            settings.database_url = format!("{postgres}?options[search_path]={schema}&application_name={schema}");
            settings.connections = 8;
        }
    }
    (folder, settings)
}

impl Large {
    async fn create() -> Self {
        let postgres = std::env::var("TEST_POSTGRES_URL").expect("TEST_WORLD=large needs TEST_POSTGRES_URL");
        let schema = format!("test_{}", unique());
        let mut connection = PgConnection::connect(&postgres).await.unwrap();
        let create = format!("CREATE SCHEMA {schema}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        Self { postgres, schema }
    }
}

/// A call of the store that is about to run.
pub(super) type Call = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Runs calls so that each begins, and looks at the rows, before the one before it has ended: PostgreSQL is made to
/// hold the first of them at the row that `statement` changes, bound to `id`, the others queue behind it, and then all
/// go on in their order. SQLite, which has one writer, simply runs them in that order.
pub(super) async fn run_into_each_other(
    store: &Store,
    statement: &'static str,
    id: &str,
    calls: Vec<Call>,
) -> Vec<Result<()>> {
    let mut results = Vec::new();
    let Some(pool) = store.db.postgres() else {
        for call in calls {
            results.push(call.await);
        }
        return results;
    };
    let mut holding = pool.begin().await.unwrap();
    let held = sqlx::query(statement).bind(id).execute(&mut *holding).await.unwrap();
    assert_eq!(held.rows_affected(), 1, "nothing is held by {statement}");
    let mut running = Vec::new();
    for call in calls {
        running.push(tokio::spawn(call));
        let ended = || running.iter().filter(|call| call.is_finished()).count();
        while waiting(&store.db).await + ended() < running.len() {}
    }
    holding.commit().await.unwrap();
    for call in running {
        results.push(call.await.unwrap());
    }
    results
}

/// How many of this test's connections wait for a row.
async fn waiting(db: &Db) -> usize {
    const WAITING: &str = "
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE application_name = current_setting('application_name') AND wait_event IN ('transactionid', 'tuple')";
    let (count,): (i64,) = sqlx::query_as(WAITING).fetch_one(db.postgres().unwrap()).await.unwrap();
    usize::try_from(count).unwrap()
}
