//! The journal of a request with an `Idempotency-Key`. Each change that the request makes is written down in the
//! transaction that makes it. When the request is run again, because nobody lived to tell its answer, changes that stand
//! in the journal are not made again: they answer what they answered, and the rest is made.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use futures::future::Either;
use reelshelf_domain::{AssetHash, ClientId, Error, KeyMisuse, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Store;
use super::db::{Tx, execute, fetch_optional};
use super::writer::Verb;

/// With whether it is the last of its branch.
const RECALL: &str = "
    SELECT asked, outcome, NOT EXISTS (
        SELECT 1 FROM idempotency_steps later WHERE later.key_id = $1 AND later.branch = $2 AND later.number > $3
    ) FROM idempotency_steps WHERE key_id = $1 AND branch = $2 AND number = $3";
const RECORD: &str = "
    INSERT INTO idempotency_steps (key_id, branch, number, asked, outcome) VALUES ($1, $2, $3, $4, $5)";
const FORGET: &str = "DELETE FROM idempotency_steps WHERE key_id = $1 AND branch = $2 AND number = $3";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[RECALL, RECORD, FORGET];

tokio::task_local! {
    static SCOPE: Scope;
}

/// Within it, changes are journalled. It goes with the task; who begins another task for the same request carries it
/// over.
#[derive(Clone, Debug)]
pub struct Scope {
    key: AssetHash,
    client: ClientId,
    /// Things that are done beside each other, or may be left out, have branches of their own, so that steps have the same
    /// numbers each time.
    branch: Arc<str>,
    next: Arc<AtomicI64>,
    repairable: Arc<AtomicBool>,
}

/// A change's place in the journal.
#[derive(Clone, Debug)]
pub(super) struct Step {
    key: String,
    client: ClientId,
    branch: Arc<str>,
    number: i64,
}

impl Scope {
    /// The scope of a client's key.
    pub fn new(key: AssetHash, client: ClientId) -> Self {
        Self { key, client, branch: Arc::from(""), next: Arc::default(), repairable: Arc::default() }
    }

    /// Whether something failed in it that may work when it is tried again.
    pub fn is_repairable(&self) -> bool {
        self.repairable.load(Ordering::Relaxed)
    }

    /// Runs something within the scope.
    pub fn run<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        SCOPE.scope(self, work)
    }
}

/// Carries the scope over to another task, if there is one.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let scope = SCOPE.try_with(Clone::clone).ok();
    within(scope, work)
}

fn within<F: Future>(scope: Option<Scope>, work: F) -> impl Future<Output = F::Output> {
    match scope {
        Some(scope) => Either::Left(scope.run(work)),
        None => Either::Right(work),
    }
}

/// Gives work a branch of its own in the journal, if there is one.
pub fn branch<F: Future>(name: impl Display, work: F) -> impl Future<Output = F::Output> {
    let scope = SCOPE.try_with(Clone::clone).ok();
    let scope = scope.map(|scope| {
        let branch = format!("{}/{name}", scope.branch).into();
        Scope { branch, next: Arc::default(), ..scope }
    });
    within(scope, work)
}

/// Whether there is a journal.
pub fn is_kept() -> bool {
    SCOPE.try_with(|_| ()).is_ok()
}

/// Something failed that may work when it is tried again: the answer is none for good.
pub fn note_repairable() {
    let _ = SCOPE.try_with(|scope| scope.repairable.store(true, Ordering::Relaxed));
}

/// The place of the next change, if there is a journal.
pub(super) fn next_step() -> Option<Step> {
    let step = |scope: &Scope| Step {
        key: scope.key.to_string(),
        client: scope.client,
        branch: Arc::clone(&scope.branch),
        number: scope.next.fetch_add(1, Ordering::Relaxed),
    };
    SCOPE.try_with(step).ok()
}

/// Whose journal had a step, and whether it was the last of its branch.
#[derive(Clone, Copy)]
pub(super) struct Recalled {
    pub(super) client: ClientId,
    pub(super) last: bool,
}

/// A change that is journalled.
#[derive(Clone)]
pub(super) struct Journalled<V> {
    pub(super) verb: V,
    pub(super) step: Step,
}

impl Step {
    async fn record<T: Serialize>(&self, tx: &mut Tx, asked: &str, outcome: &T) -> Result<()> {
        let outcome = serde_json::to_string(outcome);
        let outcome = outcome.map_err(|error| Error::internal("writing the journal", error))?;
        execute!(tx, RECORD, self.key.as_str(), &*self.branch, self.number, asked, outcome).map(|_| ())
    }

    /// What the step came to, and whether no later one is known.
    async fn recall<T: DeserializeOwned>(&self, tx: &mut Tx, asked: &str) -> Result<Option<(T, bool)>> {
        let (key, branch) = (self.key.as_str(), &*self.branch);
        let row = fetch_optional!(tx, (String, String, bool), RECALL, key, branch, self.number)?;
        let Some((had_asked, outcome, last)) = row else { return Ok(None) };
        if had_asked != asked {
            return Err(Error::Key(KeyMisuse::OtherRequest));
        }
        let outcome = serde_json::from_str(&outcome);
        Ok(Some((outcome.map_err(|error| Error::internal("reading the journal", error))?, last)))
    }
}

/// What was asked, in the journal's form.
fn digest(asked: &str) -> String {
    hex::encode(Sha256::digest(asked))
}

impl<V: Verb> Verb for Journalled<V>
where
    V::Out: Serialize + DeserializeOwned + Sync,
{
    type Out = V::Out;

    fn is_large(&self) -> bool {
        self.verb.is_large()
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<V::Out> {
        let asked = digest(&self.verb.asked());
        if let Some((mut outcome, last)) = self.step.recall::<V::Out>(tx, &asked).await? {
            let recalled = Recalled { client: self.step.client, last };
            if self.verb.recalled(tx, &mut outcome, recalled).await? {
                return Ok(outcome);
            }
            execute!(tx, FORGET, self.step.key.as_str(), &*self.step.branch, self.step.number)?;
        }
        let outcome = self.verb.run(tx).await?;
        self.step.record(tx, &asked, &outcome).await?;
        Ok(outcome)
    }
}

/// Something that was read, to be read as the same when the request is run again.
#[derive(Clone)]
struct Read<T>(T);

impl<T: Clone + Send + Sync + 'static> Verb for Read<T> {
    type Out = T;

    async fn run<'a>(&'a self, _: &'a mut Tx) -> Result<T> {
        Ok(self.0.clone())
    }
}

impl Store {
    /// Reads something that a request has just written. When the request is run again it reads what it read, whatever
    /// became of it since.
    pub async fn read_once<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let Some(step) = next_step() else { return read.await };
        let known = step.recall(&mut self.db.read().await?, &digest("")).await?;
        if let Some((known, _)) = known {
            return Ok(known);
        }
        let value = read.await?;
        Box::pin(self.db.write_aside(Journalled { verb: Read(value), step })).await
    }
}
