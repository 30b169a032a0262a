//! Folders: rows that know their name and their parent, and count what is directly in them.

use reelshelf_domain::{
    ByteSize, Chance, ClientId, Error, FolderId, FolderPath, Refusal, Result, Taken, Thing, UnixMillis,
};
use serde::{Deserialize, Serialize};

use super::counters::{Bytes, apply, lock};
use super::db::{Tx, execute, fetch_all, fetch_each, fetch_one, fetch_optional};
use super::empty::empty;
use super::row::row;
use super::survey::{Fate, Found, FoundFile, Survey};
use super::walk::{Walk, subtree, walk};
use super::writer::Verb;
use super::{Store, column, size_column};

const DEEPEST: &str = concat!(
    walk!(),
    "SELECT walk.depth, folders.id, folders.temporary FROM walk JOIN folders ON folders.id = walk.id
    ORDER BY walk.depth DESC LIMIT 1"
);
const FIND: &str = concat!(
    walk!(),
    "SELECT walk.depth, folders.id, folders.temporary FROM walk JOIN folders ON folders.id = walk.id
    WHERE walk.depth = $4"
);
const INSERT: &str = "
    INSERT INTO folders (id, client_id, parent_id, name, temporary, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const COUNT_FOLDERS: &str = "UPDATE clients SET folders = folders + $2 WHERE id = $1 AND folders + $2 <= $3";
const COUNTED: &str = "SELECT folders FROM clients WHERE id = $1";
pub(super) const UNCOUNT_FOLDERS: &str = "UPDATE clients SET folders = folders - $2 WHERE id = $1";
const STATS: &str = concat!(
    walk!(),
    "SELECT f.id, f.images, f.videos, f.audios, f.others, f.bytes, child.name AS child
    FROM walk JOIN folders f ON f.id = walk.id LEFT JOIN folders child ON child.parent_id = f.id
    WHERE walk.depth = $4 LIMIT $5"
);
const TREE: &str = "
    WITH RECURSIVE tree(id, path, files, bytes) AS (
        SELECT id, '', images + videos + audios + others, bytes
        FROM folders WHERE client_id = $1 AND parent_id IS NULL
        UNION ALL
        SELECT folders.id, CASE WHEN tree.path = '' THEN folders.name ELSE tree.path || '/' || folders.name END,
            folders.images + folders.videos + folders.audios + folders.others, folders.bytes
        FROM tree JOIN folders ON folders.parent_id = tree.id
    )
    SELECT path, files, bytes FROM tree";
const MOVE: &str = "
    UPDATE folders SET parent_id = $2, name = $3 WHERE id = $1
        AND NOT EXISTS (SELECT 1 FROM folders other WHERE other.parent_id = $2 AND other.name = $3 AND other.id <> $1)";
const REACH: &str = concat!(
    subtree!(),
    "SELECT CAST(COALESCE(MAX(level), 0) AS BIGINT), CAST(COALESCE(MAX(width), 0) AS BIGINT) FROM subtree"
);
const CONTENTS: &str = concat!(
    subtree!(),
    "SELECT COUNT(*),
        CAST(COALESCE(SUM(folders.images + folders.videos + folders.audios + folders.others), 0) AS BIGINT),
        CAST(COALESCE(SUM(folders.bytes), 0) AS BIGINT),
        CAST(COALESCE(SUM((SELECT SUM(uploads.reserved) FROM uploads JOIN assets ON assets.id = uploads.asset_id
            WHERE uploads.client_id = $2 AND assets.folder_id = folders.id)), 0) AS BIGINT)
    FROM subtree JOIN folders ON folders.id = subtree.id"
);
/// The folder with the id `$1` and everything in it, by paths that begin below it.
const EVERYTHING: &str = "
    WITH RECURSIVE tree(id, path) AS (
        SELECT id, '' FROM folders WHERE id = $1
        UNION ALL
        SELECT folders.id, tree.path || folders.name || '/' FROM tree JOIN folders ON folders.parent_id = tree.id
    )
    SELECT tree.path, CAST(NULL AS TEXT) AS name, tree.id, CAST(0 AS BIGINT) AS size, FALSE AS uploaded,
        CAST(NULL AS TEXT) AS blob_id
    FROM tree
    UNION ALL
    SELECT tree.path, assets.name, assets.id, assets.size, assets.uploaded, assets.blob_id
    FROM tree JOIN assets ON assets.folder_id = tree.id";
const DELETE: &str = "DELETE FROM folders WHERE id = $1";

/// How many sub-folders are read while others wait; more are read at leisure.
pub(super) const AT_ONCE: i64 = 1000;

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    DEEPEST,
    FIND,
    INSERT,
    COUNT_FOLDERS,
    COUNTED,
    UNCOUNT_FOLDERS,
    STATS,
    TREE,
    MOVE,
    REACH,
    CONTENTS,
    EVERYTHING,
    DELETE,
];

/// A folder that a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Which folder.
    pub id: FolderId,
    /// Whether its files are temporary.
    pub temporary: bool,
}

/// A folder's own counters and the names of the folders directly in it.
#[derive(Clone, Debug)]
pub struct FolderStats {
    /// Which folder.
    pub id: FolderId,
    /// Images, videos, audios and others, pending ones included.
    pub by_kind: [i64; 4],
    /// What its uploaded files take.
    pub bytes: ByteSize,
    /// The names of its sub-folders, in no order.
    pub children: Vec<String>,
}

/// Whether creating a folder found it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    /// It is new.
    Created,
    /// It was there.
    Existed,
}

row! {
    struct FoundRow {
        depth: i32,
        id: String,
        temporary: bool,
    }
}

row! {
    struct StatsRow {
        id: String,
        images: i64,
        videos: i64,
        audios: i64,
        others: i64,
        bytes: i64,
        child: Option<String>,
    }
}

row! {
    struct EverythingRow {
        path: String,
        /// `None` is the folder itself.
        name: Option<String>,
        id: String,
        size: i64,
        uploaded: bool,
        blob_id: Option<String>,
    }
}

impl EverythingRow {
    fn found(&self, above: &FolderPath) -> Found<'_> {
        let path = format!("{above}/{}{}", self.path, self.name.as_deref().unwrap_or_default());
        let (size, uploaded, blob) = (self.size, self.uploaded, self.blob_id.as_deref());
        let file = self.name.is_some().then_some(FoundFile { size, uploaded, blob });
        Found { path, id: &self.id, file }
    }
}

/// The folder at a path, if it is there.
pub(super) async fn find(tx: &mut Tx, client: ClientId, path: &FolderPath) -> Result<Option<Folder>> {
    let walk = Walk::along(path);
    let row = fetch_optional!(tx, FoundRow, FIND, client.as_str(), walk.names, walk.spans, walk.depth)?;
    row.map(|row| Ok(Folder { id: column("folders", "id", &row.id)?, temporary: row.temporary })).transpose()
}

/// What making folders needs besides the path.
#[derive(Clone, Debug)]
pub(super) struct Spare {
    /// Identifiers for as many levels as the path has.
    ids: Vec<FolderId>,
    limit: i64,
    now: UnixMillis,
}

impl Spare {
    pub(super) fn new(path: &FolderPath, limit: i64, now: UnixMillis, chance: &dyn Chance) -> Result<Self> {
        let ids = path.names().iter().map(|_| FolderId::generate(now, chance)).collect::<Result<_>>()?;
        Ok(Self { ids, limit, now })
    }
}

/// The folder at a path, made with all levels above it if it is not there. The client must be locked.
pub(super) async fn ensure(tx: &mut Tx, client: ClientId, path: &FolderPath, spare: &Spare) -> Result<(Folder, Made)> {
    let walk = Walk::along(path);
    let row = fetch_optional!(tx, FoundRow, DEEPEST, client.as_str(), walk.names, walk.spans, walk.depth)?;
    let row = row.ok_or(Error::NotFound(Thing::Client))?;
    let mut folder = Folder { id: column("folders", "id", &row.id)?, temporary: row.temporary };
    let there = usize::try_from(row.depth).unwrap_or_default();
    let missing = &path.names()[there..];
    if missing.is_empty() {
        return Ok((folder, Made::Existed));
    }
    let count = i64::try_from(missing.len()).unwrap_or(i64::MAX);
    if execute!(tx, COUNT_FOLDERS, client.as_str(), count, spare.limit)? == 0 {
        return Err(Error::LimitReached { what: "folders of a client", limit: spare.limit.to_string().into() });
    }
    for (name, id) in missing.iter().zip(&spare.ids) {
        let temporary = path.is_temp();
        let parent = folder.id.to_string();
        let (id_text, now) = (id.to_string(), spare.now.get());
        execute!(tx, INSERT, id_text, client.as_str(), parent, name.as_str(), temporary, now)?;
        folder = Folder { id: *id, temporary };
    }
    Ok((folder, Made::Created))
}

#[derive(Clone)]
struct MakeFolder {
    client: ClientId,
    path: FolderPath,
    spare: Spare,
}

impl Verb for MakeFolder {
    type Out = Made;

    fn asked(&self) -> String {
        format!("make folder {}", self.path)
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Made> {
        lock(tx, self.client).await?;
        ensure(tx, self.client, &self.path, &self.spare).await.map(|(_, made)| made)
    }
}

/// A folder's way to another place, another name, or both.
#[derive(Clone)]
pub struct FolderMove {
    client: ClientId,
    from: FolderPath,
    to: FolderPath,
    spare: Spare,
}

impl FolderMove {
    /// From one path to another. The folders above the new path are made if they are not there.
    pub fn new(
        client: ClientId,
        from: FolderPath,
        to: FolderPath,
        folder_limit: i64,
        now: UnixMillis,
        chance: &dyn Chance,
    ) -> Result<Self> {
        let spare = Spare::new(&to, folder_limit, now, chance)?;
        Ok(Self { client, from, to, spare })
    }
}

impl FolderMove {
    pub(super) async fn act(&self, tx: &mut Tx, survey: &mut Survey) -> Result<()> {
        lock(tx, self.client).await?;
        let folder = find(tx, self.client, &self.from).await?.ok_or(Error::NotFound(Thing::Folder))?;
        survey_all(tx, Fate::Moved, &self.from, folder, survey).await?;
        if self.to == self.from {
            return Ok(());
        }
        if self.to.is_inside(&self.from) {
            return Err(Error::Refused(Refusal::FolderIntoItself));
        }
        let (above, name) = self.to.split_last().ok_or(Error::Refused(Refusal::MoveRoot))?;
        let (reach, width) = fetch_one!(tx, (i64, i64), REACH, folder.id.to_string())?;
        fits(&self.to, reach, width)?;
        let (parent, _) = ensure(tx, self.client, &above, &self.spare).await?;
        match execute!(tx, MOVE, folder.id.to_string(), parent.id.to_string(), name.as_str())? {
            0 => Err(Error::Taken(Taken::FolderAtDestination)),
            _ => Ok(()),
        }
    }
}

impl Verb for FolderMove {
    type Out = ();

    fn asked(&self) -> String {
        format!("move folder {} to {}", self.from, self.to)
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        self.act(tx, &mut Survey::idle()).await
    }
}

/// Tells a survey that wants to know what becomes of a folder and of everything in it, in one statement whose rows pass
/// by one at a time.
async fn survey_all(tx: &mut Tx, fate: Fate, path: &FolderPath, folder: Folder, survey: &mut Survey) -> Result<()> {
    if !survey.wants() {
        return Ok(());
    }
    fetch_each!(tx, EverythingRow, EVERYTHING, row => survey.see(fate, &row.found(path)), folder.id.to_string())?;
    survey.decide()
}

/// Whether what is below a folder still has a path when the folder is at another place.
fn fits(to: &FolderPath, reach: i64, width: i64) -> Result<()> {
    let levels = i64::try_from(to.names().len()).unwrap_or(i64::MAX) + reach;
    let bytes = i64::try_from(to.to_string().len()).unwrap_or(i64::MAX) + width;
    if levels > 32 || bytes > 1024 {
        return Err(Error::invalid("destination", "would nest the folders in it deeper or longer than a path can be"));
    }
    Ok(())
}

#[derive(Clone)]
pub(super) struct RemoveFolder {
    pub(super) client: ClientId,
    pub(super) path: FolderPath,
    pub(super) recursive: bool,
    pub(super) now: UnixMillis,
}

impl RemoveFolder {
    pub(super) async fn act(&self, tx: &mut Tx, survey: &mut Survey) -> Result<()> {
        if !survey.rehearses() {
            lock(tx, self.client).await?;
        }
        let folder = find(tx, self.client, &self.path).await?.ok_or(Error::NotFound(Thing::Folder))?;
        survey_all(tx, Fate::Deleted, &self.path, folder, survey).await?;
        let id = folder.id.to_string();
        let (folders, files, bytes, reserved) =
            fetch_one!(tx, (i64, i64, i64, i64), CONTENTS, id.as_str(), self.client.as_str())?;
        if !self.recursive && (folders > 1 || files > 0) {
            return Err(Error::Refused(Refusal::FolderNotEmpty));
        }
        // Nothing below can be refused.
        if survey.rehearses() {
            return Ok(());
        }
        if files > 0 {
            let gone = Bytes::of(folder.temporary, bytes, reserved).negated();
            apply(tx, self.client, gone, 0, self.now).await?;
            empty(tx, &id, files, self.now).await?;
        }
        execute!(tx, UNCOUNT_FOLDERS, self.client.as_str(), folders)?;
        execute!(tx, DELETE, id).map(|_| ())
    }
}

impl Verb for RemoveFolder {
    type Out = ();

    fn is_large(&self) -> bool {
        self.recursive
    }

    fn asked(&self) -> String {
        format!("delete folder {}, recursive {}", self.path, self.recursive)
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        self.act(tx, &mut Survey::idle()).await
    }
}

/// A folder's counters, once for each of its sub-folders up to so many.
async fn stats(tx: &mut Tx, client: ClientId, path: &FolderPath, most: i64) -> Result<Vec<StatsRow>> {
    let walk = Walk::along(path);
    fetch_all!(tx, StatsRow, STATS, client.as_str(), walk.names, walk.spans, walk.depth, most)
}

impl Store {
    /// Makes a folder and all levels above it.
    pub async fn make_folder(
        &self,
        client: ClientId,
        path: FolderPath,
        folder_limit: i64,
        now: UnixMillis,
        chance: &dyn Chance,
    ) -> Result<Made> {
        let spare = Spare::new(&path, folder_limit, now, chance)?;
        self.db.write(MakeFolder { client, path, spare }).await
    }

    /// Moves a folder, renames it, or both: one row changes.
    pub async fn move_folder(&self, change: FolderMove) -> Result<()> {
        self.db.write(change).await
    }

    /// Deletes a folder; one with something in it only when everything in it is meant.
    pub async fn remove_folder(
        &self,
        client: ClientId,
        path: FolderPath,
        recursive: bool,
        now: UnixMillis,
    ) -> Result<()> {
        self.db.write(RemoveFolder { client, path, recursive, now }).await
    }

    /// How many folders a client has.
    pub async fn folder_count(&self, client: ClientId) -> Result<u64> {
        let mut tx = self.db.read().await?;
        let (folders,): (i64,) = fetch_one!(tx, (i64,), COUNTED, client.as_str())?;
        u64::try_from(folders).map_err(|_| Error::inconsistent("fewer folders than none"))
    }

    /// A folder's own counters and its sub-folders.
    pub async fn folder_stats(&self, client: ClientId, path: &FolderPath) -> Result<FolderStats> {
        let mut rows = stats(&mut self.db.read().await?, client, path, AT_ONCE).await?;
        if i64::try_from(rows.len()).is_ok_and(|found| found >= AT_ONCE) {
            let mut tx = self.db.read_at_leisure().await?;
            rows = stats(&mut tx, client, path, i64::MAX).await?;
            tx.end();
        }
        let first = rows.first().ok_or(Error::NotFound(Thing::Folder))?;
        Ok(FolderStats {
            id: column("folders", "id", &first.id)?,
            by_kind: [first.images, first.videos, first.audios, first.others],
            bytes: size_column("folders", "bytes", first.bytes)?,
            children: rows.into_iter().filter_map(|row| row.child).collect(),
        })
    }

    /// Every folder of a client with the count and the bytes of the files directly in it, in no order.
    pub async fn tree(&self, client: ClientId) -> Result<Vec<(FolderPath, i64, ByteSize)>> {
        let mut tx = self.db.read_at_leisure().await?;
        let rows = fetch_all!(tx, (String, i64, i64), TREE, client.as_str())?;
        tx.end();
        let entry = |(path, files, bytes): (String, i64, i64)| {
            Ok((column("folders", "name", &path)?, files, size_column("folders", "bytes", bytes)?))
        };
        rows.into_iter().map(entry).collect()
    }
}
