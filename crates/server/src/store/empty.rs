//! Taking every file out of a folder and of all below it, a bounded number with each statement: what a statement may have
//! to take back, SQLite keeps in memory.

use reelshelf_domain::{Result, UnixMillis};

use super::db::{Tx, execute, fetch_all, fetch_optional};
use super::walk::subtree;

/// The most files that one statement takes out.
pub(super) const BATCH: i64 = 2000;

const RELEASE: &str = concat!(
    subtree!(),
    "UPDATE blobs SET released_at = $2 WHERE id IN (
        SELECT assets.blob_id FROM subtree JOIN assets ON assets.folder_id = subtree.id
        WHERE subtree.id >= $3 AND subtree.id <= $4)"
);
const DELETE: &str =
    concat!(subtree!(), "DELETE FROM assets WHERE folder_id IN (SELECT id FROM subtree WHERE id >= $2 AND id <= $3)");
const RELEASE_BY_NAME: &str = "
    UPDATE blobs SET released_at = $2 WHERE id IN (
        SELECT blob_id FROM assets WHERE folder_id = $1
            AND (name_key, name) > ($3, $4) AND (name_key, name) <= ($5, $6))";
const DELETE_BY_NAME: &str = "
    DELETE FROM assets WHERE folder_id = $1 AND (name_key, name) > ($2, $3) AND (name_key, name) <= ($4, $5)";
const LAST_OF_BATCH: &str = "
    SELECT name_key, name FROM assets WHERE folder_id = $1 AND (name_key, name) > ($2, $3)
    ORDER BY name_key, name LIMIT 1 OFFSET $4";
const FILLED: &str = concat!(
    subtree!(),
    "SELECT folders.id, folders.images + folders.videos + folders.audios + folders.others
    FROM subtree JOIN folders ON folders.id = subtree.id
    WHERE folders.images + folders.videos + folders.audios + folders.others > 0 ORDER BY folders.id"
);

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[RELEASE, DELETE, RELEASE_BY_NAME, DELETE_BY_NAME, LAST_OF_BATCH, FILLED];

/// A folder, and how many files are directly in it.
type Filled = (String, i64);

/// Releases the bytes of all files in a folder and below it, and deletes the files, unless they are so few that they go
/// with their folders. Counters are the caller's.
pub(super) async fn empty(tx: &mut Tx, root: &str, files: i64, now: UnixMillis) -> Result<()> {
    if files <= BATCH {
        // Before and behind every identifier, however a database sorts.
        return execute!(tx, RELEASE, root, now.get(), "0", "g").map(|_| ());
    }
    let filled = fetch_all!(tx, Filled, FILLED, root)?;
    let mut rest = filled.as_slice();
    while !rest.is_empty() {
        let span;
        (span, rest) = rest.split_at(span_length(rest));
        empty_span(tx, root, span, now).await?;
    }
    Ok(())
}

/// How many folders together have no more files than a batch; at least one.
fn span_length(filled: &[Filled]) -> usize {
    let mut sum = 0;
    let fits = |(_, files): &&Filled| {
        sum += files;
        sum <= BATCH
    };
    filled.iter().take_while(fits).count().max(1)
}

async fn empty_span(tx: &mut Tx, root: &str, span: &[Filled], now: UnixMillis) -> Result<()> {
    let [(first, files), ..] = span else { return Ok(()) };
    let last = span.last().map_or(first, |(last, _)| last);
    if *files > BATCH {
        empty_by_name(tx, first, now).await?;
    }
    execute!(tx, RELEASE, root, now.get(), first, last)?;
    execute!(tx, DELETE, root, first, last).map(|_| ())
}

/// Takes files out of one folder until no more than a batch are left.
async fn empty_by_name(tx: &mut Tx, folder: &str, now: UnixMillis) -> Result<()> {
    let mut after = (String::new(), String::new());
    loop {
        let (key, name) = (after.0.as_str(), after.1.as_str());
        let last = fetch_optional!(tx, (String, String), LAST_OF_BATCH, folder, key, name, BATCH - 1)?;
        let Some((last_key, last_name)) = last else { return Ok(()) };
        execute!(tx, RELEASE_BY_NAME, folder, now.get(), key, name, last_key.as_str(), last_name.as_str())?;
        execute!(tx, DELETE_BY_NAME, folder, key, name, last_key.as_str(), last_name.as_str())?;
        after = (last_key, last_name);
    }
}
