//! What is published: the presets and the operator's own routes, and that neither hides the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use authn::place::Service;
use authn::policy::Policy;
use gateway::path::CleanPath;
use gateway::preset::exchange::Exchange;
use gateway::preset::lync::{self, LyncPool};
use gateway::route::{Auth, Host, Onward, OverPlain, PathPattern, Publication, Route, Scheme};
use proto::ntlm::Target;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::Place;
use crate::config::written::{self, Written};

const NAME_THEIR_SERVERS: &str =
    "name the networks that the other organisation's servers come from";

/// The hosts as they fill up, and where each route and each name comes from.
#[derive(Default)]
struct Hosts {
    hosts: BTreeMap<String, Host>,
    origins: BTreeMap<String, Vec<Origin>>,
}

/// Where a route comes from.
struct Origin {
    path: PathPattern,
    span: Range<usize>,
    is_preset: bool,
    is_closed: bool,
}

impl Understanding<'_> {
    /// Everything that is published, before the policy is known, and where each host name stands.
    pub(super) fn publication(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<(Publication, BTreeMap<String, Place>), ConfigError> {
        let mut hosts = Hosts::default();
        for pool in &written.lync.pool {
            warnings.extend(certificate_warning(pool));
            for (name, host) in lync::hosts(&self.pool(pool)?) {
                let mut named = pool.discover_hosts.iter().chain([&pool.web_host]);
                let at = named.rfind(|it| it.get_ref().eq_ignore_ascii_case(&name));
                let span = at.map_or(pool.web_host.span(), Spanned::span);
                self.add(&mut hosts, name, host, (span, true))?;
            }
        }
        for exchange in &written.exchange {
            for (name, host) in gateway::preset::exchange::hosts(&self.exchange(exchange)?) {
                self.add(&mut hosts, name, host, (exchange.host.span(), true))?;
            }
        }
        for route in &written.route {
            let (published, host) = self.routed(route)?;
            self.add(&mut hosts, published, host, (route.path.span(), false))?;
        }
        self.shut_what_is_behind(written, &mut hosts.hosts, warnings)?;
        self.mark_what_is_passive(written, &mut hosts.hosts)?;
        let places = hosts.origins.iter().filter_map(|(name, origins)| {
            let first = origins.first()?;
            Some((name.clone(), self.place(first.span.clone())))
        });
        let places = places.collect();
        let names = &written.names;
        let foreign = names.foreign_hosts.iter().map(|host| self.host(host));
        let mut foreign_hosts = foreign.collect::<Result<BTreeSet<_>, _>>()?;
        foreign_hosts.extend(self.hosts_of_adfs(written)?);
        self.lead_to_known(written, (&hosts.hosts, &foreign_hosts))?;
        let publication = Publication {
            hosts: hosts.hosts,
            kerberos: BTreeSet::new(),
            ntlm_target: Target {
                netbios_domain: self.netbios_name(&names.domain)?,
                netbios_computer: names.server.clone(),
                dns_domain: names.dns_domain.clone(),
                dns_computer: format!("{}.{}", names.server.to_lowercase(), names.dns_domain),
            },
            basic_realm: names.dns_domain.clone(),
            foreign_hosts,
            policy: Policy::default(),
            identity_headers: self.identity_headers(),
        };
        Ok((publication, places))
    }

    /// A NetBIOS name, as `CONTOSO`.
    fn netbios_name(&self, written: &Spanned<String>) -> Result<String, ConfigError> {
        let typed = written.get_ref();
        if !is_netbios_name(typed) {
            let message = format!(
                "`{typed}` is not the NetBIOS name of a domain such as `CONTOSO`; `Get-ADDomain` shows it as \
                 NetBIOSName"
            );
            return Err(self.error(written, &message));
        }
        Ok(typed.clone())
    }

    /// The host of a route of the operator's own, with that route alone.
    fn routed(&self, route: &written::Route) -> Result<(String, Host), ConfigError> {
        let farm = self.farm(&route.farm)?;
        let published = self.host(&route.host)?;
        let listed = self.internal_names(&route.internal_names)?;
        let public_port = route.public_port.filter(|port| *port != 443);
        let port = public_port.map_or(String::new(), |port| format!(":{port}"));
        let host = Host {
            routes: vec![Arc::new(self.route(route)?)],
            names: self.own_names(farm, (&published, route.public_port), listed)?,
            public_port,
            origin: Some(format!("https://{published}{port}")),
            ..Host::default()
        };
        Ok((published, host))
    }

    /// Adds the routes of a host, unless one of them would hide another.
    ///
    /// SECURITY: the longest path decides, so that a route could open what a preset protects or
    /// keeps closed, without a word.
    fn add(
        &self,
        hosts: &mut Hosts,
        name: String,
        host: Host,
        (span, is_preset): (Range<usize>, bool),
    ) -> Result<(), ConfigError> {
        let origins = hosts.origins.entry(name.clone()).or_default();
        for route in &host.routes {
            let hides = |origin: &&Origin| {
                is_equal(&origin.path, &route.path)
                    || (origin.is_preset != is_preset && overlap(&origin.path, &route.path))
            };
            if let Some(other) = origins.iter().find(hides) {
                if other.is_closed && !is_preset {
                    let message = format!(
                        "`{name}{}` is closed by what line {} publishes, and no route opens it: \
                         remove the route, or take another path",
                        shown(&route.path),
                        self.line(other.span.clone())
                    );
                    return Err(ConfigError::new(self.place(span), message));
                }
                let message = format!(
                    "`{name}{}` is published twice, here and in line {}; a path of one host has \
                     one meaning: remove one of the two, or take another host",
                    shown(&route.path),
                    self.line(other.span.clone())
                );
                return Err(ConfigError::new(self.place(span), message));
            }
        }
        // The routes of one preset are made for one another.
        origins.extend(host.routes.iter().map(|route| Origin {
            path: route.path.clone(),
            span: span.clone(),
            is_preset,
            is_closed: route.auth == Auth::Closed,
        }));
        let entry = hosts.hosts.entry(name).or_default();
        let names = Arc::new(host.names.clone());
        entry
            .routes
            .extend(host.routes.into_iter().map(|mut route| {
                Arc::make_mut(&mut route).names = Arc::clone(&names);
                route
            }));
        entry.names.extend(host.names);
        entry.public_port = entry.public_port.or(host.public_port);
        entry.web_ticket_url = entry.web_ticket_url.take().or(host.web_ticket_url);
        entry.oauthtoken_url = entry.oauthtoken_url.take().or(host.oauthtoken_url);
        entry.origin = entry.origin.take().or(host.origin);
        entry.passive_adfs = entry.passive_adfs.take().or(host.passive_adfs);
        Ok(())
    }

    fn pool(&self, pool: &written::LyncPool) -> Result<LyncPool, ConfigError> {
        let farm = self.farm(&pool.farm)?;
        let passive = pool.passive.unwrap_or(false);
        let passive_adfs = self.passive_adfs(pool)?;
        let discover_hosts = pool.discover_hosts.iter().map(|host| self.host(host));
        let discover_hosts: Vec<String> = discover_hosts.collect::<Result<_, _>>()?;
        let web_host = self.host(&pool.web_host)?;
        let listed = self.internal_names(&pool.internal_names)?;
        let internal_names = self.own_names(farm, (&web_host, pool.public_port), listed)?;
        Ok(LyncPool {
            internal_names,
            web_host,
            public_port: pool.public_port.unwrap_or(443),
            discover_hosts,
            farm: pool.farm.get_ref().clone(),
            // Nobody tells a passive pool who somebody is: its own session does.
            onward: match passive {
                true => Onward::None,
                false => self.told(farm)?,
            },
            guests: pool.guests.unwrap_or(true),
            certificate_sign_in: self.certificate_sign_in(pool)?,
            passive,
            passive_adfs: passive_adfs.map(|adfs| format!("https://{adfs}")),
        })
    }

    /// SECURITY: an exception has a reason that somebody wrote down.
    fn certificate_sign_in(&self, pool: &written::LyncPool) -> Result<bool, ConfigError> {
        let Some(reason) = &pool.certificate_sign_in else {
            return Ok(false);
        };
        if reason.get_ref().trim().is_empty() {
            let message = "this opens sign-in by certificate; write your reason, such as \
                           \"phones that cannot ask again\", or remove the key";
            return Err(self.error(reason, message));
        }
        Ok(true)
    }

    fn exchange(&self, exchange: &written::Exchange) -> Result<Exchange, ConfigError> {
        let farm = self.farm(&exchange.farm)?;
        let host = self.host(&exchange.host)?;
        let listed = self.internal_names(&exchange.internal_names)?;
        let autodiscover = exchange.autodiscover_hosts.iter();
        let autodiscover = autodiscover.map(|host| self.host(host));
        Ok(Exchange {
            autodiscover_hosts: autodiscover.collect::<Result<_, _>>()?,
            // SECURITY: what these networks reach is checked by Exchange alone.
            hybrid: self.networks(&exchange.hybrid, NAME_THEIR_SERVERS)?,
            internal_names: self.own_names(farm, (&host, exchange.public_port), listed)?,
            host,
            public_port: exchange.public_port.unwrap_or(443),
            farm: exchange.farm.get_ref().clone(),
            onward: self.told(farm)?,
        })
    }

    pub(super) fn pattern(&self, route: &written::Route) -> Result<PathPattern, ConfigError> {
        let path = self.route_path(&route.path)?;
        Ok(match route.below {
            true => PathPattern::Below(path),
            false => PathPattern::Exact(path),
        })
    }

    fn route(&self, route: &written::Route) -> Result<Route, ConfigError> {
        let farm = self.farm(&route.farm)?;
        let (auth, onward) = match route.auth.get_ref() {
            written::Auth::Anonymous => (Auth::Anonymous, Onward::None),
            written::Auth::Schemes(schemes) if schemes.is_empty() => {
                let message = "an empty list lets nobody in; name schemes, or \"anonymous\"";
                return Err(self.error(&route.auth, message));
            }
            written::Auth::Schemes(schemes) => {
                let schemes = schemes.iter().copied().map(scheme).collect();
                (Auth::Schemes(schemes), self.told(farm)?)
            }
        };
        let path = self.pattern(route)?;
        let service = Service(route.service.clone().into());
        Ok(Route {
            name: format!("{}{path}", route.host.get_ref()),
            onward,
            pass_headers: self.pass_headers(&route.pass_headers)?,
            set_headers: self.set_headers(&route.set_headers)?,
            websocket: route.websocket,
            affinity: route.affinity,
            over_plain: OverPlain::Redirect,
            ..Route::new(path, auth, service, route.farm.get_ref().clone())
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

    /// A path that some request can have: it is compared with paths whose escapes were decoded.
    fn route_path(&self, path: &Spanned<String>) -> Result<String, ConfigError> {
        let typed = path.get_ref();
        let clean = CleanPath::parse(typed).map_err(|error| {
            let message = format!("no request has the path `{typed}`: {error}");
            self.error(path, &message)
        })?;
        if clean.as_str() != typed.to_lowercase() {
            let message = format!("write the path `{typed}` without escapes");
            return Err(self.error(path, &message));
        }
        Ok(typed.clone())
    }

    /// A published name, in lower case.
    pub(super) fn host(&self, host: &Spanned<String>) -> Result<String, ConfigError> {
        let typed = host.get_ref();
        if is_host_name(typed) {
            return Ok(typed.to_ascii_lowercase());
        }
        let message = format!(
            "`{typed}` is not a host name such as `lyncweb.contoso.com`, without scheme, port and \
             path"
        );
        Err(self.error(host, &message))
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
}

/// Whether a text is a host name (RFC 1123 2.1), or an address of IPv4, and nothing more.
pub(crate) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len())
            && is_plain
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Every host that a file publishes, in lower case.
pub(super) fn hosts(written: &Written) -> BTreeSet<String> {
    let pools = written.lync.pool.iter();
    let pools = pools.flat_map(|it| it.discover_hosts.iter().chain([&it.web_host]));
    let exchanges = written.exchange.iter();
    let exchanges = exchanges.flat_map(|it| it.autodiscover_hosts.iter().chain([&it.host]));
    let own = [
        written.portal.as_ref().map(|it| &it.host),
        written.sts.as_ref().map(|it| &it.host),
        written.api.as_ref().map(|it| &it.host),
    ];
    let routes = written.route.iter().map(|it| &it.host);
    let all = pools.chain(exchanges).chain(routes);
    let all = all.chain(own.into_iter().flatten());
    all.map(|host| host.get_ref().to_ascii_lowercase())
        .collect()
}

/// Whether a text is the NetBIOS name of a domain (Windows' naming conventions: 15 characters, and none that divides names).
pub(crate) fn is_netbios_name(text: &str) -> bool {
    let is_wrong =
        |c: char| c.is_whitespace() || c.is_control() || "\\/:*?\"<>|,;=+[]@".contains(c);
    let is_short = (1..=15).contains(&text.chars().count());
    is_short && !text.contains(is_wrong) && !text.starts_with('.')
}

/// The path of a pattern as it is compared, and whether what is below it is meant, too.
pub(super) fn compared(path: &PathPattern) -> (String, bool) {
    let (path, is_below) = match path {
        PathPattern::Exact(path) => return (path.to_lowercase(), false),
        PathPattern::Below(path) => (path, true),
        PathPattern::BelowWith { below, .. } => (below, true),
    };
    (
        path.to_lowercase().trim_end_matches('/').to_owned(),
        is_below,
    )
}

fn is_equal(one: &PathPattern, other: &PathPattern) -> bool {
    let is_part = |path: &PathPattern| matches!(path, PathPattern::BelowWith { .. });
    let is_same = compared(one) == compared(other);
    is_same && (is_part(one) == is_part(other)) && (!is_part(one) || one == other)
}

/// Whether some path is of both patterns.
pub(super) fn overlap(one: &PathPattern, other: &PathPattern) -> bool {
    let ((one, one_is_below), (other, other_is_below)) = (compared(one), compared(other));
    let is_within = |path: &str, folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    one == other
        || (one_is_below && is_within(&other, &one))
        || (other_is_below && is_within(&one, &other))
}

pub(super) fn shown(path: &PathPattern) -> &str {
    match path {
        PathPattern::Exact(path) | PathPattern::Below(path) => path,
        PathPattern::BelowWith { below, .. } => below,
    }
}

fn scheme(written: written::Scheme) -> Scheme {
    match written {
        written::Scheme::Ntlm => Scheme::Ntlm,
        written::Scheme::Negotiate => Scheme::Negotiate,
        written::Scheme::Basic => Scheme::Basic,
    }
}

/// What sign-in by certificate means, for whoever checks the configuration.
fn certificate_warning(pool: &written::LyncPool) -> Option<String> {
    let reason = pool.certificate_sign_in.as_ref()?.get_ref().trim();
    Some(format!(
        "`{}` takes sign-in by certificate (`{reason}`): a certificate stands for the app password that bought it, \
         one factor later, and ends with it here; over SIP through the Edge it does not: \
         Revoke-CsClientCertificate",
        pool.web_host.get_ref()
    ))
}
