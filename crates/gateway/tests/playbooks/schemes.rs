//! Which schemes a route offers and takes: one that is not offered is not even looked at.

use std::sync::Arc;

use gateway::Route;
use gateway::route::{Auth, PathPattern, Scheme};

use crate::connection::type_3;
use crate::documents::{MEX, ROOT, USER, WEB_TICKET, rst};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, LYNC, MAIL, Scene, publication, publication_with};

/// How Basic is offered.
const BASIC: &str = "Basic realm=\"contoso\", charset=\"UTF-8\"";

fn ews() -> Request {
    get(MAIL, "/EWS/Services.wsdl")
}

/// A scene whose Exchange offers these schemes only.
fn offering(schemes: &[Scheme]) -> Scene {
    Scene::publishing(publication_with(MAIL, |route: &mut Route| {
        if route.auth != Auth::Closed {
            route.auth = Auth::Schemes(schemes.to_vec());
        }
    }))
}

#[test]
fn each_route_offers_its_schemes_in_their_order() {
    let scene = Scene::new();
    let ticket = post(LYNC, WEB_TICKET, rst("sip:anna@contoso.com"));
    for (request, offers) in [
        (ews(), &["Negotiate", "NTLM", BASIC][..]),
        (ticket, &["Negotiate", "NTLM"]),
        (get(LYNC, USER), &[]),
    ] {
        let said = scene.connects().sends(&request);
        assert_eq!(said.told(), "401");
        assert_eq!(said.offers(), offers);
    }
    for (host, path) in [(DISCOVER, "/"), (DISCOVER, ROOT), (LYNC, ROOT), (LYNC, MEX)] {
        assert_eq!(scene.connects().sends(&get(host, path)).told(), "nobody");
    }
    let some = offering(&[Scheme::Basic, Scheme::Ntlm]);
    assert_eq!(some.connects().sends(&ews()).offers(), [BASIC, "NTLM"]);
}

#[test]
fn t_phish_3_a_password_is_not_evaluated_where_basic_is_not_offered() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let before = scene.audited();
    let mut connection = scene.connects();
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let said = connection.sends(&ticket.basic("anna", &anna.password));
    assert_eq!((said.told().as_str(), connection.verified), ("401", 0));
    assert_eq!(said.offers(), ["Negotiate", "NTLM"]);
    assert_eq!(scene.audited(), before);
}

#[test]
fn t_phish_3_ntlm_is_not_evaluated_where_it_is_not_offered() {
    for (offered, offers, other) in [
        (Scheme::Basic, BASIC, "NTLM"),
        (Scheme::Basic, BASIC, "Negotiate"),
        (Scheme::Negotiate, "Negotiate", "NTLM"),
        (Scheme::Ntlm, "NTLM", "Negotiate"),
    ] {
        let scene = offering(&[offered]);
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let first = ews().token(other, &anna.client().negotiate());
        assert_eq!(connection.sends(&first).offers(), [offers], "{other}");
        // A challenge that was given where the scheme is offered is worth nothing here.
        let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
        let begun = ticket.token(other, &anna.client().negotiate());
        let challenge = connection.sends(&begun).token(other);
        let last = ews().token(other, &type_3(&anna.client(), &challenge));
        let said = connection.sends(&last);
        assert_eq!((said.told().as_str(), connection.verified), ("401", 0));
        assert_eq!(said.offers(), [offers], "{other}");
    }
}

#[test]
fn who_signed_in_by_one_scheme_does_not_pass_where_only_another_is_offered() {
    let mut publication = publication();
    let host = publication.hosts.get_mut(MAIL).unwrap();
    let strict = Route {
        path: PathPattern::Below("/EWS/strict".to_owned()),
        auth: Auth::Schemes(vec![Scheme::Negotiate]),
        ..Route::clone(host.routes.first().unwrap())
    };
    host.routes.push(Arc::new(strict));
    let scene = Scene::publishing(publication);
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    let said = connection.sends(&get(MAIL, "/EWS/strict/x"));
    assert_eq!(said.told(), "401");
    assert_eq!(said.offers(), ["Negotiate"]);
}

#[test]
fn a_password_is_good_for_its_own_request_and_checked_each_time() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let by_password = ews().basic("anna@contoso.com", &anna.password);
    assert_eq!(connection.sends(&by_password).told(), "anna");
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.sends(&ews()).told(), "401");
    assert_eq!(connection.sends(&by_password).told(), "anna");
    assert_eq!(connection.verified, 2);
    scene.revokes(&anna);
    assert_eq!(connection.sends(&by_password).told(), "401");
    assert_eq!(connection.verified, 3);
}

#[test]
fn the_name_of_a_scheme_is_known_in_any_case() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let credentials = format!("anna:{}", anna.password);
    for scheme in ["basic", "BASIC"] {
        let request = ews().token(scheme, credentials.as_bytes());
        assert_eq!(scene.connects().sends(&request).told(), "anna", "{scheme}");
    }
    for (sent, answered) in [
        ("ntlm", "NTLM"),
        ("nTlM", "NTLM"),
        ("NEGOTIATE", "Negotiate"),
    ] {
        let mut connection = scene.connects();
        let first = ews().token(sent, &anna.client().negotiate());
        let challenge = connection.sends(&first).token(answered);
        let last = ews().token(sent, &type_3(&anna.client(), &challenge));
        assert_eq!(connection.sends(&last).told(), "anna", "{sent}");
    }
}

#[test]
fn an_authorization_that_is_not_ours_is_answered_like_none() {
    let scene = Scene::new();
    let without = scene.connects().sends(&ews()).replied().seen();
    let long = format!("NTLM {}", "A".repeat(12 * 1024));
    for value in [
        "Digest username=\"anna\"",
        "Bearer cwt=AA",
        "Kerberos YII=",
        "Anonymous",
        "",
        "!",
        "NTLM",
        "NTLM !",
        "NTLM TlRMTVNTUA",
        "Negotiate",
        "Negotiate =",
        "Basic",
        "Basic !",
        "Basic YW5uYQ==",
        "Basic YW5uYToNCg==",
        "Basic,NTLM",
        "caf\u{e9} x",
        &long,
    ] {
        let mut connection = scene.connects();
        let said = connection.sends(&ews().with("authorization", value));
        assert_eq!(said.replied().seen(), without, "{value}");
        assert_eq!(connection.verified, 0, "{value}");
    }
}

#[test]
fn an_authorization_that_is_not_ours_is_not_the_connections_user() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for value in ["Bearer cwt=AA", "Digest a=b", "Basic !"] {
        let mut connection = scene.connects();
        assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
        let said = connection.sends(&ews().with("authorization", value));
        assert_eq!(said.told(), "401", "{value}");
    }
}

#[test]
fn two_authorizations_end_the_connection() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let right = || ews().basic("anna", &anna.password);
    for request in [
        right().basic("anna", &anna.password),
        right().token("NTLM", &anna.client().negotiate()),
        right().with("authorization", ""),
        ews()
            .with("authorization", "Bearer x")
            .basic("anna", &anna.password),
    ] {
        let mut connection = scene.connects();
        assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
        let said = connection.sends(&request);
        assert_eq!(said.told(), "400 and close");
        assert_eq!(said.offers(), [""; 0]);
        assert!(connection.conversation.identity().is_none());
        assert_eq!(connection.verified, 1);
    }
}

#[test]
fn t_http_13_no_other_header_opens_a_route() {
    let scene = Scene::new();
    let without = scene.connects().sends(&ews()).replied().seen();
    for (name, value) in [
        ("accept", "application/vnd.paos+xml"),
        ("paos", "ver=\"urn:liberty:paos:2003-08\""),
        (
            "soapaction",
            "\"http://schemas.xmlsoap.org/ws/2004/09/transfer/Get\"",
        ),
        ("content-type", "application/soap+xml"),
        ("cookie", "SecurityToken=x; X-AnonResource=true"),
        ("x-ms-webticket", "cwt=AAEC"),
        ("x-contoso-who", "anna"),
        ("proxy-authorization", "Basic YW5uYTp4"),
        ("x-requested-with", "XMLHttpRequest"),
        ("origin", "https://mail.contoso.com"),
        ("user-agent", "Microsoft Office Healthcheck"),
    ] {
        let mut connection = scene.connects();
        let said = connection.sends(&ews().with(name, value));
        assert_eq!(said.replied().seen(), without, "{name}");
        assert_eq!(connection.verified, 0, "{name}");
    }
}
