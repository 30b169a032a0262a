//! Moving and renaming files, in every combination of where they are, where they go, and what is there.

use reelshelf_domain::{DisplayName, Error, SystemChance, Taken, Thing};

use super::super::Relocation;
use super::{Library, NOW, TEMP_LIFE, assert_refused, hash, later, path};

#[tokio::test]
async fn a_file_is_renamed_moved_or_both_and_its_copy_stays() {
    let library = Library::open().await;
    library.make("x").await.unwrap();
    library.put("a.png", 1, 5).await;
    let before = library.store.delivered(library.client, &path("a.png")).await.unwrap().unwrap();
    for (from, to) in [("a.png", "b10.png"), ("b10.png", "x/b10.png"), ("x/b10.png", "new/deep/c.png")] {
        library.relocate(from, to).await.unwrap();
        assert_refused!(library.asset(from).await, Error::NotFound(Thing::File));
        let after = library.store.delivered(library.client, &path(to)).await.unwrap().unwrap();
        assert_eq!((after.id, after.blob), (before.id, before.blob));
        assert_eq!(after.modified_at, before.modified_at, "its bytes did not change");
    }
    assert_eq!(library.counts("").await, [0; 5]);
    assert_eq!(library.counts("x").await, [0; 5]);
    assert_eq!(library.counts("new/deep").await, [1, 0, 0, 0, 5]);
    assert_eq!(library.bytes().await, [5, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_file_that_is_renamed_takes_the_display_name_given_with_it_and_else_keeps_its_own() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.relocate("a.png", "b.png").await.unwrap();
    assert_eq!(library.asset("b.png").await.unwrap().display_name.as_str(), "a.png");
    let named =
        |from, to, name| Relocation { display_name: Some(DisplayName::of(name)), ..library.relocation(from, to) };
    library.store.relocate(named("b.png", "c_.png", "c é.png"), &SystemChance).await.unwrap();
    assert_eq!(library.asset("c_.png").await.unwrap().display_name.as_str(), "c é.png");
    library.store.relocate(named("c_.png", "c_.png", "c ü.png"), &SystemChance).await.unwrap();
    assert_eq!(library.asset("c_.png").await.unwrap().display_name.as_str(), "c ü.png", "onto itself, renamed");
    library.finish().await;
}

#[tokio::test]
async fn a_file_moved_onto_itself_stays_as_it_is() {
    let library = Library::open().await;
    library.put("x/a.png", 1, 5).await;
    library.relocate("x/a.png", "x/a.png").await.unwrap();
    library.relocate_over("x/a.png", "x/a.png").await.unwrap();
    assert_eq!(library.asset("x/a.png").await.unwrap().hash, Some(hash(1)));
    assert_refused!(library.relocate("x/b.png", "x/b.png").await, Error::NotFound(Thing::File));
    library.finish().await;
}

#[tokio::test]
async fn a_name_in_use_at_the_destination_is_refused_and_changes_nothing() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.put("b.png", 2, 6).await;
    library.put("x/a.png", 3, 7).await;
    library.register("x/pending.png", 9).await.unwrap();
    for to in ["b.png", "x/a.png", "x/pending.png"] {
        assert_refused!(library.relocate("a.png", to).await, Error::Taken(Taken::FileAtDestination));
    }
    assert_eq!(library.asset("a.png").await.unwrap().hash, Some(hash(1)));
    assert_eq!(library.counts("x").await, [2, 0, 0, 0, 7]);
    library.relocate("a.png", "B.png").await.expect("names tell case apart");
    library.finish().await;
}

#[tokio::test]
async fn a_file_that_is_replaced_by_a_move_gives_back_what_it_took() {
    let library = Library::with_storage(Some(100)).await;
    library.put("a.png", 1, 5).await;
    library.put("b.png", 2, 6).await;
    library.put("x/a.png", 3, 7).await;
    let pending = library.register("x/pending.png", 50).await.unwrap().upload;
    library.relocate_over("a.png", "b.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("").await), ([12, 50, 0, 0], [1, 0, 0, 0, 5]));
    library.relocate_over("b.png", "x/a.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("x").await), ([5, 50, 0, 0], [2, 0, 0, 0, 5]));
    library.relocate_over("x/a.png", "x/pending.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("x").await), ([5, 0, 0, 0], [1, 0, 0, 0, 5]));
    assert_eq!(library.counts("").await, [0; 5]);
    assert_refused!(library.store.upload(pending).await, Error::NotFound(Thing::Upload));
    assert_eq!(library.asset("x/pending.png").await.unwrap().hash, Some(hash(1)));
    assert_eq!(library.store.condemn_blobs(NOW, NOW).await.unwrap(), 2);
    library.finish().await;
}

#[tokio::test]
async fn a_pending_file_moves_with_its_upload_and_its_reservation() {
    let library = Library::with_storage(Some(20)).await;
    let upload = library.register("a.png", 5).await.unwrap().upload;
    library.relocate("a.png", "x/b.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("x").await), ([0, 5, 0, 0], [1, 0, 0, 0, 0]));
    library.relocate("x/b.png", "temp/b.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("temp").await), ([0, 0, 0, 5], [1, 0, 0, 0, 0]));
    assert_eq!(library.asset("temp/b.png").await.unwrap().expires_at, None, "its time begins with its bytes");
    library.commit(upload, 1, 5).await.unwrap();
    assert_eq!(library.bytes().await, [0, 0, 5, 0]);
    assert_eq!(library.asset("temp/b.png").await.unwrap().expires_at, Some(NOW.plus(TEMP_LIFE)));
    let back = library.register("temp/c.png", 6).await.unwrap().upload;
    library.relocate("temp/c.png", "c.png").await.unwrap();
    assert_eq!(library.bytes().await, [0, 6, 5, 0]);
    library.commit(back, 2, 6).await.unwrap();
    assert_eq!(library.asset("c.png").await.unwrap().expires_at, None);
    library.finish().await;
}

#[tokio::test]
async fn a_pending_file_that_moves_over_another_replaces_it_when_its_bytes_come() {
    let library = Library::with_storage(Some(20)).await;
    library.put("x/a.png", 1, 5).await;
    let upload = library.register("b.png", 9).await.unwrap().upload;
    assert_refused!(library.relocate("b.png", "x/a.png").await, Error::Taken(Taken::FileAtDestination));
    library.relocate_over("b.png", "x/a.png").await.unwrap();
    assert_refused!(library.asset("b.png").await, Error::NotFound(Thing::File));
    assert_eq!(library.asset("x/a.png").await.unwrap().hash, Some(hash(1)), "until then it keeps its bytes");
    assert_eq!((library.bytes().await, library.counts("").await), ([5, 9, 0, 0], [0; 5]));
    library.commit(upload, 2, 9).await.unwrap();
    assert_eq!(library.asset("x/a.png").await.unwrap().hash, Some(hash(2)));
    assert_eq!((library.bytes().await, library.counts("x").await), ([9, 0, 0, 0], [1, 0, 0, 0, 9]));
    let upload = library.register("temp/c.png", 7).await.unwrap().upload;
    library.relocate_over("temp/c.png", "x/a.png").await.unwrap();
    assert_eq!((library.bytes().await, library.counts("temp").await), ([9, 7, 0, 0], [0; 5]));
    assert!(library.store.abandon_upload(upload, NOW).await.unwrap());
    assert!(library.asset("x/a.png").await.unwrap().uploaded);
    library.finish().await;
}

#[tokio::test]
async fn into_temp_gives_bytes_free_and_out_of_it_needs_room() {
    let library = Library::with_storage(Some(10)).await;
    library.put("a.png", 1, 8).await;
    library.relocate("a.png", "temp/a.png").await.unwrap();
    assert_eq!(library.bytes().await, [0, 0, 8, 0]);
    assert_eq!(library.asset("temp/a.png").await.unwrap().expires_at, Some(NOW.plus(TEMP_LIFE)));
    library.put("b.png", 2, 3).await;
    assert_refused!(library.relocate("temp/a.png", "a.png").await, Error::StorageBlocked);
    assert_eq!(library.bytes().await, [3, 0, 8, 0]);
    library.relocate_over("temp/a.png", "b.png").await.expect("what it replaces makes room");
    assert_eq!(library.bytes().await, [8, 0, 0, 0]);
    assert_eq!(library.asset("b.png").await.unwrap().expires_at, None);
    library.finish().await;
}

#[tokio::test]
async fn a_file_that_moves_inside_temp_keeps_its_time() {
    let library = Library::open().await;
    library.put("temp/a.png", 1, 5).await;
    let later = Relocation { temp_expires_at: later(99_999), ..library.relocation("temp/a.png", "temp/x/a.png") };
    library.store.relocate(later, &SystemChance).await.unwrap();
    assert_eq!(library.asset("temp/x/a.png").await.unwrap().expires_at, Some(NOW.plus(TEMP_LIFE)));
    assert_eq!(library.bytes().await, [0, 0, 5, 0]);
    library.finish().await;
}

#[tokio::test]
async fn replacing_across_the_line_of_temp_counts_on_both_sides() {
    let library = Library::open().await;
    library.put("a.png", 1, 8).await;
    library.put("temp/a.png", 2, 3).await;
    library.relocate_over("a.png", "temp/a.png").await.unwrap();
    assert_eq!(library.bytes().await, [0, 0, 8, 0]);
    assert_eq!((library.counts("").await, library.counts("temp").await), ([0; 5], [1, 0, 0, 0, 8]));
    library.put("b.png", 3, 2).await;
    library.relocate_over("temp/a.png", "b.png").await.unwrap();
    assert_eq!(library.bytes().await, [8, 0, 0, 0]);
    assert_eq!((library.counts("").await, library.counts("temp").await), ([1, 0, 0, 0, 8], [0; 5]));
    library.finish().await;
}

#[tokio::test]
async fn temp_has_room_for_no_more_than_its_limit_by_a_move_either() {
    let library = Library::open().await;
    library.put("temp/a.png", 1, 995).await;
    library.put("b.png", 2, 6).await;
    let full = library.relocate("b.png", "temp/b.png").await;
    assert_refused!(full, Error::LimitReached { what: "temporary files", .. });
    assert_eq!(library.bytes().await, [6, 0, 995, 0]);
    library.relocate_over("b.png", "temp/a.png").await.expect("what it replaces makes room");
    assert_eq!(library.bytes().await, [0, 0, 6, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_hold_lets_files_into_temp_and_not_out_of_it() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.put("temp/b.png", 2, 5).await;
    library.store.hold(library.client, "unpaid".to_owned(), NOW).await.unwrap();
    library.relocate("a.png", "temp/a.png").await.unwrap();
    assert_refused!(library.relocate("temp/b.png", "b.png").await, Error::StorageBlocked);
    library.relocate("temp/b.png", "temp/c.png").await.unwrap();
    assert_eq!(library.bytes().await, [0, 0, 10, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_move_that_fails_makes_no_folder() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    assert_refused!(library.relocate("none.png", "x/none.png").await, Error::NotFound(Thing::File));
    assert_refused!(library.relocate("none/a.png", "x/a.png").await, Error::NotFound(Thing::File));
    let narrow = Relocation { folder_limit: 3, ..library.relocation("a.png", "x/y/a.png") };
    let refused = library.store.relocate(narrow, &SystemChance).await;
    assert_refused!(refused, Error::LimitReached { what: "folders of a client", .. });
    assert_eq!(library.store.tree(library.client).await.unwrap().len(), 2);
    assert_eq!(library.asset("a.png").await.unwrap().hash, Some(hash(1)));
    library.finish().await;
}
