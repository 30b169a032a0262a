//! The counters of clients and folders, changed in the transaction of what they count.

use reelshelf_domain::{ClientId, Error, FolderId, MediaKind, Result, UnixMillis};

use super::db::{Tx, execute, fetch_optional};

/// Adds to a client's counters, under the limits: growth of what is stored and reserved needs room in the plan and no
/// hold; growth of the temporary needs room in its own limit, and no hold unless stored bytes shrink for it, which is a
/// move into `temp`; shrinking is always possible.
const APPLY: &str = "
    UPDATE clients SET
        used_bytes = used_bytes + $2,
        reserved_bytes = reserved_bytes + $3,
        temp_bytes = temp_bytes + $4,
        temp_reserved_bytes = temp_reserved_bytes + $5,
        full_at = CASE
            WHEN storage_limit IS NOT NULL AND used_bytes + reserved_bytes + $2 + $3 >= storage_limit
            THEN COALESCE(full_at, $6) ELSE NULL END
    WHERE id = $1
        AND (CAST($2 AS BIGINT) + $3 <= 0 OR (hold_at IS NULL
            AND (storage_limit IS NULL OR used_bytes + reserved_bytes + $2 + $3 <= storage_limit)))
        AND (CAST($4 AS BIGINT) + $5 <= 0 OR ((hold_at IS NULL OR $2 + $3 < 0)
            AND temp_bytes + temp_reserved_bytes + $4 + $5 <= $7))";

const LOCK: &str = "UPDATE clients SET folders = folders WHERE id = $1 RETURNING hold_at";

const WHY_NOT: &str = "
    SELECT hold_at, temp_bytes + temp_reserved_bytes AS temporary FROM clients WHERE id = $1";

const FOLDER: &str = "
    UPDATE folders SET images = images + $2, videos = videos + $3, audios = audios + $4, others = others + $5,
        bytes = bytes + $6
    WHERE id = $1";

const FOLDER_PAIR: &str = "
    UPDATE folders SET
        images = images + CASE WHEN id = $1 THEN CAST($3 AS BIGINT) ELSE $8 END,
        videos = videos + CASE WHEN id = $1 THEN CAST($4 AS BIGINT) ELSE $9 END,
        audios = audios + CASE WHEN id = $1 THEN CAST($5 AS BIGINT) ELSE $10 END,
        others = others + CASE WHEN id = $1 THEN CAST($6 AS BIGINT) ELSE $11 END,
        bytes = bytes + CASE WHEN id = $1 THEN CAST($7 AS BIGINT) ELSE $12 END
    WHERE id = $1 OR id = $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[APPLY, LOCK, WHY_NOT, FOLDER, FOLDER_PAIR];

/// A change of a client's byte counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    used: i64,
    reserved: i64,
    temp: i64,
    temp_reserved: i64,
}

impl Bytes {
    /// Stored and reserved bytes in a folder that is temporary or not.
    pub(super) const fn of(temporary: bool, stored: i64, reserved: i64) -> Self {
        if temporary {
            Self { used: 0, reserved: 0, temp: stored, temp_reserved: reserved }
        } else {
            Self { used: stored, reserved, temp: 0, temp_reserved: 0 }
        }
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            reserved: self.reserved + other.reserved,
            temp: self.temp + other.temp,
            temp_reserved: self.temp_reserved + other.temp_reserved,
        }
    }

    pub(super) const fn negated(self) -> Self {
        Self { used: -self.used, reserved: -self.reserved, temp: -self.temp, temp_reserved: -self.temp_reserved }
    }
}

/// Whether a client may store more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// As much as its plan holds.
    Good,
    /// Nothing, until its hold is released.
    OnHold,
}

/// Takes the client's row, so that nobody else changes its files until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, client: ClientId) -> Result<Standing> {
    match fetch_optional!(tx, (Option<i64>,), LOCK, client.as_str())? {
        None => Err(Error::NotFound(reelshelf_domain::Thing::Client)),
        Some((None,)) => Ok(Standing::Good),
        Some((Some(_),)) => Ok(Standing::OnHold),
    }
}

/// Changes the client's byte counters, or says why they cannot be changed so.
pub(super) async fn apply(tx: &mut Tx, client: ClientId, bytes: Bytes, temp_limit: i64, now: UnixMillis) -> Result<()> {
    let Bytes { used, reserved, temp, temp_reserved } = bytes;
    let changed = execute!(tx, APPLY, client.as_str(), used, reserved, temp, temp_reserved, now.get(), temp_limit)?;
    if changed == 1 {
        return Ok(());
    }
    let Some((hold_at, temporary)) = fetch_optional!(tx, (Option<i64>, i64), WHY_NOT, client.as_str())? else {
        return Err(Error::NotFound(reelshelf_domain::Thing::Client));
    };
    let grows = temp + temp_reserved;
    if (hold_at.is_none() || used + reserved < 0) && grows > 0 && temporary + grows > temp_limit {
        let limit = format!("{temp_limit} bytes").into();
        return Err(Error::LimitReached { what: "temporary files", limit });
    }
    Err(Error::StorageBlocked)
}

/// A change of a folder's counters: of how many files of one kind, and of how many bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Files {
    by_kind: [i64; 4],
    bytes: i64,
}

impl Files {
    pub(super) const fn of(kind: MediaKind, count: i64, bytes: i64) -> Self {
        let mut by_kind = [0; 4];
        by_kind[kind as usize] = count;
        Self { by_kind, bytes }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let mut sum = self;
        for (left, right) in sum.by_kind.iter_mut().zip(other.by_kind) {
            *left += right;
        }
        sum.bytes += other.bytes;
        sum
    }

    fn is_nothing(self) -> bool {
        self.by_kind == [0; 4] && self.bytes == 0
    }
}

/// Adds to a folder's counters.
pub(super) async fn count(tx: &mut Tx, folder: FolderId, files: Files) -> Result<()> {
    if files.is_nothing() {
        return Ok(());
    }
    let [images, videos, audios, others] = files.by_kind;
    execute!(tx, FOLDER, folder.to_string(), images, videos, audios, others, files.bytes).map(|_| ())
}

/// Adds to the counters of two folders, in one statement.
pub(super) async fn count_pair(tx: &mut Tx, one: (FolderId, Files), other: (FolderId, Files)) -> Result<()> {
    let ((one, gained), (other, lost)) = (one, other);
    let [images, videos, audios, others] = gained.by_kind;
    let [fewer_images, fewer_videos, fewer_audios, fewer_others] = lost.by_kind;
    execute!(
        tx,
        FOLDER_PAIR,
        one.to_string(),
        other.to_string(),
        images,
        videos,
        audios,
        others,
        gained.bytes,
        fewer_images,
        fewer_videos,
        fewer_audios,
        fewer_others,
        lost.bytes
    )
    .map(|_| ())
}
