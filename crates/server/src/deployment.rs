//! A deployment as Windows must know it: whose account the gate has, which names are published, and
//! which services stand behind; what `script` writes down and `doctor` compares with.
//!
//! Made from the configuration by [`Deployment::of`] alone. What the configuration does not say is
//! left open, and whoever reads it must say so.

use std::collections::{BTreeMap, BTreeSet};

use gateway::route::{Auth, Kind};

use crate::config::Settings;

/// The gate's account where the configuration does not name one: a computer's, by its last letter.
const PROPOSED_ACCOUNT: &str = "wicketgate$";

/// What Windows must know of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// The NetBIOS name of the domain.
    pub(crate) domain: String,
    /// The Kerberos realm: the DNS name of the domain in upper case.
    pub(crate) realm: String,
    /// The gate's account in Active Directory.
    pub(crate) gateway: Account,
    /// Every published host name, lower case.
    pub(crate) published: Vec<String>,
    /// Those of Lync's web services, one for each pool and Director.
    pub(crate) lync_hosts: Vec<String>,
    /// Those of pools in passive mode, which are among them.
    pub(crate) passive_hosts: Vec<String>,
    /// Of these, whose pools take the tokens of an AD FS, with its scheme, name and port.
    pub(crate) passive_adfs: BTreeMap<String, String>,
    /// Scheme, name and port of the security token service, where it is ours.
    pub(crate) sts: Option<String>,
    /// Those of Exchange.
    pub(crate) exchange: Vec<Exchange>,
    /// The back ends that must learn who a user is.
    pub(crate) back_ends: Vec<BackEnd>,
}

/// An account, and whether the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its `sAMAccountName`.
    pub(crate) name: String,
    /// Whether it is the configuration's; it is a proposal otherwise.
    pub(crate) is_configured: bool,
}

/// A published Exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// Its published name.
    pub(crate) host: String,
    /// The farm behind it.
    pub(crate) farm: String,
}

/// A farm of back ends that serve the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackEnd {
    /// The farm's name.
    pub(crate) farm: String,
    /// The SPNs that its members' services have; the configuration does not say where it is empty.
    pub(crate) spns: Vec<String>,
    /// What the servers themselves are called, lower case: where they are connected to.
    pub(crate) servers: Vec<String>,
    /// The Host headers that they are sent in place of the published name.
    pub(crate) told_hosts: Vec<String>,
    /// Whether each of them is reached by TLS, which a channel binding needs.
    pub(crate) is_tls: bool,
}

impl Deployment {
    /// What a configuration says.
    pub(crate) fn of(settings: &Settings) -> Self {
        let target = &settings.publication.ntlm_target;
        let mut lync_hosts = Vec::new();
        let mut passive_hosts = Vec::new();
        let mut passive_adfs = BTreeMap::new();
        let mut exchange = Vec::new();
        let mut farms = BTreeSet::new();
        for (name, host) in &settings.publication.hosts {
            if host.web_ticket_url.is_some() {
                lync_hosts.push(name.clone());
            }
            if host.is_passive() {
                // Nobody tells such a pool who somebody is: its own session does.
                passive_hosts.push(name.clone());
                let adfs = host.passive_adfs.iter().cloned();
                passive_adfs.extend(adfs.map(|adfs| (name.clone(), adfs)));
                continue;
            }
            let mailboxes = host.routes.iter().find(|it| it.kind == Kind::ActiveSync);
            exchange.extend(mailboxes.map(|route| Exchange {
                host: name.clone(),
                farm: route.farm.clone(),
            }));
            let proved = host.routes.iter().filter(|it| it.auth != Auth::Anonymous);
            farms.extend(proved.map(|route| route.farm.clone()));
        }
        let kerberos = settings.kerberos.as_ref();
        let account = kerberos.and_then(|it| it.account.as_str().split('@').next());
        Self {
            domain: target.netbios_domain.clone(),
            realm: match kerberos {
                Some(kerberos) => kerberos.realm.to_string(),
                None => target.dns_domain.to_uppercase(),
            },
            gateway: Account {
                name: account.unwrap_or(PROPOSED_ACCOUNT).to_owned(),
                is_configured: account.is_some(),
            },
            published: settings.publication.hosts.keys().cloned().collect(),
            lync_hosts,
            passive_hosts,
            passive_adfs,
            sts: settings.sts.as_ref().map(|sts| sts.origin.clone()),
            exchange,
            back_ends: farms
                .into_iter()
                .map(|farm| BackEnd::of(settings, farm))
                .collect(),
        }
    }

    /// The SPNs that the gate asks tokens for, each once.
    pub(crate) fn back_end_spns(&self) -> Vec<&str> {
        let spns = self.back_ends.iter().flat_map(|it| &it.spns);
        let spns: BTreeSet<&str> = spns.map(String::as_str).collect();
        spns.into_iter().collect()
    }

    /// The SPNs of what is published: they belong to the gate's account.
    pub(crate) fn published_spns(&self) -> Vec<String> {
        let spn = |host: &String| format!("HTTP/{host}");
        self.published.iter().map(spn).collect()
    }

    /// What the servers behind call themselves, each once.
    pub(crate) fn servers(&self) -> Vec<&str> {
        let servers = self.back_ends.iter().flat_map(|it| &it.servers);
        let servers: BTreeSet<&str> = servers.map(String::as_str).collect();
        servers.into_iter().collect()
    }

    /// A farm.
    pub(crate) fn back_end(&self, farm: &str) -> Option<&BackEnd> {
        self.back_ends.iter().find(|it| it.farm == farm)
    }
}

impl BackEnd {
    fn of(settings: &Settings, farm: String) -> Self {
        let members = settings.farms.get(&farm).map(|it| it.members.as_slice());
        let members = members.unwrap_or_default();
        let mut servers = BTreeSet::new();
        let mut told_hosts = BTreeSet::new();
        let spns: BTreeSet<&String> = members.iter().filter_map(|it| it.spn.as_ref()).collect();
        for member in members {
            let address = member.address.rsplit_once(':');
            let host = address.map_or(member.address.as_str(), |(host, _)| host);
            let named = member.tls.as_ref().map(|tls| tls.name.as_str());
            servers.extend([Some(host), named].into_iter().flatten().map(lower_case));
            let told = member.host_header.as_ref().and_then(|it| it.to_str().ok());
            let told = told.and_then(|host| host.split(':').next());
            told_hosts.extend(told.map(lower_case));
        }
        // An address says nothing about a name in Active Directory.
        servers.retain(|name| name.parse::<std::net::IpAddr>().is_err() && !name.starts_with('['));
        Self {
            farm,
            spns: spns.into_iter().cloned().collect(),
            servers: servers.into_iter().collect(),
            told_hosts: told_hosts.into_iter().collect(),
            is_tls: members.iter().all(|member| member.tls.is_some()),
        }
    }
}

fn lower_case(name: &str) -> String {
    name.to_ascii_lowercase()
}
