//! Every SQL statement that serves a port, and how its rows are read. One file a table.
//!
//! Each statement is one constant text with numbered parameters and runs unchanged on SQLite and
//! PostgreSQL (design 4): TEXT ids, BIGINT microseconds, no function of one engine only. All of
//! them stand in [`ALL`], so that one test prepares them on an engine.

pub(crate) mod accounts;
pub(crate) mod api_tokens;
pub(crate) mod app_passwords;
pub(crate) mod audit;
pub(crate) mod audit_beginning;
pub(crate) mod audit_head;
pub(crate) mod audit_readers;
pub(crate) mod ceremonies;
pub(crate) mod client_codes;
pub(crate) mod counters;
pub(crate) mod destinations;
pub(crate) mod directory;
pub(crate) mod drained_members;
pub(crate) mod invitations;
pub(crate) mod key_checks;
pub(crate) mod memorised_secrets;
pub(crate) mod metadata_readers;
pub(crate) mod migrations;
pub(crate) mod ntlm_pins;
pub(crate) mod otp_tokens;
pub(crate) mod own_passwords;
pub(crate) mod partner_readings;
pub(crate) mod passkeys;
pub(crate) mod revisions;
pub(crate) mod revocations;
pub(crate) mod sealers;
pub(crate) mod second_factors;
pub(crate) mod secret_verdicts;
pub(crate) mod sent_budgets;
pub(crate) mod sent_messages;
pub(crate) mod session_grants;
pub(crate) mod sessions;
pub(crate) mod sign_ins;
pub(crate) mod signing_keys;
pub(crate) mod spare_codes;
pub(crate) mod tickets;
pub(crate) mod token_ledger;
pub(crate) mod trusts;
pub(crate) mod used_assertions;

use jiff::Timestamp;

use crate::engine::Row;

/// Every statement of this folder.
#[cfg(test)]
pub(crate) const ALL: &[&str] = &[
    accounts::BY_ID,
    accounts::BY_NAME,
    accounts::LIST,
    accounts::OWNER_OF_NAME,
    accounts::ANY_NAME_WITH,
    accounts::ADD,
    accounts::ADD_NAME,
    accounts::SET_STATE,
    accounts::FOLLOW,
    accounts::DROP_NAMES,
    accounts::FREE_NAME,
    api_tokens::ADD,
    api_tokens::FIND,
    api_tokens::LIST,
    api_tokens::REMOVE,
    api_tokens::FORGET_ALL,
    app_passwords::OF_ACCOUNT,
    app_passwords::LIST,
    app_passwords::BY_ID,
    app_passwords::ADD,
    app_passwords::REVOKE,
    app_passwords::USED,
    audit::READ,
    audit::APPEND,
    audit::LATEST_OF,
    audit::LAST,
    audit::REMOVE,
    audit_beginning::READ,
    audit_beginning::WRITE,
    audit_head::READ,
    audit_head::WRITE,
    audit_head::WAS_OPENED,
    audit_readers::BEGIN,
    audit_readers::READ,
    audit_readers::CLAIM,
    audit_readers::BEGIN_ANEW,
    audit_readers::NOTE,
    counters::TAKE,
    counters::GIVE_BACK,
    counters::GIVE_BACK_OF_SUBJECT,
    counters::ALARM,
    counters::FAMILIARISE,
    counters::FORGET_QUIET,
    counters::FORGET_ALL,
    counters::FORGET_FAMILIAR,
    counters::FORGET_UNSEEN,
    destinations::OF_ACCOUNT,
    destinations::LIST,
    destinations::SET,
    destinations::REMOVE,
    directory::WAS_READ,
    directory::LAST_READ,
    directory::FORGET_READS,
    directory::FORGET_PASSWORDS,
    directory::WRITE_PASSWORD,
    directory::PASSWORD,
    drained_members::ADD,
    drained_members::REMOVE,
    drained_members::OF_FARM,
    drained_members::LIST,
    invitations::ADD,
    invitations::FIND,
    invitations::ENDS_OF_ACCOUNT,
    invitations::USE,
    invitations::END_OF_ACCOUNT,
    invitations::FORGET_ENDED,
    invitations::FORGET_ALL,
    memorised_secrets::OF_ACCOUNT,
    memorised_secrets::LIST,
    memorised_secrets::SET,
    memorised_secrets::SET_FIRST,
    memorised_secrets::REMOVE,
    memorised_secrets::DISOWN,
    memorised_secrets::USED,
    memorised_secrets::RESERVE,
    memorised_secrets::GIVE_BACK,
    memorised_secrets::FORGIVE,
    memorised_secrets::TAKE_BACK,
    memorised_secrets::FORGET_UNKNOWN,
    ntlm_pins::OF_ACCOUNT,
    ntlm_pins::SET,
    ntlm_pins::REMOVE,
    ntlm_pins::USED,
    ntlm_pins::FORGIVE,
    ntlm_pins::FORGET_ALL,
    secret_verdicts::KNOWN,
    secret_verdicts::NOTE,
    secret_verdicts::DROP_BEYOND,
    secret_verdicts::FORGET_OLD,
    secret_verdicts::FORGET_ALL,
    sessions::ADD,
    sessions::FIND,
    sessions::KEPT,
    sessions::USE,
    sessions::SPEND,
    sessions::GUESS,
    sessions::END,
    sessions::END_OF_ACCOUNT,
    sessions::END_OF_CREDENTIAL,
    sessions::END_REPLACED,
    sessions::DROP_ENDED,
    sessions::END_BEYOND,
    sessions::DROP_OF_INACTIVE_ACCOUNT,
    sessions::FORGET_OLD,
    sessions::FORGET_ALL,
    sign_ins::BEGIN,
    sign_ins::FIND,
    sign_ins::TAKE_STEP,
    sign_ins::MOVE_ON,
    sign_ins::END,
    sign_ins::FORGET_ENDED,
    sign_ins::FORGET_ALL,
    otp_tokens::OF_ACCOUNT,
    otp_tokens::CALLED,
    otp_tokens::LIST,
    otp_tokens::CHANGE,
    otp_tokens::FORGIVE,
    otp_tokens::SUCCEEDED,
    otp_tokens::REMOVE,
    otp_tokens::ACTIVE_OF_ACCOUNT,
    otp_tokens::RESERVE_FAMILIAR,
    otp_tokens::RESERVE_UNFAMILIAR,
    otp_tokens::GIVE_BACK_FAMILIAR,
    otp_tokens::GIVE_BACK_UNFAMILIAR,
    otp_tokens::ACCEPT,
    otp_tokens::CARRY,
    passkeys::OF_ACCOUNT,
    passkeys::LIST,
    passkeys::KNOWN_AS,
    passkeys::ADD,
    passkeys::RENAME,
    passkeys::REMOVE,
    passkeys::STANDS,
    passkeys::USE,
    passkeys::CARRY,
    ceremonies::BEGIN,
    ceremonies::TAKE,
    ceremonies::FORGET_ENDED,
    ceremonies::FORGET_ALL,
    spare_codes::OF_ACCOUNT,
    spare_codes::LIST,
    spare_codes::ADD,
    spare_codes::END,
    spare_codes::USE,
    spare_codes::FORGIVE,
    spare_codes::CARRY,
    spare_codes::REMOVE,
    own_passwords::FORGET,
    own_passwords::WRITE,
    own_passwords::READ,
    second_factors::NOTE,
    second_factors::TELL,
    sent_budgets::RESERVE,
    sent_budgets::GIVE_BACK,
    sent_budgets::UNDO,
    sent_budgets::FORGIVE,
    sent_budgets::FORGET_OLD,
    sent_messages::ADD,
    sent_messages::DUE,
    sent_messages::CLAIM,
    sent_messages::END,
    sent_messages::AGAIN,
    sent_messages::LATEST,
    sent_messages::LATEST_OF,
    sent_messages::FORGET_ENDED,
    sent_messages::FORGET_UNSENT,
    sent_messages::FORGET_WAITING,
    session_grants::FIND,
    session_grants::LATEST_OF_ACCOUNT,
    session_grants::ADD,
    session_grants::BUY,
    session_grants::END_CLAIM,
    session_grants::USE,
    session_grants::AGAIN,
    session_grants::DROP_OF_CREDENTIAL,
    session_grants::DROP_OF_INACTIVE_ACCOUNT,
    session_grants::DROP_BEYOND,
    session_grants::FORGET_ENDED,
    session_grants::FORGET_ALL,
    revocations::ADD,
    revocations::SINCE,
    revocations::LAST,
    key_checks::READ,
    key_checks::WRITE,
    migrations::CREATE,
    migrations::APPLIED,
    migrations::NOTE,
    tickets::RECORD,
    tickets::FIND,
    tickets::WAS_RELAYED,
    tickets::SPEND,
    tickets::REVOKE_OF_CREDENTIAL,
    tickets::REVOKE_OF_SIGN_IN,
    tickets::REVOKE_OF_INACTIVE_ACCOUNT,
    tickets::DROP_BEYOND,
    tickets::FORGET_ENDED,
    tickets::REVOKE_ALL,
    revisions::LAST,
    trusts::LIST,
    trusts::ADD,
    trusts::REMOVE,
    trusts::ADD_IDENTIFIER,
    trusts::REMOVE_IDENTIFIERS,
    signing_keys::LIST,
    signing_keys::ADD_PRIMARY,
    signing_keys::ADD_NEXT,
    signing_keys::RETIRE,
    signing_keys::PROMOTE,
    signing_keys::GIVE_UP,
    signing_keys::REMOVE_ALL,
    signing_keys::CARRY,
    token_ledger::ADD,
    token_ledger::BY_ID,
    token_ledger::BY_DIGEST,
    token_ledger::GOOD_AFTER,
    token_ledger::FORGET_ENDED,
    metadata_readers::NOTE,
    metadata_readers::FORGET_ALL_BUT,
    metadata_readers::LIST,
    partner_readings::CLAIM,
    partner_readings::FORGET_GONE,
    partner_readings::NOTE,
    partner_readings::LIST,
    sealers::SAY,
    sealers::FORGET,
    sealers::LIST,
    used_assertions::TAKE,
    used_assertions::FORGET_ENDED,
];

/// A column holds what the program never writes there.
#[derive(Debug, thiserror::Error)]
#[error("the column `{column}` holds {problem}")]
struct Unreadable {
    column: &'static str,
    problem: String,
}

/// What a statement's answer could not be read as.
fn unreadable(column: &'static str, problem: impl ToString) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Unreadable {
        column,
        problem: problem.to_string(),
    }))
}

/// Reads a time.
fn time(row: &Row, column: &'static str) -> Result<Timestamp, sqlx::Error> {
    let micros = row.try_get(column)?;
    Timestamp::from_microsecond(micros).map_err(|error| unreadable(column, error))
}

/// Reads a time that may be missing.
fn optional_time(row: &Row, column: &'static str) -> Result<Option<Timestamp>, sqlx::Error> {
    match row.try_get(column)? {
        None => Ok(None),
        Some(micros) => Timestamp::from_microsecond(micros)
            .map(Some)
            .map_err(|error| unreadable(column, error)),
    }
}

/// Reads bytes of a fixed length.
pub(crate) fn bytes_32(row: &Row, column: &'static str) -> Result<[u8; 32], sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|error| unreadable(column, error))
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;
    use crate::engine::Connection;
    use crate::migrate;

    #[tokio::test]
    async fn every_statement_prepares() {
        let connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut connection = Connection::from(connection);
        migrate::apply(&mut connection).await.unwrap();
        for statement in ALL {
            let prepared = connection.prepare(statement).await;
            assert!(prepared.is_ok(), "{statement}\n{:?}", prepared.err());
        }
    }

    #[test]
    fn no_statement_has_a_plain_question_mark() {
        assert!(ALL.iter().all(|statement| !statement.contains('?')));
    }
}
