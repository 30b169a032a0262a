//! Imports: one job for each that is not over, room given back, sources forgotten, and the last wish that counts.

use std::time::Duration;

use reelshelf_domain::{ByteSize, Denial, DisplayName, Error, Result, SystemChance, UploadId};

use super::super::{
    Committed, ImportState, JobClass, NewImport, Registered, Registration, Relocation, WITH_ITS_IMPORT, Worker,
};
use super::{Library, NOW, arrived, assert_refused, later};

const SECRET: &str = "https://example.com/a.png?key=secret";

fn wanted() -> NewImport {
    let (source, shown) = (SECRET.to_owned(), "https://example.com/a.png".to_owned());
    NewImport { source, shown, named: false, typed: false, most: 3 }
}

impl Library {
    async fn import(&self, at: &str, size: u64) -> Result<Registered> {
        let registration = Registration { expires_at: WITH_ITS_IMPORT, ..self.registration(at, size) };
        self.store.register_import(registration, wanted(), &SystemChance).await
    }

    async fn import_over(&self, at: &str, size: u64) -> Result<Registered> {
        let plain = self.registration(at, size);
        let registration = Registration { overwrite: true, expires_at: WITH_ITS_IMPORT, ..plain };
        self.store.register_import(registration, wanted(), &SystemChance).await
    }

    async fn state(&self, at: &str) -> Option<ImportState> {
        self.asset(at).await.unwrap().import.map(|import| import.state)
    }

    async fn fail(&self, upload: UploadId) {
        self.store.fail_import(upload, "no".to_owned(), later(100), NOW).await.unwrap();
    }

    /// Claims the job of an import, and says that it is done.
    async fn job_done(&self) {
        let me = Worker { owner: "me".to_owned(), lease: Duration::from_mins(1), of_one: 1 };
        let claimed = self.store.claim_job(JobClass::Import, &me, later(999)).await;
        self.store.finish_job(claimed.unwrap().unwrap().id, "me").await.unwrap();
    }
}

#[tokio::test]
async fn an_import_is_shown_from_the_wish_to_its_bytes_and_nothing_of_it_stays() {
    let library = Library::open().await;
    let store = &library.store;
    let upload = library.import("a.png", 10).await.unwrap().upload;
    assert_eq!(library.state("a.png").await, Some(ImportState::Queued));
    let begun = store.begin_import(upload).await.unwrap().unwrap();
    assert_eq!((begun.source.as_str(), begun.attempts), (SECRET, 0));
    assert!(store.import_progress(upload, ByteSize::new(4), Some(ByteSize::new(10))).await.unwrap());
    let import = library.asset("a.png").await.unwrap().import.unwrap();
    assert_eq!((import.state, import.attempts, import.received.get()), (ImportState::Running, 1, 4));
    assert_eq!(import.total.map(ByteSize::get), Some(10));
    assert_eq!(import.source, "https://example.com/a.png");
    store.retry_import(upload, "down".to_owned(), later(5), NOW, &SystemChance).await.unwrap();
    let import = library.asset("a.png").await.unwrap().import.unwrap();
    assert_eq!((import.state, import.attempts), (ImportState::Retrying, 1));
    assert_eq!(import.message.as_deref(), Some("down"));
    super::assert_clean(store).await;
    assert_eq!(store.begin_import(upload).await.unwrap().unwrap().attempts, 1);
    store.describe_import(upload, "video/mp4".to_owned(), Some(DisplayName::of("Ä"))).await.unwrap();
    assert_eq!(library.commit(upload, 1, 10).await.unwrap(), Committed::Stored);
    let stored = library.asset("a.png").await.unwrap();
    assert!(stored.import.is_none(), "the bytes are here");
    assert_eq!((stored.display_name.as_str(), stored.declared_type.as_str()), ("Ä", "video/mp4"));
    store.end_import(upload, later(6)).await.unwrap();
    assert!(store.begin_import(upload).await.unwrap().is_none());
    assert_eq!(store.expired_uploads(later(6), 10).await.unwrap(), [upload], "it need not wait for ever");
    assert!(store.end_expired_upload(upload, later(6)).await.unwrap());
    library.job_done().await;
    library.finish().await;
}

#[tokio::test]
async fn a_name_that_somebody_gave_counts_more_than_the_other_servers() {
    let library = Library::open().await;
    let upload = library.import("a.png", 10).await.unwrap().upload;
    let renamed = Relocation { display_name: Some(DisplayName::of("b")), ..library.relocation("a.png", "b.png") };
    library.store.relocate(renamed, &SystemChance).await.unwrap();
    library.store.begin_import(upload).await.unwrap().unwrap();
    library.store.describe_import(upload, "video/mp4".to_owned(), Some(DisplayName::of("Ä"))).await.unwrap();
    assert_eq!(library.commit(upload, 1, 10).await.unwrap(), Committed::Stored);
    let stored = library.asset("b.png").await.unwrap();
    assert_eq!((stored.display_name.as_str(), stored.declared_type.as_str()), ("b", "video/mp4"));
    library.store.end_import(upload, later(6)).await.unwrap();
    library.job_done().await;
    library.finish().await;
}

#[tokio::test]
async fn a_failed_import_keeps_its_file_and_neither_room_nor_source() {
    let library = Library::with_storage(Some(100)).await;
    let store = &library.store;
    let upload = library.import("a.png", 60).await.unwrap().upload;
    store.begin_import(upload).await.unwrap().unwrap();
    library.fail(upload).await;
    assert_eq!(library.bytes().await, [0, 0, 0, 0]);
    assert_eq!(library.state("a.png").await, Some(ImportState::Failed));
    assert!(store.begin_import(upload).await.unwrap().is_none(), "it is over");
    assert!(!store.import_progress(upload, ByteSize::new(1), None).await.unwrap());
    library.fail(upload).await;
    assert_eq!(library.asset("a.png").await.unwrap().import.unwrap().attempts, 1, "once is enough");
    library.job_done().await;
    // Another takes its name at once, whatever it is.
    let other = library.register("a.png", 100).await.unwrap().upload;
    assert_eq!(library.state("a.png").await, None);
    assert_refused!(library.commit(upload, 1, 10).await, Error::Denied(Denial::Gone));
    assert!(store.abandon_upload(other, NOW).await.unwrap());
    // One that is left alone goes when its time is over.
    let upload = library.import("b.png", 60).await.unwrap().upload;
    library.fail(upload).await;
    library.job_done().await;
    assert!(!store.end_expired_upload(upload, later(99)).await.unwrap());
    assert!(store.end_expired_upload(upload, later(100)).await.unwrap());
    assert_refused!(library.asset("b.png").await, Error::NotFound(_));
    library.finish().await;
}

#[tokio::test]
async fn the_last_wish_for_a_file_ends_those_before_it_and_what_they_reserved() {
    let library = Library::with_storage(Some(100)).await;
    library.put("a.png", 1, 10).await;
    let first = library.import_over("a.png", 70).await.unwrap().upload;
    assert_eq!(library.bytes().await, [10, 60, 0, 0]);
    let second = library.import_over("a.png", 100).await.unwrap().upload;
    assert_eq!(library.bytes().await, [10, 90, 0, 0], "it fits only because the first is gone");
    assert!(library.store.begin_import(first).await.unwrap().is_none());
    assert!(!library.store.import_progress(first, ByteSize::new(1), None).await.unwrap());
    assert_refused!(library.commit(first, 2, 70).await, Error::Denied(Denial::Gone));
    assert_eq!(library.commit(second, 3, 100).await.unwrap(), Committed::Stored);
    library.store.end_import(second, NOW).await.unwrap();
    assert_eq!(library.bytes().await, [100, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn an_import_goes_with_its_file_and_moves_with_it() {
    let library = Library::open().await;
    let gone = library.import("a.png", 10).await.unwrap().upload;
    library.remove("a.png").await.unwrap();
    assert!(library.store.begin_import(gone).await.unwrap().is_none());
    assert_eq!(library.bytes().await, [0, 0, 0, 0]);
    let moved = library.import("b.png", 10).await.unwrap().upload;
    library.relocate("b.png", "temp/c.png").await.unwrap();
    assert_eq!(library.state("temp/c.png").await, Some(ImportState::Queued));
    library.fail(moved).await;
    assert_eq!(library.bytes().await, [0, 0, 0, 0]);
    // Over a file that is there: the import is then that file's.
    library.put("d.png", 1, 10).await;
    let over = library.import("e.png", 20).await.unwrap().upload;
    library.relocate_over("e.png", "d.png").await.unwrap();
    assert_eq!(library.state("d.png").await, Some(ImportState::Queued));
    library.store.begin_import(over).await.unwrap().unwrap();
    assert_eq!(library.store.commit_upload(arrived(over, 2, 20)).await.unwrap(), Committed::Stored);
    library.store.end_import(over, NOW).await.unwrap();
    assert_eq!(library.bytes().await, [20, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_client_has_so_many_imports_and_no_more() {
    let library = Library::open().await;
    for name in ["a.png", "b.png", "c.png"] {
        library.import(name, 1).await.unwrap();
    }
    assert_refused!(library.import("d.png", 1).await, Error::LimitReached { .. });
    let over = library.import_over("a.png", 1).await;
    assert_refused!(over, Error::LimitReached { .. });
    library.finish().await;
}

#[tokio::test]
async fn the_audit_sees_an_import_that_nobody_does() {
    let library = Library::open().await;
    let upload = library.import("a.png", 1).await.unwrap().upload;
    library.job_done().await;
    let rows = library.store.audit().await.unwrap().rows;
    assert_eq!(rows, [(upload.to_string(), "an import that no job will do, or that lost its source".to_owned())]);
    library.fail(upload).await;
    library.finish().await;
}
