//! Standard and Enterprise Edition: a pool of one front end and one of three look the same from outside
//! (S72). The clients are curl's; the pools are stand-ins.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::Curl;
use e2e::demo::Demo;

/// One client's dialogue, from discover to mail, with every status.
fn dialogue(demo: &Demo) -> anyhow::Result<Vec<u16>> {
    let anna = demo.person(0);
    let (user, password) = (&anna.account, &anna.app_password);
    let get = |key: &str| Curl::new(demo).get(&demo.url(key));
    let discover = get("discover")?;
    let mex = get("mex")?;
    let nobody = get("user")?;
    let asking = Curl::new(demo)
        .ntlm(user, password)
        .web_ticket_request(&anna.sip);
    let ticket = asking.get(&demo.url("web_ticket"))?;
    let start = ticket.body.find("<saml:Assertion").expect("a ticket");
    let end = ticket.body.find("</saml:Assertion>").expect("its end") + "</saml:Assertion>".len();
    let header = demo.folder().join("ticket-header");
    let encoded = STANDARD.encode(ticket.body.get(start..end).expect("a ticket"));
    std::fs::write(&header, format!("X-MS-WebTicket: opaque={encoded}"))?;
    let header = format!("@{}", header.display());
    let known = Curl::new(demo)
        .arguments(&["-H", &header])
        .get(&demo.url("user"))?;
    let ews = demo.url("ews").replace("Exchange.asmx", "echo");
    let mail = Curl::new(demo).ntlm(user, password).get(&ews)?;
    let all = [discover, mex, nobody, ticket, known, mail];
    Ok(all.map(|got| got.status).to_vec())
}

#[test]
fn s72_the_dialogue_is_the_same_with_one_server_behind_and_with_three() -> anyhow::Result<()> {
    for (servers, rounds) in [("1", 1), ("3", 3)] {
        let demo = Demo::start_with(&["--members", servers])?;
        for _ in 0..rounds {
            let statuses = dialogue(&demo)?;
            assert_eq!(
                statuses,
                [200, 200, 401, 200, 200, 200],
                "{servers} servers"
            );
        }
        let seen = demo.requests()?;
        let served: BTreeSet<&str> = seen.iter().filter_map(|it| it["member"].as_str()).collect();
        let [web, mail] = ["lync-front-end", "exchange"].map(|farm| demo.members(farm));
        assert_eq!(web.len().to_string(), servers);
        for (id, _) in web.iter().chain(&mail) {
            assert!(served.contains(&**id), "{id} of {served:?}");
        }
    }
    Ok(())
}
