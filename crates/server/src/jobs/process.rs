use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::Result;

use super::Job;
use crate::app::App;
use crate::library;
use crate::store::{JobClass, PROCESS_JOB};

/// Understands the bytes of a file, and makes what is made of them.
pub(super) struct Process;

impl Job for Process {
    fn kind(&self) -> &'static str {
        PROCESS_JOB
    }

    fn class(&self) -> JobClass {
        JobClass::Media
    }

    fn period(&self, _: &App) -> Option<Duration> {
        None
    }

    fn run<'a>(&'a self, app: &'a App, payload: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { library::process(app, payload.parse()?).await }.boxed()
    }

    /// What decodes is a child. When this process dies, the file is not to blame; when a child does, the job counts it.
    fn parks(&self) -> bool {
        false
    }

    fn put_back<'a>(&'a self, app: &'a App, payload: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { library::put_back(app, payload.parse()?).await }.boxed()
    }
}
