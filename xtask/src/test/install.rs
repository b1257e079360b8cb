//! What the stories need beside a toolchain: Debian packages, Python with what speaks EWS, NTLM, HTTP/2 and WebSocket, and
//! what looks at pages as somebody does who does not see or point well.
//!
//! A fresh machine has only the toolchain, a C compiler, Python and Node.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::packages::{self, Wanted};
use crate::run::{command, has, root, say, succeed};

/// Real clients and tools, as Debian names them.
const PACKAGES: [&str; 18] = [
    "curl",
    "gcc",
    "iproute2",
    "libgssapi-krb5-2",
    "libkrb5-dev",
    "libpurple-dev",
    "libxml2-dev",
    "libxml2-utils",
    "oathtool",
    "openssl",
    "pidgin-sipe",
    "pkg-config",
    "pskctool",
    "python3-dev",
    "python3-venv",
    "systemd",
    "util-linux",
    "xmlsec1",
];

/// A domain controller, a back end that takes Kerberos, service providers of SAML, a balancer, a browser, a database, a collector of
/// syslog, MIT's tools. Some of these start
/// services where they are installed, so that they are only unpacked; a lab lays them over its own view of the system.
const UNPACKED: [&str; 24] = [
    "apache2-bin",
    "chromium",
    "chromium-driver",
    "haproxy",
    "krb5-user",
    "ldb-tools",
    "libapache2-mod-auth-gssapi",
    "libapache2-mod-auth-mellon",
    "libfaketime",
    "libnss3-tools",
    "php-cli",
    "php-mbstring",
    "php-xml",
    "postgresql",
    "python3-gssapi",
    "python3-samba",
    "rsyslog",
    "rsyslog-gnutls",
    "rsyslog-openssl",
    "samba",
    "samba-ad-dc",
    "samba-ad-provision",
    "samba-dsdb-modules",
    "simplesamlphp",
];

/// Where those are; a lab looks for them here.
const LAB: &str = "target/lab-packages";

/// What the Python of the stories has.
const PYTHON: [&str; 9] = [
    "exchangelib==5.6.0",
    // With this and `krb5`, which pip builds from source, pyspnego has Kerberos of its own.
    "gssapi==1.12.0",
    "h2==4.4.1",
    "krb5==0.10.0",
    "msal==1.39.0",
    "openapi-spec-validator==0.9.0",
    "pyspnego==0.12.4",
    "requests-ntlm==1.3.0",
    "websockets==17.4",
];

/// What looks at pages; a story has a browser run it.
const AXE: [&str; 2] = ["axe-core", "4.14.1"];

/// Where that is; a story looks for it here.
const NODE: &str = "target/story-npm";

/// A relying party that a story has running; its versions stand in the lock file beside it.
const PARTY: &str = "e2e/clients/party";

/// Where that is; a story looks for it here.
const PARTY_BROUGHT: &str = "target/story-party";

/// The Python that the stories use.
pub(super) fn python() -> PathBuf {
    root().join("target/story-venv/bin/python")
}

/// Installs everything that is missing and can be installed.
pub(super) fn all() -> anyhow::Result<()> {
    let packages = packages();
    let python = environment();
    let axe = axe();
    let party = party();
    packages.and(python).and(axe).and(party)
}

fn packages() -> anyhow::Result<()> {
    let installed = packages::install(&PACKAGES).context("packages for the stories")?;
    // One after the other, as apt-get holds a lock.
    let unpacked =
        packages::unpack(&UNPACKED, &root().join(LAB)).context("packages for the lab")?;
    for wanted in [installed, unpacked] {
        if let Wanted::Missing(reason) = wanted {
            not_installed(&reason, super::in_ci())?;
        }
    }
    Ok(())
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

/// axe-core, brought once; nothing that it brings is run here.
fn axe() -> anyhow::Result<()> {
    let [name, version] = AXE;
    let mark = root().join(NODE).join("brought.txt");
    if std::fs::read_to_string(&mark).is_ok_and(|brought| brought == version) {
        return Ok(());
    }
    if !has("npm") {
        return not_installed("there is no npm, which brings axe-core", super::in_ci());
    }
    let quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    let mut npm = command("npm");
    npm.args(["install", "--silent", "--prefix", NODE])
        .args(quiet);
    succeed(npm.arg(format!("{name}@{version}"))).context("axe-core")?;
    Ok(std::fs::write(mark, version)?)
}

/// passport-wsfed-saml2 and what it needs, brought once for each lock file; nothing of it is run but by its story.
fn party() -> anyhow::Result<()> {
    let (from, to) = (root().join(PARTY), root().join(PARTY_BROUGHT));
    let mark = to.join("brought.json");
    let wanted = std::fs::read_to_string(from.join("package-lock.json"))?;
    if std::fs::read_to_string(&mark).is_ok_and(|brought| brought == wanted) {
        return Ok(());
    }
    if !has("npm") {
        let reason = "there is no npm, which brings passport-wsfed-saml2";
        return not_installed(reason, super::in_ci());
    }
    std::fs::create_dir_all(&to)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(from.join(file), to.join(file))?;
    }
    let quiet = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
    let mut npm = command("npm");
    npm.args(["ci", "--prefix", PARTY_BROUGHT]).args(quiet);
    succeed(&mut npm).context("passport-wsfed-saml2")?;
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
