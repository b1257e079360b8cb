//! A gateway and an authentication server over real mutual TLS, with a store on the disk; only the domain is not there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{Ports, Rules};
use authn::credential::app_password::AppPassword;
use authn::credential::sent_code::Language;
use authn::place::{ActivityId, Channel, ConnectionId, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::remote::{Answering, Caller};
use authn::wire::{self, Hello};
use authn::{Attempt, Authenticated, Proof, Refusal};
use bytes::Bytes;
use gateway::ports::{Delegation, KerberosToken, NoToken, Target, Verifier};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::secret::Secret;
use store::Store;
use store::seal::KeyFile;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::local::Local;
use super::mutual::{self, Gateways};
use super::remote::Remote;
use super::serve::{Answerer, Current};
use super::wire::Ask;
use crate::clock;
use crate::config::settings::{Asking, Identity, Listed, ListedBy, Place};
use crate::enrol::{Authority, End, Enrolled};
use crate::metrics::Metrics;
use crate::operator::by_hand;

const SPN: &str = "HTTP/mail.contoso.local";

/// A domain that gives everybody a token of their name, the service and the binding; a binding may be to a refusal.
struct Domain(Mutex<Vec<String>>);

#[async_trait]
impl Delegation for Domain {
    async fn token(
        &self,
        who: &Authenticated,
        target: Target<'_>,
    ) -> Result<KerberosToken, NoToken> {
        let binding = target.tls_server_end_point;
        if let Some((_, refusal)) = refusals().into_iter().find(|(it, _)| binding == Some(it)) {
            return Err(refusal);
        }
        let token = format!("{} {} {binding:?}", who.sam_at_realm(), target.service);
        Ok(KerberosToken::new(token.into_bytes()))
    }

    async fn forget(&self, who: &Authenticated) {
        self.0.lock().unwrap().push(who.sam_at_realm());
    }
}

struct Scene {
    folder: TempDir,
    authority: Authority,
    answerer: Arc<Answerer>,
    domain: Arc<Domain>,
    ports: Ports,
    address: SocketAddr,
    record: AppPassword,
    secret: String,
    _stop: watch::Sender<bool>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::at(&folder.path().join("gateways"), clock::now()).unwrap();
        let server = enrol(&authority, "authn", End::Server);
        let store = store(folder.path()).await;
        let ports = crate::wiring::ports(&store);
        let (record, secret) = person(&ports).await;
        let gateways = Arc::new(Gateways::new(Vec::new()));
        let identity = identity(&authority, &server);
        let domain = Arc::new(Domain(Mutex::default()));
        let delegation: Arc<dyn Delegation> = domain.clone();
        let local = Local::new(ports.clone(), store.clone(), rules(), Language::English);
        let answerer = Arc::new(Answerer {
            answering: Answering::new(&store.keys().for_vouchers(), clock::now()).unwrap(),
            cookies: Secret::new(*store.keys().for_cookies().expose()),
            current: RwLock::new(Current {
                local: Arc::new(local),
                pages: None,
                spns: Arc::new([SPN.to_owned()].into()),
                tls: mutual::server(&identity, Arc::clone(&gateways)).unwrap(),
            }),
            gateways,
            store,
            delegation: Some(delegation),
            metrics: Arc::new(Metrics::new()),
        });
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Arc::clone(&answerer).accept(socket, stopped));
        Self {
            folder,
            authority,
            answerer,
            domain,
            ports,
            address,
            record,
            secret,
            _stop: stop,
        }
    }

    /// A gateway with a certificate of its own that asks at an address; the list has it.
    fn gateway(&self, name: &str, address: SocketAddr) -> (Remote, Caller) {
        let enrolled = enrol(&self.authority, name, End::Gateway);
        let listed = Listed {
            name: name.to_owned(),
            by: ListedBy::Certificate(enrolled.fingerprint.clone()),
            zones: [Zone::EXTERNAL].into(),
            brings_pages: true,
        };
        let caller = Caller {
            id: enrolled.fingerprint.clone(),
            name: listed.name.clone(),
            zones: listed.zones.clone(),
            brings_pages: listed.brings_pages,
        };
        self.answerer.gateways.add(listed);
        let asking = Asking {
            server: address.to_string(),
            name: address.ip().to_string(),
            identity: identity(&self.authority, &enrolled),
            voucher_key: Some(self.answerer.answering.key()),
        };
        let remote = Remote::new(&asking, Arc::new(Metrics::new())).unwrap();
        (remote, caller)
    }

    fn attempt(&self) -> Attempt {
        Attempt {
            proof: Proof::Password {
                username: "anna@contoso.test".to_owned(),
                password: Secret::new(self.secret.clone()),
            },
            channel: Channel::Basic,
            service: Service::EWS,
            route: None,
            party: None,
            pool: "exchange".to_owned(),
            zone: Zone::EXTERNAL,
            source: [192, 0, 2, 1].into(),
            tls: None,
            sip_uri: None,
            device: None,
            activity: ActivityId::from([1; 16]),
            connection: ConnectionId([1; 8]),
        }
    }

    async fn signed_in(&self, remote: &Remote) -> Arc<Authenticated> {
        let outcome = remote.verify(self.attempt()).await;
        outcome.result.unwrap().authenticated
    }
}

fn enrol(authority: &Authority, name: &str, end: End) -> Enrolled {
    let host = match end {
        End::Server => "127.0.0.1",
        End::Gateway => name,
    };
    authority
        .enrol((name, host), end, (2, clock::now()))
        .unwrap()
}

fn identity(authority: &Authority, enrolled: &Enrolled) -> Identity {
    Identity {
        authorities: authority.file.clone(),
        certificate: enrolled.certificate.clone(),
        key: enrolled.key.clone(),
        place: Place::new(Path::new("a.toml"), "", None),
    }
}

async fn store(folder: &Path) -> Store {
    let (file, keys) = (folder.join("a.db"), folder.join("a.keys"));
    let keys = KeyFile::create(&keys, [7; 40]).unwrap();
    Store::migrate(&file).await.unwrap();
    Store::open(&file, keys).await.unwrap()
}

async fn person(ports: &Ports) -> (AppPassword, String) {
    let new = NewAccount {
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.test".to_owned(),
        realm: "CONTOSO.TEST".to_owned(),
        sid: None,
        sip_addresses: Vec::new(),
        mail: Vec::new(),
    };
    let account = admin::add_account(ports, new, &by_hand(), [1; 16]).await;
    let order = NewAppPassword {
        label: "phone".to_owned(),
        device: None,
        scope: [Service::EWS].into(),
        expires: None,
    };
    let random = Randomness {
        id: [2; 16],
        secret: [3; 64],
    };
    let id = account.unwrap().id;
    let issued = admin::issue_app_password(ports, &id, order, &by_hand(), random).await;
    let (record, secret) = issued.unwrap();
    (record, secret.expose().clone())
}

fn rules() -> Rules {
    let rule = Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    Rules {
        policy: Policy { rules: vec![rule] },
        default_domain: Some("CONTOSO".to_owned()),
        unknown_names_key: Secret::new(vec![1; 32]),
        grants_key: Secret::new(vec![2; 32]),
        sending: None,
        keep_me_signed_in: None,
    }
}

/// Every refusal there is, each by a binding.
fn refusals() -> [([u8; 1], NoToken); 5] {
    let said = || "said".to_owned();
    [
        ([1], NoToken::Denied(said())),
        ([2], NoToken::NotDelegable(said())),
        ([3], NoToken::Alarm(said())),
        ([4], NoToken::AnotherAccount(said())),
        ([5], NoToken::Unavailable(said())),
    ]
}

fn target(service: &str) -> Target<'_> {
    Target {
        service,
        tls_server_end_point: Some(&[9]),
    }
}

#[tokio::test]
async fn why_there_is_no_token_comes_over_as_it_was_said() {
    let scene = Scene::new().await;
    let (dmz1, _) = scene.gateway("dmz1", scene.address);
    let anna = scene.signed_in(&dmz1).await;
    for (binding, refusal) in &refusals() {
        let target = Target {
            tls_server_end_point: Some(binding),
            ..target(SPN)
        };
        let refused = dmz1.token(&anna, target).await;
        assert_eq!(refused.unwrap_err(), *refusal);
    }
}

#[tokio::test]
async fn a_token_is_for_whoever_signed_in_there_and_for_a_service_of_the_list() {
    let scene = Scene::new().await;
    let (dmz1, _) = scene.gateway("dmz1", scene.address);
    let (dmz2, _) = scene.gateway("dmz2", scene.address);
    let anna = scene.signed_in(&dmz1).await;
    let token = dmz1.token(&anna, target(SPN)).await.unwrap();
    let wanted = format!("anna@CONTOSO.TEST {SPN} Some([9])");
    assert_eq!(token.bytes(), wanted.as_bytes());
    dmz1.forget(&anna).await;
    assert_eq!(*scene.domain.0.lock().unwrap(), ["anna@CONTOSO.TEST"]);

    let unlisted = dmz1.token(&anna, target("HTTP/dc.contoso.local")).await;
    let said = unlisted.unwrap_err().to_string();
    assert!(said.contains("403"), "{said}");
    let elsewhere = dmz2
        .token(&anna, target(SPN))
        .await
        .unwrap_err()
        .to_string();
    assert!(elsewhere.contains("another gateway"), "{elsewhere}");

    let revoked = admin::revoke_app_password(&scene.ports, &scene.record.id, &by_hand()).await;
    assert!(revoked.is_ok());
    let ended = dmz1
        .token(&anna, target(SPN))
        .await
        .unwrap_err()
        .to_string();
    assert!(ended.contains("it has ended"), "{ended}");
}

#[tokio::test]
async fn an_answer_that_was_given_before_or_to_another_gateway_lets_nobody_in() {
    let scene = Scene::new().await;
    // Whoever stands between the two has the server's certificate, and an answer that was good once.
    let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
    let address = between(&scene, Arc::clone(&kept)).await;
    let (remote, caller) = scene.gateway("dmz1", address);
    let (_, other) = scene.gateway("dmz2", address);
    for asked_by in [&caller, &other] {
        let (body, _) = wire::ask(&scene.attempt(), [5; 16]).unwrap();
        let local = scene.answerer.current().local;
        let answering = &scene.answerer.answering;
        let fresh = (local.asked().unwrap(), clock::now());
        let answer = answering
            .verify(local.judges(), asked_by, &body, fresh)
            .await;
        *kept.lock().unwrap() = answer.unwrap().to_vec();
        let outcome = remote.verify(scene.attempt()).await;
        let Err(Refusal::Unavailable(error)) = outcome.result else {
            panic!("it lets somebody in");
        };
        let said = error.to_string();
        assert!(said.contains("its voucher is not taken"), "{said}");
    }
}

#[tokio::test]
async fn who_signs_with_another_key_than_the_one_that_is_pinned_is_not_believed() {
    let scene = Scene::new().await;
    let enrolled = enrol(&scene.authority, "dmz1", End::Gateway);
    scene.answerer.gateways.add(Listed {
        name: "dmz1".to_owned(),
        by: ListedBy::DnsName("dmz1".to_owned()),
        zones: [Zone::EXTERNAL].into(),
        brings_pages: false,
    });
    let asking = Asking {
        server: scene.address.to_string(),
        name: "127.0.0.1".to_owned(),
        identity: identity(&scene.authority, &enrolled),
        voucher_key: Some(authn::voucher::VoucherKey([0; 32])),
    };
    let remote = Remote::new(&asking, Arc::new(Metrics::new())).unwrap();
    let said = remote.hello().await.unwrap_err().to_string();
    assert!(said.contains("`voucher_key`"), "{said}");
    let named = Asking {
        name: "authn.contoso.test".to_owned(),
        voucher_key: None,
        ..asking
    };
    let remote = Remote::new(&named, Arc::new(Metrics::new())).unwrap();
    assert!(
        remote.hello().await.is_err(),
        "its certificate bears another name"
    );
    assert!(scene.folder.path().exists());
}

/// Whoever answers as the authentication server would, and to each sign-in with what it kept.
async fn between(scene: &Scene, kept: Arc<Mutex<Vec<u8>>>) -> SocketAddr {
    let tls = scene.answerer.current().tls;
    let key = scene.answerer.answering.key();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let Ok(stream) = TlsAcceptor::from(Arc::clone(&tls)).accept(stream).await else {
                continue;
            };
            let kept = Arc::clone(&kept);
            let service = service_fn(move |request: Request<Incoming>| {
                let kept = Arc::clone(&kept);
                async move {
                    let body = match Ask::of_path(request.uri().path()) {
                        Some(Ask::Verify) => kept.lock().unwrap().clone(),
                        _ => {
                            let hello = Hello::new("dmz1", key, &[0; 32], clock::now());
                            wire::write(&hello).unwrap().to_vec()
                        }
                    };
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body))))
                }
            });
            let builder = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
