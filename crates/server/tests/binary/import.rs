//! A server that is killed while it imports: the next one begins again, and nothing is left over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::api::{Api, sha256};
use crate::program::{PATIENCE, Place};

const SIZE: usize = 8 << 20;

/// Sends half of the file to those who come before the last, and to that one all of it.
async fn origin(last: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked_for) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked_for);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, if number < last { SIZE / 2 } else { SIZE }));
        }
    });
    (address, asked_for)
}

async fn serve(mut stream: TcpStream, sent: usize) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => asked.push(byte),
            Err(_) => return,
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&vec![7; sent]).await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

async fn file(api: &Api) -> Value {
    api.get("/v2/media/file?path=big.bin").await.1["file"].clone()
}

async fn until(mut so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "it never came about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_survives_the_kill_of_its_server_and_leaves_nothing_over() {
    let mut place = Place::quick().await;
    place.set("REELSHELF_FETCH__ALLOW_NETWORKS", "[\"127.0.0.0/8\"]");
    place.set("REELSHELF_FETCH__PROGRESS_MILLISECONDS", "50");
    let (address, asked_for) = origin(2).await;
    let (mut server, api) = place.first_start().await;
    let body = json!({ "src": format!("http://{address}/big.bin?key=hush-hush") });
    let (status, answer) = api.call(Method::POST, "/v2/media", body).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    for round in 1..=2 {
        until(async || {
            asked_for.load(Ordering::SeqCst) == round && file(&api).await["import"]["received"] == SIZE as u64 / 2
        })
        .await;
        server.kill().await;
        let (ok, report) = place.verify().await;
        assert!(ok, "after kill {round}: {report:#}");
        server = place.start().await;
    }
    until(async || file(&api).await["status"] == "uploaded").await;
    let stored = api.request(Method::GET, file(&api).await["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(sha256(&stored.bytes().await.unwrap()), sha256(&vec![7; SIZE]));
    until(async || place.count("SELECT COUNT(*) FROM uploads").await == 0).await;
    assert_eq!(place.count("SELECT COUNT(*) FROM imports").await, 0);
    assert_eq!(place.count("SELECT COUNT(*) FROM jobs WHERE kind = 'import'").await, 0);
    assert_eq!(place.count("SELECT COUNT(*) FROM clients WHERE reserved_bytes <> 0").await, 0);
    let (ok, report) = place.verify().await;
    assert!(ok && report["scratch_files"] == 0, "{report:#}");
    assert!(!place.log().contains("hush"));
    place.finish(server, &["a lease was lost"]).await;
}
