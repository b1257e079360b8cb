//! The tables `accounts` and `account_names`.

use authn::account::{Account, AccountId, AccountState};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::unreadable;

/// Finds an account by its id ($1).
pub(crate) const BY_ID: &str = "
    SELECT id, domain, sam, upn, realm, sid, sip_addresses, mail, state
    FROM accounts
    WHERE id = $1";

/// Finds an account by its id ($1), where it may sign in.
pub(crate) const ACTIVE: &str = "
    SELECT id
    FROM accounts
    WHERE id = $1 AND state = 'active'";

/// Finds the account that a canonical name ($1) leads to.
pub(crate) const BY_NAME: &str = "
    SELECT a.id, a.domain, a.sam, a.upn, a.realm, a.sid, a.sip_addresses, a.mail, a.state
    FROM account_names n
    JOIN accounts a ON a.id = n.account
    WHERE n.name = $1";

/// Lists all accounts.
pub(crate) const LIST: &str = "
    SELECT id, domain, sam, upn, realm, sid, sip_addresses, mail, state
    FROM accounts";

/// Finds the id of the account that a canonical name ($1) leads to.
pub(crate) const OWNER_OF_NAME: &str = "
    SELECT account
    FROM account_names
    WHERE name = $1";

/// Adds an account ($1 to $9 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO accounts (id, domain, sam, upn, realm, sid, sip_addresses, mail, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Leads a name ($1) to an account ($2), where it leads to none yet.
pub(crate) const ADD_NAME: &str = "
    INSERT INTO account_names (name, account)
    VALUES ($1, $2)
    ON CONFLICT (name) DO NOTHING";

/// Changes the state ($2) of an account ($1).
pub(crate) const SET_STATE: &str = "
    UPDATE accounts
    SET state = $2
    WHERE id = $1";

/// Reads an account.
pub(crate) fn account(row: &SqliteRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: AccountId(row.try_get("id")?),
        domain: row.try_get("domain")?,
        sam: row.try_get("sam")?,
        upn: row.try_get("upn")?,
        realm: row.try_get("realm")?,
        sid: row.try_get("sid")?,
        sip_addresses: list(row, "sip_addresses")?,
        mail: list(row, "mail")?,
        state: state(row)?,
    })
}

/// How a state is written.
pub(crate) fn state_text(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled",
        AccountState::Locked => "locked",
    }
}

/// How a list of addresses is written.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn state(row: &SqliteRow) -> Result<AccountState, sqlx::Error> {
    match row.try_get("state")? {
        "active" => Ok(AccountState::Active),
        "disabled" => Ok(AccountState::Disabled),
        "locked" => Ok(AccountState::Locked),
        _ => Err(unreadable("state", "an unknown state")),
    }
}

fn list(row: &SqliteRow, column: &'static str) -> Result<Vec<String>, sqlx::Error> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| unreadable(column, error))
}
