use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::{ByteSize, Changes};

/// The result of everything that can fail in a way its caller should hear of.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, in the caller's words. Each HTTP surface turns these into its answers with one
/// exhaustive match; there is no other way for a text to reach a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field that must be there is absent or empty.
    #[error("{0} is required")]
    Missing(&'static str),
    /// A field is there, and wrong.
    #[error("{field} {reason}")]
    Invalid {
        /// The field, parameter, header or part, as the caller spells it.
        field: Cow<'static, str>,
        /// What is wrong and what to do, continuing a sentence that begins with the field.
        reason: Cow<'static, str>,
    },
    /// Not there, or not visible to this caller: nobody can tell which.
    #[error("{0} not found")]
    NotFound(Thing),
    /// The name is in use.
    #[error("{0}")]
    Taken(Taken),
    /// A rule of the library forbids it, whoever asks.
    #[error("{0}")]
    Refused(Refusal),
    /// No API key was sent.
    #[error("no API key was provided")]
    KeyMissing,
    /// The API key is unknown, revoked or expired.
    #[error("the API key is not valid")]
    KeyInvalid,
    /// Nobody is signed in, or somebody cannot be.
    #[error("{0}")]
    SignIn(SignIn),
    /// The caller's role is too low.
    #[error("the role does not allow it")]
    Forbidden,
    /// The storage of the client is on hold, full, or too full for this write.
    #[error("storage is blocked")]
    StorageBlocked,
    /// The body is compressed or otherwise encoded: what would be stored is not the file.
    #[error("the body is encoded")]
    Encoded,
    /// One file or one body is larger than may be.
    #[error("larger than {limit}")]
    TooLarge {
        /// What was too large.
        what: Thing,
        /// The largest that is taken.
        limit: ByteSize,
    },
    /// A limit on what is not counted, or on how much is done at once, is reached.
    #[error("the limit of {limit} for {what} is reached")]
    LimitReached {
        /// What is limited.
        what: &'static str,
        /// The figure, with its unit.
        limit: Cow<'static, str>,
    },
    /// The machine's free disk is below the configured floor.
    #[error("the free disk is below the floor")]
    DiskFull,
    /// An upload URL does not cover this transfer.
    #[error("{0}")]
    Denied(Denial),
    /// A request of a resumable upload does not fit it, or the protocol.
    #[error("{0}")]
    Resumption(Resumption),
    /// An idempotency key cannot stand for this request.
    #[error("{0}")]
    Key(KeyMisuse),
    /// What a call would do is no longer what its rehearsal told.
    #[error("changed since the rehearsal: {0}")]
    Changed(Box<Changes>),
    /// Something we need does not answer in time; the caller may try again.
    #[error("{0} is not available")]
    Unavailable(&'static str),
    /// Our own fault. Its text is for the log alone.
    #[error(transparent)]
    Internal(Internal),
}

impl Error {
    /// A field that is wrong, and why.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    /// Our own fault while doing something, caused by another error.
    pub fn internal(doing: &'static str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Internal(Internal::new(doing).because(source))
    }

    /// Our own fault: something that cannot be, was.
    pub fn inconsistent(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal(Internal { doing: what.into(), source: None })
    }
}

/// The things a caller can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A file of the library.
    File,
    /// A folder.
    Folder,
    /// A client.
    Client,
    /// An API key.
    Key,
    /// A plan of the configuration.
    Plan,
    /// A registered upload.
    Upload,
    /// A request's body.
    Body,
    /// A person who signs in to the panel.
    Person,
    /// A browser in which a person is signed in.
    Session,
    /// A link that lets somebody set a password.
    Invitation,
    /// A movie.
    Movie,
    /// A template.
    Template,
    /// A path that no route knows.
    Route,
}

impl fmt::Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::File => "File",
            Self::Folder => "Folder",
            Self::Client => "Client",
            Self::Key => "Key",
            Self::Plan => "Plan",
            Self::Upload => "Upload",
            Self::Body => "Body",
            Self::Person => "Person",
            Self::Session => "Session",
            Self::Invitation => "Invitation",
            Self::Movie => "Movie",
            Self::Template => "Template",
            Self::Route => "Endpoint",
        })
    }
}

/// Whose name is in use, and by whom it was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// An upload found a file of its name.
    #[error("a file of this name exists")]
    FileAtUpload,
    /// A move or rename found a file of the new name.
    #[error("a file of this name exists in the destination")]
    FileAtDestination,
    /// A move or rename found a folder of the new name.
    #[error("a folder of this name exists in the destination")]
    FolderAtDestination,
    /// A client with this identifier exists.
    #[error("a client with this id exists")]
    Client,
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignIn {
    /// There is no session, or it is over.
    #[error("nobody is signed in")]
    SignedOut,
    /// Nobody has this address and this password.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// Too many tries have failed.
    #[error("too many tries have failed; wait {seconds} seconds")]
    SlowDown {
        /// How long the next one has to wait.
        seconds: u64,
    },
    /// A write came without the token of its session, or from another site.
    #[error("the request did not come from the panel")]
    Forged,
    /// A link that sets a password was used, withdrawn, or is too old.
    #[error("the link was used, withdrawn, or is too old")]
    LinkUsed,
}

/// Why an idempotency key cannot stand for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyMisuse {
    /// It stands for another request.
    #[error("the key was used for another request")]
    OtherRequest,
    /// The request that it stands for is still running.
    #[error("a request with this key is running")]
    Running,
}

/// What the library never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Delete the root folder.
    #[error("cannot delete root folder")]
    DeleteRoot,
    /// Delete `temp`.
    #[error("cannot delete the temp folder")]
    DeleteTemp,
    /// Delete a folder with something in it, unless everything in it is meant.
    #[error("folder is not empty")]
    FolderNotEmpty,
    /// Move or rename the root folder.
    #[error("cannot move or rename root folder")]
    MoveRoot,
    /// Move or rename `temp`.
    #[error("cannot move or rename the temp folder")]
    MoveTemp,
    /// Rename or move `generated` or one of its own sub-folders.
    #[error("cannot move or rename the generated folder")]
    MoveGenerated,
    /// Move a folder into `temp` or out of it.
    #[error("folders cannot move into or out of the temp folder")]
    FolderAcrossTemp,
    /// Move a folder into itself or below itself.
    #[error("a folder cannot be moved into itself")]
    FolderIntoItself,
    /// Take the last admin from a client, who alone could bring another.
    #[error("a client keeps at least one admin")]
    LastAdmin,
}

/// Why an upload URL does not cover a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The signature is absent, or not ours.
    #[error("the signature does not match")]
    Signature,
    /// Its time is over.
    #[error("the URL has expired")]
    Expired,
    /// The content type is not the registered one.
    #[error("the content type is not the registered one")]
    ContentType,
    /// The length is absent, or not the registered one.
    #[error("the length is not the registered one")]
    Length,
    /// The registration is gone: the file was deleted, or its time ran out.
    #[error("the registration is gone")]
    Gone,
    /// The upload is done, and these are other bytes.
    #[error("the upload is done with other bytes")]
    OtherBytes,
    /// Others have stored the file meanwhile, and this upload may not replace it.
    #[error("the file was uploaded by others meanwhile")]
    Overtaken,
    /// The bytes are not those whose hash was registered.
    #[error("the bytes have another hash than was registered")]
    OtherHash,
    /// The storage of the client is on hold or full.
    #[error("storage is blocked")]
    StorageBlocked,
}

/// Why a request of a resumable upload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Resumption {
    /// The version of the protocol is not named, or not spoken here.
    #[error("the version of the protocol is not spoken")]
    Version,
    /// The bytes come under another media type than the protocol's.
    #[error("the media type is not the protocol's")]
    MediaType,
    /// They do not begin where the upload stands.
    #[error("the offset is not the upload's")]
    Offset,
    /// Another transfer has the upload.
    #[error("another transfer has the upload")]
    Locked,
    /// They are not the bytes whose checksum came with them.
    #[error("the checksum is another")]
    Checksum,
}

/// A failure of ours: what was being done, and the error beneath. For the log, never for a client.
#[derive(Debug)]
pub struct Internal {
    doing: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Internal {
    /// A failure while doing something.
    pub const fn new(doing: &'static str) -> Self {
        Self { doing: Cow::Borrowed(doing), source: None }
    }

    /// With the error beneath.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

impl fmt::Display for Internal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.doing)?;
        let mut next: Option<&(dyn StdError + 'static)> = self.source.as_deref().map(|source| source as _);
        while let Some(error) = next {
            write!(formatter, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

impl StdError for Internal {}
