use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of bytes. No bare `u64` crosses a module boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

impl ByteSize {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest size a database column can hold.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// A number of bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A number of binary megabytes.
    pub const fn mib(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }

    /// A number of binary gigabytes.
    pub const fn gib(count: u64) -> Self {
        Self(count * 1024 * 1024 * 1024)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a database column holds it. Sizes beyond the column are clamped; no such file can exist.
    pub fn to_column(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// From a database column, which never holds a negative size.
    pub fn from_column(value: i64) -> Option<Self> {
        u64::try_from(value).ok().map(Self)
    }

    /// The sum, or the largest size.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// In the unit people compare with: whole binary megabytes as `500 MB`, anything else in bytes.
impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1024 * 1024;
        if self.0 >= MIB && self.0.is_multiple_of(MIB) {
            write!(formatter, "{} MB", self.0 / MIB)
        } else {
            write!(formatter, "{} bytes", self.0)
        }
    }
}
