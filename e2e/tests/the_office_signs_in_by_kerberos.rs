//! A member of the domain signs in from the office without a prompt, and from nowhere else: a real Active Directory
//! (Samba), curl with a ticket of its own, the gate, and a back end (Apache) that sees the same user.

use anyhow::Context;
use e2e::active_directory::ActiveDirectory;
use e2e::kerberos::Kerberos;
use e2e::office::{ALLOW, BALANCED, EXTERNAL, HOST, INSIDE, OUTSIDE, Office, REQUIRE};
use e2e::office::{logs_on, ran, wicketgate};
use e2e::skip;
use serde_json::{Value, json};

/// The gate's Kerberos as a program: it makes tokens that are bound, which curl does not.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kerberos");

/// A balancer of the lab's own: says that its client is WHO, then asks with TOKEN; prints the status.
const BALANCER: &str = r#"
import socket, ssl, sys
who, token = sys.argv[1:]
plain = socket.create_connection(("127.0.0.12", 7443), 60, ("127.0.0.30", 0))
plain.sendall(f"PROXY TCP4 {who} 127.0.0.12 40000 7443\r\n".encode())
context = ssl.create_default_context(cafile="/mnt/tls/ca.pem")
tls = context.wrap_socket(plain, server_hostname="gateway.contoso.test")
tls.sendall(f"GET /who.shtml HTTP/1.1\r\nHost: gateway.contoso.test:7443\r\nConnection: close\r\n"
            f"Authorization: Negotiate {token}\r\n\r\n".encode())
print(tls.makefile("rb").readline().split()[1].decode())
"#;

fn token_of(user: &str, binding: Option<&str>) -> Value {
    let mut asked = json!({ "do": "token", "user": user, "service": "HTTP/gateway.contoso.test" });
    if let Some(binding) = binding {
        asked["binding"] = binding.into();
    }
    asked
}

#[test]
fn s9_a_ticket_of_the_domain_signs_in_from_the_office_and_from_nowhere_else() -> anyhow::Result<()>
{
    let Some(lab) = ActiveDirectory::start("Kerberos from the office")? else {
        return Ok(());
    };
    assert!(logs_on(&lab, "alice")?);
    let gate = Office::open(&lab)?;
    let (status, body) = gate.by_ticket(INSIDE, ALLOW)?;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("200", "alice@CONTOSO.TEST")
    );
    // curl sends no channel binding.
    assert_eq!(gate.by_ticket(INSIDE, REQUIRE)?.0, "401");
    // Neither the listener nor the address alone makes anybody internal.
    for (from, port) in [(OUTSIDE, ALLOW), (INSIDE, EXTERNAL), (INSIDE, BALANCED)] {
        assert_eq!(gate.by_ticket(from, port)?.0, "401", "{from} {port}");
    }
    Ok(())
}

#[test]
fn s9_a_token_is_good_once_bound_to_its_listener_and_looked_at_in_the_office_only()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("tokens from the office")? else {
        return Ok(());
    };
    let gate = Office::open(&lab)?;
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    let mut token = |user: &str, binding: Option<&str>| -> anyhow::Result<Value> {
        Ok(kerberos.done(&token_of(user, binding))?["negotiate"].take())
    };
    let bound = token("alice", Some(&gate.digest))?;
    // Had it been looked at here, it would be used up.
    for (from, port) in [(OUTSIDE, REQUIRE), (INSIDE, EXTERNAL)] {
        assert_eq!(gate.with_token(from, port, &bound)?, "401");
    }
    assert_eq!(gate.with_token(INSIDE, REQUIRE, &bound)?, "200");
    assert_eq!(gate.with_token(INSIDE, REQUIRE, &bound)?, "401", "a replay");

    let bare = token("alice", None)?;
    assert_eq!(gate.with_token(INSIDE, REQUIRE, &bare)?, "401");
    for port in [REQUIRE, ALLOW] {
        let anothers = token("alice", Some("another certificate"))?;
        assert_eq!(gate.with_token(INSIDE, port, &anothers)?, "401");
    }
    let unknown = token("user1", Some(&gate.digest))?;
    assert_eq!(gate.with_token(INSIDE, REQUIRE, &unknown)?, "401");
    let of_another_realm = token("bob", Some(&gate.digest))?;
    assert_eq!(gate.with_token(INSIDE, REQUIRE, &of_another_realm)?, "401");

    let told: Vec<Value> = gate.audited()?;
    let said = |key: &str, word: &str| told.iter().filter(|it| it[key] == word).count();
    assert_eq!(said("fault", "replayed"), 1, "{told:?}");
    assert_eq!(said("fault", "wrong-binding"), 2, "{told:?}");
    assert_eq!(said("reason", "channel-binding"), 1, "{told:?}");
    assert_eq!(said("reason", "unknown-name"), 2, "{told:?}");
    assert_eq!(said("event", "signed-in"), 1, "{told:?}");
    Ok(())
}

#[test]
fn s9_a_client_that_binds_its_proof_is_let_in_where_that_is_demanded() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("bound proofs from the office")? else {
        return Ok(());
    };
    let mut python = lab.command("/usr/bin/python3");
    if !python
        .args(["-c", "import gssapi"])
        .output()?
        .status
        .success()
    {
        return skip::skip(
            "bound proofs from the office",
            "python3-gssapi is not unpacked",
        );
    }
    assert!(logs_on(&lab, "alice")?);
    let _gate = Office::open(&lab)?;
    for (port, binding, statuses, mutual) in [
        (REQUIRE, "right", [200, 200], true),
        (REQUIRE, "wrong", [401, 401], false),
        (REQUIRE, "none", [401, 401], false),
        (ALLOW, "right", [200, 200], true),
        (ALLOW, "wrong", [401, 401], false),
        (ALLOW, "none", [200, 200], true),
        (EXTERNAL, "right", [401, 401], false),
    ] {
        let mut client = lab.command("env");
        client.args([
            "KRB5_CONFIG=/mnt/client.conf",
            "KRB5CCNAME=FILE:/mnt/alice.ccache",
        ]);
        client.args(["/usr/bin/python3", "/mnt/bound.py", HOST]);
        client.args([&port.to_string(), INSIDE, binding]);
        let got: Value = serde_json::from_slice(&ran(&mut client)?.stdout)?;
        let expected = json!({ "statuses": statuses, "mutual": mutual });
        assert_eq!(got, expected, "{port} {binding}");
    }
    Ok(())
}

#[test]
fn s9_behind_a_balancer_the_office_is_whoever_it_names() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the office behind a balancer")? else {
        return Ok(());
    };
    let gate = Office::open(&lab)?;
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    let asked = token_of("alice", Some(&gate.digest));
    let token = kerberos.done(&asked)?["negotiate"].take();
    let token = token.as_str().context("no token")?;
    // Had it been looked at for the first, it would be used up for the second.
    for (who, status) in [
        ("192.0.2.7", "401"),
        ("127.0.0.30", "401"),
        ("10.1.0.5", "200"),
    ] {
        let mut balancer = lab.command("/usr/bin/python3");
        let output = ran(balancer.args(["-c", BALANCER, who, token]))?;
        assert_eq!(String::from_utf8(output.stdout)?.trim(), status, "{who}");
    }
    Ok(())
}

#[test]
fn s38_beside_kerberos_an_app_password_works_and_whoever_is_switched_off_stays_out()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("app passwords beside Kerberos")? else {
        return Ok(());
    };
    assert!(logs_on(&lab, "alice")?);
    // Samba gives somebody who is disabled no ticket to begin with.
    assert!(!logs_on(&lab, "dave")?);
    let gate = Office::open(&lab)?;
    let create = [
        "app-password",
        "create",
        "CONTOSO\\alice",
        "--label",
        "laptop",
        "--scope",
        "app",
        "--json",
    ];
    let made: Value = serde_json::from_slice(&ran(&mut wicketgate(&lab, &create)?)?.stdout)?;
    let secret = made["app_password"].as_str().context("no app password")?;
    let user = format!("CONTOSO\\alice:{secret}");
    for (from, port) in [(INSIDE, ALLOW), (OUTSIDE, ALLOW), (INSIDE, EXTERNAL)] {
        let (status, body) = gate.asks(from, port, &["--ntlm", "--user", &user])?;
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("200", "alice@CONTOSO.TEST")
        );
    }
    // In the office the same person is asked for nothing; outside for the app password.
    assert_eq!(gate.by_ticket(INSIDE, ALLOW)?.0, "200");
    assert_eq!(gate.by_ticket(OUTSIDE, ALLOW)?.0, "401");

    ran(&mut wicketgate(
        &lab,
        &["user", "disable", "CONTOSO\\alice"],
    )?)?;
    assert_eq!(gate.by_ticket(INSIDE, ALLOW)?.0, "401");
    Ok(())
}
