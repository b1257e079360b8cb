//! A code by SMS or mail: caught where it arrives, it opens the portal once, in the sign-in that it was asked for in and for
//! five minutes; whoever asks sees the same page, and nobody but its owner gets a message (S80).

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use e2e::browser::{Browser, hidden};
use e2e::carrier::{Carrier, Vouched};
use e2e::client::Got;
use e2e::demo::{Demo, Person};
use e2e::serve::Serve;
use e2e::skip::skip;
use e2e::until::until;

const SECRET: &str = "fyra hästar i hagen";
const NUMBER: &str = "+46701234567";
const MASKED: &str = "+46*******67";
const PORTAL: &str = "My devices and tokens";
const KEY: &str = "k&y \"of\" the gateway";

/// A demo, and a gate beside it that sends codes.
struct Scene {
    demo: Demo,
    refusing: Carrier,
    taking: Carrier,
    mail: Carrier,
    gate: Serve,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        Self::under(&[])
    }

    /// One whose gate runs under a launcher.
    fn under(launcher: &[&str]) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let vouched = Vouched::new(demo.folder())?;
        let authorities = vouched.authorities.display().to_string();
        let secret = demo.folder().join("sms.secret");
        fs::write(&secret, format!("{KEY}\n"))?;
        fs::set_permissions(secret, fs::Permissions::from_mode(0o600))?;
        let refusing = Carrier::of_sms(500, None)?;
        let taking = Carrier::of_sms(202, Some(vouched.clone()))?;
        let mail = Carrier::of_mail(vouched)?;
        let (first, second, smtp) = (refusing.address, taking.address, mail.address);
        let carriers = format!(
            "{HEAD}name = \"first\"\nurl = \"http://{first}/send?to={{number}}&text={{text}}&key={{secret}}\"\n\
             secret_file = \"sms.secret\"\n\
             {HEAD}name = \"second\"\nurl = \"https://{second}/messages\"\n\
             json = '{{\"to\": \"{{digits}}\", \"text\": \"{{text}}\"}}'\nauthorities = \"{authorities}\"\n\
             headers = {{ X-Key = \"{{secret}}\" }}\nsecret_file = \"sms.secret\"\n\
             [smtp]\nserver = \"{smtp}\"\nfrom = \"portal@contoso.localhost\"\nauthorities = \"{authorities}\"\n\
             user = \"portal\"\npassword_file = \"sms.secret\"\n",
        );
        let gate = Serve::start_under(launcher, &demo, |config| {
            let of_token = "  \"memorised-secret + one-time-code\",\n";
            let sent = "  \"memorised-secret + sent-code\",\n";
            config.replace(of_token, &[of_token, sent].concat()) + &carriers
        })?;
        let scene = Self {
            demo,
            refusing,
            taking,
            mail,
            gate,
        };
        for number in 0..2 {
            scene.gets_a_secret(&scene.demo.person(number))?;
        }
        Ok(scene)
    }

    fn gets_a_secret(&self, person: &Person) -> anyhow::Result<()> {
        let mut command = self.demo.command(&["secret", "set", &person.upn])?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().context("a standard input")?;
        writeln!(input, "{SECRET}")?;
        drop(input);
        anyhow::ensure!(child.wait()?.success(), "no secret was set");
        Ok(())
    }

    fn browser(&self) -> anyhow::Result<Browser<'_>> {
        Browser::in_turn(&self.demo, vec![self.gate.address])
    }

    /// A sign-in up to the page that asks for a code.
    fn at_the_code(&self, name: &str, secret: &str) -> anyhow::Result<(Browser<'_>, Got)> {
        let browser = self.browser()?;
        let account = browser.open("/sign-in?again=1")?;
        let asks = browser.send(&account, "/sign-in", &[("UserName", name)])?;
        let asks = browser.send(&asks, "/sign-in", &[("Password", secret)])?;
        anyhow::ensure!(asks.body.contains("Send me a code"), "{}", asks.body);
        Ok((browser, asks))
    }

    /// A sign-in that asked for a code, which arrived as the so-many-th.
    fn with_code(&self, name: &str, count: usize) -> anyhow::Result<(Browser<'_>, Got, String)> {
        let (browser, asks) = self.at_the_code(name, SECRET)?;
        let asked = browser.send(&asks, "/sign-in/send", &[])?;
        anyhow::ensure!(
            asked.body.contains("a code is on its way"),
            "{}",
            asked.body
        );
        let told = self.taking.last_of(count)?;
        Ok((browser, asked, code_of(&told)?))
    }

    fn verb(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let config = self.demo.folder().join("beside.toml");
        let config = config.display().to_string();
        let output = self
            .demo
            .wicketgate(&[&["--config", &config], arguments].concat())?;
        let said = [output.stdout, output.stderr].concat();
        Ok(format!(
            "{:?} {}",
            output.status.code(),
            String::from_utf8_lossy(&said)
        ))
    }
}

/// The head of a carrier's table.
const HEAD: &str = "\n[[sms]]\n";

/// The code in a message.
fn code_of(told: &str) -> anyhow::Result<String> {
    let (before, _) = told.split_once(" is your code for").context("a code")?;
    let digits: String = before.chars().rev().take(6).collect();
    Ok(digits.chars().rev().collect())
}

fn masked(page: &Got) -> (u32, String) {
    let token = hidden(page, "form").unwrap_or_default();
    (page.status.into(), page.body.replace(&token, "TOKEN"))
}

fn sign(browser: &Browser<'_>, page: &Got, code: &str) -> anyhow::Result<Got> {
    browser.send(page, "/sign-in", &[("Code", code)])
}

#[test]
fn s80_a_code_by_sms_opens_the_portal_once_and_only_in_its_sign_in() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let said = scene.verb(&["user", "phone", &anna.upn, "0701234567"])?;
    assert!(
        said.starts_with("Some(2)") && said.contains("(E.164)"),
        "{said}"
    );
    let said = scene.verb(&["user", "phone", &anna.upn, NUMBER])?;
    assert!(said.contains(MASKED) && said.contains("HELD"), "{said}");
    let (browser, asks) = scene.at_the_code(&anna.upn, SECRET)?;
    let held = browser.send(&asks, "/sign-in/send", &[])?;
    let said = scene.verb(&["user", "phone", &anna.upn, NUMBER, "--now"])?;
    assert!(said.contains("from now on"), "{said}");

    let (browser, asked, code) = scene.with_code(&anna.upn, 1)?;
    assert_eq!(
        masked(&held),
        masked(&asked),
        "held or not, the page is the same"
    );
    let told = scene.taking.told().concat();
    assert!(told.contains("\"to\": \"46701234567\""), "{told}");
    assert!(
        told.to_lowercase().contains(&format!("x-key: {KEY}")),
        "{told}"
    );
    let refused = scene.refusing.told().concat();
    let escaped = "to=%2B46701234567&text=";
    assert!(
        refused.contains(escaped) && refused.contains("&key=k%26y%20%22of%22"),
        "{refused}"
    );
    assert!(
        refused.contains(&format!("text={code}%20is%20your%20code")),
        "{refused}"
    );

    let (other, asked_by_other, of_other) = scene.with_code(&anna.upn, 2)?;
    let crossed = sign(&other, &asked_by_other, &code)?;
    assert!(
        crossed.body.contains("That did not match"),
        "{}",
        crossed.body
    );
    assert_ne!(code, of_other);
    let portal = sign(&browser, &asked, &code)?;
    assert!(portal.body.contains(PORTAL), "{}", portal.body);
    let (again, asks) = scene.at_the_code(&anna.upn, SECRET)?;
    let spent = sign(&again, &asks, &code)?;
    assert!(spent.body.contains("That did not match"), "{}", spent.body);

    // It says who took it, and neither to whom it went nor what it said.
    until("it is known what became of them", || {
        let listed = scene.demo.wicketgate_json(&["sent", "list", &anna.upn])?;
        Ok(listed.len() == 2 && listed.iter().all(|it| it["state"] == "sent"))
    })?;
    let listed = scene.demo.wicketgate_json(&["sent", "list"])?;
    assert_eq!(listed[0]["provider"], "second");
    assert_eq!(listed[0]["said"], "first: HTTP 500; second: HTTP 202");
    let trail = scene.verb(&["audit", "list", "--json"])?;
    for event in ["destination-set", "code-queued", "message-sent", MASKED] {
        assert!(trail.contains(event), "{event}: {trail}");
    }
    let mut written = vec![trail, scene.gate.log(), format!("{listed:?}")];
    for entry in fs::read_dir(scene.demo.folder())? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        if path.is_file() && name.is_some_and(|it| it.contains(".db")) {
            written.push(String::from_utf8_lossy(&fs::read(path)?).into_owned());
        }
    }
    for (number, text) in written.into_iter().enumerate() {
        for secret in [code.as_str(), NUMBER, "46701234567", KEY] {
            let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
            let found = text.match_indices(secret).any(|(at, _)| {
                // Six digits may stand in a longer number by chance.
                !is_digit(at + secret.len()) && (at == 0 || !is_digit(at - 1))
            });
            assert!(
                !found,
                "{secret} was written in the {number}th of the texts"
            );
        }
    }
    Ok(())
}

#[test]
fn t_otp_9_a_number_that_its_owner_sets_waits_and_the_one_before_hears_of_it() -> anyhow::Result<()>
{
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    scene.verb(&["user", "phone", &anna.upn, NUMBER, "--now"])?;
    let (browser, asked, code) = scene.with_code(&anna.upn, 1)?;
    let portal = sign(&browser, &asked, &code)?;
    assert!(portal.body.contains(MASKED), "{}", portal.body);
    assert!(!portal.body.contains(NUMBER), "{}", portal.body);
    let wrong = browser.send(&portal, "/telephone", &[("Number", "0707654321")])?;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let last = browser.send(&portal, "/telephone/remove", &[])?;
    assert!(
        last.body.contains("You could not sign in without it"),
        "{}",
        last.body
    );
    let set = browser.send(&portal, "/telephone", &[("Number", "+46 70 765 43 21")])?;
    assert!(set.body.contains("after 72 hours"), "{}", set.body);
    let told = scene.taking.last_of(2)?;
    assert!(
        told.contains("\"to\": \"46701234567\"") && told.contains("+46*******21"),
        "{told}"
    );

    // Her session has ended, and neither number gets a code.
    let out = browser.open("/")?;
    assert!(out.body.contains("name=\"UserName\""), "{}", out.body);
    let (browser, asks) = scene.at_the_code(&anna.upn, SECRET)?;
    browser.send(&asks, "/sign-in/send", &[])?;
    let trail = scene.verb(&["audit", "list", "--json"])?;
    assert!(trail.contains("\"held\""), "{trail}");
    assert_eq!(scene.taking.told().len(), 2);
    Ok(())
}

#[test]
fn s80_whoever_asks_for_a_code_sees_the_same_and_few_are_sent() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    scene.verb(&["user", "phone", &anna.upn, NUMBER, "--now"])?;
    let mut pages = Vec::new();
    for (name, secret) in [
        (anna.upn.as_str(), "a wrong secret"),
        ("nobody@contoso.localhost", SECRET),
        (&ben.upn, SECRET),
        (&anna.upn, SECRET),
    ] {
        let (browser, asks) = scene.at_the_code(name, secret)?;
        let mut asked = browser.send(&asks, "/sign-in/send", &[])?;
        let (status, body) = masked(&asked);
        pages.push((status, body.replace(name, "NAME")));
        if (name, secret) == (anna.upn.as_str(), SECRET) {
            // Three live at a time; the fourth, and all after it, are not sent, and nobody sees.
            for number in 1..7 {
                let arrived = scene.taking.last_of(number.min(3))?;
                assert!(arrived.contains("is your code"), "{arrived}");
                let again = browser.send(&asked, "/sign-in/send", &[])?;
                assert_eq!(masked(&again), masked(&asked));
                asked = again;
            }
            let last = code_of(&scene.taking.last_of(3)?)?;
            let portal = sign(&browser, &asked, &last)?;
            assert!(
                portal.body.contains(PORTAL),
                "the last that was sent: {}",
                portal.body
            );
        } else {
            let refused = sign(&browser, &asked, "123456")?;
            assert!(
                refused.body.contains("That did not match"),
                "{}",
                refused.body
            );
        }
    }
    for page in &pages {
        assert_eq!(page, &pages[0]);
    }
    let listed = scene.demo.wicketgate_json(&["sent", "list"])?;
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!(scene.taking.told().len(), 3);
    let trail = scene.verb(&["audit", "list", "--json"])?;
    assert!(
        trail.contains("too-many") && trail.contains("no-destination"),
        "{trail}"
    );
    Ok(())
}

#[test]
fn s80_a_phone_and_a_pc_get_the_same_pages() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1";
    let pc =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36";
    let (browser, asks) = scene.at_the_code(&anna.upn, SECRET)?;
    let seen = |agent: &str, path: &str| Ok(masked(&browser.curl(&["-A", agent], path)?));
    for path in ["/sign-in", "/sign-in?said=sent", "/style.css"] {
        let pages: anyhow::Result<Vec<_>> = [phone, pc]
            .map(|agent| seen(agent, path))
            .into_iter()
            .collect();
        let pages = pages?;
        assert_eq!(pages[0], pages[1], "{path}");
    }
    assert!(asks.body.contains("width=device-width"), "{}", asks.body);
    assert!(
        asks.body.contains("autocomplete=\"one-time-code\""),
        "{}",
        asks.body
    );
    Ok(())
}

#[test]
fn s80_a_code_by_mail_is_read_in_the_language_of_the_page() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let said = scene.verb(&["user", "mail", &anna.upn, "anna@example.com", "--now"])?;
    assert!(said.contains("a***@example.com"), "{said}");
    let (browser, asks) = scene.at_the_code(&anna.upn, SECRET)?;
    let swedish = browser.send(&asks, "/language", &[("language", "sv")])?;
    assert!(
        swedish.body.contains("Skicka en kod till mig"),
        "{}",
        swedish.body
    );
    let asked = browser.send(&swedish, "/sign-in/send", &[])?;
    let told = scene.mail.last_of(1)?;
    let to_anna = "RCPT TO:<anna@example.com>";
    assert!(
        told.contains("AUTH PLAIN ") && told.contains(to_anna),
        "{told}"
    );
    let (_, last) = told
        .rsplit_once("@portal.contoso.localhost #")
        .context("the last line")?;
    let code: String = last.chars().take(6).collect();
    let portal = sign(&browser, &asked, &code)?;
    assert!(
        portal.body.contains("Mina enheter och dosor"),
        "{}",
        portal.body
    );
    Ok(())
}

#[test]
fn s80_a_code_is_refused_after_five_minutes() -> anyhow::Result<()> {
    let story = "a code that was sent ends after five minutes";
    let library = "target/lab-packages/usr/lib";
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(root.join(library)).into_iter().flatten();
    let mut libraries = folders
        .map_while(Result::ok)
        .map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
    let Some(library) = libraries.find(|it| it.is_file()) else {
        return skip(story, "libfaketime is not there");
    };
    let folder = tempfile::tempdir()?;
    let (clock, new) = (folder.path().join("clock"), folder.path().join("new"));
    // In one step, as the gate reads it at any moment.
    let at = |offset: &str| {
        fs::write(&new, format!("{offset}\n")).and_then(|()| fs::rename(&new, &clock))
    };
    at("+0")?;
    let preload = format!("LD_PRELOAD={}", library.canonicalize()?.display());
    let file = format!("FAKETIME_TIMESTAMP_FILE={}", clock.display());
    let how = ["FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"];
    let scene = Scene::under(&["env", &preload, &file, how[0], how[1]])?;
    let anna = scene.demo.person(0);
    scene.verb(&["user", "phone", &anna.upn, NUMBER, "--now"])?;
    let (browser, asked, code) = scene.with_code(&anna.upn, 1)?;
    let (other, asked_by_other, of_other) = scene.with_code(&anna.upn, 2)?;
    // A minute for a machine that is busy; to the second it is looked at in the playbooks.
    at("+240")?;
    let portal = sign(&browser, &asked, &code)?;
    assert!(portal.body.contains(PORTAL), "{}", portal.body);
    at("+310")?;
    let refused = sign(&other, &asked_by_other, &of_other)?;
    assert!(
        refused.body.contains("That did not match"),
        "{}",
        refused.body
    );
    let trail = scene.verb(&["audit", "list", "--json"])?;
    assert!(trail.contains("code-ended"), "{trail}");
    Ok(())
}

#[test]
fn a_message_is_tried_by_hand_and_a_program_may_carry_it() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let said = scene.verb(&["sms", "test", NUMBER])?;
    assert!(said.starts_with("Some(1)"), "{said}");
    assert!(said.contains("first  DID NOT TAKE IT: HTTP 500"), "{said}");
    assert!(said.contains("second  took it: HTTP 202"), "{said}");
    assert!(scene.taking.told()[0].contains("this is a test"));

    let folder = scene.demo.folder();
    let (script, file) = (folder.join("carry.sh"), folder.join("carried"));
    let text = format!(
        "#!/bin/sh\n{{ echo \"$#|$1\"; cat; env; }} > '{}'\n",
        file.display()
    );
    fs::write(&script, text)?;
    let script = script.display();
    let config = fs::read_to_string(folder.join("beside.toml"))?;
    let (before, _) = config.split_once(HEAD).context("carriers")?;
    let program = format!(
        "{before}{HEAD}name = \"program\"\ncommand = [\"/bin/sh\", \"{script}\", \"to {{number}}\"]\n"
    );
    fs::write(folder.join("beside.toml"), program)?;
    let said = scene.verb(&["sms", "test", NUMBER])?;
    assert!(said.contains("program  took it: ended with 0"), "{said}");
    let carried = fs::read_to_string(&file)?;
    assert!(carried.starts_with("1|to +46701234567\n"), "{carried}");
    assert!(carried.contains("this is a test"), "{carried}");
    assert!(!carried.contains("HOME="), "nothing of ours: {carried}");
    Ok(())
}
