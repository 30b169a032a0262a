//! The collector: the only code that deletes a blob.

use futures::{StreamExt, TryStreamExt};
use reelshelf_domain::{Result, UnixMillis};

use super::{BlobKey, Blobs};
use crate::store::{Condemned, Store};

/// How many objects are deleted between two looks at the database.
const BATCH: i64 = 200;
const AT_A_TIME: usize = 200;
/// How many objects are deleted at once.
const AT_ONCE: usize = 8;

/// Deletes what nobody needs any more: copies that no file refers to, what was made of them, and parts of uploads that are
/// done or gone. Answers how many went.
pub async fn collect(store: &Store, blobs: &Blobs, now: UnixMillis) -> Result<usize> {
    store.condemn_blobs(now, now).await?;
    // What was made of a copy goes before its row: nothing more is made of one that is condemned.
    let derived = collect_derived(store, blobs).await?;
    Ok(derived + collect_copies(store, blobs).await? + collect_parts(store, blobs).await?)
}

/// The objects first, then their rows.
async fn collect_derived(store: &Store, blobs: &Blobs) -> Result<usize> {
    let mut gone = 0;
    loop {
        let batch = store.spent_derived(BATCH).await?;
        if batch.is_empty() {
            return Ok(gone);
        }
        delete_all(blobs, batch.iter().map(|(id, client)| BlobKey::Derived(*client, *id)).collect()).await?;
        gone += batch.len();
        store.forget_derived(&batch).await?;
    }
}

/// The objects first, then their rows.
async fn collect_parts(store: &Store, blobs: &Blobs) -> Result<usize> {
    let mut gone = 0;
    loop {
        let batch = store.spent_parts(BATCH).await?;
        if batch.is_empty() {
            return Ok(gone);
        }
        let keys = batch.iter().map(|part| BlobKey::Part(part.client, part.id)).collect();
        delete_all(blobs, keys).await?;
        gone += batch.len();
        store.forget_parts(batch.into_iter().map(|part| part.id).collect()).await?;
    }
}

async fn delete_all(blobs: &Blobs, keys: Vec<BlobKey>) -> Result<()> {
    let deletes = futures::stream::iter(keys).map(|key| blobs.delete(key));
    deletes.buffer_unordered(AT_ONCE).try_collect().await
}

/// The objects of condemned copies first, then their rows.
async fn collect_copies(store: &Store, blobs: &Blobs) -> Result<usize> {
    let mut gone = 0;
    loop {
        let batch = store.condemned_blobs(BATCH).await?;
        if batch.is_empty() {
            return Ok(gone);
        }
        let keys = batch.iter().map(|condemned| BlobKey::Original(condemned.client, condemned.id)).collect();
        delete_all(blobs, keys).await?;
        gone += batch.len();
        store.forget_blobs(batch.into_iter().map(|condemned| condemned.id).collect()).await?;
    }
}

/// Deletes objects that no row speaks of: what a crash left between making bytes durable and committing their row. Only
/// those that are there since before `cutoff`: a younger one may be about to get its row. Answers how many went.
pub async fn sweep_orphans(store: &Store, blobs: &Blobs, cutoff: UnixMillis, now: UnixMillis) -> Result<usize> {
    let mut gone = 0;
    for shard in 0..=u8::MAX {
        let (objects, strangers) = blobs.list(shard).await?;
        for name in strangers {
            tracing::warn!(name, "an object that is none of ours is left alone");
        }
        let old = objects.into_iter().filter(|object| object.since() < cutoff).map(|object| object.key);
        let old: Vec<_> = old.collect();
        let known = store.known_blobs(&old.iter().map(BlobKey::blob).collect::<Vec<_>>()).await?;
        let orphans: Vec<_> = old.into_iter().filter(|key| !known.contains(&key.blob())).collect();
        for some in orphans.chunks(AT_A_TIME) {
            let some = condemn(store, some, now).await?;
            gone += some.len();
            delete_all(blobs, some).await?;
        }
    }
    Ok(gone)
}

/// Sees to it that no row ever speaks of these copies, and leaves out those of which one does by now: not all stores say
/// truly since when an object is there, and no time is longer than every upload. Their rows go with the next run of the
/// collector. Parts and derived files are small, and soon have their rows.
async fn condemn(store: &Store, orphans: &[BlobKey], now: UnixMillis) -> Result<Vec<BlobKey>> {
    let stray = |key: &BlobKey| match *key {
        BlobKey::Original(client, id) => Some(Condemned { id, client }),
        BlobKey::Part(..) | BlobKey::Derived(..) => None,
    };
    let condemned = store.condemn_strays(orphans.iter().filter_map(stray).collect(), now).await?;
    let goes = |key: &&BlobKey| stray(key).is_none_or(|stray| condemned.contains(&stray.id));
    Ok(orphans.iter().filter(goes).copied().collect())
}
