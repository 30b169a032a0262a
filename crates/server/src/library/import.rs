//! Importing: a file of another server, fetched by the guarded client and stored through the same way in as every other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{
    AssetHash, ByteSize, Denial, DisplayName, Error, FileName, FolderPath, MediaPath, MediaType, Result, UploadId,
};
use tokio_util::sync::CancellationToken;

use super::ingest::receive;
use super::register::check_content_type;
use super::{Caller, NewFile};
use crate::app::App;
use crate::fetch::{Again, Body, Failure, Fetcher, Opened, Source, Wanted};
use crate::store::{Asset, Begun, NewImport, Registration, UploadTicket, WITH_ITS_IMPORT};

/// The type of a file of which nobody says what it is.
const UNKNOWN: &str = "application/octet-stream";

/// A file somebody wants from another server.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// Where it is.
    pub src: &'a str,
    /// Where it is to go.
    pub folder: FolderPath,
    /// What it is to be called; otherwise as the URL ends.
    pub name: Option<&'a str>,
    /// Its type; otherwise what the other server says.
    pub content_type: Option<&'a str>,
    /// Its length, when it is known.
    pub size: Option<ByteSize>,
    /// The hash of its bytes, when no others are wanted.
    pub sha256: Option<AssetHash>,
    /// Whether a file of this name is replaced.
    pub overwrite: bool,
}

/// Registers an import, which begins as soon as it is its turn. Answers the pending file, or the one to be replaced.
pub async fn import(app: &App, caller: &Caller, wish: Wish<'_>) -> Result<Asset> {
    let source = app.fetcher.read(wish.src).map_err(|reason| Error::invalid("src", reason))?;
    let file = file(&source, &wish)?;
    // Of a length that nobody has said, room is taken when the bytes come: an import may wait for long.
    let reserve = file.size.unwrap_or_default();
    let registration = Registration { reserve, expires_at: WITH_ITS_IMPORT, ..file.registration(app, caller)? };
    app.blobs.check_disk().await?;
    let import = NewImport {
        source: source.url().to_string(),
        shown: source.shown(),
        named: wish.name.is_some(),
        typed: wish.content_type.is_some(),
        most: app.settings.fetch.queued.into(),
    };
    app.store.register_import(registration, import, app.chance.as_ref()).await?;
    app.job_bell.notify_one();
    app.store.asset(caller.client, &file.path).await
}

/// The file as it will be registered.
fn file(source: &Source, wish: &Wish<'_>) -> Result<NewFile> {
    let found = Fetcher::name(source);
    let raw = wish.name.or(found.as_deref());
    let raw = raw.ok_or_else(|| Error::invalid("name", "is required, since the URL does not end with one"))?;
    let name = FileName::sanitise(raw)?;
    let guessed = extension(name.as_str()).unwrap_or(UNKNOWN);
    Ok(NewFile {
        path: MediaPath::new(wish.folder.clone(), name),
        display_name: DisplayName::of(raw),
        content_type: wish.content_type.unwrap_or(guessed).to_owned(),
        size: wish.size,
        sha256: wish.sha256,
        overwrite: wish.overwrite,
    })
}

/// The type that files of this name usually have.
fn extension(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let usual = |known: &&MediaType| known.extension().eq_ignore_ascii_case(extension);
    MediaType::ALL.iter().find(usual).map(|known| known.mime())
}

/// Why a try came to nothing.
enum Trouble {
    /// Nobody wants the file any more.
    Gone,
    /// The next one would end the same way.
    Lasting(String),
    /// Another may end better, but not before a time.
    Passing(String, Duration),
    /// Our own fault.
    Ours(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure.again() {
            Again::Never => Self::Lasting(failure.to_string()),
            Again::Soon => Self::Passing(failure.to_string(), Duration::ZERO),
            Again::After(wait) => Self::Passing(failure.to_string(), wait),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let passing = |what: &str| Self::Passing(what.to_owned(), Duration::ZERO);
        match error {
            Error::Denied(Denial::Length) => Self::Lasting("The file is not as long as was said".to_owned()),
            Error::StorageBlocked | Error::Denied(Denial::StorageBlocked) => {
                Self::Lasting("The storage is blocked, or there is no room for the file".to_owned())
            }
            Error::Denied(Denial::OtherHash) => {
                Self::Lasting("The file is not the one whose sha256 was given".to_owned())
            }
            Error::Denied(Denial::Overtaken) => Self::Lasting("A file with this name was stored meanwhile".to_owned()),
            Error::Denied(_) | Error::NotFound(_) => Self::Gone,
            Error::TooLarge { limit, .. } => {
                Self::Lasting(format!("The file is larger than {limit}, as much as may be"))
            }
            Error::LimitReached { what, limit } => Self::Lasting(format!("The limit of {limit} for {what} is reached")),
            Error::Invalid { field, .. } if field == "file" => Self::Lasting("The file is empty".to_owned()),
            Error::Invalid { .. } => passing("The server stopped sending"),
            Error::DiskFull => passing("The disk of this server is full"),
            Error::Unavailable(_) => passing("This server is busy"),
            error => Self::Ours(error),
        }
    }
}

/// Does an import, or one try of it: fetches the file and stores it. What is over, or was never there, is left alone.
pub async fn run_import(app: &App, upload: UploadId) -> Result<()> {
    let Some(begun) = app.store.begin_import(upload).await? else { return Ok(()) };
    let result = match try_once(app, upload, &begun).await {
        Ok(()) => {
            app.store.end_import(upload, app.now()).await?;
            "done"
        }
        Err(Trouble::Gone) => "cancelled",
        Err(Trouble::Ours(error)) => return Err(error),
        Err(Trouble::Passing(message, wait)) if begun.attempts + 1 < app.settings.fetch.attempts.into() => {
            tracing::info!(%upload, message, "an import is tried again");
            let (now, wait) = (app.now(), pause(app, begun.attempts, wait));
            app.store.retry_import(upload, message, now.plus(wait), now, app.chance.as_ref()).await?;
            "retried"
        }
        Err(Trouble::Lasting(message) | Trouble::Passing(message, _)) => {
            tracing::info!(%upload, message, "an import has failed");
            fail(app, upload, message).await?;
            "failed"
        }
    };
    metrics::counter!("reelshelf_imports_total", "result" => result).increment(1);
    Ok(())
}

/// Says of an import whose job failed too often, or ended its process, that it has failed.
pub async fn give_up_import(app: &App, upload: UploadId) -> Result<()> {
    fail(app, upload, "This server could not do it; the log says why".to_owned()).await
}

async fn fail(app: &App, upload: UploadId, message: String) -> Result<()> {
    let now = app.now();
    app.store.fail_import(upload, message, now.plus(app.settings.fetch.keep_failed()), now).await
}

/// How long to wait before the next try: longer each time, and as long as the other server asks, within reason.
fn pause(app: &App, failed: i64, asked: Duration) -> Duration {
    let fetch = &app.settings.fetch;
    let doubled = fetch.retry_seconds.saturating_mul(1 << u32::try_from(failed).unwrap_or(u32::MAX).min(16));
    Duration::from_secs(doubled).max(asked).min(Duration::from_secs(fetch.retry_max_seconds))
}

/// What a try and its watcher share.
#[derive(Default)]
struct Watched {
    received: AtomicU64,
    /// What the other server announced; zero when it did not.
    total: AtomicU64,
    /// Why the bytes stopped coming.
    failure: Mutex<Option<Failure>>,
    unwanted: CancellationToken,
}

async fn try_once(app: &App, upload: UploadId, begun: &Begun) -> Result<(), Trouble> {
    let ticket = app.store.upload(upload).await?;
    // The server died, or was told to stop, between the bytes and the note that they are here.
    if ticket.done.is_some() {
        return Ok(());
    }
    let watched = Arc::new(Watched::default());
    tokio::select! {
        result = fetch(app, ticket, begun, &watched) => result,
        () = watch(app, upload, &watched) => Err(Trouble::Gone),
    }
}

/// Writes down how much has come, and looks whether the file is still wanted. Never ends: the try does, by itself, so
/// that nothing is dropped between its bytes and its row.
async fn watch(app: &App, upload: UploadId, watched: &Watched) {
    let period = Duration::from_millis(app.settings.fetch.progress_milliseconds);
    loop {
        tokio::time::sleep(period).await;
        let size = |number: &AtomicU64| ByteSize::new(number.load(Ordering::Relaxed));
        let total = Some(size(&watched.total)).filter(|total| *total != ByteSize::ZERO);
        match app.store.import_progress(upload, size(&watched.received), total).await {
            Ok(true) => {}
            Ok(false) => watched.unwanted.cancel(),
            Err(error) => tracing::warn!(%error, "how much of an import has come could not be written down yet"),
        }
    }
}

async fn fetch(app: &App, mut ticket: UploadTicket, begun: &Begun, watched: &Arc<Watched>) -> Result<(), Trouble> {
    if ticket.on_hold {
        return Err(Error::StorageBlocked.into());
    }
    let inconsistent = |_| Trouble::Ours(Error::inconsistent("inconsistent row: imports.source is no URL"));
    let source = Source::parse(&begun.source, usize::MAX).map_err(inconsistent)?;
    let page = begun.typed && ticket.content_type.contains("html");
    let wanted = Wanted { size: ticket.size.map(ByteSize::get), page };
    let opened = tokio::select! {
        opened = app.fetcher.open(&source, &wanted) => opened?,
        () = watched.unwanted.cancelled() => return Err(Trouble::Gone),
    };
    make_room(app, &mut ticket, opened.length).await?;
    describe(app, &ticket, begun, &opened).await?;
    watched.total.store(opened.length.unwrap_or_default(), Ordering::Relaxed);
    let received = receive(app, ticket, pieces(opened.body, Arc::clone(watched))).await;
    let said = watched.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (received, said) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(failure)) => Err(failure.into()),
        (Err(error), None) => Err(error.into()),
    }
}

/// Reserves all that the other server announces: what does not fit is not fetched.
async fn make_room(app: &App, ticket: &mut UploadTicket, length: Option<u64>) -> Result<(), Trouble> {
    let Some(length) = length.filter(|_| ticket.size.is_none()) else { return Ok(()) };
    let limit = app.settings.plans.get(&ticket.plan)?.file;
    if length > limit.get() {
        return Err(Error::TooLarge { what: reelshelf_domain::Thing::File, limit }.into());
    }
    let short = ByteSize::new(length).saturating_sub(ticket.covers);
    if short > ByteSize::ZERO {
        let temp_limit = app.settings.uploads.temp_limit.to_column();
        let room = (short, short);
        let step = app.store.extend_upload(ticket.id, room, ticket.expires_at, temp_limit, app.now()).await?;
        ticket.covers = ByteSize::new(ticket.covers.get() + step.get());
    }
    Ok(())
}

/// Takes the type and the name to be shown from the other server, where the client left them open.
async fn describe(app: &App, ticket: &UploadTicket, begun: &Begun, opened: &Opened) -> Result<(), Trouble> {
    let content_type = opened.content_type.as_deref().filter(|said| {
        !begun.typed && check_content_type(said).is_ok() && !said.starts_with(UNKNOWN) && !said.starts_with("binary/")
    });
    let display_name = opened.file_name.as_deref().map(DisplayName::of);
    if content_type.is_none() && display_name.is_none() {
        return Ok(());
    }
    let content_type = content_type.unwrap_or(&ticket.content_type).to_owned();
    app.store.describe_import(ticket.id, content_type, display_name).await?;
    Ok(())
}

/// The bytes as `receive` takes them. Why they stop is kept beside them, in the words of the client that fetched them.
fn pieces(body: Body, watched: Arc<Watched>) -> impl Stream<Item = Result<Bytes>> + Send + Unpin {
    let next = |state: Option<(Body, Arc<Watched>)>| async move {
        let (mut body, watched) = state?;
        let piece = tokio::select! {
            piece = body.next() => piece?,
            () = watched.unwanted.cancelled() => return Some((Err(Error::Denied(Denial::Gone)), None)),
        };
        match piece {
            Ok(bytes) => {
                watched.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Some((Ok(bytes), Some((body, watched))))
            }
            Err(failure) => {
                *watched.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                Some((Err(Error::Unavailable("the other server")), None))
            }
        }
    };
    futures::stream::unfold(Some((body, watched)), next).boxed()
}
