//! Requests as clients write them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Version};

/// A request, head and body.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) head: http::request::Parts,
    pub(crate) body: Bytes,
}

pub(crate) fn get(host: &str, path: &str) -> Request {
    Request::new(Method::GET, host, path)
}

pub(crate) fn post(host: &str, path: &str, body: impl Into<Bytes>) -> Request {
    Request {
        body: body.into(),
        ..Request::new(Method::POST, host, path).with("content-type", "text/xml")
    }
}

impl Request {
    pub(crate) fn new(method: Method, host: &str, path: &str) -> Self {
        let request = http::Request::builder().method(method).uri(path);
        let head = request.header("host", host).body(()).unwrap();
        Self {
            head: head.into_parts().0,
            body: Bytes::new(),
        }
    }

    /// The same with one header line more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.head.headers.append(name, value);
        self
    }

    /// The same without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.head.headers.remove(name);
        self
    }

    /// The same with a token of a scheme.
    pub(crate) fn token(self, scheme: &str, token: &[u8]) -> Self {
        let value = format!("{scheme} {}", BASE64_STANDARD.encode(token));
        self.with("authorization", &value)
    }

    /// The same with a name and a password.
    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        self.token("Basic", format!("{name}:{password}").as_bytes())
    }

    /// The same in another version of HTTP.
    pub(crate) fn version(mut self, version: Version) -> Self {
        self.head.version = version;
        self
    }
}
