//! Which routes lead to a pool in passive mode, whatever they are of, and that no pool is active beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway::route::{Host, MadeBy, Publication};

use super::Understanding;
use super::behind::{Behind, Known};
use super::published::is_host_name;
use crate::config::ConfigError;
use crate::config::written::{LyncPool, Written};

impl Understanding<'_> {
    /// Marks every route that leads to a passive pool.
    ///
    /// SECURITY: the cookies of a passive session go to the pool where they were looked at, and by no other way.
    pub(super) fn mark_what_is_passive(
        &self,
        written: &Written,
        hosts: &mut BTreeMap<String, Host>,
    ) -> Result<(), ConfigError> {
        let (passive, active): (Vec<&LyncPool>, Vec<&LyncPool>) =
            written.lync.pool.iter().partition(|it| is_passive(it));
        let mut farms = BTreeSet::new();
        let mut known = Known::default();
        for pool in passive {
            let reached = self.reached(self.farm(&pool.farm)?)?;
            let by_chain = Known {
                farms: vec![&pool.farm],
                ..Known::default()
            };
            let chained = self.behind(written, "a passive pool", &by_chain)?;
            self.is_alone(pool, &chained, &active)?;
            farms.extend(reached);
            known.farms.push(&pool.farm);
            known.own.extend(pool.internal_names.keys());
            let published = pool.discover_hosts.iter().chain([&pool.web_host]);
            known.published.extend(published.map(|it| it.get_ref()));
        }
        let chained = self.behind(written, "a passive pool", &known)?;
        for route in hosts.values_mut().flat_map(|host| &mut host.routes) {
            let Some(farm) = self.farms.get(route.farm.as_str()) else {
                continue;
            };
            let reached = self.reached(farm)?;
            // A pool may be told the names of another, which it mentions: they say of an operator's farm alone what it is.
            let is_one = chained.is_one(route.farm.as_str(), &reached).is_some();
            let is_named = route.made_by == MadeBy::Operator && is_one;
            if is_named || !reached.is_disjoint(&farms) {
                Arc::make_mut(route).leads_to_passive = true;
            }
        }
        Ok(())
    }

    /// SECURITY: what an active pool takes at its own host, a session's cookies among it, the same servers would take as a
    /// passive pool's.
    fn is_alone(
        &self,
        pool: &LyncPool,
        chained: &Behind,
        active: &[&LyncPool],
    ) -> Result<(), ConfigError> {
        for other in active {
            let reached = self.reached(self.farm(&other.farm)?)?;
            if chained.is_one(other.farm.get_ref(), &reached).is_some() {
                let message = format!(
                    "the farm `{}` of the passive pool `{}` is that of the active pool `{}`, too, by its address or one of its \
                     names: passive mode is a setting of a whole pool, so make both passive, or lead them to different servers",
                    pool.farm.get_ref(),
                    pool.web_host.get_ref(),
                    other.web_host.get_ref()
                );
                return Err(self.error(&pool.farm, &message));
            }
        }
        Ok(())
    }
}

impl Understanding<'_> {
    /// The AD FS whose tokens a pool takes, with its port where that is not 443.
    pub(super) fn passive_adfs(&self, pool: &LyncPool) -> Result<Option<String>, ConfigError> {
        let Some(adfs) = &pool.passive_adfs else {
            return Ok(None);
        };
        if !is_passive(pool) {
            let message =
                "this is for a pool in passive mode: add `passive = true`, or remove the key";
            return Err(self.error(adfs, message));
        }
        let typed = adfs.get_ref();
        let (host, port) = typed.split_once(':').unwrap_or((typed, "443"));
        let port = port.parse::<u16>().ok().filter(|port| *port > 0);
        let Some(port) = port.filter(|_| is_host_name(host)) else {
            let message = format!(
                "`{typed}` is not the host of an AD FS such as `fs.contoso.com`, with `:PORT` where that is not 443"
            );
            return Err(self.error(adfs, &message));
        };
        let host = host.to_ascii_lowercase();
        Ok(Some(match port {
            443 => host,
            port => format!("{host}:{port}"),
        }))
    }

    /// Where those are, without ports: the pools send browsers there.
    pub(super) fn hosts_of_adfs(&self, written: &Written) -> Result<BTreeSet<String>, ConfigError> {
        let mut hosts = BTreeSet::new();
        for pool in &written.lync.pool {
            let adfs = self.passive_adfs(pool)?;
            hosts.extend(adfs.and_then(|it| it.split(':').next().map(str::to_owned)));
        }
        Ok(hosts)
    }

    /// SECURITY: a token of our own says of itself that it rests on itself; only what another issued of it can be looked at so.
    pub(super) fn adfs_is_another(
        &self,
        written: &Written,
        publication: &Publication,
    ) -> Result<(), ConfigError> {
        for pool in &written.lync.pool {
            let (Some(written), Some(adfs)) = (&pool.passive_adfs, self.passive_adfs(pool)?) else {
                continue;
            };
            let host = adfs.split(':').next().unwrap_or_default();
            if publication.hosts.get(host).is_some_and(|host| host.is_ours) {
                let message = format!(
                    "`{host}` is this program itself: leave the key out where the pool takes its tokens"
                );
                return Err(self.error(written, &message));
            }
        }
        Ok(())
    }
}

fn is_passive(pool: &LyncPool) -> bool {
    pool.passive.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::config::understand::tests::{text, understood};

    /// A passive pool at a farm of its own, with these lines behind it.
    fn pool(more: &str) -> String {
        let farm = "[[farm]]\nname = \"pool02\"\naddress = \"https://pool02.contoso.local:4443\"\nauthorities = \"file.pem\"\n";
        let pool = "[[lync.pool]]\nweb_host = \"web.contoso.com\"\nfarm = \"pool02\"\npassive = true\n\
                    internal_names = { \"fe02.contoso.local\" = \"web.contoso.com\" }\n";
        let sts = "[sts]\nhost = \"sts.contoso.com\"\n";
        format!("{}\n{farm}{pool}{more}\n{sts}", text("", ""))
    }

    fn farm(address: &str) -> String {
        format!(
            "[[farm]]\nname = \"other\"\naddress = \"{address}\"\nauthorities = \"file.pem\"\nidentity_header = \"x-id\"\n"
        )
    }

    #[test]
    fn a_route_that_leads_to_a_passive_pool_by_any_name_is_marked_and_no_other() {
        for (address, is_marked) in [
            ("https://pool02.contoso.local", true),
            ("https://FE02.contoso.local:8443", true),
            ("https://web.contoso.com", true),
            ("https://app.contoso.local", false),
        ] {
            let route = "[[route]]\nhost = \"own.contoso.com\"\npath = \"/meet\"\nbelow = true\nauth = \"anonymous\"\n\
                         service = \"own\"\nfarm = \"other\"\n";
            let settings = understood(&pool(&format!("{}{route}", farm(address)))).unwrap();
            let hosts = &settings.publication.hosts;
            let marked = |host: &str| {
                let mut routes = hosts[host].routes.iter();
                routes.all(|route| route.leads_to_passive)
            };
            assert_eq!(marked("own.contoso.com"), is_marked, "{address}");
            assert!(marked("web.contoso.com") && !marked("app.contoso.com"));
            assert!(!marked("mail.contoso.com"));
        }
    }

    /// A farm between two makes them one.
    #[test]
    fn what_leads_to_a_passive_pool_by_way_of_another_farm_is_marked_and_is_no_active_pool() {
        let between = "[[farm]]\nname = \"between\"\naddress = \"https://10.0.2.2\"\ntls_name = \"pool02.contoso.local\"\n\
                       authorities = \"file.pem\"\n";
        let other = farm("https://10.0.2.2:8443");
        let route = "[[route]]\nhost = \"own.contoso.com\"\npath = \"/meet\"\nbelow = true\nauth = \"anonymous\"\n\
                     service = \"own\"\nfarm = \"other\"\n";
        let settings = understood(&pool(&format!("{between}{other}{route}"))).unwrap();
        let host = &settings.publication.hosts["own.contoso.com"];
        assert!(host.routes.iter().all(|route| route.leads_to_passive));
        let active = "[[lync.pool]]\nweb_host = \"web1.contoso.com\"\nfarm = \"other\"\n";
        let said = understood(&pool(&format!("{between}{other}{active}"))).unwrap_err();
        assert!(said.contains("is that of the active pool"), "{said}");
    }

    #[test]
    fn a_passive_pool_may_take_the_tokens_of_an_ad_fs() {
        let origin = |more: &str| {
            let settings = understood(&pool("").replace("passive = true", more)).unwrap();
            let host = &settings.publication.hosts["web.contoso.com"];
            let is_named = settings
                .publication
                .foreign_hosts
                .contains("fs.contoso.com");
            (host.passive_adfs.clone(), is_named)
        };
        assert_eq!(origin("passive = true"), (None, false));
        for (written, shown) in [
            ("FS.contoso.com", "https://fs.contoso.com"),
            ("fs.contoso.com:443", "https://fs.contoso.com"),
            ("fs.contoso.com:8443", "https://fs.contoso.com:8443"),
        ] {
            let more = format!("passive = true\npassive_adfs = \"{written}\"");
            assert_eq!(origin(&more), (Some(shown.to_owned()), true), "{written}");
        }
        for (more, expected) in [
            ("passive_adfs = \"fs.contoso.com\"", "add `passive = true`"),
            (
                "passive = true\npassive_adfs = \"https://fs.contoso.com\"",
                "is not the host of an AD FS",
            ),
            (
                "passive = true\npassive_adfs = \"fs.contoso.com:0\"",
                "is not the host of an AD FS",
            ),
            (
                "passive = true\npassive_adfs = \"\"",
                "is not the host of an AD FS",
            ),
            (
                "passive = true\npassive_adfs = \"sts.contoso.com\"",
                "is this program itself",
            ),
        ] {
            let said = understood(&pool("").replace("passive = true", more)).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_pool_is_not_active_and_passive_at_once() {
        let active = "[[lync.pool]]\nweb_host = \"web1.contoso.com\"\nfarm = \"other\"\n";
        for address in [
            "https://pool02.contoso.local:4443",
            "https://Pool02.contoso.local.:443",
        ] {
            let said = understood(&pool(&format!("{}{active}", farm(address)))).unwrap_err();
            let expected =
                "the passive pool `web.contoso.com` is that of the active pool `web1.contoso.com`";
            assert!(said.contains(expected), "{said}");
        }
        let same = active.replace("other", "pool02");
        assert!(understood(&pool(&same)).is_err());
        let beside = format!("{}{active}", farm("https://pool01.contoso.local"));
        understood(&pool(&beside)).unwrap();
        let both = format!(
            "{}{active}passive = true\n",
            farm("https://pool02.contoso.local")
        );
        understood(&pool(&both)).unwrap();
    }
}
