//! Request headers that go on: those that are listed here or by the route, and no other.
//!
//! Nothing that tells who somebody is may stand on a list. Start at [`is_standard`].

use std::collections::BTreeSet;

use http::header::{self, HeaderName};

use super::denied::is_denied;

/// The header that carries a web ticket; it goes on where it was what let the request in.
pub(crate) const WEB_TICKET: HeaderName = HeaderName::from_static("x-ms-webticket");

/// Whether an operator's rule may name a request header that goes on.
///
/// `identity` are the names by which any back end here is told who the user is.
#[must_use]
pub fn may_be_passed(name: &HeaderName, identity: &BTreeSet<String>) -> bool {
    // Who these name is for the gate to check or to say.
    let is_ours = [header::HOST, header::AUTHORIZATION, WEB_TICKET].contains(name);
    !is_ours && !is_denied(name, identity)
}

/// Whether a header of a request is one that any web server may be sent.
pub(super) fn is_standard(name: &HeaderName) -> bool {
    let name = name.as_str();
    STANDARD.contains(&name) || STANDARD_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// End-to-end request headers of HTTP, SOAP, browsers and Microsoft's clients.
const STANDARD: [&str; 33] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "client-request-id",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "cookie",
    "date",
    "depth",
    "dnt",
    "last-event-id",
    "mime-version",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "range",
    "referer",
    "return-client-request-id",
    "save-data",
    "sec-gpc",
    "sec-purpose",
    "service-worker",
    "soapaction",
    "upgrade-insecure-requests",
    "user-agent",
    "x-ms-namespace",
    "x-ms-origin",
    "x-requested-with",
];

/// The same for whole families of names.
const STANDARD_PREFIXES: [&str; 4] = ["access-control-request-", "if-", "sec-ch-", "sec-fetch-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_tells_who_somebody_is_stands_on_a_list() {
        let nobody = BTreeSet::new();
        let standard = STANDARD.iter().chain(&crate::preset::lync::HEADERS);
        let listed = standard.chain(&crate::preset::exchange::HEADERS);
        for name in listed {
            assert!(
                may_be_passed(&HeaderName::from_static(name), &nobody),
                "{name}"
            );
        }
        for prefix in STANDARD_PREFIXES {
            let name = HeaderName::from_bytes(format!("{prefix}x").as_bytes()).unwrap();
            assert!(may_be_passed(&name, &nobody), "{prefix}");
        }
    }

    #[test]
    fn s58_what_is_denied_or_of_one_hop_may_not_be_listed() {
        let ours = BTreeSet::from(["x-contoso-who".to_owned()]);
        for name in [
            "host",
            "authorization",
            "x-ms-webticket",
            "proxy-authorization",
            "connection",
            "te",
            "transfer-encoding",
            "content-length",
            "upgrade",
            "via",
            "x-contoso-who",
            "x-forwarded-for",
            "x-wicketgate-activity",
            "with_underscore",
        ] {
            assert!(
                !may_be_passed(&HeaderName::from_static(name), &ours),
                "{name}"
            );
        }
        assert!(may_be_passed(
            &HeaderName::from_static("x-csrf-token"),
            &ours
        ));
    }
}
