//! The ports, each written once for every database: a statement of `rows`, and what its rows become.

mod accounts;
mod attempts;
pub(crate) mod credentials;
mod own_passwords;
mod tickets;

mod directory;
mod drains;
mod revocations;

pub(crate) mod audit;
