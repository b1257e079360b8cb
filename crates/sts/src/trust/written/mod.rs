//! The written form of trusts: one, for the store, `trust show --json`, `trust export` and files alike.
//!
//! Its keys are the fields of the typed trusts, which AD FS has too; what is left out has AD FS's default. Rules are the text
//! that an administrator wrote. What is unknown is refused, never left alone. Start at [`Written`].

mod claim_description;
mod claims_provider;
mod error;
mod parts;
mod relying_party;

pub use claim_description::WrittenClaimDescription;
pub use claims_provider::WrittenClaimsProvider;
use error::As;
pub use error::{Problem, WrittenError};
pub use parts::{WrittenMetadata, WrittenPolicy, WrittenSamlEndpoint};
pub use relying_party::WrittenRelyingParty;

use serde::{Deserialize, Serialize};

use super::{
    ClaimDescription, ClaimsProviderTrust, Identifier, Kind, RelyingPartyTrust, Sha1Until,
    TrustBook, Trusted,
};
use crate::ports::{Kept, KeptTrust};

/// The version of this form.
pub const VERSION: u32 = 1;

/// Most characters of a name.
pub const MAX_NAME: usize = 256;

/// Trusts and claim descriptions, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The version of the form; another is refused.
    pub version: u32,
    /// The parties that take our tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relying_party: Vec<WrittenRelyingParty>,
    /// The parties whose claims we take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_provider: Vec<WrittenClaimsProvider>,
    /// What is said of claim types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_description: Vec<WrittenClaimDescription>,
}

impl Written {
    /// What trusts are written as.
    #[must_use]
    pub fn of(trusted: &Trusted) -> Self {
        let parties = trusted.relying_parties.iter();
        let providers = trusted.claims_providers.iter();
        let descriptions = trusted.claim_descriptions.iter();
        Self {
            version: VERSION,
            relying_party: parties.map(WrittenRelyingParty::of).collect(),
            claims_provider: providers.map(WrittenClaimsProvider::of).collect(),
            claim_description: descriptions.map(WrittenClaimDescription::of).collect(),
        }
    }

    /// Reads the text of one in JSON.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn of_json(text: &str) -> Result<Self, WrittenError> {
        serde_json::from_str(text).map_err(|error| WrittenError::malformed(&error))
    }

    /// The text in JSON, on one line.
    ///
    /// # Errors
    ///
    /// None that is known: every value of this form is one of JSON's.
    pub fn to_json(&self) -> Result<String, WrittenError> {
        serde_json::to_string(self).map_err(|error| WrittenError::malformed(&error))
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// A value is none that the field may have; the first is told, and where it is.
    pub fn read(self) -> Result<Trusted, WrittenError> {
        self.read_by(As::New)
    }

    /// The same as of what was taken before, which may say what is taken no more.
    ///
    /// # Errors
    ///
    /// As [`Written::read`], of less.
    pub(crate) fn read_kept(self) -> Result<Trusted, WrittenError> {
        self.read_by(As::Kept)
    }

    fn read_by(self, read: As) -> Result<Trusted, WrittenError> {
        if self.version != VERSION {
            return Err(WrittenError::version(self.version));
        }
        let parties = self.relying_party.into_iter();
        let providers = self.claims_provider.into_iter();
        let descriptions = self.claim_description.into_iter();
        Ok(Trusted {
            relying_parties: parties
                .map(|party| party.read_by(read))
                .collect::<Result<_, _>>()?,
            claims_providers: providers
                .map(|provider| provider.read_by(read))
                .collect::<Result<_, _>>()?,
            claim_descriptions: descriptions
                .map(WrittenClaimDescription::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Trusted {
    /// Each as it is kept, in its order.
    ///
    /// # Errors
    ///
    /// None that is known ([`Written::to_json`]).
    pub fn to_kept(&self) -> Result<Vec<KeptTrust>, WrittenError> {
        let parties = self.relying_parties.iter().map(kept_party);
        let providers = self.claims_providers.iter().map(kept_provider);
        let descriptions = self.claim_descriptions.iter().map(kept_description);
        parties.chain(providers).chain(descriptions).collect()
    }

    /// What it is, and what it is called, where there is one alone.
    fn only(&self) -> Option<(Kind, &str)> {
        let parties = self.relying_parties.iter();
        let parties = parties.map(|it| (Kind::RelyingParty, it.name.as_str()));
        let providers = self.claims_providers.iter();
        let providers = providers.map(|it| (Kind::ClaimsProvider, it.name.as_str()));
        let descriptions = self.claim_descriptions.iter();
        let descriptions = descriptions.map(|it| (Kind::ClaimDescription, it.name.as_str()));
        let mut all = parties.chain(providers).chain(descriptions);
        all.next().filter(|_| self.len() == 1)
    }

    /// Each trust that may be signed for with SHA-1, and until when.
    pub fn sha1_dates(&self) -> impl Iterator<Item = (&str, Sha1Until)> {
        let parties = self.relying_parties.iter();
        let parties = parties.map(|it| (it.name.as_str(), it.sha1_until));
        let providers = self.claims_providers.iter();
        let providers = providers.map(|it| (it.name.as_str(), it.sha1_until));
        let all = parties.chain(providers);
        all.filter_map(|(name, until)| Some((name, until?)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.relying_parties.len() + self.claims_providers.len() + self.claim_descriptions.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds others after these.
    pub fn append(&mut self, others: Self) {
        self.relying_parties.extend(others.relying_parties);
        self.claims_providers.extend(others.claims_providers);
        self.claim_descriptions.extend(others.claim_descriptions);
    }
}

impl KeptTrust {
    /// What it says: one trust, or one claim description, of its kind and name.
    ///
    /// # Errors
    ///
    /// Its text is of another version, or says something else.
    pub fn read(&self) -> Result<Trusted, WrittenError> {
        let read = Written::of_json(&self.text)?.read_by(As::Kept)?;
        match read.only() {
            Some((kind, name)) if kind == self.kind && name == self.name => Ok(read),
            _ => Err(WrittenError::another(self.kind, &self.name)),
        }
    }

    /// Whether it may be the trust of our own directory, as far as can be told of a text that cannot be read.
    fn may_be_own_directory(&self) -> bool {
        let of_partners = Written::of_json(&self.text).is_ok_and(|written| {
            let mut providers = written.claims_provider.iter();
            written.version == VERSION && !providers.any(|it| it.is_local)
        });
        self.kind == Kind::ClaimsProvider && !of_partners
    }
}

impl TrustBook {
    /// The book of what is kept. What cannot be read is not in it, so that nobody gets a token by it, and is told.
    #[must_use]
    pub fn of_kept(kept: &Kept) -> (Self, Vec<WrittenError>) {
        let mut trusted = Trusted::default();
        let mut errors = Vec::new();
        let mut unread_directory = None;
        for (_, trust) in &kept.trusts {
            match trust.read() {
                Ok(read) => trusted.append(read),
                Err(error) => {
                    let own = Some(trust).filter(|it| it.may_be_own_directory());
                    unread_directory = unread_directory.or(own.map(|it| it.name.clone()));
                    errors.push(error);
                }
            }
        }
        match (Self::new(kept.revision, trusted), unread_directory) {
            (Ok(book), Some(name)) => (book.with_unread_directory(name), errors),
            (Ok(book), None) => (book, errors),
            (Err(shared), _) => {
                errors.push(WrittenError::shared(shared));
                (Self::empty(kept.revision), errors)
            }
        }
    }
}

fn kept_party(trust: &RelyingPartyTrust) -> Result<KeptTrust, WrittenError> {
    let written = Written {
        version: VERSION,
        relying_party: vec![WrittenRelyingParty::of(trust)],
        ..Written::default()
    };
    Ok(KeptTrust {
        kind: Kind::RelyingParty,
        name: trust.name.clone(),
        identifiers: once(&trust.identifiers),
        text: written.to_json()?,
    })
}

/// Each once: AD FS may have one twice.
fn once(identifiers: &[Identifier]) -> Vec<Identifier> {
    let mut once = Vec::new();
    for identifier in identifiers {
        if !once.contains(identifier) {
            once.push(identifier.clone());
        }
    }
    once
}

fn kept_provider(trust: &ClaimsProviderTrust) -> Result<KeptTrust, WrittenError> {
    let written = Written {
        version: VERSION,
        claims_provider: vec![WrittenClaimsProvider::of(trust)],
        ..Written::default()
    };
    Ok(KeptTrust {
        kind: Kind::ClaimsProvider,
        name: trust.name.clone(),
        identifiers: vec![trust.identifier.clone()],
        text: written.to_json()?,
    })
}

fn kept_description(description: &ClaimDescription) -> Result<KeptTrust, WrittenError> {
    let written = Written {
        version: VERSION,
        claim_description: vec![WrittenClaimDescription::of(description)],
        ..Written::default()
    };
    Ok(KeptTrust {
        kind: Kind::ClaimDescription,
        name: description.name.clone(),
        identifiers: vec![description.claim_type.clone()],
        text: written.to_json()?,
    })
}

#[cfg(test)]
mod tests;
