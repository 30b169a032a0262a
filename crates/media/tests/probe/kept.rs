//! Samples as these tests take them.

use std::fs;
use std::path::{Path, PathBuf};

use super::samples::{SAMPLES, Sample};

impl Sample {
    /// The file, made on first use and kept for the other tests of this build.
    pub(crate) fn path(&self) -> PathBuf {
        self.path_in(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe-samples"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    pub(crate) fn named(name: &str) -> &'static Self {
        SAMPLES.iter().find(|sample| sample.name == name).unwrap()
    }
}
