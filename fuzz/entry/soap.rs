//! SOAP: envelopes, user names, requests for tokens, tokens in answers.

use proto::soap::{Envelope, UsernameToken, document};
use proto::wstrust::v13::{RequestSecurityToken, tokens};

/// Feeds one input; says whether a request or a token was read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(document) = document(data) else {
        return false;
    };
    let Ok(envelope) = Envelope::parse(&document) else {
        return false;
    };
    if let Ok(Some(token)) = UsernameToken::read(&envelope) {
        assert!(!token.username.is_empty());
        let _ = token.decode_base64();
    }
    let issued = tokens(&envelope).is_ok_and(|tokens| !tokens.is_empty());
    let content = envelope.content();
    issued || content.is_ok_and(|element| RequestSecurityToken::parse(element).is_ok())
}
