//! A real Active Directory for stories: Samba and Apache in namespaces of their own, ended when this is dropped.
//!
//! What it is made of stands in `e2e/lab`; the packages are those that `cargo xtask packages` unpacks, or
//! the system's. A domain is made once and then copied.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize, SanType,
};

use crate::skip;

/// A running domain.
#[derive(Debug)]
pub struct ActiveDirectory {
    namespaces: Child,
    told: Mutex<Told>,
    is_root: bool,
    folder: tempfile::TempDir,
}

/// What it is told, and what it answers.
#[derive(Debug)]
struct Told {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Where a process inside sees the lab's folder.
pub const TOP: &str = "/mnt";
/// The domain controller, for Kerberos.
pub const KDC: &str = "127.0.0.10:88";

impl ActiveDirectory {
    /// Starts one, or says why `story` is skipped.
    ///
    /// # Errors
    ///
    /// It does not start; or it cannot run here, and nothing may be skipped.
    pub fn start(story: &str) -> anyhow::Result<Option<Self>> {
        if let Err(reason) = can_run() {
            skip::skip(story, &reason.to_string())?;
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        certificates(&folder.path().join("tls"))?;
        let is_root = is_root()?;
        let mut command = Command::new("unshare");
        if is_root {
            command.env("LAB_IS_ROOT", "1");
        } else {
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        command.args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]);
        command.args(["/usr/bin/python3", "e2e/lab/active_directory.py"]);
        command.arg("--folder").arg(folder.path());
        command.arg("--cache").arg(root().join("target/lab"));
        let packages = root().join(PACKAGES);
        if packages.is_dir() {
            command.arg("--packages").arg(packages);
        }
        let log = std::fs::File::create(folder.path().join("lab.log"))?;
        command
            .current_dir(root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut namespaces = command.spawn().context("unshare")?;
        let commands = namespaces.stdin.take().context("no standard input")?;
        let answers = namespaces.stdout.take().context("no standard output")?;
        let lab = Self {
            namespaces,
            told: Mutex::new(Told {
                commands,
                answers: BufReader::new(answers),
            }),
            is_root,
            folder,
        };
        lab.expect(&mut lab.told(), "ready")?;
        Ok(Some(lab))
    }

    /// A program that runs inside; files of the lab are below [`TOP`] there.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let process = self.namespaces.id();
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={process}"));
        if !self.is_root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--net", "--mount"]);
        command.arg(format!("--pid=/proc/{process}/ns/pid_for_children"));
        command.arg("--").arg(program);
        command.current_dir("/");
        command
    }

    /// Tells the lab to do something: `freeze`, `thaw`, `kill` and `start` the domain controller, `rotate` the
    /// password and keytab of an account, change the `password` alone, `renew` the back end's, `disable`, `enable` or `delete` one, `rename`
    /// one to another name, `hide` the groups of one, `name` a host and its address in the domain's DNS, have a host `serve` Kerberos there by a priority, `set` an
    /// attribute of one, as `set svc-exch servicePrincipalName=HTTP/a,HTTP/b`.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub fn tell(&self, what: &str) -> anyhow::Result<()> {
        let mut told = self.told();
        writeln!(told.commands, "{what}")?;
        self.expect(&mut told, "done")
            .with_context(|| what.to_owned())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lab's folder, from outside.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn expect(&self, told: &mut Told, word: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        told.answers.read_line(&mut line)?;
        if line.trim_end() != word {
            let log = std::fs::read_to_string(self.folder.path().join("lab.log"));
            bail!(
                "the lab said `{}`: {}",
                line.trim_end(),
                log.unwrap_or_default()
            );
        }
        Ok(())
    }
}

impl Drop for ActiveDirectory {
    fn drop(&mut self) {
        // The first process inside dies with this one, and all others with that.
        let _ = self.namespaces.kill();
        let _ = self.namespaces.wait();
    }
}

/// Where `cargo xtask packages` puts them.
const PACKAGES: &str = "target/lab-packages";

fn can_run() -> anyhow::Result<()> {
    for program in ["unshare", "nsenter", "ip", "curl"] {
        if !skip::has(program) {
            bail!("{program} is not installed");
        }
    }
    let is_unpacked = root().join(PACKAGES).join("unpacked.txt").is_file();
    if !is_unpacked && !Path::new("/usr/sbin/samba").is_file() {
        bail!("Samba is not there; as root on Debian, `cargo xtask packages` brings it");
    }
    if !Path::new("/usr/bin/python3").is_file() {
        bail!("/usr/bin/python3 is not there");
    }
    let mut probe = Command::new("unshare");
    if !is_root()? {
        probe.args(["--user", "--map-current-user", "--keep-caps"]);
    }
    probe.args([
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "true",
    ]);
    if !probe.stderr(Stdio::null()).status()?.success() {
        bail!("namespaces are not allowed here");
    }
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// An authority of the lab's own, and a certificate for each of its servers and for the gate.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(folder)?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of a name of its own: OpenSSL takes a certificate whose issuer is its subject for its own issuer.
    authority
        .distinguished_name
        .push(DnType::CommonName, "the lab's authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    std::fs::write(folder.join("ca.pem"), authority.pem())?;
    let published: &[&str] = &["gateway", "app", "lyncweb", "mail"];
    // The same back end as it may be on an old Windows, which has RSA.
    let back_end: &[&str] = &["lync-fe", "exch"];
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let servers = [
        ("dc1", &["dc1"][..], "127.0.0.10", KeyPair::generate()?),
        ("lync-fe", back_end, "127.0.0.11", KeyPair::generate()?),
        ("old-windows", back_end, "127.0.0.11", rsa),
        ("gateway", published, "127.0.0.12", KeyPair::generate()?),
        // Of somebody who stands between, and whom clients would trust.
        ("between", published, "127.0.0.12", KeyPair::generate()?),
    ];
    for (file, hosts, address, key) in servers {
        let names: Vec<String> = hosts
            .iter()
            .map(|it| format!("{it}.contoso.test"))
            .collect();
        let mut server = CertificateParams::new(names)?;
        server
            .subject_alt_names
            .push(SanType::IpAddress(address.parse()?));
        let certificate = server.signed_by(&key, &authority)?;
        std::fs::write(folder.join(format!("{file}.pem")), certificate.pem())?;
        let path = folder.join(format!("{file}.key"));
        std::fs::write(&path, key.serialize_pem())?;
        // Samba demands that nobody else can read it.
        let nobody_else = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, nobody_else)?;
    }
    Ok(())
}
