//! Folders as both `/v2/media` and `/v2/media/folder` show them.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reelshelf_domain::{Cursor, Error, FileName, FolderPath, Limit, MediaKind, Result, Sort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::forms::known_folder;
use super::given::flag;
use super::objects::File;
use crate::app::App;
use crate::library::{Caller, Contents, Place, Query, contents, tree};

/// The longest text that names are searched for.
const SEARCH_MAX: usize = 255;

/// The parameters of a listing.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParameters {
    /// The folder; `/` is the root.
    path: Option<String>,
    /// Another name of `path`.
    folder: Option<String>,
    /// `true` for every folder with its counts, instead of the contents of one.
    tree: Option<String>,
    /// Only `image`, `video`, `audio` or `other`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Only file names that contain this, whatever the case.
    q: Option<String>,
    /// `true` for the files of all folders below it too. Their pages have numbers, and no cursor.
    below: Option<String>,
    /// The page, counted from zero.
    page: Option<String>,
    /// Entries of a page.
    page_size: Option<String>,
    /// `name`, `date`, `size` or `type`, with `-` before it for descending. Names are in natural order.
    sort: Option<String>,
    /// Which part of `folders` when there are more than one answer holds (10,000 unless configured), counted from zero.
    folders_page: Option<String>,
    /// `next_cursor` of the page before. It stays right when files come and go, and is fast at any depth.
    cursor: Option<String>,
}

/// The contents of a folder.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FolderContents {
    success: bool,
    /// The folder; `/` is the root.
    path: String,
    /// The names of the folders directly in it, whatever the filters, in natural order: beside the first files, or as
    /// `folders_page` says.
    folders: Vec<String>,
    /// How many folders are directly in it.
    total_folders: usize,
    /// A page of the files directly in it; with `below`, of those below it too.
    files: Vec<File>,
    /// How many files match the filters.
    total: i64,
    /// How many files the folder has.
    total_files: i64,
    /// What they take in bytes, pending ones apart.
    total_size: u64,
    /// The page, counted from zero; null behind a cursor.
    page: Option<u64>,
    /// Entries of a page.
    page_size: u32,
    /// What to ask for next; null at the end.
    next_cursor: Option<String>,
}

/// Every folder of the client.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tree {
    success: bool,
    /// In natural order, the root first.
    tree: Vec<TreeFolder>,
}

/// A folder and what is directly in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TreeFolder {
    /// The folder; `/` is the root.
    path: String,
    /// How many files are directly in it.
    files: i64,
    /// What they take in bytes.
    size: u64,
}

/// The contents of one folder, or all folders.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum FolderAnswer {
    Contents(FolderContents),
    Tree(Tree),
}

impl ListParameters {
    fn wants_tree(&self) -> Result<bool> {
        self.tree.as_deref().map_or(Ok(false), |text| flag("tree", text))
    }

    fn query(&self, app: &App) -> Result<Query> {
        let limits = &app.settings.limits;
        let page_size = match given(self.page_size.as_deref()) {
            None => limits.default_page_size.into(),
            // Out of any range when it is no number at all.
            Some(text) => text.parse().unwrap_or(0),
        };
        let page = match given(self.page.as_deref()) {
            None => 0,
            Some(text) => number("page", text)?,
        };
        let sort = given(self.sort.as_deref()).map(str::parse::<Sort>).transpose()?.unwrap_or_default();
        let place = match given(self.cursor.as_deref()) {
            None => Place::Page(page),
            Some(text) => Place::After(cursor(text, sort)?),
        };
        Ok(Query {
            folder: known_folder(given(self.path.as_deref()).or(self.folder.as_deref()))?,
            kind: given(self.kind.as_deref()).map(str::parse::<MediaKind>).transpose()?,
            text: given(self.q.as_deref()).map(search_text).transpose()?,
            sort,
            place,
            limit: Limit::new("page_size", page_size, limits.page_size)?,
            below: given(self.below.as_deref()).map_or(Ok(false), |text| flag("below", text))?,
            folders_page: given(self.folders_page.as_deref()).map(|text| number("folders_page", text)).transpose()?,
        })
    }
}

/// A cursor as clients carry it: opaque, and bound to the order it was given in, since behind it in another order there
/// are other files.
fn opaque(sort: Sort, cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{sort}.{cursor}"))
}

fn cursor(text: &str, sort: Sort) -> Result<Cursor> {
    let refuse = || Error::invalid("cursor", "is not one that a listing gave");
    let text = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refuse)?;
    let (of, cursor) = text.split_once('.').ok_or_else(refuse)?;
    if of.parse::<Sort>().map_err(|_| refuse())? != sort {
        return Err(Error::invalid("cursor", "belongs to another sort; begin again without it"));
    }
    cursor.parse()
}

/// What people typed is read as their file names were: a space finds an underscore. Where it holds no letter or digit, it
/// is looked for as it stands. No name is longer, and engines differ in what longer patterns, or characters of no text, do to them.
fn search_text(text: &str) -> Result<String> {
    if text.chars().count() > SEARCH_MAX {
        return Err(Error::invalid("q", format!("is longer than {SEARCH_MAX} characters")));
    }
    if text.contains('\0') {
        return Err(Error::invalid("q", "must not contain NUL"));
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Ok(text.to_owned());
    }
    Ok(FileName::sanitise(text)?.as_str().to_owned())
}

fn number<T: FromStr>(field: &'static str, text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::invalid(field, "must be a whole number, counted from 0"))
}

/// An empty parameter is as good as none.
fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// The contents of a folder, or the tree of all.
pub(super) async fn list(app: &App, caller: &Caller, parameters: ListParameters) -> Result<FolderAnswer> {
    if parameters.wants_tree()? {
        let tree = tree(app, caller.client).await?.into_iter();
        let tree = tree.map(|(path, files, size)| TreeFolder { path: rooted(&path), files, size: size.get() });
        return Ok(FolderAnswer::Tree(Tree { success: true, tree: tree.collect() }));
    }
    let query = parameters.query(app)?;
    let page = match query.place {
        Place::Page(page) => Some(page),
        Place::After(_) => None,
    };
    let (folder, page_size, sort) = (query.folder.clone(), query.limit.get(), query.sort);
    let Contents { folders, folders_in_all, files, next, matches, files_in_all, bytes } =
        contents(app, caller.client, query).await?;
    Ok(FolderAnswer::Contents(FolderContents {
        success: true,
        path: rooted(&folder),
        folders,
        total_folders: folders_in_all,
        files: files.into_iter().map(|(folder, asset)| File::new(app, caller.client, &folder, asset)).collect(),
        total: matches,
        total_files: files_in_all,
        total_size: bytes.get(),
        page,
        page_size,
        next_cursor: next.map(|cursor| opaque(sort, &cursor)),
    }))
}

/// Here the root is spelt `/`, everywhere else it is empty.
fn rooted(path: &FolderPath) -> String {
    if path.is_root() { "/".to_owned() } else { path.to_string() }
}
