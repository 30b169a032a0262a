//! Requests written by hand, byte for byte: for what no HTTP client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::TestApp;

/// How long the server may take before a test calls it hung. Nothing waits for this when all is well.
const HUNG: Duration = Duration::from_mins(1);

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl RawAnswer {
    /// The first answer in what came; `None` when the connection was closed without one.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl TestApp {
    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// A bare connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// Sends bytes as they stand, and reads until the server closes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Option<RawAnswer> {
        let mut stream = self.connect().await;
        // A server that has refused already may have closed.
        let _ = stream.write_all(request).await;
        read_answer(&mut stream).await
    }

    /// The same, but says at once that nothing more will come.
    pub(crate) async fn raw_and_leave(&self, request: &[u8]) -> Option<RawAnswer> {
        let mut stream = self.connect().await;
        let _ = stream.write_all(request).await;
        let _ = stream.shutdown().await;
        read_answer(&mut stream).await
    }

    /// The head of a request of this client, ready for a body.
    pub(crate) fn head(&self, key: &str, line: &str, fields: &str) -> String {
        let host = self.address();
        format!("{line} HTTP/1.1\r\nhost: {host}\r\nx-api-key: {key}\r\nconnection: close\r\n{fields}\r\n")
    }
}

/// Reads until the server closes.
pub(crate) async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<RawAnswer> {
    let mut bytes = Vec::new();
    // A reset behind the answer takes nothing from it.
    let _ = tokio::time::timeout(HUNG, stream.read_to_end(&mut bytes))
        .await
        .expect("the server neither answers nor closes");
    RawAnswer::parse(&bytes)
}
