//! The API with a key, where a request that fails on its way is an answer too.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use reqwest::{Client, Method, RequestBuilder, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The API, for the holder of a key.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    base: String,
    key: String,
}

impl Api {
    pub(crate) const fn new(http: Client, base: String, key: String) -> Self {
        Self { http, base, key }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// A request to a path with the key, or to a whole URL without it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        if path.starts_with("http") {
            return self.http.request(method, path);
        }
        self.http.request(method, format!("{}{path}", self.base)).header("x-api-key", &self.key)
    }

    /// Sends JSON, and reads the JSON that comes back.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Result<(u16, Value)> {
        answer(if body.is_null() { self.request(method, path) } else { self.request(method, path).json(&body) }).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await.unwrap()
    }

    /// Registers, and sends the bytes; the status of the first that was refused.
    pub(crate) async fn put(&self, folder: &str, name: &str, bytes: impl Into<Bytes>) -> Result<u16> {
        let bytes = bytes.into();
        let body = json!({ "name": name, "folder": folder, "contentType": "image/png", "size": bytes.len(), "overwrite": true });
        let (status, answer) = self.call(Method::POST, "/v2/media/file", body).await?;
        let Some(url) = answer["uploadUrl"].as_str() else { return Ok(status) };
        let sent = self.request(Method::PUT, url).header("content-type", "image/png").body(bytes).send().await?;
        Ok(sent.status().as_u16())
    }

    /// Uploads in one request, and gives the file object.
    pub(crate) async fn upload(&self, folder: &str, name: &str, bytes: Vec<u8>) -> Value {
        let path = format!("/v2/media?name={name}&folder={folder}");
        let (status, answer) = answer(self.request(Method::POST, &path).body(bytes)).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer["file"].clone()
    }

    /// The status and the hash of what a URL delivers.
    pub(crate) async fn delivered(&self, url: &str) -> (u16, String) {
        let delivered = self.request(Method::GET, url).send().await.unwrap();
        (delivered.status().as_u16(), sha256(&delivered.bytes().await.unwrap()))
    }

    pub(crate) async fn reserved_bytes(&self) -> u64 {
        let (status, answer) = self.get("/v2/media").await;
        assert_eq!(status, 200, "{answer}");
        answer["storage"]["reserved_bytes"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }
}

/// Sends a request, and reads the JSON that comes back.
pub(crate) async fn answer(request: RequestBuilder) -> Result<(u16, Value)> {
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Bytes that nobody else has, half of them an image by their beginning.
pub(crate) fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bytes = vec![0; size];
    random.fill_bytes(&mut bytes);
    if random.random_bool(0.5) && size > 8 {
        bytes[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
    }
    bytes
}
