//! The program `kerberos` inside a lab: the gate's Kerberos, told what to do by a story.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::active_directory::{ActiveDirectory, KDC, TOP};

/// A running one.
#[derive(Debug)]
pub struct Kerberos {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Kerberos {
    /// Starts `program` in the lab with these variables in its environment.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(
        lab: &ActiveDirectory,
        program: &str,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        // Each has a folder of its own: the one thing that two of them would share is the replay cache.
        let folder = tempfile::tempdir_in(lab.folder())?.keep();
        let name = folder.file_name().context("no name")?;
        let mut child = lab
            .command("env")
            .args(
                environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .arg(program)
            .arg(Path::new(TOP).join(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("no standard input")?;
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self {
            child,
            input,
            output,
            folder,
        })
    }

    /// One that knows the domain controller and has the gate's account.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn ready(lab: &ActiveDirectory, program: &str) -> anyhow::Result<Self> {
        let mut kerberos = Self::start(lab, program, &[])?;
        kerberos.done(&json!({ "do": "configure", "kdcs": [KDC] }))?;
        kerberos.done(&json!({
            "do": "gateway", "account": "gateway$", "keytab": format!("{TOP}/gateway.keytab"),
        }))?;
        Ok(kerberos)
    }

    /// Its private folder, from outside.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks it, whatever it answers.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn ask(&mut self, what: &Value) -> anyhow::Result<Value> {
        writeln!(self.input, "{what}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("it said `{line}` to {what}"))
    }

    /// Asks it for something that must succeed.
    ///
    /// # Errors
    ///
    /// It does not, or it is gone.
    pub fn done(&mut self, what: &Value) -> anyhow::Result<Value> {
        let answer = self.ask(what)?;
        if answer.get("error").is_some() {
            bail!("{what}: {answer}");
        }
        Ok(answer)
    }
}

impl Drop for Kerberos {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
