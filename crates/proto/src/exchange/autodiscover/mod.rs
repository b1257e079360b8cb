//! Autodiscover: where a mailbox's services are ([MS-OXDSCLI], [MS-OXWSADISC]).
//!
//! Requests are read and answers edited, never made anew: what a real server says beyond the parts
//! that we know must reach the client byte for byte. Start at [`pox::Response`] or
//! [`soap::Response`]; both are edited by one [`Edit`].

pub mod pox;
pub mod soap;

mod answer;

pub use answer::{
    AnswerParseError, Edit, Edited, LIMITS, Link, Redirect, Setting, UnknownSetting,
    begins_with_slashes, holds_url, is_display_name,
};
