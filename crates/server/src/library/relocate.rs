//! Moving and renaming files. Their bytes stay where they are.

use reelshelf_domain::{ClientId, DisplayName, FileName, FolderPath, MediaPath, Result};

use crate::app::App;
use crate::store::{Asset, Relocation};

/// Where a file goes: to another folder, to another name, or both.
#[derive(Clone, Debug)]
pub struct Change {
    /// The file.
    pub path: MediaPath,
    /// The folder it goes to.
    pub destination: Option<FolderPath>,
    /// Its new name, as it stands in the path and as the person gave it.
    pub new_name: Option<(FileName, DisplayName)>,
    /// Whether a file of that name there is replaced.
    pub overwrite: bool,
}

/// Moves a file, renames it, or both. Answers its new path.
pub async fn relocate(app: &App, client: ClientId, change: Change) -> Result<MediaPath> {
    let (relocation, to) = relocation(app, client, change);
    app.store.relocate(relocation, app.chance.as_ref()).await?;
    Ok(to)
}

/// A file that was just moved.
pub async fn relocated(app: &App, client: ClientId, path: &MediaPath) -> Result<Asset> {
    app.store.read_once(app.store.asset(client, path)).await
}

/// What moves a file, and where to.
pub(super) fn relocation(app: &App, client: ClientId, change: Change) -> (Relocation, MediaPath) {
    let Change { path, destination, new_name, overwrite } = change;
    let folder = destination.unwrap_or_else(|| path.folder.clone());
    let (name, display_name) = match new_name {
        Some((name, display)) => (name, Some(display)),
        None => (path.name.clone(), None),
    };
    let to = MediaPath::new(folder, name);
    let now = app.now();
    let relocation = Relocation {
        client,
        from: path,
        to: to.clone(),
        display_name,
        overwrite,
        temp_expires_at: now.plus(app.settings.uploads.temp_life()),
        temp_limit: app.settings.uploads.temp_limit.to_column(),
        folder_limit: app.settings.limits.folders.into(),
        now,
    };
    (relocation, to)
}
