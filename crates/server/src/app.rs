//! What everything is done with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelshelf_domain::{Chance, Clock, Error, KeyId, Result, UnixMillis};
use reelshelf_media::Processor;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::config::Settings;
use crate::fetch::Fetcher;
use crate::library::{KeyCache, Passwords, Signer, Sizes, Slots, Watches, Writers};
use crate::store::Store;

/// How many letters and digits tell one installation from every other.
const INSTALLATION: usize = 20;
/// What is limited, of all clients and of one.
const UPLOADS: (&str, &str) = ("uploads at once", "uploads of one client at once");
const ZIPS: (&str, &str) = ("ZIP downloads at once", "ZIP downloads of one client at once");
const SIZES: (&str, &str) = ("pictures made at once", "pictures of one client made at once");
const UNPACKS: (&str, &str) = ("archives unpacked at once", "archives of one client unpacked at once");

/// The product, without its surfaces: cheap to clone, shared by every request and every job.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The bytes.
    pub blobs: Blobs,
    /// Files of other servers.
    pub fetcher: Fetcher,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub chance: Arc<dyn Chance>,
    /// The configuration.
    pub settings: Settings,
    /// Who the keys belong to.
    pub keys: KeyCache,
    /// When keys were last used, until it is written down.
    pub used_keys: Mutex<HashMap<KeyId, UnixMillis>>,
    /// Signs upload URLs.
    pub signer: Signer,
    /// How many more uploads may be under way.
    pub upload_slots: Slots,
    /// Resumable uploads that are being written to.
    pub writers: Writers,
    /// How many more archives may be on their way out.
    pub zip_slots: Slots,
    /// How many more archives may be unpacked.
    pub unpack_slots: Slots,
    /// How many more pictures may be made in a size that somebody asks for.
    pub size_slots: Slots,
    /// Those that are being made.
    pub sizes: Sizes,
    /// Decodes media; made when it is first needed.
    processor: OnceCell<Processor>,
    /// Checks passwords, a few at a time.
    pub passwords: Passwords,
    /// Clients whose browsers want to hear of changes.
    pub watches: Watches,
    /// Cancelled when this process is about to stop: what would go on for ever ends.
    pub stopping: CancellationToken,
    /// Transfers and jobs under way, which a graceful stop waits for.
    pub tasks: TaskTracker,
    /// When this process opened the database and the blobs.
    pub started_at: UnixMillis,
    /// Rung when a job may be due.
    pub job_bell: Notify,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the database and the blobs.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Result<Self> {
        let store = Store::connect(&settings.store).await?;
        let blobs = Blobs::open(&settings.blobs, &settings.server, Arc::clone(&clock)).await?;
        let installation = store.setting("installation", chance.alphanumeric(INSTALLATION)?).await?;
        blobs.belong_to(&installation).await?;
        let signer = Signer::open(&store, chance.as_ref()).await?;
        let app = Self(Arc::new(Parts {
            started_at: clock.now(),
            keys: KeyCache::new(settings.limits.cached_keys),
            upload_slots: Slots::new(UPLOADS, settings.uploads.at_once, settings.uploads.at_once_per_client),
            writers: Writers::default(),
            fetcher: Fetcher::new(&settings.fetch),
            zip_slots: Slots::new(ZIPS, settings.zip.downloads, settings.zip.downloads_per_client),
            unpack_slots: Slots::new(UNPACKS, settings.zip.unpacks, settings.zip.unpacks_per_client),
            size_slots: Slots::new(SIZES, settings.processing.size_slots, settings.processing.client_size_slots),
            sizes: Sizes::default(),
            passwords: Passwords::new(settings.panel.checks_at_once),
            watches: Watches::default(),
            stopping: CancellationToken::new(),
            store,
            blobs,
            clock,
            chance,
            settings,
            used_keys: Mutex::default(),
            signer,
            tasks: TaskTracker::new(),
            job_bell: Notify::new(),
            processor: OnceCell::new(),
        }));
        crate::library::sync_plans(&app).await?;
        Ok(app)
    }

    /// What decodes media, in children.
    pub async fn processor(&self) -> Result<&Processor> {
        self.processor.get_or_try_init(|| start_processor(&self.settings)).await
    }

    /// Now.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Waits for transfers and jobs under way, but not for ever: what a kill cannot harm, a stop cannot either. Then
    /// writes down what is still in memory, and closes the database.
    pub async fn close(&self) {
        self.tasks.close();
        let grace = Duration::from_secs(self.settings.server.shutdown_seconds);
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "work under way is dropped");
        }
        if let Err(error) = crate::library::write_down_key_use(self).await {
            tracing::error!(%error, "the last use of keys could not be written down");
        }
        self.store.close().await;
    }
}

/// What decodes media, by the settings.
pub(crate) async fn start_processor(settings: &Settings) -> Result<Processor> {
    let settings = settings.processing.processor();
    let settings = settings.map_err(|error| Error::internal("finding this program", error))?;
    Processor::start(settings).await.map_err(|error| Error::internal("starting the sandbox", error))
}
