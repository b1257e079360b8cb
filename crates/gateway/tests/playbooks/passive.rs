//! A pool in passive mode: what it offers, whose a session is, and what the session's tickets open (decision 0015).

use std::sync::Arc;

use authn::account::AccountState;
use authn::audit::{Kind, Reason};
use authn::credential::CredentialId;
use authn::place::{Method, Service, Zone};
use authn::policy::{Combination, Policy, Rule};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gateway::conversation::{AnswerBody, RequestBody};
use gateway::preset::lync::{self, LyncPool};
use gateway::route::{Auth, Host, Onward, PathPattern, Route};
use http::Version;
use proto::lync::mex::{Document, Logon, WebTicketService};

use crate::connection::{Connection, Passed};
use crate::documents::{MEX, USER, WEB_TICKET, answered, rst};
use crate::request::{Request, get, post};
use crate::scene::{
    FRONT_END, LYNC, OTHER_POOL, Person, Scene, lync_pool, other_pool, publication,
};

const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const CERT: &str = "/WebTicket/WebTicketService.svc/cert";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
const OAUTH_USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
pub(crate) const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
const GRANT: &str = "grant_type=urn:microsoft.rtc:passive";
const FORM: &str = "application/x-www-form-urlencoded";
const BEGINS: &str = "{\"error\":\"invalid_grant\",\"ms_rtc_passiveauthuri\":\
     \"https://lyncweb.contoso.com/PassiveAuth/PassiveAuth.aspx\"}";
/// Anna's SID, and that of Ben.
pub(crate) const ANNA: &str = "S-1-5-21-1-2-3-1104";
const BEN: &str = "S-1-5-21-1-2-3-1105";

/// A secret and a code, by a page.
pub(crate) fn by_page() -> Policy {
    let rule = Rule {
        zones: [Zone::EXTERNAL].into(),
        methods: vec![Combination::from(Method::MemorisedSecret).and(Method::OneTimeCode)],
        ..Rule::default()
    };
    Policy { rules: vec![rule] }
}

fn passive(policy: Policy, certificate_sign_in: bool) -> Scene {
    let mut publication = publication();
    for pool in [lync_pool(), other_pool()] {
        let pool = LyncPool {
            passive: true,
            certificate_sign_in,
            ..pool
        };
        publication.hosts.extend(lync::hosts(&pool));
    }
    publication.policy = policy;
    Scene::publishing(publication)
}

/// Two passive pools, and Anna.
fn scene() -> (Scene, Person) {
    let scene = passive(by_page(), false);
    let anna = scene.person_of_pages("anna", Some(ANNA));
    (scene, anna)
}

pub(crate) fn form(host: &str, path: &str, body: impl Into<bytes::Bytes>) -> Request {
    post(host, path, body)
        .without("content-type")
        .with("content-type", FORM)
}

/// What a browser brings with a token of this id.
pub(crate) fn brings(id: &str) -> Request {
    let token = format!(
        "%3CRequestSecurityTokenResponse%3E%3CRequestedSecurityToken%3E%3Ca%3AAssertion+xmlns%3Aa%3D%27urn%3Aoasis%3Anames%3Atc%3ASAML%3A1.0%3Aassertion\
         %27+AssertionID%3D%27{id}%27%2F%3E%3C%2FRequestedSecurityToken%3E%3C%2FRequestSecurityTokenResponse%3E"
    );
    form(
        LYNC,
        PAGE,
        format!("wa=wsignin1.0&wresult={token}&wctx=rm%3D0"),
    )
}

fn grant() -> Request {
    form(LYNC, OAUTHTOKEN, GRANT)
}

fn cwt(sid: &str) -> String {
    let sid: Vec<u32> = sid
        .split('-')
        .skip(3)
        .map(|it| it.parse().unwrap())
        .collect();
    let mut bytes = vec![0, 1, 1, 28, 1, 5, 0, 0, 0, 0, 0, 5];
    bytes.extend(sid.iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend([0x81, 1, 7]);
    format!("cwt={}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn granted(ticket: &str) -> String {
    format!("{{\"access_token\":\"{ticket}\",\"expires_in\":86400,\"token_type\":\"Bearer\"}}")
}

pub(crate) const BEGUN: [(&str, &str); 3] = [
    ("location", "/PassiveAuth/PassiveAuth.aspx"),
    ("set-cookie", "FedAuth=abc; path=/; secure; HttpOnly"),
    ("set-cookie", "FedAuth1=def; path=/; secure; HttpOnly"),
];
const SESSION: &str = "FedAuth=abc; FedAuth1=def";

/// The pool takes a token, and begins a session.
fn begins(connection: &mut Connection<'_>, id: &str) -> Passed {
    let forward = connection.sends(&brings(id)).forward();
    connection
        .answers(&forward, answered(302, &BEGUN, ""))
        .unwrap()
}

/// The session buys a ticket of somebody's.
pub(crate) fn buys(scene: &Scene, sid: &str) -> Passed {
    let mut connection = scene.connects();
    let forward = connection.sends(&grant().with("cookie", SESSION)).forward();
    let json = [("content-type", "application/json")];
    connection
        .answers(&forward, answered(200, &json, &granted(&cwt(sid))))
        .unwrap()
}

pub(crate) fn opens(scene: &Scene, sid: &str) -> String {
    let request = get(LYNC, USER).with("x-ms-webticket", &cwt(sid));
    scene.connects().sends(&request).told()
}

/// The body of a refusal of the grant.
fn refused(scene: &Scene, request: &Request) -> String {
    let reply = scene.connects().sends(request).replied().reply;
    assert_eq!(reply.status, 400);
    let said = reply.headers.get("x-ms-diagnostics").unwrap();
    assert!(said.to_str().unwrap().starts_with("28020;"));
    String::from_utf8(reply.body.to_vec()).unwrap()
}

#[test]
fn s67_a_passive_pool_has_no_windows_logon_and_its_offers_match_its_metadata() {
    for (has_certificates, ports) in [
        (
            true,
            &[
                "WebTicketServiceAnon",
                "WebTicketServiceCert",
                "WsFedPassive",
            ][..],
        ),
        (false, &["WebTicketServiceAnon", "WsFedPassive"]),
    ] {
        let scene = passive(by_page(), has_certificates);
        let document = WebTicketService {
            address: format!("https://{FRONT_END}{WEB_TICKET}"),
            logons: vec![
                Logon::WinNegotiate,
                Logon::WinNtlm,
                Logon::Auth,
                Logon::Anon,
                Logon::Cert,
                Logon::Pin,
                Logon::WsFedPassive,
            ],
        };
        let mut connection = scene.connects();
        let forward = connection.sends(&get(LYNC, MEX)).forward();
        let xml = [("content-type", "text/xml")];
        let passed = connection
            .answers(&forward, answered(200, &xml, &document.to_xml()))
            .unwrap();
        let text = std::str::from_utf8(&passed.body).unwrap();
        let shown = Document::parse(text).unwrap();
        let names: Vec<&str> = shown
            .ports()
            .iter()
            .map(|port| port.name.as_str())
            .collect();
        assert_eq!(names, ports);
        let page = shown.port("WsFedPassive").unwrap().address.as_deref();
        assert_eq!(
            page,
            Some("https://lyncweb.contoso.com/PassiveAuth/PassiveAuth.aspx")
        );
        for path in [WEB_TICKET, AUTH] {
            let request = post(LYNC, path, rst("sip:anna@contoso.com"));
            assert_eq!(scene.connects().sends(&request).told(), "404", "{path}");
        }
        let said = scene.connects().sends(&post(LYNC, CERT, "<x/>")).told();
        assert_eq!(said, if has_certificates { "500" } else { "404" });
    }
    let (scene, _anna) = scene();
    let said = scene.connects().sends(&get(LYNC, OAUTH_USER));
    assert_eq!(
        said.offers(),
        [
            "MsRtcOAuth href=\"https://lyncweb.contoso.com/WebTicket/oauthtoken\",\
             grant_type=\"urn:microsoft.rtc:anonmeeting,urn:microsoft.rtc:passive\""
        ]
    );
    let windows = "grant_type=urn:microsoft.rtc:windows";
    for form in [
        form(
            LYNC,
            OAUTHTOKEN,
            "grant_type=password&username=anna&password=x",
        ),
        form(LYNC, OAUTHTOKEN, windows),
        form(LYNC, OAUTHTOKEN, windows).with("authorization", "NTLM TlRMTVNTUAABAAAA"),
    ] {
        assert_eq!(
            refused(&scene, &form),
            "{\"error\":\"unsupported_grant_type\"}"
        );
    }
}

#[test]
fn s67_where_the_policy_lets_nobody_in_by_a_page_the_passive_logon_is_not_there() {
    let policy = crate::scene::allowing(&[]);
    let scene = passive(policy, false);
    let error = "{\"error\":\"unsupported_grant_type\"}";
    assert_eq!(refused(&scene, &grant()), error);
    let said = scene.connects().sends(&get(LYNC, OAUTH_USER)).offers();
    assert!(!said.concat().contains("passive"), "{said:?}");
}

#[test]
fn the_grant_without_a_session_that_is_known_says_where_one_begins() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    for cookie in [
        "a=b",
        "FedAuth=abc",
        "FedAuth=abc; FedAuth1=deg",
        "FedAuth=abc; FedAuth1=def; FedAuth=x",
        "FedAuth=abc; FedAuth1=def; fedauth=x",
        "fedauth=abc; FedAuth1=def",
    ] {
        assert_eq!(
            refused(&scene, &grant().with("cookie", cookie)),
            BEGINS,
            "{cookie}"
        );
    }
    assert_eq!(refused(&scene, &grant()), BEGINS);
}

#[test]
fn a_token_of_ours_begins_a_session_that_buys_tickets_for_whom_it_was_issued() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    let mut connection = scene.connects();
    let said = connection.sends(&brings("_1"));
    assert_eq!(said.told(), "anna");
    let forward = said.forward();
    assert_eq!(forward.onward, Onward::None, "the token says who");
    assert!(matches!(&forward.body, RequestBody::Keep(body) if *body == brings("_1").body));
    assert!(forward.affinity);
    let passed = connection
        .answers(&forward, answered(302, &BEGUN, ""))
        .unwrap();
    assert_eq!(passed.head.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(passed.tickets.len(), 1);

    let request = grant().with("cookie", &format!("a=b; {SESSION}; c=d"));
    let mut another = scene.connects();
    let said = another.sends(&request);
    assert_eq!(said.told(), "anna");
    let forward = said.forward();
    assert_eq!(forward.onward, Onward::None);
    let cookies: Vec<_> = forward.head.headers.get_all("cookie").iter().collect();
    assert_eq!(cookies, [SESSION], "what was looked at, and no more");
    assert!(forward.affinity);
    let passed = buys(&scene, ANNA);
    let [ticket] = passed.tickets.as_slice() else {
        panic!("{:?}", passed.tickets);
    };
    assert_eq!(
        (&ticket.account, &ticket.credential),
        (&anna.account.id, &anna.credential)
    );
    assert_eq!(opens(&scene, ANNA), "anna");
    assert_eq!(opens(&scene, BEN), "401");

    let signed_in = scene.audited();
    let mut signed_in = signed_in
        .iter()
        .filter(|it| matches!(it.kind, Kind::SignedIn { .. }));
    let event = signed_in.next().unwrap();
    assert_eq!(event.account.as_ref(), Some(&anna.account.id));
    assert!(
        signed_in.next().is_none(),
        "the session, and not each ticket"
    );
}

#[test]
fn a_token_that_did_not_leave_here_or_has_ended_goes_no_further() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    let told = |scene: &Scene, id: &str| scene.connects().sends(&brings(id)).told();
    assert_eq!(told(&scene, "_2"), "403");
    assert_eq!(told(&scene, "_1x"), "403");
    scene.waits(3_599);
    assert_eq!(told(&scene, "_1"), "anna");
    scene.waits(1);
    assert_eq!(told(&scene, "_1"), "403");

    let (scene, anna) = scene_of_a_secret_alone();
    assert_eq!(told(&scene, "_1"), "403", "the policy asks for a code");
    let last = scene.audited().pop().unwrap();
    assert_eq!(last.account, Some(anna.account.id));
    assert!(matches!(
        last.kind,
        Kind::Refused {
            reason: Reason::NotAllowedHere,
            ..
        }
    ));
}

fn scene_of_a_secret_alone() -> (Scene, Person) {
    let (scene, anna) = scene();
    scene.issues_for(&anna, "_1", &[Method::MemorisedSecret]);
    (scene, anna)
}

#[test]
fn a_token_goes_no_further_once_what_it_rests_on_is_gone() {
    let ends: [fn(&Scene, &Person); 3] = [
        |scene, anna| scene.signs_out(anna),
        |scene, anna| scene.chooses_secret(&anna.account, &CredentialId("another".to_owned())),
        |scene, anna| scene.sets_state(anna, AccountState::Disabled),
    ];
    for end in ends {
        let (scene, anna) = scene();
        scene.issues(&anna, "_1");
        assert_eq!(scene.connects().sends(&brings("_1")).told(), "anna");
        end(&scene, &anna);
        assert_eq!(scene.connects().sends(&brings("_1")).told(), "403");
    }
}

#[test]
fn a_token_that_another_website_s_page_brings_goes_no_further() {
    let mut publication = publication();
    let pool = LyncPool {
        passive: true,
        ..lync_pool()
    };
    publication.hosts.extend(lync::hosts(&pool));
    let sts = Host {
        is_ours: true,
        is_sts: true,
        public_port: Some(8443),
        ..Host::default()
    };
    publication.hosts.insert("sts.contoso.com".to_owned(), sts);
    publication.policy = by_page();
    let scene = Scene::publishing(publication);
    let anna = scene.person_of_pages("anna", Some(ANNA));
    let brings_from = |number: usize, name: &str, value: &str| {
        let id = format!("_{number}");
        scene.issues(&anna, &id);
        scene.connects().sends(&brings(&id).with(name, value))
    };
    for (number, (name, value)) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://sts.contoso.com"),
        ("origin", "https://sts.contoso.com:8443.evil.example"),
        (
            "referer",
            "https://evil.example/https://sts.contoso.com:8443/",
        ),
        ("origin", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = brings_from(number, name, value).replied().reply;
        assert_eq!(reply.status, 403, "{name}: {value}");
    }
    for (number, (name, value)) in [
        ("origin", "https://sts.contoso.com:8443"),
        ("origin", "https://lyncweb.contoso.com"),
        (
            "referer",
            "https://STS.contoso.com:8443/adfs/ls/?wa=wsignin1.0",
        ),
        ("accept", "text/html"),
    ]
    .into_iter()
    .enumerate()
    {
        brings_from(10 + number, name, value).forward();
    }
}

#[test]
fn a_token_begins_one_session_and_no_other() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    let again = scene.connects().sends(&brings("_1")).replied().reply;
    assert_eq!(again.status, 403);
    buys(&scene, ANNA);
    assert_eq!(opens(&scene, ANNA), "anna", "what it began stands");
}

#[test]
fn what_the_store_knows_a_token_by_is_no_ticket() {
    let (scene, anna) = scene();
    scene.issues(&anna, "AAEC");
    let request = get(LYNC, USER).with("x-ms-webticket", "cwt=AAEC");
    assert_eq!(scene.connects().sends(&request).told(), "401");
    assert_eq!(
        refused(&scene, &grant().with("cookie", "FedAuth=AAEC")),
        BEGINS
    );
}

#[test]
fn a_form_that_two_readers_might_read_in_two_ways_goes_no_further() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    let told = |request: &Request| scene.connects().sends(request).told();
    let one = brings("_1");
    let with = |more: &str| {
        let body = [&one.body[..], more.as_bytes()].concat();
        form(LYNC, PAGE, body)
    };
    for request in [
        with("&wresult=x"),
        with("&WRESULT=x"),
        with("&wresultptr=https%3A%2F%2Fsts"),
        form(LYNC, PAGE, "wresult=%zz"),
        form(LYNC, PAGE, "wresult=x"),
        one.clone().without("content-type"),
        one.clone()
            .without("content-type")
            .with("content-type", "multipart/form-data"),
        one.clone()
            .without("content-type")
            .with("content-type", &format!("{FORM}; charset=utf-7")),
        one.clone().with("content-encoding", "gzip"),
    ] {
        assert_eq!(told(&request), "400");
    }
    assert_eq!(told(&form(LYNC, PAGE, "wa=wsignoutcleanup1.0")), "nobody");
    assert_eq!(told(&get(LYNC, PAGE)), "nobody");
    let utf_8 = one
        .without("content-type")
        .with("content-type", &format!("{FORM}; charset=UTF-8"));
    assert_eq!(told(&utf_8), "anna");
}

#[test]
fn a_session_that_the_pool_does_not_begin_is_nobody_s() {
    let (scene, anna) = scene();
    for id in ["_1", "_2", "_3", "_4"] {
        scene.issues(&anna, id);
    }
    let mut connection = scene.connects();
    for (id, headers) in [
        ("_1", &[][..]),
        ("_2", &[("set-cookie", "a=b")]),
        ("_3", &[("set-cookie", "FedAuth=; path=/")]),
    ] {
        let forward = connection.sends(&brings(id)).forward();
        let passed = connection
            .answers(&forward, answered(500, headers, "no"))
            .unwrap();
        assert!(passed.tickets.is_empty());
    }
    let forward = connection.sends(&brings("_4")).forward();
    let twice = [("set-cookie", "FedAuth=abc"), ("set-cookie", "FEDAUTH=x")];
    let reply = connection
        .answers(&forward, answered(302, &twice, ""))
        .unwrap_err();
    assert_eq!(reply.status, 502);
    assert_eq!(
        refused(&scene, &grant().with("cookie", "FedAuth=abc")),
        BEGINS
    );
    // What nobody brought a token for is a page like any other.
    let forward = connection.sends(&get(LYNC, PAGE)).forward();
    assert_eq!(forward.answer, AnswerBody::Stream);
}

#[test]
fn a_ticket_that_is_not_of_whoever_signed_in_goes_to_nobody() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    let json = [("content-type", "application/json")];
    for ticket in [cwt(BEN), "cwt=AAEC".to_owned()] {
        let mut connection = scene.connects();
        let forward = connection.sends(&grant().with("cookie", SESSION)).forward();
        let answer = granted(&ticket);
        let reply = connection
            .answers(&forward, answered(200, &json, &answer))
            .unwrap_err();
        assert_eq!(reply.status, 502);
        assert!(
            reply
                .cause
                .unwrap()
                .contains("not that of whoever signed in")
        );
        assert!(!String::from_utf8_lossy(&reply.body).contains(&ticket));
    }
    assert_eq!(opens(&scene, BEN), "401");
}

#[test]
fn a_ticket_of_an_account_without_a_sid_goes_to_nobody() {
    let scene = passive(by_page(), false);
    let ben = scene.person_of_pages("ben", None);
    scene.issues(&ben, "_1");
    begins(&mut scene.connects(), "_1");
    let mut connection = scene.connects();
    let forward = connection.sends(&grant().with("cookie", SESSION)).forward();
    let json = [("content-type", "application/json")];
    let answer = granted(&cwt(BEN));
    let reply = connection
        .answers(&forward, answered(200, &json, &answer))
        .unwrap_err();
    assert_eq!(reply.status, 502);
}

#[test]
fn a_session_and_its_tickets_end_with_what_they_rest_on() {
    let ends: [fn(&Scene, &Person); 2] = [
        |scene, anna| scene.chooses_secret(&anna.account, &CredentialId("another".to_owned())),
        |scene, anna| scene.sets_state(anna, AccountState::Disabled),
    ];
    for end in ends {
        let (scene, anna) = scene();
        scene.issues(&anna, "_1");
        begins(&mut scene.connects(), "_1");
        buys(&scene, ANNA);
        assert_eq!(opens(&scene, ANNA), "anna");
        end(&scene, &anna);
        assert_eq!(opens(&scene, ANNA), "401");
        assert_eq!(refused(&scene, &grant().with("cookie", SESSION)), BEGINS);
    }
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    buys(&scene, ANNA);
    scene.waits(8 * 3_600 - 1);
    assert_eq!(opens(&scene, ANNA), "anna");
    scene.waits(1);
    assert_eq!(opens(&scene, ANNA), "401", "no ticket outlives its session");
    assert_eq!(refused(&scene, &grant().with("cookie", SESSION)), BEGINS);
}

#[test]
fn the_session_s_cookies_go_to_its_page_and_where_they_were_looked_at() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    buys(&scene, ANNA);
    let cookies = format!("a=b; {SESSION}; FEDAUTH2=x; c=d");
    let onward = |request: Request| {
        let forward = scene
            .connects()
            .sends(&request.with("cookie", &cookies))
            .forward();
        forward.head.headers["cookie"].to_str().unwrap().to_owned()
    };
    let ticket = |request: Request| request.with("authorization", &format!("Bearer {}", cwt(ANNA)));
    assert_eq!(
        onward(ticket(post(LYNC, "/ucwa/oauth/v1/applications", "{}"))),
        "a=b; c=d"
    );
    assert_eq!(onward(get(LYNC, "/meet/anna/1")), "a=b; c=d");
    assert_eq!(onward(get(LYNC, MEX)), "a=b; c=d");
    assert_eq!(onward(get(LYNC, PAGE)), cookies);
}

#[test]
fn the_session_s_cookies_reach_a_passive_pool_by_no_route_of_the_operator_s() {
    let route = |host: &str, leads_to_passive| {
        let below = PathPattern::Below("/".to_owned());
        let own = Service("own".into());
        let route = Route {
            leads_to_passive,
            ..Route::new(below, Auth::Anonymous, own, "own".to_owned())
        };
        let host = host.to_owned();
        let routes = vec![Arc::new(route)];
        (
            host,
            Host {
                routes,
                ..Host::default()
            },
        )
    };
    let mut publication = publication();
    let own = [
        route("meet.contoso.com", true),
        route("app.contoso.com", false),
    ];
    publication.hosts.extend(own);
    let scene = Scene::publishing(publication);
    let onward = |host: &str| {
        let request = get(host, "/x").with("cookie", &format!("a=b; {SESSION}"));
        let forward = scene.connects().sends(&request).forward();
        forward.head.headers["cookie"].to_str().unwrap().to_owned()
    };
    assert_eq!(onward("meet.contoso.com"), "a=b");
    assert_eq!(onward("app.contoso.com"), format!("a=b; {SESSION}"));
}

#[test]
fn a_session_is_of_its_pool_and_a_pool_that_is_not_passive_has_none() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    begins(&mut scene.connects(), "_1");
    let there = form(OTHER_POOL, OAUTHTOKEN, GRANT).with("cookie", SESSION);
    assert!(refused(&scene, &there).contains("https://lyncweb2.contoso.com/PassiveAuth"));

    let active = Scene::new();
    let anna = active.person_of_pages("anna", Some(ANNA));
    active.issues(&anna, "_1");
    let forward = active.connects().sends(&brings("_1")).forward();
    assert_eq!(forward.answer, AnswerBody::Stream, "a page as any");
    let request = grant().with("cookie", SESSION);
    assert_eq!(
        refused(&active, &request),
        "{\"error\":\"unsupported_grant_type\"}"
    );
}

#[test]
fn s25_one_gate_has_an_active_pool_and_a_passive_one() {
    let mut publication = publication();
    let passive = LyncPool {
        passive: true,
        ..other_pool()
    };
    publication.hosts.extend(lync::hosts(&passive));
    let mut policy = by_page();
    policy.rules.extend(crate::scene::allowing(&[]).rules);
    for rule in &mut policy.rules {
        rule.methods.push(Method::AppPassword.into());
    }
    publication.policy = policy;
    let scene = Scene::publishing(publication);
    // At the first pool Anna types an app password into her client.
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &crate::documents::answer_with_cwt("AAEC"));
    let user = |host: &str, ticket: &str| {
        let request = get(host, USER).with("x-ms-webticket", ticket);
        scene.connects().sends(&request).told()
    };
    assert_eq!(user(LYNC, "cwt=AAEC"), "anna");
    assert_eq!(user(OTHER_POOL, "cwt=AAEC"), "401");
    let ntlm = post(OTHER_POOL, WEB_TICKET, rst(anna.sip_uri()));
    assert_eq!(scene.connects().sends(&ntlm).told(), "404");
    // At the second Ben proves two factors to a page.
    let ben = scene.person_of_pages("ben", Some(BEN));
    scene.issues(&ben, "_1");
    let mut brought = brings("_1");
    brought
        .head
        .headers
        .insert("host", OTHER_POOL.parse().unwrap());
    let mut connection = scene.connects();
    let forward = connection.sends(&brought).forward();
    assert_eq!(forward.farm, "lync2");
    connection
        .answers(&forward, answered(302, &BEGUN, ""))
        .unwrap();
    let grant = form(OTHER_POOL, OAUTHTOKEN, GRANT).with("cookie", SESSION);
    let forward = connection.sends(&grant).forward();
    let json = [("content-type", "application/json")];
    let answer = granted(&cwt(BEN));
    connection
        .answers(&forward, answered(200, &json, &answer))
        .unwrap();
    assert_eq!(user(OTHER_POOL, &cwt(BEN)), "ben");
    assert_eq!(user(LYNC, &cwt(BEN)), "401");
}

#[test]
fn over_http_2_a_passive_sign_in_is_the_same() {
    let (scene, anna) = scene();
    scene.issues(&anna, "_1");
    assert!(scene.publication.may_multiplex(Some(LYNC)));
    let stream = |request: Request| {
        let mut request = request.version(Version::HTTP_2).without("host");
        let path = request.head.uri.path().to_owned();
        request.head.uri = format!("https://{LYNC}{path}").parse().unwrap();
        request
    };
    let mut connection = scene.connects();
    let said = connection.sends(&stream(brings("_1")));
    assert_eq!(said.told(), "anna");
    let forward = said.forward();
    connection
        .answers(&forward, answered(302, &BEGUN, ""))
        .unwrap();
    let request = stream(grant())
        .with("cookie", "FedAuth=abc")
        .with("cookie", "FedAuth1=def");
    assert_eq!(scene.connects().sends(&request).told(), "anna");
}
