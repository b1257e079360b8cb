//! Certificates that a pool issued for a ticket, where they may buy the next one: tracked as tickets are,
//! and ended with the app password that is behind both (decision 0006).

use authn::account::AccountState;
use authn::audit::{Kind, Reason};
use authn::place::Channel;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gateway::preset::lync::{self, LyncPool};
use gateway::route::Onward;
use http::StatusCode;
use jiff::SignedDuration;
use proto::lync::certificate::X509_V3;
use proto::lync::mex::Document;
use proto::soap::namespace::{AUTHORIZATION, SECURITY, SIGNATURE, SOAP_1_1, TRUST_1_3, UTILITY};

use crate::connection::Passed;
use crate::documents::{END, MEX, USER, answer_with_assertion, answered, assertion, presented};
use crate::request::{Request, get, post};
use crate::scene::{LYNC, OTHER_POOL, Person, Scene, lync_pool, other_pool, publication};

const CERT: &str = "/WebTicket/WebTicketService.svc/cert";
const CERT_PROV: &str = "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1";
const TICKET: &str = "x-ms-webticket";
const XML: [(&str, &str); 1] = [("content-type", "text/xml")];
const DAY: i64 = 24 * 3600;

/// A scene whose pools take certificates.
fn open() -> Scene {
    let mut publication = publication();
    for pool in [lync_pool(), other_pool()] {
        let open = LyncPool {
            certificate_sign_in: true,
            ..pool
        };
        publication.hosts.extend(lync::hosts(&open));
    }
    Scene::publishing(publication)
}

/// A certificate that only its number tells from another.
fn der(number: u8) -> String {
    BASE64_STANDARD.encode([0x30, 3, 2, 1, number])
}

fn token(number: u8) -> String {
    let der = der(number);
    format!(
        "<o:BinarySecurityToken xmlns:o='{SECURITY}' xmlns:u='{UTILITY}' u:Id='x' \
         ValueType='{X509_V3}'>{der}</o:BinarySecurityToken>"
    )
}

/// What provisioning answers.
fn issued(token: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Body><GetAndPublishCertResponse \
         xmlns='http://schemas.microsoft.com/OCS/AuthWebServices/'><RequestSecurityTokenResponse \
         xmlns='{TRUST_1_3}'><RequestedSecurityToken>{token}</RequestedSecurityToken>\
         </RequestSecurityTokenResponse></GetAndPublishCertResponse></s:Body></s:Envelope>"
    )
}

fn message(header: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><o:Security xmlns:o='{SECURITY}'>{header}\
         </o:Security></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// A request for a ticket in somebody's name that the key of a certificate signed.
fn signed(number: u8, sip_uri: &str) -> String {
    let signature = format!(
        "<d:Signature xmlns:d='{SIGNATURE}' xmlns:o='{SECURITY}'><d:SignedInfo/><d:SignatureValue>AA==</d:SignatureValue>\
         <d:KeyInfo><o:SecurityTokenReference><o:Reference URI='#x'/></o:SecurityTokenReference>\
         </d:KeyInfo></d:Signature>"
    );
    let claim = proto::lync::webticket::CLAIM_TYPE_URI;
    let request = format!(
        "<t:RequestSecurityToken xmlns:t='{TRUST_1_3}' xmlns:a='{AUTHORIZATION}'>\
         <t:RequestType>{TRUST_1_3}/Issue</t:RequestType><t:Claims><a:ClaimType Uri='{claim}'>\
         <a:Value>{sip_uri}</a:Value></a:ClaimType></t:Claims></t:RequestSecurityToken>"
    );
    message(&format!("{}{signature}", token(number)), &request)
}

fn by_certificate(pool: &str, number: u8) -> Request {
    post(pool, CERT, signed(number, "sip:anna@contoso.com"))
}

/// Somebody asks a pool for a certificate by the ticket `id`, and gets this answer.
fn provisioned(scene: &Scene, id: &str, answer: &str) -> Passed {
    let mut connection = scene.connects();
    let asked = post(LYNC, CERT_PROV, message(&assertion(id), "<x/>"));
    let forward = connection.sends(&asked).forward();
    connection
        .answers(&forward, answered(200, &XML, answer))
        .unwrap()
}

/// Anna, whose ticket `one` bought the certificate 1.
fn anna_with_certificate(scene: &Scene) -> Person {
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    let passed = provisioned(scene, "one", &issued(&token(1)));
    assert_eq!(passed.tickets.len(), 1);
    anna
}

#[test]
fn a_certificate_that_was_issued_for_a_ticket_buys_the_next() {
    let scene = open();
    let anna = anna_with_certificate(&scene);
    scene.waits(30 * DAY);
    let mut connection = scene.connects();
    let request = by_certificate(LYNC, 1)
        .with("x-contoso-who", "ben")
        .basic("ben", "x");
    let said = connection.sends(&request);
    assert_eq!(said.told(), "anna");
    let forward = said.forward();
    assert_eq!(
        forward.onward,
        Onward::None,
        "the pool judges the signature"
    );
    for name in ["authorization", "x-contoso-who", TICKET] {
        assert!(!forward.head.headers.contains_key(name), "{name}");
    }
    let gateway::conversation::RequestBody::Keep(body) = &forward.body else {
        panic!("it goes on as it came: {:?}", forward.body);
    };
    assert_eq!(*body, request.body);

    let end = scene.now() + SignedDuration::from_hours(1);
    let ticket = answer_with_assertion("two").replace(END, &end.to_string());
    let passed = connection
        .answers(&forward, answered(200, &XML, &ticket))
        .unwrap();
    let [recorded] = passed.tickets.as_slice() else {
        panic!("one ticket: {:?}", passed.tickets);
    };
    assert_eq!(recorded.account, anna.account.id);
    assert_eq!(recorded.credential, anna.credential);
    assert_eq!(
        recorded.channel,
        Channel::Ntlm,
        "by which all of it was bought"
    );
    assert_eq!(recorded.expires, end);
    let call = get(LYNC, USER).with(TICKET, &presented("two"));
    assert_eq!(scene.connects().sends(&call).told(), "anna");
    scene.revokes(&anna);
    assert_eq!(scene.connects().sends(&call).told(), "401");
}

#[test]
fn what_a_certificate_was_issued_for_and_buys_is_audited_and_notes_the_last_use() {
    let scene = open();
    let anna = anna_with_certificate(&scene);
    let noted = scene.audited().pop().unwrap();
    let Kind::CertificateNoted {
        credential,
        certificate,
    } = noted.kind
    else {
        panic!("{noted:?}");
    };
    assert_eq!(credential, anna.credential);
    assert_eq!(noted.account.as_ref(), Some(&anna.account.id));
    let before = scene.audited().len();

    scene.waits(DAY);
    let mut connection = scene.connects();
    let forward = connection.sends(&by_certificate(LYNC, 1)).forward();
    assert_eq!(scene.audited().len(), before, "the pool has not judged yet");
    let fault = connection.answers(&forward, answered(500, &XML, "<no/>"));
    assert!(fault.unwrap().tickets.is_empty());
    assert_eq!(scene.audited().len(), before, "it sold nothing");

    let mut connection = scene.connects();
    let forward = connection.sends(&by_certificate(LYNC, 1)).forward();
    let ticket = answer_with_assertion("two");
    let sold = connection.answers(&forward, answered(200, &XML, &ticket));
    assert_eq!(sold.unwrap().tickets.len(), 1);
    let signed_in = scene.audited().pop().unwrap();
    let kind = Kind::SignedIn {
        credential: anna.credential.clone(),
        clock_skew: None,
        certificate: Some(certificate),
    };
    assert_eq!(signed_in.kind, kind);
    assert_eq!(signed_in.account.as_ref(), Some(&anna.account.id));
    assert_eq!(signed_in.at, scene.now());
    let from = signed_in.source.unwrap();
    assert_eq!(
        scene.app_password(&anna).last_used,
        Some((scene.now(), from))
    );
    assert_eq!(scene.audited().len(), before + 1);
}

#[test]
fn a_known_certificate_in_anothers_name_is_audited_and_an_unknown_one_is_not() {
    let scene = open();
    let anna = anna_with_certificate(&scene);
    let before = scene.audited().len();
    let in_bens = |number| post(LYNC, CERT, signed(number, "sip:ben@contoso.com"));
    assert_eq!(scene.connects().sends(&in_bens(2)).told(), "500");
    assert_eq!(scene.audited().len(), before);
    assert_eq!(scene.connects().sends(&in_bens(1)).told(), "500");
    let refused = scene.audited().pop().unwrap();
    let kind = Kind::Refused {
        reason: Reason::SipUriOfAnother,
        name: "sip:ben@contoso.com".to_owned(),
    };
    assert_eq!(refused.kind, kind);
    assert_eq!(refused.account, Some(anna.account.id));
    assert_eq!(scene.audited().len(), before + 1);
}

#[test]
fn s23_a_certificate_ends_with_what_is_behind_it_and_gets_the_answer_of_an_unknown_ticket() {
    let refused = |prepare: &dyn Fn(&Scene, &Person), request: &Request| {
        let scene = open();
        let anna = anna_with_certificate(&scene);
        scene.person("ben");
        assert_eq!(
            scene.connects().sends(&by_certificate(LYNC, 1)).told(),
            "anna"
        );
        prepare(&scene, &anna);
        scene.connects().sends(request).replied().seen()
    };
    let nothing = |_: &Scene, _: &Person| {};
    let known = &by_certificate(LYNC, 1);
    let unknown = refused(&nothing, &by_certificate(LYNC, 2));
    assert_eq!(unknown.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(String::from_utf8_lossy(&unknown.2).contains("28032"));
    let of_another = post(LYNC, CERT, signed(1, "sip:ben@contoso.com"));
    for (why, seen) in [
        (
            "another pool",
            refused(&nothing, &by_certificate(OTHER_POOL, 1)),
        ),
        ("another's name", refused(&nothing, &of_another)),
        (
            "revoked",
            refused(&|scene, anna| scene.revokes(anna), known),
        ),
        (
            "disabled",
            refused(
                &|scene, anna| scene.sets_state(anna, AccountState::Disabled),
                known,
            ),
        ),
        ("old", refused(&|scene, _| scene.waits(180 * DAY), known)),
    ] {
        assert_eq!(seen, unknown, "{why}");
    }
}

#[test]
fn a_certificate_is_known_for_180_days_and_no_longer_than_the_app_password() {
    let scene = open();
    anna_with_certificate(&scene);
    scene.waits(180 * DAY - 1);
    let told = |scene: &Scene| scene.connects().sends(&by_certificate(LYNC, 1)).told();
    assert_eq!(told(&scene), "anna");
    scene.waits(1);
    assert_eq!(told(&scene), "500");

    let scene = open();
    let anna = scene.person_until("anna", DAY);
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    provisioned(&scene, "one", &issued(&token(1)));
    scene.waits(DAY - 1);
    assert_eq!(told(&scene), "anna");
    scene.waits(1);
    assert_eq!(told(&scene), "500");
}

#[test]
fn where_certificates_are_closed_none_is_known_and_the_path_is_not_there() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    let passed = provisioned(&scene, "one", &issued(&token(1)));
    assert!(passed.tickets.is_empty());
    assert_eq!(
        scene.connects().sends(&by_certificate(LYNC, 1)).told(),
        "404"
    );
}

#[test]
fn only_the_very_path_is_open_and_what_else_sells_tickets_is_not_there() {
    let scene = open();
    anna_with_certificate(&scene);
    let signed = || signed(1, "sip:anna@contoso.com");
    let told = |path: &str| {
        let told = |scene: &Scene| scene.connects().sends(&post(LYNC, path, signed())).told();
        (told(&scene), told(&Scene::new()))
    };
    let (open, closed) = told(CERT);
    assert_eq!((open.as_str(), closed.as_str()), ("anna", "404"));
    for path in [
        "/WebTicket/WebTicketService.svc/cert/x",
        "/WebTicket/WebTicketService.svc/pin",
        "/WebTicket/WebTicketService.svc/WsFed_bearer",
        "/WebTicket/WebTicketAdvancedService.svc",
        "/WebTicket/WebTicketAdvancedService.svc/WebTicket_Bearer",
        "/WebTicket",
    ] {
        let (open, closed) = told(path);
        assert_eq!((open.as_str(), closed.as_str()), ("404", "404"), "{path}");
    }
}

#[test]
fn what_was_not_read_of_a_signed_request_does_not_go_on() {
    let scene = open();
    anna_with_certificate(&scene);
    let body = signed(1, "sip:anna@contoso.com");
    let asked = post(LYNC, &format!("{CERT}?wa=other"), body);
    let forward = scene.connects().sends(&asked).forward();
    assert_eq!(forward.head.uri.path(), CERT);
    assert_eq!(forward.head.uri.query(), None);
}

#[test]
fn only_provisioning_issues_certificates_that_are_known() {
    let scene = open();
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    let mut connection = scene.connects();
    let path = "/groupexpansion/service.svc/WebTicket_Bearer";
    let asked = post(LYNC, path, message(&assertion("one"), "<x/>"));
    let forward = connection.sends(&asked).forward();
    let passed = connection.answers(&forward, answered(200, &XML, &issued(&token(1))));
    assert!(passed.unwrap().tickets.is_empty());
    assert_eq!(forward.answer, gateway::conversation::AnswerBody::Stream);
    let said = scene.connects().sends(&by_certificate(LYNC, 1));
    assert_eq!(said.told(), "500");
}

#[test]
fn a_certificate_is_no_ticket_and_a_ticket_is_no_certificate() {
    let scene = open();
    anna_with_certificate(&scene);
    let told = |request: Request| scene.connects().sends(&request).told();
    assert_eq!(told(by_certificate(LYNC, 1)), "anna");
    let as_ticket = message(&token(1), "<x/>");
    let signed = signed(1, "sip:anna@contoso.com");
    for body in [as_ticket, signed.clone()] {
        assert_eq!(told(post(LYNC, CERT_PROV, body)), "500");
    }
    for header in [format!("cwt={}", der(1)), format!("opaque={}", der(1))] {
        assert_eq!(told(get(LYNC, USER).with(TICKET, &header)), "401");
    }
    let with_ticket = signed.replace(&token(1), &assertion("one"));
    assert_eq!(told(post(LYNC, CERT, with_ticket)), "500");
    let beside = post(LYNC, CERT, "<x/>").with(TICKET, &presented("one"));
    assert_eq!(told(beside), "500");
    let both = signed.replace(&token(1), &format!("{}{}", token(1), assertion("one")));
    assert_eq!(told(post(LYNC, CERT, both)), "500");
    assert_eq!(told(get(LYNC, CERT)), "405");
}

#[test]
fn t_http_7_a_signed_request_that_others_may_read_differently_is_refused() {
    let scene = open();
    anna_with_certificate(&scene);
    let told = |request: Request| scene.connects().sends(&request).told();
    let plain = || by_certificate(LYNC, 1).without("content-type");
    assert_eq!(
        told(plain().with("content-type", "text/xml; charset=utf-8")),
        "anna"
    );
    assert_eq!(told(plain()), "500");
    assert_eq!(told(plain().with("content-type", "text/plain")), "500");
    assert_eq!(
        told(by_certificate(LYNC, 1).with("content-encoding", "gzip")),
        "500"
    );
    let second = signed(1, "sip:anna@contoso.com");
    let second = second.replace(&token(1), &format!("{}{}", token(1), token(2)));
    assert_eq!(told(post(LYNC, CERT, second)), "500");
}

#[test]
fn an_answer_of_provisioning_without_a_readable_certificate_passes_and_opens_nothing() {
    let scene = open();
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    let chain = token(1).replace("#X509v3", "#X509PKIPathv1");
    for answer in [issued(&chain), issued(""), "no XML".to_owned()] {
        let passed = provisioned(&scene, "one", &answer);
        assert_eq!(passed.body.as_ref(), answer.as_bytes());
        assert!(passed.tickets.is_empty(), "{answer}");
        assert!(passed.is_unread, "{answer}");
    }
    let other = format!("<s:Envelope xmlns:s='{SOAP_1_1}'><s:Body><Other/></s:Body></s:Envelope>");
    for (answer, tickets) in [(issued(&token(1)), 1), (other, 0)] {
        let passed = provisioned(&scene, "one", &answer);
        assert_eq!((passed.tickets.len(), passed.is_unread), (tickets, false));
    }
    let said = scene.connects().sends(&by_certificate(LYNC, 2));
    assert_eq!(said.told(), "500");
}

#[test]
fn an_answer_without_a_ticket_to_a_certificate_does_not_pass() {
    let scene = open();
    anna_with_certificate(&scene);
    let mut connection = scene.connects();
    let forward = connection.sends(&by_certificate(LYNC, 1)).forward();
    let answer = issued(&token(3));
    let reply = connection.answers(&forward, answered(200, &XML, &answer));
    assert_eq!(reply.unwrap_err().status, StatusCode::BAD_GATEWAY);
}

#[test]
fn s4_the_certificates_port_is_named_only_where_it_is_open() {
    let own = "https://fe01.contoso.local:4443/WebTicket/WebTicketService.svc";
    let document = crate::discover::metadata(own);
    for (scene, is_named) in [(open(), true), (Scene::new(), false)] {
        let mut connection = scene.connects();
        let forward = connection.sends(&get(LYNC, MEX)).forward();
        let passed = connection.answers(&forward, answered(200, &XML, &document));
        let text = String::from_utf8(passed.unwrap().body.to_vec()).unwrap();
        let document = Document::parse(&text).unwrap();
        let port = document.port("WebTicketServiceCert");
        let address = port.map(|port| port.address.clone().unwrap());
        let outside = format!("https://{LYNC}{CERT}");
        assert_eq!(address, is_named.then_some(outside));
    }
}
