//! The configuration as understood: paths resolved, names checked, nothing optional that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) mod attribute_stores;
pub(crate) mod audit;
pub(crate) mod messages;
pub(crate) mod monitoring;

pub(crate) use super::error::Place;
pub(crate) use super::written::{KerberosToken, Tls};

use authn::credential::passkey::Make;
use authn::place::Zone;
use authn::session::KeepMeSignedIn;
use authn::voucher::{GatewayId, VoucherKey};
use gateway::Publication;
use gateway::farm::health::Thresholds;
use gss::{Principal, Realm, Service};
use http::HeaderValue;
use http::uri::PathAndQuery;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use proto::channel_binding::Demand;
use proto::dns::Server;
use proto::ntlm::WhenAbsent;
use store::Database;
use sts::flow::wsfed;

/// Everything `serve` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What this process is of a deployment.
    pub(crate) role: Role,
    /// Where clients come in.
    pub(crate) listeners: Vec<Listener>,
    /// Where plain HTTP is answered.
    pub(crate) plain: Vec<Plain>,
    /// How long the audit trail is kept, and who gets it, too.
    pub(crate) audit: audit::Audit,
    /// Where metrics and health are told.
    pub(crate) metrics: Option<SocketAddr>,
    /// Where accounts may come from.
    pub(crate) directory: Option<Directory>,
    /// What is published.
    pub(crate) publication: Arc<Publication>,
    /// The pages of our own.
    pub(crate) portal: Option<Portal>,
    /// What the security token service is to partners.
    pub(crate) sts: Option<wsfed::Identity>,
    /// Whether people may ask to stay signed in to it.
    pub(crate) keep_me_signed_in: Option<KeepMeSignedIn>,
    /// What its rules may ask beside our own directory.
    pub(crate) attribute_stores: attribute_stores::AttributeStores,
    /// How the metadata of its partners is read by itself; nothing where it is not.
    pub(crate) monitoring: Option<monitoring::Monitoring>,
    /// What the company puts on both.
    pub(crate) branding: Arc<web::branding::Branding>,
    /// The file of its logo.
    pub(crate) logo: Option<PathBuf>,
    /// The HTTP API.
    pub(crate) api: Option<Api>,
    /// Codes that are sent, where anybody carries them.
    pub(crate) messages: Option<messages::Messages>,
    /// Every published host name, and where the configuration names it.
    pub(crate) published: BTreeMap<String, Place>,
    /// Where requests go, by farm name.
    pub(crate) farms: BTreeMap<String, Farm>,
    /// How attempts are judged.
    pub(crate) policy: authn::policy::Policy,
    /// Where each rule of the policy stands.
    pub(crate) rules: Vec<Place>,
    /// Whether there may be PINs for NTLM.
    pub(crate) ntlm_pin: bool,
    /// The domain that bare user names belong to.
    pub(crate) default_domain: Option<String>,
    /// The store and its keys; a gateway that asks an authentication server has none.
    pub(crate) store: Option<StoreSettings>,
    /// The PEM file (PKCS#8, P-256) of the key that signs onward assertions, and their issuer.
    pub(crate) onward: Option<OnwardHeader>,
    /// The gate's account in Active Directory.
    pub(crate) kerberos: Option<Kerberos>,
    /// The services whose tickets clients in the office may bring; none where no policy allows Kerberos.
    pub(crate) accepts: Vec<Service>,
    /// What is allowed but should be looked at; `check` prints it, `serve` logs it.
    pub(crate) warnings: Vec<String>,
}

/// The store and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreSettings {
    /// Where the store is.
    pub(crate) database: Database,
    /// Where the configuration names it.
    pub(crate) place: Place,
    /// The file with the sealing keys; never inside the store.
    pub(crate) key_file: PathBuf,
    /// Where the configuration names it.
    pub(crate) key_place: Place,
}

/// What a process is of a deployment (design 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Gate and authentication server in one.
    All,
    /// A gate that asks an authentication server, and keeps no secret of anybody.
    Gateway(Box<Asking>),
    /// The authentication server, which only gates can reach.
    Authn(Box<Answering>),
}

/// Whom a gateway asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    /// Host or address, and port.
    pub(crate) server: String,
    /// The name that its certificate must bear.
    pub(crate) name: String,
    /// Who the gateway is.
    pub(crate) identity: Identity,
    /// The key by which vouchers are opened, where it is pinned.
    pub(crate) voucher_key: Option<VoucherKey>,
}

/// Whom an authentication server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answering {
    /// Where.
    pub(crate) address: SocketAddr,
    /// Who it is.
    pub(crate) identity: Identity,
    /// The service principal names that tokens are made for.
    pub(crate) spns: BTreeSet<String>,
    /// The services that gateways publish.
    pub(crate) services: Vec<String>,
    /// The gateways that may ask.
    pub(crate) gateways: Vec<Listed>,
}

/// One end of mutual TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The PEM file of the authorities that vouch for the other end.
    pub(crate) authorities: PathBuf,
    /// The PEM file of its own certificate.
    pub(crate) certificate: PathBuf,
    /// The PEM file of the private key.
    pub(crate) key: PathBuf,
    /// Where the configuration names the certificate.
    pub(crate) place: Place,
}

/// A gateway that may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// What it is called.
    pub(crate) name: String,
    /// What it is known by.
    pub(crate) by: ListedBy,
    /// From which zones its clients come.
    pub(crate) zones: BTreeSet<Zone>,
    /// Whether it may bring what browsers ask of our pages.
    pub(crate) brings_pages: bool,
}

/// What a gateway is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListedBy {
    /// Its certificate.
    Certificate(GatewayId),
    /// The name that its certificate bears.
    DnsName(String),
}

/// There is no store here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is a gateway's configuration ([authn]), and a gateway has no store: do this where the authentication server is"
)]
pub(crate) struct NoStore;

impl StoreSettings {
    /// A file that belongs to the user that serves.
    pub(crate) fn file_of_its_own(&self) -> &Path {
        match &self.database {
            Database::Sqlite(file) => file,
            Database::Postgres(_) => &self.key_file,
        }
    }
}

impl Settings {
    /// The store and its keys.
    ///
    /// # Errors
    ///
    /// This is a gateway's configuration.
    pub(crate) fn store(&self) -> Result<&StoreSettings, NoStore> {
        self.store.as_ref().ok_or(NoStore)
    }
}

/// The gate's account in Active Directory, and where the domain's controllers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kerberos {
    /// The account.
    pub(crate) account: Principal,
    /// Its realm, which is that of the users and the back ends.
    pub(crate) realm: Realm,
    /// The file with its keys.
    pub(crate) keytab: PathBuf,
    /// The domain controllers, each a host or address and a port where they are listed.
    pub(crate) controllers: Controllers,
    /// What libkrb5 reads and writes, and nobody else.
    pub(crate) folder: PathBuf,
}

/// Whence it is known who a domain's controllers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Controllers {
    /// From the configuration, in its order; at least one.
    Listed(Vec<String>),
    /// From DNS, whoever is named there.
    InDns(DomainService),
}

/// What a controller is asked by, of a domain of that name in DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DomainService {
    /// Kerberos.
    Kerberos(String),
    /// LDAP.
    Ldap(String),
}

impl DomainService {
    /// The name by which DNS tells who serves ([MS-ADTS] 6.3.2.3).
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Kerberos(domain) => format!("_kerberos._tcp.{domain}"),
            Self::Ldap(domain) => format!("_ldap._tcp.dc._msdcs.{domain}"),
        }
    }

    /// Whether a host may be asked because DNS says so.
    ///
    /// SECURITY: who is asked by LDAP proves to be called that, and no more, and is given a password; so it must be
    /// called as one of the domain. Who is asked by Kerberos proves to have its keys.
    pub(crate) fn may_be(&self, host: &str) -> bool {
        match self {
            Self::Kerberos(_) => true,
            Self::Ldap(domain) => host
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.ends_with('.')),
        }
    }

    /// A controller as it is asked: LDAP is asked over TLS, at a port of its own.
    pub(crate) fn written(&self, server: &Server) -> String {
        match self {
            Self::Kerberos(_) => format!("{}:{}", server.host, server.port),
            Self::Ldap(_) => server.host.clone(),
        }
    }
}

/// The pages of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Portal {
    /// Scheme, name and port as browsers write them.
    pub(crate) origin: String,
    /// The makes of device whose passkeys are enrolled; any device where none is listed.
    pub(crate) makes: Vec<Make>,
    /// Whether people in the office who have nothing yet begin by Kerberos.
    pub(crate) from_office: bool,
}

/// The HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    /// Scheme, name and port as programs write them.
    pub(crate) origin: String,
    /// From which zones it is answered.
    pub(crate) zones: BTreeSet<Zone>,
}

/// An Active Directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    /// Its controllers, by the names that their certificates must bear.
    pub(crate) controllers: Controllers,
    /// The PEM file of the authorities that may vouch for them.
    pub(crate) authorities: PathBuf,
    /// The account that reads, UPN or DN; never empty.
    pub(crate) account: String,
    /// Below what people are searched for; `None` is each controller's whole domain.
    pub(crate) base: Option<String>,
    /// Whether names are searched for in the whole forest.
    pub(crate) global_catalog: bool,
    /// The groups whose members are not passed on.
    pub(crate) refused_groups: Vec<String>,
    /// The attributes that are read for claim rules beside those that always are.
    pub(crate) attributes: Vec<String>,
    /// From one reading to the next.
    pub(crate) refresh: Duration,
}

/// One TLS listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// Where it listens; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// The zone of clients from `internal_networks`; all others are external.
    pub(crate) internal_zone: Option<(Zone, Vec<IpNet>)>,
    /// Who hands connections on here, each with a PROXY header; nobody else's is read.
    pub(crate) balancers: Vec<IpNet>,
    /// The certificates; by SNI the first that names the host, ECDSA and RSA side by side.
    pub(crate) certificates: Vec<Certificate>,
    /// What becomes of the channel binding of NTLM and Kerberos here.
    pub(crate) channel_binding: Demand,
    /// Whether NTLM must carry a MIC here.
    pub(crate) mic: WhenAbsent,
    /// Where it speaks TLS of old phones.
    pub(crate) legacy_tls: Option<LegacyTls>,
}

/// For how long a listener speaks TLS of old phones, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LegacyTls {
    /// The last day, in UTC.
    pub(crate) until: Date,
    /// When that day is over.
    pub(crate) ends: Timestamp,
    /// The operator's reason.
    pub(crate) reason: String,
    /// Where the configuration says so.
    pub(crate) place: Place,
}

impl LegacyTls {
    /// Whether its last day is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ends
    }
}

/// One listener of plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Who hands connections on here, each with a PROXY header; nobody else's is read.
    pub(crate) balancers: Vec<IpNet>,
}

/// A certificate chain and its key, both PEM files.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// The chain, leaf first.
    pub(crate) chain: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
    /// Where the configuration names them.
    pub(crate) place: Place,
}

/// A farm of back ends that serve the same.
#[derive(Clone, Debug)]
pub(crate) struct Farm {
    /// Its members: at least one, each with an address of its own.
    pub(crate) members: Vec<Member>,
    /// How often a member that has an SPN is sent a token.
    pub(crate) kerberos_token: KerberosToken,
    /// How it is found out whether they are up.
    pub(crate) health: Health,
}

/// One back end: where it is, whom it must prove to be, what it is told, and whose key opens a Kerberos
/// token for it are separate settings (design 13, farms).
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Host or address, and port, to connect to; what the member is called.
    pub(crate) address: String,
    /// TLS towards it; `None` is plain HTTP, which `check` warns about off loopback.
    pub(crate) tls: Option<UpstreamTls>,
    /// The Host header it is sent; `None` keeps the published name.
    pub(crate) host_header: Option<HeaderValue>,
    /// The service that Kerberos tokens for it are of; in all members of a farm or in none.
    pub(crate) spn: Option<String>,
    /// The Host header of its checks.
    pub(crate) checked_host: HeaderValue,
    /// How many connections it gets beside the others.
    pub(crate) weight: u32,
}

/// How it is found out whether a member is up.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    /// What it is asked for; `None` makes a connection and no more.
    pub(crate) path: Option<PathAndQuery>,
    /// The statuses that say that it is up; any below 500 where there is none.
    pub(crate) statuses: Vec<u16>,
    /// From one check to the next.
    pub(crate) interval: Duration,
    /// How long a check may take.
    pub(crate) timeout: Duration,
    /// How many must agree.
    pub(crate) thresholds: Thresholds,
}

/// TLS towards a back end.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamTls {
    /// The name sent and verified.
    pub(crate) name: String,
    /// The PEM file of the authorities that may vouch for it.
    pub(crate) authorities: PathBuf,
    /// How old it may be.
    pub(crate) tls: Tls,
}

/// How onward assertions are signed.
#[derive(Clone, Debug)]
pub(crate) struct OnwardHeader {
    /// The PEM file (PKCS#8) of a P-256 key.
    pub(crate) key: PathBuf,
    /// The `iss` of the assertions.
    pub(crate) issuer: String,
    /// Where the configuration names the key.
    pub(crate) place: Place,
}
