//! What the stand-in world is told: names, people, a certificate, and whose word it takes.

use std::fmt;

use proto::secret::Secret;
use thiserror::Error;

use crate::requests::Server;

/// The stand-in world: one domain with a front end, an Exchange and a SIP registrar.
#[derive(Clone, Debug)]
pub struct WorldSettings {
    /// The DNS name of the domain, which SIP addresses end in.
    pub domain: String,
    /// The NetBIOS name of the domain.
    pub netbios: String,
    /// The Kerberos realm: assertions name a person `sam@REALM`.
    pub realm: String,
    /// The people.
    pub users: Vec<User>,
    /// The front end's own name, which must never be seen outside.
    pub internal_host: String,
    /// The published name of the front end's web services.
    pub lync_web_host: String,
    /// The port of the published name.
    pub external_https_port: u16,
    /// The name of the SIP registrar.
    pub sip_host: String,
    /// The port of the SIP registrar; a free one is taken where it is in use.
    pub sip_port: u16,
    /// The certificate of all servers.
    pub tls: TlsFiles,
    /// Whose word about a user's identity the servers take.
    pub assertion: AssertionCheck,
}

/// A person of the domain.
#[derive(Clone, Debug)]
pub struct User {
    /// The sAMAccountName.
    pub sam: String,
    /// The userPrincipalName.
    pub upn: String,
    /// The SIP URI, `sip:` included.
    pub sip: String,
    /// The objectSid.
    pub sid: String,
    /// The password of the domain account.
    pub domain_password: Secret<String>,
}

/// A certificate and its key.
#[derive(Clone)]
pub struct TlsFiles {
    /// The chain, PEM.
    pub chain: Vec<u8>,
    /// The private key, PEM.
    pub key: Vec<u8>,
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFiles").finish_non_exhaustive()
    }
}

/// What an assertion about a user's identity must be to be taken.
#[derive(Clone, Debug)]
pub struct AssertionCheck {
    /// The public key (P-256, PEM) that signed it.
    pub public_key: String,
    /// Who must have issued it (`iss`).
    pub issuer: String,
    /// The header that it comes in.
    pub header: String,
    /// For whom it must be at the front end (`aud`).
    pub front_end_audience: String,
    /// For whom it must be at the Exchange (`aud`).
    pub exchange_audience: String,
}

/// Under which of its names the front end writes itself into its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataHost {
    /// Its own name, which a gate must replace.
    Internal,
    /// Its published name.
    External,
}

/// Why the stand-in world does not start.
#[derive(Debug, Error)]
pub enum LabError {
    /// A port cannot be had.
    #[error("no port for the {server}: {source}")]
    Bind {
        /// The server.
        server: Server,
        /// Why.
        source: std::io::Error,
    },
    /// A pool was told to have no server.
    #[error("a pool has no server")]
    NoMember,
    /// The certificate or its key is not PEM.
    #[error("the certificate or its key is not PEM: {0}")]
    Pem(rustls_pki_types::pem::Error),
    /// The certificate and its key do not go together.
    #[error("the certificate cannot be used: {0}")]
    Certificate(#[from] rustls::Error),
    /// The public key of the assertions is not a P-256 key in PEM.
    #[error("the public key of assertions is not a P-256 key in PEM")]
    AssertionKey,
    /// The header of the assertions is not a header's name.
    #[error("`{name}` is not the name of a header")]
    AssertionHeader {
        /// What it is.
        name: String,
    },
    /// A person's SID is not one.
    #[error("`{sid}` is not a SID")]
    Sid {
        /// What it is.
        sid: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}
