//! What an administrator does with trusts and signing keys, on a store in memory; and tokens that somebody asks about.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test target"
)]

mod trusts_are_added_changed_and_removed;

mod keys_are_shown_before_they_sign;

mod a_token_is_asked_about;

mod a_partner_says_what_it_is;

mod a_partner_is_read_by_itself;

use authn::audit::{Actor, ByHand, Kind};
use authn::ports::Audit;
use jiff::{SignedDuration, Timestamp};
use store::memory::Memory;

/// What is done by hand, so many hours after the beginning of the test's world.
fn by_hand(hours: i64) -> ByHand {
    let beginning = Timestamp::from_second(1_700_000_000).unwrap();
    ByHand {
        at: beginning + SignedDuration::from_hours(hours),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// What the trail says.
async fn trail(store: &Memory) -> Vec<Kind> {
    let events = store.read(1, 1_000).await.unwrap().into_iter();
    events.map(|it| it.event.kind).collect()
}
