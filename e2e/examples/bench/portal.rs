//! A page of the portal for somebody who is signed in, from the request to the last byte, over one TLS connection.

use anyhow::Context;
use e2e::browser::enrolled;
use e2e::demo::Demo;
use e2e::raw::{Raw, tls};
use e2e::sign_in::Request;

use crate::figure::Figure;
use crate::stopwatch::{quantile, timed};

const HOST: &str = "portal.contoso.localhost";
const SESSION: &str = "__Host-session=";
/// How many pages are timed.
const PAGES: usize = 2_000;
/// How many a connection is asked for; then another takes its place.
const PER_CONNECTION: usize = 100;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let demo = Demo::start()?;
    let (_browser, _app, portal) = enrolled(&demo, &demo.person(0))?;
    let (_, handle) = portal.heads.rsplit_once(SESSION).context("a session")?;
    let handle = handle.split(';').next().unwrap_or_default();
    let cookie = format!("Cookie: {SESSION}{handle}");
    let signed_in = p99(&demo, &Request::new(HOST, "/").header(&cookie).text())?;
    let nobodys = p99(&demo, &Request::new(HOST, "/sign-in").text())?;
    Ok(vec![Figure {
        name: "the portal's first page of somebody who is signed in, p99".to_owned(),
        value: signed_in,
        unit: "ms",
        peer: Some(("the page that asks who it is, p99".to_owned(), nobodys)),
        budget: "20 ms",
    }])
}

/// The milliseconds that 99 of 100 answers do not exceed.
fn p99(demo: &Demo, request: &str) -> anyhow::Result<f64> {
    let tls = tls(demo, &[])?;
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES / PER_CONNECTION {
        let mut raw = Raw::connect(demo, &tls, HOST)?;
        for _ in 0..PER_CONNECTION {
            let (took, got) = timed(|| raw.exchange(request));
            let status = got?.status;
            anyhow::ensure!(status == 200, "{status} for a page");
            times.push(took.as_secs_f64() * 1e3);
        }
    }
    Ok(quantile(&times, 99))
}
