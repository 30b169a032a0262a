//! Folders with more in them than one statement takes out.

use reelshelf_domain::{FolderId, Result, SystemChance};

use super::super::db::{Tx, execute, fetch_one};
use super::super::empty::BATCH;
use super::super::writer::Verb;
use super::{FOLDER_LIMIT, Library, NOW, folder};

/// As many folders in a folder, each with a number in its name.
const FOLDERS: &str = "
    INSERT INTO folders (id, client_id, parent_id, name, temporary, created_at)
    WITH RECURSIVE counted(number) AS (
        SELECT CAST($3 AS BIGINT) UNION ALL SELECT number + 1 FROM counted WHERE number < CAST($4 AS BIGINT) - 1
    )
    SELECT '00000000-0000-7000-8000-' || substr(CAST(1000000000000 + number AS TEXT), 2), $1, $2,
        'f' || CAST(number AS TEXT), FALSE, 0
    FROM counted";
const BLOBS: &str = "
    INSERT INTO blobs (id, client_id, hash, size, created_at, touched_at)
    WITH RECURSIVE counted(number) AS (
        SELECT CAST($2 AS BIGINT) UNION ALL SELECT number + 1 FROM counted WHERE number < CAST($3 AS BIGINT) - 1
    )
    SELECT '00000001-0000-7000-8000-' || substr(CAST(1000000000000 + number AS TEXT), 2), $1,
        substr(CAST(1000000000000 + number * 7919 % 999983 AS TEXT), 2)
            || '0000000000000000000000000000000000000000' || substr(CAST(1000000000000 + number AS TEXT), 2), 3, 0, 0
    FROM counted";
const ASSETS: &str = "
    INSERT INTO assets (id, client_id, folder_id, name, name_key, display_name, declared_type, kind, media_type, size,
        uploaded, blob_id, hash, created_at, modified_at)
    SELECT '00000002' || substr(blobs.id, 9), $1, $2, substr(blobs.id, 25) || '.bin', substr(blobs.id, 25) || '.bin',
        'shown.bin', 'image/png', 'other', 'application/octet-stream', 3, TRUE, blobs.id, blobs.hash, 0, 0
    FROM blobs
    WHERE blobs.id >= '00000001-0000-7000-8000-' || substr(CAST(1000000000000 + CAST($3 AS BIGINT) AS TEXT), 2)
        AND blobs.id < '00000001-0000-7000-8000-' || substr(CAST(1000000000000 + CAST($4 AS BIGINT) AS TEXT), 2)";
const COUNT_FILES: &str =
    "UPDATE folders SET others = others + $2, bytes = bytes + 3 * CAST($2 AS BIGINT) WHERE id = $1";
const COUNT_BYTES: &str = "UPDATE clients SET used_bytes = used_bytes + 3 * CAST($2 AS BIGINT) WHERE id = $1";
const COUNT_FOLDERS: &str = "UPDATE clients SET folders = folders + $2 WHERE id = $1";
const RELEASED: &str = "SELECT COUNT(*) FROM blobs WHERE released_at = $1";
const FILES: &str = "SELECT COUNT(*) FROM assets";

/// Puts rows where they belong, as many uploads would have.
#[derive(Clone)]
enum Put {
    Folders { client: String, parent: String, from: i64, to: i64 },
    Files { client: String, folder: String, from: i64, to: i64 },
}

impl Verb for Put {
    type Out = ();

    fn is_large(&self) -> bool {
        true
    }

    async fn run<'a>(&'a self, tx: &'a mut Tx) -> Result<()> {
        match self {
            Self::Folders { client, parent, from, to } => {
                execute!(tx, FOLDERS, client.as_str(), parent.as_str(), *from, *to)?;
                execute!(tx, COUNT_FOLDERS, client.as_str(), to - from).map(|_| ())
            }
            Self::Files { client, folder, from, to } => {
                execute!(tx, BLOBS, client.as_str(), *from, *to)?;
                execute!(tx, ASSETS, client.as_str(), folder.as_str(), *from, *to)?;
                execute!(tx, COUNT_FILES, folder.as_str(), to - from)?;
                execute!(tx, COUNT_BYTES, client.as_str(), to - from).map(|_| ())
            }
        }
    }
}

impl Library {
    async fn folder_id(&self, at: &str) -> FolderId {
        self.store.make_folder(self.client, folder(at), FOLDER_LIMIT, NOW, &SystemChance).await.unwrap();
        self.store.folder_stats(self.client, &folder(at)).await.unwrap().id
    }

    async fn put_folders(&self, parent: FolderId, from: i64, to: i64) {
        let put = Put::Folders { client: self.client.to_string(), parent: parent.to_string(), from, to };
        self.store.db.write_aside(put).await.unwrap();
    }

    async fn put_files(&self, folder: &str, from: i64, to: i64) {
        let client = self.client.to_string();
        for from in (from..to).step_by(1000) {
            let put = Put::Files { client: client.clone(), folder: folder.to_owned(), from, to: to.min(from + 1000) };
            self.store.db.write_aside(put).await.unwrap();
        }
    }

    async fn count(&self, statement: &'static str, value: i64) -> i64 {
        let mut tx = self.store.db.read().await.unwrap();
        let counted: Result<(i64,)> = fetch_one!(tx, (i64,), statement, value);
        counted.unwrap().0
    }

    async fn files(&self) -> i64 {
        let mut tx = self.store.db.read().await.unwrap();
        let counted: Result<(i64,)> = fetch_one!(tx, (i64,), FILES);
        counted.unwrap().0
    }
}

fn numbered(number: i64) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

#[tokio::test]
async fn of_more_files_than_a_statement_takes_all_go_and_no_others() {
    let library = Library::open().await;
    let (top, kept) = (library.folder_id("gone").await, library.folder_id("kept").await);
    // Some more than two batches in one folder, a batch to the file, none, and many with a few each.
    library.put_folders(top, 0, 60).await;
    let mut at = 0;
    for (number, files) in
        [(0, 2 * BATCH + 3), (1, BATCH), (2, 0)].into_iter().chain((3..60).map(|folder| (folder, 70)))
    {
        library.put_files(&numbered(number), at, at + files).await;
        at += files;
    }
    library.put_files(&top.to_string(), at, at + 5).await;
    let gone = at + 5;
    library.put_files(&kept.to_string(), gone, gone + BATCH + 1).await;
    super::assert_clean(&library.store).await;
    library.store.remove_folder(library.client, folder("gone"), true, NOW).await.unwrap();
    assert_eq!(library.files().await, BATCH + 1);
    assert_eq!(library.count(RELEASED, NOW.get()).await, gone);
    assert_eq!(library.bytes().await, [3 * u64::try_from(BATCH + 1).unwrap(), 0, 0, 0]);
    assert_eq!(library.counts("kept").await, [0, 0, 0, BATCH + 1, 3 * (BATCH + 1)]);
    library.finish().await;
}

/// It took 685 bytes for each file: SQLite kept all pages that a savepoint or a statement might have brought back.
#[tokio::test]
async fn deleting_many_files_takes_no_more_memory_than_deleting_some() {
    const FILES: i64 = 60_000;
    let library = Library::open().await;
    let top = library.folder_id("gone").await;
    library.put_files(&top.to_string(), 0, FILES).await;
    // Begins the high-water mark anew.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS:");
    library.store.remove_folder(library.client, folder("gone"), true, NOW).await.unwrap();
    let grown = memory("VmHWM:").saturating_sub(before);
    assert_eq!((library.files().await, library.count(RELEASED, NOW.get()).await), (0, FILES));
    assert!(grown < 16 * 1024, "{grown} KiB for {FILES} files");
    library.finish().await;
}

/// A figure of this process, in KiB.
fn memory(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn many_folders_in_one_are_read_at_leisure_and_few_at_once() {
    let library = Library::open().await;
    let top = library.folder_id("top").await;
    for (from, to) in [(0, 998), (998, 1003)] {
        library.put_folders(top, from, to).await;
        let before = library.store.statements();
        let mut found = library.store.folder_stats(library.client, &folder("top")).await.unwrap().children;
        let statements = library.store.statements() - before;
        found.sort_by_cached_key(|name| name[1..].parse::<i64>().unwrap());
        assert_eq!(found, (0..to).map(|number| format!("f{number}")).collect::<Vec<_>>());
        assert_eq!(statements, if to < 1000 { 1 } else { 2 });
    }
    library.finish().await;
}
