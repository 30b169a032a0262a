//! What is known of bytes and made of them: once for equal ones, as long as a file has them, and not a moment longer.

use futures::FutureExt;
use reelshelf_domain::{BlobId, ByteSize, Error, JobId, MediaKind, MediaType, SystemChance, UnixMillis};

use super::super::{
    Arrived, Derived, Deriving, Examined, JobClass, Known, NewDerived, ProcessingEnd, ProcessingState, Reprocessing,
    Worker,
};
use super::world::run_into_each_other;
use super::{Library, NOW, arrived, hash, later, path};

const HOLD_BLOB: &str = "UPDATE blobs SET touched_at = touched_at WHERE id = $1";
const LIMIT: i64 = 1000;

fn queued(metadata: Option<&str>) -> Examined {
    let metadata = metadata.map(ToOwned::to_owned);
    Examined { state: ProcessingState::Queued, error: None, metadata }
}

impl Library {
    /// A file whose bytes are to be processed; the copy it has.
    async fn put_media(&self, at: &str, mark: u8, size: u64) -> BlobId {
        let upload = self.register(at, size).await.unwrap().upload;
        let media = Arrived { examined: queued(Some(r#"{"seen":1}"#)), ..arrived(upload, mark, size) };
        self.store.commit_upload(media).await.unwrap();
        self.store.delivered(self.client, &path(at)).await.unwrap().unwrap().blob
    }

    /// A file that is made of bytes that are here.
    async fn register_known(&self, at: &str, mark: u8, size: u64) {
        let registration = self.registration(at, size);
        let known = self.store.register_known(registration, hash(mark), later(9), &SystemChance).await.unwrap();
        assert!(matches!(known, Known::Made(..)), "{known:?}");
    }

    fn deriving(&self, source: BlobId, made: &[(&str, u8, u64)]) -> Deriving {
        let made = made.iter().map(|(name, mark, size)| new_derived(name, *mark, *size)).collect();
        let (client, limit) = (self.client, LIMIT);
        Deriving { source, client, made, on_demand: false, end: None, limit, now: NOW }
    }

    async fn end(&self, source: BlobId, made: &[(&str, u8, u64)], began_at: UnixMillis) -> Derived {
        let names = made.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let end = ProcessingEnd { state: ProcessingState::Done, error: None, began_at, made: names };
        self.store.derive(Deriving { end: Some(end), ..self.deriving(source, made) }).await.unwrap()
    }

    async fn fail_processing(&self, source: BlobId, reason: &str) {
        let error = Some(reason.to_owned());
        let end = ProcessingEnd { state: ProcessingState::Failed, error, began_at: NOW, made: Vec::new() };
        self.store.derive(Deriving { end: Some(end), ..self.deriving(source, &[]) }).await.unwrap();
    }

    /// The state of a file's bytes, and the names of what was made of them.
    async fn shown(&self, at: &str) -> (ProcessingState, Vec<String>) {
        let processing = self.asset(at).await.unwrap().processing.unwrap();
        (processing.state, processing.derived.into_keys().collect())
    }

    async fn derived_bytes(&self) -> u64 {
        self.store.client(self.client).await.unwrap().derived.get()
    }

    async fn jobs(&self) -> i64 {
        self.store.job_counts().await.unwrap().iter().map(|counts| counts.count).sum()
    }

    /// The job of some bytes is claimed, and ends.
    async fn run_job(&self) {
        let worker = Worker { owner: "me".to_owned(), lease: std::time::Duration::from_mins(1), of_one: 9 };
        let claimed = self.store.claim_job(JobClass::Media, &worker, NOW).await.unwrap().unwrap();
        self.store.finish_job(claimed.id, "me").await.unwrap();
    }

    async fn spent_derived(&self) -> Vec<BlobId> {
        self.store.spent_derived(100).await.unwrap().into_iter().map(|(id, _)| id).collect()
    }

    async fn collect_derived(&self) {
        let spent = self.store.spent_derived(100).await.unwrap();
        self.store.forget_derived(&spent).await.unwrap();
        assert_eq!(self.spent_derived().await, []);
    }
}

fn new_derived(name: &str, mark: u8, size: u64) -> NewDerived {
    let id = BlobId::generate(NOW, &SystemChance).unwrap();
    NewDerived { id, name: name.to_owned(), hash: hash(mark), size: ByteSize::new(size) }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn bytes_are_queued_with_their_file_and_equal_ones_once() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    assert_eq!(library.shown("a.png").await, (ProcessingState::Queued, vec![]));
    assert_eq!(library.put_media("b.png", 1, 5).await, copy);
    assert_eq!(library.jobs().await, 1, "equal bytes are processed once");
    let source = library.store.begin_processing(copy).await.unwrap().unwrap();
    assert_eq!((source.client, source.hash, source.size.get()), (library.client, hash(1), 5));
    assert_eq!((source.media_type, source.metadata.as_deref()), (MediaType::Png, Some(r#"{"seen":1}"#)));
    for at in ["a.png", "b.png"] {
        assert_eq!(library.shown(at).await, (ProcessingState::Running, vec![]));
    }
    assert_eq!(library.end(copy, &[("b.webp", 7, 10), ("a.webp", 8, 20)], NOW).await, Derived::Kept);
    for at in ["a.png", "b.png"] {
        assert_eq!(library.shown(at).await, (ProcessingState::Done, names(&["a.webp", "b.webp"])));
    }
    library.run_job().await;
    assert!(library.store.begin_processing(copy).await.unwrap().is_none(), "it is over");
    library.put_media("c.png", 1, 5).await;
    assert_eq!(library.shown("c.png").await, (ProcessingState::Done, names(&["a.webp", "b.webp"])));
    assert_eq!((library.jobs().await, library.derived_bytes().await), (0, 30));
    assert_eq!(library.bytes().await, [15, 0, 0, 0], "what is made of files is not counted with them");
    library.finish().await;
}

#[tokio::test]
async fn nothing_is_taken_in_of_a_file_that_is_gone() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    let source = library.store.begin_processing(copy).await.unwrap().unwrap();
    library.remove("a.png").await.unwrap();
    assert_eq!(library.end(copy, &[("a.webp", 7, 10)], NOW).await, Derived::SourceGone);
    assert!(library.store.begin_processing(copy).await.unwrap().is_none());
    assert!(!library.store.learn(source, "{}".to_owned(), MediaType::Mp4).await.unwrap());
    assert_eq!((library.spent_derived().await.len(), library.derived_bytes().await), (1, 0));
    library.collect_derived().await;
    library.finish().await;
}

#[tokio::test]
async fn what_was_made_goes_with_the_last_file_that_had_the_bytes() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    library.put_media("b.png", 1, 5).await;
    library.end(copy, &[("a.webp", 7, 10)], NOW).await;
    let made = library.store.derived_of(copy, "a.webp").await.unwrap().unwrap().id;
    let delivered = async || library.store.delivered_derived(library.client, hash(1), "a.webp", NOW).await.unwrap();
    library.remove("a.png").await.unwrap();
    library.store.condemn_blobs(later(1), later(1)).await.unwrap();
    assert_eq!((delivered().await.map(|file| file.id), library.spent_derived().await), (Some(made), vec![]));
    assert!(library.store.expects_blob(made).await.unwrap() && library.store.is_blob_referred(made).await.unwrap());
    library.remove("b.png").await.unwrap();
    assert!(delivered().await.is_none(), "at once");
    assert!(!library.store.is_blob_referred(made).await.unwrap());
    assert_eq!(library.spent_derived().await, [], "the collector has not come");
    library.store.condemn_blobs(later(2), later(2)).await.unwrap();
    assert_eq!(library.spent_derived().await, [made]);
    assert!(!library.store.expects_blob(made).await.unwrap());
    assert!(library.store.known_blobs(&[made]).await.unwrap().contains(&made));
    assert_eq!(library.derived_bytes().await, 10);
    library.collect_derived().await;
    assert_eq!(library.derived_bytes().await, 0);
    library.store.forget_blobs(vec![copy]).await.unwrap();
    assert!(library.store.known_blobs(&[made, copy]).await.unwrap().is_empty());
    library.finish().await;
}

#[tokio::test]
async fn a_temporary_file_that_has_expired_delivers_nothing_that_was_made_of_it() {
    let library = Library::open().await;
    let copy = library.put_media("temp/a.png", 1, 5).await;
    library.end(copy, &[("a.webp", 7, 10)], NOW).await;
    let at = async |now| library.store.delivered_derived(library.client, hash(1), "a.webp", now).await.unwrap();
    assert!(at(NOW).await.is_some());
    assert!(at(NOW.plus(super::TEMP_LIFE)).await.is_none());
    let other = library.world.add_client().await;
    assert!(library.store.delivered_derived(other, hash(1), "a.webp", NOW).await.unwrap().is_none());
    library.finish().await;
}

#[tokio::test]
async fn what_is_made_again_takes_the_place_of_what_was_made_before() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    library.end(copy, &[("same.webp", 7, 10), ("other.webp", 8, 20), ("old.webp", 9, 40)], NOW).await;
    let asked = Deriving { on_demand: true, ..library.deriving(copy, &[("size.webp", 3, 80)]) };
    assert_eq!(library.store.derive(asked).await.unwrap(), Derived::Kept);
    assert_eq!(
        library.shown("a.png").await.1,
        names(&["old.webp", "other.webp", "same.webp"]),
        "nobody asked for these"
    );
    assert_eq!(library.derived_bytes().await, 150);
    let before = library.store.derived_of(copy, "same.webp").await.unwrap().unwrap();
    assert_eq!(library.end(copy, &[("same.webp", 7, 10), ("other.webp", 6, 21)], later(1)).await, Derived::Kept);
    assert_eq!(library.shown("a.png").await.1, names(&["other.webp", "same.webp"]));
    assert_eq!(library.store.derived_of(copy, "same.webp").await.unwrap().unwrap().id, before.id);
    assert!(library.store.derived_of(copy, "size.webp").await.unwrap().is_none(), "it was made of the old way");
    assert_eq!((library.derived_bytes().await, library.spent_derived().await.len()), (31, 4));
    library.fail_processing(copy, "it is broken").await;
    let shown = library.asset("a.png").await.unwrap().processing.unwrap();
    assert_eq!((shown.state, shown.error.as_deref()), (ProcessingState::Failed, Some("it is broken")));
    let made: Vec<_> = shown.derived.into_iter().collect();
    let left = [("other.webp".to_owned(), hash(6)), ("same.webp".to_owned(), hash(7))];
    assert_eq!(made, left, "a failure takes nothing away");
    library.collect_derived().await;
    assert_eq!(library.derived_bytes().await, 31);
    library.finish().await;
}

#[tokio::test]
async fn what_has_no_room_is_refused_with_the_figure_and_changes_nothing() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    library.store.derive(library.deriving(copy, &[("a.webp", 7, 600)])).await.unwrap();
    let more = library.deriving(copy, &[("b.webp", 8, 401)]);
    match library.store.derive(more.clone()).await {
        Err(Error::LimitReached { what, limit }) => {
            assert_eq!((what, &*limit), ("derived files", "1000 bytes"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((library.derived_bytes().await, library.spent_derived().await.len()), (600, 0));
    library.store.disown_derived(more).await.unwrap();
    assert_eq!((library.derived_bytes().await, library.spent_derived().await.len()), (600, 1));
    // What shrinks always can.
    let smaller = Deriving { limit: 1, ..library.deriving(copy, &[("a.webp", 9, 500)]) };
    assert_eq!(library.store.derive(smaller).await.unwrap(), Derived::Kept);
    assert_eq!(library.derived_bytes().await, 500);
    library.collect_derived().await;
    library.finish().await;
}

#[tokio::test]
async fn sizes_that_somebody_asked_for_give_way_to_what_every_file_has() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    let at = |now, made: Deriving| Deriving { now, ..made };
    library.store.derive(library.deriving(copy, &[("thumb.webp", 7, 300)])).await.unwrap();
    for (minute, name) in ["old.webp", "new.webp"].into_iter().enumerate() {
        let size = Deriving { on_demand: true, ..library.deriving(copy, &[(name, 8, 300)]) };
        library.store.derive(at(later(minute as u64), size)).await.unwrap();
    }
    let more = at(later(3), library.deriving(copy, &[("poster.webp", 9, 200)]));
    assert_eq!(library.store.derive(more).await.unwrap(), Derived::Kept);
    let is_there = async |name: &str| library.store.derived_of(copy, name).await.unwrap().is_some();
    assert_eq!((is_there("old.webp").await, is_there("new.webp").await), (false, true), "the oldest goes");
    assert_eq!(library.derived_bytes().await, 800);
    // No more of them goes than is of use: what is too much for the rest is refused, and takes nothing away.
    let much = Deriving { on_demand: true, ..library.deriving(copy, &[("huge.webp", 3, 501)]) };
    let refused = library.store.derive(at(later(4), much)).await;
    assert!(matches!(refused, Err(Error::LimitReached { .. })), "{refused:?}");
    assert_eq!((is_there("new.webp").await, library.derived_bytes().await), (true, 800));
    library.collect_derived().await;
    assert_eq!(library.derived_bytes().await, 800);
    library.finish().await;
}

#[tokio::test]
async fn what_bytes_turn_out_to_be_every_file_with_them_is_and_is_counted_as() {
    let library = Library::open().await;
    let copy = library.put_media("a/a.webm", 1, 5).await;
    library.put_media("b/b.webm", 1, 5).await;
    let source = library.store.begin_processing(copy).await.unwrap().unwrap();
    assert!(library.store.learn(source, "{}".to_owned(), MediaType::Weba).await.unwrap());
    for at in ["a/a.webm", "b/b.webm"] {
        let asset = library.asset(at).await.unwrap();
        assert_eq!((asset.kind, asset.media_type), (MediaKind::Audio, Some(MediaType::Weba)), "{at}");
    }
    assert_eq!(library.store.begin_processing(copy).await.unwrap().unwrap().media_type, MediaType::Weba);
    // That the folders count them so is what the audit of every test says.
    library.finish().await;
}

#[tokio::test]
async fn bytes_that_come_back_before_the_collector_are_processed_although_their_job_found_no_file() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    library.remove("a.png").await.unwrap();
    assert!(library.store.begin_processing(copy).await.unwrap().is_none());
    library.run_job().await;
    assert_eq!(library.jobs().await, 0);
    assert_eq!(library.put_media("b.png", 1, 5).await, copy);
    assert_eq!(library.jobs().await, 1);
    library.register_known("c.png", 1, 5).await;
    assert_eq!(library.shown("c.png").await.0, ProcessingState::Queued);
    assert_eq!(library.jobs().await, 1);
    library.finish().await;
}

#[tokio::test]
async fn deaths_are_counted_until_the_bytes_are_processed_anew() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    library.store.begin_processing(copy).await.unwrap();
    library.store.put_processing_back(copy).await.unwrap();
    assert_eq!(library.shown("a.png").await.0, ProcessingState::Queued);
    let dies = async || library.store.count_death(copy, 3, "it kills".to_owned()).await.unwrap();
    assert_eq!((dies().await, dies().await, library.shown("a.png").await.0), (1, 2, ProcessingState::Queued));
    assert_eq!((dies().await, library.shown("a.png").await.0), (3, ProcessingState::Failed));
    let known = library.store.known_of(copy).await.unwrap().unwrap();
    assert_eq!(known.processing_error.as_deref(), Some("it kills"));
    library.store.put_processing_back(copy).await.unwrap();
    assert_eq!(library.shown("a.png").await.0, ProcessingState::Failed, "what is over does not wait");
    library.run_job().await;
    let failed = Reprocessing { failed: true, kind: Some(MediaKind::Image) };
    let copies = library.store.reprocessable(failed, "", 10).await.unwrap();
    assert_eq!(copies, [(copy, library.client)]);
    let jobs = copies.into_iter().map(|(blob, client)| (blob, client, JobId::generate(NOW, &SystemChance).unwrap()));
    assert_eq!(library.store.queue_processing(jobs.collect(), NOW).await.unwrap(), 1);
    let known = library.store.known_of(copy).await.unwrap().unwrap();
    assert_eq!((known.processing_error, library.jobs().await), (None, 1));
    assert_eq!((dies().await, library.shown("a.png").await.0), (1, ProcessingState::Queued), "it is counted anew");
    let worker = Worker { owner: "me".to_owned(), lease: std::time::Duration::from_mins(1), of_one: 9 };
    assert!(!library.store.job_is_due(JobClass::Media, &worker, NOW).await.unwrap(), "new uploads do not wait for it");
    assert!(library.store.job_is_due(JobClass::Remake, &worker, NOW).await.unwrap());
    library.finish().await;
}

#[tokio::test]
async fn what_is_processed_anew_is_chosen_by_state_and_kind_page_by_page() {
    let library = Library::open().await;
    let mut copies = Vec::new();
    for mark in 1..=4 {
        copies.push(library.put_media(&format!("{mark}.png"), mark, 5).await);
    }
    copies.sort();
    library.fail_processing(copies[2], "broken").await;
    let other = library.register("x.bin", 5).await.unwrap().upload;
    let nothing = Arrived { media_type: MediaType::Other, ..arrived(other, 9, 5) };
    library.store.commit_upload(nothing).await.unwrap();
    let some = async |which, after: String, most| {
        let some = library.store.reprocessable(which, &after, most).await.unwrap();
        some.into_iter().map(|(blob, _)| blob).collect::<Vec<_>>()
    };
    let all = Reprocessing::default();
    assert_eq!(some(all, String::new(), 3).await, copies[..3]);
    assert_eq!(some(all, copies[2].to_string(), 3).await, copies[3..]);
    assert_eq!(some(Reprocessing { failed: true, kind: None }, String::new(), 9).await, [copies[2]]);
    assert_eq!(some(Reprocessing { failed: false, kind: Some(MediaKind::Video) }, String::new(), 9).await, []);
    let counts = library.store.processing_counts(None).await.unwrap();
    let counts: Vec<_> = counts.into_iter().collect();
    assert_eq!(counts, [(ProcessingState::Queued, 3), (ProcessingState::Failed, 1)]);
    assert_eq!(library.store.processing_counts(Some(MediaKind::Audio)).await.unwrap().len(), 0);
    library.remove("1.png").await.unwrap();
    let jobs = copies.iter().map(|blob| (*blob, library.client, JobId::generate(NOW, &SystemChance).unwrap()));
    assert_eq!(library.store.queue_processing(jobs.collect(), NOW).await.unwrap(), 3, "not that without a file");
    library.finish().await;
}

#[tokio::test]
async fn the_derived_files_that_must_be_there_are_listed_in_order_and_page_by_page() {
    let library = Library::open().await;
    let kept = library.put_media("a.png", 1, 5).await;
    let gone = library.put_media("b.png", 2, 5).await;
    library.end(kept, &[("a.webp", 7, 1), ("b.webp", 8, 2), ("c.webp", 9, 3)], NOW).await;
    library.end(gone, &[("a.webp", 7, 4)], NOW).await;
    library.remove("b.png").await.unwrap();
    library.store.condemn_blobs(NOW, NOW).await.unwrap();
    let first = library.store.derived_after("", 2).await.unwrap();
    let second = library.store.derived_after(&first[1].id.to_string(), 2).await.unwrap();
    let all: Vec<_> = first.iter().chain(&second).collect();
    assert!(all.is_sorted_by_key(|row| row.id));
    let mut sizes: Vec<_> = all.iter().map(|row| row.size.get()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2, 3]);
    library.collect_derived().await;
    library.finish().await;
}

#[tokio::test]
async fn what_is_taken_in_while_the_file_goes_and_the_collector_waits_goes_too() {
    let library = Library::open().await;
    let copy = library.put_media("a.png", 1, 5).await;
    let (store, client) = (library.store.clone(), library.client);
    let removing = async move { store.remove(client, path("a.png"), NOW).await.map(|_| ()) }.boxed();
    let (store, made) = (library.store.clone(), library.deriving(copy, &[("a.webp", 7, 10)]));
    let deriving = async move { store.derive(made).await.map(|_| ()) }.boxed();
    let store = library.store.clone();
    let condemning = async move { store.condemn_blobs(NOW, NOW).await.map(|_| ()) }.boxed();
    let calls = vec![removing, deriving, condemning];
    let done = run_into_each_other(&library.store, HOLD_BLOB, &copy.to_string(), calls).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    library.store.condemn_blobs(later(1), later(1)).await.unwrap();
    assert_eq!(library.spent_derived().await.len(), 1, "it was taken in and goes with its source, or never was");
    library.collect_derived().await;
    assert_eq!(library.derived_bytes().await, 0);
    library.store.forget_blobs(vec![copy]).await.unwrap();
    library.finish().await;
}
