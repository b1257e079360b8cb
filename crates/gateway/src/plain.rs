//! Plain HTTP: Lync's clients may begin there, and are told where to go on (design 14).
//!
//! Nothing is forwarded and nobody is asked who they are; it is never 301, which SIPE does not follow.
//! Start at [`answer`].

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Authority;
use http::{Method, StatusCode};
use proto::lync::discover;

use crate::Reply;
use crate::headers;
use crate::path::CleanPath;
use crate::reply::Replies;
use crate::route::{Kind, Publication};

/// The answer to a request that came over plain HTTP.
#[must_use]
pub fn answer(publication: &Publication, head: &http::request::Parts) -> Reply {
    if headers::framing(head).is_err() {
        return plain(
            StatusCode::BAD_REQUEST,
            "The request's framing is in doubt.\n",
        );
    }
    let Some(name) = host(head).filter(|name| publication.hosts.contains_key(name)) else {
        return plain(StatusCode::MISDIRECTED_REQUEST, "No such host is here.\n");
    };
    match redirect(publication, &name, head) {
        Some(url) => discovered(&url, head.headers.get(header::ACCEPT)),
        None => plain(StatusCode::NOT_FOUND, "Nothing is published here.\n"),
    }
}

/// Where a client that looks for its services goes on.
fn redirect(publication: &Publication, name: &str, head: &http::request::Parts) -> Option<String> {
    let host = publication.hosts.get(name)?;
    let origin = host.discover_origin.as_ref()?;
    let path = CleanPath::parse(head.uri.path()).ok()?;
    let route = host.route(&path)?;
    let is_asked = route.kind == Kind::LyncDiscover && route.takes(&head.method);
    let is_read = [Method::GET, Method::HEAD].contains(&head.method);
    (is_asked && is_read).then(|| format!("{origin}{}", head.uri.path()))
}

fn discovered(url: &str, accept: Option<&HeaderValue>) -> Reply {
    let form = discover::negotiate(accept.and_then(|value| value.to_str().ok()));
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_static(form.content_type());
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    Reply {
        status: StatusCode::OK,
        headers,
        body: Bytes::from(discover::Response::redirect_to(url).write(form)),
        cause: None,
    }
}

fn host(head: &http::request::Parts) -> Option<String> {
    let sent = head.headers.get(header::HOST)?.to_str().ok()?;
    let authority: Authority = sent.parse().ok()?;
    let is_other = head.uri.authority().is_some_and(|it| *it != authority);
    (!sent.contains('@') && !is_other).then(|| authority.host().to_ascii_lowercase())
}

fn plain(status: StatusCode, sentence: &'static str) -> Reply {
    let activity = HeaderValue::from_static("");
    let mut reply = Replies { activity }.plain(status, sentence);
    reply.headers.remove(headers::ACTIVITY);
    reply
}
