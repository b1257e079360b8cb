//! Channel bindings of TLS (RFC 5929 4, `tls-server-end-point`), as GSS-API takes them.

/// What a token is bound to: the digest of a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding(Vec<u8>);

impl ChannelBinding {
    /// Binds to the digest of the certificate that a TLS server showed; which digest, its signature decides.
    #[must_use]
    pub fn tls_server_end_point(digest: &[u8]) -> Self {
        Self([PREFIX, digest].concat())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

const PREFIX: &[u8] = b"tls-server-end-point:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_the_prefix_and_the_digest() {
        let binding = ChannelBinding::tls_server_end_point(&[1, 2]);
        assert_eq!(binding.bytes(), b"tls-server-end-point:\x01\x02");
    }
}
