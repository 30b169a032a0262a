use std::fmt;
use std::str::FromStr;

use crate::{AssetId, Error, FileName, MediaKind, Result, UnixMillis};

/// How many entries one answer may hold at most: at least one, at most what the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// Checked against the largest allowed.
    pub fn new(field: &'static str, value: u64, largest: u32) -> Result<Self> {
        match u32::try_from(value) {
            Ok(value @ 1..) if value <= largest => Ok(Self(value)),
            _ => Err(Error::invalid(field, format!("must be between 1 and {largest}"))),
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a listing is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// The name, in natural order.
    Name,
    /// When the file was registered.
    Date,
    /// The size in bytes.
    Size,
    /// The kind, and the name within it.
    Type,
}

/// Which way a listing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest, oldest or first first.
    Ascending,
    /// The other way.
    Descending,
}

/// The order of a listing. As text: `name`, `date`, `size` or `type`, with `-` before it for descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// Ordered by.
    pub field: SortField,
    /// Running.
    pub direction: Direction,
}

impl Default for Sort {
    fn default() -> Self {
        Self { field: SortField::Name, direction: Direction::Ascending }
    }
}

impl FromStr for Sort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (direction, name) = match text.strip_prefix('-') {
            Some(name) => (Direction::Descending, name),
            None => (Direction::Ascending, text),
        };
        let field = match name {
            "name" => SortField::Name,
            "date" => SortField::Date,
            "size" => SortField::Size,
            "type" => SortField::Type,
            _ => {
                return Err(Error::invalid(
                    "sort",
                    "must be name, date, size or type, with - before it for descending",
                ));
            }
        };
        Ok(Self { field, direction })
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Descending { "-" } else { "" };
        let name = match self.field {
            SortField::Name => "name",
            SortField::Date => "date",
            SortField::Size => "size",
            SortField::Type => "type",
        };
        write!(formatter, "{sign}{name}")
    }
}

/// The place behind an entry of a listing: what the next page starts after. It stays right when entries before it come
/// or go. Its text is opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Behind a name.
    Name(FileName),
    /// Behind a file registered at a time.
    Date(UnixMillis, AssetId),
    /// Behind a file of a size.
    Size(i64, AssetId),
    /// Behind a name of a kind.
    Type(MediaKind, FileName),
}

impl Cursor {
    /// The order it belongs to.
    pub const fn field(&self) -> SortField {
        match self {
            Self::Name(_) => SortField::Name,
            Self::Date(..) => SortField::Date,
            Self::Size(..) => SortField::Size,
            Self::Type(..) => SortField::Type,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(formatter, "n.{name}"),
            Self::Date(date, id) => write!(formatter, "d.{}.{id}", date.get()),
            Self::Size(size, id) => write!(formatter, "s.{size}.{id}"),
            Self::Type(kind, name) => write!(formatter, "t.{}.{name}", kind.as_str()),
        }
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::invalid("cursor", "is not one that a listing gave");
        let (tag, rest) = text.split_once('.').ok_or_else(refuse)?;
        let number_and_id = || {
            let (number, id) = rest.split_once('.')?;
            Some((number.parse::<i64>().ok()?, id.parse::<AssetId>().ok()?))
        };
        match tag {
            "n" => Ok(Self::Name(FileName::parse(rest).map_err(|_| refuse())?)),
            "d" => number_and_id().map(|(date, id)| Self::Date(UnixMillis::new(date), id)).ok_or_else(refuse),
            "t" => {
                let (kind, name) = rest.split_once('.').ok_or_else(refuse)?;
                let name = FileName::parse(name).map_err(|_| refuse())?;
                Ok(Self::Type(kind.parse().map_err(|_| refuse())?, name))
            }
            "s" => number_and_id().map(|(size, id)| Self::Size(size, id)).ok_or_else(refuse),
            _ => Err(refuse()),
        }
    }
}
