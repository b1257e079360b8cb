//! Sign-in by certificate, where the operator has opened it (decision 0006): what the pool issued for a
//! ticket buys the next ticket, and ends with the app password behind both. The client is derived, and the
//! stand-in pool looks at the certificate alone: no signature is verified here.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use e2e::demo::{Demo, Person, binary};
use e2e::held_store::HeldStore;
use e2e::messages::{assertion_in, bears, certificate_in, certificate_of, opaque, signed_by};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::Request;
use e2e::ticket::{USER_LINK, WEB, by_ntlm};
use rustls::ClientConfig;

const CERT: &str = "/WebTicket/WebTicketService.svc/cert";
const MEX: &str = "/WebTicket/WebTicketService.svc/mex";
const CERT_PROV: &str = "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1";
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

/// A demo with a gate beside it that takes certificates; the demo's own takes none.
struct Scene {
    demo: Demo,
    tls: Arc<ClientConfig>,
    open: Serve,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        let open = Serve::start(&demo, |config| with_key(&config, "old phones"))?;
        Ok(Self { demo, tls, open })
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        Raw::connect_to(self.open.address, &self.tls, WEB)
    }

    fn ask(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        self.connect()?.exchange(request.text())
    }

    /// The certificate that somebody gets by a ticket that their app password bought.
    fn certificate(&self, person: &Person) -> anyhow::Result<String> {
        let by = (person, person.app_password.as_str());
        let ticket = by_ntlm(&mut self.connect()?, WEB, &self.demo, by)?;
        let message = bears(&ticket, &certificate_of(person));
        let issued = self.ask(&Request::post(WEB, CERT_PROV, &message))?.text();
        Ok(certificate_in(&issued).expect(&issued).to_owned())
    }

    /// What the audit trail holds of a kind, oldest first.
    fn events(&self, kind: &str) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut events = self.demo.wicketgate_json(&["audit", "list"])?;
        events.retain(|event| event["event"] == kind);
        Ok(events)
    }

    /// Whether a ticket opens the user link.
    fn user_link(&self, ticket: &str) -> anyhow::Result<u16> {
        let request = Request::new(WEB, USER_LINK).header(&opaque(ticket));
        Ok(self.ask(&request)?.status)
    }

    /// The answer of an unknown ticket to a request, of which the pool hears nothing.
    fn is_refused(&self, message: &str, why: &str) -> anyhow::Result<()> {
        let before = self.demo.requests()?.len();
        let answer = self.ask(&Request::post(WEB, CERT, message))?;
        assert_eq!(answer.status, 500, "{why}");
        assert!(answer.text().contains("28032"), "{why}: {}", answer.text());
        assert_eq!(self.demo.requests()?.len(), before, "{why}");
        Ok(())
    }
}

fn with_key(config: &str, reason: &str) -> String {
    let table = "[[lync.pool]]\n";
    assert!(config.contains(table), "{config}");
    let key = format!("{table}certificate_sign_in = \"{reason}\"\n");
    config.replace(table, &key)
}

#[test]
fn s6_s23_a_certificate_buys_tickets_until_its_app_password_is_revoked() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    let annas = signed_by(&scene.certificate(&anna)?, &anna.sip);
    let bens = signed_by(&scene.certificate(&ben)?, &ben.sip);

    let asking = Request::post(WEB, CERT, &annas);
    let asking = asking.header("Authorization: Basic YmVuOng=");
    let mut raw = scene.connect()?;
    let bought = raw.exchange(asking.text())?;
    assert_eq!(bought.status, 200, "{}", bought.text());
    let seen = scene.demo.requests()?.pop().expect("the pool was asked");
    assert_eq!(seen["how"], "certificate", "{seen}");
    assert_eq!(
        seen["authorization_schemes"],
        serde_json::json!([]),
        "{seen}"
    );
    let bought = bought.text();
    let ticket = assertion_in(&bought).expect("a ticket");
    assert_eq!(scene.user_link(ticket)?, 200);
    let sold = scene.events("signed-in")?.pop().expect("it is audited");
    let noted = scene.events("certificate-noted")?;
    let noted = noted.first().expect("so is the certificate");
    assert_eq!(sold["certificate"], noted["certificate"], "{sold}");
    assert!(sold["certificate"].is_string(), "{sold}");

    scene.is_refused(&signed_by("MAMCAQE=", &anna.sip), "nobody's certificate")?;
    let certificate = certificate_in(&bens).expect("it");
    scene.is_refused(&signed_by(certificate, &anna.sip), "in another's name")?;
    let refused = scene.events("refused")?.pop().expect("it is audited");
    assert_eq!(refused["reason"], "sip-uri-of-another", "{refused}");

    scene.demo.revoke(&anna)?;
    raw.tcp().set_read_timeout(Some(WITHIN))?;
    assert!(raw.is_closed()?, "the connection that rests on it");
    scene.is_refused(&annas, "its app password is revoked")?;
    assert_eq!(scene.user_link(ticket)?, 401);
    let answer = scene.ask(&Request::post(WEB, CERT, &bens))?;
    assert_eq!(answer.status, 200, "somebody else: {}", answer.text());

    scene.demo.wicketgate_json(&["user", "disable", &ben.upn])?;
    scene.is_refused(&bens, "the account is disabled")
}

#[test]
fn a_certificate_that_cannot_be_written_down_does_not_go_out() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let by = (&anna, anna.app_password.as_str());
    let ticket = by_ntlm(&mut scene.connect()?, WEB, &scene.demo, by)?;
    let message = bears(&ticket, &certificate_of(&anna));
    let asking = Request::post(WEB, CERT_PROV, &message);

    let before = scene.demo.requests()?.len();
    let held = HeldStore::of(&scene.demo)?;
    let answer = scene.ask(&asking)?;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(certificate_in(&answer.text()).is_none());
    assert!(scene.demo.requests()?.len() > before, "the pool answered");
    held.free()?;
    assert!(scene.events("certificate-noted")?.is_empty());

    let answer = scene.ask(&asking)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(certificate_in(&answer.text()).is_some());
    assert_eq!(scene.events("certificate-noted")?.len(), 1);
    Ok(())
}

#[test]
fn s4_where_no_reason_is_given_the_port_is_neither_named_nor_there() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let message = signed_by(&scene.certificate(&anna)?, &anna.sip);
    for (gate, is_open) in [(scene.open.address, true), (scene.demo.address(), false)] {
        let mut raw = Raw::connect_to(gate, &scene.tls, WEB)?;
        let metadata = raw.exchange(Request::new(WEB, MEX).text())?.text();
        assert_eq!(metadata.contains("WebTicketServiceCert"), is_open);
        let answer = raw.exchange(Request::post(WEB, CERT, &message).text())?;
        assert_eq!(answer.status, if is_open { 200 } else { 404 });
    }
    Ok(())
}

#[test]
fn the_exception_is_told_by_check_and_wants_a_reason() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let file = demo.folder().join("exception.toml");
    let check = |reason: &str| -> anyhow::Result<(Option<i32>, String)> {
        std::fs::write(&file, with_key(&config, reason))?;
        let mut command = Command::new(binary()?);
        let output = command.arg("--config").arg(&file).arg("check").output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8(said)?))
    };
    let (status, said) = check("phones of 2013")?;
    assert_eq!(status, Some(0), "{said}");
    let warning = said
        .lines()
        .find(|line| line.starts_with("warning: `lyncweb"));
    let warning = warning.expect(&said);
    for part in ["phones of 2013", "one factor", "Revoke-CsClientCertificate"] {
        assert!(warning.contains(part), "{warning}");
    }
    let (status, said) = check(" ")?;
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("write your reason"), "{said}");
    Ok(())
}
