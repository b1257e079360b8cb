//! The access log: one line a request, under the same id as everything else that is known of it; also
//! where the client left before it had its answer, as the back end may have done what was asked.

use std::net::IpAddr;
use std::sync::Arc;

use gateway::Forward;
use gateway::conversation::Pass;
use gateway::headers::ACTIVITY;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use tokio::time::Instant;

use crate::metrics::Metrics;

/// The status of a request whose client left, as other proxies write it; no client ever sees it.
const CLIENT_LEFT: u16 = 499;

/// Most bytes that are written of what a client calls itself.
const MAX_AGENT: usize = 200;

/// What is written of a request: when it is answered, or else when this is dropped.
pub(super) struct Record {
    metrics: Arc<Metrics>,
    client: IpAddr,
    began: Instant,
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
    agent: Option<HeaderValue>,
    route: String,
    who: String,
    activity: String,
    is_written: bool,
}

impl Record {
    /// Of a request that came just then.
    pub(super) fn new<B>(request: &Request<B>, client: IpAddr, metrics: &Arc<Metrics>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            client,
            began: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(header::HOST).cloned(),
            agent: request.headers().get(header::USER_AGENT).cloned(),
            route: String::new(),
            who: String::new(),
            activity: String::new(),
            is_written: false,
        }
    }

    /// It goes on.
    pub(super) fn goes_on(&mut self, forward: &Forward) {
        self.route.clone_from(&forward.route);
        self.activity.clone_from(&forward.activity.0);
        if let Pass::As(who) = &forward.pass {
            self.who.clone_from(&who.account_id().0);
        }
    }

    /// It is answered.
    pub(super) fn is_answered<B>(&mut self, answer: &Response<B>) {
        let activity = answer.headers().get(ACTIVITY);
        let activity = activity.and_then(|value| value.to_str().ok());
        self.write(answer.status(), activity.unwrap_or(&self.activity));
        self.is_written = true;
    }

    fn write(&self, status: StatusCode, activity: &str) {
        let took = self.began.elapsed();
        self.metrics.answered(&self.route, status, took);
        let named = self.uri.authority().map(http::uri::Authority::as_str);
        let host = self.host.as_ref().and_then(|host| host.to_str().ok());
        tracing::info!(
            target: "access",
            activity,
            client = %self.client,
            method = %self.method,
            host = host.or(named),
            path = self.uri.path(),
            route = self.route,
            who = self.who,
            agent = self.agent(),
            status = status.as_u16(),
            milliseconds = took.as_millis(),
        );
    }

    /// What the client calls itself, which nothing is decided by.
    fn agent(&self) -> &str {
        // Only visible ASCII is text here, so that any byte ends a character.
        let agent = self.agent.as_ref().and_then(|it| it.to_str().ok());
        let agent = agent.unwrap_or_default();
        agent.get(..MAX_AGENT).unwrap_or(agent)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        if let Ok(status) = StatusCode::from_u16(CLIENT_LEFT) {
            self.write(status, &self.activity);
        }
    }
}
