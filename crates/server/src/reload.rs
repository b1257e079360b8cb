//! When the configuration is read anew: on SIGHUP, and when one of its files was changed.
//!
//! Files are looked at again and again, as a notice of the system is lost where a file system is
//! mounted from elsewhere or a link is turned. Never reads what is in them. Start at [`Reloads::due`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::settings::Role;
use crate::config::{self, ConfigError, Settings};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Waits for what makes a reload due.
pub(crate) struct Reloads {
    file: PathBuf,
    hangups: Signal,
    looks: Interval,
    watch: Watch,
}

/// Files, as they were when they were read, and as they were seen last.
struct Watch {
    files: BTreeSet<PathBuf>,
    read: Stamps,
    seen: Stamps,
}

/// What tells two states of a file apart; nothing where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp(Option<[i64; 6]>);

/// The state of each file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Reloads {
    /// Begins to wait; from here on SIGHUP does not end the process.
    ///
    /// # Errors
    ///
    /// The signal cannot be listened for.
    pub(crate) fn begin(file: &Path, settings: &Settings) -> std::io::Result<Self> {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            file: file.to_owned(),
            hangups: signal(SignalKind::hangup())?,
            looks,
            watch: Watch::new(files(file, settings)),
        })
    }

    /// Waits until a reload is due. Nothing is lost where somebody stops waiting.
    pub(crate) async fn due(&mut self) {
        loop {
            tokio::select! {
                _ = self.hangups.recv() => {
                    // Whatever stands in the files is about to be read.
                    self.watch.is_read();
                    return;
                }
                _ = self.looks.tick() => if self.watch.is_due() {
                    return;
                },
            }
        }
    }

    /// Watches the files of the configuration that is served from here on.
    pub(crate) fn follow(&mut self, settings: &Settings) {
        self.watch.follow(files(&self.file, settings));
    }

    /// Reads the configuration that is to be taken, and watches its files beside those that are watched: whatever is
    /// wrong with it may be put right in a file that the old one does not name, or that is not there yet.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn load(&mut self) -> Result<Settings, ConfigError> {
        let read = config::load(&self.file);
        self.watch.follow_beside(match &read {
            Ok(settings) => files(&self.file, settings),
            Err(error) => error
                .missing_file()
                .map(Path::to_owned)
                .into_iter()
                .collect(),
        });
        read
    }
}

impl Watch {
    fn follow_beside(&mut self, files: BTreeSet<PathBuf>) {
        self.follow(&self.files | &files);
    }

    fn follow(&mut self, files: BTreeSet<PathBuf>) {
        self.files = files;
        let added = Stamps::of(&self.files);
        // A file that was watched before keeps its stamp, lest a change since it was read is missed.
        for stamps in [&mut self.read, &mut self.seen] {
            let known = std::mem::take(&mut stamps.0);
            stamps.0 = added.0.clone();
            stamps.0.extend(
                known
                    .into_iter()
                    .filter(|(file, _)| added.0.contains_key(file)),
            );
        }
    }
}

impl Watch {
    fn new(files: BTreeSet<PathBuf>) -> Self {
        let read = Stamps::of(&files);
        Self {
            files,
            seen: read.clone(),
            read,
        }
    }

    /// Whether a file was changed since it was read, and all are at rest: a key that is written after
    /// its certificate is waited for.
    fn is_due(&mut self) -> bool {
        let seen = Stamps::of(&self.files);
        let is_at_rest = seen == self.seen;
        let is_due = is_at_rest && seen != self.read;
        if is_due {
            self.read = seen.clone();
        }
        self.seen = seen;
        is_due
    }

    fn is_read(&mut self) {
        self.read = Stamps::of(&self.files);
        self.seen = self.read.clone();
    }
}

impl Stamps {
    fn of(files: &BTreeSet<PathBuf>) -> Self {
        let stamp = |file: &PathBuf| (file.clone(), Stamp::of(file));
        Self(files.iter().map(stamp).collect())
    }
}

impl Stamp {
    fn of(file: &Path) -> Self {
        let state = fs::metadata(file).ok().map(|state| {
            let size = i64::try_from(state.size()).unwrap_or(i64::MAX);
            let inode = state.ino().cast_signed();
            // The last two tell that somebody else may read it now.
            let (changed, at) = (state.ctime(), state.ctime_nsec());
            [state.mtime(), state.mtime_nsec(), size, inode, changed, at]
        });
        Self(state)
    }
}

/// Every file that is read where a configuration is understood and checked.
fn files(file: &Path, settings: &Settings) -> BTreeSet<PathBuf> {
    let certificates = settings.listeners.iter().flat_map(|it| &it.certificates);
    let members = settings.farms.values().flat_map(|farm| &farm.members);
    let authorities = members.filter_map(|member| Some(&member.tls.as_ref()?.authorities));
    let directory = settings.directory.iter().map(|it| &it.authorities);
    let onward = settings.onward.iter().map(|onward| &onward.key);
    let logo = settings.logo.iter();
    let keys = settings.store.iter().map(|store| &store.key_file);
    let identity = match &settings.role {
        Role::All => None,
        Role::Gateway(asking) => Some(&asking.identity),
        Role::Authn(answering) => Some(&answering.identity),
    };
    let identity = identity.into_iter();
    let named = certificates
        .flat_map(|it| [&it.chain, &it.key])
        .chain(authorities)
        .chain(directory)
        .chain(onward)
        .chain(keys)
        .chain(logo)
        .chain(identity.flat_map(|it| [&it.authorities, &it.certificate, &it.key]));
    let mut files: BTreeSet<PathBuf> = named.cloned().collect();
    files.insert(file.to_owned());
    files
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn watched(names: &[&str]) -> (Watch, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let files: BTreeSet<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        for file in &files {
            fs::write(file, "one").unwrap();
        }
        (Watch::new(files), folder)
    }

    #[test]
    fn a_change_is_due_once_when_it_is_at_rest() {
        let (mut watch, folder) = watched(&["a.pem", "a.key"]);
        assert!(!watch.is_due());
        fs::write(folder.path().join("a.pem"), "other").unwrap();
        assert!(!watch.is_due(), "it may still be written");
        fs::write(folder.path().join("a.key"), "other").unwrap();
        assert!(!watch.is_due(), "and so may the key");
        assert!(watch.is_due());
        assert!(!watch.is_due());
    }

    #[test]
    fn a_file_that_is_replaced_or_gone_is_a_change() {
        let (mut watch, folder) = watched(&["a.pem"]);
        let file = folder.path().join("a.pem");
        fs::write(folder.path().join("new"), "one").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert!(!watch.is_due());
        assert!(watch.is_due());
        fs::remove_file(&file).unwrap();
        assert!(!watch.is_due());
        assert!(watch.is_due());
    }

    #[test]
    fn a_file_that_others_may_read_now_is_a_change() {
        let (mut watch, folder) = watched(&["a.key"]);
        let readable = fs::Permissions::from_mode(0o640);
        fs::set_permissions(folder.path().join("a.key"), readable).unwrap();
        assert!(!watch.is_due());
        assert!(watch.is_due());
    }

    #[test]
    fn a_file_that_was_missing_is_waited_for_and_named_once() {
        let (mut watch, folder) = watched(&["a.pem"]);
        let missing = folder.path().join("to-come.pem");
        for _ in 0..3 {
            watch.follow_beside([missing.clone()].into());
        }
        assert_eq!(watch.files.len(), 2);
        assert!(!watch.is_due());
        fs::write(&missing, "one").unwrap();
        assert!(!watch.is_due(), "it may still be written");
        assert!(watch.is_due());
    }

    #[test]
    fn what_a_signal_had_read_is_not_read_again() {
        let (mut watch, folder) = watched(&["a.pem"]);
        fs::write(folder.path().join("a.pem"), "other").unwrap();
        watch.is_read();
        assert!(!watch.is_due());
        assert!(!watch.is_due());
    }
}
