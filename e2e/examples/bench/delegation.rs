//! Kerberos towards back ends, against a real domain controller (Samba): what a token costs with a ticket at hand, how
//! many people a second can be fetched a ticket for, what their tickets take; and whole requests to Apache through the
//! gate, beside curl with a ticket of its own straight to it.

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::domain_gate::{DomainGate, base, farm, route, told};
use e2e::kerberos::Kerberos;
use serde_json::{Value, json};

use crate::figure::Figure;
use crate::stopwatch::{median, quantile, rate, timed};

const SERVICE: &str = "HTTP/lync-fe.contoso.test";
/// How many tokens are made of one ticket.
const TOKENS: usize = 20_000;
/// Whose tickets are fetched, at how many levels, and how many at the same time.
const USERS: u64 = 64;
const LEVELS: u64 = 32;
const TOGETHER: u64 = 8;
/// How many requests go over one connection.
const REQUESTS: usize = 3_000;
const TICK_MICROS: f64 = 10_000.0;
const PAGE_MEGABYTES: f64 = 4_096.0 / 1e6;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let lab = ActiveDirectory::start("Kerberos towards back ends")?.context("no domain here")?;
    let mut figures = tokens(&lab)?;
    figures.extend(requests(&lab)?);
    Ok(figures)
}

fn tokens(lab: &ActiveDirectory) -> anyhow::Result<Vec<Figure>> {
    let program = std::env::current_exe()?.with_file_name("../kerberos");
    let program = program.canonicalize().context("the program `kerberos`")?;
    let mut kerberos = Kerberos::ready(lab, &program.display().to_string())?;
    let burst = kerberos.done(&json!({
        "do": "burst", "user": "alice", "service": SERVICE, "count": TOKENS,
    }))?;
    let micros: Vec<f64> = burst
        .get("micros")
        .and_then(Value::as_array)
        .context("no times")?
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let people = kerberos.done(&json!({
        "do": "people", "users": USERS, "levels": LEVELS, "together": TOGETHER, "service": SERVICE,
    }))?;
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_f64).context("no number");
    let count = number(&people, "count")?;
    let alone = |name: &str, value: f64, unit, budget| Figure {
        name: name.to_owned(),
        value,
        unit,
        peer: None,
        budget,
    };
    Ok(vec![
        alone(
            "a token of a ticket at hand, median",
            median(&micros),
            "us",
            "",
        ),
        alone(
            "the same, 99 of a hundred",
            quantile(&micros, 99),
            "us",
            "1 ms",
        ),
        alone(
            "CPU of such a token",
            number(&burst, "cpu_ticks")? * TICK_MICROS / TOKENS as f64,
            "us",
            "",
        ),
        alone(
            "people fetched a ticket for (S4U2Self and S4U2Proxy)",
            count / number(&people, "seconds")?,
            "/s",
            "the controller's",
        ),
        alone(
            "our CPU for each of them",
            number(&people, "cpu_ticks")? * TICK_MICROS / count,
            "us",
            "1.5 ms",
        ),
        alone(
            &format!("memory of {count} tickets"),
            number(&people, "pages")? * PAGE_MEGABYTES,
            "MB",
            "30 MB for 2,000",
        ),
    ])
}

/// Over one connection, with a fresh token for each request on both sides.
fn requests(lab: &ActiveDirectory) -> anyhow::Result<Vec<Figure>> {
    let gate = DomainGate::open(lab, &(base() + &farm("fe", "lync-fe") + &route("fe")))?;
    let login = format!("CONTOSO\\alice:{}", gate.add("alice", "app")?);
    let through = format!("https://app.contoso.test/who.shtml?[1-{REQUESTS}]");
    let through = ["--basic", "--user", &login, &through];
    let straight = format!("https://lync-fe.contoso.test/who.shtml?[1-{REQUESTS}]");
    let ticket = "echo Not.for.the.gate.1 | kinit -c FILE:/mnt/bench.ccache alice@CONTOSO.TEST >/dev/null && \
                  kvno -c FILE:/mnt/bench.ccache HTTP/lync-fe.contoso.test >/dev/null";
    std::fs::write(lab.folder().join("bench.conf"), KRB5_CONF)?;
    let got = lab
        .command("env")
        .arg(format!("KRB5_CONFIG={TOP}/bench.conf"))
        .args(["sh", "-c", ticket])
        .output()?;
    let said = String::from_utf8_lossy(&got.stderr);
    anyhow::ensure!(got.status.success(), "kinit: {said}");
    let (took, answered) = timed(|| gate.curl(&through));
    is_alice(&answered?)?;
    let mut curl = gate.curl_of(&["--negotiate", "--user", ":", &straight]);
    curl.env("KRB5_CONFIG", format!("{TOP}/bench.conf"));
    curl.env("KRB5CCNAME", format!("FILE:{TOP}/bench.ccache"));
    let (peer_took, output) = timed(|| curl.output());
    is_alice(&told(&output?)?)?;
    Ok(vec![Figure {
        name: "requests to Apache with a fresh token each, one connection".to_owned(),
        value: rate(REQUESTS, took),
        unit: "/s",
        peer: Some(("curl straight to it".to_owned(), rate(REQUESTS, peer_took))),
        budget: "",
    }])
}

fn is_alice((status, body): &(u16, String)) -> anyhow::Result<()> {
    let seen = body.matches("alice@CONTOSO.TEST").count();
    anyhow::ensure!(
        (*status, seen) == (200, REQUESTS),
        "{status}, {seen} times alice"
    );
    Ok(())
}

const KRB5_CONF: &str = "\
[libdefaults]
 default_realm = CONTOSO.TEST
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 CONTOSO.TEST = {
  kdc = 127.0.0.10
 }
";
