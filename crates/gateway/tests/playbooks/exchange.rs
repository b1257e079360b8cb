//! Exchange: what each path takes, addresses under their published names, devices by their id
//! (design 14; S43, S46, S50).

use authn::place::Service;
use gateway::conversation::{AnswerBody, Patience};
use gateway::route::Auth;
use http::Method;

use crate::connection::Said;
use crate::documents::answered;
use crate::request::{Request, get, post};
use crate::scene::{EXCHANGE, MAIL, Scene, exchange, publication};

const AUTODISCOVER: &str = "autodiscover.contoso.com";
const POX: &str = "/autodiscover/autodiscover.xml";
const SOAP: &str = "/autodiscover/autodiscover.svc";
const SYNC: &str =
    "/Microsoft-Server-ActiveSync?Cmd=Sync&User=anna&DeviceId=APPL123&DeviceType=iPhone";

/// An answer of `autodiscover.xml` that names a host.
fn pox_answer(host: &str) -> String {
    format!(
        "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\
         <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\
         <Account><Protocol><Type>EXCH</Type><Server>{host}</Server><EwsUrl>https://{host}/EWS/Exchange.asmx\
         </EwsUrl></Protocol><Protocol><Type>EXPR</Type><Server>{host}</Server><OABUrl>https://{host}/OAB/\
         </OABUrl></Protocol></Account></Response></Autodiscover>"
    )
}

fn basic(scene: &Scene, request: &Request) -> String {
    let anna = scene.person("anna");
    let request = request.clone().basic("anna@contoso.com", &anna.password);
    scene.connects().sends(&request).told()
}

#[test]
fn s43_one_app_password_opens_autodiscover_and_mailboxes() {
    for request in [
        post(AUTODISCOVER, POX, "<x/>"),
        post(AUTODISCOVER, SOAP, "<x/>"),
        post(MAIL, POX, "<x/>"),
        get(MAIL, SOAP),
        post(MAIL, "/EWS/Exchange.asmx", "<x/>"),
        post(MAIL, "/mapi/emsmdb/", "x"),
        get(MAIL, "/OAB/x/oab.xml"),
    ] {
        assert_eq!(
            basic(&Scene::new(), &request),
            "anna",
            "{}",
            request.head.uri
        );
    }
    let scene = Scene::new();
    let phone = scene.person_for("ben", &[Service::ACTIVESYNC]);
    let pox = post(AUTODISCOVER, POX, "<x/>").basic("ben", &phone.password);
    assert_eq!(scene.connects().sends(&pox).told(), "ben", "a signpost");
    let lync = scene.person_for("clara", &[Service::LYNC]);
    let pox = post(AUTODISCOVER, POX, "<x/>").basic("clara", &lync.password);
    assert_eq!(scene.connects().sends(&pox).told(), "401", "no mailbox");
}

/// What the article sets in two directories, and switches off for Lync, is one table here: nothing can differ.
#[test]
fn s51_both_directories_take_the_same_of_the_same_servers_and_nothing_of_lync() {
    let hosts = gateway::preset::exchange::hosts(&exchange());
    let routes = || hosts.iter().flat_map(|(_, host)| &host.routes);
    let of = |service: Service| {
        let of_it = routes().filter(move |it| it.service == service && it.auth != Auth::Closed);
        of_it.map(|it| (it.auth.clone(), it.farm.clone(), it.onward.clone()))
    };
    let mailboxes: Vec<_> = of(Service::EWS).collect();
    assert!(!mailboxes.is_empty());
    for settings in of(Service::AUTODISCOVER).chain(mailboxes.clone()) {
        assert_eq!(Some(&settings), mailboxes.first());
    }
    assert!(routes().all(|it| it.service != Service::LYNC && it.ticket.is_none()));
}

#[test]
fn s50_every_address_comes_out_under_its_published_name() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let request = post(AUTODISCOVER, POX, "<x/>").basic("anna", &anna.password);
    let forward = connection.sends(&request).forward();
    assert!(matches!(forward.answer, AnswerBody::Read { .. }));
    let answer = pox_answer("exch01.contoso.local");
    let passed = connection
        .answers(
            &forward,
            answered(200, &[("content-type", "text/xml")], &answer),
        )
        .unwrap();
    let text = String::from_utf8(passed.body.to_vec()).unwrap();
    assert!(!text.contains("exch01"), "{text}");
    assert!(
        text.contains("<EwsUrl>https://mail.contoso.com/EWS/Exchange.asmx</EwsUrl>"),
        "{text}"
    );
    assert!(
        text.contains("<OABUrl>https://mail.contoso.com/OAB/</OABUrl>"),
        "{text}"
    );
    assert!(text.contains("<Server>mail.contoso.com</Server>"), "{text}");
    assert!(
        text.contains("<Server></Server>"),
        "what only RPC could use is blank: {text}"
    );
}

#[test]
fn a_document_that_names_a_strange_host_does_not_come_out_and_the_log_says_which() {
    for (host, comes_out) in [
        ("exch99.contoso.local", false),
        ("outlook.office365.com", true),
        ("mail.contoso.com", true),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let answer = pox_answer(host);
        let answered = connection.answers(&forward, answered(200, &[], &answer));
        match answered {
            Ok(_) => assert!(comes_out, "{host}"),
            Err(reply) => {
                assert_eq!((reply.status.as_u16(), comes_out), (502, false), "{host}");
                assert!(reply.cause.unwrap().contains(host));
                assert!(
                    !String::from_utf8(reply.body.to_vec())
                        .unwrap()
                        .contains(host)
                );
            }
        }
    }
}

/// Servers are called as published names, paths and namespaces begin, and `init` lists such names.
#[test]
fn s50_a_short_name_that_begins_a_published_one_stops_no_document() {
    for own in ["MAIL", "exchange", "autodiscover", "email", "settings"] {
        let mut exchange = exchange();
        exchange.internal_names = std::collections::BTreeMap::from([
            (own.to_ascii_lowercase(), "mail.contoso.com".to_owned()),
            (EXCHANGE.to_owned(), "mail.contoso.com".to_owned()),
        ]);
        let mut publication = publication();
        publication
            .hosts
            .extend(gateway::preset::exchange::hosts(&exchange));
        let scene = Scene::publishing(publication);
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let kinds = "<Account><AccountType>email</AccountType><Action>settings</Action>";
        let answer = pox_answer(EXCHANGE).replace("<Account>", kinds);
        let passed = connection
            .answers(&forward, answered(200, &[], &answer))
            .unwrap();
        let text = String::from_utf8(passed.body.to_vec()).unwrap();
        assert!(text.contains(kinds), "{text}");
        assert!(
            text.contains("<EwsUrl>https://mail.contoso.com/EWS/Exchange.asmx"),
            "{text}"
        );
        let named = answer.replace("/EWS/Exchange.asmx", &format!("/x?of={own}"));
        let forward = connection.sends(&request).forward();
        let refused = connection
            .answers(&forward, answered(200, &[], &named))
            .unwrap_err();
        let cause = refused.cause.unwrap();
        assert!(
            cause.contains(&format!("`{}`", own.to_ascii_lowercase())),
            "{cause}"
        );
    }
}

/// What somebody calls themselves stops nobody's mail, whatever it looks like.
#[test]
fn what_a_mailbox_is_called_is_left_out_where_it_looks_like_an_address() {
    for (name, told) in [
        ("Anna Svensson", "Anna Svensson"),
        ("R&amp;D: http: help", ""),
        ("http://elsewhere.example/x", ""),
        ("\\\\elsewhere\\x", ""),
        ("on exch01.contoso.local", ""),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let named = format!("<User><DisplayName>{name}</DisplayName></User><Account>");
        let answer = pox_answer("mail.contoso.com").replace("<Account>", &named);
        let passed = connection
            .answers(&forward, answered(200, &[], &answer))
            .unwrap();
        let text = String::from_utf8(passed.body.to_vec()).unwrap();
        assert!(
            text.contains(&format!("<DisplayName>{told}</DisplayName>")),
            "{text}"
        );
    }
}

/// A value may hold more than one address, and be no address itself.
#[test]
fn s43_no_address_of_a_value_names_a_host_that_is_not_published() {
    let published = "https://mail.contoso.com/EWS";
    let inner = "mbx07.contoso.local";
    for (value, comes_out) in [
        (format!("{published} https://{inner}/EWS"), false),
        (format!("{published};http://{inner}"), false),
        (format!("{published},ldap://{inner}:389/x"), false),
        (format!("{published}?to=https://{inner}/"), false),
        (format!("see https://{inner}/ there"), false),
        (format!("ldap://{inner}"), false),
        (format!("https:{inner}/EWS"), false),
        (format!("{published} HTTP:\\\\{inner}"), false),
        (format!("https://{inner}\\@mail.contoso.com/"), false),
        (
            format!("{published} https://autodiscover.contoso.com/x"),
            true,
        ),
        (format!("{published}, (https://mail.contoso.com)"), true),
        (format!("{published} http://www.w3.org/2001"), true),
        ("https://outlook.office365.com/EWS".to_owned(), true),
        ("http://outlook.office365.com/EWS".to_owned(), false),
        ("ftp://mail.contoso.com/EWS".to_owned(), false),
        (
            "//evil.example/?x=https://mail.contoso.com/EWS".to_owned(),
            false,
        ),
        (
            "/\\evil.example/?x=https://mail.contoso.com/EWS".to_owned(),
            false,
        ),
        (
            "\\\\evil.example\\s?x=https://mail.contoso.com/EWS".to_owned(),
            false,
        ),
        (
            "/\t/evil.example/?x=https://mail.contoso.com/EWS".to_owned(),
            false,
        ),
        (format!("//evil.example/?x=https://{inner}/EWS"), false),
        ("/&#9;/evil.example/EWS".to_owned(), false),
        ("/ /evil.example/EWS".to_owned(), false),
        (format!("/\t/evil.example/?x=https://{inner}/EWS"), false),
        ("\\\\evil\\x".to_owned(), false),
        ("\\/evil.example/x".to_owned(), false),
        ("/\\evil.example/x".to_owned(), false),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let named = "https://mail.contoso.com/EWS/Exchange.asmx";
        let answer = pox_answer("mail.contoso.com").replace(named, &value);
        assert!(answer.contains(&value));
        let answered = connection.answers(&forward, answered(200, &[], &answer));
        assert_eq!(answered.is_ok(), comes_out, "{value}");
    }
}

/// Outlook comes to what EXPR calls the server, which is no address: one that is not published is of use to nobody.
#[test]
fn s50_what_is_called_the_server_outside_is_published_or_blank() {
    for (host, stays) in [
        ("mail.contoso.com", true),
        ("MAIL.contoso.com:443", true),
        ("outlook.office365.com", true),
        ("evil.example", false),
        ("evil.example:443", false),
        ("mail.contoso.com:443@evil.example", false),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let named = "<Type>EXPR</Type><Server>mail.contoso.com</Server>";
        let told = format!(
            "<Type>EXPR</Type><Server>{host}</Server><CertPrincipalName>msstd:{host}</CertPrincipalName>\
             <EwsPartnerUrl>{host}/EWS</EwsPartnerUrl>"
        );
        let answer = pox_answer("mail.contoso.com").replace(named, &told);
        assert!(answer.contains(&told));
        let passed = connection.answers(&forward, answered(200, &[], &answer));
        let text = String::from_utf8(passed.unwrap().body.to_vec()).unwrap();
        assert_eq!(text.contains(&told), stays, "{host}: {text}");
        assert!(!text.contains("evil"), "{host}: {text}");
    }
}

/// A certificate for all hosts of a domain, and the servers of mail that Outlook reads beside Exchange's own.
#[test]
fn s50_whatever_kind_of_setting_tells_a_host_tells_a_published_one() {
    for (setting, stays) in [
        (
            "<CertPrincipalName>msstd:*.contoso.com</CertPrincipalName>",
            true,
        ),
        (
            "<CertPrincipalName>MSSTD:mail.contoso.com</CertPrincipalName>",
            true,
        ),
        ("<CertPrincipalName>msstd:*.com</CertPrincipalName>", false),
        (
            "<CertPrincipalName>MsStd:*.evil.example</CertPrincipalName>",
            false,
        ),
        (
            "<SiteMailboxCreationURL>evil.example/x</SiteMailboxCreationURL>",
            false,
        ),
        ("<EwsUrl>EXCH09/EWS/Exchange.asmx</EwsUrl>", false),
        ("<EwsUrl>exch09:443</EwsUrl>", false),
        ("<EcpUrl>owa</EcpUrl>", true),
        (
            "<SiteMailboxCreationURL>[2001:db8::1]/x</SiteMailboxCreationURL>",
            false,
        ),
        (
            "</Protocol><Protocol><Type>IMAP</Type><Server>mail.contoso.com</Server>",
            true,
        ),
        (
            "</Protocol><Protocol><Type>SMTP</Type><Server>smtp.evil.example</Server>",
            false,
        ),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let mut connection = scene.connects();
        let request = post(MAIL, POX, "<x/>").basic("anna", &anna.password);
        let forward = connection.sends(&request).forward();
        let named = "<Type>EXPR</Type><Server>mail.contoso.com</Server>";
        let answer = pox_answer("mail.contoso.com").replace(named, &format!("{named}{setting}"));
        assert!(answer.contains(setting));
        let passed = connection.answers(&forward, answered(200, &[], &answer));
        let text = String::from_utf8(passed.unwrap().body.to_vec()).unwrap();
        assert_eq!(text.contains(setting), stays, "{setting}: {text}");
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn a_phone_is_known_by_its_id_beside_its_app_password() {
    let scene = Scene::new();
    let phone = scene.person_for("anna", &[Service::ACTIVESYNC]);
    let options = Request::new(Method::OPTIONS, MAIL, "/Microsoft-Server-ActiveSync");
    let options = options.basic("anna", &phone.password);
    assert_eq!(scene.connects().sends(&options).told(), "anna");
    assert_eq!(scene.app_password(&phone).seen_device, None);
    let sync = post(MAIL, SYNC, "x").basic("anna", &phone.password);
    assert_eq!(scene.connects().sends(&sync).told(), "anna");
    assert_eq!(
        scene.app_password(&phone).seen_device.as_deref(),
        Some("APPL123")
    );
    assert_eq!(scene.connects().sends(&options).told(), "anna");
    assert_eq!(
        scene.app_password(&phone).seen_device.as_deref(),
        Some("APPL123"),
        "it stays"
    );
}

/// A phone names its heartbeat itself, up to 59 minutes, in Ping as in Sync.
#[test]
fn s50_a_phone_that_waits_for_its_push_may_wait_as_long_as_it_says() {
    let ping = SYNC.replace("Cmd=Sync", "Cmd=Ping");
    for (path, patience) in [
        (SYNC, Patience::Heartbeat),
        (&*ping, Patience::Heartbeat),
        ("/EWS/Exchange.asmx", Patience::Ordinary),
    ] {
        let scene = Scene::new();
        let phone = scene.person_for("ben", &[Service::ACTIVESYNC, Service::EWS]);
        let request = post(MAIL, path, "x").basic("ben", &phone.password);
        let forward = scene.connects().sends(&request).forward();
        assert_eq!(forward.patience, patience, "{path}");
    }
}

/// 451 says where else a mailbox is; a server of another name is nobody's business outside.
#[test]
fn s50_a_phone_that_is_sent_elsewhere_is_sent_to_the_published_name() {
    let scene = Scene::new();
    let phone = scene.person_for("ben", &[Service::ACTIVESYNC]);
    let own = "https://EXCH01.contoso.local/Microsoft-Server-ActiveSync";
    let outside = "https://mail.contoso.com/Microsoft-Server-ActiveSync";
    for (said, told) in [
        (own, Some(outside)),
        (outside, Some(outside)),
        (
            "https://mail.contoso.com/?to=exch01.contoso.local",
            Some("https://mail.contoso.com/?to=mail.contoso.com"),
        ),
    ] {
        let mut connection = scene.connects();
        let request = post(MAIL, SYNC, "x").basic("ben", &phone.password);
        let forward = connection.sends(&request).forward();
        let head = [("x-ms-location", said)];
        let passed = connection.answers(&forward, answered(451, &head, ""));
        let headers = passed.unwrap().head.headers;
        let location = headers.get("x-ms-location");
        assert_eq!(location.map(|it| it.to_str().unwrap()), told, "{said}");
    }
}

#[test]
fn phones_are_offered_what_they_understand_and_nothing_else() {
    let scene = Scene::new();
    let anna = scene.person_for("anna", &[Service::ACTIVESYNC]);
    let said = scene.connects().sends(&post(MAIL, SYNC, "x"));
    assert_eq!(
        said.offers(),
        ["Basic realm=\"contoso\", charset=\"UTF-8\""]
    );
    let said = scene
        .connects()
        .sends(&post(MAIL, SYNC, "x").token("NTLM", &anna.client().negotiate()));
    assert!(matches!(said, Said::Replies(_)));
    assert_eq!(said.told(), "401");
}

#[test]
fn other_organisations_servers_are_let_to_exchange_from_where_they_are_and_nowhere_else() {
    let paths = [
        "/EWS/mrsproxy.svc",
        "/EWS/Exchange.asmx/WSSecurity",
        "/Autodiscover/Autodiscover.svc/WSSecurity",
    ];
    for path in paths {
        let said = Scene::new()
            .connects()
            .sends(&post(MAIL, path, "<x/>"))
            .told();
        assert_eq!(said, "404", "{path}");
    }
    for (network, told) in [("198.51.100.0/24", "nobody"), ("203.0.113.0/24", "404")] {
        let mut publication = publication();
        let mut exchange = exchange();
        exchange.hybrid = vec![network.parse().unwrap()];
        publication
            .hosts
            .extend(gateway::preset::exchange::hosts(&exchange));
        let scene = Scene::publishing(publication);
        for path in paths {
            let said = scene.connects().sends(&post(MAIL, path, "<x/>")).told();
            assert_eq!(said, told, "{path} from {network}");
        }
    }
}
