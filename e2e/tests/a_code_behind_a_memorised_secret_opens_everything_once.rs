//! Active two-factor without a page, by a memorised secret: with the code of an app, of a hardware token that was imported
//! from PSKC, or of an SMS that the secret alone asked for. It buys a ticket on `/Auth`, and the same typed secret opens
//! Autodiscover and EWS while one code is evaluated (S37, S43, S80, T-OTP-6, T-OTP-7).

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::carrier::Carrier;
use e2e::client::{Curl, Got, request_for};
use e2e::demo::{Demo, Person};
use e2e::messages::{asks_with_token, pox};
use e2e::serve::Serve;
use jiff::Timestamp;
use proto::otp::{Algorithm, Digits, Generator, KeyUri, Period, Seed};

/// How long a revocation may take.
const SOON: Duration = Duration::from_secs(2);
const SECRET: &str = "fyra hästar i hagen";
const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "127.0.0.2";
const NUMBER: &str = "+46701234567";
/// The seed of RFC 6030's first example, in a file as a vendor sends it.
const PSKC: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
  <KeyPackage>
    <DeviceInfo><Manufacturer>oath.AA</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>
    <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
      <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
      <Data>
        <Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
        <Counter><PlainValue>0</PlainValue></Counter>
      </Data>
    </Key>
  </KeyPackage>
</KeyContainer>
"#;

/// A gate that wants a secret and a code, and somebody with a secret.
struct Gate {
    demo: Demo,
    serve: Serve,
    carrier: Carrier,
    anna: Person,
}

impl Gate {
    fn start() -> anyhow::Result<Self> {
        Self::start_changed(|config| config)
    }

    /// One whose configuration has no page of ours.
    fn start_without_pages() -> anyhow::Result<Self> {
        Self::start_changed(|config| without_pages(&config))
    }

    fn start_changed(change: impl FnOnce(String) -> String) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let anna = demo.person(0);
        let carrier = Carrier::of_sms(202, None)?;
        let sms = format!(
            "\n[[sms]]\nname = \"stub\"\nurl = \"http://{}/send?to={{number}}&text={{text}}\"\n",
            carrier.address
        );
        let both =
            "methods = [\"memorised-secret + one-time-code\", \"memorised-secret + sent-code\"]";
        let serve = Serve::start(&demo, |config| {
            let changed = config.replace("methods = [\"app-password\"]", both);
            assert_ne!(changed, config, "the policy of the demo");
            change(changed) + &sms
        })?;
        let gate = Self {
            demo,
            serve,
            carrier,
            anna,
        };
        gate.sets(SECRET)?;
        Ok(gate)
    }

    fn sets(&self, secret: &str) -> anyhow::Result<()> {
        let mut command = self.demo.command(&["secret", "set", &self.anna.upn])?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().context("a standard input")?;
        writeln!(input, "{secret}")?;
        drop(input);
        anyhow::ensure!(child.wait()?.success(), "no secret was set");
        Ok(())
    }

    /// An app on her telephone, which makes codes by the time.
    fn enrols_an_app(&self) -> anyhow::Result<Generator> {
        let made = self
            .demo
            .wicketgate_json(&["token", "enrol", &self.anna.upn])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let before = step()?.saturating_sub(1);
        let first = generator.code(before).shown().expose().clone();
        self.verb(&["token", "confirm", &self.anna.upn, &first])?;
        Ok(generator)
    }

    /// A thing on her key ring, by the file of its vendor.
    fn imports_a_thing(&self) -> anyhow::Result<Generator> {
        let file = self.demo.folder().join("tokens.xml");
        fs::write(&file, PSKC)?;
        self.verb(&["token", "import", &file.display().to_string()])?;
        self.verb(&["token", "assign", "987654321", &self.anna.upn])?;
        let seed = Seed::of(b"12345678901234567890".to_vec()).context("a seed")?;
        let eight = Digits::of(8).context("eight digits")?;
        Ok(Generator::new(&seed, Algorithm::Sha1, eight))
    }

    fn verb(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.demo.wicketgate(arguments)?;
        anyhow::ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(())
    }

    fn curl(&self, from: &str) -> Curl<'_> {
        let to = format!("::{}", self.serve.address);
        Curl::new(&self.demo).arguments(&["--connect-to", &to, "--interface", from])
    }

    fn ews(&self, typed: &str, from: &str) -> anyhow::Result<u16> {
        let url = self.demo.url("ews").replace("Exchange.asmx", "echo");
        let curl = self.curl(from).basic(&self.anna.upn, typed);
        Ok(curl.get(&url)?.status)
    }

    fn autodiscover(&self, typed: &str) -> anyhow::Result<u16> {
        let body = pox(&self.anna);
        let curl = self.curl(HOME).basic(&self.anna.upn, typed);
        let xml = ["-H", "Content-Type: text/xml", "--data-binary", &body];
        let got = curl.arguments(&xml).get(&self.demo.url("autodiscover"))?;
        Ok(got.status)
    }

    /// A ticket by UsernameToken.
    fn auth(&self, typed: &str) -> anyhow::Result<Got> {
        let request = request_for(&self.demo, &self.anna.sip);
        let body = asks_with_token(&request, &self.anna.account, typed);
        let xml = [
            "-H",
            "Content-Type: text/xml; charset=utf-8",
            "--data-binary",
            &body,
        ];
        let url = format!("{}/Auth", self.demo.url("web_ticket"));
        self.curl(HOME).arguments(&xml).get(&url)
    }

    /// A ticket by the grant `password`.
    fn grant(&self, typed: &str) -> anyhow::Result<u16> {
        let url = self.demo.url("web_ticket");
        let url = url.replace("WebTicketService.svc", "oauthtoken");
        let (name, password) = (
            format!("username={}", self.anna.account),
            format!("password={typed}"),
        );
        let mut curl = self.curl(HOME);
        for field in ["grant_type=password", &name, &password] {
            curl = curl.arguments(&["--data-urlencode", field]);
        }
        Ok(curl.get(&url)?.status)
    }

    /// How often the audit trail has something.
    fn told(&self, what: &str) -> anyhow::Result<usize> {
        let trail = self.demo.wicketgate(&["audit", "list", "--all"])?;
        Ok(String::from_utf8(trail.stdout)?.matches(what).count())
    }

    /// Whatever makes the code, it opens everything once, for one client.
    fn opens_everything_once(&self, typed: &str, evaluated: &str) -> anyhow::Result<()> {
        let bought = self.auth(typed)?;
        anyhow::ensure!(bought.status == 200, "{}", bought.body);
        assert!(bought.body.contains("Assertion"), "{}", bought.body);
        assert_eq!(self.autodiscover(typed)?, 200);
        assert_eq!(self.ews(typed, HOME)?, 200);
        assert_eq!(self.grant(typed)?, 200);
        assert_eq!(self.told(evaluated)?, 1, "exactly one evaluation");
        assert_eq!(self.ews(typed, ELSEWHERE)?, 401, "another client");
        assert_eq!(self.ews(typed, HOME)?, 200, "which does not hurt her");
        let database = fs::read(self.demo.folder().join("wicketgate.db"))?;
        let typed = typed.as_bytes();
        assert!(!database.windows(typed.len()).any(|it| it == typed));
        Ok(())
    }

    /// What was typed opens nothing soon.
    #[expect(
        clippy::disallowed_methods,
        reason = "what is promised, is promised for so many seconds"
    )]
    fn ends_soon(&self, typed: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        // A request that is under way in that moment ends with its connection, unanswered.
        let is_ended = |asked: anyhow::Result<u16>| match asked {
            Err(error) if error.to_string().contains("Empty reply") => Ok(false),
            asked => asked.map(|status| status == 401),
        };
        while !is_ended(self.ews(typed, HOME))? {
            let elapsed = begun.elapsed();
            anyhow::ensure!(elapsed < SOON, "it is let in {elapsed:?} later");
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the app on her telephone reads the clock"
)]
fn step() -> anyhow::Result<u64> {
    Ok(Period::HALF_A_MINUTE.step(Timestamp::now().as_second()))
}

/// The code in a message, as the address has it that the gateway was asked by.
fn code_of(told: &str) -> anyhow::Result<String> {
    let (before, _) = told.split_once("%20is%20your%20code").context("a code")?;
    let digits: String = before.chars().rev().take(6).collect();
    Ok(digits.chars().rev().collect())
}

#[test]
fn s37_s43_a_secret_and_the_code_of_an_app() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let app = gate.enrols_an_app()?;
    assert_eq!(gate.ews(SECRET, HOME)?, 401, "no code");
    assert_eq!(gate.told("code-missing")?, 1);
    let typed = format!("{SECRET}{}", app.code(step()?).shown().expose());
    gate.opens_everything_once(&typed, "\"event\":\"code-accepted\"")?;
    gate.sets("fem hästar i hagen")?;
    gate.ends_soon(&typed)?;
    assert_ne!(gate.auth(&typed)?.status, 200);
    Ok(())
}

#[test]
fn s37_s43_a_secret_and_the_code_of_a_thing_imported_from_pskc() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let thing = gate.imports_a_thing()?;
    let typed = format!("{SECRET}{}", thing.code(0).shown().expose());
    assert!(typed.ends_with("84755224"), "RFC 4226, appendix D");
    gate.opens_everything_once(&typed, "\"event\":\"code-accepted\"")?;
    gate.verb(&["token", "block", "987654321"])?;
    gate.ends_soon(&typed)
}

/// The demo's configuration without the portal, the token service and their policies, which stand beside each other.
fn without_pages(config: &str) -> String {
    let pages = "# People look after their own app passwords";
    let clients = "# From outside, only app passwords";
    let (before, rest) = config.split_once(pages).expect("the demo's pages");
    let (_, after) = rest.split_once(clients).expect("the demo's policy");
    assert!(!after.contains("[portal]") && !before.contains("[portal]"));
    format!("{before}{clients}{after}")
}

#[test]
fn s37_s43_s80_a_secret_and_a_code_that_it_asked_for_by_sms() -> anyhow::Result<()> {
    a_code_that_it_asked_for_by_sms(Gate::start()?)
}

#[test]
fn s80_a_code_is_sent_to_a_client_where_there_is_no_page() -> anyhow::Result<()> {
    let gate = Gate::start_without_pages()?;
    a_code_that_it_asked_for_by_sms(gate)
}

fn a_code_that_it_asked_for_by_sms(gate: Gate) -> anyhow::Result<()> {
    gate.verb(&["user", "phone", &gate.anna.upn, NUMBER, "--now"])?;
    let wrong = gate.auth("fyra hästar")?;
    let asked = gate.auth(SECRET)?;
    assert_eq!(asked.status, wrong.status, "the same answer");
    assert_eq!(gate.told("code-queued")?, 1, "for the right secret alone");
    assert_eq!(gate.ews(SECRET, HOME)?, 401);
    let told = gate.carrier.last_of(1)?;
    let typed = format!("{SECRET}{}", code_of(&told)?);
    gate.opens_everything_once(&typed, "\"event\":\"sent-code-accepted\"")?;
    assert_eq!(gate.carrier.told().len(), 1, "and no second message");
    gate.verb(&["user", "phone", &gate.anna.upn, "--remove"])?;
    gate.ends_soon(&typed)
}
