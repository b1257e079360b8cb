//! SPNEGO (RFC 4178, [MS-SPNG]): towards clients NTLM is what it selects, and Kerberos where that is taken; towards
//! back ends Kerberos is all that it offers.
//!
//! A client may send raw NTLMSSP instead, or a Kerberos or NegoEx token first; the first passes as
//! it is, the second is answered by selecting NTLM, unless it is Kerberos' and that is taken. The mechanism list is checked by its MIC
//! whenever one is sent, and one is demanded where RFC 4178 5 wants it. Start at [`Acceptor`].

mod acceptor;
pub(crate) mod der;
mod initiator;
mod rejection;
mod token;
mod told;

pub use acceptor::{Acceptor, SpnegoError, Step};
pub use der::DerError;
pub use initiator::offer_kerberos;
pub use rejection::Rejection;

#[cfg(test)]
mod tests;
