//! Clients: who they are, their plan, their hold and what they use.

use reelshelf_domain::{ByteSize, ClientId, Error, FolderId, Result, Taken, Thing, UnixMillis};

use super::counters::{Bytes, apply};
use super::db::{Tx, execute, fetch_all, fetch_one, fetch_optional};
use super::freshness::announce;
use super::row::row;
use super::writer::Verb;
use super::{Store, column, size_column};

const INSERT: &str = "
    INSERT INTO clients (id, name, plan, storage_limit, created_at, folders) VALUES ($1, $2, $3, $4, $5, 2)
    ON CONFLICT (id) DO NOTHING";
const INSERT_FOLDER: &str = "
    INSERT INTO folders (id, client_id, parent_id, name, temporary, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const GET: &str = "
    SELECT id, name, plan, storage_limit, created_at, hold_at, hold_reason, full_at, used_bytes, reserved_bytes,
        temp_bytes, temp_reserved_bytes, derived_bytes
    FROM clients WHERE id = $1";
const ALL: &str = "
    SELECT id, name, plan, storage_limit, created_at, hold_at, hold_reason, full_at, used_bytes, reserved_bytes,
        temp_bytes, temp_reserved_bytes, derived_bytes
    FROM clients ORDER BY created_at, id";
const REVISION: &str = "SELECT revision FROM clients WHERE id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM clients";
const TOTALS: &str = "
    SELECT COUNT(*), CAST(COALESCE(SUM(used_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(reserved_bytes), 0) AS BIGINT),
        CAST(COALESCE(SUM(temp_bytes), 0) AS BIGINT), CAST(COALESCE(SUM(temp_reserved_bytes), 0) AS BIGINT),
        CAST(COALESCE(SUM(derived_bytes), 0) AS BIGINT)
    FROM clients";
const SET_PLAN: &str = "
    UPDATE clients SET revision = revision + 1, plan = $2, storage_limit = $3 WHERE id = $1";
const SYNC_PLAN: &str = "UPDATE clients SET storage_limit = $2 WHERE plan = $1 AND storage_limit IS DISTINCT FROM $2";
const SET_HOLD: &str = "
    UPDATE clients SET revision = revision + 1, hold_at = COALESCE(hold_at, $2), hold_reason = $3 WHERE id = $1";
const RELEASE_HOLD: &str = "
    UPDATE clients SET revision = revision + 1, hold_at = NULL, hold_reason = NULL WHERE id = $1";
const REFRESH_FULL: &str = "
    UPDATE clients SET full_at = CASE
        WHEN storage_limit IS NOT NULL AND used_bytes + reserved_bytes >= storage_limit THEN COALESCE(full_at, $1)
        ELSE NULL END
    WHERE (full_at IS NULL) = (storage_limit IS NOT NULL AND used_bytes + reserved_bytes >= storage_limit)";
const PLANS: &str = "SELECT DISTINCT plan FROM clients ORDER BY plan";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    INSERT_FOLDER,
    GET,
    ALL,
    REVISION,
    COUNT,
    TOTALS,
    SET_PLAN,
    SYNC_PLAN,
    SET_HOLD,
    RELEASE_HOLD,
    REFRESH_FULL,
    PLANS,
];

/// A tenant and what it uses.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its identifier, in every URL of its files.
    pub id: ClientId,
    /// What the operator calls it.
    pub name: String,
    /// The plan of the configuration that it has.
    pub plan: String,
    /// The most it may store; `None` is no limit.
    pub storage_limit: Option<ByteSize>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Since when it is on hold.
    pub hold_at: Option<UnixMillis>,
    /// Why it is on hold.
    pub hold_reason: Option<String>,
    /// Since when nothing more fits.
    pub full_at: Option<UnixMillis>,
    /// What its files take, the temporary ones apart.
    pub used: ByteSize,
    /// What its uploads under way will take at most.
    pub reserved: ByteSize,
    /// What its temporary files take.
    pub temp_used: ByteSize,
    /// What its temporary uploads under way will take at most.
    pub temp_reserved: ByteSize,
    /// What was made of its files takes.
    pub derived: ByteSize,
}

row! {
    struct ClientRow {
        id: String,
        name: String,
        plan: String,
        storage_limit: Option<i64>,
        created_at: i64,
        hold_at: Option<i64>,
        hold_reason: Option<String>,
        full_at: Option<i64>,
        used_bytes: i64,
        reserved_bytes: i64,
        temp_bytes: i64,
        temp_reserved_bytes: i64,
        derived_bytes: i64,
    }
}

impl TryFrom<ClientRow> for Client {
    type Error = Error;

    fn try_from(row: ClientRow) -> Result<Self> {
        let limit = row.storage_limit.map(|limit| size_column("clients", "storage_limit", limit)).transpose()?;
        Ok(Self {
            id: column("clients", "id", &row.id)?,
            name: row.name,
            plan: row.plan,
            storage_limit: limit,
            created_at: UnixMillis::new(row.created_at),
            hold_at: row.hold_at.map(UnixMillis::new),
            hold_reason: row.hold_reason,
            full_at: row.full_at.map(UnixMillis::new),
            used: size_column("clients", "used_bytes", row.used_bytes)?,
            reserved: size_column("clients", "reserved_bytes", row.reserved_bytes)?,
            temp_used: size_column("clients", "temp_bytes", row.temp_bytes)?,
            temp_reserved: size_column("clients", "temp_reserved_bytes", row.temp_reserved_bytes)?,
            derived: size_column("clients", "derived_bytes", row.derived_bytes)?,
        })
    }
}

/// What all clients use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub clients: u64,
    /// What their files take, the temporary ones apart.
    pub used: ByteSize,
    /// What their uploads under way will take at most.
    pub reserved: ByteSize,
    /// What their temporary files take.
    pub temp_used: ByteSize,
    /// What their temporary uploads under way will take at most.
    pub temp_reserved: ByteSize,
    /// What was made of their files takes.
    pub derived: ByteSize,
}

/// A client to be made, with its root and its `temp`.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Its identifier.
    pub id: ClientId,
    /// What the operator calls it.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// The plan's storage.
    pub storage_limit: Option<ByteSize>,
    /// The root folder's identifier.
    pub root: FolderId,
    /// The `temp` folder's identifier.
    pub temp: FolderId,
    /// Now.
    pub now: UnixMillis,
}

impl Verb for NewClient {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let (id, now) = (self.id.as_str(), self.now.get());
        let limit = self.storage_limit.map(ByteSize::to_column);
        if execute!(tx, INSERT, id, self.name.as_str(), self.plan.as_str(), limit, now)? == 0 {
            return Err(Error::Taken(Taken::Client));
        }
        let (root, temp) = (self.root.to_string(), self.temp.to_string());
        execute!(tx, INSERT_FOLDER, root.as_str(), id, None::<&str>, "", false, now)?;
        execute!(tx, INSERT_FOLDER, temp, id, Some(root.as_str()), "temp", true, now)?;
        announce(tx).await
    }
}

#[derive(Clone)]
struct SetPlan {
    client: ClientId,
    plan: String,
    storage_limit: Option<ByteSize>,
    now: UnixMillis,
}

impl Verb for SetPlan {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let limit = self.storage_limit.map(ByteSize::to_column);
        if execute!(tx, SET_PLAN, self.client.as_str(), self.plan.as_str(), limit)? == 0 {
            return Err(Error::NotFound(Thing::Client));
        }
        // Changing nothing settles whether the client is full under its new plan.
        apply(tx, self.client, Bytes::default(), 0, self.now).await?;
        announce(tx).await
    }
}

#[derive(Clone)]
struct SyncPlans {
    plans: Vec<(String, Option<ByteSize>)>,
    now: UnixMillis,
}

impl Verb for SyncPlans {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for (plan, limit) in &self.plans {
            execute!(tx, SYNC_PLAN, plan.as_str(), limit.map(ByteSize::to_column))?;
        }
        execute!(tx, REFRESH_FULL, self.now.get()).map(|_| ())
    }
}

#[derive(Clone)]
struct SetHold {
    client: ClientId,
    /// The reason to hold it for; `None` releases it.
    reason: Option<String>,
    now: UnixMillis,
}

impl Verb for SetHold {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let client = self.client.as_str();
        let changed = match &self.reason {
            Some(reason) => execute!(tx, SET_HOLD, client, self.now.get(), reason.as_str())?,
            None => execute!(tx, RELEASE_HOLD, client)?,
        };
        if changed == 0 {
            return Err(Error::NotFound(Thing::Client));
        }
        announce(tx).await
    }
}

impl Store {
    /// Makes a client.
    pub async fn create_client(&self, client: NewClient) -> Result<()> {
        self.announced(client).await
    }

    /// A client and what it uses.
    pub async fn client(&self, client: ClientId) -> Result<Client> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, ClientRow, GET, client.as_str())?;
        row.ok_or(Error::NotFound(Thing::Client))?.try_into()
    }

    /// A number that grows with every change of what a client's people see.
    pub async fn revision(&self, client: ClientId) -> Result<i64> {
        let mut tx = self.db.read().await?;
        let row = fetch_optional!(tx, (i64,), REVISION, client.as_str())?;
        row.map(|(revision,)| revision).ok_or(Error::NotFound(Thing::Client))
    }

    /// Every client, oldest first.
    pub async fn clients(&self) -> Result<Vec<Client>> {
        let mut tx = self.db.read().await?;
        fetch_all!(tx, ClientRow, ALL)?.into_iter().map(Client::try_from).collect()
    }

    /// How many clients there are.
    pub async fn count_clients(&self) -> Result<i64> {
        let mut tx = self.db.read().await?;
        fetch_one!(tx, (i64,), COUNT).map(|(count,)| count)
    }

    /// What all clients use together.
    pub async fn totals(&self) -> Result<Totals> {
        type Row = (i64, i64, i64, i64, i64, i64);
        let mut tx = self.db.read().await?;
        let (clients, used, reserved, temp_used, temp_reserved, derived) = fetch_one!(tx, Row, TOTALS)?;
        Ok(Totals {
            clients: clients.unsigned_abs(),
            used: size_column("clients", "used_bytes", used)?,
            reserved: size_column("clients", "reserved_bytes", reserved)?,
            temp_used: size_column("clients", "temp_bytes", temp_used)?,
            temp_reserved: size_column("clients", "temp_reserved_bytes", temp_reserved)?,
            derived: size_column("clients", "derived_bytes", derived)?,
        })
    }

    /// The names of all plans that clients have.
    pub async fn plans_in_use(&self) -> Result<Vec<String>> {
        let mut tx = self.db.read().await?;
        Ok(fetch_all!(tx, (String,), PLANS)?.into_iter().map(|(plan,)| plan).collect())
    }

    /// Gives a client another plan.
    pub async fn set_plan(
        &self,
        client: ClientId,
        plan: String,
        storage_limit: Option<ByteSize>,
        now: UnixMillis,
    ) -> Result<()> {
        self.announced(SetPlan { client, plan, storage_limit, now }).await
    }

    /// Brings the figures of the configuration's plans to the clients that have them.
    pub async fn sync_plans(&self, plans: Vec<(String, Option<ByteSize>)>, now: UnixMillis) -> Result<()> {
        self.db.write_aside(SyncPlans { plans, now }).await
    }

    /// Sets a hold: nothing more is stored for this client until it is released.
    pub async fn hold(&self, client: ClientId, reason: String, now: UnixMillis) -> Result<()> {
        self.announced(SetHold { client, reason: Some(reason), now }).await
    }

    /// Releases a hold.
    pub async fn release(&self, client: ClientId, now: UnixMillis) -> Result<()> {
        self.announced(SetHold { client, reason: None, now }).await
    }
}
