//! Passive sign-in: the form that brings a token, the cookies of a session, and whose a compact ticket says it is.

use proto::lync::passive::{Brought, Session, is_session_cookie};
use proto::lync::webticket::Ticket;

/// Feeds one input to every reader; says whether one of them took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let brought = Brought::parse(data);
    if let Ok(Some(brought)) = &brought {
        assert!(!brought.assertion_id.is_empty());
    }
    let mut was_read = matches!(brought, Ok(Some(_)));
    let lines = || data.split(|byte| *byte == b'\n');
    if let Ok(Some(session)) = Session::sent(lines()) {
        // What goes on is read as the same session, and by nobody as another.
        let line = session.line();
        let again = Session::sent([line.expose().as_slice()].into_iter());
        assert!(again.is_ok_and(|again| {
            again.is_some_and(|again| again.key().expose() == session.key().expose())
        }));
        let names = line.expose().split(|byte| *byte == b';');
        for name in names.map(<[u8]>::trim_ascii) {
            let end = name.iter().position(|byte| *byte == b'=');
            assert!(is_session_cookie(
                name.get(..end.unwrap_or(0)).unwrap_or_default()
            ));
        }
        was_read = true;
    }
    was_read |= matches!(Session::set(lines()), Ok(Some(_)));
    let ticket = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Ticket::from_header(text).ok());
    was_read | ticket.is_some_and(|ticket| ticket.sid().is_some())
}
