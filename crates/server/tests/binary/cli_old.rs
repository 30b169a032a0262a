//! `import json2video`: an old account, played by a server that speaks the documented wire format and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::api::{bytes, sha256};
use crate::cli_import::serve;
use crate::desk::Desk;

const KEY: &str = "oldKeyOfTheOldAccount";

/// Folder, name, status; the root has more files than a page.
type Shelf = Vec<(String, String, &'static str)>;

#[derive(Clone)]
struct Old {
    files: Arc<Shelf>,
    downloads: Arc<AtomicUsize>,
    base: Arc<std::sync::OnceLock<String>>,
}

impl Old {
    fn content(folder: &str, name: &str) -> Vec<u8> {
        bytes((folder.len() * 1000 + name.len()) as u64, 200 + name.len())
    }

    fn object(&self, (folder, name, status): &(String, String, &'static str)) -> Value {
        let slash = if folder.is_empty() { "" } else { "/" };
        json!({
            "name": name, "folder": folder, "type": "image", "contentType": "image/png",
            "size": Self::content(folder, name).len(),
            "url": format!("{}/abcde12345/files/{folder}{slash}{name}", self.base.get().unwrap()),
            "thumbnailUrl": null, "status": status, "temporary": folder == "temp",
            "created_at": "2026-01-02T03:04:05.000Z"
        })
    }

    fn folders(&self) -> Vec<String> {
        let mut folders: Vec<_> =
            self.files.iter().map(|file| file.0.clone()).filter(|folder| !folder.is_empty()).collect();
        folders.extend(["videos".to_owned(), "empty".to_owned()]);
        folders.sort();
        folders.dedup();
        folders
    }
}

type Parameters = Query<std::collections::HashMap<String, String>>;

async fn folder(State(old): State<Old>, headers: HeaderMap, Query(query): Parameters) -> Response {
    if headers.get("x-api-key").is_none_or(|key| key != KEY) {
        let body = json!({ "success": false, "message": "Error: Invalid API Key" });
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let within = |folder: &str| old.files.iter().filter(|file| file.0 == folder).cloned().collect::<Vec<_>>();
    if query.get("tree").is_some_and(|tree| tree == "true") {
        let entry = |path: &str, folder: &str| json!({ "path": path, "files": within(folder).len(), "size": 0 });
        let mut tree = vec![entry("/", "")];
        tree.extend(old.folders().iter().map(|folder| entry(folder, folder)));
        return Json(json!({ "success": true, "tree": tree })).into_response();
    }
    let path = query.get("path").map_or("/", String::as_str);
    let files = within(path.trim_matches('/'));
    // Like many servers: it gives 100 however many it is asked for.
    let size = query.get("page_size").map_or(50, |size| size.parse().unwrap()).min(100);
    let page: usize = query.get("page").map_or(0, |page| page.parse().unwrap());
    let objects: Vec<_> = files.iter().skip(page * size).take(size).map(|file| old.object(file)).collect();
    let body = json!({ "success": true, "path": path, "folders": [], "files": objects, "total": files.len(),
        "total_files": files.len(), "total_size": 0 });
    Json(body).into_response()
}

async fn file(State(old): State<Old>, headers: HeaderMap, Path(path): Path<String>) -> Response {
    assert!(headers.get("x-api-key").is_none(), "a key goes to the API alone");
    old.downloads.fetch_add(1, Ordering::Relaxed);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    Old::content(folder, name).into_response()
}

async fn old_account() -> (Old, String) {
    let mut files: Shelf = (0..250).map(|number| (String::new(), format!("{number}.png"), "uploaded")).collect();
    for (folder, name, status) in [
        ("videos/raw", "clip.png", "uploaded"),
        ("videos/raw", "half.png", "pending"),
        ("temp", "passing.png", "uploaded"),
    ] {
        files.push((folder.to_owned(), name.to_owned(), status));
    }
    let old = Old { files: Arc::new(files), downloads: Arc::default(), base: Arc::default() };
    let router = Router::new()
        .route("/v2/media/folder", get(folder))
        .route("/abcde12345/files/{*path}", get(file))
        .with_state(old.clone());
    let base = serve(router).await;
    old.base.set(base.clone()).unwrap();
    (old, base)
}

#[tokio::test]
async fn an_old_account_is_brought_over_with_its_folders_once() {
    let (old, base) = old_account().await;
    let mut desk = Desk::new().await;
    let verb = ["import", "json2video", "--from-url", &base, "--map", "map.csv"];
    assert_eq!(desk.run(&verb).await.code, Some(2), "it has no key of the old account");
    desk.place.set("JSON2VIDEO_API_KEY", "wrong");
    assert_eq!(desk.run(&verb).await.code, Some(3));
    desk.place.set("JSON2VIDEO_API_KEY", KEY);
    let (entries, summary, code) = desk.lines(&verb).await;
    assert_eq!((code, &summary["imported"], &summary["skipped"]), (Some(0), &251.into(), &1.into()), "{summary}");
    let library = desk.library().await;
    assert_eq!(library.len(), 251, "every page, and nothing temporary");
    assert_eq!(library["videos/raw/clip.png"], sha256(&Old::content("videos/raw", "clip.png")));
    assert_eq!(library["249.png"], sha256(&Old::content("", "249.png")));
    assert_eq!(desk.run(&["ls"]).await.good().lines().next(), Some("empty/"), "folders are kept");
    let clip = entries.iter().find(|entry| entry["path"] == "videos/raw/clip.png").unwrap();
    assert_eq!(clip["source"], format!("{base}/abcde12345/files/videos/raw/clip.png"));
    let map = std::fs::read_to_string(desk.path("map.csv")).unwrap();
    assert_eq!(map.lines().count(), 252);

    let downloads = old.downloads.load(Ordering::Relaxed);
    let (_, summary, code) = desk.lines(&verb).await;
    assert_eq!((code, &summary["unchanged"]), (Some(0), &251.into()), "{summary}");
    assert_eq!(old.downloads.load(Ordering::Relaxed), downloads, "nothing is fetched twice");
    assert_eq!(std::fs::read_to_string(desk.path("map.csv")).unwrap(), map);
    desk.finish().await;
}
