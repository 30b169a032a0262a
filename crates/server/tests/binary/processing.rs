//! Files that are being processed when the server is killed, and files that are processed anew.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use crate::api::Api;
use crate::program::{PATIENCE, Place};
use crate::samples::png;
use crate::steps::leftovers_go;

const FILES: u8 = 24;
const KILLS: u32 = 6;

async fn states(api: &Api) -> Vec<String> {
    let (status, answer) = api.get("/v2/media/folder?folder=film&page_size=1000").await;
    assert_eq!(status, 200, "{answer}");
    let files = answer["files"].as_array().unwrap().iter();
    files.map(|file| file["processing"].as_str().unwrap().to_owned()).collect()
}

async fn all_done(api: &Api) {
    let started = Instant::now();
    while states(api).await.iter().any(|state| state != "done") {
        assert!(started.elapsed() < 4 * PATIENCE, "{:?}", states(api).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn upload_all(api: &Api) {
    for mark in 0..FILES {
        api.upload("film", &format!("{mark}.png"), png(1000, 700, mark)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_during_processing_lose_no_file_and_do_nothing_twice() {
    let place = Place::quick().await;
    let mut random = StdRng::seed_from_u64(13);
    let (mut server, api) = place.first_start().await;
    upload_all(&api).await;
    let mut under_way = 0;
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(20..=400))).await;
        under_way += usize::from(states(&api).await.iter().any(|state| state == "running"));
        server.kill().await;
        let (ok, report) = place.verify().await;
        assert!(ok, "after kill {kill}: {report:#}");
        server = place.start().await;
    }
    assert!(under_way > 0, "no kill came while anything was processed");
    all_done(&api).await;
    let (ok, report) = place.verify().await;
    assert!(ok, "{report:#}");
    let (_, answer) = api.get("/v2/media/folder?folder=film&page_size=1000").await;
    let made: usize =
        answer["files"].as_array().unwrap().iter().map(|file| file["derived"].as_object().unwrap().len()).sum();
    assert_eq!(report["derived"], made, "each once");
    assert_eq!(place.count("SELECT COUNT(*) FROM jobs WHERE state = 'parked'").await, 0);
    server.stop().await;
    leftovers_go(place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_gives_back_what_it_had_in_hand() {
    let place = Place::quick().await;
    let (server, api) = place.first_start().await;
    upload_all(&api).await;
    server.stop().await;
    assert_eq!(place.count("SELECT COUNT(*) FROM jobs WHERE state = 'running'").await, 0);
    assert_eq!(place.count("SELECT COUNT(*) FROM blobs WHERE processing = 'running'").await, 0);
    let server = place.start().await;
    all_done(&api).await;
    place.finish(server, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_processed_anew_while_the_server_runs_and_when_it_does_not() {
    let place = Place::quick().await;
    let (server, api) = place.first_start().await;
    assert_eq!(place.run(&["reprocess"]).await.good(), "There is nothing to process.\n");
    api.upload("film", "a.png", png(300, 200, 1)).await;
    api.upload("film", "b.png", png(300, 200, 2)).await;
    // Its headers are whole, and its pixels are none.
    let mut broken = png(300, 200, 3);
    let middle = broken.len() / 2;
    broken[middle..].fill(0xff);
    let broken = api.upload("other", "c.png", broken).await;
    all_done(&api).await;
    let said = place.run(&["reprocess", "--kind", "image"]).await.good();
    assert!(said == "Files processed: 3. Failed in all: 1.\n", "{said} {broken}");
    let said = place.run(&["reprocess", "--failed"]).await.good();
    assert!(said == "Files processed: 1. Failed in all: 1.\n", "{said}");
    assert_eq!(place.run(&["reprocess", "--kind", "video"]).await.good(), "There is nothing to process.\n");
    for wrong in ["other", "sound"] {
        let said = place.run(&["reprocess", "--kind", wrong]).await;
        assert_eq!((said.code, said.err.contains("must be image, video or audio;")), (Some(2), true), "{said:?}");
    }
    let before: Vec<Value> = api.get("/v2/media/folder?folder=film").await.1["files"].as_array().unwrap().clone();
    server.stop().await;
    // Where other nodes may work, it would wait for them.
    let said = place.run(if place.is_large() { &["reprocess", "--no-wait"] } else { &["reprocess"] }).await.good();
    assert!(said.starts_with("Files queued: 3. "), "{said}");
    let server = place.start().await;
    all_done(&api).await;
    let after: Vec<Value> = api.get("/v2/media/folder?folder=film").await.1["files"].as_array().unwrap().clone();
    assert_eq!(after, before);
    assert!(place.verify().await.0);
    place.finish(server, &[]).await;
}
