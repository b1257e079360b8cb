//! What the follower takes from a directory that is there, away, or mad.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use authn::account::AccountState;
use authn::audit::{Actor, ByHand, Event};
use authn::directory::{Person, Reading, RefusedGroups, Standing};
use store::memory::Memory;

use super::*;

/// A directory that says what a test wants.
struct Scripted {
    says: Mutex<Says>,
    groups_of: Mutex<Vec<usize>>,
}

#[derive(Clone)]
enum Says {
    Reading(Reading),
    Away,
    Nonsense,
}

#[async_trait]
impl Directory for Scripted {
    async fn find(&self, _: &str) -> Result<Reading, Unavailable> {
        Ok(Reading::default())
    }

    async fn by_ids(
        &self,
        _: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, Unavailable> {
        self.groups_of.lock().unwrap().push(groups_of.len());
        match self.says.lock().unwrap().clone() {
            Says::Reading(reading) => Ok(reading),
            Says::Away => Err(unread("away")),
            Says::Nonsense => panic!("what no controller says"),
        }
    }
}

fn person(number: usize) -> Person {
    Person {
        id: AccountId(format!("id-{number:04}")),
        domain: "CONTOSO".to_owned(),
        sam: format!("user{number}"),
        upn: format!("user{number}@contoso.com"),
        realm: "CONTOSO.COM".to_owned(),
        sid: "S-1-5-21-1-2-3-1104".to_owned(),
        sip_addresses: Vec::new(),
        mail: Vec::new(),
        standing: Standing::Active,
        not_delegable: None,
        groups: Some(Vec::new()),
        attributes: BTreeMap::new(),
        group_names: None,
    }
}

/// A store with so many people of a directory that says what it said before.
async fn world(count: usize) -> (Follower<Memory>, Arc<Scripted>, Reading) {
    let store = Memory::new();
    let people: Vec<Person> = (0..count).map(person).collect();
    for person in &people {
        let account = person.account(&RefusedGroups::default());
        let by = ByHand {
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::named("root"),
            origin: None,
        };
        let event = Event::by_hand(&by, Kind::AccountCreated, None);
        store.add(&account, event).await.unwrap().unwrap();
    }
    let reading = Reading {
        people,
        refused_groups: RefusedGroups::default(),
    };
    let directory = Arc::new(Scripted {
        says: Mutex::new(Says::Reading(reading.clone())),
        groups_of: Mutex::default(),
    });
    let follower = Follower {
        store,
        directory: directory.clone(),
        asked: 0,
        at_once: GROUPS_AT_ONCE,
        problems: BTreeSet::new(),
    };
    (follower, directory, reading)
}

#[tokio::test]
async fn everybody_s_groups_have_their_turn() {
    let (mut follower, directory, _) = world(1_100).await;
    for _ in 0..4 {
        follower.read().await.unwrap();
    }
    assert_eq!(*directory.groups_of.lock().unwrap(), [500, 500, 100, 500]);
    let (mut follower, directory, _) = world(0).await;
    follower.read().await.unwrap();
    assert_eq!(
        *directory.groups_of.lock().unwrap(),
        [0],
        "it is asked nevertheless"
    );
    assert!(follower.store.last_read().await.unwrap().is_some());
}

#[tokio::test]
async fn a_directory_that_is_away_or_mad_changes_nothing_and_is_not_read() {
    let (mut follower, directory, _) = world(2).await;
    for says in [Says::Away, Says::Nonsense] {
        *directory.says.lock().unwrap() = says;
        assert!(follower.read().await.is_err());
        assert_eq!(follower.store.last_read().await.unwrap(), None);
        assert!(is_too_old(&follower.store).await);
        let accounts = follower.store.list().await.unwrap();
        assert!(accounts.iter().all(|account| account.may_sign_in().is_ok()));
    }
}

#[tokio::test]
async fn what_was_read_is_taken_whole() {
    let (mut follower, directory, mut reading) = world(3).await;
    let [first, second, _] = reading.people.as_mut_slice() else {
        panic!("three people");
    };
    first.standing = Standing::Disabled;
    second.upn = "other@contoso.com".to_owned();
    reading.people.pop();
    *directory.says.lock().unwrap() = Says::Reading(reading);
    follower.read().await.unwrap();
    assert!(!is_too_old(&follower.store).await);
    let accounts = follower.store.list().await.unwrap();
    let found: Vec<(&str, bool)> = accounts
        .iter()
        .map(|it| (it.upn.as_str(), it.may_sign_in().is_ok()))
        .collect();
    let expected = [
        ("other@contoso.com", true),
        ("user0@contoso.com", false),
        ("user2@contoso.com", false),
    ];
    assert_eq!(found, expected);
    assert!(accounts.iter().all(|it| it.state == AccountState::Active));
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_was_never_read_puts_its_people_out() {
    let (follower, directory, _) = world(1).await;
    *directory.says.lock().unwrap() = Says::Away;
    let counter = prometheus_client::metrics::counter::Counter::default();
    let live = Arc::new(Live::new(&[1; 32], 0, counter));
    let mut told = live.listen();
    let following = follow(
        follower.store,
        directory,
        Arc::clone(&live),
        Duration::from_secs(5),
    );
    tokio::select! {
        () = following => {}
        told = told.recv() => assert!(matches!(told, Ok(crate::live::Told::DirectoryUnread))),
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_directory_is_configured_any_more_its_people_are_put_out() {
    let counter = prometheus_client::metrics::counter::Counter::default();
    let live = Arc::new(Live::new(&[1; 32], 0, counter));
    let mut told = live.listen();
    tokio::select! {
        () = follow_none(Memory::new(), Arc::clone(&live)) => {}
        told = told.recv() => assert!(matches!(told, Ok(crate::live::Told::DirectoryUnread))),
    }
}

/// Takes too long for the groups of more than a hundred.
struct Slow(Reading);

#[async_trait]
impl Directory for Slow {
    async fn find(&self, _: &str) -> Result<Reading, Unavailable> {
        Ok(Reading::default())
    }

    async fn by_ids(
        &self,
        _: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, Unavailable> {
        if groups_of.len() > 100 {
            return Err(unread("it takes too long"));
        }
        let mut reading = self.0.clone();
        for person in &mut reading.people {
            let administrators = vec!["S-1-5-32-544".to_owned()];
            person.groups = groups_of.contains(&person.id).then_some(administrators);
        }
        Ok(reading)
    }
}

/// A slice that is never read would hide its administrators while the directory counts as read.
#[tokio::test]
async fn a_slow_directory_is_asked_for_fewer_groups_at_once_and_for_all_in_the_end() {
    let (follower, _, reading) = world(600).await;
    let mut follower = Follower {
        directory: Arc::new(Slow(reading)),
        ..follower
    };
    let mut read = 0;
    for _ in 0..40 {
        read += usize::from(follower.read().await.is_ok());
    }
    assert!(read > 10, "{read}");
    let accounts = follower.store.list().await.unwrap();
    let seen = accounts.iter().filter(|it| {
        let directory = it.directory.as_ref();
        directory.is_some_and(|it| it.not_delegable.is_some())
    });
    assert_eq!(seen.count(), 600);
}
