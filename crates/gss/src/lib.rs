#![doc = include_str!("../README.md")]

mod process;

mod acceptor;
mod gateway;

mod bindings;
mod error;
mod keytab;
mod principal;
mod status;

mod clock;
mod ffi;
mod handles;

pub use acceptor::{Accepted, Acceptor};
pub use bindings::ChannelBinding;
pub use error::{AcceptError, Alarm, BadToken, Denied, KeytabFault, TokenError, Unavailable};
pub use gateway::{Gateway, Impersonated, Token, keys};
pub use keytab::{Entry, entries};
pub use principal::{BadName, Principal, Realm, Service};
pub use process::{Process, ProcessError, Settings, configure_process};
