//! Requests that say the same in another way, or two things at once.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_of_the_api_was_an_unknown_endpoint() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "x", "a.png", b"bytes".to_vec()).await;
    for path in ["/v2/media", "/v2/media/folder", "/v2/templates", "/v2/media/file", "/v2/media/nothing"] {
        let (bare, slashed) = (app.get(&key, path).await, app.get(&key, &format!("{path}/")).await);
        assert_eq!(bare, slashed, "{path}");
        let query = format!("{path}/?path=x/a.png&sort=name");
        assert_eq!(app.get(&key, &query.replace("/?", "?")).await, app.get(&key, &query).await, "{query}");
        assert_eq!(app.get(&key, &format!("{path}//")).await.0, 404, "{path}");
    }
    let file = json!({ "name": "b.png", "contentType": "image/png", "size": 5 });
    assert_eq!(app.call(&key, Method::POST, "/v2/media/file/", file).await.0, 200);
    assert_eq!(app.call(&key, Method::POST, "/v2/media/folder/", json!({ "folder": "y" })).await.0, 200);
    let stored = app.request(Method::POST, "/v2/media/?name=c.png").header("x-api-key", &key).body("bytes");
    assert_eq!(stored.send().await.unwrap().status(), 200);
    let tus = app.request(Method::POST, "/v2/media/uploads/").header("x-api-key", &key);
    let tus =
        tus.header("tus-resumable", "1.0.0").header("upload-length", 5).header("upload-metadata", "filename ZC5wbmc=");
    let made = tus.send().await.unwrap();
    assert_eq!(made.status(), 201);
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    for url in [location.clone(), format!("{location}/")] {
        let head = app.request(Method::HEAD, &url).header("x-api-key", &key).header("tus-resumable", "1.0.0");
        assert_eq!(head.send().await.unwrap().status(), 200, "{url}");
    }
    // Who may not, may not so either.
    assert_eq!(app.get(&app.key("viewer").await, "/v2/media/").await.0, 403);
    assert_eq!(app.get("", "/v2/media/").await.0, 400);
    app.finish().await;
}

#[tokio::test]
async fn compressed_bodies_were_stored_as_if_they_were_the_files() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let message = "Content-Encoding must be identity; send the bytes as they are";
    let url = app.upload_url(&key, "", "put.png", 5).await;
    for coding in ["gzip", "br", "zstd", "identity, gzip", "nonsense"] {
        for path in ["/v2/media?name=a.png", "/v2/media?unpack=true", "/v2/media/file", "/v2/media/uploads"] {
            let request = app.request(Method::POST, path).header("x-api-key", &key).header("content-encoding", coding);
            let response = request.body("bytes").send().await.unwrap();
            assert_eq!(response.status(), 415, "{coding} {path}");
            assert_eq!(response.json::<Value>().await.unwrap()["message"], message);
        }
        let put = app.request(Method::PUT, &url).header("content-type", "image/png").header("content-encoding", coding);
        let response = put.body("bytes").send().await.unwrap();
        assert_eq!(response.status(), 415, "{coding}");
        assert!(response.text().await.unwrap().contains(message));
    }
    for (number, coding) in ["identity", "Identity", ""].into_iter().enumerate() {
        let request = app.request(Method::POST, &format!("/v2/media?name={number}.png")).header("x-api-key", &key);
        let stored = request.header("content-encoding", coding).body("bytes").send().await.unwrap();
        assert_eq!(stored.status(), 200, "{coding}");
    }
    let put = app.request(Method::PUT, &url).header("content-type", "image/png").header("content-encoding", "identity");
    assert_eq!(put.body("bytes").send().await.unwrap().status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn a_name_beside_paths_was_passed_over() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"a".to_vec()).await;
    app.upload(&key, "", "b.png", b"b".to_vec()).await;
    let contradiction = json!({ "name": "a.png", "paths": ["b.png"], "destination": "x" });
    for (method, path, body) in [
        (Method::DELETE, "/v2/media", contradiction.clone()),
        (Method::PUT, "/v2/media", contradiction),
        (Method::DELETE, "/v2/media?name=a.png", json!({ "paths": ["b.png"] })),
    ] {
        let (status, answer) = app.call(&key, method, path, body).await;
        assert_eq!((status, &answer["message"]), (400, &json!("name and paths exclude each other; send one of them")));
    }
    assert_eq!(app.get(&key, "/v2/media").await.1["total_files"], 2, "nothing was done");
    let (status, _) = app.call(&key, Method::DELETE, "/v2/media?name=", json!({ "paths": ["b.png"] })).await;
    assert_eq!(status, 200, "nothing is said by an empty field");
    app.finish().await;
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02X}").unwrap();
        escaped
    })
}

/// URLs of `logos/a.png`.
fn exact(id: &str, hash: &str) -> Vec<String> {
    vec![
        format!("/clients/{id}/logos/a.png"),
        format!("/{id}/files/logos/a.png"),
        format!("/immutable/{id}/{hash}/a.png"),
        // Escapes that need not be are the same URL to every proxy.
        format!("/clients/{id}/logos/%61.png"),
        format!("/clients/{id}/%6Cogos/a%2Epng"),
        format!("/{id}/files/logos/%61.png"),
        format!("/immutable/{id}/{hash}/%61.png"),
        // Each letter, in digits of either case.
        format!("/clients/{}/{}/{}", escaped(id), escaped("logos"), escaped("a.png")),
        format!("/{}/files/{}/{}", escaped(id), escaped("logos"), escaped("a.png").to_lowercase()),
        format!("/immutable/{}/{}/{}", escaped(id), escaped(hash), escaped("a.png")),
    ]
}

/// URLs that look like them and are none.
fn odd(id: &str, hash: &str) -> Vec<String> {
    let upper = hash.to_uppercase();
    vec![
        format!("/clients/{id}//logos/a.png"),
        format!("/clients//{id}/logos/a.png"),
        format!("//clients/{id}/logos/a.png"),
        format!("/clients/{id}/logos//a.png"),
        format!("/clients/{id}/logos/a.png/"),
        format!("/clients/{id}/logos/./a.png"),
        format!("/clients/{id}/x/../logos/a.png"),
        format!("/clients/{id}/%2e%2e/{id}/logos/a.png"),
        format!("/clients/{id}/logos%2fa.png"),
        format!("/clients/{id}/logos/%2561.png"),
        format!("/clients/{id}/logos/%25%36%31.png"),
        format!("/clients/{id}/logos/%%36%31.png"),
        format!("/clients/{id}/logos/%6%31.png"),
        format!("/clients/{id}/logos/x/%2E%2E/a.png"),
        format!("/clients/{id}/logos/%2E/a.png"),
        format!("/clients/{id}/%252e%252e/logos/a.png"),
        format!("/clients/{id}/logos%252fa.png"),
        format!("/clients/{id}/logos%5Ca.png"),
        format!("/clients/{id}/logos/a.png;v=1"),
        format!("/clients/{id}/logos/a.png%3Fv=1"),
        format!("/clients/{id}/logos/a.png%23"),
        format!("/clients/{id}/logos/a.png%20"),
        format!("/clients/{id}/logos/a.png%0d%0aset-cookie:x"),
        format!("/clients/{id}/logos/%c0%ae%c0%ae/a.png"),
        format!("/clients/{id}/logos/%u0061.png"),
        format!("/clients/{id}/logos/a+.png"),
        format!("/clients%2F{id}/logos/a.png"),
        format!("/{id}%2Ffiles/logos/a.png"),
        format!("/immutable/{id}/{hash}%2Fa.png"),
        format!("/clients/{id}/logos/a.png%00"),
        format!("/clients/{id}/%00"),
        format!("/clients/{id}/logos/a%ff.png"),
        format!("/clients/{id}/logos/%"),
        format!("/clients/{id}/logos/%zz"),
        format!("/clients/{id}/logos\\a.png"),
        format!("/clients/{id}/LOGOS/a.png"),
        format!("/clients/{id}/logos"),
        format!("/clients/{id}"),
        "/clients/x/logos/a.png".to_owned(),
        format!("/{id}/files//logos/a.png"),
        format!("/{id}/files/logos/a%ff.png"),
        format!("/{id}/files/%ff"),
        "/%ff/files/logos/a.png".to_owned(),
        "/x/files/logos/a.png".to_owned(),
        format!("/immutable/{id}/{upper}/a.png"),
        format!("/immutable/{id}/{hash}/logos/a.png"),
        format!("/immutable/{id}/{hash}/b.png"),
        format!("/immutable/{id}/{hash}"),
        format!("/immutable/{id}/{}/a.png", &hash[..63]),
    ]
}

#[tokio::test]
async fn a_delivery_url_has_one_spelling() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "logos", "a.png", b"bytes".to_vec()).await;
    let (id, hash) = (app.client_id(), file["sha256"].as_str().unwrap());
    for target in exact(id, hash) {
        let answer = app.raw(app.head("", &format!("GET {target}"), "").as_bytes()).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"bytes".as_slice()), "{target}");
        // One resource: whatever a cache keeps under one spelling is right under every other.
        assert_eq!(answer.header("etag"), Some(format!("\"{hash}\"").as_str()), "{target}");
    }
    for target in odd(id, hash) {
        let answer = app.raw(app.head("", &format!("GET {target}"), "").as_bytes()).await.expect("an answer");
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
        let surface = target.contains(&format!("{id}/")) && !target.starts_with("//");
        assert!(!surface || answer.header("cache-control") == Some("no-store"), "{target}");
    }
    let bad = app.raw(app.head("", "PUT /uploads/%ff?expires=1&signature=x", "").as_bytes()).await.unwrap();
    assert_eq!(
        (bad.status, bad.text().contains("SignatureDoesNotMatch")),
        (403, true),
        "as for every URL that is not ours"
    );
    app.finish().await;
}
