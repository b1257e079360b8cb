//! What the stories need beside a toolchain: Debian packages, and Python with pyspnego.
//!
//! A fresh machine has only the toolchain, a C compiler, Python and Node.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::run::{command, has, output, root, say, succeed};

/// Real clients and tools, as Debian names them.
const PACKAGES: [&str; 12] = [
    "curl",
    "gcc",
    "iproute2",
    "libpurple-dev",
    "libxml2-dev",
    "libxml2-utils",
    "pidgin-sipe",
    "pkg-config",
    "python3-venv",
    "systemd",
    "util-linux",
    "xmlsec1",
];

/// What the Python of the stories has.
const PYTHON: [&str; 1] = ["pyspnego==0.12.4"];

/// The Python that the stories use.
pub(super) fn python() -> PathBuf {
    root().join("target/story-venv/bin/python")
}

/// Installs everything that is missing and can be installed.
pub(super) fn all() -> anyhow::Result<()> {
    let packages = packages();
    let python = environment();
    packages.and(python)
}

fn packages() -> anyhow::Result<()> {
    if !has("dpkg-query") || !has("apt-get") {
        return not_installed("there is no apt-get", super::in_ci());
    }
    let missing: Vec<&str> = PACKAGES
        .into_iter()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let user = output(command("id").arg("-u"))?;
    if user.trim() != "0" {
        let reason = format!("not root, and these are missing: {}", missing.join(" "));
        return not_installed(&reason, super::in_ci());
    }
    let quiet = ["-qq", "-y", "--no-install-recommends"];
    let apt = || {
        let mut apt = command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(std::process::Stdio::null());
        apt
    };
    succeed(apt().args(["update", "-qq"]))?;
    succeed(apt().arg("install").args(quiet).args(&missing)).context("packages for the stories")
}

/// Where nothing may be skipped, what stories need must be there; elsewhere they say so themselves.
fn not_installed(reason: &str, in_ci: bool) -> anyhow::Result<()> {
    if in_ci {
        bail!("packages for the stories: {reason}");
    }
    say(&format!(
        "{reason}: stories that need packages will say that they are skipped"
    ));
    Ok(())
}

fn is_installed(name: &str) -> bool {
    let query = ["--show", "--showformat=${Status}", name];
    let status = output(command("dpkg-query").args(query)).unwrap_or_default();
    status.ends_with("ok installed")
}

/// A Python environment of the stories' own, made once.
fn environment() -> anyhow::Result<()> {
    let mark = root().join("target/story-venv/wicketgate-packages.txt");
    let wanted = PYTHON.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    if !has("python3") {
        bail!("python3 is needed for the stories");
    }
    succeed(command("python3").args(["-m", "venv", "target/story-venv"]))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let mut install = std::process::Command::new(python());
    succeed(install.current_dir(root()).args(pip).args(PYTHON))?;
    Ok(std::fs::write(mark, wanted)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_cannot_be_installed_fail_where_nothing_may_be_skipped() {
        assert!(not_installed("there is no apt-get", true).is_err());
        assert!(not_installed("there is no apt-get", false).is_ok());
    }
}
