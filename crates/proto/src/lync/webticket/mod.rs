//! Web tickets: asking for one, finding it in an answer, presenting it ([MS-OCAUTHWS] 3.1.4, 3.2.4).
//!
//! Never verifies a ticket: its signature or MAC is the pool's own. Start at [`Request::parse`] for
//! the question and [`Ticket`] for the rest.

mod compact;
mod request;
mod signed;
mod ticket;

pub use request::{CLAIM_TYPE_URI, Request, WebTicketRequestParseError};
pub use signed::{MAX_TOKEN_ID_BYTES, SignedRequest, SignedRequestParseError};
pub use ticket::{
    Expiry, MAX_ASSERTION_ID_BYTES, MAX_HEADER_BYTES, MAX_SIGNATURE_BYTES, Ticket, TicketParseError,
};
