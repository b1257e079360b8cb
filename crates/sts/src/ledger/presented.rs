//! A token that somebody presents and asks about: did we issue this?
//!
//! SECURITY: a signature by a key of ours is not enough. A token that is signed right and is not in the ledger was made by
//! whoever has a copy of the key. Start at [`Presented::read`] and [`Presented::judged`].

use std::cell::Cell;

use proto::saml::v2::PROTOCOL;
use thiserror::Error;
use xml::{Algorithm, Document, Element, ParseError, PublicKey, VerifyingKeys};

use super::{LedgerEntry, SignedDigest, TokenId};
use crate::key_ring::{KeyId, KeyRing};

/// The assertions that are known, each with the attribute that is its id.
const ASSERTIONS: [(&str, &str); 2] = [
    ("urn:oasis:names:tc:SAML:1.0:assertion", "AssertionID"),
    ("urn:oasis:names:tc:SAML:2.0:assertion", "ID"),
];

/// A token that is asked about.
///
/// **Trusts** nothing of it but whose key signed which octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// What it calls itself.
    pub token: TokenId,
    /// The octets that a key of ours signed, and which; nothing where none did.
    pub signed: Option<(KeyId, SignedDigest)>,
}

/// Why a text is no token that can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PresentedError {
    /// It is no XML.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// There is no assertion in it, or several.
    #[error(
        "there is not exactly one SAML assertion in it; one that is encrypted cannot be asked about"
    )]
    NotOne,
    /// The assertion has no id.
    #[error("the assertion has no id")]
    NoId,
}

/// What is to be said of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// We issued it.
    Issued(LedgerEntry),
    /// A key of ours signed it, and we did not issue it.
    Forged {
        /// Which key.
        key: KeyId,
    },
    /// No key of ours signed it.
    NotOurs,
}

impl Presented {
    /// Reads a token, or a message that has one in it.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn read(text: &str, ring: Option<&KeyRing>) -> Result<Self, PresentedError> {
        let document = Document::parse(text)?;
        let mut found = document.root().descendants().filter_map(assertion);
        let (Some((element, id)), None) = (found.next(), found.next()) else {
            return Err(PresentedError::NotOne);
        };
        let token = TokenId(id.ok_or(PresentedError::NoId)?.to_owned());
        let own = Own::of(ring);
        // The answer of SAML 2.0 around it is signed where a party wants it so: all of it, and so the one assertion in it.
        let around = document.root();
        let is_answer = around.is(PROTOCOL, "Response");
        let mut is_verified = xml::signature::verify(element, &own).is_ok();
        if !is_verified && is_answer {
            is_verified = xml::signature::verify(around, &own).is_ok();
        }
        let signed = own.signed.take().filter(|_| is_verified);
        Ok(Self { token, signed })
    }

    /// What is to be said of it, by what the ledger knows of the octets that were signed.
    #[must_use]
    pub fn judged(&self, known: Option<LedgerEntry>) -> Judged {
        let Some((key, digest)) = &self.signed else {
            return Judged::NotOurs;
        };
        let is_it = |it: &LedgerEntry| it.token == self.token && it.digest == *digest;
        match known.filter(is_it) {
            Some(entry) => Judged::Issued(entry),
            None => Judged::Forged { key: key.clone() },
        }
    }
}

/// An assertion, and its id where it has one.
fn assertion<'a, 'input>(
    element: Element<'a, 'input>,
) -> Option<(Element<'a, 'input>, Option<&'a str>)> {
    let mut known = ASSERTIONS.into_iter();
    let (_, id) = known.find(|(namespace, _)| element.is(namespace, "Assertion"))?;
    Some((element, element.attribute(id)))
}

/// Our own keys, which note what one of them signed.
struct Own {
    keys: Vec<(KeyId, PublicKey)>,
    signed: Cell<Option<(KeyId, SignedDigest)>>,
}

impl Own {
    fn of(ring: Option<&KeyRing>) -> Self {
        let all = ring.into_iter().flat_map(|ring| {
            let next = ring.next.iter();
            std::iter::once(&ring.primary)
                .chain(next)
                .chain(&ring.retired)
        });
        let keys = all.filter_map(|key| {
            let public = PublicKey::from_certificate(key.certificate.der()).ok()?;
            Some((key.id.clone(), public))
        });
        Self {
            keys: keys.collect(),
            signed: Cell::new(None),
        }
    }
}

impl VerifyingKeys for Own {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let mut keys = self.keys.iter();
        let found = keys.find(|(_, key)| key.verifies(algorithm, octets, signature));
        let signed = found.map(|(id, _)| (id.clone(), SignedDigest::of(octets)));
        let is_ours = signed.is_some();
        self.signed.set(signed);
        is_ours
    }
}
