#![doc = include_str!("../README.md")]

mod chain;
pub mod memory;

use authn::ports::Unavailable;

/// The store cannot answer, for a reason that holds no secret.
fn unavailable(detail: impl Into<String>) -> Unavailable {
    Unavailable {
        what: "the store",
        detail: detail.into(),
    }
}
