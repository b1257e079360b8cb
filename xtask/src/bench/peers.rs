//! The servers that figures stand beside: nginx, and Apache with mod_auth_gssapi and gss-ntlmssp; and
//! h2load, which asks both sides over HTTP/2.
//!
//! No service of the system is ever started: of Apache only the package without a service is
//! installed, and nginx, whose package starts one, is only unpacked below `target`.

use std::path::Path;

use anyhow::{Context, bail};

use crate::packages::{self, Wanted, apt};
use crate::run::{command, has, root, say, succeed};

/// Apache's program and modules, and the tools that the benches run.
const PACKAGES: [&str; 6] = [
    "apache2-bin",
    "gss-ntlmssp",
    "libapache2-mod-auth-gssapi",
    "nghttp2-client",
    "openssl",
    "util-linux",
];

/// Where nginx is unpacked; the bench looks for it here and in the system's usual places.
const UNPACKED: &str = "target/bench-peers";

/// Brings what is missing, where this machine allows it; a bench without its peer says so itself.
///
/// # Errors
///
/// apt-get fails.
pub(super) fn bring() -> anyhow::Result<()> {
    if let Wanted::Missing(reason) = packages::install(&PACKAGES).context("the benches' peers")? {
        say(&format!("{reason}: figures may lack their peers"));
        return Ok(());
    }
    let folder = root().join(UNPACKED);
    if folder.join("usr/sbin/nginx").is_file() || has("nginx") || is_in_the_system() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let mut download = apt();
    // apt would drop to a user that may not write here, and warns where it cannot.
    download.args(["-qq", "-o", "APT::Sandbox::User=root", "download", "nginx"]);
    succeed(download.current_dir(&folder)).context("nginx")?;
    unpack(&folder)
}

fn is_in_the_system() -> bool {
    Path::new("/usr/sbin/nginx").is_file()
}

fn unpack(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            let mut dpkg = command("dpkg-deb");
            return succeed(dpkg.arg("--extract").arg(&file).arg(folder));
        }
    }
    bail!("apt-get brought no package of nginx")
}
