//! A relayed ticket is good for its pool, its owner and as long as what bought it (design 13).

use std::sync::Arc;

use async_trait::async_trait;
use authn::account::{Account, AccountState};
use authn::admin::{self, NewAppPassword};
use authn::audit::{Kind, Reason};
use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{Tickets, Unavailable};
use authn::ticket::{Grounds, RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Outcome, Proof, Refusal, attempt};
use jiff::Timestamp;
use proto::secret::Secret;

use crate::watched::Fault;
use crate::world::{By, POOL, Person, Try, World, at, by_hand, for_lync, passed, refusal};

fn key() -> TicketKey {
    TicketKey::of(&Secret::new(b"what the ticket is known by".to_vec()))
}

fn ticket_of(person: &Person) -> RelayedTicket {
    RelayedTicket {
        key: key(),
        account: person.account.id.clone(),
        credential: person.record.id.clone(),
        token: None,
        channel: Channel::Ntlm,
        methods: [Method::AppPassword].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: at(3_600),
    }
}

/// An attempt by Anna's ticket.
fn by_ticket() -> Attempt {
    Attempt {
        proof: Proof::Ticket(key()),
        channel: Channel::Ticket,
        ..Try::new(By::Basic, "", "").into()
    }
}

async fn verified(world: &World, attempt: Attempt, now: Timestamp) -> Outcome {
    attempt::verify(&world.ports, &world.rules, attempt, (world.asked(), now)).await
}

async fn is_denied(world: &World, attempt: Attempt, now: Timestamp) -> bool {
    let outcome = verified(world, attempt, now).await;
    matches!(
        refusal(&outcome),
        Some(Refusal::Denied | Refusal::TicketEnded)
    )
}

/// A world in which Anna's ticket was relayed.
async fn world() -> (World, Person) {
    let world = World::new();
    let anna = world.person("anna").await;
    world
        .ports
        .tickets
        .record(Relaying::of(ticket_of(&anna)), i64::MAX)
        .await
        .unwrap();
    (world, anna)
}

#[tokio::test]
async fn a_relayed_ticket_says_who_it_is_and_what_bought_it() {
    let (world, anna) = world().await;
    for now in [0, 1, 3_599] {
        let outcome = verified(&world, by_ticket(), at(now)).await;
        assert!(outcome.hold_back.0.is_zero());
        let found = outcome.result.unwrap();
        assert_eq!(found.reply_token, None);
        let who = found.authenticated;
        assert_eq!(who.account(), &anna.account);
        assert_eq!(who.credential(), &anna.record.id);
        assert_eq!((who.channel(), who.at()), (Channel::Ticket, at(now)));
        assert_eq!(who.bought(), Channel::Ntlm);
        assert_eq!(who.sam_at_realm(), "anna@CONTOSO.COM");
    }
}

#[tokio::test]
async fn a_ticket_nobody_relayed_is_denied() {
    let world = World::new();
    world.person("anna").await;
    assert!(is_denied(&world, by_ticket(), at(0)).await);
    let (world, _) = self::world().await;
    let other = Attempt {
        proof: Proof::Ticket(TicketKey([0; 32])),
        ..by_ticket()
    };
    assert!(is_denied(&world, other, at(0)).await);
}

#[tokio::test]
async fn a_ticket_that_is_good_no_more_is_told_from_one_that_nobody_relayed() {
    let (mut world, anna) = world().await;
    let elsewhere = Attempt {
        pool: "pool02".to_owned(),
        ..by_ticket()
    };
    let unknown = Attempt {
        proof: Proof::Ticket(TicketKey([0; 32])),
        ..by_ticket()
    };
    for strange in [elsewhere, unknown] {
        let outcome = verified(&world, strange, at(0)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
    }
    let rules = std::mem::take(&mut world.rules.policy.rules);
    let lapsed = verified(&world, by_ticket(), at(0)).await;
    assert_eq!(refusal(&lapsed), Some(&Refusal::TicketEnded));
    world.rules.policy.rules = rules;
    let ended = verified(&world, by_ticket(), at(3_600)).await;
    assert_eq!(refusal(&ended), Some(&Refusal::TicketEnded));
    admin::revoke_app_password(&world.ports, &anna.record.id, &by_hand(1))
        .await
        .unwrap();
    let revoked = verified(&world, by_ticket(), at(1)).await;
    assert_eq!(refusal(&revoked), Some(&Refusal::TicketEnded));
}

#[tokio::test]
async fn a_ticket_is_good_for_its_own_pool_only() {
    let (world, _) = world().await;
    for pool in ["pool02", "", "POOL01", "pool01 "] {
        let elsewhere = Attempt {
            pool: pool.to_owned(),
            ..by_ticket()
        };
        assert!(is_denied(&world, elsewhere, at(0)).await, "{pool:?}");
    }
}

#[tokio::test]
async fn a_ticket_ends_at_its_expiry_to_the_second() {
    let (world, _) = world().await;
    assert!(!is_denied(&world, by_ticket(), at(3_599)).await);
    assert!(is_denied(&world, by_ticket(), at(3_600)).await);
    assert!(is_denied(&world, by_ticket(), at(1_000_000)).await);
}

#[tokio::test]
async fn a_ticket_ends_with_the_app_password_that_bought_it() {
    let world = World::new();
    let mut anna = world.person("anna").await;
    let new = NewAppPassword {
        expires: Some(at(100)),
        ..for_lync("loan")
    };
    (anna.record, anna.secret) = world.app_password(&anna.account, new).await;
    world
        .ports
        .tickets
        .record(Relaying::of(ticket_of(&anna)), i64::MAX)
        .await
        .unwrap();
    assert!(!is_denied(&world, by_ticket(), at(99)).await);
    assert!(is_denied(&world, by_ticket(), at(100)).await);
}

#[tokio::test]
async fn s23_revoking_an_app_password_drops_its_tickets_and_no_others() {
    let (world, anna) = world().await;
    let (tablet, _) = world.app_password(&anna.account, for_lync("tablet")).await;
    let of_tablet = RelayedTicket {
        key: TicketKey([1; 32]),
        credential: tablet.id,
        ..ticket_of(&anna)
    };
    world
        .ports
        .tickets
        .record(Relaying::of(of_tablet), i64::MAX)
        .await
        .unwrap();
    admin::revoke_app_password(&world.ports, &anna.record.id, &by_hand(1))
        .await
        .unwrap();
    assert!(is_denied(&world, by_ticket(), at(1)).await);
    let by_tablet = Attempt {
        proof: Proof::Ticket(TicketKey([1; 32])),
        ..by_ticket()
    };
    assert!(!is_denied(&world, by_tablet, at(1)).await);
}

#[tokio::test]
async fn disabling_or_locking_an_account_drops_its_tickets_for_good() {
    for state in [AccountState::Disabled, AccountState::Locked] {
        let (world, anna) = world().await;
        world.set_state(&anna, state).await;
        assert!(is_denied(&world, by_ticket(), at(1)).await, "{state:?}");
        world.set_state(&anna, AccountState::Active).await;
        assert!(is_denied(&world, by_ticket(), at(1)).await, "{state:?}");
    }
}

#[tokio::test]
async fn a_ticket_opens_only_what_the_policy_opens_to_the_channel_that_bought_it() {
    let (mut world, _) = world().await;
    let inside = Attempt {
        zone: Zone::INTERNAL,
        ..by_ticket()
    };
    assert!(is_denied(&world, inside, at(0)).await);
    let of_channels = |channels: &[Channel]| Rule {
        channels: channels.iter().copied().collect(),
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    let by_ntlm = of_channels(&[Channel::Ntlm, Channel::Negotiate]);
    for (rules, opens) in [
        (Vec::new(), false),
        (vec![Rule::default()], false),
        (vec![of_channels(&[Channel::Basic])], false),
        (vec![by_ntlm], true),
    ] {
        world.rules.policy = Policy { rules };
        assert_eq!(!is_denied(&world, by_ticket(), at(0)).await, opens);
    }
}

#[tokio::test]
async fn s36_a_ticket_opens_only_the_services_of_the_app_password_that_bought_it() {
    let (mut world, _) = world().await;
    let everywhere = Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    world.rules.policy = Policy {
        rules: vec![everywhere],
    };
    assert!(!is_denied(&world, by_ticket(), at(0)).await);
    let mail = Attempt {
        service: Service::EWS,
        ..by_ticket()
    };
    assert!(is_denied(&world, mail, at(0)).await);
}

#[tokio::test]
async fn a_ticket_does_not_speak_for_the_sip_uri_of_another_person() {
    let (world, _) = world().await;
    world.person("ben").await;
    let claimed = |uri: &str| Attempt {
        sip_uri: Some(uri.to_owned()),
        ..by_ticket()
    };
    assert!(is_denied(&world, claimed("sip:ben.sip@contoso.com"), at(0)).await);
    assert!(!is_denied(&world, claimed("sip:anna.sip@contoso.com"), at(0)).await);
}

#[tokio::test]
async fn a_ticket_that_is_relayed_again_to_somebody_else_stays_its_owners() {
    let (world, anna) = world().await;
    let ben = world.person("ben").await;
    let taken = world
        .ports
        .tickets
        .record(Relaying::of(ticket_of(&ben)), i64::MAX)
        .await;
    assert!(matches!(taken, Err(Unavailable { .. })));
    let outcome = verified(&world, by_ticket(), at(0)).await;
    assert_eq!(passed(&outcome), Some(&anna.account));
    // The same answer twice is no theft.
    world
        .ports
        .tickets
        .record(Relaying::of(ticket_of(&anna)), i64::MAX)
        .await
        .unwrap();
}

#[tokio::test]
async fn tickets_are_neither_counted_nor_audited() {
    let (world, _) = world().await;
    let before = world.watched.trail().await;
    for proof in [key(), TicketKey([0; 32])] {
        let attempt = Attempt {
            proof: Proof::Ticket(proof),
            ..by_ticket()
        };
        verified(&world, attempt, at(0)).await;
    }
    assert!(world.watched.reserved().is_empty());
    assert_eq!(world.watched.trail().await, before);
    let is_sign_in = |kind: &Kind| matches!(kind, Kind::SignedIn { .. } | Kind::Refused { .. });
    assert!(!before.iter().any(|chained| is_sign_in(&chained.event.kind)));
}

/// An attempt by Anna's certificate, which is tracked as her ticket is.
fn by_certificate() -> Attempt {
    Attempt {
        proof: Proof::Certificate(key()),
        ..by_ticket()
    }
}

#[tokio::test]
async fn whoever_a_known_certificate_names_and_is_refused_is_audited() {
    let (mut world, anna) = world().await;
    world.person("ben").await;
    let bens = "sip:ben.sip@contoso.com".to_owned();
    let in_anothers_name = Attempt {
        sip_uri: Some(bens.clone()),
        ..by_certificate()
    };
    let elsewhere = Attempt {
        pool: "pool02".to_owned(),
        ..by_certificate()
    };
    let mail = Attempt {
        service: Service::EWS,
        ..by_certificate()
    };
    let inside = Attempt {
        zone: Zone::INTERNAL,
        ..by_certificate()
    };
    for (attempt, reason, name) in [
        (in_anothers_name, Reason::SipUriOfAnother, &bens),
        (elsewhere, Reason::UnknownTicket, &anna.account.upn),
        (mail, Reason::OutOfScope, &anna.account.upn),
        (inside, Reason::NotAllowedHere, &anna.account.upn),
    ] {
        assert!(is_denied(&world, attempt, at(5)).await, "{reason:?}");
        let event = world.watched.trail().await.pop().unwrap().event;
        let name = name.clone();
        assert_eq!(event.kind, Kind::Refused { reason, name });
        assert_eq!(event.account, Some(anna.account.id.clone()));
        assert_eq!((event.at, event.channel), (at(5), Some(Channel::Ticket)));
    }

    // Each took a place, as a certificate is no secret; whoever shows it over and over is slowed.
    assert_eq!(world.watched.reserved().len(), 4);
    let again = || Attempt {
        sip_uri: Some(bens.clone()),
        ..by_certificate()
    };
    let mut slowed = false;
    for _ in 0..30 {
        slowed |= !verified(&world, again(), at(5)).await.hold_back.0.is_zero();
    }
    assert!(slowed, "an audit trail is not filled at full speed");

    let before = world.watched.trail().await;
    assert_eq!(world.watched.reserved().len(), 30);
    let unknown = Attempt {
        proof: Proof::Certificate(TicketKey([0; 32])),
        ..by_ticket()
    };
    assert!(is_denied(&world, unknown, at(5)).await);
    // What it buys is audited with the pool's answer.
    assert!(!is_denied(&world, by_certificate(), at(5)).await);
    assert_eq!(world.watched.trail().await, before);
    assert!(world.watched.reserved().is_empty());

    world.rules.policy = Policy { rules: Vec::new() };
    world.watched.fail("settle", 1, Fault::Before);
    let outcome = verified(&world, by_certificate(), at(5)).await;
    let refused = refusal(&outcome);
    assert!(
        matches!(refused, Some(Refusal::Unavailable(_))),
        "{refused:?}"
    );
}

/// Tickets of a store that looks at nothing before it gives them out.
struct Careless(RelayedTicket, Account);

#[async_trait]
impl Tickets for Careless {
    async fn record(&self, _: Relaying, _: i64) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn find(
        &self,
        _: &TicketKey,
        _: Timestamp,
    ) -> Result<Option<(RelayedTicket, Account)>, Unavailable> {
        Ok(Some((self.0.clone(), self.1.clone())))
    }

    async fn stands(&self, _: &Grounds<'_>, _: Timestamp) -> Result<bool, Unavailable> {
        Ok(true)
    }

    async fn was_relayed(&self, _: &TicketKey) -> Result<bool, Unavailable> {
        Ok(true)
    }

    async fn spend_token(&self, _: &TicketKey) -> Result<bool, Unavailable> {
        Ok(true)
    }

    async fn take_token(
        &self,
        _: &TicketKey,
        _: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        Ok(true)
    }
}

#[tokio::test]
async fn an_ended_ticket_or_account_is_denied_also_where_the_store_gives_it_out() {
    let (mut world, anna) = world().await;
    for (state, now, reason) in [
        (AccountState::Active, 3_599, None),
        (AccountState::Active, 3_600, Some(Reason::UnknownTicket)),
        (AccountState::Disabled, 0, Some(Reason::AccountDisabled)),
        (AccountState::Locked, 0, Some(Reason::AccountLocked)),
    ] {
        let account = Account {
            state,
            ..anna.account.clone()
        };
        world.ports.tickets = Arc::new(Careless(ticket_of(&anna), account));
        let is_refused = reason.is_some();
        assert_eq!(is_denied(&world, by_ticket(), at(now)).await, is_refused);
        assert_eq!(
            is_denied(&world, by_certificate(), at(now)).await,
            is_refused
        );
        let Some(reason) = reason else { continue };
        let name = anna.account.upn.clone();
        let last = world.watched.trail().await.pop().unwrap().event;
        assert_eq!(last.kind, Kind::Refused { reason, name });
    }
}

#[tokio::test]
async fn what_a_ticket_proves_ends_with_it_and_no_later_than_the_app_password() {
    let world = World::new();
    let anna = world.person("anna").await;
    for (expires, end) in [
        (None, 3_600),
        (Some(at(9_000)), 3_600),
        (Some(at(100)), 100),
    ] {
        let new = NewAppPassword {
            expires,
            ..for_lync("loan")
        };
        let (loan, _) = world.app_password(&anna.account, new).await;
        let ticket = RelayedTicket {
            key: TicketKey([7; 32]),
            credential: loan.id.clone(),
            ..ticket_of(&anna)
        };
        world
            .ports
            .tickets
            .record(Relaying::of(ticket), i64::MAX)
            .await
            .unwrap();
        let by_it = Attempt {
            proof: Proof::Ticket(TicketKey([7; 32])),
            ..by_ticket()
        };
        let who = verified(&world, by_it, at(0))
            .await
            .result
            .unwrap()
            .authenticated;
        assert_eq!(who.ends(), Some(at(end)));
        assert!(who.stands(at(end - 1)) && !who.stands(at(end)));
        let revoked = admin::revoke_app_password(&world.ports, &loan.id, &by_hand(1)).await;
        revoked.unwrap();
    }
}
