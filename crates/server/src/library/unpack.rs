//! Unpacking a ZIP: received whole into a scratch file, looked through, planned, and then each of its files goes the way
//! of every other upload, so that limits, quota, hashing and types are the same. What is stored is stored, whatever
//! becomes of the rest.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{iter, unfold};
use futures::{Stream, StreamExt};
use reelshelf_domain::{
    AssetHash, ByteSize, DisplayName, Error, FileName, FolderName, FolderPath, MediaPath, MediaType, Result, Taken,
    Thing,
};
use reelshelf_media::{Archive, ArchiveProblem, Member, MemberProblem, MemberReader, UnzipLimits, sniff};

use super::held::gather;
use super::rehearse::{confirm, foretell};
use super::{Caller, Foretold, Held, NewFile, Slot, journal, make_folder, storage, upload};
use crate::app::App;
use crate::blobs::{Filled, ScratchReader};
use crate::store::{Arrival, Arrivals, Asset};

/// How many files of one archive are stored at once. Their commits share an fsync.
const AT_ONCE: usize = 8;

/// Where an archive is unpacked, and how.
#[derive(Clone, Debug)]
pub struct Unpacking {
    /// The folder.
    pub folder: FolderPath,
    /// Whether files of the same names are replaced.
    pub overwrite: bool,
}

/// An archive that is here and was looked through.
pub struct Pack {
    archive: Arc<Archive<ScratchReader>>,
    hash: AssetHash,
    _slot: Slot,
}

impl Pack {
    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.archive.members.len()
    }
}

/// What is to become of an archive's entries, in their order.
struct Plan {
    steps: Vec<Step>,
    /// How many are what systems leave in archives for themselves.
    skipped: usize,
    /// Places that two or more go to.
    crowded: HashSet<MediaPath>,
}

impl Plan {
    /// The files that are to come.
    fn arrivals(&self, caller: &Caller, pack: &Pack, to: &Unpacking) -> Arrivals {
        let Unpacking { folder, overwrite } = to;
        let asked = format!("unpack {} into {folder} {overwrite}", pack.hash);
        let mut seen = HashSet::new();
        let places = self.steps.iter().filter_map(|step| match &step.target {
            Ok(Target::File(path, _)) => Some(path),
            _ => None,
        });
        let paths = places.filter(|path| seen.insert(*path)).cloned().collect();
        Arrivals { client: caller.client, asked, paths, overwrite: *overwrite }
    }

    /// Whether everything fits within the limits of the client, so that the order makes no difference.
    async fn fits(&self, app: &App, caller: &Caller, pack: &Pack) -> Result<bool> {
        let (mut size, mut folders) = (ByteSize::ZERO, HashSet::new());
        for step in &self.steps {
            let folder = match &step.target {
                Ok(Target::File(path, _)) => {
                    size = size.saturating_add(ByteSize::new(pack.archive.members[step.index].size));
                    &path.folder
                }
                Ok(Target::Folder(folder)) => folder,
                Err(_) => continue,
            };
            folders.extend((1..=folder.names().len()).map(|depth| &folder.names()[..depth]));
        }
        let count = app.store.folder_count(caller.client).await?.saturating_add(folders.len() as u64);
        Ok(count <= app.settings.limits.folders.into() && storage(app, caller.client).await?.takes(size))
    }
}

struct Step {
    /// The entry's name, for showing.
    name: String,
    index: usize,
    target: Result<Target>,
}

enum Target {
    File(MediaPath, DisplayName),
    Folder(FolderPath),
}

/// What became of an entry: the file and its folder, where one was stored.
pub type EntryOutcome = Result<Option<(FolderPath, Asset)>>;

/// What became of an archive, or would.
#[derive(Debug)]
pub struct Unpacked {
    /// What is missing in these: what systems leave in archives for themselves.
    pub skipped: usize,
    /// Each entry: its path in the library, or its name in the archive where it has none; and the file, when there is one.
    pub entries: Vec<(String, EntryOutcome)>,
    /// How many files were stored, or would be.
    pub files: usize,
    /// And how many bytes.
    pub bytes: u64,
}

/// Receives an archive. While it comes it is an upload like any other; its turn to be unpacked begins when it is here.
pub async fn receive_pack<S>(app: &App, caller: &Caller, length: Option<u64>, body: S) -> Result<Pack>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
{
    let most = app.settings.zip.archive;
    if length.is_some_and(|length| length > most.get()) {
        return Err(Error::TooLarge { what: Thing::Body, limit: most });
    }
    let receiving = app.upload_slots.take(caller.client)?;
    let filled = gather(app, most, Thing::Body, body).await?;
    let turn = turn(app, caller).await?;
    drop(receiving);
    look(app, filled, turn).await
}

/// Looks through an archive that was received before it was known to be one.
pub async fn open_pack(app: &App, caller: &Caller, held: Held) -> Result<Pack> {
    if held.size() > app.settings.zip.archive {
        return Err(Error::TooLarge { what: Thing::Body, limit: app.settings.zip.archive });
    }
    let turn = turn(app, caller).await?;
    look(app, held.0, turn).await
}

/// Waits for its turn as long as anybody waits for a client: the archive is here, and to send it again would cost more.
async fn turn(app: &App, caller: &Caller) -> Result<Slot> {
    app.unpack_slots.wait(caller.client, Duration::from_secs(app.settings.server.idle_seconds)).await
}

async fn look(app: &App, filled: Filled, slot: Slot) -> Result<Pack> {
    let zip = &app.settings.zip;
    let hash = filled.hash;
    let (length, limits) = (filled.size, UnzipLimits { members: zip.entries, directory: zip.directory.get() });
    let reader = filled.reader().await?;
    let opened = tokio::task::spawn_blocking(move || Archive::open(reader, length.get(), limits)).await;
    let archive =
        opened.map_err(|error| Error::internal("reading an archive", error))?.map_err(|problem| match problem {
            ArchiveProblem::Io(error) => Error::internal("reading an archive", error),
            problem => Error::invalid("archive", problem.to_string()),
        })?;
    let most = zip.unpacked.get().min(length.get().saturating_mul(zip.ratio).max(zip.ratio_from.get()));
    if archive.unpacked() > most {
        let most = ByteSize::new(most);
        return Err(Error::invalid("archive", format!("unpacks to more than {most}, the most for its size")));
    }
    if archive.members.is_empty() {
        return Err(Error::invalid("archive", "has nothing in it"));
    }
    Ok(Pack { archive: Arc::new(archive), hash, _slot: slot })
}

/// Decides on every entry, without looking at the library.
fn plan(app: &App, caller: &Caller, pack: &Pack, to: &Unpacking) -> Result<Plan> {
    let most = app.settings.plans.get(&caller.plan)?.file;
    let (mut steps, mut skipped, mut crowded) = (Vec::new(), 0, HashSet::new());
    let mut taken = HashSet::new();
    for (index, member) in pack.archive.members.iter().enumerate() {
        if member.is_litter() {
            skipped += 1;
            continue;
        }
        let mut target = target(member, &to.folder, most);
        if let Ok(Target::File(path, _)) = &target
            && !taken.insert(path.clone())
        {
            crowded.insert(path.clone());
            if !to.overwrite {
                target = Err(Error::Taken(Taken::FileAtUpload));
            }
        }
        let name = DisplayName::of(&member.name).to_string();
        steps.push(Step { name, index, target });
    }
    // A folder that a file goes to is made for it.
    let made: HashSet<_> = taken.iter().map(|path| path.folder.clone()).collect();
    steps.retain(|step| !matches!(&step.target, Ok(Target::Folder(folder)) if made.contains(folder)));
    Ok(Plan { steps, skipped, crowded })
}

fn target(member: &Member, below: &FolderPath, most: ByteSize) -> Result<Target> {
    let levels = member.path.as_ref().map_err(|problem| entry(*problem))?;
    if let Some(problem) = member.problem {
        return Err(entry(problem));
    }
    let (folders, file) = if member.is_folder { (levels.as_slice(), None) } else { last(levels) };
    let mut folder = below.clone();
    for level in folders {
        folder = folder.join(FolderName::sanitise(level)?)?;
    }
    let Some(name) = file else { return Ok(Target::Folder(folder)) };
    if member.size == 0 {
        return Err(Error::invalid("entry", "is empty; a file has at least one byte"));
    }
    if member.size > most.get() {
        return Err(Error::TooLarge { what: Thing::File, limit: most });
    }
    Ok(Target::File(MediaPath::new(folder, FileName::sanitise(name)?), DisplayName::of(name)))
}

fn last(levels: &[String]) -> (&[String], Option<&String>) {
    levels.split_last().map_or((levels, None), |(last, above)| (above, Some(last)))
}

fn entry(problem: MemberProblem) -> Error {
    Error::invalid("entry", problem.to_string())
}

/// Stores what is in an archive: with the token of a rehearsal, only if it replaces what that told, and nothing else.
pub async fn unpack(app: &App, caller: &Caller, pack: &Pack, to: &Unpacking, token: Option<&str>) -> Result<Unpacked> {
    let plan = plan(app, caller, pack, to)?;
    let may_replace = match token {
        None => None,
        Some(token) => {
            let arrivals = plan.arrivals(caller, pack, to);
            let places = arrivals.paths.clone().into_iter();
            let replaces = confirm(app, caller, arrivals, token).await?;
            let told = places.zip(replaces).filter_map(|(path, replaces)| replaces.then_some(path));
            Some(told.chain(plan.crowded.iter().filter(|_| to.overwrite).cloned()).collect::<HashSet<_>>())
        }
    };
    let overwrite = |path: &MediaPath| may_replace.as_ref().map_or(to.overwrite, |may| may.contains(path));
    let broken = AtomicBool::new(false);
    // Where two go to one place, or not all fit, they come in the order that was told.
    let at_once = if plan.crowded.is_empty() && plan.fits(app, caller, pack).await? { AT_ONCE } else { 1 };
    let act = |step: Step| journal::branch(step.index, carry_out(app, caller, pack, &overwrite, step, &broken));
    let acts: Vec<_> = plan.steps.into_iter().map(act).collect();
    let entries: Vec<_> = iter(acts).buffered(at_once).collect().await;
    let stored = entries.iter().filter_map(|(_, result)| result.as_ref().ok()?.as_ref());
    let (files, bytes) = stored.fold((0, 0), |(files, bytes), (_, file)| (files + 1, bytes + file.size.get()));
    Ok(Unpacked { skipped: plan.skipped, entries, files, bytes })
}

async fn carry_out(
    app: &App,
    caller: &Caller,
    pack: &Pack,
    overwrite: impl Fn(&MediaPath) -> bool,
    step: Step,
    broken: &AtomicBool,
) -> (String, EntryOutcome) {
    if broken.load(Ordering::Relaxed) {
        return (step.name, Err(Error::invalid("entry", "was not tried: one before it could not be stored")));
    }
    let (path, stored) = match step.target {
        Err(error) => return (step.name, Err(error)),
        Ok(Target::Folder(folder)) => (folder.to_string(), make_folder(app, caller.client, folder).await.map(|_| None)),
        Ok(Target::File(path, display_name)) => {
            let member = &pack.archive.members[step.index];
            let (shown, folder) = (path.to_string(), path.folder.clone());
            let overwrite = overwrite(&path);
            let stored = store(app, caller, pack, member, (path, display_name, overwrite)).await;
            (shown, stored.map(|asset| Some((folder, asset))))
        }
    };
    if let Err(Error::DiskFull | Error::Internal(_) | Error::Unavailable(_)) = &stored {
        // Not this entry's fault: the others would only meet the same.
        broken.store(true, Ordering::Relaxed);
    }
    let name = if stored.is_ok() { path } else { step.name };
    (name, stored)
}

/// One file, on the way of every upload.
async fn store(
    app: &App,
    caller: &Caller,
    pack: &Pack,
    member: &Member,
    (path, display_name, overwrite): (MediaPath, DisplayName, bool),
) -> Result<Asset> {
    let mut pieces = pieces(pack.archive.read(member));
    let first = pieces.next().await.transpose()?.unwrap_or_default();
    let size = Some(ByteSize::new(member.size));
    // An archive declares no types: what the bytes are is declared for them.
    let content_type = sniff(&first).mime().to_owned();
    let file = NewFile { path, display_name, content_type, size, sha256: None, overwrite };
    upload(app, caller, file, iter([Ok(first)]).chain(pieces)).await
}

/// A member's bytes. What unpacks them gets a thread for each piece, and is gone with whatever makes it fail.
fn pieces(reader: MemberReader<ScratchReader>) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    let next = |reader: Option<MemberReader<ScratchReader>>| async move {
        let mut reader = reader?;
        let read = tokio::task::spawn_blocking(move || (reader.next_piece(), reader)).await;
        match read {
            Ok((Ok(Ok(piece)), reader)) => piece.map(|piece| (Ok(piece.into()), Some(reader))),
            Ok((Ok(Err(problem)), _)) => Some((Err(entry(problem)), None)),
            Ok((Err(error), _)) => Some((Err(Error::internal("reading an archive", error)), None)),
            Err(_) => Some((Err(entry(MemberProblem::Damaged)), None)),
        }
    };
    Box::pin(unfold(Some(reader), next))
}

/// Says what unpacking would do, and does nothing.
pub async fn rehearse_unpack(app: &App, caller: &Caller, pack: &Pack, to: &Unpacking) -> Result<(Unpacked, Foretold)> {
    let plan = plan(app, caller, pack, to)?;
    let arrivals = plan.arrivals(caller, pack, to);
    let each = plan.steps.iter().filter_map(|step| arrival(app, caller, pack, to, step).transpose());
    let (outcomes, told) = foretell(app, arrivals, each.collect::<Result<_>>()?).await?;
    let mut outcomes = outcomes.into_iter();
    let mut rehearsed = Unpacked { skipped: plan.skipped, entries: Vec::new(), files: 0, bytes: 0 };
    for step in plan.steps {
        let mut next = || outcomes.next().ok_or_else(|| Error::inconsistent("an arrival without rehearsal"));
        let (path, outcome) = match step.target {
            Err(error) => (None, Err(error)),
            Ok(Target::Folder(folder)) => (Some(folder.to_string()), next()?),
            Ok(Target::File(path, _)) => {
                let outcome = next()?;
                if outcome.is_ok() {
                    rehearsed.files += 1;
                    rehearsed.bytes += pack.archive.members[step.index].size;
                }
                (Some(path.to_string()), outcome)
            }
        };
        let path = path.filter(|_| outcome.is_ok()).unwrap_or(step.name);
        rehearsed.entries.push((path, outcome.map(|()| None)));
    }
    Ok((rehearsed, told))
}

/// What of a step comes into the library.
fn arrival(app: &App, caller: &Caller, pack: &Pack, to: &Unpacking, step: &Step) -> Result<Option<Arrival>> {
    match &step.target {
        Err(_) => Ok(None),
        Ok(Target::Folder(folder)) => {
            let limit = app.settings.limits.folders.into();
            Arrival::folder(folder.clone(), limit, app.now(), app.chance.as_ref()).map(Some)
        }
        Ok(Target::File(path, display_name)) => {
            let file = NewFile {
                path: path.clone(),
                display_name: display_name.clone(),
                // What the bytes are makes no difference to whether they come.
                content_type: MediaType::Other.mime().to_owned(),
                size: Some(ByteSize::new(pack.archive.members[step.index].size)),
                sha256: None,
                overwrite: to.overwrite,
            };
            file.arrival(app, caller).map(Some)
        }
    }
}
