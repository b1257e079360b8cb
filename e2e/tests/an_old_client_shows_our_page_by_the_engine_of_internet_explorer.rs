//! Lync 2013 shows the page of a passive pool by the engine of Internet Explorer, as its version 7: without a script, without
//! `Origin` and `Sec-Fetch-Site`, with the address of the page that a form was on. Here curl sends what that engine sends.

use anyhow::{Context, ensure};
use e2e::browser::{App, Browser, field, hidden};
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::messages::compact_in;
use e2e::ticket::bearer;

const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
const GRANT: &str = "urn:microsoft.rtc:passive";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
/// What the engine calls itself in a window of Lync 2013 on Windows 7.
const ENGINE: &str = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; WOW64; Trident/7.0; SLCC2; .NET CLR 2.0.50727; \
                      .NET4.0C; .NET4.0E; InfoPath.3; Microsoft Lync 15.0)";

/// Asks as the engine does; `from` is the page that it is on.
fn asks(
    browser: &Browser<'_>,
    (path, from): (&str, Option<&str>),
    fields: &[(&str, &str)],
) -> anyhow::Result<Got> {
    let mut arguments = vec![
        "--http1.1".to_owned(),
        "--user-agent".to_owned(),
        ENGINE.to_owned(),
        "-H".to_owned(),
        "Accept: */*".to_owned(),
        "-H".to_owned(),
        "Accept-Language: en-US".to_owned(),
        "-H".to_owned(),
        "Cache-Control: no-cache".to_owned(),
    ];
    if let Some(from) = from {
        arguments.extend(["--referer".to_owned(), format!("{from};auto")]);
    }
    for (name, value) in fields {
        arguments.extend(["--data-urlencode".to_owned(), format!("{name}={value}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    browser.curl(&arguments, path)
}

/// Sends the form of a page of the sign-in.
fn sends(
    browser: &Browser<'_>,
    (page, from): (&Got, Option<&str>),
    typed: (&str, &str),
) -> anyhow::Result<Got> {
    let token = hidden(page, "form").context("a form")?;
    asks(browser, ("/sign-in", from), &[("form", &token), typed])
}

/// From the pool to the page that takes a token back there.
fn signs_in(
    browser: &mut Browser<'_>,
    demo: &Demo,
    [name, secret, code]: [&str; 3],
) -> anyhow::Result<Got> {
    browser.origin = demo.passive_pool();
    let page = asks(browser, (PAGE, None), &[])?;
    ensure!(page.body.contains("name=\"UserName\""), "{}", page.body);
    browser.origin = demo.sts();
    let here = format!("{}/sign-in", demo.sts());
    let page = sends(browser, (&page, Some(&here)), ("UserName", name))?;
    let page = sends(browser, (&page, Some(&here)), ("Password", secret))?;
    ensure!(page.body.contains("name=\"Code\""), "{}", page.body);
    sends(browser, (&page, Some(&here)), ("Code", code))
}

/// Takes the token to the pool, as the button of the form does.
fn takes(
    browser: &mut Browser<'_>,
    demo: &Demo,
    (page, from): (&Got, &str),
) -> anyhow::Result<Got> {
    browser.origin = demo.passive_pool();
    let names = ["wa", "wresult", "wctx"];
    let values = names.map(|name| field(page, name).map(|value| (name, value)));
    let values = values.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let fields: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, it)| (*name, it.as_str()))
        .collect();
    asks(browser, (PAGE, Some(from)), &fields)
}

#[test]
fn s70_s79_lync_2013_s_own_browser_goes_from_the_pool_to_our_page_and_back_to_a_ticket()
-> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    let mut app = App::of_key(&demo.text("/users/1/totp_secret"))?;
    app.code()?;
    let mut browser = Browser::new(&demo)?;
    let code = app.code()?;
    let typed = [ben.sip.as_str(), &ben.app_password, &code];
    let page = signs_in(&mut browser, &demo, typed)?;
    assert!(
        page.body.contains("<button type=\"submit\">"),
        "it goes on without a script: {}",
        page.body
    );
    let from = format!("{}/adfs/ls/", demo.sts());
    let elsewhere = takes(
        &mut Browser::new(&demo)?,
        &demo,
        (&page, "https://elsewhere.example/"),
    )?;
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.body);
    let taken = takes(&mut browser, &demo, (&page, &from))?;
    ensure!(taken.status < 400, "{} {}", taken.heads, taken.body);

    browser.origin = demo.passive_pool();
    let bought = asks(
        &browser,
        ("/WebTicket/oauthtoken", None),
        &[("grant_type", GRANT)],
    )?;
    assert_eq!(bought.status, 200, "{}", bought.body);
    let ticket = compact_in(&bought.body).context("a ticket")?.to_owned();
    let got = Curl::new(&demo)
        .arguments(&["-H", &bearer(&ticket)])
        .get(&(demo.passive_pool() + USER))?;
    assert_eq!(got.status, 200, "{}", got.body);
    Ok(())
}

#[test]
fn a_form_that_such_a_browser_says_was_sent_from_elsewhere_is_refused() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--passive"])?;
    let ben = demo.person(1);
    for from in [
        None,
        Some("https://elsewhere.example/"),
        Some("https://sts.contoso.localhost.elsewhere.example/sign-in"),
    ] {
        let mut browser = Browser::new(&demo)?;
        browser.origin = demo.passive_pool();
        let page = asks(&browser, (PAGE, None), &[])?;
        browser.origin = demo.sts();
        let refused = sends(&browser, (&page, from), ("UserName", &ben.sip))?;
        assert_eq!(refused.status, 403, "{from:?}: {}", refused.body);
        assert!(
            refused
                .body
                .contains("was not sent from a page of this site")
        );
    }
    Ok(())
}
