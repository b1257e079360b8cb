//! `[portal]`: the host of our own pages, which no route of a back end shares.

use std::collections::BTreeMap;

use authn::credential::passkey::{Make, RelyingParty};
use authn::place::{self, Zone};
use authn::policy::Policy;
use authn::sign_in::Requirement;
use gateway::route::{Host, Publication};
use gss::Service;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::settings::messages::Messages;
use crate::config::settings::{Kerberos, Place, Portal};
use crate::config::written::{PasskeyMake, Written};

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
        let with = ("the portal", portal.public_port);
        let (_, origin) = self.own_host(&portal.host, with, (publication, published))?;
        let makes = portal.passkey_make.iter().map(|it| self.make(it));
        let makes = makes.collect::<Result<Vec<_>, _>>()?;
        RelyingParty::of(&origin, &makes)
            .map_err(|error| self.error(&portal.host, &error.to_string()))?;
        let from_office = portal.enrolment_by_kerberos.as_ref();
        Ok(Some(Portal {
            origin,
            makes,
            from_office: from_office.is_some_and(|it| *it.get_ref()),
        }))
    }

    /// The service whose tickets the portal takes, where people begin by Kerberos there; among what is accepted already, or
    /// beside it.
    pub(super) fn first_by_kerberos(
        &self,
        written: &Written,
        (kerberos, messages): (Option<&Kerberos>, Option<&Messages>),
        accepts: &mut Vec<Service>,
    ) -> Result<(), ConfigError> {
        let portal = written.portal.as_ref();
        let from_office = portal.and_then(|it| it.enrolment_by_kerberos.as_ref());
        let (Some(portal), Some(key)) = (portal, from_office.filter(|it| *it.get_ref())) else {
            return Ok(());
        };
        let (Some(kerberos), Some(table)) = (kerberos, &written.kerberos) else {
            let message = "it needs the table [kerberos] with the gate's account and its keytab";
            return Err(self.error(key, message));
        };
        if messages.is_none_or(|it| it.smtp.is_none()) {
            let message = "it needs [smtp]: whoever begins so is told of it by mail";
            return Err(self.error(key, message));
        }
        let mut listeners = written.listener.iter();
        if !listeners.any(|it| !it.internal_networks.is_empty()) {
            let message = "it is for the office: no [[listener]] has `internal_networks`";
            return Err(self.error(key, message));
        }
        let host = self.host(&portal.host)?;
        let service = Service::new(&format!("HTTP/{host}"), &kerberos.realm);
        let service = self.parsed(&portal.host, service)?;
        gss::has_key_of(&kerberos.keytab, &service).map_err(|error| {
            let message =
                format!("{error}; people begin by Kerberos there, so add the SPN with its key");
            ConfigError::new(self.place(table.keytab.span()), message)
        })?;
        if !accepts.contains(&service) {
            accepts.push(service);
        }
        Ok(())
    }

    /// A host of our own, which no back end shares; gives its name, and its origin as browsers write it.
    pub(super) fn own_host(
        &self,
        host: &Spanned<String>,
        (whose, public_port): (&str, Option<u16>),
        (publication, published): (&mut Publication, &mut BTreeMap<String, Place>),
    ) -> Result<(String, String), ConfigError> {
        let name = self.host(host)?;
        let place = self.place(host.span());
        if let Some(other) = published.insert(name.clone(), place.clone()) {
            let message = format!(
                "`{name}` is published in line {} too; {whose} has a host of its own",
                other.line()
            );
            return Err(ConfigError::new(place, message));
        }
        let public_port = public_port.filter(|port| *port != 443);
        let port = public_port.map_or(String::new(), |port| format!(":{port}"));
        let origin = format!("https://{name}{port}");
        let host = Host {
            is_ours: true,
            public_port,
            origin: Some(origin.clone()),
            ..Host::default()
        };
        publication.hosts.insert(name.clone(), host);
        Ok((name, origin))
    }

    /// A make of device whose passkeys are enrolled, with the certificate of its maker.
    fn make(&self, make: &PasskeyMake) -> Result<Make, ConfigError> {
        let PasskeyMake { authority, aaguids } = make;
        let file = self.existing(authority.get_ref(), authority.span())?;
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| {
            self.error(
                authority,
                &format!("`{}` cannot be read: {error}", file.display()),
            )
        })?;
        let read = aaguids.get_ref().iter().map(|text| {
            let read = aaguid(text);
            read.ok_or_else(|| {
                let message = format!(
                    "`{text}` is not an AAGUID such as 2fc0579f-8113-47ea-b116-bb5a8db9202a"
                );
                self.error(aaguids, &message)
            })
        });
        let make = Make {
            authority: text,
            aaguids: read.collect::<Result<_, _>>()?,
        };
        // Any name will do to see whether the certificate is one.
        let usable = RelyingParty::of("https://localhost", std::slice::from_ref(&make));
        let usable = usable.map(drop);
        usable.map_err(|error| self.error(authority, &error.to_string()))?;
        Ok(make)
    }
}

/// Reads 16 bytes as they are published: in hexadecimal, with four dashes.
fn aaguid(text: &str) -> Option<[u8; 16]> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    if lengths != [8, 4, 4, 4, 12] || !text.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit()) {
        return None;
    }
    let digits = text.replace('-', "");
    u128::from_str_radix(&digits, 16)
        .ok()
        .map(u128::to_be_bytes)
}

/// Whether nobody can sign in to the portal, or by one factor from outside.
pub(super) fn warning(policy: &Policy) -> Option<String> {
    let required = |zone: &Zone| Requirement::of(policy, zone, &place::Service::PORTAL);
    let by_passkey = [Zone::EXTERNAL, Zone::INTERNAL]
        .iter()
        .any(|zone| Requirement::passkey(policy, zone, &place::Service::PORTAL).is_some());
    match (required(&Zone::EXTERNAL), required(&Zone::INTERNAL)) {
        (Some(Requirement::Secret), _) => Some(
            "a [[policy]] lets people into the portal from outside by a memorised secret alone; write \
             methods = [\"memorised-secret + one-time-code\"]"
                .to_owned(),
        ),
        (None, None) if !by_passkey => Some(
            "nobody can sign in to the portal: add a [[policy]] with services = [\"portal\"] and methods = \
             [\"memorised-secret + one-time-code\"], before those that speak of anything"
                .to_owned(),
        ),
        _ => None,
    }
}
