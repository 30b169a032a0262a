//! Bad input below the fields: bodies without end, forms that break off, lengths that lie, headers without measure.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::{RawAnswer, TestApp, read_answer};

const HUNDRED_MEGABYTES: usize = 100 << 20;
/// What the system's own buffers may have taken before the server said no.
const EARLY: usize = 32 << 20;

/// Sends pieces until the server has answered or so much is sent; gives the answer and how much was sent.
async fn pour(app: &TestApp, head: &str, piece: &[u8], most: usize) -> (RawAnswer, usize) {
    let (mut from, mut to) = app.connect().await.into_split();
    let answer = tokio::spawn(async move { read_answer(&mut from).await });
    let mut sent = 0;
    if to.write_all(head.as_bytes()).await.is_ok() {
        while sent < most && !answer.is_finished() && to.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
    }
    (answer.await.unwrap().expect("an answer"), sent)
}

/// So many fields of a header.
fn fields(count: usize) -> String {
    (0..count).fold(String::new(), |fields, number| fields + &format!("x-{number}: y\r\n"))
}

fn message(answer: &RawAnswer) -> String {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    json["message"].as_str().unwrap_or_default().to_owned()
}

/// Looks until it is so; each look is a whole request, so that what is under way gets on.
async fn until_gone(app: &TestApp, key: &str, path: &str) {
    for _ in 0..2_000 {
        if app.get(key, path).await.0 == 400 {
            return;
        }
    }
    panic!("{path} is still there");
}

#[tokio::test]
async fn a_hundred_megabytes_of_json_are_refused_before_they_are_read() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let json = "content-type: application/json\r\n";
    for line in ["POST /v2/media/file", "PUT /v2/media", "DELETE /v2/media/folder", "POST /v2/media"] {
        let said = app.head(&key, line, &format!("{json}content-length: {HUNDRED_MEGABYTES}\r\n"));
        let mut piece = vec![b'x'; 64 * 1024];
        let (answer, sent) = pour(&app, &said, &piece, HUNDRED_MEGABYTES).await;
        assert_eq!((answer.status, message(&answer).as_str()), (413, "Body exceeds maximum size of 1 MB"), "{line}");
        assert!(sent < EARLY, "{line}: {sent} bytes were taken");
        let unsaid = app.head(&key, line, &format!("{json}transfer-encoding: chunked\r\n"));
        piece = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
        let (answer, sent) = pour(&app, &unsaid, &piece, HUNDRED_MEGABYTES).await;
        assert_eq!((answer.status, message(&answer).as_str()), (413, "Body exceeds maximum size of 1 MB"), "{line}");
        assert!(sent < EARLY, "{line}: {sent} bytes were taken");
    }
    app.finish().await;
}

/// As simple clients do, which read the answer when they have sent everything.
#[tokio::test]
async fn a_client_that_sends_everything_first_still_reads_its_refusal() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"first".to_vec()).await;
    for line in ["POST /v2/media?name=a.png", "POST /v2/media/folder"] {
        let mut stream = app.connect().await;
        let head = app.head(&key, line, &format!("content-length: {HUNDRED_MEGABYTES}\r\n"));
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..HUNDRED_MEGABYTES / (64 * 1024) {
            stream.write_all(&vec![b'x'; 64 * 1024]).await.expect("the server reads on");
        }
        let answer = read_answer(&mut stream).await.expect("an answer");
        assert!(matches!(answer.status, 409 | 413), "{line}: {}", answer.status);
    }
    app.finish().await;
}

/// Otherwise the client would send its next request to a connection that is about to close.
#[tokio::test]
async fn an_answer_before_the_end_of_a_body_says_that_its_connection_closes() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let head = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{rest}");
    for (line, key_too) in
        [("POST /v2/media?name=..", true), ("POST /v2/media/folder", false), ("PUT /v2/nothing", true)]
    {
        let request = head(line, "content-length: 1000\r\n\r\n");
        let request = if key_too { request } else { request.replace(&key, "x") };
        let answer = app.raw(request.as_bytes()).await.expect("an answer");
        assert_eq!(answer.header("connection"), Some("close"), "{line}: {}", answer.status);
    }
    // Read to its end, it makes room for the next.
    let body = "content-length: 14\r\n\r\n{\"folder\":\"a\"}";
    let last = head("GET /v2/media", "connection: close\r\n\r\n");
    let answers = app.raw((head("POST /v2/media/folder", body) + &last).as_bytes()).await.unwrap();
    assert_eq!((answers.status, answers.header("connection")), (200, None));
    assert!(answers.text().contains("HTTP/1.1 200 OK"), "and then the second: {}", answers.text());
    app.finish().await;
}

/// Posts a form by hand.
async fn form(app: &TestApp, key: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
    let request = app.request(Method::POST, "/v2/media").header("x-api-key", key).header("content-type", content_type);
    let response = request.body(body.to_vec()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_form_that_is_wrong_is_refused_by_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = |name: &str, rest: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n{rest}\r\n")
    };
    let text =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let end = "bytes\r\n--b--\r\n";
    let many = fields(60);
    let table: &[(&str, String)] = &[
        ("body", String::new()),
        ("body", "no form at all".to_owned()),
        ("body", "--other\r\n\r\nx\r\n--other--\r\n".to_owned()),
        ("body", "--b\r\nContent-Disposition: form-data; name=\"file\"; file".to_owned()),
        ("body", file("a.png", "") + "bytes that break off"),
        (
            "body",
            format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n{many}\r\n{end}"),
        ),
        ("body", format!("--b\r\nX: {}\r\n\r\n{end}", "y".repeat(200_000))),
        ("file is required", "--b--\r\n".to_owned()),
        ("file is required", text("other", "x") + "--b--\r\n"),
        ("file has no file name", text("file", "bytes") + "--b--\r\n"),
        ("file is empty", file("a.png", "") + "\r\n--b--\r\n"),
        ("name is required", file("", "") + end),
        ("name must not be", file("..", "") + end),
        ("name is longer", file(&"a".repeat(256), "") + end),
        ("overwrite must be", text("overwrite", "maybe") + "--b--\r\n"),
        ("folder is longer", text("folder", &"x".repeat(5_000)) + "--b--\r\n"),
        ("folder is nested", text("folder", &"x/".repeat(33)) + "--b--\r\n"),
        ("Invalid folder name", text("folder", "***") + &file("a.png", "") + end),
        ("contentType must be", file("a.png", &format!("Content-Type: image/{}\r\n", "x".repeat(300))) + end),
    ];
    for (words, body) in table {
        let (status, answer) = form(&app, &key, "multipart/form-data; boundary=b", body.as_bytes()).await;
        let what = format!("{words}: {body:.120}");
        assert_eq!(status, 400, "{what}: {answer}");
        assert!(answer["message"].as_str().unwrap_or_default().contains(words), "{what}: {answer}");
    }
    let folder = b"--b\r\nContent-Disposition: form-data; name=\"folder\"\r\n\r\n\xff\xfe\r\n--b--\r\n";
    let (status, answer) = form(&app, &key, "multipart/form-data; boundary=b", folder).await;
    assert_eq!((status, &answer["message"]), (400, &json!("folder is not UTF-8")));
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary"] {
        let (status, answer) = form(&app, &key, content_type, (file("a.png", "") + end).as_bytes()).await;
        assert_eq!(status, 400, "{content_type}: {answer}");
        assert!(answer["message"].as_str().unwrap().starts_with("body"), "{content_type}: {answer}");
    }
    let (_, listed) = app.get(&key, "/v2/media").await;
    assert_eq!((&listed["total_files"], &listed["storage"]["reserved_bytes"]), (&json!(0), &json!(0)), "nothing stays");
    app.finish().await;
}

#[tokio::test]
async fn what_a_form_stored_before_it_broke_off_is_stored_and_said() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let folder = "--b\r\nContent-Disposition: form-data; name=\"folder\"\r\n\r\n/\r\n";
    let body = folder.to_owned() + &file("a.png") + "first\r\n" + &file("b.png") + "and then the client left";
    let (status, answer) = form(&app, &key, "multipart/form-data; boundary=b", body.as_bytes()).await;
    assert_eq!((status, &answer["success"]), (200, &json!(false)), "{answer}");
    assert_eq!((&answer["results"][0]["success"], &answer["results"][0]["path"]), (&json!(true), &json!("a.png")));
    assert_eq!((&answer["results"][1]["success"], &answer["results"][1]["status"]), (&json!(false), &json!(400)));
    assert_eq!(answer["results"][1]["path"], "b.png", "{answer}");
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(app.get(&key, "/v2/media/file?path=b.png").await.0, 400, "its name is free again");
    // Without its folder a file waits for it, and is not stored when it never comes.
    let body = file("c.png") + "first\r\n" + &file("d.png") + "and then the client left";
    let (status, answer) = form(&app, &key, "multipart/form-data; boundary=b", body.as_bytes()).await;
    assert_eq!((status, &answer["success"]), (200, &json!(false)), "{answer}");
    assert_eq!(answer["results"][0]["message"], "body ended before its length; send it again");
    assert_eq!(app.get(&key, "/v2/media/file?path=c.png").await.0, 400);
    app.finish().await;
}

/// The parser gathers in memory what stands before the first part and in the headers of each.
#[tokio::test]
async fn a_form_without_end_before_a_part_is_refused_before_it_fills_the_memory() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let head = "content-type: multipart/form-data; boundary=b\r\ncontent-length: 1073741824\r\n";
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n";
    for begin in [String::new(), format!("{part}X-Y: "), format!("{part}\r\nbytes\r\n{part}X-Y: ")] {
        let head = app.head(&key, "POST /v2/media", head) + &begin;
        let (answer, sent) = pour(&app, &head, &vec![b'x'; 64 * 1024], HUNDRED_MEGABYTES).await;
        assert!(
            answer.text().contains("body has more than 65536 bytes before a part"),
            "{begin}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(sent < EARLY, "{begin}: {sent} bytes were taken");
    }
    app.finish().await;
}

/// What a refused part holds is passed over, however much it is, and does not count as headers.
#[tokio::test]
async fn a_refused_file_does_not_take_those_behind_it_along() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", b"first".to_vec()).await;
    let part = |bytes: Vec<u8>, name: &str| reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new()
        .text("unknown", "x".repeat(1 << 20))
        .part("file", part(vec![1; 1 << 20], "a.png"))
        .part("file", part(vec![2; 1 << 20], "b.png"));
    let request = app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let statuses: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(statuses, [409, 200], "{answer}");
    app.finish().await;
}

#[tokio::test]
async fn lengths_that_lie_store_nothing_that_was_not_meant() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let post = |name: &str, fields: &str| app.head(&key, &format!("POST /v2/media?name={name}"), fields);
    // Too short: what it covers is the file, and the rest no request.
    let answer = app.raw((post("short.bin", "content-length: 3\r\n") + "abcdef").as_bytes()).await.unwrap();
    let stored: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &stored["file"]["size"]), (200, &json!(3)));
    // Too long: the client is gone before all is here.
    for (name, fields, body) in [
        ("long.bin", "content-length: 100\r\n", "abc"),
        ("chunk.bin", "transfer-encoding: chunked\r\n", "5\r\nabcde\r\n"),
        ("torn.bin", "transfer-encoding: chunked\r\n", "ff\r\nabcde"),
        ("zz.bin", "transfer-encoding: chunked\r\n", "zz\r\nabcde\r\n0\r\n\r\n"),
    ] {
        let answer = app.raw_and_leave((post(name, fields) + body).as_bytes()).await;
        assert!(answer.as_ref().is_none_or(|answer| answer.status == 400), "{name}: {answer:?}");
        until_gone(&app, &key, &format!("/v2/media/file?path={name}")).await;
    }
    // Lengths that are none, or two.
    for fields in [
        "content-length: -1\r\n",
        "content-length: x\r\n",
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: 18446744073709551615\r\n",
        "content-length: 9223372036854775808\r\n",
        "transfer-encoding: gzip\r\n",
        "content-length: 0\r\n",
    ] {
        let answer = app.raw((post("odd.bin", fields) + "abc").as_bytes()).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{fields}: {}", answer.status);
    }
    let (_, listed) = app.get(&key, "/v2/media").await;
    assert_eq!((&listed["total_files"], &listed["storage"]["reserved_bytes"]), (&json!(1), &json!(0)));
    app.finish().await;
}

#[tokio::test]
async fn headers_without_measure_are_refused_and_the_server_lives_on() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let (many, few) = (fields(5_000), fields(150));
    for fields in [format!("x-y: {}\r\n", "y".repeat(1 << 20)), many, few] {
        let answer = app.raw(app.head(&key, "GET /v2/media", &fields).as_bytes()).await;
        assert!(answer.as_ref().is_none_or(|answer| answer.status == 431), "{answer:?}");
    }
    let long = format!("GET /v2/media/folder?q={}", "a".repeat(40_000));
    let answer = app.raw(app.head(&key, &long, "").as_bytes()).await.unwrap();
    assert_eq!((answer.status, message(&answer).as_str()), (400, "q is longer than 255 characters"));
    let long = format!("GET /v2/media/folder?q={}", "a".repeat(200_000));
    let answer = app.raw(app.head(&key, &long, "").as_bytes()).await;
    assert!(answer.as_ref().is_none_or(|answer| matches!(answer.status, 414 | 431)), "{answer:?}");
    assert_eq!(app.get(&key, "/v2/media").await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_key_of_any_shape_is_found_invalid_and_never_breaks_anything() {
    let app = TestApp::start().await;
    let good = app.key("render").await;
    let request = |key: &[u8]| {
        let fields = [b"GET /v2/media HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ", key, b"\r\n\r\n"];
        fields.concat()
    };
    for (key, said) in [
        (b"".as_slice(), "Error: API Key not provided"),
        (b"   ", "Error: API Key not provided"),
        (b"x", "Error: Invalid API Key"),
        (&[b'x'; 8_000], "Error: Invalid API Key"),
        ("schlüssel".as_bytes(), "Error: Invalid API Key"),
        (b"\xff\xfe", "Error: Invalid API Key"),
        (b"' OR '1'='1", "Error: Invalid API Key"),
        (good.to_lowercase().as_bytes(), "Error: Invalid API Key"),
        (&good.as_bytes()[..39], "Error: Invalid API Key"),
        (format!("{good},{good}").as_bytes(), "Error: Invalid API Key"),
    ] {
        let answer = app.raw(&request(key)).await.expect("an answer");
        let what = String::from_utf8_lossy(key).chars().take(40).collect::<String>();
        assert_eq!((answer.status, message(&answer).as_str()), (400, said), "{what:?}");
    }
    assert_eq!(app.raw(&request(good.as_bytes())).await.unwrap().status, 200);
    app.finish().await;
}

#[tokio::test]
async fn odd_methods_and_targets_get_a_plain_no() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    for method in ["FOO", "PROPFIND", "get", "PATCH", "TRACE", "CONNECT", "A-B", "OPTIONS"] {
        for target in ["/v2/media", "/v2/media/file", "/v2/movies", "/nothing", "/uploads/x", "/metrics", "/docs/"] {
            let answer =
                app.raw(app.head(&key, &format!("{method} {target}"), "").as_bytes()).await.expect("an answer");
            let fits = (400..500).contains(&answer.status) || (method == "OPTIONS" && target == "/uploads/x");
            assert!(fits, "{method} {target}: {}", answer.status);
        }
    }
    for line in ["OPTIONS *", "GET *", "CONNECT example.com:443", "GET //", "GET /V2/MEDIA", "GET /v2//media"] {
        let answer = app.raw(app.head(&key, line, "").as_bytes()).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{line}: {}", answer.status);
    }
    let whole = format!("GET http://{}/v2/media", app.address());
    assert_eq!(
        app.raw(app.head(&key, &whole, "").as_bytes()).await.unwrap().status,
        200,
        "the absolute form is HTTP too"
    );
    for nonsense in [
        "\u{16}\u{3}\u{1}",
        "GET /\r\n\r\n",
        "\r\n\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
    ] {
        let answer = app.raw_and_leave(nonsense.as_bytes()).await;
        assert!(answer.as_ref().is_none_or(|answer| answer.status < 500), "{nonsense:?}: {answer:?}");
    }
    assert_eq!(app.get(&key, "/v2/media").await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_cut_whoever_reads_it() {
    let app = TestApp::start_configured(|settings| settings.server.idle_seconds = 1).await;
    let key = app.key("render").await;
    let form = "content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000\r\n";
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nbytes";
    let requests = [
        app.head(&key, "POST /v2/media/file", "content-length: 1000\r\n") + "{\"name\":",
        app.head(&key, "POST /v2/media?name=raw.png", "content-length: 1000\r\n") + "bytes",
        app.head(&key, "POST /v2/media", form) + "--b\r\nContent-Dis",
        app.head(&key, "POST /v2/media", form) + part,
    ];
    let stuck = futures::future::join_all(requests.iter().map(|request| async {
        let mut stream = app.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream);
        tokio::time::timeout(Duration::from_secs(30), answer).await.expect("it is cut").expect("an answer")
    }));
    for (request, answer) in requests.iter().zip(stuck.await) {
        assert_eq!(answer.status, 400, "{request}: {}", answer.text());
        assert!(message(&answer).starts_with("body "), "{request}: {}", answer.text());
    }
    let (_, listed) = app.get(&key, "/v2/media").await;
    assert_eq!((&listed["total_files"], &listed["storage"]["reserved_bytes"]), (&json!(0), &json!(0)));
    app.finish().await;
}
