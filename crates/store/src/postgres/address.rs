//! Where a server is: `postgres://USER@HOST[:PORT]/DATABASE[?KEY=VALUE[&...]]`, as libpq writes it.
//!
//! Only what is known is taken, and nothing is guessed: what a node leaves out would be found in its environment
//! by another program, and be another server on the next node.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The port that is left out.
const PORT: u16 = 5432;

/// Where a server is, and as whom to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) tls: Tls,
    pub(super) authorities: Option<PathBuf>,
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
}

/// The other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name or an address.
    Name(String),
    /// The folder of a socket.
    Folder(PathBuf),
}

/// How far the server must prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It is not spoken to by TLS.
    Disable,
    /// It is spoken to by TLS, and need not prove anything.
    Require,
    /// Its certificate is of an authority that we know.
    VerifyCa,
    /// Its certificate is of such an authority and bears its name.
    VerifyFull,
}

/// An address is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins otherwise.
    #[error(
        "it must begin with `postgres://`, as in `postgres://wicketgate@db.example.com/wicketgate`"
    )]
    Scheme,
    /// It holds a password.
    #[error(
        "it holds a password, which does not belong there: put it in a file of its own and name that as `password_file`"
    )]
    Password,
    /// It lacks something.
    #[error("it lacks {what}, as in `postgres://wicketgate@db.example.com/wicketgate`")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// The port is none.
    #[error("`{typed}` is no port")]
    Port {
        /// What stands there.
        typed: String,
    },
    /// Nobody knows this key.
    #[error(
        "there is no `{typed}`: `host`, `sslmode`, `sslrootcert`, `sslcert` and `sslkey` are known"
    )]
    Key {
        /// What stands there.
        typed: String,
    },
    /// A mode that would fall back to speaking in clear, or that nobody knows.
    #[error("`sslmode={typed}` is not taken: `verify-full`, `verify-ca`, `require` or `disable`")]
    Mode {
        /// What stands there.
        typed: String,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("`sslcert` and `sslkey` belong together")]
    Half,
    /// A percent sign that stands for no byte, or bytes that are no text.
    #[error(
        "`{typed}` is not written as an address has it: `%` stands before two hexadecimal digits"
    )]
    Escape {
        /// What stands there.
        typed: String,
    },
}

impl Address {
    /// Whether another leads the same user to the same server, which must prove as much of itself: a password is good there.
    #[must_use]
    pub fn is_of_same_user(&self, other: &Self) -> bool {
        let Self {
            host,
            port,
            user,
            tls,
            authorities,
            ..
        } = self;
        let of_other = (&other.host, &other.port, &other.user);
        (host, port, user) == of_other && *tls == other.tls && *authorities == other.authorities
    }

    /// Reads an address; relative paths in it are taken from a folder.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, AddressError> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(AddressError::Scheme)?;
        let (rest, keys) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            return Err(AddressError::Password);
        }
        let (host, port) = host_and_port(host)?;
        let mut address = Self {
            host: named(&plain(host)?),
            port,
            user: required(plain(user)?, "the user to sign in as")?,
            database: required(plain(database)?, "the name of the database")?,
            tls: Tls::VerifyFull,
            authorities: None,
            certificate: None,
        };
        address.keys(keys, folder)?;
        if address.host == Host::Name(String::new()) {
            let what = "the host, or the folder of the server's socket as `?host=/run/postgresql`";
            return Err(AddressError::Missing { what });
        }
        Ok(address)
    }

    /// Whether nobody stands between us and the server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.host {
            Host::Folder(_) => true,
            Host::Name(name) => {
                let address = name.parse::<IpAddr>();
                name == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// How far the server must prove who it is.
    #[must_use]
    pub fn tls(&self) -> Tls {
        self.tls
    }

    /// The files that must be there to speak to the server.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let certificate = self.certificate.iter();
        let certificate = certificate.flat_map(|(certificate, key)| [certificate, key]);
        self.authorities
            .iter()
            .chain(certificate)
            .map(PathBuf::as_path)
    }

    fn keys(&mut self, keys: &str, folder: &Path) -> Result<(), AddressError> {
        let (mut mode, mut certificate, mut key) = (None, None, None);
        for pair in keys.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = plain(value)?;
            match name {
                "host" => self.host = named(&value),
                "sslmode" => mode = Some(tls(&value)?),
                "sslrootcert" => self.authorities = Some(folder.join(value)),
                "sslcert" => certificate = Some(folder.join(value)),
                "sslkey" => key = Some(folder.join(value)),
                "password" => return Err(AddressError::Password),
                _ => {
                    return Err(AddressError::Key {
                        typed: name.to_owned(),
                    });
                }
            }
        }
        self.certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(AddressError::Half),
        };
        self.tls = match mode {
            Some(mode) => mode,
            None if self.is_local() => Tls::Disable,
            None => Tls::VerifyFull,
        };
        Ok(())
    }
}

/// Where it is, without how it is spoken to.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user)?;
        match &self.host {
            Host::Name(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port)?,
            Host::Name(name) => write!(f, "{name}:{}", self.port)?,
            Host::Folder(_) => {}
        }
        write!(f, "/{}", self.database)?;
        match &self.host {
            Host::Name(_) => Ok(()),
            Host::Folder(folder) => write!(f, "?host={}", folder.display()),
        }
    }
}

fn host_and_port(text: &str) -> Result<(&str, u16), AddressError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
            (host, port.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None => PORT,
        Some(typed) => typed.parse().map_err(|_| AddressError::Port {
            typed: typed.to_owned(),
        })?,
    };
    Ok((host, port))
}

fn named(host: &str) -> Host {
    match host.starts_with('/') {
        true => Host::Folder(PathBuf::from(host)),
        false => Host::Name(host.to_owned()),
    }
}

fn required(text: String, what: &'static str) -> Result<String, AddressError> {
    match text.is_empty() {
        true => Err(AddressError::Missing { what }),
        false => Ok(text),
    }
}

fn tls(mode: &str) -> Result<Tls, AddressError> {
    match mode {
        "disable" => Ok(Tls::Disable),
        "require" => Ok(Tls::Require),
        "verify-ca" => Ok(Tls::VerifyCa),
        "verify-full" => Ok(Tls::VerifyFull),
        // SECURITY: `allow` and `prefer` speak in clear with whoever says that it has no TLS.
        typed => Err(AddressError::Mode {
            typed: typed.to_owned(),
        }),
    }
}

/// The text that percent signs stand for.
fn plain(text: &str) -> Result<String, AddressError> {
    let wrong = || AddressError::Escape {
        typed: text.to_owned(),
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(wrong());
        };
        let byte = u8::try_from(high.saturating_mul(16).saturating_add(low));
        bytes.push(byte.map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(text, Path::new("/etc/wicketgate")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_elsewhere_must_prove_its_name_unless_the_operator_says_otherwise() {
        let address = parse("postgres://gate@db.example.com/wicketgate").unwrap();
        assert_eq!(address.host, Host::Name("db.example.com".to_owned()));
        assert_eq!((address.port, &*address.user), (5432, "gate"));
        assert_eq!(address.database, "wicketgate");
        assert_eq!(address.tls, Tls::VerifyFull);
        assert!(!address.is_local());
        for (mode, tls) in [
            ("disable", Tls::Disable),
            ("require", Tls::Require),
            ("verify-ca", Tls::VerifyCa),
            ("verify-full", Tls::VerifyFull),
        ] {
            let text = format!("postgres://gate@db.example.com/wicketgate?sslmode={mode}");
            assert_eq!(parse(&text).unwrap().tls, tls);
        }
    }

    #[test]
    fn a_server_on_this_machine_needs_no_tls() {
        for text in [
            "postgres://gate@localhost/wicketgate",
            "postgres://gate@127.0.0.1:5433/wicketgate",
            "postgres://gate@[::1]:5433/wicketgate",
            "postgres://gate@/wicketgate?host=/run/postgresql",
            "postgresql://gate@%2Frun%2Fpostgresql/wicketgate",
        ] {
            let address = parse(text).unwrap();
            assert!(address.is_local(), "{text}");
            assert_eq!(address.tls, Tls::Disable, "{text}");
        }
        let socket = parse("postgres://gate@/wicketgate?host=/run/postgresql").unwrap();
        assert_eq!(socket.host, Host::Folder("/run/postgresql".into()));
        let shown = "postgres://gate@/wicketgate?host=/run/postgresql";
        assert_eq!(socket.to_string(), shown);
        let shown = "postgres://gate@[::1]:5433/wicketgate";
        assert_eq!(parse(shown).unwrap().to_string(), shown);
    }

    #[test]
    fn files_are_found_from_the_folder_of_the_configuration() {
        let text = "postgres://gate@db/w?sslrootcert=ca.pem&sslcert=gate.pem&sslkey=/k%20eys/gate";
        let address = parse(text).unwrap();
        let files: Vec<_> = address.files().collect();
        let named = [
            "/etc/wicketgate/ca.pem",
            "/etc/wicketgate/gate.pem",
            "/k eys/gate",
        ];
        assert_eq!(files, named.map(Path::new));
    }

    #[test]
    fn what_is_wrong_is_said_and_a_password_is_not_repeated() {
        for (text, expected) in [
            ("mysql://gate@db/w", "it must begin with `postgres://`"),
            ("postgres://db/w", "it lacks the user"),
            ("postgres://gate@db", "it lacks the name of the database"),
            ("postgres://gate@/w", "it lacks the host"),
            ("postgres://gate@db:x/w", "`x` is no port"),
            ("postgres://gate@db:70000/w", "`70000` is no port"),
            (
                "postgres://gate@db/w?sslmode=prefer",
                "`sslmode=prefer` is not taken",
            ),
            (
                "postgres://gate@db/w?sslmode=allow",
                "`sslmode=allow` is not taken",
            ),
            ("postgres://gate@db/w?ssl=on", "there is no `ssl`"),
            ("postgres://gate@db/w?sslcert=a", "belong together"),
            ("postgres://gate@db/%4", "`%4` is not written"),
            ("postgres://gate@db/%ff", "`%ff` is not written"),
            ("postgres://gate:canary@db/w", "it holds a password"),
            (
                "postgres://gate@db/w?password=canary",
                "it holds a password",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
