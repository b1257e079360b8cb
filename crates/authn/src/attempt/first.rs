//! The first of what somebody proves, an app password, a memorised secret or a PIN, and the code that was typed behind it.

use jiff::Timestamp;
use proto::secret::Secret;

use super::{Circumstances, Rules};
use crate::account::Account;
use crate::audit::Reason;
use crate::credential::CredentialId;
use crate::credential::app_password::AppPassword;
use crate::credential::memorised_secret::MemorisedSecret;
use crate::credential::ntlm_pin::NtlmPin;
use crate::place::Method;
use crate::policy;

/// A secret that was proved.
pub(super) struct First {
    pub(super) kind: Kind,
    /// The code that was typed behind it.
    pub(super) code: Option<Secret<String>>,
    /// The token that SPNEGO must answer with.
    pub(super) reply_token: Result<Option<Vec<u8>>, Reason>,
}

/// Which it is.
pub(super) enum Kind {
    /// An app password.
    AppPassword(AppPassword),
    /// A memorised secret.
    MemorisedSecret(MemorisedSecret),
    /// A PIN for NTLM.
    NtlmPin(NtlmPin),
}

impl First {
    /// The same, where a code that was typed counts for its owner; elsewhere what was typed is no secret of theirs.
    pub(super) fn taken_of(
        self,
        account: Option<&Account>,
        rules: &Rules,
        at: &Circumstances,
    ) -> Result<Self, Reason> {
        let asking = at.asking(at.channel);
        let takes_codes = |account| rules.policy.takes_codes(account, &asking, self.method());
        match self.code.is_none() || account.is_some_and(takes_codes) {
            true => Ok(self),
            false => Err(Reason::WrongSecret),
        }
    }

    pub(super) fn method(&self) -> Method {
        match &self.kind {
            Kind::AppPassword(_) => Method::AppPassword,
            Kind::MemorisedSecret(_) => Method::MemorisedSecret,
            Kind::NtlmPin(_) => Method::NtlmPin,
        }
    }

    pub(super) fn credential(&self) -> &CredentialId {
        match &self.kind {
            Kind::AppPassword(record) => &record.id,
            Kind::MemorisedSecret(record) => &record.id,
            Kind::NtlmPin(record) => &record.id,
        }
    }

    /// When it was made, where that counts.
    pub(super) fn made(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::AppPassword(record) => Some(record.created),
            Kind::MemorisedSecret(_) | Kind::NtlmPin(_) => None,
        }
    }

    /// When it ends by itself.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::AppPassword(record) => record.expires,
            Kind::MemorisedSecret(_) | Kind::NtlmPin(_) => None,
        }
    }

    /// Whether it may be used for what is asked. A memorised secret or a PIN has no scope: the policy says what it is for.
    pub(super) fn usable(&self, at: &Circumstances) -> Result<(), Reason> {
        match &self.kind {
            Kind::AppPassword(record) => record.usable(&at.service, at.now),
            Kind::MemorisedSecret(_) | Kind::NtlmPin(_) => Ok(()),
        }
    }

    /// Until when it is enough, alone or with a code of a kind that was proved at a time.
    pub(super) fn is_enough(
        &self,
        (account, code): (&Account, Option<(Method, Timestamp)>),
        rules: &Rules,
        at: &Circumstances,
    ) -> Result<Option<Timestamp>, Reason> {
        let code_method = code.map(|(method, _)| method);
        let methods = [self.method()].into_iter().chain(code_method).collect();
        let shown = policy::Proved {
            methods: &methods,
            made: self.made(),
            second_factor: code.map(|(_, at)| at),
        };
        let asking = at.asking(at.channel);
        rules.policy.judge(account, &asking, &shown, at.now)
    }
}
