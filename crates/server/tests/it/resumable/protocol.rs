//! What the protocol says.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{MIB, OFFSET_STREAM, Tus, UPLOADS, bytes, header, location, named, refusal};
use crate::support::TestApp;

#[tokio::test]
async fn options_say_what_there_is_to_anybody() {
    let tus = Tus::start().await;
    for path in [UPLOADS, "/v2/media/uploads/any"] {
        // Without a key, as browsers ask; the version must be ignored.
        for version in ["1.0.0", "0.2.2"] {
            let asked = tus.app.request(Method::OPTIONS, path).header("tus-resumable", version).send().await.unwrap();
            assert_eq!(asked.status(), 204);
            assert_eq!(header(&asked, "tus-version"), "1.0.0");
            assert_eq!(header(&asked, "tus-resumable"), "1.0.0");
            let extensions = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination";
            assert_eq!(header(&asked, "tus-extension"), extensions);
            assert_eq!(header(&asked, "tus-checksum-algorithm"), "sha1,sha256");
            assert_eq!(header(&asked, "tus-max-size"), "5368709120");
            assert_eq!(header(&asked, "access-control-allow-origin"), "*");
            for method in ["POST", "HEAD", "PATCH", "DELETE"] {
                assert!(header(&asked, "access-control-allow-methods").contains(method));
            }
            for name in ["X-Api-Key", "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata"] {
                assert!(header(&asked, "access-control-allow-headers").contains(name), "{name}");
            }
            for name in ["Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable"] {
                assert!(header(&asked, "access-control-expose-headers").contains(name), "{name}");
            }
        }
    }
    tus.finish().await;
}

#[tokio::test]
async fn a_version_that_is_absent_or_not_spoken_is_refused_and_nothing_is_done() {
    let tus = Tus::start().await;
    let url = tus.create("a.png", 4).await;
    for version in [None, Some("0.2.2"), Some("1.0.1"), Some("")] {
        for (method, at) in [("POST", UPLOADS), ("HEAD", &url), ("PATCH", &url), ("DELETE", &url)] {
            let mut request = tus.bare(method, at).header("upload-offset", 0).header("content-type", OFFSET_STREAM);
            request = request.header("upload-length", 4).header("upload-metadata", named("b.png"));
            if let Some(version) = version {
                request = request.header("tus-resumable", version);
            }
            let answer = request.body(if method == "PATCH" { "data" } else { "" }).send().await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "tus-version")),
                (412, "1.0.0"),
                "{method} {version:?}"
            );
        }
    }
    assert_eq!(tus.offset(&url).await, Some(0));
    assert_eq!(tus.file("b.png").await, Value::Null);
    tus.app.call(&tus.key, Method::DELETE, "/v2/media/file", json!({ "name": "a.png" })).await;
    tus.finish().await;
}

#[tokio::test]
async fn an_upload_goes_up_in_pieces_and_is_a_file_at_the_end() {
    let tus = Tus::start().await;
    let content = bytes(100_000);
    let metadata = format!("{},folder {}", named("Über uns.png"), STANDARD.encode("a/b"));
    let created = tus.creation(content.len(), &metadata).send().await.unwrap();
    let url = location(&created);
    assert!(url.starts_with(&format!("{}{UPLOADS}/", tus.app.base())));
    assert_eq!(header(&created, "upload-expires"), "Fri, 31 Jul 2026 12:00:00 GMT");
    let file_url = header(&created, "file-url").to_owned();
    assert_eq!(tus.file("a/b/_ber_uns.png").await["status"], "pending");
    assert_eq!(tus.reserved().await, 100_000);
    for (from, to) in [(0, 1), (1, 40_000), (40_000, 40_000), (40_000, 99_999)] {
        let answer = tus.send(&url, from, &content[from..to]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "upload-offset")), (204, to.to_string().as_str()));
        assert_eq!(header(&answer, "upload-expires"), "Fri, 31 Jul 2026 12:00:00 GMT");
        let head = tus.head(&url).await;
        assert_eq!(head.status(), 200);
        assert_eq!(header(&head, "upload-offset"), to.to_string());
        assert_eq!(header(&head, "upload-length"), "100000");
        assert_eq!(header(&head, "upload-metadata"), metadata);
        assert_eq!(header(&head, "cache-control"), "no-store");
    }
    assert_eq!(tus.app.request(Method::GET, &file_url).send().await.unwrap().status(), 404, "pending");
    let last = tus.send(&url, 99_999, &content[99_999..]).await;
    assert_eq!((last.status().as_u16(), header(&last, "upload-offset")), (204, "100000"));
    assert_eq!(header(&last, "upload-expires"), "", "a file does not expire");
    assert_eq!(tus.offset(&url).await, Some(100_000), "HEAD answers for one that is done");
    tus.assert_delivered("a/b/_ber_uns.png", &content).await;
    let file = tus.file("a/b/_ber_uns.png").await;
    assert_eq!((&file["displayName"], &file["contentType"]), (&json!("Über uns.png"), &json!("image/png")));
    assert_eq!(file["url"], file_url);
    assert_eq!(tus.reserved().await, 0);
    // Nothing more fits, and nothing more is nothing.
    assert_eq!(tus.send(&url, 100_000, b"").await.status(), 204);
    assert_eq!(refusal(tus.send(&url, 100_000, b"x").await).await.0, 413);
    assert_eq!(refusal(tus.send(&url, 0, &content).await).await.0, 409);
    tus.finish().await;
}

#[tokio::test]
async fn bytes_in_the_creation_are_taken_and_counted() {
    let tus = Tus::start().await;
    let content = bytes(3000);
    let part = tus.creation(3000, &named("a.png")).header("content-type", OFFSET_STREAM).body(content[..1000].to_vec());
    let created = part.send().await.unwrap();
    assert_eq!(header(&created, "upload-offset"), "1000");
    let url = location(&created);
    assert_eq!(tus.offset(&url).await, Some(1000));
    assert_eq!(tus.send(&url, 1000, &content[1000..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    let whole = tus.creation(3000, &named("b.png")).header("content-type", OFFSET_STREAM).body(content.clone());
    let created = whole.send().await.unwrap();
    assert_eq!((header(&created, "upload-offset"), header(&created, "upload-expires")), ("3000", ""));
    assert_eq!(tus.offset(&location(&created)).await, Some(3000));
    tus.assert_delivered("b.png", &content).await;
    let more = tus.creation(10, &named("c.png")).header("content-type", OFFSET_STREAM).body(content.clone());
    assert_eq!(refusal(more.send().await.unwrap()).await.0, 413);
    let untyped = tus.creation(3000, &named("d.png")).body(content.clone()).send().await.unwrap();
    assert_eq!(refusal(untyped).await.0, 415);
    for name in ["c.png", "d.png"] {
        assert_eq!(tus.file(name).await, Value::Null, "{name}: what failed in the creation left its name");
    }
    assert_eq!(tus.reserved().await, 0);
    tus.finish().await;
}

#[tokio::test]
async fn creations_that_break_the_rules_are_refused_with_what_is_wrong() {
    let tus = Tus::start().await;
    let (named, length) = (named("a.png"), ("upload-length", "4"));
    let metadata = ("upload-metadata", named.as_str());
    let wrong: [(&[(&str, &str)], &str); 13] = [
        (&[metadata], "Upload-Length is required"),
        (&[metadata, ("upload-length", "0")], "Upload-Length is 0; a file has at least one byte"),
        (&[metadata, ("upload-length", "-1")], "Upload-Length must be a whole number of bytes"),
        (&[metadata, ("upload-length", "1e3")], "Upload-Length must be a whole number of bytes"),
        (&[metadata, ("upload-defer-length", "2")], "Upload-Defer-Length must be 1"),
        (&[metadata, length, ("upload-defer-length", "1")], "Upload-Defer-Length stands beside Upload-Length"),
        (&[length], "filename in Upload-Metadata is required"),
        (&[length, ("upload-metadata", "filename")], "filename in Upload-Metadata is required"),
        (&[length, ("upload-metadata", "filename YQ==,filename YQ==")], "Upload-Metadata has a key twice"),
        (&[length, ("upload-metadata", "filename ?")], "Upload-Metadata has a value that is not Base64"),
        (&[length, ("upload-metadata", "filename YQ==,, x")], "Upload-Metadata has a pair without a key"),
        (&[length, ("upload-metadata", "filename YQ==,folder Li4v")], "Invalid folder name"),
        (&[length, ("upload-metadata", "filename YQ==,overwrite eA==")], "overwrite must be true or false"),
    ];
    for (fields, message) in wrong {
        let request =
            fields.iter().fold(tus.request("POST", UPLOADS), |request, (name, value)| request.header(*name, *value));
        assert_eq!(refusal(request.send().await.unwrap()).await, (400, message.to_owned()), "{fields:?}");
    }
    let huge = tus.creation(5_368_709_121, &named).send().await.unwrap();
    assert_eq!(refusal(huge).await, (413, "File exceeds maximum size of 5120 MB".to_owned()));
    let twice = tus.creation(4, &named).header("upload-length", 5).send().await.unwrap();
    assert_eq!(refusal(twice).await.0, 400);
    assert_eq!(tus.reserved().await, 0);
    tus.finish().await;
}

/// Each half of a file that was sent as two at once became a file of its own.
#[tokio::test]
async fn halves_that_are_to_be_put_together_are_refused_and_never_a_file() {
    let tus = Tus::start().await;
    for concat in ["partial", "final;/v2/media/uploads/a /v2/media/uploads/b", ""] {
        let request = tus.creation(4, &named("half.png")).header("upload-concat", concat);
        let request = request.header("content-type", OFFSET_STREAM).body("half");
        assert_eq!(
            refusal(request.send().await.unwrap()).await,
            (400, "Upload-Concat is not offered; send the file as one upload".to_owned()),
            "{concat}"
        );
    }
    let asked = tus.app.request(Method::OPTIONS, UPLOADS).send().await.unwrap();
    assert!(header(&asked, "access-control-allow-headers").contains("Upload-Concat"), "a browser must hear it too");
    assert!(!header(&asked, "tus-extension").contains("concatenation"));
    assert_eq!((tus.file("half.png").await, tus.reserved().await), (Value::Null, 0));
    tus.finish().await;
}

#[tokio::test]
async fn metadata_is_kept_as_it_came_and_has_its_limits() {
    let tus = Tus::start().await;
    // Without padding, with spaces around, with keys of others, with bytes that are no text.
    let metadata = "filename YQ,filetype aW1hZ2UvcG5n , odd AP8=,empty,relativePath bnVsbA==";
    let url = location(&tus.creation(4, metadata).send().await.unwrap());
    assert_eq!(header(&tus.head(&url).await, "upload-metadata"), metadata);
    assert_eq!(tus.request("DELETE", &url).send().await.unwrap().status(), 204);
    let longest = format!("filename YQ==,x {}", "A".repeat(8192 - 16));
    let url = location(&tus.creation(4, &longest).send().await.unwrap());
    assert_eq!(header(&tus.head(&url).await, "upload-metadata"), longest);
    assert_eq!(tus.request("DELETE", &url).send().await.unwrap().status(), 204);
    let longer = tus.creation(4, &format!("{longest}AAAA")).send().await.unwrap();
    assert_eq!(refusal(longer).await, (400, "Upload-Metadata is longer than 8192 bytes".to_owned()));
    // More than any header may be: refused before it is read as anything, and perhaps before all of it is sent.
    let huge = tus.creation(4, &format!("filename YQ==,x {}", "A".repeat(100_000))).send().await;
    assert!(huge.ok().is_none_or(|huge| huge.status() == 431));
    for odd in ["filename YR==", "filename YQ===", "filename Y-_=", "filename \"YQ==\"", "filename YQ==;q=1"] {
        assert_eq!(refusal(tus.creation(4, odd).send().await.unwrap()).await.0, 400, "{odd}");
    }
    let twice = tus.creation(4, &named("a.png")).header("upload-metadata", named("b.png")).send().await.unwrap();
    assert_eq!(refusal(twice).await, (400, "Upload-Metadata stands more than once".to_owned()));
    assert_eq!(tus.reserved().await, 0);
    tus.finish().await;
}

#[tokio::test]
async fn bytes_that_begin_elsewhere_or_come_as_something_else_change_nothing() {
    let tus = Tus::start().await;
    let url = tus.create("a.png", 100).await;
    assert_eq!(tus.send(&url, 0, &[1; 40]).await.status(), 204);
    for offset in [0, 39, 41, 100, 1000] {
        assert_eq!(refusal(tus.send(&url, offset, &[2; 5]).await).await.0, 409, "{offset}");
    }
    for kind in ["application/octet-stream", "image/png", ""] {
        let sent = tus.request("PATCH", &url).header("content-type", kind).header("upload-offset", 40).body("12345");
        assert_eq!(refusal(sent.send().await.unwrap()).await.0, 415, "{kind}");
    }
    let without = tus.request("PATCH", &url).header("content-type", OFFSET_STREAM).body("12345").send().await.unwrap();
    assert_eq!(refusal(without).await, (400, "Upload-Offset is required".to_owned()));
    for offset in ["-1", "a", "4 0", ""] {
        let sent = tus.request("PATCH", &url).header("content-type", OFFSET_STREAM).header("upload-offset", offset);
        assert_eq!(refusal(sent.body("12345").send().await.unwrap()).await.0, 400, "{offset}");
    }
    assert_eq!(refusal(tus.send(&url, 40, &[2; 61]).await).await.0, 413);
    // Another length than the one it was made with.
    let longer = tus.patch(&url, 40, "12345").header("upload-length", 101).send().await.unwrap();
    assert_eq!(refusal(longer).await.0, 400);
    assert_eq!(tus.offset(&url).await, Some(40));
    assert_eq!(tus.patch(&url, 40, vec![1; 60]).header("upload-length", 100).send().await.unwrap().status(), 204);
    tus.assert_delivered("a.png", &[1; 100]).await;
    tus.finish().await;
}

#[tokio::test]
async fn a_body_without_a_length_that_is_too_long_is_refused_and_what_was_counted_stays() {
    let tus = Tus::stepping(MIB).await;
    let content = bytes(3 * MIB);
    let url = tus.create("a.png", content.len()).await;
    let chunked = |from: usize, more: usize| {
        let pieces = content[from..].chunks(100_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let pieces: Vec<_> = pieces.chain((more > 0).then(|| Ok(vec![0; more]))).collect();
        reqwest::Body::wrap_stream(futures::stream::iter(pieces))
    };
    assert_eq!(refusal(tus.patch(&url, 0, chunked(0, 5)).send().await.unwrap()).await.0, 413);
    let offset = tus.offset(&url).await.unwrap();
    assert!(offset < content.len(), "{offset} of what was too long");
    assert_eq!(tus.file("a.png").await["status"], "pending");
    assert_eq!(tus.patch(&url, offset, chunked(offset, 0)).send().await.unwrap().status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}

#[tokio::test]
async fn a_checksum_that_matches_lets_bytes_pass_and_another_discards_them() {
    let tus = Tus::stepping(1000).await;
    let content = bytes(30_000);
    let url = tus.create("a.png", content.len()).await;
    let sha1 = |bytes: &[u8]| format!("sha1 {}", STANDARD.encode(Sha1::digest(bytes)));
    let sha256 = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)));
    let send = async |offset: usize, to: usize, checksum: String| {
        let sent = tus.patch(&url, offset, content[offset..to].to_vec()).header("upload-checksum", checksum);
        sent.send().await.unwrap()
    };
    assert_eq!(send(0, 10_000, sha1(&content[..10_000])).await.status(), 204);
    // Longer than a step: not even a part of it is kept.
    for wrong in [sha1(b"other"), sha256(b"other")] {
        assert_eq!(refusal(send(10_000, 20_000, wrong).await).await.0, 460);
        assert_eq!(tus.offset(&url).await, Some(10_000));
    }
    // Nor is the file made of it, were it the last.
    assert_eq!(refusal(send(10_000, 30_000, sha256(b"other")).await).await.0, 460);
    for wrong in ["md5 AAAA", "sha1", "sha1 ???", "sha1 AAAA", "SHA1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="] {
        assert_eq!(refusal(send(10_000, 20_000, wrong.to_owned()).await).await.0, 400, "{wrong}");
    }
    assert_eq!(tus.offset(&url).await, Some(10_000));
    assert_eq!(send(10_000, 20_000, sha256(&content[10_000..20_000])).await.status(), 204);
    assert_eq!(send(20_000, 30_000, sha1(&content[20_000..])).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    let made = tus.creation(10, &named("b.png")).header("content-type", OFFSET_STREAM);
    let made = made.header("upload-checksum", sha1(b"other")).body(content[..10].to_vec()).send().await.unwrap();
    assert_eq!(refusal(made).await.0, 460);
    assert_eq!(tus.file("b.png").await, Value::Null);
    tus.finish().await;
}

#[tokio::test]
async fn bytes_with_a_checksum_that_break_off_are_not_counted() {
    let tus = Tus::stepping(1000).await;
    let url = tus.create("a.png", 30_000).await;
    let path = url.strip_prefix(tus.app.base()).unwrap();
    let sum = STANDARD.encode(Sha1::digest(vec![7; 30_000]));
    let fields = format!(
        "content-type: {OFFSET_STREAM}\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-length: 30000\r\nupload-checksum: sha1 {sum}\r\n"
    );
    let head = tus.app.head(&tus.key, &format!("PATCH {path}"), &fields);
    let request = [head.as_bytes(), &vec![7; 20_000]].concat();
    assert_eq!(tus.app.raw_and_leave(&request).await.map(|answer| answer.status), Some(400));
    assert_eq!(tus.offset(&url).await, Some(0));
    assert_eq!(tus.send(&url, 0, &vec![7; 30_000]).await.status(), 204);
    tus.finish().await;
}

#[tokio::test]
async fn a_length_that_is_said_later_is_reserved_then() {
    let tus = Tus::start().await;
    let content = bytes(50_000);
    let create = async |name: &str| {
        let request = tus.request("POST", UPLOADS).header("upload-defer-length", 1);
        location(&request.header("upload-metadata", named(name)).send().await.unwrap())
    };
    let url = create("a.png").await;
    let head = tus.head(&url).await;
    assert_eq!((header(&head, "upload-defer-length"), header(&head, "upload-length")), ("1", ""));
    assert_eq!(tus.send(&url, 0, &content[..20_000]).await.status(), 204);
    assert_eq!(header(&tus.head(&url).await, "upload-defer-length"), "1");
    for wrong in ["19999", "0"] {
        let sent = tus.patch(&url, 20_000, "").header("upload-length", wrong).send().await.unwrap();
        assert_eq!(refusal(sent).await.0, 400, "{wrong}");
    }
    let sent = tus.patch(&url, 20_000, content[20_000..30_000].to_vec()).header("upload-length", 50_000);
    assert_eq!(sent.send().await.unwrap().status(), 204);
    let head = tus.head(&url).await;
    assert_eq!((header(&head, "upload-defer-length"), header(&head, "upload-length")), ("", "50000"));
    let changed = tus.patch(&url, 30_000, content[30_000..].to_vec()).header("upload-length", 60_000);
    assert_eq!(refusal(changed.send().await.unwrap()).await.0, 400);
    assert_eq!(tus.send(&url, 30_000, &content[30_000..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    // All came before the length was known: saying it is the end.
    let url = create("b.png").await;
    assert_eq!(tus.send(&url, 0, &content).await.status(), 204);
    assert_eq!(tus.file("b.png").await["status"], "pending");
    assert_eq!(tus.patch(&url, 50_000, "").header("upload-length", 50_000).send().await.unwrap().status(), 204);
    tus.assert_delivered("b.png", &content).await;
    assert_eq!(tus.reserved().await, 0);
    tus.finish().await;
}

#[tokio::test]
async fn a_length_that_is_said_later_must_fit_too() {
    let tus = Tus::of(TestApp::start_with(Some(20 << 20), Some(64 << 20)).await).await;
    let request = tus.request("POST", UPLOADS).header("upload-defer-length", 1);
    let url = location(&request.header("upload-metadata", named("a.png")).send().await.unwrap());
    assert_eq!(tus.reserved().await, 16 << 20);
    let sent = tus.patch(&url, 0, vec![1; 10]).header("upload-length", 21 << 20).send().await.unwrap();
    assert_eq!(refusal(sent).await.0, 403);
    let sent = tus.patch(&url, 0, vec![1; 10]).header("upload-length", 65 << 20).send().await.unwrap();
    assert_eq!(refusal(sent).await.0, 413);
    assert_eq!((tus.offset(&url).await, tus.reserved().await), (Some(0), 16 << 20));
    let sent = tus.patch(&url, 0, vec![1; 10]).header("upload-length", 20 << 20).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), tus.reserved().await), (204, 20 << 20));
    assert_eq!(tus.request("DELETE", &url).send().await.unwrap().status(), 204);
    assert_eq!(tus.reserved().await, 0);
    tus.finish().await;
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_file_its_bytes_and_its_reservation() {
    let tus = Tus::stepping(1000).await;
    let url = tus.create("a.png", 10_000).await;
    assert_eq!(tus.send(&url, 0, &[1; 5000]).await.status(), 204);
    let ended = tus.request("DELETE", &url).send().await.unwrap();
    assert_eq!((ended.status().as_u16(), header(&ended, "tus-resumable")), (204, "1.0.0"));
    assert_eq!(tus.offset(&url).await, None);
    assert_eq!(refusal(tus.send(&url, 5000, &[1; 5000]).await).await, (404, "Upload not found".to_owned()));
    assert_eq!(refusal(tus.request("DELETE", &url).send().await.unwrap()).await.0, 404);
    assert_eq!((tus.reserved().await, tus.file("a.png").await), (0, Value::Null));
    tus.app.advance(Duration::from_mins(1));
    tus.app.run_jobs().await;
    assert_eq!(tus.app.objects().await, 0);
    // The file of one that is done stays.
    let url = tus.create("a.png", 10).await;
    assert_eq!(tus.send(&url, 0, &[1; 10]).await.status(), 204);
    assert_eq!(tus.request("DELETE", &url).send().await.unwrap().status(), 204);
    assert_eq!(tus.offset(&url).await, None);
    tus.assert_delivered("a.png", &[1; 10]).await;
    tus.finish().await;
}

#[tokio::test]
async fn an_upload_expires_a_day_after_its_last_bytes() {
    let tus = Tus::start().await;
    let url = tus.create("a.png", 100).await;
    tus.app.advance(Duration::from_hours(23));
    assert_eq!(header(&tus.head(&url).await, "upload-expires"), "Fri, 31 Jul 2026 12:00:00 GMT");
    let sent = tus.send(&url, 0, &[1; 40]).await;
    assert_eq!(header(&sent, "upload-expires"), "Sat, 01 Aug 2026 11:00:00 GMT");
    tus.app.advance(Duration::from_hours(24) - Duration::from_millis(1));
    tus.app.run_jobs().await;
    assert_eq!((tus.offset(&url).await, tus.reserved().await), (Some(40), 100));
    tus.app.advance(Duration::from_millis(1));
    assert_eq!(tus.offset(&url).await, None, "its time is over, whether a job has run or not");
    assert_eq!(refusal(tus.send(&url, 40, &[1; 60]).await).await.0, 404);
    tus.app.advance(Duration::from_mins(1));
    tus.app.run_jobs().await;
    assert_eq!((tus.reserved().await, tus.file("a.png").await), (0, Value::Null));
    tus.app.advance(Duration::from_mins(1));
    tus.app.run_jobs().await;
    assert_eq!(tus.app.objects().await, 0);
    tus.finish().await;
}

#[tokio::test]
async fn clients_that_can_only_post_say_what_they_mean() {
    let tus = Tus::start().await;
    let url = tus.create("a.png", 100).await;
    let over = |method: &str| tus.request("POST", &url).header("x-http-method-override", method);
    let patch = over("PATCH").header("content-type", OFFSET_STREAM).header("upload-offset", 0).body(vec![1; 40]);
    let sent = patch.send().await.unwrap();
    assert_eq!((sent.status().as_u16(), header(&sent, "upload-offset")), (204, "40"));
    let head = over("HEAD").send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "upload-offset")), (200, "40"));
    // Also where the method could have been sent: it must be ignored.
    let head = tus.request("PATCH", &url).header("x-http-method-override", "HEAD").send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "upload-offset")), (200, "40"));
    assert_eq!(refusal(tus.request("POST", &url).send().await.unwrap()).await.0, 405);
    assert_eq!(refusal(over("PUT").send().await.unwrap()).await.0, 405);
    assert_eq!(over("DELETE").send().await.unwrap().status(), 204);
    assert_eq!(tus.offset(&url).await, None);
    assert_eq!(refusal(tus.request("GET", UPLOADS).send().await.unwrap()).await.0, 405);
    tus.finish().await;
}

#[tokio::test]
async fn an_upload_belongs_to_its_client_alone() {
    let tus = Tus::start().await;
    let url = tus.create("a.png", 100).await;
    let other = tus.app.key_of(tus.app.other_client().await, "admin").await;
    for method in ["HEAD", "PATCH", "DELETE"] {
        let request = tus.app.request(Method::from_bytes(method.as_bytes()).unwrap(), &url).header("x-api-key", &other);
        let request = request.header("tus-resumable", "1.0.0").header("content-type", OFFSET_STREAM);
        assert_eq!(request.header("upload-offset", 0).body("").send().await.unwrap().status(), 404, "{method}");
    }
    // An upload of the other kind is none of these.
    let signed = tus.app.upload_url(&tus.key, "", "b.png", 10).await;
    let id = signed.split('?').next().unwrap().rsplit('/').next().unwrap();
    assert_eq!(tus.offset(&format!("{UPLOADS}/{id}")).await, None);
    assert_eq!(tus.offset(&format!("{UPLOADS}/nonsense")).await, None);
    for (name, at) in [("a.png", &url)] {
        assert_eq!(tus.offset(at).await, Some(0), "{name}");
        tus.app.call(&tus.key, Method::DELETE, "/v2/media/file", json!({ "name": name })).await;
    }
    tus.app.call(&tus.key, Method::DELETE, "/v2/media/file", json!({ "name": "b.png" })).await;
    tus.finish().await;
}
