//! What can go wrong at this end, and the exit code that says so.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use super::words::plain;

/// Why something was not done.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The server cannot be reached, or stopped answering.
    Unreachable(String),
    /// The server does not accept the key, or its role may not do this.
    Key(String),
    /// The server answered no.
    Refused { status: u16, message: String },
    /// Something on this side, or what was found there, is not as it must be.
    Local(String),
    /// Told to stop.
    Interrupted,
}

impl Failure {
    /// Something that a file of this machine is or does.
    pub(super) fn file(path: &Path, error: impl fmt::Display) -> Self {
        Self::Local(format!("{}: {error}", plain(path)))
    }

    /// Whether nothing else has a chance either.
    pub(super) const fn ends_all(&self) -> bool {
        // A server whose disk is full takes no other file either.
        matches!(self, Self::Unreachable(_) | Self::Key(_) | Self::Interrupted | Self::Refused { status: 507, .. })
    }

    /// The status of a refusal.
    pub(super) const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the server says that what was asked for is not there. It answers 400 for that, as production does.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 404, message }
            if message.ends_with("not found") && message != "Endpoint not found")
    }

    /// How the program ends because of it.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Local(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) | Self::Key(_) => 3,
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unreachable(text) | Self::Key(text) | Self::Local(text) => {
                formatter.write_str(text)
            }
            Self::Refused { message, .. } => formatter.write_str(message),
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.exit_code())
    }
}
