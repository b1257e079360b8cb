//! What is accepted of what another claims provider says.
//!
//! SECURITY: whatever its acceptance rules say, what they issue is that provider's word and nobody else's: never that of our
//! directory, of this server or of its rules, which rules of a party believe (decision 0019). Start at
//! [`Pipeline::accept_from`].

use std::collections::BTreeSet;

use claims::{Claim, ClaimSet};

use super::{Accepted, NotIssued, Pipeline};
use crate::federated::Federated;
use crate::subject::Context;

impl Accepted {
    /// The claims.
    pub(crate) fn claims(&self) -> &ClaimSet {
        &self.claims
    }
}

impl Pipeline<'_> {
    /// What is accepted of somebody whom another claims provider vouches for.
    ///
    /// # Errors
    ///
    /// A rule failed.
    pub(crate) async fn accept_from(
        &self,
        federated: &Federated<'_>,
        context: &Context<'_>,
    ) -> Result<Accepted, NotIssued> {
        let issuer = federated.provider.identifier.as_str();
        let rules = &federated.provider.acceptance_transform_rules;
        let with = (rules.rules(), issuer);
        let which = "acceptance transform rules";
        let said = self.run(which, with, &federated.claims()).await?;
        let of_provider = said.iter().map(|claim| Claim {
            issuer: issuer.into(),
            original_issuer: issuer.into(),
            ..claim.clone()
        });
        let mut claims: ClaimSet = of_provider.collect();
        // How the request came is no claim of a provider, and needs nobody to accept it.
        claims.extend(context.claims().iter().cloned());
        Ok(Accepted {
            claims,
            zone: context.zone.clone(),
            has_second_factor: federated.has_second_factor(),
            // SECURITY: nobody of another provider is in a group of our directory.
            named: BTreeSet::new(),
        })
    }
}
