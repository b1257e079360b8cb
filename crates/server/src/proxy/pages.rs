//! Pages of ours, beside what is published of others: their request is read whole, and answered by `web`.

use std::sync::Arc;

use authn::lockout::HoldBack;
use authn::ports::Unavailable;
use gateway::conversation::{Failure, Page};
use gateway::headers::ACTIVITY;
use http::HeaderValue;
use hyper::Response;
use hyper::body::Incoming;

use super::body::Passing;
use super::exchange::{Connection, Own};
use super::heads;
use crate::metrics::SignIn;
use crate::verifier::pages::Elsewhere;

/// Whose pages are shown.
#[derive(Clone)]
pub(crate) enum Pages {
    /// Those of this process.
    Here(Arc<web::Pages>),
    /// Those of the authentication server.
    Elsewhere(Arc<Elsewhere>),
}

/// Who of ours answers.
enum Ours {
    Pages(Pages),
    Api(Arc<web::api::Api>),
}

impl Ours {
    fn longest(&self, page: &Page) -> usize {
        match self {
            Self::Pages(Pages::Here(pages)) => pages.longest(&page.origin, page.head.uri.path()),
            Self::Pages(Pages::Elsewhere(pages)) => {
                pages.longest(&page.origin, page.head.uri.path())
            }
            Self::Api(_) => web::api::longest(page.head.uri.path()),
        }
    }

    async fn answer(&self, request: web::Request) -> web::Answer {
        match self {
            Self::Pages(Pages::Here(pages)) => pages.answer(request).await,
            Self::Pages(Pages::Elsewhere(pages)) => pages.answer(request).await,
            Self::Api(api) => api.answer(request).await,
        }
    }
}

impl Connection {
    /// Lets the pages answer. The question is put to its end even where the browser leaves meanwhile, so that nobody
    /// gets a guess that is not written down.
    pub(super) async fn page(
        &mut self,
        page: Page,
        body: &mut Option<Incoming>,
    ) -> Result<Response<Passing>, Own> {
        let unavailable = |detail: String| Unavailable {
            what: "the pages",
            detail,
        };
        let ours = match page.is_api {
            true => self.proxy.api.clone().map(Ours::Api),
            false => self.proxy.pages.clone().map(Ours::Pages),
        };
        let Some(ours) = ours else {
            let error = unavailable("they are not set up".to_owned());
            return Err(Own::closing(self.failed(Failure::Unreachable, &error)));
        };
        let body = self.read(body, ours.longest(&page)).await?;
        let (method, version) = (page.head.method.clone(), page.head.version);
        let activity = page.activity.clone();
        let request = web::Request {
            head: page.head,
            body,
            origin: page.origin,
            zone: page.zone,
            address: page.address,
            over: web::Over {
                connection: page.connection,
                end_points: page.end_points,
                channel_binding: page.channel_binding,
            },
            activity: page.activity,
        };
        let answering = tokio::spawn(async move { ours.answer(request).await });
        let answer = answering.await.map_err(|error| {
            let error = unavailable(error.to_string());
            tracing::error!(activity = activity.0, "a page was not answered: {error}");
            Own::closing(self.failed(Failure::Unreachable, &error))
        })?;
        let metrics = &self.proxy.metrics;
        match answer.signed_in {
            Some(true) => metrics.signed_in(answer.channel, SignIn::Accepted),
            Some(false) => metrics.signed_in(answer.channel, SignIn::Refused),
            None => {}
        }
        if let Some(error) = &answer.unavailable {
            tracing::error!(activity = activity.0, "a page was not answered: {error}");
        }
        if answer.is_alarmed {
            metrics.alarmed();
            tracing::warn!(
                activity = activity.0,
                "an account is under attack; `wicketgate audit list` names it"
            );
        }
        let HoldBack(held_back) = answer.hold_back;
        if !held_back.is_zero() {
            metrics.held_back(held_back);
            tokio::time::sleep(held_back).await;
        }
        let mut response = answer.response;
        if let Ok(activity) = HeaderValue::try_from(activity.0) {
            response.headers_mut().insert(ACTIVITY, activity);
        }
        Ok(heads::to((&method, version), response.map(Passing::whole)))
    }
}
