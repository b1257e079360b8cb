//! What is done with an input of the fuzz target `usernamemixed`.

use jiff::{SignedDuration, Timestamp};
use proto::wstrust::active::{Dialect, Fault, Request, Response};
use xml::Verbatim;

/// Reads an input as a request of both dialects; what is taken can be answered, and the answer is a message. Whether either
/// takes it.
pub(crate) fn run(data: &[u8]) -> bool {
    let mut is_taken = false;
    for dialect in Dialect::ALL {
        let Ok(request) = Request::parse(data, dialect) else {
            continue;
        };
        is_taken = true;
        let now = Timestamp::UNIX_EPOCH;
        assert!(request.is_good(request.created));
        let fault = Fault::InvalidScope.to_xml(dialect, (request.message_id.as_deref(), "id"), now);
        let response = Response {
            relates_to: request.message_id,
            context: request.context,
            created: now,
            expires: now + SignedDuration::from_hours(1),
            applies_to: request.applies_to,
            token: Verbatim::parse("<a/>").expect("an element"),
            assertion_id: "_1".to_owned(),
        };
        for text in [fault, response.to_xml(dialect)] {
            let document = proto::soap::document(text.as_bytes()).expect("well-formed");
            proto::soap::Envelope::parse(&document).expect("a message");
        }
    }
    is_taken
}
