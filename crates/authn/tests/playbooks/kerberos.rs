//! Kerberos from the office: who is let in by a ticket of the domain, for how long, and what a bad token costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use authn::account::AccountState;
use authn::attempt::KerberosToken;
use authn::audit::{Kind, Reason};
use authn::credential::CredentialId;
use authn::credential::kerberos::{Bindings, Logon, TokenFault};
use authn::directory::{Person, RefusedGroups, Standing};
use authn::lockout::Subject;
use authn::place::{ActivityId, Channel, ConnectionId, Method, Service, Zone};
use authn::policy::Rule;
use authn::ports::{DirectoryCopy, KerberosAcceptor, Tickets, Unavailable};
use authn::revocation::Revoked;
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Outcome, Proof, Refusal, admin};
use jiff::SignedDuration;
use proto::channel_binding::{Demand, EndPoint};
use proto::kerberos::pac::Owner;
use proto::secret::Secret;
use proto::spnego;

use crate::directory::{self, is_seen, later};
use crate::world::{POOL, World, at, by_hand, passed, refusal};

/// A certificate of the listener's.
pub(crate) const OURS: [u8; 32] = [7; 32];

/// A domain in memory: a token is the name of its owner, with the SID of their account where it has a PAC, or the name
/// of what is wrong with it.
#[derive(Default)]
pub(crate) struct Domain {
    pub(crate) asked: AtomicUsize,
    lasts: Option<Duration>,
}

#[async_trait]
impl KerberosAcceptor for Domain {
    async fn accept(
        &self,
        token: &Secret<Vec<u8>>,
        bindings: Bindings,
    ) -> Result<Result<Logon, TokenFault>, Unavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let text = std::str::from_utf8(token.expose()).unwrap();
        let (named, bound_to) = text.split_once(" bound to ").unwrap_or((text, ""));
        // Whoever is not said to be another is called so in the domain, too.
        let (initiator, whose) = named
            .split_once(" of ")
            .unwrap_or((named, "S-1-5-21-7-7-7-7"));
        let own = initiator.split('@').next().unwrap_or_default();
        let (sid, called) = whose.split_once(" called ").unwrap_or((whose, own));
        let owner = sid.parse().ok().map(|sid| Owner {
            sid,
            name: called.to_owned(),
        });
        let is_bound = match &bindings {
            Bindings::Ignored => false,
            Bindings::AnyOf(ours) if bound_to == "ours" => {
                assert_eq!(ours, &[EndPoint::of_digest(&OURS)]);
                true
            }
            Bindings::AnyOf(_) if bound_to.is_empty() => false,
            Bindings::AnyOf(_) => return Ok(Err(TokenFault::WrongBinding)),
        };
        Ok(match initiator {
            "replayed" => Err(TokenFault::Replayed),
            "for another" => Err(TokenFault::NotForUs),
            "late" => Err(TokenFault::ClockSkew),
            "ended" => Err(TokenFault::OutOfTime),
            "weak" => Err(TokenFault::Weak),
            "junk" => Err(TokenFault::Malformed),
            "broken" => {
                return Err(Unavailable {
                    what: "Kerberos",
                    detail: "on purpose".to_owned(),
                });
            }
            initiator => Ok(Logon {
                initiator: initiator.to_owned(),
                owner,
                is_bound,
                lasts: self.lasts.unwrap_or(Duration::from_secs(36_000)),
                answer: Some(b"AP-REP".to_vec()),
            }),
        })
    }

    fn realm(&self) -> &str {
        "CONTOSO.COM"
    }
}

/// The ticket of Anna of the directory.
const ANNA: &str = "anna@CONTOSO.COM of S-1-5-21-1-2-3-1104";

/// A company whose office comes by Kerberos, beside app passwords from everywhere.
fn world(domain: Domain) -> (World, Arc<Domain>) {
    let mut world = World::new();
    let domain = Arc::new(domain);
    world.ports.kerberos = Some(domain.clone());
    let office = Rule {
        zones: [Zone::INTERNAL].into(),
        services: [Service::LYNC].into(),
        methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
        ..Rule::default()
    };
    world.rules.policy.rules.insert(0, office);
    (world, domain)
}

fn attempt(token: &str) -> Attempt {
    Attempt {
        proof: Proof::Kerberos(Box::new(KerberosToken {
            token: Secret::new(token.as_bytes().to_vec()),
            negotiation: spnego::Acceptor::or_kerberos(),
            end_points: vec![EndPoint::of_digest(&OURS)],
            channel_binding: Demand::Allow,
        })),
        channel: Channel::Negotiate,
        service: Service::LYNC,
        route: None,
        party: None,
        pool: POOL.to_owned(),
        zone: Zone::INTERNAL,
        source: [10, 0, 0, 4].into(),
        tls: None,
        sip_uri: None,
        device: None,
        activity: ActivityId::from([9; 16]),
        connection: ConnectionId::default(),
    }
}

fn with_demand(token: &str, demand: Demand) -> Attempt {
    let mut attempt = attempt(token);
    if let Proof::Kerberos(offered) = &mut attempt.proof {
        offered.channel_binding = demand;
    }
    attempt
}

#[tokio::test]
async fn s9_the_domain_vouches_for_somebody_in_the_office_without_a_prompt() {
    let (world, _) = world(Domain::default());
    let anna = world.person("anna").await;
    for name in ["anna@CONTOSO.COM", "ANNA@CONTOSO.COM"] {
        let outcome = world.attempt(attempt(name)).await;
        assert_eq!(passed(&outcome), Some(&anna.account));
        let verified = outcome.result.unwrap();
        assert_eq!(verified.reply_token.as_deref(), Some(&b"AP-REP"[..]));
        let who = verified.authenticated;
        assert_eq!(who.methods(), [Method::Kerberos]);
        assert_eq!(
            who.credential(),
            &CredentialId::kerberos_of(&anna.account.id)
        );
        assert_eq!(who.sam_at_realm(), "anna@CONTOSO.COM");
        let event = world.watched.trail().await.pop().unwrap().event;
        let credential = who.credential().clone();
        let clock_skew = None;
        assert_eq!(
            event.kind,
            Kind::SignedIn {
                credential,
                clock_skew,
                certificate: None,
            }
        );
        assert_eq!(event.account, Some(anna.account.id.clone()));
        let given_back = world.watched.settled().pop().unwrap();
        assert!(given_back.is_some(), "it burns no place");
    }
}

#[tokio::test]
async fn s9_from_outside_the_same_is_refused_and_its_token_not_even_looked_at() {
    let (mut world, domain) = world(Domain::default());
    world.person("anna").await;
    let outside = || Attempt {
        zone: Zone::EXTERNAL,
        ..attempt("anna@CONTOSO.COM")
    };
    assert_eq!(
        refusal(&world.attempt(outside()).await),
        Some(&Refusal::Denied)
    );
    let elsewhere = Attempt {
        service: Service::EWS,
        ..attempt("anna@CONTOSO.COM")
    };
    assert_eq!(
        refusal(&world.attempt(elsewhere).await),
        Some(&Refusal::Denied)
    );
    // Not even by a rule that somebody wrote for everywhere, or for the outside.
    for zones in [[].into(), [Zone::EXTERNAL].into()] {
        let rule = Rule {
            zones,
            methods: vec![Method::Kerberos.into()],
            ..Rule::default()
        };
        world.rules.policy.rules.insert(0, rule);
        assert_eq!(
            refusal(&world.attempt(outside()).await),
            Some(&Refusal::Denied)
        );
    }
    assert_eq!(domain.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_a_key_nobody_comes_by_kerberos() {
    let (mut world, _) = world(Domain::default());
    world.person("anna").await;
    world.ports.kerberos = None;
    let outcome = world.attempt(attempt("anna@CONTOSO.COM")).await;
    assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
}

#[tokio::test]
async fn whoever_a_ticket_names_must_have_an_account_of_that_name_and_realm() {
    let (world, _) = world(Domain::default());
    world.person("anna").await;
    for (name, reason) in [
        ("ben@CONTOSO.COM", Reason::UnknownName),
        ("PC1$@CONTOSO.COM", Reason::UnknownName),
        ("host/pc1@CONTOSO.COM", Reason::UnknownName),
        ("anna\\@contoso.com@CONTOSO.COM", Reason::UnknownName),
        // Folded further, it would be hers.
        ("\u{ff41}nna@CONTOSO.COM", Reason::UnknownName),
        ("anna.@CONTOSO.COM", Reason::UnknownName),
        ("anna@FABRIKAM.COM", Reason::AnotherRealm),
        ("anna@contoso.com", Reason::AnotherRealm),
        ("anna@CONTOSO", Reason::AnotherRealm),
    ] {
        let outcome = world.attempt(attempt(name)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{name}");
        assert_eq!(world.reason().await, Some(reason), "{name}");
        let (subject, _) = world.watched.reserved().pop().unwrap();
        assert!(matches!(subject, Subject::Unknown(_)), "{name}");
    }
}

#[tokio::test]
async fn an_account_that_is_switched_off_or_locked_is_refused_with_a_good_ticket() {
    for (state, reason) in [
        (AccountState::Disabled, Reason::AccountDisabled),
        (AccountState::Locked, Reason::AccountLocked),
    ] {
        let (world, _) = world(Domain::default());
        world.person_who_is("anna", state).await;
        let outcome = world.attempt(attempt("anna@CONTOSO.COM")).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
        assert_eq!(world.reason().await, Some(reason));
    }
}

#[tokio::test]
async fn an_account_that_is_switched_off_while_it_is_checked_is_refused() {
    let (world, _) = world(Domain::default());
    let anna = world.person("anna").await;
    world
        .watched
        .overtake(Revoked::Account(anna.account.id.clone()));
    let outcome = world.attempt(attempt("anna@CONTOSO.COM")).await;
    assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
    assert_eq!(world.reason().await, Some(Reason::AccountDisabled));
}

#[tokio::test]
async fn a_bad_token_is_audited_by_its_fault_and_burns_no_account() {
    let (world, _) = world(Domain::default());
    world.person("anna").await;
    for (token, fault) in [
        ("replayed", Some(TokenFault::Replayed)),
        ("for another", Some(TokenFault::NotForUs)),
        ("late", Some(TokenFault::ClockSkew)),
        ("ended", Some(TokenFault::OutOfTime)),
        ("weak", Some(TokenFault::Weak)),
        (
            "anna@CONTOSO.COM bound to another's",
            Some(TokenFault::WrongBinding),
        ),
        // Junk is counted and not audited.
        ("junk", None),
    ] {
        let before = world.watched.trail().await.len();
        let outcome = world.attempt(attempt(token)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{token}");
        let trail = world.watched.trail().await;
        let new = trail.get(before..).unwrap();
        let kinds: Vec<&Kind> = new.iter().map(|it| &it.event.kind).collect();
        let expected = fault.map(|fault| Kind::KerberosTokenRefused { fault });
        assert_eq!(kinds, expected.iter().collect::<Vec<_>>(), "{token}");
        assert!(new.iter().all(|it| it.event.account.is_none()));
        let (subject, _) = world.watched.reserved().pop().unwrap();
        assert!(matches!(subject, Subject::Unknown(_)), "{token}");
    }
}

#[tokio::test]
async fn a_source_of_bad_tokens_is_slowed() {
    let (world, _) = world(Domain::default());
    for token in ["junk", "replayed"].repeat(15) {
        world.attempt(attempt(token)).await;
    }
    let Outcome { hold_back, .. } = world.attempt(attempt("junk")).await;
    assert!(hold_back.0 >= Duration::from_millis(500), "{hold_back:?}");
}

#[tokio::test]
async fn where_a_binding_is_demanded_a_token_without_one_is_refused() {
    let (world, _) = world(Domain::default());
    world.person("anna").await;
    let (bound, unbound) = ("anna@CONTOSO.COM bound to ours", "anna@CONTOSO.COM");
    let anothers = "anna@CONTOSO.COM bound to another's";
    for (token, demand, is_let_in) in [
        (bound, Demand::Require, true),
        (unbound, Demand::Require, false),
        (anothers, Demand::Require, false),
        (bound, Demand::Allow, true),
        (unbound, Demand::Allow, true),
        (anothers, Demand::Allow, false),
        (unbound, Demand::Off, true),
        (anothers, Demand::Off, true),
    ] {
        let outcome = world.attempt(with_demand(token, demand)).await;
        assert_eq!(passed(&outcome).is_some(), is_let_in, "{token} {demand:?}");
        if token == unbound && demand == Demand::Require {
            assert_eq!(world.reason().await, Some(Reason::ChannelBinding));
        }
    }
}

#[tokio::test]
async fn a_broken_acceptor_lets_nobody_in_and_blames_nobody() {
    let (world, _) = world(Domain::default());
    world.person("anna").await;
    let before = world.watched.trail().await.len();
    let outcome = world.attempt(attempt("broken")).await;
    let refused = refusal(&outcome);
    assert!(matches!(refused, Some(Refusal::Unavailable(_))));
    assert_eq!(world.watched.trail().await.len(), before);
}

#[tokio::test]
async fn a_sign_in_ends_with_its_ticket_and_after_ten_hours_at_the_latest() {
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    for (ticket, lasts) in [(1, 1), (10, 10), (24 * 7, 10)] {
        let (world, _) = world(Domain {
            lasts: Some(Duration::from_secs(3_600 * ticket)),
            ..Domain::default()
        });
        world.person("anna").await;
        let outcome = world.attempt(attempt("anna@CONTOSO.COM")).await;
        let who = outcome.result.unwrap().authenticated;
        let ends = at(0) + hours(lasts);
        assert_eq!(who.ends(), Some(ends));
        assert!(!who.stands(ends));
        assert_eq!(who.bounds(at(0) + hours(1_000)), ends, "what it buys, too");
        assert_eq!(who.bounds(at(60)), at(60));
    }
}

#[tokio::test]
async fn another_s_sip_uri_is_not_asked_for_by_kerberos_either() {
    let (world, _) = world(Domain::default());
    world.person("anna").await;
    for (uri, is_let_in) in [
        ("sip:anna.sip@contoso.com", true),
        ("sip:ben@contoso.com", false),
    ] {
        let claims = Attempt {
            sip_uri: Some(uri.to_owned()),
            ..attempt("anna@CONTOSO.COM")
        };
        let outcome = world.attempt(claims).await;
        assert_eq!(passed(&outcome).is_some(), is_let_in, "{uri}");
    }
}

#[tokio::test]
async fn a_ticket_bought_by_kerberos_is_good_in_the_office_while_the_account_stands() {
    let (world, _) = world(Domain::default());
    let anna = world.person("anna").await;
    let outcome = world.attempt(attempt("anna@CONTOSO.COM")).await;
    let who = outcome.result.unwrap().authenticated;
    let key = TicketKey([3; 32]);
    let bought = RelayedTicket {
        key: key.clone(),
        account: who.account_id().clone(),
        credential: who.credential().clone(),
        token: None,
        channel: who.bought(),
        methods: [Method::Kerberos].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: who.bounds(at(8 * 3_600)),
    };
    let relaying = Relaying::of(bought);
    world.watched.record(relaying, 0).await.unwrap();
    let shown = |zone: Zone| Attempt {
        proof: Proof::Ticket(key.clone()),
        channel: Channel::Ticket,
        zone,
        ..attempt("")
    };
    let by_ticket = world.attempt(shown(Zone::INTERNAL)).await;
    let who = by_ticket.result.unwrap().authenticated;
    assert_eq!(who.account(), &anna.account);
    assert_eq!(who.methods(), [Method::Kerberos]);
    assert_eq!(who.ends(), Some(at(8 * 3_600)));
    assert_eq!(
        who.bounds(at(1_000_000)),
        at(8 * 3_600),
        "and a certificate that it buys ends with it"
    );

    // A laptop that goes home with it is asked for something else there.
    let at_home = world.attempt(shown(Zone::EXTERNAL)).await;
    assert_eq!(refusal(&at_home), Some(&Refusal::TicketEnded));

    // Nor is a certificate for it any better, but for the audit.
    let by_certificate = |zone| Attempt {
        proof: Proof::Certificate(key.clone()),
        ..shown(zone)
    };
    let at_work = world.attempt(by_certificate(Zone::INTERNAL)).await;
    let who = at_work.result.unwrap().authenticated;
    assert_eq!(who.methods(), [Method::Kerberos]);
    assert_eq!(who.ends(), Some(at(8 * 3_600)));
    let at_home = world.attempt(by_certificate(Zone::EXTERNAL)).await;
    assert_eq!(refusal(&at_home), Some(&Refusal::Denied));
    assert_eq!(world.reason().await, Some(Reason::NotAllowedHere));

    for state in [AccountState::Disabled, AccountState::Active] {
        world.set_state(&anna, state).await;
        let ended = world.attempt(shown(Zone::INTERNAL)).await;
        assert_eq!(refusal(&ended), Some(&Refusal::TicketEnded), "{state:?}");
    }
}

/// A world with Anna of the directory, which was read just then, and a ticket that she bought by Kerberos.
async fn of_the_directory() -> (World, TicketKey) {
    let (world, _) = world(Domain::default());
    world.watched.memory().was_read(at(0)).await.unwrap();
    let refused = RefusedGroups::default();
    let added = admin::add_person(&world.ports, &directory::anna(), &refused, &by_hand(0)).await;
    let anna = added.unwrap();
    let outcome = world.attempt(attempt(ANNA)).await;
    assert_eq!(passed(&outcome).map(|it| &it.id), Some(&anna.id));
    let who = outcome.result.unwrap().authenticated;
    assert!(who.is_of_directory());
    let bought = RelayedTicket {
        key: TicketKey([3; 32]),
        account: anna.id,
        credential: who.credential().clone(),
        token: None,
        channel: who.bought(),
        methods: [Method::Kerberos].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: later(60),
    };
    let key = bought.key.clone();
    let relaying = Relaying::of(bought);
    world.watched.record(relaying, 0).await.unwrap();
    (world, key)
}

/// Names change owners: a ticket lives for ten hours and may be of whoever had the name before.
#[tokio::test]
async fn a_ticket_of_another_account_with_the_name_is_refused_and_burns_nothing_of_it() {
    let (world, _) = of_the_directory().await;
    for (token, reason) in [
        (
            "anna@CONTOSO.COM of S-1-5-21-1-2-3-1105",
            Reason::AnotherAccount,
        ),
        (
            "anna@CONTOSO.COM of S-1-5-21-1-2-4-1104",
            Reason::AnotherAccount,
        ),
        ("anna@CONTOSO.COM of nobody", Reason::WithoutSid),
        ("anna@CONTOSO.COM", Reason::AnotherAccount),
        // What is wrong with the name is said of the name.
        ("anna@CONTOSO of S-1-5-21-1-2-3-1104", Reason::AnotherRealm),
    ] {
        let outcome = world.attempt(attempt(token)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{token}");
        assert_eq!(world.reason().await, Some(reason), "{token}");
        let (subject, _) = world.watched.reserved().pop().unwrap();
        assert!(matches!(subject, Subject::Unknown(_)), "{token}");
        let event = world.watched.trail().await.pop().unwrap().event;
        assert_eq!(event.account, None, "{token}");
    }
    assert!(passed(&world.attempt(attempt(ANNA)).await).is_some());
}

/// A local account has no SID, and the name that the domain signed is all there is: whoever is called otherwise there had
/// a domain controller take one name for another.
#[tokio::test]
async fn an_account_without_a_sid_is_known_by_the_name_that_the_domain_signed() {
    let (world, _) = world(Domain::default());
    let ben = world.person("ben").await;
    for token in [
        "ben@CONTOSO.COM",
        "ben@CONTOSO.COM of S-1-5-21-1-2-3-7",
        "ben@CONTOSO.COM of S-1-5-21-1-2-3-7 called BEN",
    ] {
        let outcome = world.attempt(attempt(token)).await;
        assert_eq!(passed(&outcome), Some(&ben.account), "{token}");
    }
    for (token, reason) in [
        (
            "ben@CONTOSO.COM of S-1-5-21-1-2-3-7 called ben$",
            Reason::AnotherAccount,
        ),
        (
            "ben@CONTOSO.COM of S-1-5-21-1-2-3-7 called mallory",
            Reason::AnotherAccount,
        ),
        ("ben@CONTOSO.COM of nobody", Reason::WithoutSid),
    ] {
        let outcome = world.attempt(attempt(token)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{token}");
        assert_eq!(world.reason().await, Some(reason), "{token}");
    }
}

#[tokio::test]
async fn whom_the_directory_shuts_out_is_denied_with_a_ticket_of_its_own() {
    for (standing, reason) in [
        (Standing::Disabled, Some(Reason::DisabledInDirectory)),
        (Standing::Expired, Some(Reason::ExpiredInDirectory)),
        (Standing::LockedOut, None),
    ] {
        let (world, key) = of_the_directory().await;
        let seen = Person {
            standing,
            ..directory::anna()
        };
        is_seen(&world, &[seen]).await;
        let denied = reason.map(|_| &Refusal::Denied);
        let outcome = world.attempt(attempt(ANNA)).await;
        assert_eq!(refusal(&outcome), denied, "{standing:?}");
        assert_eq!(world.reason().await, reason);
        let by_ticket = Attempt {
            proof: Proof::Ticket(key),
            channel: Channel::Ticket,
            ..attempt("")
        };
        let outcome = world.attempt(by_ticket).await;
        let ended = reason.map(|_| &Refusal::TicketEnded);
        assert_eq!(refusal(&outcome), ended, "{standing:?}");
    }
}

#[tokio::test]
async fn with_the_directory_unread_its_people_are_refused_by_kerberos_and_by_what_it_bought() {
    let (world, key) = of_the_directory().await;
    let ben = world.person("ben").await;
    let tried = async |attempt: Attempt, minutes| {
        let now = later(minutes);
        authn::attempt::verify(&world.ports, &world.rules, attempt, (world.asked(), now)).await
    };
    let bought = |proof: fn(TicketKey) -> Proof| Attempt {
        proof: proof(key.clone()),
        channel: Channel::Ticket,
        ..attempt("")
    };
    let is_unavailable = |outcome: &Outcome| {
        let refused = refusal(outcome);
        assert!(
            matches!(refused, Some(Refusal::Unavailable(_))),
            "{outcome:?}"
        );
    };
    for proof in [Proof::Ticket, Proof::Certificate] {
        assert!(passed(&tried(bought(proof), 9).await).is_some());
        is_unavailable(&tried(bought(proof), 10).await);
    }
    let hers = || attempt(ANNA);
    assert!(passed(&tried(hers(), 9).await).is_some());
    is_unavailable(&tried(hers(), 10).await);
    assert_eq!(world.reason().await, Some(Reason::DirectoryUnread));
    let denied = tried(with_demand("anna@CONTOSO.COM", Demand::Require), 10).await;
    assert_eq!(
        refusal(&denied),
        Some(&Refusal::Denied),
        "without the right proof nobody learns it"
    );
    let bens = tried(attempt("ben@CONTOSO.COM"), 10).await;
    assert_eq!(passed(&bens), Some(&ben.account));
}

#[tokio::test]
async fn s38_the_same_person_is_asked_for_an_app_password_outside_and_for_nothing_inside() {
    use crate::world::{By, Try};

    let (world, _) = world(Domain::default());
    let anna = world.person("anna").await;
    let inside = world.attempt(attempt("anna@CONTOSO.COM")).await;
    assert_eq!(passed(&inside), Some(&anna.account));
    let outside = Attempt {
        zone: Zone::EXTERNAL,
        ..attempt("anna@CONTOSO.COM")
    };
    assert_eq!(passed(&world.attempt(outside).await), None);
    let with_app_password = Try::new(By::Ntlm, "anna", &anna.secret);
    assert_eq!(
        passed(&world.verify(with_app_password).await),
        Some(&anna.account)
    );
}
