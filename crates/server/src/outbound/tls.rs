//! TLS towards back ends: the configured name is sent and verified, by the configured authorities
//! and no others.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::farm::Connected;
use super::line::{Beside, Line};
use crate::binding::digest_of;
use crate::config::settings::messages::Authorities;
use crate::config::settings::{Tls, UpstreamTls};
use crate::legacy::{self, LegacyError};

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
    /// Our own certificate or its key cannot be read, or they do not belong together.
    #[error("the certificate of our own, `{}`, cannot be used: {reason}", file.display())]
    OwnCertificate {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system vouches for nobody.
    #[error("this system knows no authorities: name a file of them (`authorities`)")]
    NoAuthorities,
    /// The name is not one.
    #[error("`{name}` is not a name that TLS can verify")]
    Name {
        /// The name.
        name: String,
    },
    /// The provider of cryptography refuses the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Provider(String),
    /// TLS of old Windows cannot be set up.
    #[error("TLS of old Windows cannot be set up: {0}")]
    Legacy(#[from] LegacyError),
}

/// A back end and this program agreed on no TLS.
#[derive(Debug, thiserror::Error)]
#[error(
    "no TLS was agreed on; Windows before Server 2016 with an RSA certificate needs `tls = \"legacy\"` in \
     its [[farm]]"
)]
pub(crate) struct NotAgreed(#[source] io::Error);

/// TLS towards one back end.
#[derive(Clone)]
pub(crate) struct TlsClient(Spoken);

#[derive(Clone)]
enum Spoken {
    Modern {
        connector: TlsConnector,
        name: ServerName<'static>,
    },
    Legacy(legacy::Client),
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
        let authorities = authorities(&settings.authorities)?;
        if settings.tls != Tls::Modern {
            let client = legacy::Client::new(&settings.name, &authorities, settings.tls)?;
            return Ok(Self(Spoken::Legacy(client)));
        }
        let mut config = modern(trusted(authorities, &settings.authorities)?)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self(Spoken::Modern { connector, name }))
    }

    /// Speaks TLS over a connection.
    ///
    /// # Errors
    ///
    /// The other side is not who it should be, or does not speak TLS.
    pub(crate) async fn connect(&self, line: Line, beside: Beside) -> io::Result<Connected> {
        match &self.0 {
            Spoken::Modern { connector, name } => {
                let connected = connector.connect(name.clone(), line).await;
                let stream = connected.map_err(explained)?;
                let shown = stream.get_ref().1.peer_certificates();
                let leaf = shown.and_then(<[_]>::first);
                Ok(Connected {
                    tls_server_end_point: leaf.and_then(digest_of),
                    certificate: leaf.map(|it| it.clone().into_owned()),
                    transport: Box::new(stream),
                    beside,
                })
            }
            Spoken::Legacy(client) => {
                let (stream, leaf) = client.connect(line).await?;
                Ok(Connected {
                    tls_server_end_point: digest_of(&leaf),
                    certificate: Some(leaf),
                    transport: Box::new(stream),
                    beside,
                })
            }
        }
    }
}

/// TLS towards whom these authorities vouch for, and nobody else.
///
/// # Errors
///
/// The file is not usable.
pub(crate) fn client(file: &Path) -> Result<ClientConfig, TlsError> {
    modern(trusted(authorities(file)?, file)?)
}

/// TLS towards whom these authorities vouch for: those of a file, or those of the system.
///
/// # Errors
///
/// The file is not usable, or the system has none.
pub(crate) fn client_of(authorities: &Authorities) -> Result<ClientConfig, TlsError> {
    match authorities {
        Authorities::File(file) => client(file),
        Authorities::System => {
            let mut store = RootCertStore::empty();
            // Some systems keep one or the other that no verifier takes.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            match store.is_empty() {
                true => Err(TlsError::NoAuthorities),
                false => modern(store),
            }
        }
    }
}

/// The same, for a server that asks who we are: by a certificate and its key, each a PEM file.
///
/// # Errors
///
/// A file is not usable, or the system has no authorities.
pub(crate) fn client_as(
    authorities: &Authorities,
    identity: Option<&(PathBuf, PathBuf)>,
) -> Result<ClientConfig, TlsError> {
    let mut config = client_of(authorities)?;
    let Some((certificate, key)) = identity else {
        return Ok(config);
    };
    let of_ours = |file: &Path, reason: String| TlsError::OwnCertificate {
        file: file.to_owned(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain: Vec<_> = chain.map_err(|error| of_ours(certificate, error.to_string()))?;
    let read = PrivateKeyDer::from_pem_file(key);
    let read = read.map_err(|error| of_ours(key, error.to_string()))?;
    let provider = Arc::clone(config.crypto_provider());
    let shown = CertifiedKey::from_der(chain, read, &provider);
    let shown = shown.map_err(|error| of_ours(certificate, error.to_string()))?;
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(shown));
    Ok(config)
}

fn modern(authorities: RootCertStore) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Provider(error.to_string()))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(config)
}

/// An error of a handshake, with what may mend it where the other side is perhaps old: then it says that there
/// is nothing in common, or only breaks off.
fn explained(error: io::Error) -> io::Error {
    let is_broken_off = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    );
    let cause = error.get_ref().and_then(|it| it.downcast_ref());
    let is_told = matches!(
        cause,
        Some(
            rustls::Error::PeerIncompatible(_)
                | rustls::Error::AlertReceived(
                    AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion,
                )
        )
    );
    match is_broken_off || is_told {
        true => io::Error::other(NotAgreed(error)),
        false => error,
    }
}

fn unusable(file: &Path, reason: String) -> TlsError {
    TlsError::Authorities {
        file: file.to_owned(),
        reason,
    }
}

/// The certificates of a file of authorities; at least one.
///
/// # Errors
///
/// The file is not usable.
pub(crate) fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |reason: String| unusable(file, reason);
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// Authorities as TLS trusts them.
///
/// # Errors
///
/// One of them is not usable.
pub(crate) fn trusted(
    authorities: Vec<CertificateDer<'static>>,
    file: &Path,
) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        let added = store.add(authority);
        added.map_err(|error| unusable(file, error.to_string()))?;
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_perhaps_old_is_told_from_who_is_not_vouched_for() {
        let of = |error: rustls::Error| explained(io::Error::other(error)).to_string();
        let old = of(rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure,
        ));
        let gone = explained(io::ErrorKind::UnexpectedEof.into()).to_string();
        for told in [old, gone] {
            assert!(told.contains("`tls = \"legacy\"`"), "{told}");
        }
        let unknown = rustls::CertificateError::UnknownIssuer;
        let unknown = of(rustls::Error::InvalidCertificate(unknown));
        assert!(!unknown.contains("legacy"), "{unknown}");
    }
}
