//! Files that the library understands: what it says of them, what it makes of them, and that it makes it safely.

use std::time::Duration;

use reelshelf::blobs::BlobKey;
use reelshelf::jobs;
use reelshelf::store::{Derived, Deriving, JobClass, NewDerived, Worker};
use reelshelf_domain::{BlobId, ByteSize, SystemChance};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::samples::{png, png_of};

pub(crate) async fn look(app: &TestApp, key: &str, path: &str) -> Value {
    let (status, answer) = app.get(key, &format!("/v2/media/file?path={path}")).await;
    assert_eq!(status, 200, "{answer}");
    answer["file"].clone()
}

pub(crate) async fn fetch(app: &TestApp, url: &str) -> (StatusCode, Vec<u8>) {
    let response = app.request(Method::GET, url).send().await.unwrap();
    let status = response.status();
    (status, response.bytes().await.unwrap().to_vec())
}

/// Width and height of a WebP file, lossy or lossless (RFC 9649, section 2).
fn webp_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    let short = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    match &bytes[12..16] {
        b"VP8 " => (short(26) & 0x3fff, short(28) & 0x3fff),
        b"VP8X" => ((short(24) | u32::from(bytes[26]) << 16) + 1, (short(27) | u32::from(bytes[29]) << 16) + 1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_known_with_its_upload_and_has_thumbnails_soon_after() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let bytes = png(700, 350, 1);
    let file = app.upload(&key, "a", "x.png", bytes.clone()).await;
    assert_eq!(file["processing"], "queued", "{file}");
    let image = &file["metadata"]["image"];
    assert_eq!((&image["width"], &image["height"], &image["frames"]), (&json!(700), &json!(350), &json!(1)), "{file}");
    assert_eq!((&file["thumbnailUrl"], &file["derived"]), (&Value::Null, &json!({})));
    app.run_jobs().await;
    let file = look(&app, &key, "a/x.png").await;
    assert_eq!((&file["processing"], &file["processingError"]), (&json!("done"), &Value::Null), "{file}");
    let derived = file["derived"].as_object().unwrap();
    assert_eq!(file["thumbnailUrl"], derived["thumb-320.webp"]);
    let sum = file["sha256"].as_str().unwrap();
    let mut taken = 0;
    for (name, url) in derived {
        let url = url.as_str().unwrap();
        assert!(url.contains(&format!("/derived/{}/{sum}/{name}?v=", app.client_id())), "{url}");
        let (status, picture) = fetch(&app, url).await;
        assert_eq!(status, 200, "{url}");
        let long = name.trim_start_matches("thumb-").trim_end_matches(".webp").parse::<u32>().unwrap();
        assert_eq!(webp_size(&picture), (long.min(700), long.min(700) / 2), "{name}");
        taken += picture.len() as u64;
    }
    assert!(derived.contains_key("thumb-160.webp") && derived.contains_key("thumb-640.webp"), "{file}");
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["derived_bytes"]), (&json!(bytes.len()), &json!(taken)), "{storage}");
    let (_, listed) = app.get(&key, "/v2/media/folder?folder=a").await;
    assert_eq!(listed["files"][0], file, "a listing says the same");
    app.finish().await;
}

#[tokio::test]
async fn what_was_made_is_delivered_as_files_are() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "x.png", png(400, 300, 2)).await;
    app.run_jobs().await;
    let file = look(&app, &key, "x.png").await;
    let url = file["thumbnailUrl"].as_str().unwrap();
    let get = |method: Method| app.request(method, url);
    let whole = get(Method::GET).send().await.unwrap();
    let field = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(field("content-type"), "image/webp");
    assert_eq!(field("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!((field("x-content-type-options"), field("accept-ranges")), ("nosniff".to_owned(), "bytes".to_owned()));
    assert!(field("content-security-policy").contains("sandbox") && field("content-disposition").starts_with("inline"));
    let (etag, bytes) = (field("etag"), whole.bytes().await.unwrap());
    let head = get(Method::HEAD).send().await.unwrap();
    assert_eq!(
        (head.headers()["content-length"].to_str().unwrap(), head.status().as_u16()),
        (&*bytes.len().to_string(), 200)
    );
    let known = get(Method::GET).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    let part = get(Method::GET).header("range", "bytes=2-5").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap()), (206, bytes.slice(2..6)));
    let deeper = url.replace("?v=", "/x?v=");
    for other in [url.replace("thumb-320", "thumb-321"), url.replace(app.client_id(), "aaaaaaaaaa"), deeper] {
        assert_eq!(fetch(&app, &other).await.0, 404, "{other}");
    }
    let (status, _) = app.call(&key, Method::DELETE, "/v2/media/file", json!({ "name": "x.png" })).await;
    assert_eq!((status, fetch(&app, url).await.0), (200, StatusCode::NOT_FOUND), "at once");
    app.run_jobs().await;
    app.advance(Duration::from_mins(1));
    app.run_jobs().await;
    assert_eq!((app.objects().await, &app.storage(&key).await["derived_bytes"]), (0, &json!(0)));
    app.finish().await;
}

/// Puts these bytes in the place of what was made of a client's file, as another version of the server would.
async fn make_anew(app: &TestApp, path: &str, name: &str, bytes: &[u8]) {
    let (store, blobs) = (&app.app().store, &app.app().blobs);
    let client = app.client_id().parse().unwrap();
    let source = store.delivered(client, &path.parse().unwrap()).await.unwrap().unwrap().blob;
    let id = BlobId::generate(app.app().now(), &SystemChance).unwrap();
    let (hash, size) = blobs.keep_made(BlobKey::Derived(client, id), bytes).await.unwrap();
    let made = vec![NewDerived { id, name: name.to_owned(), hash, size }];
    let now = app.app().now();
    let deriving = Deriving { source, client, made, on_demand: false, end: None, limit: i64::MAX, now };
    assert_eq!(store.derive(deriving).await.unwrap(), Derived::Kept);
}

#[tokio::test]
async fn what_is_made_anew_has_another_url_and_no_cache_keeps_the_old_one_for_ever() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let stable = app.upload(&key, "", "x.png", png(400, 300, 2)).await["url"].as_str().unwrap().to_owned();
    app.run_jobs().await;
    let before = look(&app, &key, "x.png").await;
    make_anew(&app, "x.png", "thumb-320.webp", b"made better").await;
    let after = look(&app, &key, "x.png").await;
    let url = |file: &Value| file["thumbnailUrl"].as_str().unwrap().to_owned();
    let (old, new) = (url(&before), url(&after));
    assert_ne!(old, new);
    assert_eq!(before["derived"]["thumb-160.webp"], after["derived"]["thumb-160.webp"], "its bytes are the same");
    let bare = new.split_once('?').unwrap().0.to_owned();
    for (url, kept) in
        [(&new, "public, max-age=31536000, immutable"), (&old, "public, no-cache"), (&bare, "public, no-cache")]
    {
        let answer = app.request(Method::GET, url).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (200, &kept.parse().unwrap()),
            "{url}"
        );
        let etag = answer.headers()["etag"].clone();
        assert_eq!(answer.bytes().await.unwrap(), &b"made better"[..], "{url}");
        let again = app.request(Method::GET, url).header("if-none-match", etag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{url}");
    }
    // Neither does the hash of the file say which bytes a size of it has.
    for sized in [format!("{stable}?w=64"), format!("{}?w=64", after["immutableUrl"].as_str().unwrap())] {
        let answer = app.request(Method::GET, &sized).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (200, &"public, no-cache".parse().unwrap())
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn equal_bytes_are_processed_once_and_those_that_are_known_are_done_at_once() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let waiting = async || {
        let counts = app.app().store.job_counts().await.unwrap();
        counts.iter().filter(|counts| counts.kind == "process").map(|counts| counts.count).sum::<i64>()
    };
    app.upload(&key, "", "a.png", png(300, 300, 3)).await;
    app.upload(&key, "", "b.png", png(300, 300, 3)).await;
    assert_eq!(waiting().await, 1);
    app.run_jobs().await;
    let third = app.upload(&key, "", "c.png", png(300, 300, 3)).await;
    assert_eq!((&third["processing"], waiting().await), (&json!("done"), 0), "{third}");
    assert_eq!(third["derived"], look(&app, &key, "a.png").await["derived"]);
    let body = json!({ "name": "d.png", "contentType": "image/png", "size": third["size"], "sha256": third["sha256"] });
    let (status, known) = app.call(&key, Method::POST, "/v2/media/file", body).await;
    assert_eq!((status, waiting().await), (200, 0), "{known}");
    assert_eq!(look(&app, &key, "d.png").await["processing"], "done");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_fail_with_a_reason_and_are_served_all_the_same() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let torn = png(500, 500, 4);
    let damaged = {
        let mut bytes = png(500, 500, 5);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0xff);
        bytes
    };
    let hostile = [
        ("bomb.png", png_of(65_535, 65_535, b"\x78\x9c\x03\x00\x00\x00\x00\x01")),
        ("huge.png", png_of(0x7fff_ffff, 0x7fff_ffff, b"\x78\x9c\x03\x00\x00\x00\x00\x01")),
        ("torn.png", torn[..torn.len() / 3].to_vec()),
        ("damaged.png", damaged),
        ("head.png", b"\x89PNG\r\n\x1a\n".to_vec()),
    ];
    for (name, bytes) in &hostile {
        app.upload(&key, "", name, bytes.clone()).await;
    }
    app.upload(&key, "", "good.png", png(200, 200, 6)).await;
    app.run_jobs().await;
    for (name, bytes) in &hostile {
        let file = look(&app, &key, name).await;
        // Some decoders show what is there of a picture that is torn or damaged.
        let state = file["processing"].as_str().unwrap();
        assert!(state == "failed" || (state == "done" && matches!(*name, "torn.png" | "damaged.png")), "{file}");
        assert_eq!(
            state == "failed",
            file["processingError"].as_str().is_some_and(|reason| reason.len() > 10),
            "{file}"
        );
        assert_eq!(fetch(&app, file["url"].as_str().unwrap()).await, (StatusCode::OK, bytes.clone()), "{name}");
        if state == "failed" {
            let sized = fetch(&app, &format!("{}?w=64", file["url"].as_str().unwrap())).await;
            assert_eq!(sized.0, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        }
    }
    assert_eq!(look(&app, &key, "good.png").await["processing"], "done");
    app.finish().await;
}

#[tokio::test]
async fn bytes_that_contradict_their_name_are_typed_by_the_bytes_and_it_says_so() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "x.jpg", png(20, 20, 7)).await;
    assert_eq!((&file["type"], &file["metadata"]["mime"]), (&json!("image"), &json!("image/png")), "{file}");
    assert!(file["notice"].as_str().unwrap().contains("image/png"), "{file}");
    let file = app.upload(&key, "", "x.png", png(20, 20, 8)).await;
    assert!(file.get("notice").is_none(), "{file}");
    let file = app.upload(&key, "", "text.png", b"no picture".to_vec()).await;
    assert_eq!(file["type"], "other");
    assert!(file["notice"].as_str().unwrap().contains("not image/png"), "{file}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_deleted_while_it_is_processed_leaves_nothing() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    for round in 0..6_u8 {
        app.upload(&key, "", "x.png", png(900, 600, 10 + round)).await;
        let processing = {
            let app = app.app().clone();
            tokio::spawn(async move { jobs::run_until_idle(&app).await.unwrap() })
        };
        while round > 0 && look(&app, &key, "x.png").await["processing"] == "queued" {}
        let (status, answer) = app.call(&key, Method::DELETE, "/v2/media/file", json!({ "name": "x.png" })).await;
        assert_eq!(status, 200, "{answer}");
        processing.await.unwrap();
    }
    app.run_jobs().await;
    app.advance(Duration::from_mins(1));
    app.run_jobs().await;
    assert_eq!((app.objects().await, &app.storage(&key).await["derived_bytes"]), (0, &json!(0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_comes_in_the_sizes_that_there_are() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "x.png", png(400, 200, 30)).await;
    let url = file["url"].as_str().unwrap();
    for (query, size) in [
        ("w=200", (200, 100)),
        ("h=64", (128, 64)),
        ("w=64&h=64", (64, 32)),
        ("w=64&h=64&fit=cover", (64, 64)),
        ("w=64&h=64&fit=fill&v=7", (64, 64)),
        ("w=1920", (400, 200)),
    ] {
        let (status, picture) = fetch(&app, &format!("{url}?{query}")).await;
        assert_eq!(status, 200, "{query}: {}", String::from_utf8_lossy(&picture));
        assert_eq!(webp_size(&picture), size, "{query}");
    }
    for (format, mime) in [("jpeg", "image/jpeg"), ("png", "image/png"), ("avif", "image/avif")] {
        let answer = app.request(Method::GET, &format!("{url}?w=64&format={format}")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, mime));
        assert_eq!(answer.headers()["cache-control"], "public, no-cache", "the file may get other bytes");
    }
    for (query, parameter) in [
        ("w=63", "w must be one of 16, "),
        ("w=0", "w "),
        ("h=-1", "h "),
        ("w=99999999999999999999", "w "),
        ("w=64&w=128", "w is given twice"),
        ("fit=cover", "w or h is required"),
        ("w=64&fit=stretch", "fit must be one of contain, cover, fill"),
        ("w=64&format=bmp", "format must be one of webp, avif, jpeg, png"),
    ] {
        let (status, text) = fetch(&app, &format!("{url}?{query}")).await;
        let text = String::from_utf8(text).unwrap();
        assert!(status == StatusCode::BAD_REQUEST && text.starts_with(parameter), "{query}: {status} {text}");
    }
    let (status, whole) = fetch(&app, &format!("{url}?v=64")).await;
    assert_eq!((status, whole.len() as u64), (StatusCode::OK, file["size"].as_u64().unwrap()), "nothing of ours");
    app.upload(&key, "", "x.bin", b"no picture".to_vec()).await;
    assert_eq!(fetch(&app, &format!("/clients/{}/x.bin?w=64", app.client_id())).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(fetch(&app, &format!("/clients/{}/gone.png?w=64", app.client_id())).await.0, StatusCode::NOT_FOUND);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_size_that_many_ask_for_at_once_is_made_once() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "x.png", png(800, 800, 31)).await;
    let url = format!("{}?w=320&h=320&fit=cover", file["url"].as_str().unwrap());
    let all = futures::future::join_all((0..12).map(|_| fetch(&app, &url))).await;
    assert!(all.iter().all(|answer| answer.0 == StatusCode::OK && answer.1 == all[0].1), "{:?}", all[0].0);
    assert_eq!(app.objects().await, 2, "the picture, and the one size");
    assert_eq!(fetch(&app, &url).await.1, all[0].1);
    assert_eq!(look(&app, &key, "x.png").await["derived"], json!({}), "what was asked for is not listed");
    app.finish().await;
}

#[tokio::test]
async fn derived_files_have_a_limit_of_their_own_and_say_it() {
    let app = TestApp::start_configured(|settings| settings.processing.derived_limit = ByteSize::new(100)).await;
    let key = app.key("render").await;
    app.upload(&key, "", "x.png", png(300, 300, 32)).await;
    app.run_jobs().await;
    let file = look(&app, &key, "x.png").await;
    assert_eq!(file["processing"], "failed", "{file}");
    assert!(file["processingError"].as_str().unwrap().contains("100 bytes"), "{file}");
    assert_eq!(file["metadata"]["image"]["width"], 300, "what is known stays known");
    app.finish().await;
}

#[tokio::test]
async fn clients_take_turns_at_being_processed() {
    let app = TestApp::start().await;
    let (other, key) = (app.other_client().await, app.key("render").await);
    for mark in 0..4 {
        app.upload(&key, "", &format!("{mark}.png"), png(40, 40, 40 + mark)).await;
    }
    let other_key = app.key_of(other, "render").await;
    app.upload(&other_key, "", "x.png", png(40, 40, 50)).await;
    let store = &app.app().store;
    let worker = Worker { owner: "me".to_owned(), lease: Duration::from_mins(1), of_one: 9 };
    let mut clients = Vec::new();
    for _ in 0..2 {
        let now = app.app().now();
        let claimed = store.claim_job(JobClass::Media, &worker, now).await.unwrap().unwrap();
        let source = store.begin_processing(claimed.payload.parse().unwrap()).await.unwrap().unwrap();
        clients.push(source.client);
        store.put_processing_back(source.blob).await.unwrap();
    }
    assert!(clients.contains(&other), "one of two is the other client's, however many the first has");
    app.advance(Duration::from_mins(2));
    app.run_jobs().await;
    app.advance(Duration::from_mins(20));
    app.run_jobs().await;
    for path in ["0.png", "1.png", "2.png", "3.png"] {
        assert_eq!(look(&app, &key, path).await["processing"], "done");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_deaths_of_this_process_are_no_verdict_on_a_file() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "x.png", png(100, 100, 60)).await;
    let store = &app.app().store;
    for _ in 0..7 {
        let worker = Worker { owner: "dead".to_owned(), lease: Duration::from_secs(1), of_one: 9 };
        app.advance(Duration::from_mins(15));
        let claimed = store.claim_job(JobClass::Media, &worker, app.app().now()).await.unwrap().unwrap();
        store.begin_processing(claimed.payload.parse().unwrap()).await.unwrap().unwrap();
        app.advance(Duration::from_secs(2));
        // It is looked for what was lost, and all else that is due.
        let lost = store.lost_jobs(app.app().now()).await.unwrap();
        assert_eq!(lost.len(), 1);
        jobs::run_until_idle(app.app()).await.unwrap();
        if look(&app, &key, "x.png").await["processing"] == "done" {
            break;
        }
        assert_eq!(look(&app, &key, "x.png").await["processing"], "queued");
    }
    app.advance(Duration::from_mins(15));
    app.run_jobs().await;
    assert_eq!(look(&app, &key, "x.png").await["processing"], "done");
    app.finish().await;
}

/// The job of bytes is one statement more, in the transaction that stores them; other budgets are in `budgets.rs`.
#[tokio::test]
async fn processing_costs_an_upload_one_statement_and_a_derived_file_is_delivered_with_one() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let statements = || app.app().store.statements();
    let cost_of_upload = async |name: &str, bytes: Vec<u8>| {
        let mut least = u64::MAX;
        // The key may have to be looked up once more.
        for attempt in 0..3_u8 {
            let mut bytes = bytes.clone();
            bytes.push(attempt);
            let before = statements();
            app.upload(&key, "", &format!("{attempt}{name}"), bytes).await;
            least = least.min(statements() - before);
        }
        least
    };
    let plain = cost_of_upload("x.bin", b"no picture".to_vec()).await;
    assert_eq!(cost_of_upload("x.png", png(40, 40, 70)).await, plain + 1);
    app.run_jobs().await;
    let url = look(&app, &key, "0x.png").await;
    let before = statements();
    let (status, _) = fetch(&app, url["thumbnailUrl"].as_str().unwrap()).await;
    assert_eq!((status, statements() - before), (StatusCode::OK, 1));
    let sized = format!("{}?w=16", url["url"].as_str().unwrap());
    fetch(&app, &sized).await;
    let before = statements();
    let (status, _) = fetch(&app, &sized).await;
    assert_eq!((status, statements() - before), (StatusCode::OK, 2), "the file, and what was made of it");
    app.finish().await;
}
