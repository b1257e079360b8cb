//! Clients that nobody here wrote, run as programs: curl and Python with pyspnego.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use anyhow::Context;
use tempfile::TempPath;

use crate::demo::Demo;

/// A body that takes a minute at this rate, as curl writes it; its pieces are small, so that it soon learns of the end.
const HELD_BYTES: usize = 16_000_000;
const HELD_RATE: &str = "256k";

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

    /// Sends a request that is answered, and on the same connection one whose body takes a minute: curl holds it open.
    ///
    /// # Errors
    ///
    /// curl does not start, or the first is not answered on a connection of its own.
    pub fn holds(mut self, url: &str) -> anyhow::Result<Held> {
        self.command.args(["--http1.1", "--output", "/dev/null"]);
        self.command
            .args(["--write-out", "%{stderr}\n%{http_code} %{num_connects}\n"]);
        let all = self.command.get_args().map(ToOwned::to_owned);
        let all: Vec<OsString> = all.collect();
        let mut body = tempfile::NamedTempFile::new()?;
        body.write_all(&vec![b'x'; HELD_BYTES])?;
        let body = body.into_temp_path();
        self.command.arg(url).arg("--next").args(all);
        self.command
            .args(["--limit-rate", HELD_RATE, "--header", "Expect:"]);
        self.command
            .arg("--data-binary")
            .arg(format!("@{}", body.display()));
        let mut child = self.command.arg(url).stderr(Stdio::piped()).spawn()?;
        let told = child.stderr.take().context("curl says nothing")?;
        let mut held = Held {
            child,
            told: BufReader::new(told),
            _body: body,
        };
        let first = held.says()?;
        anyhow::ensure!(first == "200 1", "curl: {first}");
        Ok(held)
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

/// A run of curl that holds a connection open.
#[derive(Debug)]
pub struct Held {
    child: Child,
    _body: TempPath,
    told: BufReader<ChildStderr>,
}

impl Held {
    /// Whether curl still holds it.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn is_open(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until the connection has died, and gives what curl says of the request that it was held with: its status and how
    /// many connections it took.
    ///
    /// # Errors
    ///
    /// curl ends well, or says nothing.
    pub fn dies(&mut self) -> anyhow::Result<String> {
        let status = self.child.wait()?;
        anyhow::ensure!(!status.success(), "nothing was wrong with it");
        self.says()
    }

    /// The next line that is a status and a number.
    fn says(&mut self) -> anyhow::Result<String> {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = self.told.read_line(&mut line)?;
            anyhow::ensure!(read > 0, "curl: {all}");
            let mut words = line.split_whitespace().map(str::parse::<u16>);
            if let (Some(Ok(_)), Some(Ok(_)), None) = (words.next(), words.next(), words.next()) {
                return Ok(line.trim().to_owned());
            }
            all.push_str(&line);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // One that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A web ticket request for a SIP URI, as the demo's printed commands send it.
#[must_use]
pub fn request_for(demo: &Demo, sip: &str) -> String {
    let file = demo.folder().join("rst-anna.xml");
    let request = std::fs::read_to_string(file).unwrap_or_default();
    request.replace(&demo.person(0).sip, sip)
}
