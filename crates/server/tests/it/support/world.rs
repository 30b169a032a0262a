//! Where a test app keeps its things: SQLite and a folder, or PostgreSQL and S3.

use reelshelf::config::Settings;
use reelshelf_domain::{Chance, SystemChance};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const ACCESS_KEY: &str = "tests";
const SECRET_KEY: &str = "tests-secret";
const BUCKET: &str = "media";

pub(crate) struct World {
    folder: TempDir,
    large: Option<Large>,
}

struct Large {
    postgres: String,
    schema: String,
    endpoint: String,
    s3: JoinHandle<()>,
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
            settings.blobs.url = format!("s3://{BUCKET}");
            settings.blobs.s3_endpoint = Some(large.endpoint.clone());
            settings.blobs.s3_region = Some("us-east-1".to_owned());
            settings.blobs.s3_access_key_id = Some(ACCESS_KEY.to_owned());
            settings.blobs.s3_secret_access_key = Some(SECRET_KEY.into());
            // Nothing else writes to this bucket: what a test leaves without a row is found at once.
            settings.jobs.orphan_seconds = 1;
        }
        settings
    }

    pub(crate) async fn remove(&self) {
        if let Some(large) = &self.large {
            large.s3.abort();
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
        let root = folder.path().join("s3");
        std::fs::create_dir_all(root.join(BUCKET)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let s3 = tokio::spawn(serve_s3(listener, FileSystem::new(root).unwrap()));
        Self { postgres, schema, endpoint, s3 }
    }
}

async fn serve_s3(listener: TcpListener, files: FileSystem) {
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let service = service.clone();
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new())
                .serve_connection(io, service)
                .await;
        });
    }
}
