//! The tables `accounts` and `account_names`.

use authn::account::{Account, AccountId, AccountState};
use authn::directory::{Attributes, FromDirectory, NotDelegable, Standing};

use super::{optional_time, second_factors, unreadable};
use crate::engine::Row;

/// Finds an account by its id ($1).
pub(crate) const BY_ID: &str = "
    SELECT id, domain, sam, upn, realm, sid, sip_addresses, mail, state,
        standing, not_delegable, group_sids, attributes,
        (SELECT read_at FROM directory_reads WHERE id = 'directory') AS directory_read,
        f.method AS second_factor_method, f.first_proved, f.last_proved
    FROM accounts
    LEFT JOIN second_factors f ON f.account = id
    WHERE id = $1";

/// Finds an account by its id ($1), where it may sign in.
pub(crate) const ACTIVE: &str = "
    SELECT id
    FROM accounts
    WHERE id = $1 AND state = 'active'
        AND (standing IS NULL OR standing IN ('active', 'locked-out'))";

/// Finds the account that a canonical name ($1) leads to.
pub(crate) const BY_NAME: &str = "
    SELECT a.id, a.domain, a.sam, a.upn, a.realm, a.sid, a.sip_addresses, a.mail, a.state,
        a.standing, a.not_delegable, a.group_sids, a.attributes,
        (SELECT read_at FROM directory_reads WHERE id = 'directory') AS directory_read,
        f.method AS second_factor_method, f.first_proved, f.last_proved
    FROM account_names n
    JOIN accounts a ON a.id = n.account
    LEFT JOIN second_factors f ON f.account = a.id
    WHERE n.name = $1";

/// Lists all accounts.
pub(crate) const LIST: &str = "
    SELECT id, domain, sam, upn, realm, sid, sip_addresses, mail, state,
        standing, not_delegable, group_sids, attributes,
        (SELECT read_at FROM directory_reads WHERE id = 'directory') AS directory_read,
        f.method AS second_factor_method, f.first_proved, f.last_proved
    FROM accounts
    LEFT JOIN second_factors f ON f.account = id";

/// Finds the id of the account that a canonical name ($1) leads to, unless it is gone from the directory.
pub(crate) const OWNER_OF_NAME: &str = "
    SELECT n.account
    FROM account_names n
    JOIN accounts a ON a.id = n.account
    WHERE n.name = $1 AND (a.standing IS NULL OR a.standing <> 'deleted')";

/// Finds a name of anybody that ends in this ($1). It is read through, as no engine has an index of how a text ends that the
/// other has as well.
pub(crate) const ANY_NAME_WITH: &str = "
    SELECT name
    FROM account_names
    WHERE substr(name, length(name) - length($1) + 1) = $1
    LIMIT 1";

/// Adds an account ($1 to $13 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO accounts (id, domain, sam, upn, realm, sid, sip_addresses, mail, standing,
        not_delegable, group_sids, attributes, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Changes all of an account ($1 to $12 as of [`ADD`]) that the directory says, where its standing is what
/// it was ($13). The state is not the directory's.
pub(crate) const FOLLOW: &str = "
    UPDATE accounts
    SET domain = $2, sam = $3, upn = $4, realm = $5, sid = $6, sip_addresses = $7, mail = $8,
        standing = $9, not_delegable = $10, group_sids = $11, attributes = $12
    WHERE id = $1 AND standing = $13";

/// Drops all names of an account ($1).
pub(crate) const DROP_NAMES: &str = "
    DELETE FROM account_names
    WHERE account = $1";

/// Frees a name ($1) of an account that is gone from the directory.
pub(crate) const FREE_NAME: &str = "
    DELETE FROM account_names
    WHERE name = $1 AND account IN (SELECT id FROM accounts WHERE standing = 'deleted')";

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
pub(crate) fn account(row: &Row) -> Result<Account, sqlx::Error> {
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
        directory: directory(row)?,
        second_factor: second_factors::second_factor(row)?,
    })
}

/// How a standing is written.
pub(crate) fn standing_text(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::LockedOut => "locked-out",
        Standing::Disabled => "disabled",
        Standing::Expired => "expired",
        Standing::Deleted => "deleted",
    }
}

/// How it is written why somebody is not passed on.
pub(crate) fn not_delegable_text(why: &NotDelegable) -> String {
    serde_json::json!(why).to_string()
}

/// How a state is written.
pub(crate) fn state_text(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled",
        AccountState::Locked => "locked",
    }
}

/// How it is written what claim rules may ask for.
pub(crate) fn attributes_text(attributes: &Attributes) -> String {
    serde_json::json!(attributes).to_string()
}

/// How a list of addresses is written.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn state(row: &Row) -> Result<AccountState, sqlx::Error> {
    match row.try_get("state")? {
        "active" => Ok(AccountState::Active),
        "disabled" => Ok(AccountState::Disabled),
        "locked" => Ok(AccountState::Locked),
        _ => Err(unreadable("state", "an unknown state")),
    }
}

fn directory(row: &Row) -> Result<Option<FromDirectory>, sqlx::Error> {
    let standing = match row.try_get::<Option<&str>>("standing")? {
        None => return Ok(None),
        Some("active") => Standing::Active,
        Some("locked-out") => Standing::LockedOut,
        Some("disabled") => Standing::Disabled,
        Some("expired") => Standing::Expired,
        Some("deleted") => Standing::Deleted,
        Some(_) => return Err(unreadable("standing", "an unknown standing")),
    };
    let not_delegable: Option<&str> = row.try_get("not_delegable")?;
    let not_delegable = not_delegable.map(serde_json::from_str).transpose();
    Ok(Some(FromDirectory {
        standing,
        not_delegable: not_delegable.map_err(|error| unreadable("not_delegable", error))?,
        groups: list(row, "group_sids")?,
        attributes: attributes(row)?,
        read: optional_time(row, "directory_read")?,
    }))
}

/// What was written before there were any is nothing.
fn attributes(row: &Row) -> Result<Attributes, sqlx::Error> {
    let text: Option<&str> = row.try_get("attributes")?;
    let attributes = text.map(serde_json::from_str).transpose();
    let attributes = attributes.map_err(|error| unreadable("attributes", error))?;
    Ok(attributes.unwrap_or_default())
}

/// Reads a list of texts.
pub(crate) fn list(row: &Row, column: &'static str) -> Result<Vec<String>, sqlx::Error> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| unreadable(column, error))
}
