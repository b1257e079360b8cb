//! Signing in two steps: the octets go to whoever holds the key, and the value comes back.
//!
//! Start at [`Prepared::new`].

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{
    Algorithm, ENVELOPED, KeyFailure, NAMESPACE, SAML_2, SHA256, SignatureError, SigningKey, id_of,
    is_unique,
};
use crate::c14n::{EXCLUSIVE, exclusive};
use crate::write::{self, element};
use crate::{Document, Verbatim};

/// An element that is ready to be signed.
#[derive(Clone, Debug)]
pub struct Prepared {
    before: String,
    after: String,
    signed_info: write::Element,
    certificate: Option<String>,
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
        let document = Document::parse(unsigned.as_str())?;
        let root = document.root();
        let id = id_of(root)?;
        if !is_unique(id, root) {
            return Err(SignatureError::DuplicateId);
        }
        if root.child(NAMESPACE, "Signature").is_some() {
            return Err(SignatureError::AlreadySigned);
        }
        let inside = root.inner_range().ok_or(SignatureError::Empty)?;
        // SAML 2 wants the signature behind the issuer, SAML 1.1 at the end.
        let issuer = root
            .child(SAML_2, "Issuer")
            .map(|issuer| issuer.range().end);
        let at = issuer.unwrap_or(inside.end);
        let digest = digest::digest(&digest::SHA256, exclusive(root, &[])?.as_bytes());
        let signed_info = signed_info(id, algorithm, digest.as_ref());
        let octets = octets(&signed_info)?;
        let (before, after) = unsigned
            .as_str()
            .split_at_checked(at)
            .ok_or(SignatureError::Empty)?;
        Ok(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            signed_info,
            certificate: certificate.map(|der| STANDARD.encode(der)),
            octets,
        })
    }

    /// The octets to be signed.
    pub fn octets(&self) -> &[u8] {
        self.octets.as_bytes()
    }

    /// Puts the value of the signature over [`Self::octets`] into the element.
    pub fn attach(self, signature_value: &[u8]) -> SignedElement {
        let key_info = self.certificate.map(|certificate| {
            let data = element("X509Data").child(element("X509Certificate").text(certificate));
            element("KeyInfo").child(data)
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

/// An element with its signature, to be sent byte for byte.
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

fn signed_info(id: &str, algorithm: Algorithm, digest: &[u8]) -> write::Element {
    let method = |name, algorithm: &str| element(name).attribute("Algorithm", algorithm);
    let transforms = element("Transforms")
        .child(method("Transform", ENVELOPED))
        .child(method("Transform", EXCLUSIVE));
    let reference = element("Reference")
        .attribute("URI", format!("#{id}"))
        .child(transforms)
        .child(method("DigestMethod", SHA256))
        .child(element("DigestValue").text(STANDARD.encode(digest)));
    element("SignedInfo")
        .child(method("CanonicalizationMethod", EXCLUSIVE))
        .child(method("SignatureMethod", algorithm.uri()))
        .child(reference)
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
