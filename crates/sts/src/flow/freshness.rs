//! How old a sign-in may be, and the mark by which a new one is known to be the one that was asked for.
//!
//! SECURITY: whoever wants a new sign-in gets one: an older session is of no account, and the mark, which a browser carries,
//! is made with a secret of ours for one request, one browser and one moment; a session is the one that was asked for once.
//! Start at [`Wanted::met`].

use std::fmt;

use authn::session::Session;
use authn::sign_in::LIFE;
use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use proto::wsfed::SignInRequest;

use crate::trust::RelyingPartyTrust;

/// How long a sign-in is the one that was just asked for: the way back takes a moment.
const JUST: SignedDuration = SignedDuration::from_secs(60);
/// How long a mark is good: as long as a sign-in may take, and the way back.
const LASTS: SignedDuration = SignedDuration::from_secs(LIFE.as_secs() + JUST.as_secs());
/// What marks are made with.
const LABEL: &[u8] = b"wicketgate wsfed way back";
/// How many hexadecimal digits the code of a mark has.
const DIGITS: usize = 64;

/// What a party, or its request, wants of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Wanted {
    is_new: bool,
    age: Option<SignedDuration>,
    second_factor: Option<SignedDuration>,
}

impl Wanted {
    /// What is wanted for a request.
    pub(in crate::flow) fn of(request: &SignInRequest, trust: &RelyingPartyTrust) -> Self {
        let is_new = trust.always_require_authentication || request.prompt_login;
        let minutes = |it: u32| SignedDuration::from_mins(it.into());
        let seconds = |it: u32| SignedDuration::from_secs(it.into());
        Self {
            is_new: is_new || request.wfresh == Some(0),
            age: request.wfresh.map(minutes),
            second_factor: request.mfa_max_age.map(seconds),
        }
    }

    /// A new sign-in, or any.
    pub(in crate::flow) fn new_where(is_new: bool) -> Self {
        Self {
            is_new,
            age: None,
            second_factor: None,
        }
    }

    /// Whether a session is as new as that, and by what.
    pub(in crate::flow) fn met(
        self,
        session: &Session,
        marker: Option<Marker>,
        now: Timestamp,
    ) -> Met {
        let age = now.duration_since(session.begun);
        // What was proved in it was proved when it began.
        let is_within = |limit: Option<SignedDuration>| limit.is_none_or(|limit| age <= limit);
        let has_second = session.second_factor().is_some();
        let second_factor = self.second_factor.filter(|_| has_second);
        if !self.is_new && is_within(self.age) && is_within(second_factor) {
            return Met::ByAge;
        }
        let is_asked_for = marker.is_some_and(|it| it.asked <= session.begun) && age <= JUST;
        match is_asked_for {
            true => Met::AsAskedFor,
            false => Met::No,
        }
    }
}

/// By what a session is as new as is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Met {
    /// By nothing.
    No,
    /// By its age.
    ByAge,
    /// It is the one that was asked for: it is that once.
    AsAskedFor,
}

/// What a browser is known by between the request of a party and the sign-in that follows on it: random, in a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser(String);

impl Browser {
    /// A new one.
    pub(in crate::flow) fn new(random: [u8; 16]) -> Self {
        Self(Hexadecimal(&random).to_string())
    }

    /// Reads one from its cookie.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// What its cookie holds.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

    /// Makes one for a request of a browser, in our own spelling.
    pub(in crate::flow) fn made(
        key: &Secret<Vec<u8>>,
        now: Timestamp,
        (request, browser): (&str, &Browser),
    ) -> String {
        let asked = now.as_second();
        let code = hmac::sign(&hmac_key(key), &octets(asked, request, browser));
        format!("{asked}.{}", Hexadecimal(code.as_ref()))
    }

    /// Reads one that was made for this request of this browser, not too long ago.
    pub(in crate::flow) fn read(
        key: &Secret<Vec<u8>>,
        text: Option<&str>,
        (request, browser): (&str, Option<&Browser>),
        now: Timestamp,
    ) -> Option<Self> {
        let browser = browser?;
        let (asked, code) = text?.split_once('.')?;
        let asked: i64 = asked.parse().ok()?;
        let age = now.as_second().checked_sub(asked)?;
        if !(0..=LASTS.as_secs()).contains(&age) {
            return None;
        }
        if code.len() != DIGITS {
            return None;
        }
        let (pairs, _) = code.as_bytes().as_chunks::<2>();
        let byte = |[high, low]: &[u8; 2]| {
            let digit = |it: u8| char::from(it).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        };
        let code = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
        hmac::verify(&hmac_key(key), &octets(asked, request, browser), &code).ok()?;
        let asked = Timestamp::from_second(asked).ok()?;
        Some(Self { asked })
    }
}

fn hmac_key(key: &Secret<Vec<u8>>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

fn octets(asked: i64, request: &str, browser: &Browser) -> Vec<u8> {
    let mut octets = LABEL.to_vec();
    octets.extend_from_slice(&asked.to_be_bytes());
    octets.extend_from_slice(browser.0.as_bytes());
    octets.extend_from_slice(request.as_bytes());
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
            made: None,
            token: None,
            methods: methods.to_vec(),
            zone: Zone::EXTERNAL,
            begun: at(begun),
            used: at(begun),
            browser: None,
            stays: None,
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
        let browser = Browser::new([5; 16]);
        let made = Marker::made(&key, at(0), ("urn:a", &browser));
        let read_at = |key, text: &str, (realm, browser), second| {
            Marker::read(key, Some(text), (realm, browser), at(second))
        };
        let read = |key, text: &str, realm| read_at(key, text, (realm, Some(&browser)), 9);
        assert_eq!(read(&key, &made, "urn:a"), Some(Marker { asked: at(0) }));
        let elsewhere = Browser::new([6; 16]);
        for browser in [Some(&elsewhere), None] {
            assert_eq!(read_at(&key, &made, ("urn:a", browser), 9), None);
        }
        let (own, last) = (("urn:a", Some(&browser)), LASTS.as_secs());
        assert!(read_at(&key, &made, own, last).is_some());
        assert_eq!(read_at(&key, &made, own, last + 1), None, "it has an end");
        assert_eq!(read_at(&key, &made, own, -1), None, "it is of the future");
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
        let own = ("urn:a", Some(&browser));
        assert_eq!(Marker::read(&key, None, own, at(9)), None);
    }

    #[test]
    fn a_browser_is_known_by_what_its_cookie_holds() {
        let browser = Browser::new([5; 16]);
        assert_eq!(Browser::parse(browser.as_str()), Some(browser));
        for text in ["", "0505", "g5050505050505050505050505050505"] {
            assert_eq!(Browser::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_sign_in_is_one_that_began_after_it_was_asked_for_and_just_now() {
        let wanted = Wanted {
            is_new: true,
            ..NOTHING
        };
        let asked = Some(Marker { asked: at(100) });
        let secret = [Method::MemorisedSecret];
        let met = |begun, marker, now| wanted.met(&session(begun, &secret), marker, at(now));
        let is_met = |begun, marker, now| met(begun, marker, now) != Met::No;
        assert_eq!(met(101, asked, 105), Met::AsAskedFor);
        assert!(
            !is_met(101, None, 105),
            "nothing says that it was asked for"
        );
        assert!(!is_met(99, asked, 105), "it was there before");
        assert!(!is_met(101, asked, 162), "it is used again");
        let old = NOTHING.met(&session(0, &secret), asked, at(3_000));
        assert_eq!(old, Met::ByAge);
    }

    #[test]
    fn an_age_is_of_the_sign_in_and_of_its_second_factor() {
        let minutes = Wanted {
            age: Some(SignedDuration::from_mins(5)),
            ..NOTHING
        };
        let one = session(0, &[Method::MemorisedSecret]);
        let is_met = |wanted: Wanted, session: &Session, second| {
            wanted.met(session, None, at(second)) == Met::ByAge
        };
        assert!(is_met(minutes, &one, 300) && !is_met(minutes, &one, 301));
        let second = Wanted {
            second_factor: Some(SignedDuration::from_secs(10)),
            ..NOTHING
        };
        let two = session(0, &[Method::MemorisedSecret, Method::OneTimeCode]);
        assert!(is_met(second, &two, 10) && !is_met(second, &two, 11));
        assert!(is_met(second, &one, 11), "there is none whose age counts");
    }
}
