//! What is said to whoever carries a short message: a telephone number (E.164), a mail address, and a request made from an
//! operator's template, out of which neither can break.
//!
//! Start at [`PhoneNumber::parse`] and [`Template::parse`].

mod mailbox;
mod phone;
mod template;

pub use mailbox::{MAX_MAILBOX, Mailbox, MailboxParseError};
pub use phone::{MAX_DIGITS, MIN_DIGITS, PhoneNumber, PhoneNumberParseError};
pub use template::{Encoding, MAX_TEMPLATE, Template, TemplateParseError, Values};
