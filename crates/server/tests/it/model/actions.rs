//! What clients and time may do.

use serde_json::Value;

use super::archives::Archive;
use super::content::Content;
use super::expect::Part;
use super::reference::NewFile;
use super::tus::Tus;
use super::zips::Wanted;

/// What one client does.
#[derive(Clone)]
pub(super) enum Action {
    /// A request with a JSON body; a registration remembers its upload URL under the tag.
    Call {
        tag: u32,
        method: &'static str,
        path: &'static str,
        body: Value,
    },
    /// Bytes to the upload URL of a registration.
    Put {
        tag: u32,
        content_type: String,
        content: Content,
    },
    /// A file as the body of one request, its length told beforehand or not.
    Raw {
        new: NewFile,
        content: Content,
        /// The hash that they must have.
        hash: Option<String>,
    },
    /// Files as the parts of a form.
    Form {
        folder: String,
        overwrite: bool,
        parts: Vec<Part>,
        /// A parameter that no form may have.
        odd: Option<&'static str>,
    },
    /// An archive whose files are stored.
    Unpack(Archive),
    /// Files and folders as one archive.
    Zip(Wanted),
    /// An upload that may be resumed.
    Tus(Tus),
    /// One of these, under an idempotency key.
    Keyed {
        once: u32,
        what: Box<Action>,
    },
    /// The same once more, or something else under its key.
    Again {
        once: u32,
        changed: bool,
    },
    /// A call that is first rehearsed; perhaps something happens in between.
    Rehearsed {
        what: Box<Action>,
        between: Option<Box<Action>>,
    },
    /// One file's object.
    Get {
        path: String,
    },
    /// A whole listing, page after page or along the cursors.
    List(Listing),
    /// A listing that is refused, with its sentence.
    BadList {
        query: &'static str,
        sentence: &'static str,
    },
    /// Every folder.
    Tree,
    /// A file as everybody gets it.
    Deliver {
        url: Url,
        ask: Ask,
    },
    /// What the operator does to this client.
    Hold,
    Release,
    Plan(usize),
}

impl Action {
    /// Whether it asks for a file of another server.
    pub(super) fn is_import(&self) -> bool {
        match self {
            Self::Call { body, .. } => body["src"].is_string(),
            Self::Keyed { what, .. } => what.is_import(),
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) at: &'static str,
    pub(super) folder: String,
    pub(super) kind: Option<&'static str>,
    pub(super) text: Option<&'static str>,
    pub(super) sort: Option<&'static str>,
    pub(super) page_size: Option<usize>,
    pub(super) by_cursor: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Url {
    Stable(String),
    Alias(String),
    Immutable(Content, String),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Get,
    Head,
    /// Only if it is not what the asker has; here it is, or it is not.
    IfOther {
        same: bool,
    },
    /// Only if it changed since so many milliseconds before now.
    IfSince(i64),
    Range(usize, usize),
}

/// A step of a run: what one client does, or both do at once; or what happens to all.
#[derive(Clone)]
pub(super) enum Step {
    Acts(Vec<(usize, Action)>),
    /// Time passes, in seconds, and then perhaps what is due is done.
    Pass {
        seconds: u64,
        jobs: bool,
    },
    Restart,
}
