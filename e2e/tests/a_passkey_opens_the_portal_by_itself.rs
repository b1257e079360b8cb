//! A person who signed in with a secret and a code adds a passkey and comes in by it alone, in Chromium with a virtual
//! authenticator; it renews the lease of their app passwords at once, and is refused once it is removed.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use e2e::browser::{SECRET, enrolled};
use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use e2e::serve::Serve;
use e2e::skip;
use e2e::webdriver::Chromium;
use serde_json::Value;

const STORY: &str = "a passkey opens the portal by itself";
const WITHIN: Duration = Duration::from_secs(5);
const LABEL: &str = "#passkey-label";
const BY_PASSKEY: &str = "form[data-passkey='get'] button";
const REFUSED: &str = "form[data-passkey] [role='alert']";

/// Signs in as a person does who has no passkey.
fn signs_in(chromium: &Chromium, portal: &str, person: &Person, code: &str) -> anyhow::Result<()> {
    chromium.open(&format!("{portal}sign-in?again=1"))?;
    for (field, typed) in [
        ("#user-name", person.upn.as_str()),
        ("#password", SECRET),
        ("#code", code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    chromium.shown("#passkeys").map(drop)
}

/// What comes of asking for a ticket with an app password.
fn asks(demo: &Demo, serve: &Serve, person: &Person, password: &str) -> anyhow::Result<u16> {
    let to = format!("::{}", serve.address);
    let curl = Curl::new(demo).arguments(&["--connect-to", &to]);
    let curl = curl.ntlm(&person.account, password);
    let got = curl
        .web_ticket_request(&person.sip)
        .get(&demo.url("web_ticket"))?;
    Ok(got.status)
}

/// Lets forty days pass over what the store remembers of second factors.
fn forty_days_pass(demo: &Demo) -> anyhow::Result<()> {
    let script = "import sqlite3, sys\n\
        store = sqlite3.connect(sys.argv[1], timeout=60)\n\
        age = 40 * 24 * 3600 * 1000000\n\
        store.execute('UPDATE second_factors SET first_proved = first_proved - ?, \
        last_proved = last_proved - ?', (age, age))\n\
        store.commit()\n";
    let mut python = Command::new("python3");
    python.args(["-c", script]);
    let status = python.arg(demo.folder().join("wicketgate.db")).status()?;
    ensure!(status.success(), "the store was not written to");
    Ok(())
}

fn reasons(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let reasons = events.iter().filter_map(|it| it["reason"].as_str());
    Ok(reasons.map(str::to_owned).collect())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a lease is renewed is what is looked at"
)]
fn a_passkey_is_added_opens_the_portal_renews_a_lease_and_is_removed() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip::skip(STORY, "chromium and its driver are not unpacked");
    }
    let demo = Demo::start()?;
    let serve = Serve::start(&demo, |config| config + "lease = \"30 days\"\n")?;
    let (anna, portal) = (demo.person(0), demo.url("portal"));
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let create = [
        "app-password",
        "create",
        &anna.upn,
        "--label",
        "laptop",
        "--scope",
        "lync",
    ];
    let made = demo.wicketgate_json(&create)?;
    let password = made[0]["app_password"].as_str().context("a password")?;
    assert_eq!(asks(&demo, &serve, &anna, password)?, 200);

    let chromium = Chromium::start()?;
    let device = chromium.authenticator(true)?;
    signs_in(&chromium, &portal, &anna, &app.code()?)?;
    chromium.type_into(LABEL, "grey key\n")?;
    chromium.shown(".done")?;
    assert!(chromium.page()?.contains("The passkey is added."));
    assert_eq!(chromium.kept_by(&device)?.len(), 1);
    let listed = demo.wicketgate_json(&["passkey", "list", &anna.upn])?;
    assert_eq!(listed[0]["label"], "grey key");
    chromium.press("header button")?;

    // Nobody is named, and nothing is typed.
    forty_days_pass(&demo)?;
    assert_eq!(asks(&demo, &serve, &anna, password)?, 401);
    assert_eq!(
        reasons(&demo)?.last().map(String::as_str),
        Some("lease-lapsed")
    );
    chromium.press(BY_PASSKEY)?;
    chromium.shown("#passkeys")?;
    let touched = Instant::now();
    assert!(chromium.page()?.contains(&anna.upn));
    assert_eq!(asks(&demo, &serve, &anna, password)?, 200);
    assert!(touched.elapsed() <= WITHIN, "after {:?}", touched.elapsed());

    // The same where she is signed in already, by a touch.
    forty_days_pass(&demo)?;
    assert_eq!(asks(&demo, &serve, &anna, password)?, 401);
    chromium.press("form[action='/passkeys/touch'] button")?;
    chromium.shown(".done")?;
    assert_eq!(asks(&demo, &serve, &anna, password)?, 200);

    // It is called something else, and then removed, which ends the session that it began.
    chromium.press("summary")?;
    chromium.type_into("#rename-1", " of steel\n")?;
    chromium.shown(".done")?;
    assert!(chromium.page()?.contains("grey key of steel"));
    chromium.press("form[action='/passkeys/remove'] button")?;
    chromium.shown(BY_PASSKEY)?;
    chromium.press(BY_PASSKEY)?;
    chromium.shown(".wrong[role='alert']")?;
    assert!(chromium.page()?.contains("That did not match."));
    assert_eq!(
        reasons(&demo)?.last().map(String::as_str),
        Some("unknown-passkey")
    );
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let acts: Vec<&Value> = events.iter().filter_map(|it| it.get("act")).collect();
    for act in ["added", "renamed", "removed"] {
        assert!(acts.contains(&&Value::from(act)), "{act}: {acts:?}");
    }
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn a_device_that_does_not_verify_its_user_is_refused() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip::skip(STORY, "chromium and its driver are not unpacked");
    }
    let demo = Demo::start()?;
    let (anna, portal) = (demo.person(0), demo.url("portal"));
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let chromium = Chromium::start()?;
    let careless = chromium.authenticator(false)?;
    signs_in(&chromium, &portal, &anna, &app.code()?)?;
    chromium.type_into(LABEL, "careless key\n")?;
    chromium.shown(REFUSED)?;
    assert_eq!(chromium.kept_by(&careless)?.len(), 0);
    chromium.unplug(&careless)?;
    Ok(())
}

#[test]
fn an_invitation_is_followed_with_a_passkey_and_no_app() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip::skip(STORY, "chromium and its driver are not unpacked");
    }
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let invited = demo.wicketgate_json(&["user", "invite", &anna.upn])?;
    let chromium = Chromium::start()?;
    chromium.authenticator(true)?;
    chromium.open(invited[0]["link"].as_str().context("a link")?)?;
    chromium.press("main button")?;
    chromium.type_into("#password", SECRET)?;
    chromium.type_into("#again", &format!("{SECRET}\n"))?;
    chromium.press("form[data-passkey='create'] button")?;
    chromium.shown("#passkeys")?;
    let page = chromium.page()?;
    assert!(page.contains("<h3>passkey</h3>"), "{page}");
    assert!(
        demo.wicketgate_json(&["token", "list", &anna.upn])?
            .is_empty()
    );
    chromium.press("header button")?;
    chromium.press(BY_PASSKEY)?;
    chromium.shown("#passkeys")?;

    // The help desk takes it away, and whoever is signed in by it is put out.
    let listed = demo.wicketgate_json(&["passkey", "list", &anna.upn])?;
    let id = listed[0]["id"].as_str().context("an id")?;
    let remove = ["passkey", "remove", &anna.upn, id];
    assert!(demo.wicketgate(&remove)?.status.success());
    assert_eq!(demo.wicketgate(&remove)?.status.code(), Some(1));
    chromium.open(&demo.url("portal"))?;
    chromium.shown("#user-name").map(drop)
}
