//! Proof that nobody gets in from outside by one factor or by a domain password (design 13), or the ways in.
//!
//! Every published path, zone, channel and combination is walked by the functions that decide at run time. What lies
//! beside the policy is looked at, too: a path that is open needs no policy. What gateways on other machines publish is not
//! known: there every service is walked by every channel. Start at [`counter_examples`].

mod beside;
mod rules;
mod walk;

use std::collections::BTreeSet;

use authn::account::Account;
use authn::party::{Party, PartyName};
use authn::place::{Channel, RouteName, Service, Zone};
use authn::policy::{Combination, Factors};

use crate::route::Publication;
pub use walk::channels;

/// What is known beside what is published.
#[derive(Clone, Debug, Default)]
pub struct Grounds {
    /// Zones whose clients may be anybody, each with the reason; the zone `external` need not be listed.
    pub reachable: Vec<(Zone, String)>,
    /// The farms that know their users by name: what reaches them as nobody is tried there with a domain password.
    pub windows: BTreeSet<String>,
    /// From which zones the HTTP API is answered.
    pub api: BTreeSet<Zone>,
    /// The accounts that there are; nothing where nobody asked, and then no rule is held to them.
    pub accounts: Option<Vec<Account>>,
    /// The relying parties that there are trusts of; nothing where nobody asked.
    pub parties: Option<Vec<Party>>,
    /// The services that gateways on other machines publish; nothing where all that is published is published here.
    pub elsewhere: Option<BTreeSet<Service>>,
}

/// What a gateway on another machine may publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The service; nothing for one that is not known here.
    pub service: Option<Service>,
    /// The path, where a rule speaks of paths.
    pub route: Option<RouteName>,
}

/// A way in that is not two factors, or something that hides one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterExample {
    /// What it is.
    pub what: What,
    /// The published host, where it is of one.
    pub host: Option<String>,
    /// The path, where it is of one.
    pub path: Option<String>,
    /// What gateways on other machines publish, where it is of that.
    pub elsewhere: Option<Elsewhere>,
    /// The rule that allows it, from 0, where one does.
    pub rule: Option<usize>,
    /// The relying party that it is for, by the name in a rule; nothing where no rule names it, or it is for none.
    pub party: Option<PartyName>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A combination that is enough is not two factors.
    TooLittle {
        /// From where.
        zone: Zone,
        /// By which channel it is proved.
        channel: Channel,
        /// Whether a ticket is shown that was bought so.
        by_ticket: bool,
        /// What is enough.
        enough: Combination,
        /// How much that is.
        factors: Factors,
    },
    /// A rule lets an app password alone be enough on the page where people sign in for other parties. No page outside takes
    /// one by itself, so that nobody comes in by it; whoever wrote it meant something else, or one factor.
    AloneOnPage {
        /// From where.
        zone: Zone,
    },
    /// A route of the operator's own asks for nothing.
    OpenRoute,
    /// A route of the operator's own asks for nothing, and what is behind it takes domain passwords.
    OpenToWindows,
    /// A path is open that a preset keeps closed.
    ClosedPathOpened,
    /// A certificate buys tickets: a named exception.
    CertificateSignIn,
    /// Other organisations' servers prove themselves to the back end alone: a named exception.
    OtherServers,
    /// A guest's ticket, or none, opens a path that is for people with accounts.
    GuestOnUserPath,
    /// The HTTP API is answered from where anybody may be: whoever has one token of the help desk makes an app password for
    /// anybody.
    ApiOutside {
        /// From where.
        zone: Zone,
    },
    /// The clients of a zone may be anybody.
    ZoneReachable {
        /// The zone.
        zone: Zone,
        /// Why.
        why: String,
    },
    /// A rule speaks of a group that no account here is in.
    EmptyGroup {
        /// Its SID.
        sid: String,
    },
    /// A rule speaks of an account that is not here.
    NoSuchAccount {
        /// As it is spelled.
        name: String,
    },
    /// A rule speaks of a relying party that there is no trust of.
    NoSuchParty {
        /// As it is called in the rule.
        name: PartyName,
    },
    /// A rule decides nothing, as earlier ones decide all that it speaks of.
    Hidden {
        /// The earlier ones, from 0.
        by: BTreeSet<usize>,
    },
    /// A rule speaks of nothing that is published.
    Idle,
    /// A rule speaks of a service that nobody was asked about: it is neither published here nor known to be elsewhere.
    NotWalked {
        /// The service.
        service: Service,
    },
}

/// Every way in that is not two factors, and everything that hides one; none is the proof.
#[must_use]
pub fn counter_examples(publication: &Publication, grounds: &Grounds) -> Vec<CounterExample> {
    let mut found = Vec::new();
    let outside = [Zone::EXTERNAL];
    let reachable = grounds.reachable.iter().map(|(zone, _)| zone);
    let zones: BTreeSet<&Zone> = outside.iter().chain(reachable).collect();
    for zone in zones {
        found.extend(walk::from((publication, grounds), zone));
    }
    found.extend(beside::open(publication, grounds));
    found.extend(rules::idle(publication, grounds));
    found.extend(rules::not_walked(publication, grounds));
    found.extend(rules::about_nobody(&publication.policy, grounds));
    found
}

impl CounterExample {
    fn of_rule(rule: usize, what: What) -> Self {
        Self {
            what,
            host: None,
            path: None,
            elsewhere: None,
            rule: Some(rule),
            party: None,
        }
    }

    fn of_path(what: What, host: &str, path: &str) -> Self {
        Self {
            what,
            host: Some(host.to_owned()),
            path: Some(path.to_owned()),
            elsewhere: None,
            rule: None,
            party: None,
        }
    }
}
