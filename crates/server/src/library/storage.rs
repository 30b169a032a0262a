//! What a client uses, and what it may.

use reelshelf_domain::{ByteSize, ClientId, Result, UnixMillis};

use crate::app::App;

/// A client's storage.
#[derive(Clone, Debug)]
pub struct StorageInfo {
    /// What its files take, the temporary ones apart.
    pub used: ByteSize,
    /// What its uploads under way will take at most.
    pub reserved: ByteSize,
    /// The most it may store; `None` is no limit.
    pub limit: Option<ByteSize>,
    /// What its temporary files take.
    pub temporary: ByteSize,
    /// The most that they may take.
    pub temporary_limit: ByteSize,
    /// What is free in the reckoning of the credits.
    pub free_allowance: ByteSize,
    /// What the rest costs a week.
    pub credits_per_week: u64,
    /// Whether a hold is set.
    pub on_hold: bool,
    /// Since when nothing more is stored: a hold, nothing more fits, or the plan is smaller than what is used.
    pub blocked_at: Option<UnixMillis>,
}

/// A client's storage.
pub async fn storage(app: &App, client: ClientId) -> Result<StorageInfo> {
    let client = app.store.client(client).await?;
    let plan = app.settings.plans.get(&client.plan)?;
    Ok(StorageInfo {
        used: client.used,
        reserved: client.reserved,
        limit: client.storage_limit,
        temporary: client.temp_used,
        temporary_limit: app.settings.uploads.temp_limit,
        free_allowance: plan.free_allowance,
        credits_per_week: plan.credits_per_week(client.used),
        on_hold: client.hold_at.is_some(),
        blocked_at: client.hold_at.or(client.full_at),
    })
}
