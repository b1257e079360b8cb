//! A thief who got a secret and one code adds an app password and a token of his own; the owner says of that sign-in that it
//! was not her. Whatever he has opens nothing any more, and she goes on with a secret that she chooses on the spot.

use anyhow::Context;
use e2e::browser::{App, Browser, SECRET, enrolled, hidden, text};
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::until::until;

const ECHO: &str = "/EWS/echo";
const NEW_SECRET: &str = "five horses on the moon";

/// Connects one more app on the portal.
fn connected(browser: &Browser<'_>, portal: &Got, label: &str) -> anyhow::Result<App> {
    let page = browser.send(portal, "/tokens", &[("label", label)])?;
    let mut app = App::of(&page)?;
    let id = hidden(&page, "id").context("the id of a token")?;
    let first = [("id", id.as_str()), ("Code", &app.code()?)];
    let confirmed = browser.send(&page, "/tokens/confirm", &first)?;
    assert!(
        confirmed.body.contains("The app is connected"),
        "{}",
        confirmed.body
    );
    Ok(app)
}

/// The numbers of the sign-ins to the portal, the last first.
fn sign_ins(portal: &Got) -> Vec<String> {
    let items = portal.body.split("<li>");
    let of_portal = items.filter(|it| it.contains("<dd>portal</dd>"));
    let numbers = of_portal.filter_map(|it| it.split_once("name=\"number\" value=\""));
    let numbers = numbers.filter_map(|(_, rest)| rest.split('"').next());
    numbers.map(str::to_owned).collect()
}

#[test]
fn a_thief_who_settled_in_is_out_once_the_owner_says_that_it_was_not_her() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (first, mut phone, portal) = enrolled(&demo, &anna)?;
    let mut tablet = connected(&first, &portal, "tablet")?;

    let thief = Browser::new(&demo)?;
    let his = thief.signs_in(&anna.upn, SECRET, &phone.code()?)?;
    assert!(his.body.contains("My devices and tokens"), "{}", his.body);
    let order = [("label", "his phone"), ("service", "ews")];
    let made = thief.send(&his, "/app-passwords", &order)?;
    let stolen = text(&made, "id=\"app-password\">")?.to_owned();
    let mut his_token = connected(&thief, &his, "his token")?;
    let echo = demo.url("ews").replace("/EWS/Exchange.asmx", ECHO);
    let reads = || Curl::new(&demo).basic(&anna.upn, &stolen).get(&echo);
    assert_eq!(reads()?.status, 200, "he reads her mail");

    let owner = Browser::new(&demo)?;
    let hers = owner.signs_in(&anna.upn, SECRET, &tablet.code()?)?;
    let [_, number, ..] = &*sign_ins(&hers) else {
        anyhow::bail!("his sign-in is not there: {}", hers.body);
    };
    let done = owner.send(&hers, "/not-me", &[("number", number)])?;
    assert_eq!(done.status, 200, "{}", done.body);
    for said in ["his phone", "his token", "name=\"New\""] {
        assert!(done.body.contains(said), "{said}: {}", done.body);
    }
    assert!(!done.body.contains("tablet"), "hers stays: {}", done.body);

    // The gate that knew him hears of it within two seconds; what was on its way just then has its connection cut.
    until("he reads her mail still", || {
        Ok(reads().is_ok_and(|it| it.status == 401))
    })?;
    assert!(thief.open("/")?.body.contains("name=\"UserName\""));
    let again = Browser::new(&demo)?;
    let refused = again.signs_in(&anna.upn, SECRET, &his_token.code()?)?;
    assert!(
        refused.body.contains("That did not match"),
        "{}",
        refused.body
    );

    let chosen = [
        ("Password", SECRET),
        ("New", NEW_SECRET),
        ("Again", NEW_SECRET),
    ];
    let changed = owner.send(&done, "/secret", &chosen)?;
    assert!(
        changed.body.contains("Your secret is changed"),
        "{}",
        changed.body
    );
    let refused = again.signs_in(&anna.upn, NEW_SECRET, &his_token.code()?)?;
    assert!(
        refused.body.contains("That did not match"),
        "{}",
        refused.body
    );
    let portal = owner.signs_in(&anna.upn, NEW_SECRET, &tablet.code()?)?;
    assert!(
        portal.body.contains("My devices and tokens"),
        "{}",
        portal.body
    );
    let others = Curl::new(&demo).basic(&anna.upn, &anna.app_password);
    assert_eq!(
        others.get(&echo)?.status,
        200,
        "what was there before goes on"
    );
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}
