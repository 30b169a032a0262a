//! Moving and renaming a file: its row changes, its bytes do not.

use reelshelf_domain::{Chance, ClientId, DisplayName, Error, MediaPath, Result, Taken, Thing, UnixMillis};

use super::Store;
use super::assets::{Held, delete_row, hold_by_path};
use super::counters::{Bytes, Files, apply, count, lock, recount};
use super::db::{CONTENDED, Tx, execute};
use super::folders::{Folder, Spare, ensure};
use super::writer::Verb;

const MOVE: &str = "
    UPDATE assets SET folder_id = $2, name = $3, name_key = $4, display_name = COALESCE($5, display_name),
        expires_at = CASE WHEN uploaded THEN CAST($6 AS BIGINT) ELSE expires_at END
    WHERE id = $1 AND NOT EXISTS (
        SELECT 1 FROM assets other WHERE other.folder_id = $2 AND other.name_key = $4 AND other.name = $3
            AND other.id <> $1)";

const KEEP_EXPIRY: &str = "
    UPDATE assets SET folder_id = $2, name = $3, name_key = $4, display_name = COALESCE($5, display_name)
    WHERE id = $1 AND NOT EXISTS (
        SELECT 1 FROM assets other WHERE other.folder_id = $2 AND other.name_key = $4 AND other.name = $3
            AND other.id <> $1)";

/// What an upload brings to a file has the name that the file has by then.
const RENAME_COMING: &str = "UPDATE uploads SET display_name = $2 WHERE asset_id = $1 AND done_hash IS NULL";
const HAND_OVER: &str = "UPDATE uploads SET asset_id = $2 WHERE asset_id = $1";
const DELETE_PENDING: &str = "DELETE FROM assets WHERE id = $1 AND uploaded = $2";

pub(super) const STATEMENTS: &[&str] = &[MOVE, KEEP_EXPIRY, RENAME_COMING, HAND_OVER, DELETE_PENDING];

/// A file's way to another folder, another name, or both.
#[derive(Clone)]
pub struct Relocation {
    /// Whose file.
    pub client: ClientId,
    /// From where.
    pub from: MediaPath,
    /// To where.
    pub to: MediaPath,
    /// The name a person gave with it.
    pub display_name: Option<DisplayName>,
    /// Whether a file at the destination is replaced.
    pub overwrite: bool,
    /// When a file that moves into `temp` goes.
    pub temp_expires_at: UnixMillis,
    /// The most that temporary files may take.
    pub temp_limit: i64,
    /// The most folders of a client.
    pub folder_limit: i64,
    /// Now.
    pub now: UnixMillis,
}

#[derive(Clone)]
struct Relocate {
    relocation: Relocation,
    spare: Spare,
}

impl Relocate {
    async fn change(&self, tx: &mut Tx, held: &Held, to: Folder) -> Result<bool> {
        let Relocation { to: path, display_name, .. } = &self.relocation;
        let (id, folder, name, key) =
            (held.id.as_str(), to.id.to_string(), path.name.as_str(), path.name.natural_key());
        let display = display_name.as_ref().map(DisplayName::as_str);
        let changed = if held.temporary == to.temporary {
            execute!(tx, KEEP_EXPIRY, id, folder, name, key, display)?
        } else {
            let expires_at = to.temporary.then(|| self.relocation.temp_expires_at.get());
            execute!(tx, MOVE, id, folder, name, key, display, expires_at)?
        };
        Ok(changed == 1)
    }

    async fn rename_coming(&self, tx: &mut Tx, held: &Held) -> Result<()> {
        match &self.relocation.display_name {
            Some(display) if held.coming > 0 => {
                execute!(tx, RENAME_COMING, held.id.as_str(), display.as_str()).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Makes room at the destination, and says what went.
    async fn evict(&self, tx: &mut Tx, target: &Held) -> Result<(Bytes, Files)> {
        delete_row(tx, target, self.relocation.now).await?;
        Ok((target.bytes(target.temporary).negated(), target.negated_files()?))
    }

    /// A pending file has nothing yet to replace another with. Its uploads go over to the file there, which keeps its
    /// bytes until the new ones are durable.
    async fn hand_over(&self, tx: &mut Tx, held: &Held, target: &Held) -> Result<()> {
        let Relocation { client, temp_limit, now, .. } = &self.relocation;
        execute!(tx, HAND_OVER, held.id.as_str(), target.id.as_str())?;
        if execute!(tx, DELETE_PENDING, held.id.as_str(), false)? == 0 {
            return Err(Error::Unavailable(CONTENDED));
        }
        let bytes = held.bytes(held.temporary).negated().plus(held.bytes(target.temporary));
        if !bytes.is_nothing() {
            apply(tx, *client, bytes, *temp_limit, *now).await?;
        }
        count(tx, held.folder()?, held.negated_files()?).await
    }
}

impl Verb for Relocate {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let Relocation { client, from, to: path, overwrite, temp_limit, now, .. } = &self.relocation;
        lock(tx, *client).await?;
        let held = hold_by_path(tx, *client, from).await?.ok_or(Error::NotFound(Thing::File))?;
        if from == path && self.relocation.display_name.is_none() {
            return Ok(());
        }
        let (to, _) = if from.folder == path.folder {
            (Folder { id: held.folder()?, temporary: held.temporary }, super::Made::Existed)
        } else {
            ensure(tx, *client, &path.folder, &self.spare).await?
        };
        self.rename_coming(tx, &held).await?;
        let (mut bytes, mut evicted) = (Bytes::default(), Files::default());
        if !self.change(tx, &held, to).await? {
            if !overwrite {
                return Err(Error::Taken(Taken::FileAtDestination));
            }
            let target = hold_by_path(tx, *client, path).await?.ok_or(Error::NotFound(Thing::File))?;
            if target.uploaded && !held.uploaded {
                return self.hand_over(tx, &held, &target).await;
            }
            (bytes, evicted) = self.evict(tx, &target).await?;
            if !self.change(tx, &held, to).await? {
                return Err(Error::Taken(Taken::FileAtDestination));
            }
        }
        if held.temporary != to.temporary {
            bytes = bytes.plus(held.bytes(held.temporary).negated()).plus(held.bytes(to.temporary));
        }
        if !bytes.is_nothing() {
            apply(tx, *client, bytes, *temp_limit, *now).await?;
        }
        let source = held.folder()?;
        if source != to.id {
            recount(tx, to.id, source, held.files()?).await?;
        }
        count(tx, to.id, evicted).await
    }
}

impl Store {
    /// Moves a file, renames it, or both. It works on pending files too: their uploads follow them.
    pub async fn relocate(&self, relocation: Relocation, chance: &dyn Chance) -> Result<()> {
        let spare = Spare::new(&relocation.to.folder, relocation.folder_limit, relocation.now, chance)?;
        self.db.write(Relocate { relocation, spare }).await
    }
}
