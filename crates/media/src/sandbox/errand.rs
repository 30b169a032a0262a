use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::enclose::INPUT;
use crate::video::Wish;
use crate::{PictureLimits, PictureOrder, Size};

use super::{Allowance, Tool, Walls};

/// What a child is started for. It stands in its arguments: numbers and our own words, nothing that a client said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) walls: Walls,
    pub(crate) allowance: Allowance,
    pub(crate) job: Job,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Job {
    /// To find out which walls can be built here.
    Explore,
    /// To decode a picture by our own code.
    Decode { order: PictureOrder, limits: PictureLimits },
    /// To decode sound by our own code, and hear it: peaks, loudness, silence.
    Hear,
    /// To run a tool, whose output is the answer.
    Run(Tool),
    /// The same with what a tool decodes.
    Listen(Tool),
    /// To make pictures of the first frame, of a format that our own decoder does not know.
    Still {
        tool: Tool,
        /// Of the frame that the tool gives.
        size: Size,
        order: PictureOrder,
        limits: PictureLimits,
    },
    /// To choose the frame of a video that stands for it.
    Poster {
        tool: Tool,
        /// Of the frames that the tool gives.
        size: Size,
        wish: Wish,
    },
    /// To lay frames of a video out in one picture.
    Storyboard {
        tool: Tool,
        /// Of the frames that the tool gives.
        size: Size,
        /// When the video ends.
        end_ms: u64,
    },
}

impl Job {
    /// The tool that the worker becomes.
    pub(crate) fn tool(&self) -> Option<&Tool> {
        match self {
            Self::Explore | Self::Decode { .. } | Self::Hear => None,
            Self::Run(tool)
            | Self::Listen(tool)
            | Self::Still { tool, .. }
            | Self::Poster { tool, .. }
            | Self::Storyboard { tool, .. } => Some(tool),
        }
    }
}

impl Errand {
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// As it stands in the arguments.
    pub(crate) fn text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Whether the supervisor makes something else of what the tool writes.
    pub(super) fn reduces(&self) -> bool {
        matches!(self.job, Job::Listen(_)) || self.takes_frames()
    }

    /// Whether the tool tells the time of frames on standard error.
    pub(super) fn takes_frames(&self) -> bool {
        matches!(self.job, Job::Still { .. } | Job::Poster { .. } | Job::Storyboard { .. })
    }

    /// Where the tool finds its input.
    pub(super) fn input(&self) -> &'static Path {
        Path::new(if self.walls.namespaces { INPUT } else { "/proc/self/fd/0" })
    }
}
