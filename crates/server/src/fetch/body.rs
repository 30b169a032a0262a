//! The bytes of a fetched file, as long as they come fast enough, and not more of them than were announced.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::Failure;
use super::get::Exchange;
use crate::config::FetchSettings;

/// How long a server may take to close the connection, as it was asked to, or to send what it did not announce.
const TAIL: Duration = Duration::from_secs(1);

/// The body of an answer.
pub struct Body {
    incoming: Incoming,
    /// The connection, until the end of the body was looked behind.
    line: Option<(SendRequest<Empty<Bytes>>, Exchange)>,
    /// Whether the body says where it ends.
    framed: bool,
    idle: Duration,
    deadline: Instant,
    pace: Pace,
}

/// How fast the bytes come.
struct Pace {
    period: Duration,
    /// The least that comes in a period.
    least: u64,
    began: Instant,
    bytes: u64,
}

impl Pace {
    /// Counts bytes; false when too few came in a whole period.
    fn count(&mut self, bytes: usize) -> bool {
        self.bytes += bytes as u64;
        if self.began.elapsed() < self.period {
            return true;
        }
        let enough = self.bytes >= self.least;
        (self.began, self.bytes) = (Instant::now(), 0);
        enough
    }
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        line: (SendRequest<Empty<Bytes>>, Exchange),
        framed: bool,
        deadline: Instant,
        settings: &FetchSettings,
    ) -> Self {
        let pace = Pace {
            period: Duration::from_secs(settings.rate_seconds),
            least: settings.least_rate.saturating_mul(settings.rate_seconds),
            began: Instant::now(),
            bytes: 0,
        };
        let idle = Duration::from_secs(settings.idle_seconds);
        Self { incoming, line: Some(line), framed, idle, deadline, pace }
    }

    /// The next bytes; `None` at the end. An end is one only when everything that was announced has come, and no more.
    pub async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        loop {
            let frame = match timeout_at(self.deadline, timeout(self.idle, self.incoming.frame())).await {
                Err(_) => return Some(Err(Failure::lasting("The file takes longer than a file may take"))),
                Ok(Err(_)) => return Some(Err(Failure::passing("The server stopped sending"))),
                Ok(Ok(frame)) => frame,
            };
            let frame = match frame {
                None => return self.end().await.map(Err),
                Some(Err(error)) if ended_early(&error) => {
                    return Some(Err(Failure::passing("The file ended before the length that the server announced")));
                }
                Some(Err(_)) => return Some(Err(Failure::passing("The connection broke"))),
                Some(Ok(frame)) => frame,
            };
            // What is no data is a trailer, and of no account.
            let bytes = frame.into_data().unwrap_or_default();
            if !self.pace.count(bytes.len()) {
                return Some(Err(Failure::passing("The server sends too slowly")));
            }
            if !bytes.is_empty() {
                return Some(Ok(bytes));
            }
        }
    }

    /// Looks behind the end: a server that sends on announced too little, and what came is only a part.
    async fn end(&mut self) -> Option<Failure> {
        let (sender, exchange) = self.line.take()?;
        drop(sender);
        if !self.framed {
            return None;
        }
        let more = async {
            let Ok(Ok(left)) = exchange.await else { return false };
            !left.read_buf.is_empty() || left.io.into_inner().read_u8().await.is_ok()
        };
        let longer = timeout(TAIL, more).await.unwrap_or(false);
        longer.then(|| Failure::lasting("The server sends more than the length that it announced"))
    }
}

fn ended_early(error: &hyper::Error) -> bool {
    let beneath = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.is_incomplete_message() || beneath.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}
