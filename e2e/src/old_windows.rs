//! Old Windows and old phones, as far as TLS goes: OpenSSL's client and Python's server, held to what Schannel
//! has by default (Microsoft, "TLS Cipher Suites in Windows 7" and "in Windows 8.1").
//!
//! What OpenSSL does not have any more, RC4 and 3DES, is left out: the gate speaks it nowhere.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::active_directory::{ActiveDirectory, TOP};
use crate::demo::{Demo, has_legacy_tls, root};
use crate::skip;

/// What a client on Windows 7 offers.
pub const WINDOWS_7: &str = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:\
    ECDHE-RSA-AES128-SHA:AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA384:\
    ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA";

/// What a client on Windows 8.1 or Server 2012 R2 offers.
pub const WINDOWS_8_1: &str = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:\
    ECDHE-RSA-AES128-SHA:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:\
    DHE-RSA-AES128-SHA:AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA256:AES128-SHA256:AES256-SHA:\
    AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:\
    ECDHE-ECDSA-AES128-SHA";

/// What Server 2012 R2 has left of that where its certificate is of RSA, without DHE, whose group OpenSSL's
/// server would have to be given.
pub const SERVER_2012_R2: &str = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:\
    ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES256-GCM-SHA384:AES128-GCM-SHA256:\
    AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA";

/// What a phone has that knows only TLS 1.0 and RSA.
pub const PHONE: &str = "AES256-SHA:AES128-SHA:@SECLEVEL=0";

/// Whether the program under test has the feature, and this machine the clients; else says why `story` is skipped.
///
/// # Errors
///
/// Nothing may be skipped.
pub fn can_run(story: &str) -> anyhow::Result<bool> {
    let missing = if !has_legacy_tls() {
        "there is no OpenSSL to build with (libssl-dev)"
    } else if !skip::has("openssl") {
        "openssl is not installed"
    } else {
        return Ok(true);
    };
    skip::skip(story, missing)?;
    Ok(false)
}

/// What OpenSSL's client says that offers these suites, and nothing else, and sends a request to a host of a
/// demo: the suite that was agreed on, the certificate and the answer; or why there is none.
///
/// # Errors
///
/// It cannot be run.
pub fn client(
    gate: (&Demo, SocketAddr),
    offer: (&str, &str),
    (host, request): (&str, &str),
) -> anyhow::Result<String> {
    let mut client = s_client(gate, offer, host);
    told(client.arg("-ign_eof"), request)
}

/// What it says where it wants another handshake after the first.
///
/// # Errors
///
/// It cannot be run.
pub fn renegotiating(
    gate: (&Demo, SocketAddr),
    offer: (&str, &str),
    host: &str,
) -> anyhow::Result<String> {
    // A line that begins with an R is its word for that.
    told(&mut s_client(gate, offer, host), "R\n")
}

fn s_client(
    (demo, gate): (&Demo, SocketAddr),
    (version, suites): (&str, &str),
    host: &str,
) -> Command {
    let mut client = Command::new("openssl");
    client
        .args(["s_client", "-connect", &gate.to_string(), version])
        .args(["-cipher", suites, "-servername", host])
        .args(["-CAfile", &demo.text("/ca"), "-verify_return_error"])
        .args(["-verify_hostname", host]);
    client
}

fn told(client: &mut Command, input: &str) -> anyhow::Result<String> {
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = client.stdin.take().context("no standard input")?;
    // Where nothing was agreed on, it is gone already.
    let _ = said.write_all(input.as_bytes());
    drop(said);
    let output = client.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(text(&output.stdout) + &text(&output.stderr))
}

/// What ends TLS in front of a back end of the lab; it runs until this is dropped.
#[derive(Debug)]
pub struct Terminator(Child);

impl Terminator {
    /// One at the back end's address with its RSA certificate, with these suites and no version newer than this.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(
        lab: &ActiveDirectory,
        (port, behind): (u16, u16),
        (newest, suites): (&str, &str),
    ) -> anyhow::Result<Self> {
        let mut child = lab
            .command("/usr/bin/python3")
            // That TLS 1.0 is old is known.
            .args(["-W", "ignore::DeprecationWarning"])
            .arg(script()?)
            .args(["127.0.0.11", &port.to_string(), &behind.to_string()])
            .args(["pem", "key"].map(|kind| format!("{TOP}/tls/old-windows.{kind}")))
            .args([suites, newest])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = [0; 6];
        let answers = child.stdout.as_mut().context("no standard output")?;
        answers.read_exact(&mut said)?;
        anyhow::ensure!(&said == b"ready\n", "it is not ready");
        Ok(Self(child))
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        // It ends by itself with its standard input, where this does nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn script() -> anyhow::Result<PathBuf> {
    let script = Path::new("e2e/lab/terminator.py");
    root()
        .join(script)
        .canonicalize()
        .context("e2e/lab/terminator.py")
}
