//! The table `sent_budgets`: codes that were sent, and guesses at them.

/// Takes a place in a budget ($1, $2): one statement counts, rolls the window (which starts at $3; it is $4 now) and holds
/// to so many in it ($5) and so many in a row ($6).
///
/// SECURITY: check and write are one statement, before anything is sent or compared (T-CRED-5).
pub(crate) const RESERVE: &str = "
    INSERT INTO sent_budgets (counted, name, since, taken, in_a_row)
    VALUES ($1, $2, $4, 1, 1)
    ON CONFLICT (counted, name) DO UPDATE SET
        taken = CASE WHEN sent_budgets.since > $3 THEN sent_budgets.taken + 1 ELSE 1 END,
        since = CASE WHEN sent_budgets.since > $3 THEN sent_budgets.since ELSE $4 END,
        in_a_row = sent_budgets.in_a_row + 1
    WHERE sent_budgets.in_a_row < $6
        AND (sent_budgets.since <= $3 OR sent_budgets.taken < $5)";

/// Gives back a place that was taken in a budget ($1, $2) at a time ($3); those in a row are forgotten.
pub(crate) const GIVE_BACK: &str = "
    UPDATE sent_budgets
    SET in_a_row = 0,
        taken = CASE WHEN since <= $3 AND taken > 0 THEN taken - 1 ELSE taken END
    WHERE counted = $1 AND name = $2";

/// Takes back what a request took of a budget ($1, $2) that came to nothing.
pub(crate) const UNDO: &str = "
    UPDATE sent_budgets
    SET taken = taken - 1, in_a_row = in_a_row - 1
    WHERE counted = $1 AND name = $2 AND taken > 0 AND in_a_row > 0";

/// Forgets the guesses at the codes of an account ($1), and those that nobody typed.
pub(crate) const FORGIVE: &str = "
    DELETE FROM sent_budgets
    WHERE name = $1 AND counted IN ('guess-familiar', 'guess-unfamiliar', 'unanswered')";

/// Forgets what was counted of codes that were sent, in windows that were begun before a time ($1). Guesses stay, as those
/// in a row are counted over all windows.
pub(crate) const FORGET_OLD: &str = "
    DELETE FROM sent_budgets
    WHERE since < $1 AND counted NOT IN ('guess-familiar', 'guess-unfamiliar')";
