//! SPNEGO: a client's tokens one after the other, to the end of the exchange; the challenge and the
//! session's key are always the same.
//!
//! An input is a list of tokens, each with its length before it (two bytes, little endian).

use std::sync::LazyLock;

use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{Challenge, FileTime, Negotiate, SessionKey, Target};
use proto::spnego::{Acceptor, Step};

/// How far an input gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// A token was refused, or there were too few.
    Nothing,
    /// Both NTLM messages were found; the mechanism list was not protected as it must be.
    BothMessages,
    /// The exchange was completed.
    Completion,
    /// A token of Kerberos was found, where that is taken.
    Kerberos,
}

/// The client that the seeds are made with.
pub(crate) fn client() -> Client {
    Client::new("anna", "CONTOSO", "3v8kq-7m2xt-hd5np-c9wra-4jbf6")
}

/// What answers a type 1 message here, whatever it says: our challenge, the client's type 3 and the
/// key that both sides have then.
pub(crate) static EXCHANGE: LazyLock<(Vec<u8>, Vec<u8>, SessionKey)> = LazyLock::new(exchange);

fn exchange() -> (Vec<u8>, Vec<u8>, SessionKey) {
    let negotiate = Negotiate::parse(&client().negotiate()).expect("our own message");
    let now = FileTime(133_000_000_000_000_000);
    let challenge = Challenge::answer(negotiate, &Target::default(), [1; 8], now);
    let draw = Draw {
        client_challenge: [9; 8],
        session_key: [5; 16],
        time: None,
    };
    let answer = client().authenticate(challenge.as_bytes(), draw);
    let (authenticate, key) = answer.expect("our own challenge");
    (challenge.as_bytes().to_vec(), authenticate, key)
}

/// Feeds one input; says how far it got, and whether it is one of Kerberos where that is taken.
pub(crate) fn run(data: &[u8]) -> Reached {
    let by_ntlm = until_its_end(data, Acceptor::new());
    let or_kerberos = until_its_end(data, Acceptor::or_kerberos());
    if or_kerberos != Reached::Kerberos {
        assert_eq!(or_kerberos, by_ntlm, "Kerberos changes nothing for NTLM");
    }
    match by_ntlm {
        Reached::Nothing => or_kerberos,
        reached => reached,
    }
}

fn until_its_end(mut data: &[u8], mut acceptor: Acceptor) -> Reached {
    let (challenge, _, key) = &*EXCHANGE;
    let mut found = 0;
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length));
        let Some((token, rest)) = rest.split_at_checked(length) else {
            return Reached::Nothing;
        };
        data = rest;
        match acceptor.token(token) {
            Ok(Step::Ntlm(_)) => {
                found += 1;
                if found == 1 {
                    assert!(acceptor.wrap_challenge(challenge).ends_with(challenge));
                }
            }
            Ok(Step::Kerberos(token)) => {
                let last = acceptor.accepted(Some(&token));
                assert!(last.is_some_and(|last| last.ends_with(&token)));
                return Reached::Kerberos;
            }
            Ok(Step::Answer(answer)) => assert!(!answer.is_empty()),
            Err(_) => return Reached::Nothing,
        }
    }
    assert!(found <= 2, "an exchange has two NTLM messages");
    if found < 2 {
        return Reached::Nothing;
    }
    match acceptor.complete(key) {
        Ok(last) => {
            assert!(last.is_none_or(|last| !last.is_empty()));
            Reached::Completion
        }
        Err(_) => Reached::BothMessages,
    }
}
