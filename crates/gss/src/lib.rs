#![doc = include_str!("../README.md")]

mod process;

mod acceptor;
mod gateway;

mod breaker;
mod forwarder;
mod kerberos;
mod pool;
mod tickets;

mod bindings;
mod error;
mod keytab;
mod principal;
mod status;

mod clock;
mod ffi;
mod handles;
mod memory;

pub use acceptor::{Accepted, Accepting, Acceptor, has_key_of};
pub use bindings::ChannelBinding;
pub use error::{AcceptError, Alarm, BadToken, Denied, KeytabFault, TokenError, Unavailable};
pub use forwarder::Forwarder;
pub use gateway::{Gateway, Impersonated, Token, keys};
pub use kerberos::Kerberos;
pub use keytab::{Entry, entries};
pub use principal::{BadName, Principal, Realm, Service};
pub use process::{Process, ProcessError, Settings, configure_process};
pub use tickets::{Level, Wanted};
