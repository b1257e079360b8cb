//! The articles' journey (S79), through the gate and with nothing played: a browser comes to a pool in passive mode, is sent
//! to our page, its person types SIP address, app password and code, or a secret of their own and a code, and the pool takes
//! the token that comes of it; while another pool of the same deployment is active (S25).

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use e2e::browser::{App, Browser, SECRET, enrolled, field};
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::messages::compact_in;
use e2e::skip;
use e2e::ticket::bearer;
use e2e::webdriver::Chromium;

const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
const GRANT: &str = "grant_type=urn:microsoft.rtc:passive";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";

/// Somebody's browser, from the pool to the page that takes a token back there.
fn signs_in(
    browser: &mut Browser<'_>,
    (demo, name): (&Demo, &str),
    [secret, code]: [&str; 2],
) -> anyhow::Result<Got> {
    browser.origin = demo.passive_pool();
    let page = browser.open(PAGE)?;
    ensure!(page.body.contains("name=\"UserName\""), "{}", page.body);
    browser.origin = demo.sts();
    let asks = browser.send(&page, "/sign-in", &[("UserName", name)])?;
    let asks = browser.send(&asks, "/sign-in", &[("Password", secret)])?;
    ensure!(asks.body.contains("name=\"Code\""), "{}", asks.body);
    browser.send(&asks, "/sign-in", &[("Code", code)])
}

/// Takes a token to the pool, as the form's script does.
fn takes(browser: &mut Browser<'_>, demo: &Demo, page: &Got) -> anyhow::Result<Got> {
    browser.origin = demo.passive_pool();
    let mut arguments = vec!["-H".to_owned(), format!("Origin: {}", demo.sts())];
    for name in ["wa", "wresult", "wctx"] {
        arguments.push("--data-urlencode".to_owned());
        arguments.push(format!("{name}={}", field(page, name)?));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    browser.curl(&arguments, PAGE)
}

fn asks_for_ticket(browser: &Browser<'_>) -> anyhow::Result<Got> {
    browser.curl(&["--data", GRANT], "/WebTicket/oauthtoken")
}

fn user_link(demo: &Demo, ticket: &str) -> anyhow::Result<u16> {
    let bearer = bearer(ticket);
    let got = Curl::new(demo)
        .arguments(&["-H", &bearer])
        .get(&(demo.passive_pool() + USER))?;
    Ok(got.status)
}

#[test]
fn s25_s61_s66_s70_s79_somebody_signs_in_on_our_page_and_the_pool_takes_it() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let (_, mut app, _) = enrolled(&demo, &ben)?;
    let mut browser = Browser::new(&demo)?;

    // Without a session the grant says where the page is.
    browser.origin = demo.passive_pool();
    let begun = asks_for_ticket(&browser)?;
    assert_eq!(begun.status, 400);
    assert!(
        begun
            .body
            .contains(&format!("{}{PAGE}", demo.passive_pool())),
        "{}",
        begun.body
    );

    // The domain password opens nothing, and reaches nobody.
    let code = app.code()?;
    let refused = signs_in(
        &mut browser,
        (&demo, &ben.sip),
        [&ben.domain_password, &code],
    )?;
    assert!(!refused.body.contains("wresult"), "{}", refused.body);
    let page = browser.open("/sign-in?again=1")?;
    let asks = browser.send(&page, "/sign-in", &[("UserName", &ben.sip)])?;
    let asks = browser.send(&asks, "/sign-in", &[("Password", SECRET)])?;
    let page = browser.send(&asks, "/sign-in", &[("Code", &code)])?;
    let taken = takes(&mut browser, &demo, &page)?;
    ensure!(taken.status < 400, "{} {}", taken.heads, taken.body);

    let bought = asks_for_ticket(&browser)?;
    assert_eq!(bought.status, 200, "{}", bought.body);
    let ticket = compact_in(&bought.body).context("a ticket")?.to_owned();
    assert_eq!(user_link(&demo, &ticket)?, 200);

    // A token is taken once, and only from where it was issued.
    let again = takes(&mut Browser::new(&demo)?, &demo, &page)?;
    assert!(again.status >= 400, "{}", again.body);

    // The first pool is active: its clients have app passwords, and no page.
    let url = demo.url("web_ticket");
    let got = Curl::new(&demo)
        .ntlm(&anna.account, &anna.app_password)
        .web_ticket_request(&anna.sip)
        .get(&url)?;
    assert_eq!(got.status, 200, "{}", got.body);
    let at_second = url.replace("lyncweb.", "lyncweb2.");
    let got = Curl::new(&demo)
        .ntlm(&ben.account, &ben.app_password)
        .web_ticket_request(&ben.sip)
        .get(&at_second)?;
    assert_eq!(got.status, 404, "no Windows logon there");
    for request in demo.requests()? {
        let request = request.to_string();
        assert!(!request.contains(&ben.domain_password) && !request.contains(SECRET));
    }
    Ok(())
}

/// The app that shows codes of somebody of the demo, after the code that connected it.
fn app_of(demo: &Demo, number: usize) -> anyhow::Result<App> {
    let mut app = App::of_key(&demo.text(&format!("/users/{number}/totp_secret")))?;
    app.code()?;
    Ok(app)
}

/// The id of somebody's one app password.
fn app_password_of(demo: &Demo, name: &str) -> anyhow::Result<String> {
    let listed = demo.wicketgate_json(&["app-password", "list", name])?;
    let id = listed.first().and_then(|it| it["id"].as_str());
    Ok(id.context("an app password")?.to_owned())
}

fn reasons(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let refused = events.iter().filter(|it| it["event"] == "refused");
    let reasons = refused.filter_map(|it| it["reason"].as_str());
    Ok(reasons.map(str::to_owned).collect())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a story measures how long a revocation takes"
)]
fn s79_sip_address_app_password_and_code_sign_in_and_the_domain_password_does_not()
-> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let mut app = app_of(&demo, 1)?;
    let mut browser = Browser::new(&demo)?;
    browser.origin = demo.passive_pool();
    let page = browser.open(PAGE)?;
    ensure!(page.body.contains("name=\"UserName\""), "{}", page.body);
    assert!(
        !page.body.contains("home_realm"),
        "nobody is asked where they are from"
    );
    browser.origin = demo.sts();
    let asks = browser.send(&page, "/sign-in", &[("UserName", &ben.sip)])?;
    assert!(asks.body.contains("app password"), "{}", asks.body);
    // Whoever reads another language goes on where they were: a Lync client's page has no line for an address.
    let swedish = browser.speaks(&asks, &[])?;
    assert!(swedish.body.contains("lang=\"sv\""), "{}", swedish.body);
    assert!(
        swedish.body.contains("name=\"Password\""),
        "{}",
        swedish.body
    );
    let english = browser.speaks(&swedish, &[])?;
    assert!(english.body.contains("app password"), "{}", english.body);

    // The domain password is refused as any wrong one is: with the same question behind it, and a right code.
    let code = app.code()?;
    let other = demo.person(0).app_password;
    for (password, code) in [
        (ben.domain_password.as_str(), code.as_str()),
        (&other, &code),
        (&ben.app_password, "000000"),
    ] {
        let typed = [password, code];
        let refused = signs_in(&mut browser, (&demo, &ben.sip), typed)?;
        assert!(!refused.body.contains("wresult"), "{}", refused.body);
        assert!(
            refused.body.contains("name=\"UserName\""),
            "{}",
            refused.body
        );
        browser.open("/sign-in?again=1")?;
    }
    assert_eq!(
        reasons(&demo)?,
        ["wrong-secret", "wrong-secret", "wrong-code"]
    );

    let typed = [ben.app_password.as_str(), &code];
    let page = signs_in(&mut browser, (&demo, &ben.sip), typed)?;
    let taken = takes(&mut browser, &demo, &page)?;
    ensure!(taken.status < 400, "{} {}", taken.heads, taken.body);
    let bought = asks_for_ticket(&browser)?;
    assert_eq!(bought.status, 200, "{}", bought.body);
    let ticket = compact_in(&bought.body).context("a ticket")?.to_owned();
    assert_eq!(user_link(&demo, &ticket)?, 200);
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let by_it = app_password_of(&demo, &ben.upn)?;
    let of = |service: &str| {
        events.iter().any(|it| {
            let is_of = it["event"] == "signed-in" && it["service"] == service;
            is_of && it["credential"] == by_it.as_str() && it["channel"] == "page"
        })
    };
    assert!(of("sts") && of("lync"), "{events:?}");

    // What is revoked ends all that it bought: the pool's session, its tickets, and the one with us.
    let off = demo.wicketgate(&["app-password", "revoke", &by_it])?;
    let revoked = Instant::now();
    assert!(off.status.success(), "{off:?}");
    e2e::until::until("the ticket is still good", || {
        // One that is under way in that moment is cut off.
        Ok(user_link(&demo, &ticket).is_ok_and(|status| status == 401))
    })?;
    let took = revoked.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let over = asks_for_ticket(&browser)?;
    assert_eq!(over.status, 400, "{}", over.body);
    let realm = format!("{}/passiveauth", demo.passive_pool());
    let realm = realm.replace(':', "%3A").replace('/', "%2F");
    browser.origin = demo.sts();
    let anew = browser.open(&format!("/adfs/ls/?wa=wsignin1.0&wtrealm={realm}"))?;
    assert!(anew.body.contains("name=\"UserName\""), "{}", anew.body);
    for request in demo.requests()? {
        let request = request.to_string();
        assert!(!request.contains(&ben.domain_password) && !request.contains(&ben.app_password));
    }
    Ok(())
}

#[test]
fn s79_an_app_password_of_another_scope_opens_no_page() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let mut app = app_of(&demo, 1)?;
    let made = |scope: &str| -> anyhow::Result<String> {
        let create = [
            "app-password",
            "create",
            &ben.upn,
            "--label",
            "x",
            "--scope",
            scope,
        ];
        let made = demo.wicketgate_json(&create)?;
        let typed = made.first().and_then(|it| it["app_password"].as_str());
        Ok(typed.context("an app password")?.to_owned())
    };
    let (of_lync, of_pages) = (made("lync")?, made("sts")?);
    let mut browser = Browser::new(&demo)?;
    let code = app.code()?;
    let refused = signs_in(&mut browser, (&demo, &ben.sip), [&of_lync, &code])?;
    assert!(!refused.body.contains("wresult"), "{}", refused.body);
    assert_eq!(reasons(&demo)?, ["out-of-scope"]);
    browser.open("/sign-in?again=1")?;
    let page = signs_in(&mut browser, (&demo, &ben.sip), [&of_pages, &code])?;
    // It signs in for parties, and the gate lets nobody into the pool by it.
    let refused = takes(&mut browser, &demo, &page)?;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(reasons(&demo)?, ["out-of-scope", "out-of-scope"]);
    Ok(())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a story measures how long a revocation takes"
)]
fn s79_what_ends_the_sign_in_ends_the_session_and_its_tickets_in_two_seconds() -> anyhow::Result<()>
{
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let (_, mut app, _) = enrolled(&demo, &ben)?;
    let mut browser = Browser::new(&demo)?;
    let page = signs_in(&mut browser, (&demo, &ben.upn), [SECRET, &app.code()?])?;
    takes(&mut browser, &demo, &page)?;
    let bought = asks_for_ticket(&browser)?;
    let ticket = compact_in(&bought.body).context("a ticket")?.to_owned();
    assert_eq!(user_link(&demo, &ticket)?, 200);
    let off = demo.wicketgate(&["user", "disable", &ben.upn])?;
    let disabled = Instant::now();
    assert!(off.status.success(), "{off:?}");
    e2e::until::until("the ticket is still good", || {
        // One that is under way in that moment is cut off.
        Ok(user_link(&demo, &ticket).is_ok_and(|status| status == 401))
    })?;
    let took = disabled.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let over = asks_for_ticket(&browser)?;
    assert_eq!(over.status, 400, "{}", over.body);
    // A token that was on its way is nobody's any more.
    let late = takes(&mut Browser::new(&demo)?, &demo, &page)?;
    assert_eq!(late.status, 403, "{}", late.body);
    Ok(())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a story measures how long a revocation takes"
)]
fn signing_out_of_our_page_ends_the_session_and_its_tickets_in_two_seconds() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let (_, mut app, _) = enrolled(&demo, &ben)?;
    let mut browser = Browser::new(&demo)?;
    let page = signs_in(&mut browser, (&demo, &ben.upn), [SECRET, &app.code()?])?;
    takes(&mut browser, &demo, &page)?;
    let bought = asks_for_ticket(&browser)?;
    let ticket = compact_in(&bought.body).context("a ticket")?.to_owned();
    assert_eq!(user_link(&demo, &ticket)?, 200);
    browser.origin = demo.sts();
    let out = browser.open("/adfs/ls/?wa=wsignout1.0")?;
    let left = Instant::now();
    assert_eq!(out.status, 200, "{}", out.body);
    e2e::until::until("the ticket is still good", || {
        // One that is under way in that moment is cut off.
        Ok(user_link(&demo, &ticket).is_ok_and(|status| status == 401))
    })?;
    let took = left.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    browser.origin = demo.passive_pool();
    let over = asks_for_ticket(&browser)?;
    assert_eq!(over.status, 400, "{}", over.body);
    Ok(())
}

#[test]
fn s70_s79_a_real_browser_goes_from_the_pool_to_our_page_and_back() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip("a real browser signs in to a passive pool", reason);
    }
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let mut app = app_of(&demo, 1)?;
    let chromium = Chromium::start()?;
    chromium.open(&(demo.passive_pool() + PAGE))?;
    let code = app.code()?;
    for (field, typed) in [
        ("#user-name", ben.upn.as_str()),
        ("#password", &ben.app_password),
        ("#code", &code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    e2e::until::until("the browser does not come back to the pool", || {
        let address = chromium.run("return location.href")?;
        let address = address.as_str().unwrap_or_default().to_owned();
        Ok(address.starts_with(&demo.passive_pool()))
    })?;
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let of = |event: &str| events.iter().filter(|it| it["event"] == event).count();
    assert_eq!(of("token-issued"), 1);
    let at_pool = events
        .iter()
        .any(|it| it["event"] == "signed-in" && it["service"] == "lync" && it["channel"] == "page");
    assert!(at_pool, "{events:?}");
    Ok(())
}
