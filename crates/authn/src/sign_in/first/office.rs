//! The first sign-in of somebody who has nothing yet, begun in the office by Kerberos in the place of an invitation.
//!
//! SECURITY: whoever holds a ticket of somebody enrols for them, so this is for the inside alone, for whoever has nothing
//! else (one statement decides that as the secret is set), and its owner is told by mail. Not a byte of a token from
//! outside is looked at.

use jiff::SignedDuration;
use proto::sending::Mailbox;

use super::{At, FirstError, Ports, SignIn, Stage, memorised};
use crate::account::Account;
use crate::attempt::{self, Attempt, KerberosToken, Outcome, Proof, Refusal, Rules, Verified};
use crate::credential::sent_code::{Address, Carrier, Content, Language, Message};
use crate::handle::Handle;
use crate::lockout::{HoldBack, Subject};
use crate::place::{ActivityId, Channel, ConnectionId, Method, Service, Zone};
use crate::policy::{Policy, Rule};
use crate::ports::Unavailable;
use crate::sign_in::{Asked, Requirement, Sending, admits};

/// How long the word of a first sign-in is worth sending.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What somebody brings from the office.
#[derive(Debug)]
pub struct FromOffice {
    /// The token.
    pub token: KerberosToken,
    /// The connection that it came over.
    pub connection: ConnectionId,
}

/// What came of it.
#[derive(Debug)]
pub enum Welcomed {
    /// A first sign-in is under way.
    Begun {
        /// What SPNEGO answers with.
        reply_token: Option<Vec<u8>>,
    },
    /// There is something to sign in with already, or no mail address to tell of it.
    NotFirst,
    /// It was not accepted; nobody is told why.
    Denied {
        /// How long the answer is held back.
        hold_back: HoldBack,
        /// Whether an alarm was raised for an account.
        is_alarmed: bool,
    },
}

/// Whether somebody there may begin by Kerberos at all.
#[must_use]
pub fn may_begin_in(policy: &Policy, sending: Option<&Sending>, zone: &Zone) -> bool {
    let by_mail = sending.is_some_and(|it| it.carriers.contains(&Carrier::Mail));
    let required = Requirement::of(policy, zone, &Service::PORTAL);
    *zone != Zone::EXTERNAL && by_mail && required.is_some()
}

/// Begins the first sign-in of whoever proves by Kerberos, in the office, who they are.
///
/// # Errors
///
/// The store, or what opens tickets, is away.
pub async fn welcome_from_office(
    ports: &Ports,
    (rules, sending): (&Rules, Option<&Sending>),
    sign_in: &Handle,
    (brought, asked): (FromOffice, Asked),
    at: &At,
) -> Result<Welcomed, Unavailable> {
    let denied = |hold_back, is_alarmed| Welcomed::Denied {
        hold_back,
        is_alarmed,
    };
    if !may_begin_in(&rules.policy, sending, &at.zone) {
        return Ok(denied(HoldBack::default(), false));
    }
    let attempt = Attempt {
        proof: Proof::Kerberos(Box::new(brought.token)),
        channel: Channel::Negotiate,
        service: Service::ENROLMENT,
        route: None,
        party: None,
        pool: String::new(),
        zone: at.zone.clone(),
        source: at.source,
        tls: None,
        sip_uri: None,
        device: None,
        activity: at.activity.clone(),
        connection: brought.connection,
    };
    let of_office = Rules {
        policy: by_kerberos_in(&at.zone),
        ..rules.clone()
    };
    let outcome = attempt::verify(&ports.attempt, &of_office, attempt, (asked, at.now)).await;
    let Outcome {
        result,
        hold_back,
        is_alarmed,
        ..
    } = outcome;
    let Verified {
        authenticated,
        reply_token,
    } = match result {
        Ok(verified) => verified,
        Err(Refusal::Unavailable(error)) => return Err(error),
        Err(Refusal::Denied | Refusal::TicketEnded) => return Ok(denied(hold_back, is_alarmed)),
    };
    let account = authenticated.account();
    let (policy, portal) = (&rules.policy, Service::PORTAL);
    let is_let_in = [None, Some(Method::OneTimeCode)]
        .iter()
        .any(|code| admits(&memorised(*code), account, policy, (at, (&portal).into())).is_ok());
    let requirement = Requirement::of(policy, &at.zone, &portal);
    let Some(requirement) = requirement.filter(|_| is_let_in) else {
        return Ok(denied(hold_back, is_alarmed));
    };
    if has_something(ports, account, at).await? || mailbox_of(account).is_none() {
        return Ok(Welcomed::NotFirst);
    }
    let mut begun = SignIn::begin(portal, requirement, "/".to_owned(), at.now);
    begun.stage = Stage::ChooseFirst {
        account: account.id.clone(),
    };
    ports.sign_ins.begin_sign_in(sign_in.key(), &begun).await?;
    Ok(Welcomed::Begun { reply_token })
}

/// Kerberos, in the zone of the one who asks, and nothing else.
fn by_kerberos_in(zone: &Zone) -> Policy {
    Policy {
        rules: vec![Rule {
            zones: [zone.clone()].into(),
            services: [Service::ENROLMENT].into(),
            methods: vec![Method::Kerberos.into()],
            ..Rule::default()
        }],
    }
}

/// Whether there is anything to sign in with, anywhere.
async fn has_something(ports: &Ports, account: &Account, at: &At) -> Result<bool, Unavailable> {
    let subject = Subject::Account(account.id.clone());
    let attempt = &ports.attempt;
    let passwords = attempt.credentials.app_passwords(&subject).await?;
    let mut passwords = passwords.iter().map(|it| &it.record);
    let has_password =
        passwords.any(|it| it.revoked.is_none() && it.expires.is_none_or(|ends| ends > at.now));
    Ok(has_password
        || attempt.secrets.memorised_secret(&subject).await?.is_some()
        || !attempt.otp_tokens.otp_tokens_of(&subject).await?.is_empty()
        || !ports.passkeys.passkeys_of(&account.id).await?.is_empty())
}

fn mailbox_of(account: &Account) -> Option<Mailbox> {
    account.mail.iter().find_map(|it| Mailbox::parse(it).ok())
}

/// What the owner of an account is told of a secret that was set first.
pub(super) fn told(
    account: &Account,
    language: Language,
    id: [u8; 16],
    at: &At,
) -> Result<Message, FirstError> {
    let mailbox = mailbox_of(account).ok_or(FirstError::Gone)?;
    Ok(Message {
        id: ActivityId::from(id).0,
        account: Some(account.id.clone()),
        address: Address::Mail(mailbox),
        content: Content::Enrolled {
            from: at.source.to_string(),
        },
        language,
        queued: at.now,
        ends: at.now.checked_add(TOLD_FOR).unwrap_or(at.now),
    })
}
