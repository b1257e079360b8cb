//! A signature taken apart: every part in its one legal place, and nothing else (XML-DSIG 4).
//!
//! Judges the shape and the names, and computes nothing. Start at [`Parts::of`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::method::{Algorithm, DigestMethod, MacAlgorithm};
use super::{ENVELOPED, NAMESPACE, SignatureError};
use crate::Element;
use crate::c14n::{self, CanonicalFormTooLarge, EXCLUSIVE};

/// Most prefixes that a signature may have treated inclusively, each list for itself.
pub const MAX_INCLUSIVE_PREFIXES: usize = 16;
/// Most references of one signature.
pub const MAX_REFERENCES: usize = 16;

/// A signature taken apart.
pub(super) struct Parts<'a, 'input> {
    pub(super) signed_info: Element<'a, 'input>,
    pub(super) canonicalization: Canonicalization<'a>,
    pub(super) method: SignatureMethod,
    pub(super) references: Vec<Reference<'a>>,
    pub(super) value: Vec<u8>,
}

impl<'a, 'input> Parts<'a, 'input> {
    /// SPEC: XML-DSIG 4.1, without Object; KeyInfo may stand at the end and is not read.
    pub(super) fn of(signature: Element<'a, 'input>) -> Result<Self, SignatureError> {
        if signature.holds_comment() {
            return Err(SignatureError::Comment);
        }
        let (signed_info, value) = match children(signature, "Signature")?.as_slice() {
            [signed_info, value] => (*signed_info, *value),
            [signed_info, value, key_info] if key_info.is(NAMESPACE, "KeyInfo") => {
                only_hints(*key_info)?;
                (*signed_info, *value)
            }
            _ => return Err(SignatureError::Structure { part: "Signature" }),
        };
        let signed_info = named(signed_info, "SignedInfo")?;
        let value = base64_of(named(value, "SignatureValue")?, "SignatureValue")?;
        let inside = children(signed_info, "SignedInfo")?;
        let [canonicalization, method, references @ ..] = inside.as_slice() else {
            return Err(SignatureError::Structure { part: "SignedInfo" });
        };
        if references.is_empty() {
            return Err(SignatureError::Structure { part: "SignedInfo" });
        }
        if references.len() > MAX_REFERENCES {
            return Err(SignatureError::TooManyReferences);
        }
        let part = "CanonicalizationMethod";
        let canonicalization = Canonicalization::of(named(*canonicalization, part)?, part)?;
        let method = SignatureMethod::of(named(*method, "SignatureMethod")?)?;
        let references = references.iter().map(|it| Reference::of(*it));
        Ok(Self {
            signed_info,
            canonicalization,
            method,
            references: references.collect::<Result<_, _>>()?,
            value,
        })
    }

    /// What was signed of the signature itself.
    pub(super) fn octets(&self) -> Result<String, CanonicalFormTooLarge> {
        self.canonicalization.canonical(self.signed_info, None)
    }
}

/// Namespaces of what a signature says of its key.
const HINTS: [&str; 5] = [
    NAMESPACE,
    "http://www.w3.org/2009/xmldsig11#",
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2009/xmlenc11#",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
];

/// SECURITY: no signature covers it, so that nothing but hints may be there for another reader to find.
fn only_hints(key_info: Element<'_, '_>) -> Result<(), SignatureError> {
    let is_hint = |it: &Element<'_, '_>| it.namespace().is_some_and(|it| HINTS.contains(&it));
    match key_info.descendants().all(|it| is_hint(&it)) {
        true => Ok(()),
        false => Err(SignatureError::Structure { part: "KeyInfo" }),
    }
}

/// How the value was made.
#[derive(Clone, Copy)]
pub(super) enum SignatureMethod {
    Key(Algorithm),
    Mac(MacAlgorithm),
}

impl SignatureMethod {
    /// SECURITY: HMACOutputLength is not borne: a MAC of one bit is no MAC.
    fn of(method: Element<'_, '_>) -> Result<Self, SignatureError> {
        let part = "SignatureMethod";
        let uri = empty(method, part)?.attribute("Algorithm").unwrap_or("");
        let key = Algorithm::parse(uri).map(Self::Key);
        key.or_else(|| MacAlgorithm::parse(uri).map(Self::Mac))
            .ok_or(SignatureError::Algorithm { part })
    }
}

/// A reference taken apart.
pub(super) struct Reference<'a> {
    pub(super) uri: &'a str,
    pub(super) is_enveloped: bool,
    pub(super) canonicalization: Canonicalization<'a>,
    pub(super) digest_method: DigestMethod,
    pub(super) digest: Vec<u8>,
}

impl<'a> Reference<'a> {
    fn of(reference: Element<'a, '_>) -> Result<Self, SignatureError> {
        let part = "Reference";
        let inside = children(named(reference, part)?, part)?;
        let (transforms, method, value) = match inside.as_slice() {
            [transforms, method, value] => (Some(*transforms), *method, *value),
            [method, value] => (None, *method, *value),
            _ => return Err(SignatureError::Structure { part }),
        };
        let (is_enveloped, canonicalization) = match transforms {
            Some(transforms) => transforms_of(named(transforms, "Transforms")?)?,
            None => (false, Canonicalization::IMPLIED),
        };
        let part = "DigestMethod";
        let method = empty(named(method, part)?, part)?;
        let method = DigestMethod::parse(method.attribute("Algorithm").unwrap_or(""));
        let digest_method = method.ok_or(SignatureError::Algorithm { part })?;
        let digest = base64_of(named(value, "DigestValue")?, "DigestValue")?;
        let uri = reference.attribute("URI");
        Ok(Self {
            uri: uri.ok_or(SignatureError::Reference)?,
            is_enveloped,
            canonicalization,
            digest_method,
            digest,
        })
    }
}

/// At most the signature's own removal, then at most one canonical form.
fn transforms_of<'a>(
    transforms: Element<'a, '_>,
) -> Result<(bool, Canonicalization<'a>), SignatureError> {
    let (part, of_each) = ("Transforms", "Transform");
    let inside = children(transforms, part)?;
    let is_enveloping = |transform: &Element<'_, '_>| {
        transform.is(NAMESPACE, of_each) && transform.attribute("Algorithm") == Some(ENVELOPED)
    };
    let (is_enveloped, rest) = match inside.as_slice() {
        [first, rest @ ..] if is_enveloping(first) => {
            empty(*first, of_each)?;
            (true, rest)
        }
        rest => (false, rest),
    };
    match rest {
        [] if is_enveloped => Ok((true, Canonicalization::IMPLIED)),
        [] => Err(SignatureError::Structure { part }),
        [form, more @ ..] => {
            let form = Canonicalization::of(named(*form, of_each)?, of_each)?;
            match more {
                [] => Ok((is_enveloped, form)),
                _ => Err(SignatureError::Structure { part }),
            }
        }
    }
}

/// A canonical form, as a signature asks for it.
pub(super) struct Canonicalization<'a> {
    method: c14n::Method,
    inclusive_prefixes: Vec<&'a str>,
}

impl<'a> Canonicalization<'a> {
    /// SPEC: XML-DSIG 4.3.3.2: elements become octets by canonical XML where nothing else is named.
    const IMPLIED: Self = Self {
        method: c14n::Method::Inclusive,
        inclusive_prefixes: Vec::new(),
    };

    fn of(method: Element<'a, '_>, part: &'static str) -> Result<Self, SignatureError> {
        let uri = method.attribute("Algorithm").unwrap_or("");
        let named = c14n::Method::parse(uri).ok_or(SignatureError::Algorithm { part })?;
        let inclusive_prefixes = match children(method, part)?.as_slice() {
            [] => Vec::new(),
            [list] if named.is_exclusive() && list.is(EXCLUSIVE, "InclusiveNamespaces") => {
                let list = list.attribute("PrefixList").unwrap_or("");
                let prefixes = list.split_ascii_whitespace();
                let prefixes: Vec<_> = prefixes.take(MAX_INCLUSIVE_PREFIXES + 1).collect();
                if prefixes.len() > MAX_INCLUSIVE_PREFIXES {
                    return Err(SignatureError::TooManyPrefixes { part });
                }
                prefixes
            }
            _ => return Err(SignatureError::Structure { part }),
        };
        Ok(Self {
            method: named.without_comments(),
            inclusive_prefixes,
        })
    }

    pub(super) fn canonical(
        &self,
        element: Element<'_, '_>,
        without: Option<Element<'_, '_>>,
    ) -> Result<String, CanonicalFormTooLarge> {
        c14n::canonical(element, without, self.method, &self.inclusive_prefixes)
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
