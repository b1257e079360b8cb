//! Encrypting one element for one recipient.
//!
//! The content's key and vector are arguments; the padding of OAEP is drawn by the cryptographic
//! library. Start at [`encrypt`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::transport::PREFIXED;
use super::{ContentAlgorithm, ELEMENT, KeyTransport, NAMESPACE, Recipient};
use crate::signature;
use crate::write::element;
use crate::{ParseError, Verbatim};

/// How an element is encrypted, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Encryption<'a> {
    /// The cipher; one without authentication only for a partner who reads no other.
    pub content: ContentAlgorithm,
    /// How its key is wrapped.
    pub transport: KeyTransport,
    /// For whom.
    pub recipient: &'a Recipient,
    /// The recipient's certificate, in DER, as a hint which of its keys it is.
    pub certificate: Option<&'a [u8]>,
}

/// What is drawn for one element, and never again.
pub struct Draw {
    /// The content's key; shorter ciphers take its beginning.
    pub key: Zeroizing<[u8; 32]>,
    /// The vector; GCM takes its beginning.
    pub iv: [u8; 16],
}

/// Why an element is not encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncryptionError {
    /// The cryptographic library refuses.
    #[error("the element cannot be encrypted")]
    Failed,
    /// What was written does not parse.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Encrypts an element; what comes out stands in its place.
pub fn encrypt(
    plain: &Verbatim,
    how: &Encryption<'_>,
    draw: &Draw,
) -> Result<Verbatim, EncryptionError> {
    let key = draw.key.get(..how.content.key_bytes());
    let key = key.ok_or(EncryptionError::Failed)?;
    let sealed = how.content.seal(key, draw.iv, plain.as_str().as_bytes());
    let sealed = sealed.ok_or(EncryptionError::Failed)?;
    let wrapped = how.recipient.wrap(how.transport, key);
    let wrapped = wrapped.ok_or(EncryptionError::Failed)?;
    let cipher_data = |bytes: &[u8]| {
        element("e:CipherData").child(element("e:CipherValue").text(STANDARD.encode(bytes)))
    };
    let key_info = || element("KeyInfo").namespace("", signature::NAMESPACE);
    let certificate = how.certificate.map(|der| {
        let certificate = element("X509Certificate").text(STANDARD.encode(der));
        key_info().child(element("X509Data").child(certificate))
    });
    let (prefix, uri) = PREFIXED;
    let encrypted_key = element("e:EncryptedKey")
        .namespace(prefix, uri)
        .child(how.transport.written())
        .children(certificate)
        .child(cipher_data(&wrapped));
    let encrypted = element("e:EncryptedData")
        .namespace("e", NAMESPACE)
        .attribute("Type", ELEMENT)
        .child(element("e:EncryptionMethod").attribute("Algorithm", how.content.uri()))
        .child(key_info().child(encrypted_key))
        .child(cipher_data(&sealed));
    Ok(Verbatim::known(encrypted.to_xml()))
}
