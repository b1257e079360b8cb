//! Many are invited at once: a file's people by letters or mails, a group's as the directory has it; the same call again
//! invites nobody twice, and says whom it passed over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, ensure};
use e2e::active_directory::ActiveDirectory;
use e2e::browser::{App, Browser, SECRET, hidden};
use e2e::carrier::{Carrier, Vouched};
use e2e::client::Got;
use e2e::demo::Demo;
use e2e::directory_gate::{prepare, tell, try_to_tell};
use serde_json::Value;

/// What comes of inviting the people of a file.
fn invite(demo: &Demo, file: &Path, more: &[&str]) -> anyhow::Result<(Output, Vec<Value>)> {
    let file = file.display().to_string();
    let (options, more) = match more.iter().position(|it| *it == "--config") {
        Some(at) => more.split_at(at),
        None => (more, &[][..]),
    };
    let verb = ["user", "invite", "--file", &file, "--json"];
    let output = demo.wicketgate(&[more, &verb, options].concat())?;
    let text = String::from_utf8(output.stdout.clone())?;
    let lines = text.lines().map(serde_json::from_str);
    Ok((output, lines.collect::<Result<_, _>>()?))
}

/// What became of each, and why.
fn states(lines: &[Value]) -> Vec<(&str, &str)> {
    lines
        .iter()
        .map(|it| (word(&it["state"]), word(&it["why"])))
        .collect()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn invited(demo: &Demo) -> anyhow::Result<usize> {
    let events = demo.wicketgate_json(&["audit", "list"])?;
    Ok(events.iter().filter(|it| it["event"] == "invited").count())
}

/// The link in a letter or a mail.
fn link_in(text: &str) -> anyhow::Result<String> {
    let (_, rest) = text
        .split_once("/invitation?invitation=")
        .with_context(|| text.to_owned())?;
    let handle: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    Ok(format!("/invitation?invitation={handle}"))
}

/// Follows a link as far as it leads.
fn follows(browser: &Browser<'_>, link: &str) -> anyhow::Result<Got> {
    let welcome = browser.open(link)?;
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    browser.send(&welcome, "/invitation", &[("invitation", &invitation)])
}

#[test]
fn a_list_gets_letters_once_and_whoever_is_enrolled_is_passed_over() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let (file, letters) = (demo.folder().join("people"), demo.folder().join("letters"));
    let folder = letters.display().to_string();
    let text = format!(
        "# the first floor\n{}\n\n{}  # by his SIP address\n{}\n",
        anna.account, ben.sip, anna.upn
    );
    fs::write(&file, &text)?;

    let (_, dry) = invite(&demo, &file, &["--letters", &folder, "--dry-run"])?;
    assert_eq!(states(&dry), [("would be invited", ""); 2], "{dry:?}");
    assert!(!letters.exists(), "a dry run writes nothing");
    assert_eq!(invited(&demo)?, 0);

    // One name that leads nowhere, and nobody is invited.
    fs::write(&file, format!("{text}nobody@contoso.localhost\n"))?;
    let (refused, lines) = invite(&demo, &file, &["--letters", &folder])?;
    assert_eq!((refused.status.code(), lines.len()), (Some(1), 0));
    let said = String::from_utf8(refused.stderr)?;
    assert!(
        said.contains("people:6: no account is called `nobody"),
        "{said}"
    );
    assert_eq!(invited(&demo)?, 0);

    fs::write(&file, &text)?;
    let (done, lines) = invite(&demo, &file, &["--letters", &folder, "--hours", "24"])?;
    assert_eq!(states(&lines), [("invited", ""); 2], "{lines:?}");
    let printed = String::from_utf8([done.stdout, done.stderr].concat())?;
    assert!(!printed.contains("invitation="), "{printed}");
    assert!(printed.contains("2 invited"), "{printed}");
    let letter = letters.join(format!("{}.txt", anna.upn));
    assert_eq!(fs::metadata(&letter)?.permissions().mode() & 0o777, 0o600);
    let letter = fs::read_to_string(letter)?;
    assert!(letter.contains(&anna.upn), "{letter}");

    let (_, again) = invite(&demo, &file, &["--letters", &folder])?;
    for (state, why) in states(&again) {
        assert_eq!(state, "passed over");
        assert!(why.starts_with("invited already, until"), "{why}");
    }
    assert_eq!(invited(&demo)?, 2);

    // Anna follows her letter, and is enrolled from there on; ben's first letter ends with his second.
    let browser = Browser::new(&demo)?;
    let choose = follows(&browser, &link_in(&letter)?)?;
    let both = [("Password", SECRET), ("Again", SECRET)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    let code = App::of(&connect)?.code()?;
    let portal = browser.send(&connect, "/sign-in", &[("Code", &code)])?;
    assert!(portal.body.contains("id=\"devices\""), "{}", portal.body);
    let bens = letters.join(format!("{}.txt", ben.upn));
    let first = link_in(&fs::read_to_string(&bens)?)?;
    let (_, lines) = invite(&demo, &file, &["--letters", &folder, "--again"])?;
    let anew = [("passed over", "enrolled already"), ("invited", "")];
    assert_eq!(states(&lines), anew, "{lines:?}");
    let second = link_in(&fs::read_to_string(&bens)?)?;
    assert_ne!(first, second);
    let other = Browser::new(&demo)?;
    assert_eq!(follows(&other, &first)?.status, 410);
    assert_eq!(follows(&other, &second)?.status, 200);

    demo.wicketgate_json(&["user", "disable", &ben.upn])?;
    let (_, lines) = invite(&demo, &file, &["--letters", &folder, "--again"])?;
    let (_, why) = states(&lines)[1];
    assert_eq!(why, "the account may not sign in");
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn mails_are_sent_and_whoever_got_none_is_not_invited() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let vouched = Vouched::new(demo.folder())?;
    let authorities = vouched.authorities.display().to_string();
    let secret = demo.folder().join("mail.secret");
    fs::write(&secret, "a password\n")?;
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600))?;
    let mail = Carrier::of_mail(vouched)?;
    let config = fs::read_to_string(demo.text("/config"))?;
    let with = |server: &str, name: &str| -> anyhow::Result<String> {
        let file = demo.folder().join(name);
        let smtp = format!(
            "\n[smtp]\nserver = \"{server}\"\nfrom = \"portal@contoso.localhost\"\nauthorities = \"{authorities}\"\n\
             user = \"portal\"\npassword_file = \"mail.secret\"\n"
        );
        fs::write(&file, format!("{config}{smtp}"))?;
        Ok(file.display().to_string())
    };
    let (here, nowhere) = (
        with(&mail.address.to_string(), "mails.toml")?,
        with("127.0.0.1:1", "nowhere.toml")?,
    );
    let file = demo.folder().join("people");
    fs::write(&file, format!("{}\n{}\n", anna.upn, ben.upn))?;
    let (refused, _) = invite(&demo, &file, &["--mail"])?;
    assert_eq!(refused.status.code(), Some(2), "there is no mail server");

    let (failed, lines) = invite(&demo, &file, &["--mail", "--config", &nowhere])?;
    assert_eq!(failed.status.code(), Some(1));
    assert!(lines.iter().all(|it| it["state"] == "failed"), "{lines:?}");
    assert_eq!(invited(&demo)?, 0);

    let (sent, lines) = invite(&demo, &file, &["--mail", "--config", &here])?;
    let said = String::from_utf8_lossy(&sent.stderr).into_owned();
    ensure!(sent.status.success(), "{said}");
    assert_eq!(lines[0]["to"], "a***@contoso.localhost", "{lines:?}");
    assert!(!format!("{lines:?}{said}").contains("invitation="));
    // Quoted-printable (RFC 2045 6.7), whose lines end where a reader's do not.
    let told = mail.told().concat().replace("=\r\n", "").replace("=\n", "");
    let told = told.replace("=3D", "=");
    for person in [&anna, &ben] {
        assert!(
            told.contains(&format!("RCPT TO:<{}>", person.upn)),
            "{told}"
        );
    }
    let browser = Browser::new(&demo)?;
    let choose = follows(&browser, &link_in(&told)?)?;
    assert!(choose.body.contains("name=\"Again\""), "{}", choose.body);
    assert_eq!(invited(&demo)?, 2);
    Ok(())
}

#[test]
fn a_group_is_invited_as_the_directory_has_it() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a group is invited")? else {
        return Ok(());
    };
    let directory = "controllers = [\"dc1.contoso.test\"]\nauthorities = \"/mnt/tls/ca.pem\"\n\
                     account = \"reader@contoso.test\"\n[portal]\nhost = \"my.contoso.test\"\n";
    prepare(&lab, directory)?;
    let nobody = try_to_tell(&lab, &["user", "invite", "--group", "Domain Users"], "")?;
    assert_eq!(nobody.0, Some(1), "{nobody:?}");
    assert!(nobody.2.contains("no account here is of the group"));
    for name in ["bob@contoso.test", "dave"] {
        tell(&lab, &["user", "add", name, "--from-directory"], "")?;
    }
    let invited = tell(&lab, &["user", "invite", "--group", "Domain Users"], "")?;
    let line = |upn: &str| invited.iter().find(|it| it["account"] == upn);
    let bob = line("bob@contoso.test").context("bob")?;
    assert_eq!(bob["state"], "invited", "{invited:?}");
    let link = bob["link"].as_str().context("a link")?;
    assert!(
        link.starts_with("https://my.contoso.test/invitation?"),
        "{link}"
    );
    // He is disabled in the directory.
    let dave = line("dave@contoso.test").context("dave")?;
    assert_eq!(dave["state"], "passed over", "{invited:?}");
    let unknown = try_to_tell(&lab, &["user", "invite", "--group", "No Such Group"], "")?;
    assert_eq!(unknown.0, Some(1));
    assert!(
        unknown.2.contains("no group is called `No Such Group`"),
        "{unknown:?}"
    );
    Ok(())
}
