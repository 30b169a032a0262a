//! Files that are here as a whole before they are registered.

use reelshelf_domain::{Error, FileName, MediaKind, MediaType, Result, SystemChance, Taken, UnixMillis, UploadId};

use super::super::{Arrived, Asset, Committed};
use super::{Library, NOW, TEMP_LIFE, TEMP_LIMIT, arrived, assert_refused, hash, path};

impl Library {
    /// A file that nobody registered, its bytes `size` times `mark`.
    async fn put_whole(&self, at: &str, mark: u8, size: u64) -> Result<Asset> {
        let upload = UploadId::generate(NOW, &SystemChance).unwrap();
        let arrived = Arrived { media_type: MediaType::Mp4, ..arrived(upload, mark, size) };
        self.store.store_whole(self.registration(at, size), arrived, &SystemChance).await
    }
}

#[tokio::test]
async fn a_whole_file_is_stored_counted_and_found_as_it_was_answered() {
    let library = Library::open().await;
    let stored = library.put_whole("a/b/c.png", 1, 7).await.unwrap();
    assert_eq!(library.bytes().await, [7, 0, 0, 0]);
    assert_eq!(library.counts("a/b").await, [0, 1, 0, 0, 7], "declared as an image, a video by its bytes");
    let found = library.asset("a/b/c.png").await.unwrap();
    assert_eq!(format!("{stored:?}"), format!("{found:?}"));
    assert!(found.uploaded && found.expires_at.is_none());
    assert_eq!((found.kind, found.hash, found.created_at), (MediaKind::Video, Some(hash(1)), NOW));
    let delivered = library.store.delivered(library.client, &path("a/b/c.png")).await.unwrap().unwrap();
    assert_eq!((delivered.hash, delivered.size.get()), (hash(1), 7));
    library.finish().await;
}

#[tokio::test]
async fn equal_bytes_are_kept_once_however_they_came() {
    let library = Library::open().await;
    library.put("registered.png", 1, 5).await;
    library.put_whole("whole.png", 1, 5).await.unwrap();
    library.put_whole("again.png", 1, 5).await.unwrap();
    let mut blobs = Vec::new();
    for at in ["registered.png", "whole.png", "again.png"] {
        blobs.push(library.store.delivered(library.client, &path(at)).await.unwrap().unwrap().blob);
    }
    assert!(blobs.iter().all(|blob| *blob == blobs[0]));
    assert_eq!(library.bytes().await, [15, 0, 0, 0], "each file counts what it has");
    assert_eq!(library.store.condemned_blobs(10).await.unwrap().len(), 2, "the copies that came later go");
    library.finish().await;
}

#[tokio::test]
async fn a_whole_file_is_refused_where_its_name_is_taken_and_nothing_changes() {
    let library = Library::open().await;
    library.put("stored.png", 1, 5).await;
    let pending = library.register("pending.png", 5).await.unwrap().upload;
    assert_refused!(library.put_whole("stored.png", 2, 3).await, Error::Taken(Taken::FileAtUpload));
    assert_refused!(library.put_whole("pending.png", 2, 3).await, Error::Taken(Taken::FileAtUpload));
    assert_eq!(library.bytes().await, [5, 5, 0, 0]);
    assert_eq!(library.asset("stored.png").await.unwrap().hash, Some(hash(1)));
    assert_eq!(library.commit(pending, 3, 5).await.unwrap(), Committed::Stored, "it goes on");
    library.finish().await;
}

#[tokio::test]
async fn a_whole_file_is_refused_where_it_does_not_fit_and_makes_no_folder() {
    let library = Library::with_storage(Some(10)).await;
    library.put_whole("full.png", 1, 10).await.unwrap();
    assert_refused!(library.put_whole("new/a.png", 2, 1).await, Error::StorageBlocked);
    assert_refused!(
        library.store.folder_stats(library.client, &super::folder("new")).await,
        Error::NotFound(reelshelf_domain::Thing::Folder)
    );
    library.remove("full.png").await.unwrap();
    library.store.hold(library.client, "unpaid".to_owned(), NOW).await.unwrap();
    assert_refused!(library.put_whole("held.png", 2, 1).await, Error::StorageBlocked);
    assert_eq!(library.bytes().await, [0, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_whole_file_in_temp_expires_and_has_its_own_limit() {
    let library = Library::with_storage(Some(1)).await;
    let limit = u64::try_from(TEMP_LIMIT).unwrap();
    let stored = library.put_whole("temp/a.png", 1, limit).await.unwrap();
    assert_eq!(stored.expires_at.map(UnixMillis::get), Some(NOW.plus(TEMP_LIFE).get()));
    assert_eq!(library.asset("temp/a.png").await.unwrap().expires_at, stored.expires_at);
    assert_eq!(library.bytes().await, [0, 0, limit, 0]);
    assert_refused!(library.put_whole("temp/b.png", 2, 1).await, Error::LimitReached { .. });
    assert_eq!(stored.name, FileName::parse("a.png").unwrap());
    library.finish().await;
}
