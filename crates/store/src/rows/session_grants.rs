//! The table `session_grants`: what one-time codes bought, and typed secrets whose code is spent or was wrong.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::grant::{Client, Grant, GrantKey};

use super::{bytes_32, time};
use crate::engine::Row;

/// Finds what is known of a typed secret ($1).
pub(crate) const FIND: &str = "
    SELECT typed, account, credential, token, client, made, used, ends
    FROM session_grants
    WHERE typed = $1";

/// Finds what is known of an account ($1), if the subject is an account ($2 is 1) at all: so many ($3), the latest first.
pub(crate) const LATEST_OF_ACCOUNT: &str = "
    SELECT typed, account, credential, token, client, made, used, ends
    FROM session_grants
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1
    ORDER BY made DESC, typed DESC
    LIMIT $3";

/// Adds a grant ($1 to $8 in the order of the columns), unless the typed secret is known.
pub(crate) const ADD: &str = "
    INSERT INTO session_grants (typed, account, credential, token, client, made, used, ends)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (typed) DO NOTHING";

/// Makes a grant ($1 to $8 as of [`ADD`]) of a typed secret that is unknown, or whose code is being looked at.
pub(crate) const BUY: &str = "
    INSERT INTO session_grants (typed, account, credential, token, client, made, used, ends)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (typed) DO UPDATE SET
        credential = excluded.credential, token = excluded.token, client = excluded.client,
        made = excluded.made, used = excluded.used, ends = excluded.ends
    WHERE session_grants.token IS NULL AND session_grants.account = excluded.account";

/// Ends the claim of a typed secret ($1) at a time ($2): its code is wrong.
pub(crate) const END_CLAIM: &str = "
    UPDATE session_grants
    SET ends = $2
    WHERE typed = $1 AND token IS NULL AND ends > $2";

/// Uses a grant ($1) for a client ($2) at a time ($3), where it was used since a time ($4), has not ended, and the token
/// behind it is active and its owner's, or the destination stands that its code was sent to.
///
/// SECURITY: whether a grant lets somebody in is decided by this statement, and not by what was read before.
pub(crate) const USE: &str = "
    UPDATE session_grants
    SET used = CASE WHEN used > $3 THEN used ELSE $3 END
    WHERE typed = $1 AND client = $2 AND used > $4 AND ends > $3
        AND (EXISTS (
            SELECT 1 FROM otp_tokens k
            WHERE k.id = session_grants.token AND k.account = session_grants.account
                AND k.state = 'active')
            OR EXISTS (
            SELECT 1 FROM destinations d
            WHERE d.account = session_grants.account
                AND 'destination:' || d.carrier || ':' || CAST(d.set_at AS TEXT) || ':' || d.account
                    = session_grants.token))";

/// Notes at a time ($2) that a typed secret ($1) came again and was good for nothing, the first time that it does.
pub(crate) const AGAIN: &str = "
    UPDATE session_grants
    SET refused = $2
    WHERE typed = $1 AND refused IS NULL";

/// Ends what rests on a memorised secret ($1) at a time ($2), and goes on knowing what was typed: a device that goes on
/// sending an old secret guesses at nothing.
pub(crate) const END_OF_SECRET: &str = "
    UPDATE session_grants
    SET token = NULL, credential = '', ends = CASE WHEN ends > $2 THEN $2 ELSE ends END
    WHERE credential = $1";

/// Drops what rests on a credential or a token ($1).
pub(crate) const DROP_OF_CREDENTIAL: &str = "
    DELETE FROM session_grants
    WHERE credential = $1 OR token = $1";

/// Drops the grants of an account ($1), unless it may sign in.
pub(crate) const DROP_OF_INACTIVE_ACCOUNT: &str = "
    DELETE FROM session_grants
    WHERE account IN (
        SELECT id FROM accounts
        WHERE id = $1
            AND (state <> 'active' OR standing IN ('disabled', 'expired', 'deleted')))";

/// Drops grants of an account ($1) that are not among so many ($2) of the last that were made, a few at once.
pub(crate) const DROP_BEYOND: &str = "
    DELETE FROM session_grants
    WHERE typed IN (
        SELECT typed FROM session_grants
        WHERE account = $1
        ORDER BY made DESC, typed
        LIMIT 16 OFFSET $2)";

/// Forgets what ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM session_grants
    WHERE ends < $1";

/// Forgets all grants.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM session_grants";

/// Reads a grant.
pub(crate) fn grant(row: &Row) -> Result<Grant, sqlx::Error> {
    let token: Option<String> = row.try_get("token")?;
    Ok(Grant {
        key: GrantKey(bytes_32(row, "typed")?),
        account: AccountId(row.try_get("account")?),
        credential: CredentialId(row.try_get("credential")?),
        token: token.map(CredentialId),
        client: Client(row.try_get("client")?),
        made: time(row, "made")?,
        used: time(row, "used")?,
        ends: time(row, "ends")?,
    })
}
