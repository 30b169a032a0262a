//! Registering an upload: the pending file, what is reserved for it, and who had the name before.

use reelshelf_domain::{
    AssetId, ByteSize, Chance, ClientId, DisplayName, Error, FolderId, MediaKind, MediaPath, Result, Taken, UnixMillis,
    UploadId,
};

use super::assets::{delete_row, hold_by_path};
use super::counters::{self, Bytes, Files, Room, Standing, count, lock};
use super::db::{CONTENDED, Tx, execute, fetch_one};
use super::folders::{Spare, ensure};
use super::writer::Verb;
use super::{Store, column, size_column};

const INSERT_ASSET: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, size, uploaded,
        created_at, modified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ON CONFLICT (folder_id, name_key, name) DO NOTHING";
const INSERT_UPLOAD: &str = "
    INSERT INTO uploads (id, client_id, asset_id, content_type, display_name, size, reserved, created_at, expires_at,
        overwrite)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const OPEN_UPLOADS: &str = "SELECT COUNT(*) FROM uploads WHERE asset_id = $1 AND done_hash IS NULL AND expires_at > $2";

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
    /// What to reserve for it.
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
}

/// A registered upload.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The upload.
    pub upload: UploadId,
    /// How many bytes may come before more is reserved.
    pub covers: ByteSize,
}

#[derive(Clone)]
struct Register {
    registration: Registration,
    asset: AssetId,
    upload: UploadId,
    spare: Spare,
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
        let Registration { client, display_name, content_type, size, now, expires_at, overwrite, .. } =
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
            *overwrite
        )
        .map(|_| ())
    }
}

impl Verb for Register {
    type Out = Registered;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Registered> {
        let Registration { client, path, content_type, size, reserve, now, temp_limit, .. } = &self.registration;
        // Also what would not grow: nothing is uploaded while the client is on hold.
        if lock(tx, *client).await? == Standing::OnHold {
            return Err(Error::StorageBlocked);
        }
        let (folder, _) = ensure(tx, *client, &path.folder, &self.spare).await?;
        let Met { asset, stored, freed } =
            if self.insert_asset(tx, folder.id).await? { self.new_file() } else { self.meet(tx, folder.id).await? };
        // What replaces a file needs room only for what it is larger by, and every file has at least one byte.
        let wanted = (reserve.to_column() - stored).max(0);
        let least = if size.is_some() { wanted } else { (1 - stored).max(0) };
        let room = Room { temporary: folder.temporary, wanted, least, freed };
        let reserved = counters::reserve(tx, *client, room, *temp_limit, *now).await?;
        self.insert_upload(tx, asset, reserved).await?;
        if asset == self.asset {
            count(tx, folder.id, Files::of(MediaKind::declared(content_type), 1, 0)).await?;
        }
        Ok(Registered { upload: self.upload, covers: size_column("uploads", "reserved", stored + reserved)? })
    }
}

impl Store {
    /// Registers an upload: reserves its bytes and makes its pending file, or finds the file it is to replace.
    pub async fn register(&self, registration: Registration, chance: &dyn Chance) -> Result<Registered> {
        let Registration { path, now, folder_limit, .. } = &registration;
        let asset = AssetId::generate(*now, chance)?;
        let upload = UploadId::generate(*now, chance)?;
        let spare = Spare::new(&path.folder, *folder_limit, *now, chance)?;
        self.db.write(Register { registration, asset, upload, spare }).await
    }
}
