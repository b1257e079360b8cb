//! What attribute stores answer where nobody signs in: what a file says first, then what is asked.
//!
//! SECURITY: the secret of `_OpaqueIdStore` makes names here and is shown nowhere. Start at [`Asked::instead`].

use authn::account::Account;
use claims::{Query, Row};
use proto::secret::Secret;
use sts::pipeline::store::{
    ACTIVE_DIRECTORY, AttributeStore, AttributeStores, OPAQUE_ID, TimeLeft,
};
use sts::trust::Identifier;

use super::Stores;
use crate::cli::CliError;
use crate::cli::rules::files;
use crate::config::Settings;
use crate::wiring::{attribute_stores, opaque_secret};

/// Whatever answers.
pub(super) struct Asked {
    given: files::Answers,
    configured: Option<Configured>,
    time: TimeLeft,
}

/// The stores of a configuration.
struct Configured {
    others: Vec<Box<dyn AttributeStore>>,
    opaque: Option<Secret<Vec<u8>>>,
}

/// Of whom and for whom stores answer, where that is said.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    /// Whoever signs in.
    pub(super) account: Option<&'a Account>,
    /// What the party calls itself.
    pub(super) party: Option<&'a Identifier>,
}

impl Asked {
    /// What answers by the command line; `settings` where the stores of a configuration are asked.
    pub(super) fn of(stores: &Stores, settings: Option<&Settings>) -> Result<Self, CliError> {
        let given = match &stores.store {
            Some(file) => files::answers(file)?,
            None => files::Answers::default(),
        };
        let configured = match settings.filter(|_| stores.ask) {
            Some(settings) => Some(Configured {
                others: attribute_stores(&settings.attribute_stores)?,
                opaque: opaque_secret(&settings.attribute_stores)?,
            }),
            None => None,
        };
        Ok(Self {
            given,
            configured,
            time: TimeLeft::default(),
        })
    }

    /// What is answered in the place of a store, or why nothing is; `None` where the store itself is to be asked.
    pub(super) fn instead(
        &self,
        query: &Query<'_>,
        who: Who<'_>,
    ) -> Option<Result<Vec<Row>, String>> {
        if let Some(given) = self.given.to(query) {
            return Some(given);
        }
        let is_asked = self.configured.is_some();
        let has_secret = self
            .configured
            .as_ref()
            .is_some_and(|it| it.opaque.is_some());
        let why = match query.store() {
            ACTIVE_DIRECTORY if who.account.is_some() => return None,
            ACTIVE_DIRECTORY => {
                "it answers of whoever signs in, and nobody is named: say who by --account"
            }
            OPAQUE_ID if has_secret && who.party.is_none() => {
                "it makes names for one party, and none is named: say which by --to"
            }
            _ if is_asked => return None,
            _ => "the stores of the configuration are asked with --ask alone",
        };
        let parameters: Vec<&str> = query.parameters().collect();
        let text = query.text();
        Some(Err(format!(
            "no answer is written down for `{text}` with {parameters:?}, and {why}"
        )))
    }

    /// The stores themselves; `nobody` stands for a party that is not named.
    pub(super) fn themselves<'a>(
        &'a self,
        who: Who<'a>,
        nobody: &'a Identifier,
    ) -> AttributeStores<'a> {
        let configured = self.configured.as_ref();
        AttributeStores {
            account: who.account,
            relying_party: who.party.unwrap_or(nobody),
            opaque: configured.and_then(|it| it.opaque.as_ref()),
            others: configured.map_or(&[], |it| &it.others),
            time: &self.time,
        }
    }
}
