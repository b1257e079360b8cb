//! Budgets of codes that are sent, as a transaction takes and gives back their places.

use authn::credential::sent_code::BudgetPlace;

use crate::engine::query;
use crate::rows;
use crate::writer::{WriteError, Writing};

/// Takes all of these places, or none.
pub(super) async fn take_all(
    writing: &mut Writing<'_>,
    places: &[BudgetPlace],
) -> Result<bool, WriteError> {
    let mut taken = Vec::new();
    for place in places {
        if reserve(writing, place).await? {
            taken.push(place);
        }
    }
    let has_room = taken.len() == places.len();
    if !has_room {
        for place in taken {
            undo(writing, place).await?;
        }
    }
    Ok(has_room)
}

/// Takes a place in a budget; `false` where it has no room.
pub(super) async fn reserve(
    writing: &mut Writing<'_>,
    place: &BudgetPlace,
) -> Result<bool, WriteError> {
    let taken = query(rows::sent_budgets::RESERVE)
        .bind(place.counted.as_str())
        .bind(&place.name)
        .bind(place.window_start.as_microsecond())
        .bind(place.now.as_microsecond())
        .bind(i64::from(place.at_most))
        .bind(i64::from(place.in_a_row))
        .execute(&mut *writing.connection)
        .await?;
    Ok(taken.rows_affected() > 0)
}

async fn undo(writing: &mut Writing<'_>, place: &BudgetPlace) -> Result<(), WriteError> {
    query(rows::sent_budgets::UNDO)
        .bind(place.counted.as_str())
        .bind(&place.name)
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

/// Gives back a place that was taken, and forgets those in a row.
pub(super) async fn give_back(
    writing: &mut Writing<'_>,
    place: &BudgetPlace,
) -> Result<(), WriteError> {
    query(rows::sent_budgets::GIVE_BACK)
        .bind(place.counted.as_str())
        .bind(&place.name)
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}
