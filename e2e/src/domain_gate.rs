//! A gate inside the lab's domain: its account is the domain's `gateway$`, and its back ends see Windows users.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::active_directory::{ActiveDirectory, KDC, TOP};
use crate::demo::binary;
use crate::serve::Serve;

/// A running gate.
#[derive(Debug)]
pub struct DomainGate<'a> {
    lab: &'a ActiveDirectory,
    /// The gate.
    pub serve: Serve,
}

/// The gate's files, as a process inside the lab names them.
const FOLDER: &str = "gate";

/// Names, account and listener, without a back end.
#[must_use]
pub fn base() -> String {
    format!(
        r#"
[store]
file = "{TOP}/{FOLDER}/wicketgate.db"
key_file = "{TOP}/{FOLDER}/wicketgate.keys"

[names]
domain = "CONTOSO"
dns_domain = "contoso.test"

[kerberos]
account = "gateway$"
keytab = "{TOP}/gateway.keytab"
controllers = ["{KDC}"]

[[listener]]
address = "127.0.0.12:443"
certificate = [{{ chain = "{TOP}/tls/gateway.pem", key = "{TOP}/tls/gateway.key" }}]

[[policy]]
methods = ["app-password"]
"#
    )
}

/// A back end of the domain that is told by Kerberos who the user is: the lab's Apache, over TLS.
#[must_use]
pub fn farm(name: &str, host: &str) -> String {
    format!(
        r#"
[[farm]]
name = "{name}"
address = "https://{host}.contoso.test"
authorities = "{TOP}/tls/ca.pem"
spn = "HTTP/{host}.contoso.test"
host_header = "{host}.contoso.test"
"#
    )
}

/// `app.contoso.test`, which leads to that farm and takes every way of signing in on a connection.
#[must_use]
pub fn route(farm: &str) -> String {
    format!(
        r#"
[[route]]
host = "app.contoso.test"
path = "/"
below = true
auth = ["negotiate", "ntlm", "basic"]
service = "app"
farm = "{farm}"
"#
    )
}

/// A Lync pool at `lyncweb.contoso.test` that leads to that farm.
#[must_use]
pub fn pool(farm: &str) -> String {
    format!(
        r#"
[[lync.pool]]
web_host = "lyncweb.contoso.test"
farm = "{farm}"
"#
    )
}

impl<'a> DomainGate<'a> {
    /// Writes the configuration and opens the gate.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn open(lab: &'a ActiveDirectory, config: &str) -> anyhow::Result<Self> {
        Self::open_in(lab, config, &[])
    }

    /// The same, with this in its environment.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn open_in(
        lab: &'a ActiveDirectory,
        config: &str,
        environment: &[String],
    ) -> anyhow::Result<Self> {
        write(lab, config)?;
        // Its parent enters the lab and waits there; it shall end with it.
        let mut command = lab.command("env");
        command
            .args(environment)
            .args(["setpriv", "--pdeathsig", "KILL"])
            .arg(binary()?)
            .arg("--config")
            .arg(config_file())
            .arg("serve");
        Ok(Self {
            lab,
            serve: Serve::opened_by(command)?,
        })
    }

    /// Runs a verb of the command line that must succeed, and gives the JSON lines it prints.
    ///
    /// # Errors
    ///
    /// It does not succeed.
    pub fn wicketgate(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = command(self.lab)?.arg("--json").args(arguments).output()?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| Ok(serde_json::from_slice(line)?))
            .collect()
    }

    /// Adds an account of the domain and gives an app password of theirs, for every service there is.
    ///
    /// # Errors
    ///
    /// It cannot be added.
    pub fn add(&self, user: &str, scope: &str) -> anyhow::Result<String> {
        let (account, upn) = (format!("CONTOSO\\{user}"), format!("{user}@contoso.test"));
        let sip = format!("sip:{upn}");
        self.wicketgate(&["user", "add", &account, "--upn", &upn, "--sip", &sip])?;
        let made = [
            "app-password",
            "create",
            &upn,
            "--label",
            "story",
            "--scope",
            scope,
        ];
        let made = self.wicketgate(&made)?;
        let password = made.first().and_then(|it| it["app_password"].as_str());
        Ok(password.context("no app password")?.to_owned())
    }

    /// What curl gets from the gate: the status, and the body.
    ///
    /// # Errors
    ///
    /// curl cannot be run.
    pub fn curl(&self, arguments: &[&str]) -> anyhow::Result<(u16, String)> {
        let output = self.curl_of(arguments).output()?;
        told(&output)
    }

    /// curl as it is run inside the lab, not run yet.
    #[must_use]
    pub fn curl_of(&self, arguments: &[&str]) -> Command {
        let mut curl = self.lab.command("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--noproxy",
            "*",
        ])
        .args(["--cacert", &format!("{TOP}/tls/ca.pem")])
        .args(["--write-out", "\n%{http_code}"])
        .args(arguments);
        curl
    }
}

/// The status and the body of what curl printed.
///
/// # Errors
///
/// It got no answer.
pub fn told(output: &Output) -> anyhow::Result<(u16, String)> {
    let text = String::from_utf8_lossy(&output.stdout);
    let (body, status) = text.rsplit_once('\n').context("no status")?;
    if !output.status.success() {
        bail!("curl: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((status.parse()?, body.to_owned()))
}

/// Writes a gate's configuration where [`command`] reads it.
///
/// # Errors
///
/// It cannot be written.
pub fn write(lab: &ActiveDirectory, config: &str) -> anyhow::Result<()> {
    let folder = lab.folder().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join("wicketgate.toml"), config)?)
}

/// The program inside the lab, with the configuration that was written last.
///
/// # Errors
///
/// The program is not built.
pub fn command(lab: &ActiveDirectory) -> anyhow::Result<Command> {
    command_in(lab, &[])
}

/// The same, with this in its environment.
///
/// # Errors
///
/// The program is not built.
pub fn command_in(lab: &ActiveDirectory, environment: &[String]) -> anyhow::Result<Command> {
    let mut command = lab.command("env");
    command.args(environment).arg(binary()?);
    command.arg("--config").arg(config_file());
    Ok(command)
}

fn config_file() -> PathBuf {
    Path::new(TOP).join(FOLDER).join("wicketgate.toml")
}
