//! Web tickets as Lync's clients get and present them, for stories that hold one.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::request_for;
use crate::demo::{Demo, Person};
use crate::raw::Raw;
use crate::sign_in::{Ntlm, Request};

/// The host of a pool's web services.
pub const WEB: &str = "lyncweb.contoso.localhost";
/// Where a ticket in a header is asked for.
pub const USER_LINK: &str = "/Autodiscover/AutodiscoverService.svc/root/user";

const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const GRANT: &str = "/WebTicket/oauthtoken";

/// Somebody's SAML ticket, asked for by NTLM: the assertion as it came.
///
/// # Errors
///
/// There is none in the answer.
pub fn by_ntlm(raw: &mut Raw, demo: &Demo, person: &Person) -> anyhow::Result<String> {
    let message = request_for(demo, &person.sip);
    let signing = Ntlm::modern(person, &person.app_password, 7);
    let answer = signing.sign_in(raw, &Request::post(WEB, SERVICE, &message))?;
    let text = answer.text();
    let (_, rest) = text
        .split_once("<saml:Assertion")
        .with_context(|| format!("no ticket in {} {text}", answer.status))?;
    let (assertion, _) = rest.split_once("</saml:Assertion>").context("no end")?;
    Ok(format!("<saml:Assertion{assertion}</saml:Assertion>"))
}

/// Somebody's compact ticket, asked for by the grant `password`.
///
/// # Errors
///
/// There is none in the answer.
pub fn by_grant(raw: &mut Raw, person: &Person) -> anyhow::Result<String> {
    let name = person.account.replace('\\', "%5C");
    let form = format!(
        "grant_type=password&username={name}&password={}",
        person.app_password
    );
    let request = Request {
        method: "POST",
        body: &form,
        ..Request::new(WEB, GRANT).header("Content-Type: application/x-www-form-urlencoded")
    };
    let answer = raw.exchange(request.text())?;
    ensure!(answer.status == 200, "{}", answer.text());
    let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let ticket = answer.get("access_token").and_then(|it| it.as_str());
    Ok(ticket.context("no ticket")?.to_owned())
}

/// The header line that presents an assertion.
#[must_use]
pub fn header(assertion: &str) -> String {
    format!("X-MS-WebTicket: opaque={}", STANDARD.encode(assertion))
}

/// The header line that presents a compact ticket.
#[must_use]
pub fn bearer(compact: &str) -> String {
    format!("Authorization: Bearer {compact}")
}
