//! NTLM, the server's side ([MS-NLMP]): NTLMv2 only, with the checks that a gate must make.
//!
//! NTLMv1, LM and NTLM without extended session security are not implemented: there is no code
//! path that could be talked down to. Start at [`Response::check`].

mod flags;
mod wire;

mod hash;
pub use hash::NtHash;

mod negotiate;
pub use negotiate::Negotiate;

mod av_pair;
pub use av_pair::FileTime;

mod challenge;
pub use challenge::{Challenge, Target};

mod authenticate;
pub use authenticate::Authenticate;

mod response;
pub use response::{ChannelBinding, Expected, NtlmError, Response, WhenAbsent};

mod told;
pub use told::ToldParseError;

mod session;
pub use session::{Direction, SessionKey};

pub mod client;

pub use wire::NtlmParseError;

#[cfg(test)]
mod tests;
