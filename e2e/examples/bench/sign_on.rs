//! A whole NTLM sign-on with web ticket, as a Lync client outside makes it: TCP, TLS, message 1,
//! message 3 with the request for a ticket, the ticket.
//!
//! Beside it Apache, which answers whoever mod_auth_gssapi and gss-ntlmssp let in with a file of the
//! ticket's length and writes nothing down; and the stand-in front end alone, which checks a
//! password in memory: what the gate adds. The gate's figure holds the front end's work, which the
//! demo does on the client's processors, and what the store makes durable.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request};
use rustls::ClientConfig;

use crate::apache::Apache;
use crate::figure::Figure;
use crate::machine::{Apart, used};
use crate::stopwatch::{quantile, rate, timed};

/// How many people are known to either; each sign-on is another one's.
const PEOPLE: usize = 1_000;
/// How many sign-ons are made one at a time, and how many at most by all clients together.
const ALONE: usize = 200;
const IN_ALL: usize = 1_600;
/// The path of the Web Ticket Service.
const PATH: &str = "/WebTicket/WebTicketService.svc";

/// Where people sign on, and by which of their passwords.
struct Place<'a> {
    demo: &'a Demo,
    tls: Arc<ClientConfig>,
    address: SocketAddr,
    host: &'a str,
    password: fn(&Person) -> &str,
    /// The process whose use of the processor is told, where it is that of this place alone.
    process: Option<u32>,
}

/// What a place gave.
struct Measured {
    per_second: f64,
    /// In how many milliseconds half of them and 99 of 100 are over.
    half: f64,
    most: f64,
    /// Sign-ons for each second that the place used of its processor.
    by_processor: Option<f64>,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let apart = Apart::new()?;
    let demo = Demo::start_with(&["--people", &PEOPLE.to_string()])?;
    let serve = Serve::start_under(&apart.launcher(), &demo, |config| config)?;
    let tls = tls(&demo, &[])?;
    let gate = Place {
        demo: &demo,
        tls: Arc::clone(&tls),
        address: serve.address,
        host: "lyncweb.contoso.localhost",
        password: |person| &person.app_password,
        process: Some(serve.process()),
    };
    let ticket = gate.sign_on(&gate.signing(0)?)?.text();
    let people: Vec<Person> = (0..PEOPLE).map(|number| demo.person(number)).collect();
    let httpd = Apache::start(&apart.launcher(), &demo, &people, &ticket)?;
    let apache = Place {
        tls: Arc::clone(&tls),
        address: httpd.address,
        password: |person| &person.domain_password,
        process: Some(httpd.process()),
        ..gate
    };
    let alone = Place {
        tls,
        address: front_end(&demo)?,
        host: "pool01.contoso.local",
        process: None,
        ..apache
    };
    let mut figures = Vec::new();
    for (together, sign_ons) in [(1, ALONE), (16, IN_ALL)] {
        let here = gate.measure(together, sign_ons)?;
        let apache = apache.measure(together, sign_ons)?;
        let alone = alone.measure(together, sign_ons)?;
        let what = format!("{together} at a time");
        figures.extend(beside("Apache", &what, &here, &apache, "5 times Apache"));
        figures.extend(beside(
            "the front end alone, in memory",
            &what,
            &here,
            &alone,
            "",
        ));
    }
    Ok(figures)
}

/// Where the stand-in front end listens, which only the demo's configuration tells.
fn front_end(demo: &Demo) -> anyhow::Result<SocketAddr> {
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let pool = config.split("name = \"lync-front-end\"").nth(1);
    let address = pool
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("address = \"https://"));
    let address = address.context("no farm in the demo's configuration")?;
    Ok(address.trim_end_matches('"').parse()?)
}

fn beside(
    peer: &str,
    what: &str,
    here: &Measured,
    there: &Measured,
    budget: &'static str,
) -> Vec<Figure> {
    let figure = |name: String, unit, here, there, budget| Figure {
        name,
        value: here,
        unit,
        peer: Some((peer.to_owned(), there)),
        budget,
    };
    let name = format!("sign-ons, {what}");
    let mut figures = vec![figure(
        name,
        "/s",
        here.per_second,
        there.per_second,
        budget,
    )];
    for (which, here, there) in [
        ("median", here.half, there.half),
        ("99 of 100", here.most, there.most),
    ] {
        let name = format!("a sign-on, {what}, {which} within");
        figures.push(figure(name, "ms", here, there, ""));
    }
    if let (Some(here), Some(there)) = (here.by_processor, there.by_processor) {
        let name = format!("sign-ons, {what}, by the processor");
        figures.push(figure(name, "/s", here, there, budget));
    }
    figures
}

/// One person, ready to sign on.
struct Signing {
    ntlm: Ntlm,
    body: String,
}

impl Place<'_> {
    fn measure(&self, together: usize, sign_ons: usize) -> anyhow::Result<Measured> {
        let before = self.process.map(used).transpose()?;
        let (took, done) = timed(|| {
            std::thread::scope(|scope| {
                let own = |client| (client..sign_ons).step_by(together);
                let clients: Vec<_> = (0..together)
                    .map(|client| scope.spawn(move || self.client(own(client))))
                    .collect();
                let joined = clients.into_iter().map(|client| match client.join() {
                    Ok(times) => times,
                    Err(_) => Err(anyhow::anyhow!("a client panicked")),
                });
                joined.collect::<anyhow::Result<Vec<Vec<f64>>>>()
            })
        });
        let times = done?.concat();
        let after = self.process.map(used).transpose()?;
        let used = before.zip(after).map(|(before, after)| after - before);
        Ok(Measured {
            per_second: rate(times.len(), took),
            half: quantile(&times, 50),
            most: quantile(&times, 99),
            by_processor: used.map(|used| rate(times.len(), used)),
        })
    }

    fn client(&self, sign_ons: impl Iterator<Item = usize>) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        for number in sign_ons {
            let signing = self.signing(number)?;
            let (took, answer) = timed(|| self.sign_on(&signing));
            answer?;
            times.push(took.as_secs_f64() * 1e3);
        }
        Ok(times)
    }

    fn signing(&self, number: usize) -> anyhow::Result<Signing> {
        let person = self.demo.person(number % PEOPLE);
        Ok(Signing {
            ntlm: Ntlm::plain(&person, (self.password)(&person), u64::try_from(number)?),
            body: e2e::client::request_for(self.demo, &person.sip),
        })
    }

    fn sign_on(&self, Signing { ntlm, body }: &Signing) -> anyhow::Result<Answer> {
        // INTEROP: gss-ntlmssp 1.2.0 refuses a message 1 that ends before the Version, as curl's
        // does; Windows sends one, and the gate takes both.
        let first = [ntlm.client.negotiate(), vec![0; 8]].concat();
        let first = format!("Authorization: NTLM {}", STANDARD.encode(first));
        let mut raw = Raw::connect_to(self.address, &self.tls, self.host)?;
        let asking = Request::post(self.host, PATH, "").header(&first);
        let challenged = raw.exchange(asking.text())?;
        let last = ntlm.last(&challenged)?;
        let answer = raw.exchange(Request::post(self.host, PATH, body).header(&last).text())?;
        anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        Ok(answer)
    }
}
