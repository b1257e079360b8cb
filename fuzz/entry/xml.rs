//! XML: whatever parses has a canonical form that parses to itself, and verifying never panics.

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
    let Ok(canonical) = xml::c14n::exclusive(document.root(), &[]) else {
        return true;
    };
    let limits = Limits {
        bytes: usize::MAX,
        namespace_declarations: usize::MAX,
        ..Limits::DEFAULT
    };
    let again = Document::parse_within(&canonical, limits)
        .map(|again| xml::c14n::exclusive(again.root(), &[]).is_ok_and(|again| again == canonical));
    assert_eq!(again, Ok(true), "the canonical form is its own");
    true
}
