//! Queries of the redirect binding: what is read is written and read again.

use jiff::Timestamp;
use xml::signature::query::{Query, Unsigned};
use xml::{Algorithm, Partner, Policy, VerifyingKeys};

/// Keys that take any signature, so that nothing behind the check stays unreached.
struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn verifies(&self, _: Algorithm, octets: &[u8], _: &[u8]) -> bool {
        octets.starts_with(b"SAMLRe")
    }
}

/// Feeds one input; says whether it was read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let Ok(query) = Query::parse(text) else {
        return false;
    };
    let policy = Policy::default();
    let partner = Partner {
        keys: &AnyKey,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    let message = query.clone().unverified();
    if let Ok(verified) = query.verify(&partner) {
        assert_eq!(verified, message);
    }
    let again = Unsigned::new(&message, Algorithm::RsaSha256).attach(b"value");
    if let Ok(again) = Query::parse(&again) {
        assert!(again.is_signed());
        assert_eq!(again.verify(&partner), Ok(message));
    }
    true
}
