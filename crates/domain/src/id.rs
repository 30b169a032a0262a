use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{Chance, Error, Result, UnixMillis, serde_as_text};

/// Defines an identifier type: a time-ordered UUID (version 7) that no other identifier can be passed for.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, never given before.
            pub fn generate(now: UnixMillis, chance: &dyn Chance) -> Result<Self> {
                let mut random = [0; 10];
                chance.fill(&mut random)?;
                let millis = u64::try_from(now.get()).unwrap_or_default();
                Ok(Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()))
            }

            /// When it was made, as far as its maker's clock knew.
            pub fn made_at(&self) -> UnixMillis {
                let (high, _) = self.0.as_u64_pair();
                UnixMillis::new(i64::try_from(high >> 16).unwrap_or(i64::MAX))
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let uuid = Uuid::try_parse(text).map_err(|_| Error::invalid($field, "is not an identifier"))?;
                // One spelling only, so that parsing what we printed is the identity.
                if uuid.as_hyphenated().to_string() == text {
                    Ok(Self(uuid))
                } else {
                    Err(Error::invalid($field, "is not an identifier"))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        serde_as_text!($name);
    };
}

identifier!(
    /// A file of the library: one row, whatever its name, folder and bytes become.
    AssetId,
    "asset"
);
identifier!(
    /// One stored copy of some bytes. Never reused, which keeps the collector simple.
    BlobId,
    "blob"
);
identifier!(
    /// A folder of a client.
    FolderId,
    "folder id"
);
identifier!(
    /// A link that lets somebody set a password, once.
    InvitationId,
    "invitation"
);
identifier!(
    /// A job in the queue.
    JobId,
    "job"
);
identifier!(
    /// An API key. Not the key itself.
    KeyId,
    "key"
);
identifier!(
    /// Somebody who signs in to the panel.
    PersonId,
    "person"
);
identifier!(
    /// A browser in which a person is signed in.
    SessionId,
    "session"
);
identifier!(
    /// A registered upload: the right to send the bytes of one file.
    UploadId,
    "upload"
);
