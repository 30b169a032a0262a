use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reelshelf_domain::MediaType;
use serde::{Deserialize, Serialize};

use crate::inspect::inspect_arguments;

/// ffmpeg or ffprobe, and what it is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tool {
    /// By its full path.
    pub(crate) program: PathBuf,
    pub(crate) purpose: Purpose,
}

/// What a tool is to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To say which version it is. It reads nothing.
    Version,
    /// To say what the input holds, as JSON.
    Inspect(MediaType),
}

impl Purpose {
    /// Whether it reads the input.
    pub(super) fn reads(self) -> bool {
        self != Self::Version
    }

    /// The arguments.
    pub(super) fn arguments(self, input: &Path) -> Vec<OsString> {
        let (words, behind) = match self {
            Self::Version => return vec!["-version".into()],
            Self::Inspect(media_type) => (inspect_arguments(media_type).unwrap_or_default(), Vec::<OsString>::new()),
        };
        let mut url = OsString::from("file:");
        url.push(input);
        words.into_iter().map(OsString::from).chain([url]).chain(behind).collect()
    }
}
