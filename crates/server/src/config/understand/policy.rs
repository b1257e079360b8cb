//! The policy: each `[[policy]]` in the order in which it stands, with every name that it speaks of known.

use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Combination, CombinationParseError, Policy, Rule};
use gateway::route::Publication;
use toml::Spanned;

use super::Understanding;
use crate::config::error::{ConfigError, meant};
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// The rules, in the order in which they were written.
    pub(super) fn policy(
        &self,
        written: &Written,
        publication: &Publication,
    ) -> Result<Policy, ConfigError> {
        let routes = publication.hosts.values().flat_map(|host| &host.routes);
        let portal = Service::PORTAL;
        let mut services: Vec<&str> = routes.map(|route| &*route.service.0).collect();
        services.extend(written.portal.iter().map(|_| &*portal.0));
        let mut rules = Vec::new();
        for policy in &written.policy {
            rules.push(Rule {
                zones: self.zones(self.named(policy.zones.as_ref())?)?,
                services: self.services(self.named(policy.services.as_ref())?, &services)?,
                channels: self
                    .named(policy.channels.as_ref())?
                    .iter()
                    .copied()
                    .map(channel)
                    .collect(),
                methods: self.combinations(policy.methods.get_ref())?,
            });
        }
        Ok(Policy { rules })
    }

    /// What a list names; nothing where it is left out, which means anything.
    ///
    /// SECURITY: a list that somebody emptied would mean the same, and they meant the opposite.
    fn named<'l, T>(&self, list: Option<&'l Spanned<Vec<T>>>) -> Result<&'l [T], ConfigError> {
        match list {
            Some(list) if list.get_ref().is_empty() => {
                let message = "an empty list names nothing; leave the key out where anything is \
                               meant, or take the [[policy]] away";
                Err(self.error(list, message))
            }
            Some(list) => Ok(list.get_ref()),
            None => Ok(&[]),
        }
    }

    fn combinations(&self, written: &[Spanned<String>]) -> Result<Vec<Combination>, ConfigError> {
        let combination = |text: &Spanned<String>| {
            text.get_ref().parse::<Combination>().map_err(|error| {
                let expected = expected(&error);
                self.error(text, &format!("{error}; {expected}"))
            })
        };
        written.iter().map(combination).collect()
    }

    fn zones<Z: FromIterator<Zone>>(&self, names: &[Spanned<String>]) -> Result<Z, ConfigError> {
        let zone = |name: &Spanned<String>| match name.get_ref().as_str() {
            "external" => Ok(Zone::EXTERNAL),
            "internal" => Ok(Zone::INTERNAL),
            other => {
                let message = format!("there is no zone `{other}`: `external` or `internal`");
                Err(self.error(name, &message))
            }
        };
        names.iter().map(zone).collect()
    }

    fn services<S: FromIterator<Service>>(
        &self,
        names: &[Spanned<String>],
        published: &[&str],
    ) -> Result<S, ConfigError> {
        let service = |name: &Spanned<String>| {
            let typed = name.get_ref().as_str();
            if published.contains(&typed) {
                return Ok(Service(typed.to_owned().into()));
            }
            let hint = meant(typed, published.iter().copied())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            Err(self.error(
                name,
                &format!("nothing published is the service `{typed}`{hint}"),
            ))
        };
        names.iter().map(service).collect()
    }
}

/// Whether Lync's clients find no way to sign in where a rule wants them to: they look for the port of Negotiate
/// alone, and answer with NTLM there.
pub(super) fn hides_lync(policy: &Policy) -> Option<String> {
    let hides = |rule: &&Rule| {
        let is_lyncs = rule.services.is_empty() || rule.services.contains(&Service::LYNC);
        let channels = &rule.channels;
        is_lyncs && channels.contains(&Channel::Ntlm) && !channels.contains(&Channel::Negotiate)
    };
    policy.rules.iter().find(hides).map(|_| {
        "a [[policy]] for `lync` has the channel `ntlm` without `negotiate`: Lync's clients look for the port \
         of `negotiate` alone, and find none; add it"
            .to_owned()
    })
}

fn channel(written: written::Channel) -> Channel {
    match written {
        written::Channel::Ntlm => Channel::Ntlm,
        written::Channel::Negotiate => Channel::Negotiate,
        written::Channel::Basic => Channel::Basic,
        written::Channel::UsernameToken => Channel::UsernameToken,
        written::Channel::Grant => Channel::Grant,
        written::Channel::Page => Channel::Page,
    }
}

/// What was probably meant in the place of what is no combination.
fn expected(error: &CombinationParseError) -> String {
    let words = Method::ALL.map(Method::as_str);
    match error {
        CombinationParseError::Unknown(typed) => match meant(typed, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("expected one of `{}`", words.join("`, `")),
        },
        CombinationParseError::Twice(_) => "name it once".to_owned(),
    }
}
