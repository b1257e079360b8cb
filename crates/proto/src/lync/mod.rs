//! Lync Server 2013 and Skype for Business Server: what its web services say before and after sign-in.
//!
//! A client asks [`discover`] where everything is, [`mex`] how it may sign in, [`webticket`] for a
//! ticket; the pool may issue it a [`certificate`]; a browser signs in by a [`passive`] session; refusals carry
//! [`diagnostics`].

pub mod certificate;
pub mod discover;
pub mod mex;
pub mod oauthtoken;
pub mod passive;
pub mod webticket;

pub mod diagnostics;
