//! WebSocket (RFC 6455 4): the one protocol that a connection may be given over to, where its route
//! says so.
//!
//! What a client sends behind its request is nobody's until the back end agreed (T-CONN-8): a request
//! that asks for it has no body. Any other `Upgrade` is dropped. Start at [`is_asked`].

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};

use crate::headers;
use crate::route::Route;

/// The only version there is (RFC 6455 4.1).
const VERSION: &[u8] = b"13";

/// What the two ends say to each other about it.
const HEADERS: [HeaderName; 4] = [
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
];

/// Whether a request asks for it where it may.
pub(crate) fn is_asked(route: &Route, head: &http::request::Parts) -> bool {
    let is_request =
        head.version == Version::HTTP_11 && head.method == Method::GET && !headers::has_body(head);
    let is_one = |name: HeaderName, wanted: &[u8]| {
        let mut values = head.headers.get_all(name).iter();
        let only = values.next().filter(|_| values.next().is_none());
        only.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted))
    };
    let keys = head.headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    route.websocket
        && is_request
        && headers::named_by_connection(&head.headers).contains("upgrade")
        && is_one(header::UPGRADE, b"websocket")
        && is_one(header::SEC_WEBSOCKET_VERSION, VERSION)
        && keys.count() == 1
}

/// Whether a back end agrees to it.
pub(crate) fn is_agreed(head: &http::response::Parts) -> bool {
    let mut upgrades = head.headers.get_all(header::UPGRADE).iter();
    let only = upgrades.next().filter(|_| upgrades.next().is_none());
    head.status == StatusCode::SWITCHING_PROTOCOLS
        && only.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && head.headers.contains_key(header::SEC_WEBSOCKET_ACCEPT)
}

/// Whether a header of a request is about it.
pub(crate) fn is_header(name: &HeaderName) -> bool {
    HEADERS.contains(name)
}

/// Says on one hop that the connection is given over.
pub(crate) fn switch(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}
