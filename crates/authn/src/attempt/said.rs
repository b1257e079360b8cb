//! The end of an attempt that names somebody: counters and audit are settled in one step, whatever was offered.

use super::{Circumstances, Outcome, Ports, Refusal, Verified};
use crate::account::Account;
use crate::audit::{Event, Kind, Reason};
use crate::credential::grant::{Bought, BoundTo, CodeSettlement, Grant, Spends};
use crate::directory;
use crate::lockout::{HoldBack, LONGEST_HOLD_BACK};
use crate::ports::{Reservation, Settled, Settlement, Succeeded, Unavailable};

/// What is written down of an attempt.
pub(super) struct Said<'a> {
    pub(super) at: &'a Circumstances,
    pub(super) clock_skew: Option<i64>,
    pub(super) account: Option<&'a Account>,
    /// The name as it was offered; junk that names nobody is counted and not audited.
    pub(super) name: Option<String>,
    /// What it was if the store says that what was proved does not stand any more.
    pub(super) overtaken: Reason,
    /// What becomes of a one-time code.
    pub(super) code: CodeSettlement,
    /// What of the client a grant must be bound to.
    pub(super) bound_to: BoundTo,
    /// Whether whoever proved all else is told that the directory is away.
    ///
    /// SECURITY: not where what is proved can be guessed, or it would tell which guess is right.
    pub(super) is_told_unread: bool,
}

/// How often a settlement is tried anew with what the store said of it.
const TRIES: usize = 3;

impl Said<'_> {
    /// Settles what was judged; without a place the answer is no, whatever was offered.
    pub(super) async fn settle(
        &self,
        ports: &Ports,
        reservation: Option<Reservation>,
        mut judged: Result<Verified, Reason>,
    ) -> Result<Outcome, Unavailable> {
        let Some(reservation) = reservation else {
            ports
                .audit
                .append(self.refused(Reason::TooManyFailures))
                .await?;
            return Ok(Outcome {
                result: Err(Refusal::Denied),
                hold_back: HoldBack(LONGEST_HOLD_BACK),
                if_refused: HoldBack(LONGEST_HOLD_BACK),
                is_alarmed: false,
            });
        };
        let mut code = self.code.clone();
        let mut settled = Settled::Spent;
        for _ in 0..TRIES {
            let settling = self.settlement(&judged, &code, reservation.clone());
            settled = ports.attempts.settle(settling).await?;
            code = match settled {
                Settled::Written { .. } => break,
                Settled::Overtaken => {
                    judged = Err(self.overtaken);
                    CodeSettlement::None
                }
                Settled::Spent => {
                    let meanwhile = self.meanwhile(ports, code).await?;
                    if !matches!(meanwhile, CodeSettlement::Uses(_)) {
                        judged = Err(Reason::CodeSpent);
                    }
                    meanwhile
                }
            };
        }
        // SECURITY: what was not written lets nobody in.
        let Settled::Written { is_alarmed } = settled else {
            return Err(unsettled());
        };
        Ok(Outcome {
            hold_back: reservation.counts.hold_back(judged.is_ok()),
            if_refused: reservation.counts.hold_back(false),
            result: judged.map_err(|reason| self.refusal(reason)),
            is_alarmed,
        })
    }

    /// What follows where a right code was spent at the same time on another connection: the grant that the same typed
    /// secret bought there, or the word that it came again. Either way its place is given back: a right code that
    /// somebody else was faster with is no guess, and must not shut its owner's next one out.
    async fn meanwhile(
        &self,
        ports: &Ports,
        code: CodeSettlement,
    ) -> Result<CodeSettlement, Unavailable> {
        let CodeSettlement::Buys(bought) = code else {
            return Ok(CodeSettlement::None);
        };
        let Bought {
            spends,
            grant: wanted,
        } = *bought;
        let places = Some(spends.reservation().clone());
        let is_good = |grant: &Grant| {
            let client = (&wanted.client, self.bound_to);
            grant.credential == wanted.credential && grant.is_good(client, self.at.now)
        };
        Ok(match ports.otp_tokens.grant(&wanted.key).await? {
            Some(granted) if is_good(&granted) => CodeSettlement::Uses(Box::new((granted, places))),
            Some(granted) if granted.token.is_some() => CodeSettlement::Again(wanted.key, places),
            // The code was spent behind another secret, or by hand.
            Some(_) | None => CodeSettlement::None,
        })
    }

    fn settlement(
        &self,
        judged: &Result<Verified, Reason>,
        code: &CodeSettlement,
        reservation: Reservation,
    ) -> Settlement {
        let is_for = |judged: &Result<Verified, Reason>| match code {
            CodeSettlement::None => true,
            CodeSettlement::Buys(_) | CodeSettlement::Uses(_) => judged.is_ok(),
            CodeSettlement::OfNobody
            | CodeSettlement::Remembers(_)
            | CodeSettlement::Again(..)
            | CodeSettlement::Sends(_) => judged.is_err(),
        };
        let code = match is_for(judged) {
            true => code.clone(),
            false => CodeSettlement::None,
        };
        // A grant that was bought elsewhere in the same moment is no code that was proved here.
        let is_new = !matches!(code, CodeSettlement::Uses(_));
        let (mut events, succeeded) = match judged {
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
                    second_factor: who.second_factor_at(self.at.now).filter(|_| is_new),
                };
                (vec![self.event(kind)], Some(succeeded))
            }
            Err(reason) => (self.refused(*reason), None),
        };
        if let CodeSettlement::Buys(bought) = &code {
            let kind = match &bought.spends {
                Spends::OfToken(acceptance) => Kind::CodeAccepted {
                    token: acceptance.token.clone(),
                },
                Spends::Sent(sent, _) => Kind::SentCodeAccepted { by: sent.carrier },
            };
            events.insert(0, self.event(kind));
        }
        let failures = reservation.counts.subject;
        let is_alarming =
            succeeded.is_none() && self.account.is_some() && reservation.counts.is_alarming();
        Settlement {
            reservation,
            succeeded,
            code,
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

    /// What the client is told of a reason: nothing, but whose fault it is.
    fn refusal(&self, reason: Reason) -> Refusal {
        match reason {
            Reason::DirectoryUnread if self.is_told_unread => {
                Refusal::Unavailable(directory::unread())
            }
            _ => Refusal::Denied,
        }
    }

    fn event(&self, kind: Kind) -> Event {
        let account = self.account.map(|account| account.id.clone());
        self.at.event(kind, account)
    }
}

/// A settlement that the store takes in no form.
fn unsettled() -> Unavailable {
    Unavailable {
        what: "the store",
        detail: "it takes no settlement of this attempt".to_owned(),
    }
}

/// Whether the SIP URI that a request claims, where it claims one, is an account's.
pub(super) fn owns_what_is_claimed(account: &Account, at: &Circumstances) -> Result<(), Reason> {
    let claimed = at.sip_uri.as_ref();
    match claimed.is_none_or(|uri| account.owns_sip_uri(uri)) {
        true => Ok(()),
        false => Err(Reason::SipUriOfAnother),
    }
}

/// Whether the directory, where an account is of it, was read lately. It is asked last, so that only who has
/// the right secret learns that the directory is away.
pub(super) fn is_fresh(account: &Account, at: &Circumstances) -> Result<(), Reason> {
    let directory = account.directory.as_ref();
    match directory.is_none_or(|directory| directory.must_be_fresh(at.now).is_ok()) {
        true => Ok(()),
        false => Err(Reason::DirectoryUnread),
    }
}
