//! Refusals: whatever the reason, a client gets the same bytes, and nothing of it passes.

use authn::account::AccountState;
use authn::audit::{Kind, Reason};
use authn::place::Service;
use authn::ports::Unavailable;
use authn::{Outcome, Refusal};
use bytes::Bytes;
use gateway::Verdict;
use proto::lync::diagnostics::MsDiagnostics;
use proto::ntlm::client::Client;

use crate::connection::{Connection, Said, type_3};
use crate::documents::{ROOT, USER, WEB_TICKET, answer_with_assertion, answered, presented, rst};
use crate::request::{Request, get, post};
use crate::scene::{LYNC, MAIL, Scene};
use crate::spnego::{NTLM, authenticate, init, inner};

/// The ways to offer an app password.
const WAYS: [&str; 4] = ["NTLM", "Negotiate", "Basic", "web ticket"];

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

/// Somebody who is refused, and why.
struct Refused {
    name: &'static str,
    password: String,
    reason: Reason,
}

/// One for each reason.
fn refused(scene: &Scene) -> Vec<Refused> {
    let anna = scene.person("anna");
    let locked = scene.person("locked");
    scene.sets_state(&locked, AccountState::Locked);
    let disabled = scene.person("disabled");
    scene.sets_state(&disabled, AccountState::Disabled);
    let revoked = scene.person("revoked");
    scene.revokes(&revoked);
    let elsewhere = scene.person_for("elsewhere", &[Service::ACTIVESYNC]);
    let because = |name, password: &str, reason| Refused {
        name,
        password: password.to_owned(),
        reason,
    };
    vec![
        because("anna", "not-it", Reason::WrongSecret),
        because("nobody", &anna.password, Reason::UnknownName),
        because("locked", &locked.password, Reason::AccountLocked),
        because("locked", "not-it", Reason::AccountLocked),
        because("disabled", &disabled.password, Reason::AccountDisabled),
        because("revoked", &revoked.password, Reason::Revoked),
        because("elsewhere", &elsewhere.password, Reason::OutOfScope),
    ]
}

/// Offers a password in one of the ways.
fn offers(connection: &mut Connection<'_>, way: &str, (name, password): (&str, &str)) -> Said {
    let client = Client::new(name, "CONTOSO", password);
    match way {
        "NTLM" => connection.signs_in(&client, &ews()),
        "Negotiate" => {
            let first = init(&[NTLM], &client.negotiate());
            let said = connection.sends(&ews().token("Negotiate", &first));
            let challenge = inner(&said.token("Negotiate"));
            let (last, _) = authenticate(&client, &challenge, &[NTLM]);
            connection.sends(&ews().token("Negotiate", &last))
        }
        "Basic" => connection.sends(&ews().basic(name, password)),
        _ => {
            let body = rst(&format!("sip:{name}@contoso.com"));
            connection.signs_in(&client, &post(LYNC, WEB_TICKET, body))
        }
    }
}

#[test]
fn every_reason_gets_the_same_answer_and_only_the_audit_tells_them_apart() {
    for way in WAYS {
        let scene = Scene::new();
        let mut answers = Vec::new();
        for somebody in refused(&scene) {
            let mut connection = scene.connects();
            let said = offers(&mut connection, way, (somebody.name, &somebody.password));
            assert_eq!(connection.verified, 1);
            assert!(connection.conversation.identity().is_none());
            answers.push(said.replied().seen());
            let Kind::Refused { reason, .. } = scene.audited().pop().unwrap().kind else {
                panic!("{way}: {}", somebody.name);
            };
            assert_eq!(reason, somebody.reason, "{way}");
        }
        let first = answers.first().unwrap().clone();
        assert_eq!((first.0, first.3), (401, false));
        for other in answers {
            assert_eq!(other, first, "{way}");
        }
    }
}

#[test]
fn the_same_people_would_pass_were_it_not_for_their_reason() {
    for way in WAYS {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let said = offers(&mut connection, way, ("anna", &anna.password));
        assert_eq!(said.told(), "anna", "{way}");
    }
}

#[test]
fn a_refused_web_ticket_says_what_lync_says_and_no_more() {
    let scene = Scene::new();
    scene.person("anna");
    let mut connection = scene.connects();
    let said = offers(&mut connection, "web ticket", ("anna", "not-it"));
    assert_eq!(said.offers(), ["Negotiate", "NTLM"]);
    let reply = said.replied().reply;
    let diagnostics = reply.headers["x-ms-diagnostics"].to_str().unwrap();
    let expected = MsDiagnostics {
        id: 28020,
        source: LYNC.to_owned(),
        reason: "No valid security token.".to_owned(),
        fault: Some("wsse:FailedAuthentication".to_owned()),
    };
    assert_eq!(MsDiagnostics::parse(diagnostics), Ok(expected));
}

#[test]
fn t_ntlm_2_a_response_that_was_changed_gets_the_answer_of_a_wrong_one() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    let mut mistyped = scene.connects();
    let wrong = offers(&mut mistyped, "NTLM", ("anna", "not-it"))
        .replied()
        .seen();
    let length = {
        let challenge = scene.connects().begins_ntlm(&client, &ews());
        type_3(&client, &challenge).len()
    };
    for at in 0..length {
        let mut connection = scene.connects();
        let challenge = connection.begins_ntlm(&client, &ews());
        let mut message = type_3(&client, &challenge);
        *message.get_mut(at).unwrap() ^= 1 << (at % 8);
        let said = connection.sends(&ews().token("NTLM", &message));
        assert_eq!(said.replied().seen(), wrong, "byte {at}");
        assert!(connection.conversation.identity().is_none());
    }
}

#[test]
fn t_ntlm_3_a_response_of_the_first_version_is_a_refusal_that_the_audit_names() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    let mut connection = scene.connects();
    let challenge = connection.begins_ntlm(&client, &ews());
    let mut message = type_3(&client, &challenge);
    // The response is said to be as long as one of NTLMv1, in both of its lengths.
    for (at, byte) in [(20, 24), (21, 0), (22, 24), (23, 0)] {
        *message.get_mut(at).unwrap() = byte;
    }
    let said = connection.sends(&ews().token("NTLM", &message));
    assert_eq!(said.told(), "401");
    let audited = scene.audited().pop().map(|event| event.kind);
    let reason = Reason::NotNtlm2;
    let name = "CONTOSO\\anna".to_owned();
    assert_eq!(audited, Some(Kind::Refused { reason, name }));
}

#[test]
fn what_cannot_be_checked_is_not_let_in() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let bought = answer_with_assertion("one");
    scene.connects().buys(&anna, LYNC, &bought);
    scene.store.break_down();
    let mut answers = Vec::new();
    for way in WAYS {
        let mut connection = scene.connects();
        let said = offers(&mut connection, way, ("anna", &anna.password));
        assert!(connection.conversation.identity().is_none());
        answers.push(said.replied());
    }
    let user = get(LYNC, USER).with("x-ms-webticket", &presented("one"));
    answers.push(scene.connects().sends(&user).replied());
    for replied in answers {
        let (status, headers, body, closes) = replied.seen();
        assert_eq!((status, closes), (503, false));
        assert_eq!(body, "This cannot be checked now; try again later.\n");
        assert!(!headers.contains_key("www-authenticate"));
        assert!(!headers.contains_key("x-ms-webticketurl"));
    }
    scene.store.mend();
    assert_eq!(scene.connects().sends(&user).told(), "anna");
}

#[test]
fn why_it_cannot_be_checked_is_not_told() {
    let scene = Scene::new();
    let mut connection = scene.connects();
    let asked = connection
        .conversation
        .request(&ews().basic("anna", "x").head, scene.moment());
    assert!(matches!(asked, Verdict::Verify(_)));
    let unavailable = Unavailable {
        what: "the store",
        detail: "no route to 10.1.2.3".to_owned(),
    };
    let verdict = connection
        .conversation
        .verified(outcome(Refusal::Unavailable(unavailable)), scene.moment());
    let Verdict::Refuse {
        reply,
        close,
        events,
    } = verdict
    else {
        panic!("{verdict:?}");
    };
    assert_eq!(
        (reply.status.as_u16(), close, events.len()),
        (503, false, 0)
    );
    let shown = format!("{:?} {:?}", reply.headers, reply.body);
    assert!(!shown.contains("10.1.2.3") && !shown.contains("the store"));
}

fn outcome(refusal: Refusal) -> Outcome {
    Outcome::plain(Err(refusal))
}

#[test]
fn a_door_that_calls_out_of_order_lets_nothing_pass() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let moment = || scene.moment();
    let body = || Bytes::from(rst(anna.sip_uri()));
    let is_out_of_order = |verdict: Verdict| {
        let Verdict::Refuse { reply, close, .. } = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!((reply.status.as_u16(), close), (500, true));
        assert_eq!(reply.body, "The request cannot be passed on.\n");
    };
    let denied = || outcome(Refusal::Denied);
    let mut connection = scene.connects();
    let conversation = &mut connection.conversation;
    // Nothing was asked yet.
    let mut head = answered(200, &[("server", "x")], "").into_parts().0;
    assert_eq!(conversation.answer(&mut head).unwrap().status, 502);
    is_out_of_order(conversation.body(body(), moment()));
    is_out_of_order(conversation.verified(denied(), moment()));
    let mut head = answered(200, &[], "").into_parts().0;
    let answer = conversation.answer_body(&mut head, Bytes::from("x"), moment());
    assert_eq!(answer.unwrap_err().status, 502);
    // What was asked was answered.
    conversation.request(&ews().head, moment());
    is_out_of_order(conversation.body(body(), moment()));
    is_out_of_order(conversation.verified(denied(), moment()));
    // An outcome is awaited, not a body.
    conversation.request(&ews().basic("anna", &anna.password).head, moment());
    is_out_of_order(conversation.body(body(), moment()));
    is_out_of_order(conversation.verified(denied(), moment()));
    // What passes has no body to be read.
    conversation.request(&get(LYNC, ROOT).head, moment());
    is_out_of_order(conversation.body(body(), moment()));
}

#[test]
fn a_good_outcome_counts_only_where_an_attempt_was_handed_out() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let good = || {
        let request = ews().basic("anna", &anna.password);
        let mut other = scene.connects();
        match other.conversation.request(&request.head, scene.moment()) {
            Verdict::Verify(attempt) => scene.verifies(*attempt),
            verdict => panic!("{verdict:?}"),
        }
    };
    let passes_nothing = |connection: &mut Connection<'_>| {
        let verdict = connection.conversation.verified(good(), scene.moment());
        let Verdict::Refuse { reply, close, .. } = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!((reply.status.as_u16(), close), (500, true));
    };
    // The body that names whom the ticket is for was not read.
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let mut connection = scene.connects();
    let challenge = connection.begins_ntlm(&anna.client(), &ticket);
    let last = ticket.token("NTLM", &type_3(&anna.client(), &challenge));
    let verdict = connection.conversation.request(&last.head, scene.moment());
    assert!(matches!(verdict, Verdict::ReadBody { .. }));
    passes_nothing(&mut connection);
    assert!(connection.conversation.identity().is_none());
    // The request went on already: as nobody, and as somebody.
    for request in [get(LYNC, ROOT), ews().basic("anna", &anna.password)] {
        let mut connection = scene.connects();
        connection.sends(&request).forward();
        passes_nothing(&mut connection);
    }
}
