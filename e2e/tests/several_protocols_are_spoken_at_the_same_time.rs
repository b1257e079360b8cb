//! One gate, many kinds of client at once: S17, S30.

use e2e::client::Curl;
use e2e::demo::Demo;

#[test]
fn s17_s30_ntlm_negotiate_basic_and_anonymous_clients_at_the_same_time() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let features = std::process::Command::new("curl")
        .arg("--version")
        .output()?;
    let has_spnego = String::from_utf8_lossy(&features.stdout).contains("NTLM");
    assert!(has_spnego, "curl without NTLM is no client for this");
    let clients = std::thread::scope(|scope| {
        let demo = &demo;
        let threads: Vec<_> = (0..8)
            .flat_map(|round| {
                let person = if round % 2 == 0 {
                    anna.clone()
                } else {
                    ben.clone()
                };
                let ticket = person.clone();
                let upn = person.clone();
                [
                    scope.spawn(move || {
                        let curl = Curl::new(demo).ntlm(&ticket.account, &ticket.app_password);
                        curl.web_ticket_request(&ticket.sip)
                            .get(&demo.url("web_ticket"))
                    }),
                    scope.spawn(move || {
                        let curl = Curl::new(demo).basic(&upn.upn, &upn.app_password);
                        curl.get(&demo.url("ews").replace("Exchange.asmx", "echo"))
                    }),
                    scope.spawn(move || {
                        let curl = Curl::new(demo).ntlm(&person.upn, &person.app_password);
                        curl.get(&demo.url("ews").replace("Exchange.asmx", "echo"))
                    }),
                    scope.spawn(move || Curl::new(demo).get(&demo.url("discover"))),
                ]
            })
            .collect();
        threads
            .into_iter()
            .map(|it| it.join().expect("a client"))
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    assert_eq!(clients.len(), 32);
    assert!(clients.iter().all(|got| got.status == 200), "{clients:#?}");
    let seen = demo.requests()?;
    for (person, count) in [(&anna, 12), (&ben, 12)] {
        let theirs = seen
            .iter()
            .filter(|it| it["identity"] == person.account.as_str());
        assert_eq!(theirs.count(), count, "{}", person.account);
    }
    assert_eq!(seen.iter().filter(|it| it["identity"].is_null()).count(), 8);
    Ok(())
}
