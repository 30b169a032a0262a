//! What the model found, each in the fewest steps and named after what went wrong.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::forge::{Forged, forge};
use crate::imports::{begin, file, wish};
use crate::support::{TestApp, answer};

const BLOCKED: &str = "Storage is blocked. Add credits to continue uploading.";

async fn register(app: &TestApp, key: &str, body: Value) -> (u16, Value) {
    let mut whole = json!({ "contentType": "image/png" });
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    app.call(key, Method::POST, "/v2/media/file", whole).await
}

async fn upload_url(app: &TestApp, key: &str, body: Value) -> String {
    let (status, answer) = register(app, key, body).await;
    assert_eq!(status, 200, "{answer}");
    answer["uploadUrl"].as_str().unwrap().to_owned()
}

async fn put(app: &TestApp, url: &str, bytes: &[u8]) -> u16 {
    app.put(url, "image/png", bytes.to_vec()).await.status().as_u16()
}

/// The status of a delivery, and its bytes.
async fn delivered(app: &TestApp, path: &str) -> (u16, Vec<u8>) {
    let path = format!("/clients/{}/{path}", app.client_id());
    let response = app.request(Method::GET, &path).send().await.unwrap();
    (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn on_hold_a_file_could_be_replaced_by_a_smaller_one() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"12345".to_vec()).await;
    app.hold().await;
    let (status, answer) = register(&app, &key, json!({ "name": "a.png", "size": 3, "overwrite": true })).await;
    assert_eq!((status, answer["message"].as_str()), (403, Some(BLOCKED)));
    let request = app.request(Method::POST, "/v2/media?name=a.png&overwrite=true").header("x-api-key", &key);
    let response = request.header("content-type", "image/png").body("123").send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(delivered(&app, "a.png").await, (200, b"12345".to_vec()));
    app.finish().await;
}

#[tokio::test]
async fn on_hold_a_finished_upload_could_not_be_repeated() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let url = upload_url(&app, &key, json!({ "name": "a.png", "size": 5 })).await;
    assert_eq!(put(&app, &url, b"12345").await, 200);
    app.hold().await;
    assert_eq!(put(&app, &url, b"12345").await, 200);
    assert_eq!(put(&app, &url, b"54321").await, 403);
    app.finish().await;
}

#[tokio::test]
async fn a_pending_file_lost_its_new_display_name_when_its_bytes_came() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let url = upload_url(&app, &key, json!({ "name": "old name.png", "size": 5 })).await;
    let body = json!({ "path": "old_name.png", "new_name": "new name.png" });
    let (status, answer) = app.call(&key, Method::PUT, "/v2/media", body).await;
    assert_eq!((status, answer["file"]["displayName"].as_str()), (200, Some("new name.png")));
    assert_eq!(put(&app, &url, b"12345").await, 200);
    let (_, answer) = app.get(&key, "/v2/media/file?path=new_name.png").await;
    assert_eq!(answer["file"]["displayName"], "new name.png");
    app.finish().await;
}

#[tokio::test]
async fn a_pending_file_that_moved_over_another_took_its_bytes_away_before_it_had_any() {
    let app = TestApp::start_with(Some(100), None).await;
    let key = app.key("render").await;
    app.upload(&key, "x", "a.png", b"12345".to_vec()).await;
    let url = upload_url(&app, &key, json!({ "name": "new a.png", "size": 7, "folder": "y" })).await;
    let body = json!({ "path": "y/new_a.png", "destination": "x", "new_name": "a.png", "overwrite": true });
    let (status, answer) = app.call(&key, Method::PUT, "/v2/media", body).await;
    assert_eq!((status, answer["file"]["status"].as_str()), (200, Some("uploaded")), "{answer}");
    assert_eq!(delivered(&app, "x/a.png").await, (200, b"12345".to_vec()));
    let (_, answer) = app.get(&key, "/v2/media?path=y").await;
    assert_eq!((&answer["total_files"], &answer["storage"]["reserved_bytes"]), (&json!(0), &json!(7)));
    assert_eq!(put(&app, &url, b"1234567").await, 200);
    assert_eq!(delivered(&app, "x/a.png").await, (200, b"1234567".to_vec()));
    let (_, answer) = app.get(&key, "/v2/media").await;
    assert_eq!((&answer["storage"]["used_bytes"], &answer["storage"]["reserved_bytes"]), (&json!(7), &json!(0)));
    app.finish().await;
}

#[tokio::test]
async fn a_pending_file_that_moved_over_another_and_was_never_sent_took_it_away() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"12345".to_vec()).await;
    register(&app, &key, json!({ "name": "a.png", "size": 7, "folder": "temp" })).await;
    let body = json!({ "path": "temp/a.png", "destination": "", "overwrite": true });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", body).await.0, 200);
    app.advance(Duration::from_secs(121));
    app.run_jobs().await;
    assert_eq!(delivered(&app, "a.png").await, (200, b"12345".to_vec()));
    app.finish().await;
}

#[tokio::test]
async fn a_full_client_was_full_since_later_when_an_expired_name_was_registered_again() {
    let app = TestApp::start_with(Some(10), None).await;
    let key = app.key("render").await;
    register(&app, &key, json!({ "name": "a.png", "size": 10 })).await;
    let (_, before) = app.get(&key, "/v2/media").await;
    app.advance(Duration::from_secs(121));
    assert_eq!(register(&app, &key, json!({ "name": "a.png", "size": 10 })).await.0, 200);
    let (_, after) = app.get(&key, "/v2/media").await;
    assert!(before["storage"]["blocked_at"].is_string(), "{before}");
    assert_eq!(after["storage"]["blocked_at"], before["storage"]["blocked_at"]);
    app.finish().await;
}

#[tokio::test]
async fn a_move_out_of_temp_into_a_new_folder_of_a_full_storage_was_called_busy() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "temp", "a.png", b"12345".to_vec()).await;
    app.hold().await;
    let form = json!({ "path": "temp/a.png", "destination": "new/er" });
    let refused = json!({ "success": false, "message": BLOCKED });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", form).await, (403, refused));
    let (_, tree) = app.get(&key, "/v2/media/folder?tree=true").await;
    assert_eq!(tree["tree"].as_array().unwrap().len(), 2, "{tree}");
    app.finish().await;
}

/// Unpacks an archive of one file into the root, or rehearses that. Answers what became of the file.
async fn unpack(app: &TestApp, key: &str, parameters: &str, file: &[u8]) -> (u64, String) {
    let path = format!("/v2/media?unpack=true&{parameters}");
    let archive = forge(&[Forged::stored("a.png", file)]);
    let response = app.request(Method::POST, &path).header("x-api-key", key).body(archive).send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    let result = &answer["results"][0];
    (result["status"].as_u64().unwrap(), result["message"].as_str().unwrap().to_owned())
}

/// The answer to a body that is one file, and to its rehearsal.
async fn raw(app: &TestApp, key: &str, parameters: &str, bytes: &'static str) -> (u16, Value) {
    let request = app.request(Method::POST, &format!("/v2/media?{parameters}")).header("x-api-key", key);
    let response = request.header("content-type", "image/png").body(bytes).send().await.unwrap();
    let (status, answer): (_, Value) = (response.status().as_u16(), response.json().await.unwrap());
    (status, answer["message"].clone())
}

#[tokio::test]
async fn a_rehearsal_of_an_archive_refused_a_name_whose_time_was_over() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    register(&app, &key, json!({ "name": "a.png", "size": 5 })).await;
    app.advance(Duration::from_secs(121));
    for parameters in ["dry_run=true", ""] {
        assert_eq!(unpack(&app, &key, parameters, b"12345").await, (200, String::new()), "{parameters}");
    }
    app.finish().await;
}

#[tokio::test]
async fn on_hold_a_rehearsal_of_an_archive_promised_smaller_files() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"12345".to_vec()).await;
    app.hold().await;
    for parameters in ["overwrite=true&dry_run=true", "overwrite=true"] {
        assert_eq!(unpack(&app, &key, parameters, b"123").await, (403, BLOCKED.to_owned()), "{parameters}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_rehearsal_of_an_archive_promised_more_folders_than_there_may_be() {
    let app = TestApp::start_configured(|settings| settings.limits.folders = 2).await;
    let key = app.key("render").await;
    let limit = "The limit of 2 for folders of a client is reached".to_owned();
    for parameters in ["folder=new&dry_run=true", "folder=new"] {
        assert_eq!(unpack(&app, &key, parameters, b"123").await, (429, limit.clone()), "{parameters}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_rehearsal_of_an_upload_refused_a_name_whose_time_was_over() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    register(&app, &key, json!({ "name": "a.png", "size": 5 })).await;
    app.advance(Duration::from_secs(121));
    for parameters in ["name=a.png&dry_run=true", "name=a.png"] {
        assert_eq!(raw(&app, &key, parameters, "12345").await, (200, Value::Null), "{parameters}");
    }
    app.finish().await;
}

#[tokio::test]
async fn on_hold_a_rehearsal_of_an_upload_promised_a_smaller_file() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"12345".to_vec()).await;
    app.hold().await;
    for parameters in ["name=a.png&overwrite=true&dry_run=true", "name=a.png&overwrite=true"] {
        assert_eq!(raw(&app, &key, parameters, "123").await, (403, json!(BLOCKED)), "{parameters}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_import_waited_lost_its_new_name_when_its_bytes_came() {
    let app = TestApp::start().await;
    let reply = |_: &str, _| answer(200, "content-disposition: attachment; filename=\"theirs.png\"\r\n", b"12345");
    let (key, _origin) = begin(&app, reply).await;
    let src = "http://origin.example/a.png";
    wish(&app, &key, json!({ "src": src })).await;
    let body = json!({ "path": "a.png", "new_name": "new name.png", "destination": "x" });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", body).await.0, 200);
    // One that moves over another takes its name along.
    app.upload(&key, "", "b.png", b"123".to_vec()).await;
    wish(&app, &key, json!({ "src": src, "name": "", "folder": "y" })).await;
    let body = json!({ "path": "y/a.png", "new_name": "b.png", "destination": "", "overwrite": true });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", body).await.0, 200);
    app.run_jobs().await;
    for (path, name) in [("x/new_name.png", "new name.png"), ("b.png", "b.png")] {
        let stored = file(&app, &key, path).await;
        assert_eq!((&stored["size"], &stored["displayName"]), (&json!(5), &json!(name)), "{path}");
        assert_eq!(delivered(&app, path).await, (200, b"12345".to_vec()));
    }
    app.finish().await;
}
