//! A web ticket in use (S6): five hundred calls, on one connection and on new ones, of which the
//! verifier is asked about the first, and no one asks for a password again.
//!
//! All of them come within 60 seconds of the first ([`REPEAT`]): later, a call on a new connection has its
//! ticket checked once more (design 13, "A repeat is no new sign-in").

use std::time::Instant;

use authn::repeat::REPEAT;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::request_for;
use e2e::demo::{Demo, plain_request};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request};

const HOST: &str = "lyncweb.contoso.localhost";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
/// Half of them on the first connection, the others on a new one each.
const CALLS: usize = 500;

/// What a counter of sign-ins says.
fn sign_ins(metrics: &str, channel: &str, outcome: &str) -> anyhow::Result<u64> {
    let text = plain_request(metrics, "GET")?;
    let name = format!("wicketgate_sign_ins_total{{channel=\"{channel}\",outcome=\"{outcome}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&name));
    Ok(count.expect("a counter").parse()?)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is promised, is promised for so many seconds"
)]
fn s6_of_five_hundred_calls_with_a_ticket_the_first_is_checked_and_none_prompts()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let serve = Serve::start(&demo, |config| {
        format!("{config}\n[metrics]\naddress = \"127.0.0.1:0\"\n")
    })?;
    let line = serve.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").expect("an address");
    let metrics = format!("http://{}/metrics", address.trim_end_matches('"'));

    let anna = demo.person(0);
    let mut raw = Raw::connect_to(serve.address, &tls, HOST)?;
    let asking = request_for(&demo, &anna.sip);
    let asking = Request::post(HOST, "/WebTicket/WebTicketService.svc", &asking);
    let signing = Ntlm::modern(&anna, &anna.app_password, 6);
    let bought = signing.sign_in(&mut raw, &asking)?;
    assert_eq!(bought.status, 200, "{}", bought.text());
    let bought = bought.text();
    let end = "</saml:Assertion>";
    let ticket = bought.find("<saml:Assertion").zip(bought.find(end));
    let ticket = ticket.and_then(|(from, to)| bought.get(from..to + end.len()));
    let ticket = STANDARD.encode(ticket.expect("a ticket"));
    let call = Request::new(HOST, USER)
        .header(&format!("X-MS-WebTicket: opaque={ticket}"))
        .text();
    let events = demo.wicketgate_json(&["audit", "list"])?.len();
    let seen = demo.requests()?.len();

    let began = Instant::now();
    let mut raw = Raw::connect_to(serve.address, &tls, HOST)?;
    for number in 0..CALLS {
        if number >= CALLS / 2 {
            raw = Raw::connect_to(serve.address, &tls, HOST)?;
        }
        let answer = raw.exchange(&call)?;
        assert_eq!(answer.status, 200, "call {number}: {}", answer.text());
    }
    let took = began.elapsed();
    assert!(took < REPEAT.unsigned_abs(), "too slow to say: {took:?}");

    let counted = ["accepted", "repeated", "refused", "unavailable"]
        .map(|outcome| sign_ins(&metrics, "ticket", outcome).expect("the metrics"));
    assert_eq!(counted, [1, 499, 0, 0], "what the verifier was asked");
    assert_eq!(sign_ins(&metrics, "ntlm", "accepted")?, 1);
    assert_eq!(demo.wicketgate_json(&["audit", "list"])?.len(), events);
    let calls = demo.requests()?.split_off(seen);
    assert_eq!(calls.len(), CALLS);
    assert!(calls.iter().all(|seen| seen["how"] == "ticket"));
    Ok(())
}
