use std::fmt;
use std::str::FromStr;

use crate::{Error, Result, serde_as_text};

/// What a key or a person may do. Each role may do everything the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at things in the panel.
    Viewer,
    /// Renders, and uses the media library.
    Render,
    /// Changes templates.
    Editor,
    /// Manages connections and keys.
    Manager,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Render, Self::Editor, Self::Manager, Self::Admin];

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Render => "render",
            Self::Editor => "editor",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| Error::invalid("role", "must be viewer, render, editor, manager or admin"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

serde_as_text!(Role);
