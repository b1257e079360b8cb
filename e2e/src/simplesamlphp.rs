//! SimpleSAMLphp with its adfs module, an identity provider of WS-Federation that nobody here wrote, behind TLS.
//!
//! It is unpacked and not installed; PHP's own server runs it in a folder of the story's. Start at [`SimpleSamlPhp::start`].

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::demo::root;
use crate::until::until;

/// The name that it is reached by.
pub const HOST: &str = "idp.adatum.localhost";
/// What it calls itself.
pub const ENTITY: &str = "urn:adatum:idp";
/// Who signs in there, and by what.
pub const PERSON: [&str; 2] = ["bo", "the secret of bo"];
/// PHP's modules that it needs, beside those that are built in.
pub(crate) const MODULES: [&str; 8] = [
    "ctype",
    "dom",
    "iconv",
    "mbstring",
    "posix",
    "simplexml",
    "tokenizer",
    "xml",
];
/// All of PHP's errors, but for what is old in SimpleSAMLphp.
pub(crate) const ERRORS: &str = "error_reporting=22527";

/// One that runs until it is dropped.
#[derive(Debug)]
pub struct SimpleSamlPhp {
    children: [Child; 2],
    folder: tempfile::TempDir,
    /// Its port behind TLS.
    pub port: u16,
}

impl SimpleSamlPhp {
    /// PHP and SimpleSAMLphp, where they are.
    #[must_use]
    pub fn programs() -> Option<[PathBuf; 3]> {
        let top = root().join("target/lab-packages").canonicalize().ok()?;
        let first = |folder: &str, begins: &str| {
            let entries = fs::read_dir(top.join(folder)).ok()?.flatten();
            let mut found: Vec<PathBuf> = entries
                .filter(|it| it.file_name().to_string_lossy().starts_with(begins))
                .map(|it| it.path())
                .collect();
            found.sort();
            found.pop()
        };
        let site = top.join("usr/share/simplesamlphp");
        let there = site.join("modules/adfs/www/idp/prp.php").is_file();
        let programs = [first("usr/bin", "php8")?, first("usr/lib/php", "20")?, site];
        there.then_some(programs)
    }

    /// Starts one whose one relying party calls itself so and takes answers there.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start((realm, reply): (&str, &str)) -> anyhow::Result<Self> {
        let [php, modules, site] = Self::programs().context("SimpleSAMLphp is not here")?;
        let folder = tempfile::tempdir()?;
        let top = folder.path();
        for name in [
            "config", "metadata", "cert", "log", "data", "tmp", "sessions",
        ] {
            fs::create_dir(top.join(name))?;
        }
        let [behind, port] = [free_port()?, free_port()?];
        certified(top, HOST, ("idp", "signs tokens"))?;
        certified(top, HOST, ("tls", HOST))?;
        fs::write(top.join("config/config.php"), CONFIG)?;
        fs::write(top.join("config/authsources.php"), PEOPLE)?;
        fs::write(top.join("metadata/adfs-idp-hosted.php"), HOSTED)?;
        let party = format!(
            "<?php $metadata['{realm}'] = ['prp' => '{reply}', 'simplesaml.nameidattribute' => \
             'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn'];\n"
        );
        fs::write(top.join("metadata/adfs-sp-remote.php"), party)?;
        let mut serving = Command::new(php);
        serving.args(["-n", "-d", "display_errors=0", "-d", ERRORS, "-d"]);
        serving.arg(format!("extension_dir={}", modules.display()));
        for module in MODULES {
            serving.args(["-d", &format!("extension={module}")]);
        }
        serving.args(["-S", &format!("127.0.0.1:{behind}"), "-t"]);
        serving.arg(site.join("www"));
        let log = fs::File::create(top.join("log/php.log"))?;
        let serving = serving
            .env("STORY", top)
            .env("STORY_URL", format!("https://{HOST}:{port}/"))
            .env("SIMPLESAMLPHP_CONFIG_DIR", top.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let ends = terminator((port, behind), top)?;
        until("PHP does not listen", || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).is_ok())
        })?;
        Ok(Self {
            children: [serving, ends],
            folder,
            port,
        })
    }

    /// Where it takes requests.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("https://{HOST}:{}/module.php/adfs/idp/prp.php", self.port)
    }

    /// A certificate of its own: `idp`, which its tokens are signed by, or `tls`.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("cert/{name}.crt"))
    }
}

impl Drop for SimpleSamlPhp {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A child that ended already needs no killing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listening.local_addr()?.port())
}

/// A key and a certificate that it signed itself.
pub(crate) fn certified(
    top: &Path,
    host: &str,
    (name, subject): (&str, &str),
) -> anyhow::Result<()> {
    let file = |kind: &str| top.join(format!("cert/{name}.{kind}"));
    let mut making = Command::new("openssl");
    making.args([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
    ]);
    making.args(["-subj", &format!("/CN={subject}"), "-addext"]);
    making.arg(format!("subjectAltName=DNS:{host}"));
    making.arg("-keyout").arg(file("pem"));
    making.arg("-out").arg(file("crt"));
    let made = making.stderr(Stdio::null()).status().context("openssl")?;
    anyhow::ensure!(made.success(), "openssl makes no certificate");
    Ok(())
}

/// TLS in front of PHP's own server, which has none.
pub(crate) fn terminator((port, behind): (u16, u16), top: &Path) -> anyhow::Result<Child> {
    let script = root().join("e2e/lab/terminator.py");
    let mut child = Command::new("python3")
        .args(["-W", "ignore::DeprecationWarning"])
        .arg(script)
        .args(["127.0.0.1", &port.to_string(), &behind.to_string()])
        .args(["crt", "pem"].map(|kind| top.join(format!("cert/tls.{kind}"))))
        .args(["ECDHE+AESGCM", "TLSv1_3"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = [0; 6];
    let answers = child.stdout.as_mut().context("no standard output")?;
    answers.read_exact(&mut said)?;
    anyhow::ensure!(&said == b"ready\n", "it is not ready");
    Ok(child)
}

const CONFIG: &str = r"<?php
$top = getenv('STORY');
$config = [
    'baseurlpath' => getenv('STORY_URL'),
    'certdir' => $top . '/cert/', 'loggingdir' => $top . '/log/', 'datadir' => $top . '/data/',
    'tempdir' => $top . '/tmp', 'metadatadir' => $top . '/metadata',
    'metadata.sources' => [['type' => 'flatfile']],
    'secretsalt' => 'of this story alone', 'auth.adminpassword' => 'of nobody', 'timezone' => 'UTC',
    'technicalcontact_name' => 'Nobody', 'technicalcontact_email' => 'nobody@adatum.localhost',
    'logging.handler' => 'errorlog', 'logging.level' => 4,
    'enable.adfs-idp' => true,
    'module.enable' => ['exampleauth' => true, 'adfs' => true, 'core' => true],
    'session.cookie.name' => 'Adatum', 'session.cookie.secure' => false,
    'session.phpsession.savepath' => $top . '/sessions', 'store.type' => 'phpsession',
    'trusted.url.domains' => null,
    'language.available' => ['en'], 'language.default' => 'en',
];
";

const PEOPLE: &str = r"<?php
$config = ['people' => ['exampleauth:UserPass', 'bo:the secret of bo' => [
    'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn' => ['bo@adatum.localhost'],
    'http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid' => ['S-1-5-21-7-7-7-1200'],
    'http://schemas.microsoft.com/claims/authnmethodsreferences' => ['urn:adatum:two-factors'],
]]];
";

const HOSTED: &str = r"<?php
$metadata['urn:adatum:idp'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'idp.pem', 'certificate' => 'idp.crt', 'auth' => 'people',
];
";
