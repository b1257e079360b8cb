//! Attribute stores: what a rule asks, by the name of the store (AD FS, "The Role of Attribute Stores").
//!
//! `Active Directory` answers of the account that we hold, and of nobody else; `_OpaqueIdStore` makes names that tell
//! nothing. Any other is behind the port [`AttributeStore`]. A store that is not known, or a question that cannot be
//! answered as AD FS would, fails the rules: a token with something missing might let somebody in. Start at
//! [`AttributeStores::ask`].

mod directory;
mod opaque;
mod unanswered;

use async_trait::async_trait;
use authn::account::Account;
use claims::Row;
use proto::secret::Secret;

use crate::trust::Identifier;
pub use unanswered::{Needs, Unanswered, needs_directory, unanswered};

/// AD FS's name for our own directory.
const ACTIVE_DIRECTORY: &str = "Active Directory";
/// AD FS's name for the store that makes names.
const OPAQUE_ID: &str = "_OpaqueIdStore";
/// Most rows of an answer.
const MAX_ROWS: usize = 10_000;

/// A store outside.
#[async_trait]
pub trait AttributeStore: Send + Sync {
    /// What it is called in rules.
    fn name(&self) -> &str;
    /// Answers a question; the parameters are bound and never spliced. The error is a sentence for the audit.
    async fn query(&self, text: &str, parameters: &[&str]) -> Result<Vec<Row>, String>;
}

/// All stores that the rules of one sign-in may ask.
pub struct AttributeStores<'a> {
    /// Whom the sign-in is of; nobody where they come from another claims provider.
    pub account: Option<&'a Account>,
    /// For which party.
    pub relying_party: &'a Identifier,
    /// The secret that names of `_OpaqueIdStore` are made with; without one there are none.
    pub opaque: Option<&'a Secret<Vec<u8>>>,
    /// Those outside.
    pub others: &'a [Box<dyn AttributeStore>],
}

impl AttributeStores<'_> {
    /// Asks a store for rows of so many columns.
    ///
    /// # Errors
    ///
    /// It does not answer; the sentence says why, for the audit.
    pub async fn ask(
        &self,
        (store, text, parameters): (&str, &str, &[&str]),
        columns: usize,
    ) -> Result<Vec<Row>, String> {
        let rows = match store {
            ACTIVE_DIRECTORY => {
                let nobody = "whoever comes from another claims provider is not in it";
                let account = self.account.ok_or(nobody)?;
                directory::answer(account, text, parameters, columns)?
            }
            OPAQUE_ID => {
                let secret = self.opaque.ok_or("it is not set up")?;
                opaque::answer(secret, self.relying_party, text, parameters)?
            }
            _ => {
                let mut others = self.others.iter();
                let other = others.find(|it| it.name() == store);
                let other = other.ok_or("there is no such store")?;
                other.query(text, parameters).await?
            }
        };
        match rows.len() <= MAX_ROWS {
            true => Ok(rows),
            false => Err(format!("it gave more than {MAX_ROWS} rows")),
        }
    }
}

/// A query's text with its parameters in their places, cut at `;` before they are put in, so that no value makes a part of
/// its own.
fn parts<'q>(text: &'q str, parameters: &[&'q str]) -> Result<Vec<String>, String> {
    let part = |part: &str| {
        let mut filled = String::new();
        let mut rest = part;
        while let Some((before, behind)) = rest.split_once('{') {
            let (number, after) = behind
                .split_once('}')
                .ok_or("a `{` in its query is not closed")?;
            let number: usize = number
                .parse()
                .map_err(|_| format!("`{{{number}}}` in its query is no parameter"))?;
            let value = parameters
                .get(number)
                .ok_or_else(|| format!("its query has `{{{number}}}`, and no such parameter"))?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    };
    text.split(';').map(part).collect()
}
