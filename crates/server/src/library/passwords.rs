//! Passwords: Argon2id with the least that OWASP asks (19 MiB, two passes, one lane), so many at once that they cannot
//! take the memory of everything else. <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use reelshelf_domain::{Chance, Email, Error, Result};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// The fewest characters of a password.
const SHORTEST: usize = 10;
/// The most bytes: more would be work for nothing.
const LONGEST: usize = 256;

/// Hashes passwords and checks them, a few at a time.
pub struct Passwords(Arc<Semaphore>);

impl Passwords {
    /// So many at once.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// What is kept of a password: a PHC string.
    pub(super) async fn hash(&self, password: SecretString, chance: &dyn Chance) -> Result<String> {
        let mut salt = [0; SALT_BYTES];
        chance.fill(&mut salt)?;
        self.work(move |argon2| {
            let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| Error::internal("hashing a password", error))
        })
        .await
    }

    /// Whether this is the password.
    pub(super) async fn is_right(&self, password: SecretString, hash: String) -> Result<bool> {
        self.work(move |argon2| Ok(argon2.verify_password(password.expose_secret().as_bytes(), hash.as_str()).is_ok()))
            .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let turn = turn.map_err(|error| Error::internal("waiting to check a password", error))?;
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
        let params = params.map_err(|error| Error::internal("setting Argon2 up", error))?;
        let task = tokio::task::spawn_blocking(move || {
            let done = work(Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
            drop(turn);
            done
        });
        task.await.map_err(|error| Error::internal("checking a password", error))?
    }
}

/// Whether somebody may have this password.
pub(super) fn check_new(field: &'static str, password: &SecretString, email: &Email) -> Result<()> {
    let password = password.expose_secret();
    if password.chars().count() < SHORTEST {
        return Err(Error::invalid(field, format!("must have at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(Error::invalid(field, format!("must have at most {LONGEST} bytes")));
    }
    if password.to_lowercase().contains(email.as_str()) {
        return Err(Error::invalid(field, "must not contain the e-mail address"));
    }
    Ok(())
}
