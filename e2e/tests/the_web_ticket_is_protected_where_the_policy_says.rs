//! The ticket service outside, inside, in both or nowhere: four configurations of one gate, whose listener for
//! the office stands beside the one for everybody (S31).

use std::net::SocketAddr;

use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use e2e::serve::Serve;

const OFFICE: &str = "[[listener]]\naddress = \"127.0.0.1:0\"\ninternal_networks = [\"127.0.0.0/8\"]\n\
                      certificate = [{ chain = \"gate-ecdsa.pem\", key = \"gate-ecdsa.key\" }]\n";

/// What comes of asking for a ticket with this password at a listener.
fn asks(demo: &Demo, at: SocketAddr, anna: &Person, password: &str) -> anyhow::Result<u16> {
    let curl = Curl::new(demo).arguments(&["--connect-to", &format!("::{at}")]);
    let curl = curl.ntlm(&anna.account, password);
    let got = curl
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    Ok(got.status)
}

#[test]
fn s31_the_web_ticket_is_had_outside_inside_in_both_or_nowhere() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    for (outside, inside) in [(true, true), (true, false), (false, true), (false, false)] {
        let zones = [("external", outside), ("internal", inside)];
        let open = zones.into_iter().filter(|(_, is_open)| *is_open);
        let policies: String = open
            .map(|(zone, _)| {
                format!("[[policy]]\nzones = [\"{zone}\"]\nmethods = [\"app-password\"]\n")
            })
            .collect();
        let serve = Serve::start(&demo, |config| {
            let (before, _) = config.split_once("[[policy]]").expect("a policy");
            format!("{before}{OFFICE}{policies}")
        })?;
        let office = *serve.others.last().expect("the office's listener");
        for (at, is_open) in [(serve.address, outside), (office, inside)] {
            let expected = |is_right: bool| match (is_open, is_right) {
                (true, true) => 200,
                (true, false) => 401,
                (false, _) => 404,
            };
            let combination = format!("outside {outside}, inside {inside}, at {at}");
            let right = asks(&demo, at, &anna, &anna.app_password)?;
            assert_eq!(right, expected(true), "{combination}");
            let wrong = asks(&demo, at, &anna, &anna.domain_password)?;
            assert_eq!(wrong, expected(false), "{combination}");
        }
    }
    Ok(())
}
