//! Lync discover: where a user's services are ([MS-OCDISCWS] 3.1.5.2 Root, 3.1.5.3 User).
//!
//! Reads and writes the XML form and both JSON forms. Never decides which links a client may see.
//! Start at [`Response`].

mod json;
mod media_type;
mod response;
mod xml_form;

pub use media_type::{MediaType, negotiate};
pub use response::{
    AccessLocation, DiscoverParseError, Link, MAX_BYTES, MAX_LINKS, Resource, Response, SipAccess,
    SipService,
};
