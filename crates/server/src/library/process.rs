//! Understanding a file: what its bytes hold, and what is made of them.

use reelshelf_domain::{MediaKind, MediaType};
use reelshelf_media::{Metadata, Probe};

use crate::blobs::Seen;
use crate::store::{Examined, ProcessingState};

/// The type of bytes as their headers tell it, and what is to be done about them.
pub(super) fn examined(seen: &Seen) -> (MediaType, Examined) {
    match &seen.probe {
        _ if seen.media_type.kind() == MediaKind::Other => (seen.media_type, Examined::nothing()),
        Probe::Known(known) => {
            (known.mime, Examined { state: ProcessingState::Queued, error: None, metadata: json(known) })
        }
        Probe::Ask => {
            (seen.media_type, Examined { state: ProcessingState::Queued, error: None, metadata: None })
        }
        Probe::Broken(reason) => {
            let error = Some(reason.to_string());
            (seen.media_type, Examined { state: ProcessingState::Failed, error, metadata: None })
        }
    }
}

fn json(metadata: &Metadata) -> Option<String> {
    serde_json::to_string(metadata).ok()
}
