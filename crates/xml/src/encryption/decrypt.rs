//! Decrypting: the parts in their places, then one attempt with one error.
//!
//! SECURITY: no key but that of the port, nothing from elsewhere, and whatever fails takes the same way
//! to the same answer. Start at [`decrypt`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{ContentAlgorithm, DecryptionError, DecryptionKey, ELEMENT, KeyTransport, NAMESPACE};
use crate::signature::{self, VerifiedElement};
use crate::{Document, Element, ParseError};

/// Decrypts an element that was sent as `EncryptedData`, by AES-GCM.
///
/// **Proves** nothing of who wrote it: anybody can encrypt to a public key.
pub fn decrypt(
    encrypted: Element<'_, '_>,
    key: &dyn DecryptionKey,
) -> Result<Decrypted, DecryptionError> {
    let parts = Parts::of(encrypted)?;
    if !parts.algorithm.is_authenticated() {
        return Err(DecryptionError::CbcNotSigned);
    }
    parts.decrypt(key)
}

/// Decrypts an element that was sent as `EncryptedData` inside something signed, by AES-GCM or
/// AES-CBC.
///
/// **Proves** what the signature around it does: whoever signed that said this.
pub fn decrypt_verified(
    verified: &VerifiedElement,
    encrypted: Element<'_, '_>,
    key: &dyn DecryptionKey,
) -> Result<VerifiedElement, DecryptionError> {
    let source = encrypted.node().document().input_text();
    // An element of the signed bytes, and not of the message from which they came.
    if !std::ptr::eq(source, verified.as_str()) {
        return Err(DecryptionError::Structure {
            part: "EncryptedData",
        });
    }
    let decrypted = Parts::of(encrypted)?.decrypt(key)?;
    let text = decrypted.text.to_string();
    VerifiedElement::new(text).map_err(|_| DecryptionError::Failed)
}

/// An element that was decrypted.
///
/// **Trusts** its content: it is to be verified by its own signature.
pub struct Decrypted {
    text: Zeroizing<String>,
}

impl Decrypted {
    /// The element as it was before it was encrypted.
    pub fn document(&self) -> Result<Document<'_>, ParseError> {
        Document::parse(&self.text)
    }
}

impl std::fmt::Debug for Decrypted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Decrypted(…)")
    }
}

/// An encrypted element taken apart.
struct Parts {
    algorithm: ContentAlgorithm,
    transport: KeyTransport,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
}

impl Parts {
    /// SPEC: XML Encryption 3.1 and 3.5.1; in SAML the key may stand beside the data.
    fn of(encrypted: Element<'_, '_>) -> Result<Self, DecryptionError> {
        let part = "EncryptedData";
        let wrong = DecryptionError::Structure { part };
        if !encrypted.is(NAMESPACE, part) {
            return Err(wrong);
        }
        let children: Vec<_> = encrypted.children().collect();
        let (method, key_info, data) = match children.as_slice() {
            [method, data] => (*method, None, *data),
            [method, key_info, data] => (*method, Some(*key_info), *data),
            _ => return Err(wrong),
        };
        let algorithm = content_algorithm(method)?;
        let key = encrypted_key(encrypted, key_info)?;
        let (transport, wrapped) = wrapped_key(key)?;
        if encrypted.attribute("Type").is_some_and(|it| it != ELEMENT) {
            return Err(DecryptionError::Structure { part: "Type" });
        }
        Ok(Self {
            algorithm,
            transport,
            wrapped,
            sealed: cipher_value(data)?,
        })
    }

    fn decrypt(&self, key: &dyn DecryptionKey) -> Result<Decrypted, DecryptionError> {
        let unwrapped = key.unwrap(self.transport, &self.wrapped).ok();
        let length = self.algorithm.key_bytes();
        let unwrapped = unwrapped.filter(|key| key.len() == length);
        let is_unwrapped = unwrapped.is_some();
        // A key that nobody has, so that what follows takes its time.
        let content_key = unwrapped.unwrap_or_else(|| Zeroizing::new(vec![0; length]));
        let text = self.algorithm.open(&content_key, &self.sealed);
        let text = text.filter(|_| is_unwrapped);
        let text = text.ok_or(DecryptionError::Failed)?;
        let text = std::str::from_utf8(&text).map_err(|_| DecryptionError::Failed)?;
        let decrypted = Decrypted {
            text: Zeroizing::new(text.to_owned()),
        };
        decrypted.document().map_err(|_| DecryptionError::Failed)?;
        Ok(decrypted)
    }
}

fn content_algorithm(method: Element<'_, '_>) -> Result<ContentAlgorithm, DecryptionError> {
    let part = "EncryptionMethod";
    let is_plain = method.children().next().is_none();
    if !method.is(NAMESPACE, part) || !is_plain {
        return Err(DecryptionError::Structure { part });
    }
    let uri = method.attribute("Algorithm").unwrap_or("");
    ContentAlgorithm::parse(uri).ok_or(DecryptionError::Algorithm { part })
}

/// The one wrapped key: in the data's own KeyInfo, else beside the data.
fn encrypted_key<'a, 'input>(
    encrypted: Element<'a, 'input>,
    key_info: Option<Element<'a, 'input>>,
) -> Result<Element<'a, 'input>, DecryptionError> {
    let part = "KeyInfo";
    if key_info.is_some_and(|key_info| !key_info.is(signature::NAMESPACE, part)) {
        return Err(DecryptionError::Structure { part });
    }
    let keys_in = |around: Option<Element<'a, 'input>>| -> Vec<Element<'a, 'input>> {
        let children = around.into_iter().flat_map(|around| around.children());
        children
            .filter(|it| it.is(NAMESPACE, "EncryptedKey"))
            .collect()
    };
    let inside = keys_in(key_info);
    let keys = match inside.is_empty() {
        true => keys_in(encrypted.parent()),
        false => inside,
    };
    match keys.as_slice() {
        [key] => Ok(*key),
        _ => Err(DecryptionError::Structure {
            part: "EncryptedKey",
        }),
    }
}

/// Whose key it is, and what else it was used for, is passed over.
fn wrapped_key(key: Element<'_, '_>) -> Result<(KeyTransport, Vec<u8>), DecryptionError> {
    let wrong = DecryptionError::Structure {
        part: "EncryptedKey",
    };
    let mut children = key.children();
    let method = children.next().ok_or(wrong)?;
    if !method.is(NAMESPACE, "EncryptionMethod") {
        return Err(wrong);
    }
    let transport = KeyTransport::of(method)?;
    let mut rest = children
        .skip_while(|it| it.is(signature::NAMESPACE, "KeyInfo"))
        .filter(|it| !it.is(NAMESPACE, "ReferenceList"));
    match (rest.next(), rest.next()) {
        (Some(data), None) => Ok((transport, cipher_value(data)?)),
        _ => Err(wrong),
    }
}

fn cipher_value(data: Element<'_, '_>) -> Result<Vec<u8>, DecryptionError> {
    let part = "CipherData";
    let wrong = DecryptionError::Structure { part };
    let children: Vec<_> = data.children().collect();
    let [value] = children.as_slice() else {
        return Err(wrong);
    };
    let is_value = data.is(NAMESPACE, part) && value.is(NAMESPACE, "CipherValue");
    if !is_value || value.children().next().is_some() || value.holds_comment() {
        return Err(wrong);
    }
    let text: String = value.text().split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| wrong)
}
