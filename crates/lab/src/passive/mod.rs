//! A pool in passive mode: it takes a security token service's word about who somebody is, by a browser
//! (WS-Federation 1.2, 13; `UseWsFedPassiveAuth`).
//!
//! INTEROP: the pages of a real pool are WIF's; what its realm is, and which parts of the metadata it reads, is
//! UNCONFIRMED. Start at [`Passive`].

mod fetch;
mod metadata;
mod token;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::OnceCell;

pub(crate) use metadata::{Sts, StsParseError, published};
pub(crate) use token::{Said, TokenError, said};

/// The page, in the letters in which paths are compared.
pub(crate) const PAGE: &str = "/passiveauth/passiveauth.aspx";
/// Where the pool tells a security token service what it is.
pub(crate) const METADATA: &str = "/passiveauth/federationmetadata/2007-06/federationmetadata.xml";
/// What a realm ends in.
const REALM: &str = "/passiveauth";

/// Where the metadata of the security token service is (`WsFedPassiveMetadataUri`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StsMetadata {
    /// Here.
    Document(String),
    /// At an address of https, which is asked when the first browser comes.
    Url {
        /// The address.
        url: String,
        /// Where its host is.
        at: SocketAddr,
        /// Whose certificate it must show, PEM.
        authorities: Vec<u8>,
    },
}

/// What the members of a passive pool share: whom they trust, and which tokens came already.
#[derive(Debug)]
pub(crate) struct Passive {
    metadata: StsMetadata,
    sts: OnceCell<Sts>,
    taken: Mutex<BTreeMap<String, Timestamp>>,
}

impl Passive {
    /// Before anything was asked.
    pub(crate) fn new(metadata: StsMetadata) -> Self {
        Self {
            metadata,
            sts: OnceCell::new(),
            taken: Mutex::default(),
        }
    }

    /// The security token service, as its metadata has it.
    ///
    /// # Errors
    ///
    /// It is out of reach, or its metadata is not what it should be; the next browser asks anew.
    pub(crate) async fn sts(&self) -> Result<&Sts, StsParseError> {
        let read = || async {
            match &self.metadata {
                StsMetadata::Document(text) => Sts::parse(text.as_bytes()),
                StsMetadata::Url {
                    url,
                    at,
                    authorities,
                } => Sts::parse(&fetch::fetch(url, *at, authorities).await?),
            }
        };
        self.sts.get_or_try_init(read).await
    }

    /// Takes a token once; those that have ended are forgotten, as their time alone refuses them.
    ///
    /// # Errors
    ///
    /// It came before.
    pub(crate) fn take(&self, said: &Said, now: Timestamp) -> Result<(), TokenError> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, ends| *ends > now);
        match taken.insert(said.id.clone(), said.remembered_until()) {
            None => Ok(()),
            Some(_) => Err(TokenError::Replayed),
        }
    }
}

/// What the pool calls itself under one of its names.
pub(crate) fn realm(origin: &str) -> String {
    format!("{origin}{REALM}")
}
