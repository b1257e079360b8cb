//! What the command line does with one-time code tokens.

use std::collections::BTreeMap;

use authn::account::{Account, AccountId};
use authn::admin::tokens::{self, Enrolling, TokenError, TokenRandomness};
use authn::credential::otp_token::OtpToken;
use authn::lockout::Subject;
use proto::otp::KeyUri;

use super::Desk;
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;

/// How many tokens are read at once.
const PAGE: u32 = 1_000;

/// What is done with a token that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenOrder<'a> {
    /// Its first code is taken.
    Confirm(&'a str),
    /// A code is tried, and spent.
    Test(&'a str),
    /// Two codes say where it is.
    Resync([&'a str; 2]),
    /// It is taken from its owner.
    Unassign,
    /// Its codes are not taken any more.
    Block,
    /// They are again.
    Unblock,
    /// It is gone.
    Remove,
}

impl Desk {
    /// Makes a token for an account, which waits for its first code.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, the account has too many, or the store is unavailable.
    pub(crate) async fn enrol_token(
        &self,
        name: &str,
        order: Enrolling,
    ) -> Result<(OtpToken, KeyUri), CliError> {
        let account = self.account(name).await?;
        let random = TokenRandomness {
            id: clock::random()?,
            seed: clock::random()?,
        };
        let enrolled = tokens::enrol(&self.ports, &account, order, &by_hand(), random).await;
        enrolled.map_err(of_token)
    }

    /// Gives a token that is nobody's to an account.
    ///
    /// # Errors
    ///
    /// Either leads nowhere, the token is somebody's, or the store is unavailable.
    pub(crate) async fn assign_token(
        &self,
        called: &str,
        name: &str,
    ) -> Result<OtpToken, CliError> {
        let account = self.account(name).await?;
        let assigned = tokens::assign(&self.ports, called, &account.id, &by_hand()).await;
        assigned.map_err(of_token)
    }

    /// Does something with a token: it is called by its id, its serial number, or a name of whom has no other.
    ///
    /// # Errors
    ///
    /// There is none, it is not in the state for that, what was typed is wrong, or the store is unavailable.
    pub(crate) async fn with_token(
        &self,
        called: &str,
        order: TokenOrder<'_>,
    ) -> Result<OtpToken, CliError> {
        let (ports, by) = (&self.ports, by_hand());
        let id = self.token_called(called).await?;
        let done = match order {
            TokenOrder::Confirm(code) => tokens::confirm(ports, &id, code, &by).await,
            TokenOrder::Test(code) => tokens::test(ports, &id, code, &by).await,
            TokenOrder::Resync(codes) => tokens::resync(ports, &id, codes, &by).await,
            TokenOrder::Unassign => tokens::unassign(ports, &id, &by).await,
            TokenOrder::Block => tokens::block(ports, &id, &by).await,
            TokenOrder::Unblock => tokens::unblock(ports, &id, &by).await,
            TokenOrder::Remove => tokens::remove(ports, &id, &by).await,
        };
        done.map_err(of_token)
    }

    /// The tokens of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn tokens_of(&self, name: &str) -> Result<Vec<OtpToken>, CliError> {
        let subject = Subject::Account(self.account(name).await?.id);
        let stored = self.ports.otp_tokens.otp_tokens_of(&subject).await?;
        Ok(stored.into_iter().map(|stored| stored.record).collect())
    }

    /// Tokens, page by page; nothing after the last.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn tokens_after(
        &self,
        last: Option<&OtpToken>,
    ) -> Result<Vec<OtpToken>, CliError> {
        let after = last.map_or("", |last| last.id.0.as_str());
        Ok(self.ports.otp_tokens.otp_tokens(after, PAGE).await?)
    }

    /// How the owners of tokens are called.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn owners(&self) -> Result<BTreeMap<AccountId, String>, CliError> {
        let accounts = self.ports.accounts.list().await?;
        let named = |account: Account| (account.id, account.upn);
        Ok(accounts.into_iter().map(named).collect())
    }

    async fn token_called(&self, called: &str) -> Result<String, CliError> {
        if self.ports.otp_tokens.otp_token(called).await?.is_some() {
            return Ok(called.to_owned());
        }
        let nobody = |error| match error {
            CliError::Refused(_) => {
                let hint = "`wicketgate token list` shows the tokens";
                CliError::refused(format!(
                    "no token and no account is called `{called}`; {hint}"
                ))
            }
            other => other,
        };
        let account = self.account(called).await.map_err(nobody)?;
        let subject = Subject::Account(account.id);
        let tokens = self.ports.otp_tokens.otp_tokens_of(&subject).await?;
        match tokens.as_slice() {
            [only] => Ok(only.record.id.0.clone()),
            [] => Err(CliError::refused(format!("`{called}` has no token"))),
            [_, ..] => {
                let hint =
                    format!("name one by its id; `wicketgate token list {called}` shows them");
                Err(CliError::refused(format!(
                    "`{called}` has several tokens; {hint}"
                )))
            }
        }
    }
}

pub(super) fn of_token(error: TokenError) -> CliError {
    match error {
        TokenError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
