//! The reference library's uploads that may be resumed: how far each came, and what a transfer moves.

use serde_json::{Value, json};

use super::content::Content;
use super::expect::{Answer, Context};
use super::reference::{Library, NewFile, Upload};
use super::tus::{LOCATION, Patch, Piece, Sum, Tus, http_date};
use super::uploading::check_hash;
use super::words::{BLOCKED, EXISTS, OTHER_BYTES, Outcome, Refusal, file_name, folder_path, join, refuse};

/// How long an upload waits for its next bytes.
const LIFE: i64 = 24 * 60 * 60 * 1000;

/// How far an upload came.
#[derive(Clone, Debug)]
pub(super) struct Resumable {
    /// How many bytes were counted.
    pub(super) received: u64,
    /// What they are the beginning of. Where the length is said later, it may be shorter or longer than this.
    pub(super) content: Content,
    metadata: String,
}

fn too_long<T>(limit: u64) -> Outcome<T> {
    refuse(413, &format!("Body exceeds maximum size of {limit} bytes"))
}

/// More than is missing is refused before it comes, when it says how much it is.
fn fits(size: Option<u64>, received: u64, piece: &Piece) -> Outcome<()> {
    match size.map(|size| size.saturating_sub(received)) {
        Some(limit) if piece.tells_length && piece.length > limit => too_long(limit),
        _ => Ok(()),
    }
}

/// How far an upload is, and in answer to HEAD all that is known of it.
fn say(library: &Library, tus: &Tus, said: &mut Value) {
    let Some(upload) = library.uploads.get(&tus.tag()) else { return };
    let resumable = upload.resumable.as_ref().unwrap();
    said["offset"] = resumable.received.to_string().into();
    if upload.done.is_none() {
        said["expires"] = http_date(upload.expires).into();
    }
    if matches!(tus, Tus::Head { .. }) {
        // Spaces at the end of a field are not part of it.
        said["metadata"] = resumable.metadata.trim_end().into();
        match upload.size {
            Some(size) => said["length"] = size.to_string().into(),
            None => said["defer"] = "1".into(),
        }
    }
}

impl Library {
    /// An upload whose time is not over.
    fn under_way(&self, now: i64, tag: u32) -> Outcome<(&Upload, &Resumable)> {
        let upload = self.uploads.get(&tag).filter(|upload| upload.expires > now);
        let found = upload.and_then(|upload| Some((upload, upload.resumable.as_ref()?)));
        found.map_or_else(|| refuse(404, "Upload not found"), Ok)
    }

    fn resumable(&mut self, tag: u32) -> &mut Resumable {
        self.uploads.get_mut(&tag).unwrap().resumable.as_mut().unwrap()
    }

    fn begin(&mut self, now: i64, tag: u32, new: &NewFile, content: Content, hash: Option<&str>) -> Outcome<()> {
        let known = match hash.filter(|_| new.size.is_some()) {
            Some(hash) => self.known(now, new, hash)?,
            None => None,
        };
        self.reserve(now, tag, new)?;
        let upload = self.uploads.get_mut(&tag).unwrap();
        upload.expires = now + LIFE;
        let metadata = super::tus::metadata(new, hash);
        upload.resumable = Some(Resumable { received: 0, content, metadata });
        if let Some(known) = known {
            self.receive(now, tag, known)?;
            self.resumable(tag).received = known.len();
        }
        Ok(())
    }

    /// Registers, and takes the first bytes. Where they do not come as they should, the registration goes too. Nobody looks
    /// at their hash, but it is remembered.
    fn begin_with(
        &mut self,
        now: i64,
        tag: u32,
        (new, hash): (&NewFile, Option<&str>),
        content: Content,
        first: &Piece,
    ) -> Outcome<()> {
        self.begin(now, tag, new, content, None)?;
        self.resumable(tag).metadata = super::tus::metadata(new, hash);
        let taken = fits(new.size, 0, first).and_then(|()| self.transfer(now, tag, first));
        if taken.is_err() {
            self.end(tag);
            self.settle(now);
        }
        taken
    }

    fn patch(&mut self, now: i64, tag: u32, patch: &Patch) -> Outcome<()> {
        let (upload, resumable) = self.under_way(now, tag)?;
        let (size, received, done) = (upload.size, resumable.received, upload.done.is_some());
        if patch.at != received {
            return refuse(409, "Upload-Offset is not where the upload stands; ask with HEAD");
        }
        match (size, patch.total) {
            (Some(known), Some(total)) if known != total => {
                return refuse(400, "Upload-Length is already set to another length");
            }
            (None, Some(total)) if total < received || total == 0 => {
                return refuse(400, "Upload-Length is less than what has come, or nothing");
            }
            _ => {}
        }
        fits(size.or(patch.total), received, &patch.piece)?;
        if done {
            return Ok(());
        }
        if self.hold_at.is_some() {
            return refuse(403, BLOCKED);
        }
        if let (None, Some(total)) = (size, patch.total) {
            self.set_size(now, tag, total)?;
        }
        self.transfer(now, tag, &patch.piece)
    }

    /// The length was said after all: what is missing of its room is reserved.
    fn set_size(&mut self, now: i64, tag: u32, total: u64) -> Outcome<()> {
        if total > self.plan.file {
            return refuse(413, &format!("File exceeds maximum size of {} bytes", self.plan.file));
        }
        let upload = &self.uploads[&tag];
        let short = total.saturating_sub(self.files[&upload.file].stored() + upload.reserved);
        self.change(now, |library| {
            let upload = library.uploads.get_mut(&tag).unwrap();
            (upload.size, upload.reserved) = (Some(total), upload.reserved + short);
            Ok(())
        })
    }

    /// Bytes that come where the upload stands. They give it more time, whatever becomes of them.
    fn transfer(&mut self, now: i64, tag: u32, piece: &Piece) -> Outcome<()> {
        let upload = self.uploads.get_mut(&tag).unwrap();
        upload.expires = upload.expires.max(now + LIFE);
        let (size, received) = (upload.size, upload.resumable.as_ref().unwrap().received);
        let to = received + piece.length;
        if size.is_some_and(|size| to > size) {
            return too_long(size.unwrap_or_default() - received);
        }
        if piece.length > 0 {
            self.grow(now, tag, to)?;
        }
        if piece.sum == Sum::Wrong {
            return refuse(460, "Upload-Checksum is not that of the bytes");
        }
        if size == Some(to) {
            return self.finish(now, tag);
        }
        self.resumable(tag).received = to;
        Ok(())
    }

    fn finish(&mut self, now: i64, tag: u32) -> Outcome<()> {
        let size = self.uploads[&tag].size.unwrap();
        let begun = self.resumable(tag).content;
        let content = Content::new(begun.flavour, usize::try_from(size).unwrap(), begun.filler);
        // Another upload was faster, and this one may not replace what it brought.
        self.receive(now, tag, content).map_err(|refusal| match refusal {
            Refusal(_, sentence) if sentence == OTHER_BYTES => Refusal(409, EXISTS.to_owned()),
            refusal => refusal,
        })?;
        self.resumable(tag).received = size;
        Ok(())
    }

    /// Where the length was said when all had come already, and something failed, only the end is missing.
    fn look(&mut self, now: i64, tag: u32) -> Outcome<()> {
        let (upload, resumable) = self.under_way(now, tag)?;
        if upload.done.is_some() || upload.size != Some(resumable.received) {
            return Ok(());
        }
        let nothing = Piece { length: 0, sum: Sum::None, tells_length: true };
        self.transfer(now, tag, &nothing)
    }

    fn terminate(&mut self, now: i64, tag: u32) -> Outcome<()> {
        self.under_way(now, tag)?;
        self.end(tag);
        self.settle(now);
        Ok(())
    }
}

/// What the metadata must hold, by the names it has there.
fn check_metadata(new: &NewFile, hash: Option<&str>) -> Outcome<()> {
    let named = |Refusal(status, sentence)| Refusal(status, format!("file{sentence}"));
    if new.size == Some(0) {
        return refuse(400, "Upload-Length is 0; a file has at least one byte");
    }
    if new.name.is_empty() {
        return refuse(400, "filename in Upload-Metadata is required");
    }
    folder_path(&new.folder)?;
    file_name(&new.name).map_err(named)?;
    check_hash(hash)?;
    if !new.content_type.contains('/') {
        return refuse(400, "filetype must be a media type such as image/png");
    }
    Ok(())
}

impl Context {
    /// A request of the protocol for uploads that may be resumed.
    pub(super) fn tus(&self, library: &mut Library, tus: &Tus) -> Answer {
        let now = self.now;
        let outcome = match tus {
            Tus::Begin { tag, new, content, hash, first } => {
                // With the first bytes nobody looks at their hash.
                let hash = hash.as_deref();
                let checked = check_metadata(new, hash.filter(|_| first.is_none()));
                let begun = checked.and_then(|()| match first {
                    Some(first) => library.begin_with(now, *tag, (new, hash), *content, first),
                    None => library.begin(now, *tag, new, *content, hash),
                });
                begun.map(|()| (201, json!({ "location": LOCATION, "file": self.begun(new) })))
            }
            Tus::Patch(patch) => library.patch(now, patch.tag, patch).map(|()| (204, json!({}))),
            Tus::Head { tag } => library.look(now, *tag).map(|()| (200, json!({}))),
            Tus::Terminate { tag } => library.terminate(now, *tag).map(|()| (204, json!({}))),
        };
        match outcome {
            Ok((status, mut said)) => {
                say(library, tus, &mut said);
                (status, said)
            }
            Err(Refusal(status, _)) if matches!(tus, Tus::Head { .. }) => (status, json!("")),
            Err(Refusal(status, sentence)) => (status, json!({ "success": false, "message": sentence })),
        }
    }

    /// Where the file will be.
    fn begun(&self, new: &NewFile) -> String {
        self.stable(&join(&folder_path(&new.folder).unwrap(), &file_name(&new.name).unwrap()))
    }
}
