//! A balancer in front of the gate says whose a connection is (PROXY protocol, versions 1 and 2); what
//! anybody else says is not even read (design 13, internal).

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use e2e::client::Curl;
use e2e::demo::{Demo, Person, plain_request};
use e2e::haproxy::Haproxy;
use e2e::raw::{Raw, dial, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::skip;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const DISCOVER: &str = "lyncdiscover.contoso.localhost";
/// A path that is there inside alone.
const ECHO: &str = "/EWS/echo";
/// A path that is there in either zone.
const AUTODISCOVER: &str = "/Autodiscover/Autodiscover.xml";
/// A balancer's address.
const BALANCER: Ipv4Addr = Ipv4Addr::new(127, 8, 0, 5);
/// A client of the internal network.
const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 1);
/// Clients of no network that is named, and of two: failures are counted by network.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 7, 0, 1);
const ANOTHER: Ipv4Addr = Ipv4Addr::new(127, 6, 0, 1);
/// After how many failures an address is slowed (`authn::lockout::PROMPT_FAILURES`).
const PROMPT: usize = 20;
/// After how long a connection that stays open is a failure: four times the time that it has.
const PATIENCE: Duration = Duration::from_secs(20);
/// The header of version 2 of a balancer that speaks for itself.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// A gate behind balancers of 127.8/24 that lets EWS be used from 127.9/16 alone.
struct Balanced {
    demo: Demo,
    tls: Arc<ClientConfig>,
    serve: Serve,
    metrics: String,
    anna: Person,
}

impl Balanced {
    fn start() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let serve = Serve::start(&demo, configured)?;
        let line = serve.line("metrics and health are told")?;
        let (_, metrics) = line.split_once("address=\"").expect("an address");
        Ok(Self {
            tls: tls(&demo, &[])?,
            metrics: format!("http://{}/metrics", metrics.trim_end_matches('"')),
            anna: demo.person(0),
            demo,
            serve,
        })
    }

    /// A connection to the gate itself that begins with these bytes.
    fn direct(&self, from: Ipv4Addr, first: &[u8]) -> anyhow::Result<Raw> {
        Raw::connect_behind(self.serve.address, &self.tls, MAIL, (from, first))
    }

    /// The status of a request with a secret of Anna's, or another.
    fn asks(&self, raw: &mut Raw, (path, secret): (&str, &str)) -> anyhow::Result<u16> {
        let request = Request::new(MAIL, path).header(&basic(&self.anna.upn, secret));
        Ok(raw.exchange(request.text())?.status)
    }

    fn is_let_in(&self, raw: &mut Raw) -> anyhow::Result<bool> {
        match self.asks(raw, (ECHO, &self.anna.app_password))? {
            200 => Ok(true),
            404 => Ok(false),
            other => anyhow::bail!("{other}"),
        }
    }

    /// Tries a wrong secret where anybody is asked who it is.
    fn mistypes(&self, raw: &mut Raw, secret: &str) -> anyhow::Result<()> {
        assert_eq!(self.asks(raw, (AUTODISCOVER, secret))?, 401);
        Ok(())
    }

    fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let text = plain_request(&self.metrics, "GET")?;
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.unwrap_or_default().parse()?)
    }

    /// The addresses that the audit trail names, oldest first, of an event.
    fn sources(&self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let mut events = self.demo.wicketgate_json(&["audit", "list"])?;
        events.retain(|event| event["event"] == kind);
        Ok(events.iter().map(|it| it["source"].clone()).collect())
    }
}

fn configured(config: String) -> String {
    let listener = "proxy_protocol = [\"127.8.0.0/24\"]\ninternal_networks = [\"127.9.0.0/16\"]\ncertificate = [";
    let config = config.replacen("certificate = [", listener, 1);
    let (before, _) = config.split_once("[[policy]]").expect("a policy");
    format!(
        "{before}[[policy]]\nzones = [\"internal\"]\nmethods = [\"app-password\"]\n\
         [[policy]]\nservices = [\"autodiscover\"]\nmethods = [\"app-password\"]\n\
         [metrics]\naddress = \"127.0.0.1:0\"\n"
    )
}

fn line(client: Ipv4Addr) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 40000 443\r\n").into_bytes()
}

/// Whether HAProxy is there; says so where it is not.
fn has_haproxy(story: &str) -> anyhow::Result<bool> {
    if Haproxy::program().is_some() {
        return Ok(true);
    }
    skip::skip(story, "haproxy is not installed")?;
    Ok(false)
}

#[test]
fn behind_haproxy_a_client_has_its_own_zone_and_is_audited_by_its_own_address() -> anyhow::Result<()>
{
    if !has_haproxy("a client behind HAProxy")? {
        return Ok(());
    }
    let gate = Balanced::start()?;
    for sends in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id",
    ] {
        let haproxy = Haproxy::start(gate.serve.address, BALANCER, sends)?;
        let from = |client| Raw::connect_to_from(haproxy.address, &gate.tls, MAIL, client);
        assert!(gate.is_let_in(&mut from(INSIDE)?)?, "{sends}");
        for other in [OUTSIDE, BALANCER] {
            assert!(!gate.is_let_in(&mut from(other)?)?, "{sends}");
            gate.mistypes(&mut from(other)?, sends)?;
        }
        let echo = Request::new(MAIL, ECHO);
        let echo = echo.header(&basic(&gate.anna.upn, &gate.anna.app_password));
        let told = from(INSIDE)?.exchange(echo.text())?.text();
        assert!(told.contains(&INSIDE.to_string()), "{told}");
        assert!(!told.contains(&BALANCER.to_string()), "{told}");
    }
    // A repeat of what was proved is no new event.
    let mut signed_in = gate.sources("signed-in")?;
    signed_in.dedup();
    assert_eq!(signed_in, [INSIDE.to_string().as_str()]);
    let refused = [OUTSIDE, BALANCER].repeat(3).into_iter();
    let refused: Vec<String> = refused.map(|it| it.to_string()).collect();
    assert_eq!(gate.sources("refused")?, refused);
    Ok(())
}

#[test]
fn behind_haproxy_a_guesser_is_slowed_and_nobody_beside() -> anyhow::Result<()> {
    if !has_haproxy("a guesser behind HAProxy")? {
        return Ok(());
    }
    let gate = Balanced::start()?;
    let haproxy = Haproxy::start(gate.serve.address, BALANCER, "send-proxy-v2")?;
    let from = |client| Raw::connect_to_from(haproxy.address, &gate.tls, MAIL, client);
    let mut guesser = from(OUTSIDE)?;
    for guess in 0..=PROMPT {
        gate.mistypes(&mut guesser, &format!("guess-{guess}"))?;
    }
    let held_back = "wicketgate_held_back_total";
    assert_eq!(gate.metric(held_back)?, 1, "the last guess");
    gate.mistypes(&mut from(ANOTHER)?, "a mistake")?;
    assert_eq!(
        gate.metric(held_back)?,
        1,
        "another client of the balancer's"
    );
    Ok(())
}

#[test]
fn a_header_from_anybody_but_a_balancer_makes_nobody_internal() -> anyhow::Result<()> {
    let gate = Balanced::start()?;
    assert!(gate.is_let_in(&mut gate.direct(BALANCER, &line(INSIDE))?)?);
    // The same from elsewhere is the beginning of what ought to be TLS.
    assert!(gate.direct(OUTSIDE, &line(INSIDE)).is_err());
    assert!(gate.direct(INSIDE, &line(INSIDE)).is_err());
    // Behind the balancer's header it is no header any more.
    let twice = [line(OUTSIDE), line(INSIDE)].concat();
    assert!(gate.direct(BALANCER, &twice).is_err());
    // Who comes past the balancer is who they are.
    assert!(!gate.is_let_in(&mut gate.direct(OUTSIDE, b"")?)?);
    assert!(gate.is_let_in(&mut gate.direct(INSIDE, b"")?)?);
    assert_eq!(gate.demo.requests()?.len(), 2, "nothing else went on");
    Ok(())
}

#[test]
fn a_balancer_must_say_whose_it_is_in_time_and_is_never_internal_itself() -> anyhow::Result<()> {
    let gate = Balanced::start()?;
    let mut silent = dial(gate.serve.address, SocketAddr::from((BALANCER, 0)))?;
    silent.set_read_timeout(Some(PATIENCE))?;
    silent.write_all(b"PROXY TCP4 127.9")?;
    for own in [LOCAL, &line(BALANCER)] {
        assert!(!gate.is_let_in(&mut gate.direct(BALANCER, own)?)?);
    }
    let refused = |reason| {
        gate.metric(&format!(
            "wicketgate_proxy_headers_refused_total{{reason=\"{reason}\"}}"
        ))
    };
    let unspecified = [&LOCAL[..12], b"\x21\0\0\0"].concat();
    for first in [&b""[..], b"PROXY UNKNOWN\r\n", &unspecified] {
        let before = refused("malformed")?;
        assert!(gate.direct(BALANCER, first).is_err(), "{first:?}");
        assert_eq!(refused("malformed")?, before + 1, "{first:?}");
    }
    gate.serve
        .line("a balancer did not say whose a connection is")?;
    // Nothing is told to whoever does not say who it is: the connection ends.
    assert_eq!(silent.read(&mut [0])?, 0);
    assert_eq!(refused("slow")?, 1);
    assert_eq!(gate.demo.requests()?.len(), 0);
    Ok(())
}

#[test]
fn curl_is_believed_where_it_is_a_balancer_with_tls_and_without() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    // An address that no other test listens at.
    let [a, b, ..] = std::process::id().to_le_bytes();
    let plain = SocketAddr::from((Ipv4Addr::new(127, 66, a, b), 8080));
    let serve = Serve::start(&demo, |config| {
        configured(config).replace(
            "address = \"127.0.0.1:0\"\nplain = true",
            &format!("address = \"{plain}\"\nplain = true\nproxy_protocol = [\"{BALANCER}/32\"]"),
        )
    })?;
    let curl = |from: Ipv4Addr, to: SocketAddr| {
        let (from, to) = (from.to_string(), format!("::{to}"));
        let own = [
            "--haproxy-protocol",
            "--interface",
            &from,
            "--connect-to",
            &to,
        ];
        Curl::new(&demo).arguments(&own)
    };
    let json = ["-H", "Accept: application/vnd.microsoft.com.ucwa+xml"];
    for (scheme, to) in [("https", serve.address), ("http", plain)] {
        let url = format!("{scheme}://{DISCOVER}/");
        let got = curl(BALANCER, to).arguments(&json).get(&url)?;
        assert_eq!(got.status, 200, "{scheme}: {}", got.heads);
        // Without TLS the header is no request, and with it no hello.
        let other = curl(OUTSIDE, to).get(&url);
        assert!(other.map_or(true, |got| got.status == 400), "{scheme}");
    }
    Ok(())
}

#[test]
fn check_refuses_a_balancer_that_would_be_internal() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = configured(std::fs::read_to_string(demo.text("/config"))?);
    let file = demo.folder().join("balanced.toml");
    let name = file.display().to_string();
    let checked = |balancers: &str| -> anyhow::Result<(Option<i32>, String)> {
        std::fs::write(&file, config.replace("127.8.0.0/24", balancers))?;
        let output = demo.wicketgate(&["--config", &name, "check"])?;
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    };
    assert_eq!(checked("127.8.0.0/24")?.0, Some(0));
    for balancers in ["127.9.0.5/32", "127.0.0.0/8", "127.9.0.0/16"] {
        let (code, said) = checked(balancers)?;
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("balancer") && said.contains("127.9.0.0/16"),
            "{said}"
        );
    }
    Ok(())
}
