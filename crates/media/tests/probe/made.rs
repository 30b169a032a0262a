//! Samples that are made once and kept in a folder, and what ffprobe says of them. The benchmarks take them too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use reelshelf_domain::MediaType;

use super::samples::Sample;

impl Sample {
    /// The file in a folder: made there, unless it is there already.
    pub(crate) fn path_in(&self, folder: &Path) -> PathBuf {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(folder).unwrap();
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
}

/// ffprobe's report, by the arguments that the product uses.
#[expect(clippy::disallowed_methods, reason = "the tests compare with the real ffprobe")]
pub(crate) fn ffprobe(path: &Path, media_type: MediaType) -> Vec<u8> {
    let arguments = reelshelf_media::inspect_arguments(media_type).unwrap();
    let report = Command::new("ffprobe").args(arguments).arg(path).output().unwrap();
    assert!(report.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&report.stderr));
    report.stdout
}
