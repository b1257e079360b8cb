//! The claims pipeline: what is said about somebody to a party, by its rules.
//!
//! Start at [`IssuedClaims`], what comes out of it.

mod issued;

pub use issued::IssuedClaims;
