//! A PIN with a one-time code behind it, by NTLM, for clients that have nothing else (S37): curl and pyspnego come in with one
//! evaluation of the code, and nobody does where it is not switched on.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use e2e::client::{Curl, request_for};
use e2e::demo::{Demo, Person, root};
use e2e::serve::Serve;
use e2e::skip::skip;
use proto::otp::{Generator, KeyUri};
use serde_json::Value;

const PIN: &str = "blue-7-boat";
const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "127.0.0.2";
const EVALUATED: &str = "\"event\":\"code-accepted\"";

/// A gate that takes a PIN and a code by NTLM, and somebody with a token and a PIN.
struct Gate {
    demo: Demo,
    serve: Serve,
    anna: Person,
    generator: Generator,
}

impl Gate {
    fn start() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let anna = demo.person(0);
        let serve = Serve::start(&demo, |config| {
            let both = "methods = [\"ntlm-pin + one-time-code\"]";
            let changed = config.replace("methods = [\"app-password\"]", both);
            assert_ne!(changed, config, "the policy of the demo");
            changed + "\n[ntlm]\npin = true\n"
        })?;
        let made = demo.wicketgate_json(&["token", "enrol", &anna.upn, "--counter"])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let gate = Self {
            demo,
            serve,
            anna,
            generator,
        };
        let first = gate.code(0);
        let confirmed = gate
            .demo
            .wicketgate(&["token", "confirm", &gate.anna.upn, &first])?;
        assert!(confirmed.status.success(), "{confirmed:?}");
        let off = gate.sets_pin(&gate.demo.text("/config"))?;
        let said = String::from_utf8(off.stderr)?;
        assert_eq!(off.status.code(), Some(1));
        assert!(said.contains("PINs for NTLM are off"), "{said}");
        let set = gate.sets_pin(&gate.beside())?;
        assert!(set.status.success(), "{set:?}");
        Ok(gate)
    }

    /// The configuration that takes PINs.
    fn beside(&self) -> String {
        self.demo.folder().join("beside.toml").display().to_string()
    }

    fn sets_pin(&self, config: &str) -> anyhow::Result<Output> {
        let set = ["--config", config, "user", "pin", "set", &self.anna.upn];
        let mut command = self.demo.command(&set)?;
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn()?;
        writeln!(child.stdin.take().context("a standard input")?, "{PIN}")?;
        Ok(child.wait_with_output()?)
    }

    fn code(&self, counter: u64) -> String {
        self.generator.code(counter).shown().expose().clone()
    }

    fn typed(&self, counter: u64) -> String {
        format!("{PIN}{}", self.code(counter))
    }

    fn curl(&self, from: &str, typed: &str) -> Curl<'_> {
        let to = format!("::{}", self.serve.address);
        let curl = Curl::new(&self.demo).arguments(&["--connect-to", &to, "--interface", from]);
        curl.ntlm(&self.anna.account, typed)
    }

    fn ews(&self, typed: &str, from: &str) -> anyhow::Result<u16> {
        let url = self.demo.url("ews").replace("Exchange.asmx", "echo");
        Ok(self.curl(from, typed).get(&url)?.status)
    }

    /// A web ticket by curl.
    fn ticket(&self, typed: &str) -> anyhow::Result<u16> {
        let request = request_for(&self.demo, &self.anna.sip);
        let xml = [
            "-H",
            "Content-Type: text/xml; charset=utf-8",
            "--data-binary",
            &request,
        ];
        let curl = self.curl(HOME, typed).arguments(&xml);
        Ok(curl.get(&self.demo.url("web_ticket"))?.status)
    }

    /// A web ticket by pyspnego; nothing where it cannot run here.
    fn pyspnego(&self, mode: &str, typed: &str) -> anyhow::Result<Option<Vec<u64>>> {
        let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(std::path::PathBuf::from);
        let python = root().join(named.unwrap_or_else(|| "target/story-venv/bin/python".into()));
        if !python.exists() {
            skip(
                "pyspnego with a PIN and a code",
                "no Python with pyspnego; `cargo xtask test` makes one",
            )?;
            return Ok(None);
        }
        let port = self.serve.address.port().to_string();
        let mut child = Command::new(python)
            .arg(root().join("e2e/clients/negotiate.py"))
            .args([&self.demo.text("/ca"), "lyncweb.contoso.localhost", &port])
            .arg("/WebTicket/WebTicketService.svc")
            .arg(self.demo.folder().join("rst-anna.xml"))
            .args([mode, &self.anna.account])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        writeln!(child.stdin.take().context("a standard input")?, "{typed}")?;
        let said = String::from_utf8(child.wait_with_output()?.stdout)?;
        let got: Value = serde_json::from_str(&said).context(said)?;
        let statuses = got["statuses"].as_array().context("statuses")?.iter();
        Ok(Some(statuses.filter_map(Value::as_u64).collect()))
    }

    /// How often the audit trail has something.
    fn told(&self, what: &str) -> anyhow::Result<usize> {
        let trail = self.demo.wicketgate(&["audit", "list", "--all"])?;
        Ok(String::from_utf8(trail.stdout)?.matches(what).count())
    }
}

#[test]
fn s37_s43_curl_comes_in_everywhere_by_ntlm_with_one_code_behind_a_pin() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    assert_eq!(gate.ews(PIN, HOME)?, 401, "no code");
    assert_eq!(gate.ews(&gate.code(1), HOME)?, 401, "no PIN");
    assert_eq!(gate.ews(&gate.anna.app_password, HOME)?, 401, "no rule");
    assert_eq!(gate.told(EVALUATED)?, 0);
    let typed = gate.typed(1);
    assert_eq!(gate.ews(&typed, HOME)?, 200);
    assert_eq!(gate.ticket(&typed)?, 200);
    assert_eq!(gate.ews(&typed, HOME)?, 200);
    assert_eq!(gate.told(EVALUATED)?, 1, "exactly one evaluation");
    assert_eq!(gate.ews(&typed, ELSEWHERE)?, 401, "another client");
    assert_eq!(gate.told("code-spent")?, 1);
    assert_eq!(gate.ews(&typed, HOME)?, 200, "which does not hurt her");
    let url = gate.demo.url("ews").replace("Exchange.asmx", "echo");
    let to = format!("::{}", gate.serve.address);
    let basic = Curl::new(&gate.demo).arguments(&["--connect-to", &to]);
    let basic = basic.basic(&gate.anna.upn, &gate.typed(2)).get(&url)?;
    assert_eq!(basic.status, 401, "for NTLM alone");
    let store = std::fs::read(gate.demo.folder().join("wicketgate.db"))?;
    let is_there = |text: &str| store.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(!is_there(PIN) && !is_there(&typed), "sealed");
    let removed = [
        "--config",
        &gate.beside(),
        "user",
        "pin",
        "remove",
        &gate.anna.upn,
    ];
    assert!(gate.demo.wicketgate(&removed)?.status.success());
    assert_eq!(gate.ews(&typed, HOME)?, 401);
    Ok(())
}

#[test]
fn s37_pyspnego_comes_in_by_both_forms_with_one_code_behind_a_pin() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let typed = gate.typed(1);
    for mode in ["ntlm", "negotiate"] {
        let Some(got) = gate.pyspnego(mode, &typed)? else {
            return Ok(());
        };
        assert_eq!(got, [401, 401, 200], "{mode}");
        let Some(wrong) = gate.pyspnego(mode, &format!("{PIN}000000"))? else {
            return Ok(());
        };
        assert!(wrong.iter().all(|status| *status == 401), "{mode}");
    }
    assert_eq!(gate.told(EVALUATED)?, 1);
    Ok(())
}

#[test]
fn a_pin_is_a_counter_example_and_the_doctor_names_it() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let proved = ["--config", &gate.beside(), "policy", "prove"];
    let proved = gate.demo.wicketgate(&proved)?;
    let said = String::from_utf8(proved.stdout)?;
    assert_eq!(proved.status.code(), Some(1), "{said}");
    let way = "from outside by ntlm, a one-time code and a PIN for NTLM is enough: one factor";
    assert!(said.contains(way), "{said}");
    let doctor = ["--config", &gate.beside(), "doctor", "--json"];
    let found = String::from_utf8(gate.demo.wicketgate(&doctor)?.stdout)?;
    assert!(found.contains(r#""id":"ntlm-pin""#), "{found}");
    let check = ["--config", &gate.beside(), "check"];
    let checked = gate.demo.wicketgate(&check)?;
    let said = String::from_utf8([checked.stdout, checked.stderr].concat())?;
    assert!(said.contains("[ntlm] pin is on"), "{said}");
    Ok(())
}
