//! API keys: made once, shown once, known by their hash.

use std::sync::PoisonError;
use std::time::Duration;

use moka::sync::Cache;
use reelshelf_domain::{ClientId, Error, KeyId, Result, Role, UnixMillis};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Caller;
use crate::app::App;
use crate::store::{KeyHolder, NewKey};

/// How many letters and digits a key has: 238 bits.
const LENGTH: usize = 40;
/// How much of the hash finds the row.
const LOOKUP: usize = 16;
/// The last use of a key is written down to the minute.
const USE_STEP: Duration = Duration::from_mins(1);

/// Who the keys of recent requests belong to, each with the stamp of the database under which that was read.
pub struct KeyCache(Cache<String, (u64, KeyHolder)>);

impl KeyCache {
    /// Remembers so many keys.
    pub fn new(most: u64) -> Self {
        Self(Cache::new(most))
    }
}

/// A key as people see it in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeySummary {
    /// Its identifier.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: String,
    /// When it ends.
    pub expires_at: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// Makes a key. This is the only time that it is seen.
pub async fn create_key(
    app: &App,
    client: ClientId,
    role: Role,
    name: String,
    life: Option<Duration>,
) -> Result<(KeyId, SecretString)> {
    let now = app.now();
    let id = KeyId::generate(now, app.chance.as_ref())?;
    let key = app.chance.alphanumeric(LENGTH)?;
    let hash = hash(&key);
    let lookup = hash[..LOOKUP].to_owned();
    let expires_at = life.map(|life| now.plus(life));
    app.store.create_key(NewKey { id, client, name, role, lookup, hash, now, expires_at }).await?;
    Ok((id, SecretString::from(key)))
}

/// Who a key belongs to. Unknown, revoked and expired look the same.
pub async fn authenticate(app: &App, key: &SecretString) -> Result<Caller> {
    let hash = hash(key.expose_secret());
    let stamp = app.store.stamp();
    let cached = app.keys.0.get(&hash).filter(|(read_under, _)| stamp == Some(*read_under));
    let holder = match cached {
        Some((_, holder)) => holder,
        None => look_up(app, hash, stamp).await?,
    };
    let now = app.now();
    if holder.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::KeyInvalid);
    }
    note_use(app, holder.id, now);
    Ok(Caller { client: holder.client, role: holder.role, plan: holder.plan })
}

async fn look_up(app: &App, hash: String, stamp: Option<u64>) -> Result<KeyHolder> {
    let holders = app.store.key_holders(&hash[..LOOKUP]).await?;
    let same = |holder: &KeyHolder| bool::from(holder.hash.as_bytes().ct_eq(hash.as_bytes()));
    let holder = holders.into_iter().find(same).ok_or(Error::KeyInvalid)?;
    if let Some(stamp) = stamp {
        app.keys.0.insert(hash, (stamp, holder.clone()));
    }
    Ok(holder)
}

fn note_use(app: &App, key: KeyId, now: UnixMillis) {
    let mut used = app.used_keys.lock().unwrap_or_else(PoisonError::into_inner);
    used.insert(key, now);
}

/// Writes down when keys were last used. Requests do not wait for it.
pub async fn write_down_key_use(app: &App) -> Result<()> {
    let used = std::mem::take(&mut *app.used_keys.lock().unwrap_or_else(PoisonError::into_inner));
    if used.is_empty() {
        return Ok(());
    }
    let step = i64::try_from(USE_STEP.as_millis()).unwrap_or(i64::MAX);
    let to_the_minute = |at: UnixMillis| UnixMillis::new(at.get() - at.get().rem_euclid(step));
    app.store.note_key_use(used.into_iter().map(|(key, at)| (key, to_the_minute(at))).collect()).await
}

/// Every key of a client.
pub async fn list_keys(app: &App, client: ClientId) -> Result<Vec<KeySummary>> {
    app.store.client(client).await?;
    // Whoever looks wants to know which keys are in use now.
    write_down_key_use(app).await?;
    let keys = app.store.keys(client).await?;
    let summary = |key: crate::store::KeyRow| KeySummary {
        id: key.id,
        name: key.name,
        role: key.role,
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
        last_used_at: key.last_used_at.map(|at| at.to_string()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
    };
    Ok(keys.into_iter().map(summary).collect())
}

/// Ends a key for good: it fails at the next request.
pub async fn revoke_key(app: &App, client: ClientId, key: KeyId) -> Result<()> {
    app.store.revoke_key(client, key, app.now()).await
}

/// A key has 238 random bits, so a plain hash keeps it.
fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}
