//! The web ticket service: who asks, for whom, and what is recorded of what it answers.

use authn::audit::{Kind, Reason};
use authn::place::{Channel, Method};
use authn::ticket::{RelayedTicket, TicketKey};
use bytes::Bytes;
use gateway::conversation::{AnswerBody, Failure, RequestBody};
use gateway::{Reply, Verdict};
use jiff::SignedDuration;
use proto::lync::webticket::{CLAIM_TYPE_URI, Ticket};

use crate::connection::{Connection, Said, type_3};
use crate::documents::{
    END, WEB_TICKET, answer_with_assertion, answer_with_cwt, answer_without_ticket, answered,
    presented, rst, rst_with,
};
use crate::request::{Request, post};
use crate::scene::{FRONT_END, LYNC, OTHER_POOL, Person, Scene};

fn asks(body: &str) -> Request {
    post(LYNC, WEB_TICKET, body.to_owned())
}

/// Signs in by NTLM with this request for a ticket.
fn signs_in(connection: &mut Connection<'_>, person: &Person, body: &str) -> Said {
    connection.signs_in(&person.client(), &asks(body))
}

/// What the back end's answer becomes.
fn relayed(status: u16, body: &str) -> Result<(Bytes, Vec<RelayedTicket>), Box<Reply>> {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let forward = signs_in(&mut connection, &anna, &rst(anna.sip_uri())).forward();
    let passed = connection.answers(&forward, answered(status, &[("content-type", "x")], body))?;
    Ok((passed.body, passed.tickets))
}

fn is_fault(reply: &Reply) -> bool {
    let body = std::str::from_utf8(&reply.body).unwrap();
    let content_type = reply.headers.get("content-type");
    content_type.is_some_and(|value| value == "text/xml; charset=utf-8")
        && body.contains("<faultcode")
        && body.contains("FailedAuthentication")
}

#[test]
fn a_ticket_is_recorded_for_whom_it_is_and_goes_out_as_it_came() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (pool, farm) in [(LYNC, "lync"), (OTHER_POOL, "lync2")] {
        let answer = answer_with_assertion(pool);
        let passed = scene.connects().buys(&anna, pool, &answer);
        assert_eq!(passed.body, answer);
        let known = Ticket::from_header(&presented(pool)).unwrap();
        let recorded = RelayedTicket {
            key: TicketKey::of(&known.key()),
            account: anna.account.id.clone(),
            credential: anna.credential.clone(),
            token: None,
            channel: Channel::Ntlm,
            methods: [Method::AppPassword].into(),
            second_factor: None,
            pool: farm.to_owned(),
            relayed: scene.now(),
            expires: END.parse().unwrap(),
        };
        assert_eq!(passed.tickets, [recorded]);
    }
}

#[test]
fn a_ticket_is_known_no_longer_than_a_day_and_eight_hours_where_it_does_not_say() {
    let scene = Scene::new();
    scene.waits(-2 * 24 * 60 * 60);
    let anna = scene.person("anna");
    for (answer, hours) in [
        (answer_with_assertion("one"), 24),
        (answer_with_cwt("AAEC"), 8),
    ] {
        let passed = scene.connects().buys(&anna, LYNC, &answer);
        let ends: Vec<_> = passed.tickets.iter().map(|ticket| ticket.expires).collect();
        assert_eq!(ends, [scene.now() + SignedDuration::from_hours(hours)]);
    }
}

#[test]
fn the_request_goes_on_byte_for_byte() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for body in [rst(anna.sip_uri()), rst_with("<!-- kept -->")] {
        let mut connection = scene.connects();
        let forward = signs_in(&mut connection, &anna, &body).forward();
        let RequestBody::Keep(kept) = forward.body else {
            panic!("the body that was read does not go on");
        };
        assert_eq!(kept, body);
        let at_most = 256 * 1024;
        assert_eq!(forward.answer, AnswerBody::Read { at_most });
    }
}

#[test]
fn nobody_signs_in_for_a_ticket_in_anothers_name() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    for uri in [
        ben.sip_uri(),
        "sip:nobody@contoso.com",
        "anna@contoso.com",
        "mailto:anna@contoso.com",
        "sip:anna@evil.example",
        "sip:anna@contoso.com;user=phone",
        "sip:anna@contoso.com?x",
        "tel:+4930123",
        "anna",
    ] {
        let mut connection = scene.connects();
        let said = signs_in(&mut connection, &anna, &rst(uri));
        assert_eq!(said.told(), "401", "{uri}");
        assert_eq!(connection.verified, 1, "{uri}");
        assert!(connection.conversation.identity().is_none());
        let Kind::Refused { reason, .. } = scene.audited().pop().unwrap().kind else {
            panic!("{uri}");
        };
        assert_eq!(reason, Reason::SipUriOfAnother, "{uri}");
    }
    let mut connection = scene.connects();
    assert_eq!(
        signs_in(&mut connection, &anna, &rst("SIP:Anna@Contoso.COM")).told(),
        "anna"
    );
}

#[test]
fn somebody_who_is_signed_in_gets_a_fault_for_anothers_name_and_stays_who_they_are() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let mut connection = scene.connects();
    let own = rst(anna.sip_uri());
    assert_eq!(signs_in(&mut connection, &anna, &own).told(), "anna");
    let said = connection.sends(&asks(&rst(ben.sip_uri())));
    assert_eq!(said.told(), "500");
    let replied = said.replied();
    assert!(is_fault(&replied.reply));
    let [event] = replied.events.as_slice() else {
        panic!("{:?}", replied.events);
    };
    assert_eq!(event.account.as_ref(), Some(&anna.account.id));
    let reason = Reason::SipUriOfAnother;
    let name = ben.sip_uri().to_owned();
    assert_eq!(event.kind, Kind::Refused { reason, name });
    assert_eq!(connection.sends(&asks(&own)).told(), "anna");
    assert_eq!(connection.verified, 1);
}

#[test]
fn a_malformed_request_is_a_fault_and_nobody_is_asked_who_it_is() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let own = rst(anna.sip_uri());
    let claim = |uri: &str| {
        format!(
            "<t:Claims><a:ClaimType Uri='{CLAIM_TYPE_URI}'><a:Value>{uri}</a:Value></a:ClaimType></t:Claims>"
        )
    };
    let two = [claim(anna.sip_uri()), claim("sip:ben@contoso.com")].concat();
    for body in [
        String::new(),
        "<x/>".to_owned(),
        own.replace("</s:Envelope>", ""),
        own.replace("s:Body", "s:Bodies"),
        format!("<!DOCTYPE x>{own}"),
        rst_with(&two),
        rst_with(&claim("")),
        own.replace(
            "<s:Body>",
            &format!("<s:Header>{}</s:Header><s:Body>", claim("sip:ben@a")),
        ),
    ] {
        let mut connection = scene.connects();
        let said = signs_in(&mut connection, &anna, &body);
        assert_eq!(
            (said.told().as_str(), connection.verified),
            ("400", 0),
            "{body}"
        );
        assert!(is_fault(&said.replied().reply), "{body}");
        assert!(connection.conversation.identity().is_none());
        assert_eq!(connection.sends(&asks(&own)).told(), "401");
    }
    let mut connection = scene.connects();
    assert_eq!(signs_in(&mut connection, &anna, &own).told(), "anna");
    assert_eq!(connection.sends(&asks("<x/>")).told(), "400");
}

#[test]
fn a_request_that_may_be_read_otherwise_by_its_type_or_coding_is_a_fault() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let own = asks(&rst(anna.sip_uri())).without("content-type");
    let typed = |content_type: &str| own.clone().with("content-type", content_type);
    for request in [
        own.clone(),
        typed(""),
        typed("text/plain"),
        typed("application/xml"),
        typed("multipart/related; type=\"text/xml\""),
        typed("text/xml-external"),
        typed("text/xml; charset=utf-16"),
        typed("text/xml; charset=\"UTF-7\""),
        typed("text/xml;charset=iso-8859-1"),
        typed("text/xml; charset=utf-8; charset=utf-16"),
        typed("text/xml; a=\"; charset=utf-8\"; charset=utf-16"),
        typed("text/xml; charset*=utf-16''x"),
        typed("text/xml; charset"),
        typed("text/xml").with("content-type", "text/xml"),
        typed("text/xml").with("content-encoding", "gzip"),
        typed("text/xml").with("content-encoding", "identity"),
    ] {
        let mut connection = scene.connects();
        let said = connection.signs_in(&anna.client(), &request);
        let shown = format!("{:?}", request.head.headers);
        assert_eq!(
            (said.told().as_str(), connection.verified),
            ("400", 0),
            "{shown}"
        );
        assert!(is_fault(&said.replied().reply), "{shown}");
        assert!(connection.conversation.identity().is_none(), "{shown}");
    }
    for content_type in [
        "text/xml",
        "Text/XML;charset=UTF-8",
        "text/xml; charset=\"utf-8\"",
        "application/soap+xml; charset=utf-8; action=\"urn:x\"",
    ] {
        let mut connection = scene.connects();
        let said = connection.signs_in(&anna.client(), &typed(content_type));
        assert_eq!(said.told(), "anna", "{content_type}");
        let again = connection.sends(&typed("text/plain"));
        assert_eq!(again.told(), "400");
    }
}

#[test]
fn a_request_is_read_up_to_its_cap_and_a_longer_one_signs_nobody_in() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let own = asks(&rst(anna.sip_uri()));
    let challenge = connection.begins_ntlm(&anna.client(), &own);
    let last = own
        .clone()
        .token("NTLM", &type_3(&anna.client(), &challenge));
    let verdict = connection.conversation.request(&last.head, scene.moment());
    let Verdict::ReadBody { at_most } = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(at_most, 64 * 1024);
    let cause = "65537 bytes".to_owned();
    let reply = connection
        .conversation
        .failed(Failure::RequestTooLarge, cause);
    assert_eq!(reply.status, 413);
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.sends(&own).told(), "401");
    assert_eq!(connection.verified, 0);
}

#[test]
fn an_answer_that_says_all_is_well_without_a_ticket_does_not_go_out() {
    let whole = answer_with_assertion("one");
    for body in [
        "",
        "<html/>",
        &answer_without_ticket(),
        &whole.replace("</s:Envelope>", ""),
        &whole.replace("AssertionID", "Id"),
        &whole.replace("q83v3s0=", ""),
        &whole.replace(END, "tomorrow"),
        &answer_with_cwt(""),
    ] {
        let reply = relayed(200, body).unwrap_err();
        assert_eq!(reply.status, 502, "{body}");
        assert_eq!(reply.body, "The server behind cannot be understood.\n");
        assert!(reply.cause.is_some());
    }
}

#[test]
fn a_fault_of_the_back_ends_goes_out_as_it_came_and_records_nothing() {
    let fault = "<s:Fault><faultcode>a:FailedAuthentication</faultcode></s:Fault>";
    let (body, tickets) = relayed(500, fault).unwrap();
    assert_eq!((&*body, tickets.len()), (fault.as_bytes(), 0));
    let (body, tickets) = relayed(500, &format!("<x>{FRONT_END} failed</x>")).unwrap();
    assert_eq!((body.len(), tickets.len()), (0, 0));
}
