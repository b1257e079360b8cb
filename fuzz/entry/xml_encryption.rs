//! Encrypted elements whose keys are not wrapped at all, so that what is behind them is reached.

use xml::encryption::{DecryptionKey, KeyTransport, NAMESPACE, decrypt};
use xml::{Document, KeyFailure};
use zeroize::Zeroizing;

/// Takes what was sent for the key itself.
struct Bare;

impl DecryptionKey for Bare {
    fn unwrap(&self, _: KeyTransport, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }
}

/// Feeds one input; says whether an element in it was decrypted.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(document) = Document::parse_bytes(data) else {
        return false;
    };
    let encrypted = document
        .root()
        .descendants()
        .filter(|it| it.is(NAMESPACE, "EncryptedData"));
    let mut is_decrypted = false;
    for element in encrypted {
        if let Ok(decrypted) = decrypt(element, &Bare) {
            assert!(decrypted.document().is_ok());
            is_decrypted = true;
        }
    }
    is_decrypted
}
