//! Web tickets: requests, tickets in answers and in headers.

use proto::lync::diagnostics::MsDiagnostics;
use proto::lync::webticket::{Request, Ticket};
use proto::soap::{Envelope, UsernameToken, document};

/// Feeds one input to every reader; says whether one of them took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let mut was_read = Request::parse_bytes(data).is_ok();
    was_read |= Ticket::in_answer(data).is_ok_and(|tickets| !tickets.is_empty());
    was_read |= Ticket::in_oauth_answer(data).is_ok();
    if let Ok(document) = document(data)
        && let Ok(envelope) = Envelope::parse(&document)
    {
        was_read |= matches!(Ticket::from_security_header(&envelope), Ok(Some(_)));
        was_read |= is_request(&envelope);
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return was_read;
    };
    if let Ok(ticket) = Ticket::from_header(text) {
        assert!(ticket.key().expose().len() > 4);
        was_read = true;
    }
    was_read |= matches!(Ticket::from_authorization(text), Ok(Some(_)));
    if let Ok(diagnostics) = MsDiagnostics::parse(text) {
        let written = diagnostics.to_header_value();
        assert!(written.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        was_read = true;
    }
    was_read
}

/// Whether a request was read: the one that is forwarded names nobody in its header.
fn is_request(envelope: &Envelope<'_, '_>) -> bool {
    let Ok(request) = Request::parse_with_username_token(envelope) else {
        assert!(Request::parse(envelope).is_err());
        return false;
    };
    assert_eq!(
        Request::parse(envelope).is_err(),
        request.holds_username_token()
    );
    if !request.holds_username_token() {
        assert!(matches!(UsernameToken::read(envelope), Ok(None)));
        assert!(matches!(Ticket::from_security_header(envelope), Ok(None)));
    }
    true
}
