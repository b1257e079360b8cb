//! A request of WS-Federation: whatever is read is written back as a query that says the same.

use proto::form::Form;
use proto::wsfed::{MAX_CONTEXT, MAX_NAME, Request};

/// Feeds one input; says whether it was a request.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(form) = Form::parse(data) else {
        return false;
    };
    let Ok(request) = Request::parse(&form) else {
        return false;
    };
    if let Request::SignIn(request) = &request {
        assert!(!request.wtrealm.is_empty() && request.wtrealm.len() <= MAX_NAME);
        assert!(
            request
                .wctx
                .as_ref()
                .is_none_or(|it| it.len() <= MAX_CONTEXT)
        );
        let query = request.to_query();
        // Encoded anew it may be longer than a form may be.
        if let Ok(form) = Form::parse(query.as_bytes()) {
            assert_eq!(Request::parse(&form), Ok(Request::SignIn(request.clone())));
        }
    }
    true
}
