//! What a collector did not confirm is sent again, and whoever is not the collector hears nothing.

use std::net::SocketAddr;
use std::path::PathBuf;

use authn::audit::{Actor, ByHand, Kind, Reason};
use jiff::Timestamp;
use proto::syslog::Facility;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use store::memory::Memory;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::settings::messages::Authorities;
use crate::metrics::Metrics;

/// How a collector ends a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// By `close_notify`.
    Orderly,
    /// By closing the socket.
    Silently,
    /// Before it has read anything.
    AtOnce,
    /// By `close_notify` and the end of its side, when it has read [`A_LITTLE`].
    InMidPart,
}

/// What a collector reads that ends in the middle.
const A_LITTLE: usize = 1_024;

/// A collector that takes connections one after the other, and what it read on each.
struct Listening {
    folder: tempfile::TempDir,
    address: SocketAddr,
    read: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Listening {
    async fn start(ends: Ends) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap());
        let authority = authority.unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["logs.contoso.com".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (say, read) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    say.send("no handshake".to_owned()).unwrap();
                    continue;
                };
                if ends == Ends::AtOnce {
                    continue;
                }
                if ends == Ends::InMidPart {
                    stream.read_exact(&mut [0; A_LITTLE]).await.unwrap();
                    stream.shutdown().await.unwrap();
                    say.send("a farewell".to_owned()).unwrap();
                    continue;
                }
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                say.send(text).unwrap();
                if ends == Ends::Orderly {
                    stream.shutdown().await.unwrap();
                }
            }
        });
        Self {
            folder,
            address,
            read,
        }
    }

    fn settings(&self) -> Syslog {
        Syslog {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            name: "logs.contoso.com".to_owned(),
            authorities: Authorities::File(self.authority()),
            identity: None,
            receipt: Receipt::CloseNotify,
            facility: Facility::AUTHPRIV,
            app_name: "wicketgate".to_owned(),
            host_name: "gate1".to_owned(),
        }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn refused(number: i64) -> Event {
    let kind = Kind::Refused {
        reason: Reason::WrongSecret,
        name: "CONTOSO\\an]na\"".to_owned(),
    };
    let by = ByHand {
        at: Timestamp::from_second(number).unwrap(),
        actor: Actor::named("root"),
        origin: None,
    };
    Event::by_hand(&by, kind, None)
}

async fn three_events() -> Memory {
    events(3).await
}

async fn events(count: i64) -> Memory {
    let store = Memory::new();
    let events = (1..=count).map(refused).collect();
    store.append(events).await.unwrap();
    store
}

async fn looked(store: &Memory, syslog: &Syslog) -> Result<Looked, ShippingError> {
    let collector = Collector::new(syslog).unwrap();
    let metrics = Metrics::new().shipped();
    look((store, "this"), &collector, &metrics).await
}

#[tokio::test]
async fn what_the_collector_confirmed_is_sent_once() {
    let mut listening = Listening::start(Ends::Orderly).await;
    let (store, syslog) = (three_events().await, listening.settings());
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Taken);
    assert_eq!(store.reached(Follower::Collector).await.unwrap(), 3);
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Nothing);
    let text = listening.read.recv().await.unwrap();
    assert_eq!(text.matches("<84>1 1970-01-01T00:00:0").count(), 3);
    assert!(
        text.contains(r#" gate1 wicketgate - refused [wicketgate@32473 number="1" previous="000"#)
    );
    assert!(text.contains(r#" name="CONTOSO\\an\]na\"" "#), "{text}");
    let event = serde_json::to_string(&refused(3)).unwrap();
    assert!(text.ends_with(&format!("] \u{feff}{event}")), "{text}");
    store.append(vec![refused(4)]).await.unwrap();
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Taken);
    let text = listening.read.recv().await.unwrap();
    assert!(text.contains(r#"number="4""#) && !text.contains(r#"number="3""#));
}

#[tokio::test]
async fn what_the_collector_did_not_confirm_is_sent_again() {
    for ends in [Ends::Silently, Ends::AtOnce] {
        let listening = Listening::start(ends).await;
        let (store, syslog) = (three_events().await, listening.settings());
        for _ in 0..2 {
            let unconfirmed = looked(&store, &syslog).await;
            let is_so = matches!(unconfirmed, Err(ShippingError::Unconfirmed(_)));
            assert!(is_so, "{unconfirmed:?}");
            assert_eq!(store.reached(Follower::Collector).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn a_farewell_in_mid_part_is_no_receipt() {
    // A hundred fit into the kernel's buffers, so that everything was sent before the farewell; of a thousand some wait here.
    for count in [100, 1_000] {
        for receipt in [Receipt::CloseNotify, Receipt::End] {
            let mut listening = Listening::start(Ends::InMidPart).await;
            let store = events(count).await;
            let syslog = Syslog {
                receipt,
                ..listening.settings()
            };
            for _ in 0..2 {
                let unconfirmed = looked(&store, &syslog).await;
                let is_so = matches!(unconfirmed, Err(ShippingError::Unconfirmed(_)));
                assert!(is_so, "{unconfirmed:?}");
                assert_eq!(listening.read.recv().await.unwrap(), "a farewell");
                assert_eq!(store.reached(Follower::Collector).await.unwrap(), 0);
            }
            // Those that it threw away go to whoever is there then, from the first on.
            let mut after = Listening::start(Ends::Orderly).await;
            assert_eq!(
                looked(&store, &after.settings()).await.unwrap(),
                Looked::Taken
            );
            let text = after.read.recv().await.unwrap();
            assert_eq!(
                text.matches("<84>1 ").count(),
                usize::try_from(count).unwrap()
            );
        }
    }
}

#[tokio::test]
async fn what_waits_behind_a_part_goes_at_once_after_it() {
    let mut listening = Listening::start(Ends::Orderly).await;
    let parts = 4;
    let waiting = i64::from(PART) * parts;
    let (store, settings) = (events(waiting).await, listening.settings());
    let collector = Collector::new(&settings).unwrap();
    let began = tokio::time::Instant::now();
    let shipping = ship(store.clone(), collector, Metrics::new().shipped());
    let receiving = async {
        let mut received = 0;
        while received < waiting {
            let text = listening.read.recv().await.unwrap();
            received += i64::try_from(text.matches("<84>1 ").count()).unwrap();
        }
        received
    };
    let received = tokio::select! {
        () = shipping => 0,
        received = receiving => received,
    };
    assert_eq!(received, waiting, "each once");
    assert!(
        began.elapsed() < PATIENCE,
        "no part waits for another's time"
    );
}

#[tokio::test]
async fn an_end_without_a_word_counts_where_that_is_configured() {
    let mut listening = Listening::start(Ends::Silently).await;
    let syslog = Syslog {
        receipt: Receipt::End,
        ..listening.settings()
    };
    let store = three_events().await;
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Taken);
    assert!(
        listening
            .read
            .recv()
            .await
            .unwrap()
            .contains(r#"number="3""#)
    );
}

#[tokio::test]
async fn whoever_is_not_the_collector_hears_nothing() {
    let mut listening = Listening::start(Ends::Orderly).await;
    let another = Listening::start(Ends::Orderly).await;
    let store = three_events().await;
    let cases = [
        Syslog {
            name: "other.contoso.com".to_owned(),
            ..listening.settings()
        },
        Syslog {
            authorities: Authorities::File(another.authority()),
            ..listening.settings()
        },
    ];
    for syslog in cases {
        let refused = looked(&store, &syslog).await;
        let is_so = matches!(refused, Err(ShippingError::Unreachable(_)));
        assert!(is_so, "{refused:?}");
        assert_eq!(listening.read.recv().await.unwrap(), "no handshake");
        assert_eq!(store.reached(Follower::Collector).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn one_process_ships_at_a_time_and_goes_on_behind_what_was_removed() {
    let mut listening = Listening::start(Ends::Orderly).await;
    let (store, syslog) = (three_events().await, listening.settings());
    let now = clock::now();
    let claim = |until: SignedDuration| Claim {
        by: "another".to_owned(),
        now,
        until: now + until,
    };
    store
        .follow(Follower::Collector, claim(SignedDuration::from_hours(1)))
        .await
        .unwrap();
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Another);
    store
        .follow(Follower::Collector, claim(SignedDuration::ZERO))
        .await
        .unwrap();
    let removal = authn::ports::Removal {
        after: 0,
        through: 2,
        must_be_shipped: false,
        event: None,
    };
    store.remove(removal).await.unwrap();
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Taken);
    let text = listening.read.recv().await.unwrap();
    assert!(text.contains(r#"number="3""#) && !text.contains(r#"number="2""#));
    assert_eq!(looked(&store, &syslog).await.unwrap(), Looked::Nothing);
}
