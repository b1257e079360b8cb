//! What we say of ourselves to partners: federation metadata, written, signed, and the same until a key changes.
//!
//! Start at [`published`].

mod readers;

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use claims::ClaimType;
use proto::metadata::{
    self, Active, ApplicationService, EntityDescriptor, IdentityProvider, SecurityTokenService,
};
use proto::saml::v2::{EMAIL_ADDRESS, PERSISTENT, TRANSIENT};
use proto::wsfed::{TOKEN_TYPE_SAML_1_1, TOKEN_TYPE_SAML_2_0};
use proto::wstrust::active::{Dialect, mex};
use xml::Prepared;

use crate::flow::wsfed::{Identity, PATH};
use crate::key_ring::{KeyId, KeyRing, TokenSigningCertificate};
use crate::ports::{Keys, ToSign, Unavailable};
use crate::trust::{ClaimDescription, Identifier, TrustBook};

pub use readers::{MAX_AGENT, MAX_NOTED, NOTED_AGAIN, Readers};

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

/// Which of our keys a document names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// All that partners must know: the one that signs, and the one that is next.
    AllKeys,
    /// The one that signs, for partners that break on two.
    PrimaryKey,
}

impl Naming {
    /// The keys that it names, the one that signs first.
    pub fn of(self, ring: &KeyRing) -> impl Iterator<Item = &TokenSigningCertificate> {
        let next = ring.next.as_ref().filter(|_| self == Self::AllKeys);
        std::iter::once(&ring.primary).chain(next)
    }
}

/// Metadata that was signed: whoever asks again gets the same, as long as it would say the same and one key signs.
#[derive(Debug, Default)]
pub struct Published {
    all_keys: Mutex<Option<Signed>>,
    primary_key: Mutex<Option<Signed>>,
}

#[derive(Debug)]
struct Signed {
    content: String,
    key: KeyId,
    text: String,
}

impl Published {
    fn place(&self, naming: Naming) -> &Mutex<Option<Signed>> {
        match naming {
            Naming::AllKeys => &self.all_keys,
            Naming::PrimaryKey => &self.primary_key,
        }
    }

    fn known(&self, naming: Naming, content: &str, key: &KeyId) -> Option<String> {
        let place = self.place(naming);
        let signed = place.lock().unwrap_or_else(PoisonError::into_inner);
        let same = signed.as_ref();
        let same = same.filter(|it| it.content == content && it.key == *key);
        same.map(|it| it.text.clone())
    }

    fn keep(&self, naming: Naming, signed: Signed) {
        let place = self.place(naming);
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
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
    (naming, before): (Naming, &Published),
) -> Result<String, Unavailable> {
    let own = OwnMetadata {
        entity_id: identity.identifier.clone(),
    };
    let ring = keys.ring().await?;
    let not_written = |error: &dyn std::fmt::Display| Unavailable {
        what: "the metadata",
        detail: error.to_string(),
    };
    let descriptor = descriptor((identity, book), &ring, naming);
    let written = descriptor.to_verbatim().map_err(|it| not_written(&it))?;
    let key = &ring.primary;
    if let Some(known) = before.known(naming, written.as_str(), &key.id) {
        return Ok(known);
    }
    let der = key.certificate.der();
    let prepared = Prepared::new(&written, key.algorithm.signature(), Some(der));
    let prepared = prepared.map_err(|it| not_written(&it))?;
    let what = ToSign::Metadata(&own);
    let signature = keys.sign(&key.id, what, prepared.octets()).await?;
    let text = prepared.attach(&signature).as_str().to_owned();
    let signed = Signed {
        content: written.as_str().to_owned(),
        key: key.id.clone(),
        text: text.clone(),
    };
    before.keep(naming, signed);
    Ok(text)
}

fn descriptor(
    (identity, book): (&Identity, &TrustBook),
    ring: &KeyRing,
    naming: Naming,
) -> EntityDescriptor {
    let keys = naming.of(ring);
    let signing: Vec<Vec<u8>> = keys.map(|it| it.certificate.der().to_vec()).collect();
    let passive_requestor_endpoint = format!("{}{PATH}", identity.origin);
    let offered = described(book, |it| it.is_offered);
    EntityDescriptor {
        id: id(identity, &signing),
        entity_id: identity.identifier.as_str().to_owned(),
        application_service: ApplicationService {
            display_name: identity.display_name.clone(),
            target_scope: identity.identifier.as_str().to_owned(),
            claim_types: described(book, |it| it.is_accepted),
            passive_requestor_endpoint: passive_requestor_endpoint.clone(),
        },
        security_token_service: SecurityTokenService {
            display_name: identity.display_name.clone(),
            signing: signing.clone(),
            token_types: vec![TOKEN_TYPE_SAML_2_0, TOKEN_TYPE_SAML_1_1],
            claim_types: offered.clone(),
            active: active(identity),
            passive_requestor_endpoint: passive_requestor_endpoint.clone(),
        },
        identity_provider: IdentityProvider {
            signing,
            name_id_formats: vec![EMAIL_ADDRESS, PERSISTENT, TRANSIENT],
            claim_types: offered,
            single_sign_on_service: passive_requestor_endpoint,
        },
    }
}

/// Where programs ask, where they may.
fn active(identity: &Identity) -> Option<Active> {
    let at = |path: &str| format!("{}{path}", identity.origin);
    let endpoints = [Dialect::Feb2005, Dialect::V13].map(|it| at(it.path()));
    identity.is_active.then(|| Active {
        endpoints: endpoints.to_vec(),
        metadata_exchange: at(mex::PATH),
    })
}

/// The claim types that an administrator described so, or those that AD FS describes by itself.
fn described(
    book: &TrustBook,
    is_wanted: fn(&ClaimDescription) -> bool,
) -> Vec<metadata::ClaimType> {
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
    let own = book.claim_descriptions().filter(|it| is_wanted(it));
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
