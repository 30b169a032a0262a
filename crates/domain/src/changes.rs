use std::fmt;

use serde::{Deserialize, Serialize};

/// How much something is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Files, pending ones included.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// The bytes of the files that have some.
    pub bytes: u64,
}

impl Amount {
    /// None of anything.
    pub const NOTHING: Self = Self { files: 0, folders: 0, bytes: 0 };

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { files: self.files + other.files, folders: self.folders + other.folders, bytes: self.bytes + other.bytes }
    }
}

/// Some of many paths, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// How many there are.
    pub total: u64,
    /// The first that came.
    pub first: Vec<String>,
}

impl Paths {
    /// One more; it is kept while there are fewer than `most`.
    pub fn add(&mut self, path: &str, most: usize) {
        self.total += 1;
        if self.first.len() < most {
            self.first.push(path.to_owned());
        }
    }
}

/// What became different between a rehearsal and the call that was to do what it told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether each path was remembered. Otherwise only the figures say what is different.
    pub listed: bool,
    /// What was not there then.
    pub added: Paths,
    /// What is not there now.
    pub gone: Paths,
    /// What is there with other bytes, or in another state.
    pub changed: Paths,
    /// What it was about then.
    pub told: Amount,
    /// What it is about now.
    pub now: Amount,
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, added, gone, changed, told, now } = self;
        if !listed {
            return write!(
                formatter,
                "{} files of {} bytes then, {} files of {} bytes now",
                told.files, told.bytes, now.files, now.bytes
            );
        }
        let mut apart = "";
        for (what, paths) in [("added", added), ("gone", gone), ("changed", changed)] {
            let Some(first) = paths.first.first() else { continue };
            write!(formatter, "{apart}{what} {first}")?;
            if paths.total > 1 {
                write!(formatter, " and {} more", paths.total - 1)?;
            }
            apart = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_one_line_however_many_there_are() {
        let mut changes = Changes { listed: true, ..Changes::default() };
        for number in 0..5 {
            changes.gone.add(&format!("a/{number}.png"), 2);
        }
        assert_eq!((changes.gone.total, changes.gone.first.len()), (5, 2));
        assert_eq!(changes.to_string(), "gone a/0.png and 4 more");
        changes.added.add("b.png", 2);
        assert_eq!(changes.to_string(), "added b.png, gone a/0.png and 4 more");
        changes.listed = false;
        assert_eq!(changes.to_string(), "0 files of 0 bytes then, 0 files of 0 bytes now");
    }
}
