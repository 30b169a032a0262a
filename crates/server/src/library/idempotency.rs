//! Requests with an `Idempotency-Key`: one effect and one answer, however often they are sent.

use std::time::Duration;

use reelshelf_domain::{AssetHash, ClientId, Error, KeyMisuse, Result};
use sha2::{Digest, Sha256};

use super::journal::Scope;
use crate::app::App;
use crate::store::{BodySeen, Claim, KeptAnswer, KeyedRequest};

/// The longest key.
const KEY_MAX: usize = 255;

/// What becomes of a request with a key.
pub enum Keyed {
    /// It runs.
    Run(Turn),
    /// It was answered before: with this, if its body is this one.
    Answered(KeptAnswer, BodySeen),
}

/// The right to run a request with a key.
pub struct Turn {
    id: AssetHash,
    client: ClientId,
    number: i64,
}

/// Takes a key for a request: `request` is all of it but the body, which may be known or not.
pub async fn claim_key(app: &App, client: ClientId, key: &str, request: &str, body: Option<BodySeen>) -> Result<Keyed> {
    if key.is_empty() || key.len() > KEY_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters without spaces"));
    }
    let (id, request) = (hash(&format!("{client} {key}")), hash(request));
    let (now, limits) = (app.now(), &app.settings.limits);
    let expires_at = now.plus(Duration::from_secs(limits.idempotency_seconds));
    let (owner, lease) = (node(app), lease(app));
    let claim = app.store.claim_key(KeyedRequest { id, client, request, body, owner, lease, now, expires_at }).await?;
    match claim {
        Claim::Run(number) => Ok(Keyed::Run(Turn { id, client, number })),
        Claim::Answered(answer, body) => Ok(Keyed::Answered(answer, body)),
        Claim::Running => Err(Error::Key(KeyMisuse::Running)),
        Claim::Other => Err(Error::Key(KeyMisuse::OtherRequest)),
    }
}

/// Lets go of the keys that an earlier process of this node held: it cannot be running any more.
pub async fn free_keys(app: &App) -> Result<()> {
    app.store.free_keys(node(app)).await.map(|_| ())
}

impl Turn {
    /// Within it, what the request changes is journalled.
    pub fn scope(&self) -> Scope {
        Scope::new(self.id, self.client)
    }

    /// Does the work of the request, and says again and again that it is alive.
    pub async fn keep_alive<F: Future>(&self, app: &App, work: F) -> F::Output {
        let lease = lease(app);
        let beat = async {
            loop {
                tokio::time::sleep(lease / 3).await;
                if let Err(error) = app.store.renew_key(self.id, self.number, app.now().plus(lease)).await {
                    tracing::warn!(%error, "a request with a key could not say that it is alive");
                }
            }
        };
        tokio::select! {
            output = work => output,
            () = beat => unreachable!("it beats for ever"),
        }
    }

    /// Keeps the answer. What cannot be kept is made anew from the journal when it is asked for again.
    pub async fn finish(&self, app: &App, answer: KeptAnswer, body: BodySeen) {
        if let Err(error) = app.store.finish_key(self.id, self.number, answer, body).await {
            tracing::error!(%error, "the answer of a request with a key could not be kept");
        }
    }

    /// The next request with the key runs: this one has no answer for good.
    pub async fn let_go(&self, app: &App) {
        if let Err(error) = app.store.let_go_of_key(self.id, self.number).await {
            tracing::error!(%error, "a key could not be let go of; the next request with it has to wait");
        }
    }
}

fn lease(app: &App) -> Duration {
    Duration::from_secs(app.settings.limits.idempotency_lease_seconds)
}

/// Who this node is, also when it is started again. There is one server for a data folder.
fn node(app: &App) -> String {
    let machine = rustix::system::uname();
    let server = &app.settings.server;
    let name = format!("{} {} {}", machine.nodename().to_string_lossy(), server.data_dir.display(), server.listen);
    hash(&name).to_string()
}

fn hash(text: &str) -> AssetHash {
    AssetHash::from_bytes(Sha256::digest(text).into())
}
