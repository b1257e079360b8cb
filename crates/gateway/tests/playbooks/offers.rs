//! What is offered follows the policy of the client's zone: the 401, the metadata and the grants say the
//! same, and nothing that is not offered is read.

use std::sync::Arc;

use authn::place::{self, Channel, Service, Zone};
use authn::policy::{Policy, Rule};
use gateway::preset::lync::{self, LyncPool};
use gateway::{Peer, Verdict};
use http::Method;
use proto::lync::mex::Document;

use crate::connection::Connection;
use crate::discover::metadata;
use crate::documents::{MEX, USER, WEB_TICKET, answered, rst};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, LYNC, MAIL, Scene, allowing, lync_pool, peer, publication};

const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
const UCWA: &str = "/ucwa/oauth/v1/applications";
const EWS: &str = "/EWS/Exchange.asmx";
const ACTIVESYNC: &str = "/Microsoft-Server-ActiveSync";
const OWN: &str = "https://fe01.contoso.local/WebTicket/WebTicketService.svc";
const WINDOWS: &str = "grant_type=urn:microsoft.rtc:windows";
const MEETING: &str =
    "grant_type=urn:microsoft.rtc:anonmeeting&ms_rtc_conferenceuri=sip:a@contoso.com";
/// What is said where nobody can sign in.
const SHUT: &str = "404 Nobody can sign in here from where you are.";

/// A gate of this policy, with guests or without.
fn gate(policy: Policy, guests: bool) -> Scene {
    let mut publication = publication();
    let pool = LyncPool {
        guests,
        certificate_sign_in: true,
        ..lync_pool()
    };
    publication.hosts.extend(lync::hosts(&pool));
    publication.policy = policy;
    Scene::publishing(publication)
}

fn inside() -> Peer {
    Peer {
        zone: Zone::INTERNAL,
        ..peer()
    }
}

/// What a request is answered: the status with the offers, or with the sentence where there are none.
fn told(connection: &mut Connection<'_>, request: &Request) -> String {
    let said = connection.sends(request);
    let mut told = said.told();
    let is_reply = told.starts_with(|first: char| first.is_ascii_digit());
    if !is_reply {
        return told;
    }
    let schemes = said.offers();
    let schemes = schemes.iter().map(|offer| offer.split(' ').next().unwrap());
    let schemes: Vec<&str> = schemes.collect();
    told.push(' ');
    match schemes.is_empty() {
        true => {
            let body = said.replied().reply.body;
            told.push_str(std::str::from_utf8(&body).unwrap().trim_end());
        }
        false => told.push_str(&schemes.join(" ")),
    }
    told
}

/// The logons that the metadata names, without what all their names begin with.
fn logons(connection: &mut Connection<'_>) -> String {
    let forward = connection.sends(&get(LYNC, MEX)).forward();
    let document = metadata(OWN);
    let answer = answered(200, &[("content-type", "text/xml")], &document);
    let passed = connection.answers(&forward, answer).unwrap();
    let text = String::from_utf8(passed.body.to_vec()).unwrap();
    let document = Document::parse(&text).unwrap();
    let ports = document.ports().iter();
    let names = ports.map(|port| port.name.strip_prefix("WebTicketService").unwrap());
    names.collect::<Vec<_>>().join(" ")
}

/// The grants that UCWA is told of; where the tickets are had where it is told of none.
fn grants(connection: &mut Connection<'_>) -> String {
    let reply = connection.sends(&post(LYNC, UCWA, "{}")).replied().reply;
    assert_eq!(reply.status, 401);
    match reply.headers.get("www-authenticate") {
        Some(value) => {
            let (_, grants) = value.to_str().unwrap().split_once("grant_type=").unwrap();
            grants.trim_matches('"').replace("urn:microsoft.rtc:", "")
        }
        None => reply
            .headers
            .get("x-ms-webticketurl")
            .unwrap()
            .to_str()
            .unwrap()
            .replace("https://lyncweb.contoso.com", ""),
    }
}

fn web_ticket() -> Request {
    post(LYNC, WEB_TICKET, rst("sip:anna@contoso.com"))
}

#[test]
fn s4_s5_each_policy_is_what_the_401_the_metadata_and_the_grants_say() {
    use Channel::{Basic, Grant, Negotiate, Ntlm, Ticket, UsernameToken};
    let unsupported = "400 {\"error\":\"unsupported_grant_type\"}";
    let url = WEB_TICKET;
    for (channels, by_windows, in_metadata, by_grant, mail) in [
        (
            &[][..],
            "401 Negotiate NTLM",
            "WinNegotiate WinNtlm Auth Cert",
            "windows,password",
            "401 Negotiate NTLM Basic",
        ),
        (&[Ntlm], "401 NTLM", "WinNtlm Cert", "windows", "401 NTLM"),
        (
            &[Negotiate],
            "401 Negotiate",
            "WinNegotiate Cert",
            "windows",
            "401 Negotiate",
        ),
        (&[UsernameToken], SHUT, "Auth Cert", url, SHUT),
        (&[Grant], SHUT, "Cert", "password", SHUT),
        (&[Basic], SHUT, "", url, "401 Basic"),
        (&[Ticket], SHUT, "", url, SHUT),
        (
            &[Basic, Ntlm, Grant],
            "401 NTLM",
            "WinNtlm Cert",
            "windows,password",
            "401 NTLM Basic",
        ),
    ] {
        let scene = gate(allowing(channels), false);
        let at = &mut scene.connects();
        assert_eq!(told(at, &web_ticket()), by_windows, "{channels:?}");
        assert_eq!(logons(at), in_metadata, "{channels:?}");
        assert_eq!(grants(at), by_grant, "{channels:?}");
        assert_eq!(told(at, &get(MAIL, EWS)), mail, "{channels:?}");
        let asked = told(at, &post(LYNC, OAUTHTOKEN, WINDOWS));
        let expected = match by_grant {
            "password" => unsupported,
            "windows" | "windows,password" => by_windows,
            _ => SHUT,
        };
        assert_eq!(asked, expected, "{channels:?}");
        let phone = Request::new(Method::POST, MAIL, ACTIVESYNC);
        let is_basic = channels.is_empty() || channels.contains(&Basic);
        let expected = if is_basic { "401 Basic" } else { SHUT };
        assert_eq!(told(at, &phone), expected, "{channels:?}");
        // What a ticket is wanted for says so whatever may buy one (design 13).
        assert_eq!(told(at, &get(LYNC, USER)), "401 A web ticket is needed.");
        assert_eq!(at.verified, 0);
    }
}

#[test]
fn where_the_policy_allows_nothing_only_guests_have_a_way_and_nothing_is_read() {
    for policy in [
        Policy::default(),
        Policy {
            rules: vec![Rule::default()],
        },
    ] {
        let scene = gate(policy, true);
        let anna = scene.person("anna");
        let before = scene.audited();
        let at = &mut scene.connects();
        assert_eq!(
            (logons(at).as_str(), grants(at).as_str()),
            ("Anon", "anonmeeting")
        );
        let first = anna.client().negotiate();
        for request in [
            web_ticket(),
            web_ticket().token("NTLM", &first),
            web_ticket().token("Negotiate", &first),
            post(LYNC, AUTH, rst("sip:anna@contoso.com")),
            get(MAIL, EWS),
            get(MAIL, EWS).basic("anna", &anna.password),
            post(MAIL, EWS, "<x/>").token("NTLM", &first),
        ] {
            assert_eq!(told(at, &request), SHUT, "{}", request.head.uri);
            let verdict = at.conversation.request(&request.head, scene.moment());
            let Verdict::Refuse {
                reply,
                close,
                events,
            } = verdict
            else {
                panic!("{verdict:?}");
            };
            assert!(!close && events.is_empty(), "{}", request.head.uri);
            assert!(!reply.headers.contains_key("www-authenticate"));
            let cause = "the policy lets nobody sign in here from the zone `external`";
            assert_eq!(reply.cause.as_deref(), Some(cause));
        }
        let password = format!(
            "grant_type=password&username=anna&password={}",
            anna.password
        );
        for sent in [password.as_str(), WINDOWS] {
            let said = told(at, &post(LYNC, OAUTHTOKEN, sent.to_owned()));
            assert_eq!(said, "400 {\"error\":\"unsupported_grant_type\"}");
        }
        assert_eq!(told(at, &post(LYNC, OAUTHTOKEN, MEETING)), "nobody");
        assert_eq!(
            told(at, &Request::new(Method::OPTIONS, LYNC, UCWA)),
            "nobody"
        );
        assert_eq!(told(at, &get(LYNC, "/meet/anna/ABC")), "nobody");
        assert_eq!((at.verified, scene.audited()), (0, before));
    }
}

#[test]
fn a_way_that_is_not_offered_is_not_even_looked_at() {
    let scene = gate(allowing(&[Channel::Ntlm, Channel::UsernameToken]), false);
    let anna = scene.person("anna");
    let before = scene.audited();
    let at = &mut scene.connects();
    let by_password = get(MAIL, EWS).basic("anna", &anna.password);
    assert_eq!(told(at, &by_password), "401 NTLM");
    let begun = web_ticket().token("Negotiate", &anna.client().negotiate());
    assert_eq!(told(at, &begun), "401 NTLM");
    let form = format!(
        "grant_type=password&username=anna&password={}",
        anna.password
    );
    let said = told(at, &post(LYNC, OAUTHTOKEN, form));
    assert_eq!(said, "400 {\"error\":\"unsupported_grant_type\"}");
    assert_eq!((at.verified, scene.audited()), (0, before));
    assert_eq!(at.signs_in(&anna.client(), &get(MAIL, EWS)).told(), "anna");
}

/// Kerberos alone: Negotiate is offered where a token can be right, and nothing anywhere else.
#[test]
fn s9_kerberos_alone_offers_negotiate_in_the_office_where_there_is_a_key_and_elsewhere_nothing() {
    let kerberos = Rule {
        methods: vec![place::Method::Kerberos.into()],
        ..Rule::default()
    };
    let rules = vec![kerberos];
    let mut scene = gate(Policy { rules }, false);
    Arc::make_mut(&mut scene.publication).kerberos = [Service::LYNC].into();
    let office = &mut scene.connects_as(inside());
    assert_eq!(told(office, &web_ticket()), "401 Negotiate");
    assert_eq!(logons(office), "WinNegotiate Cert");
    assert_eq!(grants(office), "windows");
    let first = scene.person("anna").client().negotiate();
    let begun = |scheme| web_ticket().token(scheme, &first);
    assert_eq!(told(office, &begun("NTLM")), "401 Negotiate");
    assert_eq!(told(office, &get(MAIL, EWS)), SHUT, "there is no key");
    let outside = &mut scene.connects();
    for scheme in ["NTLM", "Negotiate"] {
        assert_eq!(told(outside, &begun(scheme)), SHUT);
    }
    assert_eq!(logons(outside), "");
    assert_eq!((office.verified, outside.verified), (0, 0));
}

#[test]
fn t_conn_4_each_zone_and_service_has_its_own_offers_and_streams_know_none_of_it() {
    let rule = |zone: Zone, service: Service, channel| Rule {
        zones: [zone].into(),
        services: [service].into(),
        ..allowing(&[channel]).rules.remove(0)
    };
    let rules = vec![
        rule(Zone::EXTERNAL, Service::EWS, Channel::Basic),
        rule(Zone::EXTERNAL, Service::LYNC, Channel::UsernameToken),
        rule(Zone::INTERNAL, Service::EWS, Channel::Ntlm),
    ];
    let scene = gate(Policy { rules }, false);
    let outside = &mut scene.connects();
    assert_eq!(told(outside, &get(MAIL, EWS)), "401 Basic");
    assert_eq!(told(outside, &web_ticket()), SHUT);
    assert_eq!(logons(outside), "Auth Cert");
    let inside = &mut scene.connects_as(inside());
    assert_eq!(told(inside, &get(MAIL, EWS)), "401 NTLM");
    assert_eq!(
        told(inside, &post(LYNC, AUTH, rst("sip:anna@contoso.com"))),
        SHUT
    );
    assert_eq!(logons(inside), "");
    // Outside nothing is proved by a connection; a certificate's names are the same inside.
    for (host, may) in [(MAIL, false), (LYNC, false), (DISCOVER, true)] {
        assert_eq!(scene.publication.may_multiplex(Some(host)), may, "{host}");
    }
}

/// A right name and secret by a way that is not offered is not looked at: the policy or the preset has none of it there.
#[test]
fn t_phish_3_a_right_secret_by_a_way_that_is_not_offered_is_not_evaluated() {
    use Channel::{Basic, Ntlm};
    for (channels, request, offered) in [
        (&[Basic, Ntlm][..], get(MAIL, EWS), None),
        (&[Ntlm], get(MAIL, EWS), Some("401 NTLM")),
        (&[Basic, Ntlm], web_ticket(), Some("401 NTLM")),
        (&[Ntlm], web_ticket(), Some("401 NTLM")),
    ] {
        let scene = gate(allowing(channels), false);
        let anna = scene.person_for("anna", &[Service::LYNC, Service::EWS]);
        let before = scene.audited().len();
        let mut connection = scene.connects();
        let right = request.basic(&anna.account.upn, &anna.password);
        match offered {
            None => assert_eq!(
                connection.sends(&right).told(),
                "anna",
                "where it is offered"
            ),
            Some(offered) => {
                assert_eq!(told(&mut connection, &right), offered);
                assert_eq!(connection.verified, 0, "nothing is counted: {offered}");
                assert_eq!(scene.audited().len(), before, "no event: {offered}");
            }
        }
    }
}
