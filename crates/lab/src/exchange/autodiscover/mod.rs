//! Autodiscover in both its forms: where a mailbox's services are, under the Exchange's own name,
//! which a gate has to replace.
//!
//! An address `moved.NAME@DOMAIN` leads to `NAME@DOMAIN`, and `elsewhere.NAME@DOMAIN` to another URL,
//! where it is a mailbox: so that both kinds of redirection can be tried.

mod pox;
mod settings;

use std::sync::Arc;

use super::Exchange;
use crate::people::Person;
use crate::serve::http::Head;

/// What an address leads to.
enum Found {
    Mailbox(Arc<Person>),
    /// Another address.
    Address(String),
    /// Another URL, which both forms add to their own path.
    Elsewhere(&'static str),
    Nobody,
}

impl Exchange {
    fn find(&self, address: &str, head: &Head) -> Found {
        if let Some(person) = self.people().by_mailbox(address) {
            return Found::Mailbox(Arc::clone(person));
        }
        let address = address.trim().to_lowercase();
        let mailbox = |address: &str| self.people().by_mailbox(address).cloned();
        let (moved, elsewhere) = (
            address.strip_prefix("moved."),
            address.strip_prefix("elsewhere."),
        );
        match (moved, elsewhere) {
            (Some(address), _) if mailbox(address).is_some() => Found::Address(address.to_owned()),
            (_, Some(address)) => match mailbox(address) {
                Some(person) if head.parameter("elsewhere") == Some("1") => Found::Mailbox(person),
                Some(_) => Found::Elsewhere("?elsewhere=1"),
                None => Found::Nobody,
            },
            _ => Found::Nobody,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.reception.host)
    }
}

const EWS: &str = "/EWS/Exchange.asmx";
const UNIFIED_MESSAGING: &str = "/EWS/UM2007Legacy.asmx";
const OAB: &str = "/OAB/4a8f0d5c-36a1-4d0e-9a2b-6a1d0f9d7c11/";
const ECP: &str = "/ecp/";
const OWA: &str = "/owa/";
const ACTIVE_SYNC: &str = "/Microsoft-Server-ActiveSync";
const PHOTOS: &str = "/EWS/Exchange.asmx/s";
const MAPI: &str = "/mapi/emsmdb/";
const MAPI_ADDRESS_BOOK: &str = "/mapi/nspi/";
const DEPLOYMENT: &str = "5b3c7c2a-8f0e-4a5d-9b1c-0d2e3f4a5b6c";

fn legacy_dn(person: &Person) -> String {
    format!(
        "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={}",
        person.sam
    )
}
