use std::fmt;
use std::str::FromStr;

use crate::{Chance, Error, Result, serde_as_text};

/// A tenant: ten ASCII letters and digits. It stands in public URLs and is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId([u8; 10]);

impl ClientId {
    /// A new one, at random.
    pub fn generate(chance: &dyn Chance) -> Result<Self> {
        chance.alphanumeric(10)?.parse()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ClientId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes: [u8; 10] =
            text.as_bytes().try_into().map_err(|_| Error::invalid("client", "must be ten letters or digits"))?;
        if bytes.iter().all(u8::is_ascii_alphanumeric) {
            Ok(Self(bytes))
        } else {
            Err(Error::invalid("client", "must be ten letters or digits"))
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

serde_as_text!(ClientId);
