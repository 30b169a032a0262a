//! What a ZIP is made of.

use reelshelf_domain::{Error, FolderPath, Thing};

use super::super::ZipPlace;
use super::{Library, NOW, assert_refused, folder, later};

#[tokio::test]
async fn folders_below_one_and_their_files_come_in_order_and_whole() {
    let library = Library::open().await;
    for (number, at) in
        ["top/b.png", "top/a10.png", "top/a9.png", "top/x/y/z.png", "else/c.png", "temp/t.png"].into_iter().enumerate()
    {
        library.put(at, u8::try_from(number).unwrap(), 5).await;
    }
    library.register("top/pending.png", 5).await.unwrap();
    let below = async |path: &FolderPath, most| {
        let mut found = library.store.folders_below(library.client, path, most).await.unwrap();
        found.sort_by_key(|folder| folder.path.to_string());
        found
    };
    let found = below(&folder("top"), 100).await;
    let shown: Vec<_> = found.iter().map(|it| (it.path.to_string(), it.files)).collect();
    assert_eq!(shown, [(String::new(), 4), ("x".to_owned(), 0), ("x/y".to_owned(), 1)]);
    assert_eq!(below(&FolderPath::root(), 100).await.len(), 6);
    assert_eq!(below(&FolderPath::root(), 2).await.len(), 2);
    assert_refused!(
        library.store.folders_below(library.client, &folder("none"), 100).await,
        Error::NotFound(Thing::Folder)
    );
    let mut place = ZipPlace::default();
    let mut names = Vec::new();
    loop {
        let (files, next) = library.store.zip_files(found[0].id, &place, NOW, 2).await.unwrap();
        if files.is_empty() {
            break;
        }
        names.extend(files.iter().map(|file| file.name.to_string()));
        place = next;
    }
    assert_eq!(names, ["a9.png", "a10.png", "b.png"], "without the pending one");
    let temp = below(&FolderPath::temp(), 100).await[0].id;
    let files = async |now| library.store.zip_files(temp, &ZipPlace::default(), now, 10).await.unwrap().0.len();
    assert_eq!((files(NOW).await, files(later(100_000)).await), (1, 0), "its time is over");
    library.finish().await;
}
