use std::sync::{Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};

use crate::{Error, Internal, Result};

/// Where randomness comes from. Injected, so that a test can replay it.
pub trait Chance: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;

    /// Random letters and digits: 62 symbols, each equally likely.
    fn alphanumeric(&self, length: usize) -> Result<String> {
        const SYMBOLS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        // 248 is the largest multiple of 62 in a byte: above it a symbol would be favoured.
        const FAIR: u8 = 248;
        let mut text = String::with_capacity(length);
        let mut buffer = [0_u8; 64];
        while text.len() < length {
            self.fill(&mut buffer)?;
            let fair = buffer.iter().filter(|byte| **byte < FAIR);
            text.extend(fair.take(length - text.len()).map(|byte| char::from(SYMBOLS[usize::from(byte % 62)])));
        }
        Ok(text)
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        SysRng
            .try_fill_bytes(buffer)
            .map_err(|error| Error::Internal(Internal::new("reading the system's randomness").because(error)))
    }
}

/// Randomness that a seed repeats, for tests.
#[derive(Debug)]
pub struct SeededChance(Mutex<StdRng>);

impl SeededChance {
    /// Always the same bytes for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Chance for SeededChance {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
        Ok(())
    }
}
