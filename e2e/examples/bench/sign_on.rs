//! A whole NTLM sign-on with web ticket, as a Lync client outside makes it: TCP, TLS, message 1,
//! message 3 with the request for a ticket, the ticket. Beside it the same with the stand-in front
//! end alone, which checks a password in memory and writes nothing down: what the gate adds.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Ntlm, Request};
use rustls::ClientConfig;

use crate::figure::Figure;
use crate::stopwatch::{quantile, rate, timed};

/// How many people sign on.
const PEOPLE: usize = 32;
/// How many sign-ons each client makes.
const EACH: usize = 100;
/// The path of the Web Ticket Service.
const PATH: &str = "/WebTicket/WebTicketService.svc";

/// Where people sign on, and by which of their passwords.
struct Place<'a> {
    demo: &'a Demo,
    tls: Arc<ClientConfig>,
    address: SocketAddr,
    host: &'a str,
    password: fn(&Person) -> &str,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let demo = Demo::start_with(&["--people", &PEOPLE.to_string()])?;
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let front_end = config
        .lines()
        .find_map(|line| line.strip_prefix("address = \"https://"));
    let front_end = front_end.context("no farm in the demo's configuration")?;
    let (gate_tls, front_end_tls) = (tls(&demo, &[])?, tls(&demo, &[])?);
    let gate = Place {
        demo: &demo,
        tls: gate_tls,
        address: demo.address(),
        host: "lyncweb.contoso.localhost",
        password: |person| &person.app_password,
    };
    let alone = Place {
        tls: front_end_tls,
        address: front_end.trim_end_matches('"').parse()?,
        host: "pool01.contoso.local",
        password: |person| &person.domain_password,
        ..gate
    };
    let mut figures = Vec::new();
    for together in [1, 16] {
        let (here, there) = (gate.measure(together)?, alone.measure(together)?);
        let peer = "the front end alone, in memory".to_owned();
        figures.push(Figure {
            name: format!("sign-ons, {together} at a time"),
            value: here.0,
            unit: "/s",
            peer: Some((peer.clone(), there.0)),
            budget: "5 times Apache, which is to be measured beside it",
        });
        for (which, here, there) in [("median", here.1, there.1), ("99 of 100", here.2, there.2)] {
            figures.push(Figure {
                name: format!("a sign-on, {together} at a time, {which} within"),
                value: here,
                unit: "ms",
                peer: Some((peer.clone(), there)),
                budget: "",
            });
        }
    }
    Ok(figures)
}

impl Place<'_> {
    /// Sign-ons a second, and in how many milliseconds half of them and 99 of 100 are over.
    fn measure(&self, together: usize) -> anyhow::Result<(f64, f64, f64)> {
        let (took, done) = timed(|| {
            std::thread::scope(|scope| {
                let clients: Vec<_> = (0..together)
                    .map(|client| scope.spawn(move || self.client(client)))
                    .collect();
                let joined = clients.into_iter().map(|client| match client.join() {
                    Ok(times) => times,
                    Err(_) => Err(anyhow::anyhow!("a client panicked")),
                });
                joined.collect::<anyhow::Result<Vec<Vec<f64>>>>()
            })
        });
        let times = done?.concat();
        let (half, most) = (quantile(&times, 50), quantile(&times, 99));
        Ok((rate(together * EACH, took), half, most))
    }

    fn client(&self, number: usize) -> anyhow::Result<Vec<f64>> {
        let person = self.demo.person(number % PEOPLE);
        let body = e2e::client::request_for(self.demo, &person.sip);
        let request = Request::post(self.host, PATH, &body);
        let signing = Ntlm::plain(&person, (self.password)(&person), u64::try_from(number)?);
        let mut times = Vec::new();
        for _ in 0..EACH {
            let (took, answer) = timed(|| {
                let mut raw = Raw::connect_to(self.address, &self.tls, self.host)?;
                signing.sign_in(&mut raw, &request)
            });
            let answer = answer?;
            anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
            times.push(took.as_secs_f64() * 1e3);
        }
        Ok(times)
    }
}
