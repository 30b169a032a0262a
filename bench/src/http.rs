//! HTTP/1.1 on a kept connection, as little of it as will do: a client whose own cost hides nothing of the server's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// Nothing that is measured takes longer.
const PATIENCE: Duration = Duration::from_mins(10);

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
    key: String,
}

/// A status and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a success, as JSON.
    pub(crate) fn json(&self) -> Outcome<Value> {
        if self.status == 200 {
            return Ok(serde_json::from_slice(&self.body)?);
        }
        Err(format!("the server answered {}: {}", self.status, String::from_utf8_lossy(&self.body)).into())
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, key: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let answers = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
        Ok(Self { stream, answers, key: key.to_owned() })
    }

    /// Sends a request without a body.
    pub(crate) fn ask(&mut self, path: &str) -> Outcome<()> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {}\r\n\r\n", self.key);
        Ok(self.stream.write_all(head.as_bytes())?)
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.ask(path)?;
        self.answer()
    }

    /// The head of an upload in one request, to be followed by so many bytes.
    pub(crate) fn upload_head(&self, name: &str, length: u64) -> String {
        self.upload_head_to("bench", name, length)
    }

    fn upload_head_to(&self, folder: &str, name: &str, length: u64) -> String {
        format!(
            "POST /v2/media?folder={folder}&name={name} HTTP/1.1\r\nhost: bench\r\nx-api-key: {}\r\n\
             content-type: application/octet-stream\r\ncontent-length: {length}\r\n\r\n",
            self.key
        )
    }

    /// Uploads a file in one request.
    pub(crate) fn upload(&mut self, name: &str, bytes: &[u8]) -> Outcome<()> {
        self.upload_to("bench", name, bytes)
    }

    /// Uploads a file to a folder.
    pub(crate) fn upload_to(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Outcome<()> {
        let mut request = self.upload_head_to(folder, name, bytes.len() as u64).into_bytes();
        request.extend_from_slice(bytes);
        self.stream.write_all(&request)?;
        self.answer()?.json().map(|_| ())
    }

    /// Where raw bytes are written.
    pub(crate) const fn sink(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Leaves without waiting for the answer.
    pub(crate) fn leave(self) -> Outcome<()> {
        Ok(self.stream.shutdown(Shutdown::Both)?)
    }

    /// Reads an answer.
    pub(crate) fn answer(&mut self) -> Outcome<Answer> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("the server closed the connection")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.answers.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.answers.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }
}
