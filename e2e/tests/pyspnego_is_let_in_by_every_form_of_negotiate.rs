//! pyspnego, an implementation of NTLM and SPNEGO that nobody here wrote, against the gate.
//!
//! Unlike curl it sends a MIC, a channel binding and a target name; and it can offer a made-up
//! Kerberos token first, or send what an attacker would.

use std::io::Write;
use std::process::{Command, Stdio};

use e2e::demo::{Demo, Person, root};
use e2e::skip::skip;
use serde_json::Value;

/// Runs the client; `None` where it cannot run here.
fn run(demo: &Demo, mode: &str, person: &Person, password: &str) -> anyhow::Result<Option<Value>> {
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(std::path::PathBuf::from);
    let python = named.unwrap_or_else(|| root().join("target/story-venv/bin/python"));
    let python = root().join(python);
    if !python.exists() {
        skip(
            "pyspnego",
            "no Python with pyspnego; `cargo xtask test` makes one",
        )?;
        return Ok(None);
    }
    let port = demo.address().port().to_string();
    let mut child = Command::new(python)
        .arg(root().join("e2e/clients/negotiate.py"))
        .args([&demo.text("/ca"), "lyncweb.contoso.localhost", &port])
        .arg("/WebTicket/WebTicketService.svc")
        .arg(demo.folder().join("rst-anna.xml"))
        .args([mode, &person.account])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    writeln!(
        child.stdin.take().expect("its input is piped"),
        "{password}"
    )?;
    let ran = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&ran.stdout);
    let failed = || format!("{mode}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    Ok(Some(
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}", failed())),
    ))
}

/// The statuses that a mode got.
fn statuses(demo: &Demo, mode: &str, password: &str) -> anyhow::Result<Option<Vec<u64>>> {
    let got = run(demo, mode, &demo.person(0), password)?;
    Ok(got.map(|got| {
        let statuses = got["statuses"].as_array().expect("statuses").iter();
        statuses.filter_map(Value::as_u64).collect()
    }))
}

fn tickets(demo: &Demo) -> usize {
    let requests = demo.requests().expect("the lab's list");
    requests
        .iter()
        .filter(|seen| seen["method"] == "POST")
        .count()
}

#[test]
fn s10_ntlm_inside_negotiate_gets_a_ticket() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let app_password = demo.person(0).app_password;
    for typed in [app_password.clone(), app_password.replace('-', "")] {
        let Some(got) = statuses(&demo, "negotiate", &typed)? else {
            return Ok(());
        };
        assert_eq!(got, [401, 401, 200]);
    }
    Ok(())
}

#[test]
fn s32_bare_ntlm_with_mic_and_target_name_gets_a_ticket() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let Some(got) = statuses(&demo, "ntlm", &demo.person(0).app_password)? else {
        return Ok(());
    };
    assert_eq!(got, [401, 401, 200]);
    Ok(())
}

#[test]
fn a_made_up_kerberos_token_first_ends_in_ntlm_with_both_mics() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let app_password = demo.person(0).app_password;
    let Some(got) = statuses(&demo, "kerberos-first", &app_password)? else {
        return Ok(());
    };
    assert_eq!(got, [401, 401, 401, 200]);
    Ok(())
}

#[test]
fn a_tampered_mechanism_list_is_refused_and_nothing_is_forwarded() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let app_password = demo.person(0).app_password;
    let Some(got) = statuses(&demo, "tampered-list", &app_password)? else {
        return Ok(());
    };
    assert_eq!(got, [401, 401, 401, 401]);
    assert_eq!(tickets(&demo), 0);
    Ok(())
}

#[test]
fn s18_the_domain_password_is_refused_in_every_form() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    for mode in ["negotiate", "ntlm", "kerberos-first"] {
        let Some(got) = statuses(&demo, mode, &anna.domain_password)? else {
            return Ok(());
        };
        assert!(got.iter().all(|status| *status == 401), "{mode}: {got:?}");
    }
    assert_eq!(tickets(&demo), 0);
    Ok(())
}

#[test]
fn a_replayed_message_is_refused_on_another_connection() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let Some(got) = statuses(&demo, "replay", &demo.person(0).app_password)? else {
        return Ok(());
    };
    assert_eq!(got, [401, 401, 200, 401, 401, 401]);
    assert_eq!(tickets(&demo), 1);
    Ok(())
}
