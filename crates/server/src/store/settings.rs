//! What the product remembers about itself.

use reelshelf_domain::Result;

use super::Store;
use super::db::{Tx, execute, fetch_one};
use super::writer::Verb;

const KEEP_FIRST: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const GET: &str = "SELECT value FROM settings WHERE name = $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[KEEP_FIRST, GET];

#[derive(Clone)]
struct KeepFirst {
    name: &'static str,
    value: String,
}

impl Verb for KeepFirst {
    type Out = String;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<String> {
        execute!(tx, KEEP_FIRST, self.name, self.value.as_str())?;
        fetch_one!(tx, (String,), GET, self.name).map(|(value,)| value)
    }
}

impl Store {
    /// The value of a setting: the first one that any process offered.
    pub async fn setting(&self, name: &'static str, value: String) -> Result<String> {
        self.db.write_aside(KeepFirst { name, value }).await
    }
}
