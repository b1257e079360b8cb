//! Kerberos: the gate's account and its controllers, and which back ends are told by it who the user is.

use std::path::Path;

use gss::{Principal, Realm, Service};
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::{Controllers, DomainService, Kerberos};
use crate::config::written::{self, Written};

/// The port of a domain controller's Kerberos (RFC 4120 7.2).
const KERBEROS_PORT: u16 = 88;

impl Understanding<'_> {
    pub(super) fn kerberos(&self, written: &Written) -> Result<Option<Kerberos>, ConfigError> {
        let Some(kerberos) = &written.kerberos else {
            return Ok(None);
        };
        let realm = match &kerberos.realm {
            Some(realm) => self.parsed(realm, realm.get_ref().parse()),
            None => {
                let realm = written.names.dns_domain.to_ascii_uppercase();
                self.parsed(&kerberos.account, realm.parse())
            }
        };
        let realm: Realm = realm?;
        let account = Principal::new(kerberos.account.get_ref(), &realm);
        let controllers = match &kerberos.controllers {
            Some(controllers) => {
                let controllers = controllers.iter().map(|it| self.controller(it));
                Controllers::Listed(controllers.collect::<Result<_, _>>()?)
            }
            None => {
                let domain = realm.to_string().to_ascii_lowercase();
                Controllers::InDns(DomainService::Kerberos(domain))
            }
        };
        if controllers == Controllers::Listed(Vec::new()) {
            let message = "nobody can be asked without a domain controller: name one in `controllers`, or leave \
                           that out and have DNS name them";
            return Err(self.error(&kerberos.account, message));
        }
        let folder = match &kerberos.folder {
            Some(folder) => self.path(folder.get_ref()),
            None => {
                let store = written.store.as_ref().map(Spanned::get_ref);
                let Some(file) = store.and_then(|it| it.file.as_ref()) else {
                    let message = "[kerberos] needs a `folder` that the gate may write to, as in \
                                   `folder = \"/var/lib/wicketgate/kerberos\"`";
                    return Err(self.error(&kerberos.account, message));
                };
                let file = self.path(file.get_ref());
                file.parent().unwrap_or(Path::new("/")).join("kerberos")
            }
        };
        Ok(Some(Kerberos {
            account: self.parsed(&kerberos.account, account)?,
            realm,
            keytab: match self.is_keytab_to_come {
                true => self.path(kerberos.keytab.get_ref()),
                false => self
                    .existing(kerberos.keytab.get_ref(), kerberos.keytab.span())
                    .map_err(|error| {
                        error.with_hint(
                            "`wicketgate ad join` makes the gate's account and its keytab",
                        )
                    })?,
            },
            controllers,
            folder,
        }))
    }

    /// The service of a back end's SPN, where the configuration has what it takes to get a ticket for it.
    pub(super) fn service(
        &self,
        spn: &Spanned<String>,
        realm: Option<&Realm>,
    ) -> Result<String, ConfigError> {
        let Some(realm) = realm else {
            let message = "spn needs the table [kerberos] with the gate's account and its keytab";
            return Err(self.error(spn, message));
        };
        self.parsed(spn, Service::new(spn.get_ref(), realm))?;
        Ok(spn.get_ref().clone())
    }

    /// Whether a farm is told by Kerberos, and if so, that all its members are and nothing else tells it.
    pub(super) fn is_told_by_kerberos(&self, farm: &written::Farm) -> Result<bool, ConfigError> {
        let of_members = farm.member.iter().map(|it| it.get_ref().spn.as_ref());
        let (with, without): (Vec<_>, Vec<_>) = of_members.partition(Option::is_some);
        let spn = farm.spn.as_ref().or(with.into_iter().flatten().next());
        let Some(spn) = spn else { return Ok(false) };
        if !without.is_empty() && farm.spn.is_none() {
            let message =
                "a member of this farm has an `spn` and another has none: write it in each";
            return Err(self.error(spn, message));
        }
        if let Some(header) = &farm.identity_header {
            let message = "a back end is told who the user is by Kerberos (`spn`) or by a header, not \
                           by both; take one away";
            return Err(self.error(header, message));
        }
        Ok(true)
    }

    /// A host or address with its port.
    fn controller(&self, written: &Spanned<String>) -> Result<String, ConfigError> {
        let typed = written.get_ref().as_str();
        let is_host = |host: &str| {
            super::published::is_host_name(host) || host.parse::<std::net::IpAddr>().is_ok()
        };
        if is_host(typed) {
            return Ok(match typed.contains(':') {
                true => format!("[{typed}]:{KERBEROS_PORT}"),
                false => format!("{typed}:{KERBEROS_PORT}"),
            });
        }
        let with_port = typed.rsplit_once(':').is_some_and(|(host, port)| {
            let host = host
                .strip_prefix('[')
                .and_then(|it| it.strip_suffix(']'))
                .unwrap_or(host);
            is_host(host) && port.parse::<u16>().is_ok_and(|port| port != 0)
        });
        if with_port {
            return Ok(typed.to_owned());
        }
        let message = format!("`{typed}` is not a domain controller such as `dc1.contoso.com`");
        Err(self.error(written, &message))
    }

    pub(super) fn parsed<T>(
        &self,
        written: &Spanned<String>,
        parsed: Result<T, impl std::fmt::Display>,
    ) -> Result<T, ConfigError> {
        parsed.map_err(|error| self.error(written, &error.to_string()))
    }
}
