//! Active two-factor without a page: the app password with a one-time code behind it buys a ticket on `/Auth`, and the same
//! typed secret opens EWS and Autodiscover while the code is evaluated once (S37, S43, T-OTP-6, T-OTP-7).

use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::client::{Curl, Got, request_for};
use e2e::demo::{Demo, Person};
use e2e::messages::{asks_with_token, pox};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use proto::otp::{Generator, KeyUri};

/// How long a revocation may take.
const SOON: Duration = Duration::from_secs(2);

/// A gate that wants both, and somebody with a token.
struct Gate {
    demo: Demo,
    serve: Serve,
    anna: Person,
    generator: Generator,
}

impl Gate {
    fn start() -> anyhow::Result<Self> {
        Self::bound_to("address")
    }

    /// One whose grants are bound to this.
    fn bound_to(bound_to: &str) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let anna = demo.person(0);
        let both = "methods = [\"app-password + one-time-code\"]";
        let both = format!("{both}\ngrant_bound_to = \"{bound_to}\"");
        let serve = Serve::start(&demo, |config| {
            let changed = config.replace("methods = [\"app-password\"]", &both);
            assert_ne!(changed, config, "the policy of the demo");
            changed
        })?;
        let made = demo.wicketgate_json(&["token", "enrol", &anna.upn, "--counter"])?;
        let uri = made.first().and_then(|made| made["uri"].as_str());
        let uri = KeyUri::parse(uri.context("a URI")?)?;
        let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
        let first = generator.code(0).shown().expose().clone();
        let confirmed = demo.wicketgate(&["token", "confirm", &anna.upn, &first])?;
        assert!(confirmed.status.success(), "{confirmed:?}");
        Ok(Self {
            demo,
            serve,
            anna,
            generator,
        })
    }

    /// What she types when her button shows the code of a counter.
    fn typed(&self, counter: u64) -> String {
        let code = self.generator.code(counter).shown().expose().clone();
        format!("{}{code}", self.anna.app_password)
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

    /// The same by TLS that offers something else.
    fn ews_by_other_tls(&self, typed: &str, from: &str) -> anyhow::Result<u16> {
        let url = self.demo.url("ews").replace("Exchange.asmx", "echo");
        let other = ["--tls-max", "1.2", "--ciphers", OTHER_SUITES];
        let curl = self.curl(from).basic(&self.anna.upn, typed);
        Ok(curl.arguments(&other).get(&url)?.status)
    }

    /// The same by another library than curl's.
    fn ews_by_rustls(&self, typed: &str) -> anyhow::Result<u16> {
        let tls = tls(&self.demo, &[])?;
        let mut raw = Raw::connect_to(self.serve.address, &tls, MAIL)?;
        let request = Request::new(MAIL, "/EWS/echo").header(&basic(&self.anna.upn, typed));
        Ok(raw.exchange(request.text())?.status)
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
}

const MAIL: &str = "mail.contoso.localhost";
const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "127.0.0.2";
const OTHER_SUITES: &str =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
const EVALUATED: &str = "\"event\":\"code-accepted\"";

#[test]
fn s37_s43_one_code_and_the_same_typed_secret_for_lync_autodiscover_and_ews() -> anyhow::Result<()>
{
    let gate = Gate::start()?;
    assert_eq!(gate.ews(&gate.anna.app_password, HOME)?, 401, "no code");
    assert_eq!(gate.told("code-missing")?, 1);
    let typed = gate.typed(1);
    let bought = gate.auth(&typed)?;
    assert_eq!(bought.status, 200, "{}", bought.body);
    assert!(bought.body.contains("Assertion"), "{}", bought.body);
    assert_eq!(gate.ews(&typed, HOME)?, 200);
    assert_eq!(gate.autodiscover(&typed)?, 200);
    assert_eq!(gate.grant(&typed)?, 200);
    assert_eq!(gate.told(EVALUATED)?, 1, "exactly one evaluation");
    assert_eq!(gate.ews(&typed, ELSEWHERE)?, 401, "another client");
    assert_eq!(gate.told("code-spent")?, 1);
    assert_eq!(gate.ews(&typed, HOME)?, 200, "which does not hurt her");
    let spent = gate
        .demo
        .wicketgate(&["token", "test", &gate.anna.upn, "000000"])?;
    assert_eq!(spent.status.code(), Some(1));
    let folder = std::fs::read(gate.demo.folder().join("wicketgate.db"))?;
    let code = gate.generator.code(1).shown().expose().clone();
    let typed = typed.as_bytes();
    assert!(
        !folder.windows(typed.len()).any(|it| it == typed),
        "{code} is not kept"
    );
    Ok(())
}

#[test]
fn t_otp_6_a_grant_bound_to_tls_follows_a_phone_through_networks_and_takes_no_other_client()
-> anyhow::Result<()> {
    for (bound_to, elsewhere, otherwise) in [
        ("address", 401, 200),
        ("tls-fingerprint", 200, 401),
        ("both", 401, 401),
    ] {
        let gate = Gate::bound_to(bound_to)?;
        let typed = gate.typed(1);
        assert_eq!(gate.ews(&typed, HOME)?, 200, "{bound_to}");
        assert_eq!(gate.autodiscover(&typed)?, 200, "{bound_to}");
        assert_eq!(gate.ews(&typed, ELSEWHERE)?, elsewhere, "{bound_to}");
        let of_curl = gate.ews_by_other_tls(&typed, HOME)?;
        assert_eq!(of_curl, otherwise, "{bound_to}");
        assert_eq!(gate.ews_by_rustls(&typed)?, otherwise, "{bound_to}");
        assert_eq!(gate.ews_by_other_tls(&typed, ELSEWHERE)?, 401, "{bound_to}");
        assert_eq!(gate.ews(&typed, HOME)?, 200, "which does not hurt her");
        assert_eq!(gate.told(EVALUATED)?, 1, "{bound_to}: one evaluation");
        // By that other TLS the next code is her own again.
        let next = gate.typed(2);
        assert_eq!(gate.ews_by_other_tls(&next, ELSEWHERE)?, 200);
        assert_eq!(gate.told(EVALUATED)?, 2, "{bound_to}");
    }
    Ok(())
}

#[test]
fn s37_eight_connections_at_once_with_one_code_are_one_evaluation() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let typed = gate.typed(1);
    let statuses: Vec<anyhow::Result<u16>> = std::thread::scope(|scope| {
        let asks = |_| scope.spawn(|| gate.ews(&typed, HOME));
        let asking: Vec<_> = (0..8).map(asks).collect();
        let joined = asking.into_iter().map(|it| it.join().expect("a thread"));
        joined.collect()
    });
    for status in statuses {
        assert_eq!(status?, 200);
    }
    assert_eq!(gate.told(EVALUATED)?, 1);
    Ok(())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is promised, is promised for so many seconds"
)]
fn t_otp_7_blocking_the_token_ends_what_the_code_bought() -> anyhow::Result<()> {
    let gate = Gate::start()?;
    let typed = gate.typed(1);
    assert_eq!(gate.ews(&typed, HOME)?, 200);
    let blocked = gate.demo.wicketgate(&["token", "block", &gate.anna.upn])?;
    assert!(blocked.status.success());
    let begun = Instant::now();
    // A request that is under way in that moment ends with its connection, unanswered.
    let is_ended = |asked: anyhow::Result<u16>| match asked {
        Err(error) if error.to_string().contains("Empty reply") => Ok(false),
        asked => asked.map(|status| status == 401),
    };
    while !is_ended(gate.ews(&typed, HOME))? {
        assert!(
            begun.elapsed() < SOON,
            "it is let in {:?} later",
            begun.elapsed()
        );
    }
    assert_eq!(gate.told(EVALUATED)?, 1);
    assert!(gate.told("no-token")? > 0);
    Ok(())
}

/// A connection that stays, on which the typed secret came again: what it is let in by is the grant that the code bought.
fn held_by_a_grant(gate: &Gate, typed: &str) -> anyhow::Result<Raw> {
    let tls = tls(&gate.demo, &[])?;
    let mut raw = Raw::connect_to(gate.serve.address, &tls, MAIL)?;
    let request = Request::new(MAIL, "/EWS/echo").header(&basic(&gate.anna.upn, typed));
    assert_eq!(raw.exchange(request.text())?.status, 200);
    assert_eq!(raw.exchange(request.text())?.status, 200, "it stays open");
    Ok(raw)
}

#[test]
fn t_otp_7_a_connection_that_a_grant_opened_dies_within_two_seconds_of_the_revocation()
-> anyhow::Result<()> {
    let gate = Gate::start()?;
    let upn = gate.anna.upn.clone();
    let listed = gate.demo.wicketgate_json(&["app-password", "list", &upn])?;
    let id = listed.first().and_then(|it| it["id"].as_str());
    let id = id.context("an app password")?.to_owned();
    let ways: [(&[&str], &[&str]); 3] = [
        (&["token", "block", &upn], &["token", "unblock", &upn]),
        (&["user", "disable", &upn], &["user", "enable", &upn]),
        (&["app-password", "revoke", &id], &[]),
    ];
    for (counter, (revoke, back)) in (1..).zip(ways) {
        let typed = gate.typed(counter);
        assert_eq!(gate.ews(&typed, HOME)?, 200, "the code buys a grant");
        let mut held = held_by_a_grant(&gate, &typed)?;
        let evaluated = usize::try_from(counter)?;
        assert_eq!(
            gate.told(EVALUATED)?,
            evaluated,
            "and is not looked at again"
        );
        let said = gate.demo.wicketgate(revoke)?;
        assert!(said.status.success(), "{said:?}");
        assert!(!held.is_open(SOON)?, "{revoke:?}: it is open still");
        assert_eq!(gate.ews(&typed, HOME)?, 401, "{revoke:?}");
        if !back.is_empty() {
            let said = gate.demo.wicketgate(back)?;
            assert!(said.status.success(), "{said:?}");
            assert_eq!(
                gate.ews(&typed, HOME)?,
                401,
                "{back:?}: what it bought stays gone"
            );
        }
    }
    Ok(())
}
