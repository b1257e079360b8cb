//! What we say of ourselves to partners: federation metadata, written, signed, and the same until a key changes.
//!
//! Start at [`published`].

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use claims::ClaimType;
use proto::metadata::{
    self, ApplicationService, EntityDescriptor, IdentityProvider, SecurityTokenService,
};
use proto::saml::v2::{EMAIL_ADDRESS, PERSISTENT, TRANSIENT};
use proto::wsfed::TOKEN_TYPE_SAML_1_1;
use xml::Prepared;

use crate::flow::wsfed::{Identity, PATH};
use crate::key_ring::{KeyId, KeyRing};
use crate::ports::{Keys, ToSign, Unavailable};
use crate::trust::{ClaimDescription, Identifier, TrustBook};

/// Our own metadata.
///
/// **Proves** that it says what we are: only this room makes one.
#[derive(Clone, Debug)]
pub struct OwnMetadata {
    entity_id: Identifier,
}

impl OwnMetadata {
    /// What we call ourselves.
    #[must_use]
    pub fn entity_id(&self) -> &Identifier {
        &self.entity_id
    }
}

/// Metadata that was signed: whoever asks again gets the same, as long as it would say the same and one key signs.
#[derive(Debug, Default)]
pub struct Published(Mutex<Option<Signed>>);

#[derive(Debug)]
struct Signed {
    content: String,
    key: KeyId,
    text: String,
}

impl Published {
    fn known(&self, content: &str, key: &KeyId) -> Option<String> {
        let signed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = signed.as_ref();
        let same = same.filter(|it| it.content == content && it.key == *key);
        same.map(|it| it.text.clone())
    }

    fn keep(&self, signed: Signed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
    }
}

/// Writes and signs the metadata of one moment.
///
/// # Errors
///
/// Nobody signs it, or it cannot be written.
pub async fn published(
    keys: &dyn Keys,
    (identity, book): (&Identity, &TrustBook),
    before: &Published,
) -> Result<String, Unavailable> {
    let own = OwnMetadata {
        entity_id: identity.identifier.clone(),
    };
    let ring = keys.ring().await?;
    let not_written = |error: &dyn std::fmt::Display| Unavailable {
        what: "the metadata",
        detail: error.to_string(),
    };
    let descriptor = descriptor(identity, book, &ring);
    let written = descriptor.to_verbatim().map_err(|it| not_written(&it))?;
    let key = &ring.primary;
    if let Some(known) = before.known(written.as_str(), &key.id) {
        return Ok(known);
    }
    let der = key.certificate.der();
    let prepared = Prepared::new(&written, key.algorithm.signature(), Some(der));
    let prepared = prepared.map_err(|it| not_written(&it))?;
    let what = ToSign::Metadata(&own);
    let signature = keys.sign(&key.id, what, prepared.octets()).await?;
    let text = prepared.attach(&signature).as_str().to_owned();
    before.keep(Signed {
        content: written.as_str().to_owned(),
        key: key.id.clone(),
        text: text.clone(),
    });
    Ok(text)
}

fn descriptor(identity: &Identity, book: &TrustBook, ring: &KeyRing) -> EntityDescriptor {
    let keys = [Some(&ring.primary), ring.next.as_ref()];
    let keys = keys.into_iter().flatten();
    let signing: Vec<Vec<u8>> = keys.map(|it| it.certificate.der().to_vec()).collect();
    let passive_requestor_endpoint = format!("{}{PATH}", identity.origin);
    EntityDescriptor {
        id: id(identity, &signing),
        entity_id: identity.identifier.as_str().to_owned(),
        application_service: ApplicationService {
            display_name: identity.display_name.clone(),
            target_scope: identity.identifier.as_str().to_owned(),
            passive_requestor_endpoint: passive_requestor_endpoint.clone(),
        },
        security_token_service: SecurityTokenService {
            display_name: identity.display_name.clone(),
            signing: signing.clone(),
            token_types: vec![TOKEN_TYPE_SAML_1_1],
            claim_types: offered(book),
            passive_requestor_endpoint: passive_requestor_endpoint.clone(),
        },
        identity_provider: IdentityProvider {
            signing,
            name_id_formats: vec![EMAIL_ADDRESS, PERSISTENT, TRANSIENT],
            single_sign_on_service: passive_requestor_endpoint,
        },
    }
}

/// The claim types that an administrator described, or those that AD FS describes by itself.
fn offered(book: &TrustBook) -> Vec<metadata::ClaimType> {
    let described = |it: &ClaimDescription| metadata::ClaimType {
        uri: it.claim_type.as_str().to_owned(),
        display_name: it.name.clone(),
        description: it.notes.clone().unwrap_or_default(),
    };
    let known = |it: &ClaimType| metadata::ClaimType {
        uri: it.uri.to_owned(),
        display_name: it.name.to_owned(),
        description: String::new(),
    };
    let own = book.claim_descriptions().filter(|it| it.is_offered);
    match book.claim_descriptions().len() {
        0 => ClaimType::described().iter().map(known).collect(),
        _ => own.map(|it| described(it)).collect(),
    }
}

/// The document's id: the same as long as it says the same keys.
fn id(identity: &Identity, signing: &[Vec<u8>]) -> String {
    let mut all = identity.identifier.as_str().as_bytes().to_vec();
    all.extend(signing.iter().flatten());
    let made = digest(&SHA256, &all);
    let digits = made.as_ref().iter().take(16).map(|it| format!("{it:02x}"));
    format!("_{}", digits.collect::<String>())
}
