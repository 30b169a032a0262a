use std::collections::{HashMap, HashSet};

use crate::{DisplayName, FileName, FolderName, FolderPath};

/// The longest name of one level that every common file system takes, in bytes, with room for a number.
const NAME_MAX: usize = 240;
/// The longest ending that is kept when a name is cut.
const ENDING_MAX: usize = 20;

/// Names for the entries of one archive, each of which can be a file on any common system, and no two of which are the
/// same file on a system that does not tell letters by their case.
#[derive(Debug, Default)]
pub struct ZipNames {
    /// What is taken, in lower case. Folders are taken by all that lies in them.
    taken: HashSet<String>,
    /// The next number to try for a name that was taken.
    next: HashMap<String, u32>,
}

impl ZipNames {
    /// The path of a folder, below another one that has such a path itself. Folders that are the same on some systems
    /// share what they hold, and so stay two.
    pub fn folder(&mut self, above: &str, below: &FolderPath) -> String {
        let mut path = above.to_owned();
        for name in below.names() {
            path = join(&path, &folder_name(name));
            self.taken.insert(path.to_lowercase());
        }
        path
    }

    /// The path of a file in a folder: by the name its person gave, or where nothing is left of that, by its own. A name
    /// that is taken gets a number. Every folder must have its path first.
    pub fn file(&mut self, folder: &str, display: &DisplayName, stored: &FileName) -> String {
        let name = portable(display.as_str());
        let name = if name.is_empty() { portable(stored.as_str()) } else { name };
        let name = if name.is_empty() { "_".to_owned() } else { name };
        let path = join(folder, &name);
        if self.taken.insert(path.to_lowercase()) {
            return path;
        }
        let (stem, ending) = split_ending(&name);
        let key = path.to_lowercase();
        let mut number = self.next.get(&key).copied().unwrap_or(2);
        loop {
            let path = join(folder, &format!("{stem} ({number}){ending}"));
            number += 1;
            if self.taken.insert(path.to_lowercase()) {
                self.next.insert(key, number);
                return path;
            }
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn folder_name(name: &FolderName) -> String {
    portable(name.as_str())
}

/// A name that Windows, macOS and Linux all take, and take for a name: no separators, no control characters, none of
/// the characters and names that Windows keeps for itself, no dots or spaces at the end, not too long. It may be empty.
fn portable(name: &str) -> String {
    let replaced = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let name: String = name.chars().map(replaced).collect();
    let name = cut(name.trim_end_matches(['.', ' ']));
    if is_device(&name) { format!("_{name}") } else { name }
}

/// A name of a device on Windows, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    match stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")) {
        Some(number) => matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"),
        None => matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"),
    }
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let (stem, ending) = split_ending(name);
    let stem = &stem[..stem.floor_char_boundary(NAME_MAX - ending.len())];
    format!("{stem}{ending}").trim_end_matches(['.', ' ']).to_owned()
}

/// A name and its ending, the dot with it. A dot at the start begins no ending.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= ENDING_MAX => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(names: &mut ZipNames, display: &str) -> String {
        names.file("", &DisplayName::of(display), &"stored.bin".parse().unwrap())
    }

    #[test]
    fn names_are_what_people_gave_as_far_as_every_system_takes_them() {
        let table = [
            ("Été 2026 (final).png", "Été 2026 (final).png"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("..\\..\\x.png", ".._.._x.png"),
            ("C:\\x.png", "C__x.png"),
            ("what? \"really\" <now>|*.png", "what_ _really_ _now___.png"),
            ("trailing. . .", "trailing"),
            ("...", "stored.bin"),
            ("..", "stored (2).bin"),
            ("nul", "_nul"),
            ("CON.png", "_CON.png"),
            ("com1 .tar.gz", "_com1 .tar.gz"),
            ("LPT¹", "_LPT¹"),
            ("common.png", "common.png"),
            ("🎬.mov", "🎬.mov"),
        ];
        let mut names = ZipNames::default();
        for (given, wanted) in table {
            assert_eq!(file(&mut names, given), wanted, "{given}");
        }
        let long = file(&mut names, &format!("{}.jpeg", "é".repeat(400)));
        assert!(long.len() <= NAME_MAX && long.ends_with("é.jpeg"), "{long}");
    }

    #[test]
    fn the_same_name_gets_a_number_whatever_its_case() {
        let mut names = ZipNames::default();
        names.folder("", &"Logos".parse().unwrap());
        let got: Vec<_> =
            ["a.png", "A.PNG", "a (2).png", "a.png", "logos", ".env", ".env"].map(|name| file(&mut names, name)).into();
        assert_eq!(got, ["a.png", "A (2).PNG", "a (2) (2).png", "a (3).png", "logos (2)", ".env", ".env (2)"]);
    }

    #[test]
    fn folders_that_differ_in_case_share_their_names() {
        let mut names = ZipNames::default();
        let (one, two) = (names.folder("top", &"A".parse().unwrap()), names.folder("top", &"a".parse().unwrap()));
        let stored = "s".parse().unwrap();
        assert_eq!(names.file(&one, &DisplayName::of("x.png"), &stored), "top/A/x.png");
        assert_eq!(names.file(&two, &DisplayName::of("X.png"), &stored), "top/a/X (2).png");
        assert_eq!(names.folder("", &"nul/b".parse().unwrap()), "_nul/b");
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere_and_none_comes_twice(given in prop::collection::vec("\\PC{0,12}|[.~ /\\\\a]{0,6}", 1..30)) {
            let mut names = ZipNames::default();
            let mut seen = HashSet::new();
            for display in given {
                let name = file(&mut names, &display);
                prop_assert!(!name.is_empty() && name != "." && name != ".." && name.len() <= 255, "{name:?}");
                prop_assert!(!name.contains(['/', '\\', ':', '\0']) && !name.ends_with(['.', ' ']), "{name:?}");
                prop_assert!(seen.insert(name.to_lowercase()), "{name:?} came twice");
            }
        }
    }
}
