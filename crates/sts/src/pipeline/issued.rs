//! What the pipeline lets out: the claims that a party's rules issued, after its authorization rules permitted.

use std::sync::Arc;

use claims::ClaimSet;

use crate::trust::RelyingPartyTrust;

/// The claims of a token that is to be made.
///
/// **Proves** that the rules of the relying party permitted it, and issued these claims: only the pipeline makes one. Tokens
/// are signed from nothing else.
#[derive(Clone, Debug)]
pub struct IssuedClaims {
    relying_party: Arc<RelyingPartyTrust>,
    claims: ClaimSet,
}

impl IssuedClaims {
    /// INVARIANT: called where the rules of the party permitted, and nowhere else.
    pub(super) fn permitted(relying_party: Arc<RelyingPartyTrust>, claims: ClaimSet) -> Self {
        Self {
            relying_party,
            claims,
        }
    }

    /// The party that they are for.
    #[must_use]
    pub fn relying_party(&self) -> &RelyingPartyTrust {
        &self.relying_party
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> &ClaimSet {
        &self.claims
    }
}
