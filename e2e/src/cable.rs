//! Two machines and a cable between them that may be pulled: network namespaces that end when this is dropped.
//!
//! On the far machine is a server that takes requests and answers none.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};

use crate::skip;

/// Where the server on the far machine is.
pub const FAR: &str = "192.0.2.2:8081";

/// Says `listening`, and then `asked` for each request that came whole.
const SERVER: &str = r#"
import os, socket, threading
def serve(connection):
    came = b""
    while data := connection.recv(65536):
        came += data
        if came.endswith(b"\r\n\r\n"):
            # In one piece: others say the same at the same time.
            os.write(1, b"asked\n")
listener = socket.create_server(("0.0.0.0", 8081))
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
"#;

/// Both machines.
#[derive(Debug)]
pub struct Cable {
    near: Child,
    far: Child,
    told: BufReader<ChildStdout>,
    enters: Vec<String>,
}

impl Cable {
    /// Lays one, or says why `story` is skipped.
    ///
    /// # Errors
    ///
    /// It cannot be laid; or it cannot run here, and nothing may be skipped.
    pub fn laid(story: &str) -> anyhow::Result<Option<Self>> {
        if let Err(reason) = can_run() {
            skip::skip(story, &reason.to_string())?;
            return Ok(None);
        }
        let user = ["--user", "--map-root-user"];
        let mut near = Command::new("unshare")
            .args(user)
            .args(["--net", "sh", "-c", "ip link set lo up && echo up && cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(near.stdout.take().context("no output")?).read_line(&mut line)?;
        let enters: Vec<String> = ["nsenter", "--user", "--preserve-credentials", "--net"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("--target={}", near.id()), "--".to_owned()])
            .collect();
        let mut far = command(&enters, "unshare")
            .args(["--net", "/usr/bin/python3", "-c", SERVER])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = BufReader::new(far.stdout.take().context("no output")?);
        let mut cable = Self {
            near,
            far,
            told,
            enters,
        };
        anyhow::ensure!(line == "up\n", "there is no near machine");
        cable.told("listening")?;
        cable.lay()?;
        Ok(Some(cable))
    }

    fn lay(&self) -> anyhow::Result<()> {
        let far = self.far.id();
        let add = format!("link add cable type veth peer name cable netns {far}");
        self.ip(&add)?;
        for (is_far, own) in [(false, "192.0.2.1/30"), (true, "192.0.2.2/30")] {
            for what in [
                format!("addr add {own} dev cable"),
                "link set cable up".to_owned(),
            ] {
                match is_far {
                    true => self.far_ip(&what)?,
                    false => self.ip(&what)?,
                }
            }
        }
        Ok(())
    }

    /// A launcher that runs programs on the near machine.
    #[must_use]
    pub fn near(&self) -> Vec<&str> {
        self.enters.iter().map(String::as_str).collect()
    }

    /// A program on the near machine.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        command(&self.enters, program)
    }

    /// Waits until a request came whole to the far machine.
    ///
    /// # Errors
    ///
    /// The server there ended.
    pub fn is_asked(&mut self) -> anyhow::Result<()> {
        self.told("asked")
    }

    /// Pulls it: what is sent from then on is lost, and nobody is told.
    ///
    /// # Errors
    ///
    /// It cannot be pulled.
    pub fn pull(&self) -> anyhow::Result<()> {
        self.far_ip("link set cable down")
    }

    fn told(&mut self, word: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        anyhow::ensure!(line.trim_end() == word, "the far machine said `{line}`");
        Ok(())
    }

    fn ip(&self, what: &str) -> anyhow::Result<()> {
        done(self.command("ip").args(what.split(' ')))
    }

    fn far_ip(&self, what: &str) -> anyhow::Result<()> {
        let far = format!("--target={}", self.far.id());
        let mut command = self.command("nsenter");
        done(command.args([&far, "--net", "ip"]).args(what.split(' ')))
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for child in [&mut self.far, &mut self.near] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(enters: &[String], program: &str) -> Command {
    let [first, rest @ ..] = enters else {
        return Command::new(program);
    };
    let mut command = Command::new(first);
    command.args(rest).arg(program);
    command
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn can_run() -> anyhow::Result<()> {
    for program in ["unshare", "nsenter", "ip", "curl"] {
        if !skip::has(program) {
            bail!("{program} is not installed");
        }
    }
    if !Path::new("/usr/bin/python3").is_file() {
        bail!("/usr/bin/python3 is not there");
    }
    let mut probe = Command::new("unshare");
    probe.args(["--user", "--map-root-user", "--net", "true"]);
    if !probe.stderr(Stdio::null()).status()?.success() {
        bail!("namespaces are not allowed here");
    }
    Ok(())
}
