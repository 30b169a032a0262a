//! How a path of folder names finds a folder in one statement on both engines, although folders are rows that know only
//! their own name and their parent.

use std::fmt::Write;

use reelshelf_domain::FolderPath;

/// The folders on the way from a client's root down a path, by depth, as a table of the given name. Bind `$1` to the
/// client and the three others to the names, spans and depth of a [`Walk`]. The row at that depth, when there is one, is
/// the folder.
macro_rules! steps {
    ($table:literal, $names:literal, $spans:literal, $depth:literal) => {
        concat!(
            $table,
            "(depth, id) AS (
            SELECT 0, id FROM folders WHERE client_id = $1 AND parent_id IS NULL
            UNION ALL
            SELECT ",
            $table,
            ".depth + 1, folders.id FROM ",
            $table,
            " JOIN folders ON folders.parent_id = ",
            $table,
            ".id
                AND folders.name = substr(CAST(",
            $names,
            " AS TEXT),
                    CAST(substr(CAST(",
            $spans,
            " AS TEXT), ",
            $table,
            ".depth * 8 + 1, 4) AS INTEGER),
                    CAST(substr(CAST(",
            $spans,
            " AS TEXT), ",
            $table,
            ".depth * 8 + 5, 4) AS INTEGER))
            WHERE ",
            $table,
            ".depth < ",
            $depth,
            "
        ) "
        )
    };
}

/// The steps down one path, as `walk`.
macro_rules! walk {
    () => {
        concat!("WITH RECURSIVE ", $crate::store::walk::steps!("walk", "$2", "$3", "$4"))
    };
}

/// Every folder below and including the one with id `$1`, with its level below it.
macro_rules! subtree {
    () => {
        "WITH RECURSIVE subtree(id, level, width) AS (
            SELECT id, 0, 0 FROM folders WHERE id = $1
            UNION ALL
            SELECT folders.id, subtree.level + 1, subtree.width + 1 + length(folders.name)
            FROM subtree JOIN folders ON folders.parent_id = subtree.id
        ) "
    };
}

pub(super) use {steps, subtree, walk};

/// A path in the form that the walk reads: all names in one text, and for each its start and length, four digits each.
/// Neither engine has arrays in common; both have `substr`.
pub(super) struct Walk {
    pub(super) names: String,
    pub(super) spans: String,
    pub(super) depth: i64,
}

impl Walk {
    pub(super) fn along(path: &FolderPath) -> Self {
        let mut names = String::new();
        let mut spans = String::new();
        for name in path.names() {
            // Writing to a string cannot fail.
            let _ = write!(spans, "{:04}{:04}", names.len() + 1, name.as_str().len());
            names.push_str(name.as_str());
        }
        // Behind the last name stands an empty one, so that a row beyond the depth never casts an empty text.
        spans.push_str("00010000");
        Self { names, spans, depth: i64::try_from(path.names().len()).unwrap_or(i64::MAX) }
    }
}
