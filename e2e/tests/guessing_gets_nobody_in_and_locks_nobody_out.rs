//! Ten thousand guesses at one name, and the owner of the name does not notice: S20, S21, T-CRED-4.

use std::net::Ipv4Addr;
use std::sync::Arc;

use e2e::client::{Curl, request_for};
use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::sign_in::{Ntlm, Request, basic};
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const WEB: &str = "lyncweb.contoso.localhost";
const TICKET: &str = "/WebTicket/WebTicketService.svc";
const ADDRESSES: u8 = 200;
const GUESSES_OF_EACH: u64 = 50;
/// At how many failures in a quarter of an hour an account's alarm is raised (`authn::lockout`).
const ALARM: usize = 100;

/// One guesser: an address of a network of its own, half of its guesses by NTLM, half by Basic.
fn guess(demo: &Demo, tls: &Arc<ClientConfig>, anna: &Person, number: u8) -> anyhow::Result<u64> {
    let address = Ipv4Addr::new(127, 0, number, 1);
    let mut raw = Raw::connect_from(demo, tls, MAIL, (address, 0))?;
    let mut refused = 0;
    for guess in 0..GUESSES_OF_EACH {
        let secret = format!("{}-{number}-{guess}", anna.domain_password);
        let request = Request::new(MAIL, "/EWS/echo");
        let answer = if guess % 2 == 0 {
            Ntlm::plain(anna, &secret, guess).sign_in(&mut raw, &request)?
        } else {
            raw.exchange(request.header(&basic(&anna.upn, &secret)).text())?
        };
        refused += u64::from(answer.status == 401);
    }
    Ok(refused)
}

/// Whether Anna gets in from an address, by NTLM and by Basic.
fn gets_in(
    demo: &Demo,
    tls: &Arc<ClientConfig>,
    anna: &Person,
    from: Ipv4Addr,
) -> anyhow::Result<bool> {
    let mut raw = Raw::connect_from(demo, tls, MAIL, (from, 0))?;
    let request = Request::new(MAIL, "/EWS/echo");
    let ntlm = Ntlm::modern(anna, &anna.app_password, 1).sign_in(&mut raw, &request)?;
    let basic = request.header(&basic(&anna.account, &anna.app_password));
    Ok(ntlm.status == 200 && raw.exchange(basic.text())?.status == 200)
}

fn events(demo: &Demo, kind: &str) -> anyhow::Result<Vec<Value>> {
    let mut events = demo.wicketgate_json(&["audit", "list", "--count", "100000"])?;
    events.retain(|event| event["event"] == kind);
    Ok(events)
}

#[test]
fn s20_s21_ten_thousand_guesses_from_two_hundred_addresses_lock_nobody_out() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let tls = tls(&demo, &[])?;
    let enrolled = Ipv4Addr::LOCALHOST;
    assert!(gets_in(&demo, &tls, &anna, enrolled)?);

    let refused: u64 = std::thread::scope(|scope| {
        let guessers: Vec<_> = (1..=ADDRESSES)
            .map(|number| {
                let (demo, tls, anna) = (&demo, &tls, &anna);
                scope.spawn(move || guess(demo, tls, anna, number))
            })
            .collect();
        let meanwhile = Ipv4Addr::new(127, 1, 1, 1);
        assert!(
            gets_in(&demo, &tls, &anna, enrolled)?,
            "meanwhile, from where she signed in"
        );
        assert!(
            gets_in(&demo, &tls, &anna, meanwhile)?,
            "meanwhile, from elsewhere"
        );
        guessers
            .into_iter()
            .map(|guesser| guesser.join().expect("a guesser"))
            .sum::<anyhow::Result<u64>>()
    })?;
    assert_eq!(
        refused,
        u64::from(ADDRESSES) * GUESSES_OF_EACH,
        "every guess was refused"
    );

    let afterwards = Ipv4Addr::new(127, 2, 2, 2);
    assert!(
        gets_in(&demo, &tls, &anna, enrolled)?,
        "afterwards, from where she signed in"
    );
    assert!(
        gets_in(&demo, &tls, &anna, afterwards)?,
        "afterwards, from one never seen"
    );
    let curl = Curl::new(&demo).ntlm(&anna.account, &anna.app_password);
    let ticket = curl
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    assert_eq!(ticket.status, 200, "and the other services");

    let requests = demo.requests()?;
    let annas = requests
        .iter()
        .filter(|seen| seen["identity"] == anna.account.as_str())
        .count();
    assert_eq!(
        (requests.len(), annas),
        (11, 11),
        "the servers behind saw her and no guess"
    );
    let guesses = events(&demo, "refused")?;
    assert_eq!(guesses.len(), usize::try_from(refused)?);
    assert!(
        !events(&demo, "under-attack")?.is_empty(),
        "the account's alarm was raised"
    );
    Ok(())
}

/// Names a person types, a client makes, or an attacker tries: all are Anna. (Basic ends a name at its
/// first colon; `sip:` and its kin are for NTLM, and in the tests of `authn::name`.)
const SPELLINGS: [&str; 40] = [
    "CONTOSO\\anna",
    "contoso\\anna",
    "CONTOSO\\ANNA",
    "Contoso\\Anna",
    "cOnToSo\\aNnA",
    "CONTOSO/anna",
    "contoso/ANNA",
    "CONTOSO\\anna ",
    "CONTOSO\\anna.",
    "CONTOSO\\anna. ",
    "CONTOSO\\ anna",
    " CONTOSO\\anna",
    "CONTOSO \\anna",
    "CONTOSO.\\anna",
    "CONTOSO\\anna\u{a0}",
    "CONTOSO\\ａｎｎａ",
    "ＣＯＮＴＯＳＯ\\anna",
    "CONTOSO＼anna",
    "CONTOSO\\ａnna",
    "CONTOSO\\ＡＮＮＡ",
    "anna",
    "ANNA",
    "Anna",
    "anna ",
    "anna.",
    "ａｎｎａ",
    "anna@contoso.localhost",
    "ANNA@CONTOSO.LOCALHOST",
    "Anna@Contoso.Localhost",
    "anna@contoso.localhost.",
    "anna@contoso.localhost ",
    " anna@contoso.localhost",
    "anna@CONTOSO.localhost",
    "ａｎｎａ@contoso.localhost",
    "anna＠contoso.localhost",
    "anna@ｃｏｎｔｏｓｏ.localhost",
    "anna.@contoso.localhost",
    "anna @contoso.localhost",
    "anna @CONTOSO.LOCALHOST.",
    "ANNA@contoso.localhost. ",
];

/// Each spelling is one failure of the same account: the alarm is raised at the hundredth failure,
/// once, whatever they were called.
#[test]
fn t_cred_4_forty_spellings_of_a_name_are_one_counter() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = Raw::connect(&demo, &tls(&demo, &[])?, MAIL)?;
    assert!(gets_in(
        &demo,
        &tls(&demo, &[])?,
        &anna,
        Ipv4Addr::LOCALHOST
    )?);
    let mut names = SPELLINGS.iter().cycle();
    let mut fail = |times: usize| -> anyhow::Result<()> {
        for name in names.by_ref().take(times) {
            let request = Request::new(MAIL, "/EWS/echo").header(&basic(name, "a guess"));
            assert_eq!(raw.exchange(request.text())?.status, 401, "{name}");
        }
        Ok(())
    };
    fail(ALARM - 1)?;
    let refused = events(&demo, "refused")?;
    let accounts: std::collections::BTreeSet<&str> = refused
        .iter()
        .filter_map(|event| event["account"].as_str())
        .collect();
    assert_eq!(
        (refused.len(), accounts.len()),
        (ALARM - 1, 1),
        "{refused:#?}"
    );
    let is_other = |event: &&Value| event["reason"] != "wrong-secret";
    let others: Vec<&Value> = refused.iter().filter(is_other).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(events(&demo, "under-attack")?.is_empty(), "not yet");
    fail(1)?;
    assert_eq!(events(&demo, "under-attack")?.len(), 1);
    assert!(gets_in(
        &demo,
        &tls(&demo, &[])?,
        &anna,
        Ipv4Addr::LOCALHOST
    )?);
    Ok(())
}

/// What everybody sees of an answer: all but its id and its date.
fn seen(mut answer: Answer) -> String {
    let is_its_own = |name: &str| ["x-wicketgate-activity", "date"].contains(&name);
    answer.headers.retain(|(name, _)| !is_its_own(name));
    format!("{} {:?} {}", answer.status, answer.headers, answer.text())
}

#[test]
fn t_cred_8_known_unknown_locked_disabled_and_wrong_get_the_same_bytes() -> anyhow::Result<()> {
    let demo = Demo::start_with(&["--people", "3"])?;
    let [anna, ben, held] = [0, 1, 2].map(|number| demo.person(number));
    let tls = tls(&demo, &[])?;
    // Not by Basic, which is remembered for up to the two seconds that a revocation may take.
    for person in [&anna, &ben, &held] {
        let mut raw = Raw::connect(&demo, &tls, MAIL)?;
        let ntlm = Ntlm::plain(person, &person.app_password, 1);
        let answer = ntlm.sign_in(&mut raw, &Request::new(MAIL, "/EWS/echo"))?;
        assert_eq!(answer.status, 200);
    }
    demo.wicketgate_json(&["user", "disable", &ben.upn])?;
    demo.wicketgate_json(&["user", "lock", &held.upn])?;
    let nobody = Person {
        account: "CONTOSO\\nobody".to_owned(),
        ..anna.clone()
    };
    let mut answers = Vec::new();
    for (person, secret) in [
        (&anna, "a guess"),
        (&anna, anna.domain_password.as_str()),
        (&nobody, "a guess"),
        (&ben, ben.app_password.as_str()),
        (&ben, "a guess"),
        (&held, held.app_password.as_str()),
        (&held, "a guess"),
    ] {
        let mut raw = Raw::connect(&demo, &tls, MAIL)?;
        let ntlm = Ntlm::plain(person, secret, 1);
        let echo = Request::new(MAIL, "/EWS/echo");
        let by_ntlm = ntlm.sign_in(&mut raw, &echo)?;
        let with_basic = echo.header(&basic(&person.account, secret));
        let by_basic = raw.exchange(with_basic.text())?;
        let request = request_for(&demo, &person.sip);
        let mut raw = Raw::connect(&demo, &tls, WEB)?;
        let for_a_ticket = ntlm.sign_in(&mut raw, &Request::post(WEB, TICKET, &request))?;
        answers.push([by_ntlm, by_basic, for_a_ticket].map(seen));
    }
    for answer in &answers {
        assert_eq!(Some(answer), answers.first());
        assert!(answer.iter().all(|it| it.starts_with("401 ")), "{answer:?}");
    }
    Ok(())
}
