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
    ) -> Result<(), ConfigError> {
        let mut pools = self.all_reached(written.lync.pool.iter().map(|pool| &pool.farm))?;
        for pool in &written.lync.pool {
            pools.extend(pool.internal_names.keys().map(|own| Reached::named(own)));
            let published = pool.discover_hosts.iter().chain([&pool.web_host]);
            pools.extend(published.map(|host| Reached::named(host.get_ref())));
        }
        let exchanges = written.exchange.iter();
        let mut exchanges = self.all_reached(exchanges.map(|exchange| &exchange.farm))?;
        for exchange in &written.exchange {
            exchanges.extend(
                exchange
                    .internal_names
                    .keys()
                    .map(|own| Reached::named(own)),
            );
            let published = exchange.autodiscover_hosts.iter().chain([&exchange.host]);
            exchanges.extend(published.map(|host| Reached::named(host.get_ref())));
        }
        for route in &written.route {
            let farm = route.farm.get_ref();
            // A farm of another name that leads to a server of the pool is the pool.
            let reached = self.reached(self.farm(&route.farm)?)?;
            if !reached.is_disjoint(&pools) {
                for guarded in lync::GUARDED {
                    self.shut(route, lync::shut(farm, guarded), hosts)?;
                }
            }
            let is_anonymous = matches!(route.auth.get_ref(), written::Auth::Anonymous);
            if is_anonymous && !reached.is_disjoint(&exchanges) {
                for guarded in exchange::GUARDED {
                    self.shut(route, exchange::shut(farm, guarded), hosts)?;
                }
            }
        }
        Ok(())
    }

    fn all_reached<'f>(
        &self,
        farms: impl Iterator<Item = &'f toml::Spanned<String>>,
    ) -> Result<BTreeSet<Reached>, ConfigError> {
        let mut all = BTreeSet::new();
        for farm in farms {
            all.extend(self.reached(self.farm(farm)?)?);
        }
        Ok(all)
    }

    fn shut(
        &self,
        route: &written::Route,
        shut: Arc<Route>,
        hosts: &mut BTreeMap<String, Host>,
    ) -> Result<(), ConfigError> {
        let path = self.pattern(route)?;
        if !overlap(&path, &shut.path) {
            return Ok(());
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
        Ok(())
    }
}
