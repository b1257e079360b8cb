//! The header of a request for a web ticket: addressing and WS-Security (WS-Addressing 1.0 section
//! 3.2, WS-Security 1.0 section 5).
//!
//! SECURITY: the message goes on as it came. A pool that found a user name, a token or a signature
//! here would take it for the sender's, whatever this side had checked. Start at [`check`].

use xml::Element;

use crate::soap::content::{ContentError, holds_each_once, holds_no_elements, holds_only};
use crate::soap::namespace::{ADDRESSING, ADDRESSING_2004, SECURITY, UTILITY};
use crate::soap::value::{ValueError, only_child};

/// Whom a header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lync::webticket) enum Names {
    /// Nobody.
    Nobody,
    /// A user, by name and password.
    User,
}

/// Demands that a header holds addressing, a time and perhaps a UsernameToken, each once.
pub(super) fn check(header: Element<'_, '_>) -> Result<Names, ContentError> {
    match addressed(header)? {
        Some(security) => check_security(security),
        None => Ok(Names::Nobody),
    }
}

/// Demands that a header holds addressing and perhaps one security header, which it gives unread.
pub(in crate::lync::webticket) fn addressed<'a, 'input>(
    header: Element<'a, 'input>,
) -> Result<Option<Element<'a, 'input>>, ContentError> {
    let addressing = [ADDRESSING, ADDRESSING_2004];
    let names = [PLAIN.as_slice(), &ENDPOINTS].concat();
    let mut allowed = vec![(SECURITY, "Security")];
    allowed.extend(
        addressing
            .iter()
            .flat_map(|namespace| names.iter().map(|name| (*namespace, *name))),
    );
    holds_only(header, "Header", &allowed)?;
    for name in names {
        check_addressing(header, name)?;
    }
    Ok(only_child(header, SECURITY, "Security")?)
}

/// Addressing that holds characters only.
const PLAIN: [&str; 4] = ["To", "Action", "MessageID", "RelatesTo"];
/// Addressing that holds an address.
const ENDPOINTS: [&str; 3] = ["ReplyTo", "From", "FaultTo"];

/// One element of this name, whichever version of addressing it is of.
fn check_addressing(header: Element<'_, '_>, name: &'static str) -> Result<(), ContentError> {
    let mut found = header.children().filter(|child| child.name() == name);
    let Some(element) = found.next() else {
        return Ok(());
    };
    if found.next().is_some() {
        return Err(ValueError::Repeated { name }.into());
    }
    if PLAIN.contains(&name) {
        return holds_no_elements(element, name);
    }
    let namespace = element.namespace().unwrap_or_default();
    holds_each_once(element, name, &[(namespace, "Address")])?;
    match element.child(namespace, "Address") {
        Some(address) => holds_no_elements(address, "Address"),
        None => Ok(()),
    }
}

fn check_security(security: Element<'_, '_>) -> Result<Names, ContentError> {
    let parts = [(UTILITY, "Timestamp"), (SECURITY, "UsernameToken")];
    holds_each_once(security, "Security", &parts)?;
    check_timestamp(security)?;
    let Some(token) = security.child(SECURITY, "UsernameToken") else {
        return Ok(Names::Nobody);
    };
    let parts = ["Username", "Password"];
    holds_each_once(token, "UsernameToken", &parts.map(|name| (SECURITY, name)))?;
    for part in parts {
        if let Some(part_of_token) = token.child(SECURITY, part) {
            holds_no_elements(part_of_token, part)?;
        }
    }
    Ok(Names::User)
}

/// Demands that a time, if there is one, is a beginning and an end.
pub(in crate::lync::webticket) fn check_timestamp(
    security: Element<'_, '_>,
) -> Result<(), ContentError> {
    if let Some(timestamp) = security.child(UTILITY, "Timestamp") {
        let times = ["Created", "Expires"];
        holds_each_once(timestamp, "Timestamp", &times.map(|name| (UTILITY, name)))?;
        for time in timestamp.children() {
            holds_no_elements(time, "Timestamp")?;
        }
    }
    Ok(())
}
