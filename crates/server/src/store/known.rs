//! Registering with the hash of the bytes: those that this client holds already become the file at once, in the
//! transaction that registers it; others are sent, and no other bytes than those.

use reelshelf_domain::{AssetHash, BlobId, Chance, Error, MediaType, Result, UnixMillis, UploadId};
use serde::{Deserialize, Serialize};

use super::assets::{Asset, find};
use super::counters::lock;
use super::db::{CONTENDED, Tx, fetch_one, fetch_optional};
use super::ingest::Arrived;
use super::journal::Recalled;
use super::processing::{Examined, is_to_be_processed};
use super::register::{Register, Registered, Registration};
use super::uploads::{TICKET, TicketRow};
use super::writer::Verb;
use super::{Store, column, size_column};

/// Of this client alone: a hash is no proof of possession to anybody else.
const HELD: &str = "
    SELECT blob_id, size, media_type FROM assets
    WHERE client_id = $1 AND hash = $2 AND uploaded AND blob_id IS NOT NULL AND (expires_at IS NULL OR expires_at > $3)
    ORDER BY expires_at IS NULL DESC, expires_at DESC LIMIT 1";
const TOUCH: &str = "
    UPDATE blobs SET touched_at = $2, released_at = NULL WHERE id = $1 AND condemned_at IS NULL
    RETURNING processing";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[HELD, TOUCH];

/// What became of a registration that said which bytes it is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Known {
    /// They were here: this is the file, and the upload that has made it.
    Made(Box<Asset>, UploadId),
    /// They are to be sent, these and no others.
    Awaited(Registered),
}

#[derive(Clone)]
struct RegisterKnown {
    register: Register,
    hash: AssetHash,
    temp_expires_at: UnixMillis,
}

impl RegisterKnown {
    /// A copy of the bytes that this client holds, if their size is the one that was said.
    async fn held(&self, tx: &mut Tx) -> Result<Option<(BlobId, MediaType)>> {
        let Registration { client, size, now, .. } = &self.register.registration;
        let row = fetch_optional!(tx, (String, i64, String), HELD, client.as_str(), self.hash.to_string(), now.get())?;
        let Some((blob, held, media_type)) = row else { return Ok(None) };
        if size.is_some_and(|size| size.to_column() != held) {
            return Err(Error::invalid("size", "is not the size of the bytes with this sha256"));
        }
        Ok(Some((column("assets", "blob_id", &blob)?, column("assets", "media_type", &media_type)?)))
    }

    /// Does what the transfer of these bytes would have done.
    async fn make(&self, tx: &mut Tx, to: Registered, (blob, media_type): (BlobId, MediaType)) -> Result<Asset> {
        let Registration { client, path, now, temp_limit, .. } = &self.register.registration;
        let touched = fetch_optional!(tx, (String,), TOUCH, blob.to_string(), now.get())?;
        let (processing,) = touched.ok_or(Error::Unavailable(CONTENDED))?;
        let row = fetch_one!(tx, TicketRow, TICKET, to.upload.to_string())?;
        let size = size_column("uploads", "size", row.declared_size.unwrap_or_default())?;
        let arrived = Arrived {
            upload: to.upload,
            blob,
            hash: self.hash,
            size,
            media_type,
            examined: Examined::nothing(),
            now: *now,
            temp_expires_at: self.temp_expires_at,
            temp_limit: *temp_limit,
        };
        arrived.count_bytes(tx, &row).await?;
        arrived.make_file(tx, row, &blob.to_string()).await?;
        if is_to_be_processed(&processing)? {
            arrived.enqueue_processing(tx, *client, &blob.to_string()).await?;
        }
        find(tx, *client, path).await
    }
}

impl Verb for RegisterKnown {
    type Out = Known;

    fn asked(&self) -> String {
        self.register.asked()
    }

    async fn recalled<'a>(&'a self, tx: &'a mut Tx, outcome: &'a mut Known, recalled: Recalled) -> Result<bool> {
        match outcome {
            Known::Made(..) => Ok(true),
            Known::Awaited(registered) => registered.stands(tx, self.register.registration.now, recalled.last).await,
        }
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Known> {
        // From here on nobody takes the bytes away.
        lock(tx, self.register.registration.client).await?;
        let held = self.held(tx).await?;
        let registered = self.register.run(tx).await?;
        if let Some(held) = held {
            let upload = registered.upload;
            return self.make(tx, registered, held).await.map(|asset| Known::Made(Box::new(asset), upload));
        }
        Ok(Known::Awaited(registered))
    }
}

impl Store {
    /// Registers an upload of the bytes with this hash, or makes the file at once of those that the client holds.
    pub async fn register_known(
        &self,
        registration: Registration,
        hash: AssetHash,
        temp_expires_at: UnixMillis,
        chance: &dyn Chance,
    ) -> Result<Known> {
        self.db.write(RegisterKnown { register: Register::new(registration, chance)?, hash, temp_expires_at }).await
    }
}
