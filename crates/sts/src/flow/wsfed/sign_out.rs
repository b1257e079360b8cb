//! Signing out: the parties that this browser was sent to are told, and it goes on only where that is registered
//! ([MS-MWBF] 2.2.5 and 2.2.6).

use proto::wsfed::{SIGN_OUT_CLEANUP, SignOutRequest};

use super::{Service, Visited};
use crate::ports::Unavailable;
use crate::trust::{RelyingPartyTrust, Url};

/// What follows on a sign-out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// The addresses by which parties are told.
    pub told: Vec<Url>,
    /// Where somebody may go on.
    pub reply: Option<Url>,
}

impl Service {
    /// Who is told of a sign-out, and where it goes on.
    ///
    /// # Errors
    ///
    /// The trusts cannot be had.
    pub async fn sign_out(
        &self,
        request: &SignOutRequest,
        visited: &Visited,
    ) -> Result<SignedOut, Unavailable> {
        let book = self.trusts.current().await?;
        let mut signed_out = SignedOut::default();
        let wanted = request.wreply.as_deref().and_then(|it| Url::parse(it).ok());
        for trust in book.relying_parties().filter(|it| it.is_enabled) {
            // SECURITY: a sign-out leads nowhere either but where a party is registered.
            let registered =
                endpoints(trust).find(|it| wanted.as_ref().is_some_and(|to| it.is_same(to)));
            if signed_out.reply.is_none() {
                signed_out.reply = registered.cloned();
            }
            let is_visited = trust.identifiers.iter().any(|it| visited.holds(it));
            let told = trust.wsfed_endpoint.as_ref().filter(|_| is_visited);
            signed_out.told.extend(told.and_then(cleanup));
        }
        Ok(signed_out)
    }
}

fn endpoints(trust: &RelyingPartyTrust) -> impl Iterator<Item = &Url> {
    let default = trust.wsfed_endpoint.iter();
    default.chain(&trust.additional_wsfed_endpoints)
}

fn cleanup(endpoint: &Url) -> Option<Url> {
    let text = endpoint.as_str();
    let gap = if text.contains('?') { '&' } else { '?' };
    Url::parse(&format!("{text}{gap}wa={SIGN_OUT_CLEANUP}")).ok()
}
