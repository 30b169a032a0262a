//! Pages of files: every order, direction, filter and way to go on.

use reelshelf_domain::{DisplayName, FileName, FolderId, Limit, MediaKind, MediaType, Sort, SystemChance};

use super::super::{Arrived, Listing, Registration, Slice};
use super::{Library, arrived, folder, later};

/// Names in natural order, with the kind of each.
const FILES: [(&str, MediaType); 9] = [
    ("2.bin", MediaType::Other),
    ("10.bin", MediaType::Other),
    ("a%b.mp3", MediaType::Mp3),
    ("Clip.mp4", MediaType::Mp4),
    ("img1.png", MediaType::Png),
    ("IMG2.png", MediaType::Png),
    ("img002.png", MediaType::Png),
    ("img10.png", MediaType::Png),
    ("under_score.mp3", MediaType::Mp3),
];
const SORTS: [&str; 6] = ["name", "-name", "date", "-date", "size", "-size"];
const KINDS: [Option<MediaKind>; 5] =
    [None, Some(MediaKind::Image), Some(MediaKind::Video), Some(MediaKind::Audio), Some(MediaKind::Other)];

/// A file as the listing is expected to give it, with what sorts it.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    kind: MediaKind,
    natural: (String, String),
    date: i64,
    size: i64,
    id: String,
}

/// The files of one folder, some of the same size and some of the same moment; another folder holds namesakes.
async fn fill(library: &Library) -> (FolderId, Vec<Entry>) {
    let mut entries = Vec::new();
    for (index, (name, media_type)) in FILES.into_iter().enumerate() {
        let index = u8::try_from(index).unwrap();
        let name = FileName::sanitise(name).unwrap();
        let size = u64::from(index * 5 % 4 + 1);
        for place in ["f", "f/sub", ""] {
            let at = format!("{place}/{name}");
            let registration = Registration {
                now: later(u64::from(index * 7 % 5)),
                display_name: DisplayName::of("shown"),
                ..library.registration(at.trim_start_matches('/'), size)
            };
            let upload = library.store.register(registration, &SystemChance).await.unwrap().upload;
            // One stays pending: listings show it.
            if index != 4 {
                let bytes = Arrived { media_type, ..arrived(upload, index + size.to_le_bytes()[0] * 16, size) };
                library.store.commit_upload(bytes).await.unwrap();
            }
        }
        let asset = library.asset(&format!("f/{name}")).await.unwrap();
        entries.push(Entry {
            name: name.to_string(),
            kind: asset.kind,
            natural: (name.natural_key(), name.to_string()),
            date: asset.created_at.get(),
            size: asset.size.to_column(),
            id: asset.id.to_string(),
        });
    }
    let stats = library.store.folder_stats(library.client, &folder("f")).await.unwrap();
    (stats.id, entries)
}

fn expected(entries: &[Entry], sort: &str, kind: Option<MediaKind>, query: Option<&str>) -> Vec<String> {
    let mut wanted: Vec<_> = entries
        .iter()
        .filter(|entry| kind.is_none_or(|kind| entry.kind == kind))
        .filter(|entry| query.is_none_or(|query| entry.name.to_lowercase().contains(&query.to_lowercase())))
        .collect();
    match sort.trim_start_matches('-') {
        "name" => wanted.sort_by_key(|entry| entry.natural.clone()),
        "date" => wanted.sort_by_key(|entry| (entry.date, entry.id.clone())),
        _ => wanted.sort_by_key(|entry| (entry.size, entry.id.clone())),
    }
    if sort.starts_with('-') {
        wanted.reverse();
    }
    wanted.into_iter().map(|entry| entry.name.clone()).collect()
}

fn listing(folder: FolderId, sort: &str, kind: Option<MediaKind>, query: Option<&str>, limit: u32) -> Listing {
    Listing {
        folder,
        kind,
        query: query.map(str::to_owned),
        sort: sort.parse::<Sort>().unwrap(),
        slice: Slice::Offset(0),
        limit: Limit::new("page_size", limit.into(), 1000).unwrap(),
    }
}

/// Goes through the whole listing page by page, by offset and by cursor, and compares.
async fn walk(library: &Library, first: Listing, wanted: &[String]) {
    let (size, said) = (first.limit.get() as usize, format!("{first:?}"));
    let counted = first.query.is_some().then(|| i64::try_from(wanted.len()).unwrap());
    let mut by_cursor = Some(first.clone());
    let mut seen = Vec::new();
    for page in 0.. {
        let offset = Listing { slice: Slice::Offset(page * u64::from(first.limit.get())), ..first.clone() };
        let by_offset = library.store.list(&offset).await.unwrap();
        let names =
            |assets: &[super::super::Asset]| assets.iter().map(|asset| asset.name.to_string()).collect::<Vec<_>>();
        let here: Vec<_> = wanted.iter().skip(seen.len()).take(size).cloned().collect();
        assert_eq!(names(&by_offset.assets), here, "page {page} by offset of {said}");
        assert_eq!(by_offset.matches, counted, "page {page} by offset of {said}");
        assert_eq!(by_offset.next.is_some(), here.len() == size, "{said}");
        if let Some(listing) = by_cursor.take() {
            let listed = library.store.list(&listing).await.unwrap();
            assert_eq!(names(&listed.assets), here, "page {page} by cursor of {said}");
            assert_eq!(listed.matches, counted, "page {page} by cursor of {said}");
            by_cursor = listed.next.map(|next| {
                // As it comes back from a client.
                let next = next.to_string().parse().unwrap();
                Listing { slice: Slice::After(next), ..first.clone() }
            });
        }
        if here.is_empty() {
            break;
        }
        seen.extend(here);
    }
    assert_eq!(seen, wanted, "{said}");
    assert!(by_cursor.is_none(), "the last page leads nowhere: {said}");
}

#[tokio::test]
async fn every_order_direction_kind_and_search_pages_the_same_by_offset_and_by_cursor() {
    let library = Library::open().await;
    let (folder, entries) = fill(&library).await;
    for sort in SORTS {
        for kind in KINDS {
            for query in [None, Some("IMG"), Some("."), Some("nothing")] {
                let wanted = expected(&entries, sort, kind, query);
                for limit in [1, 3, 9, 100] {
                    walk(&library, listing(folder, sort, kind, query, limit), &wanted).await;
                }
            }
        }
    }
    library.finish().await;
}

#[tokio::test]
async fn names_are_listed_in_natural_order() {
    let library = Library::open().await;
    let (folder, _) = fill(&library).await;
    let listed = library.store.list(&listing(folder, "name", None, None, 100)).await.unwrap();
    let names: Vec<_> = listed.assets.iter().map(|asset| asset.name.as_str()).collect();
    let natural = [
        "2.bin",
        "10.bin",
        "a_b.mp3",
        "Clip.mp4",
        "img1.png",
        "IMG2.png",
        "img002.png",
        "img10.png",
        "under_score.mp3",
    ];
    assert_eq!(names, natural);
    library.finish().await;
}

#[tokio::test]
async fn a_search_takes_every_character_for_itself() {
    let library = Library::open().await;
    let (folder, _) = fill(&library).await;
    let found = |query: &'static str| {
        let (store, listing) = (library.store.clone(), listing(folder, "name", None, Some(query), 100));
        async move {
            let listed = store.list(&listing).await.unwrap();
            assert_eq!(listed.matches, i64::try_from(listed.assets.len()).ok());
            listed.assets.into_iter().map(|asset| asset.name.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(found("_").await, ["a_b.mp3", "under_score.mp3"], "an underscore is no wildcard");
    assert_eq!(found("a_B").await, ["a_b.mp3"]);
    for nothing in ["%", "%%", "i%g", "\\", "\\_", "\\%", "'", "im_1", "é"] {
        assert_eq!(found(nothing).await, [""; 0], "{nothing}");
    }
    assert_eq!(found("").await.len(), FILES.len());
    library.finish().await;
}

#[tokio::test]
async fn a_cursor_stays_right_when_files_before_it_come_and_go() {
    let library = Library::open().await;
    let (folder, entries) = fill(&library).await;
    for sort in SORTS {
        let first = listing(folder, sort, None, None, 4);
        let next = library.store.list(&first).await.unwrap().next.unwrap();
        let rest = expected(&entries, sort, None, None).split_off(4);
        let gone = expected(&entries, sort, None, None).remove(3);
        library.relocate(&format!("f/{gone}"), "f/sub/away").await.unwrap();
        let after = Listing { slice: Slice::After(next), ..listing(folder, sort, None, None, 100) };
        let after = library.store.list(&after).await.unwrap().assets;
        let after: Vec<_> = after.into_iter().map(|asset| asset.name.to_string()).collect();
        assert_eq!(after, rest, "{sort}: the file the cursor names is gone");
        library.relocate("f/sub/away", &format!("f/{gone}")).await.unwrap();
    }
    library.finish().await;
}

#[tokio::test]
async fn a_page_far_behind_the_end_is_empty_and_still_counts_matches() {
    let library = Library::open().await;
    let (folder, _) = fill(&library).await;
    let far = |query| Listing { slice: Slice::Offset(u64::MAX), ..listing(folder, "name", None, query, 10) };
    let listed = library.store.list(&far(None)).await.unwrap();
    assert!(listed.assets.is_empty() && listed.next.is_none() && listed.matches.is_none());
    let searched = library.store.list(&far(Some("img"))).await.unwrap();
    assert!(searched.assets.is_empty() && searched.next.is_none());
    assert_eq!(searched.matches, Some(4));
    let nowhere = FolderId::generate(later(0), &SystemChance).unwrap();
    assert!(library.store.list(&listing(nowhere, "name", None, None, 10)).await.unwrap().assets.is_empty());
    library.finish().await;
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_leaves_the_connection_as_it_was() {
    let library = Library::open().await;
    let (folder, _) = fill(&library).await;
    // More often than there are connections, so that a lost one would be missed.
    for _ in 0..40 {
        let listing = listing(folder, "name", None, Some("img"), 10);
        let searching = library.store.list(&listing);
        let left = futures::FutureExt::now_or_never(searching);
        assert!(left.is_none_or(|listed| listed.is_ok()));
    }
    for _ in 0..10 {
        let listed = library.store.list(&listing(folder, "name", None, Some("img"), 10)).await.unwrap();
        assert_eq!(listed.matches, Some(4));
    }
    library.finish().await;
}
