//! The keys of whoever made the vectors, down to RSA of 1,024 bits, as the port takes them.
//!
//! What the program itself takes as a key is stricter: [`xml::PublicKey`].

use std::path::Path;

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::{Algorithm, Document, PublicKey, VerifyingKeys};

/// Keys in configuration.
#[derive(Default)]
pub(crate) struct Authors {
    current: Vec<PublicKey>,
    rsa: Vec<Vec<u8>>,
    components: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Authors {
    /// The keys of every PEM and DER file below a folder.
    pub(crate) fn of_folder(folder: &Path) -> Self {
        let mut authors = Self::default();
        for (name, path) in crate::files(folder) {
            if name.ends_with(".pem") {
                authors.add_pem(&std::fs::read_to_string(path).unwrap());
            } else if name.ends_with(".crt") || name.ends_with(".der") {
                let bytes = std::fs::read(path).unwrap();
                authors.add_pem(&String::from_utf8_lossy(&bytes));
                authors.add_der(&bytes);
            }
        }
        authors
    }

    pub(crate) fn add_pem(&mut self, pem: &str) {
        let mut rest = pem;
        while let Some((_, behind)) = rest.split_once("-----BEGIN ") {
            let (block, behind) = behind.split_once("-----END").unwrap();
            let (_, body) = block.split_once("-----").unwrap();
            self.add_der(&decoded(body));
            rest = behind;
        }
    }

    /// The keys that a vector brings along, where its author has no other place for them.
    pub(crate) fn add_embedded(&mut self, document: &Document<'_>) {
        for element in document.root().descendants() {
            let inside = |name: &str| {
                let mut parts = element.children();
                let part = parts.find(|part| part.name() == name);
                decoded(&part.map(|part| part.text()).unwrap_or_default())
            };
            match element.name() {
                "X509Certificate" => self.add_der(&decoded(&element.text())),
                "RSAKeyValue" => self
                    .components
                    .push((inside("Modulus"), inside("Exponent"))),
                _ => {}
            }
        }
    }

    /// A certificate, or a key in one of its wrappings.
    fn add_der(&mut self, der: &[u8]) {
        let key = PublicKey::from_certificate(der).or_else(|_| PublicKey::from_spki(der));
        self.current.extend(key);
        // The rest is a bare RSAPublicKey, or is none and verifies nothing.
        self.rsa.push(rsa_within(der).unwrap_or(der.to_vec()));
    }
}

impl VerifyingKeys for Authors {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        if self.current.verifies(algorithm, octets, signature) {
            return true;
        }
        let rule: &'static RsaParameters = match algorithm {
            Algorithm::RsaSha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::RsaSha256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Algorithm::RsaSha384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::RsaSha512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            _ => return false,
        };
        let by_der = |der: &Vec<u8>| {
            UnparsedPublicKey::new(rule, der)
                .verify(octets, signature)
                .is_ok()
        };
        let by_components = |(n, e): &(Vec<u8>, Vec<u8>)| {
            let key = RsaPublicKeyComponents { n, e };
            key.verify(rule, octets, signature).is_ok()
        };
        self.rsa.iter().any(by_der) || self.components.iter().any(by_components)
    }
}

/// The keys of all and those of one vector.
pub(crate) struct Both<'a>(pub(crate) &'a Authors, pub(crate) Authors);

impl VerifyingKeys for Both<'_> {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let Self(all, own) = self;
        all.verifies(algorithm, octets, signature) || own.verifies(algorithm, octets, signature)
    }
}

pub(crate) fn decoded(text: &str) -> Vec<u8> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).unwrap_or_default()
}

/// The SubjectPublicKeyInfo of an RSA key somewhere in DER.
fn rsa_within(der: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03";
    let at = der.windows(NAME.len()).position(|it| it == NAME)?;
    let (before, _) = der.split_at(at);
    let (start, length) = match before {
        [.., 0x30, 0x82, high, low] => (at - 4, 4 + usize::from(u16::from_be_bytes([*high, *low]))),
        [.., 0x30, 0x81, length] => (at - 3, 3 + usize::from(*length)),
        _ => return None,
    };
    Some(der.get(start..start + length)?.to_vec())
}
