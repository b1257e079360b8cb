//! `[audit]`: how long the trail is kept, and who gets it, too.

use std::path::PathBuf;

use jiff::SignedDuration;
use proto::syslog::Facility;
use toml::Spanned;

use super::Understanding;
use super::policy::length_of;
use super::published::is_host_name;
use super::remote::is_address;
use crate::config::settings::audit::{Audit, Syslog};
use crate::config::written::{self, Written};
use crate::config::{ConfigError, meant};

/// The shortest that the trail may be kept: who was away for a weekend still finds what happened.
const SHORTEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The longest name of a program (RFC 5424 6).
const MAX_APP: usize = 48;
/// The longest name of a machine.
const MAX_HOST: usize = 255;

impl Understanding<'_> {
    /// How the trail is kept.
    pub(super) fn audit(&self, written: &Written) -> Result<Audit, ConfigError> {
        let audit = &written.audit;
        if let (Some(authn), true) = (
            &written.authn,
            audit.keep.is_some() || audit.syslog.is_some(),
        ) {
            let message = "[audit] belongs where the authentication server is: a gateway ([authn]) keeps no trail; take it \
                           away";
            return Err(self.error(authn, message));
        }
        let keep = audit.keep.as_ref().map(|it| self.kept(it)).transpose()?;
        let syslog = audit.syslog.as_ref();
        let syslog = syslog.map(|it| self.syslog(it)).transpose()?;
        Ok(Audit { keep, syslog })
    }

    fn kept(&self, written: &Spanned<String>) -> Result<SignedDuration, ConfigError> {
        let typed = written.get_ref();
        let read = length_of(typed).filter(|it| *it >= SHORTEST);
        read.ok_or_else(|| {
            let message =
                format!("`{typed}` is not a length of time as `400 days`, of 7 days at the least");
            self.error(written, &message)
        })
    }

    fn syslog(&self, written: &written::Syslog) -> Result<Syslog, ConfigError> {
        let (host, port) = self.collector(&written.server)?;
        let name = match &written.name {
            None => host.clone(),
            Some(name) if is_host_name(name.get_ref()) => name.get_ref().clone(),
            Some(name) => {
                let message = format!("`{}` is not a host name", name.get_ref());
                return Err(self.error(name, &message));
            }
        };
        Ok(Syslog {
            host,
            port,
            name,
            authorities: self.authorities(written.authorities.as_ref())?,
            identity: self.own_certificate(written)?,
            receipt: written.receipt,
            facility: self.facility(written.facility.as_ref())?,
            app_name: self
                .word(written.app_name.as_ref(), MAX_APP)?
                .unwrap_or_else(|| "wicketgate".to_owned()),
            host_name: self
                .word(written.host_name.as_ref(), MAX_HOST)?
                .unwrap_or_else(this_machine),
        })
    }

    fn collector(&self, written: &Spanned<String>) -> Result<(String, u16), ConfigError> {
        let typed = written.get_ref();
        let found = typed.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok().filter(|port| *port != 0)?;
            let is_host = is_host_name(host) || is_address(host);
            is_host.then(|| (host.trim_matches(['[', ']']).to_owned(), port))
        });
        found.ok_or_else(|| {
            let message = format!(
                "`{typed}` is not a collector and its port, such as `logs.contoso.com:6514`"
            );
            self.error(written, &message)
        })
    }

    fn own_certificate(
        &self,
        written: &written::Syslog,
    ) -> Result<Option<(PathBuf, PathBuf)>, ConfigError> {
        match (&written.certificate, &written.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some((
                self.existing(certificate.get_ref(), certificate.span())?,
                self.existing(key.get_ref(), key.span())?,
            ))),
            (Some(alone), None) | (None, Some(alone)) => {
                let message = "a certificate and its key go together: `certificate` and `key`";
                Err(self.error(alone, message))
            }
        }
    }

    fn facility(&self, written: Option<&Spanned<String>>) -> Result<Facility, ConfigError> {
        let Some(written) = written else {
            return Ok(Facility::AUTHPRIV);
        };
        let typed = written.get_ref();
        Facility::of_word(typed).ok_or_else(|| {
            let hint = meant(typed, Facility::words())
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            let known: Vec<&str> = Facility::words().collect();
            let message = format!("`{typed}` is not one of {}{hint}", known.join(", "));
            self.error(written, &message)
        })
    }

    /// A field of the header of a message.
    fn word(
        &self,
        written: Option<&Spanned<String>>,
        most: usize,
    ) -> Result<Option<String>, ConfigError> {
        let Some(written) = written else {
            return Ok(None);
        };
        let typed = written.get_ref();
        let is_word = (1..=most).contains(&typed.len());
        if !is_word || !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!(
                "`{typed}` is not 1 to {most} letters, digits and signs of ASCII, without a space"
            );
            return Err(self.error(written, &message));
        }
        Ok(Some(typed.clone()))
    }
}

/// What the system calls this machine; nothing where it does not say, which a message can carry, too.
fn this_machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.unwrap_or_default().trim().to_owned()
}
