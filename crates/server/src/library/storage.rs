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
    /// What its temporary uploads under way will take at most.
    pub temporary_reserved: ByteSize,
    /// The most that they may take.
    pub temporary_limit: ByteSize,
    /// What was made of its files takes.
    pub derived: ByteSize,
    /// The most that may take.
    pub derived_limit: ByteSize,
    /// What is free in the reckoning of the credits.
    pub free_allowance: ByteSize,
    /// What the rest costs a week.
    pub credits_per_week: u64,
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
        temporary_reserved: client.temp_reserved,
        temporary_limit: app.settings.uploads.temp_limit,
        derived: client.derived,
        derived_limit: app.settings.processing.derived_limit,
        free_allowance: plan.free_allowance,
        credits_per_week: plan.credits_per_week(client.used),
        blocked_at: client.hold_at.or(client.full_at),
    })
}

impl StorageInfo {
    /// The most that may still be stored, of something that may go to either side; `None` is no limit.
    pub fn room(&self) -> Option<ByteSize> {
        let temporary = self.temporary_limit.saturating_sub(self.temporary).saturating_sub(self.temporary_reserved);
        let stored = self.limit?.saturating_sub(self.used).saturating_sub(self.reserved);
        Some(stored.max(temporary))
    }
    /// Whether so much fits on either side, and nothing is blocked.
    pub fn takes(&self, size: ByteSize) -> bool {
        let within = |limit: ByteSize, used: ByteSize, reserved: ByteSize| {
            limit.saturating_sub(used).saturating_sub(reserved) >= size
        };
        self.blocked_at.is_none()
            && self.limit.is_none_or(|limit| within(limit, self.used, self.reserved))
            && within(self.temporary_limit, self.temporary, self.temporary_reserved)
    }
}
