//! Stopped as a deploy stops it, and refused where another one runs.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Body, Method};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::api::{Api, answer, sha256};
use crate::kill::settle;
use crate::program::{PATIENCE, Place};

/// An upload whose pieces come when the test says so.
struct Slow {
    pieces: mpsc::Sender<std::io::Result<Bytes>>,
    answer: JoinHandle<reqwest::Result<(u16, Value)>>,
}

impl Slow {
    /// Begins, and waits until the server is receiving.
    async fn begin(api: &Api, place: &Place, name: &str) -> Self {
        let (pieces, receiver) = mpsc::channel(1);
        let receiver = futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let body = Body::wrap_stream(receiver.boxed());
        let request = api.request(Method::POST, &format!("/v2/media?name={name}")).body(body);
        let slow = Self { pieces, answer: tokio::spawn(answer(request)) };
        slow.send(vec![1; 400_000]).await;
        let started = Instant::now();
        while place.verify().await.1["scratch_files"] != 1 {
            assert!(started.elapsed() < PATIENCE, "the upload does not arrive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slow
    }

    async fn send(&self, piece: Vec<u8>) {
        self.pieces.send(Ok(Bytes::from(piece))).await.unwrap();
    }
}

async fn until_refused(place: &Place) {
    let address = place.base().strip_prefix("http://").unwrap();
    let started = Instant::now();
    while TcpStream::connect(address).await.is_ok() {
        assert!(started.elapsed() < PATIENCE, "connections are still taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_stop_lets_a_slow_upload_finish_and_takes_no_new_connection() {
    let mut place = Place::quick().await;
    place.set("REELSHELF_SERVER__IDLE_SECONDS", "60");
    let (server, api) = place.first_start().await;
    let slow = Slow::begin(&api, &place, "slow.png").await;
    server.terminate();
    until_refused(&place).await;
    slow.send(vec![2; 400_000]).await;
    let Slow { pieces, answer } = slow;
    drop(pieces);
    let (status, stored) = answer.await.unwrap().unwrap();
    assert_eq!(status, 200, "{stored}");
    assert_eq!(server.ended().await.code(), Some(0));

    let server = place.start().await;
    let whole = [vec![1; 400_000], vec![2; 400_000]].concat();
    assert_eq!(api.delivered(stored["file"]["url"].as_str().unwrap()).await, (200, sha256(&whole)));
    settle(&place, &api).await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_an_upload_and_gives_back_what_it_holds() {
    let mut place = Place::quick().await;
    place.set("REELSHELF_SERVER__SHUTDOWN_SECONDS", "1");
    // It is to be the stop that ends it, however long looking takes on a busy machine.
    place.set("REELSHELF_SERVER__IDLE_SECONDS", "60");
    let (server, api) = place.first_start().await;
    let slow = Slow::begin(&api, &place, "endless.png").await;
    server.terminate();
    let started = Instant::now();
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    let answer = slow.answer.await.unwrap();
    assert!(answer.is_err(), "an upload that was cut off was answered: {answer:?}");

    let server = place.start().await;
    assert_eq!(api.get("/v2/media/file?path=endless.png").await.0, 400, "it was given up, and not left to run out");
    settle(&place, &api).await;
    place.finish(server, &["transfers did not finish in time"]).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_connections_on_which_nothing_happens() {
    let place = Place::create().await;
    let (server, api) = place.first_start().await;
    // One that has not said a word, and one that is kept open between two requests.
    let silent = TcpStream::connect(place.base().strip_prefix("http://").unwrap()).await.unwrap();
    assert_eq!(api.get("/v2/media").await.0, 200);
    let started = Instant::now();
    server.stop().await;
    // The header timeout is 15 seconds, the time for transfers 30.
    assert!(started.elapsed() < Duration::from_secs(10), "it took {:?}", started.elapsed());
    drop(silent);
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_stop_gives_back_the_jobs_under_way_and_holds_nothing_against_them() {
    let place = Place::create().await;
    for wait in 0..12 {
        // Every job begins when the server starts.
        let server = place.start().await;
        tokio::time::sleep(Duration::from_millis(wait * 3)).await;
        server.stop().await;
        assert_eq!(place.count("SELECT COUNT(*) FROM jobs WHERE state <> 'waiting'").await, 0, "after {wait}");
        assert_eq!(place.count("SELECT COUNT(*) FROM jobs").await, 3, "after {wait}");
        assert_eq!(place.count("SELECT CAST(SUM(attempts) AS BIGINT) FROM jobs").await, 0, "after {wait}");
    }
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_folder_is_refused_with_the_reason() {
    let place = Place::create().await;
    let (server, api) = place.first_start().await;
    let refusal = place.run(&["serve", "--listen", "127.0.0.1:9"]).await.refused();
    let reason = format!("{} is in use by a running server", place.data().display());
    assert!(refusal.contains(&reason), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    assert_eq!(api.get("/v2/media").await.0, 200, "the first one does not mind");
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn an_address_in_use_is_refused_with_the_reason() {
    let place = Place::create().await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = place.run(&["serve", "--listen", &address]).await.refused();
    assert!(refusal.contains(&format!("cannot listen on {address}")), "{refusal}");
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn what_a_killed_server_left_in_the_data_folder_is_in_nobodys_way() {
    let place = Place::create().await;
    let (server, api) = place.first_start().await;
    server.kill().await;
    let socket = std::fs::symlink_metadata(place.data().join("reelshelf.sock"));
    assert!(socket.is_ok(), "a killed server leaves its socket");
    let listed = place.run(&["client", "list"]).await.good();
    assert!(listed.contains("My library"), "{listed}");
    let server = place.start().await;
    assert_eq!(api.get("/v2/media").await.0, 200);
    let made = place.run(&["client", "create", "Through the new socket"]).await.good();
    assert_eq!(made.trim().len(), 10, "{made}");
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn commands_that_start_at_the_same_time_do_not_take_each_other_for_dead() {
    let place = Place::create().await;
    place.run(&["migrate"]).await.good();
    for _ in 0..4 {
        // Without a server each of them opens the database and the blobs itself.
        let commands = (0..24).map(|_| place.run(&["client", "list"]));
        for said in futures::future::join_all(commands).await {
            said.good();
        }
    }
    let server = place.start().await;
    place.finish(server, &[]).await;
}
