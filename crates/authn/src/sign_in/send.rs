//! A code is asked for on the page that asks for one: it is queued in the transaction by which the sign-in moves on.
//!
//! SECURITY: whoever asks gets the same page after the same calls, whether the secret was right or not, there is a number
//! or none, and a budget has room or not (T-CRED-8). A code that is sent makes no guess undone (T-CRED-9).

use crate::account::Account;
use crate::attempt::Rules;
use crate::audit::{Event, Kind, NotSent};
use crate::credential::sent_code::{
    Address, BudgetPlace, Carrier, Code, Content, Destination, Language, Message, Queued, Queueing,
    SentCode,
};
use crate::handle::Handle;
use crate::lockout::Subject;
use crate::name::NameKey;
use crate::place::{ActivityId, Method};
use crate::ports::Unavailable;

use jiff::Timestamp;
use proto::secret::Secret;

use super::{
    Answered, At, MAX_STEPS, Outcome, Ports, Requirement, SecretProved, SignIn, Stage, admits,
};

/// What can be sent, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// By what, the first that a person can be reached by.
    pub carriers: Vec<Carrier>,
    /// How many codes a window has for numbers that begin alike.
    pub per_prefix: u32,
    /// How numbers begin that codes are sent to; any where there is none.
    pub prefixes: Vec<String>,
}

impl Sending {
    /// Whether a message goes there at all.
    #[must_use]
    pub fn reaches(&self, address: &Address) -> bool {
        let is_known = match address {
            Address::Sms(number) => {
                let mut prefixes = self.prefixes.iter();
                self.prefixes.is_empty() || prefixes.any(|it| number.as_str().starts_with(it))
            }
            Address::Mail(_) => true,
        };
        is_known && self.carriers.contains(&address.carrier())
    }

    /// Where a code goes: by the first carrier that has a destination which is held no more.
    pub(crate) fn choose<'d>(
        &self,
        destinations: &'d [Destination],
        now: Timestamp,
    ) -> Result<&'d Destination, Refused> {
        let by = |carrier: &Carrier| {
            let mut destinations = destinations.iter();
            destinations.find(|it| it.address.carrier() == *carrier)
        };
        let mut refused = Refused(NotSent::NoDestination, None);
        for destination in self.carriers.iter().filter_map(by) {
            let masked = || Some(destination.address.masked());
            if !self.reaches(&destination.address) {
                refused = Refused(NotSent::NotThere, masked());
            } else if destination.is_held(now) {
                refused = Refused(NotSent::Held, masked());
            } else {
                return Ok(destination);
            }
        }
        Err(refused)
    }
}

/// Why nothing is sent, and where it would have gone, masked.
#[derive(Clone, Debug)]
pub(crate) struct Refused(pub(crate) NotSent, pub(crate) Option<String>);

/// What a code is asked for with.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// In which language.
    pub language: Language,
    /// Fresh random bytes for the code.
    pub code: [u8; 8],
    /// Fresh random bytes for the message's id.
    pub id: [u8; 16],
}

/// Sends a code for a sign-in that asks for one; what comes of it nobody is told.
///
/// # Errors
///
/// The store is away.
pub async fn send(
    ports: &Ports,
    (rules, sending): (&Rules, &Sending),
    handle: &Handle,
    asked: Asked,
    at: &At,
) -> Result<Outcome, Unavailable> {
    let gone = || Ok(Outcome::plain(Answered::Gone));
    let Some(sign_in) = ports.sign_ins.sign_in(handle.key(), at.now).await? else {
        return gone();
    };
    let required = Requirement::of(&rules.policy, &at.zone, &sign_in);
    let Stage::Code { name, proved, sent } = &sign_in.stage else {
        return gone();
    };
    if sign_in.step >= MAX_STEPS || required != Some(sign_in.requirement) {
        return gone();
    }
    if !ports.sign_ins.take_step(handle.key(), sign_in.step).await? {
        return gone();
    }
    let names = NameKey::candidates(name, "", rules.default_domain.as_deref());
    let account = ports.attempt.accounts.by_names(&names).await?;
    let proved = proved.as_ref();
    let account = account.filter(|it| proved.is_some_and(|proved| proved.account == it.id));
    let subject = match &account {
        Some(account) => Subject::Account(account.id.clone()),
        None => Subject::Unknown(0),
    };
    let destinations = ports.attempt.sent_codes.destinations(&subject).await?;
    let chosen = may_be_sent((account.as_ref(), proved), (rules, &sign_in), at)
        .and_then(|()| sending.choose(&destinations, at.now));
    let queueing = Queue {
        sign_in: &sign_in,
        name,
        proved,
        sent: sent.as_ref(),
        handle,
        at,
    };
    let limit = (sending.per_prefix, &rules.grants_key);
    let queueing = queueing.of((account.as_ref(), chosen), asked, limit);
    let queued = ports.attempt.sent_codes.queue_code(queueing).await?;
    Ok(Outcome::plain(match queued {
        Queued::Written | Queued::NoRoom => Answered::Asks,
        Queued::Gone => Answered::Gone,
    }))
}

/// Whether the policy takes a sent code of an account there, which may sign in.
fn may_be_sent(
    (account, proved): (Option<&Account>, Option<&SecretProved>),
    (rules, sign_in): (&Rules, &SignIn),
    at: &At,
) -> Result<(), Refused> {
    let is_let_in = account.zip(proved).is_some_and(|(account, proved)| {
        let sent = proved.shown(Some(Method::SentCode));
        account.may_sign_in().is_ok()
            && admits(&sent, account, &rules.policy, (at, sign_in.into())).is_ok()
    });
    match is_let_in {
        true => Ok(()),
        false => Err(Refused(NotSent::NotAllowedHere, None)),
    }
}

struct Queue<'a> {
    sign_in: &'a SignIn,
    name: &'a str,
    proved: Option<&'a SecretProved>,
    sent: Option<&'a SentCode>,
    handle: &'a Handle,
    at: &'a At,
}

impl Queue<'_> {
    /// What is written: of somebody, or of nobody with the same statements.
    fn of(
        &self,
        (account, chosen): (Option<&Account>, Result<&Destination, Refused>),
        asked: Asked,
        limit: (u32, &Secret<Vec<u8>>),
    ) -> Queueing {
        let at = self.at;
        let code = Code::made_from(asked.code);
        let to = chosen.as_ref().ok().copied();
        let sent = to.map(|to| SentCode::of(&code, self.handle, to, at.now));
        let ends = at.now.checked_add(crate::credential::sent_code::LIFE);
        let events = match (account, &chosen) {
            (None, _) => [None, None],
            (Some(account), Ok(to)) => {
                let queued = Kind::CodeQueued {
                    by: to.address.carrier(),
                    to: to.address.masked(),
                };
                let refused = not_sent(Refused(NotSent::TooMany, Some(to.address.masked())));
                [queued, refused].map(|kind| Some(self.event(kind, account)))
            }
            (Some(account), Err(refused)) => {
                let event = self.event(not_sent(refused.clone()), account);
                [Some(event), None]
            }
        };
        Queueing {
            key: self.handle.key(),
            // Where nothing is sent, the code before stays what it was.
            queued: self.moved(sent.as_ref().or(self.sent)),
            refused: self.moved(self.sent),
            places: BudgetPlace::of_code(to, limit, at.now),
            message: Message {
                id: ActivityId::from(asked.id).0,
                account: to.map(|to| to.account.clone()),
                address: to.map_or_else(nowhere, |to| to.address.clone()),
                content: Content::Code(code),
                language: asked.language,
                queued: at.now,
                ends: ends.unwrap_or(at.now),
            },
            events,
        }
    }

    fn moved(&self, sent: Option<&SentCode>) -> SignIn {
        self.sign_in.at(Stage::Code {
            name: self.name.to_owned(),
            proved: self.proved.cloned(),
            sent: sent.cloned(),
        })
    }

    fn event(&self, kind: Kind, account: &Account) -> Event {
        let account = Some(account.id.clone());
        self.at.event(kind, &self.sign_in.service, account)
    }
}

pub(crate) fn not_sent(Refused(not_sent, to): Refused) -> Kind {
    Kind::MessageNotSent { not_sent, to }
}

/// An address of nobody, as long as one of somebody is.
pub(crate) fn nowhere() -> Address {
    Address::Sms(proto::sending::PhoneNumber::of_nobody())
}
