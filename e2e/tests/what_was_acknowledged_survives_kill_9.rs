//! A hundred power cuts during sign-ins: no audit event, counter or revocation that somebody was
//! answered with is gone, and the chain is whole.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::weave::Dice;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const KILLS: u64 = 100;
const CLIENTS: u64 = 4;

/// An answer that a client held in its hands: its activity id and what it said.
type Acknowledged = (String, &'static str);

/// Signs in, rightly and wrongly, until the gate is gone.
fn sign_in_until_the_end(
    gate: SocketAddr,
    tls: &Arc<ClientConfig>,
    person: &Person,
    (seed, told): (u64, &Sender<Acknowledged>),
) -> anyhow::Result<()> {
    let mut dice = Dice::new(seed);
    let request = Request::new(MAIL, "/EWS/echo");
    loop {
        let mut raw = Raw::connect_to(gate, tls, MAIL)?;
        let (secret, event) = match dice.roll(3) {
            0 => (person.domain_password.as_str(), "refused"),
            _ => (person.app_password.as_str(), "signed-in"),
        };
        // A right password in clear is a sign-in once a minute only.
        let answer = if event == "signed-in" || dice.roll(2) == 0 {
            Ntlm::plain(person, secret, seed).sign_in(&mut raw, &request)?
        } else {
            raw.exchange(request.clone().header(&basic(&person.upn, secret)).text())?
        };
        let activity = answer
            .header("x-wicketgate-activity")
            .unwrap_or_default()
            .to_owned();
        if told.send((activity, event)).is_err() {
            return Ok(());
        }
    }
}

/// One round: a gate, clients, and a kill after some answers.
fn one_kill(demo: &Demo, tls: &Arc<ClientConfig>, round: u64) -> anyhow::Result<Vec<Acknowledged>> {
    let serve = Serve::start(demo, |config| config)?;
    let gate = serve.address;
    let (told, heard) = channel();
    let enough = 1 + Dice::new(round).roll(12);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let told = told.clone();
            let person = demo.person(usize::try_from(client % 2).unwrap_or_default());
            // Each ends with the connection that the kill breaks.
            scope.spawn(move || {
                sign_in_until_the_end(gate, tls, &person, (round * CLIENTS + client, &told))
            });
        }
        drop(told);
        let mut acknowledged = Vec::new();
        for answer in heard.iter() {
            acknowledged.push(answer);
            if u64::try_from(acknowledged.len())? >= enough {
                break;
            }
        }
        serve.kill()?;
        acknowledged.extend(heard.iter());
        Ok(acknowledged)
    })
}

#[test]
fn a_hundred_kills_lose_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let anna = demo.person(0);
    let mut acknowledged = Vec::new();
    let mut revoked = Vec::new();
    for round in 0..KILLS {
        acknowledged.extend(one_kill(&demo, &tls, round)?);
        if round % 20 == 0 {
            let order = [
                "app-password",
                "create",
                &anna.upn,
                "--label",
                "lost",
                "--scope",
                "ews",
            ];
            let made = demo.wicketgate_json(&order)?;
            let text = |key: &str| made[0][key].as_str().unwrap_or_default().to_owned();
            demo.wicketgate_json(&["app-password", "revoke", &text("id")])?;
            revoked.push(text("app_password"));
        }
    }
    assert!(acknowledged.len() > 500, "{} answers", acknowledged.len());

    let events = demo.wicketgate_json(&["audit", "list", "--count", "1000000"])?;
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let written: BTreeSet<(String, String)> = events
        .iter()
        .map(|it| (text(it, "activity"), text(it, "event")))
        .collect();
    for (activity, event) in &acknowledged {
        let wanted = (activity.clone(), (*event).to_owned());
        assert!(
            written.contains(&wanted),
            "{wanted:?} is not in the audit trail"
        );
    }
    let verified = demo.wicketgate_json(&["audit", "verify"])?;
    assert_eq!(
        verified[0]["events"].as_u64(),
        Some(u64::try_from(events.len())?)
    );
    for app_password in revoked {
        let mut raw = Raw::connect(&demo, &tls, MAIL)?;
        let request = Request::new(MAIL, "/EWS/echo").header(&basic(&anna.upn, &app_password));
        assert_eq!(
            raw.exchange(request.text())?.status,
            401,
            "a revoked app password"
        );
    }
    Ok(())
}
