//! What the stories share: a demo that runs, real clients, raw connections, and honest skips.
//!
//! A story drives the real binary from outside, with clients that nobody here wrote wherever one
//! exists. Start at [`demo::Demo`].

pub mod active_directory;
pub mod apart;
pub mod axe;
pub mod back_end;
pub mod browser;
pub mod cable;
pub mod carrier;
pub mod client;
pub mod clients;
pub mod demo;
pub mod directory_gate;
pub mod domain_gate;
pub mod doubt;
pub mod faked_clock;
pub mod frames;
pub mod haproxy;
pub mod held_store;
pub mod kerberos;
pub mod keyboard;
pub mod keytab;
pub mod mellon;
pub mod memory;
pub mod messages;
pub mod office;
pub mod old_windows;
pub mod party;
pub mod pictures;
#[path = "../../crates/store/tests/postgres/mod.rs"]
pub mod postgres;
pub mod published;
pub mod raw;
pub mod rsyslog;
pub mod screen;
pub mod serve;
pub mod service_provider;
pub mod sign_in;
pub mod simplesamlphp;
pub mod skip;
pub mod ticket;
pub mod until;
pub mod walk;
pub mod weave;
pub mod webdriver;
