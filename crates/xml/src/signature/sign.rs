//! Signing in two steps: the octets go to whoever holds the key, and the value comes back.
//!
//! SHA-1 is never made. Start at [`Prepared::new`], or at [`Prepared::of_parts`] for several parts of a
//! message under one signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::keys::ProofKey;
use super::method::{Algorithm, DigestMethod, MacAlgorithm};
use super::place::{Place, id_of, the_one_of};
use super::{ENVELOPED, KeyFailure, NAMESPACE, SignatureError, SigningKey};
use crate::c14n::{EXCLUSIVE, exclusive};
use crate::write::{self, element};
use crate::{Document, Element, Verbatim};

/// What a signature says of its key, as a hint for the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyInfo {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// What the message's own protocol has for it, such as a reference to a security token.
    Other(write::Element),
}

/// An element, or a message, that is ready to be signed.
#[derive(Clone, Debug)]
pub struct Prepared {
    before: String,
    after: String,
    signed_info: write::Element,
    key_info: Option<KeyInfo>,
    octets: String,
}

impl Prepared {
    /// Prepares a signature over the whole element, which bears an id.
    ///
    /// A certificate, in DER, is put into the message as a hint for the reader.
    pub fn new(
        unsigned: &Verbatim,
        algorithm: Algorithm,
        certificate: Option<&[u8]>,
    ) -> Result<Self, SignatureError> {
        let digest = algorithm.digest();
        made(digest)?;
        let document = unsigned.document()?;
        let root = document.root();
        let id = id_of(root)?;
        the_one_of(id, root)?;
        if root.child(NAMESPACE, "Signature").is_some() {
            return Err(SignatureError::AlreadySigned);
        }
        let at = Place::within(root).offset(root);
        let at = at.ok_or(SignatureError::Empty)?;
        let reference = reference(id, root, digest, true)?;
        Self::at(
            at,
            unsigned.as_str(),
            signed_info(algorithm.uri(), [reference]),
            certificate.map(|der| KeyInfo::Certificate(der.to_vec())),
        )
    }

    /// Prepares a signature over several parts of a document, each of which bears an id of its own; it
    /// is put last into an element of that document.
    pub fn of_parts(
        parts: &[Element<'_, '_>],
        into: Element<'_, '_>,
        algorithm: Algorithm,
        key_info: Option<KeyInfo>,
    ) -> Result<Self, SignatureError> {
        let digest = algorithm.digest();
        made(digest)?;
        Self::over(parts, into, (algorithm.uri(), digest), key_info)
    }

    /// Puts a MAC over several parts of a document into an element of it, as [`Self::of_parts`] does a
    /// signature.
    pub fn by_proof(
        parts: &[Element<'_, '_>],
        into: Element<'_, '_>,
        (key, algorithm): (&ProofKey, MacAlgorithm),
        key_info: Option<KeyInfo>,
    ) -> Result<SignedElement, SignatureError> {
        let digest = algorithm.digest();
        made(digest)?;
        let prepared = Self::over(parts, into, (algorithm.uri(), digest), key_info)?;
        let mac = key.mac(algorithm, prepared.octets());
        Ok(prepared.attach(&mac))
    }

    fn over(
        parts: &[Element<'_, '_>],
        into: Element<'_, '_>,
        (method, digest): (&str, DigestMethod),
        key_info: Option<KeyInfo>,
    ) -> Result<Self, SignatureError> {
        let references = parts.iter().map(|part| {
            let id = part_id(*part).ok_or(SignatureError::NoId)?;
            the_one_of(id, part.outermost())?;
            reference(id, *part, digest, false)
        });
        let references = references.collect::<Result<Vec<_>, _>>()?;
        if references.is_empty() {
            return Err(SignatureError::Reference);
        }
        let inside = into.inner_range().ok_or(SignatureError::Empty)?;
        let root = into.outermost();
        let at = inside.end.saturating_sub(root.range().start);
        Self::at(at, root.source(), signed_info(method, references), key_info)
    }

    fn at(
        at: usize,
        text: &str,
        signed_info: write::Element,
        key_info: Option<KeyInfo>,
    ) -> Result<Self, SignatureError> {
        let octets = octets(&signed_info)?;
        let (before, after) = text.split_at_checked(at).ok_or(SignatureError::Empty)?;
        Ok(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            signed_info,
            key_info,
            octets,
        })
    }

    /// The octets to be signed.
    pub fn octets(&self) -> &[u8] {
        self.octets.as_bytes()
    }

    /// Puts the value of the signature over [`Self::octets`] into the element.
    pub fn attach(self, signature_value: &[u8]) -> SignedElement {
        let key_info = self.key_info.map(|key_info| {
            element("KeyInfo").child(match key_info {
                KeyInfo::Certificate(der) => {
                    element("X509Data").child(element("X509Certificate").text(STANDARD.encode(der)))
                }
                KeyInfo::Other(other) => other,
            })
        });
        let signature = element("Signature")
            .namespace("", NAMESPACE)
            .child(self.signed_info)
            .child(element("SignatureValue").text(STANDARD.encode(signature_value)))
            .children(key_info);
        SignedElement {
            text: format!("{}{}{}", self.before, signature.to_xml(), self.after),
        }
    }

    /// Does both steps with a key that is at hand.
    pub fn sign(self, key: &dyn SigningKey) -> Result<SignedElement, KeyFailure> {
        let value = key.sign(self.octets())?;
        Ok(self.attach(&value))
    }
}

/// An element, or a message, with its signature, to be sent byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedElement {
    text: String,
}

impl SignedElement {
    /// The element's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The element, to be written into another.
    pub fn into_verbatim(self) -> Verbatim {
        Verbatim::known(self.text)
    }
}

fn made(digest: DigestMethod) -> Result<(), SignatureError> {
    match digest {
        DigestMethod::Sha1 => Err(SignatureError::Sha1 {
            part: "SignatureMethod",
        }),
        _ => Ok(()),
    }
}

/// The id of a part of a message: `wsu:Id`, or one without a namespace.
fn part_id<'a>(part: Element<'a, '_>) -> Option<&'a str> {
    const UTILITY: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let own = part.attribute_ns(UTILITY, "Id");
    let own = own.or_else(|| part.attribute("Id"));
    let own = own.or_else(|| id_of(part).ok());
    own.filter(|id| !id.is_empty())
}

fn method(name: &'static str, algorithm: &str) -> write::Element {
    element(name).attribute("Algorithm", algorithm)
}

fn reference(
    id: &str,
    part: Element<'_, '_>,
    digest: DigestMethod,
    is_enveloped: bool,
) -> Result<write::Element, SignatureError> {
    let enveloped = is_enveloped.then(|| method("Transform", ENVELOPED));
    let transforms = element("Transforms")
        .children(enveloped)
        .child(method("Transform", EXCLUSIVE));
    let value = digest.of(exclusive(part, &[])?.as_bytes());
    Ok(element("Reference")
        .attribute("URI", format!("#{id}"))
        .child(transforms)
        .child(method("DigestMethod", digest.uri()))
        .child(element("DigestValue").text(STANDARD.encode(value))))
}

fn signed_info(
    algorithm: &str,
    references: impl IntoIterator<Item = write::Element>,
) -> write::Element {
    element("SignedInfo")
        .child(method("CanonicalizationMethod", EXCLUSIVE))
        .child(method("SignatureMethod", algorithm))
        .children(references)
}

/// The canonical form inside a signature, where the namespace comes from around it.
fn octets(signed_info: &write::Element) -> Result<String, SignatureError> {
    let around = element("Signature")
        .namespace("", NAMESPACE)
        .child(signed_info.clone())
        .to_xml();
    let document = Document::parse(&around)?;
    let part = SignatureError::Structure { part: "SignedInfo" };
    let signed_info = document.root().child(NAMESPACE, "SignedInfo").ok_or(part)?;
    Ok(exclusive(signed_info, &[])?)
}
