//! The table `second_factors`: what each account remembers of those that its owner proved.

use authn::credential::second_factor::SecondFactor;
use authn::place::Method;

use super::{optional_time, time, unreadable};
use crate::engine::Row;

/// Notes that the owner of an account ($1), where there is one, proved a second factor ($2) at a time ($3).
///
/// What was proved first stays, and so does what was proved later: nodes write in any order.
pub(crate) const NOTE: &str = "
    INSERT INTO second_factors (account, method, first_proved, last_proved)
    SELECT $1, $2, $3, $3
    FROM accounts a
    WHERE a.id = $1
    ON CONFLICT (account) DO UPDATE SET
        method = CASE
            WHEN second_factors.last_proved > excluded.last_proved
            THEN second_factors.method ELSE excluded.method END,
        first_proved = CASE
            WHEN second_factors.first_proved < excluded.first_proved
            THEN second_factors.first_proved ELSE excluded.first_proved END,
        last_proved = CASE
            WHEN second_factors.last_proved > excluded.last_proved
            THEN second_factors.last_proved ELSE excluded.last_proved END";

/// Says that the owner of an account ($1) was told of the lease that ran from a proof ($2), where that is the last, and it
/// was not said before.
///
/// SECURITY: this statement alone decides that nobody is told twice of one lapse.
pub(crate) const TELL: &str = "
    UPDATE second_factors
    SET told = $2
    WHERE account = $1 AND last_proved = $2 AND (told IS NULL OR told < $2)";

/// Reads what an account remembers, beside its own row; nothing where it remembers nothing.
pub(crate) fn second_factor(row: &Row) -> Result<Option<SecondFactor>, sqlx::Error> {
    let Some(first) = optional_time(row, "first_proved")? else {
        return Ok(None);
    };
    let word: &str = row.try_get("second_factor_method")?;
    let method = Method::named(word);
    Ok(Some(SecondFactor {
        method: method.ok_or_else(|| unreadable("method", "an unknown method"))?,
        first,
        last: time(row, "last_proved")?,
    }))
}
