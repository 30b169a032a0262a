//! Who may do what: every operation of the documented API, with every role and with every kind of key that is none. The
//! OpenAPI document is the list of operations; it is kept in `docs/openapi.json`, so that a change of it is seen.

use std::collections::BTreeSet;
use std::time::Duration;

use reelshelf::http::openapi;
use reelshelf::http::v2::ROLES;
use reelshelf::library;
use reelshelf_domain::Role;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::TestApp;

const NO_KEY: &str = "Error: API Key not provided";
const BAD_KEY: &str = "Error: Invalid API Key";
const TOO_LOW: &str = "Insufficient permissions";

/// Resumable uploads answer as tus says. Whoever may use them is refused here for not speaking it.
fn is_tus(path: &str) -> bool {
    path.starts_with("/v2/media/uploads")
}

/// The documented operations with a key: method, path and what is said of them.
fn operations() -> Vec<(String, String, Value)> {
    all_operations().into_iter().filter(|(_, path, _)| path.starts_with("/v2/")).collect()
}

fn all_operations() -> Vec<(String, String, Value)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let each = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    each.collect()
}

#[test]
fn every_operation_has_a_role_and_every_role_an_operation() {
    let documented: BTreeSet<_> = operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    let guarded: BTreeSet<_> = ROLES.iter().map(|(method, path, _)| (method.to_string(), (*path).to_owned())).collect();
    assert_eq!(documented, guarded, "documented and guarded operations differ");
    assert_eq!(ROLES.len(), guarded.len(), "an operation has two roles");
}

#[test]
fn what_needs_no_key_says_so() {
    let open: Vec<_> = all_operations().into_iter().filter(|(_, path, _)| !path.starts_with("/v2/")).collect();
    let expected = [
        ("GET", "/clients/{client}/{path}"),
        ("GET", "/derived/{client}/{sha256}/{name}"),
        ("GET", "/immutable/{client}/{sha256}/{name}"),
        ("PUT", "/uploads/{id}"),
        ("GET", "/{client}/files/{path}"),
    ];
    let found: BTreeSet<_> = open.iter().map(|(method, path, _)| (method.as_str(), path.as_str())).collect();
    assert_eq!(found, BTreeSet::from(expected));
    for (method, path, operation) in &open {
        assert_eq!(operation["security"], json!([{}]), "{method} {path}");
    }
}

/// Programs are generated from it: lists of numbers are no bytes, and what an import need not say it must not have to.
#[test]
fn bodies_are_described_as_they_are_sent() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert!(!document["paths"].to_string().contains("int32"), "bytes are described as numbers");
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    assert_eq!((&schema("Octets")["type"], &schema("Octets")["format"]), (&json!("string"), &json!("binary")));
    assert_eq!(schema("RegisterForm")["required"], json!(["name", "contentType", "size"]));
    assert_eq!(schema("ImportForm")["required"], json!(["src"]));
    let json_form = schema("JsonForm")["oneOf"].as_array().unwrap().len();
    assert_eq!(json_form, 2);
    let form = schema("UploadForm");
    assert_eq!((&form["properties"]["file"]["type"], &form["required"]), (&json!("array"), &json!(["file"])));
    let content = &document["paths"]["/v2/media"]["post"]["requestBody"]["content"];
    assert_eq!(content["multipart/form-data"]["schema"]["$ref"], "#/components/schemas/UploadForm");
    let creation = &document["paths"]["/v2/media/uploads"]["post"]["requestBody"];
    assert_ne!(creation["required"], json!(true), "an upload can be made without bytes");
}

#[test]
fn every_operation_documents_its_key_and_its_refusals() {
    for (method, path, operation) in operations() {
        let tus = is_tus(&path);
        let success = ["200", "201", "204"].into_iter().find(|status| operation["responses"][status].is_object());
        assert!(success.is_some_and(|status| tus || status == "200"), "{method} {path} does not document its success");
        // What tus answers stands in its header fields.
        for status in success.into_iter().filter(|_| !tus).chain(["400", "403"]) {
            let response = &operation["responses"][status];
            assert!(response.is_object(), "{method} {path} does not document {status}");
            let content = response["content"].as_object().cloned().unwrap_or_default();
            let said = content.contains_key("application/json") || (status == "200" && !content.is_empty());
            assert!(said, "{method} {path}: {status} says nothing");
        }
        assert_eq!(operation["security"], json!([{ "key": [] }]), "{method} {path} does not document its key");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{method} {path} does not say what it does");
    }
}

#[test]
fn the_kept_openapi_document_is_the_one_of_the_code() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let kept = std::fs::read_to_string(kept).expect("docs/openapi.json is there; run `make openapi`");
    let now = openapi().to_pretty_json().unwrap();
    assert!(
        kept.trim_end() == now,
        "docs/openapi.json is not what the code says: run `make openapi`, and look at the difference"
    );
}

/// A request that its operation would take, were it allowed to, or would refuse for its own reasons.
async fn attempt(app: &TestApp, method: &Method, path: &str, key: Option<&str>) -> (u16, String) {
    let mut request = app.request(method.clone(), path);
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    if *method != Method::GET {
        request = request.json(&json!({}));
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    if *method == Method::HEAD {
        // An answer without a body: only its status tells.
        let said = response.text().await.unwrap();
        return (status, said);
    }
    // A file that is answered says nothing.
    let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    (status, answer["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn every_operation_answers_every_key_as_its_role_says() {
    let app = TestApp::start().await;
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((role, app.key(role.as_str()).await));
    }
    let (revoked, gone) =
        library::create_key(app.app(), app.client(), Role::Admin, "gone".to_owned(), None).await.unwrap();
    let life = Some(Duration::from_hours(1));
    let (_, short) = library::create_key(app.app(), app.client(), Role::Admin, "short".to_owned(), life).await.unwrap();
    // Both work first, so that what fails below fails for being over.
    for key in [&gone, &short] {
        assert_eq!(app.get(key.expose_secret(), "/v2/media").await.0, 200);
    }
    library::revoke_key(app.app(), app.client(), revoked).await.unwrap();
    app.advance(Duration::from_hours(1));
    let none = [
        (None, NO_KEY),
        (Some(""), NO_KEY),
        (Some("no-such-key"), BAD_KEY),
        (Some(gone.expose_secret()), BAD_KEY),
        (Some(short.expose_secret()), BAD_KEY),
    ];
    for (method, path, least) in ROLES {
        for (key, said) in none {
            let refused = attempt(&app, method, path, key).await;
            let said = if *method == Method::HEAD { "" } else { said };
            assert_eq!(refused, (400, said.to_owned()), "{method} {path} with {key:?}");
        }
        for (role, key) in &keys {
            let (status, message) = attempt(&app, method, path, Some(key)).await;
            let what = format!("{method} {path} as {}: {status} {message}", role.as_str());
            if role < least {
                let said = if *method == Method::HEAD { "" } else { TOO_LOW };
                assert_eq!((status, message.as_str()), (403, said), "{what}");
            } else if is_tus(path) {
                assert!(matches!(status, 405 | 412), "{what}");
            } else {
                // An empty form is refused for what it lacks, and a list is given.
                assert!(status == 200 || (status == 400 && message.ends_with(" is required")), "{what}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn head_is_answered_like_get_and_as_little_without_a_key() {
    let app = TestApp::start().await;
    let (render, viewer) = (app.key("render").await, app.key("viewer").await);
    for (_, path, least) in ROLES.iter().filter(|(method, ..)| *method == Method::GET) {
        let head = |key: &str| app.request(Method::HEAD, path).header("x-api-key", key).send();
        let needs_path = *path == "/v2/media/file";
        assert_eq!(head(&render).await.unwrap().status(), if needs_path { 400 } else { 200 }, "{path}");
        assert_eq!(head(&viewer).await.unwrap().status(), if *least > Role::Viewer { 403 } else { 200 }, "{path}");
        assert_eq!(app.request(Method::HEAD, path).send().await.unwrap().status(), 400, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_revoked_key_fails_at_the_next_request_and_an_expired_one_at_its_moment() {
    let app = TestApp::start().await;
    let life = Some(Duration::from_secs(10));
    let (id, key) = library::create_key(app.app(), app.client(), Role::Render, "k".to_owned(), None).await.unwrap();
    let (_, short) = library::create_key(app.app(), app.client(), Role::Render, "s".to_owned(), life).await.unwrap();
    assert_eq!(app.get(key.expose_secret(), "/v2/media").await.0, 200);
    library::revoke_key(app.app(), app.client(), id).await.unwrap();
    assert_eq!(app.get(key.expose_secret(), "/v2/media").await.1["message"], BAD_KEY);
    app.advance(Duration::from_millis(9_999));
    assert_eq!(app.get(short.expose_secret(), "/v2/media").await.0, 200);
    app.advance(Duration::from_millis(1));
    assert_eq!(app.get(short.expose_secret(), "/v2/media").await.1["message"], BAD_KEY);
    app.finish().await;
}

#[tokio::test]
async fn nothing_of_one_client_is_there_for_another() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.key("admin").await, app.key_of(app.other_client().await, "admin").await);
    app.upload(&own, "logos", "a.png", b"own".to_vec()).await;
    let upload = json!({ "name": "pending.png", "contentType": "image/png", "size": 3 });
    assert_eq!(app.call(&own, Method::POST, "/v2/media/file", upload).await.0, 200);
    let file_not_found = [
        (Method::GET, "/v2/media/file?path=logos/a.png", Value::Null),
        (Method::GET, "/v2/media/file?path=pending.png", Value::Null),
        (Method::PUT, "/v2/media/file", json!({ "path": "logos/a.png", "destination": "" })),
        (Method::PUT, "/v2/media/file", json!({ "path": "pending.png", "destination": "temp" })),
        (Method::PUT, "/v2/media", json!({ "path": "logos/a.png", "new_name": "b.png" })),
        (Method::DELETE, "/v2/media/file", json!({ "name": "a.png", "folder": "logos" })),
        (Method::DELETE, "/v2/media", json!({ "path": "logos/a.png" })),
        (Method::DELETE, "/v2/media", json!({ "path": "pending.png" })),
    ];
    for (method, path, body) in file_not_found {
        let refused = app.call(&foreign, method.clone(), path, body).await;
        assert_eq!((refused.0, &refused.1["message"]), (400, &json!("File not found")), "{method} {path}");
    }
    let folder_not_found = [
        (Method::GET, "/v2/media/folder?path=logos", Value::Null),
        (Method::GET, "/v2/media?folder=logos", Value::Null),
        (Method::PUT, "/v2/media/folder", json!({ "folder": "logos", "new_name": "x" })),
        (Method::DELETE, "/v2/media/folder", json!({ "folder": "logos", "recursive": true })),
    ];
    for (method, path, body) in folder_not_found {
        let refused = app.call(&foreign, method.clone(), path, body).await;
        assert_eq!((refused.0, &refused.1["message"]), (400, &json!("Folder not found")), "{method} {path}");
    }
    let (_, tree) = app.get(&foreign, "/v2/media/folder?tree=true").await;
    assert_eq!(tree["tree"].as_array().map(Vec::len), Some(2), "{tree}");
    let (_, library) = app.get(&foreign, "/v2/media").await;
    assert_eq!((&library["storage"]["used_bytes"], &library["storage"]["reserved_bytes"]), (&json!(0), &json!(0)));
    // The same place is another place for another client.
    app.upload(&foreign, "logos", "a.png", b"foreign".to_vec()).await;
    app.call(&foreign, Method::DELETE, "/v2/media", json!({ "path": "logos/a.png" })).await;
    let (status, found) = app.get(&own, "/v2/media/file?path=logos/a.png").await;
    assert_eq!((status, &found["file"]["size"]), (200, &json!(3)));
    app.finish().await;
}
