//! An app password as proof, by NTLM or in clear: counted before it is checked, audited after.
//!
//! INVARIANT: every path makes the same four port calls in the same order, whoever is named and
//! whatever is offered, and three more where a one-time code counts (`code.rs`); only the audit knows why somebody was
//! refused.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use proto::ntlm::{self, NtHash, NtlmError, SessionKey};
use proto::secret::Secret;
use proto::spnego;

use super::code::{self, Form, Second, Typed};
use super::said::{Said, is_fresh, owns_what_is_claimed};
use super::{Circumstances, Outcome, Ports, Rules, Verified};
use crate::account::Account;
use crate::audit::{NOTED_SKEW, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::credential::app_password::{AppPassword, StoredAppPassword};
use crate::credential::grant::PROVED_ANEW;
use crate::credential::otp_token::Source;
use crate::lockout::{Counts, Place, Subject};
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
    /// The code that was typed behind it.
    code: Option<Secret<String>>,
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
    let typed = offered.typed_with_code(rules, at);
    let proved = offered.prove(stored, typed.is_some());
    let proved = proved.and_then(|proved| proved.taken_of(account.as_ref(), rules, at));
    let second = match &typed {
        None => Second::Absent,
        Some(whole) => {
            let counts = reservation.as_ref().map(|it| it.counts);
            let typed = Typed {
                subject: &subject,
                account: account.as_ref(),
                whole,
                proved: proved.as_ref().ok().and_then(Proved::with_code),
                source: source(counts),
            };
            code::look(ports, rules, typed, at).await?
        }
    };
    let settles = second.settles();
    let judged = judge(rules, account.clone(), (proved, second), at);
    let said = Said {
        at,
        clock_skew,
        account: account.as_ref(),
        // Junk that names nobody is counted and not audited.
        name: Some(shown).filter(|name| name.contains(char::is_alphanumeric)),
        overtaken: Reason::Revoked,
        code: settles,
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

    /// What was typed, where a code may stand behind it.
    fn typed_with_code(&self, rules: &Rules, at: &Circumstances) -> Option<Secret<String>> {
        let Self::Password { password, .. } = self else {
            return None;
        };
        let takes_codes = rules.policy.may_take_codes(&at.asking(at.channel));
        takes_codes.then(|| password.clone())
    }

    /// Tries everything that the account has, whichever is right.
    fn prove(self, stored: Vec<StoredAppPassword>, takes_codes: bool) -> Result<Proved, Reason> {
        let padding = LEAST_TRIED.saturating_sub(2 * stored.len());
        let hashes = stored
            .iter()
            .flat_map(|password| [&password.hashes.grouped, &password.hashes.plain])
            .chain(std::iter::repeat_n(&*NOBODYS, padding));
        let (index, code, reply_token) = match self {
            Self::Ntlm {
                response,
                negotiation,
            } => {
                let proved = response.first_proved(hashes);
                let (index, key) = proved.ok_or(Reason::WrongSecret)?;
                (index, None, complete(negotiation.as_deref(), &key))
            }
            Self::Unprovable { error, .. } => return Err(unprovable(error)),
            Self::Password { password, .. } => {
                let forms = code::forms(&password, takes_codes);
                let equal = first_equal(forms, hashes);
                let (index, code) = equal.ok_or(Reason::WrongSecret)?;
                (index, code, Ok(None))
            }
        };
        let password = stored.into_iter().nth(index / 2);
        let password = password.ok_or(Reason::WrongSecret)?;
        Ok(Proved {
            password,
            code,
            reply_token,
        })
    }
}

impl Proved {
    /// The same, where a code that was typed counts for its owner; elsewhere what was typed is no secret of theirs.
    fn taken_of(
        self,
        account: Option<&Account>,
        rules: &Rules,
        at: &Circumstances,
    ) -> Result<Self, Reason> {
        let asking = at.asking(at.channel);
        let takes_codes = |account| rules.policy.takes_codes(account, &asking);
        match self.code.is_none() || account.is_some_and(takes_codes) {
            true => Ok(self),
            false => Err(Reason::WrongSecret),
        }
    }

    fn with_code(&self) -> Option<(&AppPassword, &Secret<String>)> {
        Some((&self.password.record, self.code.as_ref()?))
    }
}

/// Whether codes come from where their owner is known.
fn source(counts: Option<Counts>) -> Source {
    match counts.is_some_and(|counts| counts.source_is_familiar) {
        true => Source::Familiar,
        false => Source::Unfamiliar,
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

/// The first hash that is a form's secret, and the code behind that; all are compared with all.
fn first_equal<'h>(
    forms: Vec<Form>,
    hashes: impl Iterator<Item = &'h NtHash>,
) -> Option<(usize, Option<Secret<String>>)> {
    let hashes: Vec<&NtHash> = hashes.collect();
    let equal: Vec<(Option<usize>, Option<Secret<String>>)> = forms
        .into_iter()
        .map(|form| {
            let offered = NtHash::of_password(form.secret.expose());
            let equal: Vec<bool> = hashes.iter().map(|hash| **hash == offered).collect();
            (equal.into_iter().position(|is_equal| is_equal), form.code)
        })
        .collect();
    let mut found = equal.into_iter();
    found.find_map(|(index, code)| Some((index?, code)))
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
    (proved, second): (Result<Proved, Reason>, Second),
    at: &Circumstances,
) -> Result<Verified, Reason> {
    let account = account.ok_or(Reason::UnknownName)?;
    account.may_sign_in()?;
    let Proved {
        password,
        code,
        reply_token,
    } = proved?;
    let reply_token = reply_token?;
    let record = password.record;
    record.usable(&at.service, at.now)?;
    let mut methods = BTreeSet::from([Method::AppPassword]);
    let (token, second_factor, lasts) = match second {
        Second::Absent => (None, None, None),
        Second::Wrong { reason, .. } => return Err(reason),
        Second::Right {
            token,
            proved,
            lasts,
            ..
        } => {
            methods.insert(Method::OneTimeCode);
            (Some(token), Some(proved), Some(lasts))
        }
    };
    let shown = policy::Proved {
        methods: &methods,
        made: Some(record.created),
        second_factor,
    };
    let asking = at.asking(at.channel);
    let until = match rules.policy.judge(&account, &asking, &shown, at.now) {
        Ok(until) => until,
        Err(reason) => {
            if code.is_some() {
                // Nothing but these kept the code from being looked at, where it was typed.
                owns_what_is_claimed(&account, at)?;
                is_fresh(&account, at)?;
            }
            return Err(not_enough(rules, (&account, reason), code.is_some(), at));
        }
    };
    owns_what_is_claimed(&account, at)?;
    is_fresh(&account, at)?;
    let how = How {
        methods,
        second_factor,
        channel: at.channel,
        bought: at.channel,
        credential: record.id,
        zone: at.zone.clone(),
        at: at.now,
        ends: earlier(
            earlier(record.expires, until),
            lasts.map(|lasts| proved_anew(lasts, at.now)),
        ),
        token,
        bounds: lasts,
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token,
    })
}

/// Why an app password is not enough.
fn not_enough(
    rules: &Rules,
    (account, reason): (&Account, Reason),
    is_code_typed: bool,
    at: &Circumstances,
) -> Reason {
    if reason != Reason::NotAllowedHere {
        return reason;
    }
    let wants_codes = rules.policy.wants_codes(account, &at.asking(at.channel));
    match (wants_codes, at.channel.carries(Method::OneTimeCode)) {
        (true, true) if !is_code_typed => Reason::CodeMissing,
        (true, false) => Reason::CodeNotByNtlm,
        (true | false, _) => Reason::NotAllowedHere,
    }
}

/// When somebody who came by a grant proves themself anew, which uses it: before it is idle for too long.
fn proved_anew(lasts: Timestamp, now: Timestamp) -> Timestamp {
    let anew = now.checked_add(PROVED_ANEW).unwrap_or(now);
    anew.min(lasts)
}
