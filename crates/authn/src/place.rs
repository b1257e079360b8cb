//! Where an attempt comes from and what it wants: zones, services, methods and source networks.
//!
//! These are the words that the policy, the counters and the audit share. Nothing here decides.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A named network zone, a property of a listener and of a source network (design 13).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Zone(pub Cow<'static, str>);

impl Zone {
    /// Everything that is not listed as internal.
    pub const EXTERNAL: Self = Self(Cow::Borrowed("external"));
    /// An internal listener reached from an internal source network.
    pub const INTERNAL: Self = Self(Cow::Borrowed("internal"));
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A published service, the unit of an app password's scope: `lync`, `ews`, `autodiscover`, ...
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Service(pub Cow<'static, str>);

impl Service {
    /// Lync and Skype for Business web services.
    pub const LYNC: Self = Self(Cow::Borrowed("lync"));
    /// Exchange Web Services.
    pub const EWS: Self = Self(Cow::Borrowed("ews"));
    /// Exchange Autodiscover.
    pub const AUTODISCOVER: Self = Self(Cow::Borrowed("autodiscover"));
    /// Exchange ActiveSync.
    pub const ACTIVESYNC: Self = Self(Cow::Borrowed("activesync"));
    /// The pages on which people look after their own app passwords and tokens.
    pub const PORTAL: Self = Self(Cow::Borrowed("portal"));
    /// The security token service: signing in for other parties.
    pub const STS: Self = Self(Cow::Borrowed("sts"));
    /// The first sign-in of somebody who comes from the office by Kerberos; no policy is asked about it.
    pub const ENROLMENT: Self = Self(Cow::Borrowed("enrolment"));

    /// Whether a method may count on its pages at all, beside others.
    ///
    /// SECURITY: where people make app passwords none is taken: whoever found one on a device could make others.
    #[must_use]
    pub fn page_takes(&self, method: Method) -> bool {
        let makes_them = *self == Self::PORTAL || *self == Self::ENROLMENT;
        method != Method::AppPassword || !makes_them
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A published path by its host, or a whole host; both in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RouteName {
    host: String,
    path: Option<String>,
}

impl RouteName {
    /// A path of a host, as it is published.
    #[must_use]
    pub fn of(host: &str, path: &str) -> Self {
        Self {
            host: host.to_lowercase(),
            path: Some(path.to_lowercase()),
        }
    }

    /// A host with all its paths.
    #[must_use]
    pub fn host(host: &str) -> Self {
        Self {
            host: host.to_lowercase(),
            path: None,
        }
    }

    /// Whether it is that path, or the host that it is of.
    #[must_use]
    pub fn covers(&self, route: &Self) -> bool {
        self.host == route.host && (self.path.is_none() || self.path == route.path)
    }
}

impl fmt::Display for RouteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.host,
            self.path.as_deref().unwrap_or_default()
        )
    }
}

/// The channel by which a secret was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// `Authorization: NTLM` ([MS-NTHT]).
    Ntlm,
    /// `Authorization: Negotiate` (RFC 4559).
    Negotiate,
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// A UsernameToken in a SOAP header (WS-Security UsernameToken profile 1.0), as `/Auth` takes it.
    UsernameToken,
    /// The grant `password` of `/WebTicket/oauthtoken`.
    Grant,
    /// A web ticket that this gate relayed earlier.
    Ticket,
    /// A page of ours.
    Page,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ntlm,
        Self::Negotiate,
        Self::Basic,
        Self::UsernameToken,
        Self::Grant,
        Self::Ticket,
        Self::Page,
    ];

    /// Its word, in the store and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ntlm => "ntlm",
            Self::Negotiate => "negotiate",
            Self::Basic => "basic",
            Self::UsernameToken => "username-token",
            Self::Grant => "grant",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }

    /// Whether web tickets are asked for by it: Lync's services do not know Basic.
    #[must_use]
    pub fn buys_tickets(self) -> bool {
        match self {
            Self::Ntlm | Self::Negotiate | Self::UsernameToken | Self::Grant => true,
            Self::Basic | Self::Ticket | Self::Page => false,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of secret was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// An app password made by this program.
    AppPassword,
    /// A ticket of the domain, in the office.
    Kerberos,
    /// A code of a token or an app that counts or knows the time (RFC 4226, RFC 6238).
    OneTimeCode,
    /// A secret of ours that a person knows by heart; never a domain password.
    MemorisedSecret,
    /// A code that we sent, by SMS or mail.
    SentCode,
    /// A passkey that verified its user (`WebAuthn`).
    Passkey,
    /// A code of a list that was kept for the day on which all else is lost.
    RecoveryCode,
    /// A code that the help desk gave, with an end.
    TemporaryCode,
    /// A PIN for NTLM, with a one-time code behind it.
    NtlmPin,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AppPassword,
        Self::Kerberos,
        Self::OneTimeCode,
        Self::MemorisedSecret,
        Self::SentCode,
        Self::Passkey,
        Self::RecoveryCode,
        Self::TemporaryCode,
        Self::NtlmPin,
    ];

    /// Its word, in the configuration, the store and assertions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AppPassword => "app-password",
            Self::Kerberos => "kerberos",
            Self::OneTimeCode => "one-time-code",
            Self::MemorisedSecret => "memorised-secret",
            Self::SentCode => "sent-code",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
            Self::TemporaryCode => "temporary-code",
            Self::NtlmPin => "ntlm-pin",
        }
    }

    /// Whether it renews what an account remembers: it is proved beside another, and nobody proves it for years without
    /// being there.
    #[must_use]
    pub fn is_second_factor(self) -> bool {
        match self {
            Self::OneTimeCode
            | Self::SentCode
            | Self::Passkey
            | Self::RecoveryCode
            | Self::TemporaryCode => true,
            Self::AppPassword | Self::Kerberos | Self::MemorisedSecret | Self::NtlmPin => false,
        }
    }

    /// The method of a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client's network, the unit that is slowed: a /24 of IPv4 or a /48 of IPv6, in text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceNetwork(pub String);

impl SourceNetwork {
    /// How long a network stays familiar to an account that signs in from it no more.
    pub const FAMILIAR_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

    /// Since when an account must have signed in from a network that is familiar at a time.
    #[must_use]
    pub fn familiar_since(now: Timestamp) -> Timestamp {
        now.checked_sub(Self::FAMILIAR_FOR)
            .unwrap_or(Timestamp::MIN)
    }
}

impl From<IpAddr> for SourceNetwork {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self(format!("{a}.{b}.{c}.0/24"))
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                Self(format!("{a:x}:{b:x}:{c:x}::/48"))
            }
        }
    }
}

/// What a client's first message of TLS is known again by: a digest of what it offers, in its order.
///
/// **Trusts** whoever sent it: another client can offer the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TlsFingerprint(pub [u8; 32]);

impl fmt::Display for TlsFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The id of one client connection, drawn by the gate that accepted it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ConnectionId(pub [u8; 8]);

/// The id by which one request is found in logs, audit and answers (`X-Wicketgate-Activity`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActivityId(pub String);

impl From<[u8; 16]> for ActivityId {
    fn from(random: [u8; 16]) -> Self {
        Self(
            uuid::Builder::from_random_bytes(random)
                .into_uuid()
                .to_string(),
        )
    }
}
