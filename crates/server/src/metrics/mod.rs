//! Metrics: what is counted and measured, for whoever runs the gate (Prometheus text format 0.0.4).
//!
//! SECURITY: a label is a word of the program or of the configuration. Nothing that a client sends
//! and nobody's name is one, so that no client can make new ones. Start at [`Metrics`].

mod farms;
mod labels;
mod partners;
pub(crate) mod ready;
pub(crate) mod serve;
mod shipped;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use authn::attempt::Refusal;
use authn::place::Channel;
use http::StatusCode;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::proxy::UpstreamError;
use farms::Farms;
pub(crate) use farms::{Failed, OfMember};
pub(crate) use labels::{Closing, Handshake, OfAsk, Reloaded, SignIn, Unnamed};
use labels::{Labels, of_class, of_status, of_upstream};
pub(crate) use partners::Partners;
pub(crate) use shipped::{NotShipped, Shipped};

/// Upper bounds in seconds of what waits for a disk or a back end.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Everything that is counted; one for the process.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels<2>, Counter>,
    answered: Family<Labels<1>, Histogram, fn() -> Histogram>,
    own_answers: Family<Labels<1>, Counter>,
    junk: Family<Labels<1>, Counter>,
    sign_ins: Family<Labels<2>, Counter>,
    alarms: Counter,
    held_back: Counter,
    held_back_seconds: Counter<f64, AtomicU64>,
    connections: Family<Labels<1>, Gauge>,
    refused_connections: Family<Labels<1>, Counter>,
    unnamed: Family<Labels<1>, Counter>,
    handshakes_failed: Family<Labels<1>, Counter>,
    upstream_failures: Family<Labels<2>, Counter>,
    farms: Farms,
    commits: Histogram,
    commits_failed: Counter,
    revocations: Counter,
    silence: Gauge<f64, AtomicU64>,
    certificates: Family<Labels<2>, Gauge>,
    asks: Family<Labels<2>, Counter>,
    shipped: Shipped,
    partners: Partners,
    reloads: Family<Labels<1>, Counter>,
    reloaded_well: Gauge,
}

impl Metrics {
    /// Begins at nothing.
    // tidy: flat, because it is a table
    pub(crate) fn new() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("wicketgate"),
            requests: Family::default(),
            answered: Family::new_with_constructor(seconds),
            own_answers: Family::default(),
            junk: Family::default(),
            sign_ins: Family::default(),
            alarms: Counter::default(),
            held_back: Counter::default(),
            held_back_seconds: Counter::default(),
            connections: Family::default(),
            refused_connections: Family::default(),
            unnamed: Family::default(),
            handshakes_failed: Family::default(),
            upstream_failures: Family::default(),
            farms: Farms::default(),
            commits: seconds(),
            commits_failed: Counter::default(),
            revocations: Counter::default(),
            silence: Gauge::default(),
            certificates: Family::default(),
            asks: Family::default(),
            shipped: Shipped::default(),
            partners: Partners::default(),
            reloads: Family::default(),
            reloaded_well: Gauge::default(),
        };
        metrics.reloaded_well.set(1);
        metrics.register();
        metrics.begin();
        metrics
    }

    /// Counters with a closed list of words begin at zero, so that the first of each is an increase.
    fn begin(&self) {
        for (channel, outcome) in Channel::ALL.into_iter().flat_map(|channel| {
            let outcomes = labels::OUTCOMES.into_iter();
            outcomes.map(move |outcome| (channel, outcome))
        }) {
            let labels = labels::of_sign_in(channel, outcome);
            drop(self.sign_ins.get_or_create(&labels));
        }
        for kind in ["tls", "plain"] {
            let labels = Labels([("kind", kind.into())]);
            drop(self.connections.get_or_create(&labels));
            drop(self.refused_connections.get_or_create(&labels));
        }
        for how in Unnamed::ALL {
            let labels = Labels([("reason", how.word().into())]);
            drop(self.unnamed.get_or_create(&labels));
        }
        for how in [Handshake::Failed, Handshake::Slow] {
            let labels = Labels([("reason", how.word().into())]);
            drop(self.handshakes_failed.get_or_create(&labels));
        }
        for outcome in [Reloaded::Taken, Reloaded::Refused] {
            let labels = Labels([("outcome", outcome.word().into())]);
            drop(self.reloads.get_or_create(&labels));
        }
    }

    // tidy: flat, because it is a table
    fn register(&mut self) {
        let build = Family::<Labels<1>, Gauge>::default();
        let version = env!("CARGO_PKG_VERSION").into();
        build.get_or_create(&Labels([("version", version)])).set(1);
        let it = &mut self.registry;
        it.register("build_info", "The program's version", build);
        it.register(
            "requests",
            "Requests by route, and by class of the answer's status",
            self.requests.clone(),
        );
        it.register(
            "answer_seconds",
            "From a request's head to the head of its answer, by class of status",
            self.answered.clone(),
        );
        it.register(
            "own_answers",
            "Answers of the gate itself, by status",
            self.own_answers.clone(),
        );
        it.register(
            "junk",
            "Requests that are malformed or for what is not published",
            self.junk.clone(),
        );
        it.register(
            "sign_ins",
            "Secrets and tickets that were offered, by channel and outcome",
            self.sign_ins.clone(),
        );
        it.register(
            "alarms",
            "Attempts that raised an alarm: an account is under attack",
            self.alarms.clone(),
        );
        it.register(
            "held_back",
            "Answers to attempts that were held back",
            self.held_back.clone(),
        );
        it.register(
            "held_back_seconds",
            "How long they were held back in all",
            self.held_back_seconds.clone(),
        );
        it.register(
            "connections",
            "Connections of clients that are open, by kind of listener",
            self.connections.clone(),
        );
        it.register(
            "refused_connections",
            "Connections that there was no place for, by kind of listener",
            self.refused_connections.clone(),
        );
        it.register(
            "proxy_headers_refused",
            "Connections of a balancer that did not say whose they are",
            self.unnamed.clone(),
        );
        it.register(
            "tls_handshakes_failed",
            "TLS handshakes that came to nothing",
            self.handshakes_failed.clone(),
        );
        it.register(
            "upstream_failures",
            "Requests that a back end did not answer, by farm and reason",
            self.upstream_failures.clone(),
        );
        self.farms.register(it);
        it.register(
            "store_commit_seconds",
            "How long a commit of the store takes",
            self.commits.clone(),
        );
        it.register(
            "store_commits_failed",
            "Commits that came to nothing",
            self.commits_failed.clone(),
        );
        it.register(
            "revocations",
            "Revocations that were heard of",
            self.revocations.clone(),
        );
        it.register(
            "revocations_silence_seconds",
            "How long ago the feed of revocations was heard last",
            self.silence.clone(),
        );
        it.register(
            "certificate_not_after_seconds",
            "When a certificate ends, in seconds since 1970",
            self.certificates.clone(),
        );
        it.register(
            "authn_asks",
            "Questions of gateways to their authentication server, by question and outcome",
            self.asks.clone(),
        );
        self.shipped.register(it);
        self.partners.register(it);
        it.register(
            "reloads",
            "Times the configuration was read anew, by outcome",
            self.reloads.clone(),
        );
        it.register(
            "reload_succeeded",
            "Whether what was read last is what is served",
            self.reloaded_well.clone(),
        );
    }

    /// A request was answered; `route` is empty where it was let through to none.
    pub(crate) fn answered(&self, route: &str, status: StatusCode, took: Duration) {
        let class = of_class(status);
        let route = if route.is_empty() { "none" } else { route };
        let route = route.to_owned().into();
        let labels = Labels([("route", route), ("class", class.into())]);
        self.requests.get_or_create(&labels).inc();
        let by_class = &self.answered;
        let by_class = by_class.get_or_create_owned(&Labels([("class", class.into())]));
        by_class.observe(took.as_secs_f64());
    }

    /// The gate answered by itself.
    pub(crate) fn answered_itself(&self, status: StatusCode, junk: Option<&'static str>) {
        let labels = Labels([("status", of_status(status).into())]);
        self.own_answers.get_or_create(&labels).inc();
        if let Some(kind) = junk {
            let labels = Labels([("kind", kind.into())]);
            self.junk.get_or_create(&labels).inc();
        }
    }

    /// Somebody offered a secret or a ticket.
    pub(crate) fn signed_in(&self, channel: Channel, outcome: SignIn) {
        let labels = labels::of_sign_in(channel, outcome);
        self.sign_ins.get_or_create(&labels).inc();
    }

    /// An attempt raised an alarm.
    pub(crate) fn alarmed(&self) {
        self.alarms.inc();
    }

    /// An answer is held back so long.
    pub(crate) fn held_back(&self, time: Duration) {
        self.held_back.inc();
        self.held_back_seconds.inc_by(time.as_secs_f64());
    }

    /// A connection is open until this is dropped.
    pub(crate) fn opened(&self, kind: &'static str) -> Closing {
        let labels = Labels([("kind", kind.into())]);
        Closing::begin(self.connections.get_or_create_owned(&labels))
    }

    /// There was no place for a connection.
    pub(crate) fn refused_connection(&self, kind: &'static str) {
        let labels = Labels([("kind", kind.into())]);
        self.refused_connections.get_or_create(&labels).inc();
    }

    /// A balancer did not say whose a connection is.
    pub(crate) fn not_named(&self, how: Unnamed) {
        let labels = Labels([("reason", how.word().into())]);
        self.unnamed.get_or_create(&labels).inc();
    }

    /// A TLS handshake came to nothing.
    pub(crate) fn handshake_failed(&self, how: Handshake) {
        let labels = Labels([("reason", how.word().into())]);
        self.handshakes_failed.get_or_create(&labels).inc();
    }

    /// A back end did not answer.
    pub(crate) fn upstream_failed(&self, farm: &str, error: &UpstreamError) {
        let farm = farm.to_owned().into();
        let labels = Labels([("farm", farm), ("reason", of_upstream(error).into())]);
        self.upstream_failures.get_or_create(&labels).inc();
    }

    /// The metrics of a member of a farm; none is told before it is shown.
    pub(crate) fn of_member(&self, farm: &str, member: &str) -> OfMember {
        self.farms.of(farm, member)
    }

    /// A member is configured no longer.
    pub(crate) fn forget_member(&self, farm: &str, member: &str) {
        self.farms.forget(farm, member);
    }

    /// A batch was committed or not.
    pub(crate) fn committed(&self, commit: store::Commit) {
        self.commits.observe(commit.took.as_secs_f64());
        if !commit.is_durable {
            self.commits_failed.inc();
        }
    }

    /// The counter of revocations that were heard of.
    pub(crate) fn revocations(&self) -> Counter {
        self.revocations.clone()
    }

    /// What is counted of partners' metadata that is read by itself.
    pub(crate) fn partners(&self) -> Partners {
        self.partners.clone()
    }

    /// What is counted of the audit trail on its way to a collector.
    pub(crate) fn shipped(&self) -> Shipped {
        self.shipped.clone()
    }

    /// A gateway asked its authentication server something.
    pub(crate) fn asked(&self, question: &'static str, outcome: OfAsk) {
        let labels = Labels([
            ("question", question.into()),
            ("outcome", outcome.word().into()),
        ]);
        self.asks.get_or_create(&labels).inc();
    }

    /// The configuration was read anew.
    pub(crate) fn reloaded(&self, outcome: Reloaded) {
        let labels = Labels([("outcome", outcome.word().into())]);
        self.reloads.get_or_create(&labels).inc();
        self.reloaded_well
            .set(i64::from(outcome == Reloaded::Taken));
    }

    /// These certificates are served, each by its listener and file until so many seconds of 1970.
    pub(crate) fn certified(&self, held: impl Iterator<Item = (SocketAddr, PathBuf, i64)>) {
        self.certificates.clear();
        for (listener, chain, not_after) in held {
            let labels = Labels([
                ("listener", listener.to_string().into()),
                ("chain", chain.display().to_string().into()),
            ]);
            self.certificates.get_or_create(&labels).set(not_after);
        }
    }

    /// Everything, for tests of what is counted.
    #[cfg(test)]
    pub(crate) fn shown(&self) -> String {
        self.text(Duration::ZERO).unwrap()
    }

    /// Everything, as Prometheus reads it.
    fn text(&self, silence: Duration) -> Result<String, std::fmt::Error> {
        self.silence.set(silence.as_secs_f64());
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What became of an attempt, for [`Metrics::signed_in`].
pub(crate) fn outcome<T>(result: &Result<T, Refusal>) -> SignIn {
    match result {
        Ok(_) => SignIn::Accepted,
        Err(Refusal::Denied | Refusal::TicketEnded) => SignIn::Refused,
        Err(Refusal::Unavailable(_)) => SignIn::Unavailable,
    }
}
