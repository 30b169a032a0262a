//! A small world to import from: names that resolve as the test says, public addresses behind which local servers stand,
//! and servers that behave as badly as the test wants.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reelshelf::fetch::{Admitted, World};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Name servers and networks of a test. What no door is for is dialled as it stands: a guard that failed would get through.
#[derive(Default)]
pub(crate) struct SmallWorld {
    /// What each name resolves to, one answer after the other; the last one stays.
    names: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    doors: Mutex<HashMap<IpAddr, SocketAddr>>,
    trusted: Mutex<Vec<CertificateDer<'static>>>,
    pub(crate) resolved: AtomicUsize,
    /// Connections to addresses without a door.
    pub(crate) strayed: AtomicUsize,
}

impl SmallWorld {
    /// A name, the public address it has, and the local server that stands behind it.
    pub(crate) fn add(&self, name: &str, public: &str, local: SocketAddr) {
        let public: IpAddr = public.parse().unwrap();
        self.names.lock().unwrap().insert(name.to_owned(), vec![vec![public]]);
        self.doors.lock().unwrap().insert(public, local);
    }

    /// A name that resolves to something else each time.
    pub(crate) fn resolves(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        self.names.lock().unwrap().insert(name.to_owned(), answers.iter().map(parse).collect());
    }

    pub(crate) fn trust(&self, certificate: CertificateDer<'static>) {
        self.trusted.lock().unwrap().push(certificate);
    }
}

impl World for SmallWorld {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.resolved.fetch_add(1, Ordering::Relaxed);
        let mut names = self.names.lock().unwrap();
        let known = names.get_mut(host.trim_end_matches('.'));
        let answer = known.map(|answers| if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() });
        async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) }.boxed()
    }

    fn dial(&self, address: Admitted) -> BoxFuture<'_, io::Result<TcpStream>> {
        let door = self.doors.lock().unwrap().get(&address.get().ip()).copied();
        if door.is_none() {
            self.strayed.fetch_add(1, Ordering::Relaxed);
        }
        TcpStream::connect(door.unwrap_or(address.get())).boxed()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.trusted.lock().unwrap().clone());
        roots
    }
}

/// What a server does with a request.
pub(crate) enum Reply {
    /// Sends this and closes.
    Whole(Vec<u8>),
    /// Sends this and keeps the connection open.
    Hold(Vec<u8>),
    /// Sends the first, waits for the second, sends it and closes.
    Then(Vec<u8>, BoxFuture<'static, Vec<u8>>),
    /// Sends the first, then the second for ever, with a pause in between.
    Drip(Vec<u8>, Vec<u8>, Duration),
}

/// An answer with everything in its place.
pub(crate) fn answer(status: u16, fields: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{fields}\r\n", body.len());
    Reply::Whole([head.as_bytes(), body].concat())
}

pub(crate) fn redirect(to: &str) -> Reply {
    answer(302, &format!("location: {to}\r\n"), b"")
}

/// A server that answers as a test says.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    /// The head of every request that came.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Origin {
    /// A server whose answer follows from the target, and from how many requests came before.
    pub(crate) async fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, reply).await
    }

    pub(crate) async fn start_with(
        tls: Option<TlsAcceptor>,
        reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (reply, seen) = (Arc::new(reply), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (reply, seen, tls) = (Arc::clone(&reply), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*reply, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*reply, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads, task }
    }

    pub(crate) fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: &(dyn Fn(&str, usize) -> Reply + Send + Sync),
    seen: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(head);
        seen.len() - 1
    };
    match reply(&target, before) {
        Reply::Whole(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Then(first, second) => {
            let _ = stream.write_all(&first).await;
            let _ = stream.write_all(&second.await).await;
            let _ = stream.shutdown().await;
        }
        Reply::Hold(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read_u8().await;
        }
        Reply::Drip(head, piece, pause) => {
            let mut sent = stream.write_all(&head).await;
            while sent.is_ok() {
                tokio::time::sleep(pause).await;
                sent = stream.write_all(&piece).await;
            }
        }
    }
}
