//! Who answers a gate: a store of its own, or an authentication server elsewhere (design 10).
//!
//! Start at [`Source::begin`].

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authn::attempt::{Ports, Rules};
use authn::credential::passkey::RelyingParty;
use authn::credential::sent_code::Language;
use authn::drain::Drained;
use authn::place::Service;
use authn::ports::{Drains as _, KerberosAcceptor, Revocations as _};
use authn::retention::Collector;
use authn::sign_in;
use gateway::ports::{Delegation, Verifier};
use proto::secret::Secret;
use store::Store;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::pages::page_ports;
use super::{keeping, ports, services, unavailable, usage};
use crate::cli::CliError;
use crate::config::Settings;
use crate::config::settings::{Asking, Role};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::outbound::hasher::Hasher;
use crate::outbound::kerberos;
use crate::outbound::ldap::{Ldap, Refused};
use crate::outbound::members::Members;
use crate::outbound::messages::{self, Carriers};
use crate::outbound::syslog;
use crate::proxy::Pages;
use crate::sealing::Process;
use crate::signing::Signer;
use crate::trusted::Trusted;
use crate::verifier::kerberos::Keys;
use crate::verifier::local::Local;
use crate::verifier::mutual::{self, Gateways};
use crate::verifier::pages::{Brought, Elsewhere};
use crate::verifier::remote::Remote;
use crate::{clock, drained, followed, kept, monitoring, sealing, verifier, watching};

/// How often a gateway that starts asks for its authentication server.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Who answers.
pub(super) enum Source {
    /// This process, from its own store.
    Own(Own),
    /// An authentication server elsewhere.
    Elsewhere {
        /// It.
        remote: Arc<Remote>,
        /// Who is told of what else is followed there.
        live: Arc<Live>,
    },
}

/// What answering takes.
pub(super) struct Own {
    pub(super) store: Store,
    live: Arc<Live>,
    /// This process, as it is known where several share the store.
    sealing: Process,
    /// What Kerberos is set up with, where the configuration has what it takes.
    process: Option<gss::Process>,
    /// What unknown names are judged with: equal for as long as the process lives.
    unknown_names_key: Secret<[u8; 32]>,
    /// Who hashes memorised secrets, so many at a time whatever the configuration.
    hasher: Arc<Hasher>,
    /// Who follows the directory that is configured.
    following: Mutex<JoinSet<()>>,
    /// Whether there is one.
    follows_directory: Arc<AtomicBool>,
    /// Which groups it was seen to refuse, by whatever configuration.
    refused: Arc<Refused>,
    /// The parties that tokens are for.
    pub(super) trusted: Arc<Trusted<Store>>,
    /// Who signs tokens.
    pub(super) signer: Arc<Signer<Store>>,
    /// What is counted.
    metrics: Arc<Metrics>,
}

/// What is done beside sign-ins, by a configuration.
#[derive(Default)]
pub(super) struct Followed {
    /// The directory that is followed.
    directory: Option<Arc<Ldap>>,
    /// Who carries messages.
    carriers: Option<Carriers>,
    /// Who gets the audit trail, too.
    collector: Option<syslog::Collector>,
}

/// Who carries the messages of a configuration.
///
/// # Errors
///
/// The authorities that vouch for one of them are not usable.
pub(super) fn carriers(settings: &Settings) -> Result<Option<Carriers>, CliError> {
    let carriers = settings.messages.as_ref().map(Carriers::new);
    carriers.transpose().map_err(usage)
}

/// The collector of a configuration.
///
/// # Errors
///
/// Its authorities, or our own certificate for it, are not usable.
pub(super) fn collector(settings: &Settings) -> Result<Option<syslog::Collector>, CliError> {
    let collector = settings.audit.syslog.as_ref().map(syslog::Collector::new);
    let named = |error| usage(format!("[audit.syslog]: {error}"));
    collector.transpose().map_err(named)
}

/// What a gate begins with.
pub(super) struct Begun {
    /// Who answers it.
    pub(super) source: Source,
    /// Who is connected.
    pub(super) live: Arc<Live>,
    /// The key of the cookies that name a member of a farm.
    pub(super) cookies: Secret<[u8; 32]>,
    /// What is drained.
    pub(super) drained: BTreeSet<Drained>,
}

/// Reads what mutual TLS needs, and keeps nothing.
///
/// # Errors
///
/// A certificate or key is not usable.
pub(super) fn check(settings: &Settings) -> Result<(), CliError> {
    match &settings.role {
        Role::All => Ok(()),
        Role::Gateway(asking) => mutual::client(&asking.identity).map(drop).map_err(usage),
        Role::Authn(answering) => {
            let gateways = Arc::new(Gateways::new(answering.gateways.clone()));
            let server = mutual::server(&answering.identity, gateways);
            server.map(drop).map_err(usage)
        }
    }
}

impl Source {
    /// Opens the store; a gateway waits for its authentication server.
    ///
    /// # Errors
    ///
    /// The store cannot be opened, or a gateway has nothing that it could ask with.
    pub(super) async fn begin(
        settings: &Settings,
        process: Option<&gss::Process>,
        metrics: &Arc<Metrics>,
    ) -> Result<Begun, CliError> {
        if let Role::Gateway(asking) = &settings.role {
            return Self::elsewhere(asking, metrics).await;
        }
        let own = Own::begin(settings, process, metrics).await?;
        Ok(Begun {
            cookies: own.store.keys().for_cookies(),
            drained: own.store.drained().await?,
            live: Arc::clone(&own.live),
            source: Self::Own(own),
        })
    }

    async fn elsewhere(asking: &Asking, metrics: &Arc<Metrics>) -> Result<Begun, CliError> {
        let remote = Remote::new(asking, Arc::clone(metrics)).map_err(usage)?;
        let remote = Arc::new(remote);
        let mut said = String::new();
        let (hello, last, standing) = loop {
            let met = async {
                let hello = remote.hello().await?;
                Ok((
                    hello,
                    remote.last_revocation().await?,
                    remote.standing().await?,
                ))
            };
            let met: Result<_, authn::ports::Unavailable> = met.await;
            let why = match met {
                Ok(met) => break met,
                Err(error) => error.to_string(),
            };
            // Another reason is news: it was away, and then does not know this gateway.
            if why != said {
                tracing::error!("the gate does not open yet, and asks again: {why}");
                said = why;
            }
            sleep(ASK_EVERY).await;
        };
        let behind = clock::now().duration_since(hello.now).abs();
        if behind > authn::voucher::LIFE {
            tracing::error!(
                "the clock of the authentication server is {behind} away from this one, so that no sign-in passes"
            );
        }
        let gateway = hello.gateway.as_str();
        tracing::info!(
            gateway,
            server = asking.server,
            "the authentication server answers"
        );
        let live = Live::new(&clock::random()?, last, metrics.revocations());
        let live = Arc::new(live);
        let cookies = hello.cookies.expose().try_into();
        let cookies: [u8; 32] = cookies.map_err(|_| unavailable("its key of cookies is none"))?;
        Ok(Begun {
            cookies: Secret::new(cookies),
            drained: standing.drained(),
            source: Self::Elsewhere {
                remote,
                live: Arc::clone(&live),
            },
            live,
        })
    }

    /// Who answers who somebody is, by the rules of a configuration.
    ///
    /// # Errors
    ///
    /// A policy allows Kerberos, and there is no library or no key for it.
    pub(super) fn verifier(&self, settings: &Settings) -> Result<Arc<dyn Verifier>, CliError> {
        match self {
            Self::Own(own) => Ok(Arc::new(own.local(settings)?)),
            Self::Elsewhere { remote, .. } => {
                let remote: Arc<Remote> = Arc::clone(remote);
                Ok(remote)
            }
        }
    }

    /// Who makes Kerberos tokens, where the configuration has what it takes.
    ///
    /// # Errors
    ///
    /// The gate's account cannot be used.
    pub(super) async fn delegation(
        &self,
        settings: &Settings,
        process: Option<&gss::Process>,
    ) -> Result<Option<Arc<dyn Delegation>>, CliError> {
        match self {
            Self::Own(own) => own.delegation(settings, process).await,
            Self::Elsewhere { remote, .. } => {
                let remote: Arc<Remote> = Arc::clone(remote);
                Ok(Some(remote))
            }
        }
    }

    /// Pages of our own: those of this process, or of the authentication server that it asks.
    ///
    /// # Errors
    ///
    /// No passkey could be bound to them.
    pub(super) fn pages(&self, settings: &Settings) -> Result<Option<Pages>, CliError> {
        let sts = settings.sts.as_ref().map(|it| it.origin.clone());
        if settings.portal.is_none() && sts.is_none() {
            return Ok(None);
        }
        let pages = match self {
            Self::Own(own) => Pages::Here(Arc::new(own.pages(settings)?)),
            Self::Elsewhere { remote, .. } => {
                let shown = (sts, Arc::clone(&settings.branding));
                Pages::Elsewhere(Arc::new(Elsewhere::new(Arc::clone(remote), shown)))
            }
        };
        Ok(Some(pages))
    }

    /// The HTTP API, where this process keeps what it does.
    pub(super) fn api(&self, settings: &Settings) -> Option<web::api::Api> {
        match self {
            Self::Own(own) => own.api(settings),
            Self::Elsewhere { .. } => None,
        }
    }

    /// The directory of a configuration, and who carries messages.
    ///
    /// # Errors
    ///
    /// Their authorities are not usable.
    pub(super) fn followed(&self, settings: &Settings) -> Result<Followed, CliError> {
        match self {
            Self::Own(own) => own.followed(settings),
            Self::Elsewhere { .. } => Ok(Followed::default()),
        }
    }

    /// Follows this directory and sends by these carriers, and no others, from here on.
    pub(super) fn follow(&self, settings: &Settings, followed: Followed) {
        if let Self::Own(own) = self {
            own.follow(settings, followed);
        }
    }

    /// Follows what an operator wants to be left alone.
    pub(super) fn drains(&self, members: &Arc<Members>) -> JoinHandle<()> {
        let members = Arc::clone(members);
        match self {
            Self::Own(own) => tokio::spawn(drained::follow(own.store.clone(), members)),
            Self::Elsewhere { remote, live } => {
                let (remote, live) = (Arc::clone(remote), Arc::clone(live));
                tokio::spawn(verifier::follow::follow(remote, members, live))
            }
        }
    }

    /// Reads the key file again, where there is one.
    pub(super) async fn reread_keys(&self) {
        if let Self::Own(own) = self {
            own.reread_keys().await;
        }
    }

    /// The store, where there is one.
    pub(super) fn store(&self) -> Option<Store> {
        match self {
            Self::Own(own) => Some(own.store.clone()),
            Self::Elsewhere { .. } => None,
        }
    }

    /// Follows nothing any more, and closes the store.
    pub(super) async fn close(&self) {
        if let Self::Own(own) = self {
            own.close().await;
        }
    }
}

impl Own {
    /// Opens the store.
    ///
    /// # Errors
    ///
    /// It is not there or cannot be opened.
    pub(super) async fn begin(
        settings: &Settings,
        process: Option<&gss::Process>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CliError> {
        let store = keeping::open_or_begin(settings).await?;
        let last = store.last().await?;
        let (committed, revocations) = (Arc::clone(metrics), metrics.revocations());
        store.on_commit(move |commit| committed.committed(commit));
        let trusted = Arc::new(Trusted::new(store.clone()));
        let signer = Arc::new(Signer::new(store.clone()));
        if settings.sts.is_some() {
            trusted.look().await?;
            signer.look().await?;
        }
        Ok(Self {
            trusted,
            signer,
            store,
            live: Arc::new(Live::new(&clock::random()?, last, revocations)),
            sealing: Process::named(clock::random()?),
            process: process.cloned(),
            unknown_names_key: Secret::new(clock::random()?),
            hasher: Arc::new(Hasher::new()),
            following: Mutex::default(),
            follows_directory: Arc::new(AtomicBool::new(settings.directory.is_some())),
            refused: Arc::default(),
            metrics: Arc::clone(metrics),
        })
    }

    /// Reads the key file again; where anything is wrong, the keys that were read go on, and the log says what.
    pub(super) async fn reread_keys(&self) {
        match self.store.reread_keys().await {
            Ok(()) => {
                tracing::info!(keys = ?self.store.keys().ids(), "the key file was read again")
            }
            Err(error) => {
                tracing::error!("the key file is not taken, and the old keys go on: {error}");
            }
        }
    }

    /// Who is connected.
    pub(super) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Who hashes memorised secrets.
    pub(super) fn hasher(&self) -> Arc<Hasher> {
        Arc::clone(&self.hasher)
    }

    /// `authn` in this process, by the rules of a configuration.
    ///
    /// # Errors
    ///
    /// A policy allows Kerberos, and there is no library or no key for it.
    pub(super) fn local(&self, settings: &Settings) -> Result<Local, CliError> {
        let ports = Ports {
            kerberos: self.keys(settings)?,
            hasher: self.hasher.clone(),
            ..ports(&self.store)
        };
        let (store, rules) = (self.store.clone(), self.rules(settings));
        let messages = settings.messages.as_ref();
        let language = messages.map_or(Language::English, |it| it.language);
        Ok(Local::new(ports, store, rules, language))
    }

    fn rules(&self, settings: &Settings) -> Rules {
        Rules {
            policy: settings.policy.clone(),
            default_domain: settings.default_domain.clone(),
            unknown_names_key: Secret::new(self.unknown_names_key.expose().to_vec()),
            grants_key: Secret::new(self.store.keys().for_grants().expose().to_vec()),
            sending: settings.messages.as_ref().map(|it| it.sending.clone()),
            keep_me_signed_in: settings.keep_me_signed_in,
        }
    }

    /// What pages need, with the keys by which people begin in the office, where they do.
    fn page_ports(&self, settings: &Settings) -> Result<sign_in::Ports, CliError> {
        let mut ports = page_ports(&self.store, Arc::clone(&self.hasher));
        if settings.portal.as_ref().is_some_and(|it| it.from_office) {
            ports.attempt.kerberos = self.keys(settings)?;
        }
        Ok(ports)
    }

    /// Pages that gateways bring requests for.
    ///
    /// # Errors
    ///
    /// No passkey could be bound to them.
    pub(super) fn brought(&self, settings: &Settings) -> Result<Option<Brought>, CliError> {
        let origins = [
            settings.portal.as_ref().map(|it| it.origin.clone()),
            settings.sts.as_ref().map(|it| it.origin.clone()),
        ];
        let origins: Vec<String> = origins.into_iter().flatten().collect();
        match origins.is_empty() {
            true => Ok(None),
            false => Ok(Some(Brought::new(self.pages(settings)?, origins))),
        }
    }

    /// Pages of our own.
    fn pages(&self, settings: &Settings) -> Result<web::Pages, CliError> {
        let services = services(settings).into_iter();
        let portal = settings.portal.as_ref();
        let sts = settings.sts.as_ref().map(|it| it.origin.as_str());
        let origin = portal
            .map(|it| it.origin.as_str())
            .or(sts)
            .unwrap_or_default();
        let makes = portal.map_or(&[][..], |it| &it.makes);
        let passkeys = RelyingParty::of(origin, makes);
        Ok(web::Pages {
            passkeys: passkeys.map_err(|error| unavailable(format!("[portal]: {error}")))?,
            sts: match &settings.sts {
                Some(identity) => Some(self.sts(settings, identity)?),
                None => None,
            },
            ports: self.page_ports(settings)?,
            from_office: portal.is_some_and(|it| it.from_office),
            rules: self.rules(settings),
            sending: settings.messages.as_ref().map(|it| it.sending.clone()),
            services: services.map(|it| Service(it.into())).collect(),
            branding: Arc::clone(&settings.branding),
            begun: web::Begun::default(),
        })
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

    /// The directory of a configuration, and who carries messages.
    ///
    /// # Errors
    ///
    /// Their authorities are not usable.
    pub(super) fn followed(&self, settings: &Settings) -> Result<Followed, CliError> {
        let directory = settings.directory.as_ref();
        let ldap = directory
            .map(|it| Ldap::new(it, Arc::new(self.store.clone()), Arc::clone(&self.refused)));
        Ok(Followed {
            directory: ldap.transpose().map_err(usage)?.map(Arc::new),
            carriers: carriers(settings)?,
            collector: collector(settings)?,
        })
    }

    /// Follows this directory and sends by these carriers, and no others, from here on.
    pub(super) fn follow(&self, settings: &Settings, followed: Followed) {
        let Followed {
            directory,
            carriers,
            collector,
        } = followed;
        let has_directory = settings.directory.is_some();
        self.follows_directory
            .store(has_directory, Ordering::Relaxed);
        let mut following = JoinSet::new();
        let (store, live) = (self.store.clone(), Arc::clone(&self.live));
        match (directory, &settings.directory) {
            (Some(directory), Some(settings)) => {
                following.spawn(followed::follow(store, directory, live, settings.refresh))
            }
            _ => following.spawn(followed::follow_none(store, live)),
        };
        if settings.sts.is_some() {
            let (trusted, signer) = (Arc::clone(&self.trusted), Arc::clone(&self.signer));
            following.spawn(async move { trusted.follow().await });
            following.spawn(async move { signer.follow().await });
        }
        if let Some(monitoring) = settings.monitoring.clone() {
            let (store, partners) = (self.store.clone(), self.metrics.partners());
            following.spawn(monitoring::monitor(store, monitoring, partners));
        }
        if let Some(carriers) = carriers {
            following.spawn(messages::send(self.store.clone(), carriers));
        }
        let metrics = Arc::clone(&self.metrics);
        following.spawn(watching::watch(self.store.clone(), metrics));
        following.spawn(sealing::say(self.store.clone(), self.sealing.clone()));
        if let Some(keep) = settings.audit.keep {
            let must_have = match &collector {
                Some(_) => Collector::KeepsTheRest,
                None => Collector::Absent,
            };
            following.spawn(kept::keep(self.store.clone(), keep, must_have));
        }
        if let Some(collector) = collector {
            let (store, shipped) = (self.store.clone(), self.metrics.shipped());
            following.spawn(syslog::ship(store, collector, shipped));
        }
        self.follows(following);
    }

    /// Follows nobody any more, and closes the store.
    pub(super) async fn close(&self) {
        self.follows(JoinSet::new());
        self.store.close().await;
    }

    /// Who makes Kerberos tokens in this process, where the configuration has what it takes.
    ///
    /// # Errors
    ///
    /// The gate's account cannot be used.
    pub(super) async fn delegation(
        &self,
        settings: &Settings,
        process: Option<&gss::Process>,
    ) -> Result<Option<Arc<dyn Delegation>>, CliError> {
        let (Some(kerberos), Some(process)) = (&settings.kerberos, process) else {
            return Ok(None);
        };
        let follows_directory = Arc::clone(&self.follows_directory);
        let local = kerberos::Local::begin(process, kerberos, follows_directory).await;
        let local = local.map_err(|error| unavailable(format!("[kerberos]: {error}")))?;
        let local = Arc::new(local);
        // It listens before the first ticket is there, and ends with the process, as the tickets do.
        tokio::spawn(Arc::clone(&local).follow(self.live.listen()));
        Ok(Some(local))
    }

    fn follows(&self, following: JoinSet<()>) {
        let mut known = self
            .following
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = following;
    }
}
