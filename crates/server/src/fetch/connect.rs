//! Connections: to addresses that were judged, one by one, and to nothing else.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Fetcher;
use super::address::Admitted;
use super::failure::Failure;
use super::source::Source;

/// The most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// A connection, encrypted or not.
pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

impl Fetcher {
    /// A connection to where a URL points to, and the only way to one. A name is resolved here, once for each connection,
    /// and what it resolved to is what is judged and what is dialled: a name server has no say in between.
    pub(super) async fn connect(&self, source: &Source) -> Result<Box<dyn Line>, Failure> {
        let patience = Duration::from_secs(self.settings.connect_seconds);
        let addresses = timeout(patience, self.admitted(source)).await.map_err(|_| unknown())??;
        let mut last = None;
        for address in addresses {
            match timeout(patience, self.dial(source, address)).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(failure)) => last = Some(failure),
                Err(_) => last = Some(Failure::passing("The server did not answer in time")),
            }
        }
        Err(last.unwrap_or_else(unknown))
    }

    /// The addresses behind a URL that may be connected to.
    async fn admitted(&self, source: &Source) -> Result<Vec<Admitted>, Failure> {
        let found = match source.literal() {
            Some(address) => vec![address],
            None => self.settings.outside.0.resolve(source.host()).await.map_err(|_| unknown())?,
        };
        if found.is_empty() {
            return Err(unknown());
        }
        let admitted = found.into_iter().filter_map(|address| self.guard.admit(address, source.port()));
        let admitted: Vec<_> = admitted.take(ADDRESSES_MAX).collect();
        if admitted.is_empty() { Err(not_public()) } else { Ok(admitted) }
    }

    async fn dial(&self, source: &Source, address: Admitted) -> Result<Box<dyn Line>, Failure> {
        let unreachable = |_| Failure::passing("The server cannot be reached");
        let stream = self.settings.outside.0.dial(address).await.map_err(unreachable)?;
        if source.is_https() { self.encrypt(source, stream).await } else { Ok(Box::new(stream)) }
    }

    async fn encrypt(&self, source: &Source, stream: TcpStream) -> Result<Box<dyn Line>, Failure> {
        let name = match source.literal() {
            Some(address) => ServerName::IpAddress(address.into()),
            None => ServerName::try_from(source.host().trim_end_matches('.').to_owned())
                .map_err(|_| Failure::lasting("The host is no name that a certificate could hold"))?,
        };
        let config = self.tls.get_or_try_init(|| self.tls_config()).await?;
        let line = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(|error| {
            let of_certificate = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
            match of_certificate {
                Some(rustls::Error::InvalidCertificate(_)) => {
                    Failure::lasting("The server's certificate is not valid for this address")
                }
                _ => Failure::passing("The server and we could not agree on an encrypted connection"),
            }
        })?;
        Ok(Box::new(line))
    }

    /// Made when it is first needed: it reads the machine's certificates.
    async fn tls_config(&self) -> Result<Arc<ClientConfig>, Failure> {
        let broken = || Failure::passing("We cannot make encrypted connections now");
        let outside = self.settings.outside.clone();
        let roots = tokio::task::spawn_blocking(move || outside.0.roots()).await.map_err(|_| broken())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.map_err(|_| broken())?.with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn unknown() -> Failure {
    Failure::passing("The host's name cannot be resolved")
}

fn not_public() -> Failure {
    Failure::lasting("The address is not a public one")
}
