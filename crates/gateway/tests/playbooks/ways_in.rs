//! The other ways to a web ticket: a UsernameToken on `/Auth`, the grants of `/WebTicket/oauthtoken`,
//! and a meeting's guests (S13-S15, S33).

use gateway::Forward;
use gateway::conversation::{Pass, RequestBody};
use proto::soap::namespace::{SECURITY, SOAP_1_1, SOAP_1_2};

use crate::connection::{Connection, Said};
use crate::documents::{WEB_TICKET, answer_with_cwt, answered, rst};
use crate::request::{Request, post};
use crate::scene::{LYNC, MAIL, Person, Scene};

const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const ANON: &str = "/WebTicket/WebTicketService.svc/Anon";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
const WINDOWS: &str = "grant_type=urn%3Amicrosoft.rtc%3Awindows";

/// An RST with a UsernameToken in its header.
pub(crate) fn with_token(version: &str, username: &str, password: &str, sip_uri: &str) -> String {
    let header = format!(
        "<s:Header><o:Security xmlns:o='{SECURITY}' s:mustUnderstand='1'><o:UsernameToken>\
         <o:Username>{username}</o:Username><o:Password>{password}</o:Password>\
         </o:UsernameToken></o:Security></s:Header><s:Body>"
    );
    rst(sip_uri)
        .replace("<s:Body>", &header)
        .replace(SOAP_1_1, version)
}

fn by_token(username: &str, password: &str, sip_uri: &str) -> Request {
    post(
        LYNC,
        AUTH,
        with_token(SOAP_1_1, username, password, sip_uri),
    )
}

fn form(body: &str) -> Request {
    let request = post(LYNC, OAUTHTOKEN, body.to_owned()).without("content-type");
    request.with(
        "content-type",
        "application/x-www-form-urlencoded;charset=UTF-8",
    )
}

fn by_grant(person: &Person, password: &str) -> Request {
    let name = person.account.upn.replace('@', "%40");
    form(&format!(
        "grant_type=password&username={name}&password={password}"
    ))
}

fn body(forward: &Forward) -> String {
    match &forward.body {
        RequestBody::Keep(body) | RequestBody::Replace(body) => {
            String::from_utf8(body.to_vec()).unwrap()
        }
        RequestBody::AsSent => panic!("it was not read"),
    }
}

/// The status, body and offers of an answer of ours.
fn answer(said: Said) -> (u16, String, Vec<String>) {
    let offers = said.offers();
    let reply = said.replied().reply;
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    (reply.status.as_u16(), text, offers)
}

#[test]
fn s33_a_username_token_is_checked_here_and_goes_no_further() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let base64 = |text: &str| {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(text)
    };
    let plain = anna.password.replace('-', "");
    for (version, username, password) in [
        (SOAP_1_1, "CONTOSO\\anna".to_owned(), anna.password.clone()),
        (SOAP_1_1, "anna@contoso.com".to_owned(), plain.clone()),
        (SOAP_1_1, base64("CONTOSO\\anna"), base64(&anna.password)),
        (SOAP_1_2, base64("anna@contoso.com"), base64(&plain)),
    ] {
        let sent = with_token(version, &username, &password, anna.sip_uri());
        let mut connection = scene.connects();
        let forward = connection.sends(&post(LYNC, AUTH, sent)).forward();
        assert!(matches!(&forward.pass, Pass::As(who) if who.account().sam == "anna"));
        assert_eq!(
            forward.head.uri, WEB_TICKET,
            "the back end is asked by our word"
        );
        let onward = body(&forward);
        assert_eq!(onward, rst(anna.sip_uri()).replace(SOAP_1_1, version));
        assert!(connection.conversation.identity().is_none());
        let ticket = answer_with_cwt("AAEC");
        let ticket = answered(200, &[("content-type", "text/xml")], &ticket);
        let passed = connection.answers(&forward, ticket).unwrap();
        assert_eq!(passed.tickets.len(), 1, "its ticket is known");
    }
}

#[test]
fn s33_a_username_token_that_is_not_right_gets_one_fault_for_every_reason() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let revoked = scene.person("clara");
    scene.revokes(&revoked);
    let wrong = |username: &str, password: &str, sip_uri: &str| {
        let said = scene
            .connects()
            .sends(&by_token(username, password, sip_uri));
        answer(said)
    };
    let first = wrong("CONTOSO\\anna", "not-it", anna.sip_uri());
    assert_eq!((first.0, first.2.len()), (500, 0));
    assert!(first.1.contains("28020") && first.1.contains("FailedAuthentication"));
    for (username, password, sip_uri) in [
        ("CONTOSO\\nobody", "not-it", anna.sip_uri()),
        ("CONTOSO\\ben", anna.password.as_str(), ben.sip_uri()),
        (
            "CONTOSO\\clara",
            revoked.password.as_str(),
            revoked.sip_uri(),
        ),
        ("CONTOSO\\anna", anna.password.as_str(), ben.sip_uri()),
    ] {
        assert_eq!(wrong(username, password, sip_uri), first, "{username}");
    }
    // Whoever signed in on the connection does not lend a name to a body without one.
    let mut connection = scene.connects();
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    assert_eq!(connection.signs_in(&anna.client(), &ticket).told(), "anna");
    let without = connection.sends(&post(LYNC, AUTH, rst(anna.sip_uri())));
    assert_eq!(answer(without).0, 400);
}

#[test]
fn a_username_token_opens_auth_and_nothing_else() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let sent = with_token(SOAP_1_1, "CONTOSO\\anna", &anna.password, anna.sip_uri());
    for path in [ANON, "/WebTicket/oauthtoken"] {
        let said = scene.connects().sends(&post(LYNC, path, sent.clone()));
        assert_eq!(answer(said).0, 400, "{path}");
    }
    let mut connection = scene.connects();
    let said = connection.signs_in(&anna.client(), &post(LYNC, WEB_TICKET, sent));
    assert_eq!(answer(said).0, 400, "two ways at once are none");
}

#[test]
fn s33_the_grant_by_password_becomes_one_by_our_word() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let forward = connection.sends(&by_grant(&anna, &anna.password)).forward();
    assert!(matches!(&forward.pass, Pass::As(who) if who.account().sam == "anna"));
    assert_eq!(
        (forward.head.uri.path(), body(&forward).as_str()),
        (OAUTHTOKEN, WINDOWS)
    );
    let json = "{\"access_token\":\"cwt=AAEC\",\"expires_in\":3600,\"token_type\":\"Bearer\"}";
    let ticket = answered(200, &[("content-type", "application/json")], json);
    let passed = connection.answers(&forward, ticket).unwrap();
    assert_eq!(
        (passed.body.as_ref(), passed.tickets.len()),
        (json.as_bytes(), 1)
    );

    let refused = "{\"error\":\"invalid_grant\"}".to_owned();
    for wrong in ["not-it", "%00", ""] {
        let (status, text, offers) = answer(scene.connects().sends(&by_grant(&anna, wrong)));
        assert_eq!((status, offers.len()), (400, 0), "{wrong}");
        assert!(text == refused || wrong == "%00", "{wrong}: {text}");
    }
}

#[test]
fn the_grant_by_windows_is_whatever_the_connection_proves() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for sent in [
        "",
        WINDOWS,
        "grant_type=urn:microsoft.rtc:windows&username=ben",
    ] {
        let mut connection = scene.connects();
        let said = connection.signs_in(&anna.client(), &form(sent));
        assert_eq!(said.told(), "anna", "{sent}");
        assert_eq!(body(&said.forward()), WINDOWS, "{sent}");
        assert_eq!(connection.sends(&form(WINDOWS)).told(), "anna", "once more");
        assert_eq!(connection.verified, 1);
    }
    let (status, _, offers) = answer(scene.connects().sends(&form(WINDOWS)));
    assert_eq!(
        (status, offers),
        (401, vec!["Negotiate".to_owned(), "NTLM".to_owned()])
    );
    let mut connection = scene.connects();
    let said = connection.signs_in(&anna.mistyped(), &form(WINDOWS));
    assert_eq!(said.told(), "401");
    let basic = form(WINDOWS).basic("anna", &anna.password);
    assert_eq!(scene.connects().sends(&basic).told(), "401");
}

#[test]
fn what_goes_on_says_nothing_that_was_not_read() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let name = anna.account.upn.replace('@', "%40");
    let sent = format!(
        "grant_type=password&username={name}&password={}&ms_rtc_renew=cwt%3Dof-ben",
        anna.password
    );
    let path = format!("{OAUTHTOKEN}?grant_type=password&username=ben&password=Domain-1");
    let request = post(LYNC, &path, sent)
        .without("content-type")
        .with("content-type", "multipart/form-data; charset=IBM037")
        .with("content-encoding", "gzip");
    let said = scene.connects().sends(&request);
    assert_eq!(said.told(), "anna");
    let forward = said.forward();
    assert_eq!(body(&forward), WINDOWS);
    assert_eq!(forward.head.uri, OAUTHTOKEN);
    let headers = &forward.head.headers;
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!headers.contains_key("content-encoding"));
}

#[test]
fn forms_that_cannot_be_read_or_are_not_offered_are_told_so() {
    let scene = Scene::new();
    let invalid = "{\"error\":\"invalid_request\"}";
    let unsupported = "{\"error\":\"unsupported_grant_type\"}";
    for (sent, error) in [
        ("", invalid),
        ("{}", invalid),
        ("grant_type=password&grant_type=password", invalid),
        ("grant_type=client_credentials", unsupported),
        ("grant_type=urn:microsoft.rtc:passive", unsupported),
    ] {
        let said = scene.connects().sends(&form(sent));
        let Said::Replies(replied) = &said else {
            panic!("it passed: {sent}");
        };
        assert!(replied.reply.headers.contains_key("x-ms-diagnostics"));
        assert_eq!(answer(said), (400, error.to_owned(), Vec::new()), "{sent}");
    }
}

#[test]
fn s15_guests_pass_as_nobody_and_their_tickets_are_nobodys() {
    let scene = Scene::new();
    let meeting = "sip:anna@contoso.com;gruu;opaque=app:conf:focus:id:1";
    let asks = [
        post(LYNC, ANON, rst(meeting)),
        form(&format!(
            "grant_type=urn:microsoft.rtc:anonmeeting&password=KEY&ms_rtc_conferenceuri={meeting}"
        )),
    ];
    for (request, answer) in asks.iter().zip([
        answer_with_cwt("GUEST"),
        "{\"access_token\":\"cwt=GUEST\"}".to_owned(),
    ]) {
        let mut connection = scene.connects();
        let forward = connection.sends(request).forward();
        assert!(matches!(forward.pass, Pass::Anonymous));
        assert_eq!(connection.verified, 0);
        let ticket = answered(200, &[("content-type", "text/xml")], &answer);
        let passed = connection.answers(&forward, ticket).unwrap();
        assert_eq!(passed.body.as_ref(), answer.as_bytes());
        assert!(
            passed.tickets.is_empty(),
            "it opens nothing that asks for one"
        );
    }
}

/// Whoever has proved nothing yet learns from these headers where to do it.
#[test]
fn nobody_is_sent_elsewhere_to_prove_who_they_are() {
    let meeting = "sip:anna@contoso.com;gruu;opaque=app:conf:focus:id:1";
    for (name, value, stays) in [
        (
            "www-authenticate",
            "MsRtcOAuth href=\"https://evil.example/x\",grant_type=\"y\"",
            false,
        ),
        (
            "www-authenticate",
            "Bearer authorization_uri=\"https://evil.example/x\"",
            false,
        ),
        (
            "www-authenticate",
            "MsRtcOAuth href=\"https://lyncweb.contoso.com/x\",grant_type=\"y\"",
            true,
        ),
        ("x-ms-webticketurl", "https://evil.example/x", false),
        ("x-ms-webticketurl", "https://lyncweb.contoso.com/x", true),
    ] {
        let scene = Scene::new();
        let mut connection = scene.connects();
        let forward = connection.sends(&post(LYNC, ANON, rst(meeting))).forward();
        let passed = connection.answers(&forward, answered(401, &[(name, value)], ""));
        let headers = passed.unwrap().head.headers;
        assert_eq!(headers.contains_key(name), stays, "{value}");
    }
}

#[test]
fn where_guests_are_not_let_in_they_are_told_so() {
    let mut publication = crate::scene::publication();
    let closed = gateway::preset::lync::LyncPool {
        guests: false,
        ..crate::scene::lync_pool()
    };
    publication
        .hosts
        .extend(gateway::preset::lync::hosts(&closed));
    let scene = Scene::publishing(publication);
    let said = scene
        .connects()
        .sends(&post(LYNC, ANON, rst("sip:a@contoso.com")));
    assert_eq!(said.told(), "404");
    let sent = "grant_type=urn:microsoft.rtc:anonmeeting&ms_rtc_conferenceuri=sip:a@contoso.com";
    let (status, text, _) = answer(scene.connects().sends(&form(sent)));
    assert_eq!(
        (status, text.as_str()),
        (400, "{\"error\":\"unsupported_grant_type\"}")
    );
}

#[test]
fn t_cred_6_every_way_in_raises_the_same_counter() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let by_basic = |path: &str| post(MAIL, path, String::new()).basic(&anna.account.upn, "x");
    let ways: [&dyn Fn(&mut Connection<'_>) -> Said; 7] = [
        &|connection| connection.sends(&by_basic("/EWS/Exchange.asmx")),
        &|connection| connection.sends(&by_basic("/Microsoft-Server-ActiveSync")),
        &|connection| {
            let mail = post(MAIL, "/EWS/Exchange.asmx", String::new());
            connection.signs_in(&anna.mistyped(), &mail)
        },
        &|connection| connection.sends(&by_token("CONTOSO\\anna", "x", anna.sip_uri())),
        &|connection| connection.sends(&by_grant(&anna, "x")),
        &|connection| connection.signs_in(&anna.mistyped(), &form(WINDOWS)),
        &|connection| {
            let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
            connection.signs_in(&anna.mistyped(), &ticket)
        },
    ];
    let before = scene.audited().len();
    for (number, way) in ways.iter().enumerate() {
        let said = way(&mut scene.connects());
        assert!(matches!(said, Said::Replies(_)), "way {number}");
        let trail = scene.audited();
        assert_eq!(trail.len(), before + number + 1, "way {number}");
        let account = trail.last().unwrap().account.clone();
        assert_eq!(account.as_ref(), Some(&anna.account.id), "way {number}");
    }
}
