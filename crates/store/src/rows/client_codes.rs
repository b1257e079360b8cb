//! The table `client_codes`: codes that wait for the clients that asked for them.

use authn::account::AccountId;
use authn::credential::grant::Client;
use authn::credential::sent_code::ClientCode;

use super::{bytes_32, destinations, time};
use crate::engine::Row;

/// Finds the code of an account ($1), if the subject is an account ($2 is 1) at all, and a client ($3).
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const FIND: &str = "
    SELECT account, client, mac, carrier, destination_set, ends
    FROM client_codes
    WHERE account = $1 AND client = $3 AND CAST($2 AS BIGINT) = 1";

/// Keeps a code ($1 to $6 in the order of the columns), unless one of its account and client lives ($7 is now).
///
/// SECURITY: check and write are one statement, so that requests at once send one code.
pub(crate) const KEEP: &str = "
    INSERT INTO client_codes (account, client, mac, carrier, destination_set, ends)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account, client) DO UPDATE SET
        mac = excluded.mac, carrier = excluded.carrier, destination_set = excluded.destination_set,
        ends = excluded.ends
    WHERE client_codes.ends <= $7";

/// Takes back a code of an account ($1) and a client ($2) that is not sent.
pub(crate) const TAKE_BACK: &str = "
    DELETE FROM client_codes
    WHERE account = $1 AND client = $2";

/// Spends the code of an account ($1) and a client ($2) with this MAC ($3) that has not ended at a time ($4), where the
/// destination stands that it went to.
///
/// SECURITY: whether it is taken is decided by this statement, and not by what was read before.
pub(crate) const SPEND: &str = "
    DELETE FROM client_codes
    WHERE account = $1 AND client = $2 AND mac = $3 AND ends > $4
        AND EXISTS (
            SELECT 1 FROM destinations d
            WHERE d.account = client_codes.account AND d.carrier = client_codes.carrier
                AND d.set_at = client_codes.destination_set)";

/// Drops the codes of an account ($1).
pub(crate) const DROP_OF_ACCOUNT: &str = "
    DELETE FROM client_codes
    WHERE account = $1";

/// Forgets the codes that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM client_codes
    WHERE ends < $1";

/// Forgets all codes.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM client_codes";

/// Reads a code.
pub(crate) fn code(row: &Row) -> Result<ClientCode, sqlx::Error> {
    Ok(ClientCode {
        account: AccountId(row.try_get("account")?),
        client: Client(row.try_get("client")?),
        mac: bytes_32(row, "mac")?,
        carrier: destinations::carrier(row)?,
        destination_set: time(row, "destination_set")?,
        ends: time(row, "ends")?,
    })
}
