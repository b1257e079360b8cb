//! A request of SAML 2.0, in a query or in a form: whatever is read is spelled by us and read again alike.

use jiff::Timestamp;
use proto::form::Form;
use proto::saml::v2::{AuthnRequest, Brought, MAX_MESSAGE, MAX_RELAY_STATE, MESSAGE, SsoRequest};
use xml::{Algorithm, Partner, Policy, VerifyingKeys};

/// Keys that take any signature, so that nothing behind the check stays unreached.
struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn verifies(&self, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// Feeds one input; says whether it was a request.
pub(crate) fn run(data: &[u8]) -> bool {
    read(data).is_some()
}

fn read(data: &[u8]) -> Option<()> {
    let brought = brought(data)?;
    let state = brought.relay_state.as_ref();
    assert!(state.is_none_or(|it| it.len() <= MAX_RELAY_STATE));
    let document = brought.document().ok()?;
    let root = document.root();
    let request = match AuthnRequest::is_signed(root) {
        false => AuthnRequest::read(root).ok()?,
        true => {
            let policy = Policy::default();
            let partner = Partner {
                keys: &AnyKey,
                policy: &policy,
                now: Timestamp::UNIX_EPOCH,
            };
            let verified = xml::signature::verify_of(root, &partner).ok()?;
            let document = verified.document().ok()?;
            AuthnRequest::read(document.root()).ok()?
        }
    };
    let mut wanted = request.wanted;
    assert!(!wanted.issuer.is_empty() && wanted.id.is_some());
    wanted.relay_state = brought.relay_state;
    // Encoded anew it may be longer than a form may be.
    if let Ok(form) = Form::parse(wanted.to_query().as_bytes()) {
        assert_eq!(SsoRequest::parse(&form), Ok(wanted));
    }
    Some(())
}

fn brought(data: &[u8]) -> Option<Brought> {
    let query = std::str::from_utf8(data).ok()?;
    if let Ok(brought) = Brought::of_query(query) {
        return Some(brought);
    }
    let form = Form::parse_with(data, MAX_MESSAGE, &[MESSAGE]).ok()?;
    Brought::of_form(&form).ok()
}
