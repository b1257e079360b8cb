//! Tokens through the whole path: the party's rules, a SAML 1.1 assertion, a signature, the ledger and the tickets on the disk;
//! with RSA-2048, as partners read it, and with P-256.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use authn::account::Account;
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::Ports;
use authn::audit::{Actor, ByHand};
use authn::credential::CredentialId;
use authn::handle::{Handle, HandleKey};
use authn::place::{ActivityId, Method, Service as Published, Zone};
use authn::policy::{Policy, Rule};
use authn::session::Session;
use authn::sign_in::At;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use jiff::{SignedDuration, Timestamp};
use proto::form::Form;
use proto::secret::Secret;
use proto::wsfed::{Request, SignInRequest};
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use store::memory::AtOnce;
use store::seal::KeyFile;
use store::{Database, Store};
use sts::flow::wsfed::{Answered, Asking, Identity, Service, Visited};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState, TokenSigningCertificate};
use sts::ports::{Kept, KeptTrust, Keys, ToSign, Unavailable};
use sts::token::TokenRandomness;
use sts::trust::{Certificate, Identifier, Kind, TrustBook};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::figure::Figure;
use crate::peer::openssl_rsa_2048;
use crate::stopwatch::{rate, timed};

/// How many tokens are timed.
const TOKENS: u32 = 20_000;
/// How many are asked for at the same time.
const TOGETHER: u32 = 256;
/// Ticks of the system's clock of processor time in a second (`sysconf(_SC_CLK_TCK)` on Linux).
const TICKS: f64 = 100.0;
/// The party.
const REALM: &str = "https://lync.contoso.com/passiveauth";
/// What it is sent, and to whom it is sent.
const RULES: [&str; 2] = [
    r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#,
    r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"] => issue(claim = c);"#,
];

/// A key that signs.
enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

struct Signing {
    ring: KeyRing,
    key: Key,
}

#[async_trait]
impl Keys for Signing {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        Ok(self.ring.clone())
    }

    async fn sign(&self, _: &KeyId, _: ToSign<'_>, octets: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let random = SystemRandom::new();
        let signed = match &self.key {
            Key::Rsa(key) => {
                let mut value = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, octets, &mut value);
                signed.map(|()| value)
            }
            Key::P256(key) => key
                .sign(&random, octets)
                .map(|value| value.as_ref().to_vec()),
        };
        signed.map_err(|_| Unavailable {
            what: "the key",
            detail: "it does not sign".to_owned(),
        })
    }
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (private, _) = openssl_rsa_2048()?;
    let mut figures = Vec::new();
    for (name, algorithm, made, budget) in [
        (
            "RSA-2048",
            KeyAlgorithm::Rsa2048,
            &PKCS_RSA_SHA256,
            "0.7 of OpenSSL",
        ),
        ("P-256", KeyAlgorithm::P256, &PKCS_ECDSA_P256_SHA256, ""),
    ] {
        let folder = tempfile::tempdir_in(e2e::demo::root().join("target"))?;
        let scene = runtime.block_on(Scene::new(folder.path(), (algorithm, made)))?;
        let scene = Arc::new(scene);
        let before = processor_seconds()?;
        let (took, done) = timed(|| runtime.block_on(Arc::clone(&scene).issue_all()));
        done?;
        let processor = processor_seconds()? - before;
        let openssl = || Some(("RSA-2048 signatures by OpenSSL".to_owned(), 1e6 / private));
        figures.push(Figure {
            name: format!("tokens a second of processor time, {name}, rules to ledger"),
            value: f64::from(TOKENS) / processor,
            unit: "/s",
            peer: openssl(),
            budget,
        });
        figures.push(Figure {
            name: format!("the same by the clock, {TOGETHER} at a time"),
            value: rate(usize::try_from(TOKENS)?, took),
            unit: "/s",
            peer: None,
            budget: "",
        });
    }
    Ok(figures)
}

/// Somebody with an app password, which a token of theirs rests on.
async fn enrolled(store: &Arc<Store>, at: Timestamp) -> anyhow::Result<(Account, CredentialId)> {
    let ports = Ports {
        accounts: store.clone(),
        credentials: store.clone(),
        otp_tokens: store.clone(),
        secrets: store.clone(),
        pins: store.clone(),
        hasher: Arc::new(AtOnce),
        sent_codes: store.clone(),
        attempts: store.clone(),
        tickets: store.clone(),
        audit: store.clone(),
        kerberos: None,
    };
    let account = NewAccount {
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: Some("S-1-5-21-1-2-3-1105".to_owned()),
        sip_addresses: Vec::new(),
        mail: Vec::new(),
    };
    let by = ByHand {
        at,
        actor: Actor::named("root"),
        origin: None,
    };
    let account = admin::add_account(&ports, account, &by, [1; 16]).await?;
    let asked = NewAppPassword {
        label: "phone".to_owned(),
        device: None,
        scope: [Published::STS].into(),
        expires: None,
    };
    let random = Randomness {
        id: [1; 16],
        secret: [1; 64],
    };
    let issued = admin::issue_app_password(&ports, &account.id, asked, &by, random);
    let (issued, _) = issued.await?;
    Ok((account, issued.id))
}

/// Seconds of processor time that this program took, its system's among them.
fn processor_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").context("its fields")?;
    // The fields begin with the third; these are the 14th and 15th (proc_pid_stat(5)).
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

struct Scene {
    service: Service,
    policy: Policy,
    account: Account,
    session: Session,
    begun: Timestamp,
}

impl Scene {
    async fn new(
        folder: &std::path::Path,
        (algorithm, made): (KeyAlgorithm, &'static SignatureAlgorithm),
    ) -> anyhow::Result<Self> {
        let begun: Timestamp = "2026-12-01T08:00:00Z".parse()?;
        let keys = KeyFile::create(&folder.join("keys"), [1; 40])?;
        let database = Database::Sqlite(folder.join("store.db"));
        Store::migrate_in(&database).await?;
        let store = Arc::new(Store::open_in(database, keys).await?);
        let pair = KeyPair::generate_for(made)?;
        let params = CertificateParams::new(vec!["sts.contoso.com".to_owned()])?;
        let certificate = Certificate::parse(params.self_signed(&pair)?.der())?;
        let der = pair.serialize_der();
        let key = match algorithm {
            KeyAlgorithm::Rsa2048 => Key::Rsa(RsaKeyPair::from_pkcs8(&der)?),
            KeyAlgorithm::P256 => Key::P256(EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &der,
            )?),
        };
        let ring = KeyRing {
            primary: TokenSigningCertificate {
                id: KeyId("1".to_owned()),
                algorithm,
                certificate,
                made: begun,
                state: KeyState::Primary { since: begun },
            },
            next: None,
            retired: Vec::new(),
        };
        let (account, credential) = enrolled(&store, begun).await?;
        let session = Session {
            account: account.id.clone(),
            credential,
            made: None,
            token: None,
            methods: vec![Method::AppPassword, Method::OneTimeCode],
            zone: Zone::EXTERNAL,
            begun,
            used: begun,
            browser: None,
            stays: None,
        };
        let both = "app-password + one-time-code".parse();
        let both = both.ok().context("a combination of methods")?;
        let rule = Rule {
            services: [Published::STS].into(),
            methods: vec![both],
            ..Rule::default()
        };
        Ok(Self {
            service: Service {
                identity: Identity {
                    identifier: Identifier::parse("http://sts.contoso.com/adfs/services/trust")?,
                    origin: "https://sts.contoso.com".to_owned(),
                    display_name: "Contoso".to_owned(),
                    domain: "contoso.com".to_owned(),
                    is_active: false,
                    is_idp_initiated: false,
                },
                trusts: Arc::new(Arc::new(book()?)),
                keys: Arc::new(Signing { ring, key }),
                ledger: store.clone(),
                revocations: store.clone(),
                sessions: store.clone(),
                audit: store.clone(),
                assertions: store.clone(),
                names: store.clone(),
                stores: Vec::new(),
                opaque: None,
                key: Secret::new(vec![3; 32]),
                published: sts::metadata::Published::default(),
                readers: sts::metadata::Readers::new(store),
            },
            policy: Policy { rules: vec![rule] },
            account,
            session,
            begun,
        })
    }

    async fn issue_all(self: Arc<Self>) -> anyhow::Result<()> {
        let mut workers = JoinSet::new();
        for worker in 0..TOGETHER {
            let scene = Arc::clone(&self);
            workers.spawn(async move {
                for number in (worker..TOKENS).step_by(usize::try_from(TOGETHER)?) {
                    scene.issue(number).await?;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(())
    }

    async fn issue(&self, number: u32) -> anyhow::Result<()> {
        let mut id = [9; 16];
        for (byte, drawn) in id.iter_mut().zip(number.to_le_bytes()) {
            *byte = drawn;
        }
        let at = At {
            zone: Zone::EXTERNAL,
            source: [192, 0, 2, 1].into(),
            agent: String::new(),
            activity: ActivityId::from(id),
            session: None,
            now: self.begun + SignedDuration::from_mins(1),
        };
        let request = request()?;
        let handle = Handle::made_from([6; 32]);
        let visited = Visited::default();
        let asking = Asking {
            request: &request,
            marker: None,
            browser: None,
            session: Some(HandleKey([1; 32])),
            heard: self.service.heard().await?,
            signed_in: Some((&self.session, &self.account)),
            handle: &handle,
            remembered: None,
            is_found_by_name: false,
            visited: &visited,
            user_agent: Some("a browser"),
            at: &at,
        };
        let random = TokenRandomness {
            id,
            key: Zeroizing::new([4; 32]),
            iv: [5; 16],
        };
        let answered = self.service.sign_in(&self.policy, asking, random).await?;
        anyhow::ensure!(matches!(answered, Answered::Issued(_)), "{answered:?}");
        Ok(())
    }
}

fn request() -> anyhow::Result<SignInRequest> {
    let realm = REALM.replace(':', "%3A").replace('/', "%2F");
    let query = format!("wa=wsignin1.0&wtrealm={realm}&wctx=rm%3D0");
    match Request::parse(&Form::parse(query.as_bytes())?)? {
        Request::SignIn(request) => Ok(*request),
        other => anyhow::bail!("{other:?}"),
    }
}

fn book() -> anyhow::Result<TrustBook> {
    let [permit, passed] = RULES;
    let text = serde_json::json!({
        "version": 1,
        "relying_party": [{
            "name": "Lync-Ext",
            "identifiers": [REALM],
            "wsfed_endpoint": "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx",
            "issuance_authorization_rules": permit,
            "issuance_transform_rules": passed,
        }],
    });
    let trust = KeptTrust {
        kind: Kind::RelyingParty,
        name: "Lync-Ext".to_owned(),
        identifiers: vec![Identifier::parse(REALM)?],
        text: text.to_string(),
    };
    let kept = Kept {
        revision: 1,
        trusts: vec![(1, trust)],
    };
    let (book, errors) = TrustBook::of_kept(&kept);
    anyhow::ensure!(errors.is_empty(), "{errors:?}");
    Ok(book)
}
