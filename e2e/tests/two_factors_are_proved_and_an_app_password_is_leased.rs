//! Two factors outside: the program proves them, or names each way in; an app password works while its owner's second
//! factor is young, and whoever never proved one is refused like anybody with a wrong secret (S19).

use std::net::SocketAddr;
use std::process::Output;

use authn::account::AccountId;
use authn::admin;
use authn::audit::{Actor, ByHand};
use authn::place::Method;
use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use e2e::serve::Serve;
use serde_json::Value;
use store::Store;
use store::seal::KeyFile;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// What comes of asking for a ticket.
fn asks(demo: &Demo, at: SocketAddr, anna: &Person, password: &str) -> anyhow::Result<u16> {
    let curl = Curl::new(demo).arguments(&["--connect-to", &format!("::{at}")]);
    let curl = curl.ntlm(&anna.account, password);
    let got = curl
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    Ok(got.status)
}

/// Notes in the demo's store what an enrolment would: a second factor was proved.
fn proves_second_factor(demo: &Demo, account: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let keys = KeyFile::open(&demo.folder().join("wicketgate.keys"))?;
        let store = Store::open(&demo.folder().join("wicketgate.db"), keys).await?;
        let by = ByHand {
            at: now()?,
            actor: Actor::named("a story"),
            origin: None,
        };
        let account = AccountId(account.to_owned());
        admin::note_second_factor(&store, &account, Method::OneTimeCode, &by).await?;
        store.close().await;
        Ok(())
    })
}

/// Now, as the store's clock would say.
fn now() -> anyhow::Result<jiff::Timestamp> {
    let since = std::time::UNIX_EPOCH.elapsed()?;
    let microseconds = i64::try_from(since.as_micros())?;
    Ok(jiff::Timestamp::from_microsecond(microseconds)?)
}

#[test]
fn s19_two_factors_are_proved_and_an_app_password_is_leased() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let output = demo.wicketgate(&["policy", "prove"])?;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for part in [
        "/EWS: from outside by basic, an app password is enough: one factor",
        "wicketgate.toml:",
        "not proved: ",
    ] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
    let serve = Serve::start(&demo, |config| config + "lease = \"30 days\"\n")?;
    let beside = demo.folder().join("beside.toml").display().to_string();
    let with_lease =
        |arguments: &[&str]| demo.wicketgate(&[&["--config", &beside], arguments].concat());
    let output = with_lease(&["policy", "prove"])?;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("proved: from outside nobody gets in"));

    assert_eq!(asks(&demo, serve.address, &anna, &anna.app_password)?, 401);
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let reasons: Vec<&Value> = events
        .iter()
        .filter_map(|event| event.get("reason"))
        .collect();
    assert_eq!(reasons.last(), Some(&&Value::from("lease-lapsed")));
    let shown = said(&with_lease(&["user", "show", &anna.upn])?);
    assert!(shown.contains("app passwords are refused where"), "{shown}");
    let lease = said(&with_lease(&["user", "lease", &anna.upn])?);
    assert!(lease.contains("never proved a second factor"), "{lease}");

    let account = demo.wicketgate_json(&["user", "show", &anna.upn])?;
    let id = account[0]["id"].as_str().expect("an id");
    proves_second_factor(&demo, id)?;
    // What was made before it is not leased; what is made after it is.
    assert_eq!(asks(&demo, serve.address, &anna, &anna.app_password)?, 401);
    let lease = said(&with_lease(&["user", "lease", &anna.upn])?);
    assert!(lease.contains("made before its owner's first"), "{lease}");
    let create = [
        "app-password",
        "create",
        &anna.upn,
        "--label",
        "new",
        "--scope",
        "lync,ews",
    ];
    let made = demo.wicketgate_json(&create)?;
    let password = made[0]["app_password"].as_str().expect("an app password");
    assert_eq!(asks(&demo, serve.address, &anna, password)?, 200);
    assert!(said(&with_lease(&["user", "lease", &anna.upn])?).contains("leased until"));

    let explain = [
        "policy", "explain", "--user", &anna.upn, "--from", "external", "--to", "lync",
    ];
    let explained = said(&with_lease(&explain)?);
    for part in [
        "from outside to lync by ntlm: allowed with an app password whose owner's last second factor is younger",
        "beside.toml:",
        "zones: external (the rule: external)",
    ] {
        assert!(explained.contains(part), "{part}: {explained}");
    }
    Ok(())
}
