//! What the command line does with the directory.

use std::collections::BTreeSet;
use std::sync::Arc;

use authn::account::Account;
use authn::admin;
use authn::audit::{Event, Kind};
use authn::directory::Reading;
use authn::ports::{Directory as _, DirectoryCopy as _};
use proto::facts::ActiveDirectory;
use proto::secret::Secret;

use super::{Desk, refused, usage};
use crate::cli::CliError;
use crate::config::settings::Directory;
use crate::operator::by_hand;
use crate::outbound::ldap::{Checked, Ldap};

impl Desk {
    /// Somebody as the directory shows them, as the account that they would get.
    ///
    /// # Errors
    ///
    /// The name leads to nobody or several there, or the directory is unavailable.
    pub(crate) async fn person(&self, name: &str) -> Result<Account, CliError> {
        let reading = self.found(name).await?;
        let person = reading.only().map_err(|error| not_one(name, error))?;
        Ok(person.account(&reading.refused_groups))
    }

    /// Adds an account for somebody of the directory.
    ///
    /// # Errors
    ///
    /// As [`Desk::person`], a name is another account's, or the store is unavailable.
    pub(crate) async fn add_person(&self, name: &str) -> Result<Account, CliError> {
        let reading = self.found(name).await?;
        let person = reading.only().map_err(|error| not_one(name, error))?;
        admin::add_person(&self.ports, person, &reading.refused_groups, &by_hand())
            .await
            .map_err(refused)
    }

    /// Tries every controller.
    ///
    /// # Errors
    ///
    /// No directory is configured, or there is no password for it.
    pub(crate) async fn check_directory(&self) -> Result<Vec<Checked>, CliError> {
        Ok(self.ldap()?.check().await?)
    }

    /// The accounts that matter to the gate's Kerberos, as the directory shows them.
    ///
    /// # Errors
    ///
    /// No directory is configured, or it is unavailable.
    pub(crate) async fn facts(
        &self,
        gateway: &str,
        services: &BTreeSet<String>,
    ) -> Result<ActiveDirectory, CliError> {
        Ok(self.ldap()?.facts(gateway, services).await?)
    }

    /// Whether a domain's people are of another realm than the gate's account, which gets no tickets for them.
    pub(crate) fn is_another_realm(&self, domain: &str) -> bool {
        let realm = self.realm.as_ref().map(ToString::to_string);
        realm.is_some_and(|realm| !realm.eq_ignore_ascii_case(domain))
    }

    /// The groups that the configuration refuses.
    ///
    /// # Errors
    ///
    /// No directory is configured.
    pub(crate) fn refused_groups(&self) -> Result<&[String], CliError> {
        Ok(&self.directory()?.refused_groups)
    }

    /// Seals the password of the account that reads the directory; gives the account.
    ///
    /// # Errors
    ///
    /// No directory is configured, the password is empty, or the store is unavailable.
    pub(crate) async fn set_directory_password(
        &self,
        password: &Secret<String>,
    ) -> Result<&str, CliError> {
        let account = &self.directory()?.account;
        // SECURITY: without a password a directory lets everybody in, as nobody (RFC 4513 5.1.2).
        if password.expose().is_empty() {
            return Err(usage("an empty password is none"));
        }
        let event = Event::by_hand(&by_hand(), Kind::DirectoryPasswordSet, None);
        self.store.set_password(account, password, event).await?;
        Ok(account)
    }

    /// The SID of the one group of a name.
    ///
    /// # Errors
    ///
    /// There is none, or several, or the directory is unavailable.
    pub(super) async fn group_called(&self, name: &str) -> Result<String, CliError> {
        let found = self.ldap()?.groups_called(name).await?;
        let mut sids = found.0.into_keys();
        match (sids.next(), sids.next()) {
            (Some(sid), None) => Ok(sid),
            (None, _) => Err(CliError::refused(format!("no group is called `{name}`"))),
            (Some(one), Some(other)) => Err(CliError::refused(format!(
                "several groups are called `{name}`: {one}, {other}; give the SID"
            ))),
        }
    }

    async fn found(&self, name: &str) -> Result<Reading, CliError> {
        Ok(self.ldap()?.find(name).await?)
    }

    fn ldap(&self) -> Result<Ldap, CliError> {
        Ldap::new(
            self.directory()?,
            Arc::new(self.store.clone()),
            Arc::default(),
        )
        .map_err(usage)
    }

    fn directory(&self) -> Result<&Directory, CliError> {
        let missing = "the configuration has no [directory]";
        self.directory.as_ref().ok_or_else(|| usage(missing))
    }
}

fn not_one(name: &str, error: authn::directory::NotOne) -> CliError {
    CliError::refused(format!("`{name}`: {error}"))
}
