//! What browsers ask of our pages at a gateway: brought to the authentication server, and answered there.
//!
//! INVARIANT: a question is put to its end even where the gateway leaves meanwhile, so that nobody gets a guess that is not
//! written down. Start at [`Brought::answer`].

use std::collections::BTreeSet;
use std::sync::Arc;

use authn::ports::Unavailable;
use authn::remote::{Caller, RemoteError};
use web::branding::Branding;
use zeroize::Zeroizing;

use super::remote::Remote;

/// The pages that gateways may bring requests for.
pub(crate) struct Brought {
    pages: Arc<web::Pages>,
    origins: BTreeSet<String>,
}

impl Brought {
    /// Pages that are at these origins.
    pub(crate) fn new(pages: web::Pages, origins: impl IntoIterator<Item = String>) -> Self {
        Self {
            pages: Arc::new(pages),
            origins: origins.into_iter().collect(),
        }
    }

    /// Answers what a gateway brings.
    ///
    /// # Errors
    ///
    /// It is malformed, the gateway may not bring it, or there are no such pages.
    pub(super) async fn answer(
        &self,
        caller: &Caller,
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
        let request = web::wire::read_request(body)?;
        caller.may_bring_pages(&request.zone)?;
        if !self.origins.contains(&request.origin) {
            return Err(RemoteError::NotAllowed(
                "brings a request for pages at an address that neither [portal] nor [sts] of the authentication server has",
            ));
        }
        let pages = Arc::clone(&self.pages);
        let answering = tokio::spawn(async move { pages.answer(request).await });
        let answer = answering.await.map_err(|error| Unavailable {
            what: "the pages",
            detail: error.to_string(),
        })?;
        Ok(web::wire::write_answer(&answer)?)
    }
}

/// Pages that an authentication server elsewhere answers for.
pub(crate) struct Elsewhere {
    remote: Arc<Remote>,
    /// Where the security token service is; whatever else is ours is the portal.
    sts: Option<String>,
    /// What the company puts on the one page that is made here.
    branding: Arc<Branding>,
}

impl Elsewhere {
    /// Those that a gateway's configuration publishes.
    pub(crate) fn new(
        remote: Arc<Remote>,
        (sts, branding): (Option<String>, Arc<Branding>),
    ) -> Self {
        Self {
            remote,
            sts,
            branding,
        }
    }

    /// How many bytes the body of a request may have.
    pub(crate) fn longest(&self, origin: &str, path: &str) -> usize {
        web::longest(self.sts.as_deref() == Some(origin), path)
    }

    /// Brings a request, and the answer back.
    pub(crate) async fn answer(&self, request: web::Request) -> web::Answer {
        let answered = self.remote.page(&request).await;
        answered.unwrap_or_else(|error| web::away(&request.head.headers, &self.branding, error))
    }
}
