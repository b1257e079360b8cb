//! Whoever proves an app password reaches the real server as the Windows user: a real Active Directory (Samba),
//! a real back end (Apache with mod_auth_gssapi), and the gate between them, which holds nobody's password.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::directory_gate::{enrol, tell, try_to_tell};
use e2e::domain_gate::{DomainGate, base, farm, pool, route, told};
use e2e::messages::{asks_with_token, request_for};

const APP: &str = "https://app.contoso.test";
const WEB_TICKET: &str = "https://lyncweb.contoso.test/WebTicket/WebTicketService.svc";
const OAUTH: &str = "https://lyncweb.contoso.test/WebTicket/oauthtoken";
const ALICE: &str = "alice@CONTOSO.TEST";

fn config() -> String {
    base() + &farm("fe", "lync-fe") + &route("fe")
}

fn login(user: &str, password: &str) -> String {
    format!("CONTOSO\\{user}:{password}")
}

/// Who Apache says it is, or the gate's own answer.
fn who(gate: &DomainGate<'_>, user: &str, password: &str) -> anyhow::Result<(u16, String)> {
    let login = login(user, password);
    gate.curl(&["--basic", "--user", &login, &format!("{APP}/who.shtml")])
}

#[test]
fn s34_ntlm_and_basic_end_at_the_windows_user_with_her_groups() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the back end is told by Kerberos who it is")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let password = gate.add("alice", "app")?;
    let alice = login("alice", &password);
    for way in ["--ntlm", "--basic"] {
        let seen = gate.curl(&[way, "--user", &alice, &format!("{APP}/who.shtml")])?;
        assert_eq!(seen, (200, ALICE.to_owned()), "{way}");
        let (status, pac) = gate.curl(&[way, "--user", &alice, &format!("{APP}/pac.shtml")])?;
        assert_eq!(status, 200);
        assert!(pac.contains("urn:mspac:logon-info"), "{pac}");
    }
    let nobody = who(&gate, "alice", "Not.for.the.gate.1")?;
    assert_eq!(nobody.0, 401, "the domain's password is worth nothing");
    Ok(())
}

#[test]
fn s34_a_username_token_and_the_grants_of_oauthtoken_end_at_the_same_user() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("web tickets of the Windows user")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &(base() + &farm("fe", "lync-fe") + &pool("fe")))?;
    let password = gate.add("alice", "lync")?;
    let asks = request_for("sip:alice@contoso.test", "https://lyncweb.contoso.test/");
    let token = asks_with_token(&asks, "CONTOSO\\alice", &password);
    let alice = login("alice", &password);
    let xml = "Content-Type: text/xml; charset=utf-8";
    let form = format!("grant_type=password&username=alice%40contoso.test&password={password}");
    let windows = "grant_type=urn%3Amicrosoft.rtc%3Awindows";
    let auth = format!("{WEB_TICKET}/Auth");
    let ways: [(&str, &[&str]); 4] = [
        (
            "ntlm",
            &[
                "--ntlm", "--user", &alice, "-H", xml, "--data", &asks, WEB_TICKET,
            ],
        ),
        ("a UsernameToken", &["-H", xml, "--data", &token, &auth]),
        ("the grant password", &["--data", &form, OAUTH]),
        (
            "the grant windows",
            &["--ntlm", "--user", &alice, "--data", windows, OAUTH],
        ),
    ];
    for (way, arguments) in ways {
        let head = ["--dump-header", "-"];
        let (status, answer) = gate.curl(&[&head, arguments].concat())?;
        assert_eq!(status, 200, "{way}: {answer}");
        let seen = answer
            .lines()
            .find_map(|line| line.strip_prefix("x-seen-user: "));
        assert_eq!(seen, Some(ALICE), "{way}: {answer}");
    }
    Ok(())
}

#[test]
fn whoever_the_domain_does_not_let_be_passed_on_is_told_so_and_reaches_nothing()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("who may not be passed on")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let refused = [
        ("carol", 403, "marked as sensitive", "may not be passed on"),
        ("dave", 403, "switched off", "the domain's policy refuses"),
        ("erin", 403, "switched off", "has expired"),
        ("frank", 403, "locked", "is disabled or locked out"),
        ("nobody", 403, "switched off", "is unknown to the domain"),
    ];
    for (at, (user, status, told, logged)) in refused.into_iter().enumerate() {
        let password = gate.add(user, "app")?;
        let answer = who(&gate, user, &password)?;
        assert_eq!(answer.0, status, "{user}: {}", answer.1);
        assert!(answer.1.contains(told), "{user}: {}", answer.1);
        gate.serve.line(logged).context(user)?;
        let events = gate.wicketgate(&["audit", "list"])?;
        let mut events = events.iter().filter(|it| it["event"] == "not-passed-on");
        let event = events.nth(at).context("no event")?;
        assert_eq!(event["farm"], "fe", "{event}");
        let said = event["said"].as_str().unwrap_or_default();
        assert!(said.contains(logged), "{event}");
    }
    let password = gate.add("alice", "app")?;
    assert_eq!(who(&gate, "alice", &password)?, (200, ALICE.to_owned()));
    Ok(())
}

/// Samba lets an administrator be passed on, and members of Protected Users: we do not.
#[test]
fn an_administrator_of_the_directory_is_told_to_use_another_account() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("administrators are not passed on")? else {
        return Ok(());
    };
    let directory = "\n[directory]\ncontrollers = [\"dc1.contoso.test\"]\n\
                     authorities = \"/mnt/tls/ca.pem\"\naccount = \"reader@contoso.test\"\n";
    let gate = DomainGate::open(&lab, &config())?;
    drop(gate);
    let folder = lab.folder().join("gate");
    std::fs::write(folder.join("wicketgate.toml"), config() + directory)?;
    tell(&lab, &["directory", "set-password"], "Not.for.the.gate.1")?;
    let gate = DomainGate::open(&lab, &(config() + directory))?;
    for (user, status, logged) in [
        ("bob", 200, None),
        ("carol", 403, Some("sensitive")),
        ("administrator", 403, Some("adminCount")),
    ] {
        let password = enrol(&lab, user)?;
        let answer = who(&gate, user, &password)?;
        assert_eq!(answer.0, status, "{user}: {}", answer.1);
        if let Some(logged) = logged {
            assert!(answer.1.contains("not let in from"), "{}", answer.1);
            let line = gate.serve.line("the account is not passed on to servers")?;
            assert!(line.contains("is not passed on"), "{line}");
            gate.serve.line(logged)?;
        }
    }
    // Nobody knows of a local account whether it bears an administrator's name.
    let password = gate.add("alice", "app")?;
    assert_eq!(who(&gate, "alice", &password)?.0, 403);
    gate.serve.line("none of the directory's")?;
    Ok(())
}

/// A UPN ends in what an organisation likes, and the ticket is for the sAMAccountName and the realm all the same.
#[test]
fn a_upn_whose_suffix_is_not_the_realm_leads_to_the_same_windows_user() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("UPNs with a suffix of their own")? else {
        return Ok(());
    };
    // She keeps no other address.
    lab.tell("set alice userPrincipalName=a.smith@mail.example")?;
    lab.tell("set alice mail=a.smith@mail.example")?;
    let directory = "\n[directory]\ncontrollers = [\"dc1.contoso.test\"]\n\
                     authorities = \"/mnt/tls/ca.pem\"\naccount = \"reader@contoso.test\"\n";
    e2e::domain_gate::write(&lab, &(config() + directory))?;
    tell(&lab, &["db", "migrate"], "")?;
    tell(&lab, &["directory", "set-password"], "Not.for.the.gate.1")?;
    let gate = DomainGate::open(&lab, &(config() + directory))?;
    let password = enrol(&lab, "a.smith@mail.example")?;
    for name in [
        "a.smith@mail.example",
        "A.Smith@Mail.Example",
        "CONTOSO\\alice",
        "alice",
    ] {
        let login = format!("{name}:{password}");
        let url = format!("{APP}/who.shtml");
        let seen = gate.curl(&["--basic", "--user", &login, &url])?;
        assert_eq!(seen, (200, ALICE.to_owned()), "{name}");
    }
    // NTLM has the UPN in its user name, and no domain.
    let login = format!("a.smith@mail.example:{password}");
    let seen = gate.curl(&["--ntlm", "--user", &login, &format!("{APP}/who.shtml")])?;
    assert_eq!(seen, (200, ALICE.to_owned()));
    // What the UPN would be if it were made from the realm is nobody's.
    let login = format!("alice@contoso.test:{password}");
    let seen = gate.curl(&["--basic", "--user", &login, &format!("{APP}/who.shtml")])?;
    assert_eq!(seen.0, 401);

    // Of a domain that is not the gate's own realm it is said beforehand.
    let says = || -> anyhow::Result<bool> {
        let (status, _, error) = try_to_tell(&lab, &["directory", "check"], "")?;
        assert_eq!(status, Some(0), "{error}");
        Ok(error.contains("not the realm of [kerberos]") && error.contains("contoso.test"))
    };
    assert!(!says()?);
    let another =
        (config() + directory).replace("[kerberos]", "[kerberos]\nrealm = \"OTHER.TEST\"");
    e2e::domain_gate::write(&lab, &another)?;
    assert!(says()?);
    Ok(())
}

#[test]
fn a_service_that_the_gate_may_not_speak_to_for_others_is_503_and_the_log_says_what_to_set()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("services that the gate may not delegate to")? else {
        return Ok(());
    };
    for (spn, logged) in [
        ("HTTP/rogue.contoso.test", "msDS-AllowedToDelegateTo"),
        ("HTTP/none.contoso.test", "HTTP/none.contoso.test"),
    ] {
        let config = config().replace(
            "spn = \"HTTP/lync-fe.contoso.test\"",
            &format!("spn = \"{spn}\""),
        );
        let config = config.replace("/gate/wicketgate.", &format!("/gate/{}.", spn.len()));
        let config = config.replace("127.0.0.12:443", "127.0.0.12:8443");
        let gate = DomainGate::open(&lab, &config)?;
        let password = gate.add("alice", "app")?;
        let login = login("alice", &password);
        let url = "https://app.contoso.test:8443/who.shtml";
        let answer = gate.curl(&["--basic", "--user", &login, url])?;
        assert_eq!(answer.0, 503, "{}", answer.1);
        assert!(
            answer.1.contains("cannot be told who you are"),
            "{}",
            answer.1
        );
        gate.serve.line(logged)?;
    }
    Ok(())
}

#[test]
fn another_machine_s_account_gets_tickets_for_nobody() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a rogue machine")? else {
        return Ok(());
    };
    let config = config()
        .replace("account = \"gateway$\"", "account = \"rogue$\"")
        .replace("gateway.keytab", "rogue.keytab");
    let gate = DomainGate::open(&lab, &config)?;
    let password = gate.add("alice", "app")?;
    let answer = who(&gate, "alice", &password)?;
    assert_eq!(answer.0, 403, "{}", answer.1);
    gate.serve.line("lacks protocol transition")?;
    Ok(())
}

#[test]
fn s34_sixty_four_users_woven_together_are_each_themselves() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("sixty-four users of the domain")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let users: Vec<String> = (1..=64).map(|number| format!("user{number}")).collect();
    let mut passwords = BTreeMap::new();
    for user in &users {
        passwords.insert(user.clone(), gate.add(user, "app")?);
    }
    // One after the other first: a controller has a hundred tickets a second, and fewer on a busy machine.
    for (user, password) in &passwords {
        let expected = (200, format!("{user}@CONTOSO.TEST"));
        assert_eq!(who(&gate, user, password)?, expected);
    }
    // Each asks four times on one connection, by NTLM and by Basic in turn, and all at the same time.
    let asks = |(at, user): (usize, &String)| -> anyhow::Result<(String, Child)> {
        let way = if at % 2 == 0 { "--ntlm" } else { "--basic" };
        let login = login(user, &passwords[user]);
        let url = format!("{APP}/who.shtml?[1-4]");
        let mut curl = gate.curl_of(&[way, "--user", &login, &url]);
        let child = curl.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        Ok((user.clone(), child))
    };
    let asking: Vec<_> = users
        .iter()
        .enumerate()
        .map(asks)
        .collect::<Result<_, _>>()?;
    for (user, child) in asking {
        let output = child.wait_with_output()?;
        let (status, body) = told(&output)?;
        let expected = format!("{user}@CONTOSO.TEST");
        let is_right = (status, body.matches(&expected).count()) == (200, 4);
        let behind = || std::fs::read_to_string(lab.folder().join("apache/error.log"));
        assert!(
            is_right,
            "{user}: {status} {body}\n{}\n{}",
            gate.serve.log(),
            behind()?
        );
        assert_eq!(body.matches("@CONTOSO.TEST").count(), 4, "{user}: {body}");
    }
    Ok(())
}

#[test]
fn a_body_reaches_a_back_end_that_is_told_once_on_each_connection() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a token for each connection")? else {
        return Ok(());
    };
    let once = "host_header = \"lync-fe.contoso.test\"\nkerberos_token = \"per-connection\"";
    let config = config().replace("host_header = \"lync-fe.contoso.test\"", once);
    let gate = DomainGate::open(&lab, &config)?;
    let password = gate.add("alice", "app")?;
    let login = login("alice", &password);
    // Apache forgets after each request, which an IIS with `authPersistNonNTLM` does not: the second is
    // refused there, and goes once more with a token.
    let url = format!("{APP}/who.shtml?[1-3]");
    let (status, body) = gate.curl(&["--ntlm", "--user", &login, &url])?;
    assert_eq!((status, body.matches(ALICE).count()), (200, 3), "{body}");
    Ok(())
}

#[test]
fn a_key_that_is_changed_while_the_gate_runs_stops_nobody() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a key changed under a gate")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let (alice, bob) = (gate.add("alice", "app")?, gate.add("bob", "app")?);
    assert_eq!(who(&gate, "alice", &alice)?, (200, ALICE.to_owned()));
    lab.tell("rotate gateway$")?;
    // One by the ticket at hand, and one by a new one.
    for (user, password) in [("alice", &alice), ("bob", &bob)] {
        let expected = format!("{user}@CONTOSO.TEST");
        assert_eq!(who(&gate, user, password)?, (200, expected));
    }
    Ok(())
}

#[test]
fn a_back_end_that_got_a_new_key_takes_a_fresh_ticket_and_nobody_notices() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a back end with a new key")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let password = gate.add("alice", "app")?;
    assert_eq!(who(&gate, "alice", &password)?, (200, ALICE.to_owned()));
    lab.tell("renew")?;
    // The ticket at hand is for the former key: 401, and once more with another, body and all.
    let login = login("alice", &password);
    let url = "https://app.contoso.test/WebTicket/x";
    let large = lab.folder().join("large");
    std::fs::write(&large, "x".repeat(300_000))?;
    let large = format!("@{TOP}/large");
    let sends = |body: &str| gate.curl(&["--basic", "--user", &login, "--data-binary", body, url]);
    assert_eq!(sends(&large)?.0, 503, "so large a body is not sent twice");
    assert_eq!(sends(&large)?.0, 200, "but the next has a fresh ticket");
    lab.tell("renew")?;
    assert_eq!(sends("small")?.0, 200);
    assert_eq!(who(&gate, "alice", &password)?, (200, ALICE.to_owned()));
    Ok(())
}

#[test]
fn whoever_was_switched_off_here_has_no_ticket_left() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("tickets are wiped with their owner")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let password = gate.add("alice", "app")?;
    assert_eq!(who(&gate, "alice", &password)?, (200, ALICE.to_owned()));
    // From here on there is no other ticket than the one at hand.
    lab.tell("freeze")?;
    assert_eq!(who(&gate, "alice", &password)?.0, 200);
    gate.wicketgate(&["user", "disable", "CONTOSO\\alice"])?;
    until(|| who(&gate, "alice", &password).is_ok_and(|it| it.0 == 401))?;
    gate.wicketgate(&["user", "enable", "CONTOSO\\alice"])?;
    until(|| who(&gate, "alice", &password).is_ok_and(|it| it.0 != 401))?;
    assert_eq!(who(&gate, "alice", &password)?.0, 503);
    Ok(())
}

#[test]
fn a_back_end_whose_key_is_an_old_one_is_503_and_the_log_says_where_to_look() -> anyhow::Result<()>
{
    let Some(lab) = ActiveDirectory::start("a back end with an old key")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let password = gate.add("alice", "app")?;
    lab.tell("password svc-lync")?;
    let (status, body) = who(&gate, "alice", &password)?;
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("does not accept the sign-in"), "{body}");
    // Apache's module keeps the reason to itself.
    let line = gate.serve.line("answered 401 to our Kerberos token")?;
    assert!(line.contains("it does not say why"), "{line}");
    Ok(())
}

#[test]
fn a_domain_controller_that_is_gone_or_silent_costs_two_seconds_and_lets_nobody_in_as_another()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the domain controller behind a gate is gone")? else {
        return Ok(());
    };
    let gate = DomainGate::open(&lab, &config())?;
    let (alice, bob) = (gate.add("alice", "app")?, gate.add("bob", "app")?);
    drop(gate);
    for (ends, begins) in [("freeze", "thaw"), ("kill", "start")] {
        // One that was just started has nobody's ticket.
        let gate = DomainGate::open(&lab, &config())?;
        assert_eq!(who(&gate, "alice", &alice)?, (200, ALICE.to_owned()));
        lab.tell(ends)?;
        // The one with a ticket notices nothing; the other is told in time, and by nothing weaker.
        assert_eq!(
            who(&gate, "alice", &alice)?,
            (200, ALICE.to_owned()),
            "{ends}"
        );
        for _ in 0..4 {
            let login = login("bob", &bob);
            let timed = ["--write-out", "\n%{time_total}\n%{http_code}"];
            let url = format!("{APP}/who.shtml");
            let (status, body) =
                gate.curl(&[&timed[..], &["--basic", "--user", &login, &url]].concat())?;
            assert_eq!(status, 503, "{ends}: {body}");
            let (body, seconds) = body.rsplit_once('\n').context("no time")?;
            assert!(body.contains("cannot be told who you are"), "{body}");
            assert!(seconds.parse::<f64>()? < 2.5, "{ends}: {seconds} s");
        }
        lab.tell(begins)?;
        until(|| who(&gate, "bob", &bob).is_ok_and(|it| it.0 == 200))?;
    }
    Ok(())
}

/// Asks until something is so, a few hundred times.
fn until(is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    for _ in 0..600 {
        if is_so() {
            return Ok(());
        }
    }
    anyhow::bail!("it never came to be")
}
