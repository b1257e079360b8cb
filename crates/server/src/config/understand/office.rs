//! Kerberos from the office: where a policy allows it, and which services' keys that takes.
//!
//! SECURITY: a policy that names it says by itself that it speaks of the inside; `authn` lets nobody else in by it,
//! whatever is written here.

use authn::place::{Channel, Method, Zone};
use authn::policy::{Asking, Combination, Policy};
use gateway::Publication;
use gateway::route::Scheme;
use gss::Service;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Kerberos, Role};
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// The services whose tickets clients may bring; none where no policy allows it. What is published learns
    /// where they may.
    pub(super) fn office(
        &self,
        written: &Written,
        ((policy, kerberos), role): ((&Policy, Option<&Kerberos>), &Role),
        publication: &mut Publication,
    ) -> Result<Vec<Service>, ConfigError> {
        let table = &written.kerberos;
        let written = written.policy.iter().map(Spanned::get_ref);
        let names_it = |policy: &&written::Policy| {
            let mut methods = policy.methods.get_ref().iter();
            methods.any(|it| is_kerberos(it.get_ref()))
        };
        let mut naming = written.filter(names_it).peekable();
        let (Some(first), table) = (naming.peek().copied(), table) else {
            return Ok(Vec::new());
        };
        for policy in naming {
            self.is_of_the_office(policy)?;
        }
        if let Role::Gateway(_) = role {
            // Its tokens are looked at where the keys are.
            taking(policy, publication);
            return Ok(Vec::new());
        }
        let (Some(kerberos), Some(table)) = (kerberos, table) else {
            let message =
                "`kerberos` needs the table [kerberos] with the gate's account and its keytab";
            return Err(self.error(&first.methods, message));
        };
        let hosts = taking(policy, publication);
        if hosts.is_empty() && !matches!(role, Role::Authn(_)) {
            let message =
                "nothing that this policy speaks of takes `negotiate`, by which Kerberos comes";
            return Err(self.error(&first.methods, message));
        }
        let services = match &table.accept {
            Some(listed) => self.listed(listed, kerberos)?,
            None if hosts.is_empty() => {
                let message = "the names that gateways publish are not in this file; list their services in \
                               `accept`, as \"HTTP/mail.contoso.com\"";
                return Err(self.error(&table.account, message));
            }
            None => self.published_by(&hosts, table, kerberos)?,
        };
        for service in &services {
            gss::has_key_of(&kerberos.keytab, service).map_err(|error| {
                let message = format!(
                    "{error}; a policy allows `kerberos`, so add the SPN with its key, or list in `accept` \
                     the services that there are"
                );
                ConfigError::new(self.place(table.keytab.span()), message)
            })?;
        }
        Ok(services)
    }

    fn is_of_the_office(&self, policy: &written::Policy) -> Result<(), ConfigError> {
        let zones = policy.zones.as_ref().map(Spanned::get_ref);
        let is_inside = zones.is_some_and(|zones| {
            let mut zones = zones.iter();
            zones.all(|zone| *zone.get_ref() == Zone::INTERNAL.0)
        });
        if !is_inside {
            let message = "Kerberos is for the office: a policy that allows `kerberos` has zones = [\"internal\"]";
            return Err(self.error(&policy.methods, message));
        }
        let by_negotiate = |channels: &Vec<written::Channel>| {
            let mut channels = channels.iter();
            channels.any(|it| matches!(it, written::Channel::Negotiate))
        };
        match &policy.channels {
            Some(channels) if !by_negotiate(channels.get_ref()) => {
                let message = "Kerberos comes by the channel `negotiate`, which is not among these";
                Err(self.error(channels, message))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn listed(
        &self,
        listed: &Spanned<Vec<Spanned<String>>>,
        kerberos: &Kerberos,
    ) -> Result<Vec<Service>, ConfigError> {
        if listed.get_ref().is_empty() {
            let message = "an empty list accepts nothing; leave the key out where the published names are meant";
            return Err(self.error(listed, message));
        }
        let services = listed.get_ref().iter();
        services
            .map(|it| self.parsed(it, Service::new(it.get_ref(), &kerberos.realm)))
            .collect()
    }

    /// Clients ask for a ticket for the name in their address bar.
    fn published_by(
        &self,
        hosts: &[String],
        table: &written::Kerberos,
        kerberos: &Kerberos,
    ) -> Result<Vec<Service>, ConfigError> {
        let service = |host: &String| {
            let service = Service::new(&format!("HTTP/{host}"), &kerberos.realm);
            self.parsed(&table.account, service)
        };
        hosts.iter().map(service).collect()
    }
}

/// Whether a combination as written needs Kerberos; one that cannot be read was refused before.
fn is_kerberos(written: &str) -> bool {
    let read = written.parse::<Combination>();
    read.is_ok_and(|combination| combination.needs(Method::Kerberos))
}

/// The hosts with a path where somebody in the office may come by Kerberos; their services are set down.
fn taking(policy: &Policy, publication: &mut Publication) -> Vec<String> {
    let mut hosts = Vec::new();
    for (name, host) in &publication.hosts {
        let by_negotiate = host
            .routes
            .iter()
            .filter(|route| route.schemes().contains(&Scheme::Negotiate));
        let by_kerberos = [Method::Kerberos].into();
        let mut taking = by_negotiate
            .filter(|route| {
                let name = route.name_in(policy, name);
                let asking = Asking {
                    zone: &Zone::INTERNAL,
                    service: &route.service,
                    route: name.as_ref(),
                    channel: Channel::Negotiate,
                    party: None,
                };
                policy.may_be_met(&asking, &by_kerberos)
            })
            .map(|route| &route.service)
            .peekable();
        if taking.peek().is_some() {
            hosts.push(name.clone());
        }
        publication.kerberos.extend(taking.cloned());
    }
    hosts
}
