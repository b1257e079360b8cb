//! An attribute store that is a directory: what a claim rule asks is searched for by LDAP, over TLS alone, as one account.
//!
//! SECURITY: parameters are claims' values, and are escaped where they are put in (`sts`). Any answer but a whole one fails the
//! rule, and with it the token: one with something missing might let somebody in.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use claims::Row;
use ldap3::{Scope, SearchEntry};
use rustls::ClientConfig;
use sts::pipeline::store::{Answered, AttributeStore, LdapQuery};

use super::entry::{sid, text};
use super::session::{Reader, Session, SessionError, Wanted};
use crate::config::settings::attribute_stores::{LdapScope, LdapStore as Settings};
use crate::outbound::asked::in_time;
use crate::outbound::tls::{self, TlsError};

/// Most entries of an answer, and most bytes of values.
const MAX_ENTRIES: usize = 1_000;
const MAX_BYTES: usize = 1024 * 1024;

/// A directory that is asked.
pub(crate) struct LdapStore {
    settings: Settings,
    tls: Arc<ClientConfig>,
}

impl LdapStore {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(settings: &Settings) -> Result<Self, TlsError> {
        Ok(Self {
            tls: Arc::new(tls::client_of(&settings.authorities)?),
            settings: settings.clone(),
        })
    }

    async fn asked(&self, query: &LdapQuery) -> Result<Vec<Row>, String> {
        let settings = &self.settings;
        let password = settings.password.read();
        let password = password.map_err(|error| format!("its secret cannot be read: {error}"))?;
        let reader = Reader {
            tls: &self.tls,
            begins: settings.tls,
            account: &settings.bind_dn,
            password: &password,
        };
        let place = (settings.host.as_str(), settings.port);
        let session = Session::open(place, &reader).await.map_err(said)?;
        let wanted = Wanted {
            base: &settings.base,
            scope: match settings.scope {
                LdapScope::Base => Scope::Base,
                LdapScope::OneLevel => Scope::OneLevel,
                LdapScope::Subtree => Scope::Subtree,
            },
            filter: &query.filter,
            attributes: &query.attributes,
            entries: MAX_ENTRIES,
            bytes: MAX_BYTES,
        };
        let entries = session.line().whole(&wanted).await.map_err(said)?;
        let mut rows = Vec::new();
        for entry in entries {
            rows.extend(LdapQuery::rows(&values(entry, &query.attributes)?));
        }
        Ok(rows)
    }
}

#[async_trait]
impl AttributeStore for LdapStore {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn query(&self, text: &str, parameters: &[&str], within: Duration) -> Answered {
        let query = LdapQuery::parse(text, parameters);
        in_time(within, async { self.asked(&query?).await }).await
    }
}

/// The values of each attribute, as rules read them.
fn values(entry: SearchEntry, attributes: &[String]) -> Result<Vec<Vec<String>>, String> {
    let texts = entry.attrs.into_iter().map(|(name, values)| {
        let values = values.into_iter().map(String::into_bytes).collect();
        (name.to_ascii_lowercase(), values)
    });
    let octets = entry.bin_attrs.into_iter();
    let octets = octets.map(|(name, values)| (name.to_ascii_lowercase(), values));
    let came: Vec<(String, Vec<Vec<u8>>)> = texts.chain(octets).collect();
    // Active Directory gives the many values of an attribute in parts ([MS-ADTS] 3.1.1.3.1.3.3).
    if came.iter().any(|(name, _)| name.contains(";range=")) {
        return Err("it gave an attribute in part, as it has too many values".to_owned());
    }
    let of = |attribute: &String| {
        let wanted = attribute.to_ascii_lowercase();
        let same = came.iter().filter(|(name, _)| *name == wanted);
        same.flat_map(|(_, values)| values)
            .map(|value| value_of(&wanted, value))
            .collect()
    };
    Ok(attributes.iter().map(of).collect())
}

fn value_of(attribute: &str, value: &[u8]) -> String {
    let as_sid = ["objectsid", "sidhistory"].contains(&attribute);
    let as_sid = as_sid.then(|| sid(value)).flatten();
    as_sid.unwrap_or_else(|| text(attribute, value))
}

fn said(error: SessionError) -> String {
    match error {
        SessionError::Refused => "the account or its password is refused".to_owned(),
        SessionError::Connect(why) => format!("it cannot be reached: {why}"),
        error @ (SessionError::Late(_)
        | SessionError::Declined { .. }
        | SessionError::TooMuch(_)
        | SessionError::Other(_)) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
