//! The services and pages of which a gate sees no more than that they answer.
//!
//! A page's session lives on one member: its cookie names the member, and a later answer says
//! whether it came back to the right one.

use http::StatusCode;
use http::header::{COOKIE, SET_COOKIE};

use super::FrontEnd;
use crate::identity::Caller;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

/// The cookie that names the member.
const MEMBER: &str = "LabMember";

impl FrontEnd {
    /// Answers for a service, and says for whom.
    pub(super) fn service(&self, head: &Head, caller: &Caller) -> Reply {
        let whom = caller.person().map_or("nobody", |person| &person.account);
        let body = format!("{} of {} for {whom}", head.path, self.reception.member);
        Reply::with_body(StatusCode::OK, "text/plain; charset=utf-8", body)
    }

    /// Answers with a page of this member's; one that began on another member has ended.
    pub(super) fn page(&self, head: &Head) -> Reply {
        let member = &self.reception.member;
        let session = session(head);
        let state = match session {
            None => "begins",
            Some(session) if session == member => "goes on",
            Some(_) => "is lost",
        };
        let body = format!("<html><body><p>The session {state} at {member}.</p></body></html>");
        let reply = Reply::with_body(StatusCode::OK, "text/html; charset=utf-8", body);
        let cookie = format!("{MEMBER}={member}; Path=/; Secure; HttpOnly");
        reply.header(SET_COOKIE, &cookie)
    }
}

fn session(head: &Head) -> Option<&str> {
    let values = head.headers.get_all(COOKIE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == MEMBER)
        .map(|(_, value)| value)
}
