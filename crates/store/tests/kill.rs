//! Kill -9 at any moment loses no counter, revocation or audit event that was acknowledged.
//!
//! The parent kills the child after it has read so many acknowledgements, a number drawn from a
//! seeded generator, opens what is left and looks for every one of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use authn::account::{Account, AccountId, AccountState};
use authn::audit::{Actor, ByHand, Chain, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, AppPasswordHashes, StoredAppPassword};
use authn::credential::grant::CodeSettlement;
use authn::lockout::{Place, Subject};
use authn::place::SourceNetwork;
use authn::ports::{Accounts, Attempts, Audit, Credentials, Settlement, Tickets};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use jiff::Timestamp;
use proto::ntlm::NtHash;
use store::Store;
use tempfile::TempDir;

const KILLS: u32 = 100;
const SETTLERS: u32 = 7;
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(folder) = child::folder() {
        return runtime.block_on(work_until_killed(&folder));
    }
    let folder = TempDir::new().unwrap();
    runtime.block_on(async {
        let store = child::make(folder.path()).await;
        store
            .add(&anna(), event(Kind::AccountCreated))
            .await
            .unwrap()
            .unwrap();
        store.close().await;
    });
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut told = Told::default();
    let mut chain = Chain::default();
    for kill in 0..KILLS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        kill_one(folder.path(), 1 + random % 60, &mut told);
        runtime.block_on(check(folder.path(), &told, &mut chain));
        assert!(told.kills == kill + 1);
    }
    assert!(
        told.settled.len() > 500 && told.revoked.len() > 20,
        "too little was tried: {told:?}"
    );
}

/// What children acknowledged.
#[derive(Debug, Default)]
struct Told {
    kills: u32,
    reserved: u32,
    settled: BTreeSet<u32>,
    recorded: BTreeSet<String>,
    revoked: BTreeSet<String>,
}

/// Starts a child, kills it behind its `count`th acknowledgement, and takes all that it said.
fn kill_one(folder: &Path, count: u64, told: &mut Told) {
    let test = "kill_9_loses_nothing_that_was_acknowledged";
    let mut child = child::command(test, folder, &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut heard = 0;
    loop {
        let mut line = String::new();
        // A line without its end was not said.
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        let Some(words) = child::acknowledged(&line) else {
            continue;
        };
        match words.as_slice() {
            ["reserved"] => told.reserved += 1,
            ["settled", number] => assert!(told.settled.insert(number.parse().unwrap())),
            ["recorded", id] => assert!(told.recorded.insert((*id).to_owned())),
            ["revoked", id] => assert!(told.revoked.insert((*id).to_owned())),
            _ => unreachable!("a child said {line:?}"),
        }
        heard += 1;
        if heard == count {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(
        heard >= count,
        "the child ended by itself after {heard} acknowledgements"
    );
    told.kills += 1;
}

/// Looks for everything that was acknowledged.
async fn check(folder: &Path, told: &Told, chain: &mut Chain) {
    let store = child::open(folder).await;
    let mut settled = BTreeSet::new();
    let mut whole = Chain::default();
    loop {
        let page = store.read(whole.length() + 1, 4_096).await.unwrap();
        if page.is_empty() {
            break;
        }
        for chained in page {
            whole.extend(&chained).unwrap();
            // What stood before the last kill stands still.
            if chained.number == chain.length() {
                assert_eq!(&whole, &*chain);
            }
            if let Kind::UnderAttack { failures } = chained.event.kind {
                assert!(settled.insert(failures), "{failures} was settled twice");
            }
        }
    }
    assert!(whole.length() >= chain.length());
    *chain = whole;
    assert!(told.settled.is_subset(&settled));

    for id in told.recorded.union(&told.revoked) {
        let record = store
            .app_password(&CredentialId(id.clone()))
            .await
            .unwrap()
            .unwrap();
        let ticket = store.find(&ticket_of(id).key, now()).await.unwrap();
        if told.revoked.contains(id) {
            assert!(record.revoked.is_some(), "{id} was revoked");
        }
        // The last one may have been revoked without our hearing of it.
        assert_eq!(ticket.is_some(), record.revoked.is_none(), "{id}");
    }
    let counts = store.reserve(place()).await.unwrap().unwrap().counts;
    let phantoms = told.kills * (SETTLERS + 1);
    assert!(counts.subject > told.reserved, "{counts:?} {told:?}");
    assert!(
        counts.subject <= told.reserved + phantoms,
        "{counts:?} {told:?}"
    );
    store.close().await;
}

/// The child: several settle, one makes and revokes app passwords, until the end comes.
async fn work_until_killed(folder: &Path) {
    let store = child::open(folder).await;
    let first = u32::try_from(store.read(1, u32::MAX).await.unwrap().len()).unwrap() * 1_000;
    // The first sealing waits for entropy; the others shall not be far ahead by then.
    revoke(&store, &format!("cred-{first}-first")).await;
    for settler in 0..SETTLERS {
        tokio::spawn(settle(store.clone(), first + settler * 100));
    }
    for number in 0.. {
        revoke(&store, &format!("cred-{first}-{number}")).await;
    }
}

async fn settle(store: Store, first: u32) {
    for number in first..first + 100 {
        let reservation = store.reserve(place()).await.unwrap().unwrap();
        acknowledge("reserved");
        let events = vec![event(Kind::UnderAttack { failures: number })];
        store
            .settle(Settlement {
                code: CodeSettlement::None,
                reservation,
                succeeded: None,
                events,
                alarm: None,
            })
            .await
            .unwrap();
        acknowledge(&format!("settled {number}"));
    }
}

async fn revoke(store: &Store, id: &str) {
    let credential = CredentialId(id.to_owned());
    let created = event(Kind::AppPasswordCreated {
        credential: credential.clone(),
    });
    store
        .add_app_password(&app_password(id), created)
        .await
        .unwrap();
    store
        .record(Relaying::of(ticket_of(id)), i64::MAX)
        .await
        .unwrap();
    acknowledge(&format!("recorded {id}"));
    let revoked = event(Kind::AppPasswordRevoked {
        credential: credential.clone(),
    });
    assert!(
        store
            .revoke_app_password(&credential, now(), revoked)
            .await
            .unwrap()
    );
    acknowledge(&format!("revoked {id}"));
}

fn acknowledge(what: &str) {
    let line = format!("ack {what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn place() -> Place {
    Place {
        subject: Subject::Account(anna().id),
        source: SourceNetwork::from(HOME),
        window_start: Timestamp::from_second(1_699_999_000).unwrap(),
        now: now(),
        limit: None,
    }
}

fn event(kind: Kind) -> Event {
    let by = ByHand {
        at: now(),
        actor: Actor::named("root"),
        origin: None,
    };
    Event::by_hand(&by, kind, Some(anna().id))
}

fn anna() -> Account {
    Account {
        id: AccountId("anna".to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.example".to_owned(),
        realm: "CONTOSO.EXAMPLE".to_owned(),
        sid: None,
        sip_addresses: vec![],
        mail: vec![],
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    }
}

fn app_password(id: &str) -> StoredAppPassword {
    let hash = NtHash::of_password(id);
    StoredAppPassword {
        record: AppPassword {
            id: CredentialId(id.to_owned()),
            account: anna().id,
            label: id.to_owned(),
            device: None,
            scope: [].into(),
            created: now(),
            expires: None,
            last_used: None,
            seen_device: None,
            revoked: None,
        },
        hashes: AppPasswordHashes {
            grouped: hash.clone(),
            plain: hash,
        },
    }
}

fn ticket_of(id: &str) -> RelayedTicket {
    let mut key = [0; 32];
    key.iter_mut()
        .zip(id.bytes())
        .for_each(|(byte, of_id)| *byte = of_id);
    RelayedTicket {
        key: TicketKey(key),
        account: anna().id,
        credential: CredentialId(id.to_owned()),
        token: None,
        channel: authn::place::Channel::Ntlm,
        methods: [authn::place::Method::AppPassword].into(),
        second_factor: None,
        pool: "pool".to_owned(),
        relayed: now(),
        expires: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}
