//! `[sts]`: the host of the security token service, and what it calls itself.

use std::collections::BTreeMap;

use authn::place::{Channel, Service, Zone};
use authn::policy::{Asking, Factors, Policy};
use authn::sign_in::{Purpose, Requirement};
use gateway::route::Publication;
use sts::flow::wsfed::Identity;
use sts::trust::Identifier;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::Place;
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// The security token service, its host published among the others; no back end shares it.
    pub(super) fn sts(
        &self,
        written: &Written,
        (publication, published): (&mut Publication, &mut BTreeMap<String, Place>),
    ) -> Result<Option<Identity>, ConfigError> {
        let Some(sts) = &written.sts else {
            return Ok(None);
        };
        let with = ("the security token service", sts.public_port);
        let hosts = (&mut *publication, published);
        let (name, origin) = self.own_host(&sts.host, with, hosts)?;
        if let Some(host) = publication.hosts.get_mut(&name) {
            host.is_sts = true;
            host.takes_username_tokens = sts.usernamemixed;
        }
        let identifier = match &sts.identifier {
            Some(identifier) => Identifier::parse(identifier.get_ref())
                .map_err(|error| self.error(identifier, &error.to_string()))?,
            None => Identifier::parse(&format!("http://{name}/adfs/services/trust"))
                .map_err(|error| self.error(&sts.host, &error.to_string()))?,
        };
        Ok(Some(Identity {
            identifier,
            origin,
            display_name: sts.display_name.clone().unwrap_or(name),
            domain: written.names.dns_domain.clone(),
            is_active: sts.usernamemixed,
            is_idp_initiated: sts.idp_initiated_sign_on,
        }))
    }
}

impl Understanding<'_> {
    /// A passive pool takes tokens of a token service that writes them down where this gate asks (decision 0015).
    pub(super) fn passive_has_tokens(&self, written: &Written) -> Result<(), ConfigError> {
        let is_elsewhere = written.authn.is_some();
        let passive = |pool: &&written::LyncPool| pool.passive.unwrap_or(false);
        match written.lync.pool.iter().find(passive) {
            Some(pool) if written.sts.is_none() && !is_elsewhere => {
                let message = "a pool in passive mode takes the tokens of our own security token service, and there is no \
                               [sts]: add one, with the `host` that browsers are sent to";
                Err(self.error(&pool.web_host, message))
            }
            _ => Ok(()),
        }
    }
}

/// Where nobody can sign in for other parties, or by one factor from outside, on the page or by a program's message.
pub(super) fn warnings(policy: &Policy, identity: &Identity) -> Vec<String> {
    let active = Some(()).filter(|()| identity.is_active);
    let active = active.and_then(|()| of_messages(policy));
    of_pages(policy).into_iter().chain(active).collect()
}

/// The least that is enough from outside where it is not two factors.
fn of_messages(policy: &Policy) -> Option<String> {
    let parties = policy.parties();
    let askings = parties.iter().map(|party| Asking {
        zone: &Zone::EXTERNAL,
        service: &Service::STS,
        route: None,
        channel: Channel::UsernameToken,
        party: party.as_ref(),
    });
    let askings: Vec<Asking<'_>> = askings.collect();
    let mut enough = askings.iter().flat_map(|asking| {
        let deciding = policy.deciding(asking).into_iter();
        deciding.flat_map(move |it| {
            let combinations = it.rule.combinations(asking);
            combinations.map(move |combination| (combination, Factors::of(combination, it.rule)))
        })
    });
    let (combination, factors) = enough.find(|(_, factors)| !factors.are_two())?;
    Some(format!(
        "a [[policy]] lets programs sign in for other parties (`usernamemixed`) from outside by `{combination}`, which is {}; \
         write \"memorised-secret + one-time-code\" or \"app-password + one-time-code\", or give an app password a `lease`",
        factors.as_str()
    ))
}

fn of_pages(policy: &Policy) -> Option<String> {
    let parties = policy.parties();
    let required = |zone: &Zone| {
        let asked = parties.iter().filter_map(|party| {
            let purpose = Purpose {
                service: &Service::STS,
                party: party.as_ref(),
            };
            Requirement::of(policy, zone, purpose)
        });
        asked.collect::<Vec<Requirement>>()
    };
    let (outside, inside) = (required(&Zone::EXTERNAL), required(&Zone::INTERNAL));
    match (outside.is_empty(), inside.is_empty()) {
        _ if outside.contains(&Requirement::Secret) => Some(
            "a [[policy]] lets people sign in for other parties (`sts`) from outside by a memorised secret alone; write \
             methods = [\"memorised-secret + one-time-code\"]"
                .to_owned(),
        ),
        (true, true) => Some(
            "nobody can sign in for other parties: add a [[policy]] with services = [\"sts\"] and methods = \
             [\"memorised-secret + one-time-code\"], before those that speak of anything"
                .to_owned(),
        ),
        _ => None,
    }
}
