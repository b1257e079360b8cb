//! A lease that has lapsed: its owner is told once, by mail, and sees on the portal how it stands.

use authn::admin;
use authn::audit::Reason;
use authn::credential::sent_code::{Carrier, Content};
use authn::handle::Handle;
use authn::place::{Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::portal::{Lease, Owner};
use authn::ports::Outbox;
use authn::session::Session;
use authn::sign_in::Sending;
use jiff::{SignedDuration, Timestamp};

use crate::pages::{Pages, here};
use crate::world::{By, HOME, Person, Try, World, at, by_hand, for_lync, passed};

const LEASE: i64 = 1_000;

fn leased() -> Policy {
    Policy {
        rules: vec![Rule {
            methods: vec![Method::AppPassword.into()],
            lease: Some(SignedDuration::from_secs(LEASE)),
            ..Rule::default()
        }],
    }
}

async fn proves(world: &World, person: &Person, second: i64) {
    let (account, method) = (&person.account.id, Method::OneTimeCode);
    let factors = world.watched.memory();
    admin::note_second_factor(factors, account, method, &by_hand(second))
        .await
        .unwrap();
}

/// A company that can send mails, and Anna with an app password that was made after her first code.
async fn company(carriers: &[Carrier]) -> (World, Person) {
    let mut world = World::new();
    world.rules.policy = leased();
    world.rules.sending = Some(Sending {
        carriers: carriers.to_vec(),
        per_prefix: 100,
        prefixes: Vec::new(),
    });
    let mut anna = world.person("anna").await;
    proves(&world, &anna, 0).await;
    let (record, secret) = world.app_password(&anna.account, for_lync("leased")).await;
    (anna.record, anna.secret) = (record, secret);
    (world, anna)
}

async fn tries(world: &World, person: &Person, by: By, second: i64) -> bool {
    let tried = Try {
        now: at(second),
        ..Try::new(by, &person.account.upn, &person.secret)
    };
    passed(&world.verify(tried).await).is_some()
}

/// Where the words went that wait, by now.
async fn told(world: &World) -> Vec<String> {
    let memory = world.watched.memory();
    let claimed = memory
        .claim(at(1_000_000), Timestamp::MAX, 10)
        .await
        .unwrap();
    let told = claimed.iter().map(|it| &it.message);
    let told = told.filter(|it| it.content == Content::LeaseLapsed);
    told.map(|it| it.address.as_str().to_owned()).collect()
}

#[tokio::test]
async fn s19_the_owner_of_a_lapsed_lease_is_told_once_and_again_after_the_next_proof() {
    let (world, anna) = company(&[Carrier::Sms, Carrier::Mail]).await;
    assert!(tries(&world, &anna, By::Basic, LEASE - 1).await);
    assert_eq!(told(&world).await, [""; 0], "it runs");
    for (by, second) in [(By::Ntlm, 0), (By::Basic, 1), (By::Negotiate, 500)] {
        assert!(!tries(&world, &anna, by, LEASE + second).await);
        assert_eq!(world.reason().await, Some(Reason::LeaseLapsed));
    }
    assert_eq!(told(&world).await, ["anna.mail@contoso.com"]);
    proves(&world, &anna, 2_000).await;
    assert!(tries(&world, &anna, By::Ntlm, 2_001).await);
    assert!(!tries(&world, &anna, By::Ntlm, 2_000 + LEASE).await);
    assert!(!tries(&world, &anna, By::Basic, 2_001 + LEASE).await);
    assert_eq!(told(&world).await, ["anna.mail@contoso.com"]);
}

#[tokio::test]
async fn nobody_is_told_by_who_guesses_without_a_mail_server_or_of_what_none_renews() {
    let (world, mut anna) = company(&[Carrier::Mail]).await;
    let right = std::mem::replace(&mut anna.secret, "not-hers".to_owned());
    assert!(!tries(&world, &anna, By::Basic, LEASE).await);
    assert_eq!(told(&world).await, [""; 0], "it was not right");
    anna.secret = right;
    let (by_sms, anna_there) = company(&[Carrier::Sms]).await;
    assert!(!tries(&by_sms, &anna_there, By::Basic, LEASE).await);
    assert_eq!(told(&by_sms).await, [""; 0], "no mail is sent");
    // Ben's was made before his first code.
    let ben = world.person("ben").await;
    proves(&world, &ben, 5).await;
    assert!(!tries(&world, &ben, By::Basic, 6).await);
    assert_eq!(told(&world).await, [""; 0], "he makes another");
    assert!(!tries(&world, &anna, By::Basic, LEASE).await);
    assert_eq!(told(&world).await, ["anna.mail@contoso.com"]);
}

#[tokio::test]
async fn s19_its_owner_sees_until_when_an_app_password_works_and_that_it_waits() {
    let mut pages = Pages::new();
    let anna = pages.world.person("anna").await;
    let early = anna.record.clone();
    proves(&pages.world, &anna, 1).await;
    let later = authn::credential::app_password::AppPassword {
        created: at(1),
        scope: [Service::LYNC, Service::EWS].into(),
        ..early.clone()
    };
    let session = Session {
        account: anna.account.id.clone(),
        credential: early.id.clone(),
        made: None,
        token: None,
        methods: vec![Method::Passkey],
        zone: Zone::EXTERNAL,
        begun: at(1),
        used: at(1),
        browser: None,
        stays: None,
    };
    let found = pages.ports.attempt.accounts.by_id(&anna.account.id).await;
    let account = found.unwrap().unwrap();
    let seen = |pages: &Pages, record, second| {
        let owner = Owner {
            ports: &pages.ports,
            account: &account,
            session: &session,
            key: Handle::made_from([1; 32]).key(),
            at: &here(HOME, at(second)),
        };
        owner.lease_of(record, &pages.world.rules.policy)
    };
    let lync = Rule {
        services: [Service::LYNC].into(),
        ..leased().rules.remove(0)
    };
    let ews = Rule {
        lease: Some(SignedDuration::from_secs(10)),
        services: [Service::EWS].into(),
        ..lync.clone()
    };
    pages.world.rules.policy.rules = vec![lync.clone()];
    assert_eq!(seen(&pages, &later, 2), Lease::Until(at(1 + LEASE)));
    assert_eq!(seen(&pages, &later, 1 + LEASE), Lease::Lapsed);
    assert_eq!(seen(&pages, &early, 2), Lease::Never);
    pages.world.rules.policy.rules = vec![lync.clone(), ews];
    assert_eq!(seen(&pages, &later, 2), Lease::Until(at(11)), "the sooner");
    assert_eq!(seen(&pages, &later, 11), Lease::Lapsed);
    pages.world.rules.policy.rules = vec![Rule {
        lease: None,
        ..lync
    }];
    assert_eq!(seen(&pages, &later, 2), Lease::None);
    pages.world.rules.policy.rules = Vec::new();
    assert_eq!(seen(&pages, &later, 2), Lease::None, "it opens nothing");
}
