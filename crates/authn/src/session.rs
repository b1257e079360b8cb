//! Sessions of browsers, and the invitations that begin a person's first.
//!
//! A session is a row that is looked up with every request, together with all that it rests on: it ends with the
//! account, the secret or the token, at once. Start at [`Session`].

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::place::{Method, Service, Zone};

/// How long a session lasts that is not used (SP 800-63B 2.2.3).
pub const IDLE: SignedDuration = SignedDuration::from_hours(1);
/// How long a session lasts in all.
pub const OVERALL: SignedDuration = SignedDuration::from_hours(24);
/// How long people stay signed in who ask for it, where nobody says otherwise (AD FS's `KmsiLifetimeMins`, 1440).
pub const STAYS: SignedDuration = SignedDuration::from_hours(24);
/// The shortest that they may: what is shorter is any session.
pub const SHORTEST_STAY: SignedDuration = SignedDuration::from_hours(1);
/// The longest that they may (AD FS's own limit for it, seven days).
pub const LONGEST_STAY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The codes behind a secret by which somebody may stay signed in; one that stands in for a token's is for the moment.
const STAYS_BY: [Method; 2] = [Method::OneTimeCode, Method::SentCode];
/// How old the last use of a session may be that is noted: not every request is worth a write.
pub const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How many sessions an account may have; one more ends the oldest.
pub const MAX_PER_ACCOUNT: u32 = 20;
/// How long an invitation lasts where nobody says otherwise.
pub const INVITATION: SignedDuration = SignedDuration::from_hours(72);
/// How long an invitation may last.
pub const LONGEST_INVITATION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Who a browser is signed in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub account: AccountId,
    /// The memorised secret, the app password or the passkey that it rests on.
    pub credential: CredentialId,
    /// When the app password was made, where it rests on one.
    #[serde(default)]
    pub made: Option<Timestamp>,
    /// The token whose code it rests on, where one was asked for.
    pub token: Option<CredentialId>,
    /// What was proved.
    pub methods: Vec<Method>,
    /// In which zone.
    pub zone: Zone,
    /// When it began.
    pub begun: Timestamp,
    /// When it was used last, to the minute.
    pub used: Timestamp,
    /// The browser that used it last; not known of one that began before that was noted.
    #[serde(default)]
    pub browser: Option<Browser>,
    /// Until when its owner asked to stay signed in, where that was so.
    #[serde(default)]
    pub stays: Option<Timestamp>,
}

/// That people may ask to stay signed in to the security token service (AD FS's `EnableKmsi`), and for how long.
///
/// SECURITY: it makes nothing of what was proved any newer: whoever wants it fresh asks for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepMeSignedIn {
    /// For how long, from the sign-in on; used or not.
    pub lifetime: SignedDuration,
    /// What stays and began before this is over (AD FS's `PersistentSsoCutoffTime`).
    pub cutoff: Option<Timestamp>,
}

impl KeepMeSignedIn {
    /// The same for a service: nobody stays but at the security token service.
    #[must_use]
    pub fn at(self, service: &Service) -> Option<Self> {
        (*service == Service::STS).then_some(self)
    }

    /// Until when somebody stays who proved this; `None` where they do not: it takes a secret and a code, and a moment that is
    /// not to be cut off.
    #[must_use]
    pub fn until(self, methods: &[Method], begun: Timestamp) -> Option<Timestamp> {
        let is_by_code = methods.iter().any(|it| STAYS_BY.contains(it));
        let is_cut_off = self.cutoff.is_some_and(|cutoff| begun < cutoff);
        let until = begun.checked_add(self.lifetime).ok();
        until.filter(|_| is_by_code && methods.len() > 1 && !is_cut_off)
    }
}

/// What is known of a browser: where it is, and what it calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// A /16 of IPv4, or a /32 of IPv6.
    network: String,
    /// Its `User-Agent`, cut.
    agent: String,
}

/// How many characters of what a browser calls itself are kept.
const MAX_AGENT: usize = 256;

impl Browser {
    /// The browser of a request.
    #[must_use]
    pub fn of(source: IpAddr, agent: &str) -> Self {
        let network = match source.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                format!("{a}.{b}.0.0/16")
            }
            IpAddr::V6(v6) => {
                let [a, b, ..] = v6.segments();
                format!("{a:x}:{b:x}::/32")
            }
        };
        Self {
            network,
            agent: agent.chars().take(MAX_AGENT).collect(),
        }
    }

    /// Whether it is somebody else's: a telephone goes from one network to another, a PC is updated, and neither does both
    /// from one use to the next.
    #[must_use]
    pub fn is_another(&self, other: &Self) -> bool {
        self.network != other.network && self.agent != other.agent
    }
}

impl Session {
    /// When it ends at the latest if it is not used again.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        let usual = self.usual_end();
        self.stays.map_or(usual, |stays| stays.max(usual))
    }

    /// When one ends whose owner did not ask to stay signed in.
    fn usual_end(&self) -> Timestamp {
        let idle = self.used.checked_add(IDLE).unwrap_or(self.used);
        let overall = self.begun.checked_add(OVERALL).unwrap_or(self.begun);
        idle.min(overall)
    }

    /// The second factor among what was proved.
    #[must_use]
    pub fn second_factor(&self) -> Option<Method> {
        let mut methods = self.methods.iter().copied();
        methods.find(|method| method.is_second_factor())
    }

    /// Whether it rests on an app password.
    #[must_use]
    pub fn is_by_app_password(&self) -> bool {
        self.methods.contains(&Method::AppPassword)
    }

    /// Whether it has not ended by itself, whatever it is used for.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        now < self.ends()
    }

    /// Whether it has not ended by itself for a service, where people may stay signed in so, or not at all.
    ///
    /// SECURITY: what somebody asked for once holds nothing open that the configuration does not hold open by now, and the
    /// portal not at all.
    #[must_use]
    pub fn lasts_for(
        &self,
        service: &Service,
        may: Option<KeepMeSignedIn>,
        now: Timestamp,
    ) -> bool {
        let usual = self.usual_end();
        if self.is_cut_off(may) {
            return false;
        }
        let stays = self.stays_for(service, may);
        now < stays.map_or(usual, |stays| stays.max(usual))
    }

    /// Until when its owner stays signed in to a service, by what is allowed by now.
    #[must_use]
    pub fn stays_for(&self, service: &Service, may: Option<KeepMeSignedIn>) -> Option<Timestamp> {
        let may = may.and_then(|may| may.at(service))?;
        let longest = self.begun.checked_add(may.lifetime).unwrap_or(self.begun);
        Some(self.stays?.min(longest))
    }

    /// Whether its owner asked to stay signed in, and did so before all who stay were to sign in again.
    #[must_use]
    pub fn is_cut_off(&self, may: Option<KeepMeSignedIn>) -> bool {
        let cutoff = may.and_then(|it| it.cutoff);
        self.stays.is_some() && cutoff.is_some_and(|cutoff| self.begun < cutoff)
    }

    /// Whether a browser that brings it is somebody else's.
    #[must_use]
    pub fn is_of_another(&self, browser: &Browser) -> bool {
        let last = self.browser.as_ref();
        last.is_some_and(|last| last.is_another(browser))
    }

    /// Whether a use now is worth a note.
    #[must_use]
    pub fn is_worth_a_note(&self, now: Timestamp) -> bool {
        let noted = self.used.checked_add(NOTED_EVERY);
        noted.is_ok_and(|noted| now >= noted)
    }
}

/// What lets somebody without any secret choose one: once, and not for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Whose it is.
    pub account: AccountId,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_an_hour_after_its_last_use_and_a_day_after_its_first() {
        let begun = Timestamp::from_second(1_800_000_000).unwrap();
        let after = |minutes: i64| begun + SignedDuration::from_mins(minutes);
        let used = |minutes: i64| Session {
            account: AccountId("1".to_owned()),
            credential: CredentialId("2".to_owned()),
            made: None,
            token: None,
            methods: vec![Method::MemorisedSecret],
            zone: Zone::EXTERNAL,
            begun,
            used: after(minutes),
            browser: None,
            stays: None,
        };
        assert!(used(0).lasts(after(59)) && !used(0).lasts(after(60)));
        assert!(used(59).lasts(after(118)) && !used(59).lasts(after(119)));
        assert!(used(24 * 60 - 1).lasts(after(24 * 60 - 1)));
        assert!(
            !used(24 * 60 - 1).lasts(after(24 * 60)),
            "however it is used"
        );
        assert!(!used(0).is_worth_a_note(after(0)) && used(0).is_worth_a_note(after(1)));
    }

    #[test]
    fn who_stays_signed_in_does_so_as_long_as_it_is_allowed_by_now_and_not_at_the_portal() {
        let begun = Timestamp::from_second(1_800_000_000).unwrap();
        let after = |hours: i64| begun + SignedDuration::from_hours(hours);
        let methods = [Method::MemorisedSecret, Method::OneTimeCode];
        let may = |hours: i64, cutoff: Option<i64>| {
            Some(KeepMeSignedIn {
                lifetime: SignedDuration::from_hours(hours),
                cutoff: cutoff.map(after),
            })
        };
        let session = |stays: Option<i64>| Session {
            account: AccountId("1".to_owned()),
            credential: CredentialId("2".to_owned()),
            made: None,
            token: None,
            methods: methods.to_vec(),
            zone: Zone::EXTERNAL,
            begun,
            used: begun,
            browser: None,
            stays: stays.map(after),
        };
        for (stays, service, may, last) in [
            (Some(48), Service::STS, may(48, None), 48),
            (Some(48), Service::STS, may(30, None), 30),
            (Some(48), Service::STS, may(72, None), 48),
            (Some(48), Service::STS, None, 1),
            (Some(48), Service::PORTAL, may(48, None), 1),
            (None, Service::STS, may(48, None), 1),
            (Some(48), Service::STS, may(48, Some(0)), 48),
            (Some(48), Service::STS, may(48, Some(1)), 0),
            (Some(48), Service::PORTAL, may(48, Some(1)), 0),
            (None, Service::STS, may(48, Some(1)), 1),
        ] {
            let session = session(stays);
            let lasts = |hours| session.lasts_for(&service, may, after(hours));
            assert!(!lasts(last), "{stays:?} {service} {may:?}");
            assert!(last == 0 || lasts(last - 1), "{stays:?} {service} {may:?}");
        }
        let kept = session(Some(48));
        assert!(kept.lasts(after(47)) && !kept.lasts(after(48)));
    }

    #[test]
    fn nobody_stays_signed_in_by_less_than_a_secret_and_a_code_of_their_own() {
        let begun = Timestamp::from_second(1_800_000_000).unwrap();
        let may = KeepMeSignedIn {
            lifetime: STAYS,
            cutoff: None,
        };
        let secret = Method::MemorisedSecret;
        for (methods, stays) in [
            (vec![secret, Method::OneTimeCode], true),
            (vec![Method::AppPassword, Method::OneTimeCode], true),
            (vec![secret, Method::SentCode], true),
            (vec![secret], false),
            (vec![Method::AppPassword], false),
            (vec![Method::OneTimeCode], false),
            (vec![secret, Method::RecoveryCode], false),
            (vec![secret, Method::TemporaryCode], false),
            (vec![], false),
        ] {
            let until = may.until(&methods, begun);
            assert_eq!(until, stays.then_some(begun + STAYS), "{methods:?}");
        }
    }

    #[test]
    fn t_phish_2_a_browser_is_another_where_it_is_elsewhere_and_called_otherwise() {
        let browser = |source: &str, agent: &str| Browser::of(source.parse().unwrap(), agent);
        let known = browser("192.0.2.7", "Firefox");
        for (source, agent, expected) in [
            ("192.0.2.7", "Firefox", false),
            ("192.0.99.1", "Chrome", false),
            ("198.51.100.7", "Firefox", false),
            ("192.0.2.7", "Chrome", false),
            ("198.51.100.7", "Chrome", true),
            ("192.1.2.7", "", true),
            ("2001:db8::1", "Chrome", true),
            ("::ffff:192.0.2.8", "Chrome", false),
        ] {
            assert_eq!(
                known.is_another(&browser(source, agent)),
                expected,
                "{source} {agent}"
            );
        }
        let six = browser("2001:db8:1::1", "Firefox");
        assert!(!six.is_another(&browser("2001:db8:ffff::1", "Chrome")));
        let long = "a".repeat(10_000);
        assert_eq!(browser("192.0.2.7", &long).agent.len(), MAX_AGENT);
    }
}
