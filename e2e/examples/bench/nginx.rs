//! nginx as a peer and as the back end of both sides: own configuration, ports and folder, one
//! process, ended when it is dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, bail};
use e2e::demo::{Demo, root};
use e2e::serve::under;

use crate::stopwatch::Stopwatch;

/// How long a server may take until it can be connected to.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A running nginx.
pub(crate) struct Nginx {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts one under a launcher, with these `server` and `upstream` blocks; returns when the
    /// address can be connected to.
    ///
    /// # Errors
    ///
    /// There is no nginx here, or it does not start.
    pub(crate) fn start(
        launcher: &[&str],
        blocks: &str,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        Self::start_with(launcher, blocks, address, CONNECTIONS)
    }

    /// The same with room for so many connections, of which one that is passed on takes two.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn start_with(
        launcher: &[&str],
        blocks: &str,
        address: SocketAddr,
        connections: usize,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = folder.path().display().to_string();
        let file = folder.path().join("nginx.conf");
        let text = CONFIGURATION.replace("{folder}", &place);
        let text = text.replace("{connections}", &connections.to_string());
        std::fs::write(&file, text.replace("{blocks}", blocks))?;
        let error_log = folder.path().join("error.log").display().to_string();
        let mut child = under(launcher, &program()?)
            .arg("-c")
            .arg(&file)
            .args(["-p", &place, "-e", &error_log])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        if let Err(error) = wait_for(&mut child, address) {
            let log = std::fs::read_to_string(&error_log).unwrap_or_default();
            return Err(error.context(format!("nginx: {log}")));
        }
        let _folder = folder;
        Ok(Self { child, _folder })
    }

    /// The process: the only one, as nginx runs without a master here.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many connections there is room for.
const CONNECTIONS: usize = 16_384;

/// What every nginx of the benches is told; connections stay as long as the benches want them.
const CONFIGURATION: &str = "\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/pid;
events { worker_connections {connections}; }
http {
  access_log off;
  default_type text/plain;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_header_timeout 600;
  tcp_nodelay on;
{blocks}
}
";

/// The lines that let a `server` speak TLS 1.3 by the gate's own ECDSA certificate.
pub(crate) fn tls_lines(demo: &Demo) -> String {
    let folder = demo.folder().display();
    format!(
        "ssl_certificate {folder}/gate-ecdsa.pem; ssl_certificate_key {folder}/gate-ecdsa.key; \
         ssl_protocols TLSv1.3;"
    )
}

/// An address of this machine that nobody listens at.
///
/// # Errors
///
/// There is none.
pub(crate) fn free() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Waits until an address can be connected to.
///
/// # Errors
///
/// The child ends, or it takes too long.
pub(crate) fn wait_for(child: &mut Child, address: SocketAddr) -> anyhow::Result<()> {
    let waiting = Stopwatch::begin();
    while TcpStream::connect(address).is_err() {
        if let Some(ended) = child.try_wait()? {
            bail!("it ended with {ended}");
        }
        if waiting.elapsed() > PATIENCE {
            child.kill()?;
            bail!("it does not listen at {address}");
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}

/// nginx of the system, or the one that `cargo xtask bench` unpacked.
fn program() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.push(root().join("target/bench-peers/usr/sbin"));
    let found = folders.into_iter().map(|folder| folder.join("nginx"));
    let found = found.into_iter().find(|file| file.is_file());
    found.context("there is no nginx here; `cargo xtask bench` as root on Debian brings one")
}
