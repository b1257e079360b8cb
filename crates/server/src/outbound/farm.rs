//! Back ends: where a request goes, and the connection to it.
//!
//! Addresses and TLS names come from the configuration only; no byte of a request chooses one
//! (T-HTTP-10). Start at [`Farm::connect`].

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls::{TlsClient, TlsError};
use crate::config::settings;

/// A farm of back ends that serve the same.
pub(crate) struct Farm {
    members: Vec<Member>,
}

/// One back end.
struct Member {
    address: String,
    tls: Option<TlsClient>,
}

/// A connection to a back end, whatever it is made of.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Why no back end of a farm could be reached; nothing was sent to any.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody answers at its address.
    #[error("`{address}` cannot be reached")]
    Tcp {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not whom the configuration names.
    #[error("`{address}` cannot be spoken to over TLS")]
    Tls {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The farm has no members.
    #[error("the farm has no members")]
    Empty,
}

impl Farm {
    /// Takes a farm's settings; authorities are read here.
    ///
    /// # Errors
    ///
    /// The authorities or the name of a member's TLS are not usable.
    pub(crate) fn new(settings: &settings::Farm) -> Result<Self, TlsError> {
        let member = |member: &settings::Member| {
            let tls = member.tls.as_ref().map(TlsClient::new).transpose()?;
            Ok(Member {
                address: member.address.clone(),
                tls,
            })
        };
        Ok(Self {
            members: settings
                .members
                .iter()
                .map(member)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Connects to the first member that can be reached.
    ///
    /// # Errors
    ///
    /// None can be; the last one's reason.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Transport>, ConnectError> {
        let mut failed = ConnectError::Empty;
        for member in &self.members {
            match member.connect().await {
                Ok(transport) => return Ok(transport),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

impl Member {
    async fn connect(&self) -> Result<Box<dyn Transport>, ConnectError> {
        let address = || self.address.clone();
        let stream =
            TcpStream::connect(&self.address)
                .await
                .map_err(|source| ConnectError::Tcp {
                    address: address(),
                    source,
                })?;
        stream
            .set_nodelay(true)
            .map_err(|source| ConnectError::Tcp {
                address: address(),
                source,
            })?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => {
                let connected = tls.connect(stream).await;
                let stream = connected.map_err(|source| ConnectError::Tls {
                    address: address(),
                    source,
                })?;
                Ok(Box::new(stream))
            }
        }
    }
}
