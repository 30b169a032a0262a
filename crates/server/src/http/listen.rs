//! The accept loop: limits on connections and on the time of headers, and a stop that lets transfers finish.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use reelshelf_domain::{Error, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::app::App;

/// What hyper keeps of a connection's input at most: it bounds both headers and the memory of an upload.
const BUFFER: usize = 64 * 1024;
/// How long a refused body is read on at most, and how long it may pause.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// Who is at the other end of a connection: a browser, or a proxy.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves until told to stop; then takes no more connections, and gives those under way their time to finish.
pub async fn serve(app: &App, listener: TcpListener, router: Router, stop: CancellationToken) -> Result<()> {
    let server = &app.settings.server;
    let slots = Arc::new(Semaphore::new(usize::try_from(server.connections).unwrap_or(Semaphore::MAX_PERMITS)));
    let (connections, cut) = (TaskTracker::new(), CancellationToken::new());
    let headers = Duration::from_secs(server.header_seconds);
    loop {
        let slot = tokio::select! {
            () = stop.cancelled() => break,
            slot = slots.clone().acquire_owned() => slot.map_err(|error| Error::internal("counting connections", error))?,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, mostly: what is open must close first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (router, stop, cut) = (router.clone(), stop.clone(), cut.clone());
        connections.spawn(async move {
            tokio::select! {
                () = connection(stream, peer, router, headers, stop) => {}
                () = cut.cancelled() => {}
            }
            drop(slot);
        });
    }
    app.stopping.cancel();
    // Whoever comes now is to hear at once that nobody is here.
    drop(listener);
    connections.close();
    let grace = Duration::from_secs(server.shutdown_seconds);
    if tokio::time::timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "transfers did not finish in time");
        // An upload that is cut off ends as if its client had left: what it holds is given back.
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}

async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    headers: Duration,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let router = router.clone();
        request.extensions_mut().insert(Peer(peer.ip()));
        async move {
            Ok::<_, Infallible>(router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(&mut stream), service);
    let ended = {
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    match ended {
        Ok(()) => tokio::select! {
            () = linger(&mut stream) => {}
            () = stop.cancelled() => {}
        },
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

/// Reads on for a while after the last answer. A client that is refused before it has sent its whole body may read the
/// refusal only when it has; were the connection closed at once, its system would throw the answer away.
async fn linger(stream: &mut TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = vec![0; BUFFER];
    let _ = tokio::time::timeout(LINGER, async {
        while let Ok(Ok(1..)) = tokio::time::timeout(LINGER_IDLE, stream.read(&mut rest)).await {}
    })
    .await;
}
