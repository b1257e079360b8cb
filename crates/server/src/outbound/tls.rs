//! TLS towards back ends: the configured name is sent and verified, by the configured authorities
//! and no others.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::settings::UpstreamTls;

/// Why TLS towards a back end cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The file of authorities cannot be read, or holds none.
    #[error("the authorities in `{}` cannot be used: {reason}", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The name is not one.
    #[error("`{name}` is not a name that TLS can verify")]
    Name {
        /// The name.
        name: String,
    },
    /// The provider of cryptography refuses the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Provider(String),
}

/// TLS towards one back end.
#[derive(Clone)]
pub(crate) struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(settings: &UpstreamTls) -> Result<Self, TlsError> {
        let name = ServerName::try_from(settings.name.clone()).map_err(|_| TlsError::Name {
            name: settings.name.clone(),
        })?;
        let mut config = client(&settings.authorities)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Speaks TLS over a connection.
    ///
    /// # Errors
    ///
    /// The other side is not who it should be, or does not speak TLS.
    pub(crate) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// TLS towards whom these authorities vouch for, and nobody else.
///
/// # Errors
///
/// The file is not usable.
pub(crate) fn client(file: &Path) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Provider(error.to_string()))?
        .with_root_certificates(authorities(file)?)
        .with_no_client_auth();
    Ok(config)
}

fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let unusable = |reason: String| TlsError::Authorities {
        file: file.to_owned(),
        reason,
    };
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(store)
}
