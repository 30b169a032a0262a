//! Many at once: counters stay exact, limits hold to the byte, nobody deadlocks.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::join_all;
use reelshelf_domain::{ByteSize, Denial, Error, Result, SystemChance, Taken, Thing};

use super::super::{Committed, FolderMove};
use super::world::{Call, run_into_each_other};
use super::{
    FOLDER_LIMIT, Library, NOW, TEMP_LIMIT, arrived, assert_refused, folder, later, path, registration, relocation,
};

const HOLD_CLIENT: &str = "UPDATE clients SET folders = folders WHERE id = $1";

/// Runs so many tasks at once, each with its number.
async fn at_once<F, T>(count: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(task(number))).collect();
    join_all(tasks).await.into_iter().map(std::result::Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_uploads_into_room_for_23_exactly_23_are_registered() {
    let library = Library::with_storage(Some(23 * 7 + 6)).await;
    let (store, client) = (library.store.clone(), library.client);
    let registered = at_once(64, |number| {
        let store = store.clone();
        let at = format!("folder{}/{number}.png", number % 3);
        async move { store.register(registration(client, &at, 7), &SystemChance).await }
    })
    .await;
    let (fit, refused): (Vec<_>, Vec<_>) = registered.into_iter().partition(Result::is_ok);
    assert_eq!(fit.len(), 23);
    assert!(refused.iter().all(|error| matches!(error, Err(Error::StorageBlocked))), "{refused:?}");
    assert_eq!(library.bytes().await, [0, 23 * 7, 0, 0]);
    let uploads: Vec<_> = fit.into_iter().map(|registered| registered.unwrap().upload).collect();
    let committed = at_once(23, |number| {
        let (store, upload) = (store.clone(), uploads[number as usize]);
        async move { store.commit_upload(arrived(upload, u8::try_from(number).unwrap() % 5, 7)).await }
    })
    .await;
    assert!(committed.iter().all(Result::is_ok), "{committed:?}");
    assert_eq!(library.bytes().await, [23 * 7, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_one_name_one_gets_it() {
    let library = Library::open().await;
    let (store, client) = (library.store.clone(), library.client);
    let registered = at_once(32, |_| {
        let store = store.clone();
        async move { store.register(registration(client, "a/b/c/same.png", 7), &SystemChance).await }
    })
    .await;
    assert_eq!(registered.iter().filter(|registered| registered.is_ok()).count(), 1);
    for refused in registered.into_iter().filter(Result::is_err) {
        assert_refused!(refused, Error::Taken(Taken::FileAtUpload));
    }
    assert_eq!(library.bytes().await, [0, 7, 0, 0]);
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_transfers_of_one_upload_store_one_file() {
    for same in [true, false] {
        let library = Library::open().await;
        let upload = library.register("a.png", 5).await.unwrap().upload;
        let store = library.store.clone();
        let committed = at_once(8, |number| {
            let store = store.clone();
            let mark = if same { 1 } else { u8::try_from(number).unwrap() };
            async move { store.commit_upload(arrived(upload, mark, 5)).await }
        })
        .await;
        let stored = committed.iter().filter(|done| matches!(done, Ok(Committed::Stored))).count();
        assert_eq!(stored, 1, "{committed:?}");
        let rest = committed.iter().filter(|done| match done {
            Ok(Committed::Again) => same,
            Err(Error::Denied(Denial::OtherBytes)) => !same,
            _ => false,
        });
        assert_eq!(rest.count(), 7, "{committed:?}");
        assert_eq!(library.bytes().await, [5, 0, 0, 0]);
        library.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_places_at_once_end_up_somewhere_and_are_counted_there() {
    let library = Library::open().await;
    library.put("x/one.png", 1, 5).await;
    library.put("temp/two.png", 2, 7).await;
    for _ in 0..10 {
        let moves = [("x/one.png", "temp/one.png"), ("temp/two.png", "x/two.png"), ("x/one.png", "x/two.png")];
        let (store, client) = (library.store.clone(), library.client);
        let forth = at_once(3, |number| {
            let (store, (from, to)) = (store.clone(), moves[number as usize]);
            async move { store.relocate(relocation(client, from, to), &SystemChance).await }
        })
        .await;
        for error in forth.into_iter().filter_map(Result::err) {
            assert!(matches!(error, Error::NotFound(Thing::File) | Error::Taken(Taken::FileAtDestination)), "{error}");
        }
        let _ = library.relocate("temp/one.png", "x/one.png").await;
        let _ = library.relocate("x/two.png", "temp/two.png").await;
        let _ = library.relocate("temp/two.png", "x/one.png").await;
        let [used, _, temp, _] = library.bytes().await;
        assert_eq!(used + temp, 12, "nothing is lost and nothing is counted twice");
        super::assert_clean(&library.store).await;
    }
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_moved_there_and_another_moved_back_do_not_wait_for_each_other() {
    let library = Library::open().await;
    for number in 0..8 {
        library.put(&format!("a/{number}.png"), number, 1).await;
        library.put(&format!("b/{}.png", number + 100), number + 100, 1).await;
    }
    let (store, client) = (library.store.clone(), library.client);
    let moved = at_once(16, |number| {
        let store = store.clone();
        let (from, to) = if number < 8 {
            (format!("a/{number}.png"), format!("b/{number}.png"))
        } else {
            (format!("b/{}.png", number + 92), format!("a/{}.png", number + 92))
        };
        async move { store.relocate(relocation(client, &from, &to), &SystemChance).await }
    })
    .await;
    assert!(moved.iter().all(Result::is_ok), "{moved:?}");
    assert_eq!((library.counts("a").await, library.counts("b").await), ([8, 0, 0, 0, 8], [8, 0, 0, 0, 8]));
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_moved_below_each_other_at_once_never_make_a_ring() {
    let library = Library::open().await;
    library.make("a").await.unwrap();
    library.make("b").await.unwrap();
    for _ in 0..10 {
        let (store, client) = (library.store.clone(), library.client);
        let moved = at_once(2, |number| {
            let store = store.clone();
            let (from, to) = if number == 0 { ("a", "b/a") } else { ("b", "a/b") };
            let change = FolderMove::new(client, folder(from), folder(to), FOLDER_LIMIT, NOW, &SystemChance).unwrap();
            async move { store.move_folder(change).await }
        })
        .await;
        assert!(moved.iter().any(Result::is_ok), "{moved:?}");
        let tree = library.store.tree(library.client).await.unwrap();
        assert!(tree.len() >= 4, "a folder is below no root: {tree:?}");
        for (from, to) in [("b/a", "a"), ("a/b", "b")] {
            let back = FolderMove::new(client, folder(from), folder(to), FOLDER_LIMIT, NOW, &SystemChance).unwrap();
            let _ = library.store.move_folder(back).await;
        }
        let _ = (library.make("a").await, library.make("b").await);
    }
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_deleted_while_its_bytes_are_committed_leaves_nothing() {
    let library = Library::open().await;
    for round in 0..20 {
        let at = format!("x{round}/a.png");
        let upload = library.register(&at, 5).await.unwrap().upload;
        let (store, client) = (Arc::new(library.store.clone()), library.client);
        let done = at_once(3, |number| {
            let (store, at) = (Arc::clone(&store), at.clone());
            async move {
                match number {
                    0 => store.commit_upload(arrived(upload, 1, 5)).await.map(|_| ()),
                    1 => store.remove(client, path(&at), NOW).await.map(|_| ()),
                    _ => store.remove_folder(client, path(&at).folder, true, NOW).await,
                }
            }
        })
        .await;
        for error in done.into_iter().filter_map(Result::err) {
            assert!(matches!(error, Error::Denied(Denial::Gone) | Error::NotFound(_)), "{error}");
        }
        assert_eq!(library.bytes().await, [0; 4]);
    }
    library.store.condemn_blobs(NOW, NOW).await.unwrap();
    assert!(library.store.blobs_after("", 10).await.unwrap().is_empty());
    library.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_on_two_clients_and_from_two_processes_deadlocks_nowhere() {
    let library = Library::open().await;
    let another = library.world.another().await;
    let other = super::add_client(&library.store, None).await;
    let done = at_once(24, |number| {
        let store = if number % 2 == 0 { library.store.clone() } else { another.clone() };
        let client = if number % 3 == 0 { other } else { library.client };
        async move {
            let mut unexpected = Vec::new();
            for round in 0..6 {
                let (at, to) = (format!("f{}/{number}.png", round % 2), format!("temp/f{}/{number}.png", round % 3));
                let registration = super::Registration { overwrite: true, ..registration(client, &at, 3) };
                let mut results: Vec<Result<()>> = Vec::new();
                match store.register(registration, &SystemChance).await {
                    Ok(made) => {
                        let step = ByteSize::new(4);
                        let extended =
                            store.extend_upload(made.upload, (step, step), later(200), TEMP_LIMIT, NOW).await;
                        results.push(extended.map(|_| ()));
                        results.push(store.renew_upload(made.upload, later(300)).await);
                        let bytes = arrived(made.upload, u8::try_from(round).unwrap(), 3);
                        results.push(store.commit_upload(bytes).await.map(|_| ()));
                    }
                    Err(error) => results.push(Err(error)),
                }
                let move_over = super::Relocation { overwrite: true, ..relocation(client, &at, &to) };
                results.push(store.relocate(move_over, &SystemChance).await);
                results.push(store.condemn_blobs(NOW, NOW).await.map(|_| ()));
                if round % 3 == 2 {
                    results.push(store.remove_folder(client, folder("f0"), true, NOW).await);
                }
                let expected = |error: &Error| matches!(error, Error::NotFound(_) | Error::Denied(Denial::Gone));
                unexpected.extend(results.into_iter().filter_map(Result::err).filter(|error| !expected(error)));
            }
            unexpected
        }
    })
    .await;
    let unexpected: Vec<_> = done.into_iter().flatten().collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    another.close().await;
    library.finish().await;
}

fn moving(library: &Library, from: &'static str, to: &'static str) -> Call {
    let (store, client) = (library.store.clone(), library.client);
    async move { store.relocate(relocation(client, from, to), &SystemChance).await }.boxed()
}

/// The step was reserved where the file had been when the upload was looked up.
#[tokio::test]
async fn an_upload_that_is_extended_while_its_file_moves_into_temp_reserves_there() {
    let library = Library::open().await;
    library.make("temp/x").await.unwrap();
    let upload = library.register("a.png", 5).await.unwrap().upload;
    let store = library.store.clone();
    let step = (ByteSize::new(16), ByteSize::new(16));
    let extend = async move { store.extend_upload(upload, step, later(300), TEMP_LIMIT, NOW).await.map(|_| ()) };
    let calls = vec![moving(&library, "a.png", "temp/x/a.png"), extend.boxed()];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(library.bytes().await, [0, 0, 0, 21]);
    library.finish().await;
}

/// The end was counted where the file had been when the upload was looked up.
#[tokio::test]
async fn an_upload_that_ends_while_its_file_moves_is_counted_where_it_went() {
    let library = Library::open().await;
    library.register("keep.png", 9).await.unwrap();
    let upload = library.register("x/a.png", 5).await.unwrap().upload;
    let store = library.store.clone();
    let end = async move { store.abandon_upload(upload, NOW).await.map(|ended| assert!(ended)) };
    let calls = vec![moving(&library, "x/a.png", "temp/a.png"), end.boxed()];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    // Where the end comes first, nothing is left to move.
    assert!(matches!(done[..], [Ok(()) | Err(Error::NotFound(_)), Ok(())]), "{done:?}");
    assert_eq!(library.bytes().await, [0, 9, 0, 0]);
    assert_eq!((library.counts("x").await, library.counts("temp").await), ([0; 5], [0; 5]));
    library.finish().await;
}

#[tokio::test]
async fn bytes_that_come_while_their_file_moves_are_counted_where_it_went() {
    let library = Library::open().await;
    let upload = library.register("x/a.png", 5).await.unwrap().upload;
    let store = library.store.clone();
    let commit = async move { store.commit_upload(arrived(upload, 1, 5)).await.map(|_| ()) };
    let calls = vec![moving(&library, "x/a.png", "temp/a.png"), commit.boxed()];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(library.bytes().await, [0, 0, 5, 0]);
    assert!(library.asset("temp/a.png").await.unwrap().expires_at.is_some());
    library.finish().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_while_it_moves_is_not_deleted_where_it_was() {
    let library = Library::open().await;
    library.put("x/a.png", 1, 5).await;
    let (store, client) = (library.store.clone(), library.client);
    let remove = async move { store.remove(client, path("x/a.png"), NOW).await.map(|_| ()) };
    let calls = vec![moving(&library, "x/a.png", "temp/a.png"), remove.boxed()];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    // Whichever of the two PostgreSQL lets go first, the other comes too late.
    let left = match done[..] {
        [Ok(()), Err(Error::NotFound(Thing::File))] => 5,
        [Err(Error::NotFound(Thing::File)), Ok(())] => 0,
        _ => panic!("{done:?}"),
    };
    assert_eq!(library.bytes().await, [0, 0, left, 0]);
    library.finish().await;
}

/// The row was found under its old name, and deleted under the new one that somebody had just been promised.
#[tokio::test]
async fn a_file_that_is_renamed_while_its_old_name_is_deleted_stays() {
    let library = Library::open().await;
    library.put("x/a.png", 1, 5).await;
    let (store, client) = (library.store.clone(), library.client);
    let remove = async move { store.remove(client, path("x/a.png"), NOW).await.map(|_| ()) };
    let calls = vec![moving(&library, "x/a.png", "x/b.png"), remove.boxed(), moving(&library, "x/a.png", "x/c.png")];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    // Who waits for a row on PostgreSQL mostly gets it in turn, and not always. One is first, and the others come too late.
    let left = match done[..] {
        [Ok(()), Err(Error::NotFound(_)), Err(Error::NotFound(_))] => Some("x/b.png"),
        [Err(Error::NotFound(_)), Err(Error::NotFound(_)), Ok(())] => Some("x/c.png"),
        [Err(Error::NotFound(_)), Ok(()), Err(Error::NotFound(_))] => None,
        _ => panic!("{done:?}"),
    };
    if let Some(left) = left {
        assert!(library.asset(left).await.unwrap().uploaded);
    }
    assert_eq!(library.counts("x").await[0], i64::from(left.is_some()));
    library.finish().await;
}

#[tokio::test]
async fn a_file_that_moves_into_a_folder_that_goes_finds_a_place_all_the_same() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.put("x/y/old.png", 2, 7).await;
    let (store, client) = (library.store.clone(), library.client);
    let remove = async move { store.remove_folder(client, folder("x"), true, NOW).await };
    let calls = vec![remove.boxed(), moving(&library, "a.png", "x/y/a.png")];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(library.counts("x/y").await, [1, 0, 0, 0, 5]);
    assert_eq!(library.bytes().await, [5, 0, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn files_that_wait_for_each_others_places_each_find_what_is_there_then() {
    let library = Library::open().await;
    library.put("x/a.png", 1, 5).await;
    library.put("y/b.png", 2, 7).await;
    let over = |from: &'static str, to: &'static str| {
        let (store, client) = (library.store.clone(), library.client);
        let relocation = super::Relocation { overwrite: true, ..relocation(client, from, to) };
        async move { store.relocate(relocation, &SystemChance).await }.boxed()
    };
    let calls = vec![over("x/a.png", "y/b.png"), over("y/b.png", "x/a.png")];
    let done = run_into_each_other(&library.store, HOLD_CLIENT, library.client.as_str(), calls).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    // Whichever came first was moved on by the other.
    let found = (library.bytes().await, library.counts("x").await, library.counts("y").await);
    let orders = [([5, 0, 0, 0], [1, 0, 0, 0, 5], [0; 5]), ([7, 0, 0, 0], [0; 5], [1, 0, 0, 0, 7])];
    assert!(orders.contains(&found), "{found:?}");
    library.finish().await;
}
