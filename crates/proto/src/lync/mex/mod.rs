//! Metadata exchange: through which ports a service may be used, and where (WSDL 1.1, WS-Policy 1.2).
//!
//! The pool's own document is edited and never made anew: what a real server says beyond the parts
//! that we know must reach the client byte for byte. Start at [`Document`]; [`WebTicketService`]
//! writes a minimal one for the lab.

mod document;
mod edit;
mod written;

pub use document::{
    Address, Document, LIMITS, MAX_ADDRESSES, MAX_PORTS, MexParseError, Policy, Port,
};
pub use edit::Edit;
pub use written::{Logon, WS_FED_PASSIVE, WebTicketService};
