//! The table `sessions`: whom browsers are signed in as, sealed; the columns are for finding what rests on what.

use authn::handle::HandleKey;
use authn::session::Session;
use zeroize::Zeroizing;

use super::time;
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Adds a session ($1 to $8 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO sessions (handle, account, credential, token, begun, used, sealed, stays)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Finds a session ($1) whose account is active and whose secret, app password or passkey, and token, stand at a time ($2).
///
/// SECURITY: what a session rests on is asked for with every request, so that it ends with that at once.
pub(crate) const FIND: &str = "
    SELECT s.used, s.sealed
    FROM sessions s
    JOIN accounts a ON a.id = s.account
    WHERE s.handle = $1 AND a.state = 'active'
        AND (s.credential IN (SELECT m.id FROM memorised_secrets m WHERE m.account = s.account)
            OR s.credential IN (SELECT p.id FROM passkeys p WHERE p.account = s.account)
            OR s.credential IN (
                SELECT c.id FROM app_passwords c
                WHERE c.account = s.account AND c.revoked IS NULL
                    AND (c.expires IS NULL OR c.expires > $2)))
        AND (a.standing IS NULL OR a.standing IN ('active', 'locked-out'))
        AND (s.token IS NULL OR s.token IN (
            SELECT t.id FROM otp_tokens t
            WHERE t.account = s.account AND t.state = 'active'))";

/// Finds a session ($1) that is there, whatever became of what it rests on.
pub(crate) const KEPT: &str = "
    SELECT used, sealed
    FROM sessions
    WHERE handle = $1";

/// Notes that a session ($1) is used at a time ($2), with the browser in it ($3).
pub(crate) const USE: &str = "
    UPDATE sessions
    SET used = $2, sealed = $3
    WHERE handle = $1 AND used < $2";

/// Takes a session ($1) at a time ($2) for the new sign-in that a party asked for.
///
/// SECURITY: this statement alone decides whether it was taken before.
pub(crate) const SPEND: &str = "
    UPDATE sessions
    SET spent = $2
    WHERE handle = $1 AND spent IS NULL";

/// Takes a place of a session ($1), which has so many ($2), for an old secret.
///
/// SECURITY: check and write are one statement, before anything is hashed; a session that has ended has none.
pub(crate) const GUESS: &str = "
    UPDATE sessions
    SET guesses = guesses + 1
    WHERE handle = $1 AND guesses < $2";

/// Ends a session ($1).
pub(crate) const END: &str = "
    DELETE FROM sessions
    WHERE handle = $1";

/// Ends a session ($1) where it is an account's ($2).
pub(crate) const END_REPLACED: &str = "
    DELETE FROM sessions
    WHERE handle = $1 AND account = $2";

/// Ends the sessions of an account ($1) but one ($2).
pub(crate) const END_OF_ACCOUNT: &str = "
    DELETE FROM sessions
    WHERE account = $1 AND handle <> $2";

/// Ends the sessions of an account ($1) that rest on a passkey ($2).
pub(crate) const END_OF_CREDENTIAL: &str = "
    DELETE FROM sessions
    WHERE account = $1 AND credential = $2";

/// Drops the sessions of an account ($1) that ended by themselves at a time ($2): they were last used by a time ($3) or begun
/// by one ($4), and nobody stays by them.
pub(crate) const DROP_ENDED: &str = "
    DELETE FROM sessions
    WHERE account = $1 AND (used <= $3 OR begun <= $4) AND (stays IS NULL OR stays <= $2)";

/// Ends the sessions of an account ($1) that are too many: all but so many ($2) of the latest.
pub(crate) const END_BEYOND: &str = "
    DELETE FROM sessions
    WHERE account = $1 AND handle NOT IN (
        SELECT handle FROM sessions
        WHERE account = $1
        ORDER BY begun DESC, handle
        LIMIT $2)";

/// Ends the sessions of an account ($1) that may not sign in.
pub(crate) const DROP_OF_INACTIVE_ACCOUNT: &str = "
    DELETE FROM sessions
    WHERE account = $1 AND account NOT IN (
        SELECT id FROM accounts
        WHERE state = 'active'
            AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Forgets sessions that were begun before a time ($1).
pub(crate) const FORGET_OLD: &str = "
    DELETE FROM sessions
    WHERE begun < $1";

/// Ends all sessions.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM sessions";

/// Where a session is sealed.
pub(crate) fn place(key: HandleKey) -> Place {
    Place::of_row(&crate::hex(&key.0))
}

/// Reads a row: when it was used last, and the sealed rest.
pub(crate) fn sealed(row: &Row) -> Result<(jiff::Timestamp, Sealed<Session>), sqlx::Error> {
    Ok((
        time(row, "used")?,
        Sealed::of_stored(row.try_get("sealed")?),
    ))
}

impl Sealable for Session {
    const TABLE: &'static str = "sessions";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // A session has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
