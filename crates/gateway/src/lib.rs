#![doc = include_str!("../README.md")]

pub mod route;
pub mod preset;

pub mod conversation;
pub mod preauth;

pub mod headers;
pub mod path;
pub mod rewrite;

pub mod ports;

pub use conversation::{Conversation, Forward, Moment, Peer, Reply, Verdict};
pub use route::{Publication, Route};
