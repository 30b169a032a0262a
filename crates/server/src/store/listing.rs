//! The files of a folder, a page at a time.

use futures::FutureExt;
use reelshelf_domain::{Cursor, Direction, FolderId, Limit, MediaKind, Result, Sort, SortField};

use super::assets::{Asset, AssetRow, asset_columns};
use super::db::{Tx, fetch_all, fetch_one};
use super::import::{assets_and_more, import_columns};
use super::processing::processing_columns;
use super::row::row;
use super::{Store, column};

/// One page in one order: from the start with an offset, or behind a place. The page is found first, and imports are
/// looked up for its rows alone. `$1` is the folder and `$2` the most rows.
macro_rules! page {
    ($filter:literal, $order:literal, $where:literal, $rest:literal) => {
        concat!(
            "SELECT",
            asset_columns!(),
            processing_columns!(),
            ", ",
            import_columns!(),
            assets_and_more!(concat!(
                "FROM (SELECT * FROM assets WHERE folder_id = $1",
                $filter,
                $where,
                " ORDER BY ",
                $order,
                " LIMIT $2 ",
                $rest,
                ") assets"
            )),
            "ORDER BY ",
            $order
        )
    };
}

/// The statements of one order. By offset: `$3` is the offset, `$4` the kind. Behind a place: `$3` and `$4` are the
/// place, `$5` the kind.
macro_rules! pages {
    ($order:literal, $after:literal) => {
        Pages {
            by_offset: page!("", $order, "", "OFFSET $3"),
            by_offset_of_kind: page!(" AND kind = $4", $order, "", "OFFSET $3"),
            after: page!("", $order, $after, ""),
            after_of_kind: page!(" AND kind = $5", $order, $after, ""),
        }
    };
}

struct Pages {
    by_offset: &'static str,
    by_offset_of_kind: &'static str,
    after: &'static str,
    after_of_kind: &'static str,
}

const NAME: Pages = pages!("assets.name_key, assets.name", " AND (name_key, name) > ($3, $4)");
const NAME_DOWN: Pages = pages!("assets.name_key DESC, assets.name DESC", " AND (name_key, name) < ($3, $4)");
const DATE: Pages = pages!("assets.created_at, assets.id", " AND (created_at, id) > ($3, $4)");
const DATE_DOWN: Pages = pages!("assets.created_at DESC, assets.id DESC", " AND (created_at, id) < ($3, $4)");
const SIZE: Pages = pages!("assets.size, assets.id", " AND (size, id) > ($3, $4)");
const SIZE_DOWN: Pages = pages!("assets.size DESC, assets.id DESC", " AND (size, id) < ($3, $4)");

/// The matches of a search in one order, each with the count of all matches. The page is found first, and what is behind
/// it is only counted, so that together they pass over the folder once. An index gives all that this looks at; only the
/// page's own rows are read whole. `$1` the folder, `$2` the most rows, `$3` the offset, `$4` the pattern, `$5` the kind
/// or NULL.
macro_rules! search {
    ($first:literal, $second:literal, $way:literal, $back:literal, $behind:literal) => {
        concat!(
            "WITH page AS (SELECT id AS hit, ",
            concat!($first, ", ", $second),
            " FROM assets
                WHERE folder_id = $1 AND lower(name) LIKE $4 ESCAPE '\\' AND ($5 IS NULL OR kind = $5) ORDER BY ",
            concat!($first, $way, ", ", $second, $way),
            " LIMIT $2 OFFSET $3)
            SELECT CAST($3 AS BIGINT) + (SELECT COUNT(*) FROM page)
                + CASE WHEN (SELECT COUNT(*) FROM page) < $2 THEN 0 ELSE (SELECT COUNT(*) FROM assets
                    WHERE folder_id = $1 AND lower(name) LIKE $4 ESCAPE '\\' AND ($5 IS NULL OR kind = $5) AND ",
            concat!("(", $first, ", ", $second, ") ", $behind, " (SELECT ", $first, ", ", $second),
            " FROM page ORDER BY ",
            concat!($first, $back, ", ", $second, $back),
            " LIMIT 1)) END AS matches,",
            asset_columns!(),
            processing_columns!(),
            ", ",
            import_columns!(),
            assets_and_more!("FROM page JOIN assets ON assets.id = page.hit"),
            "ORDER BY ",
            concat!("assets.", $first, $way, ", assets.", $second, $way)
        )
    };
}

/// As above, behind a place: `$3` and `$4` are the place, `$5` the pattern, `$6` the kind or NULL.
macro_rules! search_after {
    ($first:literal, $second:literal, $way:literal, $behind:literal) => {
        concat!(
            "SELECT (
                SELECT COUNT(*) FROM assets
                WHERE folder_id = $1 AND lower(name) LIKE $5 ESCAPE '\\' AND ($6 IS NULL OR kind = $6)
            ) AS matches,",
            asset_columns!(),
            processing_columns!(),
            ", ",
            import_columns!(),
            assets_and_more!(concat!(
                "FROM (SELECT * FROM assets
                WHERE folder_id = $1 AND lower(name) LIKE $5 ESCAPE '\\' AND ($6 IS NULL OR kind = $6) AND ",
                concat!("(", $first, ", ", $second, ") ", $behind, " ($3, $4) ORDER BY "),
                concat!($first, $way, ", ", $second, $way),
                " LIMIT $2) assets"
            )),
            "ORDER BY ",
            concat!("assets.", $first, $way, ", assets.", $second, $way)
        )
    };
}

/// By kind there is one more column; within one kind, the order is by name.
const TYPE: Pages = Pages {
    by_offset: page!("", "assets.kind, assets.name_key, assets.name", "", "OFFSET $3"),
    by_offset_of_kind: NAME.by_offset_of_kind,
    after: page!("", "assets.kind, assets.name_key, assets.name", " AND (kind, name_key, name) > ($3, $4, $5)", ""),
    after_of_kind: NAME.after_of_kind,
};
const TYPE_DOWN: Pages = Pages {
    by_offset: page!("", "assets.kind DESC, assets.name_key DESC, assets.name DESC", "", "OFFSET $3"),
    by_offset_of_kind: NAME_DOWN.by_offset_of_kind,
    after: page!(
        "",
        "assets.kind DESC, assets.name_key DESC, assets.name DESC",
        " AND (kind, name_key, name) < ($3, $4, $5)",
        ""
    ),
    after_of_kind: NAME_DOWN.after_of_kind,
};

struct Searches {
    by_offset: &'static str,
    after: &'static str,
}

macro_rules! searches {
    ($first:literal, $second:literal, up) => {
        searches!($first, $second, "", " DESC", ">")
    };
    ($first:literal, $second:literal, down) => {
        searches!($first, $second, " DESC", "", "<")
    };
    ($first:literal, $second:literal, $way:literal, $back:literal, $behind:literal) => {
        Searches {
            by_offset: search!($first, $second, $way, $back, $behind),
            after: search_after!($first, $second, $way, $behind),
        }
    };
}

const SEARCH_NAME: Searches = searches!("name_key", "name", up);
const SEARCH_NAME_DOWN: Searches = searches!("name_key", "name", down);
const SEARCH_DATE: Searches = searches!("created_at", "id", up);
const SEARCH_DATE_DOWN: Searches = searches!("created_at", "id", down);
const SEARCH_SIZE: Searches = searches!("size", "id", up);
const SEARCH_SIZE_DOWN: Searches = searches!("size", "id", down);

const COUNT_MATCHES: &str = "
    SELECT COUNT(*) FROM assets
    WHERE folder_id = $1 AND lower(name) LIKE $2 ESCAPE '\\' AND ($3 IS NULL OR kind = $3)";

#[cfg(test)]
pub(super) fn statements() -> Vec<&'static str> {
    let pages = [NAME, NAME_DOWN, DATE, DATE_DOWN, SIZE, SIZE_DOWN, TYPE, TYPE_DOWN];
    let searches = [SEARCH_NAME, SEARCH_NAME_DOWN, SEARCH_DATE, SEARCH_DATE_DOWN, SEARCH_SIZE, SEARCH_SIZE_DOWN];
    let pages = pages.into_iter().flat_map(|p| [p.by_offset, p.by_offset_of_kind, p.after, p.after_of_kind]);
    let searches = searches.into_iter().flat_map(|s| [s.by_offset, s.after]);
    pages.chain(searches).chain([COUNT_MATCHES]).collect()
}

/// An offset beyond this is passed over at leisure.
const FAR: u64 = 10_000;

/// Which part of a listing.
#[derive(Clone, Debug)]
pub enum Slice {
    /// Behind so many entries.
    Offset(u64),
    /// Behind a place.
    After(Cursor),
}

/// What to list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The folder.
    pub folder: FolderId,
    /// Only this kind.
    pub kind: Option<MediaKind>,
    /// Only names that contain this, whatever the case.
    pub query: Option<String>,
    /// In this order.
    pub sort: Sort,
    /// This part.
    pub slice: Slice,
    /// At most so many.
    pub limit: Limit,
}

/// A page of files.
#[derive(Debug)]
pub struct Listed {
    /// The files.
    pub assets: Vec<Asset>,
    /// The place behind the last of them, when there may be more.
    pub next: Option<Cursor>,
    /// How many files match; only a search counts.
    pub matches: Option<i64>,
}

row! {
    struct HitRow {
        matches: i64,
        ..asset: AssetRow,
    }
}

impl Listing {
    const fn pages(&self) -> Pages {
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

    const fn searches(&self) -> Searches {
        match (self.sort.field, self.sort.direction) {
            // Within one kind. Of all kinds, `below.rs` searches in this order.
            (SortField::Name | SortField::Type, Direction::Ascending) => SEARCH_NAME,
            (SortField::Name | SortField::Type, Direction::Descending) => SEARCH_NAME_DOWN,
            (SortField::Date, Direction::Ascending) => SEARCH_DATE,
            (SortField::Date, Direction::Descending) => SEARCH_DATE_DOWN,
            (SortField::Size, Direction::Ascending) => SEARCH_SIZE,
            (SortField::Size, Direction::Descending) => SEARCH_SIZE_DOWN,
        }
    }

    /// Whether much may be passed over before the page is found: what stands before an offset, or what is of another
    /// kind in an order that kinds have no index in.
    fn may_take_long(&self) -> bool {
        let far = matches!(self.slice, Slice::Offset(offset) if offset > FAR);
        let by_name = matches!(self.sort.field, SortField::Name | SortField::Type);
        far || (self.kind.is_some() && !by_name)
    }

    /// The rows of the page.
    async fn rows(&self, tx: &mut Tx) -> Result<Vec<AssetRow>> {
        let (folder, most, pages) = (self.folder.to_string(), i64::from(self.limit.get()), self.pages());
        match (&self.slice, self.kind.map(MediaKind::as_str)) {
            (Slice::Offset(offset), None) => {
                fetch_all!(tx, AssetRow, pages.by_offset, folder, most, offset_column(*offset))
            }
            (Slice::Offset(offset), Some(kind)) => {
                fetch_all!(tx, AssetRow, pages.by_offset_of_kind, folder, most, offset_column(*offset), kind)
            }
            (Slice::After(cursor), None) => match place(cursor) {
                Place::Text(first, second) => fetch_all!(tx, AssetRow, pages.after, folder, most, first, second),
                Place::Number(first, second) => fetch_all!(tx, AssetRow, pages.after, folder, most, first, second),
                Place::Kind(kind, first, second) => {
                    fetch_all!(tx, AssetRow, pages.after, folder, most, kind, first, second)
                }
            },
            (Slice::After(cursor), Some(kind)) => match place(cursor) {
                Place::Text(first, second) | Place::Kind(_, first, second) => {
                    fetch_all!(tx, AssetRow, pages.after_of_kind, folder, most, first, second, kind)
                }
                Place::Number(first, second) => {
                    fetch_all!(tx, AssetRow, pages.after_of_kind, folder, most, first, second, kind)
                }
            },
        }
    }

    /// The matches of the page, and how many there are in all.
    async fn hits(&self, tx: &mut Tx, query: &str) -> Result<(Vec<AssetRow>, i64)> {
        let (folder, most, searches) = (self.folder.to_string(), i64::from(self.limit.get()), self.searches());
        let (pattern, kind) = (pattern(query), self.kind.map(MediaKind::as_str));
        let hits = match &self.slice {
            Slice::Offset(offset) => {
                let offset = offset_column(*offset);
                fetch_all!(tx, HitRow, searches.by_offset, &*folder, most, offset, &*pattern, kind)?
            }
            Slice::After(cursor) => match place(cursor) {
                Place::Text(first, second) | Place::Kind(_, first, second) => {
                    fetch_all!(tx, HitRow, searches.after, &*folder, most, first, second, &*pattern, kind)?
                }
                Place::Number(first, second) => {
                    fetch_all!(tx, HitRow, searches.after, &*folder, most, first, second, &*pattern, kind)?
                }
            },
        };
        let matches = match (hits.first().map(|hit| hit.matches), &self.slice) {
            (Some(matches), _) => matches,
            (None, Slice::Offset(0)) => 0,
            // A page behind the last match does not know how many there are.
            (None, _) => fetch_one!(tx, (i64,), COUNT_MATCHES, &*folder, &*pattern, kind)?.0,
        };
        Ok((hits.into_iter().map(|hit| hit.asset).collect(), matches))
    }

    /// The place behind a row, in this listing's order.
    fn behind(&self, row: &AssetRow) -> Result<Cursor> {
        let id = || column("assets", "id", &row.id);
        Ok(match self.sort.field {
            SortField::Name => Cursor::Name(column("assets", "name", &row.name)?),
            SortField::Date => Cursor::Date(reelshelf_domain::UnixMillis::new(row.created_at), id()?),
            SortField::Size => Cursor::Size(row.size, id()?),
            SortField::Type => Cursor::Type(column("assets", "kind", &row.kind)?, column("assets", "name", &row.name)?),
        })
    }
}

enum Place {
    Kind(&'static str, String, String),
    Text(String, String),
    Number(i64, String),
}

fn place(cursor: &Cursor) -> Place {
    match cursor {
        Cursor::Name(name) => Place::Text(name.natural_key(), name.to_string()),
        Cursor::Date(date, id) => Place::Number(date.get(), id.to_string()),
        Cursor::Size(size, id) => Place::Number(*size, id.to_string()),
        Cursor::Type(kind, name) => Place::Kind(kind.as_str(), name.natural_key(), name.to_string()),
    }
}

pub(super) fn offset_column(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// A substring as a pattern: both sides are in lower case, so that LIKE means the same on both engines.
pub(super) fn pattern(query: &str) -> String {
    let query = query.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{query}%")
}

impl Store {
    /// A page of the files of a folder. When the caller goes away, so does the search.
    pub async fn list(&self, listing: &Listing) -> Result<Listed> {
        let (rows, matches) = match &listing.query {
            None if listing.may_take_long() => {
                let mut tx = self.db.read_at_leisure().await?;
                let rows = listing.rows(&mut tx).boxed().await?;
                tx.end();
                (rows, None)
            }
            None => (listing.rows(&mut self.db.read().await?).await?, None),
            Some(query) => {
                let mut tx = self.db.read_at_leisure().await?;
                let (rows, matches) = listing.hits(&mut tx, query).boxed().await?;
                tx.end();
                (rows, Some(matches))
            }
        };
        let full = u32::try_from(rows.len()).unwrap_or(u32::MAX) == listing.limit.get();
        let next = rows.last().filter(|_| full).map(|row| listing.behind(row)).transpose()?;
        let assets = rows.into_iter().map(Asset::try_from).collect::<Result<_>>()?;
        Ok(Listed { assets, next, matches })
    }
}
