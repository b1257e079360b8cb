//! The stand-in world over real sockets on loopback: what it lets in, what it refuses, what it lists.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod active_sync;
mod assertion;
mod autodiscover;
mod discover;
mod echo;
mod exchange;
mod grant;
mod list;
mod pages;
mod passive;
mod password;
mod pool;
mod sip;
mod sts;
mod support;
mod ticket;
mod ticketed;
mod ucwa;
