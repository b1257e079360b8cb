//! passport-wsfed-saml2, a relying party over WS-Federation that nobody here wrote, behind Node's own server.
//!
//! `cargo xtask test` brings it by the versions of its lock file. Start at [`Party::start`].

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;
use serde_json::{Value, json};

use crate::demo::{Demo, root};

/// What it calls itself.
pub const REALM: &str = "urn:wicketgate:story:party";
/// What it sends along, and must have back.
pub const CONTEXT: &str = "where=the front page&more=<1>";

/// A relying party that runs.
#[derive(Debug)]
pub struct Party {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    /// Where it takes requests.
    pub origin: String,
    folder: tempfile::TempDir,
}

impl Party {
    /// Where what it is made of lies, if it was brought.
    #[must_use]
    pub fn modules() -> Option<PathBuf> {
        let modules = root().join("target/story-party/node_modules");
        let has_node = Command::new("node").arg("--version").output().is_ok();
        let is_there = modules.join("passport-wsfed-saml2").is_dir();
        (has_node && is_there).then_some(modules)
    }

    /// Starts one that takes tokens of a demo's security token service, by the certificate in base64 that its metadata names.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(demo: &Demo, certificate: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name);
        let mut making = Command::new("openssl");
        making.args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ]);
        making.args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ]);
        making.arg("-keyout").arg(file("key.pem"));
        making.arg("-out").arg(file("chain.pem"));
        let made = making.stderr(Stdio::null()).status().context("openssl")?;
        anyhow::ensure!(made.success(), "openssl makes no certificate");
        let told = json!({
            "modules": Self::modules().context("it was not brought")?.parent(),
            "realm": REALM,
            "sts": demo.url("sts"),
            "certificate": certificate,
            "wctx": CONTEXT,
            "key": file("key.pem"),
            "chain": file("chain.pem"),
        });
        let mut child = Command::new("node")
            .arg(root().join("e2e/clients/party/party.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("a standard input")?;
        input.write_all(told.to_string().as_bytes())?;
        drop(input);
        let output = child.stdout.take().context("a standard output")?;
        let mut party = Self {
            child,
            says: BufReader::new(output).lines(),
            origin: String::new(),
            folder,
        };
        let port = party.says("port")?;
        party.origin = format!("https://localhost:{port}");
        Ok(party)
    }

    /// The certificate that its address is shown by.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    /// Where it takes answers.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Where it sends whoever signed in: a host of its own beside the one that takes answers.
    #[must_use]
    pub fn home(&self) -> String {
        let origin = self.origin.replace("localhost", "127.0.0.1");
        format!("{origin}/home")
    }

    /// What it says next, which must be about this.
    ///
    /// # Errors
    ///
    /// It says something else, or nothing.
    pub fn says(&mut self, about: &str) -> anyhow::Result<Value> {
        let line = self.says.next().context("it says nothing")??;
        let said: Value = serde_json::from_str(&line)?;
        let about = said.get(about).cloned();
        about.with_context(|| line.clone())
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
