//! Domain controllers fail: gone, silent, one of two. Nobody waits two seconds for that, nobody is let in by it, and
//! who has a ticket at hand notices nothing.
//!
//! Only the crate `gss` is proved here; no request goes through the gate's proxy.

use e2e::active_directory::{ActiveDirectory, KDC, TOP};
use e2e::kerberos::Kerberos;
use serde_json::{Value, json};

/// The gate's Kerberos as a program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kerberos");
/// What a sign-in may cost, in milliseconds.
const BOUND: u64 = 2000;
/// An address where nobody listens.
const ABSENT: &str = "127.0.0.20:88";

fn token_for(user: &str) -> Value {
    json!({ "do": "token", "user": user, "service": "HTTP/lync-fe.contoso.test" })
}

/// Asks for what nobody can answer, and demands to hear so in time.
fn is_unavailable(kerberos: &mut Kerberos, user: &str) -> anyhow::Result<String> {
    let answer = kerberos.ask(&token_for(user))?;
    let kind = answer["kind"].as_str().unwrap_or_default().to_owned();
    assert!(kind.starts_with("Unavailable("), "{answer}");
    assert!(answer["millis"].as_u64() < Some(BOUND), "{answer}");
    Ok(kind)
}

/// Asks until somebody answers again, which the breaker allows after its rest.
fn recovers(kerberos: &mut Kerberos, user: &str) -> anyhow::Result<()> {
    let asked = json!({
        "do": "again", "user": user, "service": "HTTP/lync-fe.contoso.test", "bound": BOUND,
    });
    kerberos.done(&asked)?;
    Ok(())
}

#[test]
fn a_domain_controller_that_is_gone_is_noticed_at_once() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the domain controller is gone")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&token_for("alice"))?;
    lab.tell("kill")?;
    for _ in 0..3 {
        let kind = is_unavailable(&mut kerberos, "bob")?;
        assert_eq!(kind, "Unavailable(KdcUnreachable(");
    }
    assert_eq!(is_unavailable(&mut kerberos, "bob")?, "Unavailable(Resting");
    kerberos.done(&token_for("alice"))?;
    lab.tell("start")?;
    recovers(&mut kerberos, "bob")
}

#[test]
fn a_domain_controller_that_is_silent_costs_no_sign_in_two_seconds() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the domain controller is silent")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&token_for("alice"))?;
    // Stopped, it takes connections and datagrams as before, and answers none.
    lab.tell("freeze")?;
    for _ in 0..3 {
        is_unavailable(&mut kerberos, "bob")?;
    }
    assert_eq!(is_unavailable(&mut kerberos, "bob")?, "Unavailable(Resting");
    // Far below what a question to the silent one costs, however busy this machine is.
    let at_hand = kerberos.done(&token_for("alice"))?;
    assert!(at_hand["millis"].as_u64() < Some(BOUND / 2), "{at_hand}");
    lab.tell("thaw")?;
    recovers(&mut kerberos, "bob")
}

#[test]
fn with_one_of_two_domain_controllers_dead_or_silent_sign_ins_go_on() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("one of two domain controllers is dead")? else {
        return Ok(());
    };
    // A listener that never takes a connection: the kernel does, and nobody answers.
    let mut silent = lab
        .command("/usr/bin/python3")
        .args(["-c", SILENT])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut said = [0; 6];
    std::io::Read::read_exact(&mut silent.stdout.take().expect("a pipe"), &mut said)?;
    for other in [ABSENT, "127.0.0.21:8088"] {
        let mut kerberos = Kerberos::start(&lab, PROGRAM, &[])?;
        kerberos.done(&json!({ "do": "configure", "kdcs": [other, KDC] }))?;
        kerberos.done(&json!({
            "do": "gateway", "account": "gateway$", "keytab": format!("{TOP}/gateway.keytab"),
        }))?;
        for user in ["alice", "bob"] {
            let answer = kerberos.done(&token_for(user))?;
            assert!(answer["millis"].as_u64() < Some(BOUND), "{other}: {answer}");
        }
    }
    silent.kill()?;
    silent.wait()?;
    Ok(())
}

const SILENT: &str = "\
import socket, sys
listener = socket.create_server(('127.0.0.21', 8088))
print('ready', flush=True)
sys.stdin.read()
";
