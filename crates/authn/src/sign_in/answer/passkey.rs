//! Sign-in by a passkey alone: nobody is named, the device says whose key it is, and every refusal looks the same.

use serde_json::Value;

use super::{Asking, Named};
use crate::account::Account;
use crate::attempt::Rules;
use crate::audit::{Kind, Reason};
use crate::credential::passkey::{
    Assertion, CEREMONY, Ceremony, PasskeyFault, PasskeyUse, RelyingParty, StoredPasskey,
};
use crate::handle::Handle;
use crate::lockout::Subject;
use crate::place::{Method, Service};
use crate::ports::Unavailable;
use crate::session::Session;

use super::super::{Answered, At, Completion, Outcome, Ports, Requirement, Shown, SignIn, admits};

/// How many bytes of what a device knows a key by are shown in the audit.
const SHOWN: usize = 16;

/// Begins a sign-in by a passkey: what the browser is told; nothing where the policy lets nobody in by one there.
///
/// # Errors
///
/// The store is away.
pub async fn begin_by_passkey(
    ports: &Ports,
    rules: &Rules,
    party: &RelyingParty,
    (handle, service): (&Handle, Service),
    at: &At,
) -> Result<Option<Value>, Unavailable> {
    let requirement = Requirement::passkey(&rules.policy, &at.zone, &service);
    let Some(requirement) = requirement else {
        return Ok(None);
    };
    let begun = party.begin_sign_in().map_err(|fault| Unavailable {
        what: "the ceremony of passkeys",
        detail: fault.to_string(),
    })?;
    let (options, ceremony) = begun;
    let sign_in = SignIn::begin(service, requirement, "/".to_owned(), at.now);
    let ends = at.now.checked_add(CEREMONY).unwrap_or(at.now);
    ports.sign_ins.begin_sign_in(handle.key(), &sign_in).await?;
    ports
        .passkeys
        .begin_ceremony(handle.key(), &ceremony, ends)
        .await?;
    Ok(Some(options))
}

/// Takes what the browser posts of the passkey that was used.
///
/// **Proves**, by [`Answered::Done`], that whoever has a device of the account was verified by it, on a page of ours and
/// for this sign-in, and that the policy takes that. The counter of the device, our counters and the audit were durably
/// written before this returns.
///
/// # Errors
///
/// It could not be checked, and so nobody is let in.
pub async fn answer_by_passkey(
    ports: &Ports,
    rules: &Rules,
    party: &RelyingParty,
    (handle, posted): (&Handle, &str),
    at: &At,
    random: [u8; 32],
) -> Result<Outcome, Unavailable> {
    let gone = || Ok(Outcome::plain(Answered::Gone));
    let Some(sign_in) = ports.sign_ins.sign_in(handle.key(), at.now).await? else {
        return gone();
    };
    let required = Requirement::passkey(&rules.policy, &at.zone, &sign_in);
    if required != Some(sign_in.requirement) {
        return gone();
    }
    // SECURITY: whoever answers has the step and its challenge to himself, before anything that was posted is looked at.
    if !ports.sign_ins.take_step(handle.key(), sign_in.step).await? {
        return gone();
    }
    let Some(ceremony) = ports.passkeys.take_ceremony(handle.key(), at.now).await? else {
        return gone();
    };
    let asking = Asking {
        ports,
        rules,
        handle,
        sign_in: &sign_in,
        is_to_stay: false,
        at,
    };
    asking.passkey(party, &ceremony, posted, random).await
}

impl Asking<'_> {
    async fn passkey(
        &self,
        party: &RelyingParty,
        ceremony: &Ceremony,
        posted: &str,
        random: [u8; 32],
    ) -> Result<Outcome, Unavailable> {
        let posted = Assertion::parse(posted);
        let found = match &posted {
            Ok(posted) => {
                let known_as = posted.known_as();
                self.ports.passkeys.passkey_known_as(known_as).await?
            }
            Err(_) => None,
        };
        let (name, named) = self.whose(&posted, found.as_ref()).await?;
        let proved = match (posted, found) {
            (Err(_), _) => Err(Reason::WrongPasskey),
            (Ok(_), None) => Err(Reason::UnknownPasskey),
            (Ok(posted), Some((stored, account))) => {
                let used = party.used(ceremony, &posted, &stored).map_err(reason);
                let stands = self.may_sign_in_by_passkey(&account);
                used.and_then(|counter| stands.map(|()| (stored, account, counter)))
            }
        };
        let hold_back = named.reservation.counts.hold_back(proved.is_ok());
        let mut outcome = match proved {
            Ok((stored, account, counter)) => {
                let completion = self.by_passkey(&stored, (&named, counter), random);
                self.completed(&account.upn, &named, completion, random)
                    .await?
            }
            Err(reason) => Outcome {
                is_alarmed: self.refused(&name, &named, reason).await?,
                ..Outcome::plain(Answered::Refused)
            },
        };
        outcome.hold_back = hold_back;
        Ok(outcome)
    }

    fn may_sign_in_by_passkey(&self, account: &Account) -> Result<(), Reason> {
        self.stands(account)?;
        let shown = Shown {
            methods: [Method::Passkey].into(),
            made: None,
        };
        let place = (self.at, self.sign_in.into());
        admits(&shown, account, &self.rules.policy, place)
    }

    /// Whose passkey it is, for the audit and the counters.
    ///
    /// SECURITY: a passkey cannot be guessed, and a right one is never refused for counters: sources are slowed.
    async fn whose(
        &self,
        posted: &Result<Assertion, PasskeyFault>,
        found: Option<&(StoredPasskey, Account)>,
    ) -> Result<(String, Named), Unavailable> {
        let account = found.map(|(_, account)| account.clone());
        let (name, subject) = match (&account, posted) {
            (Some(account), _) => (account.upn.clone(), Subject::Account(account.id.clone())),
            (None, Ok(posted)) => (shown(posted.known_as()), Subject::Unknown(0)),
            (None, Err(_)) => (String::new(), Subject::Unknown(0)),
        };
        Ok((name, self.counted(account, subject).await?))
    }

    fn by_passkey(
        &self,
        StoredPasskey { record, .. }: &StoredPasskey,
        (named, counter): (&Named, u32),
        random: [u8; 32],
    ) -> Completion {
        let at = self.at;
        let kind = Kind::SignedIn {
            credential: record.id.clone(),
            clock_skew: None,
            certificate: None,
        };
        Completion {
            sign_in: self.handle.key(),
            step: self.sign_in.step.saturating_add(1),
            code: None,
            guessed: None,
            passkey: Some(PasskeyUse {
                passkey: record.id.clone(),
                counter: Some(counter),
            }),
            spare: None,
            places: vec![named.reservation.place.clone()],
            secret: None,
            source: at.source,
            key: Handle::made_from(random).key(),
            replaced: at.session,
            event: at.event(kind, &self.sign_in.service, Some(record.account.clone())),
            session: Session {
                account: record.account.clone(),
                credential: record.id.clone(),
                made: None,
                token: None,
                methods: vec![Method::Passkey],
                zone: at.zone.clone(),
                begun: at.now,
                used: at.now,
                browser: Some(at.browser()),
                stays: None,
            },
        }
    }
}

/// Why a passkey was refused, for the audit.
pub(crate) fn reason(fault: PasskeyFault) -> Reason {
    match fault {
        PasskeyFault::AnotherSite => Reason::PhishSuspect,
        PasskeyFault::NotVerified => Reason::UserNotVerified,
        PasskeyFault::CountedBack => Reason::PasskeyCountedBack,
        PasskeyFault::Untrusted => Reason::UntrustedPasskey,
        PasskeyFault::Malformed | PasskeyFault::Wrong => Reason::WrongPasskey,
    }
}

fn shown(known_as: &[u8]) -> String {
    let digits = known_as
        .iter()
        .take(SHOWN)
        .map(|byte| format!("{byte:02x}"));
    format!("passkey {}", digits.collect::<String>())
}
