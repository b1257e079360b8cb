//! Where the configuration lists no domain controllers, the domain's own DNS (Samba's) names them: for Kerberos and for
//! the directory, anew while the gate runs, and none of them is trusted for it.

use anyhow::Context;
use e2e::active_directory::ActiveDirectory;
use e2e::directory_gate::{enrol, tell, try_to_tell};
use e2e::domain_gate::{DomainGate, base, command, farm, route, write};
use e2e::{faked_clock, skip};
use serde_json::Value;

const APP: &str = "https://app.contoso.test/who.shtml";
/// What a sign-on may take, in seconds.
const BOUND: f64 = 2.5;
/// The same directory without a list of controllers.
const DIRECTORY: &str = "\n[directory]\nauthorities = \"/mnt/tls/ca.pem\"\n\
                         account = \"reader@contoso.test\"\nrefresh = 5\n";

/// A configuration that names no controller.
fn config() -> String {
    let named = base() + &farm("fe", "lync-fe") + &route("fe");
    let found: Vec<&str> = named
        .lines()
        .filter(|line| !line.starts_with("controllers"))
        .collect();
    assert_eq!(found.len() + 1, named.lines().count());
    found.join("\n") + DIRECTORY
}

fn prepare(lab: &ActiveDirectory) -> anyhow::Result<()> {
    write(lab, &config())?;
    tell(lab, &["db", "migrate"], "")?;
    tell(lab, &["directory", "set-password"], "Not.for.the.gate.1")?;
    Ok(())
}

/// Signs on once, in time: the status, and who the back end saw.
fn signs_on(gate: &DomainGate<'_>, user: &str, password: &str) -> anyhow::Result<(u16, String)> {
    let login = format!("CONTOSO\\{user}:{password}");
    let timed = ["--write-out", "\n%{time_total}\n%{http_code}"];
    let (status, body) = gate.curl(&[&timed[..], &["--basic", "--user", &login, APP]].concat())?;
    let (body, seconds) = body.rsplit_once('\n').context("no time")?;
    assert!(seconds.parse::<f64>()? < BOUND, "{user}: {seconds} s");
    Ok((status, body.to_owned()))
}

#[test]
fn controllers_that_nobody_listed_are_asked_and_those_that_come_later_too() -> anyhow::Result<()> {
    const STORY: &str = "domain controllers by DNS";
    let Some(lab) = ActiveDirectory::start(STORY)? else {
        return Ok(());
    };
    if !faked_clock::is_there(&lab)? {
        return skip::skip(STORY, "libfaketime is not unpacked");
    }
    prepare(&lab)?;
    let (status, out, error) = try_to_tell(&lab, &["directory", "check"], "")?;
    assert_eq!(status, Some(0), "{error}");
    assert!(out.contains("dc1.contoso.test:636"), "{out}");
    let gate = DomainGate::open_in(&lab, &config(), &faked_clock::by_file(&lab)?)?;
    gate.serve.line("controllers dc1.contoso.test:88")?;
    gate.serve.line("the directory is read")?;
    let (alice, bob) = (enrol(&lab, "alice")?, enrol(&lab, "bob")?);
    assert_eq!(
        signs_on(&gate, "alice", &alice)?,
        (200, "alice@CONTOSO.TEST".to_owned())
    );

    // One more, which is dead; what DNS said holds for four minutes, and Kerberos bears five.
    lab.tell("name dc0 127.0.0.20")?;
    lab.tell("serve dc0 0")?;
    faked_clock::set(&lab, "+270")?;
    let line = gate.serve.line("dc0.contoso.test:88")?;
    assert!(line.contains("DNS names the controllers"), "{line}");
    assert_eq!(
        signs_on(&gate, "bob", &bob)?,
        (200, "bob@CONTOSO.TEST".to_owned())
    );
    Ok(())
}

/// SECURITY: a name in DNS decides whom the gate asks, and not whom it believes.
#[test]
fn whoever_dns_names_proves_to_be_a_controller_or_is_of_no_use() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("DNS is not believed")? else {
        return Ok(());
    };
    prepare(&lab)?;
    let foreign = config().replace(
        "/mnt/tls/ca.pem\"\naccount",
        "/mnt/tls/old-windows.pem\"\naccount",
    );
    assert_ne!(foreign, config());
    write(&lab, &foreign)?;
    let (status, out, error) = try_to_tell(&lab, &["directory", "check"], "")?;
    assert_eq!(status, Some(3), "{out} {error}");
    assert!((out + &error).contains("certificate"));

    // Without an answer nobody is asked, and what is found wrong is that.
    std::fs::write(lab.folder().join("resolv.conf"), "nameserver 127.0.0.77\n")?;
    write(&lab, &config())?;
    let (status, out, error) = try_to_tell(&lab, &["directory", "check"], "")?;
    assert_eq!(status, Some(3), "{out}");
    assert!(
        error.contains("no resolver says who serves `_ldap._tcp.dc._msdcs.contoso.test`"),
        "{error}"
    );
    let output = command(&lab)?.args(["--json", "doctor"]).output()?;
    let said = String::from_utf8(output.stdout)?;
    let findings: Vec<Value> = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let finding = findings
        .iter()
        .find(|it| it["id"] == "controllers-not-found");
    let finding = finding.with_context(|| said.clone())?;
    assert!(
        finding.to_string().contains("_kerberos._tcp.contoso.test"),
        "{finding}"
    );
    Ok(())
}
