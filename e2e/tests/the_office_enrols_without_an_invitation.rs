//! Somebody who has nothing yet begins in the office: a real Active Directory (Samba), curl with a ticket of its own, and the
//! pages of the portal. From elsewhere, and once there is anything to sign in with, there is no such way.

use anyhow::{Context, ensure};
use e2e::active_directory::ActiveDirectory;
use e2e::browser::{App, SECRET};
use e2e::office::{ALLOW, EXTERNAL, HOST, INSIDE, OUTSIDE, Office, logs_on, ran, wicketgate};

const JAR: [&str; 5] = [
    "--cookie",
    "/mnt/jar",
    "--cookie-jar",
    "/mnt/jar",
    "--location",
];
const BY_TICKET: [&str; 3] = ["--negotiate", "--user", ":"];

/// The portal in the place of what is published, with nobody who signs in to anything by Kerberos.
fn portal(config: String) -> String {
    let (before, _) = config.split_once("[[farm]]").expect("a farm");
    format!(
        "{before}[portal]\nhost = \"{HOST}\"\nenrolment_by_kerberos = true\n\
         [smtp]\nserver = \"127.0.0.12:2525\"\nfrom = \"portal@contoso.test\"\ntls = \"none\"\n\
         [[policy]]\nservices = [\"portal\"]\nmethods = [\"memorised-secret + one-time-code\"]\n"
    )
}

fn between<'p>(page: &'p str, begins: &str, ends: char) -> anyhow::Result<&'p str> {
    let (_, rest) = page.split_once(begins).with_context(|| page.to_owned())?;
    Ok(rest.split(ends).next().unwrap_or_default())
}

/// Sends the form of a page.
fn sends(gate: &Office<'_>, page: &str, fields: &[(&str, &str)]) -> anyhow::Result<String> {
    let form = between(page, "name=\"form\" value=\"", '"')?;
    let origin = format!("Origin: https://{HOST}");
    let mut arguments = vec!["--header".to_owned(), origin];
    for (name, value) in [("form", form)].iter().chain(fields) {
        arguments.extend(["--data-urlencode".to_owned(), format!("{name}={value}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let arguments = [&JAR[..], &arguments].concat();
    Ok(gate.asks_for("/sign-in", (INSIDE, ALLOW), &arguments)?.1)
}

#[test]
fn a_first_sign_in_begins_by_kerberos_in_the_office_and_nowhere_else() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a first sign-in from the office")? else {
        return Ok(());
    };
    assert!(logs_on(&lab, "alice")?);
    let gate = Office::open_as(&lab, portal)?;
    let office = |from: &str, port: u16, more: &[&str]| {
        let more = [&JAR[..], more].concat();
        gate.asks_for("/office", (from, port), &more)
    };
    // From elsewhere there is no such page, whatever is brought.
    for (from, port) in [(OUTSIDE, ALLOW), (INSIDE, EXTERNAL)] {
        let (status, body) = office(from, port, &BY_TICKET)?;
        assert_eq!(status, "404", "{from} {port}: {body}");
    }
    assert!(gate.audited()?.iter().all(|it| it["event"] != "signed-in"));
    let (status, body) = office(INSIDE, ALLOW, &["--include"])?;
    assert_eq!(status, "401", "{body}");
    let head = body.to_ascii_lowercase();
    assert!(head.contains("www-authenticate: negotiate\r\n"), "{body}");
    assert!(body.contains("data-page=\"office\""), "{body}");
    let (status, body) = office(INSIDE, ALLOW, &["--ntlm", "--user", "alice:Not.for.it.1"])?;
    assert_eq!(status, "401", "{body}");

    let (status, choose) = office(INSIDE, ALLOW, &BY_TICKET)?;
    assert_eq!(status, "200", "{choose}");
    let both = [("Password", SECRET), ("Again", SECRET)];
    let connect = sends(&gate, &choose, &both)?;
    let mut app = App::of_key(between(&connect, "<code class=\"key\">", '<')?)?;
    let portal = sends(&gate, &connect, &[("Code", &app.code()?)])?;
    ensure!(portal.contains("id=\"devices\""), "{portal}");
    assert!(portal.contains("alice@contoso.test"), "{portal}");

    // There is something by now, and two factors are asked for; her mailbox is told.
    let (status, body) = office(INSIDE, ALLOW, &BY_TICKET)?;
    assert_eq!(status, "403", "{body}");
    let told = ran(&mut wicketgate(&lab, &["sent", "list", "--json"])?)?;
    let told = String::from_utf8(told.stdout)?;
    assert!(told.contains("\"to\":\"a***@contoso.test\""), "{told}");
    let events = gate.audited()?;
    let said = |key: &str, word: &str| events.iter().filter(|it| it[key] == word).count();
    assert_eq!(said("event", "memorised-secret-set"), 1, "{events:?}");
    assert!(said("service", "enrolment") >= 1, "{events:?}");
    Ok(())
}
