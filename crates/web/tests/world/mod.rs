//! Anna, signed in at the pages of Contoso, and Lync that trusts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use authn::account::{Account, AccountId, AccountState};
use authn::admin::tokens::{self, TokenRandomness};
use authn::attempt::{self, Rules};
use authn::audit::{Actor, ByHand, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{
    Cost, MemorisedSecret, SecretHash, StoredMemorisedSecret, Typed,
};
use authn::credential::passkey::RelyingParty;
use authn::handle::Handle;
use authn::lockout::Queue;
use authn::place::{ActivityId, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{Accounts, MemorisedSecrets, PasswordHasher, Sessions, SignIns, Unavailable};
use authn::session::{KeepMeSignedIn, Session};
use authn::sign_in::{Completed, Completion, Ports, Requirement, SignIn};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use proto::otp::{Algorithm, Digits, Generator, Period, Seed};
use proto::secret::Secret;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use store::memory::Memory;
use sts::flow::wsfed::{self, Identity};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState, TokenSigningCertificate};
use sts::metadata::{Published, Readers};
use sts::ports::{Keys, ToSign};
use sts::trust::written::Written;
use sts::trust::{Certificate, Identifier, TrustBook};
use web::branding::Branding;
use web::{Answer, Pages};

pub(crate) const ORIGIN: &str = "https://sts.contoso.com";
pub(crate) const PORTAL: &str = "https://my.contoso.com";
pub(crate) const ASKS: &str = "wa=wsignin1.0&wtrealm=https%3A%2F%2Flync.contoso.com%2Fpassiveauth";

const TRUSTS: &str = r#"{"version": 1, "relying_party": [{
    "name": "Lync-Ext",
    "identifiers": ["https://lync.contoso.com/passiveauth"],
    "wsfed_endpoint": "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx",
    "issuance_authorization_rules": "=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");",
    "issuance_transform_rules": "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid\"] => issue(claim = c);"
}]}"#;

/// A service provider of SAML behind the party that is trusted.
const INTRANET: &str = r#"}, {
    "name": "Intranet",
    "identifiers": ["urn:sp"],
    "protocol_profile": "SAML",
    "saml_endpoints": [{"binding": "POST", "protocol": "SAMLAssertionConsumer", "location": "https://sp.contoso.com/acs", "index": 0, "is_default": true}],
    "issuance_authorization_rules": "=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");"
}]}"#;

pub(crate) fn activity() -> String {
    ActivityId::from([1; 16]).0
}

pub(crate) fn get(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.response.body().to_vec()).unwrap()
}

/// Hashes at once, and cheaply.
struct AtOnce;

#[async_trait]
impl PasswordHasher for AtOnce {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(cheap(), salt)
    }

    async fn proves(&self, typed: Typed, hash: SecretHash, _: Queue) -> Result<bool, Unavailable> {
        let cost = cheap();
        typed.is_of(&SecretHash { cost, ..hash })
    }
}

fn cheap() -> Cost {
    Cost {
        memory: 64,
        passes: 1,
    }
}

/// A key that signs, while it is there, and a ledger that takes whatever comes.
struct Signing {
    ring: KeyRing,
    key: RsaKeyPair,
    is_away: AtomicBool,
}

fn away() -> Unavailable {
    Unavailable {
        what: "the key",
        detail: "it is away".to_owned(),
    }
}

#[async_trait]
impl Keys for Signing {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        match self.is_away.load(Ordering::Relaxed) {
            true => Err(away()),
            false => Ok(self.ring.clone()),
        }
    }

    async fn sign(&self, _: &KeyId, _: ToSign<'_>, octets: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature);
        signed.map_err(|_| away())?;
        Ok(signature)
    }
}

pub(crate) struct World {
    pages: Pages,
    signing: Arc<Signing>,
    pub(crate) memory: Arc<Memory>,
    /// The cookie of anna's session.
    pub(crate) session: String,
}

impl World {
    /// Anna proved two factors.
    pub(crate) async fn new() -> Self {
        Self::with(&[Method::MemorisedSecret, Method::OneTimeCode]).await
    }

    /// Anna proved these.
    pub(crate) async fn with(methods: &[Method]) -> Self {
        Self::trusting(methods, |_| TRUSTS.to_owned()).await
    }

    /// Anna proved these, and these are the trusts, of which one may sign as we do.
    pub(crate) async fn trusting(
        methods: &[Method],
        trusts: impl FnOnce(&Certificate) -> String,
    ) -> Self {
        let memory = Arc::new(Memory::new());
        let signing = Arc::new(signing());
        let trusts = trusts(&signing.ring.primary.certificate);
        Self {
            session: signed_in(&memory, methods, now()).await,
            pages: pages(&memory, &signing, &trusts),
            signing,
            memory,
        }
    }

    /// Anna proved two factors so long ago, and used her session just now, where the policy wants them that fresh.
    pub(crate) async fn aged(age: SignedDuration, fresh: SignedDuration) -> Self {
        let memory = Arc::new(Memory::new());
        let signing = Arc::new(signing());
        let methods = [Method::MemorisedSecret, Method::OneTimeCode];
        let mut pages = pages(&memory, &signing, TRUSTS);
        for rule in &mut pages.rules.policy.rules {
            rule.fresh = Some(fresh);
        }
        Self {
            session: signed_in(&memory, &methods, now() - age).await,
            pages,
            memory,
            signing,
        }
    }

    /// The same where people may stay signed in.
    pub(crate) async fn that_keeps() -> Self {
        let methods = [Method::MemorisedSecret, Method::OneTimeCode];
        let trusts = TRUSTS.replace("}]}", INTRANET);
        let mut world = Self::trusting(&methods, |_| trusts).await;
        world.pages.rules.keep_me_signed_in = Some(KeepMeSignedIn {
            lifetime: SignedDuration::from_hours(48),
            cutoff: None,
        });
        world
    }

    /// The same where people sign in inside alone; they are all outside.
    pub(crate) fn that_lets_nobody_in(mut self) -> Self {
        for rule in &mut self.pages.rules.policy.rules {
            rule.zones = [Zone::INTERNAL].into();
        }
        self
    }

    /// The same for a company that has pages of its own.
    pub(crate) fn branded(mut self, branding: Branding) -> Self {
        self.pages.branding = Arc::new(branding);
        self
    }

    /// Anna gets an app that shows codes; gives the one that it shows.
    pub(crate) async fn code(&self) -> String {
        let ports = &self.pages.ports.attempt;
        let anna = AccountId("anna".to_owned());
        let anna = self.memory.by_id(&anna).await.unwrap().unwrap();
        let seed = [5; 20];
        let random = TokenRandomness { id: [6; 16], seed };
        let by = |at| ByHand {
            at,
            actor: Actor::named("root"),
            origin: None,
        };
        let before = now() - SignedDuration::from_secs(60);
        let order = tokens::of_a_phone("phone".to_owned(), "Wicketgate".to_owned());
        let enrolled = tokens::enrol(ports, &anna, order, &by(before), random).await;
        let (token, _) = enrolled.unwrap();
        let code = |at: Timestamp| {
            let seed = Seed::made_from(seed);
            let step = Period::HALF_A_MINUTE.step(at.as_second());
            let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
            generator.code(step).shown().expose().clone()
        };
        let confirmed = tokens::confirm(ports, &token.id.0, &code(before), &by(before)).await;
        confirmed.unwrap();
        code(now())
    }

    /// The sign-in that a browser holds, by its cookie.
    pub(crate) async fn sign_in(&self, cookie: &str) -> SignIn {
        let handle = cookie.strip_prefix("__Host-sign-in=").unwrap();
        let key = Handle::parse(handle).unwrap().key();
        self.memory.sign_in(key, now()).await.unwrap().unwrap()
    }

    /// Whether anna's session is there, be it that it opens nothing.
    pub(crate) async fn keeps_the_session(&self) -> bool {
        let key = Handle::made_from([9; 32]).key();
        self.memory.kept_session(key).await.unwrap().is_some()
    }

    /// The token of the forms of anna's session.
    pub(crate) fn form_token(&self) -> String {
        Handle::made_from([9; 32]).form_token()
    }

    pub(crate) fn keys_are_away(&self) {
        self.signing.is_away.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn ask(&self, request: Request<String>) -> Answer {
        self.ask_at(ORIGIN, request).await
    }

    pub(crate) async fn ask_at(&self, origin: &str, request: Request<String>) -> Answer {
        let (head, body) = request.into_parts();
        let request = web::Request {
            head,
            body: Bytes::from(body),
            origin: origin.to_owned(),
            zone: Zone::EXTERNAL,
            address: [192, 0, 2, 1].into(),
            over: web::Over {
                connection: authn::place::ConnectionId([1; 8]),
                end_points: Vec::new(),
                channel_binding: proto::channel_binding::Demand::Off,
            },
            activity: ActivityId::from([1; 16]),
        };
        self.pages.answer(request).await
    }
}

fn signing() -> Signing {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let params = CertificateParams::new(vec!["sts.contoso.com".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let made = Timestamp::UNIX_EPOCH;
    Signing {
        ring: KeyRing {
            primary: TokenSigningCertificate {
                id: KeyId("1".to_owned()),
                algorithm: KeyAlgorithm::Rsa2048,
                certificate: Certificate::parse(certificate.der()).unwrap(),
                made,
                state: KeyState::Primary { since: made },
            },
            next: None,
            retired: Vec::new(),
        },
        key: RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap(),
        is_away: AtomicBool::new(false),
    }
}

fn pages(memory: &Arc<Memory>, signing: &Arc<Signing>, trusts: &str) -> Pages {
    let both = "memorised-secret + one-time-code".parse().unwrap();
    let trusted = Written::of_json(trusts).unwrap().read().unwrap();
    let book = Arc::new(TrustBook::new(1, trusted).unwrap());
    Pages {
        ports: Ports {
            attempt: attempt::Ports {
                accounts: memory.clone(),
                credentials: memory.clone(),
                otp_tokens: memory.clone(),
                secrets: memory.clone(),
                pins: memory.clone(),
                hasher: Arc::new(AtOnce),
                sent_codes: memory.clone(),
                attempts: memory.clone(),
                tickets: memory.clone(),
                audit: memory.clone(),
                kerberos: None,
            },
            sign_ins: memory.clone(),
            sessions: memory.clone(),
            invitations: memory.clone(),
            passkeys: memory.clone(),
            spare_codes: memory.clone(),
        },
        rules: Rules {
            policy: Policy {
                rules: vec![Rule {
                    services: [Service::PORTAL, Service::STS].into(),
                    methods: vec![both],
                    ..Rule::default()
                }],
            },
            default_domain: None,
            unknown_names_key: Secret::new(vec![1; 32]),
            grants_key: Secret::new(vec![2; 32]),
            sending: None,
            keep_me_signed_in: None,
        },
        sending: None,
        passkeys: RelyingParty::of(PORTAL, &[]).unwrap(),
        services: vec![Service::EWS],
        branding: Arc::default(),
        begun: web::Begun::default(),
        from_office: false,
        sts: Some(wsfed::Service {
            identity: Identity {
                identifier: Identifier::parse("http://sts.contoso.com/adfs/services/trust")
                    .unwrap(),
                origin: ORIGIN.to_owned(),
                display_name: "Contoso".to_owned(),
                domain: "contoso.com".to_owned(),
                is_active: true,
                is_idp_initiated: true,
            },
            trusts: Arc::new(book),
            keys: signing.clone(),
            ledger: memory.clone(),
            revocations: memory.clone(),
            sessions: memory.clone(),
            audit: memory.clone(),
            assertions: memory.clone(),
            names: memory.clone(),
            stores: Vec::new(),
            opaque: None,
            key: Secret::new(vec![3; 32]),
            published: Published::default(),
            readers: Readers::new(memory.clone()),
        }),
    }
}

/// Begins a session for anna as the store does when a sign-in is complete.
async fn signed_in(memory: &Memory, methods: &[Method], begun: Timestamp) -> String {
    let now = now();
    let account = AccountId("anna".to_owned());
    let credential = CredentialId("secret".to_owned());
    let event = |kind| Event::observed(now, kind, Some(account.clone()));
    let anna = Account {
        id: account.clone(),
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: Some("S-1-5-21-1-2-3-1105".to_owned()),
        sip_addresses: Vec::new(),
        mail: Vec::new(),
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    };
    memory
        .add(&anna, event(Kind::AccountCreated))
        .await
        .unwrap()
        .unwrap();
    let typed = Typed::chosen_by(&anna, &Secret::new("fyra hästar i hagen".to_owned())).unwrap();
    let secret = StoredMemorisedSecret {
        record: MemorisedSecret {
            id: credential.clone(),
            account: account.clone(),
            set: now,
            last_used: None,
            disowned: None,
        },
        hash: typed.hashed(cheap(), [0; 16]).unwrap(),
    };
    let set = event(Kind::MemorisedSecretSet {
        credential: credential.clone(),
    });
    memory.set_memorised_secret(&secret, set).await.unwrap();
    let (held, session) = (Handle::made_from([8; 32]), Handle::made_from([9; 32]));
    let requirement = Requirement::SecretAndCode;
    let sign_in = SignIn::begin(Service::STS, requirement, "/".to_owned(), now);
    memory.begin_sign_in(held.key(), &sign_in).await.unwrap();
    assert!(memory.take_step(held.key(), 0).await.unwrap());
    let signed_in = event(Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: None,
    });
    let completion = Completion {
        sign_in: held.key(),
        step: 1,
        code: None,
        guessed: None,
        passkey: None,
        spare: None,
        places: Vec::new(),
        secret: None,
        source: [192, 0, 2, 1].into(),
        key: session.key(),
        replaced: None,
        session: Session {
            account: account.clone(),
            credential,
            made: None,
            token: None,
            methods: methods.to_vec(),
            zone: Zone::EXTERNAL,
            begun,
            used: now,
            browser: None,
            stays: None,
        },
        event: signed_in,
    };
    assert_eq!(
        memory.complete(completion).await.unwrap(),
        Completed::Written
    );
    format!("__Host-session={}", session.written().expose())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pages read the clock themselves"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
