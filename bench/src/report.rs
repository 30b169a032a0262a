//! What is printed: each figure when it is known, and the table of all of them at the end.

use std::io::Write;

use crate::Outcome;

/// The figures so far.
pub(crate) struct Report {
    table: String,
    /// What stands below the table.
    notes: String,
}

/// One line of the table.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// What we reach.
    pub(crate) ours: String,
    /// What the peer reaches.
    pub(crate) peer: String,
    /// Ours beside the peer's.
    pub(crate) ratio: String,
    /// What it ought to be.
    pub(crate) wanted: &'static str,
}

const HEAD: &str = "| figure | Reelshelf | peer | ratio | wanted |\n|---|---|---|---|---|\n";

impl Report {
    /// Says what is measured on what.
    pub(crate) fn start(machine: &str) -> Outcome<Self> {
        say(machine)?;
        Ok(Self { table: HEAD.to_owned(), notes: String::new() })
    }

    /// Says what is being done now.
    pub(crate) fn doing(what: &str) -> Outcome<()> {
        say(&format!("… {what}"))
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, row: Row) -> Outcome<()> {
        let Row { what, ours, peer, ratio, wanted } = row;
        let line = format!("| {what} | {ours} | {peer} | {ratio} | {wanted} |");
        say(&line)?;
        self.table.push_str(&line);
        self.table.push('\n');
        Ok(())
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, line: &str) -> Outcome<()> {
        say(line)?;
        self.notes.push_str(line);
        self.notes.push('\n');
        Ok(())
    }

    /// The table of everything, if there is anything.
    pub(crate) fn end(self) -> Outcome<()> {
        if self.table == HEAD && self.notes.is_empty() {
            return Ok(());
        }
        say(&format!("\nMedians of the rounds, smallest and largest in brackets.\n\n{}\n{}", self.table, self.notes))
    }
}

/// Prints a line.
pub(crate) fn say(text: &str) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
