//! Looking: one file, one folder, the whole tree.

use reelshelf_domain::{
    ByteSize, ClientId, Cursor, Error, FolderId, FolderPath, Limit, MediaKind, MediaPath, Result, Sort, SortField,
    natural_key,
};

use crate::app::App;
use crate::store::{Asset, Below, Listing, Slice};

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
    /// Whether the files of all folders below it are meant too.
    pub below: bool,
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
    /// The files of the page, each with its folder.
    pub files: Vec<(FolderPath, Asset)>,
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
    let slice = match &query.place {
        Place::Page(page) => Slice::Offset(page.saturating_mul(query.limit.get().into())),
        Place::After(cursor) => Slice::After(cursor.clone()),
    };
    let counted = match query.kind {
        Some(kind) => stats.by_kind[kind as usize],
        None => stats.by_kind.iter().sum(),
    };
    let (files, next, matches) = files(app, &query, stats.id, slice).await?;
    let folders = sorted(stats.children, |name| (natural_key(name), name.clone())).await?;
    let folders_in_all = folders.len();
    let folders = folders.into_iter().skip(wanted.start).take(wanted.len()).collect();
    Ok(Contents {
        folders,
        folders_in_all,
        files,
        next,
        matches: matches.unwrap_or(counted),
        files_in_all: stats.by_kind.iter().sum(),
        bytes: stats.bytes,
    })
}

/// A page of files, the place behind it, and how many match when that was counted.
async fn files(
    app: &App,
    query: &Query,
    folder: FolderId,
    slice: Slice,
) -> Result<(Vec<(FolderPath, Asset)>, Option<Cursor>, Option<i64>)> {
    let (kind, sort, limit) = (query.kind, query.sort, query.limit);
    // All kinds at once by kind: an order in which one folder is not searched.
    let by_kind = query.text.is_some() && kind.is_none() && sort.field == SortField::Type;
    if !query.below && !by_kind {
        let listing = Listing { folder, kind, query: query.text.clone(), sort, slice, limit };
        let listed = app.store.list(&listing).await?;
        let files = listed.assets.into_iter().map(|asset| (query.folder.clone(), asset));
        return Ok((files.collect(), listed.next, listed.matches));
    }
    let Slice::Offset(offset) = slice else {
        return Err(Error::invalid("cursor", "is not for this search; ask for its pages by number"));
    };
    let text = query.text.clone().unwrap_or_default();
    let wanted = Below { folder, deep: query.below, kind, query: text, sort, offset, limit };
    let (hits, matches) = app.store.list_below(&wanted).await?;
    let there = |(way, asset): (FolderPath, Asset)| {
        let names = way.names().iter().cloned();
        let folder = names.into_iter().try_fold(query.folder.clone(), |folder, name| folder.join(name))?;
        Ok((folder, asset))
    };
    Ok((hits.into_iter().map(there).collect::<Result<_>>()?, None, Some(matches)))
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
