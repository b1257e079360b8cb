//! An app password as proof, by NTLM or in clear: counted before it is checked, audited after.
//!
//! INVARIANT: every path makes the same four port calls in the same order, whoever is named and
//! whatever is offered; only the audit knows why somebody was refused.

use std::sync::{Arc, LazyLock};

use proto::ntlm::{self, NtHash, NtlmError, SessionKey};
use proto::secret::Secret;
use proto::spnego;

use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::account::Account;
use crate::audit::{Event, Kind, NOTED_SKEW, Reason, shown_name};
use crate::authenticated::{Authenticated, How};
use crate::credential::app_password::StoredAppPassword;
use crate::directory;
use crate::lockout::{HoldBack, LONGEST_HOLD_BACK, Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::ports::{Reservation, Settled, Settlement, Succeeded, Unavailable};

/// At least so many hashes are tried, so that an unknown name costs what a known one does: the two
/// typed forms of three app passwords.
pub const LEAST_TRIED: usize = 6;

/// What stands in for the hashes that an account does not have; it proves nothing.
static NOBODYS: LazyLock<NtHash> = LazyLock::new(|| NtHash::of_password("\u{fffd}nobody\u{fffd}"));

/// What was offered.
pub(super) enum Offered {
    /// An NTLM exchange.
    Ntlm {
        response: Box<ntlm::Response>,
        negotiation: Option<Box<spnego::Acceptor>>,
    },
    /// An NTLM exchange that nothing can prove.
    Unprovable {
        user: String,
        domain: String,
        error: NtlmError,
    },
    /// A name and a password.
    Password {
        username: String,
        password: Secret<String>,
    },
}

/// An app password that was proved, and the token that SPNEGO must answer with.
struct Proved {
    password: StoredAppPassword,
    reply_token: Result<Option<Vec<u8>>, Reason>,
}

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    offered: Offered,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let (user, domain) = offered.name();
    let shown = shown_name(user, domain);
    let names = NameKey::candidates(user, domain, rules.default_domain.as_deref());
    let account = ports.accounts.by_names(&names).await?;
    let subject = match &account {
        Some(account) => Subject::Account(account.id.clone()),
        None => Subject::unknown(&names, &rules.unknown_names_key),
    };
    let place = Place::now(subject.clone(), at.source.into(), at.now);
    let reservation = ports.attempts.reserve(place).await?;
    let stored = ports.credentials.app_passwords(&subject).await?;
    let clock_skew = offered.clock_skew(at);
    let proved = offered.prove(stored);
    let said = Said {
        at,
        clock_skew,
        account: account.as_ref(),
        // Junk that names nobody is counted and not audited.
        name: Some(shown).filter(|name| name.contains(char::is_alphanumeric)),
    };
    let Some(reservation) = reservation else {
        // No more places: the answer is no, whatever was offered.
        ports
            .audit
            .append(said.refused(Reason::TooManyFailures))
            .await?;
        return Ok(Outcome {
            result: Err(Refusal::Denied),
            hold_back: HoldBack(LONGEST_HOLD_BACK),
            is_alarmed: false,
        });
    };
    let mut judged = judge(rules, account.clone(), proved, at);
    let mut settling = said.settlement(&judged, reservation.clone());
    let mut settled = ports.attempts.settle(settling).await?;
    if settled == Settled::Overtaken {
        judged = Err(Reason::Revoked);
        settling = said.settlement(&judged, reservation.clone());
        settled = ports.attempts.settle(settling).await?;
    }
    Ok(Outcome {
        hold_back: reservation.counts.hold_back(judged.is_ok()),
        result: judged.map_err(refusal),
        is_alarmed: settled == Settled::Written { is_alarmed: true },
    })
}

impl Offered {
    /// The name and the domain, as typed.
    fn name(&self) -> (&str, &str) {
        match self {
            Self::Ntlm { response, .. } => (response.user(), response.domain()),
            Self::Unprovable { user, domain, .. } => (user, domain),
            Self::Password { username, .. } => (username, ""),
        }
    }

    /// By how much the client's clock is off, where that is worth a note.
    fn clock_skew(&self, at: &Circumstances) -> Option<i64> {
        let Self::Ntlm { response, .. } = self else {
            return None;
        };
        let skew = response.clock_skew(at.now.as_second());
        skew.filter(|skew| skew.unsigned_abs() > NOTED_SKEW.unsigned_abs())
    }

    /// Tries everything that the account has, whichever is right.
    fn prove(self, stored: Vec<StoredAppPassword>) -> Result<Proved, Reason> {
        let padding = LEAST_TRIED.saturating_sub(2 * stored.len());
        let hashes = stored
            .iter()
            .flat_map(|password| [&password.hashes.grouped, &password.hashes.plain])
            .chain(std::iter::repeat_n(&*NOBODYS, padding));
        let (index, reply_token) = match self {
            Self::Ntlm {
                response,
                negotiation,
            } => {
                let proved = response.first_proved(hashes);
                let (index, key) = proved.ok_or(Reason::WrongSecret)?;
                (index, complete(negotiation.as_deref(), &key))
            }
            Self::Unprovable { error, .. } => return Err(unprovable(error)),
            Self::Password { password, .. } => {
                let equal = first_equal(&password, hashes);
                (equal.ok_or(Reason::WrongSecret)?, Ok(None))
            }
        };
        let password = stored.into_iter().nth(index / 2);
        let password = password.ok_or(Reason::WrongSecret)?;
        Ok(Proved {
            password,
            reply_token,
        })
    }
}

/// Why nothing could prove an exchange, as the audit says it.
fn unprovable(error: NtlmError) -> Reason {
    match error {
        NtlmError::ChannelBinding | NtlmError::ChannelBindingAbsent => Reason::ChannelBinding,
        NtlmError::TargetName => Reason::TargetName,
        NtlmError::NotNtlm2 => Reason::NotNtlm2,
        NtlmError::Malformed(_)
        | NtlmError::Anonymous
        | NtlmError::Flags
        | NtlmError::NotEchoed
        | NtlmError::MicAbsent => Reason::ExchangeNotAccepted,
    }
}

/// The first hash that is a password's; all are compared.
fn first_equal<'h>(
    password: &Secret<String>,
    hashes: impl Iterator<Item = &'h NtHash>,
) -> Option<usize> {
    let offered = NtHash::of_password(password.expose());
    let equal: Vec<bool> = hashes.map(|hash| *hash == offered).collect();
    equal.into_iter().position(|is_equal| is_equal)
}

fn complete(
    negotiation: Option<&spnego::Acceptor>,
    key: &SessionKey,
) -> Result<Option<Vec<u8>>, Reason> {
    let Some(acceptor) = negotiation else {
        return Ok(None);
    };
    acceptor
        .complete(key)
        .map_err(|_| Reason::MechanismListTampered)
}

/// Who it is, or why not. The person is judged first, then the proof, then the place.
fn judge(
    rules: &Rules,
    account: Option<Account>,
    proved: Result<Proved, Reason>,
    at: &Circumstances,
) -> Result<Verified, Reason> {
    let account = account.ok_or(Reason::UnknownName)?;
    account.may_sign_in()?;
    let Proved {
        password,
        reply_token,
    } = proved?;
    let reply_token = reply_token?;
    password.record.usable(&at.service, at.now)?;
    let methods = rules.policy.methods(&at.zone, &at.service, at.channel);
    if !methods.contains(&Method::AppPassword) {
        return Err(Reason::NotAllowedHere);
    }
    if at
        .sip_uri
        .as_ref()
        .is_some_and(|uri| !account.owns_sip_uri(uri))
    {
        return Err(Reason::SipUriOfAnother);
    }
    // Last, so that only who has the right secret learns that the directory is away.
    let directory = account.directory.as_ref();
    if directory.is_some_and(|directory| directory.must_be_fresh(at.now).is_err()) {
        return Err(Reason::DirectoryUnread);
    }
    let how = How {
        method: Method::AppPassword,
        channel: at.channel,
        bought: at.channel,
        credential: password.record.id,
        zone: at.zone.clone(),
        at: at.now,
        ends: password.record.expires,
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token,
    })
}

/// What the client is told of a reason: nothing, but whose fault it is.
fn refusal(reason: Reason) -> Refusal {
    match reason {
        Reason::DirectoryUnread => Refusal::Unavailable(directory::unread()),
        _ => Refusal::Denied,
    }
}

/// What is written down of an attempt.
struct Said<'a> {
    at: &'a Circumstances,
    clock_skew: Option<i64>,
    account: Option<&'a Account>,
    name: Option<String>,
}

impl Said<'_> {
    fn settlement(
        &self,
        judged: &Result<Verified, Reason>,
        reservation: Reservation,
    ) -> Settlement {
        let (events, succeeded) = match judged {
            Ok(verified) => {
                let who = &verified.authenticated;
                let credential = who.credential().clone();
                let kind = Kind::SignedIn {
                    credential: credential.clone(),
                    clock_skew: self.clock_skew,
                    certificate: None,
                };
                let succeeded = Succeeded {
                    account: who.account_id().clone(),
                    credential,
                    source: self.at.source,
                    device: self.at.device.clone(),
                };
                (vec![self.event(kind)], Some(succeeded))
            }
            Err(reason) => (self.refused(*reason), None),
        };
        let failures = reservation.counts.subject;
        let is_alarming =
            succeeded.is_none() && self.account.is_some() && reservation.counts.is_alarming();
        Settlement {
            reservation,
            succeeded,
            events,
            alarm: is_alarming.then(|| self.event(Kind::UnderAttack { failures })),
        }
    }

    fn refused(&self, reason: Reason) -> Vec<Event> {
        let event = |name: &String| {
            self.event(Kind::Refused {
                reason,
                name: name.clone(),
            })
        };
        self.name.iter().map(event).collect()
    }

    fn event(&self, kind: Kind) -> Event {
        let account = self.account.map(|account| account.id.clone());
        self.at.event(kind, account)
    }
}
