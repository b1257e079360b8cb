//! A person from the invitation on: a secret and a token, the portal, an app password that signs in through the gateway,
//! and its end, which reaches the open connection within two seconds. curl is the browser: cookies and forms, no script.

use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::browser::{App, Browser, hidden, text};
use e2e::client::{Curl, Got};
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Request, basic};

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const WITHIN: Duration = Duration::from_secs(2);
const SECRET: &str = "fyra hästar i hagen";
const OTHER_SECRET: &str = "five horses on the moon";

/// Follows the invitation of somebody to the portal.
fn follow<'a>(demo: &'a Demo, person: &Person) -> anyhow::Result<(Browser<'a>, App, Got)> {
    let invited = demo.wicketgate_json(&["user", "invite", &person.upn])?;
    let link = invited[0]["link"].as_str().context("a link")?.to_owned();
    let browser = Browser::new(demo)?;
    let path = link
        .strip_prefix(&browser.origin)
        .context("a link to the portal")?;
    let welcome = browser.open(path)?;
    assert_eq!(welcome.status, 200, "{}", welcome.body);
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    let choose = browser.send(&welcome, "/invitation", &[("invitation", &invitation)])?;
    assert!(choose.body.contains("name=\"Again\""), "{}", choose.body);
    for (chosen, again, said) in [
        ("password1", "password1", "Anybody would try that one first"),
        ("short", "short", "too short"),
        (SECRET, OTHER_SECRET, "not the same"),
    ] {
        let both = [("Password", chosen), ("Again", again)];
        let refused = browser.send(&choose, "/sign-in", &both)?;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    let both = [("Password", SECRET), ("Again", SECRET)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    assert!(connect.body.contains("<svg"), "{}", connect.body);
    let mut app = App::of(&connect)?;
    let wrong = browser.send(&connect, "/sign-in", &[("Code", "000000")])?;
    assert!(
        wrong.body.contains("That code is not right"),
        "{}",
        wrong.body
    );
    let portal = browser.send(&connect, "/sign-in", &[("Code", &app.code()?)])?;
    assert_eq!(portal.status, 200, "{}", portal.body);
    let again = Browser::new(demo)?;
    let page = again.open(path)?;
    let used = again.send(&page, "/invitation", &[("invitation", &invitation)])?;
    assert_eq!(used.status, 410, "an invitation works once");
    Ok((browser, app, portal))
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a revocation arrives is what is looked at"
)]
fn a_person_follows_an_invitation_makes_an_app_password_and_revokes_it() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (browser, _, portal) = follow(&demo, &anna)?;
    assert!(
        portal.body.contains("My devices and tokens"),
        "{}",
        portal.body
    );
    let order = [
        ("label", "Pixel 9"),
        ("service", "ews"),
        ("service", "lync"),
    ];
    let made = browser.send(&portal, "/app-passwords", &order)?;
    assert_eq!(made.status, 200, "{}", made.body);
    let typed = text(&made, "id=\"app-password\">")?.to_owned();
    let person = Person {
        app_password: typed.clone(),
        ..anna.clone()
    };

    let echo = demo.url("ews").replace("/EWS/Exchange.asmx", ECHO);
    let by_curl = || Curl::new(&demo).basic(&person.upn, &typed).get(&echo);
    assert_eq!(by_curl()?.status, 200);
    let mut open = Raw::connect(&demo, &tls(&demo, &[])?, MAIL)?;
    let line = basic(&person.upn, &person.app_password);
    let answer = open.exchange(Request::new(MAIL, ECHO).header(&line).text())?;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let portal = browser.open("/")?;
    assert!(!portal.body.contains(&typed), "it is shown once");
    let device = portal
        .body
        .split("<h3>")
        .find(|it| it.starts_with("Pixel 9"));
    let device = device.context("the device")?;
    assert!(
        device.contains("127.0.0.1"),
        "where it was used last: {device}"
    );
    let (_, id) = device
        .split_once("name=\"id\" value=\"")
        .context("its id")?;
    let id = id.split('"').next().unwrap_or_default();
    let began = Instant::now();
    let revoked = browser.send(&portal, "/app-passwords/revoke", &[("id", id)])?;
    assert!(revoked.body.contains("is revoked"), "{}", revoked.body);
    assert!(open.is_closed()?);
    assert!(began.elapsed() <= WITHIN, "after {:?}", began.elapsed());
    assert_eq!(by_curl()?.status, 401);
    let others = Curl::new(&demo)
        .basic(&anna.upn, &anna.app_password)
        .get(&echo)?;
    assert_eq!(others.status, 200, "the other one goes on");
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn whoever_signs_in_learns_nothing_of_what_was_wrong_and_a_code_works_once() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (first, mut app, portal) = follow(&demo, &anna)?;
    let out = first.send(&portal, "/sign-out", &[])?;
    assert!(out.body.contains("You are signed out"), "{}", out.body);
    assert!(
        first.open("/")?.body.contains("name=\"UserName\""),
        "its session is over"
    );

    let browser = Browser::new(&demo)?;
    let masked = |page: &Got| {
        let token = hidden(page, "form").unwrap_or_default();
        (page.status, page.body.replace(&token, "TOKEN"))
    };
    let code = app.code()?;
    let refused = [
        (anna.upn.as_str(), "a secret of nobody", code.as_str()),
        (&anna.upn, SECRET, "000000"),
        (&anna.upn, &anna.domain_password, &code),
        (&anna.upn, &anna.app_password, &code),
        ("nobody@contoso.localhost", SECRET, &code),
    ];
    let refused: Vec<_> = refused
        .into_iter()
        .map(|(name, secret, code)| browser.signs_in(name, secret, code).map(|it| masked(&it)))
        .collect::<anyhow::Result<_>>()?;
    for page in &refused {
        assert!(page.1.contains("That did not match"), "{}", page.1);
        assert_eq!(page, &refused[0]);
    }
    let portal = browser.signs_in(&anna.account, SECRET, &code)?;
    assert!(
        portal.body.contains("My devices and tokens"),
        "{}",
        portal.body
    );
    let other = Browser::new(&demo)?;
    let spent = other.signs_in(&anna.upn, SECRET, &code)?;
    assert!(spent.body.contains("That did not match"), "{}", spent.body);

    // Another's session has nothing of anna's, and no form of another's page is taken.
    let (bens, _, bens_portal) = follow(&demo, &demo.person(1))?;
    let device = portal
        .body
        .split_once("name=\"id\" value=\"")
        .context("a device")?;
    let id = device.1.split('"').next().unwrap_or_default();
    let not_his = bens.send(&bens_portal, "/app-passwords/revoke", &[("id", id)])?;
    assert_eq!(not_his.status, 400, "{}", not_his.body);
    assert!(
        not_his.body.contains("nothing of yours"),
        "{}",
        not_his.body
    );
    let crossed = bens.send(&portal, "/app-passwords/revoke", &[("id", id)])?;
    assert_eq!(crossed.status, 403, "{}", crossed.body);
    let strangers = ["-H", "Origin: https://evil.example", "--data", "form=x"];
    assert_eq!(browser.curl(&strangers, "/sign-out")?.status, 403);
    assert!(
        browser.open("/")?.body.contains(&anna.upn),
        "and she is signed in"
    );

    // A secret is changed by the old one, and ends every session.
    let new = [("New", OTHER_SECRET), ("Again", OTHER_SECRET)];
    let wrong = [&[("Password", "not hers at all")], &new[..]].concat();
    let wrong = browser.send(&portal, "/secret", &wrong)?;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let right = [&[("Password", SECRET)], &new[..]].concat();
    let changed = browser.send(&portal, "/secret", &right)?;
    assert!(
        changed.body.contains("Your secret is changed"),
        "{}",
        changed.body
    );
    assert!(browser.open("/")?.body.contains("name=\"UserName\""));
    let portal = browser.signs_in(&anna.upn, OTHER_SECRET, &app.code()?)?;
    assert!(
        portal.body.contains("My devices and tokens"),
        "{}",
        portal.body
    );
    Ok(())
}

#[test]
fn t_http_16_every_page_bears_the_headers_that_keep_it_to_itself() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (browser, _, _) = follow(&demo, &demo.person(0))?;
    let other = Browser::new(&demo)?;
    for (browser, path) in [
        (&browser, "/"),
        (&other, "/sign-in"),
        (&other, "/nothing-here"),
    ] {
        let page = browser.open(path)?;
        let heads = page.heads.to_lowercase();
        for head in [
            "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self';",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: same-origin",
            "cache-control: no-store",
            "strict-transport-security: max-age=",
        ] {
            assert!(heads.contains(head), "{path}: {head}: {heads}");
        }
        for line in heads.lines().filter(|line| line.starts_with("set-cookie:")) {
            assert!(line.starts_with("set-cookie: __host-"), "{line}");
            for word in ["path=/", "secure", "httponly", "samesite=lax"] {
                assert!(line.contains(word), "{line}");
            }
            assert!(!line.contains("domain="), "{line}");
        }
        // One script, of our own, and only for passkeys.
        let ours = "<script type=\"module\" src=\"/passkeys.js\"></script>";
        let body = page.body.replacen(ours, "", 1);
        for inline in ["<script", "style=", "onclick", "http://"] {
            assert!(!body.contains(inline), "{path}: {inline}");
        }
    }
    let swedish = Curl::new(&demo).arguments(&["-H", "Accept-Language: sv"]);
    let swedish = swedish.get(&format!("{}/sign-in", other.origin))?;
    assert!(
        swedish.body.contains("<html lang=\"sv\">"),
        "{}",
        swedish.body
    );
    assert!(swedish.body.contains("Logga in"), "{}", swedish.body);
    Ok(())
}
