//! Path (a) of the architecture, with curl: NTLM at the gate, a web ticket from the front end.
//!
//! S10, S18, S22, S23, S30, S35, S36: the app password opens, nothing else does, and what does not
//! open never reaches the server behind.

use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use serde_json::Value;

/// Web ticket requests that reached the front end.
fn tickets_asked(demo: &Demo) -> Vec<Value> {
    let mut requests = demo.requests().expect("the lab's list");
    requests.retain(|seen| {
        let path = seen["path"].as_str().unwrap_or_default();
        seen["method"] == "POST" && path.eq_ignore_ascii_case("/WebTicket/WebTicketService.svc")
    });
    requests
}

/// Asks for a web ticket by NTLM; gives the status.
fn ask(demo: &Demo, user: &str, password: &str, sip: &str) -> u16 {
    let curl = Curl::new(demo).ntlm(user, password).web_ticket_request(sip);
    curl.get(&demo.url("web_ticket")).expect("curl").status
}

#[test]
fn s10_s36_the_app_password_opens_typed_with_and_without_its_groups() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let Person {
        account,
        upn,
        sip,
        app_password,
        ..
    } = demo.person(0);
    let plain = app_password.replace('-', "");
    for user in [account.as_str(), upn.as_str()] {
        for password in [app_password.as_str(), plain.as_str()] {
            let curl = Curl::new(&demo)
                .ntlm(user, password)
                .web_ticket_request(&sip);
            let got = curl.get(&demo.url("web_ticket"))?;
            assert_eq!(got.status, 200, "{user}: {}", got.heads);
            assert!(
                got.body.contains("AssertionID=\"SamlSecurityToken-"),
                "{}",
                got.body
            );
        }
    }
    let asked = tickets_asked(&demo);
    assert_eq!(asked.len(), 4);
    assert!(
        asked.iter().all(|seen| seen["how"] == "assertion"),
        "{asked:#?}"
    );
    assert!(
        asked
            .iter()
            .all(|seen| seen["identity"] == asked[0]["identity"])
    );
    Ok(())
}

#[test]
fn s18_s22_no_other_secret_opens_and_none_reaches_the_front_end() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let refused = [
        (&anna.account, anna.domain_password.as_str(), &anna.sip),
        (&anna.account, ben.app_password.as_str(), &anna.sip),
        (&ben.account, anna.app_password.as_str(), &ben.sip),
        (&anna.account, anna.app_password.as_str(), &ben.sip),
        (&anna.account, "", &anna.sip),
        (
            &"CONTOSO\\nobody".to_owned(),
            anna.app_password.as_str(),
            &anna.sip,
        ),
    ];
    for (user, password, sip) in refused {
        assert_eq!(ask(&demo, user, password, sip), 401, "{user}");
    }
    let nobody = Curl::new(&demo)
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    assert_eq!(nobody.status, 401);
    assert_eq!(tickets_asked(&demo), Vec::<Value>::new());
    Ok(())
}

#[test]
fn s23_a_revoked_app_password_is_out_and_the_other_device_is_not() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let made = demo.wicketgate_json(&[
        "app-password",
        "create",
        &anna.upn,
        "--label",
        "tablet",
        "--scope",
        "lync",
    ])?;
    let (id, tablet) = (
        made[0]["id"].as_str().expect("id"),
        made[0]["app_password"].as_str(),
    );
    let tablet = tablet.expect("an app password");
    assert_eq!(ask(&demo, &anna.account, tablet, &anna.sip), 200);

    demo.wicketgate_json(&["app-password", "revoke", id])?;
    assert_eq!(ask(&demo, &anna.account, tablet, &anna.sip), 401);
    assert_eq!(
        ask(&demo, &anna.account, &anna.app_password, &anna.sip),
        200
    );
    Ok(())
}

#[test]
fn s23_revoking_says_how_lyncs_own_certificates_are_taken_back() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let line = format!("Revoke-CsClientCertificate -Identity '{}'", anna.sip);
    for (scope, is_told) in [("ews", false), ("lync,ews", true)] {
        let create = ["app-password", "create", &anna.upn, "--label", "x"];
        let made = demo.wicketgate_json(&[&create[..], &["--scope", scope]].concat())?;
        let id = made[0]["id"].as_str().expect("id");
        let said = demo.wicketgate(&["app-password", "revoke", id])?;
        let said = String::from_utf8(said.stdout)?;
        assert_eq!(said.contains(&line), is_told, "{scope}: {said}");
    }
    for (verb, is_told) in [("disable", true), ("enable", false)] {
        let said = demo.wicketgate_json(&["user", verb, &anna.upn])?;
        assert_eq!(said[0]["lync_certificates"][0] == line, is_told, "{said:?}");
    }
    Ok(())
}

#[test]
fn s36_an_app_password_opens_only_the_services_of_its_scope() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let made = demo.wicketgate_json(&[
        "app-password",
        "create",
        &anna.upn,
        "--label",
        "calendar",
        "--scope",
        "ews",
    ])?;
    let calendar = made[0]["app_password"].as_str().expect("an app password");
    assert_eq!(ask(&demo, &anna.account, calendar, &anna.sip), 401);

    let ews = Curl::new(&demo)
        .basic(&anna.account, calendar)
        .get(&demo.url("ews"))?;
    assert_ne!(ews.status, 401, "{}", ews.heads);
    Ok(())
}

#[test]
fn a_disabled_account_is_out_until_it_is_enabled() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    for (verb, status) in [
        ("disable", 401),
        ("enable", 200),
        ("lock", 401),
        ("enable", 200),
    ] {
        demo.wicketgate_json(&["user", verb, &anna.upn])?;
        assert_eq!(
            ask(&demo, &anna.account, &anna.app_password, &anna.sip),
            status,
            "{verb}"
        );
    }
    Ok(())
}

#[test]
fn s35_the_dialogue_is_the_stock_one_three_legs_and_one_connection() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let curl = Curl::new(&demo).ntlm(&anna.account, &anna.app_password);
    let got = curl
        .arguments(&["--verbose", "--stderr", "-"])
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    // curl begins with its type 1, so IIS would answer 401 with the challenge and then 200.
    let statuses: Vec<&str> = got
        .heads
        .lines()
        .filter(|line| line.starts_with("HTTP/"))
        .map(str::trim)
        .collect();
    assert_eq!(statuses.len(), 2, "{statuses:?}");
    assert!(
        statuses[0].contains(" 401") && statuses[1].contains(" 200"),
        "{statuses:?}"
    );
    assert_eq!(got.body.matches("Connected to").count(), 1);
    Ok(())
}
