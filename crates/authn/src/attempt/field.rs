//! The field for a password, where more than an app password may stand in it: a memorised secret as well, and a code behind
//! either.
//!
//! INVARIANT: where it may, every attempt that is refused makes the same port calls, whoever is named and whatever was
//! typed; what is not there is asked for as of nobody. Start at [`look`].

use proto::secret::Secret;

use super::code::{self, Second};
use super::first::First;
use super::{Circumstances, Ports, Rules, memorised, sent};
use crate::account::Account;
use crate::audit::{Kind, Reason};
use crate::credential::grant::{BoundTo, Client, CodeSettlement, Grant, GrantKey};
use crate::credential::memorised_secret::StoredMemorisedSecret;
use crate::credential::otp_token::{Source, StoredOtpToken};
use crate::credential::sent_code::{ClientCode, Destination};
use crate::lockout::{Counts, Queue, Subject};
use crate::place::Method;
use crate::ports::{Reservation, Unavailable};
use crate::sign_in::Asked;

/// What may stand in the field there, whoever typed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Takes {
    /// A code behind a secret.
    pub(super) codes: bool,
    /// A memorised secret.
    pub(super) secrets: bool,
    /// A code that was sent.
    pub(super) sent: bool,
}

impl Takes {
    /// What stands behind a PIN that NTLM proved.
    pub(super) const PIN: Self = Self {
        codes: true,
        secrets: false,
        sent: false,
    };

    pub(super) fn there(rules: &Rules, at: &Circumstances) -> Self {
        let (policy, asking) = (&rules.policy, at.asking(at.channel));
        Self {
            codes: policy.may_take_codes(&asking),
            secrets: policy.may_take(&asking, Method::MemorisedSecret),
            sent: policy.may_take(&asking, Method::SentCode),
        }
    }
}

/// What was typed, by whom, and from where.
pub(super) struct Field<'a> {
    pub(super) ports: &'a Ports,
    pub(super) rules: &'a Rules,
    pub(super) takes: Takes,
    pub(super) subject: &'a Subject,
    pub(super) account: Option<&'a Account>,
    /// The name that was typed, in one spelling.
    pub(super) name: &'a str,
    /// The same as the audit shows it.
    pub(super) shown: &'a str,
    pub(super) whole: &'a Secret<String>,
    pub(super) counts: Option<Counts>,
    pub(super) at: &'a Circumstances,
}

/// What is known of whoever is named, and of what was typed.
pub(super) struct Known {
    pub(super) key: GrantKey,
    pub(super) tokens: Vec<StoredOtpToken>,
    pub(super) grant: Option<Grant>,
    pub(super) destinations: Vec<Destination>,
    /// The code that waits for this client.
    pub(super) sent: Option<ClientCode>,
}

/// What was found out.
pub(super) struct Looked {
    pub(super) first: Result<First, Reason>,
    pub(super) second: Second,
    /// What the settlement does where no code was looked at.
    pub(super) otherwise: CodeSettlement,
    /// Whether a wrong secret would have cost no more.
    pub(super) is_paid: bool,
}

impl Looked {
    /// Where nothing but an app password may stand there.
    pub(super) fn at_nothing_more(first: Result<First, Reason>) -> Self {
        Self {
            first,
            second: Second::Absent,
            otherwise: CodeSettlement::None,
            is_paid: true,
        }
    }

    /// What the settlement does about codes.
    pub(super) fn settles(&self) -> CodeSettlement {
        match &self.second {
            Second::Absent => self.otherwise.clone(),
            second => second.settles(),
        }
    }
}

/// Finds out what was typed, where it was no app password; and about the code behind it.
pub(super) async fn look(
    field: &Field<'_>,
    proved: Result<First, Reason>,
    asked: Asked,
    reservation: &mut Option<Reservation>,
) -> Result<Looked, Unavailable> {
    let known = field.known().await?;
    let mut is_paid = false;
    let mut first = proved;
    if field.takes.secrets {
        let stored = field.ports.secrets.memorised_secret(field.subject).await?;
        let stored = stored.and_then(StoredMemorisedSecret::standing);
        if first.is_err() {
            let proved = memorised::prove(field, &known, stored, reservation).await?;
            (first, is_paid) = (proved.first, proved.is_paid);
        }
    }
    let remembers = field.remembers(&known, first.as_ref().ok());
    let otherwise = match (field.takes.sent && !ends_in_a_code(field.whole), remembers) {
        (true, remembers) => {
            let order = sent::order(field, &known, (first.as_ref().ok(), remembers), asked);
            CodeSettlement::Sends(Box::new(order))
        }
        (false, Some(grant)) if known.grant.is_some() => CodeSettlement::Again(grant.key, None),
        (false, Some(grant)) => CodeSettlement::Remembers(Box::new(grant)),
        (false, None) => CodeSettlement::OfNobody,
    };
    let second = match field.takes.codes {
        true => code::look(field, known, first.as_ref().ok()).await?,
        false => Second::Absent,
    };
    Ok(Looked {
        first,
        second,
        otherwise,
        is_paid,
    })
}

/// Whether what was typed may have a code at its end, as far as its form says it: of everybody alike.
fn ends_in_a_code(whole: &Secret<String>) -> bool {
    memorised::digits_at_the_end(whole.expose()) >= memorised::USUAL_DIGITS
}

/// What of a client a grant must be bound to there.
pub(super) fn bound_to(rules: &Rules, account: Option<&Account>, at: &Circumstances) -> BoundTo {
    let asking = at.asking(at.channel);
    account.map_or_else(BoundTo::default, |account| {
        rules.policy.grant_bound_to(account, &asking)
    })
}

/// Whether nothing was hashed because the budget has no room: it shuts for unknown names as well.
pub(super) fn is_shut(first: &Result<First, Reason>) -> bool {
    matches!(first, Err(Reason::TooManyFailures))
}

impl Field<'_> {
    async fn known(&self) -> Result<Known, Unavailable> {
        let (tokens, sent_codes) = (&self.ports.otp_tokens, &self.ports.sent_codes);
        let owner = self.account.map(|account| &account.id);
        let key = GrantKey::of(&self.rules.grants_key, owner, self.whole);
        let client = Client::from(self.at.source);
        let (destinations, sent) = match self.takes.sent {
            true => (
                sent_codes.destinations(self.subject).await?,
                sent_codes.client_code(self.subject, &client).await?,
            ),
            false => (Vec::new(), None),
        };
        Ok(Known {
            tokens: tokens.otp_tokens_of(self.subject).await?,
            grant: tokens.grant(&key).await?,
            sent: sent.filter(|it| it.went_to_one_of(&destinations)),
            destinations,
            key,
        })
    }

    /// What was typed, where it is worth knowing again: a right memorised secret without the code that is wanting, and whatever was
    /// known before, be it that the secret was changed since. A device that goes on sending it must not lock its owner.
    fn remembers(&self, known: &Known, first: Option<&First>) -> Option<Grant> {
        if known.grant.is_some() {
            return known.grant.clone();
        }
        let (account, first) = self.account.zip(first)?;
        let now = self.at.now;
        let grant = Grant {
            key: known.key.clone(),
            account: account.id.clone(),
            credential: first.credential().clone(),
            token: None,
            client: self.at.client(),
            made: now,
            used: now,
            ends: now,
        };
        let is_guessed_at = first.method() == Method::MemorisedSecret;
        (is_guessed_at && first.code.is_none()).then_some(grant)
    }

    /// What of the client a grant must be bound to, by the rule that decides about whoever is named.
    pub(super) fn bound_to(&self) -> BoundTo {
        bound_to(self.rules, self.account, self.at)
    }

    /// Whether what was typed had a wrong code for another client, for which a code may have been sent to this one: a client
    /// may come by IPv4 after IPv6.
    pub(super) fn is_wrong_elsewhere(&self, grant: &Grant) -> bool {
        let is_wrong = grant.token.is_none() && !grant.is_claim(self.at.now);
        self.takes.sent && is_wrong && !grant.is_of(self.at.source)
    }

    /// Whether secrets and codes come from where their owner is known.
    pub(super) fn source(&self) -> Source {
        match self.counts.is_some_and(|counts| counts.source_is_familiar) {
            true => Source::Familiar,
            false => Source::Unfamiliar,
        }
    }

    /// Writes down that nothing could be hashed.
    pub(super) async fn had_no_turn(&self) -> Result<(), Unavailable> {
        if !self.shown.contains(char::is_alphanumeric) {
            return Ok(());
        }
        let (reason, name) = (Reason::NoTurn, self.shown.to_owned());
        let account = self.account.map(|account| account.id.clone());
        let event = self.at.event(Kind::Refused { reason, name }, account);
        self.ports.audit.append(vec![event]).await
    }

    pub(super) fn queue(&self) -> Queue {
        self.counts.map_or(Queue::Noisy, |counts| counts.queue())
    }
}
