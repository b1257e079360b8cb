//! Our pages where a gateway in front holds no secret: browsers come to it, and the authentication server answers. curl is the
//! browser, and a balancer in front of two gateways that knows of no sessions leads it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::apart::Apart;
use e2e::browser::{App, Browser, hidden, text};
use e2e::client::{Curl, Got};
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
/// Design 13: revoking reaches everything within this time, and nobody waits longer for a no.
const WITHIN: Duration = Duration::from_secs(2);
const SECRET: &str = "fyra hästar i hagen";
const AWAY: &str = "This cannot be checked now";

fn started<'a>(demo: &'a Demo, names: [&str; 2]) -> anyhow::Result<(Apart<'a>, Serve, [Serve; 2])> {
    let mut apart = Apart::beside(demo);
    let [first, second] = names;
    apart.with_pages();
    apart.list(first)?;
    apart.list(second)?;
    let server = apart.server(SocketAddr::from(ANYWHERE))?;
    let gateways = [
        apart.gateway(first, server.address)?,
        apart.gateway(second, server.address)?,
    ];
    Ok((apart, server, gateways))
}

/// Follows an invitation up to the portal: a secret is chosen and an app is connected.
fn followed(demo: &Demo, browser: &Browser<'_>, person: &Person) -> anyhow::Result<(App, Got)> {
    let invited = demo.wicketgate_json(&["user", "invite", &person.upn])?;
    let link = invited.first().and_then(|it| it["link"].as_str());
    let path = link.context("a link")?.strip_prefix(&browser.origin);
    let welcome = browser.open(path.context("a link to the portal")?)?;
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    let choose = browser.send(&welcome, "/invitation", &[("invitation", &invitation)])?;
    let both = [("Password", SECRET), ("Again", SECRET)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    let mut app = App::of(&connect)?;
    let portal = browser.send(&connect, "/sign-in", &[("Code", &app.code()?)])?;
    anyhow::ensure!(portal.status == 200, "{}", portal.body);
    Ok((app, portal))
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a revocation arrives is what is looked at"
)]
fn s41_s42_one_session_of_the_portal_is_good_at_either_gateway_and_what_it_revokes_ends_at_both()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (_apart, _server, gateways) = started(&demo, ["dmz1", "dmz2"])?;
    let anna = demo.person(0);
    let browser = Browser::in_turn(&demo, gateways.iter().map(|it| it.address).collect())?;
    let (mut app, portal) = followed(&demo, &browser, &anna)?;
    assert!(
        portal.body.contains("My devices and tokens"),
        "{}",
        portal.body
    );

    let order = [("label", "Pixel 9"), ("service", "ews")];
    let made = browser.send(&portal, "/app-passwords", &order)?;
    assert_eq!(made.status, 200, "{}", made.body);
    let typed = text(&made, "id=\"app-password\">")?.to_owned();
    let mut open = Vec::new();
    for gateway in &gateways {
        let mut raw = Raw::connect_to(gateway.address, &tls(&demo, &[])?, MAIL)?;
        let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &typed));
        let answer = raw.exchange(request.text())?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        open.push(raw);
    }
    let portal = browser.open("/")?;
    let devices = portal.body.split("<h3>");
    let device = devices.clone().find(|it| it.starts_with("Pixel 9"));
    let id = device.and_then(|it| it.split_once("name=\"id\" value=\""));
    let (_, id) = id.context("its id")?;
    let id = id.split('"').next().unwrap_or_default();
    let begun = Instant::now();
    let revoked = browser.send(&portal, "/app-passwords/revoke", &[("id", id)])?;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    for raw in &mut open {
        raw.tcp().set_read_timeout(Some(WITHIN))?;
        assert!(raw.is_closed()?);
    }
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());

    // A wrong secret and a code that was used are refused through a gateway as they are here, and counted once.
    let other = Browser::in_turn(&demo, gateways.iter().map(|it| it.address).collect())?;
    let asks = other.signs_in(&anna.upn, "five horses on the moon", "000000")?;
    assert!(asks.body.contains("name=\"Password\"") || asks.body.contains("name=\"UserName\""));
    let again = other.signs_in(&anna.upn, SECRET, &app.code()?)?;
    assert!(
        again.body.contains("My devices and tokens"),
        "{}",
        again.body
    );
    let audit = demo.wicketgate_json(&["audit", "list", "--count", "1000"])?;
    let refused = audit.iter().filter(|it| it["event"] == "refused");
    assert_eq!(refused.count(), 1);
    Ok(())
}

#[test]
fn the_security_token_service_answers_through_a_gateway() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (_apart, _server, gateways) = started(&demo, ["dmz1", "dmz2"])?;
    let to = format!("::{}", gateways[0].address);
    let origin = demo.url("portal").replace("portal.", "sts.");
    let origin = origin.trim_end_matches('/');
    let curl = || Curl::new(&demo).arguments(&["--connect-to", &to]);
    let metadata = curl().get(&format!(
        "{origin}/FederationMetadata/2007-06/FederationMetadata.xml"
    ))?;
    assert_eq!(metadata.status, 200, "{}", metadata.body);
    let own = "entityID=\"http://sts.contoso.localhost/adfs/services/trust\"";
    assert!(metadata.body.contains(own), "{}", metadata.body);
    let unknown = curl().get(&format!(
        "{origin}/adfs/ls/?wa=wsignin1.0&wtrealm=urn:nobody"
    ))?;
    assert_eq!(unknown.status, 403, "{}", unknown.body);
    assert!(unknown.body.contains("<html"), "{}", unknown.body);
    Ok(())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is promised, is promised for so many seconds"
)]
fn s42_without_an_answer_or_without_leave_no_page_is_shown_and_nobody_waits() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.list("mute")?;
    apart.with_pages();
    apart.list("dmz1")?;
    // It keeps its address when its configuration is read anew.
    let free = std::net::TcpListener::bind(SocketAddr::from(ANYWHERE))?.local_addr()?;
    let server = apart.server(free)?;
    let mute = apart.gateway("mute", server.address)?;
    let gateway = apart.gateway("dmz1", server.address)?;
    let asked = |gate: &Serve| -> anyhow::Result<(Got, Duration)> {
        let browser = Browser::in_turn(&demo, vec![gate.address])?;
        let begun = Instant::now();
        let page = browser.open("/sign-in")?;
        Ok((page, begun.elapsed()))
    };
    let (page, _) = asked(&gateway)?;
    assert_eq!(page.status, 200, "{}", page.body);
    let (page, _) = asked(&mute)?;
    assert!(
        page.status == 503 && page.body.contains(AWAY),
        "{}",
        page.body
    );
    let line = mute.line("a page was not answered")?;
    assert!(line.contains("`pages = true`"), "{line}");

    // The only gateway that brings any is struck off, and the file is taken all the same.
    apart.strike_off("dmz1");
    apart.server_file(server.address)?;
    server.hang_up()?;
    server.line("gateways are answered by the configuration")?;
    let (page, _) = asked(&gateway)?;
    assert!(
        page.status == 503 && page.body.contains(AWAY),
        "{}",
        page.body
    );
    apart.list("dmz2")?;
    apart.server_file(server.address)?;
    server.hang_up()?;
    let gateway = apart.gateway("dmz2", server.address)?;
    let (page, _) = asked(&gateway)?;
    assert_eq!(page.status, 200, "{}", page.body);

    server.kill()?;
    let (page, took) = asked(&gateway)?;
    assert!(
        page.status == 503 && page.body.contains(AWAY),
        "{}",
        page.body
    );
    assert!(took < WITHIN, "{took:?}");
    let line = gateway.line("a page was not answered")?;
    assert!(line.contains("ERROR"), "{line}");
    Ok(())
}
