//! A request that was accepted, as it goes with a browser through our pages and comes back to us.
//!
//! Nothing is kept of it: the address says what is wanted, in our own spelling, and when it came. SECURITY: with it goes a
//! MAC over that, so that nobody but us spells one: whose request it was, and that it was signed where that is wanted, was
//! looked at before. Start at [`Accepted::read`].

use std::fmt::Write;

use authn::sign_in::LIFE;
use aws_lc_rs::{constant_time, hmac};
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::saml::v2::SsoRequest;
use proto::secret::Secret;

use crate::flow::wsfed::PATH;
use crate::trust::Sha1Until;

/// What the MACs are made with.
const LABEL: &[u8] = b"wicketgate saml request";
/// The parameter that says when it came.
const CAME: &str = "wicketgate-came";
/// The parameter that says until when what it was signed by is believed, where that is SHA-1.
const BY_SHA1: &str = "wicketgate-sha1";
/// How long it is good: as long as a sign-in may take, and the way back.
pub(super) const LASTS: SignedDuration = SignedDuration::from_secs(LIFE.as_secs() + 60);

/// A request that was accepted.
///
/// **Proves** that it was looked at when it came: its sender is a party of ours, signed it where that is wanted, and meant
/// us, by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub(super) wanted: SsoRequest,
    came: Timestamp,
    /// Until when what it was signed by is believed of its party, where that is SHA-1.
    pub(super) by_sha1: Option<Sha1Until>,
}

impl Accepted {
    /// The parameter that its MAC is in, and by which an address is known to bring one.
    pub const NAME: &str = "wicketgate-saml";

    /// INVARIANT: called where the request was looked at, and nowhere else.
    pub(super) fn new((wanted, by_sha1): (SsoRequest, Option<Sha1Until>), now: Timestamp) -> Self {
        // It comes back as a whole second.
        let came = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self {
            wanted,
            came,
            by_sha1,
        }
    }

    /// What is wanted.
    #[must_use]
    pub fn wanted(&self) -> &SsoRequest {
        &self.wanted
    }

    /// The path of ours that it comes back by.
    pub(super) fn path(&self, key: &Secret<Vec<u8>>) -> String {
        let said = self.said();
        let mac = mac(key, &said);
        format!("{PATH}?{said}&{}={mac}", Self::NAME)
    }

    /// It, as it stands in that path.
    pub(super) fn said(&self) -> String {
        let Self {
            wanted,
            came,
            by_sha1,
        } = self;
        let by_sha1 = by_sha1.map(|until| format!("&{BY_SHA1}={until}"));
        let (asked, by_sha1) = (wanted.to_query(), by_sha1.unwrap_or_default());
        format!("{asked}&{CAME}={}{by_sha1}", came.as_second())
    }

    /// Reads one that was spelled by us, not too long ago.
    pub(super) fn read(key: &Secret<Vec<u8>>, form: &Form, now: Timestamp) -> Option<Self> {
        let field = |name| form.only(name).map(|it| it.expose().as_str());
        let came = Timestamp::from_second(field(CAME)?.parse().ok()?).ok()?;
        let wanted = SsoRequest::parse(form).ok()?;
        let by_sha1 = match field(BY_SHA1) {
            Some(until) => Some(Sha1Until::parse(until)?),
            None => None,
        };
        let accepted = Self {
            wanted,
            came,
            by_sha1,
        };
        let expected = mac(key, &accepted.said());
        let code = field(Self::NAME)?.as_bytes();
        constant_time::verify_slices_are_equal(expected.as_bytes(), code).ok()?;
        let age = now.duration_since(came);
        (!age.is_negative() && age <= LASTS).then_some(accepted)
    }
}

fn mac(key: &Secret<Vec<u8>>, said: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let code = hmac::sign(&key, &[LABEL, said.as_bytes()].concat());
    code.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn t_saml_2_what_nobody_but_us_spelled_is_read_for_a_while_and_nothing_else() {
        let (key, other) = (Secret::new(vec![1; 32]), Secret::new(vec![2; 32]));
        let wanted = SsoRequest {
            issuer: "urn:sp".to_owned(),
            id: Some("_1".to_owned()),
            relay_state: Some("a=b&c".to_owned()),
            force_authn: true,
            ..SsoRequest::default()
        };
        let until = Sha1Until::parse("2027-06-30");
        let accepted = Accepted::new((wanted, until), at(0));
        let path = accepted.path(&key);
        let query = path.strip_prefix("/adfs/ls/?").unwrap();
        let read = |key, query: &str, second| {
            Accepted::read(key, &Form::parse(query.as_bytes()).unwrap(), at(second))
        };
        assert_eq!(read(&key, query, 1), Some(accepted.clone()));
        let last = LASTS.as_secs();
        assert_eq!(read(&key, query, last), Some(accepted));
        assert_eq!(read(&key, query, last + 1), None);
        assert_eq!(read(&key, query, -1), None);
        assert_eq!(read(&other, query, 1), None);
        for (part, with) in [
            ("urn%3Asp", "urn%3Aother"),
            ("ID=_1", "ID=_2"),
            ("ForceAuthn=true&", ""),
            ("1800000000", "1800000001"),
            ("2027-06-30", "2027-06-31"),
            ("2027-06-30", "2027-07-30"),
            ("&wicketgate-sha1=2027-06-30", ""),
            ("wicketgate-saml=", "wicketgate-saml=0"),
            ("&wicketgate-saml=", "&other="),
        ] {
            let changed = query.replacen(part, with, 1);
            assert_ne!(changed, query);
            assert_eq!(read(&key, &changed, 2), None, "{changed}");
        }
    }
}
