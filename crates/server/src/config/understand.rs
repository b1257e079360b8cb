//! From the configuration as written to the configuration as understood.
//!
//! Relative paths are taken from the configuration file's folder. Every name that points to
//! something is checked here, so that nothing is found missing while serving.

mod balancers;
mod checks;
mod directory;
mod farms;
mod kerberos;
mod legacy;
mod listeners;
mod networks;
mod office;
mod published;
mod store;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use gateway::route::Publication;
use toml::Spanned;

use super::error::{ConfigError, Place, meant};
use super::settings::{OnwardHeader, Settings};
use super::written::{self, Written};
pub(crate) use legacy::of_the_day;
pub(crate) use published::is_host_name;

/// Understands a whole configuration.
///
/// # Errors
///
/// The first thing that is wrong, with its place.
pub(crate) fn understand(
    file: &Path,
    text: &str,
    written: Written,
) -> Result<Settings, ConfigError> {
    Understanding::new(file, text, &written).settings(&written)
}

/// Understands a configuration whose keytab is about to be written.
///
/// # Errors
///
/// As [`understand`].
pub(crate) fn understand_for_keytab(
    file: &Path,
    text: &str,
    written: Written,
) -> Result<Settings, ConfigError> {
    let understanding = Understanding {
        is_keytab_to_come: true,
        ..Understanding::new(file, text, &written)
    };
    understanding.settings(&written)
}

/// What is needed to understand a part: where it stands, and the farms it may name.
struct Understanding<'a> {
    file: &'a Path,
    text: &'a str,
    folder: &'a Path,
    farms: BTreeMap<&'a str, &'a written::Farm>,
    is_keytab_to_come: bool,
}

impl<'a> Understanding<'a> {
    fn new(file: &'a Path, text: &'a str, written: &'a Written) -> Self {
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        let farms = written
            .farm
            .iter()
            .map(|farm| (farm.name.get_ref().as_str(), farm))
            .collect();
        Self {
            file,
            text,
            folder,
            farms,
            is_keytab_to_come: false,
        }
    }

    fn settings(&self, written: &Written) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        let (database, store_place) = self.database(written, &mut warnings)?;
        let kerberos = self.kerberos(written)?;
        let realm = kerberos.as_ref().map(|it| &it.realm);
        let farms = self.farms(written, realm, &mut warnings)?;
        let (mut publication, published) = self.publication(written, &mut warnings)?;
        let policy = self.policy(written, &publication)?;
        let office = (&policy, kerberos.as_ref());
        let accepts = self.office(written, office, &mut publication)?;
        warnings.extend(hides_lync(&policy));
        if policy.rules.is_empty() {
            warnings.push("there is no [[policy]], so nobody can sign in".to_owned());
        }
        publication.policy = policy.clone();
        Ok(Settings {
            listeners: self.listeners(written)?,
            plain: self.plain_listeners(written)?,
            metrics: self.metrics(written)?,
            directory: self.directory(written)?,
            publication: Arc::new(publication),
            published,
            farms,
            policy,
            default_domain: Some(written.names.domain.clone()),
            database,
            store_place,
            key_file: self.path(written.store.key_file.get_ref()),
            key_place: self.place(written.store.key_file.span()),
            onward: self.onward_header(written)?,
            kerberos,
            accepts,
            warnings,
        })
    }

    fn onward_header(&self, written: &Written) -> Result<Option<OnwardHeader>, ConfigError> {
        let Some(onward) = &written.onward else {
            return Ok(None);
        };
        Ok(Some(OnwardHeader {
            key: self.existing(onward.key.get_ref(), onward.key.span())?,
            issuer: onward.issuer.clone(),
            place: self.place(onward.key.span()),
        }))
    }

    fn farm(&self, name: &Spanned<String>) -> Result<&written::Farm, ConfigError> {
        let typed = name.get_ref().as_str();
        self.farms.get(typed).copied().ok_or_else(|| {
            let hint = meant(typed, self.farms.keys().copied())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            self.error(name, &format!("there is no [[farm]] named `{typed}`{hint}"))
        })
    }

    fn policy(&self, written: &Written, publication: &Publication) -> Result<Policy, ConfigError> {
        let routes = publication.hosts.values().flat_map(|host| &host.routes);
        let services: Vec<&str> = routes.map(|route| &*route.service.0).collect();
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
                methods: policy
                    .methods
                    .get_ref()
                    .iter()
                    .copied()
                    .map(method)
                    .collect(),
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

    fn existing(&self, path: &Path, span: Range<usize>) -> Result<PathBuf, ConfigError> {
        let path = self.path(path);
        match std::fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                Err(ConfigError::new(self.place(span), message))
            }
        }
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    fn error<T>(&self, place: &Spanned<T>, message: &str) -> ConfigError {
        ConfigError::new(self.place(place.span()), message.to_owned())
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.file, self.text, Some(span))
    }

    /// The line that something begins in.
    fn line(&self, span: Range<usize>) -> usize {
        self.place(span).line()
    }
}

/// Whether Lync's clients find no way to sign in where a rule wants them to: they look for the port of Negotiate
/// alone, and answer with NTLM there.
fn hides_lync(policy: &Policy) -> Option<String> {
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
    }
}

fn method(written: written::Method) -> Method {
    match written {
        written::Method::AppPassword => Method::AppPassword,
        written::Method::Kerberos => Method::Kerberos,
    }
}

#[cfg(test)]
mod tests;
