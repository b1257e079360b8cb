//! Discover, MEX and the first 401: everything before authentication (S1-S5).

use anyhow::Context;
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::serve::Serve;

const XML: &str = "Accept: application/vnd.microsoft.rtc.autodiscover+xml;v=1";

#[test]
fn s1_s2_discover_answers_anybody_and_names_only_outside_addresses() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let url = format!("{}?sipuri=anna@contoso.localhost", demo.url("discover"));
    for accept in [XML, "Accept: application/json"] {
        let got = Curl::new(&demo).arguments(&["-H", accept]).get(&url)?;
        assert_eq!(got.status, 200, "{}", got.heads);
        assert!(
            got.body.contains("https://lyncweb.contoso.localhost:"),
            "{}",
            got.body
        );
        assert!(!got.body.contains("contoso.local/"), "{}", got.body);
        assert!(!got.body.contains("pool01"), "{}", got.body);
    }
    let seen = demo.requests()?;
    assert!(
        seen.iter().all(|seen| seen["identity"].is_null()),
        "{seen:#?}"
    );
    Ok(())
}

#[test]
fn s2_discover_over_plain_http_says_where_to_go_on_and_nothing_else_is_there() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let port = demo.plain_address().port();
    let url = |host: &str, path: &str| format!("http://{host}.contoso.localhost:{port}{path}");
    let get = |url: &str, accept: &str| {
        let resolve: Vec<String> = ["lyncdiscover", "lyncweb", "autodiscover", "mail", "evil"]
            .iter()
            .map(|host| format!("{host}.contoso.localhost:{port}:127.0.0.1"))
            .collect();
        let mut curl = Curl::new(&demo).arguments(&["-H", accept]);
        for host in &resolve {
            curl = curl.arguments(&["--resolve", host]);
        }
        curl.get(url)
    };
    let root = "/Autodiscover/AutodiscoverService.svc/root";
    for path in ["/?sipuri=anna@contoso.localhost", root] {
        for accept in [XML, "Accept: application/json"] {
            let got = get(&url("lyncdiscover", path), accept)?;
            assert_eq!(got.status, 200, "{}", got.heads);
            assert!(!got.heads.to_ascii_lowercase().contains("location:"));
            let onward = demo.url("discover");
            assert!(got.body.contains(&onward), "{}", got.body);
        }
    }
    let port = demo.address().port();
    for (host, path) in [
        ("lyncweb", "/meet/anna/ABC123?sl=1"),
        ("lyncweb", "/dialin"),
        ("autodiscover", "/autodiscover/autodiscover.xml"),
    ] {
        let got = get(&url(host, path), XML)?;
        assert_eq!(got.status, 302, "{}", got.heads);
        let line = format!("location: https://{host}.contoso.localhost:{port}{path}\r\n");
        assert!(got.heads.contains(&line), "{}", got.heads);
    }
    for (host, path, status) in [
        ("mail", "/autodiscover/autodiscover.xml", 404),
        ("mail", "/", 404),
        ("lyncdiscover", "/EWS", 404),
        ("lyncweb", root, 404),
        ("lyncweb", "/WebTicket/WebTicketService.svc", 404),
        ("mail", "/EWS/echo", 404),
        ("evil", "/", 421),
    ] {
        assert_eq!(get(&url(host, path), XML)?.status, status, "{host}{path}");
    }
    assert!(demo.requests()?.is_empty(), "nothing is forwarded");
    Ok(())
}

/// What a policy's line names, and what is then shown of the web ticket service: the logons of its
/// metadata, the offers of its 401, and the grants; where nothing is offered, nothing is there.
struct Shown {
    channels: &'static str,
    logons: &'static [&'static str],
    offers: &'static [&'static str],
    grants: &'static str,
}

const SHOWN: [Shown; 5] = [
    Shown {
        channels: "",
        logons: &["WinNegotiate", "Auth", "Anon"],
        offers: &["Negotiate", "NTLM"],
        grants: "windows,anonmeeting,password",
    },
    Shown {
        channels: "channels = [\"ntlm\"]",
        logons: &["Anon"],
        offers: &["NTLM"],
        grants: "windows,anonmeeting",
    },
    Shown {
        channels: "channels = [\"username-token\"]",
        logons: &["Auth", "Anon"],
        offers: &[],
        grants: "anonmeeting",
    },
    Shown {
        channels: "channels = [\"negotiate\", \"grant\"]",
        logons: &["WinNegotiate", "Anon"],
        offers: &["Negotiate"],
        grants: "windows,anonmeeting,password",
    },
    Shown {
        channels: "services = [\"ews\"]",
        logons: &["Anon"],
        offers: &[],
        grants: "anonmeeting",
    },
];

/// A gate of each policy beside the demo's.
fn for_each_policy(
    looks: impl Fn(&Demo, &Serve, &Shown) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for shown in &SHOWN {
        let serve = Serve::start(&demo, |config| {
            let (before, _) = config.split_once("[[policy]]").expect("a policy");
            let channels = shown.channels;
            format!("{before}[[policy]]\n{channels}\nmethods = [\"app-password\"]\n")
        })?;
        looks(&demo, &serve, shown).with_context(|| shown.channels)?;
    }
    Ok(())
}

/// curl at a gate beside the demo's, by the demo's addresses.
fn curl<'a>(demo: &'a Demo, serve: &Serve) -> Curl<'a> {
    Curl::new(demo).arguments(&["--connect-to", &format!("::{}", serve.address)])
}

fn offers(got: &Got) -> Vec<&str> {
    let lines = got.heads.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .map(|(_, value)| value.trim())
        .collect()
}

#[test]
fn s3_s4_mex_is_open_and_shows_only_what_the_policy_allows() -> anyhow::Result<()> {
    for_each_policy(|demo, serve, shown| {
        let got = curl(demo, serve).get(&demo.url("mex"))?;
        assert_eq!(got.status, 200, "{}", got.heads);
        let known = ["WinNegotiate", "WinNtlm", "Auth", "Anon", "Cert", "Pin"];
        let is_named = |logon: &&str| {
            let port = format!("name=\"WebTicketService{logon}\"");
            got.body.contains(&port)
        };
        let named: Vec<&str> = known.into_iter().filter(is_named).collect();
        assert_eq!(named, shown.logons, "{}: {}", shown.channels, got.body);
        for closed in [
            "WebTicketServiceCert",
            "WebTicketServicePin",
            "WsFed",
            "pool01",
        ] {
            assert!(!got.body.contains(closed), "{closed}: {}", got.body);
        }
        assert!(got.body.contains(&demo.url("web_ticket")), "{}", got.body);
        Ok(())
    })
}

/// By WS-Transfer, in either version of SOAP: the same ports, in the envelope of whoever asked.
#[test]
fn s3_mex_is_asked_for_by_a_message_too() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let by_get = Curl::new(&demo).get(&demo.url("mex"))?.body;
    let (_, definitions) = by_get.split_once("?>").expect("a declaration");
    for (version, media_type) in [
        ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
        (
            "http://www.w3.org/2003/05/soap-envelope",
            "application/soap+xml",
        ),
    ] {
        let asking = |inside: &str| {
            format!(
                "<s:Envelope xmlns:s=\"{version}\"><s:Header>{inside}<a:Action xmlns:a=\"\
                 http://www.w3.org/2005/08/addressing\">http://schemas.xmlsoap.org/ws/2004/09/transfer/Get\
                 </a:Action></s:Header><s:Body/></s:Envelope>"
            )
        };
        let sent = |message: &str| {
            let content_type = format!("Content-Type: {media_type}; charset=utf-8");
            let curl = Curl::new(&demo).arguments(&["-H", &content_type, "--data", message]);
            curl.get(&demo.url("mex"))
        };
        let got = sent(&asking(""))?;
        assert_eq!(got.status, 200, "{}", got.body);
        assert!(got.body.contains(version), "{}", got.body);
        assert!(got.body.contains(":Metadata "), "{}", got.body);
        assert!(got.body.contains(definitions.trim()), "{}", got.body);
        let heads = got.heads.to_lowercase();
        assert!(heads.contains(media_type), "{heads}");
        let before = demo.requests()?.len();
        let signed = sent(&asking("<o:Security xmlns:o=\"urn:any\"/>"))?;
        assert_eq!(signed.status, 400, "{}", signed.body);
        assert_eq!(demo.requests()?.len(), before, "nothing of it went on");
    }
    Ok(())
}

#[test]
fn s5_the_web_ticket_service_offers_exactly_what_the_policy_allows() -> anyhow::Result<()> {
    for_each_policy(|demo, serve, shown| {
        let sip = demo.person(0).sip;
        let asked = curl(demo, serve).web_ticket_request(&sip);
        let got = asked.get(&demo.url("web_ticket"))?;
        assert_eq!(offers(&got), shown.offers, "{}", shown.channels);
        let status = if shown.offers.is_empty() { 404 } else { 401 };
        assert_eq!(got.status, status, "{}", got.body);
        let ucwa = demo.url("web_ticket");
        let (origin, _) = ucwa.split_once("/WebTicket").expect("its path");
        let got = curl(demo, serve).get(&format!("{origin}/ucwa/oauth/v1/applications"))?;
        let [offer] = offers(&got)[..] else {
            anyhow::bail!("{}", got.heads)
        };
        let (_, grants) = offer.split_once("grant_type=").expect("grants");
        let grants = grants.replace("urn:microsoft.rtc:", "");
        assert_eq!(grants.trim_matches('"'), shown.grants, "{}", shown.channels);
        Ok(())
    })
}

#[test]
fn the_user_link_without_a_ticket_says_where_tickets_are_had() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let got = Curl::new(&demo)
        .arguments(&["-H", XML])
        .get(&demo.url("user"))?;
    let heads = got.heads.to_ascii_lowercase();
    assert_eq!(got.status, 401);
    assert!(
        heads.contains(&format!("x-ms-webticketurl: {}", demo.url("web_ticket")).to_lowercase())
    );
    assert!(!heads.contains("www-authenticate"), "{heads}");
    Ok(())
}

#[test]
fn s24_no_federation_server_is_there_and_none_is_asked_for() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let without = |config: String| {
        let (before, rest) = config
            .split_once("# People sign in here for other parties")
            .expect("[sts]");
        let (_, portal) = rest
            .split_once("# The portal asks")
            .expect("the portal's line");
        let (middle, rest) = portal
            .split_once("# Whoever signs in for a party")
            .expect("its line");
        let (_, last) = rest
            .split_once("# From outside, only")
            .expect("the last line");
        let config = format!("{before}# The portal asks{middle}# From outside, only{last}");
        let asked = [
            "adfs",
            "wsfed",
            "ws-fed",
            "federation",
            "saml",
            "sts.",
            "[sts]",
        ];
        assert!(asked.iter().all(|word| !config.contains(word)), "{config}");
        config
    };
    let serve = Serve::start(&demo, without)?;
    let anna = demo.person(0);
    let to = format!("::{}", serve.address);
    let curl = Curl::new(&demo).arguments(&["--connect-to", &to]);
    let got = curl
        .ntlm(&anna.account, &anna.app_password)
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    assert_eq!(got.status, 200);
    Ok(())
}
