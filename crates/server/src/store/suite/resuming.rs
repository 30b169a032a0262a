//! Uploads that may be resumed: who moves them on, and what becomes of their parts.

use reelshelf_domain::{BlobId, ByteSize, Denial, Error, Result, Resumption, SystemChance, Thing, UploadId};

use super::super::{Committed, Part, Registration, Turn};
use super::{Library, NOW, TEMP_LIMIT, URL_LIFE, arrived, assert_refused, later};

fn blob() -> BlobId {
    BlobId::generate(NOW, &SystemChance).unwrap()
}

fn part(begins: u64, size: u64) -> Part {
    Part { id: blob(), begins: ByteSize::new(begins), size: ByteSize::new(size) }
}

impl Library {
    async fn begin(&self, at: &str, size: Option<u64>) -> UploadId {
        let registration = Registration {
            size: size.map(ByteSize::new),
            resumable: Some("filename YQ==".to_owned()),
            ..self.registration(at, size.unwrap_or(16))
        };
        self.store.register(registration, &SystemChance).await.unwrap().upload
    }

    async fn take(&self, upload: UploadId, at: u64, grows: bool) -> Result<Turn> {
        let times = (NOW, NOW.plus(URL_LIFE));
        self.store.take_resumable((self.client, upload), ByteSize::new(at), grows.then(blob), times).await
    }

    async fn advance(&self, turn: Turn, part: Part, from: u64) -> Result<()> {
        let times = (NOW, NOW.plus(URL_LIFE));
        self.store.advance_resumable(turn, self.client, part, ByteSize::new(from), times).await
    }

    async fn received(&self, upload: UploadId) -> u64 {
        self.store.resumable(upload).await.unwrap().received.get()
    }

    async fn spent(&self) -> Vec<BlobId> {
        let mut spent: Vec<_> = self.store.spent_parts(100).await.unwrap().into_iter().map(|part| part.id).collect();
        spent.sort();
        spent
    }
}

#[tokio::test]
async fn only_the_latest_turn_moves_an_upload_and_only_from_where_it_stands() {
    let library = Library::open().await;
    let upload = library.begin("a.png", Some(10)).await;
    assert_refused!(library.take(upload, 1, false).await, Error::Resumption(Resumption::Offset));
    let older = library.take(upload, 0, false).await.unwrap();
    let first = part(0, 4);
    library.advance(older, first, 0).await.unwrap();
    let newer = library.take(upload, 4, false).await.unwrap();
    assert!(newer.epoch > older.epoch);
    let stale = part(4, 3);
    assert_refused!(library.advance(older, stale, 4).await, Error::Resumption(Resumption::Locked));
    library.store.disown_part(library.client, stale).await.unwrap();
    let second = part(4, 2);
    library.advance(newer, second, 4).await.unwrap();
    assert_eq!(library.received(upload).await, 6);
    assert_eq!(library.store.parts(upload).await.unwrap(), [first, second]);
    assert_eq!(library.spent().await, [stale.id], "what the older one stored is the collector's");
    library.store.forget_parts(vec![stale.id]).await.unwrap();
    assert_eq!(library.store.known_blobs(&[first.id, stale.id]).await.unwrap(), [first.id].into());
    assert!(library.store.expects_blob(first.id).await.unwrap());
    library.finish().await;
}

#[tokio::test]
async fn the_part_that_grows_is_one_and_may_turn_out_shorter() {
    let library = Library::open().await;
    let upload = library.begin("a.png", Some(10)).await;
    let turn = library.take(upload, 0, true).await.unwrap();
    let id = turn.part.unwrap();
    for (from, size) in [(0, 4), (4, 9)] {
        library.advance(turn, Part { id, ..part(0, size) }, from).await.unwrap();
    }
    let again = library.take(upload, 9, true).await.unwrap();
    assert_eq!(again.part, Some(id));
    library.store.rewind_resumable(turn, ByteSize::new(9), ByteSize::new(1)).await.unwrap();
    assert_eq!(library.received(upload).await, 9, "an older turn moves nothing");
    library.store.rewind_resumable(again, ByteSize::new(9), ByteSize::new(3)).await.unwrap();
    assert_eq!(library.received(upload).await, 3);
    assert_refused!(library.advance(again, part(3, 1), 3).await, Error::Resumption(Resumption::Locked));
    library.finish().await;
}

#[tokio::test]
async fn parts_are_spent_when_their_upload_is_done_or_gone() {
    let library = Library::open().await;
    let mut parts = Vec::new();
    let mut uploads = Vec::new();
    for name in ["done.png", "ended.png", "deleted.png", "expired.png"] {
        let upload = library.begin(name, Some(10)).await;
        let turn = library.take(upload, 0, false).await.unwrap();
        let stored = part(0, 4);
        library.advance(turn, stored, 0).await.unwrap();
        parts.push(stored.id);
        uploads.push((upload, turn));
    }
    assert_eq!(library.spent().await, []);
    let [done, ended, deleted, _] = uploads[..] else { panic!() };
    assert_eq!(library.store.commit_upload(arrived(done.0, 1, 10)).await.unwrap(), Committed::Stored);
    assert_eq!(library.received(done.0).await, 10, "all of it");
    assert_refused!(library.take(done.0, 10, false).await, Error::Resumption(Resumption::Offset));
    assert_refused!(library.advance(done.1, part(4, 6), 4).await, Error::Resumption(Resumption::Offset));
    assert!(library.store.abandon_upload(ended.0, NOW).await.unwrap());
    library.remove("deleted.png").await.unwrap();
    for (upload, turn) in [ended, deleted] {
        assert_refused!(library.take(upload, 4, false).await, Error::NotFound(Thing::Upload));
        assert_refused!(library.advance(turn, part(4, 2), 4).await, Error::NotFound(Thing::Upload));
        assert_refused!(library.store.resumable(upload).await.map(|_| ()), Error::NotFound(Thing::Upload));
        assert_refused!(library.store.commit_upload(arrived(upload, 2, 10)).await, Error::Denied(Denial::Gone));
    }
    for upload in library.store.expired_uploads(later(120), 10).await.unwrap() {
        library.store.end_expired_upload(upload, later(120)).await.unwrap();
    }
    parts.sort();
    assert_eq!(library.spent().await, parts);
    library.store.forget_parts(parts).await.unwrap();
    assert_eq!(library.spent().await, []);
    assert_eq!(library.bytes().await, [10, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_length_that_comes_later_is_reserved_once_and_exactly() {
    let library = Library::with_storage(Some(100)).await;
    let upload = library.begin("a.png", None).await;
    assert_eq!(library.bytes().await, [0, 16, 0, 0]);
    let set = |size| library.store.set_upload_size(upload, ByteSize::new(size), TEMP_LIMIT, NOW);
    assert_refused!(set(101).await, Error::StorageBlocked);
    set(90).await.unwrap();
    assert_eq!(library.bytes().await, [0, 90, 0, 0]);
    assert_eq!(library.store.resumable(upload).await.unwrap().ticket.size, Some(ByteSize::new(90)));
    assert!(library.store.abandon_upload(upload, NOW).await.unwrap());
    assert_eq!(library.bytes().await, [0, 0, 0, 0]);
    assert_refused!(set(90).await, Error::NotFound(Thing::Upload));
    library.finish().await;
}
