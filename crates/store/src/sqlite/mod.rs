//! SQLite: one file, one writer task, a few readers; durable means WAL with `synchronous=FULL`.
//!
//! Start at [`Store::open`](crate::Store::open).

mod open;

mod backup;
mod carry;

pub(crate) use backup::settle;
pub use carry::{Replaced, Restored};
pub(crate) use open::{create_private, durable, options};

#[cfg(test)]
mod tests;
