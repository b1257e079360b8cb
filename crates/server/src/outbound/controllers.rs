//! The domain controllers of the moment: as the configuration lists them, or as DNS names them, asked anew while the gate
//! runs.
//!
//! Those of DNS come by priority and weight (RFC 2782). What it said last holds on while no resolver answers. Start at
//! [`Controllers::names`].

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use proto::dns::Server;

use super::dns::{self, LookupError};
use crate::clock;
use crate::config::settings;

/// Fewest and most seconds that an answer of DNS is believed, whatever it says itself.
const SHORTEST: u32 = 30;
const LONGEST: u32 = 240;
/// As many controllers as are asked within the time of a sign-in or of a reading.
const MAX_CONTROLLERS: usize = 8;

/// The controllers of one service.
pub(crate) struct Controllers {
    from: settings::Controllers,
    kept: Mutex<Option<Kept>>,
}

/// What DNS said.
#[derive(Clone)]
struct Kept {
    names: Vec<String>,
    until: Timestamp,
}

impl Controllers {
    /// Takes what the configuration says; nothing is asked yet.
    pub(crate) fn new(from: settings::Controllers) -> Self {
        Self {
            from,
            kept: Mutex::default(),
        }
    }

    /// Who is to be asked, the first first.
    ///
    /// # Errors
    ///
    /// DNS never said so, and does not now.
    pub(crate) async fn names(&self) -> Result<Vec<String>, LookupError> {
        self.names_by(&dns::resolvers(), clock::now()).await
    }

    async fn names_by(
        &self,
        resolvers: &[SocketAddr],
        now: Timestamp,
    ) -> Result<Vec<String>, LookupError> {
        let service = match &self.from {
            settings::Controllers::Listed(names) => return Ok(names.clone()),
            settings::Controllers::InDns(service) => service,
        };
        let kept = self.lock().clone();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.holds(now)) {
            return Ok(kept.names.clone());
        }
        let found = dns::servers(resolvers, &service.name()).await;
        let found = found.and_then(|found| chosen(service, found));
        match (found, kept) {
            (Ok(found), former) => {
                let new = Kept::of(service, &found, now);
                if former.is_none_or(|former| !has_same(&former.names, &new.names)) {
                    let names = new.names.join(", ");
                    tracing::info!(
                        service = service.name(),
                        "DNS names the controllers {names}"
                    );
                }
                *self.lock() = Some(new.clone());
                Ok(new.names)
            }
            (Err(error), Some(former)) => {
                tracing::warn!("the controllers that were known are asked on, as {error}");
                let until = after(now, SHORTEST);
                let names = former.names;
                *self.lock() = Some(Kept {
                    names: names.clone(),
                    until,
                });
                Ok(names)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn of(service: &settings::DomainService, found: &[Server], now: Timestamp) -> Self {
        let lifetime = found.iter().map(|it| it.lifetime).min().unwrap_or(0);
        Self {
            names: found.iter().map(|it| service.written(it)).collect(),
            until: after(now, lifetime.clamp(SHORTEST, LONGEST)),
        }
    }

    /// A time too far ahead is of a clock that was set back since.
    fn holds(&self, now: Timestamp) -> bool {
        now < self.until && self.until <= after(now, LONGEST)
    }
}

/// Those that are the domain's, in the order in which they are asked.
fn chosen(
    service: &settings::DomainService,
    found: Vec<Server>,
) -> Result<Vec<Server>, LookupError> {
    let (own, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|it| service.may_be(&it.host));
    for other in others {
        tracing::warn!(
            service = service.name(),
            "DNS names `{}`, which is not of the domain and is not asked; list it in `controllers` if it is right",
            other.host
        );
    }
    let draw = || clock::random().map(u32::from_be_bytes).unwrap_or_default();
    let mut ordered = ordered(own, draw);
    ordered.truncate(MAX_CONTROLLERS);
    match ordered.is_empty() {
        true => Err(LookupError::Nobody(service.name())),
        false => Ok(ordered),
    }
}

/// By priority, and among equals drawn by weight (RFC 2782).
fn ordered(mut left: Vec<Server>, mut draw: impl FnMut() -> u32) -> Vec<Server> {
    // One more, so that a weight of 0 has its small chance.
    let share = |it: &Server| u32::from(it.weight) + 1;
    let mut ordered = Vec::new();
    while let Some(first) = left.iter().map(|it| it.priority).min() {
        let equals = || {
            left.iter()
                .enumerate()
                .filter(|(_, it)| it.priority == first)
        };
        let total: u32 = equals().map(|(_, it)| share(it)).sum();
        let mut drawn = draw().checked_rem(total).unwrap_or(0);
        let chosen = equals().find(|(_, it)| {
            let is_it = drawn < share(it);
            drawn = drawn.saturating_sub(share(it));
            is_it
        });
        let at = chosen.map_or(0, |(at, _)| at);
        ordered.push(left.remove(at));
    }
    ordered
}

fn has_same(former: &[String], new: &[String]) -> bool {
    former.len() == new.len() && former.iter().all(|it| new.contains(it))
}

fn after(now: Timestamp, seconds: u32) -> Timestamp {
    let later = now.checked_add(SignedDuration::from_secs(i64::from(seconds)));
    later.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, priority: u16, weight: u16) -> Server {
        Server {
            priority,
            weight,
            port: 88,
            host: host.to_owned(),
            lifetime: 60,
        }
    }

    fn hosts(of: &[Server]) -> Vec<&str> {
        of.iter().map(|it| it.host.as_str()).collect()
    }

    #[test]
    fn rfc_2782_the_smallest_priority_comes_first_and_weight_decides_among_equals() {
        let all = vec![
            server("far", 10, 0),
            server("light", 0, 0),
            server("heavy", 0, 98),
        ];
        // Of the hundred shares the first is the light one's.
        for (drawn, expected) in [
            (0, ["light", "heavy", "far"]),
            (1, ["heavy", "light", "far"]),
            (99, ["heavy", "light", "far"]),
        ] {
            assert_eq!(hosts(&ordered(all.clone(), || drawn)), expected, "{drawn}");
        }
        assert!(ordered(Vec::new(), || 7).is_empty());
    }

    #[test]
    fn who_reads_the_directory_is_sent_to_nobody_outside_the_domain() {
        let directory = settings::DomainService::Ldap("contoso.com".to_owned());
        let found = [
            "dc1.contoso.com",
            "contoso.com",
            "dc1.fabrikam.com",
            "evilcontoso.com",
        ];
        let found: Vec<Server> = found.iter().map(|it| server(it, 0, 0)).collect();
        let own = chosen(&directory, found[..2].to_vec()).unwrap();
        assert_eq!(hosts(&own).len(), 1);
        assert_eq!(directory.written(&own[0]), "dc1.contoso.com");
        assert!(chosen(&directory, found[1..].to_vec()).is_err());
        let kerberos = settings::DomainService::Kerberos("contoso.com".to_owned());
        let all = chosen(&kerberos, found.clone()).unwrap();
        assert_eq!(all.len(), found.len(), "its keys prove a controller");
        assert_eq!(kerberos.written(&found[0]), "dc1.contoso.com:88");
        let many = (0..20).map(|it| server(&format!("dc{it}.contoso.com"), 0, 0));
        assert_eq!(
            chosen(&kerberos, many.collect()).unwrap().len(),
            MAX_CONTROLLERS
        );
    }

    #[tokio::test]
    async fn what_dns_said_holds_for_its_time_and_on_while_nobody_answers() {
        let service = settings::DomainService::Kerberos("contoso.com".to_owned());
        let controllers = Controllers::new(settings::Controllers::InDns(service.clone()));
        let now = Timestamp::UNIX_EPOCH;
        assert!(controllers.names_by(&[], now).await.is_err());
        for (lifetime, seconds) in [(0, SHORTEST), (60, 60), (86_400, LONGEST)] {
            let mut found = server("dc1.contoso.com", 0, 0);
            found.lifetime = lifetime;
            let kept = Kept::of(&service, &[found], now);
            assert!(kept.holds(after(now, seconds - 1)), "{lifetime}");
            assert!(!kept.holds(after(now, seconds)), "{lifetime}");
            let set_back = Timestamp::from_second(-3600).unwrap();
            assert!(!kept.holds(set_back), "{lifetime}");
            *controllers.lock() = Some(kept);
        }
        let late = after(now, 2 * LONGEST);
        let names = controllers.names_by(&[], late).await.unwrap();
        assert_eq!(names, ["dc1.contoso.com:88"]);
        assert!(controllers.lock().as_ref().is_some_and(|it| it.holds(late)));
    }

    #[tokio::test]
    async fn those_that_are_listed_are_those() {
        let listed = vec!["dc2:88".to_owned(), "dc1:88".to_owned()];
        let controllers = Controllers::new(settings::Controllers::Listed(listed.clone()));
        assert_eq!(controllers.names().await.unwrap(), listed);
    }
}
