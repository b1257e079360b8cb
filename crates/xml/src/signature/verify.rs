//! Verifying: what comes out is the canonical form that was signed, and nothing else can be read.
//!
//! SECURITY: every part is looked for in its one legal place. Embedded keys are not looked at.
//! Start at [`verify`].

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{
    Algorithm, ENVELOPED, NAMESPACE, SHA256, SignatureError, VerifyingKeys, id_of, is_unique,
};
use crate::c14n::{EXCLUSIVE, exclusive, exclusive_without};
use crate::{Document, Element, Limits, ParseError};

/// Most prefixes that a signature may have treated inclusively, each list for itself.
///
/// SECURITY: canonicalisation comes before the check of the signature, so that its cost must not be
/// for the sender to choose.
pub const MAX_INCLUSIVE_PREFIXES: usize = 16;

/// What the canonical form of a parsed document may need: exclusive canonicalisation writes a
/// declaration wherever it is used, though never deeper than the document had them.
const CANONICAL_LIMITS: Limits = Limits {
    bytes: crate::c14n::MAX_CANONICAL_BYTES,
    namespace_declarations: 8192,
    ..Limits::DEFAULT
};

/// Verifies the signature that is a child of this element and covers all of it.
///
/// The caller names the element by its place in the message, never by its id.
///
/// **Proves** that one of the keys signed exactly what the result holds, and that no other element
/// of the document bears the same id.
pub fn verify(
    element: Element<'_, '_>,
    keys: &dyn VerifyingKeys,
) -> Result<VerifiedElement, SignatureError> {
    let id = id_of(element)?;
    if !is_unique(id, element.outermost()) {
        return Err(SignatureError::DuplicateId);
    }
    let mut signatures = element
        .children()
        .filter(|child| child.is(NAMESPACE, "Signature"));
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(SignatureError::NotOneSignature);
    };
    if signature.holds_comment() {
        return Err(SignatureError::Comment);
    }
    let parts = Parts::of(signature)?;
    let reference = Reference::of(parts.reference)?;
    if reference.uri.strip_prefix('#') != Some(id) {
        return Err(SignatureError::Reference);
    }
    let canonical = exclusive_without(element, signature, &reference.inclusive_prefixes)?;
    let actual = digest::digest(&digest::SHA256, canonical.as_bytes());
    constant_time::verify_slices_are_equal(actual.as_ref(), &reference.digest)
        .map_err(|_| SignatureError::Digest)?;
    let octets = exclusive(parts.signed_info, &parts.inclusive_prefixes)?;
    if !keys.verifies(parts.algorithm, octets.as_bytes(), &parts.value) {
        return Err(SignatureError::Signature);
    }
    VerifiedElement::new(canonical)
}

/// An element whose signature was verified; the only way to what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedElement {
    canonical: String,
}

impl VerifiedElement {
    /// Parses the signed bytes; the signature itself is no part of them.
    pub fn document(&self) -> Result<Document<'_>, ParseError> {
        Document::parse_within(&self.canonical, CANONICAL_LIMITS)
    }

    /// The signed bytes.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    fn new(canonical: String) -> Result<Self, SignatureError> {
        let verified = Self { canonical };
        verified.document()?;
        Ok(verified)
    }
}

/// A signature taken apart.
struct Parts<'a, 'input> {
    signed_info: Element<'a, 'input>,
    inclusive_prefixes: Vec<&'a str>,
    algorithm: Algorithm,
    reference: Element<'a, 'input>,
    value: Vec<u8>,
}

impl<'a, 'input> Parts<'a, 'input> {
    /// SPEC: XML-DSIG 4.1, without Object; KeyInfo may stand at the end and is passed over.
    fn of(signature: Element<'a, 'input>) -> Result<Self, SignatureError> {
        let (signed_info, value) = match children(signature, "Signature")?.as_slice() {
            [signed_info, value] => (*signed_info, *value),
            [signed_info, value, key_info] if key_info.is(NAMESPACE, "KeyInfo") => {
                (*signed_info, *value)
            }
            _ => return Err(SignatureError::Structure { part: "Signature" }),
        };
        let signed_info = named(signed_info, "SignedInfo")?;
        let value = base64_of(named(value, "SignatureValue")?, "SignatureValue")?;
        let [canonicalization, method, reference] =
            exactly(children(signed_info, "SignedInfo")?, "SignedInfo")?;
        let canonicalization = named(canonicalization, "CanonicalizationMethod")?;
        let inclusive_prefixes = exclusive_method(canonicalization, "CanonicalizationMethod")?;
        let method = empty(named(method, "SignatureMethod")?, "SignatureMethod")?;
        let algorithm = method.attribute("Algorithm").and_then(Algorithm::parse);
        let algorithm = algorithm.ok_or(SignatureError::Algorithm {
            part: "SignatureMethod",
        })?;
        let reference = named(reference, "Reference")?;
        Ok(Self {
            signed_info,
            inclusive_prefixes,
            algorithm,
            reference,
            value,
        })
    }
}

/// A reference taken apart.
struct Reference<'a> {
    uri: &'a str,
    inclusive_prefixes: Vec<&'a str>,
    digest: Vec<u8>,
}

impl<'a> Reference<'a> {
    fn of(reference: Element<'a, '_>) -> Result<Self, SignatureError> {
        let [transforms, method, value] = exactly(children(reference, "Reference")?, "Reference")?;
        let transforms = children(named(transforms, "Transforms")?, "Transforms")?;
        let [enveloped, canonical] = exactly(transforms, "Transforms")?;
        let enveloped = empty(named(enveloped, "Transform")?, "Transform")?;
        if enveloped.attribute("Algorithm") != Some(ENVELOPED) {
            return Err(SignatureError::Algorithm { part: "Transform" });
        }
        let inclusive_prefixes = exclusive_method(named(canonical, "Transform")?, "Transform")?;
        let method = empty(named(method, "DigestMethod")?, "DigestMethod")?;
        if method.attribute("Algorithm") != Some(SHA256) {
            return Err(SignatureError::Algorithm {
                part: "DigestMethod",
            });
        }
        let digest = base64_of(named(value, "DigestValue")?, "DigestValue")?;
        let uri = reference
            .attribute("URI")
            .ok_or(SignatureError::Reference)?;
        Ok(Self {
            uri,
            inclusive_prefixes,
            digest,
        })
    }
}

fn children<'a, 'input>(
    element: Element<'a, 'input>,
    part: &'static str,
) -> Result<Vec<Element<'a, 'input>>, SignatureError> {
    if element.holds_text() {
        return Err(SignatureError::Structure { part });
    }
    Ok(element.children().collect())
}

fn exactly<'a, 'input, const N: usize>(
    children: Vec<Element<'a, 'input>>,
    part: &'static str,
) -> Result<[Element<'a, 'input>; N], SignatureError> {
    children
        .try_into()
        .map_err(|_| SignatureError::Structure { part })
}

fn named<'a, 'input>(
    element: Element<'a, 'input>,
    part: &'static str,
) -> Result<Element<'a, 'input>, SignatureError> {
    if element.is(NAMESPACE, part) {
        Ok(element)
    } else {
        Err(SignatureError::Structure { part })
    }
}

fn empty<'a, 'input>(
    element: Element<'a, 'input>,
    part: &'static str,
) -> Result<Element<'a, 'input>, SignatureError> {
    if children(element, part)?.is_empty() {
        Ok(element)
    } else {
        Err(SignatureError::Structure { part })
    }
}

/// The prefixes of a method that must be exclusive canonicalisation without comments.
fn exclusive_method<'a>(
    method: Element<'a, '_>,
    part: &'static str,
) -> Result<Vec<&'a str>, SignatureError> {
    if method.attribute("Algorithm") != Some(EXCLUSIVE) {
        return Err(SignatureError::Algorithm { part });
    }
    match children(method, part)?.as_slice() {
        [] => Ok(Vec::new()),
        [list] if list.is(EXCLUSIVE, "InclusiveNamespaces") => {
            let list = list.attribute("PrefixList").unwrap_or("");
            let prefixes = list.split_ascii_whitespace();
            let prefixes: Vec<_> = prefixes.take(MAX_INCLUSIVE_PREFIXES + 1).collect();
            if prefixes.len() > MAX_INCLUSIVE_PREFIXES {
                return Err(SignatureError::TooManyPrefixes { part });
            }
            Ok(prefixes)
        }
        _ => Err(SignatureError::Structure { part }),
    }
}

fn base64_of(element: Element<'_, '_>, part: &'static str) -> Result<Vec<u8>, SignatureError> {
    if element.children().next().is_some() {
        return Err(SignatureError::Structure { part });
    }
    let text: String = element
        .text()
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(text)
        .map_err(|_| SignatureError::NotBase64 { part })
}
