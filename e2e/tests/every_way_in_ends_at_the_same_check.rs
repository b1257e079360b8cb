//! curl at every way in that is neither NTLM nor Negotiate: `/Auth`, `oauthtoken`, guests, Autodiscover
//! and ActiveSync (S13-S15, S33, S43, S50), and the domain password at each of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::{Curl, Got, request_for};
use e2e::demo::{Demo, Person};
use e2e::messages::asks_with_token;
use e2e::serve::Serve;
use e2e::until::until;

const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

fn at(demo: &Demo, ending: &str) -> String {
    format!("{}{ending}", demo.url("web_ticket"))
}

fn oauthtoken(demo: &Demo) -> String {
    demo.url("web_ticket")
        .replace("WebTicketService.svc", "oauthtoken")
}

/// How a client writes a UsernameToken.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// The namespace of SOAP 1.2, or of 1.1.
    is_soap_1_2: bool,
    /// Name and password in base64, as Lync Web App sends them, or as they are.
    is_base64: bool,
}

const fn written(is_soap_1_2: bool, is_base64: bool) -> Written {
    Written {
        is_soap_1_2,
        is_base64,
    }
}

const WAYS: [Written; 4] = [
    written(false, true),
    written(false, false),
    written(true, true),
    written(true, false),
];

/// A request for a ticket with a UsernameToken.
fn by_token(
    demo: &Demo,
    (person, password): (&Person, &str),
    written: Written,
) -> anyhow::Result<Got> {
    let request = request_for(demo, &person.sip);
    let (before, body) = request.split_once("<soap:Body>").expect("its body");
    let envelope = before.split("<soap:Header").next().unwrap_or(before);
    let write = |text: &str| match written.is_base64 {
        true => STANDARD.encode(text),
        false => text.to_owned(),
    };
    let (name, password) = (write(&person.account), write(password));
    let mut request = format!(
        "{envelope}<soap:Header><o:Security xmlns:o=\"{SECURITY}\" soap:mustUnderstand=\"1\">\
         <o:UsernameToken><o:Username>{name}</o:Username><o:Password>{password}</o:Password>\
         </o:UsernameToken></o:Security></soap:Header><soap:Body>{body}"
    );
    let mut content_type = "Content-Type: text/xml; charset=utf-8";
    if written.is_soap_1_2 {
        assert!(request.contains(SOAP_1_1), "{request}");
        request = request.replace(SOAP_1_1, SOAP_1_2);
        content_type = "Content-Type: application/soap+xml; charset=utf-8";
    }
    let curl = Curl::new(demo).arguments(&["-H", content_type, "--data-binary", &request]);
    curl.get(&at(demo, "/Auth"))
}

fn by_grant(demo: &Demo, person: &Person, password: &str) -> anyhow::Result<Got> {
    let name = format!("username={}", person.account);
    let password = format!("password={password}");
    let curl = Curl::new(demo).arguments(&[
        "--data-urlencode",
        "grant_type=password",
        "--data-urlencode",
        &name,
        "--data-urlencode",
        &password,
    ]);
    curl.get(&oauthtoken(demo))
}

/// Who the servers behind were told that somebody is, by how, in order.
fn seen(demo: &Demo) -> anyhow::Result<Vec<(String, String)>> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let requests = demo.requests()?;
    Ok(requests
        .iter()
        .map(|it| (text(&it["path"]), text(&it["how"])))
        .collect())
}

#[test]
fn s13_s14_s33_a_username_token_buys_a_ticket_and_never_reaches_the_pool() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let spellings = [
        anna.app_password.clone(),
        anna.app_password.replace('-', ""),
    ];
    for password in &spellings {
        for written in WAYS {
            let got = by_token(&demo, (&anna, password), written)?;
            assert_eq!(got.status, 200, "{written:?}: {}", got.body);
            assert!(
                got.body.contains("RequestSecurityTokenResponse"),
                "{written:?}: {}",
                got.body
            );
        }
    }
    let asked = seen(&demo)?;
    assert_eq!(asked.len(), spellings.len() * WAYS.len());
    for (path, how) in &asked {
        let bare = path.eq_ignore_ascii_case("/WebTicket/WebTicketService.svc");
        assert!(bare && how == "assertion", "{asked:?}");
    }
    for wrong in [anna.domain_password.as_str(), "", "a guess"] {
        for written in WAYS {
            let got = by_token(&demo, (&anna, wrong), written)?;
            assert_eq!(got.status, 500, "{written:?}: {}", got.body);
            assert!(
                got.body.contains("FailedAuthentication"),
                "{written:?}: {}",
                got.body
            );
            let (version, media_type, code) = match written.is_soap_1_2 {
                true => (SOAP_1_2, "application/soap+xml", "Subcode"),
                false => (SOAP_1_1, "text/xml", "faultcode"),
            };
            let envelope = format!("<s:Envelope xmlns:s=\"{version}\">");
            assert!(got.body.starts_with(&envelope), "{written:?}: {}", got.body);
            assert!(got.body.contains(code), "{written:?}: {}", got.body);
            let told = format!("content-type: {media_type}; charset=utf-8");
            let heads = got.heads.to_lowercase();
            assert!(heads.contains(&told), "{written:?}: {heads}");
        }
    }
    assert_eq!(
        seen(&demo)?.len(),
        asked.len(),
        "the pool would have taken the domain password"
    );
    Ok(())
}

/// A meeting page's `/` leads to the pool, whose ticket service takes passwords in the body of a message, and whose
/// provisioning gives certificates for tickets, revoked ones too, as the pool knows nothing of that.
#[test]
fn nobody_reaches_more_than_pages_of_the_pool_by_a_meeting_page() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let meetings = "\n[[route]]\nhost = \"meet.contoso.localhost\"\npath = \"/\"\nbelow = true\n\
                    auth = \"anonymous\"\nservice = \"lync\"\nfarm = \"lync-front-end\"\n";
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["meet.contoso.localhost".to_owned()])?;
    let certificate = certificate.self_signed(&key)?.pem() + &key.serialize_pem();
    std::fs::write(demo.folder().join("meet.pem"), certificate)?;
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\n\
                    certificate = [{ chain = \"meet.pem\", key = \"meet.pem\" }]\n";
    let serve = Serve::start(&demo, |config| config + meetings + listener)?;
    let address = serve.others.last().expect("its listener");
    let address = format!("::{address}");
    let before = demo.requests()?.len();
    let request = request_for(&demo, &anna.sip);
    let token = asks_with_token(&request, &anna.account, &anna.domain_password);
    for path in [
        "/WebTicket/WebTicketService.svc/Auth",
        "/webticket/WEBTICKETSERVICE.svc/auth",
        "/WebTicket/oauthtoken",
        "/WebTicket/WebTicketService.svc/pin",
        "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1",
        "/certprov/CertProvisioningService.svc/mex",
        "/groupexpansion/service.svc/WebTicket_Bearer",
        "/Autodiscover/AutodiscoverService.svc/root",
        "/ucwa/v1/applications",
        "/Reach/sip.svc",
    ] {
        let got = Curl::new(&demo)
            .arguments(&["--insecure", "--connect-to", &address])
            .arguments(&[
                "--header",
                "Content-Type: text/xml; charset=utf-8",
                "--data",
                &token,
            ])
            .get(&format!("https://meet.contoso.localhost{path}"))?;
        assert_eq!(got.status, 404, "{path}: {}", got.body);
    }
    assert_eq!(demo.requests()?.len(), before, "nothing of it arrived");
    let page = Curl::new(&demo).arguments(&["--insecure", "--connect-to", &address]);
    let page = page.get("https://meet.contoso.localhost/meet/anna/ABC123")?;
    assert_eq!(page.status, 200, "{}", page.body);
    Ok(())
}

#[test]
fn s33_the_password_grant_buys_a_cwt_that_opens_ucwa_until_it_is_revoked() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let got = by_grant(&demo, &anna, &anna.app_password)?;
    assert_eq!(got.status, 200, "{}", got.body);
    let answer: serde_json::Value = serde_json::from_str(&got.body)?;
    let token = answer["access_token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("cwt="), "{token}");

    let refused = by_grant(&demo, &anna, &anna.domain_password)?;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (400, "{\"error\":\"invalid_grant\"}")
    );
    assert!(
        refused
            .heads
            .to_lowercase()
            .contains("x-ms-diagnostics: 28020")
    );

    let user = demo.url("user").replace("/root/user", "/root/oauth/user");
    let open = |bearer: &str| {
        let header = format!("Authorization: Bearer {bearer}");
        let curl = Curl::new(&demo).arguments(&["-H", &header, "-H", "Accept: application/json"]);
        curl.get(&user)
    };
    let ucwa = user.replace(
        "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
        "/ucwa/oauth/v1/applications",
    );
    let applies = || {
        let header = format!("Authorization: Bearer {token}");
        let json = "Content-Type: application/json";
        let curl = Curl::new(&demo).arguments(&["-H", &header, "-H", json, "--data", "{}"]);
        curl.get(&ucwa)
    };
    let opened = open(&token)?;
    assert_eq!(opened.status, 200, "{}", opened.body);
    let opened = applies()?;
    assert_eq!(opened.status, 201, "{}", opened.body);
    let strange = open("cwt=AAEBHAEFAAAA")?;
    assert_eq!(strange.status, 401);
    let heads = strange.heads.to_lowercase();
    assert!(
        heads.contains("www-authenticate: msrtcoauth href="),
        "{heads}"
    );

    demo.revoke(&anna)?;
    until("UCWA is shut", || {
        Ok(applies().is_ok_and(|it| it.status == 401))
    })?;
    let before = seen(&demo)?.len();
    for shut in [applies()?, open(&token)?] {
        assert_eq!(shut.status, 401, "{}", shut.body);
        let heads = shut.heads.to_lowercase();
        let asks = "www-authenticate: msrtcoauth href=";
        assert!(heads.contains(asks), "{heads}");
    }
    assert_eq!(seen(&demo)?.len(), before, "nothing reached the pool");
    assert_eq!(by_grant(&demo, &anna, &anna.app_password)?.status, 400);
    Ok(())
}

/// The address says nothing of the user, who signs in as Windows does; the ticket opens UCWA.
#[test]
fn s33_the_windows_grant_buys_a_cwt_by_ntlm_and_never_by_the_domain_password() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let grant = ["--data-urlencode", "grant_type=urn:microsoft.rtc:windows"];
    let by_windows = |password: &str| {
        let curl = Curl::new(&demo).ntlm(&anna.account, password);
        curl.arguments(&grant).get(&oauthtoken(&demo))
    };
    let got = by_windows(&anna.app_password)?;
    assert_eq!(got.status, 200, "{}", got.body);
    let answer: serde_json::Value = serde_json::from_str(&got.body)?;
    let token = answer["access_token"].as_str().expect("a token");
    assert!(token.starts_with("cwt="), "{token}");
    let arrived = seen(&demo)?;
    let [(path, how)] = arrived.as_slice() else {
        panic!("the pool was asked once: {arrived:?}");
    };
    assert!(path.eq_ignore_ascii_case("/WebTicket/oauthtoken"), "{path}");
    assert_eq!(how, "assertion");

    let user = demo.url("user").replace("/root/user", "/root/oauth/user");
    let bearer = format!("Authorization: Bearer {token}");
    let curl = Curl::new(&demo).arguments(&["-H", &bearer, "-H", "Accept: application/json"]);
    assert_eq!(curl.get(&user)?.status, 200);

    let before = seen(&demo)?.len();
    assert_eq!(by_windows(&anna.domain_password)?.status, 401);
    let bare = Curl::new(&demo).arguments(&grant).get(&oauthtoken(&demo))?;
    assert_eq!(bare.status, 401, "{}", bare.body);
    assert!(bare.heads.contains("NTLM"), "{}", bare.heads);
    assert_eq!(seen(&demo)?.len(), before, "nothing of it reached the pool");
    Ok(())
}

#[test]
fn s15_a_guest_gets_a_ticket_that_opens_nothing_of_a_persons() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let request = request_for(&demo, &demo.person(0).sip);
    let curl =
        Curl::new(&demo).arguments(&["-H", "Content-Type: text/xml", "--data-binary", &request]);
    let got = curl.get(&at(&demo, "/Anon"))?;
    assert_eq!(got.status, 200, "{}", got.body);
    let start = got.body.find("cwt=").expect("a compact ticket");
    let ticket = got
        .body
        .get(start..)
        .and_then(|rest| rest.split('<').next());
    let ticket = ticket.expect("its end").to_owned();

    let ucwa = demo.url("user").replace(
        "/Autodiscover/AutodiscoverService.svc/root/user",
        "/ucwa/oauth/v1/applications",
    );
    let oauth_user = demo.url("user").replace("/root/user", "/root/oauth/user");
    let echo = demo.url("ews").replace("Exchange.asmx", "echo");
    let before = seen(&demo)?.len();
    for url in [&demo.url("user"), &oauth_user, &ucwa, &echo] {
        for header in [
            format!("X-MS-WebTicket: {ticket}"),
            format!("Authorization: Bearer {ticket}"),
        ] {
            let got = Curl::new(&demo).arguments(&["-H", &header]).get(url)?;
            assert_eq!(got.status, 401, "{url} {header}");
        }
    }
    assert_eq!(seen(&demo)?.len(), before, "none of them reached a server");
    Ok(())
}

#[test]
fn s43_s50_autodiscover_ews_and_activesync_take_the_same_app_password() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let pox = format!(
        "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">\
         <Request><EMailAddress>{}</EMailAddress><AcceptableResponseSchema>\
         http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
         </AcceptableResponseSchema></Request></Autodiscover>",
        anna.upn
    );
    let ask = |password: &str| {
        let xml = ["-H", "Content-Type: text/xml", "--data-binary", &pox];
        let curl = Curl::new(&demo)
            .ntlm(&anna.account, password)
            .arguments(&xml);
        curl.get(&demo.url("autodiscover"))
    };
    let found = ask(&anna.app_password)?;
    assert_eq!(found.status, 200, "{}", found.body);
    assert!(!found.body.contains("exch01"), "{}", found.body);
    let ews = format!("<EwsUrl>{}</EwsUrl>", demo.url("ews"));
    assert!(found.body.contains(&ews), "{}", found.body);
    assert_eq!(ask(&anna.domain_password)?.status, 401);

    let mail = demo.url("ews").replace("/EWS/Exchange.asmx", "");
    let sync = format!(
        "{mail}/Microsoft-Server-ActiveSync?Cmd=Sync&User=anna&DeviceId=APPL7&DeviceType=iPhone"
    );
    let post = [
        "-H",
        "Content-Type: application/vnd.ms-sync.wbxml",
        "--data-binary",
        "x",
    ];
    let synced = |password: &str| {
        let curl = Curl::new(&demo).basic(&anna.upn, password).arguments(&post);
        anyhow::Ok(curl.get(&sync)?.status)
    };
    assert_eq!(synced(&anna.app_password)?, 200);
    assert_eq!(synced(&anna.domain_password)?, 401);
    let passwords = demo.wicketgate_json(&["app-password", "list", &anna.upn])?;
    assert_eq!(passwords[0]["seen_device"], "APPL7", "{passwords:?}");
    for (path, how) in seen(&demo)? {
        assert_eq!(how, "assertion", "{path}");
    }
    Ok(())
}
