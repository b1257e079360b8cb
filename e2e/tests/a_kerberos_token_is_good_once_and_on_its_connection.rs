//! Kerberos in: a token is taken once, for the service that it is for, and on the TLS connection that it is bound
//! to. The tokens are those of a real domain, made as a client inside makes them.
//!
//! Only the crate `gss` is proved here; no request goes through the gate's proxy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::kerberos::Kerberos;
use e2e::skip;
use serde_json::{Value, json};

/// The gate's Kerberos as a program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kerberos");
/// The gate's own published name.
const GATE: &str = "HTTP/gateway.contoso.test";

fn acceptor(keytab: &str, service: &str) -> Value {
    json!({ "do": "acceptor", "keytab": format!("{TOP}/{keytab}"), "services": [service] })
}

/// A fresh token of alice's for a service, perhaps bound.
fn token(kerberos: &mut Kerberos, service: &str, binding: Option<&str>) -> anyhow::Result<Value> {
    let asked = json!({ "do": "token", "user": "alice", "service": service, "binding": binding });
    Ok(kerberos.done(&asked)?["token"].take())
}

fn accept(token: &Value, bindings: &[&str]) -> Value {
    json!({ "do": "accept", "token": token, "bindings": bindings })
}

#[test]
fn a_token_is_bound_to_its_connection_or_says_that_it_is_not() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("tokens bound to a connection")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    // What the token is bound to, what the listener has, and whether the token is then bound.
    let accepted: [(Option<&str>, &[&str], bool); 6] = [
        (Some("ours"), &["ours"], true),
        (None, &["ours"], false),
        (None, &[], false),
        (Some("ours"), &[], false),
        (Some("ours"), &["retired", "ours", "next"], true),
        (None, &["retired", "ours"], false),
    ];
    for (binding, listener, is_bound) in accepted {
        let token = token(&mut kerberos, GATE, binding)?;
        let answer = kerberos.done(&accept(&token, listener))?;
        assert_eq!(answer["initiator"], "alice@CONTOSO.TEST");
        assert_eq!(answer["service"], format!("{GATE}@CONTOSO.TEST"));
        assert_eq!(answer["bound"], is_bound, "{binding:?} {listener:?}");
    }
    let refused: [&[&str]; 2] = [&["ours"], &["retired", "ours"]];
    for listener in refused {
        let token = token(&mut kerberos, GATE, Some("another's"))?;
        let answer = kerberos.ask(&accept(&token, listener))?;
        assert_eq!(answer["kind"], "Token(WrongBindings(", "{answer}");
    }
    Ok(())
}

/// The SID is the account's and the name is not: a ticket for one is refused for the other's.
#[test]
fn a_token_says_which_account_it_is_of_and_the_gate_takes_no_other_s() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("tokens say whose they are")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    let mut of = |user: &str| -> anyhow::Result<Value> {
        let asked = json!({ "do": "token", "user": user, "service": GATE });
        let token = kerberos.done(&asked)?["token"].take();
        Ok(kerberos.done(&accept(&token, &[]))?["sid"].take())
    };
    let (alice, bob) = (of("alice")?, of("bob")?);
    assert!(
        alice.as_str().is_some_and(|it| it.starts_with("S-1-5-21-")),
        "{alice}"
    );
    assert_ne!(alice, bob);
    let asked =
        |sid: &Value| json!({ "do": "token", "user": "alice", "service": GATE, "sid": sid });
    kerberos.done(&asked(&alice))?;
    let refused = kerberos.ask(&asked(&bob))?;
    assert_eq!(refused["kind"], "Alarm(AnotherAccount", "{refused}");
    // And with hers at hand.
    kerberos.done(&asked(&alice))?;
    assert_eq!(kerberos.ask(&asked(&bob))?["kind"], "Alarm(AnotherAccount");
    // A keytab that opens no ticket to the gate says so, and is no word about the person.
    kerberos.done(&json!({ "do": "forget", "user": "alice" }))?;
    lab.tell("password gateway$")?;
    let refused = kerberos.ask(&asked(&alice))?;
    assert_eq!(refused["kind"], "Unavailable(OwnTicket", "{refused}");
    Ok(())
}

#[test]
fn a_token_is_taken_once_and_by_nobody_but_its_service() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("tokens are taken once")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    // A replay is one whichever bindings are looked for.
    let bindings: [&[&str]; 3] = [&[], &["ours"], &["retired", "ours"]];
    for listener in bindings {
        let token = token(&mut kerberos, GATE, Some("ours"))?;
        kerberos.done(&accept(&token, listener))?;
        let answer = kerberos.ask(&accept(&token, listener))?;
        assert_eq!(answer["kind"], "Token(Replayed(", "{listener:?}: {answer}");
    }
    let elsewhere = token(&mut kerberos, "HTTP/lync-fe.contoso.test", None)?;
    let answer = kerberos.ask(&accept(&elsewhere, &[]))?;
    assert_eq!(answer["kind"], "Token(NotForUs(", "{answer}");
    // The keytab has its key, and still it is another service's.
    kerberos.done(&acceptor("backend.keytab", "HTTP/exch.contoso.test"))?;
    let answer = kerberos.ask(&accept(&elsewhere, &[]))?;
    assert_eq!(answer["kind"], "Token(NotForUs(", "{answer}");
    // The key changes under an acceptor that is open.
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    lab.tell("rotate gateway$")?;
    kerberos.done(&json!({ "do": "forget", "user": "alice" }))?;
    let token = token(&mut kerberos, GATE, None)?;
    let answer = kerberos.done(&accept(&token, &[]))?;
    assert_eq!(answer["initiator"], "alice@CONTOSO.TEST");
    Ok(())
}

#[test]
fn what_is_no_token_is_refused() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("what is no token")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    let good = token(&mut kerberos, GATE, None)?;
    let good = STANDARD.decode(good.as_str().unwrap_or_default())?;
    let bad = [
        Vec::new(),
        b"NTLMSSP\0\x01\0\0\0".to_vec(),
        vec![0x60, 0x84, 0xff, 0xff, 0xff, 0xff],
        good[..good.len() / 2].to_vec(),
        proto::spnego::offer_kerberos(&good)?,
    ];
    for bytes in bad {
        let answer = kerberos.ask(&accept(&json!(STANDARD.encode(&bytes)), &[]))?;
        let kind = answer["kind"].as_str().unwrap_or_default();
        assert!(kind.starts_with("Token("), "{answer}");
    }
    let huge = json!(STANDARD.encode(vec![0x60; 65 * 1024]));
    let answer = kerberos.ask(&accept(&huge, &[]))?;
    assert_eq!(answer["kind"], "Token(TooLarge", "{answer}");
    kerberos.done(&accept(&json!(STANDARD.encode(good)), &[]))?;
    Ok(())
}

/// Some bytes of a token are protected by nothing, its ticket's name among them (RFC 4120 5.3). Changed, they make
/// nobody else of its user, and no second token of it.
#[test]
fn a_bit_that_is_changed_makes_a_token_worthless_or_no_difference() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a bit of a token is changed")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    let mut refused = 0;
    for part in 0..100 {
        let good = token(&mut kerberos, GATE, Some("ours"))?;
        let mut changed = STANDARD.decode(good.as_str().unwrap_or_default())?;
        let at = changed.len() * part / 100;
        changed[at] ^= 0x10;
        let answer = kerberos.ask(&accept(&json!(STANDARD.encode(changed)), &["ours"]))?;
        if answer["error"].is_null() {
            assert_eq!(answer["initiator"], "alice@CONTOSO.TEST", "byte {at}");
            assert_eq!(answer["bound"], true, "byte {at}");
            let again = kerberos.ask(&accept(&good, &["ours"]))?;
            assert_eq!(again["kind"], "Token(Replayed(", "byte {at}: {again}");
        } else {
            let kind = answer["kind"].as_str().unwrap_or_default();
            assert!(kind.starts_with("Token("), "byte {at}: {answer}");
            refused += 1;
        }
    }
    assert!(refused > 80, "{refused}");
    Ok(())
}

#[test]
fn ten_thousand_contexts_leave_nothing_behind() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("contexts leave nothing behind")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&acceptor("gateway.keytab", GATE))?;
    let answer = kerberos.done(&json!({
        "do": "many", "account": "gateway$", "keytab": format!("{TOP}/gateway.keytab"),
        "user": "alice", "service": GATE, "count": skip::count(10_000),
    }))?;
    let pages = |key: &str| answer[key].as_u64().unwrap_or(u64::MAX);
    let grown = pages("after_all").saturating_sub(pages("after_a_tenth"));
    // Three thousand tokens: of each, the smallest handle lost would be a hundred pages.
    assert!(grown <= 64, "grew by {grown} pages: {answer}");
    Ok(())
}
