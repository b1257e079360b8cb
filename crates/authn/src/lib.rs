#![doc = include_str!("../README.md")]

pub mod account;
pub mod directory;
pub mod handle;
pub mod name;
pub mod party;
pub mod place;

pub mod credential;
pub mod lockout;
pub mod policy;

pub mod attempt;
pub mod authenticated;
pub mod issued;
pub mod repeat;
pub mod revocation;
pub mod session;
pub mod sign_in;
pub mod ticket;

pub mod remote;
pub mod voucher;
pub mod wire;

pub mod admin;
pub mod audit;
pub mod drain;
pub mod outbox;
pub mod portal;
pub mod ports;
pub mod retention;
pub mod watch;

pub use attempt::{Attempt, Outcome, Proof, Refusal, Verified};
pub use authenticated::Authenticated;
