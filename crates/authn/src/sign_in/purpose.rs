//! What somebody signs in for: a service, and at the security token service a relying party.

use super::SignIn;
use crate::party::Party;
use crate::place::Service;

/// What somebody signs in for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// The service.
    pub service: &'a Service,
    /// The relying party, where it is for one.
    pub party: Option<&'a Party>,
}

impl<'a> Purpose<'a> {
    /// A token for a relying party.
    #[must_use]
    pub fn token_for(party: &'a Party) -> Self {
        Self {
            service: &Service::STS,
            party: Some(party),
        }
    }
}

impl<'a> From<&'a Service> for Purpose<'a> {
    fn from(service: &'a Service) -> Self {
        Self {
            service,
            party: None,
        }
    }
}

impl<'a> From<&'a SignIn> for Purpose<'a> {
    fn from(sign_in: &'a SignIn) -> Self {
        Self {
            service: &sign_in.service,
            party: sign_in.party.as_ref(),
        }
    }
}
