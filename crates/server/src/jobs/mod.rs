//! Work beside the requests: a queue in the database, leases, and slots by class.

mod collect;
mod expire;
mod import;
mod process;
mod runner;
mod sweep;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf_domain::Result;

use crate::app::App;
use crate::store::JobClass;

pub use runner::{Runner, run_until_idle, schedule};

/// A kind of job: one file each. Runs are repeated after a crash, so that running twice must do no more than once.
pub trait Job: Send + Sync {
    /// Its name in the queue and in the metrics.
    fn kind(&self) -> &'static str;

    /// Whose slots it takes.
    fn class(&self) -> JobClass;

    /// How often it comes round by itself, if it does.
    fn period(&self, app: &App) -> Option<Duration>;

    /// Does the work.
    fn run<'a>(&'a self, app: &'a App, payload: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Whether it is parked when it has been begun so often. Otherwise it is begun again for ever, at growing distances:
    /// a job of which a kill of the whole process says nothing, and which itself knows when to give up.
    fn parks(&self) -> bool {
        true
    }

    /// Tells whoever waits for it that it waits again. Called before it does.
    fn put_back<'a>(&'a self, _app: &'a App, _payload: &'a str) -> BoxFuture<'a, Result<()>> {
        futures::future::ready(Ok(())).boxed()
    }

    /// Tells whoever waits for it that it will not be done. Called before the job is parked.
    fn give_up<'a>(&'a self, _app: &'a App, _payload: &'a str) -> BoxFuture<'a, Result<()>> {
        futures::future::ready(Ok(())).boxed()
    }
}

/// Every kind of job.
static JOBS: [&dyn Job; 5] = [&collect::Collect, &expire::Expire, &import::Import, &process::Process, &sweep::Sweep];

/// The names of all kinds.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    JOBS.iter().map(|job| job.kind())
}

fn job(kind: &str) -> Option<&'static dyn Job> {
    JOBS.into_iter().find(|job| job.kind() == kind)
}
