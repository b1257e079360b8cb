//! Whatever is wrong with a request or with the server behind has its own answer, with an id under which
//! the log knows it; nothing is sent twice, and no ticket opens what it was not issued for (design 13).

mod back_ends;

use std::sync::Arc;

use anyhow::{Context, ensure};
use back_ends::{Faulty, silent};
use e2e::demo::{Demo, Person};
use e2e::messages::{bears, opaque};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::ticket::{self, USER_LINK, WEB};
use rustls::ClientConfig;

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
/// The host of the second pool's web services.
const SECOND: &str = "lyncweb2.contoso.localhost";
/// The second pool's own name.
const SECOND_POOL: &str = "pool02.contoso.local";
const OAUTH_USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
const APPLICATIONS: &str = "/ucwa/oauth/v1/applications";
const GROUPS: &str = "/groupexpansion/service.svc/WebTicket_Bearer";
const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
/// The id of a request.
const ACTIVITY: &str = "x-wicketgate-activity";

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
    faulty: Faulty,
    /// Where the second pool itself listens.
    second_pool: std::net::SocketAddr,
    /// At home in the second pool.
    ben: Person,
}

/// An answer that has to be found in the log.
struct Told {
    what: String,
    activity: String,
    /// What the log says of its cause, where it is nobody's but ours or the back end's.
    cause: Option<&'static str>,
}

impl Scene {
    /// Two pools behind a Director whose documents nobody understands, and faulty back ends.
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start_with(&["--director"])?;
        let faulty = Faulty::start()?;
        let stalls = silent()?;
        let config = std::fs::read_to_string(demo.text("/config"))?;
        let farm = |name: &str| -> anyhow::Result<String> {
            let (_, farm) = config
                .split_once(&format!("name = \"{name}\"\naddress = \"https://"))
                .with_context(|| format!("no farm {name}"))?;
            Ok(farm.split('"').next().unwrap_or_default().to_owned())
        };
        let second_pool = farm("pool02")?.parse()?;
        let director = farm("dir01")?;
        let serve = Serve::start(&demo, |config| {
            let tls = "tls_name = \"dir01.contoso.local\"\nauthorities = \"ca.pem\"\n";
            let plain = format!("http://127.0.0.1:{}", faulty.port);
            let config = config
                .replace(&format!("https://{director}"), &plain)
                .replace(tls, "");
            let own = [
                ("faults", plain, ""),
                (
                    "stalls",
                    format!("https://127.0.0.1:{stalls}"),
                    "authorities = \"ca.pem\"\n",
                ),
            ];
            let own = own.map(|(name, address, rest)| {
                format!(
                    "\n[[farm]]\nname = \"{name}\"\naddress = \"{address}\"\n{rest}\
                     identity_header = \"x-wicketgate-identity\"\n\n[[route]]\nhost = \"{MAIL}\"\n\
                     path = \"/{name}\"\nbelow = true\nauth = [\"basic\"]\nservice = \"ews\"\n\
                     farm = \"{name}\"\n"
                )
            });
            config + &own.concat()
        })?;
        Ok(Self {
            tls: tls(&demo, &[])?,
            ben: demo.person(1),
            demo,
            serve,
            faulty,
            second_pool,
        })
    }

    fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        Raw::connect_to(self.serve.address, &self.tls, host)
    }

    /// The second pool itself, which knows nothing of a gate.
    fn beside_the_gate(&self) -> anyhow::Result<Raw> {
        Raw::connect_to(self.second_pool, &self.tls, SECOND_POOL)
    }

    /// A request on a connection of its own.
    fn ask(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        self.connect(request.host)?.exchange(request.text())
    }

    /// A request with the app password.
    fn with_password<'a>(&self, path: &'a str) -> Request<'a> {
        Request::new(MAIL, path).header(&basic(&self.ben.upn, &self.ben.app_password))
    }
}

/// What was answered, for the log to be asked about.
fn told(what: &str, answer: &Answer, cause: Option<&'static str>) -> anyhow::Result<Told> {
    let activity = answer.header(ACTIVITY);
    Ok(Told {
        what: what.to_owned(),
        activity: activity
            .with_context(|| format!("{what}: no id"))?
            .to_owned(),
        cause,
    })
}

/// Stops the gate and looks for each id in its log.
fn the_log_knows(serve: Serve, answers: &[Told]) -> anyhow::Result<()> {
    let log = serve.stop()?;
    for Told {
        what,
        activity,
        cause,
    } in answers
    {
        ensure!(activity.len() == 36, "{what}: `{activity}`");
        let about = || log.lines().filter(|line| line.contains(activity));
        ensure!(about().any(|line| line.contains("access")), "{what}: {log}");
        if let Some(cause) = cause {
            let is_said = |line: &str| line.contains("WARN") && line.contains(cause);
            let lines: Vec<_> = about().collect();
            ensure!(about().any(is_said), "{what}: no `{cause}` in {lines:#?}");
        }
    }
    Ok(())
}

/// How a server refuses a ticket, as far as a client acts on it.
fn refusal(answer: &Answer) -> (u16, Option<String>, Option<String>, bool) {
    let url = answer.header("x-ms-webticketurl").map(str::to_owned);
    let mut challenges = answer.all("www-authenticate");
    let oauth = challenges.find(|it| it.starts_with("MsRtcOAuth"));
    let is_invalid = answer.text().contains("<ErrorId>28032</ErrorId>");
    (answer.status, url, oauth.map(str::to_owned), is_invalid)
}

/// One ticket at every place of the second pool that asks for one.
struct Places {
    link: String,
    compact: String,
    message: String,
}

impl Places {
    fn of(assertion: &str, compact: &str) -> Self {
        Self {
            link: opaque(assertion),
            compact: ticket::bearer(compact),
            message: bears(assertion, "<x/>"),
        }
    }

    /// The requests, each with its place and what the ticket's own pool answers.
    fn requests(&self) -> [(&'static str, Request<'_>, u16); 4] {
        let groups = Request::post(SECOND, GROUPS, &self.message);
        let ucwa = Request::post(SECOND, APPLICATIONS, "{}");
        let oauth = Request::new(SECOND, OAUTH_USER);
        [
            (
                "link",
                Request::new(SECOND, USER_LINK).header(&self.link),
                200,
            ),
            ("OAuth link", oauth.header(&self.compact), 200),
            ("UCWA", ucwa.header(&self.compact), 201),
            ("groups", groups, 200),
        ]
    }
}

impl Scene {
    /// Ben's tickets as a pool issues them through the gate.
    fn tickets(&self, host: &str) -> anyhow::Result<Places> {
        let by = (&self.ben, self.ben.app_password.as_str());
        let assertion = ticket::by_ntlm(&mut self.connect(host)?, host, &self.demo, by)?;
        let compact = ticket::by_grant(&mut self.connect(host)?, host, &self.ben)?;
        Ok(Places::of(&assertion, &compact))
    }

    /// The same from the second pool itself, which takes the domain password.
    fn unrelayed_tickets(&self) -> anyhow::Result<Places> {
        let password = self.ben.domain_password.as_str();
        let by = (&self.ben, password);
        let mut raw = self.beside_the_gate()?;
        let assertion = ticket::by_ntlm(&mut raw, SECOND, &self.demo, by)?;
        let ben = Person {
            app_password: password.to_owned(),
            ..self.ben.clone()
        };
        let compact = ticket::by_grant(&mut self.beside_the_gate()?, SECOND, &ben)?;
        Ok(Places::of(&assertion, &compact))
    }

    /// A request that must not reach a server.
    fn refused(&self, what: &str, request: &Request<'_>) -> anyhow::Result<Answer> {
        let before = self.demo.requests()?.len();
        let answer = self.ask(request)?;
        assert_eq!(self.demo.requests()?.len(), before, "{what}: it went on");
        Ok(answer)
    }

    /// A request to the second pool itself.
    fn ask_straight(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        self.beside_the_gate()?.exchange(request.text())
    }
}

#[test]
fn s6_a_ticket_of_another_pool_gets_this_pool_s_own_refusal() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (own, other) = (scene.tickets(SECOND)?, scene.tickets(WEB)?);
    for (place, request, status) in own.requests() {
        assert_eq!(scene.ask(&request)?.status, status, "{place}: its own");
    }
    let mut answers = Vec::new();
    for (place, request, _) in other.requests() {
        let here = scene.refused(place, &request)?;
        assert_eq!(
            refusal(&here),
            refusal(&scene.ask_straight(&request)?),
            "{place}"
        );
        assert!([401, 500].contains(&here.status), "{place}");
        answers.push(told(place, &here, None)?);
    }
    the_log_knows(scene.serve, &answers)
}

#[test]
fn s6_s15_a_ticket_that_nobody_relayed_and_a_guest_s_open_nothing_of_a_person_s()
-> anyhow::Result<()> {
    let scene = Scene::new()?;
    let unrelayed = scene.unrelayed_tickets()?;
    let guest = ticket::of_guest(&mut scene.connect(SECOND)?, SECOND, &scene.demo)?;
    let guests = Places {
        link: format!("X-MS-WebTicket: {guest}"),
        ..Places::of("", &guest)
    };
    for (place, request, status) in unrelayed.requests() {
        let straight = scene.ask_straight(&request)?;
        assert_eq!(straight.status, status, "{place}: the pool would take it");
    }
    let of_a_guest = guests.requests().into_iter().take(3);
    let mut answers = Vec::new();
    for (place, request, _) in unrelayed.requests().into_iter().chain(of_a_guest) {
        let answer = scene.refused(place, &request)?;
        let (status, url, oauth, is_invalid) = refusal(&answer);
        let is_own = match place {
            "link" => status == 401 && url.is_some(),
            "groups" => status == 500 && is_invalid,
            _ => status == 401 && oauth.is_some(),
        };
        assert!(is_own, "{place}: {status} {}", answer.text());
        answers.push(told(place, &answer, None)?);
    }
    the_log_knows(scene.serve, &answers)
}

#[test]
fn a_path_in_a_strange_spelling_and_a_body_over_its_cap_go_nowhere() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let before = scene.demo.requests()?.len();
    let mut answers = Vec::new();
    for (path, status) in [
        ("/EWS//echo", 400),
        ("/EWS/./echo", 400),
        ("/x/../EWS/echo", 400),
        ("/EWS/%2e%2e/EWS/echo", 400),
        ("/EWS/echo%00", 400),
        ("/EWS%5cecho", 400),
        ("/EWS%2fecho", 400),
        ("/EWS/%65cho%", 400),
        ("/EWS/echo.", 400),
        ("/EWS/%c0%afecho", 400),
        ("/EWSecho", 404),
        ("/owa/", 404),
    ] {
        let answer = scene.ask(&scene.with_password(path))?;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        answers.push(told(path, &answer, None)?);
    }
    let large = "x".repeat(64 * 1024 + 1);
    for path in [AUTH, OAUTHTOKEN, GROUPS] {
        let mut raw = scene.connect(WEB)?;
        let answer = raw.exchange(Request::post(WEB, path, &large).text())?;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text());
        answers.push(told(path, &answer, None)?);
        assert!(raw.is_closed()?, "{path}: nobody reads the rest");
    }
    assert_eq!(scene.demo.requests()?.len(), before);
    the_log_knows(scene.serve, &answers)
}

/// Chunks go before a length (RFC 9112 6.3), and the client hears of the one that counts.
#[test]
fn t_http_1_a_length_beside_chunks_does_not_reach_the_client() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let mut raw = scene.connect(MAIL)?;
    for path in ["/faults/length-and-chunks", "/faults/next"] {
        let answer = raw.exchange(scene.with_password(path).text())?;
        assert_eq!(answer.status, 200, "{path}");
        let framing = ["content-length", "transfer-encoding"].map(|name| answer.header(name));
        let (text, expected) = match path {
            "/faults/next" => ("ok", [Some("2"), None]),
            _ => ("hello", [None, Some("chunked")]),
        };
        assert_eq!(
            (answer.text().as_str(), framing),
            (text, expected),
            "{path}"
        );
    }
    Ok(())
}

/// What the log says of a back end that does not keep to HTTP.
const BROKE_OFF: &str = "the back end broke off, or its answer cannot be understood";

/// One that stays silent is 504 after a quarter of an hour, which no story waits for: `proxy/upstream/tests.rs` does,
/// under a clock of its own.
#[test]
fn a_back_end_s_fault_is_502_or_503_and_nothing_is_sent_twice() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let mut answers = Vec::new();
    for (path, status, cause) in [
        ("/faults/resets", 502, BROKE_OFF),
        ("/faults/closes", 502, BROKE_OFF),
        ("/faults/garbage", 502, BROKE_OFF),
        ("/faults/half-a-head", 502, BROKE_OFF),
        ("/faults/two-lengths", 502, BROKE_OFF),
        ("/faults/switches", 502, "wants to switch protocols"),
        ("/stalls", 503, "no member of the farm `stalls`"),
        ("/EWS/echo?garbage=1", 502, BROKE_OFF),
        ("/EWS/echo?challenge=1", 503, "answered 401 to our identity"),
    ] {
        let answer = scene.ask(&scene.with_password(path))?;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.header("www-authenticate").is_none(), "{path}");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        answers.push(told(path, &answer, Some(cause))?);
        if path.starts_with("/faults") {
            assert_eq!(scene.faulty.asked_for(path), 1, "{path}: it was sent twice");
        }
    }

    let mut raw = scene.connect(MAIL)?;
    let kept = raw.exchange(scene.with_password("/faults/kept").text())?;
    assert_eq!(kept.status, 200);
    let path = "/faults/resets";
    let answer = raw.exchange(scene.with_password(path).text())?;
    assert_eq!(answer.status, 502, "on a connection that was good");
    assert_eq!(scene.faulty.asked_for(path), 2, "it was sent twice");
    assert_eq!(
        answer.header("connection"),
        Some("close"),
        "what is still to come of the body?"
    );
    answers.push(told(path, &answer, Some(BROKE_OFF))?);

    let document = Request::new("lyncdiscover.contoso.localhost", "/");
    let answer = scene.ask(&document)?;
    assert_eq!(answer.status, 502, "{}", answer.text());
    answers.push(told("discover", &answer, Some("document cannot be read"))?);
    assert_eq!(scene.ask(&scene.with_password(ECHO))?.status, 200);
    the_log_knows(scene.serve, &answers)
}
