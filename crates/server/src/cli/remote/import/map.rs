//! Where everything has gone, as a file for whoever has the old URLs in other places.

use std::path::Path;

use super::super::failure::Failure;
use super::super::report::Entry;
use super::super::state;

/// Writes the map whole.
pub(super) fn write(file: &Path, entries: &[Entry]) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::file(file, error);
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["old", "new", "path", "sha256", "size"]).map_err(failed)?;
    for entry in entries {
        let size = entry.size.map(|size| size.to_string());
        let fields = [&entry.source, &entry.url, &entry.path, &entry.sha256, &size];
        table.write_record(fields.map(|field| field.as_deref().unwrap_or_default())).map_err(failed)?;
    }
    let text = table.into_inner().map_err(|error| Failure::file(file, error.error()))?;
    let written = Path::new(".").join(file);
    state::replace(&written, &text)
}
