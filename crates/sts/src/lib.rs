#![doc = include_str!("../README.md")]

pub mod trust;

mod federated;
pub mod subject;

pub mod pipeline;
pub mod token;

pub mod flow;

pub mod key_ring;
pub mod ledger;
pub mod metadata;
pub mod monitor;

pub mod admin;
pub mod ports;

pub mod import;

pub use pipeline::IssuedClaims;
