//! How old a sign-in may be, and the mark by which a new one is known to be the one that was asked for.
//!
//! SECURITY: whoever wants a new sign-in gets one: an older session is of no account, and the mark, which a browser carries,
//! is made with a secret of ours for one party and one moment. Start at [`Wanted::is_met`].

use std::fmt;

use authn::session::Session;
use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use proto::wsfed::SignInRequest;

use crate::trust::RelyingPartyTrust;

/// How long a sign-in is the one that was just asked for: the way back takes a moment.
const JUST: SignedDuration = SignedDuration::from_secs(60);
/// What marks are made with.
const LABEL: &[u8] = b"wicketgate wsfed way back";
/// How many hexadecimal digits the code of a mark has.
const DIGITS: usize = 64;

/// What a party, or its request, wants of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    is_new: bool,
    age: Option<SignedDuration>,
    second_factor: Option<SignedDuration>,
}

impl Wanted {
    /// What is wanted for a request.
    pub(super) fn of(request: &SignInRequest, trust: &RelyingPartyTrust) -> Self {
        let is_new = trust.always_require_authentication || request.prompt_login;
        let minutes = |it: u32| SignedDuration::from_mins(it.into());
        let seconds = |it: u32| SignedDuration::from_secs(it.into());
        Self {
            is_new: is_new || request.wfresh == Some(0),
            age: request.wfresh.map(minutes),
            second_factor: request.mfa_max_age.map(seconds),
        }
    }

    /// Whether a session is as new as that.
    pub(super) fn is_met(self, session: &Session, marker: Option<Marker>, now: Timestamp) -> bool {
        let age = now.duration_since(session.begun);
        // What was proved in it was proved when it began.
        let is_within = |limit: Option<SignedDuration>| limit.is_none_or(|limit| age <= limit);
        let has_second = session.second_factor().is_some();
        let second_factor = self.second_factor.filter(|_| has_second);
        let is_asked_for = marker.is_some_and(|it| it.asked <= session.begun) && age <= JUST;
        is_asked_for || (!self.is_new && is_within(self.age) && is_within(second_factor))
    }
}

/// The moment at which somebody was sent to sign in, as it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    asked: Timestamp,
}

impl Marker {
    /// The parameter that it is in.
    pub const NAME: &str = "wicketgate-asked";

    /// Makes one for a request.
    pub(super) fn made(key: &Secret<Vec<u8>>, now: Timestamp, request: &SignInRequest) -> String {
        let asked = now.as_second();
        let code = hmac::sign(&hmac_key(key), &octets(asked, request));
        format!("{asked}.{}", Hexadecimal(code.as_ref()))
    }

    /// Reads one that was made for this request.
    pub(super) fn read(
        key: &Secret<Vec<u8>>,
        text: Option<&str>,
        request: &SignInRequest,
    ) -> Option<Self> {
        let (asked, code) = text?.split_once('.')?;
        let asked: i64 = asked.parse().ok()?;
        if code.len() != DIGITS {
            return None;
        }
        let (pairs, _) = code.as_bytes().as_chunks::<2>();
        let byte = |[high, low]: &[u8; 2]| {
            let digit = |it: u8| char::from(it).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        };
        let code = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
        hmac::verify(&hmac_key(key), &octets(asked, request), &code).ok()?;
        let asked = Timestamp::from_second(asked).ok()?;
        Some(Self { asked })
    }
}

fn hmac_key(key: &Secret<Vec<u8>>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

fn octets(asked: i64, request: &SignInRequest) -> Vec<u8> {
    let mut octets = LABEL.to_vec();
    octets.extend_from_slice(&asked.to_be_bytes());
    octets.extend_from_slice(request.to_query().as_bytes());
    octets
}

struct Hexadecimal<'a>(&'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use authn::account::AccountId;
    use authn::credential::CredentialId;
    use authn::place::{Method, Zone};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn session(begun: i64, methods: &[Method]) -> Session {
        Session {
            account: AccountId("1".to_owned()),
            credential: CredentialId("2".to_owned()),
            token: None,
            methods: methods.to_vec(),
            zone: Zone::EXTERNAL,
            begun: at(begun),
            used: at(begun),
            browser: None,
        }
    }

    fn request(realm: &str) -> SignInRequest {
        SignInRequest {
            wtrealm: realm.to_owned(),
            ..SignInRequest::default()
        }
    }

    const NOTHING: Wanted = Wanted {
        is_new: false,
        age: None,
        second_factor: None,
    };

    #[test]
    fn a_mark_is_of_one_request_and_one_secret() {
        let key = Secret::new(vec![1; 32]);
        let other = Secret::new(vec![2; 32]);
        let made = Marker::made(&key, at(0), &request("urn:a"));
        let read = |key, text: &str, realm| Marker::read(key, Some(text), &request(realm));
        assert_eq!(read(&key, &made, "urn:a"), Some(Marker { asked: at(0) }));
        assert_eq!(read(&other, &made, "urn:a"), None);
        assert_eq!(read(&key, &made, "urn:b"), None);
        let earlier = made.replacen("1800000000", "1700000000", 1);
        let short: String = made.chars().take(made.len() - 2).collect();
        for text in [
            earlier.as_str(),
            short.as_str(),
            "",
            ".",
            "1800000000.",
            "x",
        ] {
            assert_eq!(read(&key, text, "urn:a"), None, "{text}");
        }
        assert_eq!(Marker::read(&key, None, &request("urn:a")), None);
    }

    #[test]
    fn a_new_sign_in_is_one_that_began_after_it_was_asked_for_and_just_now() {
        let wanted = Wanted {
            is_new: true,
            ..NOTHING
        };
        let asked = Some(Marker { asked: at(100) });
        let secret = [Method::MemorisedSecret];
        let is_met = |begun, marker, now| wanted.is_met(&session(begun, &secret), marker, at(now));
        assert!(is_met(101, asked, 105));
        assert!(
            !is_met(101, None, 105),
            "nothing says that it was asked for"
        );
        assert!(!is_met(99, asked, 105), "it was there before");
        assert!(!is_met(101, asked, 162), "it is used again");
        assert!(NOTHING.is_met(&session(0, &secret), None, at(3_000)));
    }

    #[test]
    fn an_age_is_of_the_sign_in_and_of_its_second_factor() {
        let minutes = Wanted {
            age: Some(SignedDuration::from_mins(5)),
            ..NOTHING
        };
        let one = session(0, &[Method::MemorisedSecret]);
        assert!(minutes.is_met(&one, None, at(300)) && !minutes.is_met(&one, None, at(301)));
        let second = Wanted {
            second_factor: Some(SignedDuration::from_secs(10)),
            ..NOTHING
        };
        let two = session(0, &[Method::MemorisedSecret, Method::OneTimeCode]);
        assert!(second.is_met(&two, None, at(10)) && !second.is_met(&two, None, at(11)));
        assert!(
            second.is_met(&one, None, at(11)),
            "there is none whose age counts"
        );
    }
}
