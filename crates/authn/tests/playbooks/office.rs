//! The first sign-in that begins in the office by Kerberos: whose it may be, from where, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use authn::account::{Account, AccountState};
use authn::admin::secrets::{self, SecretRandomness};
use authn::admin::tokens::TokenRandomness;
use authn::admin::{self, NewAppPassword, Randomness};
use authn::attempt::KerberosToken;
use authn::audit::Kind;
use authn::credential::sent_code::{Carrier, Content, Language};
use authn::handle::Handle;
use authn::lockout::Subject;
use authn::place::{ConnectionId, Service, Zone};
use authn::ports::Outbox;
use authn::sign_in::{
    self, Answered, Asked, At, Choosing, FirstError, FromOffice, Sending, Stage, Welcomed,
};
use jiff::Timestamp;
use proto::channel_binding::{Demand, EndPoint};
use proto::secret::Secret;
use proto::spnego;

use crate::kerberos::{Domain, OURS};
use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand, named};

/// A portal whose people may begin in the office.
struct Office {
    pages: Pages,
    domain: Arc<Domain>,
    sending: Sending,
}

impl Office {
    fn new() -> Self {
        let mut pages = Pages::new();
        let domain = Arc::new(Domain::default());
        pages.ports.attempt.kerberos = Some(domain.clone());
        Self {
            pages,
            domain,
            sending: Sending {
                carriers: vec![Carrier::Mail],
                per_prefix: 100,
                prefixes: Vec::new(),
            },
        }
    }

    /// Somebody who has nothing.
    async fn person(&self, sam: &str) -> Account {
        let world = &self.pages.world;
        let (new, by) = (named(sam), by_hand(0));
        let added = admin::add_account(&world.ports, new, &by, world.draw()).await;
        added.unwrap()
    }

    async fn comes(&self, token: &str, zone: Zone) -> (Handle, Welcomed) {
        let handle = Handle::made_from(self.pages.fresh());
        let brought = FromOffice {
            token: KerberosToken {
                token: Secret::new(token.as_bytes().to_vec()),
                negotiation: spnego::Acceptor::or_kerberos(),
                end_points: vec![EndPoint::of_digest(&OURS)],
                channel_binding: Demand::Allow,
            },
            connection: ConnectionId::default(),
        };
        let asked = Asked {
            language: Language::English,
            code: [1; 8],
            id: [2; 16],
        };
        let from = inside(zone);
        let by = (&self.pages.world.rules, Some(&self.sending));
        let with = (brought, asked);
        let ports = &self.pages.ports;
        let came = sign_in::welcome_from_office(ports, by, &handle, with, &from).await;
        (handle, came.unwrap())
    }

    /// Whether somebody is let in that far.
    async fn is_welcome(&self, sam: &str) -> bool {
        let token = format!("{sam}@CONTOSO.COM");
        let (handle, came) = self.comes(&token, Zone::INTERNAL).await;
        let begun = self.pages.ports.sign_ins.sign_in(handle.key(), at(1)).await;
        let begun = begun.unwrap();
        match came {
            Welcomed::Begun { reply_token } => {
                assert_eq!(reply_token.as_deref(), Some(&b"AP-REP"[..]));
                assert!(matches!(
                    begun.map(|it| it.stage),
                    Some(Stage::ChooseFirst { .. })
                ));
                true
            }
            Welcomed::NotFirst | Welcomed::Denied { .. } => {
                assert_eq!(begun, None);
                false
            }
        }
    }

    async fn chooses(&self, handle: &Handle) -> Result<(), FirstError> {
        self.chooses_in(Zone::INTERNAL, handle).await
    }

    async fn chooses_in(&self, zone: Zone, handle: &Handle) -> Result<(), FirstError> {
        let choosing = Choosing {
            salt: [1; 16],
            id: self.pages.world.draw(),
            token: TokenRandomness {
                id: self.pages.world.draw(),
                seed: [5; 20],
            },
            told: self.pages.world.draw(),
            language: Language::Swedish,
        };
        let secret = Secret::new(SECRET.to_owned());
        let both = [&secret, &secret];
        let (from, pages) = (inside(zone), &self.pages);
        let by = (&pages.ports, &pages.world.rules);
        sign_in::choose(by, handle, both, &from, choosing).await
    }

    async fn confirms_in(&self, zone: Zone, handle: &Handle) -> Result<Answered, FirstError> {
        let (from, pages) = (inside(zone), &self.pages);
        let by = (&pages.ports, &pages.world.rules);
        let (typed, random) = (code(1), pages.fresh());
        let confirmed = sign_in::confirm(by, handle, &typed, &from, random).await;
        Ok(confirmed?.answered)
    }

    async fn sets_a_secret(&self, account: &Account) {
        let random = SecretRandomness {
            id: self.pages.world.draw(),
            salt: [1; 16],
        };
        let secret = Secret::new("five horses on the moon".to_owned());
        let set = secrets::set(&self.pages.ports, account, &secret, &by_hand(1), random).await;
        set.unwrap();
    }
}

fn inside(zone: Zone) -> At {
    At {
        zone,
        ..here(HOME, at(1))
    }
}

#[tokio::test]
async fn whoever_has_nothing_begins_in_the_office_and_their_mailbox_hears_of_it() {
    let office = Office::new();
    office.person("anna").await;
    let (handle, came) = office.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    assert!(matches!(came, Welcomed::Begun { .. }), "{came:?}");
    office.chooses(&handle).await.unwrap();
    let memory = office.pages.world.watched.memory();
    let told = memory.claim(at(2), Timestamp::MAX, 10).await.unwrap();
    let [told] = &*told else {
        panic!("{told:?}");
    };
    assert_eq!(told.message.address.as_str(), "anna.mail@contoso.com");
    assert_eq!(told.message.language, Language::Swedish);
    assert!(matches!(told.message.content, Content::Enrolled { .. }));
    let trail = office.pages.world.watched.trail().await;
    let is_said = |service: &Service, kind: fn(&Kind) -> bool| {
        let mut events = trail.iter().map(|it| &it.event);
        events.any(|it| it.service.as_ref() == Some(service) && kind(&it.kind))
    };
    let signed_in = |kind: &Kind| matches!(kind, Kind::SignedIn { credential, .. } if credential.0.starts_with("kerberos:"));
    assert!(is_said(&Service::ENROLMENT, signed_in));
    assert!(is_said(&Service::PORTAL, |kind| matches!(
        kind,
        Kind::MemorisedSecretSet { .. }
    )));
    assert!(!office.is_welcome("anna").await, "the first time is over");
}

#[tokio::test]
async fn from_outside_not_a_byte_of_a_token_is_looked_at() {
    let office = Office::new();
    office.person("anna").await;
    let (_, came) = office.comes("anna@CONTOSO.COM", Zone::EXTERNAL).await;
    assert!(matches!(came, Welcomed::Denied { .. }), "{came:?}");
    assert_eq!(office.domain.asked.load(Ordering::Relaxed), 0);
    let nobody = Office {
        sending: Sending {
            carriers: vec![Carrier::Sms],
            ..office.sending.clone()
        },
        ..office
    };
    let (_, came) = nobody.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    assert!(
        matches!(came, Welcomed::Denied { .. }),
        "nobody would be told"
    );
    assert_eq!(nobody.domain.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_began_in_the_office_goes_on_there_alone() {
    let office = Office::new();
    let anna = office.person("anna").await;
    let (handle, _) = office.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    for _ in 0..2 {
        let outside = office.chooses_in(Zone::EXTERNAL, &handle).await;
        assert_eq!(outside, Err(FirstError::Gone), "she took the browser home");
    }
    let subject = Subject::Account(anna.id.clone());
    let secrets = &office.pages.ports.attempt.secrets;
    assert!(secrets.memorised_secret(&subject).await.unwrap().is_none());
    office.chooses(&handle).await.unwrap();
    let outside = office.confirms_in(Zone::EXTERNAL, &handle).await;
    assert_eq!(outside.unwrap_err(), FirstError::Gone);
    let inside = office.confirms_in(Zone::INTERNAL, &handle).await;
    assert!(matches!(inside, Ok(Answered::Done { .. })), "{inside:?}");
}

#[tokio::test]
async fn whoever_is_shut_out_meanwhile_goes_on_with_nothing() {
    let office = Office::new();
    let anna = office.person("anna").await;
    let (handle, _) = office.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    let (state, by) = (AccountState::Disabled, by_hand(1));
    let disabled = admin::set_account_state(&office.pages.world.ports, &anna.id, state, &by).await;
    disabled.unwrap();
    assert_eq!(office.chooses(&handle).await, Err(FirstError::Gone));
}

#[tokio::test]
async fn whoever_has_anything_is_asked_for_it() {
    let office = Office::new();
    let world = &office.pages.world;
    for sam in ["anna", "ben", "cai", "dan"] {
        office.person(sam).await;
    }
    assert!(office.is_welcome("anna").await);
    let ben = office.pages.person("eva").await;
    assert!(!office.is_welcome(&ben.sam).await, "a secret and a token");
    let cai = world.ports.accounts.list().await.unwrap();
    let cai = cai.iter().find(|it| it.sam == "cai").unwrap();
    let order = NewAppPassword {
        device: None,
        label: "phone".to_owned(),
        scope: [Service::EWS].into(),
        expires: None,
    };
    let random = Randomness {
        id: world.draw(),
        secret: [3; 64],
    };
    let made = admin::issue_app_password(&world.ports, &cai.id, order, &by_hand(1), random).await;
    let (made, _) = made.unwrap();
    assert!(!office.is_welcome("cai").await, "an app password");
    let revoked = admin::revoke_app_password(&world.ports, &made.id, &by_hand(2)).await;
    revoked.unwrap();
    assert!(office.is_welcome("cai").await, "it is good no more");
    let dan = world.ports.accounts.list().await.unwrap();
    let dan = dan.iter().find(|it| it.sam == "dan").unwrap();
    let state = AccountState::Disabled;
    let disabled = admin::set_account_state(&world.ports, &dan.id, state, &by_hand(1)).await;
    disabled.unwrap();
    for token in [
        "dan@CONTOSO.COM",
        "nobody@CONTOSO.COM",
        "anna@OTHER.TEST",
        "replayed",
        "junk",
    ] {
        let (handle, came) = office.comes(token, Zone::INTERNAL).await;
        assert!(matches!(came, Welcomed::Denied { .. }), "{token}: {came:?}");
        let begun = office.pages.ports.sign_ins.sign_in(handle.key(), at(1));
        assert_eq!(begun.await.unwrap(), None, "{token}");
    }
}

#[tokio::test]
async fn what_came_meanwhile_is_not_replaced() {
    let office = Office::new();
    let anna = office.person("anna").await;
    let (first, _) = office.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    let (second, _) = office.comes("anna@CONTOSO.COM", Zone::INTERNAL).await;
    office.chooses(&first).await.unwrap();
    assert_eq!(office.chooses(&second).await, Err(FirstError::Gone));
    let ben = office.person("ben").await;
    let (bens, _) = office.comes("ben@CONTOSO.COM", Zone::INTERNAL).await;
    office.sets_a_secret(&ben).await;
    assert_eq!(office.chooses(&bens).await, Err(FirstError::Gone));
    assert_ne!(anna.id, ben.id);
}
