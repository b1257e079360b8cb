//! Session grants: what a one-time code buys, so that the same typed secret opens Lync, Autodiscover and EWS while the
//! code stays spent (S43).
//!
//! A grant is known by a keyed MAC of what was typed and never by the text. It is good for one account, one app
//! password or memorised secret, one token or destination of sent codes, and one client: its address, its TLS, or both, as the
//! policy says ([`BoundTo`]). One that has ended is kept: a device that goes on sending a spent code
//! is known by it, and counted once. Start at [`Grant`].

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::CredentialId;
use super::otp_token::{Acceptance, CodeReservation};
use super::sent_code::{ClientCode, CodeOrder};
use crate::account::AccountId;
use crate::place::TlsFingerprint;

/// How long a grant lasts that nobody uses.
pub const IDLE: SignedDuration = SignedDuration::from_mins(10);
/// How long a grant lasts in all.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(10);
/// After how long a connection that a grant opened proves itself anew, and so uses the grant.
pub const PROVED_ANEW: SignedDuration = SignedDuration::from_mins(5);
/// How long a typed secret is known whose grant has ended, or that had a wrong code.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a typed secret is being looked at, if nobody says what became of it.
pub const CLAIMED: SignedDuration = SignedDuration::from_secs(10);
/// So many typed secrets of an account are known at once; those that were made first go.
pub const MAX_PER_ACCOUNT: u32 = 64;

/// What a grant is known by: an HMAC over the account and what was typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantKey(pub [u8; 32]);

impl GrantKey {
    /// The key of what somebody typed.
    #[must_use]
    pub fn of(key: &Secret<Vec<u8>>, account: Option<&AccountId>, typed: &Secret<String>) -> Self {
        let account = account.map_or("", |account| account.0.as_str());
        Self::of_parts(key, (account, ""), typed)
    }

    /// The key of what somebody typed at one client.
    #[must_use]
    pub fn of_client(
        key: &Secret<Vec<u8>>,
        (account, client): (&AccountId, &Client),
        typed: &Secret<String>,
    ) -> Self {
        // No client is called by nothing, and no id has this in it.
        let at = format!("\0{}\0", client.0);
        Self::of_parts(key, (&account.0, &at), typed)
    }

    fn of_parts(
        key: &Secret<Vec<u8>>,
        (account, at): (&str, &str),
        typed: &Secret<String>,
    ) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        let mut context = hmac::Context::with_key(&key);
        let account = [account, at].concat();
        let length = u64::try_from(account.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(account.as_bytes());
        context.update(typed.expose().as_bytes());
        let tag = context.sign();
        Self(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantKey(..)")
    }
}

/// A client, in text: one IPv4 address, or a /64 of IPv6, and behind a space the fingerprint of its TLS where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client(pub String);

/// What of a client must be the same, for which a grant is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundTo {
    /// Its address.
    #[default]
    Address,
    /// The fingerprint of its TLS, wherever it is.
    TlsFingerprint,
    /// Both.
    Both,
}

impl BoundTo {
    /// Whether a client can be known again by it.
    ///
    /// SECURITY: where its TLS is not known, no grant is good that is bound to that.
    #[must_use]
    pub fn knows(self, client: &Client) -> bool {
        self == Self::Address || client.tls().is_some()
    }

    /// Whether two are one client.
    #[must_use]
    pub fn is_one(self, one: &Client, other: &Client) -> bool {
        let is_there = one.address() == other.address();
        let is_alike = one.tls().is_some() && one.tls() == other.tls();
        match self {
            Self::Address => is_there,
            Self::TlsFingerprint => is_alike,
            Self::Both => is_there && is_alike,
        }
    }
}

impl Client {
    /// The client at an address, with the fingerprint of its TLS where that is known.
    #[must_use]
    pub fn of(address: IpAddr, tls: Option<&TlsFingerprint>) -> Self {
        let at = Self::from(address).0;
        match tls {
            Some(tls) => Self(format!("{at} {tls}")),
            None => Self(at),
        }
    }

    fn address(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    fn tls(&self) -> Option<&str> {
        self.0.split_once(' ').map(|(_, tls)| tls)
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(format!("{v4}/32")),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                Self(format!("{}/64", Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// A grant, or the memory of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it is known by.
    pub key: GrantKey,
    /// Whose it is.
    pub account: AccountId,
    /// The app password or the memorised secret that was typed.
    pub credential: CredentialId,
    /// The token whose code was typed, or what stands for the destination of one that was sent; nothing where that was
    /// wrong, or is being looked at.
    pub token: Option<CredentialId>,
    /// The client, with all that is known of it; what of that must be the same, the policy says.
    pub client: Client,
    /// When it was bought.
    pub made: Timestamp,
    /// When it was used last.
    pub used: Timestamp,
    /// When it ends, however it is used.
    pub ends: Timestamp,
}

impl Grant {
    /// Whether its code is being looked at.
    #[must_use]
    pub fn is_claim(&self, now: Timestamp) -> bool {
        self.token.is_none() && now < self.ends
    }

    /// Whether it lets a client in that must be the same by this.
    #[must_use]
    pub fn is_good(&self, (client, bound_to): (&Client, BoundTo), now: Timestamp) -> bool {
        self.lasts(now) && bound_to.is_one(&self.client, client)
    }

    /// Whether it lets anybody in.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        let idle = now.duration_since(self.used);
        self.token.is_some() && now < self.ends && idle < IDLE
    }

    /// Whether a client with nothing but this address had it.
    #[must_use]
    pub fn is_of(&self, address: IpAddr) -> bool {
        self.client.address() == Client::from(address).0
    }
}

/// What a settlement does about a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CodeSettlement {
    /// Nothing: none was looked at.
    #[default]
    None,
    /// Nothing, by as many statements as where what was typed is known: how long a refusal takes must not tell whether
    /// its secret is right.
    OfNobody,
    /// The code is spent, and buys a grant; its token's failures are forgotten.
    Buys(Box<Bought>),
    /// A grant is used, where it is still good; places that were taken are given back.
    Uses(Box<(Grant, Option<CodeReservation>)>),
    /// A wrong code is remembered with what was typed before it.
    Remembers(Box<Grant>),
    /// What was typed is known, and good for nothing: it is counted once. Places that were taken are given back, as it
    /// was no guess.
    Again(GrantKey, Option<CodeReservation>),
    /// A code is sent to whoever typed a right secret alone, or nothing to nobody at the same cost.
    Sends(Box<CodeOrder>),
}

/// What a right code spends, and what it buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The code.
    pub spends: Spends,
    /// The grant.
    pub grant: Grant,
}

/// A code that is spent, and the places that are given back where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spends {
    /// One of a token.
    OfToken(Acceptance),
    /// One that was sent.
    Sent(ClientCode, CodeReservation),
}

impl Spends {
    /// The places that were taken before it was looked at.
    #[must_use]
    pub fn reservation(&self) -> &CodeReservation {
        match self {
            Self::OfToken(acceptance) => &acceptance.reservation,
            Self::Sent(_, reservation) => reservation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network_of_one_household() {
        let client = |address: &str| Client::from(address.parse::<IpAddr>().unwrap()).0;
        assert_eq!(client("192.0.2.7"), "192.0.2.7/32");
        assert_eq!(client("::ffff:192.0.2.7"), "192.0.2.7/32");
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(client("2001:db8:1:2::9"), "2001:db8:1:2::/64");
        assert_ne!(client("2001:db8:1:3::9"), client("2001:db8:1:2::9"));
    }

    fn by_address(client: &Client) -> (&Client, BoundTo) {
        (client, BoundTo::Address)
    }

    #[test]
    fn t_otp_6_one_client_is_one_by_what_the_policy_says_and_by_no_tls_that_is_unknown() {
        let [one, other] = [1, 2].map(|byte| TlsFingerprint([byte; 32]));
        let [here, there] = ["192.0.2.7", "192.0.2.8"].map(|it| it.parse::<IpAddr>().unwrap());
        let had = Client::of(here, Some(&one));
        assert_eq!(had.0, format!("192.0.2.7/32 {}", "01".repeat(32)));
        let (address, tls, both) = (BoundTo::Address, BoundTo::TlsFingerprint, BoundTo::Both);
        for (client, expected) in [
            (Client::of(here, Some(&one)), [true, true, true]),
            (Client::of(there, Some(&one)), [false, true, false]),
            (Client::of(here, Some(&other)), [true, false, false]),
            (Client::of(there, Some(&other)), [false, false, false]),
            (Client::of(here, None), [true, false, false]),
        ] {
            let is_one = [address, tls, both].map(|by| by.is_one(&had, &client));
            assert_eq!(is_one, expected, "{client:?}");
        }
        let unknown = Client::from(here);
        assert!(!tls.is_one(&unknown, &unknown) && !both.is_one(&unknown, &unknown));
        assert_eq!(
            [address, tls, both].map(|by| by.knows(&unknown)),
            [true, false, false]
        );
        assert_eq!([address, tls, both].map(|by| by.knows(&had)), [true; 3]);
    }

    #[test]
    fn a_key_is_one_accounts_and_one_texts() {
        let [key, other] = [1, 2].map(|byte| Secret::new(vec![byte; 32]));
        let [anna, ben] = ["anna", "ben"].map(|id| AccountId(id.to_owned()));
        let typed = |text: &str| Secret::new(text.to_owned());
        let of = |account, text| GrantKey::of(&key, Some(account), &typed(text));
        assert_eq!(of(&anna, "secret123456"), of(&anna, "secret123456"));
        assert_ne!(of(&anna, "secret123456"), of(&ben, "secret123456"));
        assert_ne!(of(&anna, "secret123456"), of(&anna, "secret123457"));
        let elsewhere = GrantKey::of(&other, Some(&anna), &typed("secret123456"));
        assert_ne!(of(&anna, "secret123456"), elsewhere);
        assert_ne!(of(&anna, "x"), GrantKey::of(&key, None, &typed("annax")));
        let at = |client: &str| {
            let client = Client(client.to_owned());
            GrantKey::of_client(&key, (&anna, &client), &typed("x"))
        };
        assert_eq!(at("192.0.2.7/32"), at("192.0.2.7/32"));
        assert_ne!(at("192.0.2.7/32"), at("192.0.2.8/32"));
        assert_ne!(at("192.0.2.7/32"), of(&anna, "x"));
    }

    #[test]
    fn t_otp_6_a_grant_is_good_for_one_client_ten_minutes_idle_and_ten_hours_in_all() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let [here, elsewhere] = ["192.0.2.7/32", "192.0.2.8/32"].map(|it| Client(it.to_owned()));
        let grant = Grant {
            key: GrantKey([1; 32]),
            account: AccountId("anna".to_owned()),
            credential: CredentialId("phone".to_owned()),
            token: Some(CredentialId("token".to_owned())),
            client: here.clone(),
            made: at(0),
            used: at(35_500),
            ends: at(36_000),
        };
        assert!(grant.is_good(by_address(&here), at(35_999)));
        assert!(!grant.is_good(by_address(&elsewhere), at(35_999)));
        assert!(!grant.is_good(by_address(&here), at(36_000)));
        let idle = Grant {
            used: at(100),
            ..grant.clone()
        };
        assert!(idle.is_good(by_address(&here), at(699)));
        assert!(!idle.is_good(by_address(&here), at(700)));
        assert!(!grant.is_claim(at(35_501)));
        let claim = Grant {
            token: None,
            ..grant
        };
        assert!(!claim.is_good(by_address(&here), at(35_501)) && claim.is_claim(at(35_501)));
        assert!(!claim.is_claim(at(36_000)));
    }
}
