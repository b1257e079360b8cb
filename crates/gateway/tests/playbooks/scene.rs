//! The scene: one gate with its publication, people with app passwords, and a verifier that asks
//! `authn` with the store in memory. The same rooms as in the product; only time and chance are ours.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use authn::account::{Account, AccountState};
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{self, Ports, Rules};
use authn::audit::{Actor, ByHand, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::app_password::AppPassword;
use authn::credential::memorised_secret::{
    Cost, MemorisedSecret, SecretHash, StoredMemorisedSecret, Typed,
};
use authn::credential::sent_code::Language;
use authn::handle::HandleKey;
use authn::issued::{self, TokenId};
use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{
    Audit, Credentials, KerberosAcceptor, MemorisedSecrets, Revocations, Sessions, Tickets,
};
use authn::session::Session;
use authn::sign_in::Asked;
use authn::ticket::Relaying;
use authn::{Attempt, Outcome};
use gateway::preset::exchange::{self, Exchange};
use gateway::preset::lync::{self, LyncPool};
use gateway::route::Onward;
use gateway::{Moment, Peer, Publication, Route};
use http::HeaderName;
use jiff::{SignedDuration, Timestamp};
use proto::channel_binding::Demand;
use proto::ntlm::client::Client;
use proto::ntlm::{Target, WhenAbsent};
use proto::secret::Secret;
use store::memory::{AtOnce, Memory};
use tokio::runtime::{Builder, Runtime};

use crate::connection::Connection;

/// The published name of Lync's external web services.
pub(crate) const LYNC: &str = "lyncweb.contoso.com";
/// The same of another pool.
pub(crate) const OTHER_POOL: &str = "lyncweb2.contoso.com";
/// Where clients begin.
pub(crate) const DISCOVER: &str = "lyncdiscover.contoso.com";
/// The published name of Exchange.
pub(crate) const MAIL: &str = "mail.contoso.com";
/// The front end's own name, which is nobody's business outside.
pub(crate) const FRONT_END: &str = "fe01.contoso.local";
/// Exchange's own name.
pub(crate) const EXCHANGE: &str = "exch01.contoso.local";
/// The header by which back ends are told who the user is.
pub(crate) const IDENTITY: &str = "x-contoso-who";

/// One gate and everybody who may come to it.
pub(crate) struct Scene {
    pub(crate) store: Memory,
    pub(crate) publication: Arc<Publication>,
    runtime: Runtime,
    ports: Ports,
    rules: Rules,
    now: Cell<Timestamp>,
    drawn: Cell<u64>,
}

/// Somebody with an app password for Lync and Exchange.
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) credential: CredentialId,
    pub(crate) password: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::publishing(publication())
    }

    /// A scene with a publication that a test changed.
    pub(crate) fn publishing(publication: Publication) -> Self {
        let store = Memory::new();
        let policy = publication.policy.clone();
        let shared = Arc::new(store.clone());
        Self {
            store,
            publication: Arc::new(publication),
            runtime: Builder::new_current_thread().build().unwrap(),
            ports: Ports {
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
            },
            rules: Rules {
                policy,
                default_domain: Some("CONTOSO".to_owned()),
                unknown_names_key: Secret::new(vec![7; 32]),
                grants_key: Secret::new(vec![5; 32]),
                sending: None,
                keep_me_signed_in: None,
            },
            now: Cell::new("2026-11-24T08:00:00Z".parse().unwrap()),
            drawn: Cell::new(0),
        }
    }

    /// The same with keys in a domain, whose tickets are good in the office beside app passwords.
    pub(crate) fn with_domain(mut self, domain: Arc<dyn KerberosAcceptor>) -> Self {
        self.ports.kerberos = Some(domain);
        let office = Rule {
            zones: [Zone::INTERNAL].into(),
            methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
            ..Rule::default()
        };
        self.rules.policy.rules.insert(0, office);
        let mut publication = (*self.publication).clone();
        publication.policy = self.rules.policy.clone();
        self.publication = Arc::new(publication);
        self
    }

    /// A person with an app password for Lync and Exchange.
    pub(crate) fn person(&self, name: &str) -> Person {
        self.person_for(name, &[Service::LYNC, Service::EWS])
    }

    /// A person with an app password for these services.
    pub(crate) fn person_for(&self, name: &str, services: &[Service]) -> Person {
        self.person_with(name, services, None)
    }

    /// A person whose app password ends after so many seconds.
    pub(crate) fn person_until(&self, name: &str, seconds: i64) -> Person {
        let ends = self.now() + SignedDuration::from_secs(seconds);
        self.person_with(name, &[Service::LYNC, Service::EWS], Some(ends))
    }

    fn person_with(&self, name: &str, services: &[Service], expires: Option<Timestamp>) -> Person {
        self.issued(self.account(name, None), services, expires)
    }

    fn account(&self, name: &str, sid: Option<&str>) -> Account {
        let new = NewAccount {
            domain: "CONTOSO".to_owned(),
            sam: name.to_owned(),
            upn: format!("{name}@contoso.com"),
            realm: "CONTOSO.COM".to_owned(),
            sid: sid.map(str::to_owned),
            sip_addresses: vec![format!("sip:{name}@contoso.com")],
            mail: Vec::new(),
        };
        let by = self.by_hand();
        let adding = admin::add_account(&self.ports, new, &by, self.random());
        self.runtime.block_on(adding).unwrap()
    }

    /// Somebody who signs in to pages by a secret, and has no app password.
    pub(crate) fn person_of_pages(&self, name: &str, sid: Option<&str>) -> Person {
        let account = self.account(name, sid);
        let credential = CredentialId(format!("secret of {name}"));
        self.chooses_secret(&account, &credential);
        Person {
            account,
            credential,
            password: String::new(),
        }
    }

    /// Somebody who remembers a secret, and has nothing else.
    pub(crate) fn person_who_remembers(&self, name: &str, secret: &str) -> Person {
        let person = self.person_of_pages(name, None);
        let typed = Typed::to_sign_in(&Secret::new(secret.to_owned()));
        // As cheap as there is one: it is what it costs that nobody asks here.
        let cost = Cost {
            memory: 8,
            passes: 1,
        };
        let hash = typed.hashed(cost, [9; 16]).unwrap();
        self.sets_secret(&person.account, &person.credential, hash);
        Person {
            password: secret.to_owned(),
            ..person
        }
    }

    /// Somebody has another secret from then on.
    pub(crate) fn chooses_secret(&self, account: &Account, credential: &CredentialId) {
        self.sets_secret(account, credential, SecretHash::of_nobody());
    }

    fn sets_secret(&self, account: &Account, credential: &CredentialId, hash: SecretHash) {
        let stored = StoredMemorisedSecret {
            record: MemorisedSecret {
                id: credential.clone(),
                account: account.id.clone(),
                set: self.now(),
                last_used: None,
                disowned: None,
            },
            hash,
        };
        let event = Event {
            at: self.now(),
            kind: Kind::MemorisedSecretSet {
                credential: credential.clone(),
            },
            actor: None,
            account: Some(account.id.clone()),
            source: None,
            zone: None,
            service: None,
            channel: None,
            activity: None,
        };
        let setting = self.store.set_memorised_secret(&stored, event);
        self.runtime.block_on(setting).unwrap();
    }

    /// Our security token service issues somebody a token that is good for an hour, for a secret and a code.
    pub(crate) fn issues(&self, person: &Person, id: &str) {
        self.issues_for(person, id, &[Method::MemorisedSecret, Method::OneTimeCode]);
    }

    /// Somebody signs out of our security token service, where the session began now.
    pub(crate) fn signs_out(&self, person: &Person) {
        let methods = [Method::MemorisedSecret, Method::OneTimeCode];
        let session = self.session_of(person, &methods);
        let event = Event::observed(self.now(), Kind::SignedOut, Some(person.account.id.clone()));
        let ending = self.store.end_sign_in(HandleKey([1; 32]), &session, event);
        self.runtime.block_on(ending).unwrap();
    }

    fn session_of(&self, person: &Person, methods: &[Method]) -> Session {
        Session {
            account: person.account.id.clone(),
            credential: person.credential.clone(),
            made: None,
            token: None,
            methods: methods.to_vec(),
            zone: Zone::EXTERNAL,
            begun: self.now(),
            used: self.now(),
            browser: None,
            stays: None,
        }
    }

    /// The same for other methods.
    pub(crate) fn issues_for(&self, person: &Person, id: &str, methods: &[Method]) {
        let session = self.session_of(person, methods);
        let ends = self.now() + SignedDuration::from_hours(1);
        let id = TokenId(id.to_owned());
        self.records(issued::recorded(&id, &session, (self.now(), ends)));
    }

    /// Our security token service issues somebody a token that carries its own id on to an AD FS.
    pub(crate) fn issues_to_adfs(&self, person: &Person, (id, adfs): (&str, &str)) {
        let methods = [Method::MemorisedSecret, Method::OneTimeCode];
        let session = self.session_of(person, &methods);
        self.records(issued::carried(
            &TokenId(id.to_owned()),
            &session,
            (adfs, self.now()),
        ));
    }

    fn issued(&self, account: Account, services: &[Service], expires: Option<Timestamp>) -> Person {
        let by = self.by_hand();
        let asked = NewAppPassword {
            label: "phone".to_owned(),
            device: None,
            scope: services.iter().cloned().collect(),
            expires,
        };
        let random = Randomness {
            id: self.random(),
            secret: self.random(),
        };
        let issuing = admin::issue_app_password(&self.ports, &account.id, asked, &by, random);
        let (record, shown) = self.runtime.block_on(issuing).unwrap();
        Person {
            account,
            credential: record.id,
            password: shown.expose().clone(),
        }
    }

    pub(crate) fn sets_state(&self, person: &Person, state: AccountState) {
        let by = self.by_hand();
        let setting = admin::set_account_state(&self.ports, &person.account.id, state, &by);
        self.runtime.block_on(setting).unwrap();
    }

    /// Somebody proves a second factor, somewhere else.
    pub(crate) fn proves_second_factor(&self, person: &Person) {
        let (account, by) = (&person.account.id, self.by_hand());
        let noting = admin::note_second_factor(&self.store, account, Method::OneTimeCode, &by);
        self.runtime.block_on(noting).unwrap();
    }

    /// The same person with another app password.
    pub(crate) fn another_password(&self, person: &Person) -> Person {
        let services = [Service::LYNC, Service::EWS];
        self.issued(person.account.clone(), &services, None)
    }

    pub(crate) fn revokes(&self, person: &Person) {
        let by = self.by_hand();
        let revoking = admin::revoke_app_password(&self.ports, &person.credential, &by);
        self.runtime.block_on(revoking).unwrap();
    }

    /// A connection from outside.
    pub(crate) fn connects(&self) -> Connection<'_> {
        Connection::new(self, peer())
    }

    /// A connection from elsewhere, or one that demands more.
    pub(crate) fn connects_as(&self, peer: Peer) -> Connection<'_> {
        Connection::new(self, peer)
    }

    /// What the administrator does at this moment.
    fn by_hand(&self) -> ByHand {
        ByHand {
            at: self.now(),
            actor: Actor::named("root"),
            origin: None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Lets time pass.
    pub(crate) fn waits(&self, seconds: i64) {
        self.now
            .set(self.now() + SignedDuration::from_secs(seconds));
    }

    /// Now, and bytes that were never drawn before.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            now: self.now(),
            random: self.random(),
        }
    }

    pub(crate) fn verifies(&self, attempt: Attempt) -> Outcome {
        let asked = Asked {
            language: Language::English,
            code: [0; 8],
            id: [0; 16],
        };
        let verifying = attempt::verify(&self.ports, &self.rules, attempt, (asked, self.now()));
        self.runtime.block_on(verifying)
    }

    pub(crate) fn notes(&self, events: Vec<Event>) {
        self.runtime.block_on(self.store.append(events)).unwrap();
    }

    pub(crate) fn records(&self, relaying: Relaying) {
        let heard = self.runtime.block_on(self.store.last()).unwrap();
        let recording = self.store.record(relaying, heard);
        self.runtime.block_on(recording).unwrap();
    }

    /// What is known about somebody's app password.
    pub(crate) fn app_password(&self, person: &Person) -> AppPassword {
        let finding = self.store.app_password(&person.credential);
        self.runtime.block_on(finding).unwrap().unwrap()
    }

    /// What the audit trail holds.
    pub(crate) fn audited(&self) -> Vec<Event> {
        let chained = self.runtime.block_on(self.store.read(1, 10_000)).unwrap();
        chained.into_iter().map(|chained| chained.event).collect()
    }

    /// Bytes that never repeat: a bijection of a counter (splitmix64) in each eighth byte.
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for eight in bytes.chunks_mut(8) {
            let drawn = self.drawn.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.drawn.set(drawn);
            let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
            eight.copy_from_slice(mixed.get(..eight.len()).unwrap());
        }
        bytes
    }
}

impl Person {
    /// Their phone, which sends a MIC and a session key.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.account.sam, "CONTOSO", &self.password)
    }

    /// Their phone with another password.
    pub(crate) fn mistyped(&self) -> Client {
        Client::new(&self.account.sam, "CONTOSO", "not-it")
    }

    pub(crate) fn sip_uri(&self) -> &str {
        self.account.sip_addresses.first().unwrap()
    }
}

/// A phone somewhere on the Internet.
pub(crate) fn peer() -> Peer {
    Peer {
        address: "198.51.100.7".parse().unwrap(),
        tls: None,
        zone: Zone::EXTERNAL,
        end_points: Vec::new(),
        channel_binding: Demand::Allow,
        mic: WhenAbsent::Allow,
        server_name: None,
    }
}

/// Two Lync pools and an Exchange organisation.
pub(crate) fn publication() -> Publication {
    let first = lync_pool();
    let second = other_pool();
    let mail = exchange();
    let mut hosts: BTreeMap<_, _> = lync::hosts(&first).into_iter().collect();
    hosts.extend(lync::hosts(&second));
    hosts.extend(exchange::hosts(&mail));
    Publication {
        kerberos: BTreeSet::new(),
        hosts,
        ntlm_target: Target {
            netbios_domain: "GATE".to_owned(),
            netbios_computer: "GATE".to_owned(),
            dns_domain: "gate.invalid".to_owned(),
            dns_computer: "gate.invalid".to_owned(),
        },
        basic_realm: "contoso".to_owned(),
        foreign_hosts: ["outlook.office365.com".to_owned()].into(),
        policy: allowing(&[]),
        identity_headers: [IDENTITY.to_owned()].into(),
    }
}

/// A policy of one line, for these channels; for any where there are none.
pub(crate) fn allowing(channels: &[Channel]) -> Policy {
    let rule = Rule {
        channels: channels.iter().copied().collect(),
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    Policy { rules: vec![rule] }
}

/// The same with something changed in every route of a host.
pub(crate) fn publication_with(host: &str, change: impl Fn(&mut Route)) -> Publication {
    let mut publication = publication();
    let routes = &mut publication.hosts.get_mut(host).unwrap().routes;
    routes.iter_mut().map(Arc::make_mut).for_each(change);
    publication
}

/// The Exchange organisation.
pub(crate) fn exchange() -> Exchange {
    Exchange {
        host: MAIL.to_owned(),
        autodiscover_hosts: vec!["autodiscover.contoso.com".to_owned()],
        hybrid: Vec::new(),
        public_port: 8443,
        internal_names: BTreeMap::from([(EXCHANGE.to_owned(), MAIL.to_owned())]),
        farm: "exchange".to_owned(),
        onward: onward(),
    }
}

/// The first of the pools.
pub(crate) fn lync_pool() -> LyncPool {
    pool(LYNC, FRONT_END, "lync")
}

/// The other.
pub(crate) fn other_pool() -> LyncPool {
    LyncPool {
        discover_hosts: Vec::new(),
        ..pool(OTHER_POOL, "fe02.contoso.local", "lync2")
    }
}

fn pool(web_host: &str, own_name: &str, farm: &str) -> LyncPool {
    LyncPool {
        web_host: web_host.to_owned(),
        public_port: 443,
        discover_hosts: vec![DISCOVER.to_owned()],
        internal_names: BTreeMap::from([(own_name.to_owned(), web_host.to_owned())]),
        farm: farm.to_owned(),
        onward: onward(),
        guests: true,
        certificate_sign_in: false,
        passive: false,
        passive_adfs: None,
    }
}

fn onward() -> Onward {
    Onward::Header {
        name: HeaderName::from_static(IDENTITY),
        audience: "contoso".to_owned(),
    }
}
