use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::{Result, UnixMillis};

use super::Job;
use crate::app::App;
use crate::blobs;
use crate::store::JobClass;

/// Deletes objects that no row speaks of: what crashes left.
pub(super) struct Sweep;

impl Job for Sweep {
    fn kind(&self) -> &'static str {
        "sweep"
    }

    fn class(&self) -> JobClass {
        JobClass::Light
    }

    fn period(&self, app: &App) -> Option<Duration> {
        Some(Duration::from_secs(app.settings.jobs.sweep_seconds))
    }

    fn run<'a>(&'a self, app: &'a App, _: &'a str) -> BoxFuture<'a, Result<()>> {
        async {
            let gone = blobs::sweep_orphans(&app.store, &app.blobs, cutoff(app), app.now()).await?;
            if gone > 0 {
                tracing::info!(gone, "swept objects that a crash had left");
            }
            Ok(())
        }
        .boxed()
    }
}

/// A folder of our own has no other writer: whatever is older than this process is nobody's upload. A bucket may have.
fn cutoff(app: &App) -> UnixMillis {
    let old = app.now().minus(Duration::from_secs(app.settings.jobs.orphan_seconds));
    if app.blobs.is_local() { old.max(app.started_at) } else { old }
}
