//! The table `otp_tokens`, whose seeds are sealed.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::otp_token::{OtpToken, TokenKind, TokenState};
use proto::otp::{Algorithm, Digits, Period, Seed};
use zeroize::Zeroizing;

use super::{optional_time, time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists the tokens of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT id, serial, account, label, kind, period, algorithm, digits, state, created, last_used,
        next_step, clock_offset, drift, failures, seed
    FROM otp_tokens
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1";

/// Finds the token of this id or serial number ($1).
pub(crate) const CALLED: &str = "
    SELECT id, serial, account, label, kind, period, algorithm, digits, state, created, last_used,
        next_step, clock_offset, drift, failures, seed
    FROM otp_tokens
    WHERE id = $1 OR serial = $1";

/// Lists tokens after an id ($1) by their ids, at most so many ($2).
pub(crate) const LIST: &str = "
    SELECT id, serial, account, label, kind, period, algorithm, digits, state, created, last_used,
        next_step, clock_offset, drift, failures, seed
    FROM otp_tokens
    WHERE id > $1
    ORDER BY id
    LIMIT $2";

/// How many tokens one statement adds, the most first: few texts, which a server keeps prepared.
pub(crate) const TOGETHER: [usize; 3] = [256, 16, 1];

/// Adds so many tokens (each by 15 parameters in the order of the columns) whose serial numbers are nobody else's, and
/// answers with those that it added.
pub(crate) fn add(count: usize) -> String {
    let row = |number: usize| {
        let first = number.saturating_mul(15).saturating_add(1);
        let marks = (first..).take(14).map(|it| format!("${it}"));
        let marks = marks.collect::<Vec<_>>().join(", ");
        let seed = first.saturating_add(14);
        format!("({marks}, 0, 0, 0, 0, 0, ${seed})")
    };
    let rows = (0..count).map(row).collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO otp_tokens (id, serial, account, label, kind, period, algorithm, digits, state,
            created, last_used, next_step, clock_offset, drift, failures, familiar_since,
            familiar_failures, unfamiliar_since, unfamiliar_failures, seed)
        VALUES {rows}
        ON CONFLICT (serial) DO NOTHING
        RETURNING id"
    )
}

/// Makes a token ($1) that is of an account ($2) and in a state ($3) one of another account ($4), in another state
/// ($5), with its clock so far off ($6) and its seed sealed anew ($9). Its next step is at least so high ($10); where
/// that spends a code ($11 is 1), it was lower, and the token has wandered so far ($7) and is used at a time ($8).
///
/// SECURITY: whether a code is spent is decided by this statement alone.
pub(crate) const CHANGE: &str = "
    UPDATE otp_tokens
    SET account = $4, state = $5, clock_offset = $6, seed = $9,
        drift = CASE WHEN CAST($11 AS BIGINT) = 1 THEN $7 ELSE drift END,
        last_used = CASE WHEN CAST($11 AS BIGINT) = 1 THEN $8 ELSE last_used END,
        next_step = CASE WHEN next_step > $10 THEN next_step ELSE $10 END
    WHERE id = $1 AND COALESCE(account, '') = COALESCE(CAST($2 AS TEXT), '') AND state = $3
        AND (CAST($11 AS BIGINT) = 0 OR next_step < $10)";

/// Forgets the failures of a token ($1).
pub(crate) const FORGIVE: &str = "
    UPDATE otp_tokens
    SET failures = 0, familiar_failures = 0, unfamiliar_failures = 0
    WHERE id = $1";

/// Forgets the failures in a row of a token ($1) whose code was the last thing that was wanting.
pub(crate) const SUCCEEDED: &str = "
    UPDATE otp_tokens
    SET failures = 0
    WHERE id = $1";

/// Removes a token ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM otp_tokens
    WHERE id = $1";

/// The active tokens of an account ($1).
pub(crate) const ACTIVE_OF_ACCOUNT: &str = "
    SELECT id
    FROM otp_tokens
    WHERE account = $1 AND state = 'active'";

/// Takes places from a familiar source for all active tokens of an account ($1), or for one that is not blocked
/// ($2): one statement counts, rolls the window (which starts at $3; it is $4 now), holds each token to so many
/// failures in it ($5) and so many in a row ($6), and answers with those that had room.
///
/// SECURITY: check and write are one statement, before any code is compared (T-CRED-5, T-CRED-9).
pub(crate) const RESERVE_FAMILIAR: &str = "
    UPDATE otp_tokens
    SET failures = failures + 1,
        familiar_failures = CASE WHEN familiar_since >= $3 THEN familiar_failures + 1 ELSE 1 END,
        familiar_since = CASE WHEN familiar_since >= $3 THEN familiar_since ELSE $4 END
    WHERE ((account = $1 AND state = 'active') OR (id = $2 AND state IN ('active', 'pending')))
        AND failures < $6 AND (familiar_since < $3 OR familiar_failures < $5)
    RETURNING id";

/// The same from an unfamiliar source.
pub(crate) const RESERVE_UNFAMILIAR: &str = "
    UPDATE otp_tokens
    SET failures = failures + 1,
        unfamiliar_failures = CASE
            WHEN unfamiliar_since >= $3 THEN unfamiliar_failures + 1 ELSE 1 END,
        unfamiliar_since = CASE WHEN unfamiliar_since >= $3 THEN unfamiliar_since ELSE $4 END
    WHERE ((account = $1 AND state = 'active') OR (id = $2 AND state IN ('active', 'pending')))
        AND failures < $6 AND (unfamiliar_since < $3 OR unfamiliar_failures < $5)
    RETURNING id";

/// Gives back a place that a token ($1) took from a familiar source at a time ($2).
pub(crate) const GIVE_BACK_FAMILIAR: &str = "
    UPDATE otp_tokens
    SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END,
        familiar_failures = CASE
            WHEN familiar_since <= $2 AND familiar_failures > 0
            THEN familiar_failures - 1 ELSE familiar_failures END
    WHERE id = $1";

/// The same of an unfamiliar source.
pub(crate) const GIVE_BACK_UNFAMILIAR: &str = "
    UPDATE otp_tokens
    SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END,
        unfamiliar_failures = CASE
            WHEN unfamiliar_since <= $2 AND unfamiliar_failures > 0
            THEN unfamiliar_failures - 1 ELSE unfamiliar_failures END
    WHERE id = $1";

/// Spends a step ($3) of an active token ($1) of an account ($2), whose clock is so far off ($4), at a time ($5).
///
/// SECURITY: this statement alone decides that a code works once (T-OTP-1, T-OTP-2), and that no older one does
/// after it (T-OTP-4).
pub(crate) const ACCEPT: &str = "
    UPDATE otp_tokens
    SET next_step = $3 + 1, drift = $4, last_used = $5
    WHERE id = $1 AND COALESCE(account, '') = COALESCE(CAST($2 AS TEXT), '')
        AND state = 'active' AND next_step <= $3";

/// Gives a token ($1) of a backup the state ($2), the next step ($3) and the failures in a row ($4) that it has since,
/// with its seed sealed anew ($5).
pub(crate) const CARRY: &str = "
    UPDATE otp_tokens
    SET state = $2, next_step = $3, failures = $4, seed = $5
    WHERE id = $1";

/// Where the seed of a token is sealed.
///
/// SECURITY: everything that decides what its codes are, whose they are and whether they are taken is bound:
/// whoever can write to the file and lacks the key cannot make it another's, or active again. What a sign-in moves
/// on by one statement (the next step, the drift, the failures) is not: whoever can write to the file can put a
/// whole older row in its place, and no envelope would say that it is older.
pub(crate) fn place(record: &OtpToken) -> Place {
    let (kind, period) = kind_columns(record.kind);
    Place::of_row(&record.id.0)
        .beside("serial", record.serial.clone())
        .beside("account", record.account.as_ref().map(|id| id.0.clone()))
        .beside("kind", Some(kind.to_owned()))
        .beside("period", period.map(|period| period.to_string()))
        .beside("algorithm", Some(record.algorithm.as_str().to_owned()))
        .beside("digits", Some(record.digits.count().to_string()))
        .beside("state", Some(state_text(record.state).to_owned()))
        .beside("created", Some(record.created.as_microsecond().to_string()))
        .beside("clock_offset", Some(record.offset.to_string()))
}

/// Reads what is known about a token.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<OtpToken, sqlx::Error> {
    let account: Option<String> = row.try_get("account")?;
    let algorithm = Algorithm::of(row.try_get("algorithm")?);
    Ok(OtpToken {
        id: CredentialId(row.try_get("id")?),
        serial: row.try_get("serial")?,
        account: account.map(AccountId),
        label: row.try_get("label")?,
        kind: kind(row)?,
        algorithm: algorithm.ok_or_else(|| unreadable("algorithm", "an unknown algorithm"))?,
        digits: digits(row)?,
        state: state(row)?,
        created: time(row, "created")?,
        last_used: optional_time(row, "last_used")?,
        next: number(row, "next_step")?,
        offset: row.try_get("clock_offset")?,
        drift: row.try_get("drift")?,
        failures: number(row, "failures")?,
    })
}

/// Reads the sealed seed.
pub(crate) fn seed(row: &Row) -> Result<Sealed<Seed>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("seed")?))
}

/// How it is written what moves a token on.
pub(crate) fn kind_columns(kind: TokenKind) -> (&'static str, Option<i64>) {
    match kind {
        TokenKind::Totp { period } => ("totp", Some(i64::from(period.seconds()))),
        TokenKind::Hotp => ("hotp", None),
    }
}

/// How a state is written.
pub(crate) fn state_text(state: TokenState) -> &'static str {
    match state {
        TokenState::Pending => "pending",
        TokenState::Active => "active",
        TokenState::Blocked => "blocked",
    }
}

/// How a step is written; those beyond are no token's.
pub(crate) fn step(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

fn kind(row: &Row) -> Result<TokenKind, sqlx::Error> {
    match row.try_get("kind")? {
        "totp" => {
            let period = Period::of(number(row, "period")?);
            let period = period.ok_or_else(|| unreadable("period", "no period"))?;
            Ok(TokenKind::Totp { period })
        }
        "hotp" => Ok(TokenKind::Hotp),
        _ => Err(unreadable("kind", "an unknown kind")),
    }
}

fn digits(row: &Row) -> Result<Digits, sqlx::Error> {
    let digits = Digits::of(number(row, "digits")?);
    digits.ok_or_else(|| unreadable("digits", "as many as no code has"))
}

fn state(row: &Row) -> Result<TokenState, sqlx::Error> {
    match row.try_get("state")? {
        "pending" => Ok(TokenState::Pending),
        "active" => Ok(TokenState::Active),
        "blocked" => Ok(TokenState::Blocked),
        _ => Err(unreadable("state", "an unknown state")),
    }
}

fn number<N: TryFrom<i64>>(row: &Row, column: &'static str) -> Result<N, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    N::try_from(number).map_err(|_| unreadable(column, "a number that none is"))
}

impl Sealable for Seed {
    const TABLE: &'static str = "otp_tokens";
    const COLUMN: &'static str = "seed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.as_bytes().to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        Self::of(plain.to_vec()).ok()
    }
}
