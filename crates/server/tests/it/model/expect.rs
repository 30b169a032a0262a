//! What the API must answer: the contract's bodies around what the reference library says.

use reelshelf_domain::UnixMillis;
use serde_json::{Map, Value, json};

use super::content::Content;
use super::reference::{FREE_ALLOWANCE, File, Library, NewFile, TEMP_LIMIT};
use super::words::{
    FILE_NOT_FOUND, Outcome, Refusal, file_name, folder_path, is_temp, join, known_folder, known_path, natural, refuse,
};

/// Stands for the signed URL of a registration, which nobody can predict.
pub(super) const UPLOAD_URL: &str = "the upload URL";

pub(super) type Answer = (u16, Value);

/// Where and when a request is made.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) base: String,
    pub(super) client: String,
    pub(super) now: i64,
}

/// One file of a form: the name, the type and the bytes.
pub(super) type Part = (String, String, Content);

pub(super) fn time(at: i64) -> String {
    UnixMillis::new(at).to_string()
}

pub(super) fn answer(outcome: Outcome<Value>) -> Answer {
    match outcome {
        Ok(body) => (200, body),
        Err(Refusal(status, sentence)) => (status, json!({ "success": false, "message": sentence })),
    }
}

pub(super) fn text<'a>(body: &'a Value, field: &str) -> Option<&'a str> {
    body[field].as_str()
}

/// A field that must be there, and not be empty.
pub(super) fn required<'a>(body: &'a Value, field: &str) -> Outcome<&'a str> {
    let given = text(body, field).filter(|text| !text.is_empty());
    given.map_or_else(|| refuse(400, &format!("{field} is required")), Ok)
}

/// A size that must make sense.
pub(super) fn size(body: &Value) -> Outcome<u64> {
    let size = body["size"].as_u64().filter(|size| *size > 0);
    size.map_or_else(|| refuse(400, "size must be a whole number of bytes greater than 0"), Ok)
}

/// The file that a body means, by `path` or by `name` and `folder`.
fn meant(body: &Value) -> Outcome<(String, String)> {
    if let Some(path) = text(body, "path").filter(|path| !path.is_empty()) {
        return known_path(path);
    }
    let not_found = |_| Refusal(400, FILE_NOT_FOUND.to_owned());
    let name = file_name(required(body, "name")?).map_err(not_found)?;
    Ok((folder_path(text(body, "folder").unwrap_or_default()).map_err(not_found)?, name))
}

/// The folder that a body means, by `folder` or by `path`. The root is `/` and the empty text.
fn named_folder(body: &Value) -> Outcome<String> {
    let folder = text(body, "folder").or(text(body, "path"));
    folder.map_or_else(|| refuse(400, "folder is required"), known_folder)
}

impl Context {
    fn done(&self) -> Value {
        json!({ "success": true, "timestamp": time(self.now) })
    }

    pub(super) fn stable(&self, path: &str) -> String {
        format!("{}/clients/{}/{path}", self.base, self.client)
    }

    pub(super) fn alias(&self, path: &str) -> String {
        format!("{}/{}/files/{path}", self.base, self.client)
    }

    pub(super) fn immutable(&self, content: Content, name: &str) -> String {
        format!("{}/immutable/{}/{}/{name}", self.base, self.client, content.sha256())
    }

    /// The answer about one file that was stored, or is to be.
    pub(super) fn stored(&self, library: &Library, id: u32) -> Value {
        json!({ "success": true, "timestamp": time(self.now), "file": self.file(library, &library.files[&id]) })
    }

    pub(super) fn file(&self, library: &Library, file: &File) -> Value {
        let mut said = json!({
            "name": file.name,
            "folder": file.folder,
            "type": file.kind(),
            "contentType": file.declared,
            "size": file.size(),
            "url": self.stable(&file.path()),
            "thumbnailUrl": null,
            "status": if file.content.is_some() { "uploaded" } else { "pending" },
            "temporary": is_temp(&file.folder),
            "created_at": time(file.created),
            "displayName": file.display,
            "sha256": file.content.map(Content::sha256),
            "immutableUrl": file.content.map(|content| self.immutable(content, &file.name)),
            "modified_at": time(file.modified),
            "expires_at": file.expires.map(time),
        });
        if let Some(import) = library.import_of(file) {
            said["import"] = import;
        }
        said
    }

    /// `POST`, `PUT` and `DELETE` with a JSON body. `tag` is the number of a registration.
    pub(super) fn call(&self, library: &mut Library, tag: u32, method: &str, path: &str, body: &Value) -> Answer {
        if body["src"].is_string() && (method, path) == ("POST", "/v2/media") {
            let (status, said) = answer(self.import(library, body));
            return (if status == 200 { 202 } else { status }, said);
        }
        answer(match (method, path) {
            ("POST", "/v2/media/file" | "/v2/media") => self.register(library, tag, body),
            ("PUT", "/v2/media/file") => self.move_file(library, body),
            ("PUT", "/v2/media") if body["paths"].is_array() => self.move_many(library, body),
            ("PUT", "/v2/media") => self.change_file(library, body),
            ("DELETE", "/v2/media") if body["paths"].is_array() => {
                Ok(self.each(body, |path| self.remove(library, path?).map(|()| None)))
            }
            ("DELETE", "/v2/media" | "/v2/media/file") => {
                meant(body).and_then(|path| self.remove(library, path)).map(|()| self.done())
            }
            ("POST", "/v2/media/folder") => self.make_folder(library, body),
            ("PUT", "/v2/media/folder") => self.change_folder(library, body),
            ("DELETE", "/v2/media/folder") => self.remove_folder(library, body),
            _ => unreachable!("{method} {path} is no call of the model"),
        })
    }

    fn register(&self, library: &mut Library, tag: u32, body: &Value) -> Outcome<Value> {
        let (folder, name) = match (text(body, "name").unwrap_or_default(), text(body, "path")) {
            ("", Some(path)) => path.rsplit_once('/').unwrap_or(("", path)),
            (name, _) => (text(body, "folder").unwrap_or_default(), name),
        };
        if name.is_empty() {
            return refuse(400, "name is required");
        }
        let path = join(&folder_path(folder)?, &file_name(name)?);
        let content_type = required(body, "contentType")?;
        if body["size"].is_null() {
            return refuse(400, "size is required");
        }
        let size = size(body)?;
        let new = NewFile {
            name: name.to_owned(),
            folder: folder.to_owned(),
            content_type: content_type.to_owned(),
            size: Some(size),
            overwrite: body["overwrite"] == true,
        };
        let (mut made, bad_type) = (None, !content_type.contains('/'));
        match text(body, "sha256").map(str::to_ascii_lowercase) {
            Some(hash) if hash.len() != 64 || hash.chars().any(|c| !c.is_ascii_hexdigit()) => {
                return refuse(400, "sha256 must be 64 hexadecimal digits");
            }
            _ if bad_type => return refuse(400, "contentType must be a media type such as image/png"),
            Some(hash) => made = library.register_known(self.now, tag, &new, &hash)?,
            None => library.register(self.now, tag, &new)?,
        }
        if let Some(id) = made {
            let file = self.file(library, &library.files[&id]);
            return Ok(json!({ "success": true, "uploadUrl": null, "fileUrl": self.stable(&path), "expiresIn": 0,
                "exists": true, "file": file }));
        }
        Ok(json!({ "success": true, "uploadUrl": UPLOAD_URL, "fileUrl": self.stable(&path), "expiresIn": 120 }))
    }

    fn move_file(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let (folder, name) = meant(body)?;
        let Some(destination) = text(body, "destination") else { return refuse(400, "destination is required") };
        let destination = folder_path(destination)?;
        library.relocate(self.now, (&folder, &name), Some(&destination), None, body["overwrite"] == true)?;
        Ok(self.done())
    }

    fn change_file(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let destination = text(body, "destination").map(folder_path).transpose()?;
        if text(body, "path").is_none() && text(body, "name").is_none() {
            return refuse(400, "path is required");
        }
        let (folder, name) = meant(body)?;
        let new_name = text(body, "new_name");
        if destination.is_none() && new_name.is_none() {
            return refuse(400, "destination or new_name is required");
        }
        let overwrite = body["overwrite"] == true;
        let id = library.relocate(self.now, (&folder, &name), destination.as_deref(), new_name, overwrite)?;
        let file = self.file(library, &library.files[&id]);
        Ok(json!({ "success": true, "timestamp": time(self.now), "file": file }))
    }

    fn move_many(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let Some(destination) = text(body, "destination") else { return refuse(400, "destination is required") };
        let (destination, overwrite) = (folder_path(destination)?, body["overwrite"] == true);
        Ok(self.each(body, |path| {
            let (folder, name) = path?;
            let id = library.relocate(self.now, (&folder, &name), Some(&destination), None, overwrite)?;
            Ok(Some(self.file(library, &library.files[&id])))
        }))
    }

    fn remove(&self, library: &mut Library, (folder, name): (String, String)) -> Outcome<()> {
        library.remove(self.now, &folder, &name)
    }

    /// Each of several files on its own.
    fn each(&self, body: &Value, mut act: impl FnMut(Outcome<(String, String)>) -> Outcome<Option<Value>>) -> Value {
        let paths = body["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap());
        self.several(paths.map(|path| (path.to_owned(), act(known_path(path)))).collect())
    }

    pub(super) fn several(&self, outcomes: Vec<(String, Outcome<Option<Value>>)>) -> Value {
        let success = outcomes.iter().all(|(_, outcome)| outcome.is_ok());
        let result = |(path, outcome)| match outcome {
            Ok(None) => json!({ "path": path, "success": true, "status": 200, "message": "" }),
            Ok(Some(file)) => {
                json!({ "path": path, "success": true, "status": 200, "message": "", "file": file })
            }
            Err(Refusal(status, message)) => {
                json!({ "path": path, "success": false, "status": status, "message": message })
            }
        };
        let results: Vec<Value> = outcomes.into_iter().map(result).collect();
        json!({ "success": success, "timestamp": time(self.now), "results": results })
    }

    fn make_folder(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let folder = text(body, "folder").or(text(body, "path")).unwrap_or_default();
        if folder.is_empty() {
            return refuse(400, "folder is required");
        }
        let made = library.make_folder(self.now, folder)?;
        let mut answer = self.done();
        if !made {
            answer["message"] = "Folder already exists".into();
        }
        Ok(answer)
    }

    fn change_folder(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let folder = named_folder(body)?;
        let (destination, new_name) = (text(body, "destination"), text(body, "new_name"));
        if destination.is_none() && new_name.is_none() {
            return refuse(400, "destination or new_name is required");
        }
        let to = library.change_folder(self.now, &folder, destination, new_name)?;
        Ok(json!({ "success": true, "timestamp": time(self.now), "path": to }))
    }

    fn remove_folder(&self, library: &mut Library, body: &Value) -> Outcome<Value> {
        let folder = named_folder(body)?;
        library.remove_folder(self.now, &folder, body["recursive"] == true)?;
        Ok(self.done())
    }

    /// A file in the body of one request.
    pub(super) fn raw(
        &self,
        library: &mut Library,
        new: &NewFile,
        content: Content,
        hash: Option<&str>,
        keyed: bool,
    ) -> Answer {
        let stored = library.upload_expecting(self.now, new, content, hash, keyed);
        answer(stored.map(|id| self.stored(library, id)))
    }

    /// Files in a form. One answers as it would alone.
    pub(super) fn form(
        &self,
        library: &mut Library,
        folder: &str,
        overwrite: bool,
        parts: &[Part],
        odd: Option<&str>,
    ) -> Answer {
        if let Some(odd) = odd {
            let reason = "is not possible in a form; send the file as the body, with ?name= or ?unpack=true";
            return answer(refuse(400, &format!("{odd} {reason}")));
        }
        let mut outcomes = Vec::new();
        for (name, content_type, content) in parts {
            let new = NewFile {
                name: name.clone(),
                folder: folder.to_owned(),
                content_type: content_type.clone(),
                size: None,
                overwrite,
            };
            outcomes.push(match library.upload(self.now, &new, *content) {
                Ok(id) => (library.files[&id].path(), Ok(Some(self.file(library, &library.files[&id])))),
                Err(refusal) => (name.clone(), Err(refusal)),
            });
        }
        let only = (outcomes.len() == 1).then(|| outcomes[0].1.clone());
        let mut answer = self.several(outcomes);
        match only {
            None => (200, answer),
            Some(Ok(file)) => {
                answer["file"] = file.into();
                (200, answer)
            }
            Some(Err(Refusal(status, sentence))) => {
                answer["message"] = sentence.into();
                (status, answer)
            }
        }
    }

    pub(super) fn get(&self, library: &Library, path: &str) -> Answer {
        answer(known_path(path).and_then(|(folder, name)| match library.find(&folder, &name) {
            Some(id) => Ok(json!({ "success": true, "file": self.file(library, &library.files[&id]) })),
            None => refuse(400, FILE_NOT_FOUND),
        }))
    }

    pub(super) fn storage(library: &Library) -> Value {
        let used = library.stored(false);
        let blocked_at = library.hold_at.or(library.full_at);
        json!({
            "used_bytes": used,
            "free_allowance": FREE_ALLOWANCE,
            // Ten for each GiB above the allowance, rounded up.
            "credits_per_week": (10 * used.saturating_sub(FREE_ALLOWANCE)).div_ceil(1 << 30),
            "blocked": blocked_at.is_some(),
            "blocked_at": blocked_at.map(time),
            "reserved_bytes": library.reserved(false),
            "limit_bytes": library.plan.storage,
            "temp_bytes": library.stored(true),
            "temp_limit_bytes": TEMP_LIMIT,
        })
    }

    pub(super) fn tree(library: &Library) -> Value {
        let mut folders: Vec<_> = library.folders.iter().collect();
        folders.sort_by_key(|folder| folder.split('/').map(natural).collect::<Vec<_>>());
        // The root sorts first: it is the one folder without a name.
        let entry = |folder: &&String| {
            let files: Vec<&File> = library.files.values().filter(|file| file.folder == **folder).collect();
            let size: u64 = files.iter().filter_map(|file| file.content).map(Content::len).sum();
            json!({ "path": rooted(folder), "files": files.len(), "size": size })
        };
        json!({ "success": true, "tree": folders.iter().map(entry).collect::<Vec<_>>() })
    }

    /// What every page of a folder's listing says beside its files, or why there is none.
    pub(super) fn listing(library: &Library, folder: &str) -> Outcome<Map<String, Value>> {
        let folder = known_folder(folder)?;
        if !library.folders.contains(&folder) {
            return refuse(400, super::words::FOLDER_NOT_FOUND);
        }
        let below = |other: &&String| !other.is_empty() && super::words::split(other).0 == folder;
        let mut children: Vec<&str> =
            library.folders.iter().filter(below).map(|other| super::words::split(other).1).collect();
        children.sort_by_key(|name| natural(name));
        let files: Vec<&File> = library.files.values().filter(|file| file.folder == folder).collect();
        let size: u64 = files.iter().filter_map(|file| file.content).map(Content::len).sum();
        let page = json!({
            "success": true, "path": rooted(&folder), "folders": children,
            "total_folders": children.len(),
            "total_files": files.len(), "total_size": size,
        });
        Ok(page.as_object().unwrap().clone())
    }
}

/// In listings and in the tree the root is spelt `/`.
fn rooted(folder: &str) -> &str {
    if folder.is_empty() { "/" } else { folder }
}
