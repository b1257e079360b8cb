//! What no host of the operator's own shows, whatever its routes say: whatever of a pool or of Exchange asks for a Windows
//! sign-in in a body, where nothing is taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway::preset::{exchange, lync};
use gateway::route::{Host, Route};

use super::Understanding;
use super::farms::Reached;
use super::published::{compared, overlap, shown};
use crate::config::ConfigError;
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// Shuts what is no page of a pool, and whatever of Exchange is not open to nobody, on every host of the operator's
    /// own whose routes lead there.
    ///
    /// SECURITY: messages carry passwords and tickets in their bodies: a meeting page's `/` would let anybody try domain
    /// passwords at the pool itself, and buy a certificate for a revoked ticket; `/owa` asks for one in a form.
    pub(super) fn shut_what_is_behind(
        &self,
        written: &Written,
        hosts: &mut BTreeMap<String, Host>,
        warnings: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let pools = written.lync.pool.iter();
        let mut known = Known::default();
        for pool in pools {
            known.own.extend(pool.internal_names.keys());
            known.farms.push(&pool.farm);
            let published = pool.discover_hosts.iter().chain([&pool.web_host]);
            known.published.extend(published.map(|it| it.get_ref()));
        }
        let pools = self.behind(written, "a Lync pool", &known)?;
        let mut known = Known::default();
        for exchange in &written.exchange {
            known.own.extend(exchange.internal_names.keys());
            known.farms.push(&exchange.farm);
            let published = exchange.autodiscover_hosts.iter().chain([&exchange.host]);
            known.published.extend(published.map(|it| it.get_ref()));
        }
        let exchanges = self.behind(written, "an Exchange", &known)?;
        for route in &written.route {
            let farm = route.farm.get_ref();
            // A farm of another name that leads to a server of the pool is the pool.
            let reached = self.reached(self.farm(&route.farm)?)?;
            if let Some(why) = pools.is_one(farm, &reached) {
                let shut = lync::GUARDED.map(|path| lync::shut(farm, path));
                warnings.extend(self.shut(route, (&why, shut.into()), hosts)?);
            }
            let is_anonymous = matches!(route.auth.get_ref(), written::Auth::Anonymous);
            let why = exchanges.is_one(farm, &reached);
            if let Some(why) = why.filter(|_| is_anonymous) {
                let shut = exchange::GUARDED.map(|path| exchange::shut(farm, path));
                warnings.extend(self.shut(route, (&why, shut.into()), hosts)?);
            }
        }
        Ok(())
    }

    /// What leads to some published servers: their farms, whatever farm shares a server with one of those or with such a farm,
    /// and what they are called.
    pub(super) fn behind(
        &self,
        written: &Written,
        what: &'static str,
        known: &Known<'_>,
    ) -> Result<Behind, ConfigError> {
        let mut behind = Behind {
            what,
            farms: BTreeSet::new(),
            by: BTreeMap::new(),
        };
        for farm in &known.farms {
            for reached in self.reached(self.farm(farm)?)? {
                behind.by.insert(reached, None);
            }
            behind.farms.insert(farm.get_ref().clone());
        }
        // A server's own names lead on as its addresses do; those that are published may be others' as well.
        let own = known.own.iter().map(|own| Reached::named(own));
        behind.by.extend(own.map(|own| (own, None)));
        let mut others = Vec::new();
        for farm in &written.farm {
            others.push((farm.name.get_ref(), self.reached(farm)?));
        }
        // One name leads to the next; what is not reached by one round may be by another.
        loop {
            let before = others.len();
            others.retain(|(farm, reached)| {
                let is_apart = !reached.iter().any(|it| behind.by.contains_key(it));
                if !is_apart {
                    for it in reached {
                        let via = behind.by.entry(it.clone());
                        via.or_insert_with(|| Some((*farm).clone()));
                    }
                }
                is_apart
            });
            if others.len() == before {
                break;
            }
        }
        for host in &known.published {
            behind.by.entry(Reached::named(host)).or_insert(None);
        }
        Ok(behind)
    }

    /// Shuts paths on the host of a route that would show them; what is said of it where the farm is another's by its name.
    fn shut(
        &self,
        route: &written::Route,
        (why, all): (&Why<'_>, Vec<Arc<Route>>),
        hosts: &mut BTreeMap<String, Host>,
    ) -> Result<Option<String>, ConfigError> {
        let path = self.pattern(route)?;
        let mut shown_not = Vec::new();
        for shut in all {
            if !overlap(&path, &shut.path) {
                continue;
            }
            if compared(&path).0.starts_with(&compared(&shut.path).0) {
                let message = format!(
                    "`{}` of what is behind takes tickets, sells them or asks for a Windows sign-in, and no route of your \
                     own opens it; {why}: remove the route, as [[lync.pool]] and [[exchange]] publish what may be there, or \
                     reach another server by an address and a name that are its alone",
                    shown(&shut.path),
                );
                return Err(self.error(&route.path, &message));
            }
            shown_not.push(shown(&shut.path).to_owned());
            let host = hosts.entry(self.host(&route.host)?).or_default();
            let is_there = |it: &Arc<Route>| compared(&it.path) == compared(&shut.path);
            if !host.routes.iter().any(is_there) {
                host.routes.push(shut);
            }
        }
        let is_another = why.shared.is_some() && !shown_not.is_empty();
        Ok(is_another.then(|| {
            format!(
                "{why}, so that `{}` shows none of {} (404); where it is another server, reach it by an address and a name \
                 that are its alone",
                route.host.get_ref(),
                shown_not.join(", ")
            )
        }))
    }
}

/// What is known of some published servers.
#[derive(Default)]
pub(super) struct Known<'w> {
    pub(super) farms: Vec<&'w toml::Spanned<String>>,
    /// What they call themselves.
    pub(super) own: Vec<&'w String>,
    /// What they are called outside.
    pub(super) published: Vec<&'w String>,
}

/// What some published servers are known by, each with the farm by way of which, where it is not by their own.
pub(super) struct Behind {
    what: &'static str,
    farms: BTreeSet<String>,
    by: BTreeMap<Reached, Option<String>>,
}

/// Why a farm is taken for published servers.
pub(super) struct Why<'b> {
    farm: String,
    what: &'static str,
    /// What is shared, and with which farm between them; nothing where it is theirs.
    shared: Option<(&'b Reached, Option<&'b String>)>,
}

impl Behind {
    /// Why a farm is one of these, if it is.
    pub(super) fn is_one(&self, farm: &str, reached: &BTreeSet<Reached>) -> Option<Why<'_>> {
        let why = |shared| Why {
            farm: farm.to_owned(),
            what: self.what,
            shared,
        };
        if self.farms.contains(farm) {
            return Some(why(None));
        }
        let is_of_another = |via: &Option<String>| via.as_deref() != Some(farm);
        let shared = self.by.iter().filter(|(it, _)| reached.contains(it));
        let mut shared: Vec<_> = shared.filter(|(_, via)| is_of_another(via)).collect();
        shared.sort_by_key(|(_, via)| via.is_some());
        let (shared, via) = shared.into_iter().next()?;
        Some(why(Some((shared, via.as_ref()))))
    }
}

impl std::fmt::Display for Why<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { farm, what, shared } = self;
        match shared {
            None => write!(to, "the farm `{farm}` is {what} that is published here"),
            Some((shared, None)) => write!(
                to,
                "the farm `{farm}` is taken for {what} that is published here, as both are known by {shared}"
            ),
            Some((shared, Some(via))) => write!(
                to,
                "the farm `{farm}` is taken for {what} that is published here, as it shares {shared} with the farm `{via}`, \
                 which leads there"
            ),
        }
    }
}
