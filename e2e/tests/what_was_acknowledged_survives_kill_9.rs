//! A hundred power cuts during sign-ins and revocations, of the gate and of the command line: no audit
//! event, app password or revocation that somebody was answered with is gone, and the chain is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

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
const PEOPLE: u64 = 10;

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

/// An app password that the command line has shown, and what became of it as far as was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Revoked,
    /// A revocation was cut off before it was acknowledged: it may hold or not.
    Unknown,
}

/// Runs a verb and, where a moment is given, cuts it off there unless it has ended by then; gives
/// what it printed whole.
fn by_hand(
    demo: &Demo,
    arguments: &[&str],
    moment: Option<Duration>,
) -> anyhow::Result<Option<Value>> {
    let mut command = demo.command(&[arguments, &["--json"]].concat())?;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = child.stdout.take().expect("its output");
    let (told, heard) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let whole = BufReader::new(out).read_line(&mut line).is_ok() && line.ends_with('\n');
        // Nobody listens any more where it was cut off.
        let _ = told.send(whole.then_some(line));
    });
    let printed = match moment {
        Some(moment) => match heard.recv_timeout(moment) {
            Ok(line) => line,
            Err(_) => {
                child.kill()?;
                // What was printed in the last moment counts as told.
                heard.recv()?
            }
        },
        None => heard.recv()?,
    };
    child.kill()?;
    child.wait()?;
    Ok(printed
        .map(|line| serde_json::from_str(&line))
        .transpose()?)
}

/// An app password that was made.
struct Made {
    upn: String,
    id: String,
    app_password: String,
    fate: Fate,
}

/// Whose app password a round makes; an account has so many and no more.
fn owner(demo: &Demo, round: u64) -> Person {
    demo.person(usize::try_from(round % PEOPLE).unwrap_or_default())
}

/// Makes an app password and, four times out of five, revokes it while the gate dies; now and then
/// the command line dies too.
fn make_and_revoke(demo: &Demo, owner: &Person, round: u64) -> anyhow::Result<Option<Made>> {
    let mut dice = Dice::new(round ^ 0xc11);
    // Cuts are anywhere in a run of some tens of milliseconds, and some come too late.
    let mut cut = |odd: u64, within: u64| {
        (round % 3 == odd).then(|| Duration::from_micros(dice.roll(within)))
    };
    let (label, scope) = (["--label", "lost"], ["--scope", "ews"]);
    let create = [&["app-password", "create", &owner.upn][..], &label, &scope].concat();
    let Some(made) = by_hand(demo, &create, cut(1, 60_000))? else {
        return Ok(None);
    };
    let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
    let (id, app_password) = (text("id"), text("app_password"));
    let fate = if round.is_multiple_of(5) {
        Fate::Kept
    } else if by_hand(demo, &["app-password", "revoke", &id], cut(2, 20_000))?.is_some() {
        Fate::Revoked
    } else {
        Fate::Unknown
    };
    Ok(Some(Made {
        upn: owner.upn.clone(),
        id,
        app_password,
        fate,
    }))
}

/// What one round has told.
type Told = (Vec<Acknowledged>, Option<Made>);

/// One round: a gate, clients, somebody at the command line, and a kill after some answers.
fn one_kill(demo: &Demo, tls: &Arc<ClientConfig>, round: u64) -> anyhow::Result<Told> {
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
        let owner = owner(demo, round);
        let by_hand = scope.spawn(move || make_and_revoke(demo, &owner, round));
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
        let made = by_hand.join().expect("somebody at the command line")?;
        Ok((acknowledged, made))
    })
}

#[test]
fn a_hundred_kills_lose_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--people", &PEOPLE.to_string()])?;
    let tls = tls(&demo, &[])?;
    let mut acknowledged = Vec::new();
    let mut made = Vec::new();
    for round in 0..KILLS {
        let (answers, app_password) = one_kill(&demo, &tls, round)?;
        acknowledged.extend(answers);
        made.extend(app_password);
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
    let mut fates: BTreeMap<&str, usize> = BTreeMap::new();
    for Made {
        upn,
        id,
        app_password,
        fate,
    } in &made
    {
        let (expected, told) = match fate {
            Fate::Kept => (200, "kept"),
            Fate::Revoked => (401, "revoked"),
            Fate::Unknown => {
                *fates.entry("unknown").or_default() += 1;
                continue;
            }
        };
        *fates.entry(told).or_default() += 1;
        let mut raw = Raw::connect(&demo, &tls, MAIL)?;
        let request = Request::new(MAIL, "/EWS/echo").header(&basic(upn, app_password));
        let status = raw.exchange(request.text())?.status;
        assert_eq!(status, expected, "{told}: {id}");
        let is_written = |kind: &str| {
            events
                .iter()
                .any(|it| it["event"] == kind && it["credential"] == id.as_str())
        };
        assert!(is_written("app-password-created"), "{id}");
        assert_eq!(
            is_written("app-password-revoked"),
            *fate == Fate::Revoked,
            "{id}"
        );
    }
    println!("{fates:?}");
    let of = |told: &str| fates.get(told).copied().unwrap_or_default();
    // Those that nothing cut off, however busy the machine is.
    assert!(of("kept") >= 10 && of("revoked") >= 20, "{fates:?}");
    Ok(())
}
