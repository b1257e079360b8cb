//! A claims provider rolls its signing key, and nobody tells us: its metadata is read by itself, from a web server over https
//! whose answers are those of a second Wicketgate, and whoever comes from it goes on coming. Metadata that is not to be believed
//! changes nothing and is said; what is not followed waits.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, ensure};
use e2e::cable::Cable;
use e2e::demo::Demo;
use e2e::serve::Serve;
use e2e::until::until;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use serde_json::Value;

use crate::somebody_comes_by_another_security_token_service::Federation;

const STORY: &str = "a partner's metadata is read by itself";
/// Where the partner's web server is: an address of the near machine that is not its loopback.
const PLACE: &str = "https://192.0.2.1:8443/metadata.xml";
const TRUST: &str = "Contoso STS";

/// A web server of the partner's: it sends what lies in a file, or elsewhere where there is none.
const SERVER: &str = r#"
import http.server, pathlib, ssl, sys
folder = pathlib.Path(sys.argv[1])
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        file = folder / "metadata.xml"
        if not file.exists():
            self.send_response(302)
            self.send_header("Location", "https://192.0.2.1:8443/elsewhere.xml")
            self.end_headers()
            return
        text = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("192.0.2.1", 8443), Web)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "web.pem", folder / "web.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening", flush=True)
server.serve_forever()
"#;

/// The partner's web server.
struct Web {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Web {
    fn drop(&mut self) {
        // One that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Web {
    fn on(cable: &Cable) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        certificates(folder.path())?;
        let mut child = cable
            .command("/usr/bin/python3")
            .args(["-c", SERVER])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().context("no output")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
        ensure!(line == "listening\n", "the web server said `{line}`");
        Ok(Self { child, folder })
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Says this from here on, or leads elsewhere.
    fn says(&self, text: Option<&str>) -> anyhow::Result<()> {
        let file = self.folder.path().join("metadata.xml");
        match text {
            Some(text) => {
                let new = self.folder.path().join("new.xml");
                std::fs::write(&new, text)?;
                std::fs::rename(new, file)?;
            }
            None => std::fs::remove_file(file)?,
        }
        Ok(())
    }
}

fn certificates(folder: &Path) -> anyhow::Result<()> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    std::fs::write(folder.join("ca.pem"), authority.pem())?;
    let mut web = CertificateParams::new(Vec::new())?;
    let address = SanType::IpAddress("192.0.2.1".parse()?);
    web.subject_alt_names.push(address);
    let key = KeyPair::generate()?;
    std::fs::write(folder.join("web.key"), key.serialize_pem())?;
    let web = web.signed_by(&key, &authority)?;
    Ok(std::fs::write(folder.join("web.pem"), web.pem())?)
}

/// What came of the metadata, as `trust list` has it.
fn listed(fabrikam: &Demo) -> anyhow::Result<Value> {
    let trusts = fabrikam.wicketgate_json(&["trust", "list"])?;
    let ours = trusts.into_iter().find(|it| it["name"] == TRUST);
    Ok(ours.context("the trust")?["metadata"].clone())
}

/// The certificates that the trust believes.
fn believed(fabrikam: &Demo) -> anyhow::Result<Vec<Value>> {
    let shown = fabrikam.wicketgate_json(&["trust", "show", TRUST])?;
    let provider = shown.first().context("a trust")?["claims_provider"][0].clone();
    let certificates = provider["token_signing_certificates"].as_array();
    Ok(certificates.context("certificates")?.clone())
}

/// What the trail says of metadata.
fn said(fabrikam: &Demo) -> anyhow::Result<Vec<String>> {
    let events = fabrikam.wicketgate_json(&["audit", "list"])?;
    // The demo's own party is on this machine, which is never asked.
    let is_ours = |it: &&Value| it["event"] == "partner-metadata" && it["name"] == TRUST;
    let ours = events.iter().filter(is_ours);
    let acts = ours.map(|it| it["act"].as_str().unwrap_or_default().to_owned());
    Ok(acts.collect())
}

#[test]
fn s75_a_provider_that_is_followed_rolls_its_key_and_people_go_on_coming() -> anyhow::Result<()> {
    let Some(cable) = Cable::laid(STORY)? else {
        return Ok(());
    };
    let federation = Federation::begin()?;
    let (contoso, fabrikam) = (&federation.contoso, &federation.fabrikam);
    let metadata = || -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(federation.metadata_of(contoso)?)?)
    };
    let keys = |text: &str| {
        let (of_federation, _) = text.split_once("<IDPSSODescriptor").unwrap_or_default();
        of_federation
            .matches("<KeyDescriptor use=\"signing\">")
            .count()
    };
    let web = Web::on(&cable)?;
    web.says(Some(&metadata()?))?;
    let followed = |is_followed: bool| {
        let place = format!(
            "metadata={{\"url\": \"{PLACE}\", \"is_monitored\": true, \"is_followed\": {is_followed}}}"
        );
        federation.set(TRUST, &[&place])
    };
    // What an administrator changes is read anew at once.
    let touched = |note: &str| federation.set(TRUST, &[&format!("notes={note}")]);
    followed(true)?;
    // The demo reads nobody's metadata by itself.
    let doctor = fabrikam.wicketgate(&["doctor", "--json"])?;
    let findings = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(findings.contains("partner-not-monitored"), "{findings}");
    let authority = web.authority().display().to_string();
    let gate = Serve::start_under(&cable.near(), fabrikam, |config| {
        let reads = format!("monitoring_interval = 5\nmonitoring_authorities = \"{authority}\"\n");
        let changed = config.replace("monitoring_interval = 0\n", &reads);
        assert_ne!(changed, config, "the demo's [sts]");
        changed
    })?;
    until("the metadata is not read", || {
        Ok(listed(fabrikam)?["outcome"] == "current")
    })?;
    ensure!(said(fabrikam)?.is_empty());

    // The next key is shown, then signs.
    let before = believed(fabrikam)?;
    contoso.wicketgate_json(&["key", "roll"])?;
    until("contoso does not show its next key", || {
        Ok(keys(&metadata()?) == 2)
    })?;
    web.says(Some(&metadata()?))?;
    touched("one")?;
    until("the next key is not known", || {
        Ok(believed(fabrikam)?.len() == 2)
    })?;
    gate.line("says what its partner's metadata says by now")?;
    contoso.wicketgate_json(&["key", "promote", "--early"])?;
    until("contoso does not sign by its next key", || {
        Ok(keys(&metadata()?) == 1)
    })?;
    web.says(Some(&metadata()?))?;
    touched("two")?;
    until("the old key is believed still", || {
        let known = believed(fabrikam)?;
        Ok(known.len() == 1 && known != before)
    })?;
    ensure!(said(fabrikam)? == ["taken", "taken"]);
    let mut browser = federation.browser()?;
    let page = federation.as_far_as_contoso(&mut browser)?;
    // The demo's own gate hears of a trust within seconds.
    until("fabrikam's gate does not know the trust", || {
        let page = federation.asked_by_a_stranger()?;
        Ok(page.heads.contains("sts.contoso.localhost"))
    })?;
    let answered = federation.brings(&mut browser, &page)?;
    ensure!(answered.status == 200, "{}", answered.body);

    // Somebody else's metadata, and a way elsewhere: nothing changes, and it is said once.
    let known = believed(fabrikam)?;
    let foreign = std::fs::read_to_string(federation.metadata_of(fabrikam)?)?;
    web.says(Some(&foreign))?;
    touched("three")?;
    until("the stranger is not noticed", || {
        Ok(listed(fabrikam)?["outcome"] == "unread")
    })?;
    ensure!(listed(fabrikam)?["said"] == "it is signed by a key that is not known");
    let refused = said(fabrikam)?;
    ensure!(
        refused.last().map(String::as_str) == Some("unread"),
        "{refused:?}"
    );
    web.says(None)?;
    touched("four")?;
    until("the redirect is not noticed", || {
        let said = listed(fabrikam)?["said"].to_string();
        Ok(said.contains("HTTP 302"))
    })?;
    ensure!(believed(fabrikam)? == known);
    let doctor = fabrikam.wicketgate(&["doctor", "--json", "--config", &beside(fabrikam)])?;
    let findings = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let of_ours = |it: &&str| it.contains("partner-unread") && it.contains(TRUST);
    ensure!(findings.lines().any(|it| of_ours(&it)), "{findings}");

    // Where nobody follows, changes wait, and an administrator takes them.
    followed(false)?;
    contoso.wicketgate_json(&["key", "roll"])?;
    until("contoso does not show its third key", || {
        Ok(keys(&metadata()?) == 2)
    })?;
    web.says(Some(&metadata()?))?;
    touched("five")?;
    until("the change does not wait", || {
        Ok(listed(fabrikam)?["outcome"] == "waiting")
    })?;
    ensure!(believed(fabrikam)? == known);
    let shown = fabrikam.wicketgate(&["trust", "show", TRUST])?;
    let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
    let waits = "changes wait: run wicketgate trust refresh 'Contoso STS'";
    ensure!(shown.contains(waits), "{shown}");
    let file = federation.metadata_of(contoso)?.display().to_string();
    fabrikam.wicketgate_json(&["trust", "refresh", TRUST, "--metadata", &file])?;
    ensure!(believed(fabrikam)?.len() == 2);
    until("what was taken waits still", || {
        Ok(listed(fabrikam)?["outcome"] == "current")
    })?;
    ensure!(fabrikam.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

/// The configuration of the gate that reads.
fn beside(demo: &Demo) -> String {
    demo.folder().join("beside.toml").display().to_string()
}
