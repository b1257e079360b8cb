//! `[directory]`: whom to ask about people, and as whom.

use std::time::Duration;

use authn::directory::{KEPT, MAX_MORE};
use proto::kerberos::Sid;
use toml::Spanned;

use super::{Understanding, is_host_name};
use crate::config::ConfigError;
use crate::config::settings::{Controllers, Directory, DomainService};
use crate::config::written::{self, Written};

/// Seconds from one reading to the next, at most: what the directory says must hold here within a minute.
const REFRESH: u32 = 30;
/// The same at least.
const LEAST_REFRESH: u32 = 5;
/// The longest name of an attribute, in characters.
const MAX_ATTRIBUTE: usize = 64;
/// Whoever administers Exchange or Lync is never passed on.
const REFUSED_GROUPS: [&str; 3] = [
    "Organization Management",
    "RTCUniversalServerAdmins",
    "CsAdministrator",
];

impl Understanding<'_> {
    pub(super) fn directory(&self, written: &Written) -> Result<Option<Directory>, ConfigError> {
        let Some(directory) = &written.directory else {
            return Ok(None);
        };
        let controllers = self.directory_controllers(directory, &written.names.dns_domain)?;
        for name in [Some(&directory.account), directory.base.as_ref()]
            .into_iter()
            .flatten()
        {
            if name.get_ref().trim().is_empty() {
                let message = "it is empty, and an empty name is anybody's";
                return Err(self.error(name, message));
            }
        }
        for group in directory.refused_groups.iter().flatten() {
            if group.get_ref().trim().is_empty() {
                return Err(self.error(group, "a group has a name"));
            }
            let looks_like_a_sid = group.get_ref().starts_with("S-1-");
            if let (true, Err(error)) = (looks_like_a_sid, group.get_ref().parse::<Sid>()) {
                return Err(self.error(group, &error.to_string()));
            }
        }
        let refused = directory.refused_groups.as_ref().map_or_else(
            || REFUSED_GROUPS.map(str::to_owned).to_vec(),
            |groups| groups.iter().map(|group| group.get_ref().clone()).collect(),
        );
        let attributes = self.attributes(&directory.attributes)?;
        let refresh = match &directory.refresh {
            None => REFRESH,
            Some(given) => match *given.get_ref() {
                seconds if (LEAST_REFRESH..=REFRESH).contains(&seconds) => seconds,
                other => {
                    let message =
                        format!("`{other}` is not a number from {LEAST_REFRESH} to {REFRESH}");
                    return Err(self.error(given, &message));
                }
            },
        };
        let authorities = &directory.authorities;
        Ok(Some(Directory {
            controllers,
            authorities: self.existing(authorities.get_ref(), authorities.span())?,
            account: directory.account.get_ref().trim().to_owned(),
            base: directory.base.as_ref().map(|base| base.get_ref().clone()),
            global_catalog: directory.global_catalog,
            refused_groups: refused,
            attributes,
            refresh: Duration::from_secs(u64::from(refresh)),
        }))
    }

    /// What else is read of everybody, once each.
    fn attributes(&self, written: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
        let mut attributes: Vec<String> = Vec::new();
        for attribute in written {
            let name = attribute.get_ref();
            let is_letter = |it: char| it.is_ascii_alphanumeric() || it == '-';
            let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
            if !begins || !name.chars().all(is_letter) || name.len() > MAX_ATTRIBUTE {
                let message =
                    "an attribute is called as in the directory's schema, as `extensionAttribute1`";
                return Err(self.error(attribute, message));
            }
            if is_never_read(name) {
                let message = "what proves who somebody is, is no claim, and is not read";
                return Err(self.error(attribute, message));
            }
            let mut known = KEPT
                .iter()
                .copied()
                .chain(attributes.iter().map(String::as_str));
            if known.any(|it| it.eq_ignore_ascii_case(name)) {
                continue;
            }
            if attributes.len() >= MAX_MORE {
                let message = format!("at most {MAX_MORE} more attributes are read");
                return Err(self.error(attribute, &message));
            }
            attributes.push(name.clone());
        }
        Ok(attributes)
    }

    /// Who is asked: by names that their certificates bear, or whoever DNS names.
    fn directory_controllers(
        &self,
        directory: &written::Directory,
        dns_domain: &str,
    ) -> Result<Controllers, ConfigError> {
        let mut controllers = Vec::new();
        let listed = directory.controllers.as_ref();
        for controller in listed.into_iter().flat_map(Spanned::get_ref) {
            let typed = controller.get_ref();
            if !is_host_name(typed) || !typed.contains('.') {
                let message = format!(
                    "`{typed}` is not the name of a domain controller such as `dc1.contoso.com`, without \
                     scheme and port"
                );
                return Err(self.error(controller, &message));
            }
            controllers.push(typed.to_ascii_lowercase());
        }
        match listed {
            Some(listed) if controllers.is_empty() => {
                let message = "at least one domain controller is needed: name one, or leave `controllers` out and \
                               have DNS name them; take [directory] away where there is none";
                Err(self.error(listed, message))
            }
            Some(_) => Ok(Controllers::Listed(controllers)),
            None => {
                let domain = dns_domain.to_ascii_lowercase();
                Ok(Controllers::InDns(DomainService::Ldap(domain)))
            }
        }
    }
}

/// SECURITY: a password is no claim, whichever service wrote it there, and no reader of ours holds it.
fn is_never_read(attribute: &str) -> bool {
    let name = attribute.to_ascii_lowercase();
    name.contains("password") || name.ends_with("pwd") || name.ends_with("pwdhistory")
}
