//! pidgin-sipe, a real Lync client, signs in through the gate with an app password.
//!
//! It runs in a network namespace of its own, because it knows no port but 443.

use std::process::{Command, Output};

use e2e::demo::{binary, root};
use e2e::skip::{has, skip};
use serde_json::Value;

const STORY: &str = "a_real_lync_client_signs_in";

/// Runs the client; `None` where it cannot run here.
fn sign_in(password_key: &str) -> anyhow::Result<Option<(Output, Vec<Value>)>> {
    run(&[password_key])
}

/// Runs the client, told what it is to do; `None` where it cannot run here.
fn run(told: &[&str]) -> anyhow::Result<Option<(Output, Vec<Value>)>> {
    let plugin = "/usr/lib/purple-2/libsipe.so";
    if !std::path::Path::new(plugin).exists() || !has("pkg-config") || !has("unshare") {
        skip(
            STORY,
            "pidgin-sipe, libpurple-dev, libxml2-dev, pkg-config or unshare is not here",
        )?;
        return Ok(None);
    }
    if !Command::new("unshare")
        .args(["--net", "--mount", "true"])
        .status()?
        .success()
    {
        skip(STORY, "network and mount namespaces need root")?;
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    let ran = Command::new("unshare")
        .args(["--net", "--mount", "--kill-child"])
        .arg(root().join("e2e/clients/sipe/signin.sh"))
        .arg(binary()?)
        .arg(folder.path())
        .args(told)
        .output()?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let (_, list) = said.split_once("REQUESTS\n").unwrap_or((&said, "[]"));
    let (list, _) = list.split_once("EVENTS\n").unwrap_or((list, ""));
    let seen = serde_json::from_str(list.trim()).unwrap_or_default();
    Ok(Some((ran, seen)))
}

/// What was seen, as `METHOD path`.
fn steps(seen: &[Value]) -> Vec<String> {
    let text = |seen: &Value, key: &str| seen[key].as_str().unwrap_or_default().to_owned();
    seen.iter()
        .map(|seen| format!("{} {}", text(seen, "method"), text(seen, "path")))
        .collect()
}

#[test]
fn s7_s10_s35_pidgin_sipe_signs_in_with_the_app_password() -> anyhow::Result<()> {
    let Some((ran, seen)) = sign_in("app_password")? else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        said.contains("SIGNED-ON"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let steps = steps(&seen);
    let expected = [
        "GET /",
        "GET /WebTicket/WebTicketService.svc/mex",
        "POST /WebTicket/WebTicketService.svc",
        "GET /Autodiscover/AutodiscoverService.svc/root/user",
        "REGISTER ",
    ];
    let mut rest = steps.iter();
    for step in expected {
        assert!(
            rest.any(|seen| seen.starts_with(step)),
            "no {step} in order: {steps:#?}"
        );
    }
    // What the replays of all clients begin with.
    let mut before: Vec<&str> = steps
        .iter()
        .map(String::as_str)
        .take_while(|step| step.starts_with("GET"))
        .collect();
    before.dedup();
    assert_eq!(before, expected.get(..2).unwrap_or_default(), "{steps:#?}");
    let user_link = seen.iter().find(|seen| {
        seen["path"]
            .as_str()
            .is_some_and(|path| path.ends_with("/root/user"))
    });
    assert_eq!(user_link.expect("the user link")["how"], "ticket");
    Ok(())
}

/// INTEROP: SIPE 1.25 asks for the calendar a minute after sign-in, or at once where its menu is used:
/// Autodiscover in plain XML, then availability and out-of-office at the ASUrl and OOFUrl that it got,
/// each with the secret that it signed in with.
#[test]
fn s27_s43_s44_pidgin_sipe_gets_its_calendar_with_the_same_app_password() -> anyhow::Result<()> {
    let Some((ran, seen)) = run(&["app_password", "calendar"])? else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("\nCALENDAR\n"), "{said}");
    let told = |seen: &&Value| seen["how"] == "assertion";
    let told: Vec<Value> = seen.iter().filter(told).cloned().collect();
    let expected = [
        "POST /WebTicket/WebTicketService.svc",
        "POST /Autodiscover/Autodiscover.xml",
        "POST /EWS/Exchange.asmx",
        "POST /EWS/Exchange.asmx",
    ];
    assert_eq!(steps(&told), expected);
    let (_, events) = said.split_once("EVENTS\n").unwrap_or_default();
    let events: Vec<Value> = events
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let attempts: Vec<(&str, &str)> = events
        .iter()
        .filter_map(|event| Some((event["event"].as_str()?, event["service"].as_str()?)))
        .collect();
    let each = ["lync", "autodiscover", "ews"].map(|service| ("signed-in", service));
    assert_eq!(attempts, each);
    Ok(())
}

#[test]
fn s18_pidgin_sipe_does_not_get_in_with_the_domain_password() -> anyhow::Result<()> {
    let Some((ran, seen)) = sign_in("domain_password")? else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(!said.contains("SIGNED-ON"), "{said}");
    let steps = steps(&seen);
    assert!(steps.iter().any(|step| step.contains("/mex")), "{steps:#?}");
    assert!(
        !steps.iter().any(|step| step.starts_with("POST")),
        "{steps:#?}"
    );
    Ok(())
}

/// Discover is at the Director, which sends everybody home: `user` signs in at `home`, and the pool that
/// is nobody's home sees nothing.
fn is_sent_home(user: &str, account: &str, (home, other): (&str, &str)) -> anyhow::Result<()> {
    let Some((ran, seen)) = run(&["app_password", "director", user])? else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(&ran.stdout);
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("SIGNED-ON"), "{said}{complaint}");
    let at = |member: &str| -> Vec<String> {
        let of_it = seen.iter().filter(|seen| seen["member"] == member);
        steps(&of_it.cloned().collect::<Vec<_>>())
    };
    let ticket = [
        "GET /WebTicket/WebTicketService.svc/mex",
        "POST /WebTicket/WebTicketService.svc",
        "GET /Autodiscover/AutodiscoverService.svc/root/user",
    ];
    let root = "GET /Autodiscover/AutodiscoverService.svc/root";
    assert_eq!(at("dir01-1"), [&["GET /"], &ticket[..]].concat());
    assert_eq!(at(home), [&[root], &ticket[..]].concat());
    assert_eq!(at(other), Vec::<String>::new(), "it is nobody's home");
    let by_ticket = seen.iter().filter(|seen| seen["how"] == "ticket");
    let whose: Vec<_> = by_ticket.map(|seen| seen["identity"].as_str()).collect();
    assert_eq!(whose, [Some(account); 2], "one at each");
    assert!(seen.iter().any(|seen| seen["method"] == "REGISTER"));
    Ok(())
}

#[test]
fn s10_s35_pidgin_sipe_is_sent_home_by_the_director_and_signs_in_there() -> anyhow::Result<()> {
    is_sent_home("1", "CONTOSO\\ben", ("pool02-1", "pool01-1"))
}

#[test]
fn s10_s35_pidgin_sipe_is_sent_home_to_the_first_pool_as_well() -> anyhow::Result<()> {
    is_sent_home("0", "CONTOSO\\anna", ("pool01-1", "pool02-1"))
}
