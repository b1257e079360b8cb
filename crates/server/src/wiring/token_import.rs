//! The tokens of a vendor's file on their way into the store: all of them in one transaction, or none.

use std::collections::{BTreeMap, BTreeSet};

use authn::account::AccountId;
use authn::admin::tokens::{self, NewToken, TokenError, Trial};
use authn::credential::otp_token::TokenKind;
use proto::otp::Moving;
use proto::seed_list::ImportedToken;

use super::Desk;
use super::tokens::of_token;
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;

/// What a token is called whose maker is not known.
const LABEL: &str = "hardware token";

/// Tokens of a file, and what is done with them.
pub(crate) struct TokenImport {
    /// Those that were read.
    pub(crate) tokens: Vec<ImportedToken>,
    /// Whether it is only seen what would be.
    pub(crate) is_dry: bool,
    /// Whether the good ones are taken, though others are not.
    pub(crate) keeps_good: bool,
    /// Whether each is given to the account that the file names.
    pub(crate) assigns: bool,
    /// Whether tokens are taken that expire, though nobody here ends them then.
    pub(crate) forgets_expiry: bool,
}

/// What became of them.
#[derive(Default)]
pub(crate) struct Imported {
    /// How many are there, or would be.
    pub(crate) imported: u32,
    /// Which are not, each with its reason.
    pub(crate) refused: Vec<(String, String)>,
}

impl Desk {
    /// Imports tokens.
    ///
    /// # Errors
    ///
    /// The store is unavailable, or an account would have too many tokens.
    pub(crate) async fn import_tokens(&self, order: TokenImport) -> Result<Imported, CliError> {
        let mut outcome = Imported::default();
        let owners = match order.assigns {
            true => self.owners_of(&order.tokens).await?,
            false => BTreeMap::new(),
        };
        let mut tokens = Vec::with_capacity(order.tokens.len());
        for token in order.tokens {
            match new_token(token, (order.assigns, order.forgets_expiry), &owners) {
                Ok(token) => tokens.push(token),
                Err(refused) => outcome.refused.push(refused),
            }
        }
        if !outcome.refused.is_empty() && !order.keeps_good {
            return Ok(outcome);
        }
        let trial = match order.is_dry {
            true => Trial::Dry,
            false => Trial::Kept,
        };
        // A second time without those that are here already.
        for _ in 0..2 {
            let (random, by) = (clock::random()?, by_hand());
            let again = match order.keeps_good {
                true => tokens.clone(),
                false => Vec::new(),
            };
            match tokens::import(&self.ports, tokens, trial, &by, random).await {
                Ok(imported) => {
                    outcome.imported = imported;
                    return Ok(outcome);
                }
                Err(TokenError::SerialsTaken(taken)) => {
                    let why = "a token of this serial number is here already";
                    let named = taken.serials.iter().map(|serial| called(serial));
                    outcome
                        .refused
                        .extend(named.map(|name| (name, why.to_owned())));
                    let taken: BTreeSet<String> = taken.serials.into_iter().collect();
                    let is_new = |token: &NewToken| {
                        token
                            .serial
                            .as_ref()
                            .is_none_or(|serial| !taken.contains(serial))
                    };
                    tokens = again.into_iter().filter(is_new).collect();
                }
                Err(error) => return Err(of_token(error)),
            }
            if tokens.is_empty() {
                break;
            }
        }
        Ok(outcome)
    }

    /// The accounts that a file names, by the name that it has for them.
    async fn owners_of(
        &self,
        tokens: &[ImportedToken],
    ) -> Result<BTreeMap<String, AccountId>, CliError> {
        let mut owners = BTreeMap::new();
        for name in tokens.iter().filter_map(|token| token.account.as_deref()) {
            if owners.contains_key(name) {
                continue;
            }
            match self.account(name).await {
                Ok(account) => {
                    owners.insert(name.to_owned(), account.id);
                }
                Err(CliError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(owners)
    }
}

/// A token as the store takes it, or why not.
fn new_token(
    token: ImportedToken,
    (assigns, forgets_expiry): (bool, bool),
    owners: &BTreeMap<String, AccountId>,
) -> Result<NewToken, (String, String)> {
    let refused = |why: String| (called(&token.serial), why);
    in_its_time(&token, forgets_expiry).map_err(&refused)?;
    let account = match token.account.as_deref().filter(|_| assigns) {
        None => None,
        Some(name) => {
            let known = owners.get(name).cloned();
            Some(known.ok_or_else(|| refused(format!("no account is called `{name}`")))?)
        }
    };
    let (kind, next) = match token.moving {
        Moving::Time(period) => (TokenKind::Totp { period }, 0),
        Moving::Counter(counter) => (TokenKind::Hotp, counter),
    };
    Ok(NewToken {
        serial: Some(token.serial),
        account,
        label: token.manufacturer.unwrap_or_else(|| LABEL.to_owned()),
        kind,
        algorithm: token.algorithm,
        digits: token.digits,
        next,
        seed: token.seed,
    })
}

/// SECURITY: the store keeps no dates. What a vendor limits is not silently unlimited: whoever imports says so.
fn in_its_time(token: &ImportedToken, forgets_expiry: bool) -> Result<(), String> {
    let now = clock::now();
    if let Some(from) = token.valid_from.filter(|from| *from > now) {
        return Err(format!("it is not good before {from}: import it then"));
    }
    match token.valid_until {
        Some(until) if until < now => Err(format!("it expired on {until}")),
        Some(until) if !forgets_expiry => Err(format!(
            "it expires on {until}, and nothing ends it here then: --beyond-expiry takes it all the same"
        )),
        _ => Ok(()),
    }
}

fn called(serial: &str) -> String {
    format!("the token `{serial}`")
}
