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
use reelshelf_domain::{ByteSize, DisplayName, Error, FileName, FolderPath, MediaPath, Result};
use tokio::sync::mpsc;

use super::Refused;
use super::forms::folder;
use super::given::flag;
use super::media::{PostParameters, UNDECLARED, refused, several};
use super::objects::{File, Outcome, Stored};
use super::rehearsal::Manner;
use super::unpack::{self, Tally};
use crate::app::App;
use crate::library::{self, Caller, Held, NewFile, Pack, Unpacking, journal};
use crate::store::Asset;

/// The longest text field.
const FIELD_MAX: usize = 4096;
/// The most that may come between two parts: the end of one and the headers of the next. It is gathered in memory.
const BETWEEN_MAX: u64 = 64 * 1024;
/// Says that the bytes under way are those of a part, which pass through.
const INSIDE: u64 = u64::MAX;

/// Why something is refused that concerns one file and no form.
const ONE_BY_ONE: &str = "is not possible in a form; send the file as the body, with ?name= or ?unpack=true";

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
    /// `None` until the query or the form names one. What comes before waits for the end of the form.
    folder: Option<FolderPath>,
    overwrite: bool,
    unpack: bool,
    dry_run: bool,
    /// How many files there were.
    files: usize,
    parts: Vec<Taken>,
    /// What archives came to, when there were any.
    tally: Option<Tally>,
    /// How many entries they have: each of them is answered for.
    entries: usize,
    between: Between,
}

/// A file of the form.
enum Taken {
    /// It was stored, or refused.
    Done(Box<Outcome>),
    /// It came before its folder.
    Waiting { raw: String, content_type: String, held: Held },
}

impl Taken {
    fn done(outcome: Outcome) -> Self {
        Self::Done(Box::new(outcome))
    }
}

/// How a form goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    Ended,
    /// It broke off in a file.
    Broken,
}

impl Form {
    /// How many bytes wait.
    fn waiting(&self) -> ByteSize {
        let sizes = self.parts.iter().map(|part| match part {
            Taken::Done(_) => ByteSize::ZERO,
            Taken::Waiting { held, .. } => held.size(),
        });
        sizes.fold(ByteSize::ZERO, ByteSize::saturating_add)
    }

    fn to(&self) -> FolderPath {
        self.folder.clone().unwrap_or_default()
    }

    fn manner(&self) -> Manner {
        if self.dry_run { Manner::Rehearse } else { Manner::Act }
    }

    /// Whether a file was stored.
    fn has_stored(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Taken::Done(outcome) if outcome.success))
    }

    /// Takes a flag that must be known before the files, unless they wait.
    fn before_files(&self, field: &'static str, said: bool) -> Result<bool> {
        if said && self.has_stored() {
            return Err(Error::invalid(field, "must stand before the files, which are stored already"));
        }
        Ok(said)
    }

    fn unpacking(&self) -> Unpacking {
        Unpacking { folder: self.to(), overwrite: self.overwrite }
    }

    fn file(&self, raw: &str, content_type: String) -> Result<NewFile> {
        Ok(NewFile {
            path: MediaPath::new(self.to(), FileName::sanitise(raw)?),
            display_name: DisplayName::of(raw),
            content_type,
            size: None,
            sha256: None,
            overwrite: self.overwrite,
        })
    }
}

/// Stores the files of a form.
pub(super) async fn store(
    app: &App,
    caller: &Caller,
    parameters: &PostParameters,
    request: Request,
) -> Result<Response, Refused> {
    for (field, said) in [("token", &parameters.token), ("sha256", &parameters.sha256)] {
        if said.is_some() {
            return Err(Error::invalid(field, ONE_BY_ONE).into());
        }
    }
    let between = Between::default();
    let mut parts = Multipart::from_request(request.map(|body| between.watch(body)), app)
        .await
        .map_err(|error| Error::invalid("body", format!("is not a form: {}", error.body_text())))?;
    let mut form = Form {
        folder: parameters.folder.as_deref().map(|text| folder(Some(text))).transpose()?,
        overwrite: parameters.overwrite.unwrap_or_default(),
        unpack: parameters.unpack.unwrap_or_default(),
        dry_run: parameters.dry_run.unwrap_or_default(),
        files: 0,
        parts: Vec::new(),
        tally: None,
        entries: 0,
        between,
    };
    let (goes, failure) = loop {
        match next(app, caller, &mut parts, &mut form).await {
            Ok(Goes::On) => {}
            Ok(goes) => break (goes, None),
            Err(error) => break (Goes::Broken, Some(error)),
        }
    };
    if failure.is_none() && form.files == 0 {
        return Err(Error::Missing("file").into());
    }
    // On the heap: it is large, and most requests are no forms.
    let mut outcomes = Box::pin(settle(app, caller, &mut form, goes == Goes::Ended)).await;
    match failure {
        // What was stored before the form went wrong is stored; its sender hears of both.
        Some(error) if outcomes.iter().any(|outcome| outcome.success) => outcomes.push(refused(String::new())(error)),
        Some(error) => return Err(error.into()),
        None => {}
    }
    Ok(match form.tally {
        Some(tally) => unpack::answer(app, outcomes, tally, None),
        None => answer(app, outcomes),
    })
}

/// Places what waited, now that everything is said. A form that broke off may have been about to say more.
async fn settle(app: &App, caller: &Caller, form: &mut Form, whole: bool) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (number, part) in std::mem::take(&mut form.parts).into_iter().enumerate() {
        match part {
            Taken::Done(outcome) => outcomes.push(*outcome),
            Taken::Waiting { raw, .. } if !whole => {
                outcomes.push(refused(raw)(Error::invalid("body", "ended before its length; send it again")));
            }
            Taken::Waiting { raw, .. } if form.dry_run && !form.unpack => {
                outcomes.push(refused(raw)(Error::invalid("dry_run", ONE_BY_ONE)));
            }
            Taken::Waiting { raw, held, .. } if form.unpack => {
                let pack = library::open_pack(app, caller, held).await;
                let unpacking = unpacked(app, caller, form, raw, pack);
                outcomes.extend(journal::branch(format!("held {number}"), unpacking).await);
            }
            Taken::Waiting { raw, content_type, held } => {
                let file = form.file(&raw, content_type);
                let store = async |file| library::store_held(app, caller, file, held).await;
                let storing = stored(app, caller, raw, file, store);
                outcomes.push(journal::branch(format!("held {number}"), storing).await);
            }
        }
    }
    outcomes
}

/// What became of an archive: its entries, or that it is none.
async fn unpacked(app: &App, caller: &Caller, form: &mut Form, raw: String, pack: Result<Pack>) -> Vec<Outcome> {
    let run = match pack {
        Ok(pack) if pack.entries() > app.settings.zip.entries.saturating_sub(form.entries) => {
            let limit = app.settings.zip.entries.to_string().into();
            Err(Error::LimitReached { what: "entries of the archives of one form", limit })
        }
        Ok(pack) => {
            form.entries += pack.entries();
            unpack::run(app, caller, &pack, &form.unpacking(), &form.manner()).await
        }
        Err(error) => Err(error),
    };
    match run {
        Ok((outcomes, tally, _)) => {
            form.tally = Some(form.tally.take().unwrap_or_default().plus(&tally));
            outcomes
        }
        Err(error) => vec![refused(raw)(error)],
    }
}

/// What became of one file.
async fn stored(
    app: &App,
    caller: &Caller,
    raw: String,
    file: Result<NewFile>,
    store: impl AsyncFnOnce(NewFile) -> Result<Asset>,
) -> Outcome {
    let stored = async {
        let file = file?;
        let path = file.path.clone();
        Ok((File::new(app, caller.client, &path.folder, store(file).await?), path))
    };
    match stored.await {
        Ok((file, path)) => {
            Outcome { path: path.to_string(), success: true, status: 200, message: String::new(), file: Some(file) }
        }
        Err(error) => refused(raw)(error),
    }
}

/// Takes the next part.
async fn next(app: &App, caller: &Caller, parts: &mut Multipart, form: &mut Form) -> Result<Goes> {
    form.between.parts();
    let Some(mut field) = parts.next_field().await.map_err(|error| broken(&error))? else { return Ok(Goes::Ended) };
    form.between.inside();
    if let Some(raw) = field.file_name().map(unescaped) {
        if form.files >= app.settings.limits.files {
            let most = app.settings.limits.files;
            return Err(Error::invalid(
                "file",
                format!("stands in the form more than {most} times; send several forms"),
            ));
        }
        if form.dry_run && !form.unpack && form.folder.is_some() {
            return Err(Error::invalid("dry_run", ONE_BY_ONE));
        }
        form.files += 1;
        let number = form.files;
        return Ok(if journal::branch(number, Box::pin(take(app, caller, form, raw, field))).await {
            Goes::On
        } else {
            Goes::Broken
        });
    }
    match field.name() {
        Some("folder") => {
            form.folder = Some(folder(Some(&text("folder", field).await?))?);
        }
        Some("overwrite") => form.overwrite = flag("overwrite", &text("overwrite", field).await?)?,
        Some("dry_run") => {
            let said = flag("dry_run", &text("dry_run", field).await?)?;
            form.dry_run = if form.dry_run { said } else { form.before_files("dry_run", said)? };
        }
        Some("unpack") => {
            let said = flag("unpack", &text("unpack", field).await?)?;
            form.unpack = if form.unpack { said } else { form.before_files("unpack", said)? };
        }
        Some("token") => return Err(Error::invalid("token", ONE_BY_ONE)),
        Some("sha256") => return Err(Error::invalid("sha256", ONE_BY_ONE)),
        Some("file") => return Err(Error::invalid("file", "has no file name; send it as a file")),
        // Other fields are none of ours.
        _ => while field.chunk().await.map_err(|error| broken(&error))?.is_some() {},
    }
    Ok(Goes::On)
}

/// Takes the file of a part. False when the form broke off in it.
async fn take(app: &App, caller: &Caller, form: &mut Form, raw: String, field: Field<'_>) -> bool {
    let content_type = field.content_type().unwrap_or(UNDECLARED).to_owned();
    let (sender, receiver) = mpsc::channel(1);
    let (body, feed) = (relayed(receiver), feed(field, sender));
    if form.folder.is_none() {
        let (held, whole) = tokio::join!(library::hold(app, caller, form.waiting(), body), feed);
        form.parts.push(match held {
            Ok(held) => Taken::Waiting { raw, content_type, held },
            Err(error) => Taken::done(refused(raw)(error)),
        });
        return whole;
    }
    if form.unpack {
        let (pack, whole) = tokio::join!(library::receive_pack(app, caller, None, body), feed);
        let outcomes = unpacked(app, caller, form, raw, pack).await;
        form.parts.extend(outcomes.into_iter().map(Taken::done));
        return whole;
    }
    let file = form.file(&raw, content_type);
    let store = async |file| library::upload(app, caller, file, body).await;
    let (outcome, whole) = tokio::join!(stored(app, caller, raw, file, store), feed);
    form.parts.push(Taken::done(outcome));
    whole
}

/// Browsers write the three characters that would end a file name early as escapes, and nothing else.
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// Passes a part on to who stores it. False when the form broke off in it.
async fn feed(mut field: Field<'_>, to: mpsc::Sender<Piece>) -> bool {
    loop {
        let (piece, goes_on) = match field.chunk().await {
            Ok(Some(piece)) => (Piece::Bytes(piece), None),
            Ok(None) => (Piece::End, Some(true)),
            Err(error) => (Piece::Broken(broken(&error)), Some(false)),
        };
        // When the receiver is gone the upload has failed; what is left of the part is skipped.
        let _ = to.send(piece).await;
        if let Some(whole) = goes_on {
            return whole;
        }
    }
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
