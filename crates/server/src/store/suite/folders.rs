//! Making, finding, moving and deleting folders.

use reelshelf_domain::{ClientId, Error, FolderPath, Refusal, Result, SystemChance, Taken, Thing};

use super::super::{FolderMove, Made};
use super::{FOLDER_LIMIT, Library, NOW, add_client, assert_refused, folder, hash};

impl Library {
    async fn move_folder(&self, from: &str, to: &str) -> Result<()> {
        let change = FolderMove::new(self.client, folder(from), folder(to), FOLDER_LIMIT, NOW, &SystemChance).unwrap();
        self.store.move_folder(change).await
    }

    async fn remove_folder(&self, at: &str, recursive: bool) -> Result<()> {
        self.store.remove_folder(self.client, folder(at), recursive, NOW).await
    }

    /// Every path with its count of files, in order.
    async fn tree(&self) -> Vec<(String, i64)> {
        let tree = self.store.tree(self.client).await.unwrap();
        let mut tree: Vec<_> = tree.into_iter().map(|(path, files, _)| (path.to_string(), files)).collect();
        tree.sort();
        tree
    }

    async fn paths(&self) -> Vec<String> {
        self.tree().await.into_iter().map(|(path, _)| path).collect()
    }
}

#[tokio::test]
async fn nested_folders_are_made_in_one_call_and_found_again() {
    let library = Library::open().await;
    assert_eq!(library.make("a/b/c").await.unwrap(), Made::Created);
    assert_eq!(library.make("a/b/c").await.unwrap(), Made::Existed);
    assert_eq!(library.make("a").await.unwrap(), Made::Existed);
    assert_eq!(library.make("a/b/d").await.unwrap(), Made::Created);
    assert_eq!(library.make("").await.unwrap(), Made::Existed);
    assert_eq!(library.make("temp").await.unwrap(), Made::Existed);
    assert_eq!(library.make("A").await.unwrap(), Made::Created, "names tell case apart");
    assert_eq!(library.paths().await, ["", "A", "a", "a/b", "a/b/c", "a/b/d", "temp"]);
    let stats = library.store.folder_stats(library.client, &folder("a/b")).await.unwrap();
    let mut children = stats.children;
    children.sort();
    assert_eq!((children, stats.by_kind), (vec!["c".to_owned(), "d".to_owned()], [0; 4]));
    library.finish().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_found_and_neither_is_a_strangers() {
    let library = Library::open().await;
    library.make("a/b").await.unwrap();
    for missing in ["b", "a/b/c", "a/B", "ab", "a/bb"] {
        let found = library.store.folder_stats(library.client, &folder(missing)).await;
        assert_refused!(found, Error::NotFound(Thing::Folder));
    }
    let other = add_client(&library.store, None).await;
    let found = library.store.folder_stats(other, &folder("a")).await;
    assert_refused!(found, Error::NotFound(Thing::Folder));
    let stranger = ClientId::generate(&SystemChance).unwrap();
    let made = library.store.make_folder(stranger, folder("a"), FOLDER_LIMIT, NOW, &SystemChance).await;
    assert_refused!(made, Error::NotFound(Thing::Client));
    assert_eq!(library.store.tree(stranger).await.unwrap(), []);
    library.finish().await;
}

#[tokio::test]
async fn the_limit_of_folders_is_exact_and_counts_every_level() {
    let library = Library::open().await;
    let make = |at: &str, limit| {
        let at = folder(at);
        let (store, client) = (library.store.clone(), library.client);
        async move { store.make_folder(client, at, limit, NOW, &SystemChance).await }
    };
    make("a/b", 4).await.unwrap();
    assert_refused!(make("c", 4).await, Error::LimitReached { what: "folders of a client", .. });
    assert_refused!(make("a/x/y", 5).await, Error::LimitReached { .. });
    make("a/x", 5).await.unwrap();
    assert_eq!(make("a/x", 5).await.unwrap(), Made::Existed, "what is there needs no room");
    library.finish().await;
}

#[tokio::test]
async fn a_folder_moves_with_all_that_is_in_it() {
    let library = Library::open().await;
    library.put("a/b/x.png", 1, 5).await;
    library.put("a/b/c/y.png", 2, 6).await;
    library.register("a/b/c/z.png", 7).await.unwrap();
    library.move_folder("a/b", "d/e/f").await.unwrap();
    let expected = [("", 0), ("a", 0), ("d", 0), ("d/e", 0), ("d/e/f", 1), ("d/e/f/c", 2), ("temp", 0)];
    assert_eq!(library.tree().await, expected.map(|(path, files)| (path.to_owned(), files)));
    assert_eq!(library.asset("d/e/f/c/y.png").await.unwrap().hash, Some(hash(2)));
    assert_refused!(library.asset("a/b/x.png").await, Error::NotFound(Thing::File));
    library.move_folder("d/e/f", "top").await.unwrap();
    assert_eq!(library.asset("top/x.png").await.unwrap().hash, Some(hash(1)));
    assert_eq!(library.bytes().await, [11, 7, 0, 0]);
    library.finish().await;
}

#[tokio::test]
async fn a_folder_does_not_move_into_itself() {
    let library = Library::open().await;
    library.make("a/b").await.unwrap();
    library.make("ab").await.unwrap();
    assert_refused!(library.move_folder("a", "a/b/a").await, Error::Refused(Refusal::FolderIntoItself));
    assert_refused!(library.move_folder("a", "a/c").await, Error::Refused(Refusal::FolderIntoItself));
    library.move_folder("a", "a").await.expect("onto itself nothing happens");
    library.move_folder("a", "ab/a").await.expect("a name that only begins the same is another folder");
    assert_eq!(library.paths().await, ["", "ab", "ab/a", "ab/a/b", "temp"]);
    library.finish().await;
}

#[tokio::test]
async fn a_folder_does_not_take_the_name_of_another() {
    let library = Library::open().await;
    library.make("a/x").await.unwrap();
    library.make("b/x").await.unwrap();
    assert_refused!(library.move_folder("a/x", "b/x").await, Error::Taken(Taken::FolderAtDestination));
    assert_refused!(library.move_folder("a", "b").await, Error::Taken(Taken::FolderAtDestination));
    assert_refused!(library.move_folder("c", "d/e").await, Error::NotFound(Thing::Folder));
    assert_eq!(library.paths().await, ["", "a", "a/x", "b", "b/x", "temp"]);
    library.move_folder("a", "A").await.unwrap();
    library.finish().await;
}

#[tokio::test]
async fn no_folder_is_moved_below_the_depth_that_a_path_can_have() {
    let library = Library::open().await;
    let deep = vec!["d"; 30].join("/");
    library.make(&deep).await.unwrap();
    library.make("x/y/z").await.unwrap();
    assert_refused!(library.move_folder("x", &format!("{deep}/x")).await, Error::Invalid { .. });
    library.move_folder("x/y", &format!("{deep}/y")).await.expect("two levels fit below thirty");
    assert_eq!(library.paths().await.iter().map(|path| path.split('/').count()).max(), Some(32));
    assert!(FolderPath::parse(&vec!["d"; 33].join("/")).is_err());
    library.finish().await;
}

#[tokio::test]
async fn no_folder_is_moved_to_a_path_longer_than_a_path_can_be() {
    let library = Library::open().await;
    let name = |letter: &str| letter.repeat(250);
    let long = [name("a"), name("b"), name("c")].join("/");
    library.make(&long).await.unwrap();
    library.make(&format!("x/{}", name("y"))).await.unwrap();
    // 752 and a slash and 21, then a slash and 250: one more than fits.
    assert_refused!(library.move_folder("x", &format!("{long}/{}", "x".repeat(21))).await, Error::Invalid { .. });
    library.move_folder("x", &format!("{long}/{}", "x".repeat(20))).await.expect("1,024 bytes fit");
    let longest = library.paths().await.into_iter().map(|path| path.len()).max();
    assert_eq!(longest, Some(1024));
    library.finish().await;
}

#[tokio::test]
async fn a_folder_with_something_in_it_goes_only_when_all_is_meant() {
    let library = Library::open().await;
    library.make("a/b").await.unwrap();
    library.register("c/pending.png", 5).await.unwrap();
    for full in ["a", "c"] {
        assert_refused!(library.remove_folder(full, false).await, Error::Refused(Refusal::FolderNotEmpty));
    }
    library.remove_folder("a/b", false).await.unwrap();
    library.remove_folder("a", false).await.unwrap();
    assert_refused!(library.remove_folder("a", true).await, Error::NotFound(Thing::Folder));
    library.remove_folder("c", true).await.unwrap();
    assert_eq!((library.paths().await, library.bytes().await), (vec![String::new(), "temp".to_owned()], [0; 4]));
    library.finish().await;
}

#[tokio::test]
async fn a_folder_that_goes_gives_back_all_that_was_below_it() {
    let library = Library::with_storage(Some(100)).await;
    library.put("a/x.png", 1, 5).await;
    library.put("a/b/c/y.png", 2, 6).await;
    library.put("a/b/c/same.png", 1, 5).await;
    let pending = library.register("a/b/z.png", 7).await.unwrap().upload;
    let replacing = library.register_over("a/x.png", 30).await.unwrap().upload;
    library.put("keep.png", 1, 5).await;
    library.put("temp/t/x.png", 4, 9).await;
    assert_eq!(library.bytes().await, [21, 32, 9, 0]);
    library.remove_folder("a", true).await.unwrap();
    assert_eq!(library.bytes().await, [5, 0, 9, 0]);
    assert_eq!(library.paths().await, ["", "temp", "temp/t"]);
    for upload in [pending, replacing] {
        assert_refused!(library.store.upload(upload).await, Error::NotFound(Thing::Upload));
    }
    library.remove_folder("temp/t", true).await.unwrap();
    assert_eq!(library.bytes().await, [5, 0, 0, 0]);
    assert_eq!(library.store.condemn_blobs(NOW, NOW).await.unwrap(), 2, "the copy that is still used stays");
    library.finish().await;
}

#[tokio::test]
async fn a_full_client_has_room_again_when_a_folder_goes() {
    let library = Library::with_storage(Some(10)).await;
    library.put("a/x.png", 1, 10).await;
    assert!(library.store.client(library.client).await.unwrap().full_at.is_some());
    library.remove_folder("a", true).await.unwrap();
    assert!(library.store.client(library.client).await.unwrap().full_at.is_none());
    library.finish().await;
}
