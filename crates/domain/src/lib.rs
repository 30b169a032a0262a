//! The words everything in Reelshelf speaks.
//!
//! Every type here is a proof: its field is private, its constructor checks, and nothing inside checks again.
//! The crate is pure. It knows no runtime, no HTTP, no SQL, no files and no processes.
#![warn(missing_docs)]

mod bytes;
mod chance;
mod changes;
mod client;
mod error;
mod hash;
mod id;
mod media_type;
mod natural;
mod page;
mod path;
mod person;
mod range;
mod role;
mod time;
mod zip;

pub use bytes::ByteSize;
pub use chance::{Chance, SeededChance, SystemChance};
pub use changes::{Amount, Changes, Paths};
pub use client::ClientId;
pub use error::{Denial, Error, Internal, KeyMisuse, Refusal, Result, Resumption, SignIn, Taken, Thing};
pub use hash::AssetHash;
pub use id::{AssetId, BlobId, FolderId, InvitationId, JobId, KeyId, PersonId, SessionId, UploadId};
pub use media_type::{MediaKind, MediaType};
pub use natural::natural_key;
pub use page::{Cursor, Direction, Limit, Sort, SortField};
pub use path::{DisplayName, FileName, FolderName, FolderPath, MediaPath};
pub use person::{Email, PersonName};
pub use range::{ByteRange, RangeRequest};
pub use role::Role;
pub use time::{Clock, ManualClock, SystemClock, UnixMillis};
pub use zip::{ZipEntry, ZipLayout, ZipNames};

/// Implements `serde` for a type through its `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;
