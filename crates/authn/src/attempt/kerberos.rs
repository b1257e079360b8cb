//! A Kerberos token as proof (RFC 4121 4.1): from a member of the domain, in the office.
//!
//! SECURITY: not a byte of a token is looked at where Kerberos is not allowed. One that is not accepted names nobody:
//! it counts against its source and against no account. Start at [`verify`].

use std::sync::Arc;

use jiff::SignedDuration;
use proto::channel_binding::{Demand, EndPoint};
use proto::secret::Secret;
use proto::spnego;

use super::said::{Said, is_fresh, owns_what_is_claimed};
use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::account::Account;
use crate::audit::{Event, Kind, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::credential::CredentialId;
use crate::credential::grant::{BoundTo, CodeSettlement};
use crate::credential::kerberos::{Bindings, Initiator, LONGEST, Logon, TokenFault};
use crate::lockout::{Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::policy;
use crate::ports::{KerberosAcceptor, Settlement, Unavailable};

/// A token, and what it came over.
#[derive(Debug)]
pub struct KerberosToken {
    /// The token; whoever has it is its user, once.
    pub token: Secret<Vec<u8>>,
    /// The SPNEGO exchange around it.
    pub negotiation: spnego::Acceptor,
    /// Every certificate that may have been shown on the connection.
    pub end_points: Vec<EndPoint>,
    /// What becomes of its channel binding.
    pub channel_binding: Demand,
}

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    offered: KerberosToken,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let Some(acceptor) = ports.kerberos.as_deref().filter(|_| is_allowed(rules, at)) else {
        return nobodys(ports, rules, Vec::new(), at).await;
    };
    let bindings = match offered.channel_binding {
        Demand::Off => Bindings::Ignored,
        Demand::Allow | Demand::Require => Bindings::AnyOf(offered.end_points.clone()),
    };
    let logon = match acceptor.accept(&offered.token, bindings).await? {
        Ok(logon) => logon,
        // Junk is counted and not audited.
        Err(TokenFault::Malformed) => return nobodys(ports, rules, Vec::new(), at).await,
        Err(fault) => {
            let events = vec![at.event(Kind::KerberosTokenRefused { fault }, None)];
            return nobodys(ports, rules, events, at).await;
        }
    };
    named(ports, rules, (acceptor, &offered, logon), at).await
}

/// Whoever a token names, whether they may come in or not.
async fn named(
    ports: &Ports,
    rules: &Rules,
    (acceptor, offered, logon): (&dyn KerberosAcceptor, &KerberosToken, Logon),
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let initiator = Initiator::of(&logon.initiator);
    let ours = initiator.filter(|it| it.realm == acceptor.realm());
    let names = ours.map(|it| NameKey::candidates(it.sam, it.realm, None));
    let names = names.unwrap_or_default();
    let found = ports.accounts.by_names(&names).await?;
    let named = found.filter(|account| ours.is_some_and(|it| it.is(account)));
    let is_theirs = named.as_ref().map_or(Ok(()), |named| logon.is_of(named));
    // Whoever has another's ticket costs the one with the name nothing.
    let account = named.filter(|_| is_theirs.is_ok());
    let subject = match &account {
        Some(account) => Subject::Account(account.id.clone()),
        None => Subject::unknown(&names, &rules.unknown_names_key),
    };
    let place = Place::now(subject, at.source.into(), at.now);
    let reservation = ports.attempts.reserve(place).await?;
    let said = Said {
        at,
        clock_skew: None,
        account: account.as_ref(),
        name: Some(shown_name(&logon.initiator, "")),
        overtaken: Reason::AccountDisabled,
        code: CodeSettlement::None,
        bound_to: BoundTo::default(),
        is_told_unread: true,
    };
    let judged = match (&account, is_theirs, initiator) {
        (Some(account), ..) => judge(rules, account, (offered, &logon), at),
        (None, Err(reason), _) => Err(reason),
        (None, Ok(()), Some(it)) if it.realm != acceptor.realm() => Err(Reason::AnotherRealm),
        (None, Ok(()), _) => Err(Reason::UnknownName),
    };
    said.settle(ports, reservation, judged).await
}

/// An attempt that names nobody: it counts against its source.
async fn nobodys(
    ports: &Ports,
    rules: &Rules,
    events: Vec<Event>,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let subject = Subject::unknown(&[], &rules.unknown_names_key);
    let place = Place::now(subject, at.source.into(), at.now);
    let Some(reservation) = ports.attempts.reserve(place).await? else {
        return Ok(Outcome::plain(Err(Refusal::Denied)));
    };
    let hold_back = reservation.counts.hold_back(false);
    let settling = Settlement {
        reservation,
        succeeded: None,
        code: CodeSettlement::None,
        events,
        alarm: None,
    };
    ports.attempts.settle(settling).await?;
    Ok(Outcome {
        hold_back,
        ..Outcome::plain(Err(Refusal::Denied))
    })
}

/// Whether anybody may come in by Kerberos here.
fn is_allowed(rules: &Rules, at: &Circumstances) -> bool {
    let by_kerberos = [Method::Kerberos].into();
    rules
        .policy
        .may_be_met(&at.asking(at.channel), &by_kerberos)
}

/// Who it is, or why not. The person is judged first, then the proof.
fn judge(
    rules: &Rules,
    account: &Account,
    (offered, logon): (&KerberosToken, &Logon),
    at: &Circumstances,
) -> Result<Verified, Reason> {
    account.may_sign_in()?;
    if offered.channel_binding == Demand::Require && !logon.is_bound {
        return Err(Reason::ChannelBinding);
    }
    let methods = [Method::Kerberos].into();
    let shown = policy::Proved {
        methods: &methods,
        made: None,
        second_factor: None,
    };
    let asking = at.asking(at.channel);
    let until = rules.policy.judge(account, &asking, &shown, at.now)?;
    owns_what_is_claimed(account, at)?;
    is_fresh(account, at)?;
    let lasts = SignedDuration::try_from(logon.lasts).unwrap_or(LONGEST);
    let ends = at.now.checked_add(lasts.min(LONGEST)).unwrap_or(at.now);
    let ends = earlier(Some(ends), until);
    let how = How {
        methods,
        second_factor: None,
        channel: at.channel,
        bought: at.channel,
        credential: CredentialId::kerberos_of(&account.id),
        token: None,
        zone: at.zone.clone(),
        at: at.now,
        ends,
        bounds: ends,
        is_of_its_connection: false,
    };
    Ok(Verified {
        authenticated: Arc::new(Authenticated::new(account.clone(), how)),
        reply_token: offered.negotiation.accepted(logon.answer.as_deref()),
    })
}
