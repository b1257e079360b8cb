//! XML: whatever parses has a canonical form that parses to itself, and verifying never panics.

use xml::c14n::{Method, canonical};
use xml::{Algorithm, Document, Limits, VerifyingKeys};

/// Keys that take any signature, so that nothing behind the check stays unreached.
pub(crate) struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn verifies(&self, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// Feeds one input; says whether it was taken.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(document) = Document::parse_bytes(data) else {
        return false;
    };
    for element in document.root().descendants() {
        assert!(document.source().get(element.range()).is_some());
        let _ = (element.text(), element.prefix(), element.inner_range());
        if let Ok(verified) = xml::signature::verify(element, &AnyKey) {
            assert!(verified.document().is_ok());
        }
    }
    let limits = Limits {
        bytes: usize::MAX,
        attributes: usize::MAX,
        namespace_declarations: usize::MAX,
        namespaces_in_scope: usize::MAX,
        ..Limits::DEFAULT
    };
    for method in Method::ALL {
        let Ok(form) = canonical(document.root(), None, method, &[]) else {
            continue;
        };
        let again = Document::parse_within(&form, limits)
            .map(|again| canonical(again.root(), None, method, &[]).is_ok_and(|it| it == form));
        assert_eq!(again, Ok(true), "the canonical form is its own");
    }
    true
}
