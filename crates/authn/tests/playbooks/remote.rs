//! Gates on other machines: whoever has one sees what passes through it, and gets nobody in beyond that.

use authn::admin::tokens;
use authn::audit::{Event, Kind};
use authn::credential::CredentialId;
use authn::issued::{TokenId, recorded};
use authn::place::{Channel, ConnectionId, Method, Service, Zone};
use authn::policy::Combination;
use authn::remote::{Answering, Caller, MAX_EVENTS, RemoteError};
use authn::revocation::{Revocation, Revoked};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::voucher::{For, GatewayId, Opener, Session, SessionError};
use authn::wire::{self, Answered, Noted, Relayed, Revocations};
use authn::{Attempt, Authenticated, Outcome, Proof, Refusal};
use jiff::{SignedDuration, Timestamp};
use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{Authenticate, Challenge, Expected, FileTime, Negotiate, Response, Target};
use proto::secret::Secret;

use crate::client_codes::{self, SECRET};
use crate::codes::{Anna, company};
use crate::memorised_and_codes::{remembers, takes};
use crate::ntlm_pins::sets;
use crate::world::{By, POOL, Person, Try, World, at, by_hand};

/// A gateway of the playbook, and the authentication server that it asks.
struct Scene {
    world: World,
    answering: Answering,
    caller: Caller,
    opener: Opener,
}

impl Scene {
    fn new() -> Self {
        let answering = Answering::new(&Secret::new([7; 32]), at(-600)).unwrap();
        Self {
            world: World::new(),
            opener: Opener::new(answering.key()),
            answering,
            caller: gateway("dmz1"),
        }
    }

    async fn asks(&self, attempt: Attempt, now: Timestamp) -> Result<Outcome, RemoteError> {
        let (body, digest) = wire::ask(&attempt, self.world.draw()).unwrap();
        let wanted = For {
            gateway: self.caller.id.clone(),
            connection: attempt.connection,
            attempt: digest,
        };
        let judges = (&self.world.ports, &self.world.rules);
        let answer = self
            .answering
            .verify(judges, &self.caller, &body, (self.world.asked(), now));
        let answered = Answered::parse(&answer.await?).unwrap();
        Ok(answered.open((&self.opener, &wanted), now))
    }

    /// Somebody who signs in through the gateway.
    async fn signed_in(&self, person: &Person) -> std::sync::Arc<Authenticated> {
        let tried = Try::new(By::Basic, &person.account.upn, &person.secret);
        let outcome = self.asks(tried.into(), at(0)).await.unwrap();
        outcome.result.unwrap().authenticated
    }

    fn relayed(&self, relaying: Relaying, now: Timestamp) -> Result<(Relaying, i64), RemoteError> {
        let relayed = Relayed::of(relaying, 5).expect("a session");
        let body = wire::write(&relayed).unwrap();
        self.answering.relayed(&self.caller, &body, now)
    }

    async fn resumed(&self, session: &Session, second: i64) -> Result<Authenticated, RemoteError> {
        let at = (session, at(second));
        self.answering
            .resume(&self.world.ports, &self.caller, at)
            .await
    }
}

fn gateway(name: &str) -> Caller {
    Caller {
        id: GatewayId::of_certificate(name.as_bytes()),
        name: name.to_owned(),
        zones: [Zone::EXTERNAL].into(),
        brings_pages: false,
    }
}

/// An attempt by NTLM, whose challenge was made at a time.
fn by_ntlm(person: &Person, made: Timestamp) -> Attempt {
    let client = Client::new(&person.account.sam, "CONTOSO", &person.secret);
    let negotiate = Negotiate::parse(&client.negotiate()).unwrap();
    let time = FileTime::from_unix_micros(made.as_microsecond());
    let challenge = Challenge::answer(negotiate, &Target::default(), [3; 8], time);
    let draw = Draw {
        client_challenge: [1; 8],
        session_key: [2; 16],
        time: None,
    };
    let (message, _) = client.authenticate(challenge.as_bytes(), draw).unwrap();
    let message = Authenticate::parse(&message).unwrap();
    let response = Response::check(challenge, message, &Expected::default()).unwrap();
    Attempt {
        proof: Proof::Ntlm {
            response: Box::new(response),
            negotiation: None,
        },
        channel: Channel::Ntlm,
        connection: ConnectionId([4; 8]),
        ..Try::new(By::Basic, "", "").into()
    }
}

fn ticket(who: &Authenticated, expires: Timestamp) -> Relaying {
    let ticket = RelayedTicket {
        key: TicketKey([5; 32]),
        account: who.account_id().clone(),
        credential: who.credential().clone(),
        token: who.token().cloned(),
        channel: who.bought(),
        methods: who.methods().iter().copied().collect(),
        second_factor: who.second_factor(),
        pool: POOL.to_owned(),
        relayed: at(1),
        expires,
    };
    Relaying {
        session: who.session().cloned(),
        ..Relaying::of(ticket)
    }
}

#[tokio::test]
async fn s42_who_signs_in_through_a_gateway_is_counted_audited_and_vouched_for() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let who = scene.signed_in(&anna).await;
    assert_eq!(who.account().id, anna.account.id);
    assert!(who.session().is_some());
    let trail = scene.world.watched.trail().await;
    let last = &trail.last().unwrap().event;
    assert!(matches!(last.kind, Kind::SignedIn { .. }), "{last:?}");
    let wrong = Try::new(By::Basic, "anna@contoso.com", "wrong");
    let outcome = scene.asks(wrong.into(), at(1)).await.unwrap();
    assert!(matches!(outcome.result, Err(Refusal::Denied)));
}

#[tokio::test]
async fn an_exchange_that_a_gateway_kept_is_taken_once_and_only_while_its_challenge_is_young() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let is_in = async |made: i64, now: i64| {
        let attempt = by_ntlm(&anna, at(made));
        let outcome = scene.asks(attempt, at(now)).await.unwrap();
        outcome.result.is_ok()
    };
    assert!(is_in(0, 1).await);
    assert!(!is_in(0, 2).await, "it was brought before");
    assert!(is_in(1, 61).await);
    assert!(!is_in(2, 63).await, "its challenge is old");
    assert!(!is_in(100, 69).await, "it was made for later");
    assert!(is_in(99, 69).await);
    assert!(
        !is_in(-601, -600).await,
        "nobody knows what came before the start"
    );
    let reason = scene.world.reason().await;
    assert_eq!(reason, Some(authn::audit::Reason::ExchangeNotAccepted));
}

#[tokio::test]
async fn a_gateway_of_the_dmz_has_no_clients_in_the_office() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let mut tried = Try::new(By::Basic, &anna.account.upn, &anna.secret);
    tried.zone = Zone::INTERNAL;
    let refused = scene.asks(tried.into(), at(0)).await;
    assert!(matches!(refused, Err(RemoteError::NotAllowed(_))));
    let trail = scene.world.watched.trail().await;
    let signed_in =
        |it: &authn::ports::ChainedEvent| matches!(it.event.kind, Kind::SignedIn { .. });
    assert!(!trail.iter().any(signed_in), "nothing was checked");
}

#[test]
fn only_a_gateway_that_may_brings_pages_and_of_its_own_zones_alone() {
    let mut caller = gateway("dmz1");
    let said = |caller: &Caller, zone: &Zone| {
        let may = caller.may_bring_pages(zone);
        may.map_err(|error| error.to_string())
    };
    let refused = said(&caller, &Zone::EXTERNAL).unwrap_err();
    assert!(refused.contains("`pages = true`"), "{refused}");
    caller.brings_pages = true;
    assert_eq!(said(&caller, &Zone::EXTERNAL), Ok(()));
    let refused = said(&caller, &Zone::INTERNAL).unwrap_err();
    assert!(refused.contains("`zones`"), "{refused}");
}

#[tokio::test]
async fn a_gateway_relays_tickets_of_whoever_signed_in_there_and_of_nobody_else() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let ben = scene.world.person("ben").await;
    let who = scene.signed_in(&anna).await;
    let good = || ticket(&who, at(3_600));
    let (relaying, heard) = scene.relayed(good(), at(2)).unwrap();
    assert_eq!((relaying.ticket, heard), (good().ticket, 5));
    let refused = |change: &dyn Fn(&mut Relaying)| {
        let mut relaying = good();
        change(&mut relaying);
        let refused = scene.relayed(relaying, at(2)).err();
        assert!(
            matches!(refused, Some(RemoteError::NotAllowed(_))),
            "{refused:?}"
        );
    };
    refused(&|it| it.ticket.account = ben.account.id.clone());
    refused(&|it| it.ticket.credential = ben.record.id.clone());
    refused(&|it| it.ticket.channel = Channel::Ntlm);
    refused(&|it| it.ticket.relayed = at(600));
    refused(&|it| it.ticket.expires = at(2) + SignedDuration::from_hours(401 * 24));
    refused(&|it| {
        let kind = Kind::AppPasswordRevoked {
            credential: ben.record.id.clone(),
        };
        it.events = vec![Event::observed(at(1), kind, Some(who.account_id().clone()))];
    });
    refused(&|it| {
        let kind = Kind::CertificateNoted {
            credential: ben.record.id.clone(),
            certificate: "00".to_owned(),
        };
        it.events = vec![Event::observed(at(1), kind, Some(who.account_id().clone()))];
    });
    let mut other = Scene::new();
    other.caller = gateway("dmz2");
    let refused = other.relayed(good(), at(2)).err();
    let of_another = RemoteError::Session(SessionError::AnotherGateway);
    assert_eq!(refused, Some(of_another));
    let forged = Relaying {
        session: Some(Session::new(vec![0; 200])),
        ..good()
    };
    let refused = scene.relayed(forged, at(2)).err();
    assert_eq!(refused, Some(RemoteError::Session(SessionError::Unknown)));
    assert!(Relayed::of(Relaying::of(good().ticket), 5).is_none());
}

#[tokio::test]
async fn s42_a_passive_sign_in_through_a_gateway_is_vouched_for_and_written_down_with_its_session()
{
    let mut scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let both = Combination::from(Method::MemorisedSecret).and(Method::OneTimeCode);
    let lync = scene.world.rules.policy.rules.first_mut().unwrap();
    lync.methods.push(both);
    let session = authn::session::Session {
        account: anna.account.id.clone(),
        // By whatever a page let her in.
        credential: anna.record.id.clone(),
        made: None,
        token: None,
        methods: vec![
            Method::AppPassword,
            Method::MemorisedSecret,
            Method::OneTimeCode,
        ],
        zone: Zone::EXTERNAL,
        begun: at(0),
        used: at(0),
        browser: None,
        stays: None,
    };
    let token = recorded(&TokenId("_1".to_owned()), &session, (at(0), at(3_600)));
    let attempt = |id: &str| Attempt {
        proof: Proof::Issued(TokenId(id.to_owned())),
        channel: Channel::Page,
        ..Try::new(By::Basic, "", "").into()
    };
    let outcome = scene.asks(attempt("_1"), at(1)).await.unwrap();
    assert!(
        matches!(outcome.result, Err(Refusal::Denied)),
        "it did not leave here"
    );
    scene.world.ports.tickets.record(token, 0).await.unwrap();
    let outcome = scene.asks(attempt("_2"), at(1)).await.unwrap();
    assert!(matches!(outcome.result, Err(Refusal::Denied)));
    let outcome = scene.asks(attempt("_1"), at(1)).await.unwrap();
    let who = outcome.result.unwrap().authenticated;
    assert_eq!(who.account_id(), &anna.account.id);
    assert_eq!(
        (who.channel(), who.bought()),
        (Channel::Page, Channel::Page)
    );
    assert_eq!(who.second_factor(), Some(at(0)));
    let signed_in = |who: &Authenticated| {
        let kind = Kind::SignedIn {
            credential: who.credential().clone(),
            clock_skew: None,
            certificate: None,
        };
        Relaying {
            events: vec![Event::observed(at(1), kind, Some(who.account_id().clone()))],
            ..ticket(who, at(3_600))
        }
    };
    let (relaying, _) = scene.relayed(signed_in(&who), at(2)).unwrap();
    assert_eq!(relaying.ticket, signed_in(&who).ticket);
    assert_eq!(relaying.events, signed_in(&who).events);
    // Of a sign-in here a gateway writes none: that was written when it was checked.
    let by_password = scene.signed_in(&anna).await;
    let refused = scene.relayed(signed_in(&by_password), at(2)).err();
    assert!(matches!(refused, Some(RemoteError::NotAllowed(_))));
}

#[tokio::test]
async fn a_session_ends_with_its_app_password_its_account_and_its_time() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let who = scene.signed_in(&anna).await;
    let session = who.session().unwrap();
    let resumed = scene.resumed(session, 60).await.unwrap();
    assert_eq!(resumed.account().id, anna.account.id);
    assert_eq!(resumed.credential(), who.credential());
    let ended = RemoteError::Session(SessionError::Ended);
    let late = scene.resumed(session, 10 * 60 * 60).await.err();
    assert_eq!(late, Some(ended.clone()));
    let id = CredentialId(anna.record.id.0.clone());
    let ports = &scene.world.ports;
    let revoked = authn::admin::revoke_app_password(ports, &id, &by_hand(1)).await;
    assert!(revoked.is_ok());
    assert_eq!(scene.resumed(session, 60).await.err(), Some(ended.clone()));

    let ben = scene.world.person("ben").await;
    let who = scene.signed_in(&ben).await;
    let disabled = authn::account::AccountState::Disabled;
    scene.world.set_state(&ben, disabled).await;
    let refused = scene.resumed(who.session().unwrap(), 60).await.err();
    assert_eq!(refused, Some(ended));
}

#[tokio::test]
async fn a_gateway_writes_what_it_sees_into_the_audit_and_nothing_else() {
    let scene = Scene::new();
    let noted = |events: Vec<Event>| {
        let body = wire::write(&Noted { events }).unwrap();
        scene.answering.noted(&body)
    };
    let seen = Kind::Refused {
        reason: authn::audit::Reason::SipUriOfAnother,
        name: "sip:ben@contoso.com".to_owned(),
    };
    let event = Event::observed(at(0), seen.clone(), None);
    assert_eq!(noted(vec![event.clone()]), Ok(vec![event.clone()]));
    let by_hand = Event::by_hand(&by_hand(0), seen, None);
    let forged = Event::observed(at(0), Kind::StoreRestored, None);
    let many = vec![event; MAX_EVENTS + 1];
    for events in [vec![by_hand], vec![forged], many] {
        assert!(matches!(noted(events), Err(RemoteError::NotAllowed(_))));
    }
    assert!(matches!(
        scene.answering.noted(b"{}"),
        Err(RemoteError::Form(_))
    ));
}

#[test]
fn the_feed_comes_out_as_it_went_in() {
    let revocations = vec![
        Revocation {
            number: 7,
            what: Revoked::Account(authn::account::AccountId("a".to_owned())),
        },
        Revocation {
            number: 9,
            what: Revoked::Credential(CredentialId("c".to_owned())),
        },
    ];
    let body = wire::write(&Revocations::from(revocations.clone())).unwrap();
    let told: Vec<Revocation> = Revocations::parse(&body).unwrap().into();
    assert_eq!(told, revocations);
    assert!(Revocations::parse(b"[{\"number\":1}]").is_err());
}

#[tokio::test]
async fn a_service_that_is_not_in_the_policy_is_refused_through_a_gateway_as_here() {
    let scene = Scene::new();
    let anna = scene.world.person("anna").await;
    let mut tried = Try::new(By::Basic, &anna.account.upn, &anna.secret);
    tried.service = Service::EWS;
    let outcome = scene.asks(tried.into(), at(0)).await.unwrap();
    assert!(matches!(outcome.result, Err(Refusal::Denied)));
}

#[tokio::test]
async fn t_otp_6_what_a_code_bought_through_a_gateway_is_what_the_server_said_of_it() {
    let mut scene = Scene::new();
    scene.world.rules = company().rules;
    let anna = Anna::of(&scene.world).await;
    let outcome = scene.asks(anna.tries(0).into(), at(0)).await.unwrap();
    let who = outcome.result.unwrap().authenticated;
    assert!(who.token().is_some());
    assert_eq!(who.second_factor(), Some(at(0)));
    assert_eq!(who.bounds(at(100_000)), at(36_000));
    // A gateway that leaves the token out, and lets the ticket outlive the grant.
    let mut lying = ticket(&who, at(100_000));
    lying.ticket.token = None;
    lying.ticket.methods = [Method::Passkey].into();
    lying.ticket.second_factor = Some(at(9));
    let (recorded, _) = scene.relayed(lying, at(1)).unwrap();
    let honest = ticket(&who, at(36_000));
    assert_eq!(recorded.ticket, honest.ticket);
    let session = who.session().unwrap();
    let resumed = scene.resumed(session, 1).await.unwrap();
    assert_eq!(resumed.token(), who.token());
    assert_eq!(resumed.second_factor(), Some(at(0)));
    let blocked = tokens::block(&scene.world.ports, &anna.serial, &by_hand(2)).await;
    assert!(blocked.is_ok());
    let ended = scene.resumed(session, 3).await.err();
    assert_eq!(ended, Some(RemoteError::Session(SessionError::Ended)));
}

/// Somebody's session at a gateway stands, and ends with what is done then.
async fn ends_with(scene: &Scene, attempt: Attempt, done: impl AsyncFnOnce(&World)) {
    let outcome = scene.asks(attempt, at(0)).await.unwrap();
    let who = outcome.result.unwrap().authenticated;
    let session = who.session().unwrap();
    let resumed = scene.resumed(session, 1).await.unwrap();
    assert_eq!(resumed.credential(), who.credential());
    assert_eq!(resumed.token(), who.token());
    assert!(who.token().is_some(), "a code was asked for beside");
    done(&scene.world).await;
    let ended = scene.resumed(session, 3).await.err();
    assert_eq!(ended, Some(RemoteError::Session(SessionError::Ended)));
}

/// Anna, where a secret with a code behind it opens Lync, and what she types.
async fn by_secret_and_code() -> (Scene, Anna, Try) {
    let mut scene = Scene::new();
    scene.world = takes(&["memorised-secret + one-time-code"]);
    let anna = Anna::of(&scene.world).await;
    remembers(&scene.world, &anna.person, SECRET, 0).await;
    let typed = format!("{SECRET}{}", anna.code(0));
    let tried = Try::new(By::Basic, "anna", &typed);
    (scene, anna, tried)
}

#[tokio::test]
async fn s41_a_session_of_a_memorised_secret_and_a_code_stands_until_the_secret_is_another() {
    let (scene, anna, tried) = by_secret_and_code().await;
    let another = async |world: &World| {
        remembers(world, &anna.person, "six horses in a field", 2).await;
    };
    ends_with(&scene, tried.into(), another).await;
}

#[tokio::test]
async fn s41_a_session_of_a_memorised_secret_ends_when_its_owner_did_not_sign_in() {
    let (scene, anna, tried) = by_secret_and_code().await;
    let disowned = async |world: &World| {
        let account = &anna.person.account.id;
        let event = Event::by_hand(&by_hand(2), Kind::SessionsEnded, Some(account.clone()));
        let secrets = &world.ports.secrets;
        secrets
            .disown_memorised_secret(account, None, event)
            .await
            .unwrap();
    };
    ends_with(&scene, tried.into(), disowned).await;
}

#[tokio::test]
async fn s41_a_session_of_a_pin_and_a_code_stands_until_the_token_is_blocked() {
    let mut scene = Scene::new();
    scene.world = takes(&["ntlm-pin + one-time-code"]);
    let anna = Anna::of(&scene.world).await;
    sets(&scene.world, &anna.person, "493817").await.unwrap();
    let types = Person {
        secret: format!("493817{}", anna.code(0)),
        ..anna.person.clone()
    };
    let blocked = async |world: &World| {
        let done = tokens::block(&world.ports, &anna.serial, &by_hand(2)).await;
        assert!(done.is_ok());
    };
    ends_with(&scene, by_ntlm(&types, at(0)), blocked).await;
}

#[tokio::test]
async fn s41_s80_a_session_of_a_sent_code_stands_until_the_number_is_another() {
    let mut scene = Scene::new();
    scene.world = client_codes::company();
    let anna = client_codes::anna(&scene.world).await;
    let code = client_codes::asks(&scene.world, 0).await;
    let tried = Try::new(By::Basic, "anna", &format!("{SECRET}{code}"));
    let another = async |world: &World| {
        client_codes::phone(world, &anna, "+46707654321", (2, 2)).await;
    };
    ends_with(&scene, tried.into(), another).await;
}
