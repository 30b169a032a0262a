//! `reelshelf verify`: rows against rows, counters against rows, bytes against rows. It reads, and shares nothing with
//! the code that writes.

use futures::{StreamExt, TryStreamExt};
use reelshelf_domain::{AssetHash, BlobId, ByteRange, ClientId, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::blobs::BlobKey;
use crate::store::BlobRow;

/// How many blobs are looked up at a time.
const BATCH: i64 = 256;
/// How many blobs are read at once.
const AT_ONCE: usize = 4;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// A counter that does not say what its rows say.
    Counter {
        /// The client or folder.
        of: String,
        /// Which counter.
        counter: &'static str,
        /// What it says.
        is: i64,
        /// What the rows say.
        should_be: i64,
    },
    /// A row that contradicts another.
    Row {
        /// The file or folder.
        of: String,
        /// What is wrong.
        what: String,
    },
    /// A file's bytes are not there.
    BlobMissing {
        /// The object's name.
        object: String,
    },
    /// Bytes of an upload under way are not there, or not all of them.
    PartCutOff {
        /// The object's name.
        object: String,
        /// How many bytes there should be.
        should_be_bytes: u64,
        /// How many there are.
        bytes: u64,
    },
    /// A file's bytes are not the ones that were stored.
    BlobDamaged {
        /// The object's name.
        object: String,
        /// How many bytes there should be.
        should_be_bytes: u64,
        /// How many there are.
        bytes: u64,
        /// Their hash.
        sha256: String,
    },
}

/// What a verification found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether everything is as it must be.
    pub ok: bool,
    /// How many clients were recounted.
    pub clients: usize,
    /// How many folders were recounted.
    pub folders: usize,
    /// How many blobs were read.
    pub blobs: usize,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many derived files were read.
    pub derived: usize,
    /// How many stored parts of uploads under way were looked at.
    pub parts: usize,
    /// Objects that no file and no upload under way has: about to be collected, or just being written.
    pub unreferenced_objects: usize,
    /// Half-written files of uploads under way.
    pub scratch_files: usize,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Recounts everything, and reads every byte.
pub async fn verify(app: &App) -> Result<Report> {
    let mut report = Report::default();
    check_rows(app, &mut report).await?;
    let (store, problems) = (&app.store, &mut report.problems);
    let originals = async |after: &str| store.blobs_after(after, BATCH).await;
    (report.blobs, report.bytes) = check_objects(app, originals, BlobKey::Original, problems).await?;
    let derived = async |after: &str| store.derived_after(after, BATCH).await;
    (report.derived, _) = check_objects(app, derived, BlobKey::Derived, problems).await?;
    check_parts(app, &mut report).await?;
    count_unreferenced(app, &mut report).await?;
    report.scratch_files = app.blobs.scratch_files().await?;
    report.ok = report.problems.is_empty();
    Ok(report)
}

async fn check_rows(app: &App, report: &mut Report) -> Result<()> {
    let audit = app.store.audit().await?;
    report.clients = audit.clients.len();
    report.folders = audit.folders.len();
    let clients = audit.clients.iter().map(|client| (&client.id, client.counters()));
    let folders = audit.folders.iter().map(|folder| (&folder.id, folder.counters()));
    for (id, counters) in clients.chain(folders) {
        for (counter, is, should_be) in counters.into_iter().filter(|(_, is, should_be)| is != should_be) {
            report.problems.push(Problem::Counter { of: id.clone(), counter, is, should_be });
        }
    }
    report.problems.extend(audit.rows.into_iter().map(|(of, what)| Problem::Row { of, what }));
    Ok(())
}

/// Reads all objects of a kind. Answers how many there are, and how many bytes they have.
async fn check_objects(
    app: &App,
    rows_after: impl AsyncFn(&str) -> Result<Vec<BlobRow>>,
    key: fn(ClientId, BlobId) -> BlobKey,
    problems: &mut Vec<Problem>,
) -> Result<(usize, u64)> {
    let (mut after, mut objects, mut bytes) = (String::new(), 0, 0);
    loop {
        let batch = rows_after(&after).await?;
        let Some(last) = batch.last() else { return Ok((objects, bytes)) };
        after = last.id.to_string();
        let read: Vec<_> = futures::stream::iter(batch)
            .map(|row| check_blob(app, key(row.client, row.id), row))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for (size, problem) in read {
            objects += 1;
            bytes += size;
            problems.extend(problem);
        }
    }
}

async fn check_blob(app: &App, key: BlobKey, row: BlobRow) -> Result<(u64, Option<Problem>)> {
    let object = key.name();
    let Some(bytes) = app.blobs.size(key).await? else {
        return missing(app, row, object).await;
    };
    let mut hasher = Sha256::new();
    if let Some(range) = ByteRange::whole(bytes) {
        let Some(mut stream) = app.blobs.read(key, range).await? else {
            return missing(app, row, object).await;
        };
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => hasher.update(&piece),
                Err(error) => return Err(reelshelf_domain::Error::internal("reading a blob", error)),
            }
        }
    }
    let hash = AssetHash::from_bytes(hasher.finalize().into());
    if bytes == row.size.get() && hash == row.hash {
        return Ok((bytes, None));
    }
    let sha256 = hash.to_string();
    Ok((bytes, Some(Problem::BlobDamaged { object, should_be_bytes: row.size.get(), bytes, sha256 })))
}

/// A blob that is not there is no loss when it was deleted, row and all, since its row was read.
async fn missing(app: &App, row: BlobRow, object: String) -> Result<(u64, Option<Problem>)> {
    let expected = app.store.expects_blob(row.id).await?;
    Ok((0, expected.then_some(Problem::BlobMissing { object })))
}

/// The parts of uploads under way are there, with at least the bytes that were counted; a part may be growing.
async fn check_parts(app: &App, report: &mut Report) -> Result<()> {
    let mut after = String::new();
    loop {
        let batch = app.store.parts_after(&after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id.to_string();
        for part in batch {
            report.parts += 1;
            let key = BlobKey::Part(part.client, part.id);
            let bytes = app.blobs.size(key).await?.unwrap_or_default();
            if bytes < part.size.get() && app.store.expects_blob(part.id).await? {
                let (object, should_be_bytes) = (key.name(), part.size.get());
                report.problems.push(Problem::PartCutOff { object, should_be_bytes, bytes });
            }
        }
    }
}

async fn count_unreferenced(app: &App, report: &mut Report) -> Result<()> {
    for shard in 0..=u8::MAX {
        let (objects, _) = app.blobs.list(shard).await?;
        for object in objects {
            report.unreferenced_objects += usize::from(!app.store.is_blob_referred(object.key.blob()).await?);
        }
    }
    Ok(())
}
