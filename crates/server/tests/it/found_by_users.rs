//! What users of a finished program ran into, each in the fewest steps and named after what went wrong.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

async fn upload_url(app: &TestApp, key: &str, name: &str, size: usize, overwrite: bool) -> String {
    let body = json!({ "name": name, "contentType": "image/png", "size": size, "overwrite": overwrite });
    let (status, answer) = app.call(key, Method::POST, "/v2/media/file", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["uploadUrl"].as_str().unwrap().to_owned()
}

async fn put(app: &TestApp, url: &str, bytes: &[u8]) -> u16 {
    app.put(url, "image/png", bytes.to_vec()).await.status().as_u16()
}

async fn store_over(app: &TestApp, key: &str, name: &str, bytes: &'static [u8]) -> u16 {
    let path = format!("/v2/media?name={name}&overwrite=true");
    let request = app.request(Method::POST, &path).header("x-api-key", key).header("content-type", "image/png");
    request.body(bytes).send().await.unwrap().status().as_u16()
}

fn stable(app: &TestApp, path: &str) -> String {
    format!("/clients/{}/{path}", app.client_id())
}

async fn delivered(app: &TestApp, path: &str) -> Vec<u8> {
    let response = app.request(Method::GET, &stable(app, path)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_registration_without_overwrite_replaced_bytes_that_were_stored_after_it() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let first = upload_url(&app, &key, "a.png", 5, false).await;
    assert_eq!(store_over(&app, &key, "a.png", b"other bytes").await, 200);
    assert_eq!(put(&app, &first, b"12345").await, 403);
    assert_eq!(delivered(&app, "a.png").await, b"other bytes");
    app.finish().await;
}

#[tokio::test]
async fn a_registration_without_overwrite_replaced_what_one_with_it_had_sent_first() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let first = upload_url(&app, &key, "a.png", 5, false).await;
    let second = upload_url(&app, &key, "a.png", 5, true).await;
    assert_eq!(put(&app, &second, b"54321").await, 200);
    assert_eq!(put(&app, &first, b"12345").await, 403);
    assert_eq!(delivered(&app, "a.png").await, b"54321");
    assert_eq!(put(&app, &first, b"54321").await, 200, "the same bytes are there already");
    let (_, answer) = app.get(&key, "/v2/media").await;
    assert_eq!((&answer["storage"]["used_bytes"], &answer["storage"]["reserved_bytes"]), (&json!(5), &json!(0)));
    app.finish().await;
}

#[tokio::test]
async fn a_registration_with_overwrite_still_replaces_what_came_before_it() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let first = upload_url(&app, &key, "a.png", 5, false).await;
    let second = upload_url(&app, &key, "a.png", 5, true).await;
    assert_eq!(put(&app, &first, b"12345").await, 200);
    assert_eq!(put(&app, &second, b"54321").await, 200);
    assert_eq!(delivered(&app, "a.png").await, b"54321");
    app.finish().await;
}

#[tokio::test]
async fn changed_bytes_were_not_modified_since_a_date_of_the_bytes_before_them() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "older.png", b"older".to_vec()).await;
    app.advance(Duration::from_secs(60));
    app.upload(&key, "", "a.png", b"newer".to_vec()).await;
    let response = app.request(Method::GET, &stable(&app, "a.png")).send().await.unwrap();
    let date = response.headers()["last-modified"].to_str().unwrap().to_owned();
    let ask = async || {
        let request = app.request(Method::GET, &stable(&app, "a.png")).header("if-modified-since", &date);
        request.send().await.unwrap()
    };
    assert_eq!(ask().await.status(), 304);
    let body = json!({ "path": "older.png", "new_name": "a.png", "overwrite": true });
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", body).await.0, 200);
    let answer = ask().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), "older");
    app.finish().await;
}

#[tokio::test]
async fn a_range_of_a_date_spliced_two_files_that_were_stored_within_one_second() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"first".to_vec()).await;
    let response = app.request(Method::GET, &stable(&app, "a.png")).send().await.unwrap();
    let date = response.headers()["last-modified"].to_str().unwrap().to_owned();
    assert_eq!(store_over(&app, &key, "a.png", b"other").await, 200);
    let request = app.request(Method::GET, &stable(&app, "a.png")).header("range", "bytes=2-").header("if-range", date);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), "other");
    app.finish().await;
}
