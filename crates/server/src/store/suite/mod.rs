//! What every verb of the store must do, on the engine of the world: SQLite in the small one, PostgreSQL in the large.
//! Whatever a scenario did, the audit must find nothing at its end.

mod accounts;
mod collecting;
mod emptying;
mod folders;
mod importing;
mod jobs;
mod listing;
mod migrating;
mod processing;
mod races;
mod relocating;
mod resuming;
mod statements;
mod uploading;
mod whole;
mod world;
mod writing;
mod zip;

use std::time::Duration;

use reelshelf_domain::{
    AssetHash, BlobId, ByteSize, Chance, ClientId, DisplayName, FolderId, FolderPath, MediaPath, MediaType, Result,
    SystemChance, UnixMillis, UploadId,
};

use super::{
    Arrived, Asset, Committed, Examined, Made, NewClient, Registered, Registration, Relocation, Removed, Store,
};
pub(crate) use world::World;

/// When every scenario begins.
pub(crate) const NOW: UnixMillis = UnixMillis::new(1_785_412_800_000);
/// How long a registration lasts here.
const URL_LIFE: Duration = Duration::from_mins(2);
/// How long a temporary file lasts here.
const TEMP_LIFE: Duration = Duration::from_hours(1);
/// The most that temporary files may take here.
const TEMP_LIMIT: i64 = 1000;
/// The most folders of a client here, its root and `temp` included.
const FOLDER_LIMIT: i64 = 50;

/// The result must be an error of this form.
macro_rules! assert_refused {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err($pattern) => {}
            other => panic!("{other:?} instead of {}", stringify!($pattern)),
        }
    };
}
use assert_refused;

fn later(seconds: u64) -> UnixMillis {
    NOW.plus(Duration::from_secs(seconds))
}

fn path(text: &str) -> MediaPath {
    text.parse().unwrap()
}

fn folder(text: &str) -> FolderPath {
    text.parse().unwrap()
}

/// A store with one client.
struct Library {
    world: World,
    store: Store,
    client: ClientId,
}

impl Library {
    /// A client without a storage limit.
    async fn open() -> Self {
        Self::with_storage(None).await
    }

    async fn with_storage(limit: Option<u64>) -> Self {
        let world = World::open().await;
        let store = world.store.clone();
        let client = add_client(&store, limit).await;
        Self { world, store, client }
    }

    /// Ends the scenario: nothing may contradict anything.
    async fn finish(self) {
        assert_clean(&self.store).await;
        self.world.close().await;
    }

    fn registration(&self, at: &str, size: u64) -> Registration {
        registration(self.client, at, size)
    }

    async fn register(&self, at: &str, size: u64) -> Result<Registered> {
        self.store.register(self.registration(at, size), &SystemChance).await
    }

    /// Registers what is to replace a file.
    async fn register_over(&self, at: &str, size: u64) -> Result<Registered> {
        let registration = Registration { overwrite: true, ..self.registration(at, size) };
        self.store.register(registration, &SystemChance).await
    }

    async fn commit(&self, upload: UploadId, mark: u8, size: u64) -> Result<Committed> {
        self.store.commit_upload(arrived(upload, mark, size)).await
    }

    /// A file whose bytes are `size` times `mark`.
    async fn put(&self, at: &str, mark: u8, size: u64) -> UploadId {
        let upload = self.register(at, size).await.unwrap().upload;
        assert_eq!(self.commit(upload, mark, size).await.unwrap(), Committed::Stored);
        upload
    }

    async fn make(&self, at: &str) -> Result<Made> {
        self.store.make_folder(self.client, folder(at), FOLDER_LIMIT, NOW, &SystemChance).await
    }

    async fn asset(&self, at: &str) -> Result<Asset> {
        self.store.asset(self.client, &path(at)).await
    }

    fn relocation(&self, from: &str, to: &str) -> Relocation {
        relocation(self.client, from, to)
    }

    async fn relocate(&self, from: &str, to: &str) -> Result<()> {
        self.store.relocate(self.relocation(from, to), &SystemChance).await
    }

    async fn relocate_over(&self, from: &str, to: &str) -> Result<()> {
        let relocation = Relocation { overwrite: true, ..self.relocation(from, to) };
        self.store.relocate(relocation, &SystemChance).await
    }

    async fn remove(&self, at: &str) -> Result<Removed> {
        self.store.remove(self.client, path(at), NOW).await
    }

    /// Used, reserved, used in `temp` and reserved in `temp`.
    async fn bytes(&self) -> [u64; 4] {
        let client = self.store.client(self.client).await.unwrap();
        [client.used, client.reserved, client.temp_used, client.temp_reserved].map(ByteSize::get)
    }

    /// Images, videos, audios, others and bytes of a folder.
    async fn counts(&self, at: &str) -> [i64; 5] {
        let stats = self.store.folder_stats(self.client, &folder(at)).await.unwrap();
        let [images, videos, audios, others] = stats.by_kind;
        [images, videos, audios, others, stats.bytes.to_column()]
    }
}

async fn add_client(store: &Store, storage: Option<u64>) -> ClientId {
    let id = ClientId::generate(&SystemChance).unwrap();
    store.create_client(new_client(id, storage)).await.unwrap();
    id
}

fn new_client(id: ClientId, storage: Option<u64>) -> NewClient {
    NewClient {
        id,
        name: "Tests".to_owned(),
        plan: "default".to_owned(),
        storage_limit: storage.map(ByteSize::new),
        root: FolderId::generate(NOW, &SystemChance).unwrap(),
        temp: FolderId::generate(NOW, &SystemChance).unwrap(),
        now: NOW,
    }
}

fn registration(client: ClientId, at: &str, size: u64) -> Registration {
    Registration {
        client,
        path: path(at),
        display_name: DisplayName::of(at),
        content_type: "image/png".to_owned(),
        size: Some(ByteSize::new(size)),
        expected: None,
        reserve: ByteSize::new(size),
        overwrite: false,
        now: NOW,
        expires_at: NOW.plus(URL_LIFE),
        temp_limit: TEMP_LIMIT,
        folder_limit: FOLDER_LIMIT,
        resumable: None,
    }
}

fn relocation(client: ClientId, from: &str, to: &str) -> Relocation {
    Relocation {
        client,
        from: path(from),
        to: path(to),
        display_name: None,
        overwrite: false,
        temp_expires_at: NOW.plus(TEMP_LIFE),
        temp_limit: TEMP_LIMIT,
        folder_limit: FOLDER_LIMIT,
        now: NOW,
    }
}

/// Bytes that are durable, all of them `mark`; the same mark means the same bytes.
fn arrived(upload: UploadId, mark: u8, size: u64) -> Arrived {
    Arrived {
        upload,
        blob: BlobId::generate(NOW, &SystemChance).unwrap(),
        hash: hash(mark),
        size: ByteSize::new(size),
        media_type: MediaType::Png,
        examined: Examined::nothing(),
        now: NOW,
        temp_expires_at: NOW.plus(TEMP_LIFE),
        temp_limit: TEMP_LIMIT,
    }
}

fn hash(mark: u8) -> AssetHash {
    AssetHash::from_bytes([mark; 32])
}

/// Makes a file of a copy that is durable.
pub(crate) async fn store_file(
    store: &Store,
    client: ClientId,
    at: &str,
    blob: BlobId,
    hash: AssetHash,
    size: ByteSize,
) {
    assert_eq!(try_store_file(store, client, at, blob, hash, size).await.unwrap(), Committed::Stored);
}

/// The same, if it can be.
pub(crate) async fn try_store_file(
    store: &Store,
    client: ClientId,
    at: &str,
    blob: BlobId,
    hash: AssetHash,
    size: ByteSize,
) -> Result<Committed> {
    let registered = store.register(registration(client, at, size.get()), &SystemChance).await.unwrap();
    store.commit_upload(Arrived { blob, hash, ..arrived(registered.upload, 0, size.get()) }).await
}

/// Every counter says what its rows say, and no row contradicts another.
pub(crate) async fn assert_clean(store: &Store) {
    let audit = store.audit().await.unwrap();
    let clients = audit.clients.iter().map(|client| (&client.id, client.counters()));
    let folders = audit.folders.iter().map(|folder| (&folder.id, folder.counters()));
    let wrong: Vec<_> = clients
        .chain(folders)
        .flat_map(|(id, counters)| counters.into_iter().map(|counter| (id.clone(), counter)))
        .filter(|(_, (_, is, should_be))| is != should_be)
        .collect();
    assert_eq!(wrong, [], "counters that are wrong: name, what it is, what it should be");
    assert_eq!(audit.rows, [], "rows that contradict each other");
}

/// Letters and digits that no other test has.
fn unique() -> String {
    SystemChance.alphanumeric(16).unwrap().to_lowercase()
}
