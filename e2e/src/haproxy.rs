//! HAProxy as the balancer in front of a gate: it passes TCP through and says whose it is.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::demo::root;

/// A running HAProxy.
#[derive(Debug)]
pub struct Haproxy {
    child: Child,
    _folder: tempfile::TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Haproxy {
    /// HAProxy of the system, or the one that `cargo xtask test` unpacked with what it needs.
    #[must_use]
    pub fn program() -> Option<Command> {
        let system = Path::new("/usr/sbin/haproxy");
        if system.is_file() {
            return Some(Command::new(system));
        }
        let unpacked = root().join("target/lab-packages/usr");
        let program = unpacked.join("sbin/haproxy");
        program.is_file().then(|| {
            let libraries = unpacked.join(format!("lib/{}-linux-gnu", std::env::consts::ARCH));
            let mut command = Command::new(program);
            command.env("LD_LIBRARY_PATH", libraries);
            command
        })
    }

    /// Starts one in front of a gate, which it reaches from an address of the loopback network;
    /// `sends` is `send-proxy` (version 1) or `send-proxy-v2`, with options.
    ///
    /// It is given a socket that listens already, so that nobody need wait for it.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(gate: SocketAddr, from: Ipv4Addr, sends: &str) -> anyhow::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let folder = tempfile::tempdir()?;
        let mut config = String::from("defaults\n mode tcp\n");
        for kind in ["connect", "client", "server"] {
            writeln!(config, " timeout {kind} 60s")?;
        }
        writeln!(config, "frontend in\n bind fd@0\n default_backend gate")?;
        writeln!(
            config,
            "backend gate\n source {from}\n server gate {gate} {sends}"
        )?;
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, config)?;
        // Without `-db` it would leave its standard input.
        let child = Self::program()
            .context("haproxy is not here")?
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self {
            child,
            _folder: folder,
            address,
        })
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
