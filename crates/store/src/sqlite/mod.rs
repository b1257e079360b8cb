//! SQLite: one file, one writer task, a few readers; durable means WAL with `synchronous=FULL`.
//!
//! Start at [`Store::open`](crate::Store::open).

mod open;

mod backup;

pub(crate) use backup::settle;
pub(crate) use open::{create_private, durable, durable_by_hand, options};

#[cfg(test)]
mod tests;
