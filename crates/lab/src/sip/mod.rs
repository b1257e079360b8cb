//! The stand-in SIP registrar (RFC 3261): takes every REGISTER of a known person without asking for a
//! proof, which is enough for a Lync client to show itself online.
//!
//! SIP is not HTTP: in a real deployment it passes through the Edge and never through the gate. Start
//! at [`Registrar`].

mod message;
mod registrar;

pub(crate) use registrar::Registrar;
