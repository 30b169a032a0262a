//! The world outside: the name server, the network, and whom to trust. A test has a small one of its own.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use rustls::RootCertStore;
use tokio::net::TcpStream;

use super::address::Admitted;

/// What the guarded client needs of the world.
pub trait World: Send + Sync {
    /// The addresses of a name, as they are now.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// A connection to an address that was judged, and to no other.
    fn dial(&self, address: Admitted) -> BoxFuture<'_, io::Result<TcpStream>>;

    /// The authorities whose certificates are believed. May read files.
    fn roots(&self) -> RootCertStore;
}

/// The world the guarded client lives in.
#[derive(Clone)]
pub struct Outside(pub Arc<dyn World>);

impl Default for Outside {
    fn default() -> Self {
        Self(Arc::new(RealWorld))
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Outside")
    }
}

struct RealWorld;

impl World for RealWorld {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        // The port is of no account here: what is dialled gets its own.
        async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) }.boxed()
    }

    fn dial(&self, address: Admitted) -> BoxFuture<'_, io::Result<TcpStream>> {
        TcpStream::connect(address.get()).boxed()
    }

    /// Those of this machine, so that an operator's own authority counts; on a machine without any, those of the web.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots
    }
}
