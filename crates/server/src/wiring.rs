//! Wiring: which door is given to which room. The only file that knows them all.

mod api;
mod authn_server;
mod directory;
mod farms;
mod invitations;
pub(crate) mod keeping;
pub(crate) mod key_file;
pub(crate) mod key_from_windows;
mod lasting;
mod messages;
pub(crate) mod own_account;
mod pages;
mod passkeys;
mod pins;
mod source;
mod spare_codes;
mod token_import;
mod token_service;
mod tokens;
mod trail;
mod trusts;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use authn::account::{Account, AccountState};
use authn::admin::{self, NewAccount, NewAppPassword};
use authn::attempt::Ports;
use authn::credential::CredentialId;
use authn::credential::app_password::AppPassword;
use authn::name::NameKey;
use authn::place::Service;
use authn::voucher::{Issuer, VoucherKey};
use gateway::ports::Verifier;
use proto::secret::Secret;
use store::Store;
use tokio::sync::watch;

use crate::cli::CliError;
use crate::config::settings::Role;
use crate::config::{self, Settings};
use crate::metrics::Metrics;
use crate::metrics::ready::Readiness;
use crate::metrics::serve::{self as told, Told};
use crate::notify::{self, State};
use crate::operator::by_hand;
use crate::outbound::hasher::Hasher;
use crate::outbound::members::Members;
use crate::outbound::tls;
use crate::proxy::Proxy;
use crate::reload::Reloads;
use crate::{clock, listen};
pub(crate) use authn_server::AuthnServer;
pub(crate) use farms::FarmMember;
pub(crate) use invitations::{Became, Inviting, Way, each_once};
use lasting::{Fixed, Lasting};
pub(crate) use messages::try_carriers;
use source::{Begun, Source};
pub(crate) use token_import::{Imported, TokenImport};
pub(crate) use token_service::{attribute_stores, opaque_secret};
pub(crate) use tokens::TokenOrder;
pub(crate) use trusts::party;

/// A gate with its addresses bound and whoever answers it there, ready to serve.
pub(crate) struct Gate {
    bound: listen::Bound,
    metrics: Option<TcpListener>,
    proxy: Arc<Proxy>,
    verifier: Arc<dyn Verifier>,
    lasting: Lasting,
}

impl Gate {
    /// Opens the store, or waits for the authentication server elsewhere; then binds the listeners.
    ///
    /// # Errors
    ///
    /// The store is not there or cannot be opened, or an address is taken.
    pub(crate) async fn open(
        settings: &Settings,
        process: Option<&gss::Process>,
    ) -> Result<Self, CliError> {
        Self::open_on(settings, process, Vec::new()).await
    }

    /// The same on sockets that are bound already; what they are not bound to is bound here.
    ///
    /// # Errors
    ///
    /// As of [`Gate::open`].
    pub(crate) async fn open_on(
        settings: &Settings,
        process: Option<&gss::Process>,
        held: Vec<TcpListener>,
    ) -> Result<Self, CliError> {
        let metrics = Arc::new(Metrics::new());
        let begun = Source::begin(settings, process, &metrics).await?;
        let Begun { source, live, .. } = begun;
        let members = Members::new(Arc::clone(&metrics), begun.cookies);
        members.set_drained(begun.drained);
        let lasting = Lasting {
            members: Arc::new(members),
            delegation: source.delegation(settings, process).await?,
            checks: Mutex::default(),
            source,
            live,
            metrics,
            fixed: Fixed::of(settings),
        };
        let verifier = lasting.source.verifier(settings)?;
        let proxy = lasting.proxy(settings, Arc::clone(&verifier))?;
        let bound = listen::bind(settings, held).map_err(unavailable)?;
        let followed = lasting.source.followed(settings)?;
        lasting.source.follow(settings, followed);
        let metrics = settings.metrics.map(metrics_at).transpose()?;
        Ok(Self {
            bound,
            metrics,
            proxy: Arc::new(proxy),
            verifier,
            lasting,
        })
    }

    /// The addresses that clients can reach it at by TLS.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.bound.addresses()
    }

    /// Those of plain HTTP.
    pub(crate) fn plain_addresses(&self) -> Vec<SocketAddr> {
        self.bound.plain_addresses()
    }

    /// Serves until `stop` resolves, then drains and closes the store; meanwhile the configuration is
    /// replaced whenever that is due.
    ///
    /// # Errors
    ///
    /// A bound socket cannot be used.
    pub(crate) async fn serve(
        self,
        stop: impl Future<Output = ()> + Send,
        reloads: Option<Reloads>,
    ) -> Result<(), CliError> {
        let (stopping, stopped) = watch::channel(false);
        let (closing, closed) = watch::channel(false);
        let (lasting, verifier) = (self.lasting, self.verifier);
        let (heard, known) = (Arc::clone(&lasting.live), Arc::clone(&verifier));
        let following = tokio::spawn(async move { heard.follow(&*known, stopped).await });
        let readiness = Readiness {
            store: lasting.source.store(),
            verifier,
            live: Arc::clone(&lasting.live),
        };
        let told = Arc::new(Told {
            metrics: Arc::clone(&lasting.metrics),
            readiness,
        });
        let drains = lasting.source.drains(&lasting.members);
        lasting.watch(&self.proxy);
        let mut open = self.bound.open(&self.proxy).map_err(unavailable)?;
        // Each listener keeps what it gives out, and a configuration that was replaced shall end.
        drop(self.proxy);
        lasting.metrics.certified(open.certificates().into_iter());
        let telling = self
            .metrics
            .map(|socket| tokio::spawn(told::serve(socket, told, closed)));
        notify::tell(State::Ready);
        until_stopped(&lasting, &mut open, stop, reloads).await;
        notify::tell(State::Stopping);
        // Where nobody asks and nobody follows, nobody need be told.
        let _ = closing.send(true);
        open.close().await;
        if let Some(telling) = telling {
            telling.abort();
        }
        let _ = stopping.send(true);
        let _ = following.await;
        drains.abort();
        lasting.source.close().await;
        Ok(())
    }
}

async fn until_stopped(
    lasting: &Lasting,
    open: &mut listen::Open,
    stop: impl Future<Output = ()>,
    reloads: Option<Reloads>,
) {
    let Some(mut reloads) = reloads else {
        return stop.await;
    };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = reloads.due() => {
                lasting.reread_keys().await;
                lasting.reload(open, &mut reloads);
            }
        }
    }
}

/// Binds the address of `[metrics]` and says where it is.
fn metrics_at(address: SocketAddr) -> Result<TcpListener, CliError> {
    let socket = told::bind(address)
        .map_err(|error| unavailable(format!("metrics cannot be told at {address}: {error}")))?;
    let address = socket.local_addr().map_err(unavailable)?;
    tracing::info!(address = address.to_string(), "metrics and health are told");
    Ok(socket)
}

/// Reads every file that serving needs, and keeps nothing.
///
/// # Errors
///
/// One of them is not usable.
pub(crate) fn check(settings: &Settings) -> Result<(), CliError> {
    source::check(settings)?;
    if !matches!(settings.role, Role::Authn(_)) {
        listen::check(settings).map_err(usage)?;
    }
    if let Some(directory) = &settings.directory {
        tls::client(&directory.authorities).map_err(usage)?;
    }
    source::carriers(settings)?;
    source::collector(settings)?;
    Proxy::check(settings).map_err(usage)
}

fn usage(error: impl std::fmt::Display) -> CliError {
    CliError::usage(error.to_string())
}

fn unavailable(error: impl std::fmt::Display) -> CliError {
    CliError::unavailable(error.to_string())
}

/// The key by which gateways open what this authentication server signs.
///
/// # Errors
///
/// The store's keys cannot be read.
pub(crate) async fn voucher_key(settings: &Settings) -> Result<VoucherKey, CliError> {
    let store = keeping::open(settings).await?;
    let issuer = Issuer::new(&store.keys().for_vouchers());
    let issuer = issuer.map_err(|error| unavailable(format!("[store]: {error}")))?;
    store.close().await;
    Ok(issuer.key())
}

/// What the command line does with accounts, app passwords and the audit trail.
pub(crate) struct Desk {
    store: Store,
    ports: Ports,
    default_domain: Option<String>,
    services: Vec<String>,
    farms: BTreeMap<String, config::settings::Farm>,
    directory: Option<config::settings::Directory>,
    realm: Option<gss::Realm>,
    portal: Option<config::settings::Portal>,
    issuer: Option<sts::trust::Identifier>,
    messages: Option<config::settings::messages::Messages>,
    ships_trail: bool,
    has_pins: bool,
}

impl Desk {
    /// Opens the store that a configuration names.
    ///
    /// # Errors
    ///
    /// The configuration is wrong, or the store cannot be opened.
    pub(crate) async fn open(config: &Path) -> Result<Self, CliError> {
        Self::of(&config::load(config)?).await
    }

    /// The same for what must be known of the directory before the first start: makes the store where there is none, and
    /// wants no keytab yet.
    ///
    /// # Errors
    ///
    /// As of [`Desk::open`], no directory is configured, or the store cannot be made.
    pub(crate) async fn begin_for_directory(config: &Path) -> Result<Self, CliError> {
        let settings = config::load_for_keytab(config)?;
        if settings.directory.is_none() {
            return Err(own_account::missing("directory"));
        }
        let store = keeping::open_or_begin(&settings).await?;
        Ok(Self::on(store, &settings))
    }

    /// Opens the store of a configuration that was read already.
    ///
    /// # Errors
    ///
    /// The store cannot be opened.
    pub(crate) async fn of(settings: &Settings) -> Result<Self, CliError> {
        let store = keeping::open(settings).await?;
        Ok(Self::on(store, settings))
    }

    fn on(store: Store, settings: &Settings) -> Self {
        let services = services(settings);
        let default_domain = settings.default_domain.clone();
        Self {
            ports: ports(&store),
            store,
            default_domain,
            services,
            farms: settings.farms.clone(),
            directory: settings.directory.clone(),
            realm: settings.kerberos.as_ref().map(|it| it.realm.clone()),
            portal: settings.portal.clone(),
            issuer: settings.sts.as_ref().map(|it| it.identifier.clone()),
            messages: settings.messages.clone(),
            ships_trail: settings.audit.syslog.is_some(),
            has_pins: settings.ntlm_pin,
        }
    }

    /// Adds an account.
    ///
    /// # Errors
    ///
    /// A name is another account's or malformed, or the store is unavailable.
    pub(crate) async fn add_account(&self, new: NewAccount) -> Result<Account, CliError> {
        let added = admin::add_account(&self.ports, new, &by_hand(), clock::random()?).await;
        added.map_err(refused)
    }

    /// All accounts.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, CliError> {
        Ok(self.ports.accounts.list().await?)
    }

    /// The account that a name leads to.
    ///
    /// # Errors
    ///
    /// There is none, or the store is unavailable.
    pub(crate) async fn account(&self, name: &str) -> Result<Account, CliError> {
        let keys = NameKey::candidates(name, "", self.default_domain.as_deref());
        let found = self.ports.accounts.by_names(&keys).await?;
        found.ok_or_else(|| {
            let hint = "`wicketgate user list` shows them";
            CliError::refused(format!("no account is called `{name}`; {hint}"))
        })
    }

    /// The account that an app password belongs to.
    ///
    /// # Errors
    ///
    /// There is none, or the store is unavailable.
    pub(crate) async fn account_of(&self, password: &AppPassword) -> Result<Account, CliError> {
        let found = self.ports.accounts.by_id(&password.account).await?;
        found.ok_or_else(|| CliError::unavailable("the app password is of no account".to_owned()))
    }

    /// Changes an account's state.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn set_state(
        &self,
        name: &str,
        state: AccountState,
    ) -> Result<Account, CliError> {
        let account = self.account(name).await?;
        admin::set_account_state(&self.ports, &account.id, state, &by_hand())
            .await
            .map_err(refused)?;
        Ok(Account { state, ..account })
    }

    /// Makes an app password, which is shown once.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, the scope names nothing published, or the store is unavailable.
    pub(crate) async fn issue_app_password(
        &self,
        name: &str,
        order: NewAppPassword,
    ) -> Result<(AppPassword, Secret<String>), CliError> {
        for service in &order.scope {
            if !self.services.iter().any(|known| known == &*service.0) {
                let known = self.services.join(", ");
                let message = format!("nothing published is the service `{service}`: {known}");
                return Err(CliError::usage(message));
            }
        }
        let account = self.account(name).await?;
        let random = admin::Randomness {
            id: clock::random()?,
            secret: clock::random()?,
        };
        admin::issue_app_password(&self.ports, &account.id, order, &by_hand(), random)
            .await
            .map_err(refused)
    }

    /// The app passwords of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn app_passwords(&self, name: &str) -> Result<Vec<AppPassword>, CliError> {
        self.app_passwords_of(&self.account(name).await?).await
    }

    /// The app passwords of an account that was found already.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn app_passwords_of(
        &self,
        account: &Account,
    ) -> Result<Vec<AppPassword>, CliError> {
        let subject = authn::lockout::Subject::Account(account.id.clone());
        let stored = self.ports.credentials.app_passwords(&subject).await?;
        Ok(stored.into_iter().map(|stored| stored.record).collect())
    }

    /// Revokes an app password.
    ///
    /// # Errors
    ///
    /// There is none, it was revoked already, or the store is unavailable.
    pub(crate) async fn revoke_app_password(&self, id: &str) -> Result<AppPassword, CliError> {
        let id = CredentialId(id.to_owned());
        admin::revoke_app_password(&self.ports, &id, &by_hand())
            .await
            .map_err(refused)
    }

    /// Revokes whatever a device of an account holds; gives the account, too.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, nothing is of that device, or the store is unavailable.
    pub(crate) async fn revoke_device(
        &self,
        name: &str,
        device: &str,
    ) -> Result<(Account, Vec<AppPassword>), CliError> {
        let account = self.account(name).await?;
        let revoked = admin::revoke_device(&self.ports, &account.id, device, &by_hand()).await;
        Ok((account, revoked.map_err(refused)?))
    }
}

/// Every service that an app password may be for: what is published, and signing in for other parties, where the policy
/// has the last word.
fn services(settings: &Settings) -> Vec<String> {
    let routes = settings
        .publication
        .hosts
        .values()
        .flat_map(|host| &host.routes);
    let mut services: Vec<String> = routes.map(|route| route.service.0.to_string()).collect();
    if let Role::Authn(answering) = &settings.role {
        services.extend(answering.services.iter().cloned());
    }
    services.extend(settings.sts.iter().map(|_| Service::STS.0.to_string()));
    services.sort();
    services.dedup();
    services
}

fn refused(error: admin::AdminError) -> CliError {
    match error {
        admin::AdminError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}

/// The ports of a store.
pub(crate) fn ports(store: &Store) -> Ports {
    Ports {
        accounts: Arc::new(store.clone()),
        credentials: Arc::new(store.clone()),
        otp_tokens: Arc::new(store.clone()),
        secrets: Arc::new(store.clone()),
        pins: Arc::new(store.clone()),
        hasher: Arc::new(Hasher::new()),
        sent_codes: Arc::new(store.clone()),
        attempts: Arc::new(store.clone()),
        tickets: Arc::new(store.clone()),
        audit: Arc::new(store.clone()),
        kerberos: None,
    }
}
