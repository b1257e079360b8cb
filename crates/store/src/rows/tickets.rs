//! The table `tickets`.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::place::Channel;
use authn::ticket::{RelayedTicket, TicketKey};

use super::{bytes_32, time, unreadable};
use crate::engine::Row;

/// Records a ticket ($1 to $7 in the order of the columns) whose account and credential stand, and were not
/// revoked after a number ($8); one that is known stays whose it is. What stands for sign-ins by Kerberos ($9, of
/// that account) stands as long as the account does.
///
/// SECURITY: disabling drops the tickets that are there. One that is bought in that moment and recorded
/// after it would be good again when the account comes back, or has come back by then.
pub(crate) const RECORD: &str = "
    INSERT INTO tickets (ticket, account, credential, channel, pool, relayed, expires)
    SELECT $1, $2, $3, $4, $5, $6, $7
    FROM accounts a
    WHERE a.id = $2 AND a.state = 'active'
        AND (a.standing IS NULL OR a.standing IN ('active', 'locked-out'))
        AND ($3 = $9 OR EXISTS (
            SELECT 1 FROM app_passwords c
            WHERE c.id = $3 AND c.account = a.id AND c.revoked IS NULL))
        AND NOT EXISTS (
            SELECT 1 FROM revocations r
            WHERE r.number > $8 AND (r.account = $2 OR r.credential = $3))
    ON CONFLICT (ticket) DO UPDATE SET
        channel = excluded.channel, relayed = excluded.relayed, expires = excluded.expires
    WHERE tickets.account = excluded.account
        AND tickets.credential = excluded.credential
        AND tickets.pool = excluded.pool";

/// Why a ticket was not recorded.
pub(crate) const NOT_RECORDED: &str =
    "what bought that ticket does not stand any more, or the ticket was relayed to somebody else";

/// Finds a ticket ($1) that has not ended at a time ($2) and whose credential and account stand; what stands for
/// sign-ins by Kerberos begins with $3 and goes on with the account's id.
pub(crate) const FIND: &str = "
    SELECT t.ticket, t.account AS ticket_account, t.credential, t.channel, t.pool, t.relayed,
        t.expires AS ticket_expires,
        a.id, a.domain, a.sam, a.upn, a.realm, a.sid, a.sip_addresses, a.mail, a.state,
        a.standing, a.not_delegable, a.group_sids,
        (SELECT read_at FROM directory_reads WHERE id = 'directory') AS directory_read
    FROM tickets t
    JOIN accounts a ON a.id = t.account
    WHERE t.ticket = $1
        AND t.expires > $2
        AND (t.credential = $3 || a.id OR EXISTS (
            SELECT 1 FROM app_passwords c
            WHERE c.id = t.credential AND c.account = t.account AND c.revoked IS NULL
                AND (c.expires IS NULL OR c.expires > $2)))
        AND a.state = 'active'
        AND (a.standing IS NULL OR a.standing IN ('active', 'locked-out'))";

/// Drops the tickets that a credential ($1) bought.
pub(crate) const DROP_OF_CREDENTIAL: &str = "
    DELETE FROM tickets
    WHERE credential = $1";

/// Drops the tickets of an account ($1), unless it may sign in.
pub(crate) const DROP_OF_INACTIVE_ACCOUNT: &str = "
    DELETE FROM tickets
    WHERE account IN (
        SELECT id FROM accounts
        WHERE id = $1
            AND (state <> 'active' OR standing IN ('disabled', 'expired', 'deleted')))";

/// Drops tickets of a credential ($1) that are not among so many ($2) of the last that were relayed, a few at
/// once.
pub(crate) const DROP_BEYOND: &str = "
    DELETE FROM tickets
    WHERE ticket IN (
        SELECT ticket FROM tickets
        WHERE credential = $1
        ORDER BY relayed DESC, ticket
        LIMIT 16 OFFSET $2)";

/// Forgets the tickets that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM tickets
    WHERE expires < $1";

/// Forgets all tickets.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM tickets";

/// Reads a ticket.
pub(crate) fn ticket(row: &Row) -> Result<RelayedTicket, sqlx::Error> {
    Ok(RelayedTicket {
        key: TicketKey(bytes_32(row, "ticket")?),
        account: AccountId(row.try_get("ticket_account")?),
        credential: CredentialId(row.try_get("credential")?),
        channel: channel(row)?,
        pool: row.try_get("pool")?,
        relayed: time(row, "relayed")?,
        expires: time(row, "ticket_expires")?,
    })
}

fn channel(row: &Row) -> Result<Channel, sqlx::Error> {
    let word: &str = row.try_get("channel")?;
    let mut known = Channel::ALL.into_iter();
    let channel = known.find(|channel| channel.as_str() == word);
    channel.ok_or_else(|| unreadable("channel", "an unknown channel"))
}
