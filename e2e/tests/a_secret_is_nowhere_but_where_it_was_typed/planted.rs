//! What pages, verbs, messages and programs have for secrets: each is planted where it comes from, and what came back from
//! there is kept to be searched.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use e2e::browser::{App, hidden};
use e2e::carrier::{Carrier, Vouched};
use e2e::demo::Person;
use serde_json::Value;

use super::*;

/// What came back, under the name of where it came from.
type Places = Vec<(String, Vec<u8>)>;

/// Everything that somebody may have beside an app password.
pub(super) fn all(demo: &Demo, canaries: &mut Canaries) -> anyhow::Result<Places> {
    let (anna, ben) = (demo.person(0), demo.person(1));
    let mut places = of_pages(demo, &ben, canaries)?;
    of_verbs(demo, &anna, canaries)?;
    places.extend(of_carriers(demo, canaries)?);
    Ok(places)
}

/// An invitation, a memorised secret, a seed, the cookie of a session, recovery codes: ben's, from his first page on.
fn of_pages(demo: &Demo, ben: &Person, canaries: &mut Canaries) -> anyhow::Result<Places> {
    let secret = guess("a memorised secret");
    canaries.plant("a memorised secret", secret.as_bytes());
    let link = told(demo, &["user", "invite", &ben.upn], "link")?;
    let browser = Browser::new(demo)?;
    let path = link
        .strip_prefix(&browser.origin)
        .context("to the portal")?;
    let welcome = browser.open(path)?;
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    canaries.plant("an invitation", invitation.as_bytes());
    let choose = browser.send(&welcome, "/invitation", &[("invitation", &invitation)])?;
    let both = [("Password", secret.as_str()), ("Again", &secret)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    let mut app = App::of(&connect)?;
    canaries.plant("the seed of an app", app.seed());
    let first = browser.send(&connect, "/sign-in", &[("Code", &app.code()?)])?;
    let shown = browser.send(&first, "/recovery-codes", &[])?;
    let codes = shown.body.split("<code class=\"key\">").skip(1);
    let codes: Vec<&str> = codes.filter_map(|it| it.split('<').next()).collect();
    assert_eq!(codes.len(), 10, "{}", shown.body);
    for code in &codes {
        canaries.plant("a recovery code", code.as_bytes());
    }
    let home = browser.open("/")?;
    // One is used, with the right secret and with a wrong one.
    let other = Browser::new(demo)?;
    let used = other.signs_in(&ben.upn, &secret, codes[0])?;
    assert!(used.body.contains("My devices and tokens"), "{}", used.body);
    let third = Browser::new(demo)?;
    let refused = third.signs_in(&ben.upn, &guess("another secret"), codes[1])?;
    canaries.plant(
        "a wrong memorised secret",
        guess("another secret").as_bytes(),
    );
    let again = third.open("/sign-in?again=1")?;
    for browser in [&browser, &other] {
        for cookie in browser.cookies()? {
            canaries.plant("a cookie", cookie.as_bytes());
        }
    }
    let pages = [
        ("home", home),
        ("home by a recovery code", used),
        ("a refusal", refused),
        ("a sign-in page", again),
    ];
    let named = |(name, page): (&str, e2e::client::Got)| {
        (format!("the source of {name}"), page.body.into_bytes())
    };
    Ok(pages.into_iter().map(named).collect())
}

/// A PIN, a temporary code and a token of the API: anna's, by the command line, which shows them once.
fn of_verbs(demo: &Demo, anna: &Person, canaries: &mut Canaries) -> anyhow::Result<()> {
    let pin = guess("a PIN");
    canaries.plant("a PIN", pin.as_bytes());
    let config = fs::read_to_string(demo.text("/config"))?;
    let with_pins = demo.folder().join("pins.toml");
    fs::write(&with_pins, format!("{config}\n[ntlm]\npin = true\n"))?;
    let with_pins = with_pins.display().to_string();
    let order = ["--config", &with_pins, "user", "pin", "set", &anna.upn];
    let mut command = demo.command(&order)?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().context("a standard input")?;
    writeln!(input, "{pin}")?;
    drop(input);
    anyhow::ensure!(child.wait()?.success(), "no PIN was set");
    let code = told(
        demo,
        &["user", "temporary-code", &anna.upn],
        "temporary_code",
    )?;
    canaries.plant("a temporary code", code.as_bytes());
    let make = [
        "api-token",
        "create",
        "--role",
        "auditor",
        "--expires",
        "1h",
    ];
    let make = [&make[..], &["--label", "planted"]].concat();
    let token = told(demo, &make, "api_token")?;
    canaries.plant("a token of the API", token.as_bytes());
    Ok(())
}

/// The secrets by which codes are sent: what a carrier is told is its own, and neither its refusal nor a log has it.
fn of_carriers(demo: &Demo, canaries: &mut Canaries) -> anyhow::Result<Places> {
    let refusing = Carrier::of_sms(500, None)?;
    let vouched = Vouched::new(demo.folder())?;
    let mail = Carrier::of_mail(vouched.clone())?;
    for (file, what) in [
        ("sms.secret", "the key of a carrier"),
        ("smtp.secret", "the password of a mail server"),
    ] {
        let secret = guess(what);
        let path = demo.folder().join(file);
        fs::write(&path, format!("{secret}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        canaries.plant(what, secret.as_bytes());
    }
    let carriers = format!(
        "\n[[sms]]\nname = \"first\"\nurl = \"http://{}/send?to={{number}}&text={{text}}&key={{secret}}\"\n\
         secret_file = \"sms.secret\"\n[[sms]]\nname = \"nobody\"\n\
         url = \"http://127.0.0.1:1/send?to={{number}}&text={{text}}\"\nheaders = {{ X-Key = \"{{secret}}\" }}\n\
         secret_file = \"sms.secret\"\n[smtp]\nserver = \"{}\"\nfrom = \"portal@contoso.localhost\"\n\
         authorities = \"{}\"\nuser = \"portal\"\npassword_file = \"smtp.secret\"\n",
        refusing.address,
        mail.address,
        vouched.authorities.display()
    );
    let gate = Serve::start(demo, |config| config + &carriers)?;
    let config = demo.folder().join("beside.toml").display().to_string();
    let mut places = Vec::new();
    for verb in [
        &["sms", "test", "+46701234567"][..],
        &["check"],
        &["sent", "list", "--json"],
    ] {
        let said = demo.wicketgate(&[&["--config", &config], verb].concat())?;
        places.push((verb.join(" "), [said.stdout, said.stderr].concat()));
    }
    assert!(!refusing.told().is_empty(), "it was asked");
    places.push((
        "the log of a gate that sends".to_owned(),
        gate.log().into_bytes(),
    ));
    drop(gate);
    for file in ["sms.secret", "smtp.secret"] {
        fs::remove_file(demo.folder().join(file))?;
    }
    Ok(places)
}

/// What a verb shows once.
fn told(demo: &Demo, verb: &[&str], field: &str) -> anyhow::Result<String> {
    let told = demo.wicketgate_json(verb)?;
    let told = told.first().and_then(|it| it.get(field));
    let told = told.and_then(Value::as_str);
    Ok(told.with_context(|| format!("no {field}"))?.to_owned())
}
