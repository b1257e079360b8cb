//! Signing out: the parties that this browser was sent to are told, the claims providers that its person came from are signed
//! out of as well, and it goes on only where that is registered ([MS-MWBF] 2.2.5 and 2.2.6).
//!
//! Start at [`Service::sign_out`], and where a claims provider says it at [`Service::clean_up`].

use proto::wsfed::{SIGN_OUT, SIGN_OUT_CLEANUP, SignOutRequest};

use super::{Service, Visited};
use crate::ports::Unavailable;
use crate::trust::{ClaimsProviderTrust, ProtocolProfile, RelyingPartyTrust, TrustBook, Url};

/// What follows on a sign-out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// The addresses by which parties are told.
    pub told: Vec<Url>,
    /// Where somebody may go on.
    pub reply: Option<Url>,
    /// Where else somebody is signed in, as they came from there.
    pub onward: Vec<Onward>,
}

/// A claims provider that somebody came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onward {
    /// What we call it.
    pub name: String,
    /// Where somebody signs out of it.
    pub to: Url,
}

/// What follows where a claims provider says that somebody signed out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanedUp {
    /// The addresses by which parties are told.
    pub told: Vec<Url>,
    /// The claims provider's own page, where it wants the browser back.
    pub reply: Option<Url>,
    /// The origins of the claims providers, whose pages may have this one in a frame.
    pub framed_by: Vec<String>,
}

impl Service {
    /// Who is told of a sign-out, where it goes on, and where else somebody is to be signed out.
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
        let wanted = request.wreply.as_deref().and_then(|it| Url::parse(it).ok());
        // SECURITY: a sign-out leads nowhere either but where a party is registered.
        let mut registered = enabled(&book).flat_map(endpoints);
        let reply = registered.find(|it| wanted.as_ref().is_some_and(|to| it.is_same(to)));
        let came_from = providers(&book).filter(|(it, _)| visited.holds_provider(&it.identifier));
        let onward = came_from.filter_map(|(trust, endpoint)| {
            Some(Onward {
                name: trust.name.clone(),
                to: with_action(endpoint, SIGN_OUT)?,
            })
        });
        Ok(SignedOut {
            told: told(&book, visited),
            reply: reply.cloned(),
            onward: onward.collect(),
        })
    }

    /// Who is told where a claims provider says that somebody signed out there, and whether that has the browser back.
    ///
    /// # Errors
    ///
    /// The trusts cannot be had.
    pub async fn clean_up(
        &self,
        request: &SignOutRequest,
        visited: &Visited,
    ) -> Result<CleanedUp, Unavailable> {
        let book = self.trusts.current().await?;
        let wanted = request.wreply.as_deref().and_then(|it| Url::parse(it).ok());
        // SECURITY: back to the address of a claims provider; what stands in its query is between it and itself.
        let reply = wanted.filter(|to| providers(&book).any(|(_, it)| it.is_same_page(to)));
        Ok(CleanedUp {
            told: told(&book, visited),
            reply,
            framed_by: providers(&book).map(|(_, it)| it.origin()).collect(),
        })
    }
}

fn enabled(book: &TrustBook) -> impl Iterator<Item = &RelyingPartyTrust> {
    let parties = book.relying_parties().map(|it| &**it);
    parties.filter(|it| it.is_enabled)
}

/// The claims providers that people come from by WS-Federation, with where they are sent.
fn providers(book: &TrustBook) -> impl Iterator<Item = (&ClaimsProviderTrust, &Url)> {
    let providers = book.claims_providers().map(|it| &**it);
    let speak = |it: &&ClaimsProviderTrust| {
        it.is_enabled && !it.is_local && it.protocol_profile != ProtocolProfile::Saml
    };
    let speaking = providers.filter(speak);
    speaking.filter_map(|it| Some((it, it.wsfed_endpoint.as_ref()?)))
}

/// The addresses of the parties where a browser was.
fn told(book: &TrustBook, visited: &Visited) -> Vec<Url> {
    let is_visited = |it: &&RelyingPartyTrust| it.identifiers.iter().any(|it| visited.holds(it));
    let endpoints = enabled(book)
        .filter(is_visited)
        .filter_map(|it| it.wsfed_endpoint.as_ref());
    endpoints
        .filter_map(|it| with_action(it, SIGN_OUT_CLEANUP))
        .collect()
}

fn endpoints(trust: &RelyingPartyTrust) -> impl Iterator<Item = &Url> {
    let default = trust.wsfed_endpoint.iter();
    default.chain(&trust.additional_wsfed_endpoints)
}

fn with_action(endpoint: &Url, action: &str) -> Option<Url> {
    let text = endpoint.as_str();
    let gap = if text.contains('?') { '&' } else { '?' };
    Url::parse(&format!("{text}{gap}wa={action}")).ok()
}
