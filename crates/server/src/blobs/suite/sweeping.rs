//! Objects without a row, and how old they are.

use std::time::Duration;

use reelshelf_domain::Clock;

use super::{Shelf, new_key, store};
use crate::blobs::{BlobKey, collect, sweep_orphans};
use crate::store::suite::{NOW, World};

#[tokio::test]
async fn the_sweep_takes_old_objects_without_a_row_and_leaves_young_ones_and_strangers() {
    let world = World::open().await;
    let client = world.add_client().await;
    for shelf in Shelf::all().await {
        let kept = store(&shelf, &world, client, "kept.png").await;
        let condemned = store(&shelf, &world, client, "condemned.png").await;
        world.store.remove(client, "condemned.png".parse().unwrap(), NOW).await.unwrap();
        world.store.condemn_blobs(NOW, NOW).await.unwrap();
        let later = NOW.plus(Duration::from_secs(1));
        let young = new_key(later);
        shelf.blobs.commit(young, shelf.filled(b"young").await).await.unwrap();
        for _ in 0..3 {
            let left = shelf.put(b"left by a crash").await;
            shelf.stamp(left, NOW);
        }
        assert_eq!(sweep_orphans(&world.store, &shelf.blobs, NOW, NOW).await.unwrap(), 0, "none is older than that");
        assert_eq!(sweep_orphans(&world.store, &shelf.blobs, later, later).await.unwrap(), 3);
        let mut left = vec![kept, condemned, young];
        left.sort_by_key(BlobKey::blob);
        assert_eq!(shelf.keys().await, left, "what is condemned is the collector's");
        collect(&world.store, &shelf.blobs, later).await.unwrap();
        world.store.remove(client, "kept.png".parse().unwrap(), NOW).await.unwrap();
        collect(&world.store, &shelf.blobs, later).await.unwrap();
        assert_eq!(shelf.keys().await, [young]);
        shelf.finish().await;
    }
    world.close().await;
}

/// Its commit took longer than an orphan may live, and the sweep came between it and its row.
#[tokio::test]
async fn an_object_whose_commit_took_long_is_no_orphan_when_it_comes() {
    let world = World::open().await;
    for shelf in Shelf::all().await {
        let key = new_key(NOW);
        let filled = shelf.filled(b"slow").await;
        shelf.clock.advance(Duration::from_hours(2));
        let there = shelf.clock.now();
        shelf.blobs.commit(key, filled).await.unwrap();
        shelf.stamp(key, there);
        assert_eq!(sweep_orphans(&world.store, &shelf.blobs, there, there).await.unwrap(), 0);
        assert_eq!(shelf.keys().await, [key]);
        let later = there.plus(Duration::from_millis(1));
        assert_eq!(sweep_orphans(&world.store, &shelf.blobs, later, later).await.unwrap(), 1);
        shelf.finish().await;
    }
    world.close().await;
}

/// The clock of the bucket is behind ours, or it says when an upload of parts began.
#[tokio::test]
async fn an_object_is_never_older_than_its_name() {
    let world = World::open().await;
    for shelf in Shelf::all().await {
        let later = NOW.plus(Duration::from_hours(2));
        let key = new_key(later);
        shelf.blobs.commit(key, shelf.filled(b"ahead").await).await.unwrap();
        shelf.stamp(key, NOW);
        assert_eq!(sweep_orphans(&world.store, &shelf.blobs, later, later).await.unwrap(), 0);
        assert_eq!(shelf.keys().await, [key]);
        shelf.finish().await;
    }
    world.close().await;
}
