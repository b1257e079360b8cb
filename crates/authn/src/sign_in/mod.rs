//! Sign-in by a page, as a stage that is stored: account, secret, code. The one dispatcher shows what the stage says.
//!
//! SECURITY: a wrong secret is followed by the question for a code as a right one is, and refused with it: nobody
//! learns which of the two was wrong, nor whether there is such an account (T-CRED-8). Each step is answered once. What
//! was proved belongs to this sign-in and to its account (T-OTP-8), and its places in the counters are given back only
//! when all of it is done (T-CRED-7). Start at [`SignIn::begin`], [`answer`] and [`send`].

mod answer;
mod code;
mod enough;
mod first;
mod purpose;
mod requirement;
mod send;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};
use crate::attempt::{self, Rules};
use crate::audit::{Event, Kind};
use crate::credential::CredentialId;
use crate::credential::memorised_secret::SecretPlace;
use crate::credential::otp_token::{Acceptance, Source};
use crate::credential::passkey::PasskeyUse;
use crate::credential::sent_code::{Guessed, SentCode};
use crate::credential::spare_code::SpareUse;
use crate::handle::{Handle, HandleKey};
use crate::lockout::{HoldBack, Place, Subject};
use crate::party::Party;
use crate::place::{ActivityId, Channel, Method, Service, SourceNetwork, Zone};
use crate::ports::{Invitations, Passkeys, Sessions, SignIns, SpareCodes, Unavailable};
use crate::session::{Browser, Session};
pub(crate) use answer::reason_of_passkey;
pub use answer::{answer, answer_by_passkey, begin_by_passkey};
pub use enough::{
    is_enough_for, is_enough_for_some_party, is_enough_on_pages, is_fresh_enough_for,
};
pub(crate) use first::by_owner;
pub use first::{
    Choosing, FirstError, FromOffice, Welcomed, begin_first_passkey, choose, confirm,
    confirm_by_passkey, may_begin_in, may_take_passkey, to_confirm, welcome, welcome_from_office,
};
pub use purpose::Purpose;
pub(crate) use requirement::asking;
pub use requirement::{OfStrangers, Requirement};
use requirement::{Shown, admits, memorised};
pub use send::{Asked, Sending, send};
pub(crate) use send::{Refused, not_sent, nowhere};

/// How long a sign-in may take.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How many answers one sign-in takes, right or wrong.
pub const MAX_STEPS: u32 = 20;
/// How many characters of a typed name are kept.
const MAX_NAME: usize = 256;

/// A sign-in under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// For which service.
    pub service: Service,
    /// For which relying party, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// What must be proved.
    pub requirement: Requirement,
    /// Where the browser goes when it is done: a path of ours, which only the program writes.
    pub continuation: String,
    /// What is asked for.
    pub stage: Stage,
    /// How many answers were taken.
    pub step: u32,
    /// When it ends.
    pub ends: Timestamp,
}

/// What a sign-in asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "asks")]
pub enum Stage {
    /// Who it is.
    Account,
    /// The secret of whoever it is.
    Secret {
        /// The name as it was typed, cut.
        name: String,
    },
    /// A code, whether the secret was right or not.
    Code {
        /// The name as it was typed.
        name: String,
        /// The secret, where it was right.
        proved: Option<SecretProved>,
        /// The code that was sent last.
        #[serde(default)]
        sent: Option<SentCode>,
    },
    /// Somebody who was invited chooses a secret.
    Choose {
        /// Whose it will be.
        account: AccountId,
        /// The invitation, by what the store knows it.
        invitation: [u8; 32],
    },
    /// Somebody who came by Kerberos in the office, and has nothing yet, chooses a secret.
    ChooseFirst {
        /// Whose it will be.
        account: AccountId,
    },
    /// Somebody who was invited shows the first code of a token.
    Confirm {
        /// Whose it is.
        account: AccountId,
        /// The secret that was chosen.
        credential: CredentialId,
        /// The token.
        token: CredentialId,
        /// How it began.
        #[serde(default)]
        origin: Origins,
    },
}

/// How a first sign-in began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origins {
    /// By an invitation, from wherever the policy lets somebody in.
    #[default]
    Invited,
    /// By Kerberos in the office, and it goes on there alone.
    FromOffice,
}

/// A secret that was right, and the places that are given back when the rest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretProved {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub credential: CredentialId,
    /// Of which kind it is.
    #[serde(default = "memorised_secret")]
    pub method: Method,
    /// When it was made, where it is an app password.
    #[serde(default)]
    pub made: Option<Timestamp>,
    /// When its places were taken.
    pub at: Timestamp,
    /// From where.
    pub source: SourceNetwork,
    /// Whether that was familiar.
    pub is_familiar: bool,
    /// Whether it took a place among the guesses at a secret.
    #[serde(default)]
    pub budgeted: Budgeted,
}

/// Whether a right secret took a place among the guesses at one of its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Budgeted {
    /// It did.
    #[default]
    Counted,
    /// There was none: it is an app password, which no counter refuses (design 13).
    BeyondIt,
}

impl SecretProved {
    fn place(&self) -> Place {
        let subject = Subject::Account(self.account.clone());
        Place::now(subject, self.source.clone(), self.at)
    }

    /// The place in the budget of the account's secret, where it took one.
    fn secret_place(&self) -> Option<SecretPlace> {
        let subject = Subject::Account(self.account.clone());
        let place = SecretPlace::now(subject, familiarity(self.is_familiar), self.at);
        match self.budgeted {
            Budgeted::Counted => Some(place),
            Budgeted::BeyondIt => None,
        }
    }

    /// What it proves, with a code behind it or none.
    fn shown(&self, code: Option<Method>) -> Shown {
        let methods = [self.method].into_iter().chain(code).collect();
        let made = self.made;
        Shown { methods, made }
    }
}

/// What a sign-in proved that was under way before there was another kind of secret.
fn memorised_secret() -> Method {
    Method::MemorisedSecret
}

fn familiarity(is_familiar: bool) -> Source {
    match is_familiar {
        true => Source::Familiar,
        false => Source::Unfamiliar,
    }
}

impl Session {
    fn shown(&self) -> Shown {
        let methods = self.methods.iter().copied().collect();
        let made = self.made;
        Shown { methods, made }
    }
}

impl SignIn {
    /// One that begins by asking who it is.
    #[must_use]
    pub fn begin(
        service: Service,
        requirement: Requirement,
        continuation: String,
        now: Timestamp,
    ) -> Self {
        Self {
            service,
            party: None,
            requirement,
            continuation,
            stage: Stage::Account,
            step: 0,
            ends: now.checked_add(LIFE).unwrap_or(now),
        }
    }

    /// The same for a relying party.
    #[must_use]
    pub fn for_party(self, party: Option<Party>) -> Self {
        Self { party, ..self }
    }

    /// The same at another stage, after its step was taken.
    fn at(&self, stage: Stage) -> Self {
        Self {
            stage,
            step: self.step.saturating_add(1),
            ..self.clone()
        }
    }
}

/// What sign-in by a page needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// What every attempt needs.
    pub attempt: attempt::Ports,
    /// Sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// Sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Invitations.
    pub invitations: Arc<dyn Invitations>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Recovery codes and temporary codes.
    pub spare_codes: Arc<dyn SpareCodes>,
}

/// From where a browser asks, and when.
#[derive(Clone, Debug)]
pub struct At {
    /// In which zone.
    pub zone: Zone,
    /// From which address.
    pub source: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
    /// The request.
    pub activity: ActivityId,
    /// The session that the browser brings, by what the store knows it, whether it stands or not.
    pub session: Option<HandleKey>,
    /// Now.
    pub now: Timestamp,
}

impl At {
    /// The browser, as a session remembers it.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::of(self.source, &self.agent)
    }

    /// An event of this request.
    #[must_use]
    pub fn event(&self, kind: Kind, service: &Service, account: Option<AccountId>) -> Event {
        Event {
            source: Some(self.source),
            zone: Some(self.zone.clone()),
            service: Some(service.clone()),
            channel: Some(Channel::Page),
            activity: Some(self.activity.clone()),
            ..Event::observed(self.now, kind, account)
        }
    }
}

/// What a browser answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was typed: a name, a secret or a code, as the stage asks.
    pub typed: proto::secret::Secret<String>,
    /// Fresh random bytes for the session, should it begin.
    pub random: [u8; 32],
    /// Whether whoever answers wants to stay signed in, should it begin.
    pub is_to_stay: bool,
}

/// What became of an answer.
#[derive(Debug)]
pub enum Answered {
    /// Something more is asked.
    Asks,
    /// It was refused, and begins anew; nobody is told why.
    Refused,
    /// It is not under way any more: it took too long, or was answered already.
    Gone,
    /// A session began.
    Done {
        /// What the browser holds of it.
        handle: Handle,
        /// Where it goes on.
        continuation: String,
        /// How long the browser holds it; until it is closed where nobody asked to stay signed in.
        stays: Option<SignedDuration>,
    },
}

/// What became of an answer, and how long it is held back.
#[derive(Debug)]
pub struct Outcome {
    /// What.
    pub answered: Answered,
    /// How long it is held back.
    pub hold_back: HoldBack,
    /// Whether an alarm was raised for the account.
    pub is_alarmed: bool,
}

impl Outcome {
    fn plain(answered: Answered) -> Self {
        Self {
            answered,
            hold_back: HoldBack::default(),
            is_alarmed: false,
        }
    }
}

/// All that is written when a sign-in is done.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The sign-in.
    pub sign_in: HandleKey,
    /// The step that its last answer took.
    pub step: u32,
    /// The token's code that is spent, where it was one.
    pub code: Option<Acceptance>,
    /// The places in the budgets of codes that are given back, where one was asked for.
    pub guessed: Option<Guessed>,
    /// The passkey that was used, on which the session rests in the place of a secret.
    pub passkey: Option<PasskeyUse>,
    /// The spare code that is used, where one was typed in the place of a token's.
    pub spare: Option<SpareUse>,
    /// The places in the counters that are given back.
    pub places: Vec<Place>,
    /// The place in the budget of the secret that is given back, where one was taken; an app password that took one leaves
    /// those in a row as they are, as it proves nothing about them.
    pub secret: Option<SecretPlace>,
    /// The address, which is familiar from here on.
    pub source: IpAddr,
    /// What the store knows the session by.
    pub key: HandleKey,
    /// The session.
    pub session: Session,
    /// The session that the browser brought: it ends with this, where it is the same account's.
    pub replaced: Option<HandleKey>,
    /// What is audited.
    pub event: Event,
}

/// What became of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completed {
    /// It was written.
    Written,
    /// The code was spent, by another or before.
    Spent,
    /// What was proved does not stand any more.
    Overtaken,
    /// The device of the passkey counted back.
    CountedBack,
    /// The sign-in is not under way any more.
    Gone,
}

/// Who a browser is signed in as, where its session stands for a service; its use is noted.
///
/// SECURITY: a session that comes from another browser in another network ends, and whoever it is must sign in anew: a
/// cookie that was stolen is worth nothing there, and its owner learns of it (T-PHISH-2).
///
/// # Errors
///
/// The store is away.
pub async fn resume(
    (ports, rules): (&Ports, &Rules),
    handle: &Handle,
    (service, at): (&Service, &At),
) -> Result<Option<(Session, Account)>, Unavailable> {
    let now = at.now;
    let Some((session, account)) = ports.sessions.session(handle.key(), now).await? else {
        return Ok(None);
    };
    let directory = account.directory.as_ref();
    let is_fresh = directory.is_none_or(|directory| directory.must_be_fresh(now).is_ok());
    // SECURITY: the line may be taken out of the configuration again, and nobody comes back by that.
    if session.is_cut_off(rules.keep_me_signed_in) {
        ports.sessions.drop_session(handle.key()).await?;
        return Ok(None);
    }
    let lasts = session.lasts_for(service, rules.keep_me_signed_in, now);
    if !lasts || account.may_sign_in().is_err() || !is_fresh {
        return Ok(None);
    }
    if session.is_of_another(&at.browser()) {
        let account = Some(session.account.clone());
        let event = at.event(Kind::SessionElsewhere, service, account);
        end(ports, handle, (&session, service), event).await?;
        return Ok(None);
    }
    let browser = Some(at.browser());
    // What it is compared with is the last of it: within a week a telephone moves and a PC is updated, one after the other.
    if session.is_worth_a_note(now) || session.browser != browser {
        let noted = Session {
            used: now,
            browser,
            ..session.clone()
        };
        ports.sessions.use_session(handle.key(), &noted).await?;
    }
    Ok(Some((session, account)))
}

/// Ends a session because whoever holds it wants to, whether it stands at the moment or not; one of the security token
/// service with what its tokens bought.
///
/// SECURITY: what is refused for the moment may stand again tomorrow, and whoever was told that they are signed out is not
/// there to see it.
///
/// # Errors
///
/// The store is away.
pub async fn sign_out(
    ports: &Ports,
    handle: &Handle,
    service: &Service,
    at: &At,
) -> Result<(), Unavailable> {
    let Some(session) = ports.sessions.kept_session(handle.key()).await? else {
        return Ok(());
    };
    let kind = match session.lasts(at.now) && session.is_of_another(&at.browser()) {
        true => Kind::SessionElsewhere,
        false => Kind::SignedOut,
    };
    let event = at.event(kind, service, Some(session.account.clone()));
    end(ports, handle, (&session, service), event).await
}

/// Ends a session; one of the security token service with what its tokens bought.
async fn end(
    ports: &Ports,
    handle: &Handle,
    (session, service): (&Session, &Service),
    event: Event,
) -> Result<(), Unavailable> {
    let (key, sessions) = (handle.key(), &ports.sessions);
    match *service == Service::STS {
        true => sessions.end_sign_in(key, session, event).await,
        false => sessions.end_session(key, event).await,
    }
}
