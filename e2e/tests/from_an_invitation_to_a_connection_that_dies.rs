//! A person and a browser, from the invitation on, in one piece: a secret, an app and a passkey, an app password that curl signs in
//! with through the gateway, and its end on the portal, of which the connection that curl holds open dies within two seconds.

use std::sync::mpsc::channel;

use anyhow::Context;
use e2e::browser::{App, SECRET};
use e2e::client::Curl;
use e2e::demo::Demo;
use e2e::skip::skip;
use e2e::webdriver::Chromium;
use jiff::{SignedDuration, Timestamp};

const STORY: &str = "from an invitation to a connection that dies";
/// Design 13: revoking reaches everything within this time.
const WITHIN: SignedDuration = SignedDuration::from_secs(2);
const BY_PASSKEY: &str = "form[data-passkey='get'] button";

fn text(chromium: &Chromium, selector: &str) -> anyhow::Result<String> {
    chromium.shown(selector)?;
    let said = chromium.run(&format!(
        "return document.querySelector('{selector}').textContent"
    ))?;
    Ok(said.as_str().context("a text")?.to_owned())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a revocation arrives is what is looked at"
)]
fn a_connection_that_an_app_password_of_the_portal_opened_dies_as_the_portal_revokes_it()
-> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip(STORY, "chromium and its driver are not unpacked");
    }
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let invited = demo.wicketgate_json(&["user", "invite", &anna.upn])?;
    let chromium = Chromium::start()?;
    let device = chromium.authenticator(true)?;
    chromium.open(invited[0]["link"].as_str().context("a link")?)?;
    chromium.press("main button")?;
    chromium.type_into("#password", SECRET)?;
    chromium.type_into("#again", &format!("{SECRET}\n"))?;
    let mut app = App::of_key(&text(&chromium, "code.key")?)?;
    chromium.type_into("#code", &format!("{}\n", app.code()?))?;
    chromium.type_into("#passkey-label", "Grey key\n")?;
    chromium.shown(".done")?;
    assert_eq!(chromium.kept_by(&device)?.len(), 1);
    let listed = demo.wicketgate_json(&["token", "list", &anna.upn])?;
    assert_eq!((listed.len(), &listed[0]["state"]), (1, &"active".into()));

    // She comes again by the passkey alone, and makes the app password in that session.
    chromium.press("header button")?;
    chromium.press(BY_PASSKEY)?;
    chromium.type_into("#label", "Laptop\n")?;
    let typed = text(&chromium, "#app-password")?;
    let echo = demo.url("ews").replace("/EWS/Exchange.asmx", "/EWS/echo");
    let by_curl = || Curl::new(&demo).basic(&anna.upn, &typed);
    assert_eq!(by_curl().get(&echo)?.status, 200);
    let mut held = by_curl().holds(&echo)?;

    chromium.open(&demo.url("portal"))?;
    let devices = text(&chromium, "section[aria-labelledby=devices] .cards")?;
    assert!(
        devices.contains("Laptop") && devices.contains("127.0.0.1"),
        "{devices}"
    );
    let ours = "form[action='/app-passwords/revoke'] button[aria-label$='Laptop']";
    chromium.shown(ours)?;
    assert!(held.is_open()?);
    let (sender, died) = channel();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        scope.spawn(move || sender.send((held.dies(), Timestamp::now())));
        chromium.press(ours)?;
        chromium.shown(".done").map(drop)
    })?;
    let (said, died) = died.recv()?;
    assert_eq!(
        said?, "000 0",
        "no answer, on the connection that was there"
    );
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let revoked = events
        .iter()
        .find(|it| it["event"] == "app-password-revoked");
    let revoked: Timestamp = revoked
        .and_then(|it| it["at"].as_str())
        .context("an event")?
        .parse()?;
    let lived_on = died.duration_since(revoked);
    assert!(lived_on <= WITHIN, "for {lived_on}");
    assert_eq!(by_curl().get(&echo)?.status, 401);
    let other = Curl::new(&demo).basic(&anna.upn, &anna.app_password);
    assert_eq!(other.get(&echo)?.status, 200, "another of hers goes on");
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}
