//! The reference library's imports: what is fetched when jobs run, and what becomes of it.

use serde_json::{Value, json};

use super::driver::Difference;
use super::expect::{Context, required, size, text};
use super::origin::{Sends, Source, Stops};
use super::reference::{File, Library, NewFile, STEP};
use super::uploading::check_hash;
use super::words::{BLOCKED, OTHER_BYTES, Outcome, Refusal, file_name, folder_path, is_temp, refuse};

/// How often a file is tried, how long the file of a failed import stays, and between which waits.
const ATTEMPTS: usize = 5;
const KEEP_FAILED: i64 = 24 * 60 * 60 * 1000;
const WAIT: u64 = 5;
const WAIT_MOST: u64 = 15 * 60;

/// What fetches the bytes of a file.
#[derive(Clone, Debug)]
pub(super) struct Import {
    source: Source,
    state: &'static str,
    /// How many tries have failed.
    attempts: usize,
    message: Option<String>,
    /// Whether the client said the name, or has said one since.
    pub(super) named: bool,
    typed: bool,
    /// When the next try is due.
    run_at: i64,
    /// How many bytes may come in this try before more is reserved, and the most that may come.
    covers: u64,
    most: u64,
}

/// Why a try came to nothing.
pub(super) enum Trouble {
    Lasting(String),
    /// It may end better after so many seconds.
    Passing(&'static str, u64),
}

fn lasting<T>(message: &str) -> Result<T, Trouble> {
    Err(Trouble::Lasting(message.to_owned()))
}

impl Trouble {
    fn of(Refusal(status, sentence): Refusal) -> Self {
        Self::Lasting(match status {
            413 => sentence.replace("File exceeds maximum size of", "The file is larger than") + ", as much as may be",
            403 if sentence == BLOCKED => "The storage is blocked, or there is no room for the file".to_owned(),
            403 if sentence == OTHER_BYTES => "A file with this name was stored meanwhile".to_owned(),
            _ => sentence,
        })
    }
}

impl Import {
    pub(super) fn has_failed(&self) -> bool {
        self.state == "failed"
    }
}

impl Library {
    /// The import that is shown beside a file: of several, the one that was asked for last.
    fn shown(&self, file: &File) -> Option<&Import> {
        let own = self.uploads.values().rev().filter(|upload| upload.file == file.id && upload.done.is_none());
        own.filter_map(|upload| upload.import.as_ref()).max_by_key(|import| import.source.tag)
    }

    /// What is shown of the import that is to bring a file's bytes.
    pub(super) fn import_of(&self, file: &File) -> Option<Value> {
        let import = self.shown(file)?;
        // How much has come is a matter of time.
        Some(json!({
            "state": import.state, "src": import.source.shown(), "received": null, "total": null,
            "attempts": import.attempts + usize::from(import.state == "running"), "message": import.message,
        }))
    }

    fn import(&mut self, now: i64, new: &NewFile, hash: Option<&str>, import: Import) -> Outcome<u32> {
        let tag = import.source.tag;
        self.reserve_import(now, tag, new)?;
        let upload = self.uploads.get_mut(&tag).unwrap();
        upload.expires = i64::MAX;
        upload.expected = hash.map(str::to_owned);
        upload.import = Some(import);
        Ok(upload.file)
    }

    /// Those that are to be tried by now.
    pub(super) fn due(&self, now: i64) -> Vec<u32> {
        let due = |import: &Import| import.state != "failed" && import.run_at <= now;
        self.uploads.iter().filter(|(_, u)| u.import.as_ref().is_some_and(due)).map(|(tag, _)| *tag).collect()
    }

    /// Where the answer to an import stops, as far as anybody can see that it has.
    pub(super) fn stops(&self, tag: u32) -> Stops {
        let upload = &self.uploads[&tag];
        let shown = self.shown(&self.files[&upload.file]).filter(|shown| shown.source.tag == tag);
        shown.filter(|_| self.hold_at.is_none()).map_or(Stops::Never, |import| import.source.stops)
    }

    /// Tries the imports that are due. `asked` are those whose server was asked, in that order.
    pub(super) fn run_imports(&mut self, now: i64, asked: &[u32]) -> Result<(), Difference> {
        let (first, rest): (Vec<u32>, Vec<u32>) = self.due(now).into_iter().partition(|tag| asked.contains(tag));
        for tag in asked.iter().filter(|tag| first.contains(tag)).chain(&rest) {
            if self.hold_at.is_some() == asked.contains(tag) {
                return Err(format!("import #{tag} is due: was its server asked? {}", asked.contains(tag)));
            }
            let begun = self.begin_import(*tag).and_then(|()| self.opened(now, *tag));
            let tried = begun.and_then(|()| self.came(now, *tag));
            self.tried(now, *tag, tried);
        }
        Ok(())
    }

    fn import_at(&self, tag: u32) -> &Import {
        self.uploads[&tag].import.as_ref().unwrap()
    }

    /// What became of a try.
    fn tried(&mut self, now: i64, tag: u32, tried: Result<(), Trouble>) {
        let upload = self.uploads.get_mut(&tag).unwrap();
        let import = upload.import.as_mut().unwrap();
        let failed = import.attempts;
        match tried {
            Ok(()) => (upload.import, upload.expires) = (None, now),
            Err(Trouble::Passing(message, wait)) if failed + 1 < ATTEMPTS => {
                let wait = (WAIT << failed).max(wait).min(WAIT_MOST);
                (import.state, import.message) = ("retrying", Some(message.to_owned()));
                (import.attempts, import.run_at) = (failed + 1, now + i64::try_from(wait * 1000).unwrap());
                // Until the next try it needs no room, unless its client said how much it will be.
                if upload.size.is_none() {
                    upload.reserved = 0;
                }
            }
            Err(trouble) => {
                let message = match trouble {
                    Trouble::Lasting(message) => message,
                    Trouble::Passing(message, _) => message.to_owned(),
                };
                (import.state, import.message, import.attempts) = ("failed", Some(message), failed + 1);
                (upload.reserved, upload.expires) = (0, now + KEEP_FAILED);
            }
        }
        self.settle(now);
    }

    /// A try begins: what it goes by is as it is now.
    pub(super) fn begin_import(&mut self, tag: u32) -> Result<(), Trouble> {
        let (held, file) = (self.hold_at.is_some(), self.plan.file);
        let upload = self.uploads.get_mut(&tag).unwrap();
        let covers = self.files[&upload.file].stored() + upload.reserved;
        let import = upload.import.as_mut().unwrap();
        (import.state, import.message) = ("running", None);
        (import.covers, import.most) = (covers, file);
        if held { Err(Trouble::of(Refusal(403, BLOCKED.to_owned()))) } else { Ok(()) }
    }

    /// The head of the answer is here.
    fn opened(&mut self, now: i64, tag: u32) -> Result<(), Trouble> {
        let (size, import) = (self.uploads[&tag].size, self.import_at(tag).clone());
        let Source { sends, content, wait, faults, .. } = import.source;
        if import.attempts < faults {
            return Err(Trouble::Passing("The server has a fault of its own (503)", wait));
        }
        let announced = match sends {
            Sends::Missing => return lasting("There is no file at this address (404)"),
            Sends::Page => return lasting("The address leads to a web page and not to a file"),
            Sends::Empty => return lasting("The file is empty"),
            Sends::Chunked => None,
            Sends::File => Some(content.len()),
            Sends::Short => Some(content.len() + 10),
        };
        if let (Some(length), Some(size)) = (announced, size)
            && length != size
        {
            return lasting(&format!("The file has {length} bytes, and not {size} as was said"));
        }
        if let Some(length) = announced {
            self.make_room(now, tag, length, 1).map_err(Trouble::of)?;
        }
        self.describe(tag, &import);
        Ok(())
    }

    /// Half of the file is here, and then it stops. False when no half is taken.
    pub(super) fn came_halfway(&mut self, now: i64, tag: u32) -> bool {
        let half = self.import_at(tag).source.half() as u64;
        let opened = self.opened(now, tag).and_then(|()| self.admit(now, tag, half));
        let opened = opened.map_err(|trouble| self.tried(now, tag, Err(trouble)));
        opened.is_ok()
    }

    /// What had stopped goes on to its end, from its beginning or from its middle.
    pub(super) fn goes_on(&mut self, now: i64, tag: u32) {
        let stops = self.import_at(tag).source.stops;
        let opened = if stops == Stops::First { self.opened(now, tag) } else { Ok(()) };
        let tried = opened.and_then(|()| self.came(now, tag));
        self.tried(now, tag, tried);
    }

    fn admit(&mut self, now: i64, tag: u32, length: u64) -> Result<(), Trouble> {
        match self.uploads[&tag].size {
            Some(size) if length > size => lasting("The file is not as long as was said"),
            Some(_) => Ok(()),
            None => self.make_room(now, tag, length, STEP).map_err(Trouble::of),
        }
    }

    /// All of the answer is here.
    fn came(&mut self, now: i64, tag: u32) -> Result<(), Trouble> {
        let source = self.import_at(tag).source.clone();
        let (sends, content) = (source.sends, source.content);
        // It comes in two chunks, and room is taken for the first before there is a second.
        self.admit(now, tag, source.half() as u64)?;
        self.admit(now, tag, content.len())?;
        if sends == Sends::Short {
            return Err(Trouble::Passing("The file ended before the length that the server announced", 0));
        }
        let upload = &self.uploads[&tag];
        if upload.size.is_some_and(|size| size != content.len()) {
            return lasting("The file is not as long as was said");
        }
        if upload.expected.as_ref().is_some_and(|expected| *expected != content.sha256()) {
            return lasting("The file is not the one whose sha256 was given");
        }
        self.receive(now, tag, content).map_err(Trouble::of)
    }

    /// Room for so many bytes in all, in steps where nobody says how many there will be.
    fn make_room(&mut self, now: i64, tag: u32, length: u64, step: u64) -> Outcome<()> {
        let (upload, import) = (&self.uploads[&tag], self.import_at(tag));
        if upload.size.is_some() {
            return Ok(());
        }
        if length > import.most {
            return refuse(413, &format!("File exceeds maximum size of {} bytes", import.most));
        }
        let short = length.saturating_sub(import.covers);
        let temporary = is_temp(&self.files[&upload.file].folder);
        let more = self.as_fits(temporary, self.taken(temporary), short.next_multiple_of(step), short);
        self.change(now, |library| {
            let upload = library.uploads.get_mut(&tag).unwrap();
            upload.reserved += more;
            upload.import.as_mut().unwrap().covers += more;
            Ok(())
        })
    }

    /// The type and the name to be shown are the other server's, where the client left them open.
    fn describe(&mut self, tag: u32, import: &Import) {
        let upload = self.uploads.get_mut(&tag).unwrap();
        let Source { said_type, said_name, .. } = import.source;
        if !import.typed && !said_type.is_empty() && said_type != "application/octet-stream" {
            said_type.clone_into(&mut upload.declared);
        }
        if !import.named && !said_name.is_empty() {
            said_name.clone_into(&mut upload.display);
        }
    }
}

impl Context {
    pub(super) fn import(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let (folder, raw) = match (text(body, "name").unwrap_or_default(), text(body, "path")) {
            ("", Some(path)) => path.rsplit_once('/').unwrap_or(("", path)),
            (name, _) => (text(body, "folder").unwrap_or_default(), name),
        };
        folder_path(folder)?;
        let size = if body["size"].is_null() { None } else { Some(size(body)?) };
        let hash = text(body, "sha256");
        check_hash(hash)?;
        let src = required(body, "src")?;
        let Some(source) = Source::of(src) else {
            let inside = src.starts_with("http:");
            let reason = if inside { "is not a public address" } else { "must begin with http:// or https://" };
            return refuse(400, &format!("src {reason}"));
        };
        let named = !raw.is_empty();
        let Some(raw) = Some(raw).filter(|_| named).or(source.name()) else {
            return refuse(400, "name is required, since the URL does not end with one");
        };
        let name = file_name(raw)?;
        let typed = text(body, "contentType");
        let content_type = typed.unwrap_or_else(|| usual(&name)).to_owned();
        if !content_type.contains('/') {
            return refuse(400, "contentType must be a media type such as image/png");
        }
        let overwrite = body["overwrite"] == true;
        let new = NewFile { name: raw.to_owned(), folder: folder.to_owned(), content_type, size, overwrite };
        let (state, attempts, message, typed) = ("queued", 0, None, typed.is_some());
        let import = Import { source, state, attempts, message, named, typed, run_at: self.now, covers: 0, most: 0 };
        let id = library.import(self.now, &new, hash, import)?;
        Ok(self.stored(library, id))
    }
}

/// The type that files of this name usually have.
fn usual(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("png") => "image/png",
        Some("mp4") => "video/mp4",
        Some("mp3") => "audio/mpeg",
        _ => "application/octet-stream",
    }
}
