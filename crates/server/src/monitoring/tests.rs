//! Who reads, how often, and what is counted; what a document means has its tests in `sts`.

use authn::audit::{Actor, ByHand};
use store::memory::Memory;
use sts::trust::partner::{alone, relying_party};
use sts::trust::written::WrittenMetadata;
use tokio::sync::Barrier;
use tokio::time::timeout;

use super::*;

const PARTY: &str = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:party\">\
    <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:ApplicationServiceType\">\
    <fed:PassiveRequestorEndpoint><EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\">\
    <Address>https://party.example/</Address></EndpointReference></fed:PassiveRequestorEndpoint>\
    </RoleDescriptor></EntityDescriptor>";

async fn store() -> Memory {
    let store = Memory::new();
    add(&store, "Party", PARTY).await;
    store
}

async fn add(store: &Memory, name: &str, document: &str) {
    let (entity, _) = proto::partner_metadata::read(document, &Vec::new(), clock::now()).unwrap();
    let mut party = relying_party(&entity, name, clock::now()).unwrap();
    party.metadata = Some(WrittenMetadata {
        url: "https://party.example/metadata.xml".to_owned(),
        is_monitored: true,
        is_followed: true,
        signing_certificates: Vec::new(),
    });
    let by = ByHand {
        at: clock::now(),
        actor: Actor::named("root"),
        origin: None,
    };
    let trusted = alone(Some(party), None).read().unwrap();
    trusts::add(store, &trusted, &by).await.unwrap();
}

/// A web server that says the same each time, and counts.
struct Says<F>(F, AtomicUsize);

#[async_trait]
impl<F: Fn() -> Result<String, FetchError> + Send + Sync> Fetching for &Says<F> {
    async fn fetched(&self, url: &Url) -> Result<String, FetchError> {
        assert_eq!(url.as_str(), "https://party.example/metadata.xml");
        self.1.fetch_add(1, Ordering::Relaxed);
        (self.0)()
    }
}

/// Nobody may ask it.
struct Never;

#[async_trait]
impl Fetching for Never {
    async fn fetched(&self, _: &Url) -> Result<String, FetchError> {
        panic!("it is claimed, or not due, or nobody could write it down")
    }
}

/// While it answers, another process looks.
struct Meanwhile(Memory);

#[async_trait]
impl Fetching for Meanwhile {
    async fn fetched(&self, _: &Url) -> Result<String, FetchError> {
        reader(&self.0, "other", Never).look().await.unwrap();
        Ok(PARTY.to_owned())
    }
}

fn reader<F: Fetching>(store: &Memory, by: &str, from: F) -> Reader<Memory, F> {
    Reader {
        store: store.clone(),
        from,
        interval: SignedDuration::from_hours(24),
        by: by.to_owned(),
        metrics: Partners::default(),
        trusts: None,
    }
}

async fn outcomes(store: &Memory) -> Vec<Outcome> {
    let readings = store.partner_readings().await.unwrap();
    readings.iter().map(|it| it.outcome).collect()
}

#[tokio::test]
async fn of_two_processes_one_reads_and_only_what_is_due() {
    let store = store().await;
    let mut one = reader(&store, "one", Meanwhile(store.clone()));
    one.look().await.unwrap();
    assert_eq!(outcomes(&store).await, [Outcome::Current]);
    reader(&store, "one", Never).look().await.unwrap();
    reader(&store, "other", Never).look().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_fetched_is_written_down_with_why() {
    let store = store().await;
    let says = Says(|| Err(FetchError::Redirect(302)), AtomicUsize::new(0));
    reader(&store, "one", &says).look().await.unwrap();
    let readings = store.partner_readings().await.unwrap();
    assert_eq!(readings[0].outcome, Outcome::Unread);
    assert!(readings[0].said.contains("it leads elsewhere (HTTP 302)"));
}

#[tokio::test]
async fn a_change_is_taken_and_the_trust_is_read_no_more_by_that() {
    let store = store().await;
    let moved = || Ok(PARTY.replace("https://party.example/", "https://other.example/"));
    let says = Says(moved, AtomicUsize::new(0));
    let mut one = reader(&store, "one", &says);
    for _ in 0..3 {
        one.look().await.unwrap();
    }
    assert_eq!(says.1.load(Ordering::Relaxed), 1);
    assert_eq!(outcomes(&store).await, [Outcome::Taken]);
    let all = trusts::all(&store).await.unwrap();
    let endpoint = &all[0].written.relying_party[0].wsfed_endpoint;
    assert_eq!(endpoint.as_deref(), Some("https://other.example/"));
}

#[tokio::test]
async fn nothing_is_read_while_the_store_is_away() {
    let store = store().await;
    let mut one = reader(&store, "one", Never);
    store.break_down();
    assert!(one.look().await.is_err());
}

/// Partners who do not answer before as many are asked as may be.
struct Slow {
    all: Barrier,
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Fetching for &Slow {
    async fn fetched(&self, _: &Url) -> Result<String, FetchError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.all.wait().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Err(FetchError::Redirect(302))
    }
}

#[tokio::test]
async fn eight_are_read_at_once_and_no_more() {
    let store = Memory::new();
    for number in 0..2 * AT_ONCE {
        let document = PARTY.replace("urn:party", &format!("urn:party:{number}"));
        add(&store, &format!("Party {number}"), &document).await;
    }
    let slow = Slow {
        all: Barrier::new(AT_ONCE),
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    };
    let mut one = reader(&store, "one", &slow);
    let looked = timeout(Duration::from_secs(30), one.look()).await;
    looked.unwrap().unwrap();
    assert_eq!(slow.most.load(Ordering::SeqCst), AT_ONCE);
    assert_eq!(outcomes(&store).await, vec![Outcome::Unread; 2 * AT_ONCE]);
}
