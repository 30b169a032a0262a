//! The counters of clients and folders, changed in the transaction of what they count.

use reelshelf_domain::{ClientId, Error, FolderId, MediaKind, Result, UnixMillis};

use super::db::{CONTENDED, Tx, execute, fetch_optional};

/// Adds to a client's counters, under the limits: growth of what is stored and reserved needs room in the plan and no
/// hold; growth of the temporary needs room in its own limit, and no hold unless stored bytes shrink for it, which is a
/// move into `temp`; shrinking is always possible. What would leave less than nothing was looked up before somebody else
/// took it away.
const APPLY: &str = "
    UPDATE clients SET
        revision = revision + 1,
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
            AND temp_bytes + temp_reserved_bytes + $4 + $5 <= $7))
        AND used_bytes + $2 >= 0 AND reserved_bytes + $3 >= 0 AND temp_bytes + $4 >= 0
        AND temp_reserved_bytes + $5 >= 0";

const LOCK: &str = "UPDATE clients SET revision = revision + 1 WHERE id = $1 RETURNING hold_at";

const WHY_NOT: &str = "
    SELECT hold_at, used_bytes, reserved_bytes, temp_bytes, temp_reserved_bytes FROM clients WHERE id = $1";

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

const ROOM: &str = "
    SELECT storage_limit, used_bytes + reserved_bytes, temp_bytes + temp_reserved_bytes FROM clients WHERE id = $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[APPLY, LOCK, WHY_NOT, FOLDER, FOLDER_PAIR, ROOM];

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
    let row = fetch_optional!(tx, (Option<i64>, i64, i64, i64, i64), WHY_NOT, client.as_str())?;
    let (hold_at, had_used, had_reserved, had_temp, had_temp_reserved) =
        row.ok_or(Error::NotFound(reelshelf_domain::Thing::Client))?;
    let after = [had_used + used, had_reserved + reserved, had_temp + temp, had_temp_reserved + temp_reserved];
    if after.iter().any(|bytes| *bytes < 0) {
        return Err(Error::Unavailable(CONTENDED));
    }
    let grows = temp + temp_reserved > 0;
    if (hold_at.is_none() || used + reserved < 0) && grows && after[2] + after[3] > temp_limit {
        let limit = format!("{temp_limit} bytes").into();
        return Err(Error::LimitReached { what: "temporary files", limit });
    }
    Err(Error::StorageBlocked)
}

/// A reservation for bytes of which nobody knows how many will come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Whether they are temporary.
    pub(super) temporary: bool,
    /// As much as would be good.
    pub(super) wanted: i64,
    /// As much as it takes.
    pub(super) least: i64,
    /// What is given back with it. One change: between two, a full client would not be full, and would later say that
    /// it is since now.
    pub(super) freed: Bytes,
}

/// Reserves what is wanted or, when it does not fit, the room that is left: what will come may well fit. Answers how
/// much it is.
pub(super) async fn reserve(
    tx: &mut Tx,
    client: ClientId,
    room: Room,
    temp_limit: i64,
    now: UnixMillis,
) -> Result<i64> {
    let Room { temporary, wanted, least, freed } = room;
    let refused = match apply(tx, client, Bytes::of(temporary, 0, wanted).plus(freed), temp_limit, now).await {
        Ok(()) => return Ok(wanted),
        Err(refused @ (Error::StorageBlocked | Error::LimitReached { .. })) => refused,
        Err(error) => return Err(error),
    };
    if lock(tx, client).await? == Standing::OnHold {
        return Err(refused);
    }
    let row = fetch_optional!(tx, (Option<i64>, i64, i64), ROOM, client.as_str())?;
    let (limit, stored, temp) = row.ok_or(Error::NotFound(reelshelf_domain::Thing::Client))?;
    let (stored, temp) = (stored + freed.used + freed.reserved, temp + freed.temp + freed.temp_reserved);
    let left =
        if temporary { temp_limit.saturating_sub(temp) } else { limit.unwrap_or(i64::MAX).saturating_sub(stored) };
    let some = left.clamp(0, wanted);
    if some < least {
        return Err(refused);
    }
    apply(tx, client, Bytes::of(temporary, 0, some).plus(freed), temp_limit, now).await.map(|()| some)
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
