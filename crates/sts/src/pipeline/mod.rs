//! The claims pipeline: what is said about somebody to a party, by its rules (AD FS, "The Role of the Claims Pipeline").
//!
//! Claims that came in pass the acceptance rules of whoever vouches for them; what they accept is the input of all rules of
//! the relying party. Additional authentication rules say whether a second factor is needed, authorization rules or a policy
//! permit or do not, transform rules issue. Whatever fails, fails the token. Start at [`Pipeline::issue`].

mod accept;
mod authorize;
mod issued;
mod observer;
mod run;
pub mod store;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use authn::audit::TokenRefusal;
use authn::place::Zone;
use claims::claim::{AD_AUTHORITY, LOCAL_AUTHORITY};
use claims::claim_type::{AUTHENTICATION_METHOD, MULTIPLE_AUTHENTICATION};
use claims::{ClaimSet, EvaluateError, RuleSet};
use thiserror::Error;

use crate::subject::{Context, Local};
use crate::trust::{Authorization, DirectoryShut, OwnDirectory, RelyingPartyTrust};
pub use issued::IssuedClaims;
pub use observer::{Observer, Seen};
use store::AttributeStores;

/// What is believed of our own directory where no trust says so: AD FS's own rules for it.
static ACCEPTED: LazyLock<Option<RuleSet>> =
    LazyLock::new(|| RuleSet::parse(include_str!("accepted.txt")).ok());

/// What passes claims on to one party.
#[derive(Clone, Copy)]
pub struct Pipeline<'a> {
    /// Our own directory as a claims provider.
    pub directory: OwnDirectory<'a>,
    /// The party.
    pub relying_party: &'a Arc<RelyingPartyTrust>,
    /// What rules may ask.
    pub stores: &'a AttributeStores<'a>,
    /// Who looks on, where somebody asks why; nobody does at a sign-in.
    pub observer: Option<&'a dyn Observer>,
}

/// The claims that rules of a relying party begin with, and from where they came.
#[derive(Clone, Debug)]
pub struct Accepted {
    claims: ClaimSet,
    zone: Zone,
    has_second_factor: bool,
    /// The SIDs of the groups that the party's policy means by their names.
    named: BTreeSet<String>,
}

/// Why there are no claims.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotIssued {
    /// The rules or the policy of the party do not permit it.
    #[error("nothing permits a token")]
    NotPermitted,
    /// A rule of the party denies it.
    #[error("a rule denies a token")]
    Denied,
    /// A second factor is wanted, and none was proved.
    #[error("a second factor is wanted")]
    SecondFactor,
    /// The access control policy is one that an administrator made, and is not known here.
    #[error("the access control policy `{0}` is not known here")]
    UnknownPolicy(String),
    /// Our own directory vouches for nobody.
    #[error(transparent)]
    OwnDirectory(#[from] DirectoryShut),
    /// A rule failed.
    #[error("the {rules} fail: {error}")]
    Rules {
        /// Which rules.
        rules: &'static str,
        /// Why.
        error: Box<EvaluateError>,
    },
    /// Our own rules cannot be read.
    #[error("the built-in rules cannot be read")]
    BuiltIn,
}

impl NotIssued {
    /// The reason, as the audit has it.
    pub(crate) fn refusal(&self) -> TokenRefusal {
        match self {
            Self::NotPermitted => TokenRefusal::NotPermitted,
            Self::Denied => TokenRefusal::Denied,
            Self::SecondFactor => TokenRefusal::SecondFactor,
            Self::OwnDirectory(_) => TokenRefusal::OwnDirectory,
            Self::UnknownPolicy(_) => TokenRefusal::UnknownPolicy,
            Self::Rules { .. } | Self::BuiltIn => TokenRefusal::RulesFailed,
        }
    }
}

impl Pipeline<'_> {
    /// What is accepted of somebody who signed in here.
    ///
    /// # Errors
    ///
    /// A rule failed.
    pub async fn accept(
        &self,
        local: &Local<'_>,
        context: &Context<'_>,
    ) -> Result<Accepted, NotIssued> {
        let of_request = context.claims();
        let mut came_in = local.claims();
        came_in.extend(of_request.iter().cloned());
        let rules = match self.directory {
            OwnDirectory::Trust(trust) => trust.acceptance_transform_rules.rules(),
            OwnDirectory::BuiltIn => ACCEPTED.as_ref().ok_or(NotIssued::BuiltIn)?,
        };
        let which = "acceptance transform rules";
        let mut claims = self.run(which, (rules, AD_AUTHORITY), &came_in).await?;
        // How a request came is no claim of a provider, and needs nobody to accept it.
        let accepted: Vec<_> = claims.iter().cloned().collect();
        let of_request = of_request.iter().filter(|it| !accepted.contains(it));
        claims.extend(of_request.cloned());
        Ok(Accepted {
            claims,
            zone: context.zone.clone(),
            has_second_factor: local.has_second_factor(),
            named: authorize::named(self.relying_party, local.account),
        })
    }

    /// Whether the party wants a second factor of somebody.
    ///
    /// # Errors
    ///
    /// A rule failed.
    pub async fn wants_second_factor(&self, accepted: &Accepted) -> Result<bool, NotIssued> {
        let rules = &self.relying_party.additional_authentication_rules;
        let which = "additional authentication rules";
        let with = (rules.rules(), LOCAL_AUTHORITY);
        let issued = self.run(which, with, &accepted.claims).await?;
        let mut methods = issued.of_type(AUTHENTICATION_METHOD);
        let by_rules = methods.any(|it| &*it.value == MULTIPLE_AUTHENTICATION);
        let by_policy = authorize::wants_second_factor(self.relying_party, accepted);
        self.saw(|| Seen::SecondFactor {
            by_rules,
            by_policy,
            is_proved: accepted.has_second_factor,
        });
        Ok(by_rules || by_policy)
    }

    fn saw(&self, seen: impl FnOnce() -> Seen) {
        if let Some(observer) = self.observer {
            observer.saw(seen());
        }
    }

    /// Runs the rules of the party.
    ///
    /// # Errors
    ///
    /// It is not permitted, a second factor is wanted, or a rule failed: there is no token.
    pub async fn issue(&self, accepted: &Accepted) -> Result<IssuedClaims, NotIssued> {
        if self.wants_second_factor(accepted).await? && !accepted.has_second_factor {
            return Err(NotIssued::SecondFactor);
        }
        let permitted = match &self.relying_party.authorization {
            Authorization::Policy(policy) => authorize::by_policy(policy, accepted),
            Authorization::Rules(rules) => {
                let which = "issuance authorization rules";
                let with = (rules.rules(), LOCAL_AUTHORITY);
                authorize::by_rules(&self.run(which, with, &accepted.claims).await?)
            }
        };
        self.saw(|| Seen::Authorized(permitted.clone()));
        permitted?;
        let which = "issuance transform rules";
        let rules = &self.relying_party.issuance_transform_rules;
        let with = (rules.rules(), LOCAL_AUTHORITY);
        let claims = self.run(which, with, &accepted.claims).await?;
        Ok(IssuedClaims::permitted(
            Arc::clone(self.relying_party),
            claims,
        ))
    }
}
