//! Keys of an account in Active Directory: made from its password (RFC 3961, RFC 3962), laid down in a keytab
//! (MIT's file format 0x0502); and whose a ticket is that they open ([MS-PAC]).
//!
//! AES only. Never draws randomness, asks nobody and writes no file. Start at [`string_to_key`] and [`Keytab`], and
//! at [`pac`].

mod key;
mod keytab;
mod n_fold;
pub mod pac;
mod sid;

pub use key::{ITERATIONS, Key, KeyError, Kind, computer_salt, string_to_key};
pub use keytab::{Entry, Keytab, KeytabParseError};
pub use n_fold::n_fold;
pub use sid::{Sid, SidParseError};
