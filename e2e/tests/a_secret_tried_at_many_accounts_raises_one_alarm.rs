//! A spray from one network: it is slowed, the trail says so once, and whoever signs in from elsewhere meanwhile is let in
//! (T-CRED-1).

use std::net::Ipv4Addr;
use std::sync::Arc;

use e2e::demo::Demo;
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Request, basic};
use e2e::until::until;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const SPRAYERS: u8 = 40;
const NAMES_OF_EACH: u8 = 10;

/// What somebody is answered from an address.
fn status(
    demo: &Demo,
    tls: &Arc<ClientConfig>,
    (name, secret): (&str, &str),
    from: Ipv4Addr,
) -> anyhow::Result<u16> {
    let mut raw = Raw::connect_to_from(demo.address(), tls, MAIL, from)?;
    let request = Request::new(MAIL, "/EWS/echo").header(&basic(name, secret));
    Ok(raw.exchange(request.text())?.status)
}

fn events(demo: &Demo, kind: &str) -> anyhow::Result<Vec<Value>> {
    let mut events = demo.wicketgate_json(&["audit", "list", "--all"])?;
    events.retain(|event| event["event"] == kind);
    Ok(events)
}

#[test]
fn t_cred_1_a_spray_raises_one_alarm_and_hurts_nobody_elsewhere() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (tls, anna) = (tls(&demo, &[])?, demo.person(0));
    std::thread::scope(|scope| {
        let sprayers: Vec<_> = (1..=SPRAYERS)
            .map(|sprayer| {
                let (demo, tls) = (&demo, &tls);
                scope.spawn(move || {
                    for number in 0..NAMES_OF_EACH {
                        let name = format!("user{sprayer}x{number}@contoso.localhost");
                        let from = Ipv4Addr::new(127, 7, 7, sprayer);
                        assert_eq!(status(demo, tls, (&name, "Winter2026!"), from)?, 401);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        let elsewhere = Ipv4Addr::new(127, 1, 1, 1);
        for _ in 0..10 {
            let who = (&*anna.upn, &*anna.app_password);
            assert_eq!(status(&demo, &tls, who, elsewhere)?, 200, "meanwhile");
        }
        sprayers
            .into_iter()
            .try_for_each(|it| it.join().expect("a sprayer"))
    })?;
    until("the alarm is in the trail", || {
        Ok(!events(&demo, "sprayed")?.is_empty())
    })?;
    let raised = events(&demo, "sprayed")?;
    assert_eq!(raised.len(), 1);
    assert!(raised[0]["names"].as_u64() >= Some(100), "{raised:?}");
    assert_eq!(raised[0]["account"], Value::Null);
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}
