//! `[api]`: the host of the HTTP API, which nothing else shares, and from where it is answered.
//!
//! SECURITY: it is off where nobody asks for it, and answers the office alone where nobody names another zone.

use std::collections::BTreeMap;

use authn::place::Zone;
use gateway::route::{Host, Publication};
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Api, Place};
use crate::config::written::Written;

impl Understanding<'_> {
    /// The API, its host published among the others.
    pub(super) fn api(
        &self,
        written: &Written,
        (publication, published): (&mut Publication, &mut BTreeMap<String, Place>),
        warnings: &mut Vec<String>,
    ) -> Result<Option<Api>, ConfigError> {
        let Some(api) = &written.api else {
            return Ok(None);
        };
        let name = self.host(&api.host)?;
        let place = self.place(api.host.span());
        if let Some(other) = published.insert(name.clone(), place.clone()) {
            let message = format!(
                "`{name}` is published in line {} too; the API has a host of its own",
                other.line()
            );
            return Err(ConfigError::new(place, message));
        }
        let zones = match &api.zones {
            None => [Zone::INTERNAL].into(),
            Some(zones) if zones.get_ref().is_empty() => {
                let message =
                    "the API would be answered from nowhere; leave [api] out to have none";
                return Err(self.error(zones, message));
            }
            Some(zones) => self.zones(zones.get_ref())?,
        };
        if zones.contains(&Zone::EXTERNAL) {
            warnings.push(
                "[api] is answered from outside: whoever finds an API token can use it from anywhere".to_owned(),
            );
        }
        let is_there = |networks: &Vec<Spanned<ipnet::IpNet>>| !networks.is_empty();
        let has_inside = written
            .listener
            .iter()
            .any(|it| is_there(&it.internal_networks));
        if !zones.contains(&Zone::EXTERNAL) && !has_inside {
            warnings.push(
                "[api] is answered from inside alone, and no [[listener]] has internal_networks, so that nobody can ask it"
                    .to_owned(),
            );
        }
        let public_port = api.public_port.filter(|port| *port != 443);
        let port = public_port.map_or(String::new(), |port| format!(":{port}"));
        let origin = format!("https://{name}{port}");
        let host = Host {
            is_ours: true,
            is_api: true,
            public_port,
            ..Host::default()
        };
        publication.hosts.insert(name, host);
        Ok(Some(Api { origin, zones }))
    }
}
