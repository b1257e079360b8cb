//! Channel bindings of TLS, `tls-server-end-point` (RFC 5929 4): the digest of the certificate that a server
//! showed, whichever side of the connection this program is.

use aws_lc_rs::digest::{self, Algorithm, Digest};
use rustls::pki_types::CertificateDer;
use x509_parser::oid_registry::{self, Oid};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The digest of a certificate; `None` where its signature names no digest, or it cannot be read.
pub(crate) fn digest_of(certificate: &CertificateDer<'_>) -> Option<Digest> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(digest::digest(algorithm(&parsed)?, certificate))
}

/// The hash of the certificate's own signature; SHA-256 where that is MD5 or SHA-1 (RFC 5929 4.1).
fn algorithm(certificate: &X509Certificate<'_>) -> Option<&'static Algorithm> {
    let oid = &certificate.signature_algorithm.algorithm;
    let by_hash = |hash: &Oid<'_>| {
        if *hash == oid_registry::OID_NIST_HASH_SHA384 {
            &digest::SHA384
        } else if *hash == oid_registry::OID_NIST_HASH_SHA512 {
            &digest::SHA512
        } else {
            &digest::SHA256
        }
    };
    let algorithm = match SignatureAlgorithm::try_from(&certificate.signature_algorithm).ok()? {
        SignatureAlgorithm::RSASSA_PSS(params) => by_hash(params.hash_algorithm_oid()),
        SignatureAlgorithm::RSA | SignatureAlgorithm::ECDSA => {
            let sha384 = [
                oid_registry::OID_PKCS1_SHA384WITHRSA,
                oid_registry::OID_SIG_ECDSA_WITH_SHA384,
            ];
            let sha512 = [
                oid_registry::OID_PKCS1_SHA512WITHRSA,
                oid_registry::OID_SIG_ECDSA_WITH_SHA512,
            ];
            if sha384.contains(oid) {
                &digest::SHA384
            } else if sha512.contains(oid) {
                &digest::SHA512
            } else {
                &digest::SHA256
            }
        }
        _ => return None,
    };
    Some(algorithm)
}
