//! PostgreSQL, or whoever speaks its protocol with real transactions: the same store for several nodes.
//!
//! INVARIANT: nothing that decides is kept in a node. One writer at a time, over all nodes, takes the row of the
//! audit trail's head first, so that the trail has no gap and no fork, and what was revoked becomes known in the
//! order of its numbers. Start at [`Server`], then `engine`.

mod address;
mod server;

pub use address::{Address, AddressError, Tls};
pub use server::{Password, Server};

#[cfg(test)]
mod tests;
