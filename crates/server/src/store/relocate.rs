//! Moving and renaming a file: its row changes, its bytes do not.

use reelshelf_domain::{Chance, ClientId, DisplayName, Error, MediaPath, Result, Taken, Thing, UnixMillis};

use super::Store;
use super::assets::{Held, delete_row, held_columns};
use super::counters::{Bytes, Files, apply, count, count_pair, lock};
use super::db::{CONTENDED, Tx, execute, fetch_all};
use super::folders::{Folder, Spare, ensure};
use super::import;
use super::row::row;
use super::survey::{Fate, Survey};
use super::walk::{Walk, steps};
use super::writer::Verb;

/// All that a move is about, in one statement: side 0 is the file, 1 is the file in its way, 2 stands for the folder it
/// goes to.
const LOOK: &str = concat!(
    "WITH RECURSIVE ",
    steps!("source", "$2", "$3", "$4"),
    ", ",
    steps!("target", "$5", "$6", "$7"),
    "SELECT 0 AS side,",
    held_columns!(),
    "FROM source JOIN folders ON folders.id = source.id JOIN assets ON assets.folder_id = source.id
    WHERE source.depth = $4 AND assets.name_key = $8 AND assets.name = $9
    UNION ALL
    SELECT 1 AS side,",
    held_columns!(),
    "FROM target JOIN folders ON folders.id = target.id JOIN assets ON assets.folder_id = target.id
    WHERE target.depth = $7 AND assets.name_key = $10 AND assets.name = $11
    UNION ALL
    SELECT 2 AS side, '', folders.client_id, folders.id, folders.temporary, '', 'other', 0, FALSE, NULL, NULL, 0, 0
    FROM target JOIN folders ON folders.id = target.id WHERE target.depth = $7"
);

/// Only if nothing changed since the look: others hold no lock that the look would have waited for.
const MOVE: &str = "
    UPDATE assets SET folder_id = $2, name = $3, name_key = $4, display_name = COALESCE($5, display_name),
        expires_at = CASE WHEN uploaded AND $6 THEN CAST($7 AS BIGINT) ELSE expires_at END
    WHERE id = $1 AND folder_id = $8 AND name = $9 AND uploaded = $10 AND size = $11
        AND blob_id IS NOT DISTINCT FROM $12
        AND (SELECT COALESCE(SUM(uploads.reserved), 0) FROM uploads WHERE uploads.asset_id = $1) = $13
        AND EXISTS (SELECT 1 FROM folders WHERE folders.id = $2)
        AND NOT EXISTS (
            SELECT 1 FROM assets other WHERE other.folder_id = $2 AND other.name_key = $4 AND other.name = $3
                AND other.id <> $1)";

/// What an upload brings to a file has the name that the file has by then.
const RENAME_COMING: &str = "UPDATE uploads SET display_name = $2 WHERE asset_id = $1 AND done_hash IS NULL";
/// Whoever moves a file over another says that its bytes replace the other's.
const HAND_OVER: &str = "UPDATE uploads SET asset_id = $2, overwrite = $3 WHERE asset_id = $1";
const DELETE_PENDING: &str = "DELETE FROM assets WHERE id = $1 AND uploaded = $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[LOOK, MOVE, RENAME_COMING, HAND_OVER, DELETE_PENDING];

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
pub(super) struct Relocate {
    pub(super) relocation: Relocation,
    spare: Spare,
}

row! {
    struct LookRow {
        side: i32,
        ..held: Held,
    }
}

/// What a look at both ends of a way found.
#[derive(Default, PartialEq)]
struct Seen {
    file: Option<Held>,
    in_its_way: Option<Held>,
    folder: Option<Folder>,
}

impl Relocate {
    pub(super) fn new(relocation: Relocation, chance: &dyn Chance) -> Result<Self> {
        let spare = Spare::new(&relocation.to.folder, relocation.folder_limit, relocation.now, chance)?;
        Ok(Self { relocation, spare })
    }

    /// Tells a survey what becomes of the files at both ends.
    fn tell(&self, seen: &Seen, held: &Held, survey: &mut Survey) -> Result<()> {
        survey.see(Fate::Moved, &held.found(&self.relocation.from));
        if let Some(other) = &seen.in_its_way {
            survey.see(Fate::Replaced, &other.found(&self.relocation.to));
        }
        survey.decide()
    }

    async fn look(&self, tx: &mut Tx) -> Result<Seen> {
        let Relocation { client, from, to, .. } = &self.relocation;
        let (source, target) = (Walk::along(&from.folder), Walk::along(&to.folder));
        let rows = fetch_all!(
            tx,
            LookRow,
            LOOK,
            client.as_str(),
            source.names,
            source.spans,
            source.depth,
            target.names,
            target.spans,
            target.depth,
            from.name.natural_key(),
            from.name.as_str(),
            to.name.natural_key(),
            to.name.as_str()
        )?;
        let mut seen = Seen::default();
        for LookRow { side, held } in rows {
            match side {
                0 => seen.file = Some(held),
                1 => seen.in_its_way = Some(held),
                _ => seen.folder = Some(Folder { id: held.folder()?, temporary: held.temporary }),
            }
        }
        // A file that keeps its place is not in its own way.
        let itself = seen.file.as_ref().map(|file| file.id.clone());
        seen.in_its_way = seen.in_its_way.filter(|other| Some(&other.id) != itself.as_ref());
        Ok(seen)
    }

    /// Takes the client's row, and looks whether everything is still as it was seen.
    async fn confirm(&self, tx: &mut Tx, seen: &Seen) -> Result<()> {
        lock(tx, self.relocation.client).await?;
        let now = self.look(tx).await?;
        // A folder that was not there may have been made since, by this very move.
        let folder = seen.folder.is_none() || now.folder == seen.folder;
        let same = folder && (&now.file, &now.in_its_way) == (&seen.file, &seen.in_its_way);
        if same { Ok(()) } else { Err(Error::Unavailable(CONTENDED)) }
    }

    async fn rename_coming(&self, tx: &mut Tx, held: &Held) -> Result<()> {
        match &self.relocation.display_name {
            Some(display) if held.coming > 0 => {
                execute!(tx, RENAME_COMING, held.id.as_str(), display.as_str())?;
                import::keep_name(tx, &held.id).await
            }
            _ => Ok(()),
        }
    }

    /// A pending file has nothing yet to replace another with. Its uploads go over to the file there, which keeps its
    /// bytes until the new ones are durable.
    async fn hand_over(&self, tx: &mut Tx, held: &Held, target: &Held) -> Result<()> {
        let Relocation { client, temp_limit, now, .. } = &self.relocation;
        self.rename_coming(tx, held).await?;
        execute!(tx, HAND_OVER, held.id.as_str(), target.id.as_str(), true)?;
        if execute!(tx, DELETE_PENDING, held.id.as_str(), false)? == 0 {
            return Err(Error::Unavailable(CONTENDED));
        }
        let bytes = held.bytes(held.temporary).negated().plus(held.bytes(target.temporary));
        apply(tx, *client, bytes, *temp_limit, *now).await?;
        count(tx, held.folder()?, held.negated_files()?).await
    }

    async fn change(&self, tx: &mut Tx, held: &Held, to: Folder) -> Result<()> {
        let Relocation { to: path, display_name, temp_expires_at, .. } = &self.relocation;
        let changed = execute!(
            tx,
            MOVE,
            held.id.as_str(),
            to.id.to_string(),
            path.name.as_str(),
            path.name.natural_key(),
            display_name.as_ref().map(DisplayName::as_str),
            held.temporary != to.temporary,
            to.temporary.then(|| temp_expires_at.get()),
            held.folder_id.as_str(),
            held.name.as_str(),
            held.uploaded,
            held.size,
            held.blob_id.as_deref(),
            held.reserved
        )?;
        if changed == 1 { Ok(()) } else { Err(Error::Unavailable(CONTENDED)) }
    }

    pub(super) async fn act(&self, tx: &mut Tx, survey: &mut Survey) -> Result<()> {
        let Relocation { from, to: path, overwrite, .. } = &self.relocation;
        let seen = self.look(tx).await?;
        let held = seen.file.as_ref().ok_or(Error::NotFound(Thing::File))?;
        self.tell(&seen, held, survey)?;
        if from == path && self.relocation.display_name.is_none() {
            return Ok(());
        }
        if seen.in_its_way.is_some() && !overwrite {
            return Err(Error::Taken(Taken::FileAtDestination));
        }
        if let Some(target) = seen.in_its_way.as_ref().filter(|target| target.uploaded && !held.uploaded) {
            self.confirm(tx, &seen).await?;
            return self.hand_over(tx, held, target).await;
        }
        self.go(tx, &seen, held).await
    }

    /// The row changes its place, and whatever counts it.
    async fn go(&self, tx: &mut Tx, seen: &Seen, held: &Held) -> Result<()> {
        let Relocation { client, to: path, temp_limit, now, .. } = &self.relocation;
        let to = if let Some(folder) = seen.folder {
            folder
        } else {
            lock(tx, *client).await?;
            ensure(tx, *client, &path.folder, &self.spare).await?.0
        };
        let (mut bytes, mut evicted) = (Bytes::default(), Files::default());
        if held.temporary != to.temporary {
            bytes = held.bytes(held.temporary).negated().plus(held.bytes(to.temporary));
        }
        if let Some(other) = &seen.in_its_way {
            bytes = bytes.plus(other.bytes(other.temporary).negated());
            evicted = other.negated_files()?;
        }
        // Also when nothing changes: this takes the client's row, which comes before files and folders.
        let applied = apply(tx, *client, bytes, *temp_limit, *now).await;
        if let Err(Error::StorageBlocked | Error::LimitReached { .. }) = &applied {
            // Only if it is still so behind everybody who was before us.
            self.confirm(tx, seen).await?;
        }
        applied?;
        self.rename_coming(tx, held).await?;
        if let Some(other) = &seen.in_its_way {
            delete_row(tx, other, *now).await?;
        }
        self.change(tx, held, to).await?;
        let source = held.folder()?;
        if source == to.id {
            return count(tx, to.id, evicted).await;
        }
        count_pair(tx, (to.id, held.files()?.plus(evicted)), (source, held.negated_files()?)).await
    }
}

impl Verb for Relocate {
    type Out = ();

    fn asked(&self) -> String {
        let Relocation { from, to, display_name, overwrite, .. } = &self.relocation;
        let display_name = display_name.as_ref().map_or("", DisplayName::as_str);
        format!("move {from} to {to}, overwrite {overwrite}, shown as {display_name}")
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        self.act(tx, &mut Survey::idle()).await
    }
}

impl Store {
    /// Moves a file, renames it, or both. It works on pending files too: their uploads follow them.
    pub async fn relocate(&self, relocation: Relocation, chance: &dyn Chance) -> Result<()> {
        self.db.write(Relocate::new(relocation, chance)?).await
    }
}
