//! All trusts of one moment, found by what a party calls itself or by name, in any number, at no cost.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ClaimDescription, ClaimsProviderTrust, Identifier, RelyingPartyTrust};

/// All trusts of one moment.
#[derive(Debug, Default)]
pub struct TrustBook {
    revision: i64,
    relying_parties: Vec<Arc<RelyingPartyTrust>>,
    claims_providers: Vec<Arc<ClaimsProviderTrust>>,
    claim_descriptions: Vec<Arc<ClaimDescription>>,
    relying_party_by_identifier: HashMap<Identifier, Arc<RelyingPartyTrust>>,
    claims_provider_by_identifier: HashMap<Identifier, Arc<ClaimsProviderTrust>>,
}

/// Trusts that are to be put in a book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// The parties that take our tokens.
    pub relying_parties: Vec<RelyingPartyTrust>,
    /// The parties whose claims we take.
    pub claims_providers: Vec<ClaimsProviderTrust>,
    /// What is said of claim types.
    pub claim_descriptions: Vec<ClaimDescription>,
}

/// Two trusts of one kind call themselves by one identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}` have one identifier, `{identifier}`")]
pub struct SharedIdentifier {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// The identifier.
    pub identifier: Identifier,
}

impl TrustBook {
    /// A book of trusts, as the change of this number left them.
    ///
    /// # Errors
    ///
    /// Two have one identifier, so that nobody knows which is meant.
    pub fn new(revision: i64, trusted: Trusted) -> Result<Self, SharedIdentifier> {
        let mut book = Self::empty(revision);
        for trust in trusted.relying_parties {
            let trust = Arc::new(trust);
            for identifier in &trust.identifiers {
                let known = &mut book.relying_party_by_identifier;
                let before = known.insert(identifier.clone(), Arc::clone(&trust));
                let another = before.filter(|it| !Arc::ptr_eq(it, &trust));
                refuse(another.map(|it| it.name.clone()), &trust.name, identifier)?;
            }
            book.relying_parties.push(trust);
        }
        for trust in trusted.claims_providers {
            let trust = Arc::new(trust);
            let known = &mut book.claims_provider_by_identifier;
            let before = known.insert(trust.identifier.clone(), Arc::clone(&trust));
            let another = before.map(|it| it.name.clone());
            refuse(another, &trust.name, &trust.identifier)?;
            book.claims_providers.push(trust);
        }
        let descriptions = trusted.claim_descriptions.into_iter().map(Arc::new);
        book.claim_descriptions.extend(descriptions);
        Ok(book)
    }

    /// A book without trusts.
    #[must_use]
    pub fn empty(revision: i64) -> Self {
        Self {
            revision,
            ..Self::default()
        }
    }

    /// The number of the last change before this moment.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The relying party that calls itself so, enabled or not.
    #[must_use]
    pub fn relying_party(&self, identifier: &Identifier) -> Option<&Arc<RelyingPartyTrust>> {
        self.relying_party_by_identifier.get(identifier)
    }

    /// The claims provider that calls itself so, enabled or not.
    #[must_use]
    pub fn claims_provider(&self, identifier: &Identifier) -> Option<&Arc<ClaimsProviderTrust>> {
        self.claims_provider_by_identifier.get(identifier)
    }

    /// The claims provider of a name, in any case of its letters.
    #[must_use]
    pub fn claims_provider_named(&self, name: &str) -> Option<&Arc<ClaimsProviderTrust>> {
        let mut all = self.claims_providers.iter();
        all.find(|it| it.name.to_lowercase() == name.to_lowercase())
    }

    /// All relying parties, by name.
    pub fn relying_parties(&self) -> impl ExactSizeIterator<Item = &Arc<RelyingPartyTrust>> {
        self.relying_parties.iter()
    }

    /// All claims providers, by name.
    pub fn claims_providers(&self) -> impl ExactSizeIterator<Item = &Arc<ClaimsProviderTrust>> {
        self.claims_providers.iter()
    }

    /// All claim descriptions, by name.
    pub fn claim_descriptions(&self) -> impl ExactSizeIterator<Item = &Arc<ClaimDescription>> {
        self.claim_descriptions.iter()
    }
}

fn refuse(
    another: Option<String>,
    name: &str,
    identifier: &Identifier,
) -> Result<(), SharedIdentifier> {
    another.map_or(Ok(()), |first| {
        Err(SharedIdentifier {
            first,
            second: name.to_owned(),
            identifier: identifier.clone(),
        })
    })
}
