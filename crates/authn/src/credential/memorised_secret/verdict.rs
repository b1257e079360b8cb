//! What was found of a typed text, known again: so that the same text is hashed and counted once, whether it was right or
//! wrong.
//!
//! SECURITY: a device goes on sending what is good for nothing, and must not lock its owner; so a text that comes again
//! takes no place. Were that so of right secrets alone, whoever sends a text ten times would learn which it is. A verdict
//! is known by a keyed MAC and never by the text; the MAC is over the verdict, too, so that nobody makes one right who can
//! write to the store alone. Start at [`Tried`].

use std::fmt;

use aws_lc_rs::hmac;
use proto::secret::Secret;

use super::{MemorisedSecret, SecretPlace};
use crate::place::SourceNetwork;

/// So many texts of a subject are known at once; those that were typed last stay.
pub const MAX_KNOWN: u32 = 64;

/// What a verdict is known by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerdictTag(pub [u8; 32]);

impl fmt::Debug for VerdictTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerdictTag(..)")
    }
}

/// What was typed, and for which secret: by what either verdict on it would be known. Another secret makes it unknown, and
/// so does another place at which a code begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    right: VerdictTag,
    wrong: VerdictTag,
}

impl Tried {
    /// What somebody typed under a name, taken apart.
    #[must_use]
    pub fn of(
        key: &Secret<Vec<u8>>,
        (name, network, record): (&str, &SourceNetwork, Option<&MemorisedSecret>),
        (secret, code): (&Secret<String>, Option<&Secret<String>>),
    ) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        // SECURITY: the network as well, or what somebody's device sent would be known to strangers, past their budget.
        // The name as well, or a text that is known by another name of the same account would tell that there is
        // one.
        let account = record.map_or("", |record| record.account.0.as_str());
        let credential = record.map_or("", |record| record.id.0.as_str());
        let code = code.map_or("", |code| code.expose().as_str());
        let tag = |verdict: &str| {
            let mut context = hmac::Context::with_key(&key);
            context.update(b"wicketgate verdict\0");
            let from = network.0.as_str();
            for part in [
                verdict,
                name,
                from,
                account,
                credential,
                secret.expose(),
                code,
            ] {
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                context.update(&length.to_be_bytes());
                context.update(part.as_bytes());
            }
            let tag = context.sign();
            VerdictTag(tag.as_ref().first_chunk().copied().unwrap_or_default())
        };
        Self {
            right: tag("right"),
            wrong: tag("wrong"),
        }
    }

    /// By what a verdict on it is known.
    #[must_use]
    pub fn tag(&self, is_right: bool) -> &VerdictTag {
        match is_right {
            true => &self.right,
            false => &self.wrong,
        }
    }
}

/// What a budget answers to whoever asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A place was taken: it may be hashed.
    Taken,
    /// What was typed was hashed before; no place was taken, and no hash is owed.
    Known {
        /// What was found then.
        is_right: bool,
    },
    /// There is none.
    Full,
}

impl Room {
    /// Whether a place was taken.
    #[must_use]
    pub fn is_taken(self) -> bool {
        self == Self::Taken
    }
}

/// A text that was hashed: its place, and what was found. A refusal makes it known; where it is by then, as it came over
/// several connections at once, its place is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guessed {
    /// The place.
    pub place: SecretPlace,
    /// By what the verdict is known.
    pub verdict: VerdictTag,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::account::AccountId;
    use crate::credential::CredentialId;

    fn text(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_verdict_is_of_one_text_one_secret_and_one_key_and_says_which_it_is() {
        let record = |account: &str, id: &str| MemorisedSecret {
            id: CredentialId(id.to_owned()),
            account: AccountId(account.to_owned()),
            set: Timestamp::UNIX_EPOCH,
            last_used: None,
            disowned: None,
        };
        let [key, other] = [1, 2].map(|byte| Secret::new(vec![byte; 32]));
        let annas = record("anna", "one");
        let of = |key, record, secret: &str, code: Option<&str>| {
            let code = code.map(text);
            let home = SourceNetwork("10.0.0.0/24".to_owned());
            Tried::of(key, ("anna", &home, record), (&text(secret), code.as_ref()))
        };
        let tried = of(&key, Some(&annas), "horses", Some("123456"));
        assert_eq!(tried, of(&key, Some(&annas), "horses", Some("123456")));
        assert_ne!(tried.tag(true), tried.tag(false));
        let (renewed, bens) = (record("anna", "two"), record("ben", "one"));
        for another in [
            of(&other, Some(&annas), "horses", Some("123456")),
            of(&key, Some(&renewed), "horses", Some("123456")),
            of(&key, Some(&bens), "horses", Some("123456")),
            of(&key, None, "horses", Some("123456")),
            of(&key, Some(&annas), "horses1", Some("23456")),
            of(&key, Some(&annas), "horses123456", None),
            of(&key, Some(&annas), "horses", Some("123457")),
        ] {
            assert_ne!(tried.tag(true), another.tag(true));
            assert_ne!(tried.tag(false), another.tag(false));
        }
        let typed = (&text("horses"), Some(&text("123456")));
        let home = SourceNetwork("10.0.0.0/24".to_owned());
        let by_mail = Tried::of(&key, ("anna@contoso.com", &home, Some(&annas)), typed);
        let elsewhere = SourceNetwork("10.0.1.0/24".to_owned());
        let by_stranger = Tried::of(&key, ("anna", &elsewhere, Some(&annas)), typed);
        assert_ne!(
            tried, by_stranger,
            "known from one network, it is unknown from another"
        );
        assert_ne!(
            tried, by_mail,
            "known by one name, it is unknown by another"
        );
        let shown = "Tried { right: VerdictTag(..), wrong: VerdictTag(..) }";
        assert_eq!(format!("{tried:?}"), shown);
    }
}
