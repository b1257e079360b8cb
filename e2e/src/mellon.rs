//! mod_auth_mellon, a service provider of SAML 2.0 in Apache that nobody here wrote: it signs its requests, and has a
//! certificate that assertions are encrypted for.
//!
//! It is unpacked and not installed; its own script makes its keys and its metadata. Start at [`Mellon::start`].

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::demo::root;
use crate::simplesamlphp::{certified, free_port};
use crate::until::until;

/// The name that it is reached by.
pub const HOST: &str = "intranet.adatum.localhost";
/// What it calls itself.
pub const ENTITY: &str = "urn:adatum:mellon";
/// Apache's modules that it needs.
const MODULES: [&str; 9] = [
    "mpm_event",
    "ssl",
    "authn_core",
    "authz_core",
    "authz_user",
    "dir",
    "mime",
    "include",
    "auth_mellon",
];
/// What it shows to whoever is signed in.
const PAGE: &str = "<p id=\"who\"><!--#echo var=\"REMOTE_USER\" --></p>\n<p id=\"upn\"><!--#echo var=\"MELLON_upn\" --></p>\n";

/// One that runs until it is dropped.
#[derive(Debug)]
pub struct Mellon {
    child: Child,
    folder: tempfile::TempDir,
    /// Its port.
    pub port: u16,
}

impl Mellon {
    /// Apache, mod_auth_mellon and its script, where they are.
    #[must_use]
    pub fn programs() -> Option<[PathBuf; 3]> {
        let top = root().join("target/lab-packages").canonicalize().ok()?;
        let programs = [
            top.join("usr/sbin/apache2"),
            top.join("usr/lib/apache2/modules/mod_auth_mellon.so"),
            top.join("usr/sbin/mellon_create_metadata"),
        ];
        programs.iter().all(|it| it.is_file()).then_some(programs)
    }

    /// Starts one with the metadata of an identity provider.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(metadata: &str) -> anyhow::Result<Self> {
        let [apache, module, script] = Self::programs().context("mod_auth_mellon is not here")?;
        let folder = tempfile::tempdir()?;
        let top = folder.path();
        fs::create_dir(top.join("cert"))?;
        fs::create_dir(top.join("site"))?;
        certified(top, HOST, ("tls", HOST))?;
        let port = free_port()?;
        let endpoint = format!("https://{HOST}:{port}/mellon");
        let made = Command::new(script)
            .args([ENTITY, &endpoint])
            .current_dir(top)
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "mellon_create_metadata");
        fs::write(top.join("idp.xml"), metadata)?;
        fs::write(top.join("site/index.shtml"), PAGE)?;
        let modules = module.parent().context("modules")?;
        let libraries = module.ancestors().nth(3).context("libraries")?;
        fs::write(top.join("httpd.conf"), configuration(top, modules, port))?;
        readable(top)?;
        let multiarch = libraries.join(format!("{}-linux-gnu", std::env::consts::ARCH));
        let both = format!("{}:{}", libraries.display(), multiarch.display());
        // -X: one process that stays in the foreground.
        let child = Command::new(apache)
            .args(["-X", "-f"])
            .arg(top.join("httpd.conf"))
            .env("LD_LIBRARY_PATH", both)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(top.join("said"))?)
            .spawn()?;
        let mellon = Self {
            child,
            folder,
            port,
        };
        until("Apache does not listen", || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
        })
        .with_context(|| mellon.log())?;
        Ok(mellon)
    }

    /// Its page, for whoever is signed in.
    #[must_use]
    pub fn page(&self) -> String {
        format!("https://{HOST}:{}/", self.port)
    }

    /// The file in which it says what it is.
    #[must_use]
    pub fn metadata(&self) -> PathBuf {
        self.folder.path().join("urn_adatum_mellon.xml")
    }

    /// What Apache logged.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("said") + &read("error.log")
    }
}

impl Drop for Mellon {
    fn drop(&mut self) {
        // A child that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As root, Apache serves as another user, who must be able to read what is in here.
fn readable(top: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(top)? {
        let path = entry?.path();
        let is_folder = path.is_dir();
        let mode = if is_folder { 0o755 } else { 0o644 };
        fs::set_permissions(&path, PermissionsExt::from_mode(mode))?;
        if is_folder {
            readable(&path)?;
        }
    }
    fs::set_permissions(top, PermissionsExt::from_mode(0o755))?;
    Ok(())
}

fn configuration(top: &Path, modules: &Path, port: u16) -> String {
    let modules = MODULES.map(|name| {
        format!(
            "LoadModule {name}_module {}/mod_{name}.so\n",
            modules.display()
        )
    });
    CONFIGURATION
        .replace("{modules}", &modules.concat())
        .replace("{folder}", &top.display().to_string())
        .replace("{host}", HOST)
        .replace("{port}", &port.to_string())
}

const CONFIGURATION: &str = "\
{modules}
ServerRoot {folder}
ServerName https://{host}:{port}
UseCanonicalName On
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
User www-data
Group www-data
ErrorLog {folder}/error.log
LogLevel warn auth_mellon:info
SSLEngine on
SSLCertificateFile {folder}/cert/tls.crt
SSLCertificateKeyFile {folder}/cert/tls.pem
SSLSessionCache none
DocumentRoot {folder}/site
DirectoryIndex index.shtml
TypesConfig /dev/null
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory {folder}/site>
  Options +Includes
  AllowOverride None
</Directory>
MellonLockFile {folder}/mellon.lock
<Location />
  AuthType Mellon
  MellonEnable auth
  MellonEndpointPath /mellon
  MellonSPPrivateKeyFile {folder}/urn_adatum_mellon.key
  MellonSPCertFile {folder}/urn_adatum_mellon.cert
  MellonSPMetadataFile {folder}/urn_adatum_mellon.xml
  MellonIdPMetadataFile {folder}/idp.xml
  MellonSecureCookie On
  MellonCookieSameSite none
  MellonDefaultLoginPath /
  MellonSetEnv upn http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn
  Require valid-user
</Location>
";
