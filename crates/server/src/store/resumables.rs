//! Uploads that may be resumed: how far each came, who may move it on, and the parts of what came.
//!
//! Every verb takes the upload's row first, then how far it came, then parts.

use reelshelf_domain::{BlobId, ByteSize, ClientId, Error, Result, Resumption, Thing, UnixMillis, UploadId};

use super::counters::{self, Bytes, Room};
use super::db::{CONTENDED, Tx, execute, fetch_all, fetch_optional};
use super::uploads::{TICKET, TicketRow, UploadTicket};
use super::writer::Verb;
use super::{Store, column, size_column};

const BEGIN: &str = "INSERT INTO resumables (id, received, epoch, metadata) VALUES ($1, 0, 0, $2)";
const FIND: &str = "SELECT received, metadata FROM resumables WHERE id = $1";
/// Of an upload that is neither done nor over.
const RENEW: &str = "
    UPDATE uploads SET expires_at = CASE WHEN expires_at < $2 THEN CAST($2 AS BIGINT) ELSE expires_at END
    WHERE id = $1 AND done_hash IS NULL AND expires_at > $3";
const DONE: &str = "SELECT done_hash FROM uploads WHERE id = $1 AND expires_at > $2";
const TAKE: &str = "UPDATE resumables SET epoch = epoch + 1 WHERE id = $1 AND received = $2 RETURNING epoch";
const FIRST_PART: &str = "SELECT id FROM parts WHERE upload_id = $1 ORDER BY begins LIMIT 1";
const ADVANCE: &str = "UPDATE resumables SET received = $4 WHERE id = $1 AND epoch = $2 AND received = $3";
const REWIND: &str =
    "UPDATE resumables SET received = $4, epoch = epoch + 1 WHERE id = $1 AND epoch = $2 AND received = $3";
const KEEP_PART: &str = "
    INSERT INTO parts (id, client_id, upload_id, begins, size) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE SET size = $5";
const KEEP_NOBODYS: &str = "
    INSERT INTO parts (id, client_id, upload_id, begins, size) VALUES ($1, $2, NULL, 0, 0)
    ON CONFLICT (id) DO NOTHING";
const RESIZE: &str = "UPDATE parts SET size = $2 WHERE id = $1";
const PARTS: &str = "SELECT id, begins, size FROM parts WHERE upload_id = $1 ORDER BY begins";
/// Only if the file is still where the look found it: in another folder the bytes may count as temporary, or no longer.
const SET_SIZE: &str = "
    UPDATE uploads SET size = $2, reserved = reserved + $3
    WHERE id = $1 AND size IS NULL AND done_hash IS NULL AND reserved = $4
        AND EXISTS (SELECT 1 FROM assets WHERE assets.id = uploads.asset_id AND assets.folder_id = $5)";
const SPENT: &str = "
    SELECT id, client_id FROM parts WHERE upload_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM uploads WHERE uploads.id = parts.upload_id AND uploads.done_hash IS NULL)
    LIMIT $1";
const FORGET_PART: &str = "DELETE FROM parts WHERE id = $1";
const EXPECTED: &str = "
    SELECT parts.id, parts.client_id, parts.size FROM parts JOIN uploads ON uploads.id = parts.upload_id
    WHERE uploads.done_hash IS NULL AND parts.id > $1 ORDER BY parts.id LIMIT $2";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    BEGIN,
    FIND,
    RENEW,
    DONE,
    TAKE,
    FIRST_PART,
    ADVANCE,
    REWIND,
    KEEP_PART,
    KEEP_NOBODYS,
    RESIZE,
    PARTS,
    SET_SIZE,
    SPENT,
    FORGET_PART,
    EXPECTED,
];

/// An upload that may be resumed, as a request finds it.
#[derive(Clone, Debug)]
pub struct Resumable {
    /// Its registration.
    pub ticket: UploadTicket,
    /// How many bytes are durable.
    pub received: ByteSize,
    /// What the client said of it.
    pub metadata: String,
}

/// Some bytes of an upload, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which copy.
    pub id: BlobId,
    /// Where they begin.
    pub begins: ByteSize,
    /// How many there are.
    pub size: ByteSize,
}

/// A part whose bytes nobody needs any more, or that must be there.
#[derive(Clone, Copy, Debug)]
pub struct PartRow {
    /// Which copy.
    pub id: BlobId,
    /// Whose.
    pub client: ClientId,
    /// How many bytes are durable.
    pub size: ByteSize,
}

/// The right to move an upload on, until somebody else gets it.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The upload.
    pub upload: UploadId,
    /// The number of this transfer.
    pub epoch: i64,
    /// The part that grows, if there is one.
    pub part: Option<BlobId>,
}

/// Called by the registration of such an upload.
pub(super) async fn begin(tx: &mut Tx, upload: UploadId, metadata: &str) -> Result<()> {
    execute!(tx, BEGIN, upload.to_string(), metadata).map(|_| ())
}

const fn gone() -> Error {
    Error::NotFound(Thing::Upload)
}

/// Takes the upload's row, and gives the upload more time. One that is done stands elsewhere than anybody thinks.
async fn renew(tx: &mut Tx, id: &str, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    if execute!(tx, RENEW, id, expires_at.get(), now.get())? == 1 {
        return Ok(());
    }
    let done = fetch_optional!(tx, (Option<String>,), DONE, id, now.get())?;
    Err(done.map_or_else(gone, |_| Error::Resumption(Resumption::Offset)))
}

#[derive(Clone)]
struct Take {
    upload: UploadId,
    client: ClientId,
    at: ByteSize,
    /// Names the part that grows, if one is to grow and there is none yet.
    grows: Option<BlobId>,
    now: UnixMillis,
    expires_at: UnixMillis,
}

impl Verb for Take {
    type Out = Turn;

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<Turn> {
        let id = self.upload.to_string();
        renew(tx, &id, self.now, self.expires_at).await?;
        let taken = fetch_optional!(tx, (i64,), TAKE, id.as_str(), self.at.to_column())?;
        let (epoch,) = taken.ok_or(Error::Resumption(Resumption::Offset))?;
        let mut part = None;
        if let Some(new) = self.grows {
            part = fetch_optional!(tx, (String,), FIRST_PART, id.as_str())?
                .map(|(id,)| column("parts", "id", &id))
                .transpose()?;
            if part.is_none() {
                // The row comes before the file, so that no file is ever without one.
                execute!(tx, KEEP_PART, new.to_string(), self.client.as_str(), id.as_str(), 0_i64, 0_i64)?;
                part = Some(new);
            }
        }
        Ok(Turn { upload: self.upload, epoch, part })
    }
}

#[derive(Clone)]
struct Advance {
    turn: Turn,
    client: ClientId,
    part: Part,
    /// Where the upload stood.
    from: ByteSize,
    now: UnixMillis,
    expires_at: UnixMillis,
}

impl Verb for Advance {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let (id, part) = (self.turn.upload.to_string(), self.part);
        renew(tx, &id, self.now, self.expires_at).await?;
        let to = part.begins.saturating_add(part.size).to_column();
        if execute!(tx, ADVANCE, id.as_str(), self.turn.epoch, self.from.to_column(), to)? == 0 {
            return Err(Error::Resumption(Resumption::Locked));
        }
        let (begins, size) = (part.begins.to_column(), part.size.to_column());
        execute!(tx, KEEP_PART, part.id.to_string(), self.client.as_str(), id, begins, size).map(|_| ())
    }
}

/// Moves an upload back to what is really there.
#[derive(Clone)]
struct Rewind {
    turn: Turn,
    from: ByteSize,
    to: ByteSize,
}

impl Verb for Rewind {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let (id, to) = (self.turn.upload.to_string(), self.to.to_column());
        if execute!(tx, REWIND, id, self.turn.epoch, self.from.to_column(), to)? == 1
            && let Some(part) = self.turn.part
        {
            // The row is there: only its size changes.
            execute!(tx, RESIZE, part.to_string(), to)?;
        }
        Ok(())
    }
}

/// Leaves to the collector a part that was stored and then not counted.
#[derive(Clone)]
struct Disown {
    client: ClientId,
    part: Part,
}

impl Verb for Disown {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        execute!(tx, KEEP_NOBODYS, self.part.id.to_string(), self.client.as_str()).map(|_| ())
    }
}

#[derive(Clone)]
struct SetSize {
    upload: UploadId,
    size: ByteSize,
    temp_limit: i64,
    now: UnixMillis,
}

impl Verb for SetSize {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        let id = self.upload.to_string();
        let row = fetch_optional!(tx, TicketRow, TICKET, id.as_str())?;
        let row = row.filter(|row| row.done_hash.is_none()).ok_or_else(gone)?;
        let short = self.size.to_column() - row.stored() - row.reserved;
        let room =
            Room { temporary: row.temporary, wanted: short.max(0), least: short.max(0), freed: Bytes::default() };
        let client = column("uploads", "client_id", &row.client_id)?;
        let more = counters::reserve(tx, client, room, self.temp_limit, self.now).await?;
        let (reserved, folder) = (row.reserved, row.folder_id.as_str());
        match execute!(tx, SET_SIZE, id, self.size.to_column(), more, reserved, folder)? {
            0 => Err(Error::Unavailable(CONTENDED)),
            _ => Ok(()),
        }
    }
}

#[derive(Clone)]
struct ForgetParts(Vec<BlobId>);

impl Verb for ForgetParts {
    type Out = ();

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        for part in &self.0 {
            execute!(tx, FORGET_PART, part.to_string())?;
        }
        Ok(())
    }
}

impl Store {
    /// An upload that may be resumed.
    pub async fn resumable(&self, upload: UploadId) -> Result<Resumable> {
        let mut tx = self.db.read().await?;
        let id = upload.to_string();
        // This first: what is done meanwhile is done with all its bytes.
        let row = fetch_optional!(tx, (i64, String), FIND, id.as_str())?;
        let (received, metadata) = row.ok_or_else(gone)?;
        let ticket = fetch_optional!(tx, TicketRow, TICKET, id)?.ok_or_else(gone)?;
        let ticket: UploadTicket = ticket.try_into()?;
        let mut received = size_column("resumables", "received", received)?;
        if let (Some(_), Some(size)) = (ticket.done, ticket.size) {
            received = size;
        }
        Ok(Resumable { ticket, received, metadata })
    }

    /// Takes the turn of an upload that stands where the caller thinks; whoever had it can move nothing any more.
    pub async fn take_resumable(
        &self,
        (client, upload): (ClientId, UploadId),
        at: ByteSize,
        grows: Option<BlobId>,
        (now, expires_at): (UnixMillis, UnixMillis),
    ) -> Result<Turn> {
        self.db.write(Take { upload, client, at, grows, now, expires_at }).await
    }

    /// Moves an upload on from where it stood to the end of a part that is durable.
    pub async fn advance_resumable(
        &self,
        turn: Turn,
        client: ClientId,
        part: Part,
        from: ByteSize,
        (now, expires_at): (UnixMillis, UnixMillis),
    ) -> Result<()> {
        self.db.write(Advance { turn, client, part, from, now, expires_at }).await
    }

    /// Moves an upload back: bytes that were durable are not there any more.
    pub async fn rewind_resumable(&self, turn: Turn, from: ByteSize, to: ByteSize) -> Result<()> {
        self.db.write(Rewind { turn, from, to }).await
    }

    /// Sets the length of an upload that was registered without one, and reserves it.
    pub async fn set_upload_size(
        &self,
        upload: UploadId,
        size: ByteSize,
        temp_limit: i64,
        now: UnixMillis,
    ) -> Result<()> {
        self.db.write(SetSize { upload, size, temp_limit, now }).await
    }

    /// Leaves to the collector a part that no upload counts.
    pub async fn disown_part(&self, client: ClientId, part: Part) -> Result<()> {
        self.db.write(Disown { client, part }).await
    }

    /// The parts of an upload, in their order.
    pub async fn parts(&self, upload: UploadId) -> Result<Vec<Part>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, i64, i64), PARTS, upload.to_string())?;
        let part = |(id, begins, size): (String, i64, i64)| {
            let (begins, size) = (size_column("parts", "begins", begins)?, size_column("parts", "size", size)?);
            Ok(Part { id: column("parts", "id", &id)?, begins, size })
        };
        rows.into_iter().map(part).collect()
    }

    /// Parts whose uploads are done or gone.
    pub async fn spent_parts(&self, most: i64) -> Result<Vec<PartRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String), SPENT, most)?;
        rows.into_iter().map(|(id, client)| part_row(&id, &client, 0)).collect()
    }

    /// Deletes the rows of parts whose objects are gone.
    pub async fn forget_parts(&self, parts: Vec<BlobId>) -> Result<()> {
        self.db.write(ForgetParts(parts)).await
    }

    /// Parts that must be there, by identifier, behind the one given.
    pub async fn parts_after(&self, after: &str, most: i64) -> Result<Vec<PartRow>> {
        let mut tx = self.db.read().await?;
        let rows = fetch_all!(tx, (String, String, i64), EXPECTED, after, most)?;
        rows.into_iter().map(|(id, client, size)| part_row(&id, &client, size)).collect()
    }
}

fn part_row(id: &str, client: &str, size: i64) -> Result<PartRow> {
    Ok(PartRow {
        id: column("parts", "id", id)?,
        client: column("parts", "client_id", client)?,
        size: size_column("parts", "size", size)?,
    })
}
