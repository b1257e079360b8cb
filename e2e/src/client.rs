//! Clients that nobody here wrote, run as programs: curl and Python with pyspnego.

use std::process::{Command, Output};

use anyhow::Context;

use crate::demo::Demo;

/// One run of curl against a demo.
#[derive(Debug)]
pub struct Curl<'a> {
    demo: &'a Demo,
    command: Command,
}

/// What curl got.
#[derive(Debug)]
pub struct Got {
    /// The status of the last answer.
    pub status: u16,
    /// Every head that came, in order.
    pub heads: String,
    /// The last body.
    pub body: String,
}

impl<'a> Curl<'a> {
    /// A request that trusts the demo's authority.
    #[must_use]
    pub fn new(demo: &'a Demo) -> Self {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "60",
        ]);
        command.arg("--cacert").arg(demo.text("/ca"));
        // Older curl asks DNS for names below localhost when IPv6 is off.
        let hosts = [
            "lyncdiscover",
            "lyncweb",
            "autodiscover",
            "mail",
            "portal",
            "sts",
        ];
        for host in hosts {
            let port = demo.address().port();
            command
                .arg("--resolve")
                .arg(format!("{host}.contoso.localhost:{port}:127.0.0.1"));
        }
        Self { demo, command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Signs in by NTLM.
    #[must_use]
    pub fn ntlm(self, user: &str, password: &str) -> Self {
        self.arguments(&["--ntlm", "--user", &format!("{user}:{password}")])
    }

    /// Signs in by Basic.
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.arguments(&["--basic", "--user", &format!("{user}:{password}")])
    }

    /// Posts a web ticket request for a SIP URI.
    #[must_use]
    pub fn web_ticket_request(self, sip: &str) -> Self {
        let body = request_for(self.demo, sip);
        self.arguments(&[
            "-H",
            "Content-Type: text/xml; charset=utf-8",
            "--data-binary",
            &body,
        ])
    }

    /// Sends it to a URL.
    ///
    /// # Errors
    ///
    /// curl failed.
    pub fn get(mut self, url: &str) -> anyhow::Result<Got> {
        let heads = tempfile::NamedTempFile::new()?;
        self.command.arg("--dump-header").arg(heads.path());
        self.command.args(["--write-out", "\n%{http_code}", url]);
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().context("curl")?;
        anyhow::ensure!(
            status.success(),
            "curl: {}",
            String::from_utf8_lossy(&stderr)
        );
        let out = String::from_utf8_lossy(&stdout);
        let (body, code) = out.rsplit_once('\n').context("curl wrote no status")?;
        let heads = std::fs::read_to_string(heads.path())?;
        Ok(Got {
            status: code.parse()?,
            heads,
            body: body.to_owned(),
        })
    }
}

/// A web ticket request for a SIP URI, as the demo's printed commands send it.
#[must_use]
pub fn request_for(demo: &Demo, sip: &str) -> String {
    let file = demo.folder().join("rst-anna.xml");
    let request = std::fs::read_to_string(file).unwrap_or_default();
    request.replace(&demo.person(0).sip, sip)
}
