//! What the protocol is silent about.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reelshelf::blobs::Room;
use reelshelf_domain::ByteSize;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::{MIB, Tus, answer, bytes, header, location, named, refusal, until};
use crate::support::TestApp;

#[tokio::test]
async fn a_client_that_breaks_off_goes_on_from_what_had_come() {
    let tus = Tus::start().await;
    let content = bytes(2 * MIB);
    let url = tus.create("a.png", content.len()).await;
    let mut offset = 0;
    for more in [1, 300_000, MIB] {
        let mut stream = tus.begin(&url, offset, content.len() - offset).await;
        stream.write_all(&content[offset..offset + more]).await.unwrap();
        drop(stream);
        offset += more;
        tus.until_offset(&url, offset).await;
    }
    assert_eq!(tus.send(&url, offset, &content[offset..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_transfer_takes_the_upload_from_a_connection_that_stands_still() {
    let tus = Tus::stepping(MIB).await;
    let content = bytes(5 * MIB);
    let url = tus.create("a.png", content.len()).await;
    let mut dead = tus.begin(&url, 0, content.len()).await;
    dead.write_all(&content[..MIB + 100]).await.unwrap();
    until(async || tus.offset(&url).await.unwrap() >= MIB).await;
    // HEAD has just told the client where to go on, and the dead connection's loose bytes do not move that.
    let offset = tus.offset(&url).await.unwrap();
    let sent = tus.send(&url, offset, &content[offset..]).await;
    assert_eq!(sent.status(), 204);
    assert_eq!(answer(dead).await.status, 423);
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_transfers_from_one_offset_one_moves_the_upload() {
    let tus = Tus::stepping(100_000).await;
    for round in 0..5 {
        let name = format!("{round}.png");
        let url = tus.create(&name, MIB).await;
        let sent = (1..=6_u8).map(|mark| tus.patch(&url, 0, vec![mark; MIB]).send());
        let answers = futures::future::join_all(sent).await;
        // Some are cut off while they still send.
        let statuses: Vec<_> = answers.iter().flatten().map(|answer| answer.status().as_u16()).collect();
        assert!(statuses.iter().all(|status| matches!(status, 204 | 409 | 423)), "{statuses:?}");
        let offset = tus.offset(&url).await.unwrap();
        if offset < MIB {
            assert_eq!(tus.send(&url, offset, &vec![9; MIB - offset]).await.status(), 204);
        }
        let delivered = tus.file(&name).await["url"].as_str().unwrap().to_owned();
        let stored = tus.app.request(Method::GET, &delivered).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(stored.len(), MIB);
        // Each counted step is of one transfer: none wrote between the bytes of another.
        let whole = stored.iter().all(|byte| *byte == stored[0]);
        assert!(whole || offset < MIB || stored.chunk_by(|a, b| a == b).count() <= 6, "bytes of several, mixed");
    }
    tus.finish().await;
}

#[tokio::test]
async fn a_name_in_use_is_refused_and_replaced_when_that_is_wanted() {
    let tus = Tus::start().await;
    tus.app.upload(&tus.key, "", "a.png", b"old bytes".to_vec()).await;
    let taken = tus.creation(100, &named("a.png")).send().await.unwrap();
    assert_eq!(refusal(taken).await, (409, "A file with this name already exists. Delete it first.".to_owned()));
    let url = location(&tus.creation(100, &format!("{},overwrite", named("a.png"))).send().await.unwrap());
    assert_eq!(tus.reserved().await, 91, "only what it grows by");
    assert_eq!(tus.send(&url, 0, &[1; 99]).await.status(), 204);
    tus.assert_delivered("a.png", b"old bytes").await;
    assert_eq!(tus.send(&url, 99, &[1; 1]).await.status(), 204);
    tus.assert_delivered("a.png", &[1; 100]).await;
    let storage = tus.app.storage(&tus.key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(100), &json!(0)));
    tus.finish().await;
}

#[tokio::test]
async fn a_plan_and_a_hold_are_kept_to() {
    let tus = Tus::of(TestApp::start_with(Some(1000), None).await).await;
    let blocked = "Storage is blocked. Add credits to continue uploading.";
    let url = tus.create("a.png", 600).await;
    let more = tus.creation(401, &named("b.png")).send().await.unwrap();
    assert_eq!(refusal(more).await, (403, blocked.to_owned()));
    assert_eq!(tus.send(&url, 0, &[1; 300]).await.status(), 204);
    tus.app.hold().await;
    assert_eq!(refusal(tus.send(&url, 300, &[1; 300]).await).await, (403, blocked.to_owned()));
    assert_eq!(tus.offset(&url).await, Some(300));
    assert_eq!(refusal(tus.creation(1, &named("b.png")).send().await.unwrap()).await.0, 403);
    reelshelf::library::release_client(tus.app.app(), tus.app.client()).await.unwrap();
    assert_eq!(tus.send(&url, 300, &[1; 300]).await.status(), 204);
    tus.assert_delivered("a.png", &[1; 600]).await;
    tus.finish().await;
}

#[tokio::test]
async fn a_pending_file_moves_under_its_upload_and_goes_with_its_bytes() {
    let tus = Tus::stepping(1000).await;
    let content = bytes(9000);
    let url = tus.create("a.png", 9000).await;
    assert_eq!(tus.send(&url, 0, &content[..4000]).await.status(), 204);
    let change = json!({ "path": "a.png", "destination": "temp/x", "new_name": "b.png" });
    assert_eq!(tus.app.call(&tus.key, Method::PUT, "/v2/media", change).await.0, 200);
    assert_eq!(tus.reserved().await, 0, "what is temporary is not counted");
    assert_eq!(tus.send(&url, 4000, &content[4000..]).await.status(), 204);
    tus.assert_delivered("temp/x/b.png", &content).await;
    let url = tus.create("c.png", 9000).await;
    let mut stream = tus.begin(&url, 0, 9000).await;
    stream.write_all(&content[..4000]).await.unwrap();
    until(async || tus.offset(&url).await.unwrap() > 0).await;
    let deleted = tus.app.call(&tus.key, Method::DELETE, "/v2/media/file", json!({ "name": "c.png" })).await;
    assert_eq!(deleted.0, 200);
    assert_eq!((tus.offset(&url).await, tus.reserved().await), (None, 0));
    // The transfer ends at its next step.
    stream.write_all(&content[4000..]).await.unwrap();
    assert_eq!(answer(stream).await.status, 404);
    tus.finish().await;
}

#[tokio::test]
async fn an_upload_that_expires_under_a_transfer_is_gone_for_it_too() {
    let tus = Tus::stepping(1000).await;
    let content = bytes(9000);
    let url = tus.create("a.png", 9000).await;
    let mut stream = tus.begin(&url, 0, 9000).await;
    stream.write_all(&content[..4000]).await.unwrap();
    until(async || tus.offset(&url).await == Some(4000)).await;
    tus.app.advance(Duration::from_hours(24));
    assert_eq!(tus.offset(&url).await, None, "its time is over, though its connection is open");
    tus.app.run_jobs().await;
    assert_eq!((tus.file("a.png").await, tus.reserved().await), (serde_json::Value::Null, 0));
    stream.write_all(&content[4000..]).await.unwrap();
    assert_eq!(answer(stream).await.status, 404);
    // Its name is free, and what it left is collected.
    let url = tus.create("a.png", 9000).await;
    assert_eq!(tus.send(&url, 0, &content).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.app.advance(Duration::from_mins(1));
    tus.app.run_jobs().await;
    assert_eq!(tus.app.objects().await, 1);
    tus.finish().await;
}

#[tokio::test]
async fn a_restart_of_the_server_keeps_what_was_counted() {
    let mut tus = Tus::stepping(1000).await;
    let content = bytes(20_000);
    let url = tus.create("a.png", content.len()).await;
    let mut offset = 0;
    for _ in 0..3 {
        assert_eq!(tus.send(&url, offset, &content[offset..offset + 5000]).await.status(), 204);
        offset += 5000;
        tus.app.restart().await;
        assert_eq!(tus.offset(&url).await, Some(offset));
    }
    assert_eq!(tus.send(&url, offset, &content[offset..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}

#[tokio::test]
async fn bytes_under_way_are_known_to_verify_and_swept_by_nobody() {
    let tus = Tus::stepping(1000).await;
    let content = bytes(20_000);
    let url = tus.create("a.png", content.len()).await;
    assert_eq!(tus.send(&url, 0, &content[..10_000]).await.status(), 204);
    for _ in 0..3 {
        tus.app.advance(Duration::from_hours(7));
        tus.app.run_jobs().await;
        let report = reelshelf::library::verify(tus.app.app()).await.unwrap();
        assert_eq!((report.problems, report.unreferenced_objects), (vec![], 0));
        assert!(report.parts > 0);
    }
    assert_eq!(tus.send(&url, 10_000, &content[10_000..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.app.advance(Duration::from_mins(1));
    tus.app.run_jobs().await;
    assert_eq!(tus.app.objects().await, 1, "the parts are collected");
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}

#[tokio::test]
async fn a_full_server_says_so_and_the_upload_stays() {
    let tus = Tus::of(TestApp::start_configured(|settings| settings.uploads.at_once = 1).await).await;
    let url = tus.create("a.png", 100_000).await;
    let mut stream = tus.begin(&url, 0, 100_000).await;
    stream.write_all(&[1; 50]).await.unwrap();
    until(async || tus.app.app().upload_slots.free() == 0).await;
    assert_eq!(refusal(tus.send(&url, 0, &vec![1; 100_000]).await).await.0, 429);
    drop(stream);
    until(async || tus.app.app().upload_slots.free() == 1).await;
    assert_eq!(tus.offset(&url).await, Some(50));
    assert_eq!(tus.send(&url, 50, &vec![1; 99_950]).await.status(), 204);
    tus.finish().await;
}

#[tokio::test]
async fn bytes_that_the_client_holds_make_an_upload_that_is_done_at_once() {
    let tus = Tus::start().await;
    let content = bytes(50_000);
    let first = tus.create("first.png", content.len()).await;
    assert_eq!(tus.send(&first, 0, &content).await.status(), 204);
    let sha256 = hex::encode(Sha256::digest(&content));
    let knowing = |name: &str, hash: &str| format!("{},sha256 {}", named(name), STANDARD.encode(hash));

    let created = tus.creation(content.len(), &knowing("second.png", &sha256)).send().await.unwrap();
    assert_eq!((header(&created, "upload-offset"), header(&created, "upload-expires")), ("50000", ""));
    let url = location(&created);
    assert_eq!(tus.offset(&url).await, Some(50_000));
    assert_eq!(tus.send(&url, 50_000, b"").await.status(), 204, "a client that asks once more is told that it is done");
    tus.assert_delivered("second.png", &content).await;
    assert_eq!(tus.reserved().await, 0);

    // A name that is taken is taken, and may be replaced.
    tus.create("taken.png", 3).await;
    let refused = tus.creation(content.len(), &knowing("taken.png", &sha256)).send().await.unwrap();
    assert_eq!(refusal(refused).await.0, 409);
    let over = format!("{},overwrite", knowing("taken.png", &sha256));
    let created = tus.creation(content.len(), &over).send().await.unwrap();
    assert_eq!(header(&created, "upload-offset"), "50000");
    tus.assert_delivered("taken.png", &content).await;

    // Bytes that nobody has here, or that another has, are to be sent.
    let unknown = hex::encode(Sha256::digest(b"unknown"));
    let created = tus.creation(7, &knowing("third.png", &unknown)).send().await.unwrap();
    assert_eq!(header(&created, "upload-offset"), "0");
    assert_eq!(tus.send(&location(&created), 0, b"unknown").await.status(), 204);
    for (hash, size) in [("no hash", 50_000), (&sha256, 49_999)] {
        let refused = tus.creation(size, &knowing("fourth.png", hash)).send().await.unwrap();
        assert_eq!(refusal(refused).await.0, 400);
    }
    tus.finish().await;
}

/// What was durable before stays so, and is not sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_the_middle_of_a_transfer_keeps_what_had_come_before() {
    let room = Room::default();
    let app = TestApp::start_configured(|settings| {
        settings.blobs.room = room.clone();
        settings.uploads.resumable_step = ByteSize::new(MIB as u64);
    });
    let tus = Tus::of(app.await).await;
    tus.app.expect_log("a request failed");
    let content = bytes(5 * MIB);
    let url = tus.create("a.png", content.len()).await;
    assert_eq!(tus.send(&url, 0, &content[..MIB]).await.status(), 204);
    let mut offset = MIB;
    for more in [0, MIB / 2, 2 * MIB + 5] {
        room.set(more as u64);
        assert_eq!(tus.send(&url, offset, &content[offset..]).await.status(), 507, "{more}");
        let stands = tus.offset(&url).await.unwrap();
        assert!(stands >= offset && stands <= offset + more, "{offset} + {more}: {stands}");
        offset = stands;
    }
    assert!(offset > MIB, "steps that were durable are counted");
    room.set(u64::MAX);
    assert_eq!(tus.send(&url, offset, &content[offset..]).await.status(), 204);
    tus.assert_delivered("a.png", &content).await;
    tus.finish().await;
}
