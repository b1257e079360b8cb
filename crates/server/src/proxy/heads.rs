//! Heads as the door writes them: an answer of our own, and the framing of a request that goes on.

use bytes::Bytes;
use gateway::Reply;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode, Version};
use hyper::Response;
use hyper::body::Body as _;

use super::body::Passing;

/// Frames a request anew: a length where it is known, else chunks, with any method.
pub(super) fn frame(head: &mut http::request::Parts, body: &Passing) {
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&head.method);
    match body.size_hint().exact() {
        Some(0) if !has_body => {}
        Some(length) => {
            head.headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        None => {
            let chunked = HeaderValue::from_static("chunked");
            head.headers.insert(header::TRANSFER_ENCODING, chunked);
        }
    }
}

/// An answer of our own, and whether the connection ends with it.
pub(super) fn response(reply: Reply, close: bool) -> Response<Passing> {
    let mut response = Response::new(Passing::whole(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if close {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The same as it goes out to a method: hyper leaves the body of an answer to HEAD away by itself in HTTP/1.1 alone (RFC 9110
/// 9.3.2, RFC 9113 8.1.1).
pub(super) fn to(
    (method, version): (&Method, Version),
    response: Response<Passing>,
) -> Response<Passing> {
    if method != Method::HEAD || version != Version::HTTP_2 {
        return response;
    }
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, Passing::whole(Bytes::new()))
}

/// The answer to a request that comes while another is served.
pub(super) fn out_of_turn() -> Response<Passing> {
    let mut response = Response::new(Passing::whole(Bytes::new()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
