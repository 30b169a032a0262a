//! Registering an upload: the pending file, what is reserved for it, and who had the name before.

use reelshelf_domain::{
    AssetHash, AssetId, ByteSize, Chance, ClientId, DisplayName, Error, FolderId, JobId, MediaKind, MediaPath, Result,
    Taken, UnixMillis, UploadId,
};
use serde::{Deserialize, Serialize};

use super::assets::{delete_row, hold_by_path};
use super::counters::{self, Bytes, Files, Room, Standing, count, lock};
use super::db::{CONTENDED, Tx, execute, fetch_one, fetch_optional};
use super::folders::{Spare, ensure};
use super::import::{self, NewImport};
use super::journal::Recalled;
use super::uploads::{TICKET, TicketRow};
use super::writer::Verb;
use super::{Store, column, resumables, size_column};

const INSERT_ASSET: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, size, uploaded,
        created_at, modified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ON CONFLICT (folder_id, name_key, name) DO NOTHING";
const INSERT_UPLOAD: &str = "
    INSERT INTO uploads (id, client_id, asset_id, content_type, display_name, size, reserved, created_at, expires_at,
        overwrite, expected_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
/// An import that failed brings nothing more: it is kept to be seen.
const OPEN_UPLOADS: &str = "
    SELECT COUNT(*) FROM uploads WHERE asset_id = $1 AND done_hash IS NULL AND expires_at > $2
        AND NOT EXISTS (SELECT 1 FROM imports WHERE imports.upload_id = uploads.id AND imports.state = 'failed')";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT_ASSET, INSERT_UPLOAD, OPEN_UPLOADS];

/// An upload to be registered.
#[derive(Clone)]
pub struct Registration {
    /// Whose file.
    pub client: ClientId,
    /// Its place.
    pub path: MediaPath,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// The type the client declares.
    pub content_type: String,
    /// Its length, when it is known.
    pub size: Option<ByteSize>,
    /// The hash of its bytes, when no others are to be taken.
    pub expected: Option<AssetHash>,
    /// What to reserve for it; nothing when room is to be taken as the bytes come.
    pub reserve: ByteSize,
    /// Whether a file of this name is replaced.
    pub overwrite: bool,
    /// Now.
    pub now: UnixMillis,
    /// When the registration ends unless a transfer renews it.
    pub expires_at: UnixMillis,
    /// The most that temporary files may take.
    pub temp_limit: i64,
    /// The most folders of a client.
    pub folder_limit: i64,
    /// What the client said of an upload that may be resumed; `None` for one that may not.
    pub resumable: Option<String>,
}

/// A registered upload.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// The upload.
    pub upload: UploadId,
    /// How many bytes may come before more is reserved.
    pub covers: ByteSize,
    /// When the registration ends unless a transfer renews it.
    pub expires_at: UnixMillis,
}

#[derive(Clone)]
pub(super) struct Register {
    pub(super) registration: Registration,
    asset: AssetId,
    upload: UploadId,
    spare: Spare,
    /// What brings the bytes, when the client does not.
    import: Option<(NewImport, JobId)>,
}

/// The file that a registration is for.
struct Met {
    asset: AssetId,
    /// What it stores today.
    stored: i64,
    /// What an earlier pending file of this name gave back.
    freed: Bytes,
}

impl Register {
    pub(super) fn new(registration: Registration, chance: &dyn Chance) -> Result<Self> {
        let Registration { path, now, folder_limit, .. } = &registration;
        let asset = AssetId::generate(*now, chance)?;
        let upload = UploadId::generate(*now, chance)?;
        let spare = Spare::new(&path.folder, *folder_limit, *now, chance)?;
        Ok(Self { registration, asset, upload, spare, import: None })
    }

    /// The upload that it makes.
    pub(super) const fn upload(&self) -> UploadId {
        self.upload
    }

    async fn insert_asset(&self, tx: &mut Tx, folder: FolderId) -> Result<bool> {
        let Registration { client, path, display_name, content_type, size, now, .. } = &self.registration;
        let inserted = execute!(
            tx,
            INSERT_ASSET,
            self.asset.to_string(),
            client.as_str(),
            folder.to_string(),
            path.name.as_str(),
            path.name.natural_key(),
            display_name.as_str(),
            content_type.as_str(),
            MediaKind::declared(content_type).as_str(),
            size.map_or(0, ByteSize::to_column),
            false,
            now.get()
        )?;
        Ok(inserted == 1)
    }

    /// The name is in use. A pending file whose time is over gives it back, and what was reserved for it; a file that is
    /// to be replaced keeps its row.
    async fn meet(&self, tx: &mut Tx, folder: FolderId) -> Result<Met> {
        let Registration { client, path, overwrite, now, .. } = &self.registration;
        let held = hold_by_path(tx, *client, path).await?.ok_or(Error::Unavailable(CONTENDED))?;
        if !held.uploaded {
            let (open,) = fetch_one!(tx, (i64,), OPEN_UPLOADS, held.id.as_str(), now.get())?;
            if open == 0 {
                delete_row(tx, &held, *now).await?;
                count(tx, folder, held.negated_files()?).await?;
                let made = self.insert_asset(tx, folder).await?;
                let freed = held.bytes(held.temporary).negated();
                return if made { Ok(Met { freed, ..self.new_file() }) } else { Err(Error::Unavailable(CONTENDED)) };
            }
        }
        if !overwrite {
            return Err(Error::Taken(Taken::FileAtUpload));
        }
        let stored = if held.uploaded { held.size } else { 0 };
        Ok(Met { asset: column("assets", "id", &held.id)?, stored, freed: Bytes::default() })
    }

    fn new_file(&self) -> Met {
        Met { asset: self.asset, stored: 0, freed: Bytes::default() }
    }

    async fn insert_upload(&self, tx: &mut Tx, asset: AssetId, reserve: i64) -> Result<()> {
        let Registration { client, display_name, content_type, size, expected, now, expires_at, overwrite, .. } =
            &self.registration;
        execute!(
            tx,
            INSERT_UPLOAD,
            self.upload.to_string(),
            client.as_str(),
            asset.to_string(),
            content_type.as_str(),
            display_name.as_str(),
            size.map(ByteSize::to_column),
            reserve,
            now.get(),
            expires_at.get(),
            *overwrite,
            expected.map(|hash| hash.to_string())
        )
        .map(|_| ())
    }
}

impl Registered {
    /// Whether there is still a registration that can be used, or whether it was used, as `last` tells. What it has
    /// reserved by now is what it covers.
    pub(super) async fn stands(&mut self, tx: &mut Tx, now: UnixMillis, last: bool) -> Result<bool> {
        let Some(row) = fetch_optional!(tx, TicketRow, TICKET, self.upload.to_string())? else { return Ok(!last) };
        if last && row.done_hash.is_none() && row.expires_at <= now.get() {
            return Ok(false);
        }
        let stored = if row.uploaded { row.asset_size } else { 0 };
        self.covers = size_column("uploads", "reserved", stored + row.reserved)?;
        self.expires_at = UnixMillis::new(row.expires_at);
        Ok(true)
    }
}

impl Verb for Register {
    type Out = Registered;

    fn asked(&self) -> String {
        let Registration { path, display_name, content_type, size, expected, overwrite, .. } = &self.registration;
        let expected = expected.map(|hash| format!(" {hash}")).unwrap_or_default();
        format!("register {path} as {} {content_type} {size:?} {overwrite}{expected}", display_name.as_str())
    }

    async fn recalled<'a>(&'a self, tx: &'a mut Tx, outcome: &'a mut Registered, recalled: Recalled) -> Result<bool> {
        outcome.stands(tx, self.registration.now, recalled.last).await
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Registered> {
        let Registration { client, path, content_type, size, reserve, now, temp_limit, .. } = &self.registration;
        // Also what would not grow: nothing is uploaded while the client is on hold.
        if lock(tx, *client).await? == Standing::OnHold {
            return Err(Error::StorageBlocked);
        }
        if let Some((import, _)) = &self.import {
            import::check_queue(tx, *client, import).await?;
        }
        let (folder, _) = ensure(tx, *client, &path.folder, &self.spare).await?;
        let Met { asset, stored, mut freed } =
            if self.insert_asset(tx, folder.id).await? { self.new_file() } else { self.meet(tx, folder.id).await? };
        if self.import.is_some() && asset != self.asset {
            let ended = import::supersede(tx, &asset.to_string()).await?;
            freed = freed.plus(Bytes::of(folder.temporary, 0, -ended));
        }
        // What replaces a file needs room only for what it is larger by, and every file has at least one byte.
        let some = (1 - stored).max(0);
        let wanted = (reserve.to_column() - stored).max(0);
        let least = if size.is_some() { wanted } else { some };
        let room = Room { temporary: folder.temporary, wanted: wanted.max(least), least, freed };
        let mut reserved = counters::reserve(tx, *client, room, *temp_limit, *now).await?;
        if *reserve == ByteSize::ZERO && reserved > 0 {
            // There is some room, and that was all to be known.
            counters::apply(tx, *client, Bytes::of(folder.temporary, 0, -reserved), *temp_limit, *now).await?;
            reserved = 0;
        }
        self.insert_upload(tx, asset, reserved).await?;
        if let Some(metadata) = &self.registration.resumable {
            resumables::begin(tx, self.upload, metadata).await?;
        }
        if let Some((import, job)) = &self.import {
            import::insert(tx, *client, self.upload, import, (*job, *now)).await?;
        }
        if asset == self.asset {
            count(tx, folder.id, Files::of(MediaKind::declared(content_type), 1, 0)).await?;
        }
        let covers = size_column("uploads", "reserved", stored + reserved)?;
        Ok(Registered { upload: self.upload, covers, expires_at: self.registration.expires_at })
    }
}

impl Store {
    /// Registers an upload: reserves its bytes and makes its pending file, or finds the file it is to replace.
    pub async fn register(&self, registration: Registration, chance: &dyn Chance) -> Result<Registered> {
        self.register_with(registration, None, chance).await
    }

    /// Registers an upload whose bytes the server fetches itself, and enqueues that.
    pub async fn register_import(
        &self,
        registration: Registration,
        import: NewImport,
        chance: &dyn Chance,
    ) -> Result<Registered> {
        self.register_with(registration, Some(import), chance).await
    }

    async fn register_with(
        &self,
        registration: Registration,
        import: Option<NewImport>,
        chance: &dyn Chance,
    ) -> Result<Registered> {
        let job = import.as_ref().map(|_| JobId::generate(registration.now, chance)).transpose()?;
        let register = Register::new(registration, chance)?;
        self.db.write(Register { import: import.zip(job), ..register }).await
    }
}
