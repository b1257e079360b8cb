//! The answer of a claims provider: the form, the response in it, and what its assertion says, once a key has signed it.

use proto::form::Form;
use proto::saml::received::{MAX_ID, MAX_VALUES, Received};
use proto::wsfed::{MAX_ANSWER, MESSAGE, ProviderAnswer, assertion_in};
use xml::{Algorithm, Document, Limits, Prepared, Verbatim, VerifyingKeys};

/// Keys that take any signature, so that nothing behind the check stays unreached.
struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn verifies(&self, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// What is signed here may be as large as what was read.
const LIMITS: Limits = Limits {
    bytes: 2 * MAX_ANSWER,
    nodes: 16_384,
    ..Limits::DEFAULT
};

/// Feeds one input; says whether it was an answer with an assertion that is read.
pub(crate) fn run(data: &[u8]) -> bool {
    read(data).is_some()
}

fn read(data: &[u8]) -> Option<()> {
    let form = Form::parse_with(data, MAX_ANSWER, &[MESSAGE]).ok()?;
    let answer = ProviderAnswer::parse(&form).ok()?;
    let document = answer.document().ok()?;
    let assertion = assertion_in(&document).ok()?;
    let signed = signed(assertion.source())?;
    let document = Document::parse_within(&signed, LIMITS).ok()?;
    let verified = xml::signature::verify(document.root(), &AnyKey).ok()?;
    let received = Received::read(&verified).ok()?;
    assert!((1..=MAX_ID).contains(&received.id.len()));
    assert!(!received.issuer.is_empty() && received.statements.len() <= MAX_VALUES);
    // What was verified is read alike, however often.
    assert_eq!(Received::read(&verified), Ok(received));
    Some(())
}

fn signed(assertion: &str) -> Option<String> {
    let unsigned = Verbatim::parse_within(assertion, LIMITS).ok()?;
    let prepared = Prepared::new(&unsigned, Algorithm::EcdsaSha256, None).ok()?;
    let signed = prepared.attach(&[0; 64]).into_verbatim();
    Some(signed.as_str().to_owned())
}
