//! One-time codes: HOTP (RFC 4226), TOTP (RFC 6238), and the URI by which a phone takes a seed.
//!
//! Never reads the clock and keeps no counter: both are arguments, and what was spent already is the caller's to
//! know. Start at [`Generator::matched`].

pub mod base32;
mod code;
mod generator;
mod key_uri;

pub use code::{Code, Digits, NotACode};
pub use generator::{Algorithm, Generator, LONGEST_WINDOW, Period, Seed, SeedError};
pub use key_uri::{KeyUri, KeyUriParseError, Moving};
