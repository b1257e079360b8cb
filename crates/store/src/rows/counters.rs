//! The tables `counters` and `familiar_sources`.
//!
//! A counter holds the failures and open attempts of the running window and of the one that ended
//! before it. It begins anew only after a whole window of silence, so that it never drops to
//! nothing while failures go on, and never grows beyond two windows.

use authn::lockout::Subject;

use crate::engine::Row;

/// The kind of a network's counter.
pub(crate) const SOURCE: &str = "source";

/// Takes a place for a subject ($1, $2) and its source ($3): one statement counts, rolls the
/// window (which starts at $4; it is $5 now) and holds the subject to its limit ($6). It answers
/// with the rows that were counted, and whether the account ($7) has known the source since a time
/// ($8); at the limit the row of the subject is missing.
///
/// SECURITY: check and write are one statement (finding 6); a refused attempt still counts against
/// its source.
pub(crate) const TAKE: &str = "
    INSERT INTO counters (kind, name, started, touched, running, ended)
    VALUES ($1, $2, $5, $5, 1, 0), ('source', $3, $5, $5, 1, 0)
    ON CONFLICT (kind, name) DO UPDATE SET
        started = CASE
            WHEN counters.started >= $4 AND counters.started < excluded.started
            THEN counters.started ELSE excluded.started END,
        touched = CASE
            WHEN counters.touched > excluded.touched
            THEN counters.touched ELSE excluded.touched END,
        running = CASE WHEN counters.started >= $4 THEN counters.running + 1 ELSE 1 END,
        ended = CASE
            WHEN counters.started >= $4 THEN counters.ended
            WHEN counters.touched >= $4 THEN counters.running
            ELSE 0 END
    WHERE counters.kind = 'source'
        OR $6 > CASE
            WHEN counters.started >= $4 THEN counters.running + counters.ended
            WHEN counters.touched >= $4 THEN counters.running
            ELSE 0 END
    RETURNING kind, running + ended AS total, (
        SELECT COUNT(*)
        FROM familiar_sources f
        WHERE f.account = $7 AND f.source = $3 AND f.seen >= $8
    ) AS familiar";

/// Gives back a place that a subject ($1, $2) and its source ($3) took at a time ($4).
pub(crate) const GIVE_BACK: &str = "
    UPDATE counters SET
        running = CASE WHEN started <= $4 AND running > 0 THEN running - 1 ELSE running END,
        ended = CASE WHEN started > $4 AND ended > 0 THEN ended - 1 ELSE ended END
    WHERE (kind = $1 AND name = $2) OR (kind = 'source' AND name = $3)";

/// Gives back a place that a subject ($1, $2) took at a time ($3); its source's stays taken.
pub(crate) const GIVE_BACK_OF_SUBJECT: &str = "
    UPDATE counters SET
        running = CASE WHEN started <= $3 AND running > 0 THEN running - 1 ELSE running END,
        ended = CASE WHEN started > $3 AND ended > 0 THEN ended - 1 ELSE ended END
    WHERE kind = $1 AND name = $2";

/// Notes at a time ($3) that an alarm is raised for a subject ($1, $2), unless one was since a time
/// ($4).
pub(crate) const ALARM: &str = "
    UPDATE counters
    SET alarmed = $3
    WHERE kind = $1 AND name = $2 AND (alarmed IS NULL OR alarmed < $4)";

/// Makes a source ($2) familiar to an account ($1), last seen at a time ($3).
pub(crate) const FAMILIARISE: &str = "
    INSERT INTO familiar_sources (account, source, seen)
    VALUES ($1, $2, $3)
    ON CONFLICT (account, source) DO UPDATE SET seen = excluded.seen";

/// Forgets the counters that were not touched since a time ($1).
pub(crate) const FORGET_QUIET: &str = "
    DELETE FROM counters
    WHERE touched < $1";

/// Forgets all counters.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM counters";

/// Forgets the familiar sources that were not seen since a time ($1).
pub(crate) const FORGET_UNSEEN: &str = "
    DELETE FROM familiar_sources
    WHERE seen < $1";

/// Forgets which sources are familiar to whom.
pub(crate) const FORGET_FAMILIAR: &str = "
    DELETE FROM familiar_sources";

/// One counted row.
pub(crate) struct Counted {
    /// Whether it is the source's.
    pub(crate) is_source: bool,
    /// What it holds.
    pub(crate) total: u32,
    /// Whether the account knows the source.
    pub(crate) is_familiar: bool,
}

/// Reads a counted row.
pub(crate) fn counted(row: &Row) -> Result<Counted, sqlx::Error> {
    let kind: &str = row.try_get("kind")?;
    let total: i64 = row.try_get("total")?;
    let familiar: i64 = row.try_get("familiar")?;
    Ok(Counted {
        is_source: kind == SOURCE,
        total: u32::try_from(total).unwrap_or(u32::MAX),
        is_familiar: familiar > 0,
    })
}

/// The kind and name under which a subject is counted.
pub(crate) fn subject_key(subject: &Subject) -> (&'static str, String) {
    match subject {
        Subject::Account(id) => ("account", id.0.clone()),
        Subject::Unknown(bucket) => ("unknown", bucket.to_string()),
    }
}
