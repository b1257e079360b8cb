//! SimpleSAMLphp as service providers of SAML 2.0 that nobody here wrote, behind TLS: one for each way in which one may ask.
//!
//! They know us by our own metadata, and we them by theirs. Start at [`ServiceProviders::start`].

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::simplesamlphp::{ERRORS, MODULES, SimpleSamlPhp, certified, free_port, terminator};
use crate::until::until;

/// The name that they are reached by.
pub const HOST: &str = "sp.adatum.localhost";
/// Each by its name: asks plainly, signed, by a form, for a new sign-in, without a page, or not at all.
pub const ALL: [&str; 6] = ["plain", "signed", "posted", "forced", "passive", "begun"];

/// Service providers that run until they are dropped.
#[derive(Debug)]
pub struct ServiceProviders {
    children: [Child; 2],
    _folder: tempfile::TempDir,
    /// Their port behind TLS.
    pub port: u16,
}

impl ServiceProviders {
    /// Starts them with the metadata of an identity provider that calls itself so.
    ///
    /// # Errors
    ///
    /// They do not start.
    pub fn start((identity_provider, metadata): (&str, &str)) -> anyhow::Result<Self> {
        let [php, modules, site] =
            SimpleSamlPhp::programs().context("SimpleSAMLphp is not here")?;
        let folder = tempfile::tempdir()?;
        let top = folder.path();
        for name in [
            "config", "metadata", "cert", "log", "data", "tmp", "sessions",
        ] {
            fs::create_dir(top.join(name))?;
        }
        let [behind, port] = [free_port()?, free_port()?];
        certified(top, HOST, ("sp", "signs requests"))?;
        certified(top, HOST, ("tls", HOST))?;
        fs::write(top.join("config/config.php"), CONFIG)?;
        let sources = SOURCES.replace("{idp}", identity_provider);
        fs::write(top.join("config/authsources.php"), sources)?;
        fs::write(top.join("metadata/idp.xml"), metadata)?;
        // The same without the redirect, so that a form is the only way.
        let redirect =
            "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\"";
        let (before, after) = metadata.split_once(redirect).context("a redirect")?;
        let (_, after) = after.split_once("/>").context("its end")?;
        fs::write(top.join("metadata/posted.xml"), format!("{before}{after}"))?;
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
            _folder: folder,
            port,
        })
    }

    /// What one calls itself.
    #[must_use]
    pub fn entity(name: &str) -> String {
        format!("urn:adatum:{name}")
    }

    /// Where one shows who is signed in, and sends whoever is not to us.
    #[must_use]
    pub fn page(&self, name: &str) -> String {
        format!(
            "https://{HOST}:{}/module.php/core/authenticate.php?as={name}",
            self.port
        )
    }

    /// Where one says what it is.
    #[must_use]
    pub fn metadata(&self, name: &str) -> String {
        format!(
            "https://{HOST}:{}/module.php/saml/sp/metadata.php/{name}",
            self.port
        )
    }

    /// What PHP logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self._folder.path().join("log/php.log")).unwrap_or_default()
    }
}

impl Drop for ServiceProviders {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A child that ended already needs no killing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const CONFIG: &str = r"<?php
$top = getenv('STORY');
$known = ($_GET['as'] ?? '') === 'posted' ? 'posted' : 'idp';
$config = [
    'baseurlpath' => getenv('STORY_URL'),
    'certdir' => $top . '/cert/', 'loggingdir' => $top . '/log/', 'datadir' => $top . '/data/',
    'tempdir' => $top . '/tmp', 'metadatadir' => $top . '/metadata',
    'metadata.sources' => [['type' => 'xml', 'file' => $top . '/metadata/' . $known . '.xml']],
    'secretsalt' => 'of this story alone', 'auth.adminpassword' => 'of nobody', 'timezone' => 'UTC',
    'technicalcontact_name' => 'Nobody', 'technicalcontact_email' => 'nobody@adatum.localhost',
    'logging.handler' => 'errorlog', 'logging.level' => 4,
    'showerrors' => true, 'errorreporting' => false,
    'module.enable' => ['saml' => true, 'core' => true],
    'session.cookie.name' => 'AdatumSp', 'session.cookie.secure' => true, 'session.cookie.samesite' => 'None',
    'session.phpsession.savepath' => $top . '/sessions', 'store.type' => 'phpsession',
    'trusted.url.domains' => null,
    'language.available' => ['en'], 'language.default' => 'en',
];
";

const SOURCES: &str = r"<?php
$transient = ['Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'AllowCreate' => true];
$keys = ['privatekey' => 'sp.pem', 'certificate' => 'sp.crt', 'sign.authnrequest' => true, 'WantAssertionsSigned' => true];
$plain = ['saml:SP', 'idp' => '{idp}', 'NameIDPolicy' => $transient];
$config = [
    'plain' => $plain + ['entityID' => 'urn:adatum:plain'],
    'signed' => $plain + $keys + ['entityID' => 'urn:adatum:signed'],
    'posted' => $plain + $keys + ['entityID' => 'urn:adatum:posted'],
    'forced' => $plain + ['entityID' => 'urn:adatum:forced', 'ForceAuthn' => true],
    'passive' => $plain + ['entityID' => 'urn:adatum:passive', 'IsPassive' => true],
    'begun' => $plain + ['entityID' => 'urn:adatum:begun', 'RelayState' => getenv('STORY_URL') . 'module.php/core/authenticate.php?as=begun'],
];
";
