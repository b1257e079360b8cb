#![doc = include_str!("../README.md")]

pub mod preset;
pub mod route;

mod challenges;
pub mod conversation;
mod links;
mod preauth;
pub mod presence;
mod read;
mod reply;

pub mod offers;

pub mod farm;
pub mod headers;
pub mod path;
pub mod plain;
pub mod prove;
mod rewrite;
mod websocket;

pub mod ports;

pub use conversation::{Conversation, Forward, Moment, Peer, Reply, Verdict};
pub use route::{Publication, Route};
