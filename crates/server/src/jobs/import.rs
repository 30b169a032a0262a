use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::Result;

use super::Job;
use crate::app::App;
use crate::library;
use crate::store::{IMPORT_JOB, JobClass};

/// Fetches a file from another server.
pub(super) struct Import;

impl Job for Import {
    fn kind(&self) -> &'static str {
        IMPORT_JOB
    }

    fn class(&self) -> JobClass {
        JobClass::Import
    }

    fn period(&self, _: &App) -> Option<Duration> {
        None
    }

    fn run<'a>(&'a self, app: &'a App, payload: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { library::run_import(app, payload.parse()?).await }.boxed()
    }

    fn give_up<'a>(&'a self, app: &'a App, payload: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { library::give_up_import(app, payload.parse()?).await }.boxed()
    }
}
