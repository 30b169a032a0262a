//! Resumable uploads: every MUST of tus 1.0 that concerns a server with these extensions, and what the protocol is
//! silent about: who wins, what a failure leaves, what others see meanwhile.

mod behaviour;
mod protocol;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{RawAnswer, TestApp, read_answer};

const UPLOADS: &str = "/v2/media/uploads";
const OFFSET_STREAM: &str = "application/offset+octet-stream";
const MIB: usize = 1 << 20;

/// A speaker of tus with a key.
struct Tus {
    app: TestApp,
    key: String,
}

impl Tus {
    async fn start() -> Self {
        Self::of(TestApp::start().await).await
    }

    /// Every `step` bytes are made durable on the way.
    async fn stepping(step: usize) -> Self {
        let step = reelshelf_domain::ByteSize::new(step as u64);
        Self::of(TestApp::start_configured(|settings| settings.uploads.resumable_step = step).await).await
    }

    async fn of(app: TestApp) -> Self {
        let key = app.key("render").await;
        Self { app, key }
    }

    fn bare(&self, method: &str, url: &str) -> RequestBuilder {
        self.app.request(Method::from_bytes(method.as_bytes()).unwrap(), url).header("x-api-key", &self.key)
    }

    fn request(&self, method: &str, url: &str) -> RequestBuilder {
        self.bare(method, url).header("tus-resumable", "1.0.0")
    }

    fn creation(&self, size: usize, metadata: &str) -> RequestBuilder {
        self.request("POST", UPLOADS).header("upload-length", size).header("upload-metadata", metadata)
    }

    /// Makes an upload that must be possible, and gives its URL.
    async fn create(&self, name: &str, size: usize) -> String {
        location(&self.creation(size, &named(name)).send().await.unwrap())
    }

    fn patch(&self, url: &str, offset: usize, bytes: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.request("PATCH", url).header("content-type", OFFSET_STREAM);
        request.header("upload-offset", offset).body(bytes)
    }

    async fn send(&self, url: &str, offset: usize, bytes: &[u8]) -> Response {
        self.patch(url, offset, bytes.to_vec()).send().await.unwrap()
    }

    async fn head(&self, url: &str) -> Response {
        self.request("HEAD", url).send().await.unwrap()
    }

    /// What HEAD says is durable; `None` when there is no such upload.
    async fn offset(&self, url: &str) -> Option<usize> {
        let answer = self.head(url).await;
        let said = answer.headers().get("upload-offset").map(|value| value.to_str().unwrap().parse().unwrap());
        assert_eq!(answer.status(), if said.is_some() { 200 } else { 404 });
        said
    }

    async fn file(&self, path: &str) -> Value {
        let (status, answer) = self.app.get(&self.key, &format!("/v2/media/file?path={path}")).await;
        if status == 200 { answer["file"].clone() } else { Value::Null }
    }

    /// The file's bytes as they are delivered are these.
    async fn assert_delivered(&self, path: &str, bytes: &[u8]) {
        let file = self.file(path).await;
        assert_eq!(
            (&file["status"], &file["sha256"]),
            (&json!("uploaded"), &json!(hex::encode(Sha256::digest(bytes))))
        );
        let delivered = self.app.request(Method::GET, file["url"].as_str().unwrap()).send().await.unwrap();
        assert!(delivered.bytes().await.unwrap() == bytes, "other bytes are delivered");
    }

    async fn reserved(&self) -> u64 {
        self.app.storage(&self.key).await["reserved_bytes"].as_u64().unwrap()
    }

    /// A PATCH in the hands of the test: its head, and a connection.
    async fn begin(&self, url: &str, offset: usize, length: usize) -> TcpStream {
        let path = url.strip_prefix(self.app.base()).unwrap();
        let fields = format!(
            "content-type: {OFFSET_STREAM}\r\ntus-resumable: 1.0.0\r\nupload-offset: {offset}\r\ncontent-length: {length}\r\n"
        );
        let mut stream = self.app.connect().await;
        stream.write_all(self.app.head(&self.key, &format!("PATCH {path}"), &fields).as_bytes()).await.unwrap();
        stream
    }

    /// Waits until so much is durable.
    async fn until_offset(&self, url: &str, offset: usize) {
        until(async || self.offset(url).await == Some(offset)).await;
    }

    async fn finish(self) {
        self.app.finish().await;
    }
}

/// Looks until it is so. Each look does real work, so that what is under way gets on.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..100_000 {
        if so().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came about");
}

async fn answer(mut stream: TcpStream) -> RawAnswer {
    read_answer(&mut stream).await.expect("an answer")
}

fn named(name: &str) -> String {
    format!("filename {},filetype {}", STANDARD.encode(name), STANDARD.encode("image/png"))
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 201);
    assert_eq!(header(answer, "tus-resumable"), "1.0.0");
    header(answer, "location").to_owned()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Bytes that differ wherever one looks.
fn bytes(size: usize) -> Vec<u8> {
    let block = |number: usize| <[u8; 32]>::from(Sha256::digest(number.to_le_bytes()));
    let mut bytes: Vec<u8> = (0..=size / 32).flat_map(block).collect();
    bytes.truncate(size);
    bytes
}

/// A refusal: its status, and its sentence in the API's own form.
async fn refusal(answer: Response) -> (u16, String) {
    assert_eq!(header(&answer, "tus-resumable"), "1.0.0", "errors carry the version too");
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    let status = answer.status().as_u16();
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["success"], false);
    (status, said["message"].as_str().unwrap().to_owned())
}
