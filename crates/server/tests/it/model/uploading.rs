//! The reference library's uploads: registered, brought, and ended.

use super::content::Content;
use super::imports::Import;
use super::reference::{File, Library, NewFile, STEP, Upload};
use super::words::{
    BLOCKED, EXISTS, EXPIRED, GONE, OTHER_BYTES, OTHER_HASH, Outcome, WRONG_LENGTH, WRONG_TYPE, file_name, folder_path,
    is_temp, refuse,
};

/// How long an upload URL is valid, how long before its end a transfer renews its registration (it may pause as long), and
/// how long `temp` keeps a file.
const URL_LIFE: i64 = 120_000;
const RENEWAL: i64 = 60_000;
pub(super) const TEMP_LIFE: i64 = 3 * 24 * 60 * 60 * 1000;

/// When the bytes of a registration come.
#[derive(Clone, Copy)]
enum Coming {
    Now,
    Later,
}

pub(super) fn check_hash(hash: Option<&str>) -> Outcome<()> {
    if hash.is_some_and(|hash| hash.len() != 64) {
        return refuse(400, "sha256 must be 64 hexadecimal digits");
    }
    Ok(())
}

impl Upload {
    fn new(now: i64, new: &NewFile, file: u32, reserved: u64) -> Self {
        let NewFile { name, content_type, size, overwrite, .. } = new.clone();
        let (display, declared, expires) = (name, content_type, now + URL_LIFE);
        let (done, expected, resumable, import) = (None, None, None, None);
        Self { file, display, declared, size, overwrite, reserved, expires, done, expected, resumable, import }
    }
}

impl File {
    fn pending(now: i64, new: &NewFile, id: u32, folder: String, name: String) -> Self {
        let (display, declared) = (new.name.clone(), new.content_type.clone());
        let (declared_size, created, modified) = (new.size.unwrap_or(0), now, now);
        let (expires, content) = (None, None);
        Self { id, folder, name, display, declared, declared_size, created, modified, expires, content }
    }
}

impl Library {
    /// Registers an upload under a number of the caller's, and gives out its URL.
    pub(super) fn register(&mut self, now: i64, tag: u32, new: &NewFile) -> Outcome<()> {
        self.reserve(now, tag, new)?;
        self.signed.insert(tag, now + URL_LIFE);
        Ok(())
    }

    /// Registers an upload of bytes with this hash. Those that are here are the file at once: its number.
    pub(super) fn register_known(&mut self, now: i64, tag: u32, new: &NewFile, hash: &str) -> Outcome<Option<u32>> {
        let Some(held) = self.known(now, new, hash)? else {
            self.register(now, tag, new)?;
            self.uploads.get_mut(&tag).unwrap().expected = Some(hash.to_owned());
            return Ok(None);
        };
        let tag = self.fresh();
        self.reserve(now, tag, new)?;
        self.receive(now, tag, held)?;
        Ok(Some(self.uploads[&tag].file))
    }

    /// The bytes with this hash, if they are here and as long as was said.
    pub(super) fn known(&self, now: i64, new: &NewFile, hash: &str) -> Outcome<Option<Content>> {
        let is = |file: &&File| file.is_there(now) && file.content.is_some_and(|content| content.sha256() == hash);
        let held = self.files.values().find(is).and_then(|file| file.content);
        let fits = new.size.is_none_or(|size| size <= self.plan.file);
        if held.is_some_and(|held| fits && new.size != Some(held.len())) {
            folder_path(&new.folder)?;
            return refuse(400, "size is not the size of the bytes with this sha256");
        }
        Ok(held)
    }

    pub(super) fn reserve(&mut self, now: i64, tag: u32, new: &NewFile) -> Outcome<()> {
        self.reserve_for(now, tag, new, Coming::Now)
    }

    /// Of a length that nobody has said, an import takes room when its bytes come; but some there must be.
    pub(super) fn reserve_import(&mut self, now: i64, tag: u32, new: &NewFile) -> Outcome<()> {
        self.reserve_for(now, tag, new, Coming::Later)?;
        if new.size.is_none() {
            self.uploads.get_mut(&tag).unwrap().reserved = 0;
            self.settle(now);
        }
        Ok(())
    }

    fn reserve_for(&mut self, now: i64, tag: u32, new: &NewFile, coming: Coming) -> Outcome<()> {
        let (folder, name) = (folder_path(&new.folder)?, file_name(&new.name)?);
        let file = self.fresh();
        if new.size.is_some_and(|size| size > self.plan.file) {
            return refuse(413, &format!("File exceeds maximum size of {} bytes", self.plan.file));
        }
        if self.hold_at.is_some() {
            return refuse(403, BLOCKED);
        }
        let taken = self.taken(is_temp(&folder));
        self.change(now, |library| {
            library.ensure(&folder)?;
            let mut target = library.find(&folder, &name);
            if let Some(there) = target.filter(|there| library.is_abandoned(*there, now)) {
                library.drop_file(there);
                target = None;
            }
            if target.is_some() && !new.overwrite {
                return refuse(409, EXISTS);
            }
            if let (Some(target), Coming::Later) = (target, coming) {
                // The import that was asked for last decides what the file becomes.
                library.uploads.retain(|_, upload| upload.file != target || upload.import.is_none());
            }
            // What replaces a file needs room only for what it is larger by, and every file has at least one byte.
            let replaced = target.map_or(0, |target| library.files[&target].stored());
            let (wanted, least) = (STEP.saturating_sub(replaced), 1_u64.saturating_sub(replaced));
            let unknown = || match coming {
                Coming::Now => library.as_fits(is_temp(&folder), taken, wanted, least),
                Coming::Later => least,
            };
            let reserved = new.size.map_or_else(unknown, |size| size.saturating_sub(replaced));
            library.uploads.insert(tag, Upload::new(now, new, target.unwrap_or(file), reserved));
            if target.is_none() {
                library.files.insert(file, File::pending(now, new, file, folder, name));
            }
            Ok(())
        })
    }

    /// A pending file that nothing will bring any more gives its name back.
    fn is_abandoned(&self, file: u32, now: i64) -> bool {
        let failed = |upload: &Upload| upload.import.as_ref().is_some_and(Import::has_failed);
        let coming = |upload: &Upload| upload.done.is_none() && upload.expires > now && !failed(upload);
        let open = |upload: &Upload| upload.file == file && coming(upload);
        self.files[&file].content.is_none() && !self.uploads.values().any(open)
    }

    /// Bytes sent to the URL of an upload. `None` when no such URL was given out.
    pub(super) fn put(&mut self, now: i64, tag: u32, content_type: &str, content: Content) -> Option<Outcome<()>> {
        let ends = *self.signed.get(&tag)?;
        Some(self.put_signed(now, tag, ends, content_type, content))
    }

    fn put_signed(&mut self, now: i64, tag: u32, ends: i64, content_type: &str, content: Content) -> Outcome<()> {
        if ends <= now {
            return refuse(403, EXPIRED);
        }
        let Some(upload) = self.uploads.get_mut(&tag) else { return refuse(403, GONE) };
        if upload.declared != content_type {
            return refuse(403, WRONG_TYPE);
        }
        if upload.size != Some(content.len()) {
            return refuse(403, WRONG_LENGTH);
        }
        if let Some(done) = upload.done {
            return if done == content { Ok(()) } else { refuse(403, OTHER_BYTES) };
        }
        if self.hold_at.is_some() {
            return refuse(403, BLOCKED);
        }
        // A transfer under way keeps its registration, if not its URL.
        if now >= upload.expires - RENEWAL {
            upload.expires = now + URL_LIFE;
        }
        if upload.expected.as_ref().is_some_and(|expected| *expected != content.sha256()) {
            return refuse(403, OTHER_HASH);
        }
        self.receive(now, tag, content)
    }

    pub(super) fn receive(&mut self, now: i64, tag: u32, content: Content) -> Outcome<()> {
        self.change(now, |library| {
            let upload = library.uploads.get_mut(&tag).unwrap();
            (upload.done, upload.reserved) = (Some(content), 0);
            let file = library.files.get_mut(&upload.file).unwrap();
            if let Some(there) = file.content.filter(|_| !upload.overwrite) {
                // Another upload was faster, and this one may not replace what it brought.
                return if there == content { Ok(()) } else { refuse(403, OTHER_BYTES) };
            }
            file.content = Some(content);
            file.declared.clone_from(&upload.declared);
            file.display.clone_from(&upload.display);
            file.modified = now;
            file.expires = is_temp(&file.folder).then_some(now + TEMP_LIFE);
            Ok(())
        })
    }

    /// Registers and brings the bytes in one request.
    pub(super) fn upload(&mut self, now: i64, new: &NewFile, content: Content) -> Outcome<u32> {
        self.upload_expecting(now, new, content, None, false)
    }

    /// The same of bytes that must have a hash.
    pub(super) fn upload_expecting(
        &mut self,
        now: i64,
        new: &NewFile,
        content: Content,
        hash: Option<&str>,
        keyed: bool,
    ) -> Outcome<u32> {
        folder_path(&new.folder)?;
        file_name(&new.name)?;
        check_hash(hash)?;
        let hashed = || match hash {
            Some(hash) if content.sha256() != hash => {
                refuse(400, "sha256 is not that of the bytes; nothing was stored")
            }
            _ => Ok(()),
        };
        // A new file of a known length is hashed before its name is looked at; a request with a key has one way only.
        if !new.overwrite && !keyed && new.size.is_some_and(|size| size <= self.plan.file) {
            hashed()?;
        }
        let tag = self.fresh();
        self.reserve(now, tag, new)?;
        let file = self.uploads[&tag].file;
        let grown = self.grow(now, tag, content.len()).and_then(|()| hashed());
        let brought = grown.and_then(|()| self.receive(now, tag, content));
        if brought.is_err() {
            self.end(tag);
            self.settle(now);
        }
        brought.map(|()| file)
    }

    /// Room for what is longer than was known, step by step.
    pub(super) fn grow(&mut self, now: i64, tag: u32, length: u64) -> Outcome<()> {
        let Upload { file, size, reserved, .. } = self.uploads[&tag];
        if size.is_some() {
            return Ok(());
        }
        if length > self.plan.file {
            return refuse(413, &format!("File exceeds maximum size of {} bytes", self.plan.file));
        }
        if length == 0 {
            return refuse(400, "file is empty; a file has at least one byte");
        }
        let covered = self.files[&file].stored() + reserved;
        let short = length.saturating_sub(covered);
        let temporary = is_temp(&self.files[&file].folder);
        let more = self.as_fits(temporary, self.taken(temporary), short.next_multiple_of(STEP), short);
        self.change(now, |library| {
            library.uploads.get_mut(&tag).unwrap().reserved += more;
            Ok(())
        })
    }

    /// Ends an upload, and its file if nothing was or will be brought.
    pub(super) fn end(&mut self, tag: u32) {
        let file = self.uploads.remove(&tag).unwrap().file;
        if self.files[&file].content.is_none() && !self.uploads.values().any(|upload| upload.file == file) {
            self.drop_file(file);
        }
    }
}
