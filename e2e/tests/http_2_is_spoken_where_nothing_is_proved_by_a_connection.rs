//! HTTP/2 is spoken where nothing is proved by a connection, and there only; each stream is whose its own
//! password says (I5, T-CONN-4, T-HTTP-5, T-DOS-2).

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use e2e::demo::{Demo, root};
use e2e::frames::{self, Frames};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::skip::skip;
use e2e::until::until;
use serde_json::{Value, json};

/// A host of nothing but a route of the operator's own.
const APP: &str = "autodiscover.contoso.localhost";
const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
/// How many header lines a request may have.
const LINES: usize = 128;
/// At how many failures in a quarter of an hour an account's alarm is raised (`authn::lockout`).
const ALARM: u8 = 100;
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

struct Scene {
    demo: Demo,
    serve: Serve,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let serve = Serve::start(&demo, |config| {
            let config = config.replace(&format!("autodiscover_hosts = [\"{APP}\"]\n"), "");
            format!(
                "{config}\n[[route]]\nhost = \"{APP}\"\npath = \"/\"\nbelow = true\n\
                 auth = [\"basic\"]\nservice = \"ews\"\nfarm = \"exchange\"\n"
            )
        })?;
        Ok(Self { demo, serve })
    }

    /// What the version is that curl gets on a host, and the status.
    fn curl(&self, host: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let address = self.serve.address;
        let ran = Command::new("curl")
            .args(["--silent", "--show-error", "--noproxy", "*", "--http2"])
            .args(["--max-time", "60", "--output", "/dev/null"])
            .args(["--write-out", "%{http_version} %{http_code}"])
            .args(["--cacert", &self.demo.text("/ca")])
            .args(["--connect-to", &format!("::{address}")])
            .args(arguments)
            .arg(format!("https://{host}{ECHO}"))
            .output()?;
        anyhow::ensure!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        Ok(String::from_utf8(ran.stdout)?)
    }

    /// Runs the client of streams; `None` where it cannot run here.
    fn streams(&self, host: &str, mode: &str, arguments: &Value) -> anyhow::Result<Option<Value>> {
        let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(std::path::PathBuf::from);
        let python = named.unwrap_or_else(|| root().join("target/story-venv/bin/python"));
        let python = root().join(python);
        if !python.exists() {
            skip(
                "h2",
                "no Python with h2 and websockets; `cargo xtask test` makes one",
            )?;
            return Ok(None);
        }
        let mut child = Command::new(python)
            .arg(root().join("e2e/clients/streams.py"))
            .arg(self.demo.text("/ca"))
            .arg(self.serve.address.port().to_string())
            .args([host, mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().expect("its input is piped");
        write!(input, "{arguments}")?;
        drop(input);
        let ran = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&ran.stdout);
        let failed = || format!("{mode}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        Ok(Some(
            serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}", failed())),
        ))
    }

    /// Asks everything at once on one connection.
    fn answers(&self, requests: &[Value]) -> anyhow::Result<Option<Vec<Value>>> {
        let said = self.streams(APP, "requests", &json!({ "requests": requests }))?;
        Ok(said.map(|said| said["answers"].as_array().expect("answers").clone()))
    }

    fn by(&self, number: usize, path: &str) -> Value {
        let person = self.demo.person(number);
        json!({ "path": path, "user": person.upn, "password": person.app_password })
    }

    fn seen(&self) -> anyhow::Result<usize> {
        Ok(self.demo.requests()?.len())
    }
}

fn with(mut request: Value, key: &str, value: Value) -> Value {
    request[key] = value;
    request
}

#[test]
fn t_conn_4_curl_gets_http_2_where_no_route_asks_for_ntlm_and_nowhere_else() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let password = format!("{}:{}", anna.upn, anna.app_password);
    assert_eq!(scene.curl(APP, &["--user", &password])?, "2 200");
    assert_eq!(scene.curl(APP, &[])?, "2 401");
    // An answer to HEAD has no body, be it ours: with one curl gives the stream up.
    assert_eq!(scene.curl(APP, &["--head"])?, "2 401");
    let portal = scene.curl("portal.contoso.localhost", &["--head"])?;
    assert_eq!(portal, "2 404", "a path that the portal does not have");
    assert_eq!(scene.curl(MAIL, &["--user", &password])?, "1.1 200");
    assert_eq!(scene.curl("lyncweb.contoso.localhost", &[])?, "1.1 404");
    let only = tls(&scene.demo, &[b"h2"])?;
    assert!(Raw::connect_to(scene.serve.address, &only, MAIL).is_err());
    assert!(Raw::connect_to(scene.serve.address, &only, APP).is_ok());
    Ok(())
}

#[test]
fn i5_two_users_streams_of_one_connection_stay_apart() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let accounts = [0, 1].map(|number| scene.demo.person(number).account);
    let requests: Vec<Value> = (0..60)
        .map(|number| scene.by(number % 2, &format!("{ECHO}?nonce={number}")))
        .collect();
    let Some(answers) = scene.answers(&requests)? else {
        return Ok(());
    };
    let mut connections = [Vec::new(), Vec::new()];
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["status"], 200, "{answer}");
        let echo: Value = serde_json::from_str(answer["body"].as_str().expect("a body"))?;
        assert_eq!(echo["nonce"], number.to_string());
        assert_eq!(echo["identity"], accounts[number % 2]);
        connections[number % 2].push(echo["connection"].as_u64().expect("a connection"));
    }
    let [annas, bens] = &mut connections;
    assert!(
        annas.iter().all(|of_anna| !bens.contains(of_anna)),
        "{annas:?} {bens:?}"
    );
    annas.sort_unstable();
    annas.dedup();
    assert!(annas.len() < 30, "none was used twice: {annas:?}");
    Ok(())
}

#[test]
fn t_conn_4_ntlm_and_negotiate_get_no_challenge_on_a_stream() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let before = scene.seen()?;
    let first = "TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==";
    let requests = ["NTLM", "Negotiate"].map(|scheme| {
        let line = json!([["authorization", format!("{scheme} {first}")]]);
        json!({ "path": ECHO, "headers": line })
    });
    let Some(answers) = scene.answers(&requests)? else {
        return Ok(());
    };
    for answer in &answers {
        assert_eq!(answer["status"], 401, "{answer}");
        let headers = answer["headers"].to_string().to_lowercase();
        assert!(headers.contains("basic realm"), "{headers}");
        assert!(
            !headers.contains("ntlm") && !headers.contains("negotiate"),
            "{headers}"
        );
    }
    assert_eq!(scene.seen()?, before);
    Ok(())
}

#[test]
fn t_conn_4_a_connection_is_not_taken_for_another_host() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let before = scene.seen()?;
    let requests = [
        MAIL,
        "lyncweb.contoso.localhost",
        "lyncdiscover.contoso.localhost",
    ]
    .map(|host| with(scene.by(0, ECHO), "authority", json!(host)));
    let Some(answers) = scene.answers(&requests)? else {
        return Ok(());
    };
    for answer in &answers {
        assert_eq!(answer["status"], 421, "{answer}");
    }
    assert_eq!(scene.seen()?, before);
    Ok(())
}

#[test]
fn t_http_5_what_would_be_two_requests_behind_is_none() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let before = scene.seen()?;
    let lines = [
        ["host", MAIL],
        ["host", "evil"],
        ["transfer-encoding", "chunked"],
        ["connection", "upgrade"],
        ["upgrade", "websocket"],
        ["keep-alive", "timeout=5"],
        ["content-length", "5"],
        ["content-length", "+0"],
        ["x-a", "1\r\nx-wicketgate-identity: anna"],
        ["x-a", "1\nGET / HTTP/1.1"],
        ["x-a", "1\0"],
        ["x-a\r\nx-b", "1"],
        ["x-a: b", "1"],
        ["X-Upper", "1"],
        [":path", "/other"],
    ];
    for line in lines {
        let request = with(scene.by(0, ECHO), "headers", json!([line]));
        let Some(answers) = scene.answers(&[request])? else {
            return Ok(());
        };
        let status = &answers[0]["status"];
        assert!(status.is_null() || status == 400, "{line:?}: {answers:?}");
        assert_eq!(scene.seen()?, before, "{line:?}: it was forwarded");
    }
    let same = with(scene.by(0, ECHO), "headers", json!([["host", APP]]));
    let answers = scene.answers(&[same])?.expect("it ran before");
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    Ok(())
}

#[test]
fn t_dos_2_a_stream_has_as_many_lines_and_bytes_as_any_request_and_no_more() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let lines = |count: usize, length: usize| {
        let line = |number| json!([format!("x-line-{number}"), "x".repeat(length)]);
        let lines: Vec<Value> = (0..count).map(line).collect();
        with(scene.by(0, ECHO), "headers", json!(lines))
    };
    // The Authorization is a line as well, and the authority becomes one.
    for (request, is_taken) in [
        (lines(LINES - 2, 1), true),
        (lines(LINES, 1), false),
        (lines(100, 500), true),
        (lines(100, 700), false),
    ] {
        let before = scene.seen()?;
        let Some(answers) = scene.answers(&[request])? else {
            return Ok(());
        };
        assert_eq!(answers[0]["status"] == 200, is_taken, "{answers:?}");
        assert_eq!(scene.seen()? > before, is_taken);
    }
    Ok(())
}

#[test]
fn t_dos_2_sixteen_streams_are_open_and_eight_are_worked_on_at_a_time() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let Some(said) = scene.streams(APP, "requests", &json!({ "requests": [] }))? else {
        return Ok(());
    };
    assert_eq!(said["streams"], 16);
    let stalled = vec![scene.by(0, &format!("{ECHO}?stall=1")); 16];
    let ben = scene.by(1, ECHO);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| scene.answers(&stalled));
        while scene.seen()? < 8 && !waiting.is_finished() {
            std::thread::yield_now();
        }
        // Whatever else were let through would be seen before this.
        for asked in 1..=3 {
            scene.answers(std::slice::from_ref(&ben))?;
            assert_eq!(scene.seen()?, 8 + asked);
        }
        // Revoking ends them all.
        scene.demo.revoke(&scene.demo.person(0))
    })
}

#[test]
fn a_body_of_unknown_length_arrives_with_any_method() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    for method in ["GET", "DELETE", "POST"] {
        let request = with(scene.by(0, ECHO), "method", json!(method));
        let Some(answers) = scene.answers(&[with(request, "body", json!("0123456789"))])? else {
            return Ok(());
        };
        let echo: Value = serde_json::from_str(answers[0]["body"].as_str().expect("a body"))?;
        assert_eq!(echo["body_length"], 10, "{method}: {echo}");
    }
    Ok(())
}

#[test]
fn cookies_of_a_stream_are_one_line_behind() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let crumbs = json!([
        ["cookie", "a=b"],
        ["cookie", "X-BEResource=x"],
        ["cookie", "c=d"]
    ]);
    let request = with(scene.by(0, ECHO), "headers", crumbs);
    let Some(answers) = scene.answers(&[request])? else {
        return Ok(());
    };
    let echo: Value = serde_json::from_str(answers[0]["body"].as_str().expect("a body"))?;
    let headers = echo["headers"].as_array().expect("headers").iter();
    assert_eq!(headers.filter(|it| it[0] == "cookie").count(), 1, "{echo}");
    Ok(())
}

#[test]
fn t_dos_2_whoever_breaks_off_ten_thousand_streams_is_put_out_and_nobody_else() -> anyhow::Result<()>
{
    let scene = Scene::new()?;
    let honest = tls(&scene.demo, &[])?;
    let mut raw = Raw::connect_to(scene.serve.address, &honest, APP)?;
    let anna = scene.demo.person(0);
    let line = basic(&anna.upn, &anna.app_password);
    let asked = Request::new(APP, ECHO).header(&line).text();
    assert_eq!(raw.exchange(&asked)?.status, 200);
    for seen in [false, true] {
        let before = scene.seen()?;
        let request = scene.by(1, &format!("{ECHO}?stall=1"));
        let flood = json!({ "count": 10_000, "request": request, "seen": seen });
        let Some(said) = scene.streams(APP, "reset", &flood)? else {
            return Ok(());
        };
        assert!(said["ended"].is_string(), "{said}");
        assert_eq!(raw.exchange(&asked)?.status, 200, "another client");
        let reached = scene.seen()? - before;
        assert!(reached < 200, "{reached} of {said} reached a back end");
    }
    Ok(())
}

#[test]
fn s20_whoever_breaks_off_a_guess_raises_the_alarm_all_the_same() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let tls = tls(&scene.demo, &[])?;
    let wrong = basic(&anna.upn, "a guess");
    let wrong = Request::new(APP, ECHO).header(&wrong).text();
    for number in 1..ALARM {
        // Each from another network, so that none is slowed.
        let from = Ipv4Addr::new(127, 1, number, 1);
        let mut raw = Raw::connect_to_from(scene.serve.address, &tls, APP, from)?;
        assert_eq!(raw.exchange(&wrong)?.status, 401);
    }
    let guess = with(scene.by(0, ECHO), "password", json!("a guess"));
    let flood = json!({ "count": 20, "request": guess, "seen": true, "stays": true });
    if scene.streams(APP, "reset", &flood)?.is_some() {
        scene.serve.line("an account is under attack")?;
    }
    Ok(())
}

#[test]
fn t_conn_10_revoking_ends_a_stream_that_a_gate_still_finishes_that_is_told_to_stop()
-> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let (said, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| said.send(scene.answers(&[scene.by(0, &format!("{ECHO}?stall=1"))])));
        while scene.seen()? < 1 && !waiting.is_finished() {
            std::thread::yield_now();
        }
        scene.serve.terminate()?;
        scene.serve.line("the gate closes")?;
        scene.demo.revoke(&anna)?;
        if let Some(answers) = answers.recv_timeout(WITHIN)?? {
            assert!(answers[0]["status"].is_null(), "{answers:?}");
        }
        Ok(())
    })
}

#[test]
fn t_conn_10_revoking_ends_a_connection_of_streams_whoever_asked_last() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let tls = tls(&scene.demo, &[b"h2"])?;
    let head = |number: usize, path: &str| {
        let person = scene.demo.person(number);
        let line = basic(&person.upn, &person.app_password);
        frames::with(&frames::head(APP, "GET", path), &line)
    };
    let connect = || Frames::connect(scene.serve.address, &tls, APP, &[]);
    let (mut both, mut bens) = (connect()?, connect()?);
    // Hers never ends; his comes later and shows that the connection is more than one user's.
    let stalled = both.open(&head(0, &format!("{ECHO}?stall=1")), true)?;
    until("hers is with the server behind", || Ok(scene.seen()? >= 1))?;
    for frames in [&mut both, &mut bens] {
        let later = frames.open(&head(1, ECHO), true)?;
        assert_eq!(frames.ended(later)?.status, Some(200));
    }
    scene.demo.revoke(&scene.demo.person(0))?;
    both.raw().tcp().set_read_timeout(Some(WITHIN))?;
    both.closed()?;
    assert_eq!(both.streamed(stalled).heads, 0);
    let next = bens.open(&head(1, ECHO), true)?;
    assert_eq!(bens.ended(next)?.status, Some(200), "another connection");
    Ok(())
}
