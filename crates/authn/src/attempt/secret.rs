//! An app password as proof, by NTLM or in clear: counted before it is checked, audited after.
//!
//! INVARIANT: every path makes the same four port calls in the same order, whoever is named and
//! whatever is offered; only the audit knows why somebody was refused.

use std::sync::{Arc, LazyLock};

use proto::ntlm::{self, NtHash, NtlmError, SessionKey};
use proto::secret::Secret;
use proto::spnego;

use super::said::{Said, is_fresh, owns_what_is_claimed};
use super::{Circumstances, Outcome, Ports, Rules, Verified};
use crate::account::Account;
use crate::audit::{NOTED_SKEW, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::credential::app_password::StoredAppPassword;
use crate::lockout::{Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::policy;
use crate::ports::Unavailable;

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
    let judged = judge(rules, account.clone(), proved, at);
    let said = Said {
        at,
        clock_skew,
        account: account.as_ref(),
        // Junk that names nobody is counted and not audited.
        name: Some(shown).filter(|name| name.contains(char::is_alphanumeric)),
        overtaken: Reason::Revoked,
    };
    said.settle(ports, reservation, judged).await
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
    let methods = [Method::AppPassword].into();
    let shown = policy::Proved {
        methods: &methods,
        made: Some(password.record.created),
        second_factor: None,
    };
    let asking = at.asking(at.channel);
    let until = rules.policy.judge(&account, &asking, &shown, at.now)?;
    owns_what_is_claimed(&account, at)?;
    is_fresh(&account, at)?;
    let how = How {
        methods,
        second_factor: None,
        channel: at.channel,
        bought: at.channel,
        credential: password.record.id,
        zone: at.zone.clone(),
        at: at.now,
        ends: earlier(password.record.expires, until),
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token,
    })
}
