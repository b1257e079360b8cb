//! Farms: where requests go, under which name, and how the back end learns who it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gateway::farm::{MAX_MEMBERS, MAX_WEIGHT};
use gateway::route::Onward;
use gss::Realm;
use http::HeaderValue;
use toml::Spanned;

use super::Understanding;
use super::remote::is_address;
use crate::config::ConfigError;
use crate::config::settings::{Farm, Member, Tls, UpstreamTls};
use crate::config::written::{self, Written};

/// What is said of a key that plain HTTP has no use for.
const ONLY_TLS: &str = "this is for https, but the address is http; change one of them";

/// What is written of one server, in either spelling.
struct Server<'a> {
    address: &'a Spanned<String>,
    tls_name: Option<&'a Spanned<String>>,
    host_header: Option<&'a Spanned<String>>,
    spn: Option<&'a Spanned<String>>,
    weight: Option<&'a Spanned<u32>>,
}

/// One thing that a server is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    /// A port of this machine, where many things are that have nothing to do with one another.
    Here(u16),
    /// An address or a name, at whatever port: the sites of one server differ by it.
    Named(String),
}

impl std::fmt::Display for Reached {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(port) => write!(to, "port {port} of this machine"),
            Self::Named(name) => write!(to, "`{name}`"),
        }
    }
}

impl Reached {
    /// A host as an address names it, and its port.
    fn of(host: &str, port: u16) -> Self {
        let here = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        match Self::named(host) {
            Self::Named(name) if is_here(&name) || name.parse().is_ok_and(here) => Self::Here(port),
            other => other,
        }
    }

    /// A name, or an address in any of its spellings; what stands behind a colon is a port.
    pub(super) fn named(name: &str) -> Self {
        let bracketed = name
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next());
        let bare = match bracketed {
            Some(address) => address,
            None if name.parse::<IpAddr>().is_ok() => name,
            None => name.split(':').next().unwrap_or_default(),
        };
        let bare = bare.trim_end_matches('.').to_ascii_lowercase();
        let address = bare.parse::<IpAddr>().map(|it| it.to_canonical());
        Self::Named(address.map_or(bare, |address| address.to_string()))
    }
}

impl<'a> Server<'a> {
    fn of(member: &'a written::Member) -> Self {
        Self {
            address: &member.address,
            tls_name: member.tls_name.as_ref(),
            host_header: member.host_header.as_ref(),
            spn: member.spn.as_ref(),
            weight: member.weight.as_ref(),
        }
    }
}

/// Where a farm's address leads.
struct Target {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Understanding<'_> {
    pub(super) fn farms(
        &self,
        written: &Written,
        realm: Option<&Realm>,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Farm>, ConfigError> {
        let mut farms = BTreeMap::new();
        for farm in &written.farm {
            let name = farm.name.get_ref().clone();
            if let (Some(header), None) = (&farm.identity_header, &written.onward) {
                let message = "identity_header needs the table [onward] with a key and an issuer";
                return Err(self.error(header, message));
            }
            self.onward(farm)?;
            let understood = Farm {
                members: self.members(farm, realm, warnings)?,
                kerberos_token: farm.kerberos_token,
                health: self.health(&farm.health)?,
            };
            if farms.insert(name.clone(), understood).is_some() {
                return Err(self.error(&farm.name, &format!("two farms are named `{name}`")));
            }
        }
        Ok(farms)
    }

    /// The members of a farm, in either of its spellings.
    fn members(
        &self,
        farm: &written::Farm,
        realm: Option<&Realm>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Member>, ConfigError> {
        let mut members: Vec<Member> = Vec::new();
        self.old_tls(farm, warnings)?;
        for server in self.servers(farm)? {
            let (member, target) = self.member(farm, realm, &server)?;
            if members.iter().any(|it| it.address == member.address) {
                let message = format!(
                    "two members of the farm `{}` are at {}; each server is one member, and \
                     `weight` gives one more than the others",
                    farm.name.get_ref(),
                    member.address
                );
                return Err(self.error(server.address, &message));
            }
            if member.tls.is_none() && !is_loopback(&target.host) {
                warnings.push(format!(
                    "farm `{}` is reached without TLS at {}; anyone between can read it",
                    farm.name.get_ref(),
                    member.address
                ));
            }
            members.push(member);
        }
        let is_plain = members.iter().all(|member| member.tls.is_none());
        if let (true, Some(authorities)) = (is_plain, &farm.authorities) {
            return Err(self.error(authorities, ONLY_TLS));
        }
        if let (true, Some(tls)) = (is_plain, &farm.tls) {
            return Err(self.error(tls, ONLY_TLS));
        }
        Ok(members)
    }

    /// What is written of each server of a farm.
    fn servers<'f>(&self, farm: &'f written::Farm) -> Result<Vec<Server<'f>>, ConfigError> {
        let name = farm.name.get_ref();
        let of_one = [&farm.address, &farm.tls_name, &farm.host_header, &farm.spn];
        match (&farm.address, farm.member.as_slice()) {
            (None, []) => {
                let message = format!(
                    "the farm `{name}` has no members: write its `address`, or a [[farm.member]] \
                     for each server"
                );
                Err(self.error(&farm.name, &message))
            }
            (Some(address), []) => Ok(vec![Server {
                address,
                tls_name: farm.tls_name.as_ref(),
                host_header: farm.host_header.as_ref(),
                spn: farm.spn.as_ref(),
                weight: None,
            }]),
            (_, members) => {
                if let Some(key) = of_one.into_iter().flatten().next() {
                    let message = "this is of a farm of one, but the farm has [[farm.member]]: \
                                   write it in each of them instead";
                    return Err(self.error(key, message));
                }
                if let Some(one_more) = members.get(MAX_MEMBERS) {
                    let message = format!("a farm has at most {MAX_MEMBERS} members");
                    return Err(self.error(one_more, &message));
                }
                Ok(members.iter().map(|it| Server::of(it.get_ref())).collect())
            }
        }
    }

    fn member(
        &self,
        farm: &written::Farm,
        realm: Option<&Realm>,
        server: &Server<'_>,
    ) -> Result<(Member, Target), ConfigError> {
        let target = self.target(server.address)?;
        let host_header = server.host_header.map(|it| self.host_header(it));
        let host_header = host_header.transpose()?;
        let tls = self.tls(farm, server, &target)?;
        let named = server.tls_name.map_or(&target.host, |it| it.get_ref());
        let checked_host = match &host_header {
            Some(host) => host.clone(),
            None => HeaderValue::from_str(named)
                .map_err(|_| self.error(server.address, "this is no name of a host"))?,
        };
        let member = Member {
            address: format!("{}:{}", target.host.to_ascii_lowercase(), target.port),
            tls,
            host_header,
            spn: server.spn.map(|it| self.service(it, realm)).transpose()?,
            checked_host,
            weight: self.weight(server.weight)?,
        };
        Ok((member, target))
    }

    fn tls(
        &self,
        farm: &written::Farm,
        server: &Server<'_>,
        target: &Target,
    ) -> Result<Option<UpstreamTls>, ConfigError> {
        if !target.is_tls {
            return match server.tls_name {
                Some(name) => Err(self.error(name, ONLY_TLS)),
                None => Ok(None),
            };
        }
        let authorities = farm.authorities.as_ref().ok_or_else(|| {
            let message = "https needs `authorities`, the PEM file of its issuer";
            self.error(server.address, message)
        })?;
        let name = match server.tls_name {
            Some(name) => {
                rustls_pki_types::ServerName::try_from(name.get_ref().as_str())
                    .map_err(|_| self.error(name, "this is no name that a certificate can have"))?;
                name.get_ref().clone()
            }
            None => bare(&target.host).to_owned(),
        };
        let authorities = self.existing(authorities.get_ref(), authorities.span())?;
        Ok(Some(UpstreamTls {
            name,
            authorities,
            tls: farm.tls.as_ref().map_or(Tls::Modern, |it| *it.get_ref()),
        }))
    }

    fn weight(&self, weight: Option<&Spanned<u32>>) -> Result<u32, ConfigError> {
        let Some(weight) = weight else { return Ok(1) };
        match *weight.get_ref() {
            0 => {
                let message = "a member of weight 0 would get nothing; take it away, or let \
                               `wicketgate farm drain` spare it for a while";
                Err(self.error(weight, message))
            }
            given if given > MAX_WEIGHT => {
                let message = format!("a weight is at most {MAX_WEIGHT}");
                Err(self.error(weight, &message))
            }
            given => Ok(given),
        }
    }

    /// What the servers of a farm are known by: where they are, and every name that they are called by. Two farms that
    /// share one lead to one system.
    pub(super) fn reached(&self, farm: &written::Farm) -> Result<BTreeSet<Reached>, ConfigError> {
        let mut reached = BTreeSet::new();
        for server in self.servers(farm)? {
            let Target { host, port, .. } = self.target(server.address)?;
            reached.insert(Reached::of(&host, port));
            let spn = server.spn.and_then(|spn| spn.get_ref().split('/').nth(1));
            let told = [server.tls_name, server.host_header].into_iter().flatten();
            let told = told.map(|name| name.get_ref().as_str()).chain(spn);
            // What every machine calls itself tells no server from another.
            let told = told.filter(|name| !HERE.iter().any(|it| it.eq_ignore_ascii_case(name)));
            reached.extend(told.map(Reached::named));
        }
        Ok(reached)
    }

    /// What the servers of a farm are told that they are called, in lower case: by the Host, by TLS, and where that name is left
    /// out by their address.
    pub(super) fn told_names(&self, farm: &written::Farm) -> Result<BTreeSet<String>, ConfigError> {
        let mut names = BTreeSet::new();
        for server in self.servers(farm)? {
            let told = [server.host_header, server.tls_name].into_iter().flatten();
            let told = told.filter_map(|own| own.get_ref().split(':').next());
            let told = told.map(|it| it.trim_end_matches('.'));
            names.extend(told.map(str::to_ascii_lowercase));
            let host = self.target(server.address)?.host.to_ascii_lowercase();
            let host = host.trim_end_matches('.').to_owned();
            if server.tls_name.is_none() && !is_here(&host) {
                names.insert(host);
            }
        }
        // A word without a dot may stand for anything in a header.
        names.retain(|name| name.contains('.') && !is_address(name));
        Ok(names)
    }

    fn target(&self, address: &Spanned<String>) -> Result<Target, ConfigError> {
        let text = address.get_ref();
        let wrong = |why: &str| {
            let example = "`https://fe01.contoso.local:4443`";
            self.error(
                address,
                &format!("`{text}` is not an address such as {example}{why}"),
            )
        };
        let uri: http::Uri = text.parse().map_err(|_| wrong(""))?;
        let authority = uri.authority().ok_or_else(|| wrong(""))?;
        if authority.as_str().contains('@') {
            return Err(wrong(": a back end is told no user of its own"));
        }
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let (is_tls, default_port) = match (uri.scheme_str(), is_bare) {
            (Some("https"), true) => (true, 443),
            (Some("http"), true) => (false, 80),
            _ => return Err(wrong("")),
        };
        let host = authority.host().to_owned();
        if is_odd_number(&host) {
            return Err(wrong(
                ": a host that ends in a number is an address, and is written as four numbers, as `10.0.1.11`",
            ));
        }
        let port = match authority.as_str().strip_prefix(host.as_str()) {
            Some("") => default_port,
            // `Authority` says of a port that is none that there is none.
            Some(port) => port
                .strip_prefix(':')
                .and_then(|port| port.parse().ok())
                .filter(|port| *port != 0)
                .ok_or_else(|| wrong(": a port is a number from 1 to 65535"))?,
            None => return Err(wrong("")),
        };
        Ok(Target { host, port, is_tls })
    }

    fn host_header(&self, header: &Spanned<String>) -> Result<HeaderValue, ConfigError> {
        let typed = header.get_ref().as_str();
        let (host, port) = typed.split_once(':').unwrap_or((typed, "443"));
        let is_host = super::published::is_host_name(host) && port.parse::<u16>().is_ok();
        let value = HeaderValue::from_str(typed).ok().filter(|_| is_host);
        value.ok_or_else(|| {
            let message = format!("`{typed}` is not a host name such as `fe01.contoso.local`");
            self.error(header, &message)
        })
    }

    /// How a farm learns who the user is.
    pub(super) fn onward(&self, farm: &written::Farm) -> Result<Onward, ConfigError> {
        if self.is_told_by_kerberos(farm)? {
            return Ok(Onward::Kerberos);
        }
        let Some(header) = &farm.identity_header else {
            return Ok(Onward::None);
        };
        let name = http::HeaderName::from_bytes(header.get_ref().as_bytes())
            .map_err(|_| self.error(header, "this is not the name of a header"))?;
        if !gateway::headers::may_tell_identity(&name) {
            let message = format!(
                "`{name}` has another meaning to every server; take a name such as \
                 `x-wicketgate-identity`"
            );
            return Err(self.error(header, &message));
        }
        let audience = farm
            .audience
            .clone()
            .unwrap_or_else(|| farm.name.get_ref().clone());
        Ok(Onward::Header { name, audience })
    }

    /// The same for a farm behind a path that asks for a proof: it must learn whose it was.
    pub(super) fn told(&self, farm: &written::Farm) -> Result<Onward, ConfigError> {
        match self.onward(farm)? {
            Onward::None => {
                let message = format!(
                    "the farm `{}` serves paths that ask for a proof, but never learns who gave \
                     it; add `spn` or `identity_header`",
                    farm.name.get_ref()
                );
                Err(self.error(&farm.name, &message))
            }
            told @ (Onward::Header { .. } | Onward::Kerberos) => Ok(told),
        }
    }
}

/// A host without the brackets that an address of IPv6 has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether a name is this machine's own (RFC 6761 6.3; `/etc/hosts` of Debian).
fn is_here(name: &str) -> bool {
    HERE.contains(&name) || name.ends_with(".localhost")
}

/// How every machine calls itself.
const HERE: [&str; 3] = ["localhost", "ip6-localhost", "ip6-loopback"];

/// Whether the system would take a host for an address of IPv4 that nobody else sees in it: one number, octal, hexadecimal
/// (`inet_aton`).
///
/// SECURITY: two farms at one server are told by their addresses, which then must have one spelling.
fn is_odd_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next();
    let last = last.unwrap_or_default().to_ascii_lowercase();
    let is_hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|it| it.is_ascii_hexdigit()));
    let is_number = !last.is_empty() && last.bytes().all(|it| it.is_ascii_digit());
    (is_number || is_hexadecimal) && host.parse::<std::net::Ipv4Addr>().is_err()
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || bare(host)
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
