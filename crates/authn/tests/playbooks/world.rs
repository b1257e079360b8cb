//! The world of the playbooks: a company, its people, their clients, and one clock that stands still
//! until a playbook moves it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};

use authn::account::{Account, AccountState};
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{self, Ports, Rules};
use authn::audit::{Actor, ByHand, Kind, Reason};
use authn::credential::app_password::AppPassword;
use authn::credential::sent_code::Language;
use authn::place::{ActivityId, Channel, ConnectionId, Method, Service, TlsFingerprint, Zone};
use authn::policy::{Policy, Rule};
use authn::sign_in::Asked;
use authn::{Attempt, Outcome, Proof, Refusal};
use jiff::{SignedDuration, Timestamp};
use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{
    Authenticate, Challenge, Expected, FileTime, Negotiate, Response, SessionKey, Target,
};
use proto::secret::Secret;
use proto::spnego;

use crate::watched::Watched;

/// The pool whose tickets are recorded.
pub(crate) const POOL: &str = "pool01";
/// Where people are at home.
pub(crate) const HOME: [u8; 4] = [192, 0, 2, 10];

/// So many seconds after the playbook began.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// What the administrator does, so many seconds after the playbook began.
pub(crate) fn by_hand(second: i64) -> ByHand {
    ByHand {
        at: at(second),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// Ports, rules and a source of fresh bytes.
pub(crate) struct World {
    pub(crate) watched: Watched,
    pub(crate) ports: Ports,
    pub(crate) rules: Rules,
    drawn: AtomicU8,
}

/// Somebody with an account and an app password.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) record: AppPassword,
    pub(crate) secret: String,
}

impl World {
    /// A company that lets app passwords in from outside to Lync, and nothing else.
    pub(crate) fn new() -> Self {
        let watched = Watched::default();
        let lync_from_outside = Rule {
            zones: [Zone::EXTERNAL].into(),
            services: [Service::LYNC].into(),
            methods: vec![Method::AppPassword.into()],
            ..Rule::default()
        };
        Self {
            ports: watched.ports(),
            watched,
            rules: Rules {
                policy: Policy {
                    rules: vec![lync_from_outside],
                },
                default_domain: Some("CONTOSO".to_owned()),
                unknown_names_key: Secret::new(vec![1; 32]),
                grants_key: Secret::new(vec![5; 32]),
                sending: None,
                keep_me_signed_in: None,
            },
            drawn: AtomicU8::new(0),
        }
    }

    /// Somebody with an account and an app password for Lync.
    pub(crate) async fn person(&self, sam: &str) -> Person {
        let new = named(sam);
        let account = admin::add_account(&self.ports, new, &by_hand(0), self.draw()).await;
        let account = account.unwrap();
        let (record, secret) = self.app_password(&account, for_lync("phone")).await;
        Person {
            account,
            record,
            secret,
        }
    }

    /// Somebody who may not sign in: with an account of that state and a good app password.
    pub(crate) async fn person_who_is(&self, sam: &str, state: AccountState) -> Person {
        let person = self.person(sam).await;
        self.set_state(&person, state).await;
        person
    }

    /// Changes the state of somebody's account.
    pub(crate) async fn set_state(&self, person: &Person, state: AccountState) {
        let id = &person.account.id;
        let set = admin::set_account_state(&self.ports, id, state, &by_hand(0)).await;
        set.unwrap();
    }

    /// One more app password of an account, with its text.
    pub(crate) async fn app_password(
        &self,
        account: &Account,
        new: NewAppPassword,
    ) -> (AppPassword, String) {
        let [byte, ..] = self.draw();
        let random = Randomness {
            id: [byte; 16],
            secret: [byte; 64],
        };
        let issued =
            admin::issue_app_password(&self.ports, &account.id, new, &by_hand(0), random).await;
        let (record, secret) = issued.unwrap();
        (record, secret.expose().clone())
    }

    /// Makes an attempt.
    pub(crate) async fn verify(&self, tried: Try) -> Outcome {
        let now = tried.now;
        attempt::verify(&self.ports, &self.rules, tried.into(), (self.asked(), now)).await
    }

    /// Makes an attempt that no honest client makes.
    pub(crate) async fn attempt(&self, attempt: Attempt) -> Outcome {
        attempt::verify(&self.ports, &self.rules, attempt, (self.asked(), at(0))).await
    }

    /// What a code is asked for with, should one be.
    pub(crate) fn asked(&self) -> Asked {
        let [byte, ..] = self.draw();
        Asked {
            language: Language::English,
            code: [byte, 2, 7, 1, 8, 2, 8, byte],
            id: [byte; 16],
        }
    }

    /// Why the audit says that the last attempt was refused.
    pub(crate) async fn reason(&self) -> Option<Reason> {
        match self.watched.trail().await.last()?.event.kind {
            Kind::Refused { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Sixteen bytes that were not drawn before.
    pub(crate) fn draw(&self) -> [u8; 16] {
        [self.drawn.fetch_add(1, Ordering::Relaxed); 16]
    }
}

/// The account of somebody with that user name, with a SIP URI and a mail address of their own.
pub(crate) fn named(sam: &str) -> NewAccount {
    NewAccount {
        domain: "CONTOSO".to_owned(),
        sam: sam.to_owned(),
        upn: format!("{sam}@contoso.com"),
        realm: "CONTOSO.COM".to_owned(),
        sid: None,
        sip_addresses: vec![format!("sip:{sam}.sip@contoso.com")],
        mail: vec![format!("{sam}.mail@contoso.com")],
    }
}

/// An app password for Lync that does not end by itself.
pub(crate) fn for_lync(label: &str) -> NewAppPassword {
    NewAppPassword {
        label: label.to_owned(),
        device: None,
        scope: [Service::LYNC].into(),
        expires: None,
    }
}

/// What a client offers, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Raw NTLM, as curl and SIPE send it: no MIC.
    Ntlm,
    /// Raw NTLMSSP under Negotiate, with a MIC.
    Negotiate,
    /// A password in clear.
    Basic,
}

/// Every way to offer a secret.
pub(crate) const EVERY_WAY: [By; 3] = [By::Ntlm, By::Negotiate, By::Basic];

/// An attempt before it is made; a playbook changes what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) by: By,
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) secret: String,
    pub(crate) service: Service,
    pub(crate) zone: Zone,
    pub(crate) source: IpAddr,
    pub(crate) tls: Option<TlsFingerprint>,
    pub(crate) sip_uri: Option<String>,
    pub(crate) now: Timestamp,
}

impl Try {
    /// An attempt to reach Lync from outside, from home.
    pub(crate) fn new(by: By, user: &str, secret: &str) -> Self {
        Self {
            by,
            user: user.to_owned(),
            domain: String::new(),
            secret: secret.to_owned(),
            service: Service::LYNC,
            zone: Zone::EXTERNAL,
            source: HOME.into(),
            tls: None,
            sip_uri: None,
            now: at(0),
        }
    }

    /// The same from another address.
    pub(crate) fn from(self, source: impl Into<IpAddr>) -> Self {
        Self {
            source: source.into(),
            ..self
        }
    }

    /// The same from a client whose TLS has this fingerprint, or one that is not known.
    pub(crate) fn by_tls(self, tls: Option<u8>) -> Self {
        Self {
            tls: tls.map(|byte| TlsFingerprint([byte; 32])),
            ..self
        }
    }

    /// The same, so many milliseconds after the playbook began.
    pub(crate) fn after(self, milliseconds: i64) -> Self {
        Self {
            now: at(0) + SignedDuration::from_millis(milliseconds),
            ..self
        }
    }

    fn proof(&self) -> (Proof, Channel) {
        let (user, domain, secret) = (&self.user, &self.domain, &self.secret);
        match self.by {
            By::Ntlm => {
                let response =
                    Box::new(Exchange::of(&Client::plain(user, domain, secret)).response);
                let negotiation = None;
                let proof = Proof::Ntlm {
                    response,
                    negotiation,
                };
                (proof, Channel::Ntlm)
            }
            By::Negotiate => {
                let client = Client::new(user, domain, secret);
                let mut acceptor = spnego::Acceptor::new();
                acceptor.token(&client.negotiate()).unwrap();
                let proof = Proof::Ntlm {
                    response: Box::new(Exchange::of(&client).response),
                    negotiation: Some(Box::new(acceptor)),
                };
                (proof, Channel::Negotiate)
            }
            By::Basic => {
                let proof = Proof::Password {
                    username: user.clone(),
                    password: Secret::new(secret.clone()),
                };
                (proof, Channel::Basic)
            }
        }
    }
}

impl From<Try> for Attempt {
    fn from(tried: Try) -> Self {
        let (proof, channel) = tried.proof();
        Self {
            proof,
            channel,
            service: tried.service,
            route: None,
            party: None,
            pool: POOL.to_owned(),
            zone: tried.zone,
            source: tried.source,
            tls: tried.tls,
            sip_uri: tried.sip_uri,
            device: None,
            activity: ActivityId::from([9; 16]),
            connection: ConnectionId::default(),
        }
    }
}

/// A whole NTLM exchange with our challenge, up to the response that can be checked.
pub(crate) struct Exchange {
    pub(crate) challenge: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) key: SessionKey,
    pub(crate) response: Response,
}

impl Exchange {
    /// Lets a client answer a challenge of ours.
    pub(crate) fn of(client: &Client) -> Self {
        Self::with_clock(client, None)
    }

    /// The same of a client with a clock of its own.
    pub(crate) fn with_clock(client: &Client, time: Option<FileTime>) -> Self {
        let negotiate = Negotiate::parse(&client.negotiate()).unwrap();
        let challenge = Challenge::answer(negotiate, &Target::default(), [3; 8], FileTime(1));
        let draw = Draw {
            client_challenge: [1; 8],
            session_key: [2; 16],
            time,
        };
        let sent = challenge.as_bytes().to_vec();
        let (message, key) = client.authenticate(&sent, draw).unwrap();
        let parsed = Authenticate::parse(&message).unwrap();
        Self {
            challenge: sent,
            message,
            key,
            response: Response::check(challenge, parsed, &Expected::default()).unwrap(),
        }
    }
}

/// Whose attempt passed.
pub(crate) fn passed(outcome: &Outcome) -> Option<&Account> {
    let verified = outcome.result.as_ref().ok()?;
    Some(verified.authenticated.account())
}

/// Why an attempt did not pass, as far as the client may know.
pub(crate) fn refusal(outcome: &Outcome) -> Option<&Refusal> {
    outcome.result.as_ref().err()
}
