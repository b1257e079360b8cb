//! Exchange Server: what a gate reads and edits of its protocols.
//!
//! A client asks [`autodiscover`] where its mailbox is; a phone then speaks [`activesync`].

pub mod autodiscover;

pub mod activesync;
