//! `import` of folders, archives and lists of URLs.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::api::{bytes, sha256};
use crate::desk::Desk;
use crate::program::Place;

fn imported(entries: &[Value], action: &str) -> Vec<String> {
    let of = |entry: &&Value| entry["action"] == action;
    let path = |entry: &Value| entry["path"].as_str().or(entry["source"].as_str()).unwrap().to_owned();
    let mut paths: Vec<_> = entries.iter().filter(of).map(path).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn a_folder_is_imported_with_its_folders_and_a_map() {
    let desk = Desk::new().await;
    for name in ["a/1.png", "a/b/2.png", "3, \"quoted\".png"] {
        desk.write(&format!("old/{name}"), name);
    }
    std::fs::create_dir_all(desk.path("old/empty/inside")).unwrap();
    let verb = ["import", "old", "-f", "new", "--map", "map.csv"];
    let rehearsed = desk.run(&[&verb[..], &["-n"]].concat()).await.good();
    assert!(rehearsed.contains("import     new/a/1.png\n") && desk.library().await.is_empty(), "{rehearsed}");
    let said = desk.run(&verb).await.good();
    let url = desk.run(&["url", "new/a/b/2.png"]).await.good();
    assert!(said.contains(&format!("old/a/b/2.png -> {url}")), "{said}");
    assert!(said.ends_with("3 imported; 31 B sent\n"), "{said}");
    assert_eq!(desk.run(&["ls", "new/empty"]).await.good(), "inside/\n");
    let map = std::fs::read_to_string(desk.path("map.csv")).unwrap();
    let line = format!("old/a/b/2.png,{},new/a/b/2.png,{},9\n", url.trim(), desk.hash("old/a/b/2.png"));
    assert!(map.starts_with("old,new,path,sha256,size\n") && map.contains(&line), "{map}");
    assert!(map.contains("\"old/3, \"\"quoted\"\".png\",http"), "{map}");
    let (entries, summary, code) = desk.lines(&verb).await;
    assert_eq!((code, &summary["unchanged"], &summary["bytes_sent"]), (Some(0), &3.into(), &0.into()));
    assert_eq!(imported(&entries, "unchanged").len(), 3, "the map is whole again");
    assert_eq!(std::fs::read_to_string(desk.path("map.csv")).unwrap(), map);
    desk.finish().await;
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.add_symlink("link.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap().into_inner()
}

/// An archive with one entry that says it has another size than it has.
fn with_size(content: &[u8], said: u32) -> Vec<u8> {
    let mut archive = archive(&[("a.png", content)]);
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    for at in 0..archive.len() - 4 {
        if archive[at..at + 4] == size {
            archive[at..at + 4].copy_from_slice(&said.to_le_bytes());
        }
    }
    archive
}

#[tokio::test]
async fn an_archive_is_imported_and_its_traps_are_not() {
    let desk = Desk::new().await;
    let large = bytes(1, 9_000_000);
    let entries: [(&str, &[u8]); 8] = [
        ("clips/öne.mp4", b"one"),
        ("clips/deep/two.mp4", &large),
        ("../../evil.png", b"evil"),
        ("/etc/evil.png", b"evil"),
        ("__MACOSX/clips/._one.mp4", b"junk"),
        ("empty.png", b""),
        ("same name.png", b"1"),
        ("same_name.png", b"2"),
    ];
    desk.write("export.zip", archive(&entries));
    let (entries, summary, code) = desk.lines(&["import", "export.zip", "-f", "in"]).await;
    assert_eq!(code, Some(1), "{summary}");
    assert_eq!(imported(&entries, "import"), ["in/clips/_ne.mp4", "in/clips/deep/two.mp4"]);
    assert_eq!(imported(&entries, "fail").len(), 4, "{entries:?}");
    let skipped = imported(&entries, "skip");
    assert_eq!(skipped, ["export.zip/__MACOSX/clips/._one.mp4", "export.zip/empty.png", "export.zip/link.png"]);
    let library = desk.library().await;
    assert_eq!((library.len(), &library["in/clips/deep/two.mp4"]), (2, &sha256(&large)));
    assert_eq!(library["in/clips/_ne.mp4"], sha256(b"one"));
    let (_, summary, _) = desk.lines(&["import", "export.zip", "-f", "in"]).await;
    assert_eq!((&summary["unchanged"], &summary["bytes_sent"]), (&2.into(), &0.into()), "{summary}");
    assert_eq!(std::fs::read_dir(desk.path("scratch")).unwrap().count(), 0, "nothing is left behind");

    // One that says it would fill a disk.
    desk.write("bomb.zip", with_size(&bytes(2, 77_777), 0xefff_ffff));
    assert!(desk.run(&["import", "bomb.zip"]).await.refused().contains("trap"));
    // One that says it is smaller than it is.
    desk.write("liar.zip", with_size(b"longer than it says", 5));
    assert_eq!(desk.run(&["import", "liar.zip"]).await.code, Some(1));
    assert_eq!(desk.library().await.len(), 2);
    desk.finish().await;
}

/// A web server that breaks off now and then.
#[derive(Clone, Default)]
struct Web {
    asked: Arc<AtomicUsize>,
    continued: Arc<AtomicUsize>,
}

async fn page(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    web.asked.fetch_add(1, Ordering::Relaxed);
    match name.as_str() {
        "gone.png" => StatusCode::NOT_FOUND.into_response(),
        "elsewhere.png" => (StatusCode::FOUND, [("location", "/files/plain.png")]).into_response(),
        "broken.mp4" => {
            let whole = bytes(5, 3_000_000);
            let tag = [("etag", "\"one\"")];
            if let Some(range) = headers.get("range") {
                web.continued.fetch_add(1, Ordering::Relaxed);
                assert_eq!(headers["if-range"], "\"one\"");
                let at: usize = range.to_str().unwrap()["bytes=".len()..].trim_end_matches('-').parse().unwrap();
                let range = [("content-range", format!("bytes {at}-{}/{}", whole.len() - 1, whole.len()))];
                return (StatusCode::PARTIAL_CONTENT, tag, range, whole[at..].to_vec()).into_response();
            }
            let half = futures::stream::iter([Ok(whole[..1_000_000].to_vec()), Err(std::io::Error::other("cut"))]);
            (tag, [("content-length", whole.len().to_string())], Body::from_stream(half)).into_response()
        }
        name => name.as_bytes().to_vec().into_response(),
    }
}

/// Serves until the test ends.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_list_of_urls_is_downloaded_continued_and_remembered() {
    let (desk, web) = (Desk::new().await, Web::default());
    let base = serve(Router::new().route("/files/{name}", get(page)).with_state(web.clone())).await;
    let list = format!(
        "# old media\n{base}/files/plain.png?secret=1\n{base}/files/two.png\tfolder/renamed.png\n\n\
         {base}/files/broken.mp4\n{base}/files/elsewhere.png\nftp://old/x.png\n{base}/files/gone.png\n{base}/\n"
    );
    desk.write("urls.txt", list);
    let (entries, summary, code) = desk.lines(&["import", "urls.txt", "-f", "in"]).await;
    assert_eq!((code, &summary["imported"], &summary["failed"]), (Some(1), &4.into(), &3.into()), "{entries:?}");
    let paths = ["in/broken.mp4", "in/elsewhere.png", "in/folder/renamed.png", "in/plain.png"];
    assert_eq!(imported(&entries, "import"), paths);
    let library = desk.library().await;
    assert_eq!(library["in/broken.mp4"], sha256(&bytes(5, 3_000_000)));
    assert_eq!(library["in/folder/renamed.png"], sha256(b"two.png"));
    assert_eq!(web.continued.load(Ordering::Relaxed), 1, "it went on where it had broken off");
    let plain = entries.iter().find(|entry| entry["path"] == "in/plain.png").unwrap();
    assert_eq!(plain["source"], format!("{base}/files/plain.png?secret=1"), "the old URL as it was");

    let asked = web.asked.load(Ordering::Relaxed);
    desk.run(&["rm", "in/plain.png"]).await.good();
    let (_, summary, _) = desk.lines(&["import", "urls.txt", "-f", "in"]).await;
    assert_eq!((&summary["imported"], &summary["unchanged"]), (&1.into(), &3.into()), "{summary}");
    assert_eq!(web.asked.load(Ordering::Relaxed), asked + 2, "the one that went, and the one that is gone");
    desk.finish().await;
}

#[tokio::test]
async fn a_list_of_urls_is_fetched_by_the_server_when_it_is_told_to() {
    let mut place = Place::create().await;
    place.set("REELSHELF_FETCH__ALLOW_NETWORKS", "[\"127.0.0.0/8\"]");
    let (desk, web) = (Desk::at(place).await, Web::default());
    let base = serve(Router::new().route("/files/{name}", get(page)).with_state(web.clone())).await;
    desk.write("urls.txt", format!("{base}/files/plain.png\n{base}/files/gone.png\tb/x.png\n"));
    let verb = ["import", "urls.txt", "--server-side", "-f", "in"];
    let (entries, summary, code) = desk.lines(&verb).await;
    assert_eq!((code, &summary["imported"], &summary["bytes_sent"]), (Some(1), &1.into(), &0.into()), "{entries:?}");
    let failed = entries.iter().find(|entry| entry["action"] == "fail").unwrap();
    assert!(failed["reason"].as_str().unwrap().starts_with("the server could not fetch it: "), "{failed}");
    assert_eq!(desk.library().await["in/plain.png"], sha256(b"plain.png"));
    let (_, summary, code) = desk.lines(&verb).await;
    assert_eq!((code, &summary["unchanged"], &summary["failed"]), (Some(1), &1.into(), &1.into()), "{summary}");
    desk.finish().await;
}

#[tokio::test]
async fn an_import_that_is_killed_goes_on_where_it_was() {
    let (desk, web) = (Desk::new().await, Web::default());
    let base = serve(Router::new().route("/files/{name}", get(page)).with_state(web.clone())).await;
    let list: Vec<_> = (0..200).map(|number| format!("{base}/files/{number}.png")).collect();
    desk.write("urls.txt", list.join("\n"));
    let mut client = desk.place.begin(&["import", "urls.txt", "--jobs", "2"]);
    desk.until("some are there", || async { desk.library().await.len() >= 20 }).await;
    client.kill().await.unwrap();
    let before = web.asked.load(Ordering::Relaxed);
    let (entries, summary, code) = desk.lines(&["import", "urls.txt"]).await;
    assert_eq!((code, entries.len()), (Some(0), 200), "{summary}");
    assert!(web.asked.load(Ordering::Relaxed) <= 200 + before - 18, "what is there is not fetched again: {summary}");
    let library = desk.library().await;
    assert!((0..200).all(|number| library[&format!("{number}.png")] == sha256(format!("{number}.png").as_bytes())));
    assert_eq!(json!(library.len()), json!(200));
    desk.finish().await;
}
