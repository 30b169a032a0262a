//! Understanding a file: what its bytes hold, and what is made of them. All that decodes is done by children; this
//! decides what is asked of them, and takes in what they answer.

use futures::future::try_join_all;
use reelshelf_domain::{BlobId, ClientId, Error, JobId, MediaKind, MediaType, Result, UnixMillis};
use reelshelf_media::{Death, Made, Metadata, Order, Probe, Reason, Refusal, SoundFacts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::App;
use crate::blobs::{BlobKey, Readable, Seen};
use crate::store::{
    Derived, Deriving, Examined, NewDerived, ProcessingEnd, ProcessingSource, ProcessingState, Reprocessing,
};

/// How many copies are enqueued at a time.
const BATCH: i64 = 200;

/// The type of bytes as their headers tell it, and what is to be done about them.
pub(super) fn examined(seen: &Seen) -> (MediaType, Examined) {
    let queued = |metadata| Examined { state: ProcessingState::Queued, error: None, metadata };
    match &seen.probe {
        _ if seen.media_type.kind() == MediaKind::Other => (seen.media_type, Examined::nothing()),
        Probe::Known(known) => (known.mime, queued(serde_json::to_string(known).ok())),
        Probe::Ask => (seen.media_type, queued(None)),
        Probe::Broken(reason) => {
            let kind = seen.media_type.kind();
            metrics::counter!("reelshelf_processing_total", "kind" => kind.as_str(), "result" => "failed").increment(1);
            let error = Some(Reason::from(*reason).to_string());
            (seen.media_type, Examined { state: ProcessingState::Failed, error, metadata: None })
        }
    }
}

/// Why processing ends before its end.
enum Trouble {
    /// No file has the bytes any more.
    Gone,
    /// The bytes are to blame, for the person who uploaded them.
    Refused(String),
    /// Our own fault: another time it may work.
    Ours(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// Processes the bytes of a copy, as often as it is called: what was done is done no more, or has the same effect.
pub async fn process(app: &App, blob: BlobId) -> Result<()> {
    let Some(source) = app.store.begin_processing(blob).await? else { return Ok(()) };
    let (started, kind) = (Instant::now(), source.media_type.kind());
    let mut work = Work { app, source: &source, began_at: app.now(), made: Vec::new() };
    let result = match work.run().await {
        Ok(()) => "done",
        Err(Trouble::Gone) => "gone",
        Err(Trouble::Refused(reason)) => match work.end(ProcessingState::Failed, Some(reason), Vec::new()).await {
            Ok(()) | Err(Trouble::Gone) => "failed",
            Err(Trouble::Refused(reason)) => return Err(Error::inconsistent(reason)),
            Err(Trouble::Ours(error)) => return Err(error),
        },
        Err(Trouble::Ours(error)) => return Err(error),
    };
    metrics::counter!("reelshelf_processing_total", "kind" => kind.as_str(), "result" => result).increment(1);
    metrics::histogram!("reelshelf_processing_seconds", "kind" => kind.as_str())
        .record(started.elapsed().as_secs_f64());
    Ok(())
}

/// The processing of one copy.
struct Work<'a> {
    app: &'a App,
    source: &'a ProcessingSource,
    began_at: UnixMillis,
    /// The names of what was made.
    made: Vec<String>,
}

impl Work<'_> {
    async fn run(&mut self) -> Result<(), Trouble> {
        let key = BlobKey::Original(self.source.client, self.source.blob);
        let Some(input) = self.app.blobs.file(key).await? else { return self.lost().await };
        let metadata = self.metadata(&input).await?;
        let orders = orders(&metadata);
        let mut refused = None;
        for (number, order) in orders.iter().enumerate() {
            let made = match self.order(&input, &metadata, *order).await {
                Err(Trouble::Refused(reason)) => {
                    refused.get_or_insert(reason);
                    Vec::new()
                }
                made => made?,
            };
            let is_last = number + 1 == orders.len();
            match refused.clone() {
                None if is_last => return self.end(ProcessingState::Done, None, made).await,
                _ => self.take_in(made, None).await?,
            }
        }
        match refused {
            None => self.end(ProcessingState::Done, None, Vec::new()).await,
            Some(reason) => Err(Trouble::Refused(reason)),
        }
    }

    /// The bytes are not where they should be. That is no fault when they were collected since.
    async fn lost(&self) -> Result<(), Trouble> {
        match self.app.store.begin_processing(self.source.blob).await? {
            None => Err(Trouble::Gone),
            Some(_) => Err(Error::inconsistent("a blob to be processed is not there").into()),
        }
    }

    /// What the bytes hold. It is looked at anew each time: this may be another version than the one that looked before.
    async fn metadata(&self, input: &Readable) -> Result<Metadata, Trouble> {
        let media_type = self.source.media_type;
        let processor = self.app.processor().await?;
        let metadata = loop {
            let looked = match open(input) {
                Ok(file) => processor.inspect(file, media_type).await,
                Err(refusal) => Err(refusal),
            };
            match looked {
                Ok(metadata) => break metadata,
                Err(refusal) => self.bear(refusal).await?,
            }
        };
        self.learn(&metadata, None).await?;
        Ok(metadata)
    }

    /// Keeps what is known of the bytes, with what was heard in them.
    async fn learn(&self, metadata: &Metadata, sound: Option<SoundFacts>) -> Result<(), Trouble> {
        let before: Option<Value> = self.source.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let mut known = json!(metadata);
        // What was heard before is so until it is heard anew.
        let heard = sound.map(|sound| json!(sound)).or_else(|| before.as_ref()?.get("sound").cloned());
        if let Some(heard) = heard {
            known["sound"] = heard;
        }
        if before.as_ref() == Some(&known) && metadata.mime == self.source.media_type {
            return Ok(());
        }
        let learnt = self.app.store.learn(self.source.clone(), known.to_string(), metadata.mime).await?;
        if learnt { Ok(()) } else { Err(Trouble::Gone) }
    }

    /// What is made at an order; nothing where the file has not what it takes, and can do without.
    async fn order(&self, input: &Readable, metadata: &Metadata, order: Order) -> Result<Vec<Made>, Trouble> {
        let processor = self.app.processor().await?;
        let derived = loop {
            let derived = match open(input) {
                Ok(file) => processor.derive(file, metadata, order).await,
                Err(refusal) => Err(refusal),
            };
            match derived {
                Ok(derived) => break derived,
                Err(Refusal::Lasting(Reason::NoPicture | Reason::NoSound)) if !is_essential(metadata.kind, order) => {
                    return Ok(Vec::new());
                }
                Err(refusal) => self.bear(refusal).await?,
            }
        };
        if derived.sound.is_some() {
            self.learn(metadata, derived.sound).await?;
        }
        Ok(derived.made)
    }

    /// Returns when a child may try again: one died of the file, and not yet as many as may. Only a child's own death
    /// counts: when this process dies, whatever it was doing is begun anew.
    async fn bear(&self, refusal: Refusal) -> Result<(), Trouble> {
        let death = match refusal {
            Refusal::Lasting(reason) => return Err(Trouble::Refused(reason.to_string())),
            Refusal::Died(death) => death,
            passing @ Refusal::Passing(_) => return Err(Error::internal("processing a file", passing).into()),
        };
        match count_death(self.app, self.source.blob, self.source.media_type.kind(), death).await? {
            Some(given_up) => Err(Trouble::Refused(given_up)),
            None => Ok(()),
        }
    }

    /// The end, with the last of what was made.
    async fn end(&mut self, state: ProcessingState, error: Option<String>, made: Vec<Made>) -> Result<(), Trouble> {
        self.take_in(made, Some((state, error))).await
    }

    async fn take_in(
        &mut self,
        made: Vec<Made>,
        end: Option<(ProcessingState, Option<String>)>,
    ) -> Result<(), Trouble> {
        if made.is_empty() && end.is_none() {
            return Ok(());
        }
        let (blob, client) = (self.source.blob, self.source.client);
        let made = keep_made(self.app, client, made).await?;
        self.made.extend(made.iter().map(|new| new.name.clone()));
        let (began_at, names) = (self.began_at, self.made.clone());
        let end = end.map(|(state, error)| ProcessingEnd { state, error, began_at, made: names });
        let deriving = Deriving { made, end, ..deriving(self.app, blob, client) };
        match take_in(self.app, deriving).await {
            Ok(Derived::Kept) => Ok(()),
            Ok(Derived::SourceGone) => Err(Trouble::Gone),
            Err(Error::LimitReached { what, limit }) => {
                Err(Trouble::Refused(format!("There is no room for more {what}: the limit is {limit}.")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What is to be made of a file.
fn orders(metadata: &Metadata) -> Vec<Order> {
    let waveform = metadata.audio.as_ref().map(|_| Order::Waveform);
    match metadata.kind {
        MediaKind::Image => vec![Order::Thumbnails],
        MediaKind::Video => [Order::Poster, Order::Storyboard].into_iter().chain(waveform).collect(),
        MediaKind::Audio => waveform.into_iter().collect(),
        MediaKind::Other => Vec::new(),
    }
}

/// Whether a file of this kind is of no use to see or hear without what is made at this order.
fn is_essential(kind: MediaKind, order: Order) -> bool {
    matches!(
        (kind, order),
        (MediaKind::Image, Order::Thumbnails) | (MediaKind::Video, Order::Poster) | (MediaKind::Audio, Order::Waveform)
    )
}

/// A child died of a file, whatever it was to make. Answers why the file is given up, once as many did as may.
pub(super) async fn count_death(app: &App, blob: BlobId, kind: MediaKind, death: Death) -> Result<Option<String>> {
    let most = i64::from(app.settings.processing.deaths);
    let given_up = format!("Decoding the file was given up after {most} attempts: {}.", in_words(death));
    let deaths = app.store.count_death(blob, most, given_up.clone()).await?;
    metrics::counter!("reelshelf_processing_deaths_total", "kind" => kind.as_str()).increment(1);
    tracing::info!(%blob, %kind, %death, deaths, "a child died of a file");
    Ok((deaths >= most).then_some(given_up))
}

/// What ended children, for the person who uploaded the file.
pub(super) fn in_words(death: Death) -> &'static str {
    match death {
        Death::Time => "it takes too long",
        Death::Output => "too much is made of it",
        Death::Answer | Death::Signal(_) => "the decoder fails at it, or needs too much memory",
    }
}

/// The file as a child is given it.
pub(super) fn open(input: &Readable) -> std::result::Result<std::fs::File, Refusal> {
    input.open().map_err(|error| Refusal::Passing(error.to_string()))
}

/// Nothing yet, of a copy.
pub(super) fn deriving(app: &App, source: BlobId, client: ClientId) -> Deriving {
    let limit = app.settings.processing.derived_limit.to_column();
    Deriving { source, client, made: Vec::new(), on_demand: false, end: None, limit, now: app.now() }
}

/// Makes what was made durable. Nothing refers to it yet.
pub(super) async fn keep_made(app: &App, client: ClientId, made: Vec<Made>) -> Result<Vec<NewDerived>> {
    try_join_all(made.into_iter().map(|made| keep_one(app, client, made))).await
}

async fn keep_one(app: &App, client: ClientId, made: Made) -> Result<NewDerived> {
    let id = BlobId::generate(app.now(), app.chance.as_ref())?;
    let (hash, size) = app.blobs.keep_made(BlobKey::Derived(client, id), &made.content).await?;
    Ok(NewDerived { id, name: made.name, hash, size })
}

/// Takes in what is durable, or leaves it to the collector.
pub(super) async fn take_in(app: &App, deriving: Deriving) -> Result<Derived> {
    let taken = app.store.derive(deriving.clone()).await;
    if taken.is_err()
        && let Err(error) = app.store.disown_derived(deriving).await
    {
        tracing::error!(%error, "derived files that nobody has are left to the next sweep");
    }
    taken
}

/// The processing of a copy waits for another worker.
pub async fn put_back(app: &App, blob: BlobId) -> Result<()> {
    app.store.put_processing_back(blob).await
}

/// What was queued.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Queued {
    /// How many.
    pub queued: u64,
    /// The last of them, as long as there may be more.
    pub last: Option<BlobId>,
}

/// How far processing anew has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaking {
    /// How many copies wait for it, or are under way. What just came is not among them.
    pub left: u64,
    /// Of how many copies nothing can be made.
    pub failed: u64,
}

/// Enqueues the processing of some copies anew, those behind the one given.
pub async fn reprocess(app: &App, which: Reprocessing, after: Option<BlobId>) -> Result<Queued> {
    let after = after.map(|blob| blob.to_string()).unwrap_or_default();
    let copies = app.store.reprocessable(which, &after, BATCH).await?;
    let last = copies.last().map(|(blob, _)| *blob);
    let now = app.now();
    let with_job = |(blob, client)| Ok((blob, client, JobId::generate(now, app.chance.as_ref())?));
    let copies = copies.into_iter().map(with_job).collect::<Result<Vec<_>>>()?;
    let queued = app.store.queue_processing(copies, now).await?;
    app.job_bell.notify_one();
    Ok(Queued { queued, last })
}

/// How far processing anew has come; and how many of a kind have failed, or of all.
pub async fn remaking(app: &App, kind: Option<MediaKind>) -> Result<Remaking> {
    let counts = app.store.processing_counts(kind).await?;
    let failed = counts.get(&ProcessingState::Failed).copied().unwrap_or_default();
    Ok(Remaking { left: app.store.remakes_left().await?, failed })
}
