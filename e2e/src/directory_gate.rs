//! A gate inside a lab's namespaces, beside its domain controller: with a back end that holds what it is asked
//! to hold, and accounts from the directory.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, bail};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use crate::active_directory::{ActiveDirectory, TOP};
use crate::demo::binary;

/// The published name, and where it is.
const HOST: &str = "app.contoso.test";
const ADDRESS: &str = "127.0.0.12";
/// What the people of the lab have as domain password; the account `reader` reads the directory by it.
const PASSWORD: &str = "Not.for.the.gate.1";
/// How long a line of the log is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers at once, and `/hold` little by little for two minutes.
const BACK_END: &str = r#"
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        if self.path != "/hold":
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for _ in range(1200):
                self.wfile.write(b"1\r\n.\r\n")
                time.sleep(0.1)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.12", 8081), Handler)
print("ready", flush=True)
server.serve_forever()
"#;

/// A running gate.
#[derive(Debug)]
pub struct DomainGate {
    gate: Child,
    back_end: Child,
    log: Receiver<String>,
}

/// Somebody's request that goes on and on.
#[derive(Debug)]
pub struct Held(Child);

/// Writes the gate's files into the lab and makes its store; `[directory]` has these lines.
///
/// # Errors
///
/// They cannot be written, or the gate finds them wrong.
pub fn prepare(lab: &ActiveDirectory, directory: &str) -> anyhow::Result<()> {
    let folder = folder(lab);
    if !folder.is_dir() {
        std::fs::create_dir(&folder)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![HOST.to_owned()])?.self_signed(&key)?;
        std::fs::write(folder.join("gate.pem"), certificate.pem())?;
        std::fs::write(folder.join("gate.key"), key.serialize_pem())?;
    }
    let config = format!(
        r#"
[store]
file = "store.db"
key_file = "keys"

[names]
domain = "CONTOSO"
dns_domain = "contoso.test"

[directory]
{directory}

[onward]
key = "gate.key"
issuer = "gate"

[[listener]]
address = "{ADDRESS}:8443"
certificate = [{{ chain = "gate.pem", key = "gate.key" }}]

[[farm]]
name = "app"
address = "http://{ADDRESS}:8081"
identity_header = "x-wicketgate-identity"

[[route]]
host = "{HOST}"
public_port = 8443
path = "/"
below = true
auth = ["basic"]
service = "app"
farm = "app"

[[policy]]
methods = ["app-password"]
"#
    );
    std::fs::write(folder.join("wicketgate.toml"), config)?;
    if !folder.join("store.db").exists() {
        tell(lab, &["db", "migrate"], "")?;
        tell(lab, &["directory", "set-password"], PASSWORD)?;
    }
    Ok(())
}

/// Runs a verb that must succeed, with this on its standard input; gives the JSON values that it prints.
///
/// # Errors
///
/// It fails.
pub fn tell(lab: &ActiveDirectory, verb: &[&str], input: &str) -> anyhow::Result<Vec<Value>> {
    let (status, out, error) = try_to_tell(lab, verb, input)?;
    if status != Some(0) {
        bail!("{verb:?}: {status:?} {error}");
    }
    let values = out.lines().map(serde_json::from_str);
    Ok(values.collect::<Result<_, _>>().unwrap_or_default())
}

/// Runs a verb: its exit status and what it says on both outputs.
///
/// # Errors
///
/// It cannot be run.
pub fn try_to_tell(
    lab: &ActiveDirectory,
    verb: &[&str],
    input: &str,
) -> anyhow::Result<(Option<i32>, String, String)> {
    let mut child = wicketgate(lab)?
        .args(verb)
        .arg("--json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("no standard input")?
        .write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    Ok((
        output.status.code(),
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    ))
}

/// Adds somebody of the directory and makes an app password, which it gives.
///
/// # Errors
///
/// There is nobody of that name.
pub fn enrol(lab: &ActiveDirectory, name: &str) -> anyhow::Result<String> {
    tell(lab, &["user", "add", name, "--from-directory"], "")?;
    app_password(lab, name)
}

/// Makes an app password of an account, which it gives.
///
/// # Errors
///
/// There is no account of that name.
pub fn app_password(lab: &ActiveDirectory, name: &str) -> anyhow::Result<String> {
    let verb = [
        "app-password",
        "create",
        name,
        "--label",
        "phone",
        "--scope",
        "app",
    ];
    let made = tell(lab, &verb, "")?;
    let made = made.first().context("nothing was printed")?;
    let shown = made["app_password"].as_str();
    Ok(shown
        .with_context(|| format!("no app password in {made}"))?
        .to_owned())
}

/// Signs in once: the status, and how long it took.
///
/// # Errors
///
/// No answer came.
pub fn sign_in(lab: &ActiveDirectory, name: &str, secret: &str) -> anyhow::Result<(u16, Duration)> {
    let output = curl(lab, "/", (name, secret))
        .args([
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code} %{time_total}",
        ])
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    let (status, seconds) = said.split_once(' ').context("curl says nothing")?;
    Ok((status.parse()?, Duration::from_secs_f64(seconds.parse()?)))
}

impl DomainGate {
    /// Starts the gate that was prepared.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start(lab: &ActiveDirectory) -> anyhow::Result<Self> {
        Self::start_in(lab, &[])
    }

    /// The same, with this in the gate's environment.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn start_in(lab: &ActiveDirectory, environment: &[String]) -> anyhow::Result<Self> {
        let mut back_end = lab
            .command("/usr/bin/python3")
            .args(["-c", BACK_END])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(back_end.stdout.take().context("no output")?).read_line(&mut line)?;
        anyhow::ensure!(line == "ready\n", "the back end said `{line}`");
        let mut gate = lab
            .command("env")
            .args(environment)
            .arg(binary()?)
            .arg("--config")
            .arg(config_file())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let errors = BufReader::new(gate.stderr.take().context("no log")?);
        let (says, log) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // A story that is over reads no more.
                let _ = says.send(line);
            }
        });
        let started = Self {
            gate,
            back_end,
            log,
        };
        started.line("the gate is open")?;
        Ok(started)
    }

    /// Waits for the next line of the log with this in it.
    ///
    /// # Errors
    ///
    /// None comes.
    pub fn line(&self, wanted: &str) -> anyhow::Result<String> {
        let mut said = String::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.with_context(|| format!("no `{wanted}` in the log: {said}"))?;
            if line.contains(wanted) {
                return Ok(line);
            }
            said.push_str(&line);
            said.push('\n');
        }
    }
}

impl Held {
    /// Begins one, and waits until its answer has begun.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub fn begin(lab: &ActiveDirectory, name: &str, secret: &str) -> anyhow::Result<Self> {
        let mut child = curl(lab, "/hold", (name, secret))
            .args(["--no-buffer", "--fail"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut first = [0];
        let output = child.stdout.as_mut().context("no output")?;
        output.read_exact(&mut first).context("nothing is held")?;
        Ok(Self(child))
    }

    /// Waits until it ends: whether that was the end of the answer, not of the connection.
    ///
    /// # Errors
    ///
    /// It cannot be waited for.
    pub fn is_whole(mut self) -> anyhow::Result<bool> {
        let mut rest = Vec::new();
        self.0
            .stdout
            .take()
            .context("no output")?
            .read_to_end(&mut rest)?;
        Ok(self.0.wait()?.success())
    }

    /// Whether it goes on.
    ///
    /// # Errors
    ///
    /// It cannot be asked.
    pub fn goes_on(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }
}

impl Drop for DomainGate {
    fn drop(&mut self) {
        for child in [&mut self.gate, &mut self.back_end] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn folder(lab: &ActiveDirectory) -> PathBuf {
    lab.folder().join("gate")
}

fn wicketgate(lab: &ActiveDirectory) -> anyhow::Result<Command> {
    let mut command = lab.command(binary()?);
    command.arg("--config").arg(config_file());
    Ok(command)
}

fn config_file() -> PathBuf {
    Path::new(TOP).join("gate/wicketgate.toml")
}

fn curl(lab: &ActiveDirectory, path: &str, (name, secret): (&str, &str)) -> Command {
    let mut command = lab.command("curl");
    command
        .args(["--silent", "--insecure", "--resolve"])
        .arg(format!("{HOST}:8443:{ADDRESS}"))
        .args(["--user", &format!("{name}:{secret}")])
        .arg(format!("https://{HOST}:8443{path}"));
    command
}
