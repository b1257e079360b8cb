//! Apache with mod_auth_gssapi and gss-ntlmssp as a peer: the other way to let people in by NTLM
//! on a server that is not Windows. Own configuration, port and folder; ended when it is dropped.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::Context;
use e2e::demo::{Demo, Person};
use e2e::serve::under;

use crate::nginx::{free, wait_for};

/// The program, as Debian installs it.
const PROGRAM: &str = "/usr/sbin/apache2";
/// Where Debian puts the modules.
const MODULES: &str = "/usr/lib/apache2/modules";
/// The modules that are loaded.
const LOADED: [&str; 7] = [
    "mpm_event",
    "ssl",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_gssapi",
    "alias",
];

/// A running Apache.
pub(crate) struct Apache {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Apache {
    /// Starts one that lets these people in by their domain passwords and answers each with this.
    ///
    /// # Errors
    ///
    /// There is none here, or it does not start.
    pub(crate) fn start(
        launcher: &[&str],
        demo: &Demo,
        people: &[Person],
        answer: &str,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        // As root, Apache serves as another user, who must be able to read what is in here.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let users: String = people.iter().map(line).collect();
        let users_file = written(folder.path(), "users", &users)?;
        written(folder.path(), "answer.xml", answer)?;
        let address = free()?;
        let text = configuration(demo, folder.path(), address);
        let file = written(folder.path(), "httpd.conf", &text)?;
        // -X: one process that stays in the foreground; its threads serve as they always do.
        let mut child = under(launcher, Path::new(PROGRAM))
            .args(["-X", "-f", &file])
            .env("NTLM_USER_FILE", users_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("apache2; `cargo xtask bench` as root on Debian installs it")?;
        if let Err(error) = wait_for(&mut child, address) {
            let log = std::fs::read_to_string(folder.path().join("error.log"));
            return Err(error.context(format!("apache2: {}", log.unwrap_or_default())));
        }
        let _folder = folder;
        Ok(Self {
            child,
            address,
            _folder,
        })
    }

    /// The process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A person as gss-ntlmssp reads them: `DOMAIN:user:password`.
fn line(person: &Person) -> String {
    let (domain, user) = person.account.split_once('\\').unwrap_or_default();
    format!("{domain}:{user}:{}\n", person.domain_password)
}

fn written(folder: &Path, name: &str, text: &str) -> anyhow::Result<String> {
    let file = folder.join(name);
    std::fs::write(&file, text)?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644))?;
    Ok(file.display().to_string())
}

fn configuration(demo: &Demo, folder: &Path, address: SocketAddr) -> String {
    let modules = LOADED.map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"));
    CONFIGURATION
        .replace("{modules}", &modules.concat())
        .replace("{folder}", &folder.display().to_string())
        .replace("{demo}", &demo.folder().display().to_string())
        .replace("{address}", &address.to_string())
}

/// Nothing is logged but failures, and no session is kept for resumption, as no client resumes one.
const CONFIGURATION: &str = "\
{modules}
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Listen {address}
User www-data
Group www-data
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
ErrorLog {folder}/error.log
LogLevel crit
KeepAlive On
MaxKeepAliveRequests 0
SSLEngine on
SSLCertificateFile {demo}/gate-ecdsa.pem
SSLCertificateKeyFile {demo}/gate-ecdsa.key
SSLSessionCache none
Alias /WebTicket/WebTicketService.svc {folder}/answer.xml
<Directory {folder}>
  AllowOverride None
</Directory>
<Location /WebTicket>
  AuthType GSSAPI
  AuthName bench
  GssapiAllowedMech ntlmssp
  GssapiConnectionBound On
  Require valid-user
</Location>
";
