//! The gate's own account in Active Directory: made once, and given another password by itself from then on.
//!
//! INVARIANT: a password is sealed in the store before the directory learns it, beside the one it takes the place of, so that
//! none is lost where a process ends in between. Start at [`OwnAccount::open`].

use std::path::Path;

use authn::audit::{Actor, Event, Kind};
use authn::ports::OwnPasswords;
use jiff::Timestamp;
use proto::kerberos::{self, Entry, ITERATIONS, KeyError, computer_salt, string_to_key};
use proto::secret::Secret;
use store::Store;
use zeroize::Zeroizing;

use super::{keeping, unavailable, usage};
use crate::cli::CliError;
use crate::clock;
use crate::config::settings::{Directory, Kerberos};
use crate::config::{self, Settings};
use crate::deployment::Deployment;
use crate::keytab::KeytabFile;
use crate::operator::by_hand;
use crate::outbound::ldap::gate::{GateError, Plan, SignedIn};

/// How long a password is, as Windows makes them for computers: 6 random bits a letter.
const LETTERS: usize = 120;
/// What it is made of; one of them for each value of six bits.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Who makes the account, where, and whether it may act as users.
pub(crate) struct Order<'a> {
    /// The UPN of whose right it is.
    pub(crate) administrator: &'a str,
    /// The DN of the place, where it is not that of new computers.
    pub(crate) place: Option<&'a str>,
    /// Whether it may reach the back ends as users.
    pub(crate) delegates: bool,
}

/// The gate's account, and what is kept of it.
pub(crate) struct OwnAccount {
    store: Store,
    settings: Settings,
    directory: Directory,
    kerberos: Kerberos,
    deployment: Deployment,
}

impl OwnAccount {
    /// Opens the store of a configuration that names a directory and a computer account.
    ///
    /// # Errors
    ///
    /// The configuration does not, or the store cannot be opened.
    pub(crate) async fn open(config: &Path) -> Result<Self, CliError> {
        let settings = of_a_computer(config)?;
        let store = keeping::open(&settings).await?;
        Self::of(settings, store)
    }

    /// The same; makes the store where there is none, as the gate cannot begin it without a keytab.
    ///
    /// # Errors
    ///
    /// As of [`OwnAccount::open`].
    pub(crate) async fn begin(config: &Path) -> Result<Self, CliError> {
        let settings = of_a_computer(config)?;
        let store = keeping::open_or_begin(&settings).await?;
        Self::of(settings, store)
    }

    fn of(settings: Settings, store: Store) -> Result<Self, CliError> {
        Ok(Self {
            directory: settings
                .directory
                .clone()
                .ok_or_else(|| missing("directory"))?,
            kerberos: settings
                .kerberos
                .clone()
                .ok_or_else(|| missing("kerberos"))?,
            deployment: Deployment::of(&settings),
            store,
            settings,
        })
    }

    /// The account's name.
    pub(crate) fn name(&self) -> &str {
        &self.deployment.gateway.name
    }

    /// Where its keys are.
    pub(crate) fn keytab(&self) -> &Path {
        &self.kerberos.keytab
    }

    /// The services that it should reach as a user.
    pub(crate) fn back_ends(&self) -> Vec<String> {
        let spns = self.deployment.back_end_spns().into_iter();
        spns.map(str::to_owned).collect()
    }

    /// Says what [`OwnAccount::join`] would write.
    ///
    /// # Errors
    ///
    /// As [`OwnAccount::join`].
    pub(crate) async fn plan(
        &self,
        order: &Order<'_>,
        password: &Secret<String>,
    ) -> Result<Plan, CliError> {
        Ok(self.planned(order, password).await?.1)
    }

    /// Makes the account, and the keytab with its key; gives the key's version.
    ///
    /// # Errors
    ///
    /// The order is refused, and then nothing was changed; or something outside is unavailable.
    pub(crate) async fn join(
        &self,
        order: &Order<'_>,
        password: &Secret<String>,
    ) -> Result<(Plan, u32), CliError> {
        let (mut signed_in, plan) = self.planned(order, password).await?;
        let mut keytab = self.prepared()?;
        let own = drawn()?;
        self.keep(&[&own], None).await?;
        if let Err(error) = signed_in.create(&plan, &own).await {
            // Without an answer it may have been made, with this password.
            if !matches!(error, GateError::Session(_)) {
                self.keep(&[], None).await?;
            }
            return Err(said(error));
        }
        let done = async {
            let version = signed_in.key_version(&plan.dn).await.map_err(said)?;
            self.put(&mut keytab, &own, version)?;
            let kind = Kind::GatewayJoined {
                gateway: self.kerberos.account.to_string(),
                administrator: Actor::named(order.administrator).as_str().to_owned(),
                version,
            };
            self.keep(&[&own], Some(kind)).await?;
            Ok::<u32, CliError>(version)
        };
        let version = done.await.map_err(|error| {
            error.with_hint("the account was made, `wicketgate ad rotate` gives it a new key")
        })?;
        Ok((plan, version))
    }

    /// Gives the account another password and the keytab its key; gives the key's version.
    ///
    /// # Errors
    ///
    /// There is no password to begin with, the directory refuses it, or something outside is unavailable.
    pub(crate) async fn rotate(&self) -> Result<u32, CliError> {
        let mut keytab = self.prepared()?;
        let (mut signed_in, old) = self.signed_in().await?;
        let dn = signed_in.dn(self.name()).await.map_err(said)?;
        let dn = dn.ok_or_else(|| said(GateError::Missing(self.name().to_owned())))?;
        let new = drawn()?;
        self.keep(&[&new, &old], None).await?;
        if let Err(error) = signed_in.change_password(&dn, &old, &new).await {
            if !matches!(error, GateError::Session(_)) {
                self.keep(&[&old], None).await?;
            }
            return Err(said(error));
        }
        let done = async {
            let version = signed_in.key_version(&dn).await.map_err(said)?;
            self.put(&mut keytab, &new, version)?;
            let kind = Kind::GatewayKeyRotated {
                gateway: self.kerberos.account.to_string(),
                version,
            };
            self.keep(&[&new], Some(kind)).await?;
            Ok::<u32, CliError>(version)
        };
        done.await.map_err(|error| {
            error.with_hint(
                "the account has a new password, and its key is not in the keytab: run this again",
            )
        })
    }

    async fn planned(
        &self,
        order: &Order<'_>,
        password: &Secret<String>,
    ) -> Result<(SignedIn, Plan), CliError> {
        // SECURITY: without a password a directory lets everybody in, as nobody (RFC 4513 5.1.2).
        if password.expose().is_empty() {
            return Err(usage("an empty password is none"));
        }
        if !order.administrator.contains('@') {
            let wrong = "is no UPN, such as administrator@contoso.com";
            return Err(usage(format!("`{}` {wrong}", order.administrator)));
        }
        let back_ends = match order.delegates {
            true => self.back_ends(),
            false => Vec::new(),
        };
        if order.delegates && back_ends.is_empty() {
            let message = "no farm has an `spn`, so that there is nothing to delegate to";
            return Err(usage(message));
        }
        let names = (self.deployment.published_spns(), back_ends);
        let realm = &self.kerberos.realm;
        let who = (order.administrator, password);
        let signed_in = SignedIn::open(&self.directory, realm, who).await;
        let mut signed_in = signed_in.map_err(said)?;
        let plan = signed_in.plan(self.name(), order.place, names).await;
        Ok((signed_in, plan.map_err(said)?))
    }

    /// Signs in by the password that the account has, of those that it may have.
    async fn signed_in(&self) -> Result<(SignedIn, Secret<String>), CliError> {
        let realm = &self.kerberos.realm;
        let upn = format!("{}@{}", self.name(), realm.to_string().to_lowercase());
        let mut refused = None;
        for password in self.store.own(self.kerberos.account.as_str()).await? {
            match SignedIn::open(&self.directory, realm, (&upn, &password)).await {
                Ok(signed_in) => return Ok((signed_in, password)),
                Err(error @ GateError::Refused(_)) => refused = Some(error),
                Err(error) => return Err(said(error)),
            }
        }
        let why = match refused {
            Some(error) => error.to_string(),
            None => format!("the store has no password of `{}`", self.name()),
        };
        let hint = "it was not made by `wicketgate ad join` from this store, or was changed elsewhere: \
                    `wicketgate script ad` prints a script whose -RollKey makes a key";
        Err(CliError::refused(why).with_hint(hint))
    }

    fn prepared(&self) -> Result<KeytabFile, CliError> {
        let (keytab, like) = (self.keytab(), self.settings.store()?.file_of_its_own());
        let prepared = KeytabFile::prepare(keytab, like);
        prepared.map_err(|error| {
            usage(format!(
                "the keytab `{}` cannot be written: {error}",
                keytab.display()
            ))
        })
    }

    fn put(
        &self,
        keytab: &mut KeytabFile,
        password: &Secret<String>,
        version: u32,
    ) -> Result<(), CliError> {
        let entries = self.entries(password, version, clock::now());
        let put = keytab.put(entries.map_err(unavailable)?);
        put.map_err(|error| unavailable(format!("`{}`: {error}", self.keytab().display())))
    }

    /// The keys of a password: of the account, and of each name that it holds.
    fn entries(
        &self,
        password: &Secret<String>,
        version: u32,
        at: Timestamp,
    ) -> Result<Vec<Entry>, KeyError> {
        let realm = self.kerberos.realm.to_string();
        let salt = computer_salt(self.name(), &realm);
        let written = u32::try_from(at.as_second()).unwrap_or_default();
        let keys = kerberos::Kind::ALL.map(|kind| {
            let given = (password.expose().as_str(), salt.as_str());
            string_to_key(kind, given, ITERATIONS)
        });
        let keys: Vec<_> = keys.into_iter().collect::<Result<_, _>>()?;
        let services = self.deployment.published_spns().into_iter();
        let services = services.map(|spn| format!("{spn}@{realm}"));
        let names = std::iter::once(self.kerberos.account.to_string()).chain(services);
        let entries = names.flat_map(|name| {
            let of_name = |key| Entry::new(&name, version, key, written);
            keys.iter().map(of_name).collect::<Vec<_>>()
        });
        Ok(entries.collect())
    }

    async fn keep(
        &self,
        passwords: &[&Secret<String>],
        kind: Option<Kind>,
    ) -> Result<(), CliError> {
        let passwords: Vec<Secret<String>> = passwords.iter().copied().cloned().collect();
        let event = kind.map(|kind| Event::by_hand(&by_hand(), kind, None));
        let account = self.kerberos.account.as_str();
        Ok(self.store.keep_own(account, &passwords, event).await?)
    }
}

/// A password that nobody sees.
fn drawn() -> Result<Secret<String>, CliError> {
    let bytes: Zeroizing<[u8; LETTERS]> = Zeroizing::new(clock::random()?);
    let letter = |byte: &u8| {
        let at = usize::from(byte % 64);
        ALPHABET.get(at).copied().map(char::from)
    };
    let mut password = String::with_capacity(LETTERS);
    password.extend(bytes.iter().filter_map(letter));
    Ok(Secret::new(password))
}

fn said(error: GateError) -> CliError {
    let sentence = error.to_string();
    match error {
        GateError::Unreachable { .. } | GateError::Session(_) => CliError::unavailable(sentence),
        GateError::Refused(_)
        | GateError::Exists(_)
        | GateError::Missing(_)
        | GateError::Held { .. }
        | GateError::HeldElsewhere(_)
        | GateError::NotOnce { .. }
        | GateError::Machine { .. }
        | GateError::NotAllowed { .. }
        | GateError::Quota(_)
        | GateError::NoPlace(_) => CliError::refused(sentence),
    }
}

/// The settings, where they name a directory and a computer account.
fn of_a_computer(config: &Path) -> Result<Settings, CliError> {
    let settings = config::load_for_keytab(config)?;
    settings
        .directory
        .as_ref()
        .ok_or_else(|| missing("directory"))?;
    settings
        .kerberos
        .as_ref()
        .ok_or_else(|| missing("kerberos"))?;
    let name = Deployment::of(&settings).gateway.name;
    match name.ends_with('$') {
        true => Ok(settings),
        false => Err(usage(format!(
            "`{name}` in [kerberos] `account` is a user's name: a computer account ends in `$`, and only that cannot be \
             locked out by strangers"
        ))),
    }
}

pub(super) fn missing(table: &str) -> CliError {
    usage(format!("the configuration has no [{table}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_password_is_long_and_another_each_time() {
        let (first, second) = (drawn().unwrap(), drawn().unwrap());
        assert_eq!(first.expose().len(), LETTERS);
        assert_ne!(first.expose(), second.expose());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(first.expose().bytes().all(is_plain));
    }
}
