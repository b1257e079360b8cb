//! An authentication server for gateways elsewhere: the store, the verifier, the domain's keys and the directory, behind
//! a door of its own; no client reaches it, and nothing is forwarded.
//!
//! Start at [`AuthnServer::open`].

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};

use authn::remote::Answering;
use tokio::sync::watch;

use super::lasting::Fixed;
use super::source::Own;
use super::{check, metrics_at, unavailable, usage};
use crate::cli::CliError;
use crate::clock;
use crate::config::settings::{self, Role};
use crate::config::{self, Settings};
use crate::live::Live;
use crate::metrics::ready::Readiness;
use crate::metrics::serve::{self as told, Told};
use crate::metrics::{Metrics, Reloaded};
use crate::notify::{self, State};
use crate::reload::Reloads;
use crate::verifier::mutual::{self, Gateways};
use crate::verifier::serve::{Answerer, Current};

/// An authentication server with its address bound and its store open, ready to answer.
pub(crate) struct AuthnServer {
    socket: TcpListener,
    metrics_socket: Option<TcpListener>,
    own: Own,
    metrics: Arc<Metrics>,
    answerer: Arc<Answerer>,
    fixed: Fixed,
}

impl AuthnServer {
    /// Opens the store and binds the address.
    ///
    /// # Errors
    ///
    /// The store is not there or cannot be opened, a certificate is not usable, or the address is taken.
    pub(crate) async fn open(
        settings: &Settings,
        process: Option<&gss::Process>,
    ) -> Result<Self, CliError> {
        let Role::Authn(answering) = &settings.role else {
            return Err(usage("this configuration has no [authn_server]"));
        };
        let metrics = Arc::new(Metrics::new());
        let own = Own::begin(settings, process, &metrics).await?;
        let keys = own.store.keys();
        let began = Answering::new(&keys.for_vouchers(), clock::now());
        let gateways = Arc::new(Gateways::new(answering.gateways.clone()));
        let answerer = Answerer {
            answering: began.map_err(|error| unavailable(format!("[store]: {error}")))?,
            current: RwLock::new(current(&own, (settings, answering), &gateways)?),
            gateways,
            store: own.store.clone(),
            cookies: keys.for_cookies(),
            delegation: own.delegation(settings, process).await?,
            metrics: Arc::clone(&metrics),
        };
        own.follow(settings, own.followed(settings)?);
        let address = answering.address;
        let bound = TcpListener::bind(address).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let socket = bound
            .map_err(|error| unavailable(format!("{address} cannot be listened at: {error}")))?;
        Ok(Self {
            socket,
            metrics_socket: settings.metrics.map(metrics_at).transpose()?,
            answerer: Arc::new(answerer),
            fixed: Fixed::of(settings),
            own,
            metrics,
        })
    }

    /// Where gateways ask.
    ///
    /// # Errors
    ///
    /// The socket has no address.
    pub(crate) fn address(&self) -> Result<SocketAddr, CliError> {
        self.socket.local_addr().map_err(unavailable)
    }

    /// Answers until `stop` resolves, then ends what is under way and closes the store; meanwhile the configuration is
    /// replaced whenever that is due.
    ///
    /// # Errors
    ///
    /// The bound socket cannot be used.
    pub(crate) async fn serve(
        self,
        stop: impl Future<Output = ()> + Send,
        mut reloads: Reloads,
    ) -> Result<(), CliError> {
        let (stopping, stopped) = watch::channel(false);
        let socket = tokio::net::TcpListener::from_std(self.socket).map_err(unavailable)?;
        let live: Arc<Live> = Arc::clone(self.own.live());
        // Of what is asked of it here, every configuration says the same.
        let verifier = self.answerer.current().local;
        let following = {
            let (live, verifier) = (Arc::clone(&live), Arc::clone(&verifier));
            let stopped = stopped.clone();
            tokio::spawn(async move { live.follow(&*verifier, stopped).await })
        };
        let readiness = Readiness {
            store: Some(self.own.store.clone()),
            verifier,
            live,
        };
        let told = Arc::new(Told {
            metrics: Arc::clone(&self.metrics),
            readiness,
        });
        let closing = stopped.clone();
        let telling = self
            .metrics_socket
            .map(|socket| tokio::spawn(told::serve(socket, told, closing)));
        let accepting = Arc::clone(&self.answerer).accept(socket, stopped);
        let accepting = tokio::spawn(accepting);
        notify::tell(State::Ready);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = reloads.due() => {
                    self.own.reread_keys().await;
                    reload(&self.own, (&self.answerer, &self.fixed), &mut reloads);
                }
            }
        }
        notify::tell(State::Stopping);
        // Where nobody asks and nobody follows, nobody need be told.
        let _ = stopping.send(true);
        let _ = accepting.await;
        if let Some(telling) = telling {
            telling.abort();
        }
        let _ = following.await;
        self.own.close().await;
        Ok(())
    }
}

/// Reads the configuration; where anything is wrong, the old one goes on, and the log says what and where.
fn reload(own: &Own, (answerer, fixed): (&Answerer, &Fixed), reloads: &mut Reloads) {
    match replace(own, (answerer, fixed), reloads) {
        Ok(()) => {
            answerer.metrics.reloaded(Reloaded::Taken);
            tracing::info!("gateways are answered by the configuration as it is on the disk");
        }
        Err(error) => {
            answerer.metrics.reloaded(Reloaded::Refused);
            tracing::error!("the configuration is not taken, and the old one goes on: {error}");
        }
    }
}

fn replace(
    own: &Own,
    (answerer, fixed): (&Answerer, &Fixed),
    reloads: &mut Reloads,
) -> Result<(), CliError> {
    let settings = reloads.load()?;
    check(&settings)?;
    config::store_is_usable(&settings)?;
    fixed.may_become(&settings)?;
    let Role::Authn(answering) = &settings.role else {
        return Err(usage("it has no [authn_server], which needs a restart"));
    };
    let next = current(own, (&settings, answering), &answerer.gateways)?;
    let followed = own.followed(&settings)?;
    let mut current = answerer
        .current
        .write()
        .unwrap_or_else(PoisonError::into_inner);
    *current = next;
    drop(current);
    answerer.gateways.replace(answering.gateways.clone());
    own.follow(&settings, followed);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    reloads.follow(&settings);
    Ok(())
}

fn current(
    own: &Own,
    (settings, answering): (&Settings, &settings::Answering),
    gateways: &Arc<Gateways>,
) -> Result<Current, CliError> {
    let tls = mutual::server(&answering.identity, Arc::clone(gateways)).map_err(usage)?;
    Ok(Current {
        local: Arc::new(own.local(settings)?),
        pages: own.brought(settings)?.map(Arc::new),
        spns: Arc::new(answering.spns.clone()),
        tls,
    })
}
