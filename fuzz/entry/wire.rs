//! What gates and their authentication server say to each other: whatever is read comes out as it went in.

use authn::wire::{
    After, Answered, Asked, Hello, Noted, OfSession, Relayed, Revocations, Standing, TokenAnswer,
    TokenAsked, ask,
};

/// Feeds one input to every reader; says whether one took it.
pub(crate) fn run(data: &[u8]) -> bool {
    let asked = Asked::parse(data);
    if let Ok(asked) = &asked {
        let (body, digest) = ask(&asked.attempt, [0; 16]).unwrap();
        let again = Asked::parse(&body).unwrap();
        assert_eq!(again.digest, digest);
        assert_eq!(
            format!("{:?}", again.attempt),
            format!("{:?}", asked.attempt)
        );
    }
    let others = [
        Answered::parse(data).is_ok(),
        Hello::parse(data).is_ok(),
        After::parse(data).is_ok(),
        Revocations::parse(data).is_ok(),
        Standing::parse(data).is_ok(),
        Relayed::parse(data).is_ok(),
        Noted::parse(data).is_ok(),
        TokenAsked::parse(data).is_ok(),
        TokenAnswer::parse(data).is_ok(),
        OfSession::parse(data).is_ok(),
    ];
    asked.is_ok() || others.contains(&true)
}
