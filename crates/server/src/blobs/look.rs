//! What can be seen of bytes on their way in: while they are still a file here, wherever they are to be kept.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use reelshelf_domain::{MediaKind, MediaType};
use reelshelf_media::{Probe, probe, sniff};

/// What was seen of some bytes.
#[derive(Debug)]
pub struct Seen {
    /// What their first bytes promise.
    pub media_type: MediaType,
    /// What their headers say.
    pub probe: Probe,
}

/// Looks at the headers of a file whose first bytes are known. An error is the disk's.
pub(super) fn look(file: &File, size: u64, head: &[u8]) -> std::io::Result<Seen> {
    let media_type = sniff(head);
    if media_type.kind() == MediaKind::Other {
        return Ok(Seen { media_type, probe: Probe::Ask });
    }
    // An upload must not fail for what its bytes do to us: then a child may look at them.
    let looked = catch_unwind(AssertUnwindSafe(|| probe(file, size, media_type)));
    let probe = looked.unwrap_or_else(|_| {
        tracing::error!(%media_type, "looking at the headers of a file panicked");
        Ok(Probe::Ask)
    })?;
    Ok(Seen { media_type, probe })
}
