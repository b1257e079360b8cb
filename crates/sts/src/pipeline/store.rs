//! Attribute stores: what a rule asks, by the name of the store (AD FS, "The Role of Attribute Stores").
//!
//! `Active Directory` answers of the account that we hold, and of nobody else; `_OpaqueIdStore` makes names that tell
//! nothing. Any other is behind the port [`AttributeStore`]. A store that is not known, or a question that cannot be
//! answered as AD FS would, fails the rules: a token with something missing might let somebody in. Start at
//! [`AttributeStores::ask`].

mod directory;
mod ldap_query;
mod opaque;
mod unanswered;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use authn::account::Account;
use claims::{Query, Row};
use proto::secret::Secret;

use crate::trust::Identifier;

pub use ldap_query::{LdapQuery, write_value};
pub use unanswered::{Needs, Unanswered, needs_directory, unanswered};

/// AD FS's name for our own directory.
pub const ACTIVE_DIRECTORY: &str = "Active Directory";
/// AD FS's name for the store that makes names.
pub const OPAQUE_ID: &str = "_OpaqueIdStore";
/// How long stores outside may take for one sign-in together: a rule may ask them hundreds of times.
const SIGN_IN_WITHIN: Duration = Duration::from_secs(10);
/// Most rows of an answer.
const MAX_ROWS: usize = 10_000;

/// A store outside.
#[async_trait]
pub trait AttributeStore: Send + Sync {
    /// What it is called in rules.
    fn name(&self) -> &str;
    /// Answers a question within a time, and says how long it took; the parameters are bound and never spliced. The error is a
    /// sentence for the audit.
    async fn query(&self, text: &str, parameters: &[&str], within: Duration) -> Answered;
}

/// What a store outside answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The rows, or why there are none.
    pub rows: Result<Vec<Row>, String>,
    /// How long it took.
    pub took: Duration,
}

/// What is left of the time that stores outside may take for one sign-in together.
#[derive(Debug)]
pub struct TimeLeft(AtomicU64);

impl Default for TimeLeft {
    fn default() -> Self {
        Self(AtomicU64::new(micros(SIGN_IN_WITHIN)))
    }
}

impl TimeLeft {
    fn left(&self) -> Option<Duration> {
        let left = Duration::from_micros(self.0.load(Ordering::Relaxed));
        Some(left).filter(|it| !it.is_zero())
    }

    fn spend(&self, took: Duration) {
        let spent = |left: u64| Some(left.saturating_sub(micros(took)));
        // It is always something else that is left.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
    }
}

fn micros(of: Duration) -> u64 {
    u64::try_from(of.as_micros()).unwrap_or(u64::MAX)
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
    /// How long those may take yet.
    pub time: &'a TimeLeft,
}

impl AttributeStores<'_> {
    /// Answers a question of rules.
    ///
    /// # Errors
    ///
    /// As of [`AttributeStores::ask`].
    pub async fn answer(&self, query: &Query<'_>) -> Result<Vec<Row>, String> {
        let parameters: Vec<&str> = query.parameters().collect();
        let asked = (query.store(), query.text(), parameters.as_slice());
        self.ask(asked, query.types().len()).await
    }

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
                let late = || {
                    let all = SIGN_IN_WITHIN.as_secs();
                    format!(
                        "stores took {all} s of this sign-in already, and no more is waited for"
                    )
                };
                let within = self.time.left().ok_or_else(late)?;
                let answered = other.query(text, parameters, within).await;
                self.time.spend(answered.took);
                answered.rows?
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that takes its time.
    struct Slow(Duration);

    #[async_trait]
    impl AttributeStore for Slow {
        fn name(&self) -> &str {
            "Slow"
        }

        async fn query(&self, _: &str, _: &[&str], within: Duration) -> Answered {
            let took = self.0.min(within);
            let is_late = took < self.0;
            let rows = match is_late {
                true => Err(format!("no answer in {} s", within.as_secs())),
                false => Ok(Vec::new()),
            };
            Answered { rows, took }
        }
    }

    #[tokio::test]
    async fn stores_may_take_ten_seconds_of_a_sign_in_together() {
        let nobody = Identifier::parse("urn:nobody").unwrap();
        let others: [Box<dyn AttributeStore>; 1] = [Box::new(Slow(Duration::from_secs(3)))];
        let time = TimeLeft::default();
        let stores = AttributeStores {
            account: None,
            relying_party: &nobody,
            opaque: None,
            others: &others,
            time: &time,
        };
        for _ in 0..3 {
            assert_eq!(stores.ask(("Slow", "q", &[]), 1).await, Ok(Vec::new()));
        }
        let late = stores.ask(("Slow", "q", &[]), 1).await;
        assert_eq!(late, Err("no answer in 1 s".to_owned()));
        let refused = stores.ask(("Slow", "q", &[]), 1).await.unwrap_err();
        assert!(
            refused.starts_with("stores took 10 s of this sign-in"),
            "{refused}"
        );
        // Another sign-in has its own.
        let time = TimeLeft::default();
        let stores = AttributeStores {
            time: &time,
            ..stores
        };
        assert!(stores.ask(("Slow", "q", &[]), 1).await.is_ok());
    }
}
