//! The client table: seven clients in two zones, and the many others (S7, S8, S11-S16, S28). What a client
//! does is in `e2e::clients`; what it needs is in the guide's page, which is read here.

use std::net::Ipv4Addr;
use std::sync::Barrier;

use e2e::clients::{By, CLIENTS, Client, Legs, OF_THE_ARTICLE, Played, Stage};
use e2e::demo::{Demo, Person, root};
use e2e::raw::Answer;
use e2e::serve::Serve;
use e2e::sign_in::Request;
use serde_json::Value;

/// The networks that the demo's listener takes for the inside, beside all others.
const INSIDE: u8 = 200;
const OUTSIDE: u8 = 100;

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    External,
    Internal,
}

const ZONES: [Zone; 2] = [Zone::External, Zone::Internal];

impl Zone {
    fn network(self) -> u8 {
        match self {
            Self::External => OUTSIDE,
            Self::Internal => INSIDE,
        }
    }
}

/// A policy's line for a zone; no channel means any.
fn line(zone: Zone, channel: Option<&str>) -> String {
    let zone = match zone {
        Zone::External => "external",
        Zone::Internal => "internal",
    };
    let channels = channel.map(|channel| format!("channels = [\"{channel}\"]\n"));
    format!(
        "\n[[policy]]\nzones = [\"{zone}\"]\nservices = [\"lync\", \"ews\", \"autodiscover\", \
         \"activesync\"]\n{}methods = [\"app-password\"]\n",
        channels.unwrap_or_default()
    )
}

/// A gate beside the demo's, with an inside and these lines of policy.
fn gate(demo: &Demo, lines: &[String]) -> anyhow::Result<Serve> {
    let inside = Ipv4Addr::new(127, INSIDE, 0, 0);
    Serve::start(demo, |config| {
        let (before, _) = config.split_once("[[policy]]").expect("a policy");
        let listener = format!("internal_networks = [\"{inside}/16\"]\ncertificate = [");
        let before = before.replacen("certificate = [", &listener, 1);
        format!("{before}{}", lines.concat())
    })
}

fn steps(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let seen = demo.requests()?;
    Ok(seen
        .iter()
        .map(|seen| format!("{} {}", text(&seen["method"]), text(&seen["path"])))
        .collect())
}

/// What of an answer does not differ by the time and the request.
fn lasting(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let passing = ["date", "x-wicketgate-activity"];
    let headers = answer.headers.iter();
    let headers = headers.filter(|(name, _)| !passing.contains(&name.as_str()));
    (answer.status, headers.cloned().collect(), answer.text())
}

fn of_the_article() -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter().take(OF_THE_ARTICLE)
}

fn named(name: &str) -> &'static Client {
    let named = CLIENTS.iter().find(|client| client.name.contains(name));
    named.expect("a client of this name")
}

/// Whether somebody gets in, and on to what a client is after; nothing arrives where not.
fn gets_in(
    demo: &Demo,
    stage: &Stage<'_>,
    client: &Client,
    (person, secret): (&Person, &str),
    legs: Legs,
) -> anyhow::Result<bool> {
    demo.tell_lab("clear")?;
    let said = format!("{} {legs:?}", client.name);
    let mut came = stage.signs_in(client, (person, secret), legs)?;
    let expected = if came.status == 200 { 1 } else { 0 };
    let seen = demo.requests()?;
    assert_eq!(seen.len(), expected, "{said}: {} {seen:#?}", came.status);
    if came.status != 200 {
        return Ok(false);
    }
    if client.by == By::Nothing {
        let ticket = came.ticket.as_deref();
        assert!(ticket.is_some_and(|it| it.contains("cwt=")), "{said}");
        // A guest's ticket opens nothing of a person's (S15).
        assert_eq!(stage.user_link(client, &mut came)?.status, 401, "{said}");
        let page = stage.goes_on(client, &mut came, ("lyncweb", "/meet/anna/ABC123"))?;
        assert_eq!(page.status, 200, "{said}");
        return Ok(true);
    }
    let identity = seen.first().expect("a request")["identity"].clone();
    assert_eq!(identity, person.account.as_str(), "{said}");
    if client.asks_for_ticket() {
        assert!(came.ticket.is_some(), "{said}");
        let link = stage.user_link(client, &mut came)?;
        assert_eq!(link.status, 200, "{said}: {}", link.text());
        for path in client.then {
            let answer = stage.goes_on(client, &mut came, ("lyncweb", path))?;
            assert_eq!(answer.status, 200, "{said} {path}");
        }
    }
    Ok(true)
}

#[test]
fn s7_the_steps_before_authentication_are_the_same_for_every_client() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let serve = gate(&demo, &ZONES.map(|zone| line(zone, None)))?;
    for zone in ZONES {
        let stage = Stage::new(&demo, serve.address, zone.network())?;
        let mut answers = Vec::new();
        for client in of_the_article() {
            demo.tell_lab("clear")?;
            let prefix = stage.prefix(client)?;
            let [root, link, metadata] = prefix.as_slice() else {
                unreachable!("three steps")
            };
            let said = format!("{} {zone:?}", client.name);
            assert_eq!(
                [root.status, link.status, metadata.status],
                [200, 401, 200],
                "{said}"
            );
            let offers: Vec<&str> = link.all("www-authenticate").collect();
            assert_eq!(
                offers, [""; 0],
                "{said}: the user link asks for a ticket only"
            );
            let service = link
                .header("x-ms-webticketurl")
                .expect("where tickets are had");
            assert!(
                service.ends_with("/WebTicket/WebTicketService.svc"),
                "{said}"
            );
            let port = format!("name=\"{}\"", client.port);
            assert!(metadata.text().contains(&port), "{said}: {}", client.port);
            // The user link is the gate's own answer.
            let seen = steps(&demo)?;
            assert_eq!(
                seen,
                ["GET /", "GET /WebTicket/WebTicketService.svc/mex"],
                "{said}"
            );
            answers.push(prefix.iter().map(lasting).collect::<Vec<_>>());
        }
        let first = answers.first().expect("an answer").clone();
        assert!(
            answers.iter().all(|them| *them == first),
            "{zone:?}: {answers:#?}"
        );
    }
    Ok(())
}

/// The table itself. What a PC inside does by Kerberos is refused until there is Kerberos: the row says
/// what happens, and claims no more.
#[test]
fn s8_each_of_the_seven_clients_gets_in_by_its_protocol_in_the_zone_that_the_policy_names()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let everywhere = ZONES.map(|zone| line(zone, None));
    let outside_only = [line(Zone::External, None)];
    for (lines, is_inside_named) in [(everywhere.as_slice(), true), (&outside_only, false)] {
        let serve = gate(&demo, lines)?;
        for zone in ZONES {
            let stage = Stage::new(&demo, serve.address, zone.network())?;
            for client in of_the_article() {
                let said = format!("{} {zone:?} {is_inside_named}", client.name);
                let with =
                    |secret: &str| gets_in(&demo, &stage, client, (&anna, secret), Legs::default());
                let is_named = zone == Zone::External || is_inside_named;
                let expected = match client.by {
                    By::Kerberos => false,
                    By::Nothing => true,
                    _ => is_named,
                };
                assert_eq!(with(&anna.app_password)?, expected, "{said}");
                if client.by != By::Nothing {
                    assert!(!with(&anna.domain_password)?, "{said}: the domain password");
                }
                // What a PC inside falls back to where Kerberos is refused.
                if client.by == By::Kerberos {
                    let by_ntlm = Client {
                        by: By::Negotiate,
                        ..*client
                    };
                    let secret = (&anna, anna.app_password.as_str());
                    let got_in = gets_in(&demo, &stage, &by_ntlm, secret, Legs::default())?;
                    assert_eq!(got_in, is_named, "{said}: NTLM in Negotiate");
                }
            }
        }
    }
    Ok(())
}

/// Client by client, zone by zone, channel by channel: in by the channel that the zone's line names.
#[test]
fn s8_the_policy_takes_zone_and_channel_over_the_full_product() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let channels = ["ntlm", "negotiate", "basic", "username-token", "grant"];
    for (at, outside) in channels.iter().enumerate() {
        let inside = channels[(at + 1) % channels.len()];
        let lines = [
            line(Zone::External, Some(outside)),
            line(Zone::Internal, Some(inside)),
        ];
        let serve = gate(&demo, &lines)?;
        for (zone, channel) in ZONES.into_iter().zip([outside, inside]) {
            let stage = Stage::new(&demo, serve.address, zone.network())?;
            let asked = CLIENTS.iter().filter(|client| client.by != By::Pin);
            for client in asked {
                let secret = (&anna, anna.app_password.as_str());
                let expected = match client.by {
                    By::Kerberos => false,
                    By::Nothing => true,
                    by => by.channel() == Some(channel),
                };
                let got_in = gets_in(&demo, &stage, client, secret, Legs::default())?;
                assert_eq!(got_in, expected, "{} {zone:?} {channel}", client.name);
            }
        }
    }
    Ok(())
}

/// No source shows in which order a phone writes its headers and how it tries again: each order and
/// each way there is.
fn every_way_to_shake_hands(client: &Client) -> Vec<Legs> {
    let turns = (0..client.order.len()).map(|turned_by| Legs {
        turned_by,
        asks_first: true,
        ..Legs::default()
    });
    let ways = (0..32_u8).map(|bits| {
        let is_set = |bit: u8| bits >> bit & 1 == 1;
        Legs {
            is_body_in_each: is_set(0),
            asks_first: is_set(1),
            begins_anew: is_set(2),
            expects_leave: is_set(3),
            repeats_first: is_set(4),
            turned_by: usize::from(bits),
        }
    });
    turns.chain(ways).collect()
}

#[test]
fn s11_windows_phone_signs_in_in_any_order_of_headers_and_by_any_retry() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let stage = Stage::new(&demo, demo.address(), OUTSIDE)?;
    let phone = named("Windows Phone");
    for legs in every_way_to_shake_hands(phone) {
        let right = (&anna, anna.app_password.as_str());
        assert!(gets_in(&demo, &stage, phone, right, legs)?, "{legs:?}");
    }
    for legs in every_way_to_shake_hands(phone).iter().step_by(9) {
        let wrong = (&anna, anna.domain_password.as_str());
        assert!(!gets_in(&demo, &stage, phone, wrong, *legs)?, "{legs:?}");
    }
    Ok(())
}

#[test]
fn s12_android_signs_in_and_three_failures_at_once_change_nothing() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let stage = Stage::new(&demo, demo.address(), OUTSIDE)?;
    let android = named("Android, 5.4 and later");
    for legs in every_way_to_shake_hands(android) {
        let right = (&anna, anna.app_password.as_str());
        assert!(gets_in(&demo, &stage, android, right, legs)?, "{legs:?}");
    }
    // An app password that was revoked, or mistyped, and that the phone tries on three connections, which
    // begin at the same moment.
    let wrong = anna.app_password.replace('2', "3").replace('a', "b") + "x";
    for _ in 0..2 {
        demo.tell_lab("clear")?;
        let all = Barrier::new(3);
        let statuses = std::thread::scope(|scope| {
            let tries = [(); 3].map(|()| {
                scope.spawn(|| {
                    all.wait();
                    let came = stage.signs_in(android, (&anna, wrong.as_str()), Legs::default())?;
                    anyhow::Ok(came.status)
                })
            });
            let joined = tries.map(|it| it.join().expect("a client ran"));
            joined.into_iter().collect::<anyhow::Result<Vec<u16>>>()
        })?;
        assert_eq!(statuses, [401; 3]);
        assert_eq!(demo.requests()?.len(), 0, "nothing of it reached a server");
        let right = (&anna, anna.app_password.as_str());
        assert!(gets_in(&demo, &stage, android, right, Legs::default())?);
    }
    let shown = demo.wicketgate_json(&["user", "show", &anna.upn])?;
    assert_eq!(shown[0]["state"], "active", "{shown:?}");
    Ok(())
}

#[test]
fn s13_android_before_5_4_signs_in_by_username_token_in_any_order_of_headers() -> anyhow::Result<()>
{
    by_username_token(named("Android, before 5.4"))
}

#[test]
fn s14_lync_web_app_signs_a_user_of_the_domain_in_by_username_token() -> anyhow::Result<()> {
    let web_app = named("Web App, a user");
    let demo = Demo::start()?;
    let stage = Stage::new(&demo, demo.address(), OUTSIDE)?;
    // A browser begins with the address of the meeting.
    for path in ["/meet/anna/ABC123", "/lwa/WebPages/LwaClient.aspx"] {
        let host = stage.name("lyncweb");
        let page = stage.connect("lyncweb")?;
        let page = { page }.exchange(Request::new(&host, path).text())?;
        assert_eq!(page.status, 200, "{path}");
    }
    by_username_token(web_app)
}

fn by_username_token(client: &Client) -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let stage = Stage::new(&demo, demo.address(), OUTSIDE)?;
    for turned_by in 0..client.order.len() {
        for expects_leave in [false, true] {
            let legs = Legs {
                turned_by,
                expects_leave,
                ..Legs::default()
            };
            let right = (&anna, anna.app_password.as_str());
            assert!(gets_in(&demo, &stage, client, right, legs)?, "{legs:?}");
        }
    }
    for wrong in [anna.domain_password.as_str(), "", "a guess"] {
        let refused = stage.signs_in(client, (&anna, wrong), Legs::default())?;
        assert_eq!(refused.status, 500, "a fault, as SOAP has it");
        assert!(refused.ticket.is_none());
    }
    Ok(())
}

#[test]
fn s15_a_guest_of_a_meeting_gets_in_as_nobody_in_either_zone() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let serve = gate(&demo, &ZONES.map(|zone| line(zone, None)))?;
    let guest = named("a guest");
    for zone in ZONES {
        let stage = Stage::new(&demo, serve.address, zone.network())?;
        let nobody = (&anna, "");
        assert!(gets_in(&demo, &stage, guest, nobody, Legs::default())?);
        let mut came = stage.signs_in(guest, nobody, Legs::default())?;
        demo.tell_lab("clear")?;
        for (host, path) in [
            ("lyncweb", "/abs/handler"),
            ("lyncweb", "/Mcx/McxService.svc"),
            ("lyncweb", "/ucwa/v1/applications"),
            ("mail", "/EWS/echo"),
        ] {
            assert_eq!(
                stage.goes_on(guest, &mut came, (host, path))?.status,
                401,
                "{path}"
            );
        }
        assert_eq!(steps(&demo)?, [""; 0]);
    }
    Ok(())
}

/// The rows of the guide's table of clients, cell by cell.
fn guide() -> anyhow::Result<Vec<Vec<String>>> {
    let page = std::fs::read_to_string(root().join("docs/guide/clients.md"))?;
    let (_, table) = page
        .split_once("## What each client does")
        .expect("the table");
    let (_, table) = table.split_once("|---").expect("its head");
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        let plain = |cell: &str| cell.trim().replace('`', "");
        cells.map(plain).collect::<Vec<_>>()
    };
    Ok(rows.map(cells).collect())
}

#[test]
fn s16_s28_the_guides_table_of_clients_is_what_the_replays_do() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let stage = Stage::new(&demo, demo.address(), OUTSIDE)?;
    let rows = guide()?;
    assert_eq!(rows.len(), CLIENTS.len(), "{rows:#?}");
    for (client, row) in CLIENTS.iter().zip(&rows) {
        let gets_in_outside = {
            let right = (&anna, anna.app_password.as_str());
            gets_in(&demo, &stage, client, right, Legs::default())?
        };
        let nothing_if_empty = |text: &str| match text {
            "" => "none".to_owned(),
            text => text.to_owned(),
        };
        let expected = [
            client.name.to_owned(),
            client.by.word().to_owned(),
            nothing_if_empty(client.port),
            client.at.to_owned(),
            if gets_in_outside { "yes" } else { "no" }.to_owned(),
            client.played.word().to_owned(),
        ];
        assert_eq!(row.get(..6), Some(expected.as_slice()), "{}", client.name);
        if client.reads_metadata() {
            let metadata = stage.prefix(client)?.pop().expect("the metadata").text();
            let port = format!("name=\"{}\"", client.port);
            // A port that nothing opens is not shown, so that the client does not try it.
            let is_open = client.by != By::Pin;
            assert_eq!(metadata.contains(&port), is_open, "{}", client.name);
        }
    }
    let real: Vec<&str> = CLIENTS
        .iter()
        .filter(|client| client.played == Played::Real)
        .map(|client| client.name)
        .collect();
    // The story of a real Lync client.
    assert_eq!(real, ["Pidgin with SIPE"]);
    Ok(())
}
