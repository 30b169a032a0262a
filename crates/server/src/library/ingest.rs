//! The way in. Whatever becomes a file of the library comes through here: scratch file, hashed while it is written; its
//! type decided by its bytes; a durable blob; one transaction. Limits, hashing and crash safety are written once.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{
    BlobId, ByteSize, ClientId, Denial, Error, MediaPath, Result, Taken, Thing, UnixMillis, UploadId,
};

use super::process::examined;
use super::{Caller, NewFile, SignedUpload, Slot, journal, register};
use crate::app::App;
use crate::blobs::{BlobKey, Fill, Kept};
use crate::store::{Arrived, Asset, Committed, Registration, UploadTicket};

/// The longest upload in one request that is taken before anything is registered: one that a single write brings to the
/// scratch file.
const SMALL: ByteSize = ByteSize::new(256 * 1024);

/// Takes the bytes of a signed upload URL. The signature is checked before a byte is read, and against the registered
/// type and length.
pub async fn store_upload<S>(
    app: &App,
    signed: SignedUpload,
    content_type: Option<&str>,
    length: Option<u64>,
    body: S,
) -> Result<Committed>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
{
    let ticket = match app.store.upload(signed.upload).await {
        Err(Error::NotFound(_)) if signed.expires_at <= app.now() => return Err(Error::Denied(Denial::Expired)),
        Err(Error::NotFound(_)) => return Err(Error::Denied(Denial::Gone)),
        ticket => ticket?,
    };
    app.signer.check(&signed, &ticket.content_type, ticket.size)?;
    if signed.expires_at <= app.now() {
        return Err(Error::Denied(Denial::Expired));
    }
    if content_type.map(str::trim) != Some(ticket.content_type.as_str()) {
        return Err(Error::Denied(Denial::ContentType));
    }
    if length.is_none() || length != ticket.size.map(ByteSize::get) {
        return Err(Error::Denied(Denial::Length));
    }
    // Bytes that are here already store nothing more.
    if ticket.on_hold && ticket.done.is_none() {
        return Err(Error::Denied(Denial::StorageBlocked));
    }
    let slot = app.upload_slots.take(ticket.client)?;
    under_way(app, slot, |app| async move { receive(&app, ticket, body).await }).await
}

/// Registers and stores in one go.
pub async fn upload<S>(app: &App, caller: &Caller, file: NewFile, body: S) -> Result<Asset>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
{
    // Before it is registered: a name that is taken for an upload that never begins helps nobody.
    let slot = app.upload_slots.take(caller.client)?;
    let (client, path) = (caller.client, file.path.clone());
    // A journal remembers what was done, and not what was refused: then there must be one way only.
    let small = file.size.is_some_and(|size| size <= SMALL) && !file.overwrite && !journal::is_kept();
    let stored = if small {
        let (registration, caller) = (file.registration(app, caller)?, caller.clone());
        under_way(app, slot, |app| async move { upload_whole(&app, &caller, &file, registration, body).await }).await
    } else {
        let ticket = register(app, caller, &file).await?;
        let upload = ticket.id;
        under_way(app, slot, |app| async move { or_abandon(&app, upload, receive(&app, ticket, body)).await }).await
    };
    outcome(app, client, &path, stored).await
}

/// The file that an upload in one go made, or why there is none.
pub(super) async fn outcome(
    app: &App,
    client: ClientId,
    path: &MediaPath,
    stored: Result<Option<Asset>>,
) -> Result<Asset> {
    let stored = stored.map_err(|error| match error {
        Error::Denied(Denial::StorageBlocked) => Error::StorageBlocked,
        Error::Denied(Denial::OtherHash) => Error::invalid("sha256", "is not that of the bytes; nothing was stored"),
        // Somebody who may replace files was faster.
        Error::Denied(Denial::Overtaken) => Error::Taken(Taken::FileAtUpload),
        // The file was deleted, or replaced as expired, while its bytes were on their way.
        Error::Denied(_) => Error::NotFound(Thing::File),
        error => error,
    })?;
    match stored {
        Some(asset) => Ok(asset),
        None => app.store.read_once(app.store.asset(client, path)).await,
    }
}

/// What cannot be repeated is given up when it fails.
pub(super) async fn or_abandon(
    app: &App,
    upload: UploadId,
    transfer: impl Future<Output = Result<Committed>>,
) -> Result<Option<Asset>> {
    let received = transfer.await;
    if received.is_err()
        && let Err(error) = app.store.abandon_upload(upload, app.now()).await
    {
        tracing::error!(%error, "an upload that failed could not be given up; its registration will run out");
    }
    received.map(|_| None)
}

/// Takes a small body before anything is registered, and makes a file of it in one transaction. Where that is refused,
/// registering decides: it takes over a name whose time is over, and says best what stands in the way.
async fn upload_whole<S>(
    app: &App,
    caller: &Caller,
    file: &NewFile,
    registration: Registration,
    mut body: S,
) -> Result<Option<Asset>>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut scratch = app.blobs.fill().await?;
    let mut received = 0;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        received += piece.len() as u64;
        scratch.write(&piece).await?;
    }
    if file.size != Some(ByteSize::new(received)) {
        return Err(Error::invalid("body", "is not as long as was said; send it again"));
    }
    let upload = UploadId::generate(app.now(), app.chance.as_ref())?;
    let arrived = keep(app, caller.client, upload, scratch.expecting(file.sha256)).await?;
    settle_new(app, caller, file, registration, arrived).await
}

/// Makes a file of durable bytes that nobody registered, or leaves them to the collector.
pub(super) async fn settle_new(
    app: &App,
    caller: &Caller,
    file: &NewFile,
    registration: Registration,
    arrived: Arrived,
) -> Result<Option<Asset>> {
    let refused = match app.store.store_whole(registration, arrived.clone(), app.chance.as_ref()).await {
        Ok(asset) => {
            app.job_bell.notify_one();
            return Ok(Some(asset));
        }
        Err(error) => error,
    };
    let registered = match refused {
        Error::Internal(_) | Error::Unavailable(_) => Err(refused),
        _ => register(app, caller, file).await,
    };
    match registered {
        Ok(ticket) => or_abandon(app, ticket.id, settle(app, &ticket, arrived)).await,
        Err(error) => {
            disown(app, caller.client, arrived).await;
            Err(error)
        }
    }
}

/// Runs a transfer in a task of its own, so that it ends properly when the client leaves: what it holds is given back.
pub(super) async fn under_way<F, T>(app: &App, slot: Slot, transfer: impl FnOnce(App) -> F) -> Result<T>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let transfer = journal::carry(transfer(app.clone()));
    let task = app.tasks.spawn(async move {
        let result = transfer.await;
        drop(slot);
        result
    });
    task.await.map_err(|error| Error::internal("receiving an upload", error))?
}

/// Takes the bytes of a registered upload, and makes them its file.
pub async fn receive<S>(app: &App, ticket: UploadTicket, mut body: S) -> Result<Committed>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut fill = app.blobs.fill().await?;
    let mut meter = Meter::new(app, &ticket)?;
    // The URL's time was checked when the headers came; from now on the registration lives as long as the transfer.
    meter.keep(app).await?;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        meter.admit(app, piece.len() as u64).await?;
        fill.write(&piece).await?;
    }
    meter.end()?;
    finish(app, &ticket, fill).await
}

/// How long a transfer may pause: whoever gives the pieces sees to it.
fn idle(app: &App) -> Duration {
    Duration::from_secs(app.settings.server.idle_seconds)
}

/// How long a renewed registration lives: longer than the longest pause behind the latest moment of its next renewal.
fn life(app: &App) -> Duration {
    let uploads = &app.settings.uploads;
    uploads.url_life().max(uploads.renewal() + idle(app))
}

/// Makes a filled scratch file the file of its upload.
pub async fn finish(app: &App, ticket: &UploadTicket, fill: Fill) -> Result<Committed> {
    if let Some(done) = ticket.done {
        let same = done == fill.finish().await?.hash;
        return if same { Ok(Committed::Again) } else { Err(Error::Denied(Denial::OtherBytes)) };
    }
    let arrived = keep(app, ticket.client, ticket.id, fill.expecting(ticket.expected)).await?;
    settle(app, ticket, arrived).await
}

/// Makes bytes durable. Nothing refers to them yet.
async fn keep(app: &App, client: ClientId, upload: UploadId, fill: Fill) -> Result<Arrived> {
    let now = app.now();
    let blob = BlobId::generate(now, app.chance.as_ref())?;
    let kept = app.blobs.keep(BlobKey::Original(client, blob), fill).await?;
    Ok(arrived(app, upload, blob, &kept))
}

/// Durable bytes as the store is told of them.
pub(super) fn arrived(app: &App, upload: UploadId, blob: BlobId, kept: &Kept) -> Arrived {
    let now = app.now();
    let (media_type, examined) = examined(&kept.seen);
    Arrived {
        upload,
        blob,
        hash: kept.hash,
        size: kept.size,
        media_type,
        examined,
        now,
        temp_expires_at: now.plus(app.settings.uploads.temp_life()),
        temp_limit: app.settings.uploads.temp_limit.to_column(),
    }
}

/// Makes durable bytes the file of a registered upload, or leaves them to the collector.
pub(super) async fn settle(app: &App, ticket: &UploadTicket, arrived: Arrived) -> Result<Committed> {
    let arrived = Arrived { upload: ticket.id, ..arrived };
    let committed = app.store.commit_upload(arrived.clone()).await;
    if matches!(committed, Ok(Committed::Stored)) {
        app.job_bell.notify_one();
    } else {
        disown(app, ticket.client, arrived).await;
    }
    committed
}

/// Leaves to the collector bytes that became no file. Where that fails, the sweep finds them.
async fn disown(app: &App, client: ClientId, arrived: Arrived) {
    if let Err(error) = app.store.disown_blob(client, arrived).await {
        tracing::error!(%error, "bytes that became no file are left to the next sweep");
    }
}

/// Watches a transfer: its length, its reservation, its registration and the disk.
pub(super) struct Meter {
    upload: UploadId,
    /// The length that was registered.
    declared: Option<u64>,
    /// The most that may come.
    limit: ByteSize,
    reserved: u64,
    received: u64,
    renew_at: UnixMillis,
}

impl Meter {
    pub(super) fn new(app: &App, ticket: &UploadTicket) -> Result<Self> {
        let plan = app.settings.plans.get(&ticket.plan)?;
        let uploads = &app.settings.uploads;
        // Renewed as soon as it could run out while the transfer pauses, or before the next renewal. The disk is looked
        // at then, so that one that does not run out has its turns too.
        let last_moment = ticket.expires_at.minus(uploads.renewal().max(idle(app)));
        Ok(Self {
            upload: ticket.id,
            declared: ticket.size.map(ByteSize::get),
            limit: plan.file,
            reserved: ticket.covers.get(),
            received: 0,
            renew_at: last_moment.min(app.now().plus(uploads.url_life())),
        })
    }

    /// Behind what came before.
    pub(super) const fn behind(self, received: ByteSize) -> Self {
        Self { received: received.get(), ..self }
    }

    /// Lets bytes pass, after reserving room for them.
    pub(super) async fn admit(&mut self, app: &App, bytes: u64) -> Result<()> {
        self.received += bytes;
        match self.declared {
            Some(declared) if self.received > declared => return Err(Error::Denied(Denial::Length)),
            None if self.received > self.limit.get() => {
                return Err(Error::TooLarge { what: Thing::File, limit: self.limit });
            }
            _ => {}
        }
        if self.received <= self.reserved {
            return self.keep(app).await;
        }
        let (now, uploads) = (app.now(), &app.settings.uploads);
        app.blobs.check_disk().await?;
        let short = self.received - self.reserved;
        let wanted = ByteSize::new(short.next_multiple_of(uploads.reserve_step.get()));
        let temp_limit = uploads.temp_limit.to_column();
        let expires_at = now.plus(life(app));
        let least = ByteSize::new(short);
        let step = app.store.extend_upload(self.upload, (wanted, least), expires_at, temp_limit, now).await?;
        self.reserved += step.get();
        self.renew_at = now.plus(uploads.renewal());
        Ok(())
    }

    /// Renews the registration when it is time to.
    async fn keep(&mut self, app: &App) -> Result<()> {
        let (now, uploads) = (app.now(), &app.settings.uploads);
        if now >= self.renew_at {
            app.blobs.check_disk().await?;
            app.store.renew_upload(self.upload, now.plus(life(app))).await?;
            self.renew_at = now.plus(uploads.renewal());
        }
        Ok(())
    }

    /// Everything came that was registered.
    fn end(&self) -> Result<()> {
        match self.declared {
            Some(declared) if declared != self.received => Err(Error::Denied(Denial::Length)),
            None if self.received == 0 => Err(Error::invalid("file", "is empty; a file has at least one byte")),
            _ => Ok(()),
        }
    }
}
