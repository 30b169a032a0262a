//! What a delivery URL stands for, at this moment.

use reelshelf_domain::{AssetHash, ClientId, FileName, MediaPath, Result};

use crate::app::App;
use crate::store::Delivered;

/// What a delivery URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The file at a path, whatever its bytes are.
    Stable(ClientId, MediaPath),
    /// These bytes, as long as a file of this name has them.
    Immutable(ClientId, AssetHash, FileName),
}

/// The file to deliver; `None` for pending, deleted, expired and unknown ones alike.
pub async fn deliver(app: &App, target: &Target) -> Result<Option<Delivered>> {
    let found = match target {
        Target::Stable(client, path) => app.store.delivered(*client, path).await?,
        Target::Immutable(client, hash, name) => app.store.delivered_immutable(*client, *hash, name).await?,
    };
    let now = app.now();
    Ok(found.filter(|file| file.expires_at.is_none_or(|at| at > now)))
}
