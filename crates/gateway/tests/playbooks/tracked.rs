//! Paths that a ticket opens: where it is, what whoever brings none is answered, and what is only
//! observed (design 13, ticket tracker; design 14).

use http::Method;
use proto::soap::namespace::{SECURITY, SOAP_1_1};

use crate::connection::Said;
use crate::documents::{answer_with_assertion, answer_with_cwt, assertion, presented};
use crate::request::{Request, get, post};
use crate::scene::{LYNC, OTHER_POOL, Person, Scene};

const TICKET: &str = "x-ms-webticket";
const OAUTH_USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
const CERT_PROV: &str = "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1";
const UCWA: &str = "/ucwa/oauth/v1/applications";

/// Anna, with an assertion `one` and a compact ticket `AAEC` of the first pool.
fn with_tickets() -> (Scene, Person) {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for answer in [answer_with_assertion("one"), answer_with_cwt("AAEC")] {
        scene.connects().buys(&anna, LYNC, &answer);
    }
    (scene, anna)
}

fn soap(host: &str, path: &str, ticket: &str) -> Request {
    let body = format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><o:Security xmlns:o='{SECURITY}'>{ticket}\
         </o:Security></s:Header><s:Body><x/></s:Body></s:Envelope>"
    );
    post(host, path, body)
}

fn answer(said: Said) -> (u16, String) {
    let reply = said.replied().reply;
    let wanted = reply.headers.get("www-authenticate");
    let wanted = wanted.or(reply.headers.get("x-ms-webticketurl"));
    let text = match wanted {
        Some(wanted) => wanted.to_str().unwrap().to_owned(),
        None => String::from_utf8(reply.body.to_vec()).unwrap(),
    };
    (reply.status.as_u16(), text)
}

#[test]
fn s6_a_known_ticket_opens_every_path_of_its_pool_in_either_form() {
    let (scene, _anna) = with_tickets();
    let bearer = |request: Request| request.with("authorization", "Bearer cwt=AAEC");
    let header = |request: Request| request.with(TICKET, &presented("one"));
    for request in [
        bearer(get(LYNC, OAUTH_USER)),
        bearer(post(LYNC, UCWA, "{}")),
        bearer(Request::new(
            Method::DELETE,
            LYNC,
            "/ucwa/oauth/v1/applications/1",
        )),
        header(get(LYNC, "/abs/handler/D-0e21.lsabs")),
        get(LYNC, "/abs/handler/x").with(TICKET, "cwt=AAEC"),
        header(post(LYNC, "/Mcx/McxService.svc", "<x/>")),
        header(post(LYNC, "/Reach/sip.svc", "<x/>")),
        soap(LYNC, CERT_PROV, &assertion("one")),
        soap(
            LYNC,
            "/groupexpansion/service.svc/WebTicket_Bearer",
            &assertion("one"),
        ),
    ] {
        let said = scene.connects().sends(&request);
        assert_eq!(said.told(), "anna", "{}", request.head.uri);
        let forward = said.forward();
        assert!(
            matches!(forward.onward, gateway::route::Onward::None),
            "the ticket says who"
        );
    }
}

#[test]
fn s6_a_ticket_that_is_not_known_gets_the_servers_own_answer() {
    let (scene, _anna) = with_tickets();
    let url = "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc";
    let oauth = "MsRtcOAuth href=\"https://lyncweb.contoso.com/WebTicket/oauthtoken\",\
                 grant_type=\"urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,password\"";
    let forged = |request: Request| request.with(TICKET, &presented("forged"));
    for (request, status, text) in [
        (get(LYNC, OAUTH_USER), 401, oauth),
        (
            get(LYNC, OAUTH_USER).with("authorization", "Bearer cwt=BBBB"),
            401,
            oauth,
        ),
        (post(LYNC, UCWA, "{}"), 401, oauth),
        (
            post(LYNC, UCWA, "{}").with("authorization", "Bearer cwt=BBBB"),
            401,
            oauth,
        ),
        (get(LYNC, "/abs/x"), 401, url),
        (forged(get(LYNC, "/abs/x")), 401, url),
        (forged(post(LYNC, "/Mcx/McxService.svc", "<x/>")), 401, url),
        (post(LYNC, CERT_PROV, "<x/>"), 500, "28032"),
        (soap(LYNC, CERT_PROV, ""), 500, "28032"),
        (soap(LYNC, CERT_PROV, &assertion("forged")), 500, "28032"),
        (forged(soap(LYNC, CERT_PROV, "")), 500, "28032"),
        (soap(OTHER_POOL, CERT_PROV, &assertion("one")), 500, "28032"),
    ] {
        let (got, said) = answer(scene.connects().sends(&request));
        assert_eq!(got, status, "{}", request.head.uri);
        assert!(said.contains(text), "{}: {said}", request.head.uri);
    }
}

#[test]
fn t_http_7_a_ticket_in_a_message_that_others_may_read_differently_is_refused() {
    let (scene, _anna) = with_tickets();
    let sent = |request: Request| scene.connects().sends(&request).told();
    let message = || soap(LYNC, CERT_PROV, &assertion("one"));
    let typed = |name: &str| message().without("content-type").with("content-type", name);
    assert_eq!(sent(typed("text/xml; charset=\"UTF-8\"")), "anna");
    assert_eq!(sent(typed("application/soap+xml")), "anna");
    for request in [
        message().without("content-type"),
        message().with("content-type", "text/xml"),
        message().with("content-encoding", "gzip"),
        typed("text/plain"),
        typed("multipart/related; type=\"application/xop+xml\""),
        typed("text/xml; charset=utf-16"),
        typed("text/xml; charset*0=utf-7"),
    ] {
        let said = format!("{:?}", request.head.headers);
        assert_eq!(sent(request), "500", "{said}");
    }
}

#[test]
fn t_phish_3_nothing_but_a_ticket_opens_a_path_of_tickets() {
    let (scene, anna) = with_tickets();
    let mut connection = scene.connects();
    let own = post(LYNC, "/WebTicket/oauthtoken", "");
    assert_eq!(connection.signs_in(&anna.client(), &own).told(), "anna");
    for path in [OAUTH_USER, "/abs/x", UCWA, "/Mcx/McxService.svc"] {
        for request in [
            get(LYNC, path),
            get(LYNC, path).basic("anna", &anna.password),
        ] {
            if path == OAUTH_USER || request.head.method == Method::GET {
                assert_eq!(connection.sends(&request).told(), "401", "{path}");
            }
        }
    }
}

#[test]
fn a_browsers_preflight_passes_as_nobody_and_nothing_else_does() {
    let scene = Scene::new();
    let preflight = Request::new(Method::OPTIONS, LYNC, UCWA);
    assert_eq!(scene.connects().sends(&preflight).told(), "nobody");
    for path in ["/abs/x", CERT_PROV] {
        let options = Request::new(Method::OPTIONS, LYNC, path);
        assert_ne!(scene.connects().sends(&options).told(), "nobody", "{path}");
    }
}

#[test]
fn observed_paths_let_nobody_pass_and_show_who_is_known() {
    let (scene, _anna) = with_tickets();
    for path in ["/Reach/sip.svc", "/Scheduler/x"] {
        let unknown = post(LYNC, path, "<x/>").with(TICKET, &presented("forged"));
        let said = scene.connects().sends(&unknown);
        assert_eq!(said.told(), "nobody", "{path}");
        let forward = said.forward();
        assert!(
            forward.head.headers.contains_key(TICKET),
            "the server judges it: {path}"
        );
        let known = post(LYNC, path, "<x/>").with(TICKET, &presented("one"));
        assert_eq!(scene.connects().sends(&known).told(), "anna", "{path}");
    }
}

#[test]
fn t_dev_1_observed_paths_refuse_a_ticket_that_was_revoked_in_every_spelling() {
    let (scene, anna) = with_tickets();
    let url = "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc";
    let bearer = "authorization";
    scene.revokes(&anna);
    for path in ["/Reach/sip.svc", "/Scheduler/x"] {
        let sent = || post(LYNC, path, "<x/>");
        for refused in [
            sent().with(TICKET, &presented("one")),
            sent().with(TICKET, "cwt=AAEC"),
            sent().with(bearer, "Bearer cwt=AAEC"),
            sent().with(bearer, "bearer   cwt=AAEC "),
            sent().with(bearer, "Bearer CWT=AAEC"),
            sent().with(bearer, "Bearer \"cwt=AAEC\""),
            sent().with(bearer, "Bearer x, Bearer cwt=AAEC"),
            sent().with(bearer, "Bearer e30.e30., Bearer cwt=AAEC"),
            sent().with(bearer, "Bearer AAEC"),
            sent().with(bearer, &format!("Bearer {}", presented("one"))),
            sent().with(bearer, "Bearer .."),
            sent().with(TICKET, "x").with(bearer, "Bearer cwt=AAEC"),
            sent()
                .with(TICKET, &presented("forged"))
                .with(TICKET, &presented("one")),
            sent()
                .with(bearer, "Bearer e30.e30.")
                .with(bearer, "Bearer cwt=AAEC"),
            sent()
                .with(bearer, "Bearer e30.e30.")
                .with(TICKET, &presented("one")),
            sent().with(
                TICKET,
                &format!("{} ", presented("one")).replace("opaque", "Opaque"),
            ),
        ] {
            let said = format!("{path}: {:?}", refused.head.headers);
            let answered = answer(scene.connects().sends(&refused));
            assert_eq!(answered, (401, url.to_owned()), "{said}");
        }
        for passing in [
            sent(),
            sent().with(TICKET, &presented("forged")),
            sent().with(bearer, "Bearer cwt=BBBB"),
            sent().with(bearer, "Bearer e30.e30."),
            sent().with(bearer, "bearer  e30.k.i.c.t"),
        ] {
            let said = format!("{path}: {:?}", passing.head.headers);
            assert_eq!(scene.connects().sends(&passing).told(), "nobody", "{said}");
        }
    }
    let beside = post(LYNC, "/Reach/sip.svc", "<x/>")
        .with(TICKET, &presented("forged"))
        .with(bearer, "Bearer cwt=AAEC");
    let forward = scene.connects().sends(&beside).forward();
    let headers = &forward.head.headers;
    assert!(headers.contains_key(TICKET) && !headers.contains_key(bearer));
    let said = scene
        .connects()
        .sends(&get(LYNC, OAUTH_USER).with(bearer, "Bearer cwt=AAEC"));
    assert_eq!(said.told(), "401");
}

#[test]
fn pages_are_anybodys() {
    let scene = Scene::new();
    for path in [
        "/meet/anna/ABC123",
        "/dialin",
        "/lwa/WebPages/LwaClient.aspx",
        "/Autodiscover/XFrame/XFrame.html",
        "/PassiveAuth/PassiveAuth.aspx",
    ] {
        let said = scene.connects().sends(&get(LYNC, path).basic("anna", "x"));
        assert_eq!(said.told(), "nobody", "{path}");
        assert!(
            !said.forward().head.headers.contains_key("authorization"),
            "{path}"
        );
    }
}
