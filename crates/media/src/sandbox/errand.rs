use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::enclose::INPUT;
use crate::{PictureLimits, PictureOrder};

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
    /// To run a tool, whose output is the answer.
    Run(Tool),
}

impl Errand {
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// As it stands in the arguments.
    pub(crate) fn text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The tool that the worker becomes.
    pub(super) fn tool(&self) -> Option<&Tool> {
        match &self.job {
            Job::Explore | Job::Decode { .. } => None,
            Job::Run(tool) => Some(tool),
        }
    }

    /// Where the tool finds its input.
    pub(super) fn input(&self) -> &'static Path {
        Path::new(if self.walls.namespaces { INPUT } else { "/proc/self/fd/0" })
    }
}
