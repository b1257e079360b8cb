//! The weave: many users' requests in one another's way, and an oracle that checks each answer.
//!
//! What each connection does next is drawn from a seed that is printed on failure. The model is one
//! line: a connection is whoever last proved it was, until anything else was begun on it.

mod web;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use rustls::ClientConfig;
use serde_json::Value;

use crate::demo::{Demo, Person};
use crate::raw::{Answer, Raw};
use crate::sign_in::{Ntlm, Request, basic};

const HOST: &str = "mail.contoso.localhost";

/// What all connections of a weave share.
#[derive(Debug)]
pub struct Weave {
    /// The people.
    pub people: Vec<Person>,
    tls: Arc<ClientConfig>,
    sent: AtomicU64,
    enough: u64,
    seen: Mutex<Seen>,
}

/// What the answers have told so far.
#[derive(Debug, Default)]
struct Seen {
    /// Whose each back-end connection is.
    owners: BTreeMap<u64, String>,
    /// Every activity id, with who the back end saw.
    activities: BTreeMap<String, String>,
    doubled: BTreeSet<String>,
    kinds: BTreeMap<&'static str, u64>,
}

/// A seeded generator (xorshift64*), so that a run can be told again.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % sides.max(1)
    }
}

/// One client's connection and whom the model holds it to be.
struct Thread<'w> {
    weave: &'w Weave,
    demo: &'w Demo,
    dice: Dice,
    raw: Option<Raw>,
    who: Option<String>,
    /// The connection to the other host, and who holds it.
    web: Option<Raw>,
    holder: Option<Person>,
}

impl Weave {
    /// A weave of so many requests.
    #[must_use]
    pub fn new(demo: &Demo, tls: Arc<ClientConfig>, people: usize, requests: u64) -> Self {
        Self {
            people: (0..people).map(|number| demo.person(number)).collect(),
            tls,
            sent: AtomicU64::new(0),
            enough: requests,
            seen: Mutex::default(),
        }
    }

    /// Runs it on so many connections at a time.
    ///
    /// # Errors
    ///
    /// The first violation, with its seed.
    pub fn run(&self, demo: &Demo, connections: u64, seed: u64) -> anyhow::Result<()> {
        let ended: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..connections)
                .map(|number| {
                    let seed = seed.wrapping_add(number);
                    scope.spawn(move || {
                        let thread = Thread::new(self, demo, seed).run();
                        thread.with_context(|| format!("the weave with the seed {seed}"))
                    })
                })
                .collect();
            let joined = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")))
            });
            joined.collect()
        });
        ended.into_iter().collect()
    }

    /// How often each kind of step was made.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, u64> {
        self.seen().kinds.clone()
    }

    /// The activity ids of all answers of a back end, with who it saw.
    #[must_use]
    pub fn activities(&self) -> BTreeMap<String, String> {
        self.seen().activities.clone()
    }

    /// Ids that more than one answer had.
    #[must_use]
    pub fn doubled(&self) -> BTreeSet<String> {
        self.seen().doubled.clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks an answer of the back end: who it saw, which question it answers, whose connection
    /// it came over.
    fn check(&self, answer: &Answer, nonce: &str, who: &str) -> anyhow::Result<()> {
        let echo: Value = serde_json::from_slice(&answer.body).context("no echo")?;
        let text = |name: &str| echo.get(name).and_then(Value::as_str);
        let saw = text("identity").unwrap_or("nobody");
        ensure!(saw == who, "I1: {saw} was served where {who} is");
        let answered = text("nonce").unwrap_or_default();
        ensure!(
            answered == nonce,
            "I2: the answer to {answered} came to {nonce}"
        );
        let connection = echo
            .get("connection")
            .and_then(Value::as_u64)
            .context("no connection")?;
        let activity = answer
            .header("x-wicketgate-activity")
            .context("no activity id")?;
        let mut seen = self.seen();
        let owner = seen
            .owners
            .entry(connection)
            .or_insert_with(|| saw.to_owned())
            .clone();
        ensure!(
            owner == saw,
            "I3: connection {connection} of {owner} carried {saw}"
        );
        if seen
            .activities
            .insert(activity.to_owned(), saw.to_owned())
            .is_some()
        {
            seen.doubled.insert(activity.to_owned());
        }
        Ok(())
    }
}

impl<'w> Thread<'w> {
    fn new(weave: &'w Weave, demo: &'w Demo, seed: u64) -> Self {
        Self {
            weave,
            demo,
            dice: Dice::new(seed),
            raw: None,
            who: None,
            web: None,
            holder: None,
        }
    }

    fn run(mut self) -> anyhow::Result<()> {
        while self.weave.sent.fetch_add(1, Ordering::Relaxed) < self.weave.enough {
            self.step()?;
        }
        Ok(())
    }

    fn step(&mut self) -> anyhow::Result<()> {
        let (kind, done) = match self.dice.roll(48) {
            0..=15 => ("plain", self.plain()),
            16..=20 => ("sign-in", self.sign_in()),
            21..=23 => ("pipeline", self.pipeline()),
            24..=25 => ("basic", self.basic()),
            26..=27 => ("half a handshake", self.half_a_handshake()),
            28 => ("wrong secret", self.wrong_secret()),
            29..=30 => ("upload", self.upload()),
            31 => ("aborted upload", self.aborted()),
            32 => ("reset", self.reset()),
            33 => ("half-close", self.half_close()),
            34 => ("back end breaks off", self.broken_answer()),
            35 => ("back end says 401", self.back_end_says_401()),
            36 => (
                "pipelined into a handshake",
                self.pipelined_into_a_handshake(),
            ),
            37..=40 => ("anonymous", self.anonymous()),
            41..=42 => ("web ticket", self.web_ticket()),
            43 => ("web ticket again", self.web_ticket_again()),
            44 => ("another's web ticket", self.web_ticket_of_another()),
            _ => ("new connection", self.leave()),
        };
        *self.weave.seen().kinds.entry(kind).or_default() += 1;
        done.with_context(|| format!("{kind}, as {:?}", self.who))
    }

    fn raw(&mut self) -> anyhow::Result<&mut Raw> {
        if self.raw.is_none() {
            self.raw = Some(Raw::connect(self.demo, &self.weave.tls, HOST)?);
            self.who = None;
        }
        self.raw.as_mut().context("there is a connection")
    }

    fn leave(&mut self) -> anyhow::Result<()> {
        self.raw = None;
        self.who = None;
        if self.dice.roll(4) == 0 {
            self.leave_the_web();
        }
        Ok(())
    }

    fn somebody(&mut self) -> anyhow::Result<Person> {
        let count = u64::try_from(self.weave.people.len())?;
        let number = usize::try_from(self.dice.roll(count))?;
        self.weave
            .people
            .get(number)
            .cloned()
            .context("a weave needs people")
    }

    fn nonce(&mut self) -> String {
        format!("{:013x}", self.dice.roll(u64::MAX))
    }

    /// What the model expects of a request without credentials.
    fn expect(&mut self, answer: &Answer, nonce: &str) -> anyhow::Result<()> {
        match self.who.clone() {
            Some(who) => {
                ensure!(answer.status == 200, "{who} got {}", answer.status);
                self.weave.check(answer, nonce, &who)
            }
            None => {
                ensure!(answer.status == 401, "I1: nobody got {}", answer.status);
                Ok(())
            }
        }
    }

    fn plain(&mut self) -> anyhow::Result<()> {
        let nonce = self.nonce();
        let path = format!("/EWS/echo?nonce={nonce}");
        let answer = self.raw()?.exchange(Request::new(HOST, &path).text())?;
        self.expect(&answer, &nonce)
    }

    fn sign_in(&mut self) -> anyhow::Result<()> {
        let (person, nonce) = (self.somebody()?, self.nonce());
        let seed = self.dice.roll(u64::MAX);
        let ntlm = match seed % 2 {
            0 => Ntlm::plain(&person, &person.app_password, seed),
            _ => Ntlm::modern(&person, &person.app_password, seed),
        };
        let path = format!("/EWS/echo?nonce={nonce}");
        self.who = None;
        let answer = ntlm.sign_in(self.raw()?, &Request::post(HOST, &path, "hello"))?;
        ensure!(
            answer.status == 200,
            "{} got {}",
            person.account,
            answer.status
        );
        self.who = Some(person.account.clone());
        self.weave.check(&answer, &nonce, &person.account)
    }

    fn pipeline(&mut self) -> anyhow::Result<()> {
        let nonces = [self.nonce(), self.nonce(), self.nonce()];
        let text: String = nonces
            .iter()
            .map(|nonce| Request::new(HOST, &format!("/EWS/echo?nonce={nonce}")).text())
            .collect();
        self.raw()?.send(text)?;
        for nonce in nonces {
            let answer = self.raw()?.answer()?.context("closed in a pipeline")?;
            self.expect(&answer, &nonce)?;
        }
        Ok(())
    }

    /// Basic proves one request, and ends whoever the connection was.
    fn basic(&mut self) -> anyhow::Result<()> {
        let (person, nonce) = (self.somebody()?, self.nonce());
        let path = format!("/EWS/echo?nonce={nonce}");
        let request = Request::new(HOST, &path).header(&basic(&person.upn, &person.app_password));
        let answer = self.raw()?.exchange(request.text())?;
        self.who = None;
        ensure!(
            answer.status == 200,
            "{} got {}",
            person.account,
            answer.status
        );
        self.weave.check(&answer, &nonce, &person.account)
    }

    fn half_a_handshake(&mut self) -> anyhow::Result<()> {
        let person = self.somebody()?;
        let ntlm = Ntlm::plain(&person, &person.app_password, 1);
        let request = Request::new(HOST, "/EWS/echo").header(&ntlm.first());
        let answer = self.raw()?.exchange(request.text())?;
        self.who = None;
        ensure!(answer.status == 401, "message 1 got {}", answer.status);
        self.plain()
    }

    fn wrong_secret(&mut self) -> anyhow::Result<()> {
        let person = self.somebody()?;
        let ntlm = Ntlm::modern(&person, &person.domain_password, 2);
        let answer = ntlm.sign_in(self.raw()?, &Request::new(HOST, "/EWS/echo"))?;
        self.who = None;
        ensure!(
            answer.status == 401,
            "a domain password got {}",
            answer.status
        );
        Ok(())
    }

    fn upload(&mut self) -> anyhow::Result<()> {
        let nonce = self.nonce();
        let length = usize::try_from(self.dice.roll(20_000)).unwrap_or_default();
        let chunk = "x".repeat(length + 1);
        let text = format!(
            "POST /EWS/echo?nonce={nonce} HTTP/1.1\r\nHost: {HOST}\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n0\r\n\r\n",
            chunk.len()
        );
        let answer = self.raw()?.exchange(text)?;
        self.expect(&answer, &nonce)
    }

    fn aborted(&mut self) -> anyhow::Result<()> {
        let head =
            format!("POST /EWS/echo HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 9000\r\n\r\n");
        self.raw()?.send(head + "no more")?;
        self.leave()
    }

    fn reset(&mut self) -> anyhow::Result<()> {
        self.raw()?.send(Request::new(HOST, "/EWS/echo").text())?;
        if let Some(raw) = self.raw.take() {
            raw.reset()?;
        }
        self.leave()
    }

    /// The answer may still come or not; whose it is may not change.
    fn half_close(&mut self) -> anyhow::Result<()> {
        let nonce = self.nonce();
        let path = format!("/EWS/echo?nonce={nonce}");
        self.raw()?.send(Request::new(HOST, &path).text())?;
        self.raw()?.tcp().shutdown(Shutdown::Write)?;
        if let Ok(Some(answer)) = self.raw()?.answer() {
            self.expect(&answer, &nonce)?;
        }
        self.leave()
    }

    /// The client learns that the answer broke off; the next request is its own again.
    fn broken_answer(&mut self) -> anyhow::Result<()> {
        let Some(_) = &self.who else {
            return self.plain();
        };
        let nonce = self.nonce();
        let path = format!("/EWS/echo?nonce={nonce}&close=1");
        self.raw()?.send(Request::new(HOST, &path).text())?;
        if let Ok(Some(answer)) = self.raw()?.answer() {
            ensure!(
                answer.status >= 500,
                "a broken answer is whole: {}",
                answer.status
            );
        }
        self.leave()
    }

    fn back_end_says_401(&mut self) -> anyhow::Result<()> {
        let Some(_) = &self.who else {
            return self.plain();
        };
        let answer = self
            .raw()?
            .exchange(Request::new(HOST, "/EWS/echo?status=401").text())?;
        ensure!(
            answer.status == 503,
            "a back end's 401 came out as {}",
            answer.status
        );
        ensure!(
            answer.header("www-authenticate").is_none(),
            "a prompt came out"
        );
        self.plain()
    }

    /// A request sent right behind message 1 is served to nobody (T-CONN-9).
    fn pipelined_into_a_handshake(&mut self) -> anyhow::Result<()> {
        let person = self.somebody()?;
        let ntlm = Ntlm::plain(&person, &person.app_password, 3);
        let first = Request::new(HOST, "/EWS/echo").header(&ntlm.first()).text();
        self.raw()?
            .send(first + &Request::new(HOST, "/EWS/echo").text())?;
        self.who = None;
        let challenged = self.raw()?.answer()?.context("closed")?;
        let second = self.raw()?.answer()?.context("closed")?;
        ensure!(
            (challenged.status, second.status) == (401, 401),
            "{}",
            second.status
        );
        let last = ntlm.last(&challenged)?;
        let answer = self
            .raw()?
            .exchange(Request::new(HOST, "/EWS/echo").header(&last).text())?;
        ensure!(
            answer.status == 401,
            "a void challenge was answered with {}",
            answer.status
        );
        Ok(())
    }
}
