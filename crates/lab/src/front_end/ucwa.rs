//! UCWA as far as a gate sees of it: an application is made, and its events are waited for.
//!
//! The wait lasts as the parameter `hold` says in seconds, else 900 s, so that a ticket can be taken
//! away meanwhile.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    LOCATION, ORIGIN,
};
use http::{Method, StatusCode};
use serde_json::json;

use super::FrontEnd;
use crate::clock;
use crate::identity::Caller;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

const JSON: &str = "application/json; charset=utf-8";
/// Where applications are, under either of two names.
const APPLICATIONS: [&str; 2] = ["/ucwa/oauth/v1/applications", "/ucwa/v1/applications"];

impl FrontEnd {
    /// Answers whoever has a ticket.
    pub(super) async fn ucwa(&self, head: &Head, caller: &Caller) -> Reply {
        let Some(person) = caller.person() else {
            return self.oauth_challenge();
        };
        let route = head.route();
        let mut under = APPLICATIONS
            .into_iter()
            .filter_map(|folder| route.strip_prefix(folder));
        let Some(rest) = under.next() else {
            return Reply::new(StatusCode::NOT_FOUND);
        };
        let rest = rest.trim_matches('/');
        let (id, part) = rest.split_once('/').unwrap_or((rest, ""));
        match (&head.method, id, part) {
            (&Method::POST, "", _) => created(&person.sip),
            (&Method::DELETE, _, "") if !id.is_empty() => Reply::new(StatusCode::NO_CONTENT),
            (&Method::GET, _, "") if !id.is_empty() => {
                let body = application(id, &person.sip).to_string();
                Reply::with_body(StatusCode::OK, JSON, body)
            }
            (&Method::GET, _, "events") => {
                head.hold().await;
                Reply::with_body(StatusCode::OK, JSON, events(id).to_string())
            }
            _ => Reply::new(StatusCode::NOT_FOUND),
        }
    }
}

/// Allows every page to come back with a ticket.
pub(super) fn preflight(head: &Head) -> Reply {
    let origin = head
        .headers
        .get(ORIGIN)
        .and_then(|value| value.to_str().ok());
    Reply::new(StatusCode::OK)
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or("*"))
        .header(
            ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, DELETE, OPTIONS",
        )
        .header(
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, X-Requested-With, X-Ms-Origin",
        )
}

fn created(sip: &str) -> Reply {
    let Ok(id) = clock::random() else {
        return Reply::new(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let id = u64::from_le_bytes(id).to_string();
    let body = application(&id, sip).to_string();
    Reply::with_body(StatusCode::CREATED, JSON, body).header(LOCATION, &path(&id))
}

fn application(id: &str, sip: &str) -> serde_json::Value {
    let path = path(id);
    json!({
        "culture": "en-US",
        "_links": {
            "self": { "href": path },
            "events": { "href": format!("{path}/events?ack=1") },
        },
        "_embedded": { "me": { "uri": sip, "rel": "me" } },
        "rel": "application",
    })
}

fn events(id: &str) -> serde_json::Value {
    let path = path(id);
    json!({
        "_links": {
            "self": { "href": format!("{path}/events?ack=1") },
            "next": { "href": format!("{path}/events?ack=2") },
        },
        "sender": [],
    })
}

fn path(id: &str) -> String {
    let [applications, _] = APPLICATIONS;
    format!("{applications}/{id}")
}
