//! The table `tickets`.

use std::collections::BTreeSet;

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::place::{Channel, Method};
use authn::ticket::{RelayedTicket, TicketKey};

use super::{bytes_32, optional_time, time, unreadable};
use crate::engine::Row;

/// Records a ticket ($1 to $7 and $10 to $12 in the order of the columns) whose account and credential stand (an app
/// password, or the secret or passkey of a sign-in to a page), and were
/// not revoked after a number ($8), nor the sign-in ($13) where it is of a page; one that is known stays whose it is, unless it was revoked. What stands for sign-ins by Kerberos ($9, of
/// that account) stands as long as the account does. The token ($10) behind it, or the destination that a sent code went
/// to, stands, too, where there is one.
///
/// SECURITY: disabling drops the tickets that are there. One that is bought in that moment and recorded
/// after it would be good again when the account comes back, or has come back by then.
pub(crate) const RECORD: &str = "
    INSERT INTO tickets (ticket, account, credential, channel, pool, relayed, expires, token, methods,
        second_factor)
    SELECT $1, $2, $3, $4, $5, $6, $7, CAST($10 AS TEXT), $11, $12
    FROM accounts a
    WHERE a.id = $2 AND a.state = 'active'
        AND (a.standing IS NULL OR a.standing IN ('active', 'locked-out'))
        AND ($3 = $9 OR EXISTS (
            SELECT 1 FROM app_passwords c
            WHERE c.id = $3 AND c.account = a.id AND c.revoked IS NULL)
            OR EXISTS (
                SELECT 1 FROM memorised_secrets m
                WHERE m.id = $3 AND m.account = a.id)
            OR EXISTS (
                SELECT 1 FROM ntlm_pins n
                WHERE n.id = $3 AND n.account = a.id)
            OR EXISTS (
                SELECT 1 FROM passkeys p
                WHERE p.id = $3 AND p.account = a.id))
        AND (CAST($10 AS TEXT) IS NULL OR EXISTS (
            SELECT 1 FROM otp_tokens k
            WHERE k.id = $10 AND k.account = a.id AND k.state = 'active')
            OR EXISTS (
            SELECT 1 FROM destinations d
            WHERE d.account = a.id
                AND 'destination:' || d.carrier || ':' || CAST(d.set_at AS TEXT) || ':' || d.account
                    = CAST($10 AS TEXT)))
        AND NOT EXISTS (
            SELECT 1 FROM revocations r
            WHERE r.number > $8
                AND (r.account = $2 OR r.credential = $3 OR r.credential = CAST($10 AS TEXT)
                    OR r.credential = CAST($13 AS TEXT)))
    ON CONFLICT (ticket) DO UPDATE SET
        account = excluded.account, credential = excluded.credential, channel = excluded.channel,
        pool = excluded.pool, relayed = excluded.relayed, expires = excluded.expires,
        token = excluded.token, methods = excluded.methods, second_factor = excluded.second_factor,
        revoked = NULL
    WHERE tickets.revoked IS NOT NULL
        OR (tickets.account = excluded.account
            AND tickets.credential = excluded.credential
            AND COALESCE(tickets.token, '') = COALESCE(excluded.token, '')
            AND tickets.pool = excluded.pool)";

/// Why a ticket was not recorded.
pub(crate) const NOT_RECORDED: &str =
    "what bought that ticket does not stand any more, or the ticket was relayed to somebody else";

/// That what somebody signed in by stands: the account, the credential and the token or destination that a row `t` names, at a
/// time ($2), with the account as `a`. What stands for sign-ins by Kerberos begins with $3 and goes on with the account's id.
macro_rules! stands {
    () => {
        "(t.credential = $3 || a.id OR EXISTS (
            SELECT 1 FROM app_passwords c
            WHERE c.id = t.credential AND c.account = t.account AND c.revoked IS NULL
                AND (c.expires IS NULL OR c.expires > $2))
            OR EXISTS (
                SELECT 1 FROM memorised_secrets m
                WHERE m.id = t.credential AND m.account = t.account)
            OR EXISTS (
                SELECT 1 FROM ntlm_pins n
                WHERE n.id = t.credential AND n.account = t.account)
            OR EXISTS (
                SELECT 1 FROM passkeys p
                WHERE p.id = t.credential AND p.account = t.account))
        AND (t.token IS NULL OR EXISTS (
            SELECT 1 FROM otp_tokens k
            WHERE k.id = t.token AND k.account = t.account AND k.state = 'active')
            OR EXISTS (
            SELECT 1 FROM destinations d
            WHERE d.account = t.account
                AND 'destination:' || d.carrier || ':' || CAST(d.set_at AS TEXT) || ':' || d.account
                    = t.token))
        AND a.state = 'active'
        AND (a.standing IS NULL OR a.standing IN ('active', 'locked-out'))"
    };
}

/// Finds a ticket ($1) that has not ended at a time ($2) and whose credential and account stand.
pub(crate) const FIND: &str = concat!(
    "
    SELECT t.ticket, t.account AS ticket_account, t.credential, t.token, t.channel, t.pool, t.relayed,
        t.expires AS ticket_expires, t.methods AS ticket_methods,
        t.second_factor AS ticket_second_factor,
        a.id, a.domain, a.sam, a.upn, a.realm, a.sid, a.sip_addresses, a.mail, a.state,
        a.standing, a.not_delegable, a.group_sids, a.attributes,
        (SELECT read_at FROM directory_reads WHERE id = 'directory') AS directory_read,
        f.method AS second_factor_method, f.first_proved, f.last_proved
    FROM tickets t
    JOIN accounts a ON a.id = t.account
    LEFT JOIN second_factors f ON f.account = a.id
    WHERE t.ticket = $1
        AND t.revoked IS NULL
        AND t.expires > $2
        AND ",
    stands!()
);

/// Finds whether an account ($1), its credential ($4) and the token ($5) behind it, where there is one, stand at a time ($2). A
/// secret that its owner disowned does not: what it bought before has no row here that went with it.
pub(crate) const STANDS: &str = concat!(
    "
    SELECT a.id
    FROM (SELECT CAST($1 AS TEXT) AS account, CAST($4 AS TEXT) AS credential, CAST($5 AS TEXT) AS token) t
    JOIN accounts a ON a.id = t.account
    WHERE NOT EXISTS (
            SELECT 1 FROM memorised_secrets m
            WHERE m.id = t.credential AND m.disowned IS NOT NULL)
        AND ",
    stands!()
);

/// Finds whether a ticket ($1) was ever relayed, be it revoked or ended since.
pub(crate) const WAS_RELAYED: &str = "
    SELECT ticket FROM tickets
    WHERE ticket = $1";

/// Takes a token ($1) of our own security token service.
///
/// SECURITY: this statement alone decides whether it was taken before.
pub(crate) const SPEND: &str = "
    UPDATE tickets SET revoked = 1
    WHERE ticket = $1 AND revoked IS NULL";

/// Revokes the tickets that a credential, or a code of a token ($1), bought.
pub(crate) const REVOKE_OF_CREDENTIAL: &str = "
    UPDATE tickets SET revoked = 1
    WHERE credential = $1 OR token = $1";

/// Revokes what tokens of a sign-in to a page bought: of an account ($1), by a credential ($2), with a second factor that was
/// proved at a time ($3, -1 where there was none).
pub(crate) const REVOKE_OF_SIGN_IN: &str = "
    UPDATE tickets SET revoked = 1
    WHERE account = $1 AND credential = $2 AND channel = 'page'
        AND COALESCE(second_factor, -1) = $3";

/// Revokes the tickets of an account ($1), unless it may sign in.
pub(crate) const REVOKE_OF_INACTIVE_ACCOUNT: &str = "
    UPDATE tickets SET revoked = 1
    WHERE account IN (
        SELECT id FROM accounts
        WHERE id = $1
            AND (state <> 'active' OR standing IN ('disabled', 'expired', 'deleted')))";

/// Drops tickets of a credential ($1) at a pool ($3) that are not among so many ($2) of the last that were relayed there, a
/// few at once. Tokens for parties, which are a pool of their own here, are in no ticket's way.
pub(crate) const DROP_BEYOND: &str = "
    DELETE FROM tickets
    WHERE ticket IN (
        SELECT ticket FROM tickets
        WHERE credential = $1 AND pool = $3
        ORDER BY relayed DESC, ticket
        LIMIT 16 OFFSET $2)";

/// Forgets the tickets that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM tickets
    WHERE expires < $1";

/// Revokes all tickets.
pub(crate) const REVOKE_ALL: &str = "
    UPDATE tickets SET revoked = 1";

/// Reads a ticket.
pub(crate) fn ticket(row: &Row) -> Result<RelayedTicket, sqlx::Error> {
    let token: Option<String> = row.try_get("token")?;
    Ok(RelayedTicket {
        key: TicketKey(bytes_32(row, "ticket")?),
        account: AccountId(row.try_get("ticket_account")?),
        credential: CredentialId(row.try_get("credential")?),
        token: token.map(CredentialId),
        channel: channel(row)?,
        methods: methods(row)?,
        second_factor: optional_time(row, "ticket_second_factor")?,
        pool: row.try_get("pool")?,
        relayed: time(row, "relayed")?,
        expires: time(row, "ticket_expires")?,
    })
}

/// How methods are written.
pub(crate) fn methods_text(methods: &BTreeSet<Method>) -> String {
    serde_json::json!(methods).to_string()
}

/// A ticket from before they were written was bought by the one method that its credential is proved by.
fn methods(row: &Row) -> Result<BTreeSet<Method>, sqlx::Error> {
    match row.try_get::<Option<&str>>("ticket_methods")? {
        Some(text) => {
            serde_json::from_str(text).map_err(|error| unreadable("ticket_methods", error))
        }
        None => {
            let credential: &str = row.try_get("credential")?;
            let is_kerberos = credential.starts_with(CredentialId::KERBEROS);
            Ok([match is_kerberos {
                true => Method::Kerberos,
                false => Method::AppPassword,
            }]
            .into())
        }
    }
}

fn channel(row: &Row) -> Result<Channel, sqlx::Error> {
    let word: &str = row.try_get("channel")?;
    let mut known = Channel::ALL.into_iter();
    let channel = known.find(|channel| channel.as_str() == word);
    channel.ok_or_else(|| unreadable("channel", "an unknown channel"))
}
