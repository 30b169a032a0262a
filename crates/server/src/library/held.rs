//! Bytes that come before it is known where they go: a form may name its folder behind its files. They wait in a scratch
//! file, and nothing is registered for them meanwhile.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{BlobId, ByteSize, Error, Result, Thing, UploadId};

use super::ingest::{arrived, or_abandon, outcome, settle, settle_new, under_way};
use super::{Caller, NewFile, journal, register, storage};
use crate::app::App;
use crate::blobs::{BlobKey, Filled};
use crate::store::{Arrived, Asset};

/// A file's bytes, waiting.
pub struct Held(pub(super) Filled);

impl Held {
    /// How many bytes.
    pub const fn size(&self) -> ByteSize {
        self.0.size
    }
}

/// Takes bytes that nobody registered: a file's at most, and no more than the client may store beside those that wait
/// already.
pub async fn hold<S>(app: &App, caller: &Caller, waiting: ByteSize, body: S) -> Result<Held>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
{
    let slot = app.upload_slots.take(caller.client)?;
    let file = app.settings.plans.get(&caller.plan)?.file;
    let storage = storage(app, caller.client).await?;
    // Where they go is not known: the roomier of the two.
    let room = storage.room().map_or(file, |room| room.saturating_sub(waiting));
    let held = under_way(app, slot, move |app| async move { gather(&app, file.min(room), Thing::File, body).await });
    let mut filled = held.await.map_err(|error| match error {
        Error::TooLarge { .. } if room < file => Error::StorageBlocked,
        error => error,
    })?;
    filled.park();
    Ok(Held(filled))
}

/// Fills a scratch file with at most so many bytes.
pub(super) async fn gather<S>(app: &App, most: ByteSize, what: Thing, mut body: S) -> Result<Filled>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut fill = app.blobs.fill().await?;
    let (mut received, mut looked) = (0, 0);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        received += piece.len() as u64;
        if received > most.get() {
            return Err(Error::TooLarge { what, limit: most });
        }
        if received - looked >= app.settings.uploads.reserve_step.get() {
            app.blobs.check_disk().await?;
            looked = received;
        }
        fill.write(&piece).await?;
    }
    fill.finish().await
}

/// Makes a file of bytes that waited.
pub async fn store_held(app: &App, caller: &Caller, mut file: NewFile, held: Held) -> Result<Asset> {
    if held.size() == ByteSize::ZERO {
        return Err(Error::invalid("file", "is empty; a file has at least one byte"));
    }
    file.size = Some(held.size());
    let slot = app.upload_slots.take(caller.client)?;
    let (caller, client, path) = (caller.clone(), caller.client, file.path.clone());
    let stored = under_way(app, slot, |app| async move { place(&app, &caller, &file, held).await }).await;
    outcome(app, client, &path, stored).await
}

async fn place(app: &App, caller: &Caller, file: &NewFile, held: Held) -> Result<Option<Asset>> {
    // A journal knows registrations and what they came to.
    if file.overwrite || journal::is_kept() {
        let ticket = register(app, caller, file).await?;
        let placed = async {
            let arrived = keep(app, caller, ticket.id, held).await?;
            settle(app, &ticket, arrived).await
        };
        return or_abandon(app, ticket.id, placed).await;
    }
    let registration = file.registration(app, caller)?;
    let upload = UploadId::generate(app.now(), app.chance.as_ref())?;
    let arrived = keep(app, caller, upload, held).await?;
    settle_new(app, caller, file, registration, arrived).await
}

async fn keep(app: &App, caller: &Caller, upload: UploadId, held: Held) -> Result<Arrived> {
    let now = app.now();
    let blob = BlobId::generate(now, app.chance.as_ref())?;
    let kept = app.blobs.keep_filled(BlobKey::Original(caller.client, blob), held.0).await?;
    Ok(arrived(app, upload, blob, &kept))
}
