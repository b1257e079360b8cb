//! Which part of a deployment a file is of: all of it, a gateway, or the authentication server (design 10).
//!
//! SECURITY: a gateway's file that names a store, a keytab or a directory is refused: whoever takes a gateway over
//! shall find none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use authn::place::{Service, Zone};
use authn::voucher::{GatewayId, VoucherKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss::Realm;
use toml::Spanned;

use super::Understanding;
use super::published::is_host_name;
use crate::config::ConfigError;
use crate::config::settings::{Answering, Asking, Farm, Identity, Listed, ListedBy, Role};
use crate::config::written::{self, Written};

impl Understanding<'_> {
    /// Demands that a file does not say two things of what it is, and has what it then needs.
    pub(super) fn is_of_one_role(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        if let (Some(authn), Some(_)) = (&written.authn, &written.authn_server) {
            let message = "this file is a gateway's by [authn] and an authentication server's by [authn_server]; \
                           each is a process with a file of its own";
            return Err(self.error(authn, message));
        }
        if written.authn.is_some() {
            return self.has_no_secret(written);
        }
        if written.store.is_none() {
            let message = "there is no [store], where secrets and counters are kept; a gateway without one says in \
                           [authn] whom it asks";
            return Err(ConfigError::new(self.place(0..0), message.to_owned()));
        }
        self.brings_what_is_there(written, warnings)?;
        if let (Some(_), Some(api)) = (&written.authn_server, &written.api) {
            let message = "an authentication server has no API: it is served by a process that has both a [[listener]] \
                           and the [store]";
            return Err(self.error(&api.host, message));
        }
        match (&written.authn_server, written.listener.first()) {
            (Some(_), Some(listener)) => {
                let message = "an authentication server listens for gateways alone ([authn_server]); take the \
                               [[listener]] to the gateways' files";
                Err(self.error(&listener.address, message))
            }
            _ => Ok(()),
        }
    }

    /// Pages of an authentication server are brought by its gateways; what needs the client's own connection is not among
    /// them.
    fn brings_what_is_there(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let Some(server) = &written.authn_server else {
            return Ok(());
        };
        let gateways = &server.get_ref().gateway;
        if gateways.is_empty() {
            warnings.push(
                "no gateway may ask, so that nobody gets in by any: name each in an [[authn_server.gateway]]".to_owned(),
            );
        }
        let is_brought = gateways.iter().any(|it| it.get_ref().pages);
        let has_pages = written.portal.is_some() || written.sts.is_some();
        // SECURITY: whoever shuts a gateway out takes its table away, or its pages, and nothing may keep that file from being
        // taken.
        match (is_brought, has_pages) {
            (true, false) => warnings.push(
                "a gateway may bring requests for pages, and there is neither a [portal] nor an [sts] here".to_owned(),
            ),
            (false, true) => warnings.push(
                "browsers reach [portal] and [sts] through gateways, and none may bring their requests: write `pages = true` \
                 in the [[authn_server.gateway]] that may"
                    .to_owned(),
            ),
            (true, true) | (false, false) => {}
        }
        let by_kerberos = written.portal.as_ref();
        match by_kerberos.and_then(|it| it.enrolment_by_kerberos.as_ref()) {
            Some(key) if *key.get_ref() => {
                let message = "a ticket is bound to the connection that it comes over, which a gateway has: people begin by \
                               Kerberos only where the portal is served by a process with both a [[listener]] and the [store]";
                Err(self.error(key, message))
            }
            _ => Ok(()),
        }
    }

    fn has_no_secret(&self, written: &Written) -> Result<(), ConfigError> {
        let elsewhere = |what: &str| {
            format!(
                "{what} belongs where the authentication server is: a gateway ([authn]) keeps no secret; take it away"
            )
        };
        if let Some(store) = &written.store {
            return Err(self.error(store, &elsewhere("[store]")));
        }
        if let Some(kerberos) = &written.kerberos {
            return Err(self.error(&kerberos.account, &elsewhere("[kerberos]")));
        }
        if let Some(directory) = &written.directory {
            return Err(self.error(&directory.account, &elsewhere("[directory]")));
        }
        if let Some(portal) = &written.portal {
            if let Some(make) = portal.passkey_make.first() {
                return Err(self.error(&make.authority, &elsewhere("`passkey_make`")));
            }
            if let Some(key) = &portal.enrolment_by_kerberos {
                return Err(self.error(key, &elsewhere("`enrolment_by_kerberos`")));
            }
        }
        if let Some(api) = &written.api {
            return Err(self.error(&api.host, &elsewhere("[api]")));
        }
        if let Some(sms) = written.sms.first() {
            return Err(self.error(&sms.name, &elsewhere("[[sms]]")));
        }
        if let Some(smtp) = &written.smtp {
            return Err(self.error(&smtp.server, &elsewhere("[smtp]")));
        }
        Ok(())
    }

    /// The realm of the services that a gateway asks tokens for: that of the domain.
    pub(super) fn realm_of_gateway(&self, written: &Written) -> Result<Option<Realm>, ConfigError> {
        let Some(authn) = &written.authn else {
            return Ok(None);
        };
        let realm = written.names.dns_domain.to_ascii_uppercase();
        let realm = self.parsed(&authn.get_ref().server, realm.parse());
        realm.map(Some)
    }

    pub(super) fn role(
        &self,
        written: &Written,
        farms: &BTreeMap<String, Farm>,
    ) -> Result<Role, ConfigError> {
        if let Some(authn) = &written.authn {
            let asking = self.asking(authn.get_ref())?;
            return Ok(Role::Gateway(Box::new(asking)));
        }
        match &written.authn_server {
            Some(server) => {
                let answering = self.answering(server, farms)?;
                Ok(Role::Authn(Box::new(answering)))
            }
            None => Ok(Role::All),
        }
    }

    fn asking(&self, authn: &written::Authn) -> Result<Asking, ConfigError> {
        let typed = authn.server.get_ref();
        let host = typed.rsplit_once(':').filter(|(host, port)| {
            let is_host = is_host_name(host) || is_address(host);
            is_host && port.parse::<u16>().is_ok_and(|port| port != 0)
        });
        let Some((host, _)) = host else {
            let message =
                format!("`{typed}` is not a server and its port, such as `authn.contoso.com:7443`");
            return Err(self.error(&authn.server, &message));
        };
        let name = authn.name.as_ref();
        if let Some(name) = name.filter(|it| !is_host_name(it.get_ref())) {
            let message = format!("`{}` is not a host name", name.get_ref());
            return Err(self.error(name, &message));
        }
        let pinned = authn.voucher_key.as_ref();
        Ok(Asking {
            server: typed.clone(),
            name: name.map_or_else(
                || host.trim_matches(['[', ']']).to_owned(),
                |name| name.get_ref().clone(),
            ),
            identity: self.identity((&authn.authorities, &authn.certificate, &authn.key))?,
            voucher_key: pinned.map(|it| self.voucher_key(it)).transpose()?,
        })
    }

    fn voucher_key(&self, written: &Spanned<String>) -> Result<VoucherKey, ConfigError> {
        let bytes = STANDARD.decode(written.get_ref()).ok();
        let key = bytes.and_then(|it| it.try_into().ok()).map(VoucherKey);
        key.ok_or_else(|| {
            let message = "this is not the key that `wicketgate gateway voucher-key` prints";
            self.error(written, message)
        })
    }

    fn answering(
        &self,
        server: &Spanned<written::AuthnServer>,
        farms: &BTreeMap<String, Farm>,
    ) -> Result<Answering, ConfigError> {
        let table = server.get_ref();
        let members = farms.values().flat_map(|farm| &farm.members);
        let of_farms = members.filter_map(|member| member.spn.clone());
        let spns = table.spns.iter().map(|it| it.get_ref().clone());
        let usual = [
            Service::LYNC,
            Service::EWS,
            Service::AUTODISCOVER,
            Service::ACTIVESYNC,
        ];
        let services = match &table.services {
            Some(services) => services.iter().map(|it| it.get_ref().clone()).collect(),
            None => usual.into_iter().map(|it| it.0.into_owned()).collect(),
        };
        Ok(Answering {
            address: *table.address.get_ref(),
            identity: self.identity((&table.authorities, &table.certificate, &table.key))?,
            spns: spns.chain(of_farms).collect(),
            services,
            gateways: self.gateways(&table.gateway)?,
        })
    }

    fn gateways(&self, gateways: &[Spanned<written::Gateway>]) -> Result<Vec<Listed>, ConfigError> {
        let mut listed: Vec<Listed> = Vec::new();
        for gateway in gateways {
            let table = gateway.get_ref();
            let new = Listed {
                name: table.name.get_ref().clone(),
                by: self.listed_by(gateway)?,
                zones: self.zones_of(table)?,
                brings_pages: table.pages,
            };
            if listed
                .iter()
                .any(|it| it.name == new.name || it.by == new.by)
            {
                let message = "two gateways have one name or one certificate";
                return Err(self.error(&table.name, message));
            }
            listed.push(new);
        }
        Ok(listed)
    }

    fn listed_by(&self, gateway: &Spanned<written::Gateway>) -> Result<ListedBy, ConfigError> {
        let table = gateway.get_ref();
        match (&table.fingerprint, &table.dns_name) {
            (Some(fingerprint), None) => {
                let id = GatewayId::of_fingerprint(fingerprint.get_ref());
                let message = "this is not the SHA-256 of a certificate: 64 hexadecimal digits, as \
                               `wicketgate gateway enrol` prints them";
                id.map(ListedBy::Certificate)
                    .ok_or_else(|| self.error(fingerprint, message))
            }
            (None, Some(name)) if is_host_name(name.get_ref()) => {
                Ok(ListedBy::DnsName(name.get_ref().to_ascii_lowercase()))
            }
            (None, Some(name)) => {
                let message = format!("`{}` is not a host name", name.get_ref());
                Err(self.error(name, &message))
            }
            _ => {
                let message =
                    "a gateway is known by its `fingerprint` or its `dns_name`: write one of them";
                Err(self.error(&table.name, message))
            }
        }
    }

    fn zones_of(&self, gateway: &written::Gateway) -> Result<BTreeSet<Zone>, ConfigError> {
        match &gateway.zones {
            None => Ok([Zone::EXTERNAL].into()),
            Some(zones) if zones.get_ref().is_empty() => {
                let message =
                    "an empty list names no zone; leave the key out where `external` is meant";
                Err(self.error(zones, message))
            }
            Some(zones) => self.zones(zones.get_ref()),
        }
    }

    fn identity(
        &self,
        (authorities, certificate, key): (&Spanned<PathBuf>, &Spanned<PathBuf>, &Spanned<PathBuf>),
    ) -> Result<Identity, ConfigError> {
        let existing = |path: &Spanned<PathBuf>| self.existing(path.get_ref(), path.span());
        Ok(Identity {
            authorities: existing(authorities)?,
            certificate: existing(certificate)?,
            key: existing(key)?,
            place: self.place(certificate.span()),
        })
    }
}

/// A host or an address with its port, which may be left out where it is the usual one; an address of IPv6 has brackets, and
/// loses them.
pub(super) fn host_and_port(authority: &str, usual: u16) -> Option<(String, u16)> {
    let is_host = |host: &str| is_host_name(host) || is_address(host);
    let with_port = authority.rsplit_once(':').and_then(|(host, port)| {
        let port = port.parse::<u16>().ok().filter(|port| *port != 0)?;
        is_host(host).then_some((host, port))
    });
    let found = with_port.or_else(|| is_host(authority).then_some((authority, usual)));
    found.map(|(host, port)| (host.trim_matches(['[', ']']).to_owned(), port))
}

pub(super) fn is_address(host: &str) -> bool {
    let host = host
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
        .unwrap_or(host);
    host.parse::<std::net::IpAddr>().is_ok()
}
