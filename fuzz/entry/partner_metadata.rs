//! A partner's metadata: whatever is read is within its bounds, and reads alike twice.

use jiff::Timestamp;
use proto::partner_metadata::{MAX_CERTIFICATES, MAX_ENTRIES, SignedBy, read};

/// Feeds one input; says whether it was metadata.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let known: Vec<xml::PublicKey> = Vec::new();
    let Ok((entity, by)) = read(text, &known, Timestamp::UNIX_EPOCH) else {
        return false;
    };
    assert_ne!(by, SignedBy::Known);
    assert!(!entity.entity_id.is_empty());
    if let Some(issuer) = &entity.issuer {
        assert!(issuer.signing.len() <= MAX_CERTIFICATES);
        assert!(issuer.claim_types.len() <= MAX_ENTRIES);
    }
    let again = read(text, &known, Timestamp::UNIX_EPOCH);
    assert_eq!(again.ok(), Some((entity, by)));
    true
}
