//! Durable sign-ins: name resolved, place taken, secret checked, counter and audit on the disk, with
//! either store and nothing of HTTP or TLS; by many people, and by one.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{self, Attempt, Ports, Proof, Rules};
use authn::audit::{Actor, ByHand};
use authn::credential::sent_code::Language;
use authn::place::{ActivityId, Channel, ConnectionId, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::sign_in::Asked;
use e2e::postgres::Postgres;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use store::memory::AtOnce;
use store::postgres::{Address, Server};
use store::seal::KeyFile;
use store::{Database, Store};
use tokio::task::JoinSet;

use crate::figure::Figure;
use crate::peer::durable_writes;
use crate::stopwatch::{rate, timed};

/// How many people sign in.
const PEOPLE: usize = 500;
/// How many sign in at the same time.
const TOGETHER: usize = 256;
/// How many sign-ins are timed.
const SIGN_INS: usize = 20_000;

/// Everything that a sign-in needs.
struct Scene {
    ports: Ports,
    rules: Rules,
    people: Vec<(String, Secret<String>)>,
    begun: Timestamp,
}

/// How many sign in at a time, how many sign-ins there are, of how many people, and what they may cost.
type Load = (usize, usize, usize, &'static str);

/// On one machine.
const ON_SQLITE: [Load; 3] = [
    (1, SIGN_INS / 20, PEOPLE, ""),
    (TOGETHER, SIGN_INS, PEOPLE, "2,000/s"),
    (TOGETHER, SIGN_INS / 4, 1, "1,000/s"),
];

/// On a server, by its socket.
const ON_POSTGRES: [Load; 3] = [
    (1, SIGN_INS / 20, PEOPLE, ""),
    (TOGETHER, SIGN_INS, PEOPLE, "4,000/s"),
    (TOGETHER, SIGN_INS / 4, 1, "1,000/s"),
];

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir_in(e2e::demo::root().join("target"))?;
    let writes = durable_writes(folder.path())?;
    let file = Database::Sqlite(folder.path().join("store.db"));
    let mut stores = vec![("SQLite", file, ON_SQLITE)];
    let server = Postgres::start_durable();
    match &server {
        Ok(server) => {
            let address = Address::parse(&server.database()?, folder.path())?;
            let server = Server {
                address,
                password: None,
            };
            stores.push(("PostgreSQL", Database::Postgres(server), ON_POSTGRES));
        }
        Err(reason) => writeln!(std::io::stderr(), "no figures of PostgreSQL: {reason}")?,
    }
    let mut figures = Vec::new();
    for (engine, database, loads) in stores {
        let scene = Scene::new(folder.path(), database);
        let scene = Arc::new(runtime.block_on(scene)?);
        for (together, sign_ins, people, budget) in loads {
            let all = Arc::clone(&scene).sign_in_all(together, (sign_ins, people));
            let (took, done) = timed(|| runtime.block_on(all));
            done?;
            figures.push(Figure {
                name: format!(
                    "durable sign-ins on {engine}, {together} at a time, {people} accounts"
                ),
                value: rate(sign_ins, took),
                unit: "/s",
                peer: Some((
                    "durable 4 KiB writes of this disk, one at a time".to_owned(),
                    writes,
                )),
                budget,
            });
        }
    }
    Ok(figures)
}

impl Scene {
    async fn new(folder: &Path, database: Database) -> anyhow::Result<Self> {
        let file = folder.join("keys");
        let keys = KeyFile::open(&file).or_else(|_| KeyFile::create(&file, [1; 40]))?;
        Store::migrate_in(&database).await?;
        let store = Arc::new(Store::open_in(database, keys).await?);
        let rule = Rule {
            methods: vec![Method::AppPassword.into()],
            ..Rule::default()
        };
        let mut scene = Self {
            ports: Ports {
                accounts: store.clone(),
                credentials: store.clone(),
                otp_tokens: store.clone(),
                secrets: store.clone(),
                pins: store.clone(),
                hasher: Arc::new(AtOnce),
                sent_codes: store.clone(),
                attempts: store.clone(),
                tickets: store.clone(),
                audit: store,
                kerberos: None,
            },
            rules: Rules {
                policy: Policy { rules: vec![rule] },
                default_domain: None,
                unknown_names_key: Secret::new(vec![7; 32]),
                grants_key: Secret::new(vec![5; 32]),
                sending: None,
                keep_me_signed_in: None,
            },
            people: Vec::new(),
            begun: "2026-11-24T08:00:00Z".parse()?,
        };
        for number in 0..PEOPLE {
            let person = scene.enrol(number).await?;
            scene.people.push(person);
        }
        Ok(scene)
    }

    async fn enrol(&self, number: usize) -> anyhow::Result<(String, Secret<String>)> {
        let upn = format!("user{number}@contoso.com");
        let account = NewAccount {
            domain: "CONTOSO".to_owned(),
            sam: format!("user{number}"),
            upn: upn.clone(),
            realm: "CONTOSO.COM".to_owned(),
            sid: None,
            sip_addresses: Vec::new(),
            mail: Vec::new(),
        };
        let asked = NewAppPassword {
            label: "phone".to_owned(),
            device: None,
            scope: [Service::EWS].into(),
            expires: None,
        };
        let [low, high, ..] = number.to_le_bytes();
        let id = [low, high, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        let mut secret = [high; 64];
        secret.fill(low);
        let by = ByHand {
            at: self.begun,
            actor: Actor::named("root"),
            origin: None,
        };
        let account = admin::add_account(&self.ports, account, &by, id).await?;
        let random = Randomness { id, secret };
        let issued = admin::issue_app_password(&self.ports, &account.id, asked, &by, random);
        let (_, typed) = issued.await?;
        Ok((upn, typed))
    }

    /// So many sign-ins of so many people, at most so many at the same time.
    async fn sign_in_all(
        self: Arc<Self>,
        together: usize,
        (sign_ins, people): (usize, usize),
    ) -> anyhow::Result<()> {
        let mut workers = JoinSet::new();
        for worker in 0..together {
            let scene = Arc::clone(&self);
            workers.spawn(async move {
                for number in (worker..sign_ins).step_by(together) {
                    scene.sign_in(number, people).await?;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(())
    }

    async fn sign_in(&self, number: usize, people: usize) -> anyhow::Result<()> {
        let (username, password) = self.people.get(number % people).context("a person")?;
        let attempt = Attempt {
            proof: Proof::Password {
                username: username.clone(),
                password: Secret::new(password.expose().clone()),
            },
            channel: Channel::Basic,
            service: Service::EWS,
            route: None,
            party: None,
            pool: "exchange".to_owned(),
            zone: Zone::EXTERNAL,
            source: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)),
            tls: None,
            sip_uri: None,
            device: None,
            activity: ActivityId::from([0; 16]),
            connection: ConnectionId::default(),
        };
        let now = self.begun + SignedDuration::from_millis(number.try_into()?);
        let asked = Asked {
            language: Language::English,
            code: [0; 8],
            id: [0; 16],
        };
        let outcome = attempt::verify(&self.ports, &self.rules, attempt, (asked, now)).await;
        outcome
            .result
            .map(drop)
            .context("the right app password was refused")
    }
}
