//! The gate's Kerberos as a process of its own: it does what each line of JSON says, and answers with one.
//!
//! The first argument is its private folder. What it finds in its environment must not matter: that is what some
//! stories are about.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gss::{
    AcceptError, Acceptor, ChannelBinding, Gateway, Principal, Process, Realm, Service, Settings,
    TokenError, Unavailable,
};
use serde_json::{Value, json};

/// The realm of the lab.
const REALM: &str = "CONTOSO.TEST";

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("name a folder")?;
    let process = gss::configure_process(Path::new(&folder))?;
    let mut kerberos = Kerberos {
        process,
        realm: REALM.parse()?,
        gateways: HashMap::new(),
    };
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let answer = kerberos
            .answer(&asked)
            .unwrap_or_else(|error| json!({ "error": format!("{error:#}"), "kind": kind(&error) }));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

struct Kerberos {
    process: Process,
    realm: Realm,
    gateways: HashMap<String, Gateway>,
}

impl Kerberos {
    fn answer(&mut self, asked: &Value) -> anyhow::Result<Value> {
        match text(asked, "do")? {
            "configure" => self.configure(asked),
            "gateway" => self.gateway(asked),
            "token" => self.token(asked),
            "accept" => self.accept(asked),
            "many" => self.many(asked),
            other => bail!("`{other}` is nothing that can be done"),
        }
    }

    fn configure(&self, asked: &Value) -> anyhow::Result<Value> {
        let kdcs = asked["kdcs"].as_array().context("kdcs")?;
        let kdcs = kdcs.iter().filter_map(Value::as_str).map(str::parse);
        let settings = Settings {
            realm: self.realm.clone(),
            kdcs: kdcs.collect::<Result<_, _>>()?,
            ticket_life: Duration::from_secs(asked["life"].as_u64().unwrap_or(600)),
        };
        self.process.write(&settings)?;
        Ok(json!({}))
    }

    fn gateway(&mut self, asked: &Value) -> anyhow::Result<Value> {
        let account = text(asked, "account")?;
        let principal = Principal::new(account, &self.realm)?;
        let keytab = Path::new(text(asked, "keytab")?);
        let gateway = Gateway::open(&self.process, principal, keytab)?;
        self.gateways.insert(account.to_owned(), gateway);
        Ok(json!({}))
    }

    fn opened(&self, asked: &Value) -> anyhow::Result<&Gateway> {
        let account = asked["gateway"].as_str().unwrap_or("gateway$");
        self.gateways.get(account).context("no such gateway")
    }

    fn token(&self, asked: &Value) -> anyhow::Result<Value> {
        let user = Principal::new(text(asked, "user")?, &self.realm)?;
        let service = Service::new(text(asked, "service")?, &self.realm)?;
        let binding = asked["binding"].as_str().map(binding);
        let impersonated = self.opened(asked)?.impersonate(&user)?;
        let token = impersonated.token(&service, binding.as_ref())?;
        let offered = proto::spnego::offer_kerberos(token.bytes())?;
        Ok(json!({
            "token": STANDARD.encode(token.bytes()),
            "negotiate": STANDARD.encode(offered),
        }))
    }

    fn accept(&self, asked: &Value) -> anyhow::Result<Value> {
        let services = asked["services"].as_array().context("services")?;
        let services = services.iter().filter_map(Value::as_str);
        let services = services.map(|name| Service::new(name, &self.realm));
        let keytab = Path::new(text(asked, "keytab")?);
        let acceptor = Acceptor::open(&self.process, keytab, services.collect::<Result<_, _>>()?)?;
        let bindings = asked["bindings"].as_array().cloned().unwrap_or_default();
        let bindings: Vec<_> = bindings
            .iter()
            .filter_map(Value::as_str)
            .map(binding)
            .collect();
        let token = STANDARD.decode(text(asked, "token")?)?;
        let accepted = acceptor.accept(&token, &bindings)?;
        Ok(json!({
            "initiator": accepted.initiator,
            "service": accepted.service.to_string(),
            "bound": accepted.is_bound,
            "reply": accepted.reply.is_some(),
        }))
    }

    /// The same many times over, and how large this process is after a tenth of them and after all, in pages.
    fn many(&self, asked: &Value) -> anyhow::Result<Value> {
        let count = asked["count"].as_u64().context("count")?;
        let user = Principal::new(text(asked, "user")?, &self.realm)?;
        let service = Service::new(text(asked, "service")?, &self.realm)?;
        let keytab = Path::new(text(asked, "keytab")?);
        let acceptor = Acceptor::open(&self.process, keytab, vec![service.clone()])?;
        let impersonated = self.opened(asked)?.impersonate(&user)?;
        let bound = binding("many");
        let mut first = 0;
        for number in 0..count {
            if number == count / 10 {
                first = resident_pages()?;
            }
            let token = impersonated.token(&service, Some(&bound))?;
            if asked["accept"] == true {
                acceptor.accept(token.bytes(), std::slice::from_ref(&bound))?;
                let wrong = acceptor.accept(token.bytes(), &[binding("other")]);
                if wrong.is_ok() {
                    bail!("a token was accepted twice");
                }
            }
        }
        Ok(json!({ "after_a_tenth": first, "after_all": resident_pages()? }))
    }
}

/// A binding that a story gives a name of its own instead of a certificate's digest.
fn binding(name: &str) -> ChannelBinding {
    ChannelBinding::tls_server_end_point(name.as_bytes())
}

fn text<'a>(asked: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    asked[key].as_str().with_context(|| key.to_owned())
}

fn resident_pages() -> anyhow::Result<u64> {
    let told = std::fs::read_to_string("/proc/self/statm")?;
    let resident = told.split(' ').nth(1).context("statm")?;
    Ok(resident.parse()?)
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
