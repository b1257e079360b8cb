//! Signatures over several parts, of partners who may use everything, and by a proof key.

use jiff::Timestamp;
use xml::signature::{self, NAMESPACE};
use xml::{Algorithm, Document, Partner, Policy, ProofKey, VerifyingKeys};

/// Keys that take any signature, so that nothing behind the check stays unreached.
struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn verifies(&self, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// The secret of the seed that is signed by one.
pub(crate) const SECRET: &[u8] = b"the proof key of a fuzzed message";

/// Feeds one input; says whether a signature in it held.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(document) = Document::parse_bytes(data) else {
        return false;
    };
    let now = Timestamp::UNIX_EPOCH;
    let policy = Policy {
        sha1_until: Some(Timestamp::MAX),
        takes_whole_document: true,
        ..Policy::default()
    };
    let partner = Partner {
        keys: &AnyKey,
        policy: &policy,
        now,
    };
    let key = ProofKey::new(SECRET);
    let mut holds = false;
    for element in document.root().descendants() {
        if let Ok(verified) = signature::verify_of(element, &partner) {
            assert!(verified.document().is_ok());
            holds = true;
        }
        if !element.is(NAMESPACE, "Signature") {
            continue;
        }
        let by_key = signature::verify_parts(element, &partner);
        let by_proof = key
            .as_ref()
            .map(|key| signature::verify_parts_by_proof(element, key, &policy, now));
        let by_proof = by_proof.and_then(Result::ok);
        // One method is one kind of key's.
        assert!(by_key.is_err() || by_proof.is_none());
        for parts in by_key.ok().into_iter().chain(by_proof) {
            holds = true;
            for part in document.root().descendants() {
                let verified = parts.part(part);
                assert!(verified.is_none_or(|verified| verified.document().is_ok()));
            }
        }
    }
    holds
}
