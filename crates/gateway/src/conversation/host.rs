//! Whom a request is for: a published host, the one that TLS asked for, on a connection of its kind.

use super::*;

impl Conversation {
    /// The published host that a request names, and how back ends hear of it; it must be the one that
    /// TLS asked for, too.
    ///
    /// SECURITY: back ends build addresses from it, so that not a byte of it is the client's
    /// (T-HTTP-8): lower case, and with no port but the public one.
    pub(super) fn host_name(&self, head: &http::request::Parts) -> Option<(String, String)> {
        let is_stream = head.version == Version::HTTP_2;
        let sent = match head.uri.authority().filter(|_| is_stream) {
            Some(named) => named.as_str(),
            None => head.headers.get(header::HOST)?.to_str().ok()?,
        };
        let authority: http::uri::Authority = sent.parse().ok()?;
        if sent.contains('@')
            || head
                .uri
                .authority()
                .is_some_and(|named| *named != authority)
        {
            return None;
        }
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => None,
            rest => Some(port_number(rest.strip_prefix(':')?)?),
        };
        let name = authority.host().to_ascii_lowercase();
        let host = self.publication.hosts.get(&name)?;
        let asked = self.peer.server_name.as_ref();
        if asked.is_some_and(|asked| *asked != name) {
            return None;
        }
        // SECURITY: a client may use a connection for every name of its certificate (RFC 9113 9.1.1),
        // and 421 sends it away to make one of the right kind.
        if is_stream && !host.may_be_multiplexed() {
            return None;
        }
        let published = match port.filter(|port| host.public_port == Some(*port)) {
            Some(port) => format!("{name}:{port}"),
            None => name.clone(),
        };
        Some((name, published))
    }
}

/// A port as everybody reads it; `u16` takes a sign and zeros before it.
fn port_number(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}
