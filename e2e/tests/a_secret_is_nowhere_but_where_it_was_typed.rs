//! Secrets that are planted, and everything that a run wrote or keeps searched for them in nine spellings: the store and
//! its backup, the log at its finest, the audit, metrics, the sources of pages, what verbs and carriers say, the process's
//! own arguments (T-DB-1, T-LOG-1); and names that would forge lines of the log or of the audit (T-LOG-2).

mod planted;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use anyhow::Context;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::browser::Browser;
use e2e::client::{Curl, request_for};
use e2e::demo::{Demo, plain_request};
use e2e::messages::{asks_with_token, password_form};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use proto::ntlm::NtHash;
use proto::otp::base32;

/// How many tokens are imported.
const SEEDS: usize = 1_000;
/// Every needle is at least so long; a place is looked at where its first bytes are some needle's.
const LEAST: usize = 12;
const HOST: &str = "mail.contoso.localhost";

/// What is searched for.
#[derive(Default)]
struct Canaries {
    needles: Vec<(String, Vec<u8>)>,
    begins: BTreeSet<[u8; LEAST]>,
}

impl Canaries {
    /// A secret, in every spelling that a program might write it in.
    fn plant(&mut self, what: &str, secret: &[u8]) {
        let hex: String = secret.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let utf_16 = |bytes: &[u8]| {
            bytes
                .iter()
                .flat_map(|byte| [*byte, 0])
                .collect::<Vec<u8>>()
        };
        let listed: Vec<String> = secret.iter().map(u8::to_string).collect();
        let base32 = base32(secret);
        for (spelling, needle) in [
            ("raw", secret.to_vec()),
            ("hex", hex.clone().into_bytes()),
            ("HEX", hex.to_uppercase().into_bytes()),
            ("base32", base32.clone().into_bytes()),
            ("base32, small", base32.to_lowercase().into_bytes()),
            (
                "base64",
                STANDARD.encode(secret).trim_end_matches('=').into(),
            ),
            ("base64url", URL_SAFE_NO_PAD.encode(secret).into_bytes()),
            ("UTF-16", utf_16(secret)),
            ("a list of numbers", listed.join(", ").into_bytes()),
        ] {
            let begin: [u8; LEAST] = needle[..LEAST].try_into().expect("long enough");
            self.begins.insert(begin);
            self.needles.push((format!("{what}, {spelling}"), needle));
        }
    }

    /// Which of them stand in these bytes.
    fn found_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(LEAST).enumerate() {
            if !self.begins.contains(window) {
                continue;
            }
            let here = self.needles.iter();
            let here = here.filter(|(_, needle)| bytes[at..].starts_with(needle));
            found.extend(here.map(|(what, _)| what.as_str()));
        }
        found
    }

    fn are_not_in(&self, places: &[(String, Vec<u8>)]) {
        for (place, bytes) in places {
            let found = self.found_in(bytes);
            assert!(found.is_empty(), "in {place}: {found:?}");
        }
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    base32::encode(bytes, &mut text);
    text
}

fn seed(number: usize) -> [u8; 20] {
    let hash = digest(&SHA256, format!("planted seed {number}").as_bytes());
    hash.as_ref()[..20].try_into().expect("20 bytes")
}

/// A wrong secret that nothing else in the world is called.
fn guess(channel: &str) -> String {
    format!(
        "Planted-{}",
        base32(&digest(&SHA256, channel.as_bytes()).as_ref()[..15])
    )
}

/// What a run kept, and what it wrote.
struct Run {
    canaries: Canaries,
    kept: Vec<(String, Vec<u8>)>,
    written: Vec<(String, Vec<u8>)>,
}

#[test]
fn t_db_1_no_planted_secret_is_found_in_the_store_or_its_backup() -> anyhow::Result<()> {
    let run = run()?;
    for file in ["wicketgate.db", "backup.db"] {
        assert!(run.kept.iter().any(|(name, _)| name == file), "{file}");
    }
    run.canaries.are_not_in(&run.kept);
    Ok(())
}

#[test]
fn t_log_1_no_planted_secret_is_found_in_anything_that_is_written() -> anyhow::Result<()> {
    let run = run()?;
    run.canaries.are_not_in(&run.written);
    Ok(())
}

/// Plants secrets, signs in by every way there is, right and wrong, and gathers what came of it.
fn run() -> anyhow::Result<Run> {
    let demo = Demo::start_logging("trace", &[])?;
    let mut canaries = Canaries::default();

    // Seeds of tokens, by the file of a vendor.
    let mut list = String::new();
    for number in 0..SEEDS {
        canaries.plant(&format!("seed {number}"), &seed(number));
        let secret = base32(&seed(number));
        writeln!(
            list,
            "otpauth://totp/Contoso:{number}?secret={secret}&issuer=Contoso"
        )?;
    }
    let file = demo.folder().join("tokens.txt");
    fs::write(&file, &list)?;
    let shown = file.display().to_string();
    let imported = demo.wicketgate(&["token", "import", &shown])?;
    assert!(imported.status.success(), "{imported:?}");
    let in_the_file = canaries.found_in(&fs::read(&file)?);
    assert_eq!(in_the_file.len(), SEEDS, "the search finds what is there");
    fs::remove_file(&file)?;

    // Secrets that open, as they are typed and as NTLM keeps them.
    let people = [demo.person(0), demo.person(1)];
    for person in &people {
        let plain = person.app_password.replace('-', "");
        for typed in [&person.app_password, &plain] {
            canaries.plant(
                &format!("{}'s app password", person.account),
                typed.as_bytes(),
            );
            let hash = NtHash::of_password(typed);
            canaries.plant(&format!("{}'s hash", person.account), hash.as_bytes());
        }
        let domain = &person.domain_password;
        canaries.plant(
            &format!("{}'s domain password", person.account),
            domain.as_bytes(),
        );
    }
    let keys = fs::read_to_string(demo.folder().join("wicketgate.keys"))?;
    let sealing = keys.split_whitespace().nth(1).context("no key")?;
    canaries.plant("the sealing key", &STANDARD.decode(sealing)?);

    // Secrets that are typed, right ones and wrong ones, by every way in.
    let serve = Serve::start(&demo, |config| {
        format!("{config}\n[metrics]\naddress = \"127.0.0.1:0\"\n")
    })?;
    let tls = tls(&demo, &[])?;
    let anna = &people[0];
    for (address, name) in [(demo.address(), "demo"), (serve.address, "serve")] {
        let echo = Request::new(HOST, "/EWS/echo");
        let mut raw = Raw::connect_to(address, &tls, HOST)?;
        let right = Ntlm::modern(anna, &anna.app_password, 7);
        assert_eq!(right.sign_in(&mut raw, &echo)?.status, 200);
        let wrong = guess(&format!("basic {name}"));
        for (secret, status) in [
            (&anna.app_password, 200),
            (&anna.domain_password, 401),
            (&wrong, 401),
        ] {
            let echo = Request::new(HOST, "/EWS/echo").header(&basic(&anna.upn, secret));
            let mut raw = Raw::connect_to(address, &tls, HOST)?;
            assert_eq!(raw.exchange(echo.text())?.status, status);
        }
        canaries.plant("a guess by Basic", wrong.as_bytes());
        let wrong = guess(&format!("bearer {name}"));
        let bearer =
            Request::new(HOST, "/EWS/echo").header(&format!("Authorization: Bearer {wrong}"));
        Raw::connect_to(address, &tls, HOST)?.exchange(bearer.text())?;
        canaries.plant("a bearer's token", wrong.as_bytes());
        let wrong = guess(&format!("query {name}"));
        let to = format!("::{address}");
        let curl = || Curl::new(&demo).arguments(&["--connect-to", &to]);
        for secret in [&anna.app_password, &wrong] {
            let request = request_for(&demo, &anna.sip);
            let body = asks_with_token(&request, &anna.account, secret);
            let xml = [
                "-H",
                "Content-Type: text/xml; charset=utf-8",
                "--data-binary",
                &body,
            ];
            let got = curl()
                .arguments(&xml)
                .get(&format!("{}/Auth", demo.url("web_ticket")))?;
            assert_eq!(
                got.status == 200,
                secret == &anna.app_password,
                "{}",
                got.body
            );
            let form = password_form(&anna.upn, secret);
            let grant = demo
                .url("web_ticket")
                .replace("WebTicketService.svc", "oauthtoken");
            let got = curl().arguments(&["--data", &form]).get(&grant)?;
            assert_eq!(
                got.status == 200,
                secret == &anna.app_password,
                "{}",
                got.body
            );
        }
        canaries.plant("a guess by token and grant", wrong.as_bytes());
        let browser = Browser::in_turn(&demo, vec![address])?;
        let wrong = guess(&format!("page {name}"));
        browser.signs_in(&anna.upn, &wrong, "123456")?;
        canaries.plant("a guess on the page", wrong.as_bytes());
    }

    let mut places = planted::all(&demo, &mut canaries)?;

    // Where they might be.
    let backup = demo.folder().join("backup.db").display().to_string();
    let made = demo.wicketgate(&["db", "backup", &backup])?;
    assert!(made.status.success(), "{made:?}");
    for verb in [
        &["audit", "list", "--all", "--json"][..],
        &["audit", "verify"],
        &["user", "list", "--json"],
        &["token", "list", "--json"],
        &["app-password", "list", &anna.upn, "--json"],
        &["api-token", "list", "--json"],
        &["user", "spare-codes", &people[1].upn, "--json"],
        &["key-file", "status", "--json"],
    ] {
        let said = demo.wicketgate(verb)?;
        assert!(said.status.success(), "{verb:?}: {said:?}");
        places.push((verb.join(" "), [said.stdout, said.stderr].concat()));
    }
    let line = serve.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").context("no address")?;
    let url = format!("http://{}/metrics", address.trim_end_matches('"'));
    places.push((
        "metrics".to_owned(),
        plain_request(&url, "GET")?.into_bytes(),
    ));
    for process in [demo.process(), serve.process()] {
        for what in ["environ", "cmdline"] {
            let file = format!("/proc/{process}/{what}");
            places.push((file.clone(), fs::read(file)?));
        }
    }
    places.push(("the log of serve".to_owned(), serve.log().into_bytes()));
    let mut kept = vec![];
    for entry in fs::read_dir(demo.folder())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // The key is in the key file, and there alone.
        if entry.file_type()?.is_file() && name != "wicketgate.keys" {
            kept.push((name, fs::read(entry.path())?));
        }
    }
    let log = fs::read(demo.folder().with_extension("log"))?;
    assert!(log.len() > 100_000, "at its finest: {}", log.len());
    places.push(("the log of the demo".to_owned(), log));
    Ok(Run {
        canaries,
        kept,
        written: places,
    })
}

/// Each would be a line of its own, or an event, where it was written as it came.
#[test]
fn t_log_2_a_name_forges_no_line_of_the_log_and_no_event() -> anyhow::Result<()> {
    let demo = Demo::start_logging("trace", &[])?;
    let anna = demo.person(0);
    let tls = tls(&demo, &[])?;
    let forged = "2026-11-30T00:00:00Z ERROR forged: the gate is open to all";
    let names = [
        format!("anna\r\n{forged}"),
        format!("anna\n{forged}"),
        format!("anna\u{1b}[2K\u{1b}[1A{forged}"),
        format!("anna\u{85}{forged}"),
        format!("anna\u{2028}{forged}"),
        format!("anna\",\"forged\":\"{forged}"),
        format!("\u{202e}anna {forged}"),
    ];
    let before = events(&demo)?;
    for name in &names {
        let echo = Request::new(HOST, "/EWS/echo").header(&basic(name, "wrong"));
        let mut raw = Raw::connect_to(demo.address(), &tls, HOST)?;
        assert_eq!(raw.exchange(echo.text())?.status, 401, "{name:?}");
        let body = asks_with_token(&request_for(&demo, &anna.sip), "NAME", "wrong");
        let written = name
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('\r', "&#13;");
        let body = body.replace("NAME", &written.replace('\u{1b}', ""));
        let xml = [
            "-H",
            "Content-Type: text/xml; charset=utf-8",
            "--data-binary",
            &body,
        ];
        let url = format!("{}/Auth", demo.url("web_ticket"));
        assert_ne!(Curl::new(&demo).arguments(&xml).get(&url)?.status, 200);
        let browser = Browser::new(&demo)?;
        let account = browser.open("/sign-in?again=1")?;
        browser.send(&account, "/sign-in", &[("UserName", name)])?;
    }
    let said = demo.wicketgate(&["audit", "list", "--all"])?;
    let listed = String::from_utf8(said.stdout)?;
    let after = events(&demo)?;
    assert!(after > before, "attempts are written down");
    assert_eq!(
        listed.lines().count(),
        after,
        "one line for each event: {listed}"
    );
    let log = fs::read_to_string(demo.folder().with_extension("log"))?;
    for (place, text) in [("the log", &log), ("the audit", &listed)] {
        let control = |it: char| it.is_control() && it != '\n' && it != '\t';
        assert_eq!(text.find(control), None, "a control character in {place}");
        for line in text.lines() {
            assert!(
                !line.starts_with("2026-11-30T00:00:00Z ERROR forged"),
                "{place}: {line}"
            );
        }
        for reading in ["\u{2028}", "\u{202e}"] {
            assert!(!text.contains(reading), "{reading:?} in {place}");
        }
    }
    Ok(())
}

fn events(demo: &Demo) -> anyhow::Result<usize> {
    Ok(demo.wicketgate_json(&["audit", "list", "--all"])?.len())
}
