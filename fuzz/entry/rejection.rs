//! Rejections: the reason that a back end gives for not taking a Kerberos token is a number and a short sentence.

use proto::spnego::Rejection;

/// Feeds one input; says whether it holds a reason.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(Some(rejection)) = Rejection::parse(data) else {
        return false;
    };
    assert!(rejection.to_string().len() < 300);
    true
}
