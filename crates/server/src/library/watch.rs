//! Telling browsers that a client's library has changed: one look at the database for all who watch the same client.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reelshelf_domain::{ClientId, Result};
use tokio::sync::watch::{Receiver, Sender, channel};

use crate::app::App;

/// The clients that somebody watches.
#[derive(Default)]
pub struct Watches(Mutex<HashMap<ClientId, Sender<i64>>>);

/// The revision of a client's library, now and as often as it changes.
pub async fn watch(app: &App, client: ClientId) -> Result<Receiver<i64>> {
    let now = app.store.revision(client).await?;
    let mut watches = app.watches.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = watches.get(&client) {
        return Ok(sender.subscribe());
    }
    let (sender, receiver) = channel(now);
    watches.insert(client, sender);
    drop(watches);
    let app = app.clone();
    app.tasks.clone().spawn(async move { look(&app, client).await });
    Ok(receiver)
}

/// Looks again and again, until nobody watches any more.
async fn look(app: &App, client: ClientId) {
    let period = Duration::from_millis(app.settings.panel.watch_milliseconds);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return forget(app, client),
            () = tokio::time::sleep(period) => {}
        }
        let revision = app.store.revision(client).await;
        let mut watches = app.watches.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = watches.get(&client) else { return };
        // Who comes while the lock is held finds the watch, or begins another.
        if sender.is_closed() {
            watches.remove(&client);
            return;
        }
        match revision {
            Ok(revision) => {
                sender.send_if_modified(|known| std::mem::replace(known, revision) != revision);
            }
            Err(error) => tracing::warn!(%error, "it cannot be seen yet whether a library has changed"),
        }
    }
}

fn forget(app: &App, client: ClientId) {
    app.watches.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
}
