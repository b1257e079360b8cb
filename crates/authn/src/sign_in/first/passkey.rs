//! A passkey in the place of the token, at the first sign-in of somebody who was invited.

use serde_json::Value;

use super::{FirstError, by_owner};
use crate::account::Account;
use crate::admin::tokens;
use crate::attempt::Rules;
use crate::audit::{Event, Kind, PasskeyAct, Reason};
use crate::credential::CredentialId;
use crate::credential::passkey::{
    Attestation, CEREMONY, Passkey, PasskeyFault, PasskeyUse, PublicKey, RelyingParty,
    StoredPasskey,
};
use crate::handle::Handle;
use crate::place::{ActivityId, Method};
use crate::session::Session;

use super::super::{
    Answered, At, Completed, Completion, Outcome, Ports, Requirement, Shown, SignIn, Stage, admits,
    reason_of_passkey,
};

/// What its owner finds it called.
const LABEL: &str = "passkey";

/// Whether somebody who was invited may take a passkey in the place of a token there.
#[must_use]
pub fn may_take_passkey(rules: &Rules, sign_in: &SignIn, at: &At) -> bool {
    let is_asked = matches!(sign_in.stage, Stage::Confirm { .. });
    is_asked && Requirement::passkey(&rules.policy, &at.zone, sign_in).is_some()
}

/// Asks for a passkey in the place of the first code: what the browser is told.
///
/// # Errors
///
/// The policy takes none there, it took too long, or the store is away.
pub async fn begin_first_passkey(
    ports: &Ports,
    rules: &Rules,
    party: &RelyingParty,
    handle: &Handle,
    at: &At,
) -> Result<Value, FirstError> {
    let (_, account, _) = asked(ports, rules, handle, at).await?;
    let others = ports.passkeys.passkeys_of(&account.id).await?;
    let (options, ceremony) = party.begin_registration(&account, &others)?;
    let ends = at.now.checked_add(CEREMONY).unwrap_or(at.now);
    let key = handle.key();
    ports.passkeys.begin_ceremony(key, &ceremony, ends).await?;
    Ok(options)
}

/// Takes the passkey, and begins the first session; the token that waited for its first code goes.
///
/// # Errors
///
/// It is not taken, it took too long, or the store is away.
pub async fn confirm_by_passkey(
    ports: &Ports,
    rules: &Rules,
    party: &RelyingParty,
    (handle, posted): (&Handle, &str),
    at: &At,
    (id, random): ([u8; 16], [u8; 32]),
) -> Result<Outcome, FirstError> {
    let (sign_in, account, token) = asked(ports, rules, handle, at).await?;
    let taken = ports.passkeys.take_ceremony(handle.key(), at.now).await?;
    let ceremony = taken.ok_or(PasskeyFault::Wrong)?;
    let key = Attestation::parse(posted);
    let key = match key.and_then(|posted| party.registered(&ceremony, &posted)) {
        Ok(key) => key,
        Err(fault) => {
            let reason: Reason = reason_of_passkey(fault);
            let name = account.upn.clone();
            let refused = Kind::Refused { reason, name };
            let event = at.event(refused, &sign_in.service, Some(account.id.clone()));
            ports.attempt.audit.append(vec![event]).await?;
            return Err(fault.into());
        }
    };
    let stored = new(&account, key, at, id);
    let added = Event {
        actor: Some(by_owner(&account, at).actor),
        ..at.event(
            Kind::Passkey {
                passkey: stored.record.id.clone(),
                act: PasskeyAct::Added,
            },
            &sign_in.service,
            Some(account.id.clone()),
        )
    };
    if !ports.passkeys.add_passkey(&stored, added).await? {
        return Err(PasskeyFault::Wrong.into());
    }
    let completion = completion((handle, &sign_in), &stored.record, at, random);
    match ports.sign_ins.complete(completion).await? {
        Completed::Written => {}
        Completed::Gone | Completed::Spent | Completed::Overtaken | Completed::CountedBack => {
            return Err(FirstError::Gone);
        }
    }
    tokens::remove(&ports.attempt, &token.0, &by_owner(&account, at)).await?;
    Ok(Outcome::plain(Answered::Done {
        handle: Handle::made_from(random),
        continuation: sign_in.continuation,
        stays: None,
    }))
}

/// The sign-in that waits for the first code of an account's token, where a passkey may take its place.
async fn asked(
    ports: &Ports,
    rules: &Rules,
    handle: &Handle,
    at: &At,
) -> Result<(SignIn, Account, CredentialId), FirstError> {
    let sign_in = ports.sign_ins.sign_in(handle.key(), at.now).await?;
    let sign_in = sign_in.filter(|it| may_take_passkey(rules, it, at));
    let sign_in = sign_in.ok_or(FirstError::Gone)?;
    let Stage::Confirm {
        account,
        token,
        origin,
        ..
    } = &sign_in.stage
    else {
        return Err(FirstError::Gone);
    };
    let (account, token) = (ports.attempt.accounts.by_id(account).await?, token.clone());
    let passkey = Shown {
        methods: [Method::Passkey].into(),
        made: None,
    };
    let may = |it: &Account| {
        let (policy, purpose) = (&rules.policy, (&sign_in).into());
        origin.goes_on(it, rules, (at, &sign_in))
            && admits(&passkey, it, policy, (at, purpose)).is_ok()
    };
    let account = account.filter(may).ok_or(FirstError::Gone)?;
    Ok((sign_in, account, token))
}

fn new(account: &Account, key: PublicKey, at: &At, id: [u8; 16]) -> StoredPasskey {
    let record = Passkey {
        id: CredentialId(ActivityId::from(id).0),
        account: account.id.clone(),
        label: LABEL.to_owned(),
        created: at.now,
        last_used: None,
        counter: 0,
    };
    StoredPasskey { record, key }
}

fn completion(
    (handle, sign_in): (&Handle, &SignIn),
    passkey: &Passkey,
    at: &At,
    random: [u8; 32],
) -> Completion {
    let kind = Kind::SignedIn {
        credential: passkey.id.clone(),
        clock_skew: None,
        certificate: None,
    };
    Completion {
        sign_in: handle.key(),
        step: sign_in.step,
        code: None,
        guessed: None,
        passkey: Some(PasskeyUse {
            passkey: passkey.id.clone(),
            // What its device counted to stands with its key.
            counter: None,
        }),
        spare: None,
        places: Vec::new(),
        secret: None,
        source: at.source,
        key: Handle::made_from(random).key(),
        replaced: at.session,
        event: at.event(kind, &sign_in.service, Some(passkey.account.clone())),
        session: Session {
            account: passkey.account.clone(),
            credential: passkey.id.clone(),
            made: None,
            token: None,
            methods: vec![Method::MemorisedSecret, Method::Passkey],
            zone: at.zone.clone(),
            begun: at.now,
            used: at.now,
            browser: Some(at.browser()),
            stays: None,
        },
    }
}
