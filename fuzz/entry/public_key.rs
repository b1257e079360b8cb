//! Public keys, bare and in certificates.

use xml::{Algorithm, PublicKey, VerifyingKeys};

/// Feeds one input to both readers; says whether one of them took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let keys = [
        PublicKey::from_certificate(data),
        PublicKey::from_spki(data),
    ];
    let mut is_taken = false;
    for key in keys.into_iter().flatten() {
        assert_eq!(PublicKey::from_spki(key.spki()).as_ref(), Ok(&key));
        for algorithm in Algorithm::ALL {
            for length in [0, 64, 96, 132, 256] {
                assert!(!key.verifies(algorithm, b"octets", &vec![1; length]));
            }
        }
        is_taken = true;
    }
    is_taken
}
