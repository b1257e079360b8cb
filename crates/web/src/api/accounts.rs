//! Accounts: found, shown, switched off and released.

use authn::account::{Account, AccountState};
use authn::admin::{self, AdminError};

use super::problem::Problem;
use super::table::Operation;
use super::{Api, Call, Told, shapes};

impl Api {
    /// Accounts by their UPN.
    pub(super) async fn accounts(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let mut accounts = self.ports.attempt.accounts.list().await?;
        if let Some(search) = call.query.text("search") {
            let search = search.to_lowercase();
            accounts.retain(|it| is_called(it, &search));
        }
        let key = |it: &Account| it.upn.clone();
        Ok(call.page(accounts, key, shapes::account))
    }

    /// One account.
    pub(super) async fn one_account(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        Ok(Told::Value(shapes::account(&account)))
    }

    /// Switches an account off, or releases it.
    pub(super) async fn set_state(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let account = self.named_account(call).await?;
        let state = match call.endpoint.operation {
            Operation::EnableAccount => AccountState::Active,
            _ => AccountState::Disabled,
        };
        let (ports, id) = (&self.ports.attempt, &account.id);
        admin::set_account_state(ports, id, state, &call.by)
            .await
            .map_err(of_admin)?;
        let account = Account { state, ..account };
        Ok(Told::Value(shapes::account(&account)))
    }
}

/// Whether one of an account's names has something in it, which is in lower case.
fn is_called(account: &Account, search: &str) -> bool {
    let name = format!("{}\\{}", account.domain, account.sam);
    let mut names = [&name, &account.upn]
        .into_iter()
        .chain(&account.sip_addresses)
        .chain(&account.mail);
    names.any(|it| it.to_lowercase().contains(search))
}

/// Why an act of an administrator was not done.
pub(super) fn of_admin(error: AdminError) -> Problem {
    let said = error.to_string();
    match error {
        AdminError::Unavailable(error) => Problem::Unavailable(error),
        AdminError::NoSuchAccount => Problem::NotThere(said),
        AdminError::NoSuchAppPassword => {
            Problem::NotThere("the account has no app password with that id".to_owned())
        }
        AdminError::NoSuchDevice { .. } => {
            Problem::NotThere("the account has no app password of that device".to_owned())
        }
        AdminError::Malformed(_)
        | AdminError::EmptyScope
        | AdminError::UnusableLabel
        | AdminError::EndsInThePast
        | AdminError::NoSecondFactor { .. } => Problem::Unfit(said),
        AdminError::NameTaken(_)
        | AdminError::KnownAlready
        | AdminError::RevokedAlready
        | AdminError::TooMany
        | AdminError::NoneLeft(_) => Problem::Conflict(said),
    }
}
