//! The gate's word about who a user is, for back ends of the operator's own: a JWT for one request
//! (RFC 7515, 7519; `htm` and `htu` as in RFC 9449).
//!
//! It is signed with ES256, lives a minute and names method and address, so that what is caught on
//! its way opens nothing else. Start at [`Signer::assert`].

use std::fmt;
use std::path::PathBuf;

use authn::Authenticated;
use authn::place::ActivityId;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::settings::{OnwardHeader, Place};

/// The `typ` of an assertion, so that no other token of the same key can pass for one.
pub(crate) const TYPE: &str = "wicketgate-identity+jwt";
/// How long an assertion is good.
const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    /// The file cannot be read.
    #[error("{place}: the key of onward assertions, `{}`, cannot be read: {source}", file.display())]
    Unreadable {
        /// Where the configuration names it.
        place: Place,
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a P-256 key.
    #[error("{place}: `{}` is not a P-256 key in PKCS#8, which onward assertions need", file.display())]
    NotAKey {
        /// Where the configuration names it.
        place: Place,
        /// The file.
        file: PathBuf,
    },
}

/// An assertion cannot be made; the request does not go on.
#[derive(Debug, thiserror::Error)]
#[error("an onward assertion cannot be made: {0}")]
pub(crate) struct AssertionError(String);

/// Whoever signs assertions.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    header: String,
    issuer: String,
}

/// What an assertion is about.
pub(crate) struct About<'a> {
    /// Who.
    pub(crate) who: &'a Authenticated,
    /// The back end that it is for.
    pub(crate) audience: &'a str,
    /// The head that the back end will see.
    pub(crate) head: &'a http::request::Parts,
    /// The request's id.
    pub(crate) activity: &'a ActivityId,
    /// Now.
    pub(crate) now: Timestamp,
}

/// The members of an assertion.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    /// `sam@REALM`, as Windows back ends know people.
    sub: String,
    account: &'a str,
    sam: &'a str,
    realm: &'a str,
    upn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    sip: &'a [String],
    zone: &'a str,
    amr: &'a [authn::place::Method],
    iat: i64,
    exp: i64,
    jti: &'a str,
    htm: &'a str,
    htu: String,
}

impl Signer {
    /// Reads the key.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is of another kind.
    pub(crate) fn new(settings: &OnwardHeader) -> Result<Self, SignerError> {
        let OnwardHeader {
            key: file,
            issuer,
            place,
        } = settings;
        let pem =
            std::fs::read(file)
                .map(Zeroizing::new)
                .map_err(|source| SignerError::Unreadable {
                    place: place.clone(),
                    file: file.to_owned(),
                    source,
                })?;
        let not_a_key = || SignerError::NotAKey {
            place: place.clone(),
            file: file.to_owned(),
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| not_a_key())?;
        let der = Zeroizing::new(der);
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der());
        Ok(Self {
            key: key.map_err(|_| not_a_key())?,
            header: BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"{TYPE}","alg":"ES256"}}"#)),
            issuer: issuer.to_owned(),
        })
    }

    /// Makes the assertion for one request.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub(crate) fn assert(&self, about: &About<'_>) -> Result<HeaderValue, AssertionError> {
        let account = about.who.account();
        let host = about
            .head
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.ok_or_else(|| AssertionError("the request has no host".to_owned()))?;
        let expires = about.now.checked_add(LIFE);
        let expires = expires.map_err(|error| AssertionError(error.to_string()))?;
        let token = self.sign(&Claims {
            iss: &self.issuer,
            aud: about.audience,
            sub: about.who.sam_at_realm(),
            account: &account.id.0,
            sam: &account.sam,
            realm: &account.realm,
            upn: &account.upn,
            sid: account.sid.as_deref(),
            sip: &account.sip_addresses,
            zone: &about.who.zone().0,
            amr: about.who.methods(),
            iat: about.now.as_second(),
            exp: expires.as_second(),
            jti: &about.activity.0,
            htm: about.head.method.as_str(),
            htu: format!("https://{host}{}", about.head.uri.path()),
        })?;
        let mut value =
            HeaderValue::from_str(&token).map_err(|error| AssertionError(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The compact form of a signed token (RFC 7515 3.1). The key is read once: to read it costs more
    /// than to sign.
    fn sign(&self, claims: &Claims<'_>) -> Result<String, AssertionError> {
        let claims =
            serde_json::to_vec(claims).map_err(|error| AssertionError(error.to_string()))?;
        let mut token = format!("{}.", self.header);
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.key.sign(&SystemRandom::new(), token.as_bytes());
        let signature =
            signature.map_err(|_| AssertionError("the key does not sign".to_owned()))?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn signer_of(pem: &str) -> Result<Signer, SignerError> {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("onward.key");
        std::fs::write(&key, pem).unwrap();
        Signer::new(&OnwardHeader {
            key,
            issuer: "https://gate.contoso.com".to_owned(),
            place: Place::new(Path::new("wicketgate.toml"), "", None),
        })
    }

    #[test]
    fn a_key_of_another_kind_is_refused_at_the_start() {
        let pem = |algorithm| {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            key.serialize_pem()
        };
        assert!(signer_of(&pem(&rcgen::PKCS_ECDSA_P256_SHA256)).is_ok());
        for other in [
            pem(&rcgen::PKCS_ECDSA_P384_SHA384),
            pem(&rcgen::PKCS_ED25519),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            String::new(),
        ] {
            assert!(matches!(
                signer_of(&other),
                Err(SignerError::NotAKey { .. })
            ));
        }
    }
}
