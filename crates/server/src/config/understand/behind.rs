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
        let pools = || written.lync.pool.iter();
        let mut told = BTreeSet::new();
        for pool in pools() {
            told.extend(pool.internal_names.keys().map(|own| Reached::named(own)));
            let published = pool.discover_hosts.iter().chain([&pool.web_host]);
            told.extend(published.map(|host| Reached::named(host.get_ref())));
        }
        let pools = self.behind(written, pools().map(|pool| &pool.farm), told)?;
        let exchanges = || written.exchange.iter();
        let mut told = BTreeSet::new();
        for exchange in exchanges() {
            let own = exchange.internal_names.keys();
            told.extend(own.map(|own| Reached::named(own)));
            let published = exchange.autodiscover_hosts.iter().chain([&exchange.host]);
            told.extend(published.map(|host| Reached::named(host.get_ref())));
        }
        let exchanges = self.behind(written, exchanges().map(|exchange| &exchange.farm), told)?;
        for route in &written.route {
            let farm = route.farm.get_ref();
            // A farm of another name that leads to a server of the pool is the pool.
            let reached = self.reached(self.farm(&route.farm)?)?;
            if pools.is_reached(&reached) {
                let mut shut = Vec::new();
                for guarded in lync::GUARDED {
                    let is_shut = self.shut(route, lync::shut(farm, guarded), hosts)?;
                    shut.extend(is_shut.then_some(guarded));
                }
                warnings.extend(pools.warning(route, "a Lync pool", &reached, &shut));
            }
            let is_anonymous = matches!(route.auth.get_ref(), written::Auth::Anonymous);
            if is_anonymous && exchanges.is_reached(&reached) {
                let mut shut = Vec::new();
                for guarded in exchange::GUARDED {
                    let is_shut = self.shut(route, exchange::shut(farm, guarded), hosts)?;
                    shut.extend(is_shut.then_some(guarded));
                }
                warnings.extend(exchanges.warning(route, "an Exchange", &reached, &shut));
            }
        }
        Ok(())
    }

    /// What leads to one of some farms: they themselves, whatever farm shares a server with them or with such a farm, and
    /// what they are called outside and among themselves.
    fn behind<'f>(
        &self,
        written: &Written,
        farms: impl Iterator<Item = &'f toml::Spanned<String>>,
        told: BTreeSet<Reached>,
    ) -> Result<Behind, ConfigError> {
        let mut behind = Behind::default();
        for farm in farms {
            behind.by.extend(self.reached(self.farm(farm)?)?);
            behind.farms.insert(farm.get_ref().clone());
        }
        let mut others: Vec<BTreeSet<Reached>> = Vec::new();
        for farm in &written.farm {
            others.push(self.reached(farm)?);
        }
        // One name leads to the next; what is not reached by one round may be by another.
        loop {
            let before = others.len();
            others.retain(|reached| {
                let is_apart = reached.is_disjoint(&behind.by);
                if !is_apart {
                    behind.by.extend(reached.iter().cloned());
                }
                is_apart
            });
            if others.len() == before {
                break;
            }
        }
        behind.by.extend(told);
        Ok(behind)
    }

    /// Shuts a path on the host of a route that would show it, and says whether it would.
    fn shut(
        &self,
        route: &written::Route,
        shut: Arc<Route>,
        hosts: &mut BTreeMap<String, Host>,
    ) -> Result<bool, ConfigError> {
        let path = self.pattern(route)?;
        if !overlap(&path, &shut.path) {
            return Ok(false);
        }
        if compared(&path).0.starts_with(&compared(&shut.path).0) {
            let message = format!(
                "`{}` of what is behind takes tickets, sells them or asks for a Windows sign-in, and no route of your own \
                 opens it (the farm `{}` is a pool's or an Exchange's, by its address or one of its names): remove the \
                 route, as [[lync.pool]] and [[exchange]] publish what may be there",
                shown(&shut.path),
                route.farm.get_ref()
            );
            return Err(self.error(&route.path, &message));
        }
        let host = hosts.entry(self.host(&route.host)?).or_default();
        let is_there = |it: &Arc<Route>| compared(&it.path) == compared(&shut.path);
        if !host.routes.iter().any(is_there) {
            host.routes.push(shut);
        }
        Ok(true)
    }
}

/// What some published servers are known by.
#[derive(Default)]
struct Behind {
    farms: BTreeSet<String>,
    by: BTreeSet<Reached>,
}

impl Behind {
    fn is_reached(&self, reached: &BTreeSet<Reached>) -> bool {
        !self.by.is_disjoint(reached)
    }

    /// What is said of a farm of another name that is taken for one of these by what it shares with it: nobody would look
    /// there for the reason of a 404.
    fn warning(
        &self,
        route: &written::Route,
        what: &str,
        reached: &BTreeSet<Reached>,
        shut: &[&str],
    ) -> Option<String> {
        let farm = route.farm.get_ref();
        let is_another = !self.farms.contains(farm) && !shut.is_empty();
        let shared = self
            .by
            .intersection(reached)
            .next()
            .filter(|_| is_another)?;
        Some(format!(
            "the farm `{farm}` is taken for {what} that is published here, as both are known by {shared}, so that `{}` shows \
             none of {} (404); where it is another server, give it a name and an address that the other has not",
            route.host.get_ref(),
            shut.join(", ")
        ))
    }
}
