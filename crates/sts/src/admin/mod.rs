//! What an administrator does: with trusts, and with the keys that tokens are signed with.

pub mod keys;
pub mod trusts;
