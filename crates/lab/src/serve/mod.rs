//! Serving: sockets, TLS, HTTP/1.1 and bodies. Knows no Lync and no Exchange.

pub(crate) mod accept;
pub(crate) mod http;
pub(crate) mod list;

mod wire;

pub(crate) mod body;
pub(crate) mod reply;
pub(crate) mod switches;
