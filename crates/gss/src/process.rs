//! This process and Kerberos (design 13): a configuration of its own, and no identity but those that are
//! asked for by name.
//!
//! libkrb5 takes a *default* identity from the environment, from `/etc/krb5.conf` or from whatever `kinit` left
//! in `/tmp`, wherever a call names none. Here none of these is there to be found.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Unavailable;
use crate::principal::Realm;

/// The configuration's name in the folder.
const CONFIGURATION: &str = "krb5.conf";
/// The replay cache's.
const REPLAYS: &str = "replays";
/// What names a default identity.
const IDENTITIES: [&str; 3] = ["KRB5CCNAME", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME"];

/// Why this process cannot be set up for Kerberos.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The environment may be changed only while nobody else can read it.
    #[error("{count} threads run already, so that the environment cannot be changed")]
    Threads {
        /// How many.
        count: usize,
    },
    /// The kernel tells libkrb5 to ignore the environment.
    #[error(
        "the program has capabilities or another user of its file's own, so that Kerberos would read the system's configuration; give it AmbientCapabilities in place of setcap"
    )]
    Privileged,
    /// A path that a configuration cannot hold.
    #[error("`{path}` cannot stand in a configuration of Kerberos")]
    Path {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("`{path}`: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// A process that is set up for Kerberos.
///
/// **Proves** that libkrb5 reads our configuration and finds no default identity.
#[derive(Clone, Debug)]
pub struct Process {
    folder: Arc<Path>,
}

/// What the private configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The realm of the gate's account, its users and its back ends.
    pub realm: Realm,
    /// Where its domain controllers answer; with a [`Forwarder`](crate::Forwarder), its address alone.
    pub kdcs: Vec<SocketAddr>,
    /// How long a ticket lasts at most, and so how long a disabled user lives on at a back end.
    pub ticket_life: Duration,
}

/// Points libkrb5 at `folder`, which is made if it is not there: the first thing in `main`.
///
/// This is the one change of the environment that the program makes. Without the library it does no harm.
///
/// # Errors
///
/// A thread runs already, the kernel hides the environment from libraries, or the folder cannot be made.
pub fn configure_process(folder: &Path) -> Result<Process, ProcessError> {
    let auxiliary = Path::new("/proc/self/auxv");
    let told = std::fs::read(auxiliary).map_err(|error| file(auxiliary, error))?;
    if is_secure(&told) {
        return Err(ProcessError::Privileged);
    }
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"/-_.".contains(&it);
    let is_plain = folder
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .all(|it| plain(*it));
    if !folder.is_absolute() || !is_plain {
        let path = folder.to_owned();
        return Err(ProcessError::Path { path });
    }
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|error| file(folder, error))?;
    let count = threads()?;
    if count != 1 {
        return Err(ProcessError::Threads { count });
    }
    change_environment(folder);
    Ok(Process {
        folder: folder.into(),
    })
}

#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "the one allowed change of the environment"
)]
fn change_environment(folder: &Path) {
    for name in IDENTITIES {
        // SAFETY: the caller counted this process's threads: nobody else can read the environment.
        unsafe { std::env::remove_var(name) };
    }
    // SAFETY: as above.
    unsafe { std::env::set_var("KRB5_CONFIG", folder.join(CONFIGURATION)) };
    let replays = format!("file2:{}", folder.join(REPLAYS).display());
    // SAFETY: as above.
    unsafe { std::env::set_var("KRB5RCACHENAME", replays) };
}

/// Whether the kernel set `AT_SECURE`, which makes `secure_getenv` of libkrb5 blind: pairs of a number and a
/// value, as `getauxval` reads them. What cannot be read is taken for the worst.
fn is_secure(auxiliary: &[u8]) -> bool {
    const AT_SECURE: usize = 23;
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8; WORD]| usize::from_ne_bytes(*bytes);
    let (words, _) = auxiliary.as_chunks::<WORD>();
    let (pairs, _) = words.as_chunks::<2>();
    let mut found = pairs.iter().filter(|[key, _]| word(key) == AT_SECURE);
    found.next().is_none_or(|[_, value]| word(value) != 0)
}

fn threads() -> Result<usize, ProcessError> {
    let tasks = Path::new("/proc/self/task");
    let listed = std::fs::read_dir(tasks).map_err(|error| file(tasks, error))?;
    Ok(listed.count())
}

fn file(path: &Path, error: std::io::Error) -> ProcessError {
    let path = path.to_owned();
    ProcessError::File { path, error }
}

impl Process {
    /// Writes the private configuration, in one step; what runs already sees it with its next call.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, settings: &Settings) -> Result<(), Unavailable> {
        let path = self.folder.join(CONFIGURATION);
        let new = self.folder.join("krb5.conf.new");
        let write = || -> std::io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            let options = options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&new)?;
            file.write_all(configuration(settings).as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        };
        write().map_err(|error| Unavailable::Write {
            path: path.display().to_string(),
            detail: error.to_string(),
        })
    }

    /// The name of the file where every accepted token is remembered.
    pub(crate) fn replays(&self) -> String {
        format!("file2:{}", self.folder.join(REPLAYS).display())
    }
}

/// The private configuration. Every value is a parsed one, so that none can add a line.
fn configuration(settings: &Settings) -> String {
    let mut text = HEAD.to_owned();
    let realm = &settings.realm;
    let seconds = settings.ticket_life.as_secs();
    // Writing into a string cannot fail.
    let _ = write!(
        text,
        " ticket_lifetime = {seconds}s\n default_realm = {realm}\n\n[realms]\n {realm} = {{\n"
    );
    for kdc in &settings.kdcs {
        let _ = writeln!(text, "  kdc = {kdc}");
    }
    text.push_str(" }\n");
    text
}

/// `forwardable`: without it S4U2Proxy is refused. `udp_preference_limit`: TCP first, always, as an answer with a PAC
/// does not fit into a datagram. Default keytabs and cache: where nobody's key and ticket are.
const HEAD: &str = "\
# Written by wicketgate at each start: changes are lost.
[libdefaults]
 dns_lookup_realm = false
 dns_lookup_kdc = false
 dns_uri_lookup = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 udp_preference_limit = 0
 allow_weak_crypto = false
 permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128
 default_ccache_name = MEMORY:nobody
 default_keytab_name = FILE:/dev/null
 default_client_keytab_name = FILE:/dev/null
";

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_private_configuration_names_the_domain_and_nobody() {
        let text = configuration(&Settings {
            realm: "CONTOSO.TEST".parse().unwrap(),
            kdcs: vec![
                "127.0.0.1:4088".parse().unwrap(),
                "[::1]:4088".parse().unwrap(),
            ],
            ticket_life: Duration::from_secs(600),
        });
        expect![[r"
             ticket_lifetime = 600s
             default_realm = CONTOSO.TEST

            [realms]
             CONTOSO.TEST = {
              kdc = 127.0.0.1:4088
              kdc = [::1]:4088
             }
        "]]
        .assert_eq(text.strip_prefix(HEAD).unwrap());
    }

    #[test]
    fn a_process_with_threads_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        // A test runs on a thread of its own beside the main one.
        let refused = configure_process(folder.path());
        assert!(matches!(refused, Err(ProcessError::Threads { count }) if count > 1));
        assert_eq!(std::env::var_os("KRB5RCACHENAME"), None);
    }

    #[test]
    fn a_program_with_privileges_of_its_file_is_known() {
        let of = |value: usize| {
            [6_usize, 4096, 23, value, 0, 0]
                .map(usize::to_ne_bytes)
                .concat()
        };
        assert!(!is_secure(&of(0)));
        assert!(is_secure(&of(1)));
        assert!(is_secure(&[]));
    }

    #[test]
    fn a_folder_with_a_second_meaning_is_refused() {
        for bad in ["relative", "/a b", "/a\nb", "/a:b", "/a;b"] {
            let refused = configure_process(Path::new(bad));
            assert!(matches!(refused, Err(ProcessError::Path { .. })), "{bad}");
        }
    }
}
