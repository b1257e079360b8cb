//! From the configuration as written to the configuration as understood.
//!
//! Relative paths are taken from the configuration file's folder. Every name that points to
//! something is checked here, so that nothing is found missing while serving.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use gateway::route::{Auth, Host, Kind, Onward, PathPattern, Publication, Route, Scheme};
use proto::ntlm::{Target, WhenAbsent};
use toml::Spanned;

use super::error::{ConfigError, meant};
use super::settings::{Certificate, Farm, Listener, Member, OnwardHeader, Settings, UpstreamTls};
use super::written::{self, Written};

/// Understands a whole configuration.
///
/// # Errors
///
/// The first thing that is wrong, with its place.
pub(crate) fn understand(
    file: &Path,
    text: &str,
    written: Written,
) -> Result<Settings, ConfigError> {
    Understanding::new(file, text, &written).settings(&written)
}

/// What is needed to understand a part: where it stands, and the farms it may name.
struct Understanding<'a> {
    file: &'a Path,
    text: &'a str,
    folder: &'a Path,
    farms: BTreeMap<&'a str, &'a written::Farm>,
}

impl<'a> Understanding<'a> {
    fn new(file: &'a Path, text: &'a str, written: &'a Written) -> Self {
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        let farms = written
            .farm
            .iter()
            .map(|farm| (farm.name.get_ref().as_str(), farm))
            .collect();
        Self {
            file,
            text,
            folder,
            farms,
        }
    }

    fn settings(&self, written: &Written) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        let farms = self.farms(written, &mut warnings)?;
        let publication = self.publication(written)?;
        let policy = self.policy(written, &publication)?;
        if policy.rules.is_empty() {
            warnings.push("there is no [[policy]], so nobody can sign in".to_owned());
        }
        Ok(Settings {
            listeners: self.listeners(written)?,
            publication: Arc::new(publication),
            farms,
            policy,
            default_domain: Some(written.names.domain.clone()),
            store_file: self.path(&written.store.file),
            key_file: self.path(&written.store.key_file),
            onward: written.onward.as_ref().map(|onward| OnwardHeader {
                key: self.path(&onward.key),
                issuer: onward.issuer.clone(),
            }),
            warnings,
        })
    }

    fn listeners(&self, written: &Written) -> Result<Vec<Listener>, ConfigError> {
        written
            .listener
            .iter()
            .map(|listener| self.listener(listener))
            .collect()
    }

    fn listener(&self, listener: &written::Listener) -> Result<Listener, ConfigError> {
        let mut certificates = Vec::new();
        for certificate in listener.certificate.get_ref() {
            let span = listener.certificate.span();
            certificates.push(Certificate {
                chain: self.existing(&certificate.chain, span.clone())?,
                key: self.existing(&certificate.key, span)?,
            });
        }
        if certificates.is_empty() {
            return Err(self.error(&listener.certificate, "a listener needs a certificate"));
        }
        let networks = listener.internal_networks.clone();
        let internal_zone = (!networks.is_empty()).then_some((Zone::INTERNAL, networks));
        Ok(Listener {
            address: listener.address,
            internal_zone,
            certificates,
            channel_binding: demand(listener.channel_binding),
            mic: demand(listener.mic),
        })
    }

    fn farms(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Farm>, ConfigError> {
        let mut farms = BTreeMap::new();
        for farm in &written.farm {
            let name = farm.name.get_ref().clone();
            let member = self.member(farm)?;
            if member.tls.is_none() && !is_loopback(&member.address) {
                warnings.push(format!(
                    "farm `{name}` is reached without TLS at {}; anyone between can read it",
                    member.address
                ));
            }
            if farm.identity_header.is_some() && written.onward.is_none() {
                let message = "identity_header needs the table [onward] with a key and an issuer";
                return Err(self.error(&farm.name, message));
            }
            if farms
                .insert(
                    name.clone(),
                    Farm {
                        members: vec![member],
                    },
                )
                .is_some()
            {
                return Err(self.error(&farm.name, &format!("two farms are named `{name}`")));
            }
        }
        Ok(farms)
    }

    fn member(&self, farm: &written::Farm) -> Result<Member, ConfigError> {
        let address = farm.address.get_ref();
        let wrong = || {
            let example = "`https://fe01.contoso.local:4443`";
            self.error(
                &farm.address,
                &format!("`{address}` is not an address such as {example}"),
            )
        };
        let uri: http::Uri = address.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let default_port = match (uri.scheme_str(), is_bare) {
            (Some("https"), true) => 443,
            (Some("http"), true) => 80,
            _ => return Err(wrong()),
        };
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(default_port));
        if default_port == 80 {
            return Ok(Member { address, tls: None });
        }
        let authorities = farm.authorities.as_ref().ok_or_else(|| {
            self.error(
                &farm.address,
                "https needs `authorities`, the PEM file of its issuer",
            )
        })?;
        let name = farm.tls_name.clone().unwrap_or_else(|| host.to_owned());
        let authorities = self.existing(authorities, farm.address.span())?;
        Ok(Member {
            address,
            tls: Some(UpstreamTls { name, authorities }),
        })
    }

    fn publication(&self, written: &Written) -> Result<Publication, ConfigError> {
        let mut hosts = BTreeMap::new();
        for pool in &written.lync.pool {
            let farm = self.farm(&pool.farm)?;
            let preset = gateway::preset::lync::LyncPool {
                web_host: pool.web_host.to_ascii_lowercase(),
                public_port: pool.public_port.unwrap_or(443),
                discover_hosts: lower_case(&pool.discover_hosts),
                internal_names: pool.internal_names.clone(),
                farm: pool.farm.get_ref().clone(),
                host_header: farm.host_header.clone(),
                onward: self.onward(farm)?,
            };
            for (name, host) in gateway::preset::lync::hosts(&preset) {
                merge(&mut hosts, name, host);
            }
        }
        for exchange in &written.exchange {
            let farm = self.farm(&exchange.farm)?;
            let preset = gateway::preset::exchange::Exchange {
                host: exchange.host.to_ascii_lowercase(),
                public_port: exchange.public_port.unwrap_or(443),
                internal_names: own_names(
                    farm,
                    (&exchange.host, exchange.public_port),
                    &exchange.internal_names,
                ),
                farm: exchange.farm.get_ref().clone(),
                host_header: farm.host_header.clone(),
                onward: self.onward(farm)?,
            };
            for (name, host) in gateway::preset::exchange::hosts(&preset) {
                merge(&mut hosts, name, host);
            }
        }
        for route in &written.route {
            let host = self.host(route)?;
            merge(&mut hosts, route.host.to_ascii_lowercase(), host);
        }
        let names = &written.names;
        Ok(Publication {
            hosts,
            ntlm_target: Target {
                netbios_domain: names.domain.clone(),
                netbios_computer: names.server.clone(),
                dns_domain: names.dns_domain.clone(),
                dns_computer: format!("{}.{}", names.server.to_lowercase(), names.dns_domain),
            },
            basic_realm: names.dns_domain.clone(),
            identity_headers: self.identity_headers(),
        })
    }

    /// The host of a route of the operator's own, with that route alone.
    fn host(&self, route: &written::Route) -> Result<Host, ConfigError> {
        let farm = self.farm(&route.farm)?;
        let published = (route.host.as_str(), route.public_port);
        Ok(Host {
            routes: vec![Arc::new(self.route(route)?)],
            names: own_names(farm, published, &route.internal_names),
            public_port: route.public_port.filter(|port| *port != 443),
            ..Host::default()
        })
    }

    fn route(&self, route: &written::Route) -> Result<Route, ConfigError> {
        let farm = self.farm(&route.farm)?;
        let auth = match &route.auth {
            written::Auth::Word(written::AuthWord::Anonymous) => Auth::Anonymous,
            written::Auth::Schemes(schemes) => {
                Auth::Schemes(schemes.iter().copied().map(scheme).collect())
            }
        };
        let onward = if auth == Auth::Anonymous {
            Onward::None
        } else {
            self.onward(farm)?
        };
        Ok(Route {
            name: format!("{}{}", route.host, route.path),
            path: if route.below {
                PathPattern::Below(route.path.clone())
            } else {
                PathPattern::Exact(route.path.clone())
            },
            methods: Vec::new(),
            auth,
            kind: Kind::Plain,
            service: Service(route.service.clone().into()),
            farm: route.farm.get_ref().clone(),
            host_header: farm.host_header.clone(),
            onward,
            pass_headers: self.pass_headers(&route.pass_headers)?,
            set_headers: self.set_headers(&route.set_headers)?,
        })
    }

    fn pass_headers(
        &self,
        written: &[Spanned<String>],
    ) -> Result<Vec<http::HeaderName>, ConfigError> {
        let identity = self.identity_headers();
        let header = |name: &Spanned<String>| {
            let parsed = http::HeaderName::from_bytes(name.get_ref().as_bytes()).ok();
            let may_pass =
                |name: &http::HeaderName| gateway::headers::may_be_passed(name, &identity);
            parsed.filter(may_pass).ok_or_else(|| {
                let message = format!(
                    "the header `{}` may not pass: it tells who somebody is, or is of one connection",
                    name.get_ref()
                );
                self.error(name, &message)
            })
        };
        written.iter().map(header).collect()
    }

    /// Every header by which a back end here is told who the user is.
    fn identity_headers(&self) -> BTreeSet<String> {
        let named = self
            .farms
            .values()
            .filter_map(|farm| farm.identity_header.as_ref());
        named
            .map(|name| name.get_ref().to_ascii_lowercase())
            .collect()
    }

    fn set_headers(
        &self,
        written: &BTreeMap<String, Spanned<String>>,
    ) -> Result<Vec<(http::HeaderName, http::HeaderValue)>, ConfigError> {
        let mut headers = Vec::new();
        for (name, value) in written {
            let parsed = http::HeaderName::from_bytes(name.as_bytes()).ok();
            let Some(name) = parsed.filter(gateway::headers::may_be_set) else {
                return Err(self.error(value, &format!("the header `{name}` may not be set")));
            };
            let parsed = http::HeaderValue::from_str(value.get_ref());
            let value =
                parsed.map_err(|_| self.error(value, "this is not the value of a header"))?;
            headers.push((name, value));
        }
        Ok(headers)
    }

    fn onward(&self, farm: &written::Farm) -> Result<Onward, ConfigError> {
        let Some(header) = &farm.identity_header else {
            return Ok(Onward::None);
        };
        let name = http::HeaderName::from_bytes(header.get_ref().as_bytes())
            .map_err(|_| self.error(header, "this is not the name of a header"))?;
        let audience = farm
            .audience
            .clone()
            .unwrap_or_else(|| farm.name.get_ref().clone());
        Ok(Onward::Header { name, audience })
    }

    fn farm(&self, name: &Spanned<String>) -> Result<&written::Farm, ConfigError> {
        let typed = name.get_ref().as_str();
        self.farms.get(typed).copied().ok_or_else(|| {
            let hint = meant(typed, self.farms.keys().copied())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            self.error(name, &format!("there is no [[farm]] named `{typed}`{hint}"))
        })
    }

    fn policy(&self, written: &Written, publication: &Publication) -> Result<Policy, ConfigError> {
        let routes = publication.hosts.values().flat_map(|host| &host.routes);
        let services: Vec<&str> = routes.map(|route| &*route.service.0).collect();
        let mut rules = Vec::new();
        for policy in &written.policy {
            rules.push(Rule {
                zones: self.zones(&policy.zones)?,
                services: self.services(&policy.services, &services)?,
                channels: policy.channels.iter().copied().map(channel).collect(),
                methods: policy.methods.iter().copied().map(method).collect(),
            });
        }
        Ok(Policy { rules })
    }

    fn zones<Z: FromIterator<Zone>>(&self, names: &[Spanned<String>]) -> Result<Z, ConfigError> {
        let zone = |name: &Spanned<String>| match name.get_ref().as_str() {
            "external" => Ok(Zone::EXTERNAL),
            "internal" => Ok(Zone::INTERNAL),
            other => {
                let message = format!("there is no zone `{other}`: `external` or `internal`");
                Err(self.error(name, &message))
            }
        };
        names.iter().map(zone).collect()
    }

    fn services<S: FromIterator<Service>>(
        &self,
        names: &[Spanned<String>],
        published: &[&str],
    ) -> Result<S, ConfigError> {
        let service = |name: &Spanned<String>| {
            let typed = name.get_ref().as_str();
            if published.contains(&typed) {
                return Ok(Service(typed.to_owned().into()));
            }
            let hint = meant(typed, published.iter().copied())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            Err(self.error(
                name,
                &format!("nothing published is the service `{typed}`{hint}"),
            ))
        };
        names.iter().map(service).collect()
    }

    fn existing(&self, path: &Path, span: Range<usize>) -> Result<PathBuf, ConfigError> {
        let path = self.path(path);
        match std::fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                Err(ConfigError::at(self.file, self.text, Some(span), message))
            }
        }
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    fn error<T>(&self, place: &Spanned<T>, message: &str) -> ConfigError {
        ConfigError::at(self.file, self.text, Some(place.span()), message.to_owned())
    }
}

fn merge(hosts: &mut BTreeMap<String, Host>, name: String, host: Host) {
    let entry = hosts.entry(name).or_default();
    entry.routes.extend(host.routes);
    entry.names.extend(host.names);
    entry.public_port = entry.public_port.or(host.public_port);
    entry.web_ticket_url = entry.web_ticket_url.take().or(host.web_ticket_url);
}

/// What a back end calls itself, by what it is told and by what is listed, with its outside names.
///
/// A name that the published one contains would make every address outside look like a leak.
fn own_names(
    farm: &written::Farm,
    (published, public_port): (&str, Option<u16>),
    listed: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let published = published.to_ascii_lowercase();
    let outside = match public_port {
        None | Some(443) => published.clone(),
        Some(port) => format!("{published}:{port}"),
    };
    let told = [&farm.host_header, &farm.tls_name].into_iter().flatten();
    let mut names: BTreeMap<String, String> = told
        .filter_map(|own| own.split(':').next())
        .map(str::to_ascii_lowercase)
        .filter(|own| !published.contains(own.as_str()))
        .map(|own| (own, outside.clone()))
        .collect();
    names.extend(
        listed
            .iter()
            .map(|(own, outside)| (own.to_ascii_lowercase(), outside.clone())),
    );
    names
}

fn lower_case(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn demand(written: written::Demand) -> WhenAbsent {
    match written {
        written::Demand::WhenSent => WhenAbsent::Allow,
        written::Demand::Require => WhenAbsent::Require,
    }
}

fn scheme(written: written::Scheme) -> Scheme {
    match written {
        written::Scheme::Ntlm => Scheme::Ntlm,
        written::Scheme::Negotiate => Scheme::Negotiate,
        written::Scheme::Basic => Scheme::Basic,
    }
}

fn channel(written: written::Scheme) -> Channel {
    match written {
        written::Scheme::Ntlm => Channel::Ntlm,
        written::Scheme::Negotiate => Channel::Negotiate,
        written::Scheme::Basic => Channel::Basic,
    }
}

fn method(written: written::Method) -> Method {
    match written {
        written::Method::AppPassword => Method::AppPassword,
    }
}

#[cfg(test)]
mod tests;
