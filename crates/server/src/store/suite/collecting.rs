//! Which copies go, and which must not.

use std::collections::HashSet;

use futures::FutureExt;
use reelshelf_domain::{BlobId, Denial, Error, SystemChance};

use super::super::Store;
use super::world::run_into_each_other;
use super::{Library, NOW, arrived, later, path};

const HOLD_BLOB: &str = "UPDATE blobs SET touched_at = touched_at WHERE id = $1";

async fn blob(library: &Library, at: &str) -> BlobId {
    library.store.delivered(library.client, &path(at)).await.unwrap().unwrap().blob
}

async fn condemned(store: &Store) -> Vec<BlobId> {
    store.condemned_blobs(100).await.unwrap().into_iter().map(|copy| copy.id).collect()
}

#[tokio::test]
async fn a_copy_goes_when_its_last_file_is_gone_and_not_before() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.put("b.png", 1, 5).await;
    let spare = condemned(&library.store).await;
    let copy = blob(&library, "a.png").await;
    library.remove("a.png").await.unwrap();
    assert_eq!(library.store.condemn_blobs(later(9), later(9)).await.unwrap(), 0);
    library.remove("b.png").await.unwrap();
    assert_eq!(
        library.store.condemn_blobs(later(0).minus(std::time::Duration::from_millis(1)), later(9)).await.unwrap(),
        0
    );
    assert!(library.store.expects_blob(copy).await.unwrap());
    assert_eq!(library.store.condemn_blobs(NOW, later(9)).await.unwrap(), 1);
    assert!(!library.store.expects_blob(copy).await.unwrap());
    assert_eq!(condemned(&library.store).await, [spare.clone(), vec![copy]].concat(), "the oldest verdict first");
    library.store.forget_blobs(spare).await.unwrap();
    assert_eq!(condemned(&library.store).await, [copy]);
    library.store.forget_blobs(vec![copy]).await.unwrap();
    assert!(library.store.known_blobs(&[copy]).await.unwrap().is_empty());
    library.finish().await;
}

#[tokio::test]
async fn a_copy_that_is_wanted_again_before_the_collector_came_stays() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    let copy = blob(&library, "a.png").await;
    library.remove("a.png").await.unwrap();
    library.put("b.png", 1, 5).await;
    assert_eq!(blob(&library, "b.png").await, copy);
    assert_eq!(library.store.condemn_blobs(later(9), later(9)).await.unwrap(), 0);
    assert!(library.store.expects_blob(copy).await.unwrap());
    library.finish().await;
}

#[tokio::test]
async fn a_condemned_copy_is_never_used_again() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    let copy = blob(&library, "a.png").await;
    library.remove("a.png").await.unwrap();
    assert_eq!(library.store.condemn_blobs(NOW, NOW).await.unwrap(), 1);
    library.put("b.png", 1, 5).await;
    let fresh = blob(&library, "b.png").await;
    assert_ne!(fresh, copy);
    assert_eq!(library.store.condemn_blobs(later(9), NOW).await.unwrap(), 0, "the older verdict pardons nobody");
    assert_eq!(condemned(&library.store).await, [copy]);
    library.store.forget_blobs(vec![copy, fresh]).await.unwrap();
    assert!(library.store.expects_blob(fresh).await.unwrap(), "what is not condemned is not forgotten");
    library.finish().await;
}

#[tokio::test]
async fn the_copies_that_must_be_there_are_listed_in_order_and_page_by_page() {
    let library = Library::open().await;
    for mark in 1..=5 {
        library.put(&format!("{mark}.png"), mark, u64::from(mark)).await;
    }
    library.remove("3.png").await.unwrap();
    library.store.condemn_blobs(NOW, NOW).await.unwrap();
    let mut after = String::new();
    let mut seen = Vec::new();
    loop {
        let page = library.store.blobs_after(&after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id.to_string();
        seen.extend(page.iter().map(|row| (row.id, row.size.get())));
    }
    assert!(seen.is_sorted_by_key(|(id, _)| *id));
    let mut sizes: Vec<_> = seen.iter().map(|(_, size)| *size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2, 4, 5]);
    library.finish().await;
}

#[tokio::test]
async fn known_copies_are_told_from_unknown_ones_however_many_are_asked_for() {
    let library = Library::open().await;
    let mut known = HashSet::new();
    for mark in 1..=20 {
        let at = format!("{mark}.png");
        library.put(&at, mark, 1).await;
        known.insert(blob(&library, &at).await);
    }
    let unknown = || BlobId::generate(NOW, &SystemChance).unwrap();
    for count in [0, 1, 15, 16, 17, 20] {
        let some: HashSet<_> = known.iter().copied().take(count).collect();
        let asked: Vec<_> = some.iter().copied().chain([unknown(), unknown()]).collect();
        assert_eq!(library.store.known_blobs(&asked).await.unwrap(), some);
    }
    assert!(library.store.known_blobs(&[]).await.unwrap().is_empty());
    library.finish().await;
}

/// The collector looked at the files of the moment before it waited for the row, found one that was just going, and
/// forgot that the copy was ever released.
#[tokio::test]
async fn a_copy_whose_last_file_goes_while_the_collector_waits_is_not_kept_for_ever() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    library.put("b.png", 1, 5).await;
    let copy = blob(&library, "a.png").await;
    library.remove("a.png").await.unwrap();
    let (store, client) = (library.store.clone(), library.client);
    let removing = async move { store.remove(client, path("b.png"), NOW).await.map(|_| ()) }.boxed();
    let store = library.store.clone();
    let condemning = async move { store.condemn_blobs(NOW, NOW).await.map(|_| ()) }.boxed();
    let done = run_into_each_other(&library.store, HOLD_BLOB, &copy.to_string(), vec![removing, condemning]).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    library.store.condemn_blobs(later(9), later(9)).await.unwrap();
    assert!(!library.store.expects_blob(copy).await.unwrap(), "nobody refers to it and it stays");
    library.finish().await;
}

/// The same look at the past, the other way: the collector would have condemned a copy that got a file again.
#[tokio::test]
async fn a_copy_that_gets_a_file_while_the_collector_waits_is_not_condemned() {
    let library = Library::open().await;
    library.put("a.png", 1, 5).await;
    let copy = blob(&library, "a.png").await;
    library.remove("a.png").await.unwrap();
    let mut calls = Vec::new();
    for at in ["b.png", "c.png"] {
        let upload = library.register(at, 5).await.unwrap().upload;
        let store = library.store.clone();
        calls.push(async move { store.commit_upload(arrived(upload, 1, 5)).await.map(|_| ()) }.boxed());
    }
    let (store, client) = (library.store.clone(), library.client);
    calls.push(async move { store.remove(client, path("c.png"), NOW).await.map(|_| ()) }.boxed());
    let store = library.store.clone();
    calls.push(async move { store.condemn_blobs(NOW, NOW).await.map(|_| ()) }.boxed());
    let done = run_into_each_other(&library.store, HOLD_BLOB, &copy.to_string(), calls).await;
    // The second upload holds nothing yet: whether its file was there before it was removed is chance.
    let refused = done.iter().filter(|done| done.is_err()).count();
    assert!(refused == 0 || (refused == 1 && matches!(done[1], Err(Error::Denied(Denial::Gone)))), "{done:?}");
    // Whether that file came first, and has the old copy, or the verdict did, and it has a new one.
    let kept = blob(&library, "b.png").await;
    assert!(library.store.expects_blob(kept).await.unwrap());
    library.finish().await;
}

#[tokio::test]
async fn copies_released_touched_and_condemned_at_once_are_never_lost_and_never_left() {
    let library = Library::open().await;
    let tasks = (0..8).map(|number: u8| {
        let (store, client) = (library.store.clone(), library.client);
        tokio::spawn(async move {
            for round in 0..12 {
                // Few different bytes, so that tasks share copies.
                let at = format!("{number}.png");
                let registration = super::registration(client, &at, 5);
                let upload = store.register(registration, &SystemChance).await.unwrap().upload;
                store.commit_upload(arrived(upload, (number + round) % 3, 5)).await.unwrap();
                if round < 11 {
                    store.remove(client, path(&at), NOW).await.unwrap();
                }
                store.condemn_blobs(NOW, NOW).await.unwrap();
            }
        })
    });
    for task in futures::future::join_all(tasks.collect::<Vec<_>>()).await {
        task.unwrap();
    }
    library.store.condemn_blobs(NOW, NOW).await.unwrap();
    let kept: HashSet<_> = library.store.blobs_after("", 1000).await.unwrap().into_iter().map(|row| row.id).collect();
    let mut used = HashSet::new();
    for number in 0..8 {
        used.insert(blob(&library, &format!("{number}.png")).await);
    }
    assert_eq!(kept, used, "exactly the copies that files refer to");
    library.finish().await;
}
