//! Clients, as the operator sees them.

use reelshelf_domain::{ClientId, FolderId, Result};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::config::Plans;
use crate::store::{Client, NewClient};

/// A client as people see it in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientSummary {
    /// Its identifier.
    pub id: ClientId,
    /// What the operator calls it.
    pub name: String,
    /// Its plan.
    pub plan: String,
    /// What its files take, the temporary ones apart.
    pub used_bytes: u64,
    /// What its uploads under way will take at most.
    pub reserved_bytes: u64,
    /// The most it may store; absent is no limit.
    pub storage_limit: Option<u64>,
    /// Since when nothing more may be stored: full, or on hold.
    pub blocked_at: Option<String>,
    /// Why it is on hold, if it is.
    pub hold: Option<String>,
    /// When it was made.
    pub created_at: String,
}

impl From<Client> for ClientSummary {
    fn from(client: Client) -> Self {
        Self {
            id: client.id,
            name: client.name,
            plan: client.plan,
            used_bytes: client.used.get(),
            reserved_bytes: client.reserved.get(),
            storage_limit: client.storage_limit.map(reelshelf_domain::ByteSize::get),
            blocked_at: client.hold_at.or(client.full_at).map(|at| at.to_string()),
            hold: client.hold_at.map(|_| client.hold_reason.unwrap_or_default()),
            created_at: client.created_at.to_string(),
        }
    }
}

/// Makes a client, with the given identifier or a new one.
pub async fn create_client(app: &App, name: String, id: Option<ClientId>, plan: Option<String>) -> Result<ClientId> {
    let plan = plan.unwrap_or_else(|| Plans::default_name().to_owned());
    let storage_limit = app.settings.plans.get(&plan)?.storage;
    let now = app.now();
    let id = match id {
        Some(id) => id,
        None => ClientId::generate(app.chance.as_ref())?,
    };
    let root = FolderId::generate(now, app.chance.as_ref())?;
    let temp = FolderId::generate(now, app.chance.as_ref())?;
    app.store.create_client(NewClient { id, name, plan, storage_limit, root, temp, now }).await?;
    Ok(id)
}

/// Makes the first client of a new installation; `None` when there is one already.
pub async fn first_client(app: &App) -> Result<Option<ClientId>> {
    if app.store.count_clients().await? > 0 {
        return Ok(None);
    }
    create_client(app, "My library".to_owned(), None, None).await.map(Some)
}

/// Every client, oldest first.
pub async fn list_clients(app: &App) -> Result<Vec<ClientSummary>> {
    Ok(app.store.clients().await?.into_iter().map(ClientSummary::from).collect())
}

/// Gives a client another plan of the configuration.
pub async fn set_plan(app: &App, client: ClientId, plan: String) -> Result<()> {
    let storage_limit = app.settings.plans.get(&plan)?.storage;
    app.store.set_plan(client, plan, storage_limit, app.now()).await
}

/// Stops all that would store more for a client, until it is released.
pub async fn hold_client(app: &App, client: ClientId, reason: String) -> Result<()> {
    app.store.hold(client, reason, app.now()).await
}

/// Lets a client store again.
pub async fn release_client(app: &App, client: ClientId) -> Result<()> {
    app.store.release(client, app.now()).await
}

/// Brings the figures of the configuration's plans to the clients that have them. A plan that clients have and the
/// configuration does not is an error: nobody knows what they may store.
pub async fn sync_plans(app: &App) -> Result<()> {
    for plan in app.store.plans_in_use().await? {
        if app.settings.plans.get(&plan).is_err() {
            let reason = "is the plan of a client but not in the configuration";
            return Err(reelshelf_domain::Error::invalid(format!("plans.{plan}"), reason));
        }
    }
    let plans = app.settings.plans.iter().map(|(name, plan)| (name.to_owned(), plan.storage)).collect();
    app.store.sync_plans(plans, app.now()).await
}
