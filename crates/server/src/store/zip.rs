//! What a ZIP is made of: the folders below one, and the files of each, a page at a time.

use reelshelf_domain::{
    BlobId, ByteSize, ClientId, DisplayName, Error, FileName, FolderId, FolderPath, Result, Thing, UnixMillis,
};

use super::db::fetch_all;
use super::row::row;
use super::walk::{Walk, walk};
use super::{Store, column, size_column};

const FOLDERS: &str = concat!(
    walk!(),
    ", tree(id, path, files) AS (
        SELECT folders.id, '', images + videos + audios + others
        FROM walk JOIN folders ON folders.id = walk.id WHERE walk.depth = $4
        UNION ALL
        SELECT folders.id, CASE WHEN tree.path = '' THEN folders.name ELSE tree.path || '/' || folders.name END,
            images + videos + audios + others
        FROM tree JOIN folders ON folders.parent_id = tree.id
    )
    SELECT id, path, files FROM tree LIMIT $5"
);
const FILES: &str = "
    SELECT name, name_key, display_name, size, modified_at, blob_id FROM assets
    WHERE folder_id = $1 AND (name_key, name) > ($2, $3) AND uploaded AND (expires_at IS NULL OR expires_at > $4)
    ORDER BY name_key, name LIMIT $5";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[FOLDERS, FILES];

/// A folder, and where it is below another.
#[derive(Clone, Debug)]
pub struct FolderBelow {
    /// Which folder.
    pub id: FolderId,
    /// The way from the other folder to it; the other folder itself is the root.
    pub path: FolderPath,
    /// How many files are directly in it, pending ones included.
    pub files: i64,
}

/// A file whose bytes are here.
#[derive(Clone, Debug)]
pub struct ZipFile {
    /// Its name.
    pub name: FileName,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// How many bytes.
    pub size: ByteSize,
    /// When its bytes last changed.
    pub modified_at: UnixMillis,
    /// Which copy.
    pub blob: BlobId,
}

row! {
    struct FileRow {
        name: String,
        name_key: String,
        display_name: String,
        size: i64,
        modified_at: i64,
        blob_id: String,
    }
}

impl TryFrom<FileRow> for ZipFile {
    type Error = Error;

    fn try_from(row: FileRow) -> Result<Self> {
        Ok(Self {
            name: column("assets", "name", &row.name)?,
            display_name: DisplayName::of(&row.display_name),
            size: size_column("assets", "size", row.size)?,
            modified_at: UnixMillis::new(row.modified_at),
            blob: column("assets", "blob_id", &row.blob_id)?,
        })
    }
}

/// A place in a folder's files, in their natural order. Its default is before the first.
#[derive(Clone, Debug, Default)]
pub struct ZipPlace {
    key: String,
    name: String,
}

impl Store {
    /// A folder and all folders below it, at most so many, in no order.
    pub async fn folders_below(&self, client: ClientId, path: &FolderPath, most: i64) -> Result<Vec<FolderBelow>> {
        let walk = Walk::along(path);
        let mut tx = self.db.read().await?;
        let row = (client.as_str(), walk.names, walk.spans, walk.depth);
        let rows = fetch_all!(tx, (String, String, i64), FOLDERS, row.0, row.1, row.2, row.3, most)?;
        if rows.is_empty() {
            return Err(Error::NotFound(Thing::Folder));
        }
        let folder = |(id, path, files): (String, String, i64)| {
            Ok(FolderBelow { id: column("folders", "id", &id)?, path: column("folders", "name", &path)?, files })
        };
        rows.into_iter().map(folder).collect()
    }

    /// The uploaded files of a folder behind a place, in natural order, and the place behind them.
    pub async fn zip_files(
        &self,
        folder: FolderId,
        after: &ZipPlace,
        now: UnixMillis,
        most: i64,
    ) -> Result<(Vec<ZipFile>, ZipPlace)> {
        let mut tx = self.db.read().await?;
        let (key, name) = (after.key.as_str(), after.name.as_str());
        let rows = fetch_all!(tx, FileRow, FILES, folder.to_string(), key, name, now.get(), most)?;
        let last = rows.last().map(|row| ZipPlace { key: row.name_key.clone(), name: row.name.clone() });
        let files = rows.into_iter().map(ZipFile::try_from).collect::<Result<_>>()?;
        Ok((files, last.unwrap_or_default()))
    }
}
