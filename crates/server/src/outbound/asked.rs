//! A server that is asked one thing over a connection of its own, by TLS where its address says so.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::tls::{self, TlsError};
use crate::config::settings::messages::Authorities;

/// Where it is, and who vouches for it.
pub(super) struct Server {
    address: (String, u16),
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// What a request is written to.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

impl Server {
    /// Takes a host and a port, and reads the authorities; without them it is spoken to in clear.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(super) fn new(
        (host, port): (&str, u16),
        authorities: Option<&Authorities>,
    ) -> Result<Self, TlsError> {
        let connector = |authorities: &Authorities| {
            let name = ServerName::try_from(host.to_owned());
            let name = name.map_err(|_| TlsError::Name {
                name: host.to_owned(),
            })?;
            let mut config = tls::client_of(authorities)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok::<_, TlsError>((TlsConnector::from(Arc::new(config)), name))
        };
        Ok(Self {
            address: (host.to_owned(), port),
            tls: authorities.map(connector).transpose()?,
        })
    }

    /// Connects; the error is a sentence without a secret.
    pub(super) async fn connected(&self) -> Result<Box<dyn Transport>, String> {
        let (host, port) = &self.address;
        let stream = TcpStream::connect((host.as_str(), *port)).await;
        let stream = stream.map_err(|error| format!("it cannot be reached: {error}"))?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                let stream = stream.map_err(|error| format!("no TLS: {error}"))?;
                Ok(Box::new(stream))
            }
        }
    }
}
