//! An authentication server and gateways of their own beside a demo: processes as on machines of their own, each with
//! its file in a folder of its own, and certificates as the command line makes them.
//!
//! The demo gives the store, the stand-in servers and the people; its own gate is not asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::demo::{Demo, binary};
use crate::serve::Serve;

/// What a gateway needs of the demo's folder.
const FILES: [&str; 6] = [
    "ca.pem",
    "onward.pem",
    "gate-ecdsa.pem",
    "gate-ecdsa.key",
    "gate-rsa.pem",
    "gate-rsa.key",
];

/// Certificates of gateways, and who of them is listed.
#[derive(Debug)]
pub struct Apart<'a> {
    demo: &'a Demo,
    authority: PathBuf,
    /// Name, fingerprint, and whether it brings pages.
    listed: Vec<(String, String, bool)>,
    store: String,
    methods: &'static str,
    more: &'static str,
    with_pages: bool,
}

impl<'a> Apart<'a> {
    /// Beside a demo; nobody is enrolled yet.
    #[must_use]
    pub fn beside(demo: &'a Demo) -> Self {
        Self {
            demo,
            authority: demo.folder().join("gateways"),
            listed: Vec::new(),
            store: "file = \"wicketgate.db\"".to_owned(),
            methods: "app-password",
            more: "",
            with_pages: false,
        }
    }

    /// Has the authentication server answer for the demo's portal and its security token service, by whichever gateway is
    /// listed from here on.
    pub fn with_pages(&mut self) {
        self.with_pages = true;
    }

    /// Has the authentication server keep its store in a database.
    pub fn keep_in(&mut self, address: &str) {
        self.store = format!("postgres = \"{address}\"");
    }

    /// Gives the authentication server's configuration something more.
    pub fn and(&mut self, text: &'static str) {
        self.more = text;
    }

    /// Has the authentication server ask for other methods.
    pub fn ask_for(&mut self, methods: &'static str) {
        self.methods = methods;
    }

    /// Makes the certificate of a gateway; gives its fingerprint.
    ///
    /// # Errors
    ///
    /// The program does not make one.
    pub fn enrol(&self, name: &str) -> anyhow::Result<String> {
        let made = Command::new(binary()?)
            .args(["gateway", "enrol", name, "--server", "127.0.0.1", "--json"])
            .arg("--dir")
            .arg(&self.authority)
            .output()?;
        ensure!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let made: Value = serde_json::from_slice(&made.stdout)?;
        let fingerprint = made.get("fingerprint").and_then(Value::as_str);
        let fingerprint = fingerprint.context("no fingerprint")?;
        Ok(fingerprint.to_owned())
    }

    /// Makes the certificate of a gateway and lists it.
    ///
    /// # Errors
    ///
    /// The program does not make one.
    pub fn list(&mut self, name: &str) -> anyhow::Result<()> {
        let fingerprint = self.enrol(name)?;
        self.listed
            .push((name.to_owned(), fingerprint, self.with_pages));
        Ok(())
    }

    /// Takes a gateway from the list.
    pub fn strike_off(&mut self, name: &str) {
        self.listed.retain(|(listed, ..)| listed != name);
    }

    /// Starts the authentication server at an address, whose port may be 0.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn server(&self, address: SocketAddr) -> anyhow::Result<Serve> {
        let file = self.server_file(address)?;
        let mut command = Command::new(binary()?);
        command.arg("--config").arg(file);
        command.args(["serve", "--role", "authn"]);
        Serve::opened_by_saying(command, "gateways are answered")
    }

    /// Writes the authentication server's configuration.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn server_file(&self, address: SocketAddr) -> anyhow::Result<PathBuf> {
        let listed: String = self
            .listed
            .iter()
            .map(|(name, fingerprint, brings)| {
                format!(
                    "[[authn_server.gateway]]\nname = \"{name}\"\nfingerprint = \"{fingerprint}\"\npages = {brings}\n"
                )
            })
            .collect();
        let pages = match self.with_pages {
            true => pages_of(&std::fs::read_to_string(self.demo.text("/config"))?)?,
            false => String::new(),
        };
        let (store, methods, more) = (&self.store, self.methods, self.more);
        let text = format!(
            "[store]\n{store}\nkey_file = \"wicketgate.keys\"\n\
             [names]\ndomain = \"CONTOSO\"\ndns_domain = \"contoso.localhost\"\n\
             {more}[authn_server]\naddress = \"{address}\"\nauthorities = \"gateways/authority.pem\"\n\
             certificate = \"gateways/authn.pem\"\nkey = \"gateways/authn.key\"\n{listed}{pages}\
             [[policy]]\nzones = [\"external\"]\nservices = [\"lync\", \"ews\", \"autodiscover\", \"activesync\"]\n\
             methods = [\"{methods}\"]\n"
        );
        let file = self.demo.folder().join("authn.toml");
        std::fs::write(&file, text)?;
        Ok(file)
    }

    /// The folder of a gateway, with all that it has.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.demo.folder().join(name)
    }

    /// Starts a gateway that asks a server, with the certificate of a name.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub fn gateway(&self, name: &str, server: SocketAddr) -> anyhow::Result<Serve> {
        let command = self.gateway_command(name, server)?;
        Serve::opened_by(command)
    }

    /// Starts a gateway and does not wait until it is open.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn begin_gateway(&self, name: &str, server: SocketAddr) -> anyhow::Result<Serve> {
        Serve::begun_by(self.gateway_command(name, server)?)
    }

    fn gateway_command(&self, name: &str, server: SocketAddr) -> anyhow::Result<Command> {
        let file = self.gateway_file(name, server)?;
        let mut command = Command::new(binary()?);
        command.arg("--config").arg(file);
        command.args(["serve", "--role", "gateway"]);
        Ok(command)
    }

    /// Writes a gateway's configuration, and beside it what it needs.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn gateway_file(&self, name: &str, server: SocketAddr) -> anyhow::Result<PathBuf> {
        let folder = self.folder_of(name);
        std::fs::create_dir_all(&folder)?;
        for file in FILES {
            copy(self.demo.folder(), file, &folder)?;
        }
        let own = [
            "authority.pem".to_owned(),
            format!("{name}.pem"),
            format!("{name}.key"),
        ];
        for file in &own {
            copy(&self.authority, file, &folder)?;
        }
        let config = std::fs::read_to_string(self.demo.text("/config"))?;
        let taken = [self.demo.address(), self.demo.plain_address()];
        let config = taken.iter().fold(config, |config, address| {
            config.replace(
                &format!("address = \"{address}\""),
                "address = \"127.0.0.1:0\"",
            )
        });
        let store = "[store]\nfile = \"wicketgate.db\"\nkey_file = \"wicketgate.keys\"\n";
        let asks = format!(
            "[authn]\nserver = \"{server}\"\nauthorities = \"authority.pem\"\ncertificate = \"{name}.pem\"\n\
             key = \"{name}.key\"\n"
        );
        ensure!(
            config.contains(store),
            "the demo's store is written otherwise"
        );
        let file = folder.join("wicketgate.toml");
        let pages = pages_of(&config)?;
        let (hosts, _) = pages.split_once("[[policy]]").context("no policy")?;
        let kept = if self.with_pages { hosts } else { "" };
        std::fs::write(&file, config.replace(&pages, kept).replace(store, &asks))?;
        Ok(file)
    }
}

/// The portal and the security token service of a demo's configuration, and the policies that speak of them.
fn pages_of(config: &str) -> anyhow::Result<String> {
    let portal = config.find("[portal]").context("the demo has no portal")?;
    let behind = config.get(portal..).unwrap_or_default();
    let policies = behind.find("services = [\"sts\"]");
    let sts = policies.context("the demo has no policy for the security token service")?;
    let rest = behind.get(sts..).unwrap_or_default();
    let next = rest
        .find("[[policy]]")
        .context("the demo has no other policy")?;
    Ok(behind.get(..sts + next).unwrap_or_default().to_owned())
}

fn copy(from: &Path, file: &str, to: &Path) -> anyhow::Result<()> {
    std::fs::copy(from.join(file), to.join(file)).with_context(|| file.to_owned())?;
    Ok(())
}
