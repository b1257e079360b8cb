//! Certificates: in provisioning's answers, and in the requests that they signed.

use proto::lync::certificate::Certificate;
use proto::lync::webticket::{Request, SignedRequest, Ticket};
use proto::soap::{Envelope, document};

/// Feeds one input to both readers; says whether one of them took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let answered = Certificate::in_answer(data);
    if let Ok(Some(certificate)) = &answered {
        assert!(certificate.key().expose().ends_with(certificate.as_der()));
    }
    let was_answered = matches!(answered, Ok(Some(_)));
    let Ok(document) = document(data) else {
        return was_answered;
    };
    let Ok(envelope) = Envelope::parse(&document) else {
        return was_answered;
    };
    let is_signed = SignedRequest::parse(&envelope).is_ok();
    if is_signed {
        // A message has one sender: nobody else may take it for one of theirs.
        assert!(Request::parse_with_username_token(&envelope).is_err());
        assert!(Ticket::from_security_header(&envelope).is_err());
    }
    was_answered || is_signed
}
