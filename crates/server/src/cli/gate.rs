//! A gate with a store, and nothing else that anybody would ask: what tests of verbs run on.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config;
use crate::wiring::keeping;

/// A folder with a configuration and a store.
pub(super) struct Gate(TempDir);

impl Gate {
    /// Makes both.
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file.pem"), "").unwrap();
        let text = "[store]\nfile = \"x.db\"\nkey_file = \"x.keys\"\n[names]\ndomain = \"CONTOSO\"\n\
            dns_domain = \"contoso.com\"\n[onward]\nkey = \"file.pem\"\nissuer = \"gate\"\n[[listener]]\n\
            address = \"127.0.0.1:8443\"\ncertificate = [{ chain = \"file.pem\", key = \"file.pem\" }]\n\
            [[farm]]\nname = \"app\"\naddress = \"http://127.0.0.1:8080\"\nidentity_header = \"x-identity\"\n\
            [[exchange]]\nhost = \"mail.contoso.com\"\nfarm = \"app\"\n";
        let gate = Self(folder);
        std::fs::write(gate.config(), text).unwrap();
        let settings = config::load(&gate.config()).unwrap();
        keeping::migrate(&settings).await.unwrap();
        gate
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.0.path().join("wicketgate.toml")
    }
}
