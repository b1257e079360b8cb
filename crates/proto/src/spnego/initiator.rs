//! SPNEGO towards a back end (RFC 4178 4.2.1): one finished Kerberos token, and no choice.

use super::der::{DerError, MAX_TOKEN, value};
use super::token::{
    APPLICATION, KERBEROS, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SPNEGO, context,
};

/// More than all frames around a token.
const FRAMES: usize = 64;

/// A NegTokenInit that offers Kerberos and nothing else, with its first token. There is no list to choose
/// from, and so no MIC over one.
///
/// # Errors
///
/// The token is longer than any real one.
pub fn offer_kerberos(token: &[u8]) -> Result<Vec<u8>, DerError> {
    if token.len() > MAX_TOKEN - FRAMES {
        return Err(DerError::TooLong);
    }
    let list = value(SEQUENCE, &value(OBJECT_IDENTIFIER, KERBEROS));
    let fields = [
        value(context(0), &list),
        value(context(2), &value(OCTET_STRING, token)),
    ];
    let init = value(context(0), &value(SEQUENCE, &fields.concat()));
    let framed = [value(OBJECT_IDENTIFIER, SPNEGO), init].concat();
    Ok(value(APPLICATION, &framed))
}

#[cfg(test)]
mod tests {
    use super::super::token::Token;
    use super::*;

    #[test]
    fn what_is_offered_is_kerberos_alone_with_its_token() {
        for length in [0, 1, 127, 128, 255, 256, 1700, MAX_TOKEN - FRAMES] {
            let token = vec![7; length];
            let offered = offer_kerberos(&token).unwrap();
            let Token::Init(init) = Token::parse(&offered).unwrap() else {
                panic!("not a first token");
            };
            assert_eq!(init.mechanisms, [KERBEROS]);
            assert_eq!(init.token, Some(token.as_slice()));
        }
    }

    #[test]
    fn a_token_longer_than_any_is_refused() {
        let token = vec![7; MAX_TOKEN - FRAMES + 1];
        assert_eq!(offer_kerberos(&token), Err(DerError::TooLong));
    }
}
