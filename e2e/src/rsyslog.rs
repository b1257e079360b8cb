//! rsyslog as the collector of the audit trail: it takes syslog over TLS and writes each message into a file at once.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::demo::root;
use crate::until::until;

/// Whose TLS it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// OpenSSL's.
    OpenSsl,
    /// GnuTLS's.
    GnuTls,
}

/// A collector: its folder, its port, and the process while it runs.
#[derive(Debug)]
pub struct Rsyslog {
    child: Option<Child>,
    folder: tempfile::TempDir,
    driver: Driver,
    port: u16,
}

/// A message as rsyslog understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Facility and severity.
    pub priority: u16,
    /// HOSTNAME.
    pub host: String,
    /// APP-NAME.
    pub app: String,
    /// MSGID.
    pub id: String,
    /// The parameters of the one element.
    pub data: BTreeMap<String, String>,
    /// The text.
    pub text: String,
}

impl Rsyslog {
    /// Whether it is on this machine: the system's, or the one that `cargo xtask test` unpacked.
    #[must_use]
    pub fn is_here() -> bool {
        top().is_some()
    }

    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(driver: Driver) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        certificates(folder.path())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut collector = Self {
            child: None,
            folder,
            driver,
            port,
        };
        collector.run()?;
        Ok(collector)
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let top = top().context("rsyslog is not here")?;
        let libraries = top.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
        let file = self.folder.path().join("rsyslog.conf");
        std::fs::write(&file, self.configuration())?;
        let log = std::fs::File::create(self.folder.path().join("rsyslog.log"))?;
        let child = Command::new(top.join("usr/sbin/rsyslogd"))
            .env("LD_LIBRARY_PATH", &libraries)
            .arg("-n")
            .arg("-f")
            .arg(&file)
            .arg("-i")
            .arg(self.folder.path().join("pid"))
            .arg("-M")
            .arg(libraries.join("rsyslog"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        until("the collector listens", || {
            Ok(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok())
        })
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    ///
    /// It cannot be signalled.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// What a gate's configuration says of it.
    #[must_use]
    pub fn table(&self) -> String {
        format!(
            "[audit.syslog]\nserver = \"localhost:{}\"\nauthorities = \"{}\"\nhost_name = \"gate1.contoso.com\"\n",
            self.port,
            self.folder.path().join("ca.pem").display()
        )
    }

    /// Everything that it wrote, as text.
    #[must_use]
    pub fn written(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("received")).unwrap_or_default()
    }

    /// The messages that it received, in their order.
    ///
    /// # Errors
    ///
    /// It wrote something else.
    pub fn received(&self) -> anyhow::Result<Vec<Received>> {
        let written = self.written();
        let whole = written.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| message(line).with_context(|| line.to_owned()))
            .collect()
    }

    /// Where each message is written before the connection is answered.
    fn configuration(&self) -> String {
        let driver = match self.driver {
            Driver::OpenSsl => "ossl",
            Driver::GnuTls => "gtls",
        };
        let (folder, port) = (self.folder.path().display(), self.port);
        format!(
            r#"global(workDirectory="{folder}" defaultNetstreamDriver="{driver}" maxMessageSize="64k"
 defaultNetstreamDriverCAFile="{folder}/ca.pem" defaultNetstreamDriverCertFile="{folder}/collector.pem"
 defaultNetstreamDriverKeyFile="{folder}/collector.key")
main_queue(queue.type="Direct")
module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="each" type="list") {{
 property(name="pri") constant(value="\t") property(name="hostname") constant(value="\t")
 property(name="app-name") constant(value="\t") property(name="msgid") constant(value="\t")
 property(name="structured-data") constant(value="\t") property(name="msg") constant(value="\n") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="keep")
ruleset(name="keep" queue.type="Direct") {{ action(type="omfile" file="{folder}/received" template="each") }}
"#
        )
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.kill();
    }
}

/// Below what rsyslog is.
fn top() -> Option<PathBuf> {
    let tops = [PathBuf::from("/"), root().join("target/lab-packages")];
    tops.into_iter()
        .find(|top| top.join("usr/sbin/rsyslogd").is_file())
}

/// An authority, and a certificate of it for `localhost`.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    let mut authority = CertificateParams::new([])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &authority)?;
    std::fs::write(folder.join("ca.pem"), authority.pem())?;
    std::fs::write(folder.join("collector.pem"), leaf.pem())?;
    Ok(std::fs::write(
        folder.join("collector.key"),
        key.serialize_pem(),
    )?)
}

/// A line of its file: rsyslog parsed the message, and keeps the element as it came.
fn message(line: &str) -> anyhow::Result<Received> {
    let mut fields = line.splitn(6, '\t');
    let mut field = || fields.next().context("a field is missing");
    let (priority, host, app, id) = (field()?.parse()?, field()?, field()?, field()?);
    let (data, text) = (field()?, field()?);
    Ok(Received {
        priority,
        host: host.to_owned(),
        app: app.to_owned(),
        id: id.to_owned(),
        data: parameters(data).context("an element is malformed")?,
        text: text.trim_start_matches([' ', '\u{feff}']).to_owned(),
    })
}

/// The parameters of an element, without their escapes (RFC 5424 6.3).
fn parameters(element: &str) -> Option<BTreeMap<String, String>> {
    let mut rest = element.strip_prefix("[wicketgate@32473")?;
    let mut parameters = BTreeMap::new();
    loop {
        if rest == "]" {
            return Some(parameters);
        }
        let (name, value) = rest.strip_prefix(' ')?.split_once("=\"")?;
        let (mut letters, mut text) = (value.chars(), String::new());
        loop {
            match letters.next()? {
                '\\' => text.push(letters.next()?),
                '"' => break,
                letter => text.push(letter),
            }
        }
        parameters.insert(name.to_owned(), text);
        rest = letters.as_str();
    }
}
