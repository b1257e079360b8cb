//! Debian packages: which are missing, and bringing them where this machine allows it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

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
    let archives = folder.join("archives");
    let wanted = names.join("\n");
    let unpacked = std::fs::read_to_string(&mark).is_ok_and(|unpacked| unpacked == wanted);
    if unpacked && not_brought(names, &archives)?.is_empty() {
        return Ok(Wanted::Present);
    }
    let user = output(command("id").arg("-u"))?;
    if user.trim() != "0" {
        let reason = format!("not root, and these are not unpacked: {}", names.join(" "));
        return Ok(Wanted::Missing(reason));
    }
    std::fs::create_dir_all(archives.join("partial"))?;
    succeed(apt().args(["update", "-qq"]))?;
    let mut download = apt();
    download.args(["-qq", "-y", "--no-install-recommends", "--download-only"]);
    // What the system has as well would be left out.
    download.arg("--reinstall");
    // apt would drop to a user that may not write here.
    download.args(["-o", "APT::Sandbox::User=root", "-o"]);
    download.arg(format!("Dir::Cache::archives={}", archives.display()));
    succeed(download.arg("install").args(names))?;
    let lacking = not_brought(names, &archives)?;
    if !lacking.is_empty() {
        bail!("apt-get brought no {}", lacking.join(", no "));
    }
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

/// Those of these packages that no archive in this folder is of.
fn not_brought<'a>(names: &[&'a str], archives: &Path) -> anyhow::Result<Vec<&'a str>> {
    if !archives.is_dir() {
        return Ok(names.to_vec());
    }
    let files: Result<Vec<_>, _> = std::fs::read_dir(archives)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect();
    Ok(lacking(names, &files?))
}

/// Those of these packages that none of these files is an archive of.
fn lacking<'a>(names: &[&'a str], files: &[String]) -> Vec<&'a str> {
    let is_of = |file: &String, name: &str| {
        file.ends_with(".deb") && file.split('_').next().is_some_and(|of| of == name)
    };
    let is_lacking = |name: &&str| !files.iter().any(|file| is_of(file, name));
    names.iter().copied().filter(is_lacking).collect()
}

fn is_installed(name: &str) -> bool {
    let query = ["--show", "--showformat=${Status}", name];
    let status = output(command("dpkg-query").args(query)).unwrap_or_default();
    status.ends_with("ok installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_was_not_brought_is_named() {
        let files = [
            "php-cli_2_all.deb",
            "samba-common_4_all.deb",
            "samba_4.part",
        ];
        let files = files.map(str::to_owned);
        let names = ["php-cli", "apache2-bin", "samba"];
        assert_eq!(lacking(&names, &files), ["apache2-bin", "samba"]);
        assert_eq!(lacking(&names[..1], &files), [""; 0]);
    }
}
