//! A gate with an office: listeners where members of the lab's domain sign in by Kerberos, and the people there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

use crate::active_directory::{ActiveDirectory, KDC, TOP};
use crate::demo::{binary, root};

/// The name of all its listeners.
pub const HOST: &str = "gateway.contoso.test";
/// A computer in the office.
pub const INSIDE: &str = "127.0.0.20";
/// A computer elsewhere.
pub const OUTSIDE: &str = "127.0.0.21";
/// The port of the office's listener; whoever gives no address of its own is in the office there.
pub const ALLOW: u16 = 443;
/// The port of one that demands bindings, of the same office.
pub const REQUIRE: u16 = 8443;
/// The port of one where nobody is internal.
pub const EXTERNAL: u16 = 9443;
/// The port of one behind a balancer.
pub const BALANCED: u16 = 7443;

const CONFIG: &str = r#"
[store]
file = "wicketgate.db"
key_file = "wicketgate.keys"
[names]
domain = "CONTOSO"
dns_domain = "contoso.test"
[kerberos]
account = "gateway$"
keytab = "gateway.keytab"
controllers = ["127.0.0.10"]
[[listener]]
address = "127.0.0.12:443"
certificate = [{ chain = "tls/gateway.pem", key = "tls/gateway.key" }]
internal_networks = ["127.0.0.20/32", "127.0.0.1/32"]
[[listener]]
address = "127.0.0.12:8443"
certificate = [{ chain = "tls/gateway.pem", key = "tls/gateway.key" }]
internal_networks = ["127.0.0.20/32", "127.0.0.1/32"]
channel_binding = "require"
[[listener]]
address = "127.0.0.12:9443"
certificate = [{ chain = "tls/gateway.pem", key = "tls/gateway.key" }]
[[listener]]
address = "127.0.0.12:7443"
certificate = [{ chain = "tls/gateway.pem", key = "tls/gateway.key" }]
internal_networks = ["10.1.0.0/16"]
proxy_protocol = ["127.0.0.30/32"]
[[farm]]
name = "app"
address = "http://127.0.0.11:80"
host_header = "lync-fe.contoso.test"
spn = "HTTP/lync-fe.contoso.test"
[[route]]
host = "gateway.contoso.test"
path = "/"
below = true
auth = ["negotiate", "ntlm"]
service = "app"
farm = "app"
[[policy]]
zones = ["internal"]
methods = ["kerberos", "app-password"]
[[policy]]
zones = ["external"]
methods = ["app-password"]
"#;

/// A gate inside the lab, with alice's and dave's accounts.
#[derive(Debug)]
pub struct Office<'l> {
    lab: &'l ActiveDirectory,
    child: Child,
    /// The digest of the certificate that it shows, as [`crate::kerberos`] takes a binding.
    pub digest: String,
}

impl<'l> Office<'l> {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn open(lab: &'l ActiveDirectory) -> anyhow::Result<Self> {
        Self::open_as(lab, |config| config)
    }

    /// Opens it with another configuration.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn open_as(
        lab: &'l ActiveDirectory,
        change: impl FnOnce(String) -> String,
    ) -> anyhow::Result<Self> {
        let folder = lab.folder();
        let shown = CertificateDer::from_pem_file(folder.join("tls/gateway.pem"))?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &shown);
        let config = change(CONFIG.to_owned());
        std::fs::write(folder.join("wicketgate.toml"), config)?;
        ran(&mut wicketgate(lab, &["db", "migrate"])?)?;
        for (user, realm) in [
            ("alice", "CONTOSO.TEST"),
            ("dave", "CONTOSO.TEST"),
            ("bob", "OTHER.TEST"),
        ] {
            let (account, upn) = (format!("CONTOSO\\{user}"), format!("{user}@contoso.test"));
            ran(&mut wicketgate(
                lab,
                &[
                    "user", "add", &account, "--upn", &upn, "--realm", realm, "--mail", &upn,
                ],
            )?)?;
        }
        let mut serve = wicketgate(lab, &["serve"])?;
        serve.env("RUST_LOG", "info").stderr(Stdio::piped());
        let mut child = serve.stdout(Stdio::null()).spawn()?;
        let log = child.stderr.take().context("no log")?;
        let mut log = BufReader::new(log);
        let mut said = String::new();
        while !said.contains("the gate is open") {
            if log.read_line(&mut said)? == 0 {
                bail!("the gate does not open: {said}");
            }
        }
        // What it says from here on nobody reads, and it must not wait for that.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let digest = format!("base64:{}", BASE64_STANDARD.encode(digest));
        Ok(Self { lab, child, digest })
    }

    /// Asks who the back end sees, from an address; status and body.
    ///
    /// # Errors
    ///
    /// No answer came.
    pub fn asks(&self, from: &str, port: u16, more: &[&str]) -> anyhow::Result<(String, String)> {
        self.asks_for("/who.shtml", (from, port), more)
    }

    /// Asks for a path, from an address; status and body.
    ///
    /// # Errors
    ///
    /// No answer came.
    pub fn asks_for(
        &self,
        path: &str,
        (from, port): (&str, u16),
        more: &[&str],
    ) -> anyhow::Result<(String, String)> {
        let mut curl = self.lab.command("env");
        curl.args([
            "KRB5_CONFIG=/mnt/client.conf",
            "KRB5CCNAME=FILE:/mnt/alice.ccache",
            "curl",
        ]);
        curl.args(["--silent", "--show-error", "--write-out", "\n%{http_code}"]);
        curl.args(["--cacert", "/mnt/tls/ca.pem", "--interface", from]);
        curl.args(more).arg(format!("https://{HOST}:{port}{path}"));
        let output = curl.output()?;
        let text = String::from_utf8(output.stdout)?;
        let (body, status) = text.rsplit_once('\n').context("no status")?;
        Ok((status.to_owned(), body.to_owned()))
    }

    /// The same by the ticket of alice's logon.
    ///
    /// # Errors
    ///
    /// No answer came.
    pub fn by_ticket(&self, from: &str, port: u16) -> anyhow::Result<(String, String)> {
        self.asks(from, port, &["--negotiate", "--user", ":"])
    }

    /// With a token that something else made; the status.
    ///
    /// # Errors
    ///
    /// No answer came.
    pub fn with_token(&self, from: &str, port: u16, token: &Value) -> anyhow::Result<String> {
        let token = token.as_str().context("no token")?;
        let header = format!("Authorization: Negotiate {token}");
        Ok(self.asks(from, port, &["--header", &header])?.0)
    }

    /// The events that the audit trail has.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn audited(&self) -> anyhow::Result<Vec<Value>> {
        let listed = ran(&mut wicketgate(self.lab, &["audit", "list", "--json"])?)?;
        let text = String::from_utf8(listed.stdout)?;
        Ok(serde_json::Deserializer::from_str(&text)
            .into_iter::<Value>()
            .flatten()
            .flat_map(|value| match value {
                Value::Array(events) => events,
                other => vec![other],
            })
            .collect())
    }
}

impl Drop for Office<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A verb of the gate's command line, not run yet.
///
/// # Errors
///
/// The program is not built.
pub fn wicketgate(lab: &ActiveDirectory, verb: &[&str]) -> anyhow::Result<Command> {
    let mut command = lab.command(binary()?);
    command
        .args(["--config", "/mnt/wicketgate.toml"])
        .args(verb);
    Ok(command)
}

/// Runs what must succeed.
///
/// # Errors
///
/// It does not.
pub fn ran(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

/// Signs somebody in at their computer; whether the domain lets them.
///
/// # Errors
///
/// The lab cannot do it.
pub fn logs_on(lab: &ActiveDirectory, user: &str) -> anyhow::Result<bool> {
    let conf = format!(
        "[libdefaults]\n default_realm = CONTOSO.TEST\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n[realms]\n CONTOSO.TEST = {{\n  kdc = {KDC}\n }}\n"
    );
    std::fs::write(lab.folder().join("client.conf"), conf)?;
    for script in ["ticket.py", "domain.py", "bound.py"] {
        std::fs::copy(
            root().join("e2e/lab").join(script),
            lab.folder().join(script),
        )?;
    }
    let mut command = lab.command("env");
    command.args([
        "KRB5_CONFIG=/mnt/client.conf",
        "/usr/bin/python3",
        "/mnt/ticket.py",
        user,
    ]);
    command.arg(format!("{TOP}/{user}.ccache"));
    let output = command.output()?;
    if user == "alice" && !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}
