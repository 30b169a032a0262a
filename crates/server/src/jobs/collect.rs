use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::Result;

use super::Job;
use crate::app::App;
use crate::blobs;
use crate::store::JobClass;

/// Takes the bytes of deleted files off the disk.
pub(super) struct Collect;

impl Job for Collect {
    fn kind(&self) -> &'static str {
        "collect"
    }

    fn class(&self) -> JobClass {
        JobClass::Light
    }

    fn period(&self, app: &App) -> Option<Duration> {
        Some(Duration::from_secs(app.settings.jobs.collect_seconds))
    }

    fn run<'a>(&'a self, app: &'a App, _: &'a str) -> BoxFuture<'a, Result<()>> {
        async {
            let gone = blobs::collect(&app.store, &app.blobs, app.now()).await?;
            if gone > 0 {
                tracing::info!(gone, "collected blobs");
            }
            Ok(())
        }
        .boxed()
    }
}
