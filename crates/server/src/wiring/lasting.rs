//! What outlives every configuration, and how a new one takes the place of the old one.
//!
//! INVARIANT: nothing changes unless all of a configuration is right; what it decides is made whole
//! first and then given to new connections at once. Start at [`Lasting::reload`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gateway::ports::{Delegation, Verifier};
use store::Database;
use tokio::task::JoinSet;

use super::source::Source;
use super::{check, unavailable, usage};
use crate::cli::CliError;
use crate::config::settings::{Asking, Kerberos, Place, Role, StoreSettings};
use crate::config::{self, Settings};
use crate::listen::Open;
use crate::live::Live;
use crate::metrics::{Metrics, Reloaded};
use crate::outbound::checks;
use crate::outbound::members::Members;
use crate::proxy::Proxy;
use crate::reload::Reloads;

/// What every configuration shares.
pub(crate) struct Lasting {
    /// Who answers: the store that is opened once, or an authentication server elsewhere.
    pub(super) source: Source,
    /// Who is connected.
    pub(super) live: Arc<Live>,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
    /// How the members of farms fare.
    pub(super) members: Arc<Members>,
    /// Who makes Kerberos tokens for people.
    pub(super) delegation: Option<Arc<dyn Delegation>>,
    /// The checks of those that are configured.
    pub(super) checks: Mutex<JoinSet<()>>,
    /// What only a new process takes up.
    pub(super) fixed: Fixed,
}

/// What only a new process takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    role: Part,
    store: Option<(Database, PathBuf)>,
    metrics: Option<SocketAddr>,
    kerberos: Option<Kerberos>,
}

/// Of what an authentication server takes up a change by itself: its policy, its certificate and the list of gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    All,
    Gateway(Box<Asking>),
    Authn(SocketAddr),
}

impl Fixed {
    pub(super) fn of(settings: &Settings) -> Self {
        let stored = settings.store.as_ref();
        Self {
            role: match &settings.role {
                Role::All => Part::All,
                Role::Gateway(asking) => Part::Gateway(asking.clone()),
                Role::Authn(answering) => Part::Authn(answering.address),
            },
            store: stored.map(|it| (it.database.clone(), it.key_file.clone())),
            metrics: settings.metrics,
            kerberos: settings.kerberos.clone(),
        }
    }
}

impl Fixed {
    /// Whether a configuration can be taken up by this process.
    ///
    /// # Errors
    ///
    /// It changes what only a new process takes up; the sentence says what.
    pub(super) fn may_become(&self, settings: &Settings) -> Result<(), CliError> {
        let next = Self::of(settings);
        let place = |of: fn(&StoreSettings) -> &Place| {
            let place = settings.store.as_ref().map(of);
            place.map_or_else(String::new, |place| format!("{place}: "))
        };
        let database = |fixed: &Self| fixed.store.as_ref().map(|it| it.0.clone());
        let what = if next.role != self.role {
            "[authn], or `address` of [authn_server],".to_owned()
        } else if next.metrics != self.metrics {
            "`[metrics] address`".to_owned()
        } else if next.kerberos != self.kerberos {
            "[kerberos]".to_owned()
        } else if database(&next) != database(self) {
            format!("{}where the store is", place(|it| &it.place))
        } else if next.store != self.store {
            format!("{}`key_file` of [store]", place(|it| &it.key_place))
        } else {
            return Ok(());
        };
        Err(usage(format!("{what} was changed, which needs a restart")))
    }
}

impl Lasting {
    /// Reads the key file again, before what is derived from it is wanted.
    pub(super) async fn reread_keys(&self) {
        self.source.reread_keys().await;
    }

    /// Reads the configuration and gives it to new connections; where anything is wrong, the old one
    /// goes on, and the log says what and where.
    pub(super) fn reload(&self, open: &mut Open, reloads: &mut Reloads) {
        match self.replace(open, reloads) {
            Ok(()) => {
                self.metrics.certified(open.certificates().into_iter());
                self.metrics.reloaded(Reloaded::Taken);
                tracing::info!(
                    "new connections are served by the configuration as it is on the disk"
                );
            }
            Err(error) => {
                self.metrics.reloaded(Reloaded::Refused);
                tracing::error!("the configuration is not taken, and the old one goes on: {error}");
            }
        }
    }

    fn replace(&self, open: &mut Open, reloads: &mut Reloads) -> Result<(), CliError> {
        let settings = reloads.load()?;
        check(&settings)?;
        config::store_is_usable(&settings)?;
        self.fixed.may_become(&settings)?;
        let verifier = self.source.verifier(&settings)?;
        let proxy = Arc::new(self.proxy(&settings, verifier)?);
        let followed = self.source.followed(&settings)?;
        open.replace(&settings, &proxy).map_err(unavailable)?;
        self.watch(&proxy);
        self.source.follow(&settings, followed);
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        reloads.follow(&settings);
        Ok(())
    }

    /// What connections share under a configuration.
    pub(super) fn proxy(
        &self,
        settings: &Settings,
        verifier: Arc<dyn Verifier>,
    ) -> Result<Proxy, CliError> {
        let (live, metrics) = (Arc::clone(&self.live), Arc::clone(&self.metrics));
        let delegation = self.delegation.clone();
        let pages = self.source.pages(settings)?;
        let api = self.source.api(settings).map(Arc::new);
        Proxy::new(
            settings,
            verifier,
            (live, &self.members),
            delegation,
            metrics,
        )
        .map(|proxy| proxy.with_pages(pages).with_api(api))
        .map_err(usage)
    }

    /// Checks the members of these farms, and no others, from here on.
    pub(super) fn watch(&self, proxy: &Proxy) {
        let named = proxy.farms().flat_map(|farm| farm.members());
        self.members.watch_only(named.map(|member| &member.tracked));
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        *checks = checks::check(proxy.farms());
    }
}
