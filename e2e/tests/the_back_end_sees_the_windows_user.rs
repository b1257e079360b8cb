//! The back end sees the Windows user, whose password the gate does not have: a real Active Directory (Samba),
//! a real back end (Apache with mod_auth_gssapi), and the gate's Kerberos between them.
//!
//! Only the crate `gss` is proved here; no request goes through the gate's proxy.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, KDC, TOP};
use e2e::faked_clock;
use e2e::kerberos::Kerberos;
use e2e::skip;
use serde_json::{Value, json};

/// The gate's Kerberos as a program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kerberos");
/// The service that the back end's keytab is of.
const BACK_END: &str = "HTTP/lync-fe.contoso.test";

fn token_for(user: &str) -> Value {
    json!({ "do": "token", "user": user, "service": BACK_END })
}

/// What Apache shows at a path to whoever brings a token: status and body.
fn shown(lab: &ActiveDirectory, token: &Value, path: &str) -> anyhow::Result<(String, String)> {
    let token = token["negotiate"].as_str().context("no token")?;
    let output = lab
        .command("curl")
        .args(["--silent", "--write-out", "\n%{http_code}"])
        .arg("--header")
        .arg(format!("Authorization: Negotiate {token}"))
        .arg(format!("http://lync-fe.contoso.test{path}"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let (body, status) = text.rsplit_once('\n').context("no status")?;
    Ok((status.to_owned(), body.to_owned()))
}

#[test]
fn the_back_end_sees_each_user_with_the_groups_of_the_domain() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the back end sees each user")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    for user in ["alice", "bob", "alice"] {
        let token = kerberos.done(&token_for(user))?;
        let (status, body) = shown(&lab, &token, "/who.shtml")?;
        assert_eq!(
            (status.as_str(), body),
            ("200", format!("{user}@CONTOSO.TEST"))
        );
        let token = kerberos.done(&token_for(user))?;
        let (_, pac) = shown(&lab, &token, "/pac.shtml")?;
        assert!(pac.contains("urn:mspac:logon-info"), "{pac}");
    }
    // A token is good once.
    let token = kerberos.done(&token_for("alice"))?;
    assert_eq!(shown(&lab, &token, "/who.shtml")?.0, "200");
    assert_eq!(shown(&lab, &token, "/who.shtml")?.0, "401");
    Ok(())
}

#[test]
fn whoever_may_not_be_passed_on_is_refused_by_their_own_reason() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("refusals by their own reason")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&json!({
        "do": "gateway", "account": "rogue$", "keytab": format!("{TOP}/rogue.keytab"),
    }))?;
    let refused = [
        (token_for("carol"), "Denied(NotDelegable"),
        // Active Directory says `Revoked` of this one, Samba this.
        (token_for("dave"), "Denied(Policy"),
        (token_for("erin"), "Denied(Expired"),
        (token_for("frank"), "Denied(Revoked"),
        (token_for("gina"), "Denied(PasswordExpired"),
        (token_for("nobody"), "Denied(UnknownUser"),
        (
            json!({ "do": "token", "user": "alice", "service": BACK_END, "gateway": "rogue$" }),
            "Denied(NotDelegable",
        ),
        (
            json!({ "do": "token", "user": "alice", "service": "HTTP/rogue.contoso.test" }),
            "Unavailable(TargetNotAllowed",
        ),
        (
            json!({ "do": "token", "user": "alice", "service": "HTTP/none.contoso.test" }),
            "Unavailable(UnknownTarget",
        ),
    ];
    for (asked, kind) in refused {
        let answer = kerberos.ask(&asked)?;
        assert_eq!(answer["kind"], kind, "{asked}: {answer}");
    }
    let token = kerberos.done(&token_for("alice"))?;
    assert_eq!(shown(&lab, &token, "/who.shtml")?.1, "alice@CONTOSO.TEST");
    Ok(())
}

/// SECURITY: where libkrb5 finds a default credential, it is the gate's own; a back end that saw it would take
/// everybody for the gate.
#[test]
fn with_a_default_identity_at_hand_a_user_is_that_user_or_nobody() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the gate is never seen in a user's place")? else {
        return Ok(());
    };
    let keytab = format!("{TOP}/gateway.keytab");
    let environment = [
        ("KRB5_CONFIG", "/mnt/krb5.conf"),
        ("KRB5_CLIENT_KTNAME", keytab.as_str()),
        ("KRB5_KTNAME", keytab.as_str()),
        ("KRB5CCNAME", "FILE:/mnt/default.ccache"),
    ];
    let mut kerberos = Kerberos::start(&lab, PROGRAM, &environment)?;
    configure(&mut kerberos)?;
    let left = kerberos.done(&json!({ "do": "environment" }))?;
    let names = left
        .as_object()
        .map(|it| it.keys().map(String::as_str).collect());
    let ours: Vec<&str> = vec!["KRB5RCACHENAME", "KRB5_CONFIG", "millis"];
    assert_eq!(names, Some(ours), "{left}");
    let private = kerberos.folder().file_name().and_then(|it| it.to_str());
    let config = left["KRB5_CONFIG"].as_str().unwrap_or_default();
    assert_eq!(
        Some(config),
        private.map(|it| format!("{TOP}/{it}/krb5.conf")).as_deref()
    );
    is_alice_or_nobody(&lab, &mut kerberos)?;
    // Were it used, it would have been filled.
    assert!(!lab.folder().join("default.ccache").exists());
    // And if all that this program writes against it were undone:
    let mut kerberos = Kerberos::start(&lab, PROGRAM, &[])?;
    configure(&mut kerberos)?;
    let file = kerberos.folder().join("krb5.conf");
    let text = std::fs::read_to_string(&file)?;
    let undone = text
        .replace(
            "client_keytab_name = FILE:/dev/null",
            "client_keytab_name = /mnt/gateway.keytab",
        )
        .replace("MEMORY:nobody", "FILE:/mnt/default.ccache");
    assert_ne!(undone, text);
    std::fs::write(&file, undone)?;
    is_alice_or_nobody(&lab, &mut kerberos)
}

fn configure(kerberos: &mut Kerberos) -> anyhow::Result<()> {
    kerberos.done(&json!({ "do": "configure", "kdcs": [KDC] }))?;
    kerberos.done(&gateway("gateway.keytab"))?;
    Ok(())
}

fn gateway(keytab: &str) -> Value {
    json!({ "do": "gateway", "account": "gateway$", "keytab": format!("{TOP}/{keytab}") })
}

fn is_alice_or_nobody(lab: &ActiveDirectory, kerberos: &mut Kerberos) -> anyhow::Result<()> {
    // Twice: from a domain controller, and from the ticket at hand.
    for _ in 0..2 {
        let token = kerberos.done(&token_for("alice"))?;
        assert_eq!(shown(lab, &token, "/who.shtml")?.1, "alice@CONTOSO.TEST");
    }
    for nobody in ["carol", "dave", "nobody"] {
        let answer = kerberos.ask(&token_for(nobody))?;
        assert!(answer["token"].is_null(), "{nobody}: {answer}");
    }
    Ok(())
}

#[test]
fn a_key_that_is_changed_while_the_gate_runs_stops_nobody() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a key changed while the gate runs")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    kerberos.done(&token_for("alice"))?;
    std::fs::copy(
        lab.folder().join("gateway.keytab"),
        lab.folder().join("yesterday.keytab"),
    )?;
    lab.tell("rotate gateway$")?;
    // By the ticket at hand; by the gate's ticket of before; and by the new key.
    for user in ["alice", "bob"] {
        let token = kerberos.done(&token_for(user))?;
        assert_eq!(
            shown(&lab, &token, "/who.shtml")?.1,
            format!("{user}@CONTOSO.TEST")
        );
    }
    kerberos.done(&gateway("gateway.keytab"))?;
    let token = kerberos.done(&token_for("alice"))?;
    assert_eq!(shown(&lab, &token, "/who.shtml")?.1, "alice@CONTOSO.TEST");
    // Whoever still has the old key is told so.
    kerberos.done(&gateway("yesterday.keytab"))?;
    let answer = kerberos.ask(&token_for("alice"))?;
    assert_eq!(answer["kind"], "Unavailable(OldKey", "{answer}");
    Ok(())
}

#[test]
fn a_keytab_that_cannot_do_is_refused_when_it_is_opened() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a keytab that cannot do")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    std::fs::write(lab.folder().join("none.keytab"), "no keytab")?;
    let refused = [
        (
            gateway("rogue.keytab"),
            "has no key of `gateway$@CONTOSO.TEST`",
        ),
        (gateway("absent.keytab"), "cannot be read"),
        (gateway("none.keytab"), "is no keytab"),
        (
            json!({
                "do": "acceptor", "keytab": format!("{TOP}/old.keytab"),
                "services": ["HTTP/old.contoso.test"],
            }),
            "has no AES key of `HTTP/old.contoso.test@CONTOSO.TEST`",
        ),
    ];
    for (asked, why) in refused {
        let answer = kerberos.ask(&asked)?;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(why), "{asked}: {answer}");
        assert_eq!(answer["kind"], "Keytab", "{answer}");
    }
    Ok(())
}

#[test]
fn whoever_is_forgotten_is_asked_about_again() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a forgotten user is asked about again")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    for user in ["alice", "bob"] {
        kerberos.done(&token_for(user))?;
    }
    lab.tell("disable bob")?;
    // A ticket at hand outlives its owner's account: that is why there is `forget`.
    assert_eq!(kerberos.done(&token_for("bob"))?["tickets"], 2);
    let left = kerberos.done(&json!({ "do": "forget", "user": "bob" }))?;
    assert_eq!(left["tickets"], 1);
    let answer = kerberos.ask(&token_for("bob"))?;
    assert_eq!(answer["kind"], "Denied(Policy", "{answer}");
    Ok(())
}

#[test]
fn ten_users_woven_together_are_each_themselves() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("users woven together")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    let service = "HTTP/gateway.contoso.test";
    kerberos.done(&json!({
        "do": "acceptor", "keytab": format!("{TOP}/gateway.keytab"), "services": [service],
    }))?;
    let users = [
        "alice", "bob", "user1", "user2", "user3", "user4", "user5", "user6", "user7", "user8",
    ];
    let answer = kerberos.done(&json!({
        "do": "weave", "users": users, "rounds": 50, "service": service,
    }))?;
    assert_eq!(answer["tokens"], 10 * 4 * 50);
    Ok(())
}

#[test]
fn those_who_want_the_same_wait_for_one_question() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("one question for many")? else {
        return Ok(());
    };
    let mut kerberos = Kerberos::ready(&lab, PROGRAM)?;
    let together = |user: &str, count: u32| json!({ "do": "together", "user": user, "count": count, "service": BACK_END });
    // The gate signs in first; after that a user costs S4U2Self and S4U2Proxy.
    kerberos.done(&together("alice", 1))?;
    let alone = kerberos.done(&together("bob", 1))?;
    let many = kerberos.done(&together("user1", 50))?;
    assert_eq!(many["served"], 50);
    assert_eq!(many["questions"], alone["questions"], "{alone} {many}");
    let again = kerberos.done(&together("user1", 50))?;
    assert_eq!(again["questions"], 0, "{again}");
    Ok(())
}

/// libkrb5 corrects its own clock by the domain controller's where it asks one (`kdc_timesync`); what comes from clients
/// is judged by our clock alone.
#[test]
fn a_clock_that_is_off_is_named_in_either_direction() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a clock that is off")? else {
        return Ok(());
    };
    if !faked_clock::is_there(&lab)? {
        return skip::skip("a clock that is off", "libfaketime is not installed");
    }
    let service = "HTTP/gateway.contoso.test";
    let mut right = Kerberos::ready(&lab, PROGRAM)?;
    let mut off = |minutes: &str| -> anyhow::Result<(Value, Value)> {
        let environment = [
            ("LD_PRELOAD", faked_clock::LIBRARY),
            ("FAKETIME", minutes),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let mut kerberos = Kerberos::start(&lab, PROGRAM, &environment)?;
        configure(&mut kerberos)?;
        kerberos.done(&json!({
            "do": "acceptor", "keytab": format!("{TOP}/gateway.keytab"), "services": [service],
        }))?;
        let outward = kerberos.ask(&token_for("alice"))?;
        let asked = json!({ "do": "token", "user": "alice", "service": service });
        let token = right.done(&asked)?["token"].take();
        let inward = kerberos.ask(&json!({ "do": "accept", "token": token, "bindings": [] }))?;
        Ok((outward, inward))
    };
    for (minutes, kind) in [("+6m", "Token(ClockSkew("), ("-6m", "Token(OutOfTime(")] {
        let (outward, inward) = off(minutes)?;
        assert_eq!(
            outward["kind"], "Unavailable(ClockSkew(",
            "{minutes}: {outward}"
        );
        assert_eq!(inward["kind"], kind, "{minutes}: {inward}");
    }
    let (outward, inward) = off("+20m")?;
    assert_eq!(outward["kind"], "Unavailable(ClockSkew(", "{outward}");
    assert_eq!(inward["kind"], "Token(OutOfTime(", "{inward}");
    // Less than what every domain bears.
    let (outward, inward) = off("+4m")?;
    assert_eq!(shown(&lab, &outward, "/who.shtml")?.1, "alice@CONTOSO.TEST");
    assert_eq!(inward["initiator"], "alice@CONTOSO.TEST", "{inward}");
    Ok(())
}

/// The library is hidden from one process, in a view of the files of its own.
const WITHOUT_LIBRARY: &str = "\
for it in /usr/lib/*/libgssapi_krb5.so.2 /usr/lib/libgssapi_krb5.so.2; do
    [ ! -e \"$it\" ] || mount --bind /dev/null \"$it\"
done
exec \"$@\"
";

#[test]
fn without_the_library_the_error_names_its_package() -> anyhow::Result<()> {
    let hidden = ["--user", "--map-root-user", "--mount"];
    let shell = ["sh", "-euc", WITHOUT_LIBRARY, "sh"];
    let probe = Command::new("unshare").args(hidden).arg("true").status();
    if !probe.is_ok_and(|it| it.success()) {
        return skip::skip("without MIT Kerberos", "namespaces are not allowed here");
    }
    let folder = tempfile::tempdir()?;
    let mut child = Command::new("unshare")
        .args(hidden)
        .args(shell)
        .arg(PROGRAM)
        .arg(folder.path().join("kerberos"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let asked = json!({ "do": "gateway", "account": "gateway$", "keytab": "/none" });
    writeln!(child.stdin.take().context("a pipe")?, "{asked}")?;
    let said: Value = serde_json::from_slice(&child.wait_with_output()?.stdout)?;
    assert_eq!(said["kind"], "NoLibrary", "{said}");
    let error = said["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("install the package libgssapi-krb5-2"),
        "{said}"
    );
    Ok(())
}
