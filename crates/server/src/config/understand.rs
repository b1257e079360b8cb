//! From the configuration as written to the configuration as understood.
//!
//! Relative paths are taken from the configuration file's folder. Every name that points to
//! something is checked here, so that nothing is found missing while serving.

mod api;
mod attribute_stores;
mod audit;
mod balancers;
mod behind;
mod branding;
mod checks;
mod directory;
mod farms;
mod kept;
mod kerberos;
mod legacy;
mod listeners;
mod messages;
mod monitoring;
mod names;
mod networks;
mod office;
mod passive;
mod policy;
mod portal;
mod published;
mod remote;
mod store;
mod sts;
mod unprovable;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use super::error::{ConfigError, Place, meant};
use super::settings::{OnwardHeader, Role, Settings};
use super::written::{self, Written};
pub(crate) use legacy::of_the_day;
pub(crate) use policy::{length_of, published_paths};
pub(crate) use published::{is_host_name, is_netbios_name};
use unprovable::Places;

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
    folder: PathBuf,
    farms: BTreeMap<&'a str, &'a written::Farm>,
    /// Every host that the file publishes, in lower case.
    hosts: BTreeSet<String>,
    is_keytab_to_come: bool,
}

impl<'a> Understanding<'a> {
    fn new(file: &'a Path, text: &'a str, written: &'a Written) -> Self {
        // Libraries that are told a path take no relative one.
        let file_itself = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let folder = file_itself.parent().unwrap_or(&file_itself).to_owned();
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
            hosts: published::hosts(written),
            is_keytab_to_come: false,
        }
    }

    fn settings(&self, written: &Written) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        self.is_of_one_role(written, &mut warnings)?;
        let store = self.store(written, &mut warnings)?;
        let kerberos = self.kerberos(written)?;
        let asked = self.realm_of_gateway(written)?;
        let realm = kerberos.as_ref().map(|it| &it.realm).or(asked.as_ref());
        let farms = self.farms(written, realm, &mut warnings)?;
        let role = self.role(written, &farms)?;
        let (mut publication, mut published) = self.publication(written, &mut warnings)?;
        let portal = self.portal(written, (&mut publication, &mut published))?;
        let sts = self.sts(written, (&mut publication, &mut published))?;
        let keep_me_signed_in = self.keep_me_signed_in(written)?;
        self.passive_has_tokens(written)?;
        self.adfs_is_another(written, &publication)?;
        let (branding, logo) = self.branding(written)?;
        let api = self.api(written, (&mut publication, &mut published), &mut warnings)?;
        let messages = self.messages(written, (portal.as_ref(), sts.as_ref()), &mut warnings)?;
        let policy = self.policy(written, (&publication, &role))?;
        let rules = written.policy.iter();
        let rules = rules.map(|rule| self.place(rule.span())).collect();
        let office = (&policy, kerberos.as_ref());
        let mut accepts = self.office(written, (office, &role), &mut publication)?;
        let of_portal = (kerberos.as_ref(), messages.as_ref());
        self.first_by_kerberos(written, of_portal, &mut accepts)?;
        warnings.extend(policy::hides_lync(&policy));
        warnings.extend(policy::bound_to_tls_alone(&policy));
        warnings.extend(written.ntlm.pin.then(|| policy::PIN_ON.to_owned()));
        // Pages that a gateway brings requests for ask the policy of whoever answers.
        let has_pages = !matches!(role, Role::Gateway(_));
        if has_pages {
            warnings.extend(portal.as_ref().and_then(|_| portal::warning(&policy)));
            let of_sts = sts.iter().flat_map(|it| sts::warnings(&policy, it));
            warnings.extend(of_sts);
            let stays = keep_me_signed_in.as_ref();
            warnings.extend(stays.and_then(|it| kept::warning(&policy, *it)));
        }
        let places = Places::of(&publication, &role, (portal.as_ref(), sts.as_ref()));
        warnings.extend(unprovable::warnings(&policy, &places));
        let of_messages = messages::warnings(&policy, messages.as_ref(), (&role, &places));
        warnings.extend(of_messages);
        if policy.rules.is_empty() {
            warnings.push("there is no [[policy]], so nobody can sign in".to_owned());
        }
        publication.policy = policy.clone();
        Ok(Settings {
            listeners: match role {
                Role::Authn(_) => Vec::new(),
                Role::All | Role::Gateway(_) => self.listeners(written)?,
            },
            plain: self.plain_listeners(written)?,
            audit: self.audit(written)?,
            metrics: self.metrics(written)?,
            directory: self.directory(written)?,
            publication: Arc::new(publication),
            portal,
            sts,
            keep_me_signed_in,
            attribute_stores: self.attribute_stores(written)?,
            monitoring: self.monitoring(written)?,
            branding: Arc::new(branding),
            logo,
            api,
            messages,
            published,
            farms,
            policy,
            rules,
            ntlm_pin: written.ntlm.pin,
            default_domain: Some(written.names.domain.get_ref().clone()),
            store,
            onward: self.onward_header(written)?,
            kerberos,
            accepts,
            warnings,
            role,
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

    fn existing(&self, path: &Path, span: Range<usize>) -> Result<PathBuf, ConfigError> {
        let path = self.path(path);
        match std::fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(error) => Err(ConfigError::missing(self.place(span), path, &error)),
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

#[cfg(test)]
mod tests;
