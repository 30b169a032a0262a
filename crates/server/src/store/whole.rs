//! Small uploads in one request: their bytes are durable before anything is registered, so that one transaction does
//! what a registration and its transfer do in two.

use reelshelf_domain::{AssetId, Chance, Error, MediaKind, Result, Taken};

use super::Store;
use super::assets::Asset;
use super::counters::{Bytes, Files, apply, count};
use super::db::{Tx, execute};
use super::folders::{Spare, ensure};
use super::ingest::Arrived;
use super::processing::Processing;
use super::register::Registration;
use super::writer::Verb;

const INSERT: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, media_type, size,
        uploaded, blob_id, hash, created_at, modified_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (folder_id, name_key, name) DO NOTHING";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT];

/// A file whose name is new and whose bytes are durable.
#[derive(Clone)]
struct Whole {
    registration: Registration,
    arrived: Arrived,
    asset: AssetId,
    spare: Spare,
}

impl Whole {
    /// The file as it will be.
    fn asset(&self, processing: Option<Processing>) -> Asset {
        let (Registration { path, display_name, content_type, .. }, arrived) = (&self.registration, &self.arrived);
        Asset {
            id: self.asset,
            name: path.name.clone(),
            display_name: display_name.clone(),
            declared_type: content_type.clone(),
            kind: arrived.media_type.kind(),
            media_type: Some(arrived.media_type),
            size: arrived.size,
            uploaded: true,
            hash: Some(arrived.hash),
            created_at: arrived.now,
            modified_at: arrived.now,
            expires_at: path.folder.is_temp().then_some(arrived.temp_expires_at),
            processing,
            import: None,
        }
    }
}

impl Verb for Whole {
    type Out = Asset;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Asset> {
        let Registration { client, path, now, temp_limit, .. } = &self.registration;
        let size = self.arrived.size.to_column();
        // The client's row comes first; a file always grows what it adds to, so that this also looks for a hold.
        apply(tx, *client, Bytes::of(path.folder.is_temp(), size, 0), *temp_limit, *now).await?;
        let (folder, _) = ensure(tx, *client, &path.folder, &self.spare).await?;
        let kept = self.arrived.keep_blob(tx, *client).await?;
        let blob = kept.id.clone();
        let file = self.asset(kept.processing()?);
        let kind: MediaKind = file.kind;
        let inserted = execute!(
            tx,
            INSERT,
            file.id.to_string(),
            client.as_str(),
            folder.id.to_string(),
            file.name.as_str(),
            file.name.natural_key(),
            file.display_name.as_str(),
            file.declared_type.as_str(),
            kind.as_str(),
            self.arrived.media_type.mime(),
            size,
            true,
            blob,
            self.arrived.hash.to_string(),
            file.created_at.get(),
            file.modified_at.get(),
            file.expires_at.map(reelshelf_domain::UnixMillis::get)
        )?;
        if inserted == 0 {
            return Err(Error::Taken(Taken::FileAtUpload));
        }
        count(tx, folder.id, Files::of(kind, 1, size)).await?;
        Ok(file)
    }
}

impl Store {
    /// Makes a new file of durable bytes that nobody registered, if its name is free and there is room for it.
    pub async fn store_whole(
        &self,
        registration: Registration,
        arrived: Arrived,
        chance: &dyn Chance,
    ) -> Result<Asset> {
        let Registration { path, now, folder_limit, .. } = &registration;
        let asset = AssetId::generate(*now, chance)?;
        let spare = Spare::new(&path.folder, *folder_limit, *now, chance)?;
        self.db.write_aside(Whole { registration, arrived, asset, spare }).await
    }
}
