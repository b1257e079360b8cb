//! `[portal]`: the host of our own pages, which no route of a back end shares.

use std::collections::BTreeMap;

use authn::place::{Service, Zone};
use authn::policy::Policy;
use authn::sign_in::Requirement;
use gateway::route::{Host, Publication};

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Place, Portal};
use crate::config::written::Written;

impl Understanding<'_> {
    /// The portal, its host published among the others; no back end shares it.
    pub(super) fn portal(
        &self,
        written: &Written,
        (publication, published): (&mut Publication, &mut BTreeMap<String, Place>),
    ) -> Result<Option<Portal>, ConfigError> {
        let Some(portal) = &written.portal else {
            return Ok(None);
        };
        let name = self.host(&portal.host)?;
        let place = self.place(portal.host.span());
        if let Some(other) = published.insert(name.clone(), place.clone()) {
            let message = format!(
                "`{name}` is published in line {} too; the portal has a host of its own",
                other.line()
            );
            return Err(ConfigError::new(place, message));
        }
        let public_port = portal.public_port.filter(|port| *port != 443);
        let port = public_port.map_or(String::new(), |port| format!(":{port}"));
        let origin = format!("https://{name}{port}");
        let host = Host {
            is_ours: true,
            public_port,
            ..Host::default()
        };
        publication.hosts.insert(name, host);
        Ok(Some(Portal { origin }))
    }
}

/// Whether nobody can sign in to the portal, or by one factor from outside.
pub(super) fn warning(policy: &Policy) -> Option<String> {
    let required = |zone: &Zone| Requirement::of(policy, zone, &Service::PORTAL);
    match (required(&Zone::EXTERNAL), required(&Zone::INTERNAL)) {
        (Some(Requirement::Secret), _) => Some(
            "a [[policy]] lets people into the portal from outside by a memorised secret alone; write \
             methods = [\"memorised-secret + one-time-code\"]"
                .to_owned(),
        ),
        (None, None) => Some(
            "nobody can sign in to the portal: add a [[policy]] with services = [\"portal\"] and methods = \
             [\"memorised-secret + one-time-code\"], before those that speak of anything"
                .to_owned(),
        ),
        _ => None,
    }
}
