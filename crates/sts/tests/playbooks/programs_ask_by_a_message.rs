//! The active way (`usernamemixed`): what a program sends, which party it may be for, what lets it in, and that a refusal tells
//! nothing but that it is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use authn::account::Account;
use authn::admin::tokens::{self, TokenRandomness as Seeding};
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{Ports, Rules};
use authn::audit::{Actor, ByHand, Event, Kind, Reason, TokenRefusal};
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{
    Cost, MemorisedSecret, SecretHash, StoredMemorisedSecret, Typed,
};
use authn::credential::sent_code::Language;
use authn::lockout::{HoldBack, LONGEST_HOLD_BACK, Queue};
use authn::place::{Service as Published, Zone};
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
use sts::trust::{Identifier, ProtocolProfile, RelyingPartyTrust};
use zeroize::Zeroizing;

use crate::world::{LYNC, SID, World, at, at_door, lync, world};

const SECRET: &str = "four horses in a field";
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
struct Scene {
    world: World,
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
fn scene(parties: Vec<RelyingPartyTrust>, rules: Vec<Rule>) -> Scene {
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
        },
        hasher,
    }
}

fn rule(methods: &[&str]) -> Rule {
    Rule {
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    }
}

/// The policy that most of these are under: a secret or an app password, and a code.
const BOTH: [&str; 2] = [
    "memorised-secret + one-time-code",
    "app-password + one-time-code",
];

/// The code that everybody's app shows so many seconds after the beginning.
fn code(second: i64) -> String {
    let seed = Seed::made_from(SEED);
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    let step = Period::HALF_A_MINUTE.step(at(second).as_second());
    generator.code(step).shown().expose().clone()
}

impl Scene {
    /// Somebody with a secret, an app that shows codes, and an app password of this scope; the text of that.
    async fn person(&self, sam: &str, number: u8, scope: Published) -> (Account, String) {
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
    async fn app_password(
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

    async fn secret(&self, account: &Account) {
        let typed = Typed::to_sign_in(&Secret::new(SECRET.to_owned()));
        let id = CredentialId(format!("secret of {}", account.sam));
        let stored = StoredMemorisedSecret {
            record: MemorisedSecret {
                id: id.clone(),
                account: account.id.clone(),
                set: at(-600),
                last_used: None,
            },
            hash: typed.hashed(CHEAP, [1; 16]).unwrap(),
        };
        let kind = Kind::MemorisedSecretSet { credential: id };
        let event = Event::by_hand(&by_hand(), kind, Some(account.id.clone()));
        let set = self.memory.set_memorised_secret(&stored, event).await;
        set.unwrap();
    }

    /// What a message of somebody comes to, from a place.
    async fn asks_at(
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

    async fn asks(&self, told: [&str; 3]) -> Answered {
        self.asks_at(told, &at_door(at(0)), Dialect::V13).await
    }

    fn hashed(&self) -> u32 {
        self.hasher.0.swap(0, Ordering::Relaxed)
    }

    async fn reasons(&self) -> Vec<Reason> {
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

/// What is told, without what is new in every answer.
fn told(answered: &Answered) -> String {
    let message = &answered.message;
    let text = message.split("Reason").nth(1).unwrap_or(message);
    text.split("Activity").next().unwrap().to_owned()
}

fn in_the_office(second: i64) -> At {
    At {
        zone: Zone::INTERNAL,
        ..at_door(at(second))
    }
}

#[tokio::test]
async fn an_app_password_gets_a_token_where_the_policy_says_so_and_with_a_code_outside() {
    let inside = Rule {
        zones: [Zone::INTERNAL].into(),
        ..rule(&["app-password"])
    };
    let scene = scene(vec![lync()], vec![inside, rule(&BOTH)]);
    let (anna, typed) = scene.person("anna", 1, Published::STS).await;
    let (_, of_lync) = scene.person("ben", 2, Published::LYNC).await;
    let plain = typed.replace('-', "");
    for dialect in Dialect::ALL {
        for (second, typed) in [(0, &typed), (1, &plain)] {
            let told = [anna.upn.as_str(), typed, LYNC];
            let answered = scene.asks_at(told, &in_the_office(second), dialect).await;
            assert!(answered.is_issued, "{answered:?}");
            assert!(answered.message.contains(SID), "{}", answered.message);
        }
    }
    assert_eq!(scene.world.kept.entries.lock().unwrap().len(), 4);
    assert_eq!(
        *scene.world.kept.recorded.lock().unwrap(),
        [],
        "nobody's session at a pool"
    );

    // Outside the same is not enough, and a code behind it is.
    let with_code = format!("{typed}{}", code(0));
    for (typed, is_issued) in [(&typed, false), (&with_code, true)] {
        let answered = scene.asks([&anna.upn, typed, LYNC]).await;
        assert_eq!(answered.is_issued, is_issued, "{answered:?}");
        assert_eq!(answered.signed_in, Some(is_issued));
    }
    assert_eq!(scene.reasons().await, [Reason::CodeMissing]);
    // One whose scope is another's opens nothing, inside or outside.
    let with_code = format!("{of_lync}{}", code(0));
    let told = ["ben@contoso.com", of_lync.as_str(), LYNC];
    let answered = scene.asks_at(told, &in_the_office(2), Dialect::V13).await;
    assert!(!answered.is_issued);
    assert!(
        !scene
            .asks(["ben@contoso.com", &with_code, LYNC])
            .await
            .is_issued
    );
    assert_eq!(scene.reasons().await[1..], [Reason::OutOfScope; 2]);
}

#[tokio::test]
async fn a_leased_app_password_gets_a_token_until_its_lease_has_lapsed() {
    let leased = Rule {
        lease: Some(SignedDuration::from_hours(1)),
        ..rule(&["app-password", BOTH[0]])
    };
    let scene = scene(vec![lync()], vec![leased]);
    let (anna, before) = scene.person("anna", 1, Published::STS).await;
    let coded = format!("{SECRET}{}", code(0));
    assert!(scene.asks([&anna.upn, &coded, LYNC]).await.is_issued);
    let after = scene.app_password(&anna, (2, Published::STS), 1).await;
    for (typed, second, is_issued) in [
        // Made before a second factor was ever proved.
        (&before, 2, false),
        (&after, 3_599, true),
        (&after, 3_600, false),
    ] {
        let told = [anna.upn.as_str(), typed.as_str(), LYNC];
        let door = at_door(at(second));
        let answered = scene.asks_at(told, &door, Dialect::V13).await;
        assert_eq!(answered.is_issued, is_issued, "{answered:?}");
    }
    assert_eq!(scene.reasons().await, [Reason::LeaseLapsed; 2]);
}

/// SECURITY: a party is looked at before anybody is: no guess at a secret, no hash, no line in the audit.
#[tokio::test]
async fn a_party_that_is_unknown_off_or_no_party_of_this_way_gets_invalid_scope_and_nobody_is_tried()
 {
    let named = |name: &str, identifier: &str| RelyingPartyTrust {
        name: name.to_owned(),
        identifiers: vec![Identifier::parse(identifier).unwrap()],
        ..lync()
    };
    let off = RelyingPartyTrust {
        is_enabled: false,
        ..named("off", "urn:off")
    };
    let saml = RelyingPartyTrust {
        protocol_profile: ProtocolProfile::Saml,
        ..named("saml", "urn:saml")
    };
    let of_others = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..named("of others", "urn:of-others")
    };
    let scene = scene(vec![lync(), off, saml, of_others], vec![rule(&BOTH)]);
    let (anna, _) = scene.person("anna", 1, Published::STS).await;
    let typed = format!("{SECRET}{}", code(0));
    let mut seen = Vec::new();
    for party in [
        "urn:nobody",
        "urn:off",
        "urn:saml",
        "urn:of-others",
        // An identifier is compared letter by letter.
        "https://lync.contoso.com/passiveauth/",
        "https://LYNC.contoso.com/passiveauth",
        "https://lync.contoso.com/PassiveAuth",
        "https://lync.contoso.com:443/passiveauth",
        "http://lync.contoso.com/passiveauth",
        "https://lync.contoso.com/passiveauth?",
        "https://lync.contoso.com/passiveaut%68",
        "https://lync.contoso.com/x/../passiveauth",
        "lync.contoso.com",
    ] {
        let answered = scene.asks([&anna.upn, &typed, party]).await;
        assert!(
            !answered.is_issued && answered.signed_in.is_none(),
            "{party}"
        );
        assert!(
            answered.message.contains("InvalidScope"),
            "{}",
            answered.message
        );
        assert_eq!(answered.hold_back, HoldBack::default());
        seen.push(told(&answered));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(scene.hashed(), 0);
    assert_eq!(scene.reasons().await, []);
    assert_eq!(*scene.world.signed.lock().unwrap(), 0);
    // The code was spent by none of them.
    let answered = scene.asks([&anna.upn, &typed, LYNC]).await;
    assert!(answered.is_issued, "{answered:?}");
}

#[tokio::test]
async fn whatever_is_wrong_of_somebody_is_one_fault_and_costs_one_hash() {
    let refusing = RelyingPartyTrust {
        name: "nobody".to_owned(),
        identifiers: vec![Identifier::parse("urn:refusing").unwrap()],
        authorization: sts::trust::Authorization::Rules(sts::trust::Rules::default()),
        ..lync()
    };
    let scene = scene(vec![lync(), refusing], vec![rule(&BOTH)]);
    let (anna, app_password) = scene.person("anna", 1, Published::STS).await;
    let (_, of_lync) = scene.person("ben", 2, Published::LYNC).await;
    let right = code(0);
    let mut seen = Vec::new();
    let (anna, ben) = (anna.upn.as_str(), "ben@contoso.com");
    for (name, typed) in [
        (anna, format!("a guess{right}")),
        (anna, "the domain password".to_owned()),
        (anna, SECRET.to_owned()),
        (anna, format!("{SECRET}000000")),
        (anna, app_password.clone()),
        (anna, format!("{app_password}000000")),
        (ben, format!("{of_lync}{right}")),
        ("nobody@contoso.com", format!("{SECRET}{right}")),
    ] {
        let answered = scene.asks([name, &typed, LYNC]).await;
        assert!(!answered.is_issued, "{name}");
        assert!(answered.message.contains("FailedAuthentication"));
        let cost = (answered.hold_back, answered.signed_in, scene.hashed());
        assert_eq!(
            cost,
            (HoldBack::default(), Some(false), 1),
            "{name} {:?}",
            answered.said
        );
        seen.push(told(&answered));
    }
    // A party that permits nobody answers whoever is right as it answers whoever is wrong.
    let right = format!("{SECRET}{right}");
    let answered = scene.asks([anna, &right, "urn:refusing"]).await;
    assert!(!answered.is_issued);
    assert_eq!(
        (answered.hold_back, scene.hashed()),
        (HoldBack::default(), 1)
    );
    seen.push(told(&answered));
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(
        scene.world.audited(),
        [("urn:refusing".to_owned(), TokenRefusal::NotPermitted)]
    );
}

/// T-CRED-8: a network that is slowed is slowed as much by the right secret at a party that permits nobody.
#[tokio::test]
async fn how_long_a_refusal_is_held_back_does_not_tell_a_right_secret() {
    let refusing = RelyingPartyTrust {
        authorization: sts::trust::Authorization::Rules(sts::trust::Rules::default()),
        ..lync()
    };
    let scene = scene(vec![refusing], vec![rule(&BOTH)]);
    let (anna, app_password) = scene.person("anna", 1, Published::STS).await;
    let of_secret = format!("{SECRET}{}", code(0));
    let first = scene.asks([&anna.upn, &of_secret, LYNC]).await;
    assert_eq!(
        first.signed_in,
        Some(true),
        "home is familiar: {:?}",
        first.said
    );
    let of_app_password = format!("{app_password}{}", code(30));
    // Guesses at others, until the network is slowed.
    for number in 0..100 {
        let nobody = format!("nobody{number}@contoso.com");
        scene.asks([&nobody, "a guess000000", LYNC]).await;
    }
    for (typed, is_right) in [
        ("a guess000000", false),
        (&of_app_password, true),
        (&of_secret, true),
    ] {
        let told = [anna.upn.as_str(), typed, LYNC];
        let answered = scene.asks_at(told, &at_door(at(30)), Dialect::V13).await;
        assert_eq!(answered.signed_in, Some(is_right), "{:?}", answered.said);
        assert_eq!(answered.hold_back, HoldBack(LONGEST_HOLD_BACK), "{typed}");
    }
}
