use std::borrow::Cow;
use std::time::Duration;

/// Why nothing came, in words for the person who asked for it. It names no address but the one that was asked for, and
/// no part of a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: Cow<'static, str>,
    again: Again,
}

/// Whether another try may end better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would end the same way.
    Never,
    /// It may.
    Soon,
    /// It may, but not before this time, which the server asked for.
    After(Duration),
}

impl Failure {
    /// What would fail the same way again.
    pub fn lasting(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), again: Again::Never }
    }

    /// What may pass by itself.
    pub fn passing(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), again: Again::Soon }
    }

    /// What passes, as the server says, after a time.
    pub(super) fn passing_after(what: impl Into<Cow<'static, str>>, wait: Option<Duration>) -> Self {
        Self { what: what.into(), again: wait.map_or(Again::Soon, Again::After) }
    }

    /// Whether another try may end better.
    pub const fn again(&self) -> Again {
        self.again
    }
}
