//! Accounts follow the directory: a real Active Directory (Samba) says who somebody is and whether they may come
//! in, and every sign-in asks the store alone.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::active_directory::ActiveDirectory;
use e2e::directory_gate::{
    DomainGate, Held, app_password, enrol, prepare, sign_in, tell, try_to_tell,
};
use serde_json::{Value, json};

/// The lab's domain controller, read every five seconds.
const DIRECTORY: &str = r#"
controllers = ["dc1.contoso.test"]
authorities = "/mnt/tls/ca.pem"
account = "reader@contoso.test"
refresh = 5
"#;

/// From a change in the directory until it holds here: a reading every five seconds, and the two seconds of a
/// revocation; twice that, for a machine that is busy.
const SOON: Duration = Duration::from_secs(14);

fn shown(lab: &ActiveDirectory, name: &str) -> anyhow::Result<Value> {
    let shown = tell(lab, &["user", "show", name, "--from-directory"], "")?;
    shown.into_iter().next().context("nothing was shown")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a story measures how long it takes until somebody is out"
)]
fn whoever_is_switched_off_there_is_out_here_and_comes_back() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("accounts follow the directory")? else {
        return Ok(());
    };
    prepare(&lab, DIRECTORY)?;
    let gate = DomainGate::start(&lab)?;
    let secret = enrol(&lab, "alice@contoso.test")?;
    for name in ["alice@contoso.test", "CONTOSO\\alice", "alice"] {
        assert_eq!(sign_in(&lab, name, &secret)?.0, 200, "{name}");
    }
    assert_eq!(sign_in(&lab, "alice", "Not.for.the.gate.1")?.0, 401);
    // A local account beside it is nobody's business there.
    tell(
        &lab,
        &[
            "user",
            "add",
            "CONTOSO\\local",
            "--upn",
            "local@contoso.test",
        ],
        "",
    )?;
    let local = app_password(&lab, "local")?;
    let mut of_local = Held::begin(&lab, "local", &local)?;

    let held = Held::begin(&lab, "alice", &secret)?;
    lab.tell("disable alice")?;
    let disabled = Instant::now();
    assert!(!held.is_whole()?, "cut off");
    assert!(disabled.elapsed() < SOON, "{:?}", disabled.elapsed());
    assert_eq!(sign_in(&lab, "alice", &secret)?.0, 401);
    gate.line("stands as disabled")?;

    lab.tell("enable alice")?;
    gate.line("stands as active")?;
    assert_eq!(sign_in(&lab, "alice", &secret)?.0, 200);

    // What was switched off here stays off, whatever happens there.
    tell(&lab, &["user", "disable", "alice"], "")?;
    lab.tell("disable alice")?;
    gate.line("stands as disabled")?;
    lab.tell("enable alice")?;
    gate.line("stands as active")?;
    assert_eq!(sign_in(&lab, "alice", &secret)?.0, 401);
    tell(&lab, &["user", "enable", "alice"], "")?;
    assert_eq!(sign_in(&lab, "alice", &secret)?.0, 200);

    let held = Held::begin(&lab, "alice", &secret)?;
    lab.tell("rename alice alina")?;
    gate.line("has the names of")?;
    assert!(!held.is_whole()?, "whoever has another name comes again");
    assert_eq!(sign_in(&lab, "alina@contoso.test", &secret)?.0, 200);
    assert_eq!(sign_in(&lab, "CONTOSO\\alice", &secret)?.0, 401);

    lab.tell("delete alina")?;
    gate.line("stands as deleted")?;
    assert_eq!(sign_in(&lab, "alina", &secret)?.0, 401);
    assert!(of_local.goes_on()?, "the local one was cut off");
    assert_eq!(sign_in(&lab, "local", &local)?.0, 200);
    let events =
        tell(&lab, &["audit", "show"], "").or_else(|_| tell(&lab, &["audit", "list"], ""))?;
    let standings = events
        .iter()
        .filter(|it| it.to_string().contains("standing-changed"))
        .count();
    assert_eq!(standings, 5, "{events:?}");
    Ok(())
}

#[test]
fn whoever_s_groups_cannot_be_seen_is_out_and_nobody_else() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("groups that cannot be seen")? else {
        return Ok(());
    };
    prepare(&lab, DIRECTORY)?;
    let gate = DomainGate::start(&lab)?;
    let (alice, bob) = (enrol(&lab, "alice")?, enrol(&lab, "bob")?);
    let held = Held::begin(&lab, "alice", &alice)?;
    lab.tell("hide alice")?;
    gate.line("is put out: the groups cannot be read")?;
    assert!(!held.is_whole()?, "cut off");
    assert_eq!(sign_in(&lab, "alice", &alice)?.0, 401);
    assert_eq!(sign_in(&lab, "bob", &bob)?.0, 200);
    Ok(())
}

#[test]
fn what_the_directory_says_of_somebody_is_kept_and_shown() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("what the directory says is shown")? else {
        return Ok(());
    };
    prepare(&lab, DIRECTORY)?;
    for (name, standing, not_delegable) in [
        ("bob@contoso.test", "active", json!(null)),
        ("CONTOSO\\carol", "active", json!("sensitive")),
        ("administrator", "active", json!("administrator")),
        ("dave", "disabled", json!(null)),
        ("erin", "expired", json!(null)),
        ("frank", "locked-out", json!(null)),
    ] {
        let shown = shown(&lab, name)?;
        let directory = &shown["directory"];
        assert_eq!(directory["standing"], standing, "{shown}");
        assert_eq!(directory["not_delegable"], not_delegable, "{shown}");
        assert_eq!(
            (&shown["domain"], &shown["realm"]),
            (&json!("CONTOSO"), &json!("CONTOSO.TEST"))
        );
        let groups = directory["groups"].as_array().context("no groups")?;
        let is_domain_user = |sid: &Value| sid.as_str().is_some_and(|it| it.ends_with("-513"));
        assert!(groups.iter().any(is_domain_user), "{shown}");
    }
    for name in [
        "*",
        "bob*",
        "bob)(sAMAccountName=*",
        "nobody",
        "OTHER\\bob",
        "gateway$",
    ] {
        let (status, _, error) =
            try_to_tell(&lab, &["user", "show", name, "--from-directory"], "")?;
        assert_eq!(status, Some(1), "{name}: {error}");
        assert!(error.contains("nobody is called that"), "{error}");
    }
    // By a group that is nested or somebody's primary one, and by the global catalog.
    let more = "refused_groups = [\"Domain Users\", \"No Such Group\"]\nglobal_catalog = true\n";
    prepare(&lab, &format!("{DIRECTORY}{more}"))?;
    let shown = shown(&lab, "bob@contoso.test")?;
    assert_eq!(
        shown["directory"]["not_delegable"],
        json!({ "member-of": "Domain Users" })
    );
    let (status, out, error) = try_to_tell(&lab, &["directory", "check"], "")?;
    assert_eq!(status, Some(0), "{error}");
    assert!(
        out.contains("dc1.contoso.test:636") && out.contains("dc1.contoso.test:3269"),
        "{out}"
    );
    assert!(
        error.contains("No Such Group") && !error.contains("Domain Users"),
        "{error}"
    );
    Ok(())
}

#[test]
fn whoever_cannot_prove_to_be_the_directory_is_not_asked() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a directory must prove itself")? else {
        return Ok(());
    };
    prepare(&lab, DIRECTORY)?;
    call(&lab, "127.0.0.10 other.contoso.test")?;
    let failing = |lines: &str, what: &str| {
        prepare(&lab, lines)?;
        let (status, out, error) = try_to_tell(&lab, &["directory", "check"], "")?;
        assert_eq!(status, Some(3), "{out} {error}");
        assert!((out + &error).contains(what), "{what}");
        let (status, ..) = try_to_tell(&lab, &["user", "show", "bob", "--from-directory"], "")?;
        assert_eq!(status, Some(3));
        Ok::<(), anyhow::Error>(())
    };
    let foreign = DIRECTORY.replace("/mnt/tls/ca.pem", "gate.pem");
    failing(&foreign, "certificate")?;
    failing(&DIRECTORY.replace("dc1.", "other."), "certificate")?;
    // The password is another account's, and is not shown as this one's.
    failing(&DIRECTORY.replace("reader@", "bob@"), "set-password")?;
    prepare(&lab, DIRECTORY)?;
    for (password, status) in [("", 2), ("\n", 2), ("wrong", 0)] {
        let set = try_to_tell(&lab, &["directory", "set-password"], password)?;
        assert_eq!(set.0, Some(status), "{password}: {set:?}");
    }
    failing(DIRECTORY, "refused")
}

#[test]
fn a_slow_or_dead_controller_keeps_nobody_waiting() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a slow directory keeps nobody waiting")? else {
        return Ok(());
    };
    // The first of two takes connections and says nothing.
    call(&lab, "127.0.0.13 dc0.contoso.test")?;
    let silent = "import socket, time; s = socket.create_server(('127.0.0.13', 636)); \
                  print('ready', flush=True); time.sleep(600)";
    let mut dead = lab
        .command("/usr/bin/python3")
        .args(["-c", silent])
        .stdout(Stdio::null())
        .spawn()?;
    let two = DIRECTORY.replace("[\"dc1", "[\"dc0.contoso.test\", \"dc1");
    prepare(&lab, &two)?;
    let secret = enrol(&lab, "bob")?;
    let gate = DomainGate::start(&lab)?;
    gate.line("the directory is read")?;
    assert_eq!(sign_in(&lab, "bob", &secret)?.0, 200);
    lab.tell("disable bob")?;
    gate.line("stands as disabled")?;
    lab.tell("enable bob")?;
    gate.line("stands as active")?;

    lab.tell("freeze")?;
    gate.line("the directory cannot be read")?;
    for _ in 0..5 {
        let (status, took) = sign_in(&lab, "bob", &secret)?;
        assert_eq!(status, 200, "known for ten minutes");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    lab.tell("thaw")?;
    gate.line("the directory is read")?;
    dead.kill()?;
    dead.wait()?;
    Ok(())
}

/// Gives an address a name in the lab.
fn call(lab: &ActiveDirectory, line: &str) -> anyhow::Result<()> {
    let hosts = lab.folder().join("hosts");
    let mut file = std::fs::OpenOptions::new().append(true).open(hosts)?;
    Ok(writeln!(file, "{line}")?)
}
