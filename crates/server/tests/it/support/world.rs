//! Where a test app keeps its things: SQLite and a folder, or PostgreSQL and S3.

use reelshelf::config::Settings;
use reelshelf_domain::{Chance, SystemChance};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

#[path = "bucket.rs"]
mod bucket;

use bucket::Bucket;

pub(crate) struct World {
    pub(crate) folder: TempDir,
    large: Option<Large>,
}

struct Large {
    postgres: String,
    schema: String,
    bucket: Bucket,
}

impl World {
    pub(crate) async fn create() -> Self {
        let folder = TempDir::new().unwrap();
        let large = match std::env::var("TEST_WORLD").as_deref() {
            Err(_) | Ok("small") => None,
            Ok("large") => Some(Large::create(&folder).await),
            Ok(other) => panic!("TEST_WORLD is {other:?}; it must be small or large"),
        };
        Self { folder, large }
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        "127.0.0.1:0".clone_into(&mut settings.server.listen);
        settings.server.data_dir = self.folder.path().join("data");
        settings.server.shutdown_seconds = 5;
        if let Some(large) = &self.large {
            settings.store.database_url = format!("{}?options[search_path]={}", large.postgres, large.schema);
            settings.store.connections = 8;
            let bucket = &large.bucket;
            settings.blobs.url.clone_from(&bucket.url);
            settings.blobs.s3_endpoint = Some(bucket.endpoint.clone());
            settings.blobs.s3_region = Some(bucket.region.clone());
            settings.blobs.s3_access_key_id = Some(bucket.access_key.clone());
            settings.blobs.s3_secret_access_key = Some(bucket.secret_key.as_str().into());
            // Nothing else writes to this place: what a test leaves without a row is found at once.
            settings.jobs.orphan_seconds = 1;
        }
        settings
    }

    pub(crate) async fn remove(&self) {
        if let Some(large) = &self.large {
            large.bucket.remove().await;
            let mut connection = PgConnection::connect(&large.postgres).await.unwrap();
            let drop = format!("DROP SCHEMA {} CASCADE", large.schema);
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
    }
}

impl Large {
    async fn create(folder: &TempDir) -> Self {
        let postgres = std::env::var("TEST_POSTGRES_URL").expect("TEST_WORLD=large needs TEST_POSTGRES_URL");
        let schema = format!("test_{}", SystemChance.alphanumeric(16).unwrap().to_lowercase());
        let mut connection = PgConnection::connect(&postgres).await.unwrap();
        let create = format!("CREATE SCHEMA {schema}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        let bucket = Bucket::create(folder.path(), "").await;
        Self { postgres, schema, bucket }
    }
}
