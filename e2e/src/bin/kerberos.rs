//! The gate's Kerberos as a process of its own: it does what each line of JSON says, and answers with one.
//!
//! The first argument is its private folder. What it finds in its environment must not matter: that is what some
//! stories are about.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss::{
    AcceptError, Acceptor, ChannelBinding, Forwarder, Gateway, Kerberos, Level, Principal, Process,
    Realm, Service, Settings, TokenError, Unavailable, Wanted,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How many tokens come of one ticket in [`Program::many`].
const EACH: u64 = 20;
/// How many weave for each user.
const THREADS: u64 = 4;
/// How often [`Program::again`] asks at most, and how long it waits in between.
const MAX_AGAIN: u32 = 1000;
const PAUSE: Duration = Duration::from_millis(50);
/// How many contexts one token takes: made, accepted, refused.
const CONTEXTS: u64 = 3;
/// The realm of the lab.
const REALM: &str = "CONTOSO.TEST";

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("name a folder")?;
    // Before the runtime, whose threads would be too early.
    let process = gss::configure_process(Path::new(&folder))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut program = Program {
        process,
        realm: REALM.parse()?,
        gateways: HashMap::new(),
        acceptor: None,
        forwarder: None,
    };
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let begun = begin();
        let answer = runtime.block_on(program.answer(&asked));
        let mut answer = answer
            .unwrap_or_else(|error| json!({ "error": format!("{error:#}"), "kind": kind(&error) }));
        let millis = u64::try_from(begun.elapsed().as_millis())?;
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("millis".to_owned(), json!(millis));
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a call takes is what stories ask"
)]
fn begin() -> std::time::Instant {
    std::time::Instant::now()
}

struct Program {
    process: Process,
    realm: Realm,
    gateways: HashMap<String, Arc<Kerberos>>,
    acceptor: Option<Arc<Acceptor>>,
    forwarder: Option<Forwarder>,
}

impl Program {
    async fn answer(&mut self, asked: &Value) -> anyhow::Result<Value> {
        match text(asked, "do")? {
            "configure" => self.configure(asked).await,
            "gateway" => self.gateway(asked),
            "token" => self.token(asked).await,
            "together" => self.together(asked).await,
            "weave" => self.weave(asked).await,
            "again" => self.again(asked).await,
            "forget" => self.forget(asked),
            "acceptor" => self.open(asked),
            "accept" => self.accept(asked),
            "many" => self.many(asked),
            "burst" => self.burst(asked).await,
            "people" => self.people(asked).await,
            "environment" => Ok(environment()),
            other => bail!("`{other}` is nothing that can be done"),
        }
    }

    async fn configure(&mut self, asked: &Value) -> anyhow::Result<Value> {
        let kdcs = asked["kdcs"].as_array().context("kdcs")?;
        let kdcs = kdcs.iter().filter_map(Value::as_str).map(str::parse);
        let mut kdcs: Vec<SocketAddr> = kdcs.collect::<Result<_, _>>()?;
        if asked["forward"] != false {
            let forwarder =
                Forwarder::start(kdcs.iter().map(ToString::to_string).collect()).await?;
            kdcs = vec![forwarder.address()];
            self.forwarder = Some(forwarder);
        }
        let settings = Settings {
            realm: self.realm.clone(),
            kdcs,
            ticket_life: Duration::from_secs(asked["life"].as_u64().unwrap_or(600)),
        };
        self.process.write(&settings)?;
        Ok(json!({}))
    }

    fn account(&self, asked: &Value) -> anyhow::Result<Gateway> {
        let principal = Principal::new(text(asked, "account")?, &self.realm)?;
        let keytab = Path::new(text(asked, "keytab")?);
        Ok(Gateway::open(&self.process, principal, keytab)?)
    }

    fn gateway(&mut self, asked: &Value) -> anyhow::Result<Value> {
        let gateway = Arc::new(Kerberos::new(self.account(asked)?));
        self.gateways
            .insert(text(asked, "account")?.to_owned(), gateway);
        Ok(json!({}))
    }

    fn opened(&self, asked: &Value) -> anyhow::Result<&Arc<Kerberos>> {
        let account = asked["gateway"].as_str().unwrap_or("gateway$");
        self.gateways.get(account).context("no such gateway")
    }

    fn wanted(&self, user: &str, asked: &Value) -> anyhow::Result<Wanted> {
        Ok(Wanted {
            user: Principal::new(user, &self.realm)?,
            sid: asked["sid"].as_str().map(str::parse).transpose()?,
            target: Service::new(text(asked, "service")?, &self.realm)?,
            level: Level(0),
        })
    }

    /// Many who want the same at the same time, and how many questions that cost.
    async fn together(&self, asked: &Value) -> anyhow::Result<Value> {
        let count = asked["count"].as_u64().context("count")?;
        let forwarder = self.forwarder.as_ref().context("no forwarder")?;
        let before = forwarder.questions();
        let wanted = self.wanted(text(asked, "user")?, asked)?;
        let mut all = JoinSet::new();
        for _ in 0..count {
            let (kerberos, wanted) = (Arc::clone(self.opened(asked)?), wanted.clone());
            all.spawn(async move { kerberos.token(&wanted, None).await.is_ok() });
        }
        let served = all.join_all().await.into_iter().filter(|it| *it).count();
        Ok(json!({ "served": served, "questions": forwarder.questions() - before }))
    }

    /// Many users at the same time, each many times, now and then forgotten; every token is accepted, and its
    /// user compared with whom it was asked for.
    async fn weave(&self, asked: &Value) -> anyhow::Result<Value> {
        let rounds = asked["rounds"].as_u64().context("rounds")?;
        let users = asked["users"].as_array().context("users")?;
        let mut all = JoinSet::new();
        for user in users.iter().filter_map(Value::as_str) {
            let wanted = self.wanted(user, asked)?;
            for thread in 0..THREADS {
                let kerberos = Arc::clone(self.opened(asked)?);
                let acceptor = Arc::clone(self.acceptor.as_ref().context("no acceptor")?);
                let wanted = wanted.clone();
                all.spawn(weft(kerberos, acceptor, wanted, thread, rounds));
            }
        }
        let mut tokens = 0;
        while let Some(one) = all.join_next().await {
            tokens += one??;
        }
        Ok(json!({ "tokens": tokens }))
    }

    async fn token(&self, asked: &Value) -> anyhow::Result<Value> {
        let wanted = self.wanted(text(asked, "user")?, asked)?;
        let binding = asked["binding"].as_str().map(binding);
        let kerberos = self.opened(asked)?;
        let token = kerberos.token(&wanted, binding.as_ref()).await?;
        let offered = proto::spnego::offer_kerberos(token.bytes())?;
        Ok(json!({
            "token": STANDARD.encode(token.bytes()),
            "negotiate": STANDARD.encode(offered),
            "tickets": kerberos.tickets(),
        }))
    }

    /// So many tokens of a ticket at hand, one after the other: how long each took, and what all cost this process.
    async fn burst(&self, asked: &Value) -> anyhow::Result<Value> {
        let count = asked["count"].as_u64().context("count")?;
        let wanted = self.wanted(text(asked, "user")?, asked)?;
        let kerberos = self.opened(asked)?;
        kerberos.token(&wanted, None).await?;
        let (cpu, begun) = (cpu_ticks()?, begin());
        let mut micros = Vec::new();
        for _ in 0..count {
            let one = begin();
            kerberos.token(&wanted, None).await?;
            micros.push(one.elapsed().as_secs_f64() * 1e6);
        }
        let seconds = begun.elapsed().as_secs_f64();
        Ok(json!({ "micros": micros, "seconds": seconds, "cpu_ticks": cpu_ticks()? - cpu }))
    }

    /// A ticket for each of some users at each of some levels, so many questions at the same time: how long all took,
    /// what they cost this process, and by how many pages it grew.
    async fn people(&self, asked: &Value) -> anyhow::Result<Value> {
        let users = asked["users"].as_u64().context("users")?;
        let levels = asked["levels"].as_u64().context("levels")?;
        let together = usize::try_from(asked["together"].as_u64().context("together")?)?;
        let mut left: Vec<Wanted> = Vec::new();
        for level in 0..levels {
            for user in 1..=users {
                let wanted = self.wanted(&format!("user{user}"), asked)?;
                let level = Level(u32::try_from(level)?);
                left.push(Wanted { level, ..wanted });
            }
        }
        let count = left.len();
        let (pages, cpu, begun) = (resident_pages()?, cpu_ticks()?, begin());
        let mut under_way = JoinSet::new();
        while let Some(wanted) = left.pop() {
            if under_way.len() >= together {
                under_way.join_next().await.context("nobody")???;
            }
            let kerberos = Arc::clone(self.opened(asked)?);
            under_way.spawn(async move { kerberos.token(&wanted, None).await.map(drop) });
        }
        while let Some(one) = under_way.join_next().await {
            one??;
        }
        Ok(json!({
            "count": count,
            "seconds": begun.elapsed().as_secs_f64(),
            "cpu_ticks": cpu_ticks()? - cpu,
            "pages": resident_pages()?.saturating_sub(pages),
        }))
    }

    /// The same again and again until there is a token; none of them may take longer than `bound`.
    async fn again(&self, asked: &Value) -> anyhow::Result<Value> {
        let bound = u128::from(asked["bound"].as_u64().context("bound")?);
        for _ in 0..MAX_AGAIN {
            let begun = begin();
            let answer = self.token(asked).await;
            if begun.elapsed().as_millis() > bound {
                bail!("it took too long: {answer:?}");
            }
            if let Ok(answer) = answer {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("nobody is ever served again")
    }

    fn forget(&self, asked: &Value) -> anyhow::Result<Value> {
        let user = Principal::new(text(asked, "user")?, &self.realm)?;
        let kerberos = self.opened(asked)?;
        kerberos.forget(&user);
        Ok(json!({ "tickets": kerberos.tickets() }))
    }

    fn open(&mut self, asked: &Value) -> anyhow::Result<Value> {
        let services = asked["services"].as_array().context("services")?;
        let services = services.iter().filter_map(Value::as_str);
        let services = services.map(|name| Service::new(name, &self.realm));
        let services = services.collect::<Result<_, _>>()?;
        let keytab = Path::new(text(asked, "keytab")?);
        self.acceptor = Some(Arc::new(Acceptor::open(&self.process, keytab, services)?));
        Ok(json!({}))
    }

    fn accept(&self, asked: &Value) -> anyhow::Result<Value> {
        let acceptor = self.acceptor.as_ref().context("no acceptor")?;
        let bindings = asked["bindings"].as_array().cloned().unwrap_or_default();
        let bindings = bindings.iter().filter_map(Value::as_str).map(binding);
        let token = STANDARD.decode(text(asked, "token")?)?;
        let accepted = acceptor.accept(&token, &bindings.collect::<Vec<_>>())?;
        Ok(json!({
            "initiator": accepted.initiator,
            "sid": accepted.owner.map(|owner| owner.sid.to_string()),
            "service": accepted.service.to_string(),
            "bound": accepted.is_bound,
            "reply": accepted.reply.is_some(),
        }))
    }

    /// A token, accepted and then refused as a replay, until there were so many contexts; and how large this
    /// process is after a tenth of them and after all, in pages.
    fn many(&self, asked: &Value) -> anyhow::Result<Value> {
        let count = asked["count"].as_u64().context("count")?;
        let user = Principal::new(text(asked, "user")?, &self.realm)?;
        let service = Service::new(text(asked, "service")?, &self.realm)?;
        let acceptor = self.acceptor.as_ref().context("no acceptor")?;
        let (ours, other) = (binding("ours"), binding("other"));
        let mut first = 0;
        let rounds = count / CONTEXTS / EACH;
        for round in 0..rounds {
            if round == rounds / 10 {
                first = resident_pages()?;
            }
            let impersonated = self.account(asked)?.impersonate(&user, None)?;
            for _ in 0..EACH {
                let token = impersonated.token(&user, &service, Some(&ours))?;
                acceptor.accept(token.bytes(), std::slice::from_ref(&ours))?;
                let again = acceptor.accept(token.bytes(), std::slice::from_ref(&other));
                if again.is_ok() {
                    bail!("a token was accepted twice");
                }
            }
        }
        Ok(json!({ "after_a_tenth": first, "after_all": resident_pages()? }))
    }
}

/// One user's share of [`Program::weave`].
async fn weft(
    kerberos: Arc<Kerberos>,
    acceptor: Arc<Acceptor>,
    wanted: Wanted,
    thread: u64,
    rounds: u64,
) -> anyhow::Result<u64> {
    let bound = binding(wanted.user.as_str());
    for round in 0..rounds {
        if round % 10 == thread {
            kerberos.forget(&wanted.user);
        }
        let token = kerberos.token(&wanted, Some(&bound)).await?;
        let (acceptor, bound) = (Arc::clone(&acceptor), [bound.clone()]);
        let accept = move || acceptor.accept(token.bytes(), &bound);
        let accepted = tokio::task::spawn_blocking(accept).await??;
        if accepted.initiator != wanted.user.as_str() || !accepted.is_bound {
            bail!("{} was seen as {}", wanted.user, accepted.initiator);
        }
    }
    Ok(rounds)
}

/// What Kerberos would read of this process's environment.
fn environment() -> Value {
    let all = std::env::vars().filter(|(name, _)| name.starts_with("KRB5"));
    all.collect::<HashMap<_, _>>().into_iter().collect()
}

/// A binding that a story gives a name of its own instead of a certificate's digest.
/// To any text, or to a digest: `base64:` and its bytes.
fn binding(name: &str) -> ChannelBinding {
    let digest = name.strip_prefix("base64:");
    let digest = digest.and_then(|text| STANDARD.decode(text).ok());
    ChannelBinding::tls_server_end_point(digest.as_deref().unwrap_or(name.as_bytes()))
}

fn text<'a>(asked: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    asked[key].as_str().with_context(|| key.to_owned())
}

fn resident_pages() -> anyhow::Result<u64> {
    let told = std::fs::read_to_string("/proc/self/statm")?;
    let resident = told.split(' ').nth(1).context("statm")?;
    Ok(resident.parse()?)
}

/// The time that this process had so far, in ticks of a hundredth of a second.
fn cpu_ticks() -> anyhow::Result<u64> {
    let told = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = told.rsplit_once(')').context("stat")?;
    let mut fields = fields.split(' ').skip(12);
    let user: u64 = fields.next().context("utime")?.parse()?;
    let system: u64 = fields.next().context("stime")?.parse()?;
    Ok(user + system)
}

/// The names of the variants, from the outermost in: `Denied(NotDelegable`.
fn kind(error: &anyhow::Error) -> String {
    fn of<E: std::error::Error + Send + Sync + 'static>(error: &anyhow::Error) -> Option<String> {
        Some(format!("{:?}", error.downcast_ref::<E>()?))
    }
    let debug = of::<TokenError>(error)
        .or_else(|| of::<AcceptError>(error))
        .or_else(|| of::<Unavailable>(error))
        .unwrap_or_default();
    debug
        .split([' ', '"', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
