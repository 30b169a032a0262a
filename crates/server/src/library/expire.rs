//! What goes by itself: registrations that nobody used, files in `temp` and the folders they were in, rehearsals, and
//! the answers of requests with a key.

use std::time::Duration;

use reelshelf_domain::{Result, UnixMillis};

use super::sessions::FAILURES_KEPT;
use crate::app::App;

/// How many are looked up at a time.
const BATCH: i64 = 500;

/// Ends registrations and deletes files whose time is over. Answers how many.
pub async fn expire(app: &App) -> Result<usize> {
    let now = app.now();
    let mut ended = 0;
    loop {
        let uploads = app.store.expired_uploads(now, BATCH).await?;
        let mut progress = 0;
        for upload in uploads {
            progress += ended_one(app.store.end_expired_upload(upload, now).await);
        }
        let assets = app.store.expired_assets(now, BATCH).await?;
        for asset in assets {
            progress += ended_one(app.store.remove_expired(asset, now).await.map(|gone| gone.is_some()));
        }
        let before = now.minus(Duration::from_secs(app.settings.uploads.temp_folder_seconds));
        for (client, folder) in app.store.expired_folders(before, BATCH).await? {
            progress += ended_one(app.store.remove_empty_folder(client, folder).await);
        }
        let keys = app.store.expire_keys(now, BATCH).await?;
        progress += usize::try_from(keys).unwrap_or_default();
        let rehearsals = app.store.expire_rehearsals(now, BATCH).await?;
        progress += usize::try_from(rehearsals).unwrap_or_default();
        progress += usize::try_from(forget_sign_ins(app, now).await?).unwrap_or_default();
        if progress == 0 {
            return Ok(ended);
        }
        ended += progress;
    }
}

/// Sessions and links that ran out, and failures that were not repeated.
async fn forget_sign_ins(app: &App, now: UnixMillis) -> Result<u64> {
    let sessions = app.store.expire_sessions(now, BATCH).await?;
    let invitations = app.store.expire_invitations(now, BATCH).await?;
    let failures = app.store.expire_failed_sign_ins(now.minus(FAILURES_KEPT), BATCH).await?;
    Ok(sessions + invitations + failures)
}

/// One that cannot be ended must not keep those behind it.
fn ended_one(ended: Result<bool>) -> usize {
    match ended {
        Ok(ended) => usize::from(ended),
        Err(error) => {
            tracing::error!(%error, "something that has expired could not be ended yet");
            0
        }
    }
}
