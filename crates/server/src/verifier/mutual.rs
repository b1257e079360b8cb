//! Mutual TLS between gateways and their authentication server: TLS 1.3, an authority of their own, and a list.
//!
//! SECURITY: that an authority vouches for a certificate is not enough; the list names each gateway. Who is not in
//! it gets no further than the handshake, and who is struck off is not answered on connections that are open. Start at
//! [`server`] and [`client`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use authn::remote::Caller;
use authn::voucher::GatewayId;
use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use tokio::time::Instant;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::config::settings::{Identity, Listed, ListedBy, Place};
use crate::outbound::tls::{TlsError, authorities, trusted};
use crate::pace::Pace;
use crate::proxy::limits;

/// HTTP/2, as ALPN names it.
const HTTP_2: &[u8] = b"h2";

/// Why one end of mutual TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MutualError {
    /// The authorities are not usable.
    #[error("{place}: {source}")]
    Authorities {
        /// Where the configuration names them.
        place: Place,
        /// Why.
        source: TlsError,
    },
    /// The certificate or its key is not usable.
    #[error("{place}: the certificate and its key cannot be used: {reason}")]
    Identity {
        /// Where the configuration names them.
        place: Place,
        /// Why.
        reason: String,
    },
}

/// The gateways that may ask, as the configuration lists them.
pub(crate) struct Gateways {
    listed: RwLock<Vec<Listed>>,
    refused: Mutex<Pace>,
}

impl Gateways {
    /// Those of a list.
    pub(crate) fn new(listed: Vec<Listed>) -> Self {
        Self {
            listed: RwLock::new(listed),
            refused: Mutex::new(Pace::new(limits::ACCEPT_LOG)),
        }
    }

    /// Takes another list.
    pub(crate) fn replace(&self, listed: Vec<Listed>) {
        *self.listed.write().unwrap_or_else(PoisonError::into_inner) = listed;
    }

    /// Adds one.
    #[cfg(test)]
    pub(crate) fn add(&self, listed: Listed) {
        self.listed.write().unwrap().push(listed);
    }

    /// Whose a certificate is, if the list has it.
    pub(crate) fn caller(&self, certificate: &CertificateDer<'_>) -> Option<Caller> {
        let id = GatewayId::of_certificate(certificate);
        let name = only_name(certificate);
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        let listed = listed.iter().find(|it| match &it.by {
            ListedBy::Certificate(known) => *known == id,
            ListedBy::DnsName(known) => name.as_ref() == Some(known),
        })?;
        Some(Caller {
            id,
            name: listed.name.clone(),
            zones: listed.zones.clone(),
            brings_pages: listed.brings_pages,
        })
    }

    /// Says in the log, once in a while, who came and is not listed.
    fn was_refused(&self, certificate: &CertificateDer<'_>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = refused.count(Instant::now()) {
            let fingerprint = GatewayId::of_certificate(certificate).to_string();
            tracing::warn!(
                times,
                fingerprint,
                "a gateway that no [[authn_server.gateway]] lists was refused"
            );
        }
    }
}

impl std::fmt::Debug for Gateways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateways").finish_non_exhaustive()
    }
}

/// The TLS of an authentication server.
///
/// # Errors
///
/// A file is not usable.
pub(crate) fn server(
    identity: &Identity,
    gateways: Arc<Gateways>,
) -> Result<Arc<ServerConfig>, MutualError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let unusable = |reason: String| unusable(identity, reason);
    let roots = Arc::new(roots(identity)?);
    let inner = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
    let inner = inner.map_err(|error| unusable(error.to_string()))?;
    let (chain, key) = files(identity)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unusable(error.to_string()))?
        .with_client_cert_verifier(Arc::new(OfTheList { inner, gateways }))
        .with_single_cert(chain, key)
        .map_err(|error| unusable(error.to_string()))?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    // SECURITY: each connection shows its certificate anew.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// The TLS of a gateway, and who it is.
///
/// # Errors
///
/// A file is not usable.
pub(crate) fn client(identity: &Identity) -> Result<(Arc<ClientConfig>, GatewayId), MutualError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let unusable = |reason: String| unusable(identity, reason);
    let (chain, key) = files(identity)?;
    let leaf = chain.first();
    let leaf = leaf.ok_or_else(|| unusable("there is no certificate in it".to_owned()))?;
    let id = GatewayId::of_certificate(leaf);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots(identity)?)
        .with_client_auth_cert(chain, key)
        .map_err(|error| unusable(error.to_string()))?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config.resumption = Resumption::disabled();
    Ok((Arc::new(config), id))
}

fn roots(identity: &Identity) -> Result<rustls::RootCertStore, MutualError> {
    let file = identity.authorities.as_path();
    let roots = authorities(file).and_then(|authorities| trusted(authorities, file));
    roots.map_err(|source| MutualError::Authorities {
        place: identity.place.clone(),
        source,
    })
}

fn files(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), MutualError> {
    let shown =
        |file: &Path, error: String| unusable(identity, format!("`{}`: {error}", file.display()));
    let chain = CertificateDer::pem_file_iter(&identity.certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| shown(&identity.certificate, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&identity.key);
    let key = key.map_err(|error| shown(&identity.key, error.to_string()))?;
    Ok((chain, key))
}

fn unusable(identity: &Identity, reason: String) -> MutualError {
    MutualError::Identity {
        place: identity.place.clone(),
        reason,
    }
}

/// The name of a certificate that bears one and no other, lower case.
fn only_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    match names.value.general_names.as_slice() {
        [GeneralName::DNSName(name)] => Some(name.to_ascii_lowercase()),
        _ => None,
    }
}

/// Takes a certificate that an authority vouches for and the list has.
#[derive(Debug)]
struct OfTheList {
    inner: Arc<dyn ClientCertVerifier>,
    gateways: Arc<Gateways>,
}

impl ClientCertVerifier for OfTheList {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .inner
            .verify_client_cert(end_entity, intermediates, now)?;
        if self.gateways.caller(end_entity).is_none() {
            self.gateways.was_refused(end_entity);
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
