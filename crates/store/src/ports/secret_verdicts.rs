//! Typed texts that were refused: each is known again, and counted once.

use authn::credential::memorised_secret::{Guessed, MAX_KNOWN, SecretPlace, Tried};

use crate::engine::query;
use crate::rows;
use crate::writer::{WriteError, Writing};

/// What was found of a text before, where it is known.
pub(super) async fn known(
    writing: &mut Writing<'_>,
    place: &SecretPlace,
    tried: &Tried,
) -> Result<Option<bool>, WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    let found = query(rows::secret_verdicts::KNOWN)
        .bind(kind)
        .bind(name)
        .bind(tried.tag(true).0.to_vec())
        .bind(tried.tag(false).0.to_vec())
        .bind(place.now.as_microsecond())
        .fetch_all(&mut *writing.connection)
        .await?;
    let mut is_right = None;
    for row in &found {
        is_right = Some(rows::secret_verdicts::tag(row)? == *tried.tag(true));
    }
    Ok(is_right)
}

/// Makes a text known that was hashed and refused; `false` where it is known by then.
pub(super) async fn note(writing: &mut Writing<'_>, guessed: &Guessed) -> Result<bool, WriteError> {
    let place = &guessed.place;
    let (kind, name) = rows::counters::subject_key(&place.subject);
    let noted = query(rows::secret_verdicts::NOTE)
        .bind(kind)
        .bind(&name)
        .bind(guessed.verdict.0.to_vec())
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    query(rows::secret_verdicts::DROP_BEYOND)
        .bind(kind)
        .bind(&name)
        .bind(i64::from(MAX_KNOWN))
        .execute(&mut *writing.connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}
