//! A new key and its certificate, which it signs itself: partners pin it, and no authority vouches for it.

use jiff::Timestamp;
use proto::secret::Secret;
use rcgen::{
    CertificateParams, DnType, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use sts::admin::keys::{CERTIFICATE_GOOD_FOR, NewKey};
use sts::key_ring::{KeyAlgorithm, KeyId};
use sts::ports::Unavailable;
use sts::trust::Certificate;

use super::unavailable;
use crate::{clock, enrol};

/// Whose the certificates are.
const SUBJECT: &str = "Wicketgate token signing";

/// Makes a key; it takes its time.
///
/// # Errors
///
/// The system gives no random bytes.
pub(crate) fn make(algorithm: KeyAlgorithm, now: Timestamp) -> Result<NewKey, Unavailable> {
    let of_rcgen = |error: rcgen::Error| unavailable(error.to_string());
    let generated = match algorithm {
        KeyAlgorithm::Rsa2048 => KeyPair::generate_for(&PKCS_RSA_SHA256),
        KeyAlgorithm::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
    };
    let pair = generated.map_err(of_rcgen)?;
    let id: [u8; 16] =
        clock::random().map_err(|_| unavailable("the system gives no random bytes".to_owned()))?;
    let id = uuid::Builder::from_random_bytes(id).into_uuid().to_string();
    let mut params = CertificateParams::default();
    let name = &mut params.distinguished_name;
    name.push(
        DnType::CommonName,
        format!("{SUBJECT} {}", &id.get(..8).unwrap_or_default()),
    );
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let days = CERTIFICATE_GOOD_FOR.as_hours() / 24;
    let good = enrol::good_for(&mut params, now, days);
    good.map_err(|error| unavailable(error.to_string()))?;
    let certificate = params.self_signed(&pair).map_err(of_rcgen)?;
    let certificate = Certificate::parse(certificate.der());
    Ok(NewKey {
        id: KeyId(id),
        algorithm,
        certificate: certificate.map_err(|error| unavailable(error.to_string()))?,
        private: Secret::new(pair.serialize_der()),
    })
}
