//! Channel bindings of TLS, `tls-server-end-point` (RFC 5929 4): to which server's certificate a proof is bound, and
//! whether that is looked at.
//!
//! NTLM carries a hash of it (`ntlm::ChannelBinding`), Kerberos the digest itself: one listener judges both alike.

/// The digest of a certificate that this server may have shown; which digest, its signature decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPoint(Box<[u8]>);

impl EndPoint {
    /// Around the digest of a certificate.
    #[must_use]
    pub fn of_digest(digest: &[u8]) -> Self {
        Self(digest.into())
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.0
    }
}

/// What becomes of the channel binding that a client sends or leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// It is not looked at: TLS ends in front of this server, with a certificate that it does not hold.
    Off,
    /// It is checked when it is sent.
    #[default]
    Allow,
    /// It must be sent.
    Require,
}
