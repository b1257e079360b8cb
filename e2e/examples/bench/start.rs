//! From the start of the process to the line that says that the gate is open, with 100,000 users
//! and 300,000 app passwords in its store; the demo's two people beside it. And the program's size.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::Ports;
use authn::audit::{Actor, ByHand};
use authn::place::Service;
use e2e::demo::{Demo, binary};
use e2e::serve::Serve;
use store::Store;
use store::memory::AtOnce;
use store::seal::KeyFile;
use tokio::task::JoinSet;

use crate::figure::Figure;
use crate::stopwatch::{median, timed};

/// How many accounts there are.
const USERS: usize = 100_000;
/// How many app passwords each has.
const APP_PASSWORDS_OF_EACH: u8 = 3;
/// How many accounts are made at the same time; the store commits what waits together.
const TOGETHER: usize = 256;
/// How often the gate is started; the middle one counts.
const STARTS: usize = 11;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir_in(e2e::demo::root().join("target"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(fill(folder.path()))?;
    let demo = Demo::start()?;
    let large = |config: String| {
        let place = |name: &str| folder.path().join(name).display().to_string();
        config
            .replace("wicketgate.db", &place("store.db"))
            .replace("wicketgate.keys", &place("keys"))
    };
    let (here, there) = (starts(&demo, large)?, starts(&demo, |config| config)?);
    let size = std::fs::metadata(binary()?)?.len();
    Ok(vec![
        Figure {
            name: format!("start to ready with {USERS} users and 3 app passwords each"),
            value: here,
            unit: "ms",
            peer: Some(("with 2 users".to_owned(), there)),
            budget: "300 ms",
        },
        Figure {
            name: "the program's file".to_owned(),
            value: size as f64 / 1e6,
            unit: "MB",
            peer: None,
            budget: "30 MB",
        },
    ])
}

/// The milliseconds from the start of a gate until it says that it is open.
fn starts(demo: &Demo, change: impl Fn(String) -> String) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (took, gate) = timed(|| Serve::start(demo, &change));
        times.push(took.as_secs_f64() * 1e3);
        gate?.kill()?;
    }
    Ok(median(&times))
}

/// Makes the store as an administrator would, account by account.
async fn fill(folder: &Path) -> anyhow::Result<()> {
    let keys = KeyFile::create(&folder.join("keys"), [1; 40])?;
    let file = folder.join("store.db");
    Store::migrate(&file).await?;
    let store = Store::open(&file, keys).await?;
    let shared = Arc::new(store.clone());
    let ports = Ports {
        accounts: shared.clone(),
        credentials: shared.clone(),
        otp_tokens: shared.clone(),
        secrets: shared.clone(),
        pins: shared.clone(),
        hasher: Arc::new(AtOnce),
        sent_codes: shared.clone(),
        attempts: shared.clone(),
        tickets: shared.clone(),
        audit: shared,
        kerberos: None,
    };
    let by = ByHand {
        at: "2026-11-24T08:00:00Z".parse()?,
        actor: Actor::named("root"),
        origin: None,
    };
    let mut workers = JoinSet::new();
    for worker in 0..TOGETHER {
        let (ports, by) = (ports.clone(), by.clone());
        workers.spawn(async move {
            for number in (worker..USERS).step_by(TOGETHER) {
                enrol(&ports, number, &by).await?;
                if number % (USERS / 10) == 0 {
                    progress(number)?;
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    store.close().await;
    Ok(())
}

/// Says on standard error how far it is, as making the store takes a while.
fn progress(number: usize) -> anyhow::Result<()> {
    let line = format!("  making the store: {number} of {USERS} users");
    Ok(writeln!(std::io::stderr(), "{line}")?)
}

async fn enrol(ports: &Ports, number: usize, by: &ByHand) -> anyhow::Result<()> {
    let account = NewAccount {
        domain: "CONTOSO".to_owned(),
        sam: format!("user{number}"),
        upn: format!("user{number}@contoso.com"),
        realm: "CONTOSO.COM".to_owned(),
        sid: None,
        sip_addresses: vec![format!("sip:user{number}@contoso.com")],
        mail: vec![format!("user{number}@contoso.com")],
    };
    let bytes = u64::try_from(number)?.to_le_bytes();
    let account = admin::add_account(ports, account, by, id(bytes, 0)).await?;
    for which in 1..=APP_PASSWORDS_OF_EACH {
        let asked = NewAppPassword {
            label: format!("device {which}"),
            device: None,
            scope: [Service::EWS, Service::LYNC].into(),
            expires: None,
        };
        let mut secret = [which; 64];
        let place = secret.first_chunk_mut().context("eight bytes")?;
        *place = bytes;
        let random = Randomness {
            id: id(bytes, which),
            secret,
        };
        admin::issue_app_password(ports, &account.id, asked, by, random).await?;
    }
    Ok(())
}

/// The bytes of an id: whose, and which of theirs.
fn id(number: [u8; 8], which: u8) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h] = number;
    [a, b, c, d, e, f, g, h, which, 0, 0, 0, 0, 0, 0, 0]
}
