//! Deleting files: the row at once, the bytes by the collector.

use reelshelf_domain::{ClientId, MediaPath, Result};

use crate::app::App;

/// Deletes a file, pending or uploaded.
pub async fn remove(app: &App, client: ClientId, path: MediaPath) -> Result<()> {
    app.store.remove(client, path, app.now()).await.map(|_| ())
}
