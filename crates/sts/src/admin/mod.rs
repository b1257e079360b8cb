//! What an administrator does: with trusts, with the keys that tokens are signed with, and with a token that somebody found.

pub mod keys;
pub mod ledger;
pub mod trusts;
