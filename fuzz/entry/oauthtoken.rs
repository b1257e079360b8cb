//! The form of `/WebTicket/oauthtoken`: what goes on is read as what was read.

use proto::lync::oauthtoken::Request;

/// Feeds one input; says whether a form was read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(request) = Request::parse(data) else {
        return false;
    };
    let onward = request.onward();
    let again = Request::parse(onward.expose().as_bytes()).map(|again| again.onward());
    assert!(again.is_ok_and(|again| again.expose() == onward.expose()));
    true
}
