use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::Result;

use super::Job;
use crate::app::App;
use crate::library;
use crate::store::JobClass;

/// Ends registrations and deletes temporary files whose time is over.
pub(super) struct Expire;

impl Job for Expire {
    fn kind(&self) -> &'static str {
        "expire"
    }

    fn class(&self) -> JobClass {
        JobClass::Light
    }

    fn period(&self, app: &App) -> Option<Duration> {
        Some(Duration::from_secs(app.settings.jobs.expire_seconds))
    }

    fn run<'a>(&'a self, app: &'a App, _: &'a str) -> BoxFuture<'a, Result<()>> {
        async {
            let ended = library::expire(app).await?;
            if ended > 0 {
                tracing::info!(ended, "ended what had expired");
            }
            Ok(())
        }
        .boxed()
    }
}
