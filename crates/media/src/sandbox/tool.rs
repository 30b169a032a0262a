use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reelshelf_domain::MediaType;
use serde::{Deserialize, Serialize};

use crate::inspect::{formats, inspect_arguments};

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
    /// To decode the first sound to a WAV of 16-bit samples, so many milliseconds of it at most.
    Samples {
        /// What the input is.
        media_type: MediaType,
        /// In milliseconds.
        most_ms: u64,
    },
}

impl Purpose {
    /// Whether it reads the input.
    pub(super) fn reads(self) -> bool {
        self != Self::Version
    }

    /// The arguments.
    pub(super) fn arguments(self, input: &Path) -> Vec<OsString> {
        let mut url = OsString::from("file:");
        url.push(input);
        let (before, behind) = match self {
            Self::Version => return vec!["-version".into()],
            Self::Inspect(media_type) => (words(inspect_arguments(media_type).unwrap_or_default()), Vec::new()),
            Self::Samples { media_type, most_ms } => (opening(media_type, &["-vn"]), samples(most_ms)),
        };
        before.into_iter().map(OsString::from).chain([url]).chain(behind.into_iter().map(OsString::from)).collect()
    }
}

/// How ffmpeg is told to open its input: this file and no other, as what its first bytes promise, in one thread.
fn opening(media_type: MediaType, more: &[&str]) -> Vec<String> {
    let formats = formats(media_type).unwrap_or_default();
    let mut arguments = words(["-nostdin", "-v", "fatal", "-threads", "1", "-protocol_whitelist", "file"]);
    arguments.extend(words(["-format_whitelist", formats]));
    if !formats.contains(',') {
        arguments.extend(words(["-f", formats]));
    }
    arguments.extend(words(more.iter().copied()));
    arguments.push("-i".to_owned());
    arguments
}

fn samples(most_ms: u64) -> Vec<String> {
    let most = format!("{most_ms}ms");
    // Few large writes: a pipe costs by the call.
    let pipe = ["-flush_packets", "0", "-blocksize", "131072", "pipe:1"];
    words(
        ["-map", "0:a:0", "-t", &most, "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-f", "wav"]
            .into_iter()
            .chain(pipe),
    )
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}
