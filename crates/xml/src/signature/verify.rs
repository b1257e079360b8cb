//! Verifying: what comes out is the canonical form that was signed, and nothing else can be read.
//!
//! SECURITY: every part is looked for in its one legal place, embedded keys are not looked at, and
//! nothing but the signature's own few lines is canonicalised before a trusted key has vouched for
//! them. Start at [`verify`], or at [`verify_parts`] for a message that is signed in several places.

use aws_lc_rs::constant_time;
use jiff::Timestamp;

use super::keys::ProofKey;
use super::parts::{Parts, Reference, SignatureMethod};
use super::place::{Place, id_of, signature_in, the_one_of};
use super::policy::{Partner, Policy};
use super::{SignatureError, VerifyingKeys};
use crate::{Document, Element, Limits, ParseError};

/// Verifies the signature that is a child of this element and covers all of it, by SHA-2 alone.
///
/// The caller names the element by its place in the message, never by its id.
///
/// **Proves** that one of the keys signed exactly what the result holds, and that no other element
/// of the document bears the same id.
pub fn verify(
    element: Element<'_, '_>,
    keys: &dyn VerifyingKeys,
) -> Result<VerifiedElement, SignatureError> {
    let policy = Policy::default();
    verify_of(
        element,
        &Partner {
            keys,
            policy: &policy,
            now: Timestamp::MAX,
        },
    )
}

/// Verifies the signature of a partner that is a child of this element and covers all of it.
///
/// The caller names the element by its place in the message, never by its id.
///
/// **Proves** what [`verify`] does, under the partner's policy.
pub fn verify_of(
    element: Element<'_, '_>,
    partner: &Partner<'_>,
) -> Result<VerifiedElement, SignatureError> {
    let may_be_whole = partner.policy.takes_whole_document && element == element.outermost();
    let id = match id_of(element) {
        Err(SignatureError::NoId) if may_be_whole => None,
        id => Some(id?),
    };
    if let Some(id) = id {
        the_one_of(id, element.outermost())?;
    }
    let signature = signature_in(element)?;
    let parts = Parts::of(signature)?;
    let [reference] = parts.references.as_slice() else {
        return Err(SignatureError::Structure { part: "SignedInfo" });
    };
    let is_of_element = match reference.uri.strip_prefix('#') {
        Some(named) => id == Some(named),
        None => reference.uri.is_empty() && may_be_whole,
    };
    if !is_of_element {
        return Err(SignatureError::Reference);
    }
    if !reference.is_enveloped {
        return Err(SignatureError::Structure { part: "Transforms" });
    }
    if !Place::within(element).is_that_of(signature, element) {
        return Err(SignatureError::Place);
    }
    Judge::Partner(partner).verify(&parts)?;
    reference.verify(element, Some(signature))
}

/// Verifies a partner's signature over several parts of the document around it, each named by its id.
///
/// The caller names the signature by its place in the message, and asks the result for each part by
/// its place.
///
/// **Proves** that one of the keys signed every part of the result, and that no other element of the
/// document bears the id of one of them.
pub fn verify_parts<'a, 'input>(
    signature: Element<'a, 'input>,
    partner: &Partner<'_>,
) -> Result<VerifiedParts<'a, 'input>, SignatureError> {
    parts_of(signature, &Judge::Partner(partner))
}

/// Verifies a MAC over several parts of the document around it, made with a key that both sides have.
///
/// **Proves** what [`verify_parts`] does, for whoever has the key.
pub fn verify_parts_by_proof<'a, 'input>(
    signature: Element<'a, 'input>,
    key: &ProofKey,
    policy: &Policy,
    now: Timestamp,
) -> Result<VerifiedParts<'a, 'input>, SignatureError> {
    parts_of(signature, &Judge::Proof { key, policy, now })
}

fn parts_of<'a, 'input>(
    signature: Element<'a, 'input>,
    judge: &Judge<'_>,
) -> Result<VerifiedParts<'a, 'input>, SignatureError> {
    let parts = Parts::of(signature)?;
    let mut named: Vec<(&Reference<'_>, Element<'a, 'input>)> = Vec::new();
    for reference in &parts.references {
        let id = reference.uri.strip_prefix('#').filter(|id| !id.is_empty());
        let id = id.ok_or(SignatureError::Reference)?;
        let element = the_one_of(id, signature.outermost())?;
        if reference.is_enveloped {
            return Err(SignatureError::Structure { part: "Transforms" });
        }
        if named.iter().any(|(_, other)| *other == element) {
            return Err(SignatureError::Reference);
        }
        named.push((reference, element));
    }
    judge.verify(&parts)?;
    let verified = named
        .into_iter()
        .map(|(reference, element)| Ok((element, reference.verify(element, None)?)));
    Ok(VerifiedParts {
        parts: verified.collect::<Result<_, SignatureError>>()?,
    })
}

/// Who is asked whether a signature holds.
enum Judge<'k> {
    Partner(&'k Partner<'k>),
    Proof {
        key: &'k ProofKey,
        policy: &'k Policy,
        now: Timestamp,
    },
}

impl Judge<'_> {
    /// SECURITY: a partner's public keys never judge a MAC, nor a shared secret a signature.
    fn verify(&self, parts: &Parts<'_, '_>) -> Result<(), SignatureError> {
        let (policy, now) = match self {
            Self::Partner(partner) => (partner.policy, partner.now),
            Self::Proof { policy, now, .. } => (*policy, *now),
        };
        match (self, parts.method) {
            (Self::Partner(partner), SignatureMethod::Key(algorithm)) => {
                partner.takes(algorithm)?
            }
            (Self::Proof { .. }, SignatureMethod::Mac(algorithm)) => {
                policy.takes_mac(algorithm, now)?;
            }
            _ => {
                let part = "SignatureMethod";
                return Err(SignatureError::Algorithm { part });
            }
        }
        for reference in &parts.references {
            policy.takes_digest(reference.digest_method, now, "DigestMethod")?;
        }
        let octets = parts.octets()?;
        let octets = octets.as_bytes();
        let is_verified = match (self, parts.method) {
            (Self::Partner(partner), SignatureMethod::Key(algorithm)) => {
                partner.keys.verifies(algorithm, octets, &parts.value)
            }
            (Self::Proof { key, .. }, SignatureMethod::Mac(algorithm)) => {
                key.verifies(algorithm, octets, &parts.value)
            }
            _ => false,
        };
        match is_verified {
            true => Ok(()),
            false => Err(SignatureError::Signature),
        }
    }
}

impl Reference<'_> {
    fn verify(
        &self,
        element: Element<'_, '_>,
        without: Option<Element<'_, '_>>,
    ) -> Result<VerifiedElement, SignatureError> {
        let canonical = self.canonicalization.canonical(element, without)?;
        let actual = self.digest_method.of(canonical.as_bytes());
        constant_time::verify_slices_are_equal(actual.as_ref(), &self.digest)
            .map_err(|_| SignatureError::Digest)?;
        // SECURITY: it leaves no trace in what was signed, but nobody honest writes so.
        if element.holds_text_with_comment() {
            return Err(SignatureError::CommentInText);
        }
        VerifiedElement::new(canonical)
    }
}

/// An element whose signature was verified; the only way to what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedElement {
    canonical: String,
}

impl VerifiedElement {
    /// Parses the signed bytes; the signature itself is no part of them.
    pub fn document(&self) -> Result<Document<'_>, ParseError> {
        // The document was within its reader's limits, and this is a part of it; though exclusive
        // canonicalisation writes a declaration wherever it is used.
        let limits = Limits {
            bytes: self.canonical.len(),
            namespace_declarations: usize::MAX,
            nodes: u32::MAX,
            ..Limits::DEFAULT
        };
        Document::parse_within(&self.canonical, limits)
    }

    /// The signed bytes.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    pub(crate) fn new(canonical: String) -> Result<Self, SignatureError> {
        let verified = Self { canonical };
        verified.document()?;
        Ok(verified)
    }
}

/// The parts of a document that one signature covers.
#[derive(Clone, Debug)]
pub struct VerifiedParts<'a, 'input> {
    parts: Vec<(Element<'a, 'input>, VerifiedElement)>,
}

impl VerifiedParts<'_, '_> {
    /// What was signed of this element; `None` where the signature does not cover it by itself.
    pub fn part(&self, element: Element<'_, '_>) -> Option<&VerifiedElement> {
        let mut parts = self.parts.iter();
        let (_, verified) = parts.find(|(part, _)| *part == element)?;
        Some(verified)
    }
}
