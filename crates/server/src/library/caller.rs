use reelshelf_domain::{ClientId, Error, Result, Role};

/// Who asks: the client, and what the key or the person may do.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client.
    pub client: ClientId,
    /// The role.
    pub role: Role,
    /// The client's plan.
    pub plan: String,
}

impl Caller {
    /// The only authorisation call.
    pub fn require(&self, role: Role) -> Result<()> {
        if self.role >= role { Ok(()) } else { Err(Error::Forbidden) }
    }
}
