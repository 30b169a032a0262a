//! What bounds the understanding of files, and what is left when it is broken off.

use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use reelshelf::blobs::BlobKey;
use reelshelf::store::Reprocessing;
use reelshelf::{http, library, telemetry};
use reelshelf_domain::{BlobId, ByteSize, MediaType, SystemChance};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use crate::processing::{fetch, look};
use crate::support::TestApp;
use crate::support::samples::png;

/// So little that the tools can still say their version, and thumbnails cannot be made.
const LITTLE: ByteSize = ByteSize::new(2048);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_kills_three_children_is_given_up_whatever_they_were_to_make() {
    let app = TestApp::start_configured(|settings| settings.processing.made = LITTLE).await;
    let key = app.key("render").await;
    let file = app.upload(&key, "", "sized.png", png(1000, 700, 1)).await;
    let url = file["url"].as_str().unwrap();
    let sized = async |query: &str| {
        let (status, text) = fetch(&app, &format!("{url}?{query}")).await;
        (status.as_u16(), String::from_utf8_lossy(&text).into_owned())
    };
    assert_eq!(sized("w=16").await.0, 200, "not each of them kills");
    for _ in 0..2 {
        assert_eq!(
            sized("w=640&format=png").await,
            (422, "Decoding the file failed: too much is made of it.\n".to_owned())
        );
        assert_eq!(look(&app, &key, "sized.png").await["processing"], "queued");
    }
    let given_up = "Decoding the file was given up after 3 attempts: too much is made of it.";
    assert_eq!(sized("w=640&format=png").await, (422, format!("{given_up}\n")));
    app.upload(&key, "", "thumbs.png", png(1000, 700, 2)).await;
    app.run_jobs().await;
    for path in ["sized.png", "thumbs.png"] {
        let file = look(&app, &key, path).await;
        assert_eq!((&file["processing"], &file["processingError"]), (&json!("failed"), &json!(given_up)), "{path}");
        assert_eq!(fetch(&app, file["url"].as_str().unwrap()).await.0, StatusCode::OK);
    }
    assert_eq!(sized("w=32").await, (422, format!("{given_up}\n")), "nothing more is begun with it");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_many_sizes_waits_for_himself_alone() {
    let app = TestApp::start_configured(|settings| {
        (settings.processing.size_slots, settings.processing.client_size_slots) = (2, 1);
        settings.processing.size_wait_seconds = 0;
    })
    .await;
    let (key, other) = (app.key("render").await, app.other_client().await);
    let other_key = app.key_of(other, "render").await;
    let url = |file: serde_json::Value| format!("{}?w=16", file["url"].as_str().unwrap());
    let ours = url(app.upload(&key, "", "x.png", png(40, 40, 1)).await);
    let theirs = url(app.upload(&other_key, "", "x.png", png(40, 40, 1)).await);
    let busy = app.app().size_slots.wait(app.client(), Duration::ZERO).await.unwrap();
    let refused = app.request(Method::GET, &ours).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(fetch(&app, &theirs).await.0, StatusCode::OK);
    drop(busy);
    assert_eq!(fetch(&app, &ours).await.0, StatusCode::OK);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_tell_the_queue_and_what_came_of_it_by_kind() {
    let handle = telemetry::start_metrics().unwrap();
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let said = async || {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let answer = http::router(app.app(), handle.clone()).oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let assert_said = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.lines().any(|said| said == *line), "{line}\n{text}");
        }
    };
    app.upload(&key, "", "good.png", png(100, 100, 1)).await;
    let mut torn = png(100, 100, 2);
    let middle = torn.len() / 2;
    torn[middle..].fill(0xff);
    app.upload(&key, "", "torn.png", torn).await;
    app.upload(&key, "", "head.png", b"\x89PNG\r\n\x1a\n".to_vec()).await;
    app.advance(Duration::from_secs(7));
    let waiting = ["reelshelf_queue_jobs{kind=\"process\",state=\"waiting\"} 2"];
    assert_said(&said().await, &waiting);
    assert_said(&said().await, &["reelshelf_queue_age_seconds{kind=\"process\",state=\"waiting\"} 7"]);
    app.run_jobs().await;
    let over = [
        "reelshelf_queue_jobs{kind=\"process\",state=\"waiting\"} 0",
        "reelshelf_queue_age_seconds{kind=\"process\",state=\"waiting\"} 0",
        "reelshelf_processing_total{kind=\"image\",result=\"done\"} 1",
        // One of them by its headers alone, when it came.
        "reelshelf_processing_total{kind=\"image\",result=\"failed\"} 2",
        "reelshelf_processing_seconds_count{kind=\"image\"} 2",
    ];
    assert_said(&said().await, &over);
    app.finish().await;
}

/// How many objects no row speaks of.
async fn orphans(app: &TestApp) -> usize {
    let mut orphans = 0;
    for shard in 0..=u8::MAX {
        let objects: Vec<_> =
            app.app().blobs.list(shard).await.unwrap().0.iter().map(|object| object.key.blob()).collect();
        let known = app.app().store.known_blobs(&objects).await.unwrap();
        orphans += objects.iter().filter(|object| !known.contains(object)).count();
    }
    orphans
}

/// Whoever takes a job away drops it wherever it waits just then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dropped_job_leaves_is_swept_and_the_next_one_does_it_all() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let mut made = 0;
    for polls in 1..=u8::MAX {
        let name = format!("{polls}.png");
        app.upload(&key, "", &name, png(200, 100, polls)).await;
        let path = name.parse().unwrap();
        let blob = app.app().store.delivered(app.client(), &path).await.unwrap().unwrap().blob;
        let mut processing = Box::pin(library::process(app.app(), blob));
        let mut left_polls = polls;
        let ended = std::future::poll_fn(|context| match processing.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left_polls == 0 => Poll::Ready(None),
            Poll::Pending => {
                left_polls -= 1;
                Poll::Pending
            }
        });
        let ended = ended.await;
        drop(processing);
        if let Some(done) = ended {
            done.unwrap();
            break;
        }
        made += 1;
    }
    app.run_jobs().await;
    // One that was dropped between the bytes and their row, if none was.
    let id = BlobId::generate(app.app().now(), &SystemChance).unwrap();
    app.app().blobs.keep_made(BlobKey::Derived(app.client(), id), b"made").await.unwrap();
    assert_ne!(orphans(&app).await, 0);
    app.sweep().await;
    assert_eq!(orphans(&app).await, 0);
    for number in 1..=made {
        let file = look(&app, &key, &format!("{number}.png")).await;
        assert_eq!(file["processing"], "done", "{file}");
        assert!(file["thumbnailUrl"].is_string(), "{file}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_what_is_made_anew_does_not_wait_for_what_comes_meanwhile() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "old.png", png(100, 100, 1)).await;
    app.run_jobs().await;
    let left = async || library::remaking(app.app(), None).await.unwrap().left;
    assert_eq!(library::reprocess(app.app(), Reprocessing::default(), None).await.unwrap().queued, 1);
    app.upload(&key, "", "new.png", png(100, 100, 2)).await;
    assert_eq!(left().await, 1);
    app.run_jobs().await;
    assert_eq!(left().await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_a_file_is_found_out_anew_with_what_is_made_of_it() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "x.png", png(100, 50, 1)).await;
    app.run_jobs().await;
    let now = look(&app, &key, "x.png").await;
    // As an earlier version saw it.
    let store = &app.app().store;
    let blob = store.delivered(app.client(), &"x.png".parse().unwrap()).await.unwrap().unwrap().blob;
    library::reprocess(app.app(), Reprocessing::default(), None).await.unwrap();
    let source = store.begin_processing(blob).await.unwrap().unwrap();
    let earlier =
        json!({ "kind": "audio", "container": "wav", "mime": "audio/wav", "sound": { "leading_silence_ms": 5 } });
    assert!(store.learn(source, earlier.to_string(), MediaType::Png).await.unwrap());
    app.run_jobs().await;
    let after = look(&app, &key, "x.png").await;
    assert_eq!((&after["metadata"]["image"], &after["type"]), (&now["metadata"]["image"], &json!("image")), "{after}");
    assert_eq!(after["metadata"]["sound"]["leading_silence_ms"], 5, "what was heard stays until it is heard anew");
    app.finish().await;
}
