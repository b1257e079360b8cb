//! Programs that ask by a message, and whom they ask as: people with a secret, an app that shows codes and an app password.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use authn::account::Account;
use authn::admin::tokens::{self, TokenRandomness as Seeding};
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{Ports, Rules};
use authn::audit::{Actor, ByHand, Event, Kind, Reason};
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{
    Cost, MemorisedSecret, SecretHash, StoredMemorisedSecret, Typed,
};
use authn::credential::sent_code::Language;
use authn::lockout::{Place, Queue, Subject};
use authn::place::Service as Published;
use authn::policy::{Policy, Rule};
use authn::ports::{Audit, MemorisedSecrets, PasswordHasher};
use authn::sign_in::{Asked, At};
use jiff::{SignedDuration, Timestamp};
use proto::otp::{Algorithm, Digits, Generator, Period, Seed};
use proto::secret::Secret;
use proto::wstrust::active::Dialect;
use store::memory::Memory;
use sts::flow::active::{Active, Answered, Asking};
use sts::ports::Unavailable;
use sts::token::TokenRandomness;
use sts::trust::RelyingPartyTrust;
use zeroize::Zeroizing;

use crate::world::{SID, World, at, at_door, world};

pub(crate) const SECRET: &str = "four horses in a field";
const SEED: [u8; 20] = [5; 20];
const CHEAP: Cost = Cost {
    memory: 64,
    passes: 1,
};

/// Hashes at once, and counts.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl PasswordHasher for Counting {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(CHEAP, salt)
    }

    async fn proves(&self, typed: Typed, hash: SecretHash, _: Queue) -> Result<bool, Unavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let cheap = SecretHash {
            cost: CHEAP,
            ..hash
        };
        typed.is_of(&cheap)
    }
}

/// The service, and whoever has accounts.
pub(crate) struct Scene {
    pub(crate) world: World,
    memory: Arc<Memory>,
    ports: Ports,
    rules: Rules,
    hasher: Arc<Counting>,
}

fn by_hand() -> ByHand {
    ByHand {
        at: at(-600),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// A service for these parties, under rules for `sts`.
pub(crate) fn scene(parties: Vec<RelyingPartyTrust>, rules: Vec<Rule>) -> Scene {
    let memory = Arc::new(Memory::new());
    let hasher = Arc::new(Counting::default());
    let for_sts = |rule| Rule {
        services: [Published::STS].into(),
        ..rule
    };
    Scene {
        world: world(parties),
        ports: Ports {
            accounts: memory.clone(),
            credentials: memory.clone(),
            otp_tokens: memory.clone(),
            secrets: memory.clone(),
            hasher: hasher.clone(),
            sent_codes: memory.clone(),
            attempts: memory.clone(),
            pins: memory.clone(),
            tickets: memory.clone(),
            audit: memory.clone(),
            kerberos: None,
        },
        memory,
        rules: Rules {
            policy: Policy {
                rules: rules.into_iter().map(for_sts).collect(),
            },
            default_domain: Some("CONTOSO".to_owned()),
            unknown_names_key: Secret::new(vec![1; 32]),
            grants_key: Secret::new(vec![5; 32]),
            sending: None,
            keep_me_signed_in: None,
        },
        hasher,
    }
}

pub(crate) fn rule(methods: &[&str]) -> Rule {
    Rule {
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    }
}

/// The policy that most of these are under: a secret or an app password, and a code.
pub(crate) const BOTH: [&str; 2] = [
    "memorised-secret + one-time-code",
    "app-password + one-time-code",
];

/// The code that everybody's app shows so many seconds after the beginning.
pub(crate) fn code(second: i64) -> String {
    let seed = Seed::made_from(SEED);
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    let step = Period::HALF_A_MINUTE.step(at(second).as_second());
    generator.code(step).shown().expose().clone()
}

impl Scene {
    /// Somebody with a secret, an app that shows codes, and an app password of this scope; the text of that.
    pub(crate) async fn person(
        &self,
        sam: &str,
        number: u8,
        scope: Published,
    ) -> (Account, String) {
        let new = NewAccount {
            domain: "CONTOSO".to_owned(),
            sam: sam.to_owned(),
            upn: format!("{sam}@contoso.com"),
            realm: "CONTOSO.COM".to_owned(),
            sid: Some(SID.to_owned()),
            sip_addresses: Vec::new(),
            mail: Vec::new(),
        };
        let account = admin::add_account(&self.ports, new, &by_hand(), [number; 16]).await;
        let account = account.unwrap();
        self.secret(&account).await;
        let seeding = Seeding {
            id: [number; 16],
            seed: SEED,
        };
        let order = tokens::of_a_phone("phone".to_owned(), "Wicketgate".to_owned());
        let enrolled = tokens::enrol(&self.ports, &account, order, &by_hand(), seeding).await;
        let (token, _) = enrolled.unwrap();
        let by = by_hand();
        tokens::confirm(&self.ports, &token.id.0, &code(-600), &by)
            .await
            .unwrap();
        let typed = self.app_password(&account, (number, scope), -600).await;
        (account, typed)
    }

    /// One more app password, made so many seconds after the beginning.
    pub(crate) async fn app_password(
        &self,
        account: &Account,
        (number, scope): (u8, Published),
        second: i64,
    ) -> String {
        let new = NewAppPassword {
            label: "the script".to_owned(),
            device: None,
            scope: [scope].into(),
            expires: None,
        };
        let random = Randomness {
            id: [number; 16],
            secret: [number; 64],
        };
        let by = ByHand {
            at: at(second),
            ..by_hand()
        };
        let issued = admin::issue_app_password(&self.ports, &account.id, new, &by, random).await;
        issued.unwrap().1.expose().clone()
    }

    /// What the counter of an account holds, this look at it included.
    pub(crate) async fn counted(&self, account: &Account) -> u32 {
        let subject = Subject::Account(account.id.clone());
        let place = Place::now(subject, IpAddr::from([203, 0, 113, 99]).into(), at(0));
        let reservation = self.ports.attempts.reserve(place).await.unwrap();
        reservation.unwrap().counts.subject
    }

    async fn secret(&self, account: &Account) {
        let typed = Typed::to_sign_in(&Secret::new(SECRET.to_owned()));
        let id = CredentialId(format!("secret of {}", account.sam));
        let stored = StoredMemorisedSecret {
            record: MemorisedSecret {
                id: id.clone(),
                account: account.id.clone(),
                set: at(-600),
                last_used: None,
                disowned: None,
            },
            hash: typed.hashed(CHEAP, [1; 16]).unwrap(),
        };
        let kind = Kind::MemorisedSecretSet { credential: id };
        let event = Event::by_hand(&by_hand(), kind, Some(account.id.clone()));
        let set = self.memory.set_memorised_secret(&stored, event).await;
        set.unwrap();
    }

    /// What a message of somebody comes to, from a place.
    pub(crate) async fn asks_at(
        &self,
        [name, typed, party]: [&str; 3],
        door: &At,
        dialect: Dialect,
    ) -> Answered {
        let message = message(dialect, [name, typed, party], door.now);
        let active = Active {
            service: &self.world.service,
            ports: &self.ports,
            rules: &self.rules,
        };
        let asking = Asking {
            message: message.as_bytes(),
            dialect,
            user_agent: None,
            code: Asked {
                language: Language::English,
                code: [7; 8],
                id: [7; 16],
            },
            at: door,
        };
        let random = TokenRandomness {
            id: [9; 16],
            key: Zeroizing::new([4; 32]),
            iv: [5; 16],
        };
        active.answer(asking, random).await
    }

    pub(crate) async fn asks(&self, told: [&str; 3]) -> Answered {
        self.asks_at(told, &at_door(at(0)), Dialect::V13).await
    }

    pub(crate) fn hashed(&self) -> u32 {
        self.hasher.0.swap(0, Ordering::Relaxed)
    }

    pub(crate) async fn reasons(&self) -> Vec<Reason> {
        let trail = self.memory.read(1, 1_000).await.unwrap().into_iter();
        let reasons = trail.filter_map(|chained| match chained.event.kind {
            Kind::Refused { reason, .. } => Some(reason),
            _ => None,
        });
        reasons.collect()
    }
}

/// A message as MSAL sends it.
fn message(dialect: Dialect, [name, typed, party]: [&str; 3], now: Timestamp) -> String {
    let (trust, action) = (dialect.namespace(), dialect.action());
    let minutes = SignedDuration::from_mins;
    let oasis = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
    let (created, expires) = (now - minutes(1), now + minutes(9));
    format!(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing' \
         xmlns:u='{oasis}-wssecurity-utility-1.0.xsd'><s:Header><a:Action s:mustUnderstand='1'>{action}</a:Action>\
         <a:MessageID>urn:uuid:1</a:MessageID><o:Security s:mustUnderstand='1' xmlns:o='{oasis}-wssecurity-secext-1.0.xsd'>\
         <u:Timestamp><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp>\
         <o:UsernameToken><o:Username>{name}</o:Username><o:Password>{typed}</o:Password></o:UsernameToken>\
         </o:Security></s:Header><s:Body><t:RequestSecurityToken xmlns:t='{trust}'>\
         <p:AppliesTo xmlns:p='http://schemas.xmlsoap.org/ws/2004/09/policy'><a:EndpointReference><a:Address>{party}</a:Address>\
         </a:EndpointReference></p:AppliesTo><t:RequestType>{trust}/Issue</t:RequestType>\
         </t:RequestSecurityToken></s:Body></s:Envelope>"
    )
}
