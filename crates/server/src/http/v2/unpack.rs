//! A ZIP on its way in, whose files are stored one by one.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use reelshelf_domain::Result;
use serde::Serialize;

use super::forms::folder;
use super::media::{PostParameters, refused, several};
use super::objects::{File, Outcome, Stored};
use crate::app::App;
use crate::http::body::{content_length, pieces};
use crate::library::{self, Caller, Pack, Unpacking};

/// What became of an archive: each of its entries, and what they came to.
#[derive(Serialize)]
pub(super) struct Unpacked {
    #[serde(flatten)]
    stored: Stored,
    #[serde(flatten)]
    tally: Tally,
}

/// What archives came to.
#[derive(Default, Serialize)]
pub(super) struct Tally {
    /// Whether nothing was stored, and this is what would have been.
    dry_run: bool,
    /// How many files were stored.
    files: usize,
    /// And how many bytes.
    bytes: u64,
    /// How many entries were passed by because systems leave them in archives for themselves: `__MACOSX/`, `.DS_Store`,
    /// `Thumbs.db` and `desktop.ini`.
    skipped: usize,
}

impl Tally {
    /// What several came to.
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            dry_run: self.dry_run || other.dry_run,
            files: self.files + other.files,
            bytes: self.bytes + other.bytes,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// Unpacks a body.
pub(super) async fn raw(app: &App, caller: &Caller, parameters: &PostParameters, request: Request) -> Result<Response> {
    let to = Unpacking {
        folder: folder(parameters.folder.as_deref())?,
        overwrite: parameters.overwrite.unwrap_or_default(),
    };
    let length = content_length(request.headers());
    let pack = library::receive_pack(app, length, pieces(request.into_body())).await?;
    let (outcomes, tally) = run(app, caller, &pack, &to, parameters.dry_run.unwrap_or_default()).await?;
    Ok(answer(app, outcomes, tally))
}

/// Unpacks an archive, or says what that would do.
pub(super) async fn run(
    app: &App,
    caller: &Caller,
    pack: &Pack,
    to: &Unpacking,
    dry_run: bool,
) -> Result<(Vec<Outcome>, Tally)> {
    let unpacked = if dry_run {
        library::rehearse(app, caller, pack, to).await?
    } else {
        library::unpack(app, caller, pack, to).await?
    };
    let library::Unpacked { skipped, entries, files, bytes } = unpacked;
    let outcomes = entries.into_iter().map(|(path, result)| match result {
        Ok(file) => {
            let file = file.map(|(folder, asset)| File::new(app, caller.client, &folder, asset));
            Outcome { path, success: true, status: 200, message: String::new(), file }
        }
        Err(error) => refused(path)(error),
    });
    Ok((outcomes.collect(), Tally { dry_run, files, bytes, skipped }))
}

pub(super) fn answer(app: &App, outcomes: Vec<Outcome>, tally: Tally) -> Response {
    Json(Unpacked { stored: several(app, outcomes), tally }).into_response()
}
