//! What outlives every configuration, and how a new one takes the place of the old one.
//!
//! INVARIANT: nothing changes unless all of a configuration is right; what it decides is made whole
//! first and then given to new connections at once. Start at [`Lasting::reload`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use authn::attempt::{Ports, Rules};
use authn::place::Service;
use authn::ports::KerberosAcceptor;
use gateway::ports::{Delegation, Verifier};
use proto::secret::Secret;
use store::Store;
use tokio::task::JoinSet;

use super::pages::page_ports;
use super::{check, ports, services, unavailable, usage};
use crate::cli::CliError;
use crate::config::settings::Kerberos;
use crate::config::{self, Settings};
use crate::followed;
use crate::listen::Open;
use crate::live::Live;
use crate::metrics::{Metrics, Reloaded};
use crate::outbound::checks;
use crate::outbound::hasher::Hasher;
use crate::outbound::ldap::Ldap;
use crate::outbound::members::Members;
use crate::proxy::Proxy;
use crate::reload::Reloads;
use crate::verifier::kerberos::Keys;
use crate::verifier::local::Local;

/// What every configuration shares.
pub(crate) struct Lasting {
    /// The store, which is opened once.
    pub(super) store: Store,
    /// Who is connected.
    pub(super) live: Arc<Live>,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
    /// How the members of farms fare.
    pub(super) members: Arc<Members>,
    /// Who makes Kerberos tokens for people.
    pub(super) delegation: Option<Arc<dyn Delegation>>,
    /// What Kerberos is set up with, where the configuration has what it takes.
    pub(super) process: Option<gss::Process>,
    /// The checks of those that are configured.
    pub(super) checks: Mutex<JoinSet<()>>,
    /// Who follows the directory that is configured.
    pub(super) following: Mutex<JoinSet<()>>,
    /// What unknown names are judged with: equal for as long as the process lives.
    pub(super) unknown_names_key: Secret<[u8; 32]>,
    /// Who hashes memorised secrets, so many at a time whatever the configuration.
    pub(super) hasher: Arc<Hasher>,
    /// What only a new process takes up.
    pub(super) fixed: Fixed,
}

/// What only a new process takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    store_file: PathBuf,
    key_file: PathBuf,
    metrics: Option<SocketAddr>,
    kerberos: Option<Kerberos>,
}

impl Fixed {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            store_file: settings.store_file.clone(),
            key_file: settings.key_file.clone(),
            metrics: settings.metrics,
            kerberos: settings.kerberos.clone(),
        }
    }
}

impl Lasting {
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
        let settings = config::load(&reloads.file)?;
        check(&settings)?;
        config::store_is_usable(&settings)?;
        self.may_change(&settings)?;
        let proxy = Arc::new(self.proxy(&settings, self.verifier(&settings)?)?);
        let directory = self.directory(&settings)?;
        open.replace(&settings, &proxy).map_err(unavailable)?;
        self.watch(&proxy);
        self.follow(&settings, directory);
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        reloads.follow(&settings);
        Ok(())
    }

    fn may_change(&self, settings: &Settings) -> Result<(), CliError> {
        let next = Fixed::of(settings);
        let what = if next.metrics != self.fixed.metrics {
            "`[metrics] address`".to_owned()
        } else if next.kerberos != self.fixed.kerberos {
            "[kerberos]".to_owned()
        } else if next.store_file != self.fixed.store_file {
            format!("{}: `file` of [store]", settings.store_place)
        } else if next.key_file != self.fixed.key_file {
            format!("{}: `key_file` of [store]", settings.key_place)
        } else {
            return Ok(());
        };
        Err(usage(format!("{what} was changed, which needs a restart")))
    }

    /// Who answers who somebody is, by the rules of a configuration.
    ///
    /// # Errors
    ///
    /// A policy allows Kerberos, and there is no library or no key for it.
    pub(super) fn verifier(&self, settings: &Settings) -> Result<Arc<dyn Verifier>, CliError> {
        let rules = self.rules(settings);
        let revocations = Arc::new(self.store.clone());
        let ports = Ports {
            kerberos: self.keys(settings)?,
            ..ports(&self.store)
        };
        Ok(Arc::new(Local::new(ports, revocations, rules)))
    }

    fn rules(&self, settings: &Settings) -> Rules {
        Rules {
            policy: settings.policy.clone(),
            default_domain: settings.default_domain.clone(),
            unknown_names_key: Secret::new(self.unknown_names_key.expose().to_vec()),
        }
    }

    /// The pages of a configuration that has any.
    fn pages(&self, settings: &Settings) -> Option<Arc<web::Pages>> {
        settings.portal.as_ref()?;
        let hasher = Arc::clone(&self.hasher);
        Some(Arc::new(web::Pages {
            ports: page_ports(&self.store, hasher),
            rules: self.rules(settings),
            services: services(settings)
                .into_iter()
                .map(|it| Service(it.into()))
                .collect(),
        }))
    }

    /// The keys of the services that the office may come to by Kerberos.
    fn keys(&self, settings: &Settings) -> Result<Option<Arc<dyn KerberosAcceptor>>, CliError> {
        if settings.accepts.is_empty() {
            return Ok(None);
        }
        let unusable = |error: String| unavailable(format!("[kerberos]: {error}"));
        let (Some(kerberos), Some(process)) = (&settings.kerberos, &self.process) else {
            return Err(unusable("this process is not set up for it".to_owned()));
        };
        let keys = Keys::open(process, kerberos, settings.accepts.clone());
        let keys = keys.map_err(|error| unusable(error.to_string()))?;
        Ok(Some(Arc::new(keys)))
    }

    /// What connections share under a configuration.
    pub(super) fn proxy(
        &self,
        settings: &Settings,
        verifier: Arc<dyn Verifier>,
    ) -> Result<Proxy, CliError> {
        let (live, metrics) = (Arc::clone(&self.live), Arc::clone(&self.metrics));
        let delegation = self.delegation.clone();
        Proxy::new(
            settings,
            verifier,
            (live, &self.members),
            delegation,
            metrics,
        )
        .map(|proxy| proxy.with_pages(self.pages(settings)))
        .map_err(usage)
    }

    /// Checks the members of these farms, and no others, from here on.
    pub(super) fn watch(&self, proxy: &Proxy) {
        let named = proxy.farms().flat_map(|farm| farm.members());
        self.members.watch_only(named.map(|member| &member.tracked));
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        *checks = checks::check(proxy.farms());
    }

    /// The directory of a configuration.
    pub(super) fn directory(&self, settings: &Settings) -> Result<Option<Arc<Ldap>>, CliError> {
        let Some(directory) = &settings.directory else {
            return Ok(None);
        };
        let ldap = Ldap::new(directory, Arc::new(self.store.clone())).map_err(usage)?;
        Ok(Some(Arc::new(ldap)))
    }

    /// Follows this directory, and no other, from here on.
    pub(super) fn follow(&self, settings: &Settings, directory: Option<Arc<Ldap>>) {
        let mut following = JoinSet::new();
        let (store, live) = (self.store.clone(), Arc::clone(&self.live));
        match (directory, &settings.directory) {
            (Some(directory), Some(settings)) => {
                following.spawn(followed::follow(store, directory, live, settings.refresh))
            }
            _ => following.spawn(followed::follow_none(store, live)),
        };
        let mut known = self
            .following
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = following;
    }

    /// Follows no directory any more.
    pub(super) fn follow_nobody(&self) {
        let mut known = self
            .following
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = JoinSet::new();
    }
}
