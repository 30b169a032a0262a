//! The contract's sentences and its rules for names, written down a second time.

/// A status and its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16, pub(super) String);

pub(super) type Outcome<T> = Result<T, Refusal>;

pub(super) fn refuse<T>(status: u16, sentence: &str) -> Outcome<T> {
    Err(Refusal(status, sentence.to_owned()))
}

pub(super) const BLOCKED: &str = "Storage is blocked. Add credits to continue uploading.";
pub(super) const FILE_NOT_FOUND: &str = "File not found";
pub(super) const FOLDER_NOT_FOUND: &str = "Folder not found";
pub(super) const EXISTS: &str = "A file with this name already exists. Delete it first.";
pub(super) const EXISTS_THERE: &str = "A file with this name already exists in the destination folder";
pub(super) const FOLDER_EXISTS_THERE: &str = "A folder with this name already exists in the destination folder";

/// What upload URLs say, in XML.
pub(super) const EXPIRED: &str = "Request has expired";
pub(super) const GONE: &str = "The registration is gone; register the file again";
pub(super) const WRONG_TYPE: &str = "Content-Type must be the one that was registered";
pub(super) const WRONG_LENGTH: &str = "Content-Length must be the size that was registered";
pub(super) const OTHER_HASH: &str = "The bytes are not the ones whose sha256 was registered";
pub(super) const OTHER_REQUEST: &str = "This Idempotency-Key was used for another request. Send a new key.";
pub(super) const CHANGED: &str = "Changed since the rehearsal: ";
pub(super) const OTHER_BYTES: &str = "The file was uploaded with other bytes";

/// A file name: each character outside `[a-zA-Z0-9._-]` becomes one underscore.
pub(super) fn file_name(raw: &str) -> Outcome<String> {
    let name: String =
        raw.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    match name.as_str() {
        "" => refuse(400, "name is required"),
        "." | ".." => refuse(400, "name must not be . or .."),
        _ if name.len() > 255 => refuse(400, "name is longer than 255 characters"),
        _ => Ok(name),
    }
}

/// A file's new name: its faults are said of the field that holds it.
pub(super) fn new_name(raw: &str) -> Outcome<String> {
    file_name(raw).map_err(|Refusal(status, sentence)| Refusal(status, format!("new_{sentence}")))
}

/// One level of folders: bad characters are left out, and something must remain.
pub(super) fn folder_name(raw: &str) -> Outcome<String> {
    let name: String = raw.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
    if name.is_empty() || name.len() > 255 { refuse(400, "Invalid folder name") } else { Ok(name) }
}

/// A folder: `/` and the empty text are the root; empty levels vanish.
pub(super) fn folder_path(raw: &str) -> Outcome<String> {
    let levels = raw.split('/').map(str::trim).filter(|level| !level.is_empty());
    Ok(levels.map(folder_name).collect::<Outcome<Vec<_>>>()?.join("/"))
}

/// A folder that is looked for: no folder has a name that no folder can have.
pub(super) fn known_folder(raw: &str) -> Outcome<String> {
    folder_path(raw).or_else(|_| refuse(400, FOLDER_NOT_FOUND))
}

/// A file that is looked for, in one.
pub(super) fn known_path(raw: &str) -> Outcome<(String, String)> {
    let (folder, name) = raw.trim_start_matches('/').rsplit_once('/').unwrap_or(("", raw.trim_start_matches('/')));
    let not_found = |_| Refusal(400, FILE_NOT_FOUND.to_owned());
    Ok((folder_path(folder).map_err(not_found)?, file_name(name).map_err(not_found)?))
}

/// Whether files there are temporary.
pub(super) fn is_temp(folder: &str) -> bool {
    folder == "temp" || folder.starts_with("temp/")
}

/// Whether a folder is another one, or lies below it.
pub(super) fn is_inside(folder: &str, other: &str) -> bool {
    other.is_empty() || folder == other || folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// A name below a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder above and the last name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What orders names: letters without case, runs of digits by their value, and then the name itself.
pub(super) fn natural(name: &str) -> (Vec<(char, u64)>, String) {
    let mut parts: Vec<(char, u64)> = Vec::new();
    let mut in_number = false;
    for c in name.chars() {
        match c.to_digit(10) {
            Some(digit) if in_number => {
                let last = parts.last_mut().unwrap();
                last.1 = last.1 * 10 + u64::from(digit);
            }
            Some(digit) => parts.push(('0', digit.into())),
            None => parts.push((c.to_ascii_lowercase(), 0)),
        }
        in_number = c.is_ascii_digit();
    }
    (parts, name.to_owned())
}
