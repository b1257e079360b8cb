//! A server that is asked one thing over a connection of its own, by TLS where its address says so.

use std::sync::Arc;
use std::time::Duration;

use claims::Row;
use rustls::pki_types::ServerName;
use sts::pipeline::store::Answered;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::farm::Transport;
use super::tls::{self, TlsError};
use crate::config::settings::messages::Authorities;

/// Where it is, and who vouches for it.
pub(super) struct Server {
    address: (String, u16),
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

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

/// How long the answer of an attribute store may take: somebody waits for it in front of a page.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// What an attribute store answers, in the time that is left for it.
pub(super) async fn in_time(
    left: Duration,
    asked: impl Future<Output = Result<Vec<Row>, String>>,
) -> Answered {
    let within = left.min(ANSWERS_WITHIN);
    let began = Instant::now();
    let rows = timeout(within, asked).await;
    Answered {
        rows: rows
            .unwrap_or_else(|_| Err(format!("no answer in {} s", within.as_secs_f64().round()))),
        took: began.elapsed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_is_waited_for_as_long_as_is_left_and_no_longer_than_three_seconds() {
        for (left, waited) in [(10, 3), (3, 3), (2, 2)] {
            let left = Duration::from_secs(left);
            let answered = in_time(left, std::future::pending()).await;
            assert_eq!(answered.took, Duration::from_secs(waited));
            assert_eq!(answered.rows, Err(format!("no answer in {waited} s")));
        }
        let answered = in_time(Duration::from_secs(1), async { Ok(Vec::new()) }).await;
        assert_eq!(
            (answered.rows, answered.took),
            (Ok(Vec::new()), Duration::ZERO)
        );
    }
}
