//! How little has to be written (S29, S39), and that nothing else changes: Exchange without Lync (S40),
//! and a host, a service or a listener by itself (S26).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::request_for;
use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};

const LYNC: &str = "lyncweb.contoso.localhost";
const MAIL: &str = "mail.contoso.localhost";
const WEB_TICKET: &str = "/WebTicket/WebTicketService.svc";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
const AUTODISCOVER: &str = "/autodiscover/autodiscover.xml";
const ECHO: &str = "/EWS/echo";

/// A demo's configuration without the tables that begin with this line and hold that word.
fn without(config: &str, table: &str, word: &str) -> String {
    let tables = config.split("\n\n");
    let kept = tables.filter(|it| {
        let mut lines = it.lines();
        !(lines.any(|line| line == table) && it.contains(word))
    });
    kept.collect::<Vec<_>>().join("\n\n")
}

/// Connects to a host of a gate.
fn open(demo: &Demo, gate: std::net::SocketAddr, host: &str) -> anyhow::Result<Raw> {
    Raw::connect_to(gate, &tls(demo, &[])?, host)
}

/// One NTLM sign-in on a connection of its own; it ends where nobody can sign in.
fn ntlm(
    demo: &Demo,
    gate: std::net::SocketAddr,
    person: &Person,
    asking: &Request<'_>,
) -> anyhow::Result<Answer> {
    let mut raw = open(demo, gate, asking.host)?;
    let signing = Ntlm::modern(person, &person.app_password, 39);
    let begun = raw.exchange(asking.clone().header(&signing.first()).text())?;
    if begun.status == 404 {
        return Ok(begun);
    }
    let last = signing.last(&begun)?;
    raw.exchange(asking.clone().header(&last).text())
}

fn paths(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let seen = demo.requests()?;
    let path = |seen: &serde_json::Value| seen["path"].as_str().unwrap_or_default().to_owned();
    Ok(seen.iter().map(path).collect())
}

/// The smallest configuration that signs anybody in. Beside host (`web_host`), certificate
/// (`[[listener]]`) and upstream (`[[farm]]` and the name of it) the preset's own table has no key at
/// all; the rest says where accounts are kept, which Windows domain theirs is, how the front end is
/// told who it is, and that app passwords may be used.
const SMALLEST: &str = r#"
[store]
file = "wicketgate.db"
key_file = "wicketgate.keys"

[names]
domain = "CONTOSO"
dns_domain = "contoso.localhost"

[onward]
key = "onward.pem"
issuer = "https://gate.contoso.localhost"

[[listener]]
address = "127.0.0.1:0"
certificate = [{ chain = "gate-ecdsa.pem", key = "gate-ecdsa.key" }]

{farm}

[[lync.pool]]
web_host = "lyncweb.contoso.localhost"
farm = "lync-front-end"

[[policy]]
methods = ["app-password"]
"#;

/// The keys of [`SMALLEST`] that are neither host, nor certificate, nor upstream.
const REST: [&str; 7] = [
    "file = ",
    "key_file = ",
    "domain = ",
    "dns_domain = ",
    "key = ",
    "issuer = ",
    "methods = ",
];

fn smallest(config: &str) -> String {
    let farm = config
        .split("\n\n")
        .find(|it| it.contains("\"lync-front-end\""));
    SMALLEST.replace("{farm}", farm.expect("the front end's farm"))
}

#[test]
fn s29_s39_the_preset_needs_host_and_upstream_and_no_federation_server() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = smallest(&std::fs::read_to_string(demo.text("/config"))?);
    let tables: Vec<&str> = config
        .lines()
        .filter(|line| line.starts_with('['))
        .collect();
    let known = [
        "[store]",
        "[names]",
        "[onward]",
        "[[listener]]",
        "[[farm]]",
        "[[lync.pool]]",
        "[[policy]]",
    ];
    assert_eq!(tables, known, "no table of a token service");
    let serve = Serve::start(&demo, |_| config.clone())?;

    let anna = demo.person(0);
    let asking = request_for(&demo, &anna.sip);
    let asking = Request::post(LYNC, WEB_TICKET, &asking);
    let bought = ntlm(&demo, serve.address, &anna, &asking)?;
    assert_eq!(bought.status, 200, "{}", bought.text());
    let text = bought.text();
    let (_, ticket) = text.split_once("<saml:Assertion").expect("a ticket");
    let (ticket, _) = ticket.split_once("</saml:Assertion>").expect("its end");
    let ticket = STANDARD.encode(format!("<saml:Assertion{ticket}</saml:Assertion>"));
    let call = Request::new(LYNC, USER).header(&format!("X-MS-WebTicket: opaque={ticket}"));
    let answer = open(&demo, serve.address, LYNC)?.exchange(call.text())?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.text().contains("pool01"), "{}", answer.text());
    Ok(())
}

#[test]
fn s39_every_key_of_the_smallest_configuration_is_needed() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = smallest(&std::fs::read_to_string(demo.text("/config"))?);
    let check = |config: &str| -> anyhow::Result<(bool, String)> {
        let file = demo.folder().join("smallest.toml");
        std::fs::write(&file, config)?;
        let checked = demo.wicketgate(&["--config", &file.display().to_string(), "check"])?;
        let said = [checked.stdout, checked.stderr].concat();
        Ok((checked.status.success(), String::from_utf8(said)?))
    };
    assert!(check(&config)?.0, "{}", check(&config)?.1);
    for key in REST {
        let fewer: Vec<&str> = config.lines().filter(|it| !it.starts_with(key)).collect();
        assert_eq!(fewer.len() + 1, config.lines().count(), "{key}");
        let (is_right, said) = check(&fewer.join("\n"))?;
        assert!(!is_right, "without `{key}`: {said}");
    }
    Ok(())
}

/// What only Lync's clients know.
fn lync_words(answer: &Answer) -> Vec<String> {
    let known = [
        "x-ms-webticketurl",
        "x-ms-webticketsupported",
        "x-ms-diagnostics",
    ];
    let lines = answer.headers.iter();
    let words = lines.filter(|(name, value)| {
        known.contains(&name.as_str()) || value.to_lowercase().contains("msrtcoauth")
    });
    words
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

#[test]
fn s40_the_same_program_serves_exchange_without_anything_of_lyncs() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let ticketless = Request::new(LYNC, USER).text();
    let with_lync = open(&demo, demo.address(), LYNC)?.exchange(&ticketless)?;
    assert!(!lync_words(&with_lync).is_empty(), "{with_lync:?}");

    let serve = Serve::start(&demo, |config| {
        let config = without(&config, "[[lync.pool]]", "");
        without(&config, "[[farm]]", "lync-front-end").replace("\"lync\", ", "")
    })?;
    let mut raw = open(&demo, serve.address, MAIL)?;
    let echo = Request::new(MAIL, ECHO);
    let ticket = "X-MS-WebTicket: opaque=AAAA";
    let bearer = "Authorization: Bearer cwt=AAAA";
    for (asked, status) in [
        (echo.clone(), 401),
        (echo.clone().header(ticket), 401),
        (echo.clone().header(bearer), 401),
        (Request::post(MAIL, AUTODISCOVER, "<a/>"), 401),
        (echo.clone().header(&basic(&anna.upn, "a guess")), 401),
        (
            echo.clone().header(&basic(&anna.upn, &anna.app_password)),
            200,
        ),
        (Request::post(MAIL, WEB_TICKET, "<a/>"), 404),
        (Request::new(MAIL, &format!("{WEB_TICKET}/mex")), 404),
        (Request::post(MAIL, "/WebTicket/oauthtoken", "a=b"), 404),
        (Request::new(MAIL, USER), 404),
        (Request::new(MAIL, "/ucwa/oauth/v1/applications"), 404),
        (
            Request::new(MAIL, "/CertProv/CertProvisioningService.svc"),
            404,
        ),
        (Request::new(MAIL, "/meet/anna/1"), 404),
        (Request::new(LYNC, &format!("{WEB_TICKET}/mex")), 421),
    ] {
        let answer = raw.exchange(asked.text())?;
        assert_eq!(answer.status, status, "{} {}", asked.path, answer.text());
        assert_eq!(lync_words(&answer), [""; 0], "{}", asked.path);
    }
    let mut raw = open(&demo, serve.address, MAIL)?;
    let signing = Ntlm::modern(&anna, &anna.app_password, 40);
    let challenged = raw.exchange(echo.clone().header(&signing.first()).text())?;
    assert_eq!(lync_words(&challenged), [""; 0]);
    let last = echo.header(&signing.last(&challenged)?);
    let answer = raw.exchange(last.text())?;
    assert_eq!((answer.status, lync_words(&answer).len()), (200, 0));
    assert_eq!(paths(&demo)?, [ECHO, ECHO], "what the servers behind saw");
    Ok(())
}

#[test]
fn s26_one_host_asks_and_its_neighbours_on_the_same_listener_do_not() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let serve = Serve::start(&demo, |config| {
        let config = without(&config, "[[exchange]]", "");
        let config = config.replace(", \"ews\", \"autodiscover\", \"activesync\"", "");
        format!(
            "{config}\n[[route]]\nhost = \"{MAIL}\"\npath = \"/lab\"\nbelow = true\n\
             auth = \"anonymous\"\nservice = \"pages\"\nfarm = \"lync-front-end\"\n"
        )
    })?;
    let asked = open(&demo, serve.address, LYNC)?;
    let asking = request_for(&demo, &demo.person(0).sip);
    let asking = Request::post(LYNC, WEB_TICKET, &asking).text();
    let mut raw = asked;
    assert_eq!(raw.exchange(asking)?.status, 401);
    let mut raw = open(&demo, serve.address, MAIL)?;
    let open_to_all = raw.exchange(Request::new(MAIL, "/lab/nothing").text())?;
    assert_eq!(open_to_all.all("www-authenticate").count(), 0);
    assert_eq!(paths(&demo)?, ["/lab/nothing"], "it is not asked who it is");
    let elsewhere = Request::new("other.contoso.localhost", "/lab/nothing").text();
    assert_eq!(raw.exchange(elsewhere)?.status, 421);
    assert_eq!(paths(&demo)?.len(), 1, "a host that is not routed here");
    Ok(())
}

#[test]
fn s26_a_policy_lets_one_service_in_and_not_the_other() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let serve = Serve::start(&demo, |config| {
        config.replace(
            "\"lync\", \"ews\", \"autodiscover\", \"activesync\"",
            "\"ews\"",
        )
    })?;
    let lync = request_for(&demo, &anna.sip);
    for (asking, status) in [
        (Request::new(MAIL, ECHO), 200),
        (Request::new(MAIL, AUTODISCOVER), 404),
        (Request::post(LYNC, WEB_TICKET, &lync), 404),
    ] {
        let answer = ntlm(&demo, serve.address, &anna, &asking)?;
        assert_eq!(answer.status, status, "{}", asking.path);
    }
    assert_eq!(paths(&demo)?, [ECHO]);
    Ok(())
}

/// The second listener is an inside one, of which no policy speaks; and it wants channel bindings.
#[test]
fn s26_one_listener_lets_in_and_the_other_does_not() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let certificate = "certificate = [{ chain = \"gate-ecdsa.pem\", key = \"gate-ecdsa.key\" }]";
    let listener =
        |more: &str| format!("\n[[listener]]\naddress = \"127.0.0.1:0\"\n{certificate}\n{more}\n");
    let serve = Serve::start(&demo, |config| {
        let inside = listener("internal_networks = [\"127.0.0.1/32\"]");
        config + &inside + &listener("channel_binding = \"require\"")
    })?;
    let echo = Request::new(MAIL, ECHO);
    let [inside, bound] = serve.others[..] else {
        panic!("{:?}", serve.others)
    };
    for (gate, status) in [(serve.address, 200), (inside, 404), (bound, 401)] {
        assert_eq!(ntlm(&demo, gate, &anna, &echo)?.status, status, "{gate}");
    }
    assert_eq!(paths(&demo)?, [ECHO]);
    Ok(())
}
