//! What the command line and the portal do with memorised secrets and invitations.

use std::sync::Arc;

use authn::admin::secrets::{self, SecretError, SecretRandomness};
use authn::attempt::Ports;
use authn::handle::Handle;
use authn::sign_in;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use store::Store;

use super::{Desk, ports};
use crate::cli::CliError;
use crate::clock;
use crate::config::settings::Portal;
use crate::operator::by_hand;
use crate::outbound::hasher::Hasher;

/// What sign-in by a page needs, on a store.
pub(super) fn page_ports(store: &Store, hasher: Arc<Hasher>) -> sign_in::Ports {
    sign_in::Ports {
        attempt: Ports {
            hasher,
            ..ports(store)
        },
        sign_ins: Arc::new(store.clone()),
        sessions: Arc::new(store.clone()),
        invitations: Arc::new(store.clone()),
        passkeys: Arc::new(store.clone()),
        spare_codes: Arc::new(store.clone()),
    }
}

impl Desk {
    /// Sets the memorised secret of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, the secret may not be chosen, or the store is unavailable.
    pub(crate) async fn set_secret(
        &self,
        name: &str,
        typed: &Secret<String>,
    ) -> Result<(), CliError> {
        let account = self.account(name).await?;
        let random = SecretRandomness {
            id: clock::random()?,
            salt: clock::random()?,
        };
        let set = secrets::set(&self.page_ports(), &account, typed, &by_hand(), random).await;
        set.map(drop).map_err(of_secret)
    }

    /// Removes the memorised secret of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, there is none, or the store is unavailable.
    pub(crate) async fn remove_secret(&self, name: &str) -> Result<(), CliError> {
        let account = self.account(name).await?;
        let removed = secrets::remove(&self.page_ports(), &account, &by_hand()).await;
        removed.map_err(of_secret)
    }

    /// Invites somebody to choose a secret; gives the link and its end.
    ///
    /// # Errors
    ///
    /// There is no portal, the name leads nowhere, it would not last, or the store is unavailable.
    pub(crate) async fn invite(
        &self,
        name: &str,
        lasting: SignedDuration,
    ) -> Result<(Secret<String>, Timestamp), CliError> {
        self.portal()?;
        let account = self.account(name).await?;
        let (ports, by, random) = (self.page_ports(), by_hand(), clock::random()?);
        let invited = secrets::invite(&ports, &account, lasting, &by, random).await;
        let (handle, ends) = invited.map_err(of_secret)?;
        Ok((self.link_of(&handle)?, ends))
    }

    /// Where an invitation leads.
    ///
    /// # Errors
    ///
    /// There is no portal.
    pub(super) fn link_of(&self, handle: &Handle) -> Result<Secret<String>, CliError> {
        let (origin, handle) = (&self.portal()?.origin, handle.written());
        let link = format!("{origin}/invitation?invitation={}", handle.expose());
        Ok(Secret::new(link))
    }

    /// The portal, where invitations lead.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) fn portal(&self) -> Result<&Portal, CliError> {
        let message = "the configuration has no [portal], where an invitation would lead";
        self.portal.as_ref().ok_or_else(|| CliError::usage(message))
    }

    pub(super) fn page_ports(&self) -> sign_in::Ports {
        page_ports(&self.store, Arc::new(Hasher::new()))
    }
}

pub(super) fn of_secret(error: SecretError) -> CliError {
    match error {
        SecretError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
