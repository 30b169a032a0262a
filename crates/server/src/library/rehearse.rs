//! Dry runs: what a call would do, told beforehand, and a token with which the call does exactly that.

use reelshelf_domain::{AssetHash, ClientId, Error, FolderPath, MediaPath, Result, UnixMillis};
use sha2::{Digest, Sha256};

use super::folders::{folder_move, may_go};
use super::relocate::{relocated, relocation};
use super::{Caller, Change, FolderChange, NewFile};
use crate::app::App;
use crate::store::{Arrival, Arrivals, Asset, Deed, Forecast, NewRehearsal, Outlook, RehearsalLimits, Rehearsed};

/// How long tokens are.
const TOKEN_LENGTH: usize = 32;

/// Something that is to be done, or first to be rehearsed.
#[derive(Clone)]
pub struct Intent {
    deed: Deed,
    /// Where the file is afterwards.
    to: Option<MediaPath>,
}

/// A file at its place.
pub type Placed = (MediaPath, Asset);

/// What a call would do.
pub struct Rehearsal {
    /// With it the call does this and nothing else.
    pub token: String,
    /// Until when.
    pub expires_at: UnixMillis,
    /// What would become of what.
    pub outlook: Outlook,
    /// What each intent would answer.
    pub results: Vec<Result<Option<Placed>>>,
}

/// To delete a file.
pub fn intend_removal(app: &App, client: ClientId, path: MediaPath) -> Intent {
    Intent { deed: Deed::remove(client, path, app.now()), to: None }
}

/// To move a file, rename it, or both.
pub fn intend_relocation(app: &App, client: ClientId, change: Change) -> Result<Intent> {
    let (relocation, to) = relocation(app, client, change);
    Ok(Intent { deed: Deed::relocate(relocation, app.chance.as_ref())?, to: Some(to) })
}

/// To delete a folder.
pub fn intend_folder_removal(app: &App, client: ClientId, path: FolderPath, recursive: bool) -> Result<Intent> {
    may_go(&path)?;
    Ok(Intent { deed: Deed::remove_folder(client, path, recursive, app.now()), to: None })
}

/// To move a folder, rename it, or both; and its new path.
pub fn intend_folder_change(app: &App, client: ClientId, change: FolderChange) -> Result<(Intent, FolderPath)> {
    let (change, to) = folder_move(app, client, change)?;
    Ok((Intent { deed: Deed::move_folder(change), to: None }, to))
}

/// Says what each of several intents would do, one after the other, and changes nothing.
pub async fn rehearse(app: &App, caller: &Caller, intents: Vec<Result<Intent>>) -> Result<Rehearsal> {
    let (limits, deeds_hash) = (limits(app), asked(&intents));
    let deeds = intents.iter().flatten().map(|intent| intent.deed.clone()).collect();
    let mut rehearsed = app.store.rehearse(caller.client, deeds, limits).await?.into_iter();
    let mut told = Foretold { asked: deeds_hash, forecasts: Vec::new(), outlook: Outlook::default() };
    let mut results = Vec::new();
    for intent in intents {
        let (to, done) = match intent {
            Ok(intent) => (intent.to, rehearsed.next().ok_or_else(|| Error::inconsistent("a deed without rehearsal"))?),
            Err(error) => (None, Rehearsed::refused(error)),
        };
        told.outlook.join(done.outlook, limits.paths);
        told.forecasts.push(done.forecast);
        results.push(done.answer.map(|asset| to.zip(asset)));
    }
    told.keep(app, caller, results).await
}

/// What a call would do, before it is kept.
pub struct Foretold {
    asked: AssetHash,
    forecasts: Vec<Forecast>,
    /// What would become of what.
    pub outlook: Outlook,
}

impl Foretold {
    /// Keeps it under a token.
    pub async fn keep(self, app: &App, caller: &Caller, results: Vec<Result<Option<Placed>>>) -> Result<Rehearsal> {
        let Self { asked, forecasts, outlook } = self;
        let (token, now) = (app.chance.alphanumeric(TOKEN_LENGTH)?, app.now());
        let expires_at = now.plus(app.settings.limits.rehearsal_life());
        let (client, id, most) = (caller.client, hash(&token), app.settings.limits.rehearsals.into());
        let kept = NewRehearsal { client, id, deeds: asked, forecasts, now, expires_at, most };
        app.store.keep_rehearsal(kept).await?;
        Ok(Rehearsal { token, expires_at, outlook, results })
    }
}

/// What was told under a token, if it was of this call.
async fn recall(app: &App, caller: &Caller, asked: AssetHash, token: &str) -> Result<Vec<Forecast>> {
    let kept = app.store.rehearsal(caller.client, hash(token), app.now()).await?;
    let (deeds, forecasts) =
        kept.ok_or_else(|| Error::invalid("token", "is unknown or has expired; rehearse again with dry_run"))?;
    if deeds != asked {
        return Err(Error::invalid("token", "was given for another call; send the parameters that were rehearsed"));
    }
    Ok(forecasts)
}

/// Lets files come and takes them back: whether each would come, and what they would replace.
pub(super) async fn foretell(app: &App, arrivals: Arrivals, each: Vec<Arrival>) -> Result<(Vec<Result<()>>, Foretold)> {
    let asked = hash(&arrivals.asked);
    let rehearsed = app.store.rehearse_arrivals(arrivals, each, limits(app)).await?;
    let told = Foretold { asked, forecasts: vec![rehearsed.forecast], outlook: rehearsed.outlook };
    Ok((rehearsed.outcomes, told))
}

/// Says of each file that is to come whether it replaces one, as was told; or what has changed since.
pub(super) async fn confirm(app: &App, caller: &Caller, arrivals: Arrivals, token: &str) -> Result<Vec<bool>> {
    let told = recall(app, caller, hash(&arrivals.asked), token).await?.pop();
    let told = told.ok_or_else(|| Error::inconsistent("a rehearsal of nothing"))?;
    app.store.confirm_arrivals(arrivals, told, limits(app)).await
}

/// Says what an upload would replace, and takes no bytes.
pub async fn rehearse_upload(app: &App, caller: &Caller, file: &NewFile) -> Result<Rehearsal> {
    let arrival = file.arrival(app, caller)?;
    let (outcomes, told) = foretell(app, arrivals(caller, file), vec![arrival]).await?;
    outcomes.into_iter().collect::<Result<()>>()?;
    told.keep(app, caller, vec![Ok(None)]).await
}

/// The file of an upload that was rehearsed: it replaces what was told, and nothing else.
pub async fn confirm_upload(app: &App, caller: &Caller, file: NewFile, token: &str) -> Result<NewFile> {
    let replaces = confirm(app, caller, arrivals(caller, &file), token).await?;
    Ok(NewFile { overwrite: replaces == [true], ..file })
}

fn arrivals(caller: &Caller, file: &NewFile) -> Arrivals {
    let NewFile { path, overwrite, content_type, .. } = file;
    let asked = format!("upload {path} as {content_type} {overwrite}");
    Arrivals { client: caller.client, asked, paths: vec![path.clone()], overwrite: *overwrite }
}

/// Does what was rehearsed, each intent for itself: one that would do anything else is refused, and says what changed.
pub async fn perform(
    app: &App,
    caller: &Caller,
    intents: Vec<Result<Intent>>,
    token: &str,
) -> Result<Vec<Result<Option<Placed>>>> {
    let forecasts = recall(app, caller, asked(&intents), token).await?;
    let mut results = Vec::new();
    // One after the other, as they were rehearsed: one may be in the way of the next.
    for (intent, told) in intents.into_iter().zip(forecasts) {
        results.push(match intent {
            Ok(Intent { deed, to }) => match app.store.confirm(deed, told, limits(app)).await {
                Ok(()) => placed(app, caller.client, to).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        });
    }
    Ok(results)
}

async fn placed(app: &App, client: ClientId, to: Option<MediaPath>) -> Result<Option<Placed>> {
    match to {
        Some(path) => relocated(app, client, &path).await.map(|asset| Some((path, asset))),
        None => Ok(None),
    }
}

fn limits(app: &App) -> RehearsalLimits {
    let limits = &app.settings.limits;
    RehearsalLimits { items: limits.rehearsal_items, paths: limits.rehearsal_urls }
}

fn hash(text: &str) -> AssetHash {
    AssetHash::from_bytes(Sha256::digest(text).into())
}

/// Which deeds with which parameters, in which order.
fn asked(intents: &[Result<Intent>]) -> AssetHash {
    let asked = intents.iter().map(|intent| intent.as_ref().map_or_else(ToString::to_string, |i| i.deed.asked()));
    hash(&asked.collect::<Vec<_>>().join("\n"))
}
