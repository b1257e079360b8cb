//! A demo that runs: the real binary in a folder of its own, stopped when it is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use serde_json::Value;

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    child: Child,
    folder: tempfile::TempDir,
    /// The one line that it printed when it was ready.
    pub ready: Value,
}

/// One person of the demo.
#[derive(Clone, Debug)]
pub struct Person {
    /// `CONTOSO\anna`
    pub account: String,
    /// The UPN.
    pub upn: String,
    /// The SIP URI.
    pub sip: String,
    /// The domain password.
    pub domain_password: String,
    /// The app password.
    pub app_password: String,
}

impl Demo {
    /// Starts a demo on free ports.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a demo on free ports, with arguments beside.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start_with(arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_logging("warn", arguments)
    }

    /// Starts a demo that logs what `filter` names, with arguments beside.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start_logging(filter: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(binary()?);
        command.args(["demo", "--json", "--dir"]).arg(folder.path());
        for port in ["--https-port", "--http-port"] {
            if !arguments.contains(&port) {
                command.args([port, "0"]);
            }
        }
        let log = std::fs::File::create(folder.path().with_extension("log"))?;
        let mut child = command
            .args(arguments)
            .env("RUST_LOG", filter)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let out = child.stdout.take().context("the demo has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).with_context(|| {
            let log = std::fs::read_to_string(folder.path().with_extension("log"));
            format!(
                "the demo did not become ready: {line} {}",
                log.unwrap_or_default()
            )
        })?;
        Ok(Self {
            child,
            folder,
            ready,
        })
    }

    /// A URL of the ready line, by its key.
    #[must_use]
    pub fn url(&self, key: &str) -> String {
        self.text(&format!("/urls/{key}"))
    }

    /// Scheme, name and port of the passive pool's web services.
    #[must_use]
    pub fn passive_pool(&self) -> String {
        let mex = self.url("mex");
        let (web, _) = mex.split_once("/WebTicket/").unwrap_or((&mex, ""));
        web.replace("lyncweb.", "lyncweb2.")
    }

    /// Scheme, name and port of the security token service.
    #[must_use]
    pub fn sts(&self) -> String {
        self.url("sts").trim_end_matches("/adfs/ls/").to_owned()
    }

    /// A text of the ready line, by its JSON pointer.
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        self.ready
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// One of the people, by number.
    #[must_use]
    pub fn person(&self, number: usize) -> Person {
        let text = |key: &str| self.text(&format!("/users/{number}/{key}"));
        Person {
            account: text("account"),
            upn: text("upn"),
            sip: text("sip"),
            domain_password: text("domain_password"),
            app_password: text("app_password"),
        }
    }

    /// Where the gate listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port("https_port")
    }

    /// Where the gate answers plain HTTP.
    #[must_use]
    pub fn plain_address(&self) -> SocketAddr {
        self.port("http_port")
    }

    fn port(&self, key: &str) -> SocketAddr {
        let port = self.ready.get(key).and_then(Value::as_u64);
        let port = port.unwrap_or_default();
        SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap_or_default()))
    }

    /// The folder that everything is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Every request that the servers behind have seen.
    ///
    /// # Errors
    ///
    /// The list cannot be had.
    pub fn requests(&self) -> anyhow::Result<Vec<Value>> {
        let body = plain_request(&self.text("/lab/requests"), "GET")?;
        let list: Value = serde_json::from_str(&body)?;
        list.as_array()
            .cloned()
            .context("the list of requests is no list")
    }

    /// Tells the servers behind something by the port of their list, such as `clear`.
    ///
    /// # Errors
    ///
    /// They cannot be told.
    pub fn tell_lab(&self, what: &str) -> anyhow::Result<()> {
        let url = self.text("/lab/requests");
        let url = url.replace("/requests", &format!("/{what}"));
        plain_request(&url, "POST").map(drop)
    }

    /// The servers of a farm, each by its id and its address.
    #[must_use]
    pub fn members(&self, farm: &str) -> Vec<(String, String)> {
        let list = self.ready.pointer(&format!("/lab/members/{farm}"));
        let list = list.and_then(Value::as_array).into_iter().flatten();
        let text = |member: &Value, key: &str| member[key].as_str().unwrap_or_default().to_owned();
        list.map(|member| (text(member, "id"), text(member, "address")))
            .collect()
    }

    /// Takes a server down, with every connection to it, or puts it up again.
    ///
    /// # Errors
    ///
    /// There is none of that id.
    pub fn switch(&self, id: &str, is_up: bool) -> anyhow::Result<()> {
        let members = format!("/members?id={id}&up={}", u8::from(is_up));
        let url = self.text("/lab/requests").replace("/requests", &members);
        let said = plain_request(&url, "POST")?;
        anyhow::ensure!(said.is_empty(), "{id}: {said}");
        Ok(())
    }

    /// The PEM of the public key that the front end signs its tickets with.
    ///
    /// # Errors
    ///
    /// It cannot be had.
    pub fn ticket_key(&self) -> anyhow::Result<String> {
        plain_request(
            &self
                .text("/lab/requests")
                .replace("/requests", "/ticket-key.pem"),
            "GET",
        )
    }

    /// Runs a verb of the command line on the demo's configuration.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub fn wicketgate(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command(arguments)?.output()?)
    }

    /// Runs a verb as somebody does who asked for root's rights.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub fn wicketgate_as(&self, user: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command(arguments)?.env("SUDO_USER", user).output()?)
    }

    /// A verb of the command line on the demo's configuration, not run yet.
    ///
    /// # Errors
    ///
    /// The program does not build.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        if !arguments.contains(&"--config") {
            command.args(["--config", &self.text("/config")]);
        }
        command.args(arguments);
        Ok(command)
    }

    /// Runs a verb that must succeed, and gives the JSON lines it prints.
    ///
    /// # Errors
    ///
    /// It does not succeed.
    pub fn wicketgate_json(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = self.wicketgate(&[arguments, &["--json"]].concat())?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let lines = output
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| Ok(serde_json::from_slice(line)?))
            .collect()
    }

    /// Revokes somebody's first app password.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be revoked.
    pub fn revoke(&self, person: &Person) -> anyhow::Result<()> {
        let passwords = self.wicketgate_json(&["app-password", "list", &person.upn])?;
        let first = passwords.first().and_then(|first| first.get("id"));
        let id = first.and_then(Value::as_str).context("no app password")?;
        self.wicketgate_json(&["app-password", "revoke", id])?;
        Ok(())
    }

    /// Ends the demo as an operator would and gives what it logged.
    ///
    /// # Errors
    ///
    /// It does not end by itself.
    pub fn stop(mut self) -> anyhow::Result<String> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status()?;
        let ended = self.child.wait()?;
        if !sent.success() || !ended.success() {
            bail!("the demo ended with {ended}");
        }
        Ok(std::fs::read_to_string(
            self.folder.path().with_extension("log"),
        )?)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A child that ended already needs no killing, and nothing can be done about another.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.folder.path().with_extension("log"));
    }
}

/// The program under test: built once, or named by `WICKETGATE_BINARY`.
///
/// # Errors
///
/// It does not build.
pub fn binary() -> anyhow::Result<PathBuf> {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    if let Some(named) = std::env::var_os("WICKETGATE_BINARY") {
        return Ok(named.into());
    }
    if let Some(built) = BINARY.get() {
        return Ok(built.clone());
    }
    let test = std::env::current_exe()?;
    let folder = test
        .ancestors()
        .nth(2)
        .context("the test is in no target folder")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "wicketgate"])
        .args(features())
        .args(["--profile", profile(folder)?])
        .arg("--target-dir")
        .arg(folder.parent().context("the profile has no folder")?)
        .current_dir(root())
        .status()?;
    if !built.success() {
        bail!("the program does not build");
    }
    Ok(BINARY.get_or_init(|| folder.join("wicketgate")).clone())
}

/// Whether the program under test has the feature `legacy-tls`.
#[must_use]
pub fn has_legacy_tls() -> bool {
    std::env::var_os("WICKETGATE_BINARY").is_some() || !features().is_empty()
}

/// `legacy-tls` where there is an OpenSSL to link with; `cargo xtask test` brings one.
fn features() -> &'static [&'static str] {
    static HAS_OPENSSL: OnceLock<bool> = OnceLock::new();
    let has_openssl = || {
        let mut asking = Command::new("pkg-config");
        let asked = asking.args(["--exists", "openssl >= 3"]).status();
        asked.is_ok_and(|status| status.success())
    };
    match HAS_OPENSSL.get_or_init(has_openssl) {
        true => &["--features", "legacy-tls"],
        false => &[],
    }
}

/// The profile whose results are in a folder: the program must be of the test's own, as it is looked
/// for beside the test.
fn profile(folder: &Path) -> anyhow::Result<&str> {
    let name = folder.file_name().and_then(|name| name.to_str());
    match name.context("the folder of the profile has no name")? {
        "debug" => Ok("dev"),
        other => Ok(other),
    }
}

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One plain HTTP request to a loopback address; gives the body.
///
/// # Errors
///
/// Nobody answers, or what comes is no answer.
pub fn plain_request(url: &str, method: &str) -> anyhow::Result<String> {
    let rest = url.strip_prefix("http://").context("not a plain URL")?;
    let (address, path) = rest.split_once('/').context("a URL without a path")?;
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(crate::raw::Answer::parse(&answer)?.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_of_the_test_s_own_profile() -> anyhow::Result<()> {
        assert_eq!(profile(Path::new("target/debug"))?, "dev");
        assert_eq!(profile(Path::new("target/release"))?, "release");
        assert_eq!(profile(Path::new("elsewhere/night"))?, "night");
        Ok(())
    }
}
