//! Looking: one file, one folder, the whole tree.

use reelshelf_domain::{
    ByteSize, ClientId, Cursor, Error, FolderPath, Limit, MediaKind, MediaPath, Result, Sort, natural_key,
};

use crate::app::App;
use crate::store::{Asset, Listing, Slice};

/// How many folders are sorted while other requests wait.
const AT_ONCE: usize = 1000;

/// Which part of a folder's files.
#[derive(Clone, Debug)]
pub enum Place {
    /// A page, counted from zero.
    Page(u64),
    /// Behind a place that an earlier page gave.
    After(Cursor),
}

/// What to show of a folder.
#[derive(Clone, Debug)]
pub struct Query {
    /// The folder.
    pub folder: FolderPath,
    /// Only this kind.
    pub kind: Option<MediaKind>,
    /// Only names that contain this.
    pub text: Option<String>,
    /// In this order.
    pub sort: Sort,
    /// This part.
    pub place: Place,
    /// At most so many.
    pub limit: Limit,
    /// This part of its sub-folders, counted from zero; otherwise the first, beside the first files.
    pub folders_page: Option<usize>,
}

impl Query {
    /// The part of the sub-folders that is asked for, as numbers of the first and the one behind the last.
    fn folders(&self, app: &App) -> std::ops::Range<usize> {
        let size = app.settings.limits.listed_folders;
        let first = matches!(self.place, Place::Page(0)).then_some(0);
        self.folders_page
            .or(first)
            .map_or(0..0, |page| page.saturating_mul(size)..page.saturating_add(1).saturating_mul(size))
    }
}

/// What there is to see of a folder.
#[derive(Debug)]
pub struct Contents {
    /// The names of its sub-folders, in natural order: as many as one answer holds.
    pub folders: Vec<String>,
    /// How many sub-folders it has.
    pub folders_in_all: usize,
    /// The files of the page.
    pub files: Vec<Asset>,
    /// The place behind the page, when there may be more.
    pub next: Option<Cursor>,
    /// How many files match.
    pub matches: i64,
    /// How many files the folder has, whatever was asked for.
    pub files_in_all: i64,
    /// What the folder's files take, whatever was asked for.
    pub bytes: ByteSize,
}

/// A page of a folder, with its counters. Two statements, however many files there are.
pub async fn contents(app: &App, client: ClientId, query: Query) -> Result<Contents> {
    if let Place::After(cursor) = &query.place
        && cursor.field() != query.sort.field
    {
        return Err(Error::invalid("cursor", "belongs to another sort; begin again without it"));
    }
    let wanted = query.folders(app);
    let stats = app.store.folder_stats(client, &query.folder).await?;
    let slice = match query.place {
        Place::Page(page) => Slice::Offset(page.saturating_mul(query.limit.get().into())),
        Place::After(cursor) => Slice::After(cursor),
    };
    let listing =
        Listing { folder: stats.id, kind: query.kind, query: query.text, sort: query.sort, slice, limit: query.limit };
    let listed = app.store.list(&listing).await?;
    let counted = match query.kind {
        Some(kind) => stats.by_kind[kind as usize],
        None => stats.by_kind.iter().sum(),
    };
    let folders = sorted(stats.children, |name| (natural_key(name), name.clone())).await?;
    let folders_in_all = folders.len();
    let folders = folders.into_iter().skip(wanted.start).take(wanted.len()).collect();
    Ok(Contents {
        folders,
        folders_in_all,
        files: listed.assets,
        next: listed.next,
        matches: listed.matches.unwrap_or(counted),
        files_in_all: stats.by_kind.iter().sum(),
        bytes: stats.bytes,
    })
}

/// One file.
pub async fn file(app: &App, client: ClientId, path: &MediaPath) -> Result<Asset> {
    app.store.asset(client, path).await
}

/// Every folder with what is directly in it, in natural order, the root first.
pub async fn tree(app: &App, client: ClientId) -> Result<Vec<(FolderPath, i64, ByteSize)>> {
    let tree = app.store.tree(client).await?;
    sorted(tree, |(path, ..)| {
        path.names().iter().map(|name| (natural_key(name.as_str()), name.clone())).collect::<Vec<_>>()
    })
    .await
}

/// Sorts, and keeps no other request from its turn where that takes long.
async fn sorted<T, K>(mut items: Vec<T>, key: fn(&T) -> K) -> Result<Vec<T>>
where
    T: Send + 'static,
    K: Ord + 'static,
{
    if items.len() <= AT_ONCE {
        items.sort_by_cached_key(key);
        return Ok(items);
    }
    let sorting = tokio::task::spawn_blocking(move || {
        items.sort_by_cached_key(key);
        items
    });
    sorting.await.map_err(|error| Error::internal("sorting folders", error))
}
