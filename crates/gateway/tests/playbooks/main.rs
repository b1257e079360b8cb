//! Playbooks: whole dialogues with a [`gateway::Conversation`], without a socket.
//!
//! A [`scene::Scene`] has people, a store in memory and the verifier that asks `authn`; a
//! [`connection::Connection`] does what a door does, one request after another. Start at `scene.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a playbook that cannot go on has failed"
)]

mod connection;
mod documents;
mod request;
mod scene;
mod spnego;

mod answers;
mod certificates;
mod connections;
mod discover;
mod exchange;
mod failures;
mod headers;
mod hosts_and_paths;
mod kerberos;
mod leases;
mod negotiate;
mod offers;
mod passive;
mod passive_adfs;
mod plain;
mod prove;
mod refusals;
mod revocations;
mod schemes;
mod streams;
mod tracked;
mod user_link;
mod ways_in;
mod web_ticket;
mod websockets;
