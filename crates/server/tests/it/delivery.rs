//! What everybody gets: three forms of URL, every method, condition and range, for files in every state.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::TestApp;

const LOGO: &[u8] = include_bytes!("../../../../docs/samples/logo.png");
const INTRO: &[u8] = include_bytes!("../../../../docs/samples/intro.mp4");
const THEME: &[u8] = include_bytes!("../../../../docs/samples/theme.mp3");
/// When every test begins, as HTTP writes it.
const BEGIN: &str = "Thu, 30 Jul 2026 12:00:00 GMT";
const EARLIER: &str = "Thu, 30 Jul 2026 11:59:59 GMT";
const LATER: &str = "Thu, 30 Jul 2026 12:00:01 GMT";

/// The three URLs of a file.
fn forms(app: &TestApp, file: &Value) -> [String; 3] {
    let (url, immutable) = (file["url"].as_str().unwrap(), file["immutableUrl"].as_str().unwrap());
    let (client, path) = url.strip_prefix(&format!("{}/clients/", app.base())).unwrap().split_once('/').unwrap();
    [url.to_owned(), format!("{}/{client}/files/{path}", app.base()), immutable.to_owned()]
}

fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

async fn status(app: &TestApp, url: &str) -> u16 {
    app.request(Method::GET, url).send().await.unwrap().status().as_u16()
}

/// What is said of every answer, also of refusals.
#[track_caller]
fn assert_protected(response: &Response, what: &str) {
    assert_eq!(field(response, "x-content-type-options"), "nosniff", "{what}");
    assert_eq!(field(response, "access-control-allow-origin"), "*", "{what}");
    assert_eq!(field(response, "cross-origin-resource-policy"), "cross-origin", "{what}");
    let policy = field(response, "content-security-policy");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{what}: {policy}");
    assert!(!field(response, "access-control-expose-headers").is_empty(), "{what}");
    assert!(!field(response, "x-request-id").is_empty(), "{what}");
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Whole,
    Bytes(usize, usize),
    Beyond,
}

fn conditions(etag: &str) -> Vec<(Vec<(&'static str, String)>, Verdict)> {
    use Verdict::{Failed, NotModified, Proceed};
    let one = |name, value: &str, verdict| (vec![(name, value.to_owned())], verdict);
    let two = |a, b: &str, c, d: &str, verdict| (vec![(a, b.to_owned()), (c, d.to_owned())], verdict);
    vec![
        (Vec::new(), Proceed),
        one("if-none-match", etag, NotModified),
        one("if-none-match", &format!("W/{etag}"), NotModified),
        one("if-none-match", &format!("\"x\", {etag}"), NotModified),
        one("if-none-match", "*", NotModified),
        one("if-none-match", "\"x\"", Proceed),
        one("if-match", etag, Proceed),
        one("if-match", "*", Proceed),
        one("if-match", "\"x\"", Failed),
        one("if-match", &format!("W/{etag}"), Failed),
        one("if-modified-since", BEGIN, NotModified),
        one("if-modified-since", EARLIER, Proceed),
        // Where the RFC says 304: after a move a URL may have bytes that are older than those it had.
        one("if-modified-since", LATER, Proceed),
        one("if-modified-since", "whenever", Proceed),
        one("if-unmodified-since", BEGIN, Proceed),
        one("if-unmodified-since", EARLIER, Failed),
        two("if-none-match", "\"x\"", "if-modified-since", LATER, Proceed),
        two("if-match", etag, "if-unmodified-since", EARLIER, Proceed),
    ]
}

fn ranges(size: usize) -> Vec<(Option<String>, Part)> {
    let range = |text: &str, part| (Some(text.to_owned()), part);
    vec![
        (None, Part::Whole),
        range("bytes=0-", Part::Bytes(0, size - 1)),
        range("bytes=0-0", Part::Bytes(0, 0)),
        range("bytes=2-4", Part::Bytes(2, 4)),
        range("bytes=-1", Part::Bytes(size - 1, size - 1)),
        range("bytes=-99999999", Part::Bytes(0, size - 1)),
        range("bytes=5-99999999999999999999", Part::Bytes(5, size - 1)),
        (Some(format!("bytes={size}-")), Part::Beyond),
        range("bytes=-0", Part::Beyond),
        range("bytes=4-2", Part::Whole),
        range("bytes=0-1,3-4", Part::Whole),
        range("bites=0-1", Part::Whole),
        range("bytes=x", Part::Whole),
    ]
}

#[tokio::test]
async fn every_form_method_condition_and_range_is_answered_as_http_says() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "logos", "a.png", LOGO.to_vec()).await;
    let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    for url in forms(&app, &file) {
        for (condition, verdict) in conditions(&etag) {
            for (range, part) in ranges(LOGO.len()) {
                for method in [Method::GET, Method::HEAD] {
                    let what = format!("{method} {url} {condition:?} {range:?}");
                    let mut request = app.request(method.clone(), &url);
                    for (name, value) in &condition {
                        request = request.header(*name, value);
                    }
                    if let Some(range) = &range {
                        request = request.header("range", range);
                    }
                    let response = request.send().await.unwrap();
                    assert_protected(&response, &what);
                    assert_eq!(
                        (field(&response, "etag"), field(&response, "last-modified")),
                        (&*etag, BEGIN),
                        "{what}"
                    );
                    assert_eq!(field(&response, "accept-ranges"), "bytes", "{what}");
                    let immutable = url.contains("/immutable/");
                    assert_eq!(field(&response, "cache-control").contains("immutable"), immutable, "{what}");
                    // A range is a property of GET alone.
                    let part = if method == Method::HEAD { Part::Whole } else { part };
                    assert_body(response, &method, verdict, part, &what).await;
                }
            }
        }
    }
    app.finish().await;
}

/// Status, lengths and bytes.
async fn assert_body(response: Response, method: &Method, verdict: Verdict, part: Part, what: &str) {
    let size = LOGO.len();
    let (status, bytes, range) = match (verdict, part) {
        (Verdict::NotModified, _) => (StatusCode::NOT_MODIFIED, &LOGO[..0], String::new()),
        (Verdict::Failed, _) => (StatusCode::PRECONDITION_FAILED, &LOGO[..0], String::new()),
        (_, Part::Beyond) => (StatusCode::RANGE_NOT_SATISFIABLE, &LOGO[..0], format!("bytes */{size}")),
        (_, Part::Whole) => (StatusCode::OK, LOGO, String::new()),
        (_, Part::Bytes(from, to)) => {
            (StatusCode::PARTIAL_CONTENT, &LOGO[from..=to], format!("bytes {from}-{to}/{size}"))
        }
    };
    assert_eq!(response.status(), status, "{what}");
    assert_eq!(field(&response, "content-range"), range, "{what}");
    if verdict == Verdict::Proceed && !matches!(part, Part::Beyond) {
        assert_eq!(field(&response, "content-length"), bytes.len().to_string(), "{what}");
        assert_eq!(field(&response, "content-type"), "image/png", "{what}");
    }
    let body = response.bytes().await.unwrap();
    let expected = if *method == Method::HEAD { &[] } else { bytes };
    assert!(body == expected, "{what}: {} other bytes", body.len());
}

#[tokio::test]
async fn other_methods_are_not_for_files_and_anybody_may_ask_which_are() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "a.png", LOGO.to_vec()).await;
    let nothing = format!("{}/clients/{}/nothing.png", app.base(), app.client_id());
    for url in forms(&app, &file).into_iter().chain([nothing]) {
        let asked = app.request(Method::OPTIONS, &url).header("origin", "https://example.com").send().await.unwrap();
        assert_eq!(asked.status(), 204, "{url}");
        assert_protected(&asked, &url);
        assert_eq!(field(&asked, "access-control-allow-methods"), "GET, HEAD, OPTIONS", "{url}");
        assert!(field(&asked, "access-control-allow-headers").contains("Range"), "{url}");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let refused = app.request(method.clone(), &url).body("x").send().await.unwrap();
            assert_eq!(
                (refused.status().as_u16(), field(&refused, "allow")),
                (405, "GET, HEAD, OPTIONS"),
                "{method} {url}"
            );
            assert_eq!(field(&refused, "cache-control"), "no-store", "{method} {url}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_there_looks_the_same_whatever_it_is_and_is_never_kept() {
    let app = TestApp::start().await;
    let (key, other) = (app.key("render").await, app.other_client().await);
    let foreign = app.key_of(other, "render").await;
    let deleted = app.upload(&key, "", "deleted.png", b"deleted".to_vec()).await;
    app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "deleted.png" })).await;
    let expired = app.upload(&key, "temp", "expired.png", b"expired".to_vec()).await;
    let foreign = app.upload(&foreign, "", "foreign.png", b"foreign".to_vec()).await;
    // The job has not run; the file's time is over all the same.
    app.advance(Duration::from_hours(3 * 24));
    app.upload_url(&key, "", "pending.png", 7).await;
    let (_, pending) = app.get(&key, "/v2/media/file?path=pending.png").await;
    let (own, theirs) = (app.client_id(), other.to_string());
    let at_ours = |url: String| url.replace(&theirs, own);
    let unknown = [
        pending["file"]["url"].as_str().unwrap().to_owned(),
        format!("{}/{own}/files/pending.png", app.base()),
        format!("{}/immutable/{own}/{}/pending.png", app.base(), "0".repeat(64)),
        format!("{}/clients/{own}/no/such/file.png", app.base()),
        format!("{}/clients/{own}/temp", app.base()),
        format!("{}/clients/NoClient00/a.png", app.base()),
    ];
    let gone = forms(&app, &deleted).into_iter().chain(forms(&app, &expired));
    let urls = gone.chain(forms(&app, &foreign).map(at_ours)).chain(unknown);
    for url in urls {
        for method in [Method::GET, Method::HEAD] {
            for (name, value) in [("x-none", "x"), ("if-none-match", "*"), ("range", "bytes=0-1"), ("if-match", "*")] {
                let answer = app.request(method.clone(), &url).header(name, value).send().await.unwrap();
                let what = format!("{method} {url} {name}");
                assert_protected(&answer, &what);
                assert_eq!((answer.status().as_u16(), field(&answer, "cache-control")), (404, "no-store"), "{what}");
                for absent in ["etag", "last-modified", "content-disposition", "accept-ranges"] {
                    assert_eq!(field(&answer, absent), "", "{what}: {absent}");
                }
                let body = answer.bytes().await.unwrap();
                assert_eq!(&*body, if method == Method::GET { b"Not found\n".as_slice() } else { b"" }, "{what}");
            }
        }
    }
    assert_eq!(status(&app, foreign["url"].as_str().unwrap()).await, 200, "its own client has it");
    app.finish().await;
}

#[tokio::test]
async fn bytes_are_exact_at_every_boundary() {
    const STEP: usize = 128 * 1024;
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for size in [1, 2, STEP - 1, STEP, STEP + 1, 3 << 20] {
        let bytes: Vec<u8> = (0..size).map(|_| next()).collect();
        let file = app.upload(&key, "", &format!("{size}.bin"), bytes.clone()).await;
        let edges = [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP - 1, 2 * STEP, size.saturating_sub(2), size - 1];
        let url = file["url"].as_str().unwrap();
        let whole = app.request(Method::GET, url).send().await.unwrap().bytes().await.unwrap();
        assert!(whole == bytes, "{size} bytes in one piece");
        for from in edges.into_iter().filter(|from| *from < size) {
            for to in edges.into_iter().filter(|to| from <= *to && *to < size) {
                let range = format!("bytes={from}-{to}");
                let answer = app.request(Method::GET, url).header("range", &range).send().await.unwrap();
                assert_eq!(answer.status(), 206, "{range} of {size}");
                assert_eq!(field(&answer, "content-range"), format!("bytes {from}-{to}/{size}"));
                assert!(answer.bytes().await.unwrap() == bytes[from..=to], "{range} of {size}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_a_browser_could_run_is_only_ever_a_download() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let active: [&[u8]; 10] = [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<html><body onload=alert(1)>",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"alert(document.cookie)",
        b"%PDF-1.7\n1 0 obj\n",
        b"\0asm\x01\0\0\0",
        b"MZ\x90\0\x03\0\0\0",
        b"#!/bin/sh\necho x\n",
        b"\xef\xbb\xbf<script>alert(1)</script>",
    ];
    for (number, bytes) in active.into_iter().enumerate() {
        for (name, declared) in
            [("a.html", "text/html"), ("a.png", "image/png"), ("a.svg", "image/svg+xml"), ("a.mp4", "video/mp4")]
        {
            let path = format!("/v2/media?name={name}&overwrite=true");
            let post = app.request(Method::POST, &path).header("x-api-key", &key).header("content-type", declared);
            let stored: Value = post.body(bytes).send().await.unwrap().json().await.unwrap();
            assert_eq!((&stored["file"]["type"], &stored["file"]["contentType"]), (&json!("other"), &json!(declared)));
            for url in forms(&app, &stored["file"]) {
                let what = format!("{number} as {declared} at {url}");
                let answer = app.request(Method::GET, &url).send().await.unwrap();
                assert_protected(&answer, &what);
                assert_eq!(field(&answer, "content-type"), "application/octet-stream", "{what}");
                assert!(field(&answer, "content-disposition").starts_with("attachment;"), "{what}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn media_have_the_type_of_their_bytes_whatever_they_are_called() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let wav = [b"RIFF\x24\0\0\0WAVEfmt ".as_slice(), &[0; 32]].concat();
    let media: [(&[u8], &str, &str); 7] = [
        (LOGO, "image/png", "image"),
        (INTRO, "video/mp4", "video"),
        (THEME, "audio/mpeg", "audio"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "image/gif", "image"),
        (b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f", "image/webp", "image"),
        (&wav, "audio/wav", "audio"),
        (b"fLaC\0\0\0\x22\0\0\0\0\0\0\0\0", "audio/flac", "audio"),
    ];
    for (bytes, mime, kind) in media {
        for (name, declared) in [("a.html", "text/html"), ("b.exe", "application/octet-stream"), ("c", "audio/x-none")]
        {
            let path = format!("/v2/media?name={name}&overwrite=true");
            let post = app.request(Method::POST, &path).header("x-api-key", &key).header("content-type", declared);
            let stored: Value = post.body(bytes.to_vec()).send().await.unwrap().json().await.unwrap();
            assert_eq!(
                (&stored["file"]["type"], &stored["file"]["contentType"]),
                (&json!(kind), &json!(declared)),
                "{mime}"
            );
            let answer = app.request(Method::GET, stored["file"]["url"].as_str().unwrap()).send().await.unwrap();
            assert_eq!(field(&answer, "content-type"), mime, "{name}");
            assert!(field(&answer, "content-disposition").starts_with("inline;"), "{mime}");
            assert!(answer.bytes().await.unwrap() == bytes, "{mime}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_download_has_the_name_its_person_gave() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let names = [
        ("plain.png", "inline; filename=\"plain.png\""),
        (
            "mi vídeo (final).png",
            "inline; filename=\"mi v_deo (final).png\"; filename*=UTF-8''mi%20v%C3%ADdeo%20%28final%29.png",
        ),
        (
            "a\"; filename=\"b.exe",
            "inline; filename=\"a_; filename=_b.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe",
        ),
        ("a\r\nSet-Cookie: x=y", "inline; filename=\"aSet-Cookie: x=y\""),
        ("../../etc/x.png", "inline; filename=\".._.._etc_x.png\""),
        ("photo\u{202e}gnp.exe", "inline; filename=\"photognp.exe\""),
        ("\u{202e}", "inline; filename=\"_\""),
        ("🎬", "inline; filename=\"_\"; filename*=UTF-8''%F0%9F%8E%AC"),
        ("100%25.png", "inline; filename=\"100_25.png\"; filename*=UTF-8''100%2525.png"),
    ];
    for (name, disposition) in names {
        let form = json!({ "name": name, "contentType": "image/png", "size": LOGO.len(), "overwrite": true });
        let (_, registered) = app.call(&key, Method::POST, "/v2/media/file", form).await;
        let put = app.put(registered["uploadUrl"].as_str().unwrap(), "image/png", LOGO.to_vec()).await;
        assert_eq!(put.status(), 200);
        let answer = app.request(Method::GET, registered["fileUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(field(&answer, "content-disposition"), disposition, "{name:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_url_lives_exactly_as_long_as_its_file_has_that_place_and_those_bytes() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let first = app.upload(&key, "a", "x.png", b"first".to_vec()).await;
    let change = async |body: Value| {
        let (status, answer) = app.call(&key, Method::PUT, "/v2/media", body).await;
        assert_eq!(status, 200, "{answer}");
        answer["file"].clone()
    };
    // Moved: another place, the same bytes.
    let moved = change(json!({ "path": "a/x.png", "destination": "b" })).await;
    let [old, alias, immutable] = forms(&app, &first);
    assert_eq!((status(&app, &old).await, status(&app, &alias).await, status(&app, &immutable).await), (404, 404, 200));
    assert_eq!(
        (&moved["immutableUrl"], status(&app, moved["url"].as_str().unwrap()).await),
        (&first["immutableUrl"], 200)
    );
    // Renamed: the immutable URL has another name too.
    let renamed = change(json!({ "path": "b/x.png", "new_name": "y.png" })).await;
    let [old, alias, immutable] = forms(&app, &moved);
    assert_eq!((status(&app, &old).await, status(&app, &alias).await, status(&app, &immutable).await), (404, 404, 404));
    // Its folder renamed.
    let (status_, _) = app.call(&key, Method::PUT, "/v2/media/folder", json!({ "folder": "b", "new_name": "c" })).await;
    assert_eq!(status_, 200);
    let [old, alias, immutable] = forms(&app, &renamed);
    assert_eq!((status(&app, &old).await, status(&app, &alias).await, status(&app, &immutable).await), (404, 404, 200));
    // Replaced: the same place, other bytes, another time.
    app.advance(Duration::from_secs(1));
    let path = "/v2/media?name=y.png&folder=c&overwrite=true";
    let post = app.request(Method::POST, path).header("x-api-key", &key).body("second");
    let replaced: Value = post.send().await.unwrap().json().await.unwrap();
    let replaced = &replaced["file"];
    assert_eq!(status(&app, &immutable).await, 404, "nothing has the first bytes");
    let answer = app.request(Method::GET, replaced["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(field(&answer, "last-modified"), LATER);
    assert_eq!(answer.text().await.unwrap(), "second");
    // Deleted, while another file of the same name has the same bytes: those are there as long as it is.
    app.upload(&key, "temp", "y.png", b"second".to_vec()).await;
    app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "c/y.png" })).await;
    let [stable, alias, immutable] = forms(&app, replaced);
    assert_eq!(
        (status(&app, &stable).await, status(&app, &alias).await, status(&app, &immutable).await),
        (404, 404, 200)
    );
    app.advance(Duration::from_hours(3 * 24));
    assert_eq!(status(&app, &immutable).await, 404, "its time is over");
    app.finish().await;
}

#[tokio::test]
async fn a_range_counts_only_for_the_state_that_if_range_names() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "a.png", LOGO.to_vec()).await;
    let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
    let weak = format!("W/{etag}");
    for (condition, status) in [(&*etag, 206), (&weak, 200), ("\"x\"", 200), (BEGIN, 200), (EARLIER, 200), (LATER, 200)]
    {
        for url in forms(&app, &file) {
            let request = app.request(Method::GET, &url).header("range", "bytes=1-3").header("if-range", condition);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{condition} {url}");
            let length = answer.bytes().await.unwrap().len();
            assert_eq!(length, if status == 206 { 3 } else { LOGO.len() }, "{condition} {url}");
        }
    }
    app.finish().await;
}
