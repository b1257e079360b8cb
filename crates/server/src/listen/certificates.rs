//! Certificates: chosen by the name that TLS asks for, ECDSA and RSA side by side.
//!
//! Each is kept with its channel binding (RFC 5929 4), as a gate must accept the binding of every
//! certificate it holds for a name: TLS does not say afterwards which one was shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proto::channel_binding::EndPoint;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::config::settings::{Certificate, Place};

/// The certificates of a listener.
#[derive(Debug)]
pub(crate) struct Certificates(Vec<Held>);

#[derive(Debug)]
struct Held {
    key: Arc<CertifiedKey>,
    names: Names,
    end_point: Option<EndPoint>,
    chain: PathBuf,
    key_file: PathBuf,
    not_after: i64,
}

/// The names in a certificate, in small letters.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<String>);

/// A certificate as OpenSSL is given it, which wants the key once more.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "legacy-tls"),
    expect(dead_code, reason = "only OpenSSL is given it")
)]
pub(crate) struct Shown<'a> {
    /// The names in it.
    pub(crate) names: &'a Names,
    /// The chain, leaf first.
    pub(crate) chain: &'a [CertificateDer<'static>],
    /// The file of its private key.
    pub(crate) key: &'a Path,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateError {
    /// The chain cannot be read.
    #[error("{place}: the certificate `{file}` cannot be read as PEM")]
    Chain {
        /// Where the configuration names it.
        place: Place,
        /// The file.
        file: String,
    },
    /// The key cannot be read.
    #[error("{place}: the private key `{file}` cannot be read as PEM")]
    Key {
        /// Where the configuration names it.
        place: Place,
        /// The file.
        file: String,
    },
    /// The key is not the certificate's, or of a kind that TLS does not sign with.
    #[error("{place}: the private key `{key}` does not fit the certificate `{chain}`")]
    NoPair {
        /// Where the configuration names them.
        place: Place,
        /// The chain.
        chain: String,
        /// The key.
        key: String,
    },
}

impl Certificates {
    /// Loads certificates and keys.
    ///
    /// # Errors
    ///
    /// One cannot be read, or a key is not its certificate's.
    pub(crate) fn load(files: &[Certificate]) -> Result<Self, CertificateError> {
        files.iter().map(held).collect::<Result<_, _>>().map(Self)
    }

    /// What a proof may be bound to: every certificate held for a name; all where TLS named none.
    pub(crate) fn end_points(&self, name: Option<&str>) -> Vec<EndPoint> {
        self.held_for(name)
            .filter_map(|held| held.end_point.clone())
            .collect()
    }

    /// The file of each chain, and when its certificate ends, in seconds of 1970.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (PathBuf, i64)> {
        self.0
            .iter()
            .map(|held| (held.chain.clone(), held.not_after))
    }

    /// Each of them, in the order of the configuration.
    pub(crate) fn shown(&self) -> Vec<Shown<'_>> {
        fn shown(held: &Held) -> Shown<'_> {
            Shown {
                names: &held.names,
                chain: &held.key.cert,
                key: &held.key_file,
            }
        }
        self.0.iter().map(shown).collect()
    }

    /// Whether one of them names a host.
    pub(crate) fn cover(&self, host: &str) -> bool {
        self.held_for(Some(host)).next().is_some()
    }

    fn held_for(&self, name: Option<&str>) -> impl Iterator<Item = &Held> {
        let name = name.map(str::to_ascii_lowercase);
        self.0
            .iter()
            .filter(move |held| name.as_ref().is_none_or(|name| held.names.cover(name)))
    }
}

impl Names {
    /// Whether one of them covers a host, which is in small letters.
    pub(crate) fn cover(&self, host: &str) -> bool {
        self.0.iter().any(|own| matches(own, host))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        self.held_for(hello.server_name())
            .find(|held| held.key.key.choose_scheme(schemes).is_some())
            .map(|held| Arc::clone(&held.key))
    }
}

/// Whether a certificate's name covers a host; `*` stands for one label (RFC 6125 6.4.3).
fn matches(own: &str, host: &str) -> bool {
    match own.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => own == host,
    }
}

fn held(files: &Certificate) -> Result<Held, CertificateError> {
    let shown = |path: &Path| path.display().to_string();
    let place = || files.place.clone();
    let unreadable = || CertificateError::Chain {
        place: place(),
        file: shown(&files.chain),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.chain)
        .and_then(Iterator::collect)
        .map_err(|_| unreadable())?;
    let leaf = chain.first().ok_or_else(unreadable)?;
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| unreadable())?;
    let names = names(&parsed);
    let digest = crate::binding::digest_of(leaf);
    let end_point = digest.map(|it| EndPoint::of_digest(it.as_ref()));
    let not_after = parsed.validity().not_after.timestamp();
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|_| CertificateError::Key {
        place: place(),
        file: shown(&files.key),
    })?;
    let no_pair = || CertificateError::NoPair {
        place: place(),
        chain: shown(&files.chain),
        key: shown(&files.key),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = CertifiedKey::from_der(chain, key, &provider).map_err(|_| no_pair())?;
    Ok(Held {
        key: Arc::new(key),
        names,
        end_point,
        chain: files.chain.clone(),
        key_file: files.key.clone(),
        not_after,
    })
}

fn names(certificate: &X509Certificate<'_>) -> Names {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative
        .map(|names| names.value.general_names.as_slice())
        .unwrap_or_default();
    let host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    };
    Names(names.iter().filter_map(host).collect())
}

#[cfg(test)]
impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(matches("*.contoso.com", "lync.contoso.com"));
        for host in [
            "contoso.com",
            ".contoso.com",
            "a.b.contoso.com",
            "lync.contoso.com.evil",
        ] {
            assert!(!matches("*.contoso.com", host), "{host}");
        }
        assert!(matches("lync.contoso.com", "lync.contoso.com"));
    }

    #[test]
    fn files_that_are_no_certificates_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pem");
        std::fs::write(&file, "nothing").unwrap();
        let place = Place::new(Path::new("a.toml"), "\n  x", Some(3..4));
        let refused = Certificates::load(&[Certificate {
            chain: file.clone(),
            key: file.clone(),
            place,
        }]);
        assert_eq!(
            refused.unwrap_err().to_string(),
            format!(
                "a.toml:2:3: the certificate `{}` cannot be read as PEM",
                file.display()
            )
        );
    }
}
