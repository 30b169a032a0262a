//! Pictures in sizes that somebody asks for: made once, kept as derived files, and made for all who ask at once.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use reelshelf_domain::{BlobId, ClientId, Error, MediaKind, MediaType, Result};
use reelshelf_media::{Fit, Metadata, Order, PictureFormat, Refusal, Resize};

use super::deliver::{Delivery, Target, original};
use super::process::{count_death, deriving, in_words, keep_made, open, take_in};
use crate::app::App;
use crate::blobs::BlobKey;
use crate::store::{Delivered, Derived, DerivedFile, Deriving};

/// The parameters of a size, as a URL has them.
#[derive(Clone, Debug, Default)]
pub struct SizeQuery {
    /// Width in pixels.
    pub width: Option<String>,
    /// Height in pixels.
    pub height: Option<String>,
    /// How it is brought into both.
    pub fit: Option<String>,
    /// The format.
    pub format: Option<String>,
}

/// Why there is no picture of a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SizeFailure {
    /// A parameter is none that there is: its name, and what is wrong with it.
    Parameter(&'static str, String),
    /// The file cannot be made a picture of.
    Refused(String),
    /// So much is being made that it was not its turn in time.
    Busy,
    /// There is no room for more derived files.
    Full(String),
    /// There is no such file.
    Gone,
    /// Our own fault; it is logged.
    Ours,
}

/// Sizes that are being made.
#[derive(Default)]
pub struct Sizes(Mutex<HashMap<(BlobId, String), Making>>);

type Making = Shared<BoxFuture<'static, std::result::Result<DerivedFile, SizeFailure>>>;

impl fmt::Debug for Sizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sizes").finish_non_exhaustive()
    }
}

const FITS: [(&str, Fit); 3] = [("contain", Fit::Contain), ("cover", Fit::Cover), ("fill", Fit::Fill)];
const FORMATS: [(&str, &str, PictureFormat); 4] = [
    ("webp", "webp", PictureFormat::Webp),
    ("avif", "avif", PictureFormat::Avif),
    ("jpeg", "jpg", PictureFormat::Jpeg),
    ("png", "png", PictureFormat::Png),
];

impl SizeQuery {
    /// The size that is asked for, if the configuration has it.
    fn resize(&self, sizes: &[u32]) -> std::result::Result<Resize, SizeFailure> {
        let width = self.width.as_deref().map(|text| length("w", text, sizes)).transpose()?;
        let height = self.height.as_deref().map(|text| length("h", text, sizes)).transpose()?;
        if width.is_none() && height.is_none() {
            return Err(SizeFailure::Parameter("w", "or h is required".to_owned()));
        }
        let fit = match self.fit.as_deref() {
            None => Fit::Contain,
            Some(text) => named("fit", text, FITS.iter().map(|(name, fit)| (*name, *fit)))?,
        };
        let format = match self.format.as_deref() {
            None => PictureFormat::Webp,
            Some(text) => named("format", text, FORMATS.iter().map(|(name, _, format)| (*name, *format)))?,
        };
        // With one of them given there is nothing to be fitted: one picture under one name.
        let fit = if width.is_some() && height.is_some() { fit } else { Fit::Contain };
        Ok(Resize { width, height, fit, format })
    }
}

fn length(parameter: &'static str, text: &str, sizes: &[u32]) -> std::result::Result<u32, SizeFailure> {
    let known = text.parse().ok().filter(|length| sizes.contains(length));
    known.ok_or_else(|| SizeFailure::Parameter(parameter, one_of(sizes.iter())))
}

fn named<T>(
    parameter: &'static str,
    text: &str,
    known: impl Iterator<Item = (&'static str, T)> + Clone,
) -> std::result::Result<T, SizeFailure> {
    let found = known.clone().find(|(name, _)| *name == text);
    found.map(|(_, value)| value).ok_or_else(|| SizeFailure::Parameter(parameter, one_of(known.map(|(name, _)| name))))
}

fn one_of(known: impl Iterator<Item = impl fmt::Display>) -> String {
    let known: Vec<_> = known.map(|one| one.to_string()).collect();
    format!("must be one of {}", known.join(", "))
}

/// The name that a size has among the derived files: one for each that can be told from others.
fn name_of(resize: &Resize) -> String {
    let length = |length: Option<u32>| length.map_or_else(|| "auto".to_owned(), |length| length.to_string());
    let fit = FITS.iter().find(|(_, fit)| *fit == resize.fit).map_or("contain", |(name, _)| name);
    format!("size-{}x{}-{fit}.{}", length(resize.width), length(resize.height), extension(resize.format))
}

fn extension(format: PictureFormat) -> &'static str {
    FORMATS.iter().find(|(_, _, known)| *known == format).map_or("webp", |(_, extension, _)| extension)
}

/// The picture of a URL in a size, which is made when it is asked for the first time.
pub async fn deliver_size(app: &App, target: &Target, query: &SizeQuery) -> std::result::Result<Delivery, SizeFailure> {
    let resize = query.resize(&app.settings.processing.sizes)?;
    let file = original(app, target).await.map_err(|error| ours(&error))?.ok_or(SizeFailure::Gone)?;
    if file.media_type.kind() != MediaKind::Image {
        return Err(SizeFailure::Parameter("w", "is for pictures alone, and this file is none".to_owned()));
    }
    let name = name_of(&resize);
    let there = app.store.derived_of(file.blob, &name).await.map_err(|error| ours(&error))?;
    let derived = match there {
        Some(derived) => derived,
        None => making(app, target.client(), &file, resize, name).await?,
    };
    let shown = file.display_name.to_string();
    let stem = shown.rsplit_once('.').map_or(shown.as_str(), |(stem, _)| stem);
    Ok(Delivery::derived(target.client(), &derived, format!("{stem}.{}", extension(resize.format))))
}

fn ours(error: &Error) -> SizeFailure {
    tracing::error!(%error, "a picture could not be made in a size");
    SizeFailure::Ours
}

/// What comes of it, for whoever asks while it is being made. It goes on when they leave.
fn making(app: &App, client: ClientId, file: &Delivered, resize: Resize, name: String) -> Making {
    let key = (file.blob, name);
    let mut sizes = app.sizes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let begin = || {
        let (app, key, media_type) = (app.clone(), key.clone(), file.media_type);
        let task = app.tasks.clone().spawn(async move {
            // Whatever becomes of it, it is not being made any more.
            let made = AssertUnwindSafe(make(&app, client, &key, media_type, resize)).catch_unwind().await;
            let made = made.unwrap_or(Err(SizeFailure::Ours));
            app.sizes.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            made
        });
        task.map(|made| made.unwrap_or(Err(SizeFailure::Ours))).boxed().shared()
    };
    sizes.entry(key.clone()).or_insert_with(begin).clone()
}

async fn make(
    app: &App,
    client: ClientId,
    (blob, name): &(BlobId, String),
    media_type: MediaType,
    resize: Resize,
) -> std::result::Result<DerivedFile, SizeFailure> {
    let wait = app.settings.processing.size_wait();
    let _slot = app.size_slots.wait(client, wait).await.map_err(|_| SizeFailure::Busy)?;
    // Whoever made it before may have been done since the look.
    if let Some(there) = app.store.derived_of(*blob, name).await.map_err(|error| ours(&error))? {
        return Ok(there);
    }
    let known = app.store.known_of(*blob).await.map_err(|error| ours(&error))?.ok_or(SizeFailure::Gone)?;
    if let Some(reason) = known.processing_error {
        return Err(SizeFailure::Refused(reason));
    }
    let metadata = known.metadata.and_then(|text| serde_json::from_str(&text).ok());
    let content = render(app, client, *blob, media_type, (metadata, resize)).await?;
    keep(app, client, *blob, name, content).await
}

/// The picture itself.
async fn render(
    app: &App,
    client: ClientId,
    blob: BlobId,
    media_type: MediaType,
    (metadata, resize): (Option<Metadata>, Resize),
) -> std::result::Result<reelshelf_media::Made, SizeFailure> {
    let processor = app.processor().await.map_err(|error| ours(&error))?;
    let input = app.blobs.file(BlobKey::Original(client, blob)).await.map_err(|error| ours(&error))?;
    let input = input.ok_or(SizeFailure::Gone)?;
    let made = async {
        let metadata = match metadata {
            Some(metadata) => metadata,
            None => processor.inspect(open(&input)?, media_type).await?,
        };
        processor.derive(open(&input)?, &metadata, Order::Resized(resize)).await
    };
    match made.await {
        Ok(derived) => derived.made.into_iter().next().ok_or(SizeFailure::Ours),
        Err(Refusal::Lasting(reason)) => Err(SizeFailure::Refused(reason.to_string())),
        Err(Refusal::Passing(text)) => Err(ours(&Error::inconsistent(text))),
        Err(Refusal::Died(death)) => {
            let given_up = count_death(app, blob, media_type.kind(), death).await.map_err(|error| ours(&error))?;
            Err(SizeFailure::Refused(
                given_up.unwrap_or_else(|| format!("Decoding the file failed: {}.", in_words(death))),
            ))
        }
    }
}

async fn keep(
    app: &App,
    client: ClientId,
    blob: BlobId,
    name: &str,
    mut content: reelshelf_media::Made,
) -> std::result::Result<DerivedFile, SizeFailure> {
    name.clone_into(&mut content.name);
    let kept = async || -> Result<Derived> {
        let made = keep_made(app, client, vec![content]).await?;
        take_in(app, Deriving { made, on_demand: true, ..deriving(app, blob, client) }).await
    };
    match kept().await {
        Ok(Derived::Kept) => {}
        Ok(Derived::SourceGone) => return Err(SizeFailure::Gone),
        Err(Error::LimitReached { limit, .. }) => return Err(SizeFailure::Full(limit.to_string())),
        Err(error) => return Err(ours(&error)),
    }
    app.store.derived_of(blob, name).await.map_err(|error| ours(&error))?.ok_or(SizeFailure::Gone)
}
