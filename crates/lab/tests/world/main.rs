//! The stand-in world over real sockets on loopback: what it lets in, what it refuses, what it lists.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod assertion;
mod discover;
mod echo;
mod exchange;
mod list;
mod password;
mod sip;
mod support;
mod ticket;
