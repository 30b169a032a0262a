use std::fmt;
use std::str::FromStr;

use crate::{Error, Result, natural_key, serde_as_text};

/// The longest file name, in bytes (every character of a file name is one byte).
const NAME_MAX: usize = 255;
/// The most levels of folders below the root.
const DEPTH_MAX: usize = 32;
/// The longest folder path, in bytes.
const PATH_MAX: usize = 1024;
/// The longest display name, in bytes.
const DISPLAY_MAX: usize = 1024;

/// The name of a file: 1 to 255 of `A-Z a-z 0-9 . _ -`, and neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

impl FileName {
    /// Takes a name as it stands.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::Missing("name"));
        }
        if text.len() > NAME_MAX {
            return Err(Error::invalid("name", format!("is longer than {NAME_MAX} characters")));
        }
        if text == "." || text == ".." {
            return Err(Error::invalid("name", "must not be . or .."));
        }
        if !text.chars().all(Self::allows) {
            return Err(Error::invalid("name", "must consist of letters, digits, dots, underscores and hyphens"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a name of what a person gave: each character that a name cannot have becomes one underscore.
    pub fn sanitise(raw: &str) -> Result<Self> {
        let name: String = raw.chars().map(|c| if Self::allows(c) { c } else { '_' }).collect();
        Self::parse(&name)
    }

    const fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What sorts it in natural order.
    pub fn natural_key(&self) -> String {
        natural_key(&self.0)
    }
}

impl FromStr for FileName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(FileName);

/// The name a person gave to a file: shown to people and offered on download, never part of a path or a URL. Control
/// characters and the marks that turn the direction of text are left out, so that a name cannot disguise itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// What may be shown of a name: `_` when that is nothing.
    pub fn of(raw: &str) -> Self {
        let mut name: String = raw.chars().filter(|c| !Self::hides(*c)).collect();
        while name.len() > DISPLAY_MAX {
            name.pop();
        }
        if name.is_empty() {
            name.push('_');
        }
        Self(name)
    }

    fn hides(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self::of(text))
    }
}

serde_as_text!(DisplayName);

impl fmt::Display for DisplayName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a folder: 1 to 255 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(String);

impl FolderName {
    /// Takes a name as it stands.
    pub fn parse(text: &str) -> Result<Self> {
        if !text.is_empty() && text.len() <= NAME_MAX && text.chars().all(Self::allows) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FolderPath::refuse())
        }
    }

    /// Makes a name of what a person gave: characters that a folder cannot have are left out.
    pub fn sanitise(raw: &str) -> Result<Self> {
        Self::parse(&raw.chars().filter(|c| Self::allows(*c)).collect::<String>())
    }

    const fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The place of a folder inside its client: up to 32 names, 1,024 bytes in all. The empty path is the root. It is never
/// a path of a file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderPath(Vec<FolderName>);

impl FolderPath {
    /// The root.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The folder whose files are temporary.
    pub fn temp() -> Self {
        Self(vec![FolderName("temp".to_owned())])
    }

    /// Takes names separated by single slashes, as they stand.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        Self::checked(text.split('/').map(FolderName::parse).collect::<Result<_>>()?)
    }

    /// Makes a path of what a person gave: empty segments and the space around segments vanish, characters that a
    /// folder cannot have are left out, and a segment of nothing else is refused.
    pub fn sanitise(raw: &str) -> Result<Self> {
        let segments = raw.split('/').map(str::trim).filter(|segment| !segment.is_empty());
        Self::checked(segments.map(FolderName::sanitise).collect::<Result<_>>()?)
    }

    fn checked(names: Vec<FolderName>) -> Result<Self> {
        let bytes: usize = names.iter().map(|name| name.0.len() + 1).sum();
        if names.len() > DEPTH_MAX {
            return Err(Error::invalid("folder", format!("is nested deeper than {DEPTH_MAX} levels")));
        }
        if bytes > PATH_MAX + 1 {
            return Err(Error::invalid("folder", format!("is longer than {PATH_MAX} characters")));
        }
        Ok(Self(names))
    }

    /// What every refusal of a folder's spelling says.
    pub const RULE: &str = "must consist of letters, digits, underscores and hyphens, with / between levels";

    fn refuse() -> Error {
        Error::invalid("folder", Self::RULE)
    }

    /// The folder below this one.
    pub fn join(&self, name: FolderName) -> Result<Self> {
        let mut names = self.0.clone();
        names.push(name);
        Self::checked(names)
    }

    /// The folder above and the last name; `None` for the root.
    pub fn split_last(&self) -> Option<(Self, &FolderName)> {
        let (last, above) = self.0.split_last()?;
        Some((Self(above.to_vec()), last))
    }

    /// The names from the root down.
    pub fn names(&self) -> &[FolderName] {
        &self.0
    }

    /// Whether this is the root.
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is the other folder or lies below it.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether files in this folder are temporary.
    pub fn is_temp(&self) -> bool {
        self.0.first().is_some_and(|name| name.0 == "temp")
    }

    /// Whether this is `generated` or one of its own six sub-folders, which keep their names.
    pub fn is_reserved_generated(&self) -> bool {
        const KINDS: [&str; 6] = ["image", "video", "audio", "voice", "html", "component"];
        match self.0.as_slice() {
            [top] => top.0 == "generated",
            [top, kind] => top.0 == "generated" && KINDS.contains(&kind.as_str()),
            _ => false,
        }
    }
}

impl FromStr for FolderPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let slash = if index == 0 { "" } else { "/" };
            write!(formatter, "{slash}{name}")?;
        }
        Ok(())
    }
}

serde_as_text!(FolderPath);

/// A file's public identity inside its client: its folder and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaPath {
    /// The folder.
    pub folder: FolderPath,
    /// The name.
    pub name: FileName,
}

impl MediaPath {
    /// A name in a folder.
    pub const fn new(folder: FolderPath, name: FileName) -> Self {
        Self { folder, name }
    }

    /// Takes a path as it stands.
    pub fn parse(text: &str) -> Result<Self> {
        let (folder, name) = text.rsplit_once('/').map_or(("", text), |(folder, name)| (folder, name));
        if text.contains('/') && folder.is_empty() {
            return Err(FolderPath::refuse());
        }
        Ok(Self { folder: FolderPath::parse(folder)?, name: FileName::parse(name)? })
    }

    /// Makes a path of what a person gave, with the rules of its parts.
    pub fn sanitise(raw: &str) -> Result<Self> {
        let (folder, name) = raw.rsplit_once('/').unwrap_or(("", raw));
        Ok(Self { folder: FolderPath::sanitise(folder)?, name: FileName::sanitise(name)? })
    }
}

impl FromStr for MediaPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for MediaPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.folder.is_root() {
            fmt::Display::fmt(&self.name, formatter)
        } else {
            write!(formatter, "{}/{}", self.folder, self.name)
        }
    }
}

serde_as_text!(MediaPath);
