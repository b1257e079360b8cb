//! XML encryption in one restricted profile: one element, under a fresh key that is wrapped for one
//! recipient (XML Encryption 1.1).
//!
//! AES-GCM, and AES-CBC where a signature around it is verified; RSA-OAEP. SECURITY: what is decrypted
//! is no more to be trusted than before; it is signed itself, or lies in something signed. Start at
//! [`encrypt`], [`decrypt`] or [`decrypt_verified`].

mod content;
mod decrypt;
mod encrypt;
mod transport;

pub use content::ContentAlgorithm;
pub use decrypt::{Decrypted, decrypt, decrypt_verified};
pub use encrypt::{Draw, Encryption, EncryptionError, encrypt};
pub use transport::{KeyTransport, Recipient};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::signature::KeyFailure;

/// Namespace of encryption.
pub const NAMESPACE: &str = "http://www.w3.org/2001/04/xmlenc#";

const NAMESPACE_11: &str = "http://www.w3.org/2009/xmlenc11#";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// A private key that unwraps the keys of messages.
pub trait DecryptionKey {
    /// Unwraps one.
    fn unwrap(
        &self,
        transport: KeyTransport,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFailure>;
}

/// Why an element is not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecryptionError {
    /// The element holds a part that the profile does not have, or lacks one.
    #[error("`{part}` is not as the profile has it")]
    Structure {
        /// The part's name.
        part: &'static str,
    },
    /// An algorithm is not one of the profile.
    #[error("the algorithm of `{part}` is not allowed")]
    Algorithm {
        /// The part's name.
        part: &'static str,
    },
    /// RSA with PKCS #1 v1.5 padding, whose errors tell an attacker the key.
    #[error("RSA 1.5 wraps no key")]
    Rsa15,
    /// AES-CBC outside of what a signature covers: whoever can change it learns the text.
    #[error("AES-CBC is taken only where a verified signature covers it")]
    CbcNotSigned,
    /// It cannot be decrypted.
    ///
    /// SECURITY: which of key, padding, tag and text was wrong is nobody's business.
    #[error("the element cannot be decrypted")]
    Failed,
}

#[cfg(test)]
mod tests;
