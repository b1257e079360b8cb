//! What becomes of an answer: each takes the step it answers, whatever it is, and makes the same calls for everybody.

mod passkey;
mod secret;
mod spare;

use jiff::Timestamp;

use crate::account::{Account, AccountId};
use crate::attempt::Rules;
use crate::audit::{Event, Kind, Reason, shown_name};
use crate::credential::grant::CodeSettlement;
use crate::credential::otp_token::{CodePlace, CodesOf};
use crate::credential::sent_code::{BudgetPlace, SentCode, SentFault};
use crate::credential::spare_code;
use crate::handle::Handle;
use crate::lockout::{Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::ports::{Reservation, Settled, Settlement, Unavailable};
use crate::session::Session;

use super::code::{Coded, judge, one_of};
use super::{
    Answer, Answered, At, Completed, Completion, MAX_NAME, MAX_STEPS, Outcome, Ports, Requirement,
    SecretProved, SignIn, Stage, admits, familiarity,
};

pub(crate) use passkey::reason as reason_of_passkey;
pub use passkey::{answer_by_passkey, begin_by_passkey};

/// Takes the answer to what a sign-in asks.
///
/// **Proves**, by [`Answered::Done`], that everything was proved that the policy asks, on behalf of one account and in
/// this sign-in. The counters and the audit were durably written before this returns; the door holds the answer back
/// as the outcome says.
///
/// # Errors
///
/// It could not be checked, and so nobody is let in.
pub async fn answer(
    ports: &Ports,
    rules: &Rules,
    handle: &Handle,
    answer: Answer,
    at: &At,
) -> Result<Outcome, Unavailable> {
    let gone = || Ok(Outcome::plain(Answered::Gone));
    let Some(sign_in) = ports.sign_ins.sign_in(handle.key(), at.now).await? else {
        return gone();
    };
    let required = Requirement::of(&rules.policy, &at.zone, &sign_in);
    // A party may want more than the policy.
    let is_as_before = required.is_some_and(|it| sign_in.requirement.covers(it));
    if sign_in.step >= MAX_STEPS || !is_as_before {
        return gone();
    }
    // SECURITY: whoever answers a step has it to himself, before anything that was typed is looked at.
    if !ports.sign_ins.take_step(handle.key(), sign_in.step).await? {
        return gone();
    }
    let asking = Asking {
        ports,
        rules,
        handle,
        sign_in: &sign_in,
        is_to_stay: answer.is_to_stay,
        at,
    };
    match &sign_in.stage {
        Stage::Account => asking.named(&answer).await,
        Stage::Secret { name } => asking.secret(name, answer).await,
        Stage::Code { name, proved, sent } => {
            let proved = (proved.as_ref(), sent.as_ref());
            asking.code(name, proved, answer).await
        }
        // What is asked of somebody who was invited has answers of its own.
        Stage::Choose { .. } | Stage::ChooseFirst { .. } | Stage::Confirm { .. } => gone(),
    }
}

struct Asking<'a> {
    ports: &'a Ports,
    rules: &'a Rules,
    handle: &'a Handle,
    sign_in: &'a SignIn,
    is_to_stay: bool,
    at: &'a At,
}

/// Whoever a name leads to, with a place in the counters.
struct Named {
    account: Option<Account>,
    subject: Subject,
    reservation: Reservation,
}

impl Asking<'_> {
    async fn named(&self, answer: &Answer) -> Result<Outcome, Unavailable> {
        let typed = answer.typed.expose().trim();
        let name: String = typed.chars().take(MAX_NAME).collect();
        let stage = match name.is_empty() {
            true => Stage::Account,
            false => Stage::Secret { name },
        };
        self.moved(stage, Answered::Asks).await
    }

    /// INVARIANT: where the secret was wrong, codes are looked for as of nobody, so that nobody's budget is spent by
    /// whoever does not know the secret (T-CRED-3). What has the form of a spare code is one; whatever else is typed is
    /// looked at as a code of a token and as the one that was sent, with the same calls.
    async fn code(
        &self,
        name: &str,
        (proved, sent): (Option<&SecretProved>, Option<&SentCode>),
        answer: Answer,
    ) -> Result<Outcome, Unavailable> {
        let (tokens, at) = (&self.ports.attempt.otp_tokens, self.at);
        let named = self.find(name).await?;
        // SECURITY: what was proved is of this account, or of none (T-OTP-8).
        let account = named.account.as_ref();
        let proved = proved.filter(|proved| account.is_some_and(|it| it.id == proved.account));
        if let Some(typed) = spare_code::Typed::parse(answer.typed.expose()) {
            let named = (name, named);
            return self.spare(named, proved, &typed, answer.random).await;
        }
        let subject = match proved {
            Some(_) => named.subject.clone(),
            None => Subject::Unknown(0),
        };
        let stored = tokens.otp_tokens_of(&subject).await?;
        let destinations = self.ports.attempt.sent_codes.destinations(&subject).await?;
        let source = familiarity(named.reservation.counts.source_is_familiar);
        let guess = BudgetPlace::of_guess(&subject, source, at.now);
        let place = CodePlace::now(CodesOf::Subject(subject), source, at.now);
        let reservation = tokens.reserve_code(place, None).await?;
        let may_guess = self
            .ports
            .attempt
            .sent_codes
            .reserve_guess(guess.clone())
            .await?;
        let typed = answer.typed.expose();
        let of_token = judge(stored, &reservation, typed, at);
        let sent = sent.filter(|sent| sent.went_to_one_of(&destinations));
        let of_sent = self.judge_sent((sent, may_guess), account, typed);
        let found = one_of(of_token, of_sent, sent.is_some());
        let accepted = match (proved, account) {
            (None, _) | (_, None) => Err(Reason::WrongSecret),
            (Some(proved), Some(account)) => found.and_then(|found| {
                self.may_sign_in_by(account, proved, found.method())?;
                let places = vec![proved.place(), named.reservation.place.clone()];
                let taken = (guess, reservation);
                let coded = found.coded(account, taken);
                Ok(self.completion(proved, (places, Some(coded)), answer.random))
            }),
        };
        let random = answer.random;
        self.judged_code((name, &named), proved, accepted, random)
            .await
    }

    /// What follows on a code of whichever kind.
    async fn judged_code(
        &self,
        (name, named): (&str, &Named),
        proved: Option<&SecretProved>,
        accepted: Result<Completion, Reason>,
        random: [u8; 32],
    ) -> Result<Outcome, Unavailable> {
        let hold_back = named.reservation.counts.hold_back(accepted.is_ok());
        let mut outcome = match accepted {
            Ok(completion) => self.completed(name, named, completion, random).await?,
            Err(reason) => {
                let is_alarmed = match (proved, reason) {
                    // It was written down when the secret was wrong.
                    (None, _) => false,
                    (Some(_), reason) => self.refused(name, named, reason).await?,
                };
                let begun = self.moved(Stage::Account, Answered::Refused).await?;
                Outcome {
                    is_alarmed,
                    ..begun
                }
            }
        };
        outcome.hold_back = hold_back;
        Ok(outcome)
    }

    async fn find(&self, name: &str) -> Result<Named, Unavailable> {
        let (attempt, rules) = (&self.ports.attempt, self.rules);
        let names = NameKey::candidates(name, "", rules.default_domain.as_deref());
        let account = attempt.accounts.by_names(&names).await?;
        let subject = match &account {
            Some(account) => Subject::Account(account.id.clone()),
            None => Subject::unknown(&names, &rules.unknown_names_key),
        };
        self.counted(account, subject).await
    }

    /// Takes a place in the counters, before anything is checked.
    async fn counted(
        &self,
        account: Option<Account>,
        subject: Subject,
    ) -> Result<Named, Unavailable> {
        let attempt = &self.ports.attempt;
        let place = Place::now(subject.clone(), self.at.source.into(), self.at.now);
        let reservation = attempt.attempts.reserve(place).await?;
        let reservation = reservation.ok_or_else(|| Unavailable {
            what: "the counters",
            detail: "a place without a limit was not given".to_owned(),
        })?;
        Ok(Named {
            account,
            subject,
            reservation,
        })
    }

    /// Whether what was typed is the code that was sent, where a guess may be looked at.
    fn judge_sent(
        &self,
        (sent, may_guess): (Option<&SentCode>, bool),
        account: Option<&Account>,
        typed: &str,
    ) -> Result<(), Reason> {
        let nobody = AccountId(String::new());
        let account = account.map_or(&nobody, |it| &it.id);
        let judged = SentCode::judge(sent, self.handle, (account, typed), self.at.now);
        match (may_guess, judged) {
            (false, _) => Err(Reason::TooManyCodes),
            (true, judged) => judged.map_err(|fault| match fault {
                SentFault::Wrong => Reason::WrongCode,
                SentFault::Ended => Reason::CodeEnded,
            }),
        }
    }

    /// The policy is asked about the account too, whatever the pages ask of everybody: of a secret with this code behind it,
    /// once it is known which kind that is, and with nothing that stands in for it.
    fn may_sign_in_by(
        &self,
        account: &Account,
        proved: &SecretProved,
        code: Method,
    ) -> Result<(), Reason> {
        self.stands(account)?;
        let wanted = (self.at, self.sign_in.into());
        let shown = proved.shown(Some(code));
        admits(&shown, account, &self.rules.policy, wanted)
    }

    fn stands(&self, account: &Account) -> Result<(), Reason> {
        account.may_sign_in()?;
        let directory = account.directory.as_ref();
        if directory.is_some_and(|it| it.must_be_fresh(self.at.now).is_err()) {
            return Err(Reason::DirectoryUnread);
        }
        Ok(())
    }

    fn completion(
        &self,
        proved: &SecretProved,
        (places, coded): (Vec<Place>, Option<Coded>),
        random: [u8; 32],
    ) -> Completion {
        let at = self.at;
        let method = coded.as_ref().map(|it| it.method);
        let (code, guessed) = coded.map_or((None, None), |it| (it.code, Some(it.guessed)));
        let methods: Vec<Method> = proved.shown(method).methods.into_iter().collect();
        let session = Session {
            stays: self.stays(&methods),
            account: proved.account.clone(),
            credential: proved.credential.clone(),
            made: proved.made,
            token: code.as_ref().map(|code| code.token.clone()),
            methods,
            zone: at.zone.clone(),
            begun: at.now,
            used: at.now,
            browser: Some(at.browser()),
        };
        let kind = Kind::SignedIn {
            credential: proved.credential.clone(),
            clock_skew: None,
            certificate: None,
        };
        Completion {
            sign_in: self.handle.key(),
            step: self.sign_in.step.saturating_add(1),
            code,
            guessed,
            passkey: None,
            spare: None,
            places,
            secret: proved.secret_place(),
            source: at.source,
            key: Handle::made_from(random).key(),
            replaced: at.session,
            event: at.event(kind, &self.sign_in.service, Some(proved.account.clone())),
            session,
        }
    }

    /// Until when somebody stays signed in who asked for it and proved this.
    fn stays(&self, methods: &[Method]) -> Option<Timestamp> {
        let may = self.rules.keep_me_signed_in.filter(|_| self.is_to_stay);
        let may = may.and_then(|may| may.at(&self.sign_in.service))?;
        may.until(methods, self.at.now)
    }

    async fn completed(
        &self,
        name: &str,
        named: &Named,
        completion: Completion,
        random: [u8; 32],
    ) -> Result<Outcome, Unavailable> {
        let stays = completion.session.stays;
        let reason = match self.ports.sign_ins.complete(completion).await? {
            Completed::Written => {
                return Ok(Outcome::plain(Answered::Done {
                    handle: Handle::made_from(random),
                    continuation: self.sign_in.continuation.clone(),
                    stays: stays.map(|until| until.duration_since(self.at.now)),
                }));
            }
            Completed::Gone => return Ok(Outcome::plain(Answered::Gone)),
            Completed::Spent => Reason::CodeSpent,
            Completed::Overtaken => Reason::Revoked,
            Completed::CountedBack => Reason::PasskeyCountedBack,
        };
        let is_alarmed = self.refused(name, named, reason).await?;
        let begun = self.moved(Stage::Account, Answered::Refused).await?;
        Ok(Outcome {
            is_alarmed,
            ..begun
        })
    }

    /// Writes a refusal down; its places stay taken.
    async fn refused(
        &self,
        name: &str,
        named: &Named,
        reason: Reason,
    ) -> Result<bool, Unavailable> {
        let name = shown_name(name, "");
        let refused = Kind::Refused {
            reason,
            name: name.clone(),
        };
        let counts = named.reservation.counts;
        let failures = counts.subject;
        let is_alarming = named.account.is_some() && counts.is_alarming();
        let is_junk = !name.contains(char::is_alphanumeric);
        let settlement = Settlement {
            reservation: named.reservation.clone(),
            succeeded: None,
            code: CodeSettlement::None,
            events: match is_junk {
                true => Vec::new(),
                false => vec![self.event(refused, named)],
            },
            alarm: is_alarming.then(|| self.event(Kind::UnderAttack { failures }, named)),
        };
        let settled = self.ports.attempt.attempts.settle(settlement).await?;
        Ok(settled == Settled::Written { is_alarmed: true })
    }

    fn event(&self, kind: Kind, named: &Named) -> Event {
        let account = named.account.as_ref().map(|account| account.id.clone());
        self.at.event(kind, &self.sign_in.service, account)
    }

    async fn moved(&self, stage: Stage, answered: Answered) -> Result<Outcome, Unavailable> {
        let next = self.sign_in.at(stage);
        let is_there = self
            .ports
            .sign_ins
            .move_on(self.handle.key(), &next)
            .await?;
        Ok(Outcome::plain(match is_there {
            true => answered,
            false => Answered::Gone,
        }))
    }
}
