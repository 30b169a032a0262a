//! Bytes under way: slow ones, racing ones, ones that break off, and what others see of them meanwhile.

use std::time::Duration;

use futures::future::join_all;
use reelshelf_domain::UploadId;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{RawAnswer, TestApp, read_answer};

/// As much as is gathered before the disk sees it.
const PIECE: usize = 256 * 1024;

/// A PUT to an upload URL, in the hands of the test.
struct Transfer {
    stream: TcpStream,
    upload: UploadId,
}

impl Transfer {
    /// Sends the head alone.
    async fn begin(app: &TestApp, url: &str, size: usize) -> Self {
        let path = url.strip_prefix(app.base()).unwrap();
        let upload = path["/uploads/".len()..].split_once('?').unwrap().0.parse().unwrap();
        let fields = format!("content-type: image/png\r\ncontent-length: {size}\r\n");
        let mut stream = app.connect().await;
        stream.write_all(app.head("", &format!("PUT {path}"), &fields).as_bytes()).await.unwrap();
        Self { stream, upload }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn answer(mut self) -> RawAnswer {
        read_answer(&mut self.stream).await.expect("an answer")
    }

    /// When the registration ends, as it stands in the database.
    async fn expires_at(&self, app: &TestApp) -> i64 {
        app.app().store.upload(self.upload).await.unwrap().expires_at.get()
    }

    /// Waits until the server has taken notice, which renews the registration.
    async fn until_renewed(&self, app: &TestApp, before: i64) {
        until(async || self.expires_at(app).await > before).await;
    }
}

/// Looks until it is so. Each look does real work, so that what is under way gets on.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..100_000 {
        if so().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came about");
}

async fn scratch_files(app: &TestApp) -> usize {
    app.app().blobs.scratch_files().await.unwrap()
}

async fn file(app: &TestApp, key: &str, path: &str) -> Value {
    app.get(key, &format!("/v2/media/file?path={path}")).await.1["file"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_transfers_of_the_same_bytes_all_succeed_and_store_one_file() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let bytes = vec![7; 3 << 20];
    let url = app.upload_url(&key, "", "a.png", bytes.len()).await;
    let answers = join_all((0..8).map(|_| app.put(&url, "image/png", bytes.clone()))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200), "{answers:?}");
    assert_eq!(app.storage(&key).await["used_bytes"], bytes.len());
    app.run_jobs().await;
    assert_eq!(app.objects().await, 1, "the other copies are collected");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_transfers_of_other_bytes_one_succeeds_and_is_stored_whole() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    for round in 0..5 {
        let name = format!("{round}.png");
        let url = app.upload_url(&key, "", &name, 1 << 20).await;
        let sent = (0..6).map(|number| vec![number; 1 << 20]);
        let answers: Vec<Response> = join_all(sent.map(|bytes| app.put(&url, "image/png", bytes))).await;
        let won: Vec<_> = (0..6_u8).zip(&answers).filter(|(_, answer)| answer.status() == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status().as_u16(), 200 | 403)), "{answers:?}");
        let url = file(&app, &key, &name).await["url"].as_str().unwrap().to_owned();
        let stored = app.request(Method::GET, &url).send().await.unwrap().bytes().await.unwrap();
        assert!(stored == vec![won[0].0; 1 << 20], "the bytes of the one that succeeded");
    }
    assert_eq!(app.storage(&key).await["used_bytes"], 5 << 20);
    app.finish().await;
}

#[tokio::test]
async fn a_slow_transfer_outlives_its_url_and_keeps_its_name() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let bytes = vec![9; PIECE + 4];
    let url = app.upload_url(&key, "", "slow.png", bytes.len()).await;
    let mut transfer = Transfer::begin(&app, &url, bytes.len()).await;
    let (first, rest) = bytes.split_at(PIECE);
    transfer.send(first).await;
    until(async || scratch_files(&app).await == 1).await;
    // Single bytes: each arrives as a whole, at its own time.
    for piece in rest.chunks(1) {
        // Longer together than any URL lives; each pause as long as a pause may be.
        app.advance(Duration::from_mins(1));
        app.run_jobs().await;
        assert_eq!(app.register(&key, "", "slow.png", 1).await.0, 409, "the name is in use");
        let before = transfer.expires_at(&app).await;
        transfer.send(piece).await;
        until(async || match app.app().store.upload(transfer.upload).await {
            Ok(ticket) => ticket.expires_at.get() > before || ticket.done.is_some(),
            Err(error) => panic!("the registration is gone: {error}"),
        })
        .await;
    }
    assert_eq!(transfer.answer().await.status, 200);
    let stored = file(&app, &key, "slow.png").await;
    assert_eq!((&stored["status"], &stored["size"]), (&json!("uploaded"), &json!(bytes.len())));
    let again = app.put(&url, "image/png", bytes).await;
    assert_eq!(again.status(), 403, "the URL itself is over");
    app.finish().await;
}

/// The URL's time is checked when the headers arrive, and not again.
#[tokio::test]
async fn a_transfer_that_begins_at_the_last_moment_and_pauses_is_not_given_up() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let url = app.upload_url(&key, "", "late.png", 5).await;
    // Not asked of the transfer: it may have been renewed by then.
    let before = app.app().now().plus(Duration::from_mins(2)).get();
    app.advance(Duration::from_millis(119_999));
    let mut transfer = Transfer::begin(&app, &url, 5).await;
    transfer.until_renewed(&app, before).await;
    app.advance(Duration::from_secs(59));
    app.run_jobs().await;
    transfer.send(b"bytes").await;
    assert_eq!(transfer.answer().await.status, 200);
    assert_eq!(file(&app, &key, "late.png").await["status"], "uploaded");
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_can_begin_again_until_its_url_is_over() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let bytes = vec![5; 3 * PIECE];
    let url = app.upload_url(&key, "", "a.png", bytes.len()).await;
    for _ in 0..3 {
        let mut transfer = Transfer::begin(&app, &url, bytes.len()).await;
        transfer.send(&bytes[..2 * PIECE]).await;
        until(async || scratch_files(&app).await == 1).await;
        drop(transfer);
        until(async || scratch_files(&app).await == 0).await;
        assert_eq!(file(&app, &key, "a.png").await["status"], "pending");
        assert_eq!(app.storage(&key).await["reserved_bytes"], bytes.len(), "its room is kept for it");
    }
    assert_eq!(app.put(&url, "image/png", bytes).await.status(), 200);
    assert_eq!(file(&app, &key, "a.png").await["status"], "uploaded");
    app.finish().await;
}

#[tokio::test]
async fn a_one_request_upload_that_breaks_off_is_given_up_at_once() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let form = "content-type: multipart/form-data; boundary=b\r\n";
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    for (line, fields, begin) in [
        ("POST /v2/media?name=a.png", "", ""),
        ("POST /v2/media", form, part),
        ("POST /v2/media?name=a.png&folder=temp", "", ""),
    ] {
        let mut stream = app.connect().await;
        let head = app.head(&key, line, &format!("{fields}content-length: 10000000\r\n"));
        stream.write_all((head + begin).as_bytes()).await.unwrap();
        stream.write_all(&vec![1; 2 * PIECE]).await.unwrap();
        until(async || scratch_files(&app).await == 1).await;
        drop(stream);
        let folder = if line.ends_with("temp") { "temp" } else { "/" };
        let listing = format!("/v2/media?folder={folder}");
        until(async || app.get(&key, &listing).await.1["total_files"] == 0).await;
        let storage = app.storage(&key).await;
        assert_eq!((&storage["reserved_bytes"], &storage["temp_bytes"]), (&json!(0), &json!(0)), "{line}");
        let again = app.request(Method::POST, line.split_once(' ').unwrap().1).header("x-api-key", &key);
        let again = if fields.is_empty() {
            again.body("bytes")
        } else {
            again.multipart(Form::new().part("file", Part::bytes(b"bytes".to_vec()).file_name("a.png")))
        };
        assert_eq!(again.send().await.unwrap().status(), 200, "{line}: the name is free");
        app.call(&key, Method::DELETE, "/v2/media", json!({ "paths": ["a.png", "temp/a.png"] })).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_transfer_that_stands_still_is_cut_and_can_be_sent_again() {
    let app = TestApp::start_configured(|settings| settings.server.idle_seconds = 1).await;
    let key = app.key("render").await;
    let url = app.upload_url(&key, "", "a.png", 5).await;
    let mut transfer = Transfer::begin(&app, &url, 5).await;
    transfer.send(b"byt").await;
    let answer = transfer.answer().await;
    assert_eq!((answer.status, answer.text().contains("IncompleteBody")), (400, true), "{}", answer.text());
    assert_eq!(app.put(&url, "image/png", b"bytes".to_vec()).await.status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn a_file_is_seen_when_it_is_whole_and_not_before() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let bytes = vec![3; 3 * PIECE];
    let url = app.upload_url(&key, "", "a.png", bytes.len()).await;
    let mut transfer = Transfer::begin(&app, &url, bytes.len()).await;
    for piece in bytes.chunks(PIECE) {
        let pending = file(&app, &key, "a.png").await;
        assert_eq!((&pending["status"], &pending["sha256"]), (&json!("pending"), &Value::Null));
        let delivered = app.request(Method::GET, pending["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(delivered.status(), 404);
        let (_, library) = app.get(&key, "/v2/media").await;
        assert_eq!((&library["total_size"], &library["storage"]["used_bytes"]), (&json!(0), &json!(0)));
        transfer.send(piece).await;
    }
    // Answered is stored: nothing to wait for.
    assert_eq!(transfer.answer().await.status, 200);
    let stored = file(&app, &key, "a.png").await;
    assert_eq!(stored["status"], "uploaded");
    let delivered = app.request(Method::GET, stored["url"].as_str().unwrap()).send().await.unwrap();
    assert!(delivered.bytes().await.unwrap() == bytes);
    app.finish().await;
}

#[tokio::test]
async fn what_happens_to_a_file_happens_to_its_transfer_under_way() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let begun = async |name: &str| {
        let url = app.upload_url(&key, "", name, 2 * PIECE).await;
        let mut transfer = Transfer::begin(&app, &url, 2 * PIECE).await;
        transfer.send(&vec![1; PIECE]).await;
        until(async || scratch_files(&app).await == 1).await;
        transfer
    };
    // Deleted: there is nothing left to store.
    let mut transfer = begun("deleted.png").await;
    app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "deleted.png" })).await;
    transfer.send(&vec![1; PIECE]).await;
    let answer = transfer.answer().await;
    assert_eq!((answer.status, answer.text().contains("registration is gone")), (403, true), "{}", answer.text());
    // Moved and renamed: it arrives where the file is now.
    let mut transfer = begun("moved.png").await;
    let change = json!({ "path": "moved.png", "destination": "x/y", "new_name": "renamed.png" });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", change).await.0, 200);
    transfer.send(&vec![1; PIECE]).await;
    assert_eq!(transfer.answer().await.status, 200);
    assert_eq!(file(&app, &key, "x/y/renamed.png").await["status"], "uploaded");
    // Its folder deleted.
    let mut transfer = begun("folder.png").await;
    app.call(&key, Method::PUT, "/v2/media", json!({ "path": "folder.png", "destination": "gone" })).await;
    let gone = json!({ "folder": "gone", "recursive": true });
    assert_eq!(app.call(&key, Method::DELETE, "/v2/media/folder", gone).await.0, 200);
    transfer.send(&vec![1; PIECE]).await;
    assert_eq!(transfer.answer().await.status, 403);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(2 * PIECE), &json!(0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_forms_at_once_store_every_file() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let forms = (0..50).map(|number: u8| {
        let part = |index: u8| {
            let bytes = vec![number.wrapping_mul(5).wrapping_add(index); 10_000 + usize::from(number)];
            Part::bytes(bytes).file_name(format!("{number}-{index}.bin"))
        };
        let form = (0..4)
            .fold(Form::new().text("folder", format!("f{}", number % 5)), |form, index| form.part("file", part(index)));
        app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form).send()
    });
    let mut bytes = 0;
    for (number, answer) in join_all(forms).await.into_iter().enumerate() {
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer["success"], true, "{answer}");
        assert_eq!(answer["results"].as_array().map(Vec::len), Some(4), "{answer}");
        bytes += 4 * (10_000 + number);
    }
    assert_eq!(app.storage(&key).await["used_bytes"], bytes);
    let (_, tree) = app.get(&key, "/v2/media/folder?tree=true").await;
    let counts: Vec<_> =
        tree["tree"].as_array().unwrap().iter().map(|folder| folder["files"].as_i64().unwrap()).collect();
    assert_eq!(counts, [0, 40, 40, 40, 40, 40, 0], "{tree}");
    app.finish().await;
}

#[tokio::test]
async fn the_fields_of_a_form_count_wherever_they_stand() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let part = |bytes: &'static str, name: &str| Part::bytes(bytes.as_bytes()).file_name(name.to_owned());
    let send = async |form: Form| -> Value {
        let request = app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form);
        request.send().await.unwrap().json().await.unwrap()
    };
    let behind =
        Form::new().part("file", part("one", "1.txt")).part("file", part("two", "2.txt")).text("folder", "behind");
    let stored = send(behind).await;
    assert_eq!(stored["success"], true, "{stored}");
    for (result, name) in stored["results"].as_array().unwrap().iter().zip(["behind/1.txt", "behind/2.txt"]) {
        assert_eq!((&result["path"], &result["file"]["folder"]), (&json!(name), &json!("behind")), "{stored}");
        assert_eq!(file(&app, &key, name).await["status"], "uploaded");
    }
    let between =
        Form::new().part("file", part("one", "1.txt")).text("folder", "between").part("file", part("two", "2.txt"));
    assert_eq!(send(between).await["success"], true);
    for name in ["between/1.txt", "between/2.txt"] {
        assert_eq!(file(&app, &key, name).await["status"], "uploaded", "{name}");
    }
    // What is refused there is not anywhere else either.
    let taken = Form::new().part("file", part("three", "1.txt")).text("folder", "behind");
    let taken = send(taken).await;
    assert_eq!(taken["message"], "A file with this name already exists. Delete it first.", "{taken}");
    assert_eq!(file(&app, &key, "1.txt").await, Value::Null);
    let over = Form::new().part("file", part("four", "2.txt")).text("folder", "behind").text("overwrite", "true");
    assert_eq!(send(over).await["file"]["size"], 4);
    assert_eq!(file(&app, &key, "behind/2.txt").await["size"], 4);
    app.finish().await;
}

/// A form that named its folder last went to the root first, and with `overwrite` took a file of the same name there.
#[tokio::test]
async fn a_form_that_names_its_folder_last_replaces_nothing_in_the_root() {
    let app = TestApp::start_with(Some(1 << 20), None).await;
    let key = app.key("render").await;
    app.upload(&key, "", "logo.png", b"root".to_vec()).await;
    app.upload(&key, "brand", "logo.png", b"brand".to_vec()).await;
    let part = |bytes: Vec<u8>, name: &str| Part::bytes(bytes).file_name(name.to_owned());
    let send = async |form: Form| -> Value {
        let request = app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form);
        request.send().await.unwrap().json().await.unwrap()
    };
    let form = Form::new().text("overwrite", "true").part("file", part(b"other".to_vec(), "logo.png"));
    assert_eq!(send(form.text("folder", "brand")).await["success"], true);
    let root = file(&app, &key, "logo.png").await["url"].as_str().unwrap().to_owned();
    assert_eq!(app.request(Method::GET, &root).send().await.unwrap().text().await.unwrap(), "root");
    // In the root there is no room for it, in temp there is.
    let large = Form::new().part("file", part(vec![7; 2 << 20], "large.bin"));
    assert_eq!(send(large).await["message"], "Storage is blocked. Add credits to continue uploading.");
    let large = Form::new().part("file", part(vec![7; 2 << 20], "large.bin")).text("folder", "temp");
    assert_eq!(send(large).await["success"], true);
    // What a form was about to say of its files when it broke off, nobody knows.
    let begin =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lost.png\"\r\n\r\nlost\r\n--b\r\nContent-";
    let head =
        app.head(&key, "POST /v2/media", "content-type: multipart/form-data; boundary=b\r\ncontent-length: 5000\r\n");
    app.raw_and_leave(format!("{head}{begin}").as_bytes()).await;
    until(async || scratch_files(&app).await == 0).await;
    assert_eq!(file(&app, &key, "lost.png").await, Value::Null);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_deletes_one_succeeds_and_none_takes_the_bytes_off_twice() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    for round in 0..5 {
        app.upload(&key, "", "a.png", vec![round; 100]).await;
        let delete = || app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "a.png" }));
        let mut statuses: Vec<_> =
            join_all((0..8).map(|_| delete())).await.into_iter().map(|(status, _)| status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
        assert_eq!(app.storage(&key).await["used_bytes"], 0);
    }
    app.finish().await;
}
