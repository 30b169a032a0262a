use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_file_is_uploaded_delivered_moved_and_deleted() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let body = json!({ "name": "a b.png", "contentType": "image/png", "size": 5, "folder": "x/y" });
    let (status, answer) = app.call(&key, Method::POST, "/v2/media/file", body).await;
    assert_eq!(status, 200, "{answer}");
    let put = app.put(answer["uploadUrl"].as_str().unwrap(), "image/png", b"12345".to_vec()).await;
    assert_eq!(put.status(), 200);
    let url = answer["fileUrl"].as_str().unwrap();
    let delivered = app.request(Method::GET, url).send().await.unwrap();
    assert_eq!(delivered.bytes().await.unwrap().as_ref(), b"12345");
    let (status, _) =
        app.call(&key, Method::DELETE, "/v2/media/file", json!({ "name": "a_b.png", "folder": "x/y" })).await;
    assert_eq!(status, 200);
    assert_eq!(app.request(Method::GET, url).send().await.unwrap().status(), 404);
    app.finish().await;
}
