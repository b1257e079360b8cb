//! What was offered as a secret, and whether it is an app password of an account: by NTLM, or in clear with a code behind it
//! or without.

use std::sync::LazyLock;

use proto::ntlm::{self, NtHash, NtlmError, SessionKey};
use proto::secret::Secret;
use proto::spnego;

use super::Circumstances;
use super::code::{self, Form};
use super::first::{First, Kind};
use crate::audit::{NOTED_SKEW, Reason};
use crate::credential::app_password::{AppPassword, StoredAppPassword};

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

/// Which hash proved an exchange.
pub(super) struct Matched {
    /// Its place among those that were tried.
    pub(super) index: usize,
    /// The token that SPNEGO must answer with.
    pub(super) reply_token: Result<Option<Vec<u8>>, Reason>,
}

impl Offered {
    /// The name and the domain, as typed.
    pub(super) fn name(&self) -> (&str, &str) {
        match self {
            Self::Ntlm { response, .. } => (response.user(), response.domain()),
            Self::Unprovable { user, domain, .. } => (user, domain),
            Self::Password { username, .. } => (username, ""),
        }
    }

    /// By how much the client's clock is off, where that is worth a note.
    pub(super) fn clock_skew(&self, at: &Circumstances) -> Option<i64> {
        let Self::Ntlm { response, .. } = self else {
            return None;
        };
        let skew = response.clock_skew(at.now.as_second());
        skew.filter(|skew| skew.unsigned_abs() > NOTED_SKEW.unsigned_abs())
    }

    /// What was typed in the field for a password, where it is that.
    pub(super) fn typed(&self) -> Option<Secret<String>> {
        match self {
            Self::Password { password, .. } => Some(password.clone()),
            Self::Ntlm { .. } | Self::Unprovable { .. } => None,
        }
    }

    /// Whether it is an exchange of NTLM.
    pub(super) fn is_ntlm(&self) -> bool {
        match self {
            Self::Ntlm { .. } | Self::Unprovable { .. } => true,
            Self::Password { .. } => false,
        }
    }

    /// The first of many hashes that proves an exchange of NTLM; every one is tried.
    pub(super) fn first_proved<'h>(
        &self,
        hashes: impl Iterator<Item = &'h NtHash>,
    ) -> Option<Matched> {
        let Self::Ntlm {
            response,
            negotiation,
        } = self
        else {
            return None;
        };
        let (index, key) = response.first_proved(hashes)?;
        let reply_token = complete(negotiation.as_deref(), &key);
        Some(Matched { index, reply_token })
    }

    /// Tries everything that the account has, whichever is right.
    pub(super) fn prove(
        &self,
        stored: Vec<StoredAppPassword>,
        takes_codes: bool,
    ) -> Result<First, Reason> {
        let padding = LEAST_TRIED.saturating_sub(2 * stored.len());
        let hashes = stored
            .iter()
            .flat_map(|password| [&password.hashes.grouped, &password.hashes.plain])
            .chain(std::iter::repeat_n(&*NOBODYS, padding));
        let (index, code, reply_token) = match self {
            Self::Ntlm { .. } => {
                let proved = self.first_proved(hashes);
                let Matched { index, reply_token } = proved.ok_or(Reason::WrongSecret)?;
                (index, None, reply_token)
            }
            Self::Unprovable { error, .. } => return Err(unprovable(error)),
            Self::Password { password, .. } => {
                let forms = code::forms(password, takes_codes);
                let equal = first_equal(forms, hashes);
                let (index, code) = equal.ok_or(Reason::WrongSecret)?;
                (index, code, Ok(None))
            }
        };
        let password = stored.into_iter().nth(index / 2);
        let password = password.ok_or(Reason::WrongSecret)?;
        Ok(First {
            kind: Kind::AppPassword(password.record),
            code,
            reply_token,
        })
    }
}

/// The app password that was typed on a page, where it is one of these; it costs the same where it is none.
pub(crate) fn app_password(
    typed: &Secret<String>,
    stored: Vec<StoredAppPassword>,
) -> Option<AppPassword> {
    let offered = Offered::Password {
        username: String::new(),
        password: typed.clone(),
    };
    match offered.prove(stored, false).ok()?.kind {
        Kind::AppPassword(record) => Some(record),
        Kind::MemorisedSecret(_) | Kind::NtlmPin(_) => None,
    }
}

/// Why nothing could prove an exchange, as the audit says it.
fn unprovable(error: &NtlmError) -> Reason {
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
