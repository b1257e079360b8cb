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
    unread_directory: Option<String>,
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

/// What is believed of our own directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnDirectory<'a> {
    /// There is no trust of it: what is built in.
    BuiltIn,
    /// Its trust says.
    Trust(&'a ClaimsProviderTrust),
}

/// Why nobody of our own directory gets a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryShut {
    /// Its trust is switched off.
    #[error("the claims provider trust `{0}` of our own directory is switched off")]
    Disabled(String),
    /// A trust that may be its own cannot be read.
    #[error(
        "the claims provider trust `{0}`, which may be that of our own directory, cannot be read"
    )]
    Unread(String),
    /// There are two, and nobody knows which is meant.
    #[error("`{first}` and `{second}` are both claims provider trusts of our own directory")]
    Several {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
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

    /// The same book, in which the trust of this name, which may be that of our own directory, could not be read.
    #[must_use]
    pub fn with_unread_directory(mut self, name: String) -> Self {
        self.unread_directory = Some(name);
        self
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

    /// What is believed of our own directory.
    ///
    /// # Errors
    ///
    /// SECURITY: it has a trust that says nothing by now. What is built in believes more than an administrator may have
    /// wanted, and stands in for no trust that there is.
    pub fn own_directory(&self) -> Result<OwnDirectory<'_>, DirectoryShut> {
        if let Some(name) = &self.unread_directory {
            return Err(DirectoryShut::Unread(name.clone()));
        }
        let mut own = self.claims_providers.iter().filter(|it| it.is_local);
        match (own.next(), own.next()) {
            (None, _) => Ok(OwnDirectory::BuiltIn),
            (Some(first), Some(second)) => Err(DirectoryShut::Several {
                first: first.name.clone(),
                second: second.name.clone(),
            }),
            (Some(only), None) if !only.is_enabled => {
                Err(DirectoryShut::Disabled(only.name.clone()))
            }
            (Some(only), None) => Ok(OwnDirectory::Trust(only)),
        }
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
