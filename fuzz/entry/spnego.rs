//! SPNEGO: a client's tokens one after the other, the challenge and the key always the same.
//!
//! An input is a list of tokens, each with its length before it (two bytes, little endian).

use proto::spnego::{Acceptor, Step};

/// Feeds one input; says whether both NTLM messages were found in it.
pub(crate) fn run(mut data: &[u8]) -> bool {
    let mut acceptor = Acceptor::new();
    let mut found = 0;
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length));
        let Some((token, rest)) = rest.split_at_checked(length) else {
            return false;
        };
        data = rest;
        match acceptor.token(token) {
            Ok(Step::Ntlm(_)) => {
                found += 1;
                if found == 1 {
                    assert!(!acceptor.wrap_challenge(b"NTLMSSP\0\x02\0\0\0").is_empty());
                }
            }
            Ok(Step::Answer(answer)) => assert!(!answer.is_empty()),
            Err(_) => return false,
        }
    }
    assert!(found <= 2, "an exchange has two NTLM messages");
    found == 2
}
