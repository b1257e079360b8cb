//! One-time code tokens: listed, given to people, tried, blocked and released. No seed is ever told.

use authn::admin::tokens::{self, TokenError};
use authn::credential::otp_token::OtpToken;
use authn::lockout::Subject;

use super::problem::Problem;
use super::table::Operation;
use super::{Api, Call, Told, listed, shapes};

impl Api {
    /// The tokens of an account.
    pub(super) async fn tokens_of(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let subject = Subject::Account(self.named_account(call).await?.id);
        let otp_tokens = &self.ports.attempt.otp_tokens;
        let stored = otp_tokens.otp_tokens_of(&subject).await?.into_iter();
        let records = stored.map(|it| it.record).collect();
        let key = |it: &OtpToken| it.id.0.clone();
        Ok(call.page(records, key, shapes::token))
    }

    /// All tokens, by their ids.
    pub(super) async fn tokens(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let after = call.query.text("after").unwrap_or_default();
        let count = call.count();
        // One more than is told says whether there is a next page.
        let asked = u32::try_from(count.saturating_add(1)).unwrap_or(u32::MAX);
        let otp_tokens = &self.ports.attempt.otp_tokens;
        let mut found = otp_tokens.otp_tokens(after, asked).await?;
        let has_more = found.len() > count;
        found.truncate(count);
        let last = found.last().map(|it| it.id.0.clone());
        let items = found.iter().map(shapes::token).collect();
        Ok(listed(items, last.filter(|_| has_more)))
    }

    /// One token.
    pub(super) async fn one_token(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let otp_tokens = &self.ports.attempt.otp_tokens;
        let found = otp_tokens.otp_token(call.named(0)).await?;
        let found = found.ok_or_else(|| of_token(TokenError::NoSuchToken))?;
        Ok(Told::Value(shapes::token(&found.record)))
    }

    /// Gives a token to an account.
    pub(super) async fn assign_token(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let name = call.body.text("account").unwrap_or_default();
        let account = self.account_called(name).await?;
        let (ports, called) = (&self.ports.attempt, call.named(0));
        let assigned = tokens::assign(ports, called, &account.id, &call.by).await;
        Ok(Told::Value(shapes::token(&assigned.map_err(of_token)?)))
    }

    /// Does something with a token that is there.
    pub(super) async fn change_token(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let (ports, called, by) = (&self.ports.attempt, call.named(0), &call.by);
        let text = |name: &str| call.body.text(name).unwrap_or_default();
        let changed = match call.endpoint.operation {
            Operation::UnassignToken => tokens::unassign(ports, called, by).await,
            Operation::BlockToken => tokens::block(ports, called, by).await,
            Operation::UnblockToken => tokens::unblock(ports, called, by).await,
            Operation::ResyncToken => {
                let codes = [text("first"), text("second")];
                tokens::resync(ports, called, codes, by).await
            }
            _ => tokens::test(ports, called, text("code"), by).await,
        };
        Ok(Told::Value(shapes::token(&changed.map_err(of_token)?)))
    }
}

/// Why nothing was done, in words that name no command line.
fn of_token(error: TokenError) -> Problem {
    let said = error.to_string();
    let conflict = |said: &str| Problem::Conflict(said.to_owned());
    match error {
        TokenError::Unavailable(error) => Problem::Unavailable(error),
        TokenError::NoSuchToken => {
            Problem::NotThere("no token has that id or serial number".to_owned())
        }
        TokenError::NoSuchAccount => Problem::NotThere(said),
        TokenError::AssignedAlready => conflict("the token is somebody's already"),
        TokenError::Unassigned => conflict("the token is nobody's"),
        TokenError::Pending => conflict("the token waits for its first code"),
        TokenError::Blocked => conflict("the token is blocked"),
        TokenError::TooManyFailures => conflict("there were too many wrong codes; unblock it"),
        TokenError::WrongCode => conflict("the code is wrong"),
        TokenError::UnusableLabel | TokenError::CounterTooHigh | TokenError::TooManyAtOnce => {
            Problem::Unfit(said)
        }
        TokenError::SerialsTaken(_)
        | TokenError::TooMany
        | TokenError::ConfirmedAlready
        | TokenError::WrongCodes
        | TokenError::SpentCode
        | TokenError::TriedTooOften
        | TokenError::ChangedMeanwhile => Problem::Conflict(said),
    }
}
