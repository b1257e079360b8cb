//! Discover and metadata: open to everybody as nobody, and edited on their way out.

use authn::place::Zone;
use expect_test::expect;
use gateway::Reply;
use gateway::conversation::{AnswerBody, Pass, RequestBody};
use gateway::route::{Auth, Kind, Onward, Scheme};
use http::Method;
use proto::lync::discover::{
    AccessLocation, Link, MediaType, Resource, Response, SipAccess, SipService,
};
use proto::lync::mex::{Document, Logon, WebTicketService};
use proto::soap::namespace::{ADDRESSING, SOAP_1_1, SOAP_1_2};

use crate::connection::{Connection, Passed};
use crate::documents::{
    MEX, ROOT, USER, WEB_TICKET, answer_with_assertion, answered, presented, rst,
};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, FRONT_END, LYNC, Scene, peer, publication_with};

/// A front end's own answer, which names it wherever it can.
fn document() -> Response {
    let link = |token: &str, href: &str| Link {
        token: token.to_owned(),
        href: href.to_owned(),
    };
    let sip = |service, fqdn: &str| SipAccess {
        service,
        fqdn: fqdn.to_owned(),
        port: 443,
    };
    Response {
        access_location: Some(AccessLocation::Internal),
        resource: Resource::User,
        links: vec![
            link("Internal/Mcx", "https://lyncweb.contoso.com/Mcx"),
            link(
                "internal/Autodiscover",
                "https://fe01.contoso.local/Autodiscover",
            ),
            link("External/Mcx", "https://FE01.contoso.local:4443/Mcx?a=b"),
            link("Ucwa", "http://fe01.contoso.local./ucwa"),
            link("Self", "https://lyncdiscover.contoso.com/"),
            link("OAuth", "https://pool9.contoso.local/oauth"),
            link("XFrame", "https://evil.example/fe01"),
            link("Partner", "http://outlook.office365.com/x"),
            link("User", "/relative"),
        ],
        sip: vec![
            sip(SipService::ServerInternal, "registrar.contoso.local"),
            sip(SipService::ClientInternal, FRONT_END),
            sip(SipService::ClientInternal, "registrar.contoso.local"),
            sip(SipService::ClientExternal, "sip.contoso.com"),
            sip(SipService::ServerExternal, FRONT_END),
        ],
    }
}

/// What the back end's answer to a request becomes.
fn edited(
    (connection, request): (&mut Connection<'_>, &Request),
    content_type: &str,
    body: &str,
) -> Result<Passed, Box<Reply>> {
    let forward = connection.sends(request).forward();
    let answer = answered(200, &[("content-type", content_type)], body);
    connection.answers(&forward, answer)
}

/// The refusal of a document that cannot go out; it says nothing of what was in it.
fn refused(request: &Request, content_type: &str, body: &str) {
    let scene = Scene::new();
    let reply = edited((&mut scene.connects(), request), content_type, body).unwrap_err();
    assert_eq!(reply.status, 502, "{body}");
    assert_eq!(reply.body, "The server behind cannot be understood.\n");
    assert!(reply.cause.is_some());
    let shown = format!("{:?}", reply.headers);
    assert!(!shown.contains(FRONT_END), "{shown}");
}

#[test]
fn outside_only_published_names_come_out() {
    let scene = Scene::new();
    let form = MediaType::Xml;
    let text = document().write(form);
    let request = get(LYNC, ROOT);
    let passed = edited(
        (&mut scene.connects(), &request),
        form.content_type(),
        &text,
    );
    let passed = passed.unwrap();
    expect![[r#"
        <?xml version="1.0" encoding="utf-8"?><AutodiscoverResponse xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" AccessLocation="External"><User><SipClientExternalAccess fqdn="sip.contoso.com" port="443"/><Link token="External/Mcx" href="https://lyncweb.contoso.com/Mcx?a=b"/><Link token="Ucwa" href="https://lyncweb.contoso.com/ucwa"/><Link token="Self" href="https://lyncdiscover.contoso.com/"/></User></AutodiscoverResponse>"#]]
    .assert_eq(std::str::from_utf8(&passed.body).unwrap());
    assert_eq!(passed.head.headers["content-type"], form.content_type());
    assert!(passed.tickets.is_empty());
}

#[test]
fn every_form_is_edited_alike_wherever_it_is_asked_for() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let answer = answer_with_assertion("one");
    scene.connects().buys(&anna, LYNC, &answer);
    let user = get(LYNC, USER).with("x-ms-webticket", &presented("one"));
    for request in [
        get(DISCOVER, "/"),
        get(DISCOVER, ROOT),
        get(LYNC, ROOT),
        user,
    ] {
        for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
            let text = document().write(form);
            let passed = edited(
                (&mut scene.connects(), &request),
                form.content_type(),
                &text,
            );
            let read = Response::parse(&passed.unwrap().body, form).unwrap();
            let mut hrefs: Vec<&str> = read.links.iter().map(|link| link.href.as_str()).collect();
            hrefs.sort_unstable();
            let mut expected = vec![
                "https://lyncdiscover.contoso.com/",
                "https://lyncweb.contoso.com/Mcx?a=b",
                "https://lyncweb.contoso.com/ucwa",
            ];
            if form == MediaType::JsonLinks {
                expected.remove(1);
            }
            assert_eq!(hrefs, expected, "{form:?}");
            assert!(read.sip.iter().all(|sip| sip.fqdn == "sip.contoso.com"));
        }
    }
}

/// An administrator who forgot a name finds it in the log, and the client knows that it was not answered.
#[test]
fn a_document_whose_links_all_lead_elsewhere_is_no_answer() {
    let scene = Scene::new();
    for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
        let mut document = document();
        for link in &mut document.links {
            link.href = "https://pool9.contoso.local/x".to_owned();
        }
        let text = document.write(form);
        let asked = (&mut scene.connects(), &get(DISCOVER, ROOT));
        let reply = edited(asked, form.content_type(), &text).unwrap_err();
        assert_eq!(reply.status, 502);
        let cause = reply.cause.unwrap();
        assert!(cause.contains("`pool9.contoso.local`"), "{cause}");
        // One that had none has nothing to lead to.
        document.links.clear();
        let text = document.write(form);
        let asked = (&mut scene.connects(), &get(DISCOVER, ROOT));
        assert!(edited(asked, form.content_type(), &text).is_ok());
    }
}

#[test]
fn inside_internal_links_stay_under_published_names_and_registrars_under_their_own() {
    let scene = Scene::new();
    let mut inside = scene.connects_as(gateway::Peer {
        zone: Zone::INTERNAL,
        ..peer()
    });
    let form = MediaType::Xml;
    let text = document().write(form);
    let passed = edited((&mut inside, &get(LYNC, ROOT)), form.content_type(), &text).unwrap();
    let read = Response::parse(&passed.body, form).unwrap();
    assert_eq!(read.access_location, Some(AccessLocation::Internal));
    assert_eq!(read.links.len(), document().links.len());
    assert_eq!(read.sip.len(), document().sip.len());
    assert!(read.sip.iter().any(|access| access.fqdn == FRONT_END));
    assert_eq!(
        read.link("internal/Autodiscover"),
        Some("https://lyncweb.contoso.com/Autodiscover")
    );
}

#[test]
fn a_document_that_cannot_be_read_or_still_names_a_front_end_does_not_come_out() {
    let whole = document().write(MediaType::Xml);
    let (xml, json) = (
        MediaType::Xml.content_type(),
        MediaType::JsonV1.content_type(),
    );
    let leaking = whole.replace("/Mcx?a=b", "/Mcx?a=FE01.contoso.local");
    for (content_type, body) in [
        (xml, ""),
        (xml, "<x/>"),
        (xml, whole.trim_end_matches('>')),
        (xml, &whole.replace("<User>", "<!DOCTYPE x><User>")),
        (xml, &whole.replace("href=", "x=")),
        (xml, &document().write(MediaType::JsonV1)),
        (json, &whole),
        (json, "{}"),
        (json, "{\"Root\":{},\"User\":{}}"),
        ("text/html", &whole),
        ("", &whole),
        (xml, &leaking),
    ] {
        refused(&get(LYNC, ROOT), content_type, body);
    }
}

#[test]
fn t_http_11_open_routes_pass_as_nobody_whoever_asks() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    assert_eq!(connection.signs_in(&anna.client(), &ticket).told(), "anna");
    for path in [ROOT, MEX] {
        let plain = || get(LYNC, path);
        for request in [
            plain(),
            plain().basic("anna", &anna.password),
            plain().basic("anna", "not-it"),
            plain().token("NTLM", &anna.client().negotiate()),
            plain().with("authorization", "Negotiate !"),
            plain().with("x-contoso-who", "anna"),
        ] {
            let forward = connection.sends(&request).forward();
            assert!(matches!(forward.pass, Pass::Anonymous));
            assert_eq!(forward.onward, Onward::None);
            let headers = &forward.head.headers;
            assert!(!headers.contains_key("authorization"));
            assert!(!headers.contains_key("x-contoso-who"));
        }
    }
    assert_eq!(connection.verified, 1);
    assert_eq!(connection.sends(&ticket).told(), "anna");
}

#[test]
fn an_answer_to_head_has_no_body() {
    let scene = Scene::new();
    let request = Request::new(Method::HEAD, LYNC, ROOT);
    let passed = edited((&mut scene.connects(), &request), "text/html", "").unwrap();
    assert!(passed.body.is_empty());
    assert_eq!(passed.head.status, 200);
}

/// A front end's own metadata.
pub(crate) fn metadata(address: &str) -> String {
    let logons = vec![
        Logon::WinNegotiate,
        Logon::WinNtlm,
        Logon::Auth,
        Logon::Anon,
        Logon::Cert,
    ];
    let address = address.to_owned();
    WebTicketService { address, logons }.to_xml()
}

#[test]
fn metadata_has_the_ports_that_are_offered_under_published_names() {
    let own = "https://fe01.contoso.local:4443/WebTicket/WebTicketService.svc";
    let outside = "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc";
    let by_windows = [Kind::LyncWebTicket];
    let all = [Kind::LyncWebTicket, Kind::LyncAuth, Kind::LyncAnon];
    for (schemes, kinds, names) in [
        (
            vec![Scheme::Negotiate, Scheme::Ntlm],
            &all[..],
            &[
                "WebTicketServiceWinNegotiate",
                "WebTicketServiceWinNtlm",
                "WebTicketServiceAuth",
                "WebTicketServiceAnon",
            ][..],
        ),
        (
            vec![Scheme::Ntlm],
            &by_windows,
            &["WebTicketServiceWinNtlm"],
        ),
        (vec![Scheme::Ticket], &by_windows, &[]),
        (
            vec![Scheme::Negotiate],
            &all[..2],
            &["WebTicketServiceWinNegotiate", "WebTicketServiceAuth"],
        ),
    ] {
        let mut publication = publication_with(LYNC, |route| {
            if route.kind == Kind::LyncWebTicket {
                route.auth = Auth::Schemes(schemes.clone());
            }
        });
        let host = publication.hosts.get_mut(LYNC).unwrap();
        host.routes
            .retain(|route| !all.contains(&route.kind) || kinds.contains(&route.kind));
        let scene = Scene::publishing(publication);
        let request = get(LYNC, MEX);
        let passed = edited(
            (&mut scene.connects(), &request),
            "text/xml",
            &metadata(own),
        );
        let text = String::from_utf8(passed.unwrap().body.to_vec()).unwrap();
        let document = Document::parse(&text).unwrap();
        let ports = document.ports().iter();
        let found: Vec<&str> = ports.clone().map(|port| port.name.as_str()).collect();
        assert_eq!(found, names);
        for port in ports {
            let address = port.address.as_deref().unwrap();
            assert!(address.starts_with(outside), "{address}");
        }
        assert!(!text.contains("contoso.local"));
    }
}

/// By WS-Transfer, as WCF's own tools do.
#[test]
fn s3_metadata_is_asked_for_by_a_message_too_in_which_nobody_signs_in() {
    let scene = Scene::new();
    let message = |version: &str, header: &str| {
        format!(
            "<s:Envelope xmlns:s='{version}' xmlns:a='{ADDRESSING}'><s:Header>{header}<a:Action>\
             http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action></s:Header><s:Body/>\
             </s:Envelope>"
        )
    };
    let asked = |body: &str| {
        let length = body.len().to_string();
        post(LYNC, MEX, body.to_owned()).with("content-length", &length)
    };
    let typed = |body: &str, name| {
        asked(body)
            .without("content-type")
            .with("content-type", name)
    };
    let (old, new) = (message(SOAP_1_1, ""), message(SOAP_1_2, ""));
    for (request, body) in [
        (typed(&old, "text/xml; charset=utf-8"), &old),
        (typed(&new, "application/soap+xml; charset=utf-8"), &new),
    ] {
        let mut connection = scene.connects();
        let forward = connection.sends(&request).forward();
        assert!(matches!(forward.pass, Pass::Anonymous));
        let RequestBody::Keep(kept) = forward.body else {
            panic!("it goes on as it was read");
        };
        assert_eq!(kept, body.as_bytes());
        assert!(matches!(forward.answer, AnswerBody::Read { .. }));
        assert_eq!(connection.verified, 0);
    }
    let token = "<o:Security xmlns:o='urn:any'><o:UsernameToken/></o:Security>";
    for request in [
        asked(&message(SOAP_1_1, token)),
        asked("<x/>"),
        asked("x"),
        typed(&old, "text/plain"),
        asked(&old).with("content-encoding", "gzip"),
    ] {
        assert_eq!(scene.connects().sends(&request).told(), "400");
    }
}

#[test]
fn metadata_that_cannot_be_read_or_names_another_host_does_not_come_out() {
    let own = metadata("https://fe01.contoso.local/WebTicket");
    for body in [
        "",
        "<definitions/>",
        own.trim_end_matches('>'),
        &own.replace("<wsdl:definitions", "<!DOCTYPE x><wsdl:definitions"),
        &own.replace(" name=\"WebTicketServiceWinNtlm\"", ""),
        &metadata("https://pool9.contoso.local/WebTicket"),
        &metadata("https://evil.example/WebTicket"),
        &own.replace(
            "</wsdl:definitions>",
            "<!-- fe01.contoso.local --></wsdl:definitions>",
        ),
    ] {
        refused(&get(LYNC, MEX), "text/xml", body);
    }
}

#[test]
fn metadata_names_no_host_that_is_not_published_wherever_it_stands() {
    let own = metadata("https://fe01.contoso.local/WebTicket");
    let with = |inside: &str| {
        own.replace(
            "</wsdl:definitions>",
            &format!("{inside}</wsdl:definitions>"),
        )
    };
    for url in [
        "https://pool9.contoso.local/x",
        "HTTP://pool9.contoso.local/x",
        "//pool9.contoso.local/x",
        "https://www.w3.org@pool9.contoso.local/",
        "https:pool9.contoso.local",
        "ftp://lyncweb.contoso.com/x",
        "net.tcp://pool9.contoso.local/x",
    ] {
        for inside in [
            format!("<wsdl:import namespace='urn:x' location='{url}'/>"),
            format!("<xs:import xmlns:xs='urn:x' schemaLocation='{url}'/>"),
            format!("<sp:Issuer><wsa:Address>{url}</wsa:Address></sp:Issuer>"),
            format!("<Address xmlns='urn:x'>{url}</Address>"),
        ] {
            refused(&get(LYNC, MEX), "text/xml", &with(&inside));
        }
    }
    let elsewhere = "<wsp:PolicyReference URI='https://pool9.contoso.local/p'/>";
    refused(&get(LYNC, MEX), "text/xml", &with(elsewhere));
    let scene = Scene::new();
    for url in [
        "https://FE01.contoso.local/WebTicket?wsdl=0",
        "https://lyncdiscover.contoso.com/x",
        "http://www.w3.org/2005/08/addressing/anonymous",
        "http://schemas.microsoft.com/ws/2005/05/addressing/none",
        "urn:x",
        "x.xsd",
    ] {
        let inside = format!("<wsdl:import location='{url}'/><wsa:Address>{url}</wsa:Address>");
        let request = get(LYNC, MEX);
        let passed = edited(
            (&mut scene.connects(), &request),
            "text/xml",
            &with(&inside),
        );
        let text = String::from_utf8(passed.unwrap().body.to_vec()).unwrap();
        assert!(!text.to_lowercase().contains("fe01"), "{text}");
    }
}
