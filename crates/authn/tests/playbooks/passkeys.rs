//! Passkeys: what one proves, who may add one, and every answer that is not taken.

use authn::account::{Account, AccountState};
use authn::admin::tokens::TokenRandomness;
use authn::audit::{Kind, PasskeyAct, Reason};
use authn::credential::passkey::{MAX_PER_ACCOUNT, Make, PasskeyFault, RelyingParty};
use authn::credential::sent_code::Language;
use authn::handle::Handle;
use authn::place::{Method, Service};
use authn::policy::Policy;
use authn::portal::{FRESH, Owner, PortalError};
use authn::ports::{Passkeys as _, Revocations as _};
use authn::revocation::Revoked;
use authn::session::Session;
use authn::sign_in::{self, Answered, At, Choosing, FirstError, Outcome, Requirement};
use proto::secret::Secret;
use serde_json::Value;

use crate::authenticator::{Authenticator, Maker};
use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand};

const ORIGIN: &str = "https://my.contoso.com";

/// Pages that passkeys open.
struct Portal {
    pages: Pages,
    party: RelyingParty,
}

/// Somebody who is signed in.
struct SignedIn {
    handle: Handle,
    session: Session,
    account: Account,
    at: At,
}

impl Portal {
    fn new() -> Self {
        let mut pages = Pages::new();
        let rule = pages.world.rules.policy.rules.first_mut().unwrap();
        rule.methods.push(Method::Passkey.into());
        let party = RelyingParty::of(ORIGIN, &[]).unwrap();
        Self { pages, party }
    }

    fn by(&self) -> (&RelyingParty, &Policy) {
        (&self.party, &self.pages.world.rules.policy)
    }

    /// Signs somebody in with a secret and a code.
    async fn signed_in(&self, account: &Account) -> SignedIn {
        let done = self.pages.signs_in(&account.upn, SECRET, &code(0)).await;
        self.resumed(handle_of(done).unwrap()).await.unwrap()
    }

    async fn resumed(&self, handle: Handle) -> Option<SignedIn> {
        let found = self
            .pages
            .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
            .await;
        let (session, account) = found?;
        Some(SignedIn {
            handle,
            session,
            account,
            at: here(HOME, at(1)),
        })
    }

    fn owner<'a>(&'a self, who: &'a SignedIn) -> Owner<'a> {
        Owner {
            ports: &self.pages.ports,
            account: &who.account,
            session: &who.session,
            key: who.handle.key(),
            at: &who.at,
        }
    }

    async fn adds(
        &self,
        owner: &Owner<'_>,
        device: &mut Authenticator,
    ) -> Result<String, PortalError> {
        let asked = owner.begin_passkey(self.by()).await?;
        let posted = device.creates(&asked);
        let id = self.pages.world.draw();
        let by = ("key".to_owned(), &*posted);
        Ok(owner.add_passkey(self.by(), by, id).await?.id.0)
    }

    /// Somebody with a passkey; and its device.
    async fn person(&self, sam: &str) -> (Account, Authenticator) {
        let account = self.pages.person(sam).await;
        let who = self.signed_in(&account).await;
        let mut device = Authenticator::at(ORIGIN, 7);
        self.adds(&self.owner(&who), &mut device).await.unwrap();
        device.counter += 1;
        (account, device)
    }

    async fn begin(&self) -> (Handle, Value) {
        let handle = Handle::made_from(self.pages.fresh());
        let (ports, rules) = (&self.pages.ports, &self.pages.world.rules);
        let with = (&handle, Service::PORTAL);
        let from = here(HOME, at(1));
        let begun = sign_in::begin_by_passkey(ports, rules, &self.party, with, &from).await;
        (handle, begun.unwrap().unwrap())
    }

    async fn posts(&self, handle: &Handle, posted: &str) -> Outcome {
        let (ports, rules) = (&self.pages.ports, &self.pages.world.rules);
        let (random, from) = (self.pages.fresh(), here(HOME, at(2)));
        let answer = (handle, posted);
        sign_in::answer_by_passkey(ports, rules, &self.party, answer, &from, random)
            .await
            .unwrap()
    }

    async fn signs_in(&self, device: &Authenticator) -> Answered {
        let (handle, asked) = self.begin().await;
        self.posts(&handle, &device.answers(&asked)).await.answered
    }

    /// Signs somebody in with a passkey.
    async fn came_in(&self, device: &mut Authenticator) -> SignedIn {
        let done = self.signs_in(device).await;
        device.counter += 1;
        self.resumed(handle_of(done).unwrap()).await.unwrap()
    }

    async fn is_refused(&self, device: &Authenticator, reason: Reason) {
        let answered = self.signs_in(device).await;
        assert!(matches!(answered, Answered::Refused), "{answered:?}");
        assert_eq!(self.pages.reasons().await.last(), Some(&reason));
    }
}

/// The session that a sign-in began, where it did.
fn handle_of(answered: Answered) -> Option<Handle> {
    match answered {
        Answered::Done { handle, .. } => Some(handle),
        _ => None,
    }
}

#[tokio::test]
async fn a_passkey_alone_is_two_factors_and_begins_a_session_that_ends_with_it() {
    let portal = Portal::new();
    let (anna, mut device) = portal.person("anna").await;
    let (_, asked) = portal.begin().await;
    let asked = &asked["publicKey"];
    assert_eq!(
        asked["allowCredentials"],
        Value::Array(Vec::new()),
        "nobody is named"
    );
    assert_eq!(asked["userVerification"], "required");
    assert_eq!(asked["rpId"], "my.contoso.com");
    let done = portal.signs_in(&device).await;
    let Answered::Done { handle, .. } = done else {
        panic!("{done:?}");
    };
    let who = portal.resumed(handle.clone()).await.unwrap();
    assert_eq!(who.account.id, anna.id);
    assert_eq!(who.session.methods, [Method::Passkey]);
    let remembered = who.account.second_factor.unwrap();
    assert_eq!(
        (remembered.method, remembered.last),
        (Method::Passkey, at(2))
    );
    let owner = portal.owner(&who);
    let [known] = &*owner.passkeys().await.unwrap() else {
        panic!("not one");
    };
    assert_eq!((known.counter, known.last_used), (2, Some(at(2))));

    owner
        .rename_passkey(&known.id.0, "steel".to_owned())
        .await
        .unwrap();
    assert_eq!(owner.passkeys().await.unwrap()[0].label, "steel");
    let memory = portal.pages.world.watched.memory();
    owner.remove_passkey(&known.id.0).await.unwrap();
    assert!(portal.resumed(handle).await.is_none(), "it ended");
    let told = memory.since(0, 100).await.unwrap();
    let mut told = told.into_iter().map(|it| it.what);
    assert_eq!(
        told.next_back(),
        Some(Revoked::Credential(known.id.clone()))
    );
    device.counter += 1;
    portal.is_refused(&device, Reason::UnknownPasskey).await;
    let trail = portal.pages.world.watched.trail().await.into_iter();
    let acts: Vec<PasskeyAct> = trail
        .filter_map(|it| match it.event.kind {
            Kind::Passkey { act, .. } => Some(act),
            _ => None,
        })
        .collect();
    assert_eq!(
        acts,
        [PasskeyAct::Added, PasskeyAct::Renamed, PasskeyAct::Removed]
    );
}

#[tokio::test]
async fn t_phish_1_an_answer_for_another_site_is_refused_and_suspected() {
    let portal = Portal::new();
    let (_, mut device) = portal.person("anna").await;
    for origin in [
        "https://my.contoso.com.evil.example",
        "https://my-contoso.com",
        "https://www.my.contoso.com",
        "https://contoso.com",
        "https://my.contoso.com:8443",
        "http://my.contoso.com",
    ] {
        device.origin = origin.to_owned();
        portal.is_refused(&device, Reason::PhishSuspect).await;
    }
    device.origin = ORIGIN.to_owned();
    for party in ["evil.example", "contoso.com", "My.contoso.com"] {
        device.party = party.to_owned();
        portal.is_refused(&device, Reason::PhishSuspect).await;
    }
    device.party = "my.contoso.com".to_owned();
    device.is_framed = true;
    portal.is_refused(&device, Reason::PhishSuspect).await;
    device.is_framed = false;

    // A new one is asked for on a page of ours alone, too.
    let who = portal.came_in(&mut device).await;
    let owner = portal.owner(&who);
    let mut device = Authenticator::at("https://my.contoso.com.evil.example", 8);
    let refused = portal.adds(&owner, &mut device).await;
    assert_eq!(
        refused,
        Err(PortalError::Passkey(PasskeyFault::AnotherSite))
    );
    assert_eq!(
        portal.pages.reasons().await.last(),
        Some(&Reason::PhishSuspect)
    );
    let mut device = Authenticator::at(ORIGIN, 8);
    device.party = "evil.example".to_owned();
    let refused = portal.adds(&owner, &mut device).await;
    assert_eq!(
        refused,
        Err(PortalError::Passkey(PasskeyFault::AnotherSite))
    );
}

#[tokio::test]
async fn an_answer_is_taken_once_and_for_its_own_challenge_alone() {
    let portal = Portal::new();
    let (_, mut device) = portal.person("anna").await;
    let (handle, asked) = portal.begin().await;
    let posted = device.answers(&asked);
    let done = portal.posts(&handle, &posted).await.answered;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    let again = portal.posts(&handle, &posted).await.answered;
    assert!(matches!(again, Answered::Gone), "{again:?}");
    let (other, _) = portal.begin().await;
    let replayed = portal.posts(&other, &posted).await.answered;
    assert!(matches!(replayed, Answered::Refused), "{replayed:?}");
    assert_eq!(
        portal.pages.reasons().await.last(),
        Some(&Reason::WrongPasskey)
    );
    // A wrong answer uses its challenge up as well.
    device.counter += 1;
    let (handle, asked) = portal.begin().await;
    portal.posts(&handle, "{}").await;
    let late = portal
        .posts(&handle, &device.answers(&asked))
        .await
        .answered;
    assert!(matches!(late, Answered::Gone), "{late:?}");
}

#[tokio::test]
async fn a_device_that_counts_back_is_refused() {
    let portal = Portal::new();
    let (_, mut device) = portal.person("anna").await;
    device.counter = 9;
    assert!(matches!(
        portal.signs_in(&device).await,
        Answered::Done { .. }
    ));
    for counter in [9, 8, 2, 1, 0] {
        device.counter = counter;
        portal.is_refused(&device, Reason::PasskeyCountedBack).await;
    }
    device.counter = 10;
    assert!(matches!(
        portal.signs_in(&device).await,
        Answered::Done { .. }
    ));
}

#[tokio::test]
async fn a_device_that_never_counts_is_taken_again_and_again() {
    let portal = Portal::new();
    let anna = portal.pages.person("anna").await;
    let who = portal.signed_in(&anna).await;
    let mut device = Authenticator::at(ORIGIN, 7);
    device.counter = 0;
    portal.adds(&portal.owner(&who), &mut device).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(
            portal.signs_in(&device).await,
            Answered::Done { .. }
        ));
    }
}

#[tokio::test]
async fn a_device_that_does_not_verify_its_user_is_refused() {
    let portal = Portal::new();
    let (_, mut device) = portal.person("anna").await;
    device.verifies = false;
    portal.is_refused(&device, Reason::UserNotVerified).await;
    device.verifies = true;
    let who = portal.came_in(&mut device).await;
    let mut careless = Authenticator::at(ORIGIN, 8);
    careless.verifies = false;
    let refused = portal.adds(&portal.owner(&who), &mut careless).await;
    assert_eq!(
        refused,
        Err(PortalError::Passkey(PasskeyFault::NotVerified))
    );
    assert_eq!(
        portal.pages.reasons().await.last(),
        Some(&Reason::UserNotVerified)
    );
}

#[tokio::test]
async fn a_key_of_another_an_unknown_one_and_junk_are_refused_alike() {
    let portal = Portal::new();
    let (_, device) = portal.person("anna").await;
    // Another key under the same name, another user's handle, a device that nobody has.
    let mut forged = Authenticator::at(ORIGIN, 7);
    forged.user = device.user.clone();
    forged.counter = 5;
    portal.is_refused(&forged, Reason::WrongPasskey).await;
    let mut stolen = device;
    stolen.user = vec![0; 16];
    portal.is_refused(&stolen, Reason::WrongPasskey).await;
    let unknown = Authenticator::at(ORIGIN, 9);
    portal.is_refused(&unknown, Reason::UnknownPasskey).await;
    let before = portal.pages.reasons().await.len();
    for junk in ["", "{}", "null", "[[[[", &"[".repeat(11_000)] {
        let (handle, _) = portal.begin().await;
        let refused = portal.posts(&handle, junk).await.answered;
        assert!(matches!(refused, Answered::Refused), "{refused:?}");
    }
    assert_eq!(
        portal.pages.reasons().await.len(),
        before,
        "junk is counted, not audited"
    );
}

#[tokio::test]
async fn whoever_may_not_sign_in_is_refused_with_a_right_passkey() {
    let mut portal = Portal::new();
    let (anna, mut device) = portal.person("anna").await;
    for state in [AccountState::Disabled, AccountState::Active] {
        let ports = &portal.pages.ports.attempt;
        let set = authn::admin::set_account_state(ports, &anna.id, state, &by_hand(0)).await;
        set.unwrap();
        if state == AccountState::Disabled {
            portal.is_refused(&device, Reason::AccountDisabled).await;
        }
    }
    let (handle, asked) = portal.begin().await;
    // The policy is asked when it is answered, too.
    let methods = &mut portal.pages.world.rules.policy.rules[0].methods;
    methods.retain(|it| !it.needs(Method::Passkey));
    device.counter += 1;
    let gone = portal
        .posts(&handle, &device.answers(&asked))
        .await
        .answered;
    assert!(matches!(gone, Answered::Gone), "{gone:?}");
    let policy = &portal.pages.world.rules.policy;
    let zone = authn::place::Zone::EXTERNAL;
    assert_eq!(Requirement::passkey(policy, &zone, &Service::PORTAL), None);
    let fresh = Handle::made_from(portal.pages.fresh());
    let with = (&fresh, Service::PORTAL);
    let (ports, rules) = (&portal.pages.ports, &portal.pages.world.rules);
    let from = here(HOME, at(1));
    let begun = sign_in::begin_by_passkey(ports, rules, &portal.party, with, &from).await;
    assert_eq!(begun.unwrap(), None);
}

#[tokio::test]
async fn a_passkey_is_added_by_whoever_proved_two_factors_not_long_ago() {
    let portal = Portal::new();
    let anna = portal.pages.person("anna").await;
    let mut who = portal.signed_in(&anna).await;
    let mut device = Authenticator::at(ORIGIN, 7);
    let refused = Err(PortalError::NotFresh);
    who.session.methods = vec![Method::MemorisedSecret];
    assert_eq!(portal.adds(&portal.owner(&who), &mut device).await, refused);
    who.session.methods = vec![Method::OneTimeCode, Method::MemorisedSecret];
    who.at.now = who.session.begun + FRESH + jiff::SignedDuration::from_secs(1);
    assert_eq!(portal.adds(&portal.owner(&who), &mut device).await, refused);
    who.at.now = at(1);
    let owner = portal.owner(&who);
    let asked = owner.begin_passkey(portal.by()).await.unwrap();
    assert_eq!(
        asked["publicKey"]["authenticatorSelection"]["residentKey"],
        "required"
    );
    let posted = device.creates(&asked);
    let unnamed = owner
        .add_passkey(portal.by(), (" ".to_owned(), &posted), [1; 16])
        .await;
    assert_eq!(unnamed, Err(PortalError::UnusableLabel));
    let added = owner
        .add_passkey(portal.by(), ("key".to_owned(), &posted), [1; 16])
        .await;
    assert_eq!(added.unwrap().label, "key");
    let again = owner
        .add_passkey(portal.by(), ("key".to_owned(), &posted), [2; 16])
        .await;
    assert_eq!(
        again,
        Err(PortalError::Passkey(PasskeyFault::Wrong)),
        "once"
    );

    // A device that has one is not asked for another, and there are so many and no more.
    let known = portal.adds(&owner, &mut device).await;
    assert_eq!(known, Err(PortalError::Passkey(PasskeyFault::Wrong)));
    for id in 10..9 + u8::try_from(MAX_PER_ACCOUNT).unwrap() {
        portal
            .adds(&owner, &mut Authenticator::at(ORIGIN, id))
            .await
            .unwrap();
    }
    let many = portal
        .adds(&owner, &mut Authenticator::at(ORIGIN, 99))
        .await;
    assert_eq!(many, Err(PortalError::TooManyPasskeys));
}

#[tokio::test]
async fn another_s_passkey_is_neither_renamed_nor_removed_and_the_last_way_in_stays() {
    let portal = Portal::new();
    let (anna, _) = portal.person("anna").await;
    let memory = portal.pages.world.watched.memory();
    let annas = memory.passkeys_of(&anna.id).await.unwrap().remove(0).record;
    let ben = portal.pages.person("ben").await;
    let who = portal.signed_in(&ben).await;
    let owner = portal.owner(&who);
    let renamed = owner.rename_passkey(&annas.id.0, "mine".to_owned()).await;
    assert_eq!(renamed, Err(PortalError::NotYours));
    assert_eq!(
        owner.remove_passkey(&annas.id.0).await,
        Err(PortalError::NotYours)
    );
    let mut device = Authenticator::at(ORIGIN, 8);
    let bens = portal.adds(&owner, &mut device).await.unwrap();
    let token = owner.tokens().await.unwrap().remove(0);
    let ports = &portal.pages.ports.attempt;
    authn::admin::tokens::remove(ports, &token.id.0, &by_hand(2))
        .await
        .unwrap();
    assert_eq!(owner.remove_passkey(&bens).await, Err(PortalError::LastWay));
}

#[tokio::test]
async fn whoever_was_invited_may_take_a_passkey_in_the_place_of_a_token() {
    let portal = Portal::new();
    let (pages, party) = (&portal.pages, &portal.party);
    let (ports, rules) = (&pages.ports, &pages.world.rules);
    let anna = pages.world.person("anna").await.account;
    let lasting = jiff::SignedDuration::from_hours(1);
    let by = by_hand(0);
    let invited = authn::admin::secrets::invite(ports, &anna, lasting, &by, pages.fresh()).await;
    let (invitation, _) = invited.unwrap();
    let (handle, from) = (Handle::made_from(pages.fresh()), here(HOME, at(1)));
    let both = (&invitation, &handle);
    let welcome = sign_in::welcome(ports, rules, both, Service::PORTAL, &from).await;
    welcome.unwrap();
    let early = sign_in::begin_first_passkey(ports, rules, party, &handle, &from).await;
    assert_eq!(early.unwrap_err(), FirstError::Gone, "a secret comes first");
    let secret = Secret::new(SECRET.to_owned());
    let token = TokenRandomness {
        id: pages.world.draw(),
        seed: [5; 20],
    };
    let choosing = Choosing {
        salt: [1; 16],
        id: pages.world.draw(),
        token,
        told: pages.world.draw(),
        language: Language::English,
    };
    let chosen =
        sign_in::choose((ports, rules), &handle, [&secret, &secret], &from, choosing).await;
    chosen.unwrap();

    let posts = |posted: String| {
        let (handle, from) = (&handle, &from);
        let random = (pages.world.draw(), pages.fresh());
        async move {
            let answer = (handle, &*posted);
            sign_in::confirm_by_passkey(ports, rules, party, answer, from, random).await
        }
    };
    let mut device = Authenticator::at("https://my.contoso.com.evil.example", 7);
    let asked = sign_in::begin_first_passkey(ports, rules, party, &handle, &from).await;
    let refused = posts(device.creates(&asked.unwrap())).await;
    let other = FirstError::Passkey(PasskeyFault::AnotherSite);
    assert_eq!(refused.unwrap_err(), other);
    assert_eq!(pages.reasons().await.last(), Some(&Reason::PhishSuspect));
    device.origin = ORIGIN.to_owned();
    device.party = "my.contoso.com".to_owned();
    let asked = sign_in::begin_first_passkey(ports, rules, party, &handle, &from).await;
    let posted = device.creates(&asked.unwrap());
    let done = posts(posted.clone()).await.unwrap();
    let who = portal
        .resumed(handle_of(done.answered).unwrap())
        .await
        .unwrap();
    assert_eq!(
        who.session.methods,
        [Method::MemorisedSecret, Method::Passkey]
    );
    let owner = portal.owner(&who);
    assert_eq!(
        owner.tokens().await.unwrap(),
        [],
        "the token that waited is gone"
    );
    assert_eq!(owner.passkeys().await.unwrap().len(), 1);
    assert_eq!(posts(posted).await.unwrap_err(), FirstError::Gone);
    device.counter += 1;
    assert!(matches!(
        portal.signs_in(&device).await,
        Answered::Done { .. }
    ));
}

#[tokio::test]
async fn a_sign_in_by_a_passkey_that_was_not_me_takes_the_passkey_away() {
    let portal = Portal::new();
    let (anna, mut device) = portal.person("anna").await;
    portal.came_in(&mut device).await;
    let trail = portal.pages.world.watched.trail().await;
    let number = trail.iter().rev().find_map(|it| {
        let is_hers = it.event.account.as_ref() == Some(&anna.id);
        let is_sign_in = matches!(it.event.kind, Kind::SignedIn { .. });
        (is_hers && is_sign_in).then_some(it.number)
    });
    let done = portal.pages.signs_in(&anna.upn, SECRET, &code(30)).await;
    let who = portal.resumed(handle_of(done).unwrap()).await.unwrap();
    let owner = portal.owner(&who);
    owner.was_not_me(number.unwrap()).await.unwrap();
    assert_eq!(owner.passkeys().await.unwrap(), []);
    portal.is_refused(&device, Reason::UnknownPasskey).await;
}

#[tokio::test]
async fn where_makes_are_listed_a_device_is_taken_that_its_maker_vouches_for() {
    let mut portal = Portal::new();
    let (maker, other) = (Maker::called("maker"), Maker::called("maker"));
    let makes = [Make {
        authority: maker.pem(),
        aaguids: vec![[7; 16]],
    }];
    portal.party = RelyingParty::of(ORIGIN, &makes).unwrap();
    let anna = portal.pages.person("anna").await;
    let who = portal.signed_in(&anna).await;
    let owner = portal.owner(&who);
    let asked = owner.begin_passkey(portal.by()).await.unwrap();
    assert_eq!(asked["publicKey"]["attestation"], "direct");
    let untrusted = Err(PortalError::Passkey(PasskeyFault::Untrusted));
    let mut device = Authenticator::at(ORIGIN, 7);
    device.aaguid = [7; 16];
    assert_eq!(
        portal.adds(&owner, &mut device).await,
        untrusted,
        "it says nothing"
    );
    assert_eq!(
        portal.pages.reasons().await.last(),
        Some(&Reason::UntrustedPasskey)
    );
    device.maker = Some(other);
    assert_eq!(
        portal.adds(&owner, &mut device).await,
        untrusted,
        "another's word"
    );
    device.maker = Some(maker);
    device.aaguid = [8; 16];
    assert_eq!(
        portal.adds(&owner, &mut device).await,
        untrusted,
        "another make"
    );
    device.aaguid = [7; 16];
    portal.adds(&owner, &mut device).await.unwrap();
    device.counter += 1;
    assert!(matches!(
        portal.signs_in(&device).await,
        Answered::Done { .. }
    ));
}

#[tokio::test]
async fn the_touch_of_a_passkey_of_one_s_own_renews_what_the_account_remembers() {
    let portal = Portal::new();
    let (anna, mut device) = portal.person("anna").await;
    let mut who = portal.came_in(&mut device).await;
    who.at.now = at(500);
    let owner = portal.owner(&who);
    let asked = owner.begin_touch(&portal.party).await.unwrap();
    let posted = device.answers(&asked);
    owner.touched(&portal.party, &posted).await.unwrap();
    let accounts = &portal.pages.ports.attempt.accounts;
    let last = || async {
        let found = accounts.by_id(&anna.id).await.unwrap().unwrap();
        found.second_factor.unwrap().last
    };
    assert_eq!(last().await, at(500));

    who.at.now = at(600);
    let owner = portal.owner(&who);
    let wrong = Err(PortalError::Passkey(PasskeyFault::Wrong));
    assert_eq!(owner.touched(&portal.party, &posted).await, wrong, "once");
    let asked = owner.begin_touch(&portal.party).await.unwrap();
    let back = owner.touched(&portal.party, &device.answers(&asked)).await;
    assert_eq!(back, Err(PortalError::Passkey(PasskeyFault::CountedBack)));
    assert_eq!(
        portal.pages.reasons().await.last(),
        Some(&Reason::PasskeyCountedBack)
    );
    let ben = portal.pages.person("ben").await;
    let bens = portal.signed_in(&ben).await;
    let owner = portal.owner(&bens);
    device.counter += 1;
    let asked = owner.begin_touch(&portal.party).await.unwrap();
    let anothers = owner.touched(&portal.party, &device.answers(&asked)).await;
    assert_eq!(anothers, wrong);
    assert_eq!(last().await, at(500));
}
