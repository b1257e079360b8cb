//! Debian packages: which are missing, and bringing them where this machine allows it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{command, has, output, succeed};

/// What became of packages that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// They are there.
    Present,
    /// This machine installs none, for this reason.
    Missing(String),
}

/// Installs what is missing.
///
/// # Errors
///
/// apt-get fails.
pub fn install(names: &[&str]) -> anyhow::Result<Wanted> {
    if !has("dpkg-query") || !has("apt-get") {
        return Ok(Wanted::Missing("there is no apt-get".to_owned()));
    }
    let missing: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(Wanted::Present);
    }
    let user = output(command("id").arg("-u"))?;
    if user.trim() != "0" {
        let reason = format!("not root, and these are missing: {}", missing.join(" "));
        return Ok(Wanted::Missing(reason));
    }
    succeed(apt().args(["update", "-qq"]))?;
    let quiet = ["-qq", "-y", "--no-install-recommends"];
    succeed(apt().arg("install").args(quiet).args(&missing))?;
    Ok(Wanted::Present)
}

/// Unpacks what is missing, with all that it needs, below a folder: nothing is installed or started.
///
/// # Errors
///
/// apt-get or dpkg-deb fails.
pub fn unpack(names: &[&str], folder: &Path) -> anyhow::Result<Wanted> {
    if !has("dpkg-deb") || !has("apt-get") {
        return Ok(Wanted::Missing("there is no apt-get".to_owned()));
    }
    let mark = folder.join("unpacked.txt");
    let wanted = names.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|unpacked| unpacked == wanted) {
        return Ok(Wanted::Present);
    }
    let user = output(command("id").arg("-u"))?;
    if user.trim() != "0" {
        let reason = format!("not root, and these are not unpacked: {}", names.join(" "));
        return Ok(Wanted::Missing(reason));
    }
    let archives = folder.join("archives");
    std::fs::create_dir_all(archives.join("partial"))?;
    succeed(apt().args(["update", "-qq"]))?;
    // apt would drop to a user that may not write here.
    let mut download = apt();
    download.args(["-qq", "-y", "--no-install-recommends", "--download-only"]);
    download.args(["-o", "APT::Sandbox::User=root", "-o"]);
    download.arg(format!("Dir::Cache::archives={}", archives.display()));
    succeed(download.arg("install").args(names))?;
    for entry in std::fs::read_dir(&archives)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            succeed(command("dpkg-deb").arg("--extract").arg(&file).arg(folder))?;
        }
    }
    std::fs::write(mark, wanted)?;
    Ok(Wanted::Present)
}

/// apt-get, asking nothing and saying little.
#[must_use]
pub fn apt() -> Command {
    let mut apt = command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    apt
}

fn is_installed(name: &str) -> bool {
    let query = ["--show", "--showformat=${Status}", name];
    let status = output(command("dpkg-query").args(query)).unwrap_or_default();
    status.ends_with("ok installed")
}
