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
/// Most bytes that come by a connection, TLS, names and what is around values included.
const CONNECTION_BYTES: u64 = 4 * 1024 * 1024;

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
            most: Some(CONNECTION_BYTES),
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
        let entries = session.whole(&wanted).await.map_err(said)?;
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

/// Names of one attribute each, of which a directory gives the values by one (RFC 4519 2).
const SAME: [&[&str]; 14] = [
    &["c", "countryname"],
    &["cn", "commonname"],
    &["dc", "domaincomponent"],
    &["drink", "favouritedrink"],
    &["fax", "facsimiletelephonenumber"],
    &["givenname", "gn"],
    &["l", "localityname"],
    &["mail", "rfc822mailbox"],
    &["o", "organizationname"],
    &["ou", "organizationalunitname"],
    &["sn", "surname"],
    &["st", "stateorprovincename"],
    &["street", "streetaddress"],
    &["uid", "userid"],
];

/// The values of each attribute, as rules read them.
///
/// SECURITY: a directory knows an attribute by several names, and gives it by one. What was asked for by another would be
/// taken for an attribute that is not there, and whoever a rule is to keep out by it would be let in.
fn values(entry: SearchEntry, attributes: &[String]) -> Result<Vec<Vec<String>>, String> {
    let texts = entry.attrs.into_iter().map(|(name, values)| {
        let values = values.into_iter().map(String::into_bytes).collect();
        (name.to_ascii_lowercase(), values)
    });
    let octets = entry.bin_attrs.into_iter();
    let octets = octets.map(|(name, values)| (name.to_ascii_lowercase(), values));
    let mut came: Vec<(String, Vec<Vec<u8>>)> = texts.chain(octets).collect();
    came.sort();
    // Active Directory gives the many values of an attribute in parts ([MS-ADTS] 3.1.1.3.1.3.3).
    if came.iter().any(|(name, _)| name.contains(";range=")) {
        return Err("it gave an attribute in part, as it has too many values".to_owned());
    }
    let wanted: Vec<String> = attributes
        .iter()
        .map(|it| it.to_ascii_lowercase())
        .collect();
    let is_asked = |(name, _): &&(String, Vec<Vec<u8>>)| wanted.iter().any(|it| it == plain(name));
    if let Some((name, _)) = came.iter().find(|it| !is_asked(it)) {
        let name = plain(name);
        return Err(format!(
            "it gave the attribute `{name}`, which was not asked for by that name; ask for it so"
        ));
    }
    wanted.iter().map(|it| of_name(it, &came)).collect()
}

/// The values of one attribute.
fn of_name(wanted: &str, came: &[(String, Vec<Vec<u8>>)]) -> Result<Vec<String>, String> {
    let same = came.iter().filter(|(name, _)| plain(name) == wanted);
    let values: Vec<String> = same
        .flat_map(|(_, values)| values)
        .map(|value| value_of(wanted, value))
        .collect();
    let mut others = SAME
        .iter()
        .filter(|it| it.contains(&wanted))
        .copied()
        .flatten();
    let other = others.find(|other| came.iter().any(|(name, _)| plain(name) == **other));
    match other {
        Some(other) if values.is_empty() => Err(format!(
            "it gave `{wanted}` by its other name `{other}` alone; ask for it by one of them"
        )),
        _ => Ok(values),
    }
}

/// The name of an attribute without its options, as a language or `binary` (RFC 4512 2.5).
fn plain(name: &str) -> &str {
    name.split_once(';').map_or(name, |(name, _)| name)
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
