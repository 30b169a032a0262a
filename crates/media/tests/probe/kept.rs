//! Samples that are made once and kept, and what ffprobe says of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use reelshelf_domain::MediaType;

use super::samples::{SAMPLES, Sample};

impl Sample {
    /// The file, made on first use and kept for the other tests of this build.
    pub(crate) fn path(&self) -> PathBuf {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe-samples");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{:08x}-{}", crc32fast::hash(self.command().as_bytes()), self.name));
        if fs::metadata(&path).is_err() {
            // Under another name first: tests run beside each other.
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let unfinished = folder.join(format!("{}-{number}-{}", std::process::id(), self.name));
            self.make(&unfinished);
            fs::rename(&unfinished, &path).unwrap();
        }
        path
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    pub(crate) fn named(name: &str) -> &'static Self {
        SAMPLES.iter().find(|sample| sample.name == name).unwrap()
    }
}

/// ffprobe's report, by the arguments that the product uses.
#[expect(clippy::disallowed_methods, reason = "the tests compare with the real ffprobe")]
pub(crate) fn ffprobe(path: &Path, media_type: MediaType) -> Vec<u8> {
    let arguments = reelshelf_media::inspect_arguments(media_type).unwrap();
    let report = Command::new("ffprobe").args(arguments).arg(path).output().unwrap();
    assert!(report.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&report.stderr));
    report.stdout
}
