//! What an earlier version of the program, or a hand, left for others to read.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::Settings;

/// What neither the group nor others may do.
const OTHERS: u32 = 0o077;

/// Takes the folders of the data, of the blobs and of the scratch files, and the database, from everybody but the
/// server's user. Where that is not ours to do, the operator hears of it.
pub(super) async fn tighten(settings: &Settings) {
    let mut places = vec![settings.server.data_dir.clone(), settings.server.data_dir.join("scratch")];
    if let Some(blobs) = settings.blobs.url.strip_prefix("file:") {
        places.extend([PathBuf::from(blobs), Path::new(blobs).join("scratch")]);
    }
    if let Some(file) = settings.store.sqlite_file() {
        places.extend(["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", file.display()))));
    }
    for place in places {
        if let Err(error) = take(&place).await {
            tracing::warn!(place = %place.display(), %error, "others may read this, and it could not be changed");
        }
    }
}

async fn take(place: &Path) -> std::io::Result<()> {
    let found = match tokio::fs::metadata(place).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let mode = found.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    tokio::fs::set_permissions(place, std::fs::Permissions::from_mode(mode & !OTHERS)).await
}
