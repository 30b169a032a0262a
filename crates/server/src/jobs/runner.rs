//! Claims jobs and runs them. A lease is kept by a heartbeat and never by a lock; a job whose worker died is begun again,
//! and parked when that happens too often.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use reelshelf_domain::{Error, Result};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{JOBS, Job, job};
use crate::app::App;
use crate::store::{Claimed, JobClass, NewJob, Worker};

/// The longest wait before a failed job is begun again.
const BACKOFF_MAX: Duration = Duration::from_mins(10);
/// How often the last use of keys is written down.
const KEY_USE_PERIOD: Duration = Duration::from_secs(30);

/// Runs the jobs of one process until it is told to stop.
pub struct Runner {
    app: App,
    owner: String,
    stop: CancellationToken,
    working: TaskTracker,
}

impl Runner {
    /// A runner with a name of its own.
    pub fn new(app: &App, stop: CancellationToken) -> Result<Self> {
        let owner = app.chance.alphanumeric(16)?;
        Ok(Self { app: app.clone(), owner, stop, working: TaskTracker::new() })
    }

    /// Claims and runs until told to stop. What is under way then is given back before this returns.
    pub async fn run(self) {
        let slots = JobClass::ALL.map(|class| (class, Arc::new(Semaphore::new(slots(&self.app, class)))));
        let poll = Duration::from_millis(self.app.settings.jobs.poll_milliseconds);
        let runner = Arc::new(self);
        let mut looked_for_lost: Option<Instant> = None;
        let mut wrote_key_use = Instant::now();
        while !runner.stop.is_cancelled() {
            if looked_for_lost.is_none_or(|at| at.elapsed() >= runner.app.settings.jobs.lease() / 2) {
                log_failure("looking for jobs whose worker died", recover(&runner.app).await);
                looked_for_lost = Some(Instant::now());
            }
            if wrote_key_use.elapsed() >= KEY_USE_PERIOD {
                let written = crate::library::write_down_key_use(&runner.app).await;
                log_failure("writing down the last use of keys", written);
                wrote_key_use = Instant::now();
            }
            log_failure("claiming jobs", Self::claim_all(&runner, &slots).await);
            tokio::select! {
                () = runner.stop.cancelled() => {}
                () = runner.app.job_bell.notified() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
        runner.working.close();
        runner.working.wait().await;
    }

    async fn claim_all(runner: &Arc<Self>, slots: &[(JobClass, Arc<Semaphore>)]) -> Result<()> {
        for (class, slots) in slots {
            let class = *class;
            while !runner.stop.is_cancelled()
                && let Ok(slot) = slots.clone().try_acquire_owned()
            {
                let now = runner.app.now();
                let worker = worker(&runner.app, &runner.owner, class);
                if !runner.app.store.job_is_due(class, &worker, now).await? {
                    break;
                }
                let Some(claimed) = runner.app.store.claim_job(class, &worker, now).await? else { break };
                let runner = Arc::clone(runner);
                let (tasks, working) = (runner.app.tasks.clone(), runner.working.clone());
                tasks.spawn(working.track_future(async move {
                    work(&runner.app, &runner.owner, claimed, &runner.stop).await;
                    drop(slot);
                    runner.app.job_bell.notify_one();
                }));
            }
        }
        Ok(())
    }
}

/// How many jobs of a class run at once in this process.
fn slots(app: &App, class: JobClass) -> usize {
    match class {
        JobClass::Light => app.settings.jobs.light_slots,
        JobClass::Import => app.settings.jobs.import_slots,
        JobClass::Media => app.settings.processing.slots,
        JobClass::Remake => app.settings.processing.remake_slots,
    }
}

/// This process as it claims jobs of a class.
fn worker(app: &App, owner: &str, class: JobClass) -> Worker {
    let jobs = &app.settings.jobs;
    let of_one = match class {
        JobClass::Light => jobs.light_slots,
        JobClass::Import => jobs.client_import_slots,
        JobClass::Media => app.settings.processing.client_slots,
        JobClass::Remake => app.settings.processing.remake_slots,
    };
    Worker { owner: owner.to_owned(), lease: jobs.lease(), of_one }
}

fn log_failure(doing: &'static str, result: Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, doing, "a step of the job runner failed");
    }
}

/// Sees to it that every periodic job waits in the queue, due at once.
pub async fn schedule(app: &App) -> Result<()> {
    for job in JOBS.into_iter().filter(|job| job.period(app).is_some()) {
        let now = app.now();
        let new = NewJob {
            kind: job.kind(),
            class: job.class(),
            unique_key: job.kind().to_owned(),
            payload: String::new(),
            run_at: now,
            client: None,
        };
        app.store.enqueue(new, now, app.chance.as_ref()).await?;
    }
    Ok(())
}

/// Runs every job that is due, one after the other, until none is. For tests, and for a stop that wants to leave
/// nothing behind.
pub async fn run_until_idle(app: &App) -> Result<()> {
    let owner = app.chance.alphanumeric(16)?;
    let never = CancellationToken::new();
    recover(app).await?;
    for class in JobClass::ALL {
        let worker = worker(app, &owner, class);
        while let Some(claimed) = app.store.claim_job(class, &worker, app.now()).await? {
            work(app, &owner, claimed, &never).await;
        }
    }
    Ok(())
}

/// Gives jobs whose worker died back to the queue, or parks those that killed too many.
async fn recover(app: &App) -> Result<()> {
    let now = app.now();
    for (claimed, owner) in app.store.lost_jobs(now).await? {
        let (lost, attempts) = (claimed.id, claimed.attempts);
        metrics::counter!("reelshelf_jobs_lost_total").increment(1);
        // Periodic jobs are scheduled anew at every start: what a kill left of the old one is no second one, and no
        // verdict on the job.
        if app.store.drop_superseded_job(lost, &owner, now).await? {
            continue;
        }
        let job = job(&claimed.kind);
        let parks = job.is_none_or(Job::parks);
        if parks && attempts >= i64::from(app.settings.jobs.attempts) {
            tracing::error!(job = %lost, attempts, "a job whose workers die is parked");
            if let Some(job) = job {
                job.give_up(app, &claimed.payload).await?;
            }
            app.store.park_job(lost, &owner, "its worker died".to_owned()).await?;
        } else {
            if let Some(job) = job {
                job.put_back(app, &claimed.payload).await?;
            }
            let at = if parks { now } else { now.plus(backoff(attempts - 1)) };
            app.store.repeat_job(lost, &owner, at, attempts, Some("its worker died".to_owned())).await?;
        }
    }
    Ok(())
}

async fn work(app: &App, owner: &str, claimed: Claimed, stop: &CancellationToken) {
    let Some(job) = job(&claimed.kind) else {
        let parked = app.store.park_job(claimed.id, owner, "no such kind of job".to_owned()).await;
        return log_failure("parking a job of an unknown kind", parked);
    };
    let started = Instant::now();
    let outcome = tokio::select! {
        outcome = AssertUnwindSafe(job.run(app, &claimed.payload)).catch_unwind() => {
            outcome.unwrap_or_else(|_| Err(Error::inconsistent("a job panicked")))
        }
        () = lose_lease(app, owner, &claimed) => return,
        () = stop.cancelled() => {
            // Whoever is there begins it anew at once, and this time does not count.
            log_failure("giving back a job", job.put_back(app, &claimed.payload).await);
            let (now, attempts) = (app.now(), claimed.attempts - 1);
            let given_back = app.store.repeat_job(claimed.id, owner, now, attempts, None).await;
            return log_failure("giving back a job", given_back);
        }
    };
    let result = if outcome.is_ok() { "done" } else { "failed" };
    metrics::counter!("reelshelf_jobs_total", "kind" => job.kind(), "result" => result).increment(1);
    metrics::histogram!("reelshelf_job_seconds", "kind" => job.kind()).record(started.elapsed().as_secs_f64());
    log_failure("ending a job", end(app, owner, job, &claimed, outcome).await);
}

/// How long a job waits that was begun so often: not at all before the first time.
fn backoff(attempts: i64) -> Duration {
    match u32::try_from(attempts) {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(attempts) => Duration::from_secs(1 << attempts.min(16)).min(BACKOFF_MAX),
    }
}

/// Extends the lease as long as it is ours; returns when it is not.
async fn lose_lease(app: &App, owner: &str, claimed: &Claimed) {
    let lease = app.settings.jobs.lease();
    loop {
        tokio::time::sleep(lease / 3).await;
        match app.store.extend_lease(claimed.id, owner, app.now().plus(lease)).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(job = %claimed.id, kind = claimed.kind, "a lease was lost; the work is dropped");
                return;
            }
            Err(error) => tracing::warn!(%error, "a lease could not be extended yet"),
        }
    }
}

async fn end(app: &App, owner: &str, job: &dyn Job, claimed: &Claimed, outcome: Result<()>) -> Result<()> {
    let now = app.now();
    let error = outcome.as_ref().err().map(ToString::to_string);
    if let Some(error) = &error {
        tracing::error!(job = %claimed.id, kind = job.kind(), attempts = claimed.attempts, error, "a job failed");
    }
    if let Some(period) = job.period(app) {
        return app.store.repeat_job(claimed.id, owner, now.plus(period), 0, error).await;
    }
    match error {
        None => app.store.finish_job(claimed.id, owner).await,
        Some(error) if job.parks() && claimed.attempts >= i64::from(app.settings.jobs.attempts) => {
            job.give_up(app, &claimed.payload).await?;
            app.store.park_job(claimed.id, owner, error).await
        }
        Some(error) => {
            job.put_back(app, &claimed.payload).await?;
            let wait = backoff(claimed.attempts);
            app.store.repeat_job(claimed.id, owner, now.plus(wait), claimed.attempts, Some(error)).await
        }
    }
}
