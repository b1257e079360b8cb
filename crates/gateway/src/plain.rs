//! Plain HTTP: clients and people may begin there, and are told where to go on (design 14).
//!
//! Nothing is forwarded and nobody is asked who they are. What Lync's clients look for is never 301,
//! which SIPE does not follow. Start at [`answer`].

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Authority;
use http::{Method, StatusCode};
use proto::lync::discover;

use crate::Reply;
use crate::headers;
use crate::path::CleanPath;
use crate::reply::Replies;
use crate::route::{OverPlain, Publication};

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
    let told = onward(publication, &name, head).and_then(|(over_plain, origin)| match over_plain {
        OverPlain::Nothing => None,
        OverPlain::Discover => {
            let url = format!("{origin}{}", head.uri.path());
            Some(discovered(&url, head.headers.get(header::ACCEPT)))
        }
        OverPlain::Redirect => redirected(&format!("{origin}{}", head.uri.path_and_query()?)),
    });
    told.unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "Nothing is published here.\n"))
}

/// What is told of a path, and the origin under which its host is published: not a byte of that is the
/// client's.
fn onward<'p>(
    publication: &'p Publication,
    name: &str,
    head: &http::request::Parts,
) -> Option<(OverPlain, &'p str)> {
    let host = publication.hosts.get(name)?;
    let origin = host.origin.as_deref()?;
    let path = CleanPath::parse(head.uri.path()).ok()?;
    if ![Method::GET, Method::HEAD].contains(&head.method) {
        return None;
    }
    if host.is_ours {
        // Its pages are people's; programs have its address from whoever gave them their token.
        return (!host.is_api).then_some((OverPlain::Redirect, origin));
    }
    let route = host.route(&path)?;
    route
        .takes(&head.method)
        .then_some((route.over_plain, origin))
}

/// 302, which is asked for again each time: an address that moves is not held against the gate.
fn redirected(url: &str) -> Option<Reply> {
    let location = HeaderValue::from_str(url).ok()?;
    let mut reply = plain(StatusCode::FOUND, "It goes on over https.\n");
    reply.headers.insert(header::LOCATION, location);
    Some(reply)
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
