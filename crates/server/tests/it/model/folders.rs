//! The folders of the reference library.

use super::reference::Library;
use super::words::{
    FOLDER_EXISTS_THERE, FOLDER_NOT_FOUND, Outcome, folder_name, folder_path, is_inside, is_temp, join, refuse, split,
};

/// How many folders a client may have, the root and `temp` among them.
pub(super) const FOLDERS: usize = 16;

const GENERATED: [&str; 6] = ["image", "video", "audio", "voice", "html", "component"];

impl Library {
    /// Makes a folder and the levels above it. False when it was there.
    pub(super) fn ensure(&mut self, folder: &str) -> Outcome<bool> {
        let mut missing = Vec::new();
        let mut path = folder;
        while !self.folders.contains(path) {
            missing.push(path.to_owned());
            path = split(path).0;
        }
        if !missing.is_empty() && self.folders.len() + missing.len() > FOLDERS {
            return refuse(429, &format!("The limit of {FOLDERS} for folders of a client is reached"));
        }
        let made = !missing.is_empty();
        self.folders.extend(missing);
        Ok(made)
    }

    /// False when it was there.
    pub(super) fn make_folder(&mut self, now: i64, raw: &str) -> Outcome<bool> {
        let folder = folder_path(raw)?;
        self.change(now, |library| library.ensure(&folder))
    }

    /// Moves a folder, renames it, or both. Answers its new path.
    pub(super) fn change_folder(
        &mut self,
        now: i64,
        folder: &str,
        destination: Option<&str>,
        new_name: Option<&str>,
    ) -> Outcome<String> {
        let destination = destination.map(folder_path).transpose()?;
        let new_name = new_name.map(folder_name).transpose()?;
        let (above, name) = split(folder);
        let reserved = folder.strip_prefix("generated/").is_some_and(|kind| GENERATED.contains(&kind));
        match folder {
            "" => return refuse(400, "Cannot move root folder"),
            "temp" => return refuse(400, "Cannot move the temp folder"),
            "generated" => return refuse(400, "Cannot move the generated folder"),
            _ if reserved => return refuse(400, "Cannot move the generated folder"),
            _ => {}
        }
        let above = destination.unwrap_or_else(|| above.to_owned());
        let to = join(&above, &new_name.unwrap_or_else(|| name.to_owned()));
        if is_temp(&to) != is_temp(folder) {
            return refuse(400, "Cannot move a folder into or out of the temp folder");
        }
        if !self.folders.contains(folder) {
            return refuse(400, FOLDER_NOT_FOUND);
        }
        if to == folder {
            return Ok(to);
        }
        if is_inside(&to, folder) {
            return refuse(400, "Cannot move a folder into itself");
        }
        self.change(now, |library| {
            library.ensure(&above)?;
            if library.folders.contains(&to) {
                return refuse(409, FOLDER_EXISTS_THERE);
            }
            let moved = |path: &str| format!("{to}{}", &path[folder.len()..]);
            library.folders =
                library.folders.iter().map(|f| if is_inside(f, folder) { moved(f) } else { f.clone() }).collect();
            for file in library.files.values_mut().filter(|file| is_inside(&file.folder, folder)) {
                file.folder = moved(&file.folder);
            }
            Ok(())
        })?;
        Ok(to)
    }

    pub(super) fn remove_folder(&mut self, now: i64, folder: &str, recursive: bool) -> Outcome<()> {
        match folder {
            "" => return refuse(400, "Cannot delete root folder"),
            "temp" => return refuse(400, "Cannot delete the temp folder"),
            _ if !self.folders.contains(folder) => return refuse(400, FOLDER_NOT_FOUND),
            _ => {}
        }
        self.change(now, |library| {
            let inside: Vec<u32> =
                library.files.iter().filter(|(_, file)| is_inside(&file.folder, folder)).map(|(id, _)| *id).collect();
            let below = library.folders.iter().any(|f| f != folder && is_inside(f, folder));
            if !recursive && (below || !inside.is_empty()) {
                return refuse(400, "Folder is not empty. Delete all files first.");
            }
            for id in inside {
                library.drop_file(id);
            }
            library.folders.retain(|f| !is_inside(f, folder));
            Ok(())
        })
    }
}
