//! Audit events: a typed enum, chained by hashes, written before the answer goes out.
//!
//! Start at [`Event`] for what is written, at [`Chain`] for how it is checked.

mod act;
mod chain;
mod event;
pub mod export;
mod kind;
mod reason;
mod severity;

pub use act::{KeyAct, MetadataAct, PasskeyAct, SealingKeyAct, TokenAct, TrustAct};
pub use chain::{Broken, Chain, hash};
pub use event::{Actor, ByHand, Event, Origin, shown_name};
pub use kind::Kind;
pub use reason::{NotSent, PassReason, Reason, TokenRefusal};
pub use severity::Severity;

/// A client's clock that is off by more seconds than this is noted (T-NTLM-6); it is not judged.
pub const NOTED_SKEW: i64 = 300;
/// How many characters are kept of what was said to a refusal.
pub const MAX_SAID: usize = 400;

#[cfg(test)]
mod tests;
