//! The first sign-in of somebody who was invited: a secret is chosen, a token is enrolled and shown to work, and a
//! session begins.

mod office;
mod passkey;

use proto::otp::KeyUri;
use proto::secret::Secret;

use crate::account::Account;
use crate::admin::secrets::is_disowned;
use crate::admin::tokens::{self, TokenError, TokenRandomness};
use crate::attempt::Rules;
use crate::audit::{Actor, ByHand, Kind, Origin};
use crate::credential::CredentialId;
use crate::credential::memorised_secret::{
    MemorisedSecret, SecretFault, StoredMemorisedSecret, Typed,
};
use crate::credential::passkey::PasskeyFault;
use crate::credential::sent_code::Language;
use crate::handle::{Handle, HandleKey};
use crate::place::{ActivityId, Method, Service, Zone};
use crate::ports::Unavailable;
use crate::session::Session;

use super::{
    Answered, At, Completed, Completion, MAX_STEPS, Origins, Outcome, Ports, Requirement, SignIn,
    Stage, admits, memorised,
};

pub use office::{FromOffice, Welcomed, may_begin_in, welcome_from_office};
pub use passkey::{begin_first_passkey, confirm_by_passkey, may_take_passkey};

/// Why somebody who was invited does not get further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirstError {
    /// The invitation was used or has ended, or took too long.
    #[error("the invitation was used already, or has ended")]
    Gone,
    /// The secret may not be chosen.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The two that were typed differ.
    #[error("the two secrets are not the same")]
    Unequal,
    /// The token or its code was not taken.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The passkey was not taken.
    #[error(transparent)]
    Passkey(#[from] PasskeyFault),
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Begins the first sign-in of whoever holds an invitation, which is not used up by that.
///
/// # Errors
///
/// There is none any more, the policy lets nobody in from there, or the store is away.
pub async fn welcome(
    ports: &Ports,
    rules: &Rules,
    (invitation, sign_in): (&Handle, &Handle),
    service: Service,
    at: &At,
) -> Result<(), FirstError> {
    let found = ports
        .invitations
        .invitation(invitation.key(), at.now)
        .await?;
    let (_, account) = found.ok_or(FirstError::Gone)?;
    let requirement = Requirement::of(&rules.policy, &at.zone, &service);
    let requirement = requirement.ok_or(FirstError::Gone)?;
    // What is proved by it is a token's code: where the policy takes only one that is sent, nobody comes in so.
    let code = (requirement == Requirement::SecretAndCode).then_some(Method::OneTimeCode);
    let is_let_in = admits(
        &memorised(code),
        &account,
        &rules.policy,
        (at, (&service).into()),
    );
    if account.may_sign_in().is_err() || is_let_in.is_err() {
        return Err(FirstError::Gone);
    }
    let mut begun = SignIn::begin(service, requirement, "/".to_owned(), at.now);
    begun.stage = Stage::Choose {
        account: account.id,
        invitation: invitation.key().0,
    };
    ports.sign_ins.begin_sign_in(sign_in.key(), &begun).await?;
    Ok(())
}

/// What a secret that is chosen first is made with.
pub struct Choosing {
    /// Fresh random bytes for the salt.
    pub salt: [u8; 16],
    /// For the secret's id.
    pub id: [u8; 16],
    /// For the token.
    pub token: TokenRandomness,
    /// For the id of the message that tells of it, where one is sent.
    pub told: [u8; 16],
    /// The language of that.
    pub language: Language,
}

/// Sets the secret that somebody chose, which uses the invitation up, and makes a token that waits for its first code.
///
/// # Errors
///
/// The secret may not be chosen, the invitation is no more, or the store is away.
pub async fn choose(
    (ports, rules): (&Ports, &Rules),
    handle: &Handle,
    [typed, again]: [&Secret<String>; 2],
    at: &At,
    choosing: Choosing,
) -> Result<(), FirstError> {
    let sign_in = ports.sign_ins.sign_in(handle.key(), at.now).await?;
    let sign_in = sign_in.ok_or(FirstError::Gone)?;
    let (account, invitation) = match &sign_in.stage {
        Stage::Choose {
            account,
            invitation,
        } => (account, Some(HandleKey(*invitation))),
        Stage::ChooseFirst { account } => (account, None),
        _ => return Err(FirstError::Gone),
    };
    let origin = match invitation {
        Some(_) => Origins::Invited,
        None => Origins::FromOffice,
    };
    let account = ports.attempt.accounts.by_id(account).await?;
    let account = account.filter(|it| origin.goes_on(it, rules, (at, &sign_in)));
    let account = account.ok_or(FirstError::Gone)?;
    if typed.expose() != again.expose() {
        return Err(FirstError::Unequal);
    }
    let typed = Typed::chosen_by(&account, typed)?;
    if is_disowned(ports, &account, &typed).await? {
        return Err(SecretFault::Disowned.into());
    }
    if sign_in.step >= MAX_STEPS || !ports.sign_ins.take_step(handle.key(), sign_in.step).await? {
        return Err(FirstError::Gone);
    }
    let hash = ports.attempt.hasher.make(typed, choosing.salt).await?;
    let record = MemorisedSecret {
        id: CredentialId(ActivityId::from(choosing.id).0),
        account: account.id.clone(),
        set: at.now,
        last_used: None,
        disowned: None,
    };
    let credential = record.id.clone();
    let kind = Kind::MemorisedSecretSet {
        credential: credential.clone(),
    };
    let event = at.event(kind, &sign_in.service, Some(account.id.clone()));
    let stored = StoredMemorisedSecret { record, hash };
    let is_set = match invitation {
        Some(key) => ports.invitations.redeem(key, &stored, event).await?,
        None => {
            let told = office::told(&account, choosing.language, choosing.told, at)?;
            let secrets = &ports.attempt.secrets;
            secrets.set_first_secret(&stored, event, told).await?
        }
    };
    if !is_set {
        return Err(FirstError::Gone);
    }
    let label = "phone".to_owned();
    let order = tokens::of_a_phone(label, "Wicketgate".to_owned());
    let by = by_owner(&account, at);
    let (record, _) = tokens::enrol(&ports.attempt, &account, order, &by, choosing.token).await?;
    let next = sign_in.at(Stage::Confirm {
        account: account.id,
        credential,
        token: record.id,
        origin,
    });
    match ports.sign_ins.move_on(handle.key(), &next).await? {
        true => Ok(()),
        false => Err(FirstError::Gone),
    }
}

/// What a phone takes of the token whose first code is waited for.
///
/// # Errors
///
/// There is none, or the store is away.
pub async fn to_confirm(ports: &Ports, sign_in: &SignIn) -> Result<Option<KeyUri>, Unavailable> {
    let Stage::Confirm { account, token, .. } = &sign_in.stage else {
        return Ok(None);
    };
    let account = ports.attempt.accounts.by_id(account).await?;
    let stored = ports.attempt.otp_tokens.otp_token(&token.0).await?;
    Ok(account
        .zip(stored)
        .and_then(|(account, stored)| tokens::shown_again(&account, &stored)))
}

/// Takes the first code, and begins the first session.
///
/// # Errors
///
/// The code is wrong, it took too long, or the store is away.
pub async fn confirm(
    (ports, rules): (&Ports, &Rules),
    handle: &Handle,
    typed: &str,
    at: &At,
    random: [u8; 32],
) -> Result<Outcome, FirstError> {
    let sign_in = ports.sign_ins.sign_in(handle.key(), at.now).await?;
    let sign_in = sign_in.ok_or(FirstError::Gone)?;
    let Stage::Confirm {
        account,
        credential,
        token,
        origin,
    } = &sign_in.stage
    else {
        return Err(FirstError::Gone);
    };
    let account = ports.attempt.accounts.by_id(account).await?;
    let account = account
        .filter(|it| origin.goes_on(it, rules, (at, &sign_in)))
        .ok_or(FirstError::Gone)?;
    tokens::confirm(&ports.attempt, &token.0, typed, &by_owner(&account, at)).await?;
    let kind = Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: None,
    };
    let completion = Completion {
        sign_in: handle.key(),
        step: sign_in.step,
        code: None,
        guessed: None,
        passkey: None,
        spare: None,
        places: Vec::new(),
        secret: None,
        source: at.source,
        key: Handle::made_from(random).key(),
        replaced: at.session,
        event: at.event(kind, &sign_in.service, Some(account.id.clone())),
        session: Session {
            account: account.id,
            credential: credential.clone(),
            made: None,
            token: Some(token.clone()),
            methods: vec![Method::OneTimeCode, Method::MemorisedSecret],
            zone: at.zone.clone(),
            begun: at.now,
            used: at.now,
            browser: Some(at.browser()),
            stays: None,
        },
    };
    match ports.sign_ins.complete(completion).await? {
        Completed::Written => Ok(Outcome::plain(Answered::Done {
            handle: Handle::made_from(random),
            continuation: sign_in.continuation,
            stays: None,
        })),
        Completed::Gone | Completed::Spent | Completed::Overtaken | Completed::CountedBack => {
            Err(FirstError::Gone)
        }
    }
}

impl Origins {
    /// Whether somebody may go on there with a first sign-in that is under way.
    ///
    /// SECURITY: each step asks anew, as the browser may be elsewhere by then: what Kerberos began in the office ends there.
    fn goes_on(self, account: &Account, rules: &Rules, (at, sign_in): (&At, &SignIn)) -> bool {
        let (policy, purpose) = (&rules.policy, sign_in.into());
        let is_there = match self {
            Self::Invited => true,
            Self::FromOffice => at.zone != Zone::EXTERNAL,
        };
        let mut codes = [None, Some(Method::OneTimeCode)].into_iter();
        is_there
            && account.may_sign_in().is_ok()
            && codes.any(|code| admits(&memorised(code), account, policy, (at, purpose)).is_ok())
    }
}

/// What its owner does with an account.
pub(crate) fn by_owner(account: &Account, at: &At) -> ByHand {
    ByHand {
        at: at.now,
        actor: Actor::named(&account.upn),
        origin: Some(Origin {
            source: at.source,
            zone: at.zone.clone(),
            activity: at.activity.clone(),
        }),
    }
}
