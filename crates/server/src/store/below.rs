//! Files of a folder and of all below it, a page at a time: a search of a whole library. Pages are numbered, since a
//! search has as many as somebody looks at.

use futures::FutureExt;
use reelshelf_domain::{Direction, FolderId, FolderPath, Limit, MediaKind, Result, Sort, SortField};

use super::assets::{Asset, AssetRow, asset_columns};
use super::db::{fetch_all, fetch_one};
use super::import::{assets_and_more, import_columns};
use super::listing::{offset_column, pattern};
use super::processing::processing_columns;
use super::row::row;
use super::{Store, column};

/// The folder `$1`, and all below it when `$6`, each with the way to it.
macro_rules! below {
    () => {
        "WITH RECURSIVE below(id, way) AS (
            SELECT id, '' FROM folders WHERE id = $1
            UNION ALL
            SELECT folders.id, CASE WHEN below.way = '' THEN folders.name ELSE below.way || '/' || folders.name END
            FROM below JOIN folders ON folders.parent_id = below.id WHERE CAST($6 AS BOOLEAN)
        )"
    };
}

macro_rules! matches {
    () => {
        " FROM below JOIN assets ON assets.folder_id = below.id
        WHERE lower(assets.name) LIKE $4 ESCAPE '\\' AND ($5 IS NULL OR assets.kind = $5) "
    };
}

/// One page in one order, with the count of all matches: `$2` the most rows, `$3` the offset, `$4` the pattern, `$5` the
/// kind or NULL.
macro_rules! page {
    ($order:literal) => {
        concat!(
            below!(),
            ", page AS (SELECT assets.id AS hit, below.way AS way",
            matches!(),
            "ORDER BY ",
            $order,
            " LIMIT $2 OFFSET $3)
            SELECT (SELECT COUNT(*)",
            matches!(),
            ") AS matches, page.way,",
            asset_columns!(),
            processing_columns!(),
            import_columns!(),
            assets_and_more!("FROM page JOIN assets ON assets.id = page.hit"),
            "ORDER BY ",
            $order
        )
    };
}

const NAME: &str = page!("assets.name_key, assets.name, assets.id");
const NAME_DOWN: &str = page!("assets.name_key DESC, assets.name DESC, assets.id DESC");
const DATE: &str = page!("assets.created_at, assets.id");
const DATE_DOWN: &str = page!("assets.created_at DESC, assets.id DESC");
const SIZE: &str = page!("assets.size, assets.id");
const SIZE_DOWN: &str = page!("assets.size DESC, assets.id DESC");
const TYPE: &str = page!("assets.kind, assets.name_key, assets.name, assets.id");
const TYPE_DOWN: &str = page!("assets.kind DESC, assets.name_key DESC, assets.name DESC, assets.id DESC");
/// For a page that is behind the last match.
const COUNT: &str =
    concat!(below!(), "SELECT COUNT(*)", matches!(), "AND CAST($2 AS BIGINT) >= 0 AND CAST($3 AS BIGINT) >= 0");

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[NAME, NAME_DOWN, DATE, DATE_DOWN, SIZE, SIZE_DOWN, TYPE, TYPE_DOWN, COUNT];

/// What to search, and where.
#[derive(Clone, Debug)]
pub struct Below {
    /// The folder.
    pub folder: FolderId,
    /// Whether all below it counts too.
    pub deep: bool,
    /// Only this kind.
    pub kind: Option<MediaKind>,
    /// Only names that contain this, whatever the case; all when it is empty.
    pub query: String,
    /// In this order.
    pub sort: Sort,
    /// Behind so many.
    pub offset: u64,
    /// At most so many.
    pub limit: Limit,
}

row! {
    struct HitRow {
        matches: i64,
        way: String,
        ..asset: AssetRow,
    }
}

impl Below {
    const fn page(&self) -> &'static str {
        match (self.sort.field, self.sort.direction) {
            (SortField::Name, Direction::Ascending) => NAME,
            (SortField::Name, Direction::Descending) => NAME_DOWN,
            (SortField::Date, Direction::Ascending) => DATE,
            (SortField::Date, Direction::Descending) => DATE_DOWN,
            (SortField::Size, Direction::Ascending) => SIZE,
            (SortField::Size, Direction::Descending) => SIZE_DOWN,
            (SortField::Type, Direction::Ascending) => TYPE,
            (SortField::Type, Direction::Descending) => TYPE_DOWN,
        }
    }
}

impl Store {
    /// A page of the files of a folder and of those below it, each with the way from that folder to its own; and how many
    /// match. When the caller goes away, so does the search.
    pub async fn list_below(&self, wanted: &Below) -> Result<(Vec<(FolderPath, Asset)>, i64)> {
        let (folder, most, offset) =
            (wanted.folder.to_string(), i64::from(wanted.limit.get()), offset_column(wanted.offset));
        let (pattern, kind, deep) = (pattern(&wanted.query), wanted.kind.map(MediaKind::as_str), wanted.deep);
        let mut tx = self.db.read_at_leisure().await?;
        let rows = async {
            let rows =
                fetch_all!(tx, HitRow, wanted.page(), folder.as_str(), most, offset, pattern.as_str(), kind, deep)?;
            let matches = match rows.first() {
                Some(row) => row.matches,
                None => fetch_one!(tx, (i64,), COUNT, folder, most, offset, pattern, kind, deep)?.0,
            };
            Ok((rows, matches))
        };
        let (rows, matches) = rows.boxed().await?;
        tx.end();
        let hit = |row: HitRow| Ok((column("folders", "name", &row.way)?, Asset::try_from(row.asset)?));
        Ok((rows.into_iter().map(hit).collect::<Result<_>>()?, matches))
    }
}
