//! A server, the connections to it, and what is done with its tables as a whole.
//!
//! SECURITY: the password is read from its file for each connection and kept nowhere. A server that takes no
//! writes is refused: it may be a standby that lags, and what it does not know yet was revoked.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::secret::Secret;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::{Instant, timeout};

use super::address::{Address, Host, Tls};
use crate::StoreError;
use crate::engine::{Connection, late, query};

/// What every connection is set to: a lost node's transaction is ended, and with it its lock.
const SERVING: &str = "SET client_min_messages = warning; SET statement_timeout = 2000; \
    SET lock_timeout = 1000; SET idle_in_transaction_session_timeout = 2000";

/// As [`SERVING`], where somebody waits at a terminal.
const MAINTAINING: &str = "SET client_min_messages = warning; SET statement_timeout = 0; \
    SET lock_timeout = 10000; SET idle_in_transaction_session_timeout = 0";

/// Durable means written on the server's disk, also where it was set up to hurry.
const DURABLE: &str = "
    SELECT set_config('synchronous_commit', 'on', false) AS set_to
    WHERE current_setting('synchronous_commit') = 'off'";

/// How long a server may take until it can be asked something.
const CONNECTING: Duration = Duration::from_secs(5);

/// A password is read no further than this.
const MAX_PASSWORD: u64 = 4_096;

/// A server, and what proves to it who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: Address,
    /// The password, where the server asks for one.
    pub password: Option<Password>,
}

/// Where a password is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// The file whose first line it is.
    pub file: PathBuf,
}

impl Server {
    /// A connection whose statements are given up by the server as well.
    pub(crate) async fn to_serve(&self) -> Result<Connection, sqlx::Error> {
        self.connect(SERVING).await
    }

    /// A connection whose statements take as long as they take.
    pub(crate) async fn to_maintain(&self) -> Result<Connection, sqlx::Error> {
        self.connect(MAINTAINING).await
    }

    /// Whether what the server calls durable is on its disk.
    ///
    /// # Errors
    ///
    /// It does not answer, or takes no writes.
    pub async fn is_durable(&self) -> Result<bool, StoreError> {
        let mut connection = self.to_serve().await?;
        let row = query("SHOW fsync").fetch_one(&mut connection).await?;
        let is_on = row.try_get::<&str>("fsync")? == "on";
        connection.close().await?;
        Ok(is_on)
    }

    async fn connect(&self, settings: &'static str) -> Result<Connection, sqlx::Error> {
        let connecting = timeout(CONNECTING, self.options()?.connect()).await;
        let mut connection = Connection::from(connecting.map_err(|_| late())??);
        connection.answer_by(Instant::now() + CONNECTING);
        connection.run(settings.to_owned()).await?;
        query(DURABLE).fetch_all(&mut connection).await?;
        let row = query("SHOW transaction_read_only")
            .fetch_one(&mut connection)
            .await?;
        connection.answer_when_it_likes();
        match row.try_get("transaction_read_only")? {
            "off" => Ok(connection),
            _ => Err(sqlx::Error::Configuration(
                "the server takes no writes: it is a standby, or was made read-only".into(),
            )),
        }
    }

    fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        let address = &self.address;
        let password = match &self.password {
            None => Secret::new(String::new()),
            Some(password) => password.read().map_err(|error| {
                let why = format!("the password in `{}`: {error}", password.file.display());
                sqlx::Error::Configuration(why.into())
            })?,
        };
        // Each of them is said, so that none is taken from the environment.
        let options = PgConnectOptions::new_without_pgpass()
            .port(address.port)
            .username(&address.user)
            .password(password.expose())
            .database(&address.database)
            .application_name("wicketgate")
            .ssl_mode(mode(address.tls));
        let options = match &address.host {
            Host::Name(name) => options.host(name),
            Host::Folder(folder) => options.host("localhost").socket(folder),
        };
        let options = match &address.authorities {
            None => options,
            Some(file) => options.ssl_root_cert(file),
        };
        let options = match &address.certificate {
            None => options,
            Some((certificate, key)) => options.ssl_client_cert(certificate).ssl_client_key(key),
        };
        Ok(options.disable_statement_logging())
    }
}

impl Password {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, everybody can read it, or it holds no password.
    pub fn read(&self) -> io::Result<Secret<String>> {
        let metadata = fs::metadata(&self.file)?;
        if metadata.mode() & 0o007 != 0 {
            return Err(wrong(
                "everybody on this machine may use it; run: chmod 640",
            ));
        }
        if metadata.len() > MAX_PASSWORD {
            return Err(wrong("it is too long for a password"));
        }
        let text = Secret::new(fs::read_to_string(&self.file)?);
        match text.expose().lines().next() {
            Some(line) if !line.is_empty() => Ok(Secret::new(line.to_owned())),
            _ => Err(wrong("there is none in its first line")),
        }
    }

    /// The file of a systemd credential, in the folder that systemd names to its service.
    #[must_use]
    pub fn of_credential(name: &str, folder: &Path) -> Self {
        Self {
            file: folder.join(name),
        }
    }
}

fn wrong(why: &'static str) -> io::Error {
    io::Error::other(why)
}

fn mode(tls: Tls) -> PgSslMode {
    match tls {
        Tls::Disable => PgSslMode::Disable,
        Tls::Require => PgSslMode::Require,
        Tls::VerifyCa => PgSslMode::VerifyCa,
        Tls::VerifyFull => PgSslMode::VerifyFull,
    }
}
