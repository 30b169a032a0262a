//! `multipart/form-data`: several files in one request, each streamed into the library as it arrives.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{DisplayName, Error, FileName, FolderPath, MediaPath, Result};
use tokio::sync::mpsc;

use super::Refused;
use super::forms::folder;
use super::given::flag;
use super::media::{PostParameters, UNDECLARED, refused, several};
use super::objects::{File, Outcome, Stored};
use crate::app::App;
use crate::library::{self, Caller, Change, NewFile};

/// The longest text field.
const FIELD_MAX: usize = 4096;
/// The most that may come between two parts: the end of one and the headers of the next. It is gathered in memory.
const BETWEEN_MAX: u64 = 64 * 1024;
/// Says that the bytes under way are those of a part, which pass through.
const INSIDE: u64 = u64::MAX;

/// How much came since the last part ended.
#[derive(Clone, Default)]
struct Between(Arc<AtomicU64>);

impl Between {
    /// The body, ending in an error when a part does not begin in time.
    fn watch(&self, body: Body) -> Body {
        let seen = Arc::clone(&self.0);
        Body::from_stream(body.into_data_stream().map(move |piece| {
            let piece = piece.map_err(axum::Error::into_inner)?;
            let before = seen.load(Ordering::Relaxed);
            if before == INSIDE {
                return Ok(piece);
            }
            if before >= BETWEEN_MAX {
                let reason = format!("has more than {BETWEEN_MAX} bytes before a part or in the headers of one");
                return Err(axum::BoxError::from(Error::invalid("body", reason)));
            }
            seen.store(before + piece.len() as u64, Ordering::Relaxed);
            Ok(piece)
        }))
    }

    fn parts(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn inside(&self) {
        self.0.store(INSIDE, Ordering::Relaxed);
    }
}

/// What the form has said so far.
struct Form {
    folder: FolderPath,
    overwrite: bool,
    outcomes: Vec<Outcome>,
    between: Between,
}

/// Stores the files of a form.
pub(super) async fn store(
    app: &App,
    caller: &Caller,
    parameters: &PostParameters,
    request: Request,
) -> Result<Response, Refused> {
    let between = Between::default();
    let mut parts = Multipart::from_request(request.map(|body| between.watch(body)), app)
        .await
        .map_err(|error| Error::invalid("body", format!("is not a form: {}", error.body_text())))?;
    let mut form = Form {
        folder: folder(parameters.folder.as_deref())?,
        overwrite: parameters.overwrite.unwrap_or_default(),
        outcomes: Vec::new(),
        between,
    };
    loop {
        match next(app, caller, &mut parts, &mut form).await {
            Ok(true) => {}
            Ok(false) => break,
            // What was stored before the form went wrong is stored; its sender hears of both.
            Err(error) if form.outcomes.iter().any(|outcome| outcome.success) => {
                form.outcomes.push(refused(String::new())(error));
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if form.outcomes.is_empty() {
        return Err(Error::Missing("file").into());
    }
    Ok(answer(app, form.outcomes))
}

/// Takes the next part; false at the end of the form.
async fn next(app: &App, caller: &Caller, parts: &mut Multipart, form: &mut Form) -> Result<bool> {
    form.between.parts();
    let Some(mut field) = parts.next_field().await.map_err(|error| broken(&error))? else { return Ok(false) };
    form.between.inside();
    if let Some(raw) = field.file_name().map(unescaped) {
        if form.outcomes.len() >= app.settings.limits.files {
            let most = app.settings.limits.files;
            return Err(Error::invalid(
                "file",
                format!("stands in the form more than {most} times; send several forms"),
            ));
        }
        let stored = store_file(app, caller, form, &raw, field).await;
        // A part that broke off was the last.
        let more = !matches!(&stored, Err(Error::Invalid { field, .. }) if field == "body");
        form.outcomes.push(match stored {
            Ok((path, file)) => Outcome { path, success: true, status: 200, message: String::new(), file: Some(file) },
            Err(error) => refused(raw)(error),
        });
        return Ok(more);
    }
    match field.name() {
        Some("folder") => {
            let to = folder(Some(&text("folder", field).await?))?;
            follow(app, caller, form, &to).await?;
            form.folder = to;
        }
        Some("overwrite") => {
            form.overwrite = flag("overwrite", &text("overwrite", field).await?)?;
        }
        Some("file") => return Err(Error::invalid("file", "has no file name; send it as a file")),
        // Other fields are none of ours.
        _ => while field.chunk().await.map_err(|error| broken(&error))?.is_some() {},
    }
    Ok(true)
}

async fn store_file(
    app: &App,
    caller: &Caller,
    form: &Form,
    raw: &str,
    mut field: Field<'_>,
) -> Result<(String, File)> {
    let path = MediaPath::new(form.folder.clone(), FileName::sanitise(raw)?);
    let file = NewFile {
        path: path.clone(),
        display_name: DisplayName::of(raw),
        content_type: field.content_type().unwrap_or(UNDECLARED).to_owned(),
        size: None,
        overwrite: form.overwrite,
    };
    let (sender, receiver) = mpsc::channel(1);
    let feed = async move {
        loop {
            let piece = match field.chunk().await {
                Ok(Some(piece)) => Piece::Bytes(piece),
                Ok(None) => Piece::End,
                Err(error) => Piece::Broken(broken(&error)),
            };
            let last = !matches!(piece, Piece::Bytes(_));
            // When the receiver is gone the upload has failed; what is left of the part is skipped.
            let _ = sender.send(piece).await;
            if last {
                return;
            }
        }
    };
    let (asset, ()) = tokio::join!(library::upload(app, caller, file, relayed(receiver)), feed);
    Ok((path.to_string(), File::new(app, caller.client, &path.folder, asset?)))
}

/// Browsers write the three characters that would end a file name early as escapes, and nothing else.
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// Files that came before the form named their folder follow it there.
async fn follow(app: &App, caller: &Caller, form: &mut Form, to: &FolderPath) -> Result<()> {
    if *to == form.folder {
        return Ok(());
    }
    for outcome in form.outcomes.iter_mut().filter(|outcome| outcome.success) {
        let change = Change {
            path: outcome.path.parse()?,
            destination: Some(to.clone()),
            new_name: None,
            overwrite: form.overwrite,
        };
        let moved = match library::relocate(app, caller.client, change).await {
            Ok(path) => library::file(app, caller.client, &path).await.map(|asset| (path, asset)),
            Err(error) => Err(error),
        };
        *outcome = match moved {
            Ok((path, asset)) => {
                let file = Some(File::new(app, caller.client, &path.folder, asset));
                Outcome { path: path.to_string(), success: true, status: 200, message: String::new(), file }
            }
            Err(error) => refused(std::mem::take(&mut outcome.path))(error),
        };
    }
    Ok(())
}

/// A piece of a part, on its way to the task that stores it.
enum Piece {
    Bytes(Bytes),
    End,
    Broken(Error),
}

/// The pieces as the library takes them. A sender that vanishes without an end is an error: the client has left.
fn relayed(receiver: mpsc::Receiver<Piece>) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    let next = |receiver: Option<mpsc::Receiver<Piece>>| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(piece)) => Some((Ok(piece), Some(receiver))),
            Some(Piece::End) => None,
            Some(Piece::Broken(error)) => Some((Err(error), None)),
            None => Some((Err(Error::invalid("body", "ended before its length; send it again")), None)),
        }
    };
    Box::pin(futures::stream::unfold(Some(receiver), next))
}

async fn text(name: &'static str, mut field: Field<'_>) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + piece.len() > FIELD_MAX {
            return Err(Error::invalid(name, format!("is longer than {FIELD_MAX} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid(name, "is not UTF-8"))
}

/// Why the form cannot be read: what was wrong with the body, or with what it says.
fn broken(error: &MultipartError) -> Error {
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        if let Some(Error::Invalid { field, reason }) = cause.downcast_ref() {
            return Error::invalid(field.clone(), reason.clone());
        }
        beneath = cause.source();
    }
    Error::invalid("body", format!("is not a complete form: {}", error.body_text()))
}

/// Several files answer for each, and the call as a whole is a 200. One file answers as it would alone.
fn answer(app: &App, outcomes: Vec<Outcome>) -> Response {
    let (status, message, file) = match outcomes.as_slice() {
        [only] => (only.status, (!only.success).then(|| only.message.clone()), only.file.clone()),
        _ => (200, None, None),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(Stored { message, file, ..several(app, outcomes) })).into_response()
}
