//! An app password as proof, by NTLM or in clear: counted before it is checked, audited after.
//!
//! INVARIANT: every path makes the same four port calls in the same order, whoever is named and
//! whatever is offered; only the audit knows why somebody was refused.

use std::sync::{Arc, LazyLock};

use proto::ntlm::{self, NtHash, SessionKey};
use proto::secret::Secret;
use proto::spnego;

use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::account::{Account, AccountState};
use crate::audit::{Event, Kind, Reason, shown_name};
use crate::authenticated::Authenticated;
use crate::credential::app_password::StoredAppPassword;
use crate::lockout::{Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::ports::{Reservation, Settlement, Unavailable};

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
    let proved = offered.prove(stored);
    let Some(reservation) = reservation else {
        // No more places: the answer is no, whatever was offered.
        let refused = refused_event(at, account.as_ref(), Reason::TooManyFailures, shown);
        ports.audit.append(vec![refused]).await?;
        return Ok(denied(crate::lockout::LONGEST_HOLD_BACK));
    };
    let judged = judge(rules, account.clone(), proved, at);
    let hold_back = reservation.counts.hold_back();
    let (result, settlement) = settled(judged, account.as_ref(), reservation, (at, shown));
    ports.attempts.settle(settlement).await?;
    Ok(Outcome { result, hold_back })
}

impl Offered {
    /// The name and the domain, as typed.
    fn name(&self) -> (&str, &str) {
        match self {
            Self::Ntlm { response, .. } => (response.user(), response.domain()),
            Self::Password { username, .. } => (username, ""),
        }
    }

    /// Tries everything that the account has, whichever is right.
    fn prove(self, stored: Vec<StoredAppPassword>) -> Option<Proved> {
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
                let (index, key) = response.first_proved(hashes)?;
                (index, complete(negotiation.as_deref(), &key))
            }
            Self::Password { password, .. } => (first_equal(&password, hashes)?, Ok(None)),
        };
        let password = stored.into_iter().nth(index / 2)?;
        Some(Proved {
            password,
            reply_token,
        })
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
    proved: Option<Proved>,
    at: &Circumstances,
) -> Result<Verified, Reason> {
    let account = account.ok_or(Reason::UnknownName)?;
    match account.state {
        AccountState::Active => {}
        AccountState::Disabled => return Err(Reason::AccountDisabled),
        AccountState::Locked => return Err(Reason::AccountLocked),
    }
    let Proved {
        password,
        reply_token,
    } = proved.ok_or(Reason::WrongSecret)?;
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
    let authenticated = Authenticated::new(
        account,
        Method::AppPassword,
        (at.channel, password.record.id),
        at.zone.clone(),
        at.now,
    );
    Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token,
    })
}

/// The result as the client may know it, and what is written down before it does.
fn settled(
    judged: Result<Verified, Reason>,
    account: Option<&Account>,
    reservation: Reservation,
    (at, shown): (&Circumstances, String),
) -> (Result<Verified, Refusal>, Settlement) {
    let mut events = Vec::new();
    let succeeded = match &judged {
        Ok(verified) => {
            let credential = verified.authenticated.credential().clone();
            let kind = Kind::SignedIn {
                credential: credential.clone(),
            };
            events.push(event(at, account, kind));
            Some((
                verified.authenticated.account_id().clone(),
                credential,
                at.source,
            ))
        }
        Err(reason) => {
            events.push(refused_event(at, account, *reason, shown));
            None
        }
    };
    if succeeded.is_none() && account.is_some() && reservation.counts.raises_alarm() {
        let failures = reservation.counts.subject;
        events.push(event(at, account, Kind::UnderAttack { failures }));
    }
    let result = judged.map_err(|_| Refusal::Denied);
    (
        result,
        Settlement {
            reservation,
            succeeded,
            events,
        },
    )
}

fn denied(hold_back: std::time::Duration) -> Outcome {
    Outcome {
        result: Err(Refusal::Denied),
        hold_back: crate::lockout::HoldBack(hold_back),
    }
}

fn refused_event(
    at: &Circumstances,
    account: Option<&Account>,
    reason: Reason,
    name: String,
) -> Event {
    event(at, account, Kind::Refused { reason, name })
}

fn event(at: &Circumstances, account: Option<&Account>, kind: Kind) -> Event {
    Event {
        at: at.now,
        kind,
        account: account.map(|account| account.id.clone()),
        source: Some(at.source),
        zone: Some(at.zone.clone()),
        service: Some(at.service.clone()),
        channel: Some(at.channel),
        activity: Some(at.activity.clone()),
    }
}
