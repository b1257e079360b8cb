//! Contoso: anna with a session of two factors, Lync that wants her SID, and a service of ours with a key of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use authn::account::{Account, AccountId, AccountState};
use authn::audit::{Event, Kind, TokenRefusal};
use authn::credential::CredentialId;
use authn::directory::{Attributes, FromDirectory, GroupName, Standing};
use authn::handle::{Handle, HandleKey};
use authn::place::{ActivityId, Method, Service as Published, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{Audit, ChainedEvent, Revocations, Sessions};
use authn::revocation::Revocation;
use authn::session::Session;
use authn::sign_in::At;
use authn::ticket::Relaying;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::secret::Secret;
use proto::wsfed::{Request, SignInRequest};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use store::memory::Memory;
use sts::flow::wsfed::{Answered, Asking, Browser, Identity, Issued, Refused, Service, Visited};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState, TokenSigningCertificate};
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::metadata::Readers;
use sts::ports::{
    Keys, Ledger, MetadataReader, MetadataReaders, MetadataReading, RestsOn, ToSign, Unavailable,
};
use sts::token::TokenRandomness;
use sts::trust::{
    Authorization, Certificate, Identifier, RelyingPartyTrust, Rules, TrustBook, Trusted, Url,
};
use xml::{Document, PublicKey};
use zeroize::Zeroizing;

pub(crate) const LYNC: &str = "https://lync.contoso.com/passiveauth";
pub(crate) const REPLY: &str = "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx";
pub(crate) const SID: &str = "S-1-5-21-1-2-3-1105";
pub(crate) const PERMIT: &str = r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#;
pub(crate) const PASS_SID: &str = r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"] => issue(claim = c);"#;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A trust of Lync as the articles make it.
pub(crate) fn lync() -> RelyingPartyTrust {
    RelyingPartyTrust {
        name: "Lync-Ext".to_owned(),
        identifiers: vec![Identifier::parse(LYNC).unwrap()],
        is_enabled: true,
        notes: None,
        protocol_profile: sts::trust::ProtocolProfile::WsFederation,
        wsfed_endpoint: Some(Url::parse(REPLY).unwrap()),
        additional_wsfed_endpoints: vec![Url::parse("https://lync.contoso.com/other/").unwrap()],
        saml_endpoints: Vec::new(),
        metadata: None,
        request_signing_certificates: Vec::new(),
        signing_certificate_revocation_check: Default::default(),
        encryption_certificate: None,
        encryption_certificate_revocation_check: Default::default(),
        encrypt_claims: false,
        encrypted_name_id_required: false,
        token_type: Default::default(),
        signature_algorithm: Default::default(),
        sha1_until: None,
        signed_saml_requests_required: false,
        saml_response_signature: Default::default(),
        token_lifetime: Default::default(),
        not_before_skew: Default::default(),
        always_require_authentication: false,
        authorization: Authorization::Rules(Rules::parse(PERMIT).unwrap()),
        issuance_transform_rules: Rules::parse(PASS_SID).unwrap(),
        additional_authentication_rules: Rules::default(),
        claims_provider_names: Vec::new(),
        allowed_authentication_class_references: Vec::new(),
        claims_accepted: Vec::new(),
    }
}

pub(crate) fn anna() -> Account {
    Account {
        id: AccountId("anna".to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: Some(SID.to_owned()),
        sip_addresses: vec!["sip:anna@contoso.com".to_owned()],
        mail: vec!["anna@contoso.com".to_owned()],
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    }
}

/// Anna of a directory that is followed: a member of Finance, and of Domain Computers, as a rule of the corpus asks.
pub(crate) fn anna_of_directory() -> Account {
    let group = |rid: &str, sam: &str| {
        let name = GroupName {
            domain: "CONTOSO".to_owned(),
            dns: "contoso.com".to_owned(),
            sam: sam.to_owned(),
        };
        (format!("S-1-5-21-1-2-3-{rid}"), name)
    };
    let groups = BTreeMap::from([group("1201", "Finance"), group("515", "Domain Computers")]);
    let values = [
        ("displayname", vec!["Anna Karenina"]),
        ("givenname", vec!["Anna"]),
        ("sn", vec!["Karenina"]),
        ("objectguid", vec!["3q2+7wABAgMEBQYHCAkKCw=="]),
        ("memberof", vec!["CN=Finance,DC=contoso,DC=com"]),
        // Named in the configuration, and not in the schema.
        ("test", vec![]),
    ];
    let values = values.map(|(name, values)| {
        let values = values.into_iter().map(str::to_owned).collect();
        (name.to_owned(), values)
    });
    Account {
        directory: Some(FromDirectory {
            standing: Standing::Active,
            not_delegable: None,
            groups: groups.keys().cloned().collect(),
            attributes: Attributes {
                values: values.into(),
                groups,
            },
            read: Some(at(0)),
        }),
        ..anna()
    }
}

pub(crate) fn session(begun: Timestamp, methods: &[Method]) -> Session {
    Session {
        account: AccountId("anna".to_owned()),
        credential: CredentialId("secret".to_owned()),
        made: None,
        token: None,
        methods: methods.to_vec(),
        zone: Zone::EXTERNAL,
        begun,
        used: begun,
        browser: None,
        stays: None,
    }
}

/// What the world keeps of a service, to look at.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) entries: Mutex<Vec<(LedgerEntry, Event)>>,
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) recorded: Mutex<Vec<(Relaying, i64)>>,
    pub(crate) is_away: Mutex<bool>,
    pub(crate) read: Mutex<Vec<MetadataReading>>,
    pub(crate) spent: Mutex<Vec<HandleKey>>,
}

fn away() -> Unavailable {
    Unavailable {
        what: "the store",
        detail: "it is away".to_owned(),
    }
}

#[async_trait]
impl Ledger for Kept {
    async fn record_token(
        &self,
        entry: &LedgerEntry,
        event: Event,
        rests_on: RestsOn,
    ) -> Result<(), Unavailable> {
        if *self.is_away.lock().unwrap() {
            return Err(away());
        }
        self.entries.lock().unwrap().push((entry.clone(), event));
        let RestsOn { tickets, heard } = rests_on;
        let tickets = tickets.into_iter().map(|it| (it, heard));
        self.recorded.lock().unwrap().extend(tickets);
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<LedgerEntry>, Unavailable> {
        let entries = self.entries.lock().unwrap();
        let mut entries = entries.iter().map(|(entry, _)| entry);
        Ok(entries.find(|it| it.token == *id).cloned())
    }

    async fn token_signed(
        &self,
        digest: &SignedDigest,
    ) -> Result<Option<LedgerEntry>, Unavailable> {
        let entries = self.entries.lock().unwrap();
        let mut entries = entries.iter().map(|(entry, _)| entry);
        Ok(entries.find(|it| it.digest == *digest).cloned())
    }
}

#[async_trait]
impl Revocations for Kept {
    async fn since(&self, _: i64, _: u32) -> Result<Vec<Revocation>, Unavailable> {
        Err(away())
    }

    async fn last(&self) -> Result<i64, Unavailable> {
        Ok(7)
    }
}

/// Sessions are arguments here; the store is asked once whether one was taken before.
#[async_trait]
impl Sessions for Kept {
    async fn session(
        &self,
        _: HandleKey,
        _: Timestamp,
    ) -> Result<Option<(Session, Account)>, Unavailable> {
        Err(away())
    }

    async fn kept_session(&self, _: HandleKey) -> Result<Option<Session>, Unavailable> {
        Err(away())
    }

    async fn use_session(&self, _: HandleKey, _: &Session) -> Result<(), Unavailable> {
        Err(away())
    }

    async fn drop_session(&self, _: HandleKey) -> Result<(), Unavailable> {
        Err(away())
    }

    async fn end_session(&self, _: HandleKey, _: Event) -> Result<(), Unavailable> {
        Err(away())
    }

    async fn end_sign_in(&self, _: HandleKey, _: &Session, _: Event) -> Result<(), Unavailable> {
        Err(away())
    }

    async fn spend_freshness(&self, key: HandleKey, _: Timestamp) -> Result<bool, Unavailable> {
        let mut spent = self.spent.lock().unwrap();
        let is_first = !spent.contains(&key);
        spent.push(key);
        Ok(is_first)
    }

    async fn end_sessions_of(
        &self,
        _: &AccountId,
        _: Option<HandleKey>,
        _: Event,
    ) -> Result<(), Unavailable> {
        Err(away())
    }

    async fn latest_of(&self, _: &AccountId, _: u32) -> Result<Vec<ChainedEvent>, Unavailable> {
        Err(away())
    }
}

#[async_trait]
impl Audit for Kept {
    async fn append(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.events.lock().unwrap().extend(events);
        Ok(())
    }

    async fn read(&self, _: i64, _: u32) -> Result<Vec<ChainedEvent>, Unavailable> {
        Err(away())
    }
}

#[async_trait]
impl MetadataReaders for Kept {
    async fn note_reader(
        &self,
        keys: &[KeyId],
        reader: &MetadataReader,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        if *self.is_away.lock().unwrap() {
            return Err(away());
        }
        let mut read = self.read.lock().unwrap();
        read.extend(keys.iter().map(|key| MetadataReading {
            key: key.clone(),
            reader: reader.clone(),
            at,
        }));
        Ok(())
    }

    async fn readings(&self) -> Result<Vec<MetadataReading>, Unavailable> {
        Ok(self.read.lock().unwrap().clone())
    }
}

/// A key that signs, and how often it did.
struct Signing {
    ring: KeyRing,
    signed: Arc<Mutex<u32>>,
    key: RsaKeyPair,
}

#[async_trait]
impl Keys for Signing {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        Ok(self.ring.clone())
    }

    async fn sign(&self, _: &KeyId, _: ToSign<'_>, octets: &[u8]) -> Result<Vec<u8>, Unavailable> {
        *self.signed.lock().unwrap() += 1;
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature);
        signed.map_err(|_| away())?;
        Ok(signature)
    }
}

/// A certificate and its key, by which this test signs or reads.
pub(crate) fn certified() -> (Certificate, KeyPair) {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let params = CertificateParams::new(vec!["sts.contoso.com".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (Certificate::parse(certificate.der()).unwrap(), key)
}

pub(crate) struct World {
    /// Who asks.
    pub(crate) who: Account,
    pub(crate) service: Service,
    pub(crate) kept: Arc<Kept>,
    pub(crate) signed: Arc<Mutex<u32>>,
    pub(crate) certificate: Certificate,
    pub(crate) policy: Policy,
}

/// A world in which these parties are trusted.
pub(crate) fn world(relying_parties: Vec<RelyingPartyTrust>) -> World {
    let trusted = Trusted {
        relying_parties,
        ..Trusted::default()
    };
    world_of(TrustBook::new(1, trusted).unwrap())
}

/// A world with this book of trusts.
pub(crate) fn world_of(book: TrustBook) -> World {
    let (certificate, pair) = certified();
    let ring = KeyRing {
        primary: TokenSigningCertificate {
            id: KeyId("1".to_owned()),
            algorithm: KeyAlgorithm::Rsa2048,
            certificate: certificate.clone(),
            made: at(0),
            state: KeyState::Primary { since: at(0) },
        },
        next: None,
        retired: Vec::new(),
    };
    let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
    let kept = Arc::new(Kept::default());
    let signed = Arc::new(Mutex::new(0));
    let memory = Arc::new(Memory::new());
    let both = "memorised-secret + one-time-code".parse().unwrap();
    World {
        who: anna(),
        service: Service {
            identity: Identity {
                identifier: Identifier::parse("http://sts.contoso.com/adfs/services/trust")
                    .unwrap(),
                origin: "https://sts.contoso.com".to_owned(),
                display_name: "Contoso".to_owned(),
                domain: "contoso.com".to_owned(),
                is_active: true,
                is_idp_initiated: true,
            },
            trusts: Arc::new(Arc::new(book)),
            keys: Arc::new(Signing {
                ring,
                signed: signed.clone(),
                key,
            }),
            ledger: kept.clone(),
            revocations: kept.clone(),
            sessions: kept.clone(),
            audit: kept.clone(),
            assertions: memory.clone(),
            names: memory.clone(),
            stores: Vec::new(),
            opaque: None,
            key: Secret::new(vec![3; 32]),
            published: sts::metadata::Published::default(),
            readers: Readers::new(kept.clone()),
        },
        kept,
        signed,
        certificate,
        policy: Policy {
            rules: vec![Rule {
                services: [Published::STS].into(),
                methods: vec![both],
                ..Rule::default()
            }],
        },
    }
}

/// What the browser of most tests is known by.
pub(crate) const BROWSER: &str = "09090909090909090909090909090909";

/// What the store knows a session by: another one began at another time.
pub(crate) fn key_of(session: &Session) -> HandleKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&session.begun.as_second().to_be_bytes());
    HandleKey(key)
}

/// A request as a browser brings it.
pub(crate) fn request(query: &str) -> SignInRequest {
    match Request::parse(&Form::parse(query.as_bytes()).unwrap()) {
        Ok(Request::SignIn(request)) => *request,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn at_door(now: Timestamp) -> At {
    At {
        zone: Zone::EXTERNAL,
        source: [192, 0, 2, 1].into(),
        agent: String::new(),
        activity: ActivityId::from([7; 16]),
        session: None,
        now,
    }
}

impl World {
    /// Asks by a query, signed in or not.
    pub(crate) async fn try_ask(
        &self,
        query: &str,
        session: Option<&Session>,
        now: Timestamp,
    ) -> Result<Answered, Unavailable> {
        self.try_ask_by(BROWSER, query, session, now).await
    }

    /// The same with a browser that is known by this.
    pub(crate) async fn try_ask_by(
        &self,
        browser: &str,
        query: &str,
        session: Option<&Session>,
        now: Timestamp,
    ) -> Result<Answered, Unavailable> {
        let (account, door, visited) = (self.who.clone(), at_door(now), Visited::default());
        let marker = query.split("wicketgate-asked=").nth(1);
        let browser = Browser::parse(browser);
        let asking = Asking {
            request: &request(query),
            marker,
            browser: browser.as_ref(),
            session: session.map(key_of),
            heard: self.service.heard().await?,
            signed_in: session.map(|session| (session, &account)),
            handle: &Handle::made_from([6; 32]),
            remembered: None,
            is_found_by_name: false,
            visited: &visited,
            user_agent: Some("a browser"),
            at: &door,
        };
        let random = TokenRandomness {
            id: [9; 16],
            key: Zeroizing::new([4; 32]),
            iv: [5; 16],
        };
        self.service.sign_in(&self.policy, asking, random).await
    }

    pub(crate) async fn ask(&self, query: &str, session: Option<&Session>) -> Answered {
        self.try_ask(query, session, at(60)).await.unwrap()
    }

    /// Asks as anna, who proved two factors a minute ago.
    pub(crate) async fn ask_as_anna(&self, query: &str) -> Answered {
        let both = [Method::MemorisedSecret, Method::OneTimeCode];
        self.ask(query, Some(&session(at(0), &both))).await
    }

    pub(crate) fn verified(&self, wresult: &str) -> String {
        let document = Document::parse(wresult).unwrap();
        let trust = "http://schemas.xmlsoap.org/ws/2005/02/trust";
        let token = document.root().child(trust, "RequestedSecurityToken");
        let kinds = [
            "urn:oasis:names:tc:SAML:1.0:assertion",
            "urn:oasis:names:tc:SAML:2.0:assertion",
        ];
        let of = |saml| token?.child(saml, "Assertion");
        let assertion = kinds.into_iter().find_map(of).unwrap();
        let key = PublicKey::from_certificate(self.certificate.der()).unwrap();
        let verified = xml::signature::verify(assertion, &key).unwrap();
        verified.as_str().to_owned()
    }

    /// Why somebody was refused, as the audit has it.
    pub(crate) fn audited(&self) -> Vec<(String, TokenRefusal)> {
        let events = self.kept.events.lock().unwrap();
        let refusals = events.iter().filter_map(|event| match &event.kind {
            Kind::TokenRefused {
                relying_party,
                reason,
                ..
            } => Some((relying_party.clone(), *reason)),
            _ => None,
        });
        refusals.collect()
    }
}

pub(crate) fn issued(answered: Answered) -> Issued {
    match answered {
        Answered::Issued(issued) => *issued,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn refused(answered: Answered) -> Refused {
    match answered {
        Answered::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn must_sign_in(answered: Answered) -> (authn::sign_in::Requirement, String) {
    match answered {
        Answered::MustSignIn {
            requirement,
            continuation,
            ..
        } => (requirement, continuation),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn minutes(number: i64) -> SignedDuration {
    SignedDuration::from_mins(number)
}

pub(crate) const ASKS: &str = "wa=wsignin1.0&wtrealm=https%3A%2F%2Flync.contoso.com%2Fpassiveauth";
