//! Accounts follow the directory: a real Active Directory (Samba) says who somebody is and whether they may come
//! in, and every sign-in asks the store alone.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::active_directory::ActiveDirectory;
use e2e::directory_gate::{
    DomainGate, Held, app_password, enrol, prepare, sign_in, tell, try_to_tell,
};
use e2e::{faked_clock, skip};
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

/// Builtin\Users, of which everybody is a member, and Domain Admins, of which one of these is.
#[test]
fn a_refused_group_stays_refused_when_it_is_renamed_and_each_has_their_own_groups()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a refused group is renamed")? else {
        return Ok(());
    };
    prepare(&lab, &format!("{DIRECTORY}refused_groups = [\"Users\"]\n"))?;
    let gate = DomainGate::start(&lab)?;
    for name in ["alice", "bob", "carol", "administrator"] {
        tell(&lab, &["user", "add", name, "--from-directory"], "")?;
    }
    let kept = |name: &str| -> anyhow::Result<Value> {
        let shown = tell(&lab, &["user", "show", name], "")?;
        let shown = shown.into_iter().next().context("nothing was shown")?;
        Ok(shown["directory"].clone())
    };
    let refused = json!({ "member-of": "Users" });
    lab.tell("set Users sAMAccountName=People")?;
    gate.line("the refused group `Users` (S-1-5-32-545) is not found any more")?;
    // Of a reading after that one.
    lab.tell("disable alice")?;
    gate.line("stands as disabled")?;
    for name in ["alice", "bob"] {
        assert_eq!(kept(name)?["not_delegable"], refused, "{name}");
    }
    for (name, is_administrator) in [("bob", false), ("carol", false), ("administrator", true)] {
        let directory = kept(name)?;
        let groups = directory["groups"].as_array().context("no groups")?;
        let mut sids = groups.iter().filter_map(Value::as_str);
        assert_eq!(
            sids.any(|sid| sid.ends_with("-512")),
            is_administrator,
            "{name}"
        );
    }
    // A gate that never saw the name knows nobody by it, and a SID has no other name.
    prepare(
        &lab,
        &format!("{DIRECTORY}refused_groups = [\"S-1-5-32-545\"]\n"),
    )?;
    let shown = shown(&lab, "bob@contoso.test")?;
    let people = json!({ "member-of": "People" });
    assert_eq!(shown["directory"]["not_delegable"], people);
    let (status, _, error) = try_to_tell(&lab, &["directory", "check"], "")?;
    assert_eq!((status, error.as_str()), (Some(0), ""));
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

/// What claim rules ask of the store `Active Directory`, and what policies call groups.
#[test]
fn what_claim_rules_may_ask_is_read_and_follows() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("what claim rules may ask follows")? else {
        return Ok(());
    };
    lab.tell("set bob displayName=Bob")?;
    prepare(
        &lab,
        &format!("{DIRECTORY}attributes = [\"info\", \"test\"]\n"),
    )?;
    let gate = DomainGate::start(&lab)?;
    tell(&lab, &["user", "add", "bob", "--from-directory"], "")?;
    let kept = || -> anyhow::Result<Value> {
        let shown = tell(&lab, &["user", "show", "bob"], "")?;
        let shown = shown.into_iter().next().context("nothing was shown")?;
        Ok(shown["directory"]["attributes"].clone())
    };
    let first = kept()?;
    let values = &first["values"];
    assert_eq!(values["displayname"], json!(["Bob"]), "{first}");
    assert_eq!(values["department"], json!([]), "read, and empty");
    // One that the configuration names and the schema has, and one that it does not have.
    assert_eq!(
        (&values["info"], &values["test"]),
        (&json!([]), &json!([])),
        "{first}"
    );
    let guid = values["objectguid"][0].as_str().context("no objectGUID")?;
    assert_eq!((guid.len(), guid.ends_with("==")), (24, true), "{guid}");
    let groups = first["groups"].as_object().context("no groups")?;
    let called = |name: &str| {
        let mut groups = groups.iter();
        let found = groups.find(|(_, group)| group["sam"] == name);
        found.map(|(sid, group)| (sid.clone(), group.clone()))
    };
    let (sid, users) = called("Domain Users").context("no Domain Users")?;
    assert!(sid.ends_with("-513"), "{sid}");
    assert_eq!(
        (&users["domain"], &users["dns"]),
        (&json!("CONTOSO"), &json!("contoso.test"))
    );
    let (sid, builtin) = called("Users").context("no Users")?;
    assert_eq!(
        (sid.as_str(), &builtin["domain"]),
        ("S-1-5-32-545", &json!("BUILTIN"))
    );

    lab.tell("set bob displayName=Robert")?;
    gate.line("has other groups or other attributes")?;
    assert_eq!(kept()?["values"]["displayname"], json!(["Robert"]));
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

/// Between the gate and its domain controller: hands on what is said, and the answers by as many seconds late as a file
/// says at the moment.
const SLOW: &str = r#"
import asyncio
def late():
    try:
        return float(open("/mnt/late").read() or 0)
    except OSError:
        return 0
async def pass_on(reader, writer, waits):
    try:
        while data := await reader.read(65536):
            if waits:
                await asyncio.sleep(late())
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def taken(reader, writer):
    from_it, to_it = await asyncio.open_connection("127.0.0.10", 636)
    await asyncio.gather(pass_on(reader, to_it, False), pass_on(from_it, writer, True))
async def main():
    server = await asyncio.start_server(taken, "127.0.0.14", 636)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"#;

/// How long a sign-in may take that asks nobody but the store, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Until a directory that answers by five seconds late is reported: five seconds to the next reading, three that a
/// connection may take; twice that, for a machine that is busy.
const REPORTED: Duration = Duration::from_secs(16);
/// Until whoever is of a directory that was not read for ten minutes is out: the next look after a reading that failed,
/// which has 25 seconds and five behind it.
const OUT: Duration = Duration::from_secs(40);

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a story measures how long something takes"
)]
fn a_directory_slow_by_five_seconds_delays_nobody_and_ends_after_ten_minutes() -> anyhow::Result<()>
{
    const STORY: &str = "a directory slow by five seconds";
    let Some(lab) = ActiveDirectory::start(STORY)? else {
        return Ok(());
    };
    if !faked_clock::is_there(&lab)? {
        return skip::skip(STORY, "libfaketime is not unpacked");
    }
    let mut relay = slow(&lab)?;
    prepare(&lab, DIRECTORY)?;
    let secret = enrol(&lab, "bob")?;
    let local = [
        "user",
        "add",
        "CONTOSO\\local",
        "--upn",
        "local@contoso.test",
    ];
    tell(&lab, &local, "")?;
    let of_local = app_password(&lab, "local")?;
    let gate = DomainGate::start_in(&lab, &faked_clock::by_file(&lab)?)?;
    gate.line("the directory is read")?;
    let held = Held::begin(&lab, "bob", &secret)?;

    std::fs::write(lab.folder().join("late"), "5")?;
    let slow = Instant::now();
    let line = gate.line("the directory cannot be read")?;
    assert!(line.contains("no answer within"), "{line}");
    assert!(slow.elapsed() < REPORTED, "{:?}", slow.elapsed());
    for _ in 0..5 {
        let (status, took) = sign_in(&lab, "bob", &secret)?;
        assert_eq!(status, 200, "known for ten minutes");
        assert!(took < AT_ONCE, "{took:?}");
    }

    faked_clock::set(&lab, "+11m")?;
    let late = Instant::now();
    assert!(!held.is_whole()?, "cut off");
    assert!(late.elapsed() < OUT, "{:?}", late.elapsed());
    for (name, secret, expected) in [("bob", &secret, 503), ("local", &of_local, 200)] {
        let (status, took) = sign_in(&lab, name, secret)?;
        assert_eq!(status, expected, "{name}");
        assert!(took < AT_ONCE, "{name}: {took:?}");
    }
    std::fs::write(lab.folder().join("late"), "0")?;
    gate.line("the directory is read")?;
    assert_eq!(sign_in(&lab, "bob", &secret)?.0, 200);
    relay.kill()?;
    relay.wait()?;
    Ok(())
}

/// Stands between from here on, and is not slow yet.
fn slow(lab: &ActiveDirectory) -> anyhow::Result<Child> {
    // Under the controller's name the gate finds it.
    let hosts = lab.folder().join("hosts");
    let names = std::fs::read_to_string(&hosts)?;
    let between = names.replace("127.0.0.10 dc1.", "127.0.0.14 dc1.");
    assert_ne!(names, between);
    std::fs::write(&hosts, between)?;
    let mut relay = lab.command("/usr/bin/python3");
    let mut relay = relay.args(["-c", SLOW]).stdout(Stdio::piped()).spawn()?;
    let mut ready = [0; 6];
    let output = relay.stdout.as_mut().context("no output")?;
    output.read_exact(&mut ready)?;
    Ok(relay)
}

/// Gives an address a name in the lab.
fn call(lab: &ActiveDirectory, line: &str) -> anyhow::Result<()> {
    let hosts = lab.folder().join("hosts");
    let mut file = std::fs::OpenOptions::new().append(true).open(hosts)?;
    Ok(writeln!(file, "{line}")?)
}
