//! What the place of the bytes must do, be it a folder or a bucket of S3, which is inside this process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use reelshelf_domain::{
    AssetHash, BlobId, ByteRange, ByteSize, ClientId, ManualClock, RangeRequest, SystemChance, SystemClock, UnixMillis,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

#[path = "../../tests/it/support/bucket.rs"]
mod bucket;
mod sweeping;

use bucket::Bucket;

use super::{BlobKey, Blobs, Filled, collect};
use crate::config::{BlobSettings, ServerSettings};
use crate::store::suite::{NOW, World, assert_clean, store_file};

const MIB: usize = 1024 * 1024;

/// Blobs in a place of their own.
struct Shelf {
    blobs: Blobs,
    settings: BlobSettings,
    server: ServerSettings,
    clock: Arc<ManualClock>,
    bucket: Option<Bucket>,
    folder: TempDir,
}

impl Shelf {
    async fn local() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("file:{}", folder.path().join("blobs").display());
        Self::open(folder, BlobSettings { url, ..BlobSettings::default() }, None).await
    }

    async fn remote() -> Self {
        let folder = TempDir::new().unwrap();
        let bucket = Bucket::create(folder.path(), "some/prefix").await;
        let settings = BlobSettings {
            url: bucket.url.clone(),
            s3_endpoint: Some(bucket.endpoint.clone()),
            s3_region: Some(bucket.region.clone()),
            s3_access_key_id: Some(bucket.access_key.clone()),
            s3_secret_access_key: Some(bucket.secret_key.as_str().into()),
            s3_part_size: ByteSize::mib(5),
            ..BlobSettings::default()
        };
        Self::open(folder, settings, Some(bucket)).await
    }

    async fn open(folder: TempDir, settings: BlobSettings, bucket: Option<Bucket>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = ServerSettings { data_dir: folder.path().join("data"), ..ServerSettings::default() };
        let settings = BlobSettings { free_disk_floor: ByteSize::ZERO, ..settings };
        let clock = Arc::new(ManualClock::new(NOW));
        let blobs = Blobs::open(&settings, &server, Arc::clone(&clock) as _).await.unwrap();
        Self { blobs, settings, server, clock, bucket, folder }
    }

    /// Every place that this test is about.
    async fn all() -> Vec<Self> {
        vec![Self::local().await, Self::remote().await]
    }

    /// The same place as another process has it.
    async fn another(&self) -> Blobs {
        Blobs::open(&self.settings, &self.server, Arc::clone(&self.clock) as _).await.unwrap()
    }

    async fn filled(&self, bytes: &[u8]) -> Filled {
        let mut fill = self.blobs.fill().await.unwrap();
        for piece in bytes.chunks(100_001) {
            fill.write(piece).await.unwrap();
        }
        fill.finish().await.unwrap()
    }

    async fn put(&self, bytes: &[u8]) -> BlobKey {
        let key = new_key(NOW);
        self.blobs.commit(key, self.filled(bytes).await).await.unwrap();
        key
    }

    /// The bytes of a `Range` field's value, such as `bytes=1-2`.
    async fn part(&self, key: BlobKey, size: usize, range: &str) -> Option<Vec<u8>> {
        let RangeRequest::Part(range) = RangeRequest::parse(range, size as u64) else { panic!("{range} is no part") };
        self.read(key, range).await
    }

    async fn whole(&self, key: BlobKey, size: usize) -> Option<Vec<u8>> {
        self.read(key, ByteRange::whole(size as u64).unwrap()).await
    }

    async fn read(&self, key: BlobKey, range: ByteRange) -> Option<Vec<u8>> {
        let stream = self.blobs.read(key, range).await.unwrap()?;
        Some(stream.try_collect::<Vec<_>>().await.unwrap().concat())
    }

    async fn keys(&self) -> Vec<BlobKey> {
        let mut found = Vec::new();
        for shard in 0..=u8::MAX {
            found.extend(self.blobs.list(shard).await.unwrap().0.into_iter().map(|object| object.key));
        }
        found.sort_by_key(BlobKey::blob);
        found
    }

    /// Where objects are.
    fn objects(&self) -> PathBuf {
        match &self.bucket {
            None => self.folder.path().join("blobs"),
            Some(_) => self.folder.path().join("s3/media/some/prefix"),
        }
    }

    /// Lets a bucket say that an object is there since a time; a folder says it by itself.
    fn stamp(&self, key: BlobKey, at: UnixMillis) {
        // A bucket outside has its own time.
        if self.bucket.is_some()
            && let Ok(object) = File::open(self.objects().join(key.name()))
        {
            object.set_modified(at.to_system_time()).unwrap();
        }
    }

    /// Where scratch files are.
    fn scratch(&self) -> PathBuf {
        let root = self.settings.url.strip_prefix("file:").map(PathBuf::from);
        root.unwrap_or_else(|| self.server.data_dir.clone()).join("scratch")
    }

    async fn finish(self) {
        assert_eq!(self.blobs.scratch_files().await.unwrap(), 0, "scratch files left over");
        if let Some(bucket) = self.bucket {
            bucket.remove().await;
        }
        drop(self.folder);
    }
}

fn new_key(at: UnixMillis) -> BlobKey {
    let client = ClientId::generate(&SystemChance).unwrap();
    BlobKey::Original(client, BlobId::generate(at, &SystemChance).unwrap())
}

/// Bytes that differ wherever one looks.
fn bytes(size: usize) -> Vec<u8> {
    let block = |number: usize| <[u8; 32]>::from(Sha256::digest(number.to_le_bytes()));
    let mut bytes: Vec<u8> = (0..=size / 32).flat_map(block).collect();
    bytes.truncate(size);
    bytes
}

#[tokio::test]
async fn what_is_committed_is_read_back_whole_and_in_parts() {
    for shelf in Shelf::all().await {
        let content = bytes(300_000);
        let key = shelf.put(&content).await;
        assert_eq!(shelf.blobs.size(key).await.unwrap(), Some(300_000));
        assert!(shelf.whole(key, content.len()).await.unwrap() == content);
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=1-1", 1..2),
            ("bytes=131071-131072", 131_071..131_073),
            ("bytes=299999-", 299_999..300_000),
            ("bytes=-70000", 230_000..300_000),
            ("bytes=5-200000", 5..200_001),
        ] {
            assert!(shelf.part(key, content.len(), range).await.unwrap() == content[part], "{range}");
        }
        shelf.finish().await;
    }
}

#[tokio::test]
async fn an_object_larger_than_a_part_is_the_same_bytes() {
    for shelf in Shelf::all().await {
        // Two whole parts and a rest; exactly two; exactly one; one byte more than one.
        for size in [12 * MIB, 10 * MIB, 5 * MIB, 5 * MIB + 1] {
            let content = bytes(size);
            let key = shelf.put(&content).await;
            assert_eq!(shelf.blobs.size(key).await.unwrap(), Some(size as u64));
            assert!(shelf.whole(key, size).await.unwrap() == content, "{size}");
            if size > 10 * MIB {
                let middle = 5 * MIB - 3..5 * MIB + 4;
                let range = format!("bytes={}-{}", middle.start, middle.end - 1);
                assert!(shelf.part(key, size, &range).await.unwrap() == content[middle], "over the seam of two parts");
            }
        }
        shelf.finish().await;
    }
}

#[tokio::test]
async fn an_empty_object_is_there_and_has_no_bytes() {
    for shelf in Shelf::all().await {
        let key = shelf.put(b"").await;
        assert_eq!(shelf.blobs.size(key).await.unwrap(), Some(0));
        assert_eq!(shelf.keys().await, [key]);
        shelf.finish().await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_absent_and_no_error() {
    for shelf in Shelf::all().await {
        let key = new_key(NOW);
        assert_eq!(shelf.blobs.size(key).await.unwrap(), None);
        assert_eq!(shelf.whole(key, 10).await, None);
        shelf.blobs.delete(key).await.unwrap();
        assert_eq!(shelf.keys().await, []);
        shelf.blobs.ping().await.unwrap();
        shelf.finish().await;
    }
}

#[tokio::test]
async fn deleting_takes_one_object_and_no_other() {
    for shelf in Shelf::all().await {
        let (gone, kept) = (shelf.put(b"gone").await, shelf.put(b"kept").await);
        shelf.blobs.delete(gone).await.unwrap();
        shelf.blobs.delete(gone).await.unwrap();
        assert_eq!(shelf.whole(gone, 4).await, None);
        assert_eq!(shelf.keys().await, [kept]);
        assert_eq!(shelf.whole(kept, 4).await.unwrap(), b"kept");
        shelf.finish().await;
    }
}

#[tokio::test]
async fn a_reader_keeps_the_bytes_of_an_object_that_is_deleted_under_it() {
    let shelf = Shelf::local().await;
    let content = bytes(3 * MIB);
    let key = shelf.put(&content).await;
    let whole = ByteRange::whole(content.len() as u64).unwrap();
    let mut stream = shelf.blobs.read(key, whole).await.unwrap().unwrap();
    let first = stream.try_next().await.unwrap().unwrap();
    shelf.blobs.delete(key).await.unwrap();
    let rest: Vec<_> = stream.try_collect().await.unwrap();
    assert!([vec![first], rest].concat().concat() == content);
    shelf.finish().await;
}

#[tokio::test]
async fn every_object_is_listed_in_its_shard_and_strangers_are_told_apart() {
    for shelf in Shelf::all().await {
        let mut keys = Vec::new();
        for number in 0..20_u8 {
            keys.push(shelf.put(&[number]).await);
        }
        keys.sort_by_key(BlobKey::blob);
        assert_eq!(shelf.keys().await, keys);
        // A namesake of the shard, and something that is no object of ours in it.
        let stranger = "originals/00/notes.txt";
        if let Some(bucket) = &shelf.bucket {
            let (store, prefix) = bucket.store();
            store.put(&format!("{prefix}/{stranger}").into(), "?".into()).await.unwrap();
        } else {
            let place = shelf.folder.path().join("blobs").join(stranger);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, "?").unwrap();
        }
        let (found, strangers) = shelf.blobs.list(0).await.unwrap();
        assert_eq!(strangers, ["originals/00/notes.txt"]);
        assert!(found.iter().all(|object| keys.contains(&object.key)));
        assert_eq!(shelf.keys().await, keys);
        shelf.finish().await;
    }
}

#[tokio::test]
async fn a_filled_scratch_file_knows_its_size_its_hash_and_its_first_bytes() {
    let shelf = Shelf::local().await;
    for size in [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 17] {
        let content = bytes(size);
        let filled = shelf.filled(&content).await;
        assert_eq!(filled.size.get(), size as u64);
        assert_eq!(filled.hash, AssetHash::from_bytes(Sha256::digest(&content).into()));
        let head = content.len().min(reelshelf_media::HEAD_BYTES);
        assert_eq!(filled.head, content[..head]);
        assert_eq!(shelf.blobs.scratch_files().await.unwrap(), 1);
        drop(filled);
        assert_eq!(shelf.blobs.scratch_files().await.unwrap(), 0, "what is not committed goes");
    }
    shelf.finish().await;
}

#[tokio::test]
async fn a_fill_that_is_given_up_takes_its_file_along() {
    let shelf = Shelf::local().await;
    for size in [0, 10, 256 * 1024, MIB + 1] {
        let mut fill = shelf.blobs.fill().await.unwrap();
        fill.write(&bytes(size)).await.unwrap();
        drop(fill);
        // The piece that a thread is just writing is the last.
        while shelf.blobs.scratch_files().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    }
    shelf.finish().await;
}

#[tokio::test]
async fn scratch_files_of_a_process_that_is_gone_are_cleared_and_of_a_living_one_are_not() {
    for shelf in Shelf::all().await {
        let dead = shelf.scratch().join("77");
        std::fs::create_dir_all(&dead).unwrap();
        std::fs::write(dead.join("lock"), "").unwrap();
        std::fs::write(dead.join("0"), "half of an upl").unwrap();
        // This one died before it had its lock.
        std::fs::create_dir_all(shelf.scratch().join("78")).unwrap();
        let mut alive = shelf.blobs.fill().await.unwrap();
        alive.write(&bytes(MIB)).await.unwrap();
        let another = shelf.another().await;
        for folder in ["77", "78"] {
            let found = std::fs::metadata(shelf.scratch().join(folder));
            assert_eq!(found.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        }
        let alive = alive.finish().await.unwrap();
        assert_eq!(alive.size.get(), MIB as u64);
        assert_eq!(another.scratch_files().await.unwrap(), 1, "every process counts those of all");
        shelf.blobs.commit(new_key(NOW), alive).await.unwrap();
        shelf.finish().await;
    }
}

/// One cleared the folder of another that had made it and not yet locked it.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_in_the_same_moment_each_get_a_scratch_folder() {
    let shelf = Shelf::local().await;
    for _ in 0..10 {
        let opened = futures::future::join_all((0..8).map(|_| async {
            let (settings, server, clock) = (shelf.settings.clone(), shelf.server.clone(), Arc::clone(&shelf.clock));
            tokio::spawn(async move { Blobs::open(&settings, &server, clock).await }).await.unwrap()
        }))
        .await;
        for blobs in &opened {
            let mut fill = blobs.as_ref().unwrap().fill().await.unwrap();
            fill.write(b"here").await.unwrap();
            assert_eq!(fill.finish().await.unwrap().size.get(), 4);
        }
    }
    shelf.finish().await;
}

#[tokio::test]
async fn nothing_is_taken_in_while_less_than_the_floor_is_free() {
    let folder = TempDir::new().unwrap();
    let url = format!("file:{}", folder.path().join("blobs").display());
    let settings = BlobSettings { url, free_disk_floor: ByteSize::new(u64::MAX), ..BlobSettings::default() };
    let blobs = Blobs::open(&settings, &ServerSettings::default(), Arc::new(SystemClock)).await.unwrap();
    assert!(matches!(blobs.fill().await, Err(reelshelf_domain::Error::DiskFull)));
    assert!(matches!(blobs.check_disk().await, Err(reelshelf_domain::Error::DiskFull)));
    assert_eq!(blobs.scratch_files().await.unwrap(), 0);
}

/// Bytes and a row for them, as an upload leaves them.
async fn store(shelf: &Shelf, world: &World, client: ClientId, name: &str) -> BlobKey {
    let filled = shelf.filled(name.as_bytes()).await;
    let (hash, size) = (filled.hash, filled.size);
    let blob = BlobId::generate(NOW, &SystemChance).unwrap();
    let key = BlobKey::Original(client, blob);
    shelf.blobs.commit(key, filled).await.unwrap();
    store_file(&world.store, client, name, blob, hash, size).await;
    key
}

#[tokio::test]
async fn the_collector_takes_what_no_file_refers_to_and_nothing_else() {
    let world = World::open().await;
    let client = world.add_client().await;
    for shelf in Shelf::all().await {
        let (gone, kept) =
            (store(&shelf, &world, client, "gone.png").await, store(&shelf, &world, client, "kept.png").await);
        let unknown = shelf.put(b"just being uploaded").await;
        world.store.remove(client, "gone.png".parse().unwrap(), NOW).await.unwrap();
        assert_eq!(collect(&world.store, &shelf.blobs, NOW).await.unwrap(), 1);
        assert_eq!(collect(&world.store, &shelf.blobs, NOW).await.unwrap(), 0);
        let mut left = vec![kept, unknown];
        left.sort_by_key(BlobKey::blob);
        assert_eq!(shelf.keys().await, left);
        assert!(world.store.known_blobs(&[gone.blob()]).await.unwrap().is_empty(), "its row is gone too");
        world.store.remove(client, "kept.png".parse().unwrap(), NOW).await.unwrap();
        assert_eq!(collect(&world.store, &shelf.blobs, NOW).await.unwrap(), 1);
        assert_clean(&world.store).await;
        shelf.finish().await;
    }
    world.close().await;
}

#[tokio::test]
async fn the_collector_repeats_what_a_crash_interrupted() {
    let world = World::open().await;
    let client = world.add_client().await;
    let shelf = Shelf::local().await;
    let key = store(&shelf, &world, client, "gone.png").await;
    world.store.remove(client, "gone.png".parse().unwrap(), NOW).await.unwrap();
    world.store.condemn_blobs(NOW, NOW).await.unwrap();
    shelf.blobs.delete(key).await.unwrap();
    // Here it was killed: the object is gone, its row is not.
    assert_eq!(collect(&world.store, &shelf.blobs, NOW).await.unwrap(), 1);
    assert!(world.store.condemned_blobs(10).await.unwrap().is_empty());
    shelf.finish().await;
    world.close().await;
}

#[tokio::test]
async fn more_than_a_batch_is_collected_in_one_go() {
    let world = World::open().await;
    let client = world.add_client().await;
    let shelf = Shelf::local().await;
    for number in 0..230 {
        store(&shelf, &world, client, &format!("f/{number}.png")).await;
    }
    world.store.remove_folder(client, "f".parse().unwrap(), true, NOW).await.unwrap();
    assert_eq!(collect(&world.store, &shelf.blobs, NOW).await.unwrap(), 230);
    assert_eq!(shelf.keys().await, []);
    assert_clean(&world.store).await;
    shelf.finish().await;
    world.close().await;
}

#[tokio::test]
async fn a_local_object_has_its_name_only_when_it_is_whole() {
    let shelf = Shelf::local().await;
    let key = new_key(NOW);
    let filled = shelf.filled(&bytes(MIB)).await;
    let place = Path::new(shelf.settings.url.strip_prefix("file:").unwrap()).join(key.name());
    assert_eq!(std::fs::metadata(&place).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    shelf.blobs.commit(key, filled).await.unwrap();
    assert_eq!(std::fs::metadata(&place).unwrap().len(), MIB as u64);
    shelf.finish().await;
}
