//! What people look for: in one folder or the whole library, by type, to be shown or to be saved.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// A library of seven files in three folders; the bytes of each say which it is.
async fn library(app: &TestApp, key: &str) {
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[0; 16]].concat();
    let mp3 = [&b"ID3\x04\0\0\0\0\0\0"[..], &[0; 16]].concat();
    let files = [
        ("", "logo.png", &png, 1),
        ("", "theme.mp3", &mp3, 2),
        ("brand", "logo_dark.png", &png, 3),
        ("brand", "Logo10.png", &png, 4),
        ("brand/2026", "logo2.png", &png, 5),
        ("brand/2026", "jingle.mp3", &mp3, 6),
        ("temp", "logo_draft.png", &png, 7),
    ];
    for (folder, name, kind, size) in files {
        app.advance(std::time::Duration::from_secs(1));
        app.upload(key, folder, name, [&kind[..], &vec![size; size.into()]].concat()).await;
    }
}

async fn paths(app: &TestApp, key: &str, query: &str) -> (Vec<String>, Value) {
    let (status, answer) = app.get(key, &format!("/v2/media/folder?{query}")).await;
    assert_eq!(status, 200, "{answer}");
    let path = |file: &Value| match (file["folder"].as_str().unwrap(), file["name"].as_str().unwrap()) {
        ("", name) => name.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    };
    let paths: Vec<_> = answer["files"].as_array().unwrap().iter().map(path).collect();
    for file in answer["files"].as_array().unwrap() {
        assert_eq!(
            app.request(Method::HEAD, file["url"].as_str().unwrap()).send().await.unwrap().status(),
            200,
            "{file}"
        );
    }
    (paths, answer["total"].clone())
}

#[tokio::test]
async fn a_search_below_a_folder_finds_what_is_in_every_folder_under_it() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    library(&app, &key).await;
    let names = ["brand/logo_dark.png", "temp/logo_draft.png", "logo.png", "brand/2026/logo2.png", "brand/Logo10.png"];
    let found = paths(&app, &key, "q=LOGO&below=true").await.0;
    let mut sorted = (found.clone(), names.map(ToOwned::to_owned).to_vec());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    let place = |name: &str| found.iter().position(|path| path.ends_with(name)).unwrap();
    assert!(place("logo2.png") < place("Logo10.png"), "in natural order: {found:?}");

    let brand = |rest: &str| format!("path=brand&below=true{rest}");
    assert_eq!(
        paths(&app, &key, &brand("&q=logo&sort=date")).await.0,
        ["brand/logo_dark.png", "brand/Logo10.png", "brand/2026/logo2.png"]
    );
    assert_eq!(
        paths(&app, &key, &brand("&sort=-size&page_size=2")).await,
        (vec!["brand/2026/jingle.mp3".to_owned(), "brand/2026/logo2.png".to_owned()], json!(4))
    );
    assert_eq!(
        paths(&app, &key, &brand("&sort=-size&page_size=2&page=1")).await,
        (vec!["brand/Logo10.png".to_owned(), "brand/logo_dark.png".to_owned()], json!(4))
    );
    assert_eq!(paths(&app, &key, &brand("&page=9")).await, (Vec::new(), json!(4)), "behind the end the count is known");
    assert_eq!(paths(&app, &key, &brand("&type=audio")).await.0, ["brand/2026/jingle.mp3"]);
    assert_eq!(paths(&app, &key, "q=_d&below=true&type=image").await.1, json!(2), "no letter is a wildcard");
    let other = app.other_client().await;
    let foreign = app.key_of(other, "render").await;
    assert_eq!(paths(&app, &foreign, "q=logo&below=true").await.0, Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn a_listing_by_type_runs_by_name_within_each_and_goes_on_behind_any_file() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    library(&app, &key).await;
    app.upload(&key, "brand", "notes.txt", b"nothing known".to_vec()).await;
    app.upload(&key, "brand", "song.mp3", b"ID3\x04\0\0\0\0\0\0 and more".to_vec()).await;
    let expected = ["song.mp3", "Logo10.png", "logo_dark.png", "notes.txt"].map(|name| format!("brand/{name}"));
    let forward = paths(&app, &key, "path=brand&sort=type").await.0;
    assert_eq!(forward, expected);
    let mut backward = paths(&app, &key, "path=brand&sort=-type").await.0;
    backward.reverse();
    assert_eq!(backward, expected);
    assert_eq!(paths(&app, &key, "path=brand&sort=type&type=image").await.0, expected[1..3]);
    assert_eq!(paths(&app, &key, "path=brand&sort=type&q=o&page_size=2&page=1").await.0, expected[2..]);

    for sort in ["type", "-type", "type&type=image"] {
        let (mut walked, mut cursor) = (Vec::new(), Some(String::new()));
        while let Some(place) = cursor {
            let url = format!("/v2/media/folder?path=brand&page_size=1&sort={sort}&cursor={place}");
            let answer = app.get(&key, &url).await.1;
            walked.extend(answer["files"].as_array().unwrap().iter().map(|file| file["name"].clone()));
            cursor = answer["next_cursor"].as_str().map(ToOwned::to_owned);
        }
        let (whole, _) = paths(&app, &key, &format!("path=brand&sort={sort}")).await;
        assert_eq!(
            walked,
            whole.iter().map(|path| json!(path.trim_start_matches("brand/"))).collect::<Vec<_>>(),
            "{sort}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_link_may_be_for_saving_and_name_what_goes_into_a_zip() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "brand", "my%20logo.png", b"\x89PNG\r\n\x1a\n".to_vec()).await;
    let url = file["url"].as_str().unwrap();
    let disposition = async |url: String| {
        let response = app.request(Method::GET, &url).send().await.unwrap();
        response.headers()["content-disposition"].to_str().unwrap().to_owned()
    };
    assert_eq!(disposition(url.to_owned()).await, "inline; filename=\"my logo.png\"");
    assert_eq!(disposition(format!("{url}?download=1")).await, "attachment; filename=\"my logo.png\"");
    assert_eq!(disposition(format!("{url}?download=0")).await, "inline; filename=\"my logo.png\"");

    app.upload(&key, "", "song.mp3", b"ID3".to_vec()).await;
    let link = "/v2/media/zip?paths=brand/&paths=song.mp3";
    let zip = app.request(Method::GET, link).header("x-api-key", &key).send().await.unwrap();
    assert_eq!(zip.status(), 200);
    let zip = zip.bytes().await.unwrap();
    let names = ::zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut names: Vec<_> = names.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["brand/my logo.png", "song.mp3"]);
    app.finish().await;
}
