//! `[store]`: a file of this machine's own, or a database that several gates share.

use std::ops::Range;
use std::path::{Path, PathBuf};

use store::Database;
use store::postgres::{Address, Password, Server, Tls};
use toml::Spanned;

use super::super::error::{ConfigError, Place};
use super::super::settings::StoreSettings;
use super::super::written::{Store, Written};
use super::Understanding;

/// The variable that systemd names the folder of a service's credentials by.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

impl Understanding<'_> {
    /// The store and its keys, where the file names them.
    pub(super) fn store(
        &self,
        written: &Written,
        warnings: &mut Vec<String>,
    ) -> Result<Option<StoreSettings>, ConfigError> {
        let Some(store) = written.store.as_ref().map(Spanned::get_ref) else {
            return Ok(None);
        };
        let (database, place) = self.database(store, warnings)?;
        Ok(Some(StoreSettings {
            database,
            place,
            key_file: self.path(store.key_file.get_ref()),
            key_place: self.place(store.key_file.span()),
        }))
    }

    /// Where the store is, and where the configuration says so.
    fn database(
        &self,
        store: &Store,
        warnings: &mut Vec<String>,
    ) -> Result<(Database, Place), ConfigError> {
        match (&store.file, &store.postgres) {
            (Some(file), None) => {
                if let Some(key) = password_key(store) {
                    let message = "this is the password of a server, and there is no `postgres`";
                    return Err(ConfigError::new(self.place(key), message.to_owned()));
                }
                if self.path(file.get_ref()) == self.path(store.key_file.get_ref()) {
                    let message = "this is the store's own file: the keys that seal it are kept apart from it, in a \
                                   folder that no backup of the store takes along";
                    return Err(self.error(&store.key_file, message));
                }
                let database = Database::Sqlite(self.path(file.get_ref()));
                Ok((database, self.place(file.span())))
            }
            (None, Some(address)) => {
                let server = self.server(store, address)?;
                warnings.extend(unproved(&server.address));
                Ok((Database::Postgres(server), self.place(address.span())))
            }
            (Some(_), Some(address)) => {
                let message = "there is a `file` as well, and a store is in one place: `wicketgate db copy` moves it";
                Err(self.error(address, message))
            }
            (None, None) => {
                let message = "[store] names no store: `file = \"/var/lib/wicketgate/wicketgate.db\"`, or \
                               `postgres = \"postgres://wicketgate@db.example.com/wicketgate\"`";
                Err(self.error(&store.key_file, message))
            }
        }
    }

    fn server(&self, store: &Store, address: &Spanned<String>) -> Result<Server, ConfigError> {
        let parsed = Address::parse(address.get_ref(), &self.folder)
            .map_err(|error| self.error(address, &error.to_string()))?;
        for file in parsed.files() {
            if !file.is_file() {
                let message = format!("there is no file `{}`", file.display());
                return Err(self.error(address, &message));
            }
        }
        Ok(Server {
            address: parsed,
            password: self.secret(
                (&store.password_file, &store.password_credential),
                "password",
            )?,
        })
    }

    /// Where a secret is, whose keys begin with a word; that it can be read is known before anything is served.
    pub(super) fn secret(
        &self,
        (file, credential): (&Option<Spanned<PathBuf>>, &Option<Spanned<String>>),
        word: &str,
    ) -> Result<Option<Password>, ConfigError> {
        let (password, span) = match (file, credential) {
            (None, None) => return Ok(None),
            (Some(written), None) => {
                let file = self.path(written.get_ref());
                (Password { file }, written.span())
            }
            (None, Some(name)) => {
                let folder = std::env::var_os(CREDENTIALS).ok_or_else(|| {
                    let message = format!(
                        "only a service of systemd has credentials: `LoadCredential=` in its unit; elsewhere \
                         `{word}_file` names a file"
                    );
                    self.error(name, &message)
                })?;
                let is_plain = !name.get_ref().contains('/') && !name.get_ref().is_empty();
                if !is_plain {
                    return Err(self.error(name, "a credential is named, not its file"));
                }
                let password = Password::of_credential(name.get_ref(), Path::new(&folder));
                (password, name.span())
            }
            (Some(_), Some(name)) => {
                let message = format!("there is a `{word}_file` as well: one of them");
                return Err(self.error(name, &message));
            }
        };
        let read = password.read().map(drop);
        read.map_err(|error| {
            let message = format!("the {word} in `{}`: {error}", password.file.display());
            ConfigError::new(self.place(span), message)
        })?;
        Ok(Some(password))
    }
}

/// Where a password is named.
fn password_key(store: &Store) -> Option<Range<usize>> {
    let file = store.password_file.as_ref().map(Spanned::span);
    file.or_else(|| store.password_credential.as_ref().map(Spanned::span))
}

/// Who could stand between the gate and a server.
fn unproved(address: &Address) -> Option<String> {
    if address.is_local() || address.tls() == Tls::VerifyFull {
        return None;
    }
    let what = match address.tls() {
        Tls::Disable => "is spoken to in clear",
        Tls::Require => "need not prove who it is",
        Tls::VerifyCa | Tls::VerifyFull => "need not prove its name",
    };
    Some(format!(
        "[store]: the server of `{address}` {what}: whoever stands between can let anybody in; leave `sslmode` out"
    ))
}
