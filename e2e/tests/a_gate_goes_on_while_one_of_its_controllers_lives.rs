//! Domain controllers fail behind a whole gate: one of two is dead or silent, or the gate's clock is off. Sign-ons go on
//! where they can, and where they cannot the answer comes in time and says why.

use std::io::Read;
use std::process::{Child, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, KDC};
use e2e::domain_gate::{DomainGate, base, command_in, farm, route};
use e2e::{faked_clock, skip};
use serde_json::Value;

const APP: &str = "https://app.contoso.test/who.shtml";
/// What a sign-on may take, in seconds, with the handshakes of TLS on both sides.
const BOUND: f64 = 2.5;
/// An address where nobody listens.
const ABSENT: &str = "127.0.0.20:88";
/// One where connections are taken and nothing is said.
const MUTE: &str = "127.0.0.21:8088";

fn config() -> String {
    base() + &farm("fe", "lync-fe") + &route("fe")
}

/// Signs on once: the status, the answer, and how many seconds it took.
fn signs_on(
    gate: &DomainGate<'_>,
    user: &str,
    password: &str,
) -> anyhow::Result<(u16, String, f64)> {
    let login = format!("CONTOSO\\{user}:{password}");
    let timed = ["--write-out", "\n%{time_total}\n%{http_code}"];
    let (status, body) = gate.curl(&[&timed[..], &["--basic", "--user", &login, APP]].concat())?;
    let (body, seconds) = body.rsplit_once('\n').context("no time")?;
    Ok((status, body.to_owned(), seconds.parse()?))
}

/// A listener that never takes a connection: the kernel does, and nobody answers.
struct Mute(Child);

impl Mute {
    fn start(lab: &ActiveDirectory) -> anyhow::Result<Self> {
        const SCRIPT: &str = "import socket, sys; it = socket.create_server(('127.0.0.21', 8088)); \
                              print('ready', flush=True); sys.stdin.read()";
        let mut child = lab
            .command("/usr/bin/python3")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = [0; 6];
        child
            .stdout
            .take()
            .context("no output")?
            .read_exact(&mut said)?;
        Ok(Self(child))
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn with_one_of_two_controllers_dead_or_silent_every_sign_on_reaches_the_back_end_in_time()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("one of two controllers behind a gate is dead")? else {
        return Ok(());
    };
    let _mute = Mute::start(&lab)?;
    for other in [ABSENT, MUTE] {
        let both = config().replace(
            &format!("[\"{KDC}\"]"),
            &format!("[\"{other}\", \"{KDC}\"]"),
        );
        assert!(both.contains(other));
        let port = if other == ABSENT { "1" } else { "2" };
        let both = both.replace("/gate/wicketgate.", &format!("/gate/{port}."));
        let gate = DomainGate::open(&lab, &both)?;
        // Each is somebody new, so that each is asked about.
        for user in ["alice", "bob", "user1", "user2", "user3", "user4"] {
            let password = gate.add(user, "app")?;
            let (status, who, seconds) = signs_on(&gate, user, &password)?;
            assert_eq!(
                (status, who),
                (200, format!("{user}@CONTOSO.TEST")),
                "{other}"
            );
            assert!(seconds < BOUND, "{other} {user}: {seconds} s");
        }
    }
    Ok(())
}

/// Whose a ticket is cannot be read more than five minutes off the domain's time: nothing is sent on then, and nobody is
/// let in by anything weaker.
#[test]
fn a_gate_whose_clock_is_off_says_so_in_time_and_the_doctor_finds_it() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a gate whose clock is off")? else {
        return Ok(());
    };
    if !faked_clock::is_there(&lab)? {
        return skip::skip("a gate whose clock is off", "libfaketime is not unpacked");
    }
    for (offset, store, is_borne, side) in [
        ("+4m30s", "ahead", true, "ahead of"),
        ("-4m30s", "behind", true, "behind"),
        ("+6m", "further-ahead", false, "ahead of"),
        ("-6m", "further-behind", false, "behind"),
        ("+20m", "far-ahead", false, "ahead of"),
    ] {
        let of_its_own = config().replace("/gate/wicketgate.", &format!("/gate/{store}."));
        let environment = faked_clock::off_by(offset);
        let gate = DomainGate::open_in(&lab, &of_its_own, &environment)?;
        let password = gate.add("alice", "app")?;
        let (status, said, seconds) = signs_on(&gate, "alice", &password)?;
        assert!(seconds < BOUND, "{offset}: {seconds} s");
        if is_borne {
            assert_eq!(
                (status, said.as_str()),
                (200, "alice@CONTOSO.TEST"),
                "{offset}"
            );
        } else {
            assert_eq!(status, 503, "{offset}: {said}");
            assert!(said.contains("cannot be told who you are"), "{said}");
            gate.serve
                .line("the clock of this machine and the domain's differ")?;
            let events = gate.wicketgate(&["audit", "list"])?;
            let event = events.iter().find(|it| it["event"] == "not-passed-on");
            let event = event.context("no event")?;
            assert_eq!(event["reason"], "unavailable", "{event}");
            assert_eq!(event["account"], Value::Null, "{event}");
            assert!(
                event["said"]
                    .as_str()
                    .is_some_and(|said| said.contains("clock")),
                "{event}"
            );
        }
        let found = doctor(&lab, &environment)?;
        let clock = found.iter().find(|it| it["id"] == "clock-off");
        let clock = clock.with_context(|| format!("{offset}: {found:?}"))?;
        let severity = if is_borne { "warning" } else { "error" };
        assert_eq!(clock["severity"], severity, "{clock}");
        assert!(
            clock["what"].as_str().is_some_and(|it| it.contains(side)),
            "{clock}"
        );
        assert_eq!(clock["mend"], "timedatectl set-ntp true");
    }
    let found = doctor(&lab, &[])?;
    assert!(found.iter().all(|it| it["id"] != "clock-off"), "{found:?}");
    Ok(())
}

/// What the doctor finds, seeing that time.
fn doctor(lab: &ActiveDirectory, environment: &[String]) -> anyhow::Result<Vec<Value>> {
    let mut doctor = command_in(lab, environment)?;
    let output = doctor.args(["--json", "doctor"]).output()?;
    let lines = String::from_utf8(output.stdout)?;
    let findings = lines.lines().map(serde_json::from_str);
    Ok(findings.collect::<Result<_, _>>()?)
}
