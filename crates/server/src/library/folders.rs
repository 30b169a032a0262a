//! Making, moving, renaming and deleting folders.

use reelshelf_domain::{ClientId, Error, FolderName, FolderPath, Refusal, Result};

use crate::app::App;
use crate::store::{FolderMove, Made};

/// Makes a folder and all levels above it.
pub async fn make_folder(app: &App, client: ClientId, path: FolderPath) -> Result<Made> {
    let limit = app.settings.limits.folders.into();
    app.store.make_folder(client, path, limit, app.now(), app.chance.as_ref()).await
}

/// Where a folder goes: below another folder, to another name, or both.
#[derive(Clone, Debug)]
pub struct FolderChange {
    /// The folder.
    pub folder: FolderPath,
    /// The folder it goes below.
    pub destination: Option<FolderPath>,
    /// Its new name.
    pub new_name: Option<FolderName>,
}

/// Moves a folder, renames it, or both. Answers its new path.
pub async fn change_folder(app: &App, client: ClientId, change: FolderChange) -> Result<FolderPath> {
    let (step, to) = folder_move(app, client, change)?;
    app.store.move_folder(step).await?;
    Ok(to)
}

/// What moves a folder, and where to, if it may go there.
pub(super) fn folder_move(app: &App, client: ClientId, change: FolderChange) -> Result<(FolderMove, FolderPath)> {
    let FolderChange { folder, destination, new_name } = change;
    let (above, name) = folder.split_last().ok_or(Error::Refused(Refusal::MoveRoot))?;
    if folder == FolderPath::temp() {
        return Err(Error::Refused(Refusal::MoveTemp));
    }
    if folder.is_reserved_generated() {
        return Err(Error::Refused(Refusal::MoveGenerated));
    }
    let to = destination.unwrap_or(above).join(new_name.unwrap_or_else(|| name.clone()))?;
    if to.is_temp() != folder.is_temp() {
        return Err(Error::Refused(Refusal::FolderAcrossTemp));
    }
    let limit = app.settings.limits.folders.into();
    let step = FolderMove::new(client, folder, to.clone(), limit, app.now(), app.chance.as_ref())?;
    Ok((step, to))
}

/// Deletes a folder; one with something in it only when everything in it is meant.
pub async fn remove_folder(app: &App, client: ClientId, path: FolderPath, recursive: bool) -> Result<()> {
    may_go(&path)?;
    app.store.remove_folder(client, path, recursive, app.now()).await
}

/// Whether a folder may be deleted at all.
pub(super) fn may_go(path: &FolderPath) -> Result<()> {
    if path.is_root() {
        return Err(Error::Refused(Refusal::DeleteRoot));
    }
    if *path == FolderPath::temp() {
        return Err(Error::Refused(Refusal::DeleteTemp));
    }
    Ok(())
}
