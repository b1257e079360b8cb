//! Web tickets as Lync's clients get and present them, for stories that hold one.

use anyhow::{Context, ensure};

use crate::client::request_for;
use crate::demo::{Demo, Person};
use crate::messages::{assertion_in, compact_in, password_form};
use crate::raw::Raw;
use crate::sign_in::{Ntlm, Request};

/// The host of the first pool's web services.
pub const WEB: &str = "lyncweb.contoso.localhost";
/// Where a ticket in a header is asked for.
pub const USER_LINK: &str = "/Autodiscover/AutodiscoverService.svc/root/user";

const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const ANON: &str = "/WebTicket/WebTicketService.svc/Anon";
const GRANT: &str = "/WebTicket/oauthtoken";

/// Somebody's SAML ticket, asked for at a host by NTLM: the assertion as it came.
///
/// # Errors
///
/// There is none in the answer.
pub fn by_ntlm(
    raw: &mut Raw,
    host: &str,
    demo: &Demo,
    (person, password): (&Person, &str),
) -> anyhow::Result<String> {
    let message = request_for(demo, &person.sip);
    let signing = Ntlm::modern(person, password, 7);
    let answer = signing.sign_in(raw, &Request::post(host, SERVICE, &message))?;
    let text = answer.text();
    let assertion = assertion_in(&text).with_context(|| format!("no ticket in {text}"))?;
    Ok(assertion.to_owned())
}

/// A guest's compact ticket.
///
/// # Errors
///
/// There is none in the answer.
pub fn of_guest(raw: &mut Raw, host: &str, demo: &Demo) -> anyhow::Result<String> {
    let message = request_for(demo, "sip:guest@contoso.localhost");
    let answer = raw.exchange(Request::post(host, ANON, &message).text())?;
    let text = answer.text();
    let compact = compact_in(&text).with_context(|| format!("no ticket in {text}"))?;
    Ok(compact.to_owned())
}

/// Somebody's compact ticket, asked for at a host by the grant `password`.
///
/// # Errors
///
/// There is none in the answer.
pub fn by_grant(raw: &mut Raw, host: &str, person: &Person) -> anyhow::Result<String> {
    let form = password_form(&person.account, &person.app_password);
    let request = Request {
        method: "POST",
        body: &form,
        ..Request::new(host, GRANT).header("Content-Type: application/x-www-form-urlencoded")
    };
    let answer = raw.exchange(request.text())?;
    ensure!(answer.status == 200, "{}", answer.text());
    let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let ticket = answer.get("access_token").and_then(|it| it.as_str());
    Ok(ticket.context("no ticket")?.to_owned())
}

/// The header line that presents a compact ticket.
#[must_use]
pub fn bearer(compact: &str) -> String {
    format!("Authorization: Bearer {compact}")
}
