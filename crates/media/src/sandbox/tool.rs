use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The formats that ffmpeg may read, by its own names: those of the types that we know. No playlist is among them, and
/// nothing that names other files.
const FORMATS: &str = "aac,asf,avi,flac,matroska,mov,mp3,mpeg,mpegts,mpegvideo,ogg,wav,webm";

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
    Inspect,
}

impl Purpose {
    /// Whether it reads the input.
    pub(super) fn reads(self) -> bool {
        self != Self::Version
    }

    /// The arguments.
    pub(super) fn arguments(self, input: &Path) -> Vec<OsString> {
        match self {
            Self::Version => vec!["-version".into()],
            Self::Inspect => {
                let words = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"];
                words.map(OsString::from).into_iter().chain(guarded(input)).collect()
            }
        }
    }
}

/// The input, and what may be made of it: this file and no other, in a format that we know.
fn guarded(input: &Path) -> Vec<OsString> {
    let mut url = OsString::from("file:");
    url.push(input);
    let words = ["-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-i"];
    words.map(OsString::from).into_iter().chain([url]).collect()
}
