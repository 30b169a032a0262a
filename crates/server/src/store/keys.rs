//! API keys: their hashes, never themselves.

use reelshelf_domain::{ClientId, Error, KeyId, Result, Role, Thing, UnixMillis};

use super::db::{Tx, execute, fetch_all};
use super::freshness::announce;
use super::row::row;
use super::writer::Verb;
use super::{Store, column};

const INSERT: &str = "
    INSERT INTO keys (id, client_id, name, role, lookup, hash, created_at, expires_at)
    SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM clients WHERE id = $2";
const BY_LOOKUP: &str = "
    SELECT keys.id, keys.client_id, keys.role, keys.hash, keys.expires_at, clients.plan
    FROM keys JOIN clients ON clients.id = keys.client_id
    WHERE keys.lookup = $1 AND keys.revoked_at IS NULL";
const OF_CLIENT: &str = "
    SELECT id, name, role, created_at, expires_at, last_used_at, revoked_at
    FROM keys WHERE client_id = $1 ORDER BY created_at, id";
const REVOKE: &str = "UPDATE keys SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND client_id = $2";
const USED: &str = "UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT, BY_LOOKUP, OF_CLIENT, REVOKE, USED];

/// A key to be made.
#[derive(Clone)]
pub struct NewKey {
    /// Its identifier.
    pub id: KeyId,
    /// Whose it is.
    pub client: ClientId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The start of the hash.
    pub lookup: String,
    /// The hash.
    pub hash: String,
    /// Now.
    pub now: UnixMillis,
    /// When it ends.
    pub expires_at: Option<UnixMillis>,
}

impl Verb for NewKey {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let made = execute!(
            tx,
            INSERT,
            self.id.to_string(),
            self.client.as_str(),
            self.name.as_str(),
            self.role.as_str(),
            self.lookup.as_str(),
            self.hash.as_str(),
            self.now.get(),
            self.expires_at.map(UnixMillis::get)
        )?;
        if made == 0 {
            return Err(Error::NotFound(Thing::Client));
        }
        announce(tx).await
    }
}

/// What a key opens.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// The key.
    pub id: KeyId,
    /// Its client.
    pub client: ClientId,
    /// Its role.
    pub role: Role,
    /// Its whole hash, to be compared in constant time.
    pub hash: String,
    /// When it ends.
    pub expires_at: Option<UnixMillis>,
    /// The client's plan.
    pub plan: String,
}

/// A key as it is listed.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its identifier.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: Option<UnixMillis>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<UnixMillis>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
}

row! {
    struct HolderRow {
        id: String,
        client_id: String,
        role: String,
        hash: String,
        expires_at: Option<i64>,
        plan: String,
    }
}

row! {
    struct ListedRow {
        id: String,
        name: String,
        role: String,
        created_at: i64,
        expires_at: Option<i64>,
        last_used_at: Option<i64>,
        revoked_at: Option<i64>,
    }
}

#[derive(Clone)]
struct Revoke {
    client: ClientId,
    key: KeyId,
    now: UnixMillis,
}

impl Verb for Revoke {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        if execute!(tx, REVOKE, self.key.to_string(), self.client.as_str(), self.now.get())? == 0 {
            return Err(Error::NotFound(Thing::Key));
        }
        announce(tx).await
    }
}

#[derive(Clone)]
struct Used(Vec<(KeyId, UnixMillis)>);

impl Verb for Used {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for (key, at) in &self.0 {
            execute!(tx, USED, key.to_string(), at.get())?;
        }
        Ok(())
    }
}

impl Store {
    /// Makes a key.
    pub async fn create_key(&self, key: NewKey) -> Result<()> {
        self.announced(key).await
    }

    /// The unrevoked keys whose hash starts so: one, or by an odd chance two.
    pub async fn key_holders(&self, lookup: &str) -> Result<Vec<KeyHolder>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, HolderRow, BY_LOOKUP, lookup)?;
        let holder = |row: HolderRow| {
            Ok(KeyHolder {
                id: column("keys", "id", &row.id)?,
                client: column("keys", "client_id", &row.client_id)?,
                role: column("keys", "role", &row.role)?,
                hash: row.hash,
                expires_at: row.expires_at.map(UnixMillis::new),
                plan: row.plan,
            })
        };
        rows.into_iter().map(holder).collect()
    }

    /// Every key of a client, oldest first.
    pub async fn keys(&self, client: ClientId) -> Result<Vec<KeyRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, ListedRow, OF_CLIENT, client.as_str())?;
        let listed = |row: ListedRow| {
            Ok(KeyRow {
                id: column("keys", "id", &row.id)?,
                name: row.name,
                role: column("keys", "role", &row.role)?,
                created_at: UnixMillis::new(row.created_at),
                expires_at: row.expires_at.map(UnixMillis::new),
                last_used_at: row.last_used_at.map(UnixMillis::new),
                revoked_at: row.revoked_at.map(UnixMillis::new),
            })
        };
        rows.into_iter().map(listed).collect()
    }

    /// Ends a key for good.
    pub async fn revoke_key(&self, client: ClientId, key: KeyId, now: UnixMillis) -> Result<()> {
        self.announced(Revoke { client, key, now }).await
    }

    /// Notes when keys were last used.
    pub async fn note_key_use(&self, used: Vec<(KeyId, UnixMillis)>) -> Result<()> {
        self.db.write(Used(used)).await
    }
}
