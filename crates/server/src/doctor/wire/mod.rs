//! What was seen from the wire, and what is wrong there: one [`Seen`] for each look, which can be kept as a line of
//! JSON.
//!
//! Nothing here opens anything: looking is [`crate::look`]'s. Start at [`judge`].

mod clock;
mod collector;
mod database;
mod kerberos;
mod names;
mod partners;
mod prerequisites;
mod reach;
mod sip;
mod web;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Finding;

pub(crate) use kerberos::{Step, steps};
pub(crate) use prerequisites::{Prerequisite, State, of_accounts, prerequisites};

/// One look at a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "kebab-case")]
pub(crate) enum Seen {
    /// The time at a domain controller.
    Clock {
        /// Which.
        controller: String,
        /// By how many seconds our clock is ahead of its.
        ahead: Result<i64, String>,
    },
    /// The server of the store.
    Database {
        /// Its address.
        place: String,
        /// Whether what it calls durable is on its disk.
        is_durable: Result<bool, String>,
    },
    /// The collector of the audit trail.
    Collector {
        /// Its address.
        collector: String,
        /// Whether it is reached, and is who it should be.
        reached: Result<(), String>,
        /// What it has not.
        waiting: Result<Waiting, String>,
    },
    /// The metadata of partners that is read by itself.
    Partners {
        /// Those with whom not all is well.
        partners: Result<Vec<Partner>, String>,
    },
    /// Domain controllers that DNS is to name, and does not.
    Unnamed {
        /// The name that it was asked for.
        service: String,
        /// What came of it.
        why: String,
    },
    /// Where a name leads.
    Name {
        /// The name.
        name: String,
        /// Whose it is.
        of: NameOf,
        /// Who was asked.
        view: View,
        /// Where it leads; nowhere where there is no such name.
        addresses: Result<Vec<IpAddr>, String>,
        /// Whether all of that are listeners of the gate's for clients inside.
        is_inner_listener: bool,
    },
    /// The certificates of the listeners.
    Certificates {
        /// When each ends.
        held: Result<Vec<Held>, String>,
        /// Published names that none of them names.
        unnamed: Vec<String>,
    },
    /// A connection to a member of a farm.
    BackEnd {
        /// The farm.
        farm: String,
        /// The member's address.
        member: String,
        /// What came of it.
        reached: Reached,
    },
    /// What a member answers to nobody.
    Answer {
        /// The farm.
        farm: String,
        /// The member's address.
        member: String,
        /// The path.
        path: String,
        /// What is expected of it.
        expected: Expected,
        /// What it answered.
        got: Result<Answer, String>,
    },
    /// What the SIP edge offers to a client that has proved nothing.
    Sip {
        /// Its address.
        edge: String,
        /// The schemes.
        offers: Result<Vec<String>, String>,
    },
    /// What answers for a published name at an address that may be another than the gate's.
    Around {
        /// The published name.
        host: String,
        /// The address.
        address: String,
        /// The answer, where there is one.
        got: Option<Answer>,
    },
    /// The gate's account.
    Account {
        /// Which.
        account: String,
        /// Whether it signs in with its keytab.
        signs_in: Result<(), Fault>,
    },
    /// A sign-in for a person, at a member of a farm.
    SignIn(SignIn),
}

/// A trust whose partner says something else, or whose metadata is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partner {
    /// What it is called.
    pub(crate) name: String,
    /// What somebody should see to.
    pub(crate) stands: Stands,
    /// What changes, why it is not taken, or since when nobody reads.
    pub(crate) said: String,
}

/// How a partner's metadata stands that somebody should see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stands {
    /// It was read, and changes wait.
    Waiting,
    /// It is not taken.
    Unread,
    /// Nobody reads it any more.
    Overdue,
    /// Its trust is followed, and nothing is read by itself here.
    NeverRead,
}

/// Audit events that the collector has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// How many.
    pub(crate) events: i64,
    /// How many seconds ago the oldest of them happened.
    pub(crate) seconds: i64,
}

/// A sign-in for a person, step by step; what was not come to is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    /// The person.
    pub(crate) user: String,
    /// The farm.
    pub(crate) farm: String,
    /// The member's address.
    pub(crate) member: String,
    /// Its service.
    pub(crate) service: String,
    /// The path that was asked for.
    pub(crate) path: String,
    /// Whether there was a token.
    pub(crate) token: Result<(), Fault>,
    /// What it answered to a token that is bound as the gate binds it.
    pub(crate) bound: Option<Result<Taken, String>>,
    /// What it answered to one without a binding.
    pub(crate) unbound: Option<Result<Taken, String>>,
    /// Whether it must refuse that.
    pub(crate) must_demand: bool,
}

/// What a back end answered to a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The status.
    pub(crate) status: u16,
    /// Why it refuses it, where it says so.
    pub(crate) reason: Option<String>,
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NameOf {
    /// A published one.
    Published,
    /// One of the external site of Exchange: published, or what the site is bound by.
    Exchange,
    /// A back end's own.
    BackEnd,
}

/// From where a name was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum View {
    /// From this machine, as it is set up.
    Here,
    /// By a resolver of the LAN.
    Inside,
    /// By one of the Internet.
    Outside,
}

/// A certificate of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The file of its chain.
    pub(crate) file: String,
    /// In how many days it ends.
    pub(crate) days: i64,
}

/// What came of a connection to a back end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reached {
    /// It is there.
    Open {
        /// In how many days its certificate ends; nothing where there is no TLS.
        days: Option<i64>,
    },
    /// Nobody is.
    Silent(String),
    /// Its certificate does not name it.
    AnotherName(String),
    /// None of the configured authorities vouches for its certificate.
    UnknownAuthority(String),
    /// Its certificate has ended, or has not begun.
    OutOfTime(String),
    /// Its certificate will not do.
    BadCertificate(String),
    /// It shares no version or suite of TLS with the gate.
    Incompatible(String),
}

/// What is expected of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expected {
    /// The web ticket service's metadata, with the port of Windows.
    Metadata,
    /// Lync, which asks for Negotiate.
    LyncNegotiate,
    /// Exchange, which does.
    ExchangeNegotiate,
}

/// An answer to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The schemes that it offers.
    pub(crate) offers: Vec<String>,
    /// Whether it carries the mark of a gate of ours.
    pub(crate) is_gate: bool,
    /// The ports of the metadata; nothing where it is none.
    pub(crate) ports: Option<Vec<String>>,
}

/// Why Kerberos did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// What kind of reason.
    pub(crate) kind: FaultKind,
    /// The words.
    pub(crate) said: String,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// MIT Kerberos is not there.
    Library,
    /// The keytab cannot be used.
    Keytab,
    /// The domain does not take its key.
    OldKey,
    /// The domain refuses the gate's account.
    GatewayRefused,
    /// Nobody answers.
    Silent,
    /// The clocks differ.
    Clock,
    /// The service is not on the list of the gate's account.
    NotAllowed,
    /// No account has that service.
    UnknownService,
    /// There is no encryption that both take.
    Encryption,
    /// The ticket may not be passed on.
    NotDelegable,
    /// There is no such person.
    UnknownUser,
    /// The domain refuses the person.
    UserRefused,
    /// Anything else.
    Other,
}

/// What is wrong with what was seen, the worst first and each thing once.
pub(crate) fn judge(seen: &[Seen]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for finding in seen.iter().flat_map(of) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings.sort_by_key(|it| it.severity);
    findings
}

/// What is wrong with one thing that was seen.
fn of(seen: &Seen) -> Vec<Finding> {
    match seen {
        Seen::Clock { controller, ahead } => clock::judge(controller, ahead),
        Seen::Database { place, is_durable } => database::judge(place, is_durable),
        Seen::Collector {
            collector,
            reached,
            waiting,
        } => collector::judge(collector, reached, waiting),
        Seen::Partners { partners } => partners::judge(partners),
        Seen::Unnamed { service, why } => vec![clock::unnamed(service, why)],
        Seen::Name {
            name,
            of,
            view,
            addresses,
            is_inner_listener,
        } => names::judge(&names::Lookup {
            name,
            of: *of,
            view: *view,
            addresses,
            is_inner_listener: *is_inner_listener,
        }),
        Seen::Certificates { held, unnamed } => reach::certificates(held, unnamed),
        Seen::BackEnd {
            farm,
            member,
            reached,
        } => reach::back_end(farm, member, reached),
        Seen::Answer {
            farm,
            member,
            path,
            expected,
            got,
        } => web::answer(
            &format!("{member} of the farm {farm}"),
            path,
            *expected,
            got,
        ),
        Seen::Sip { edge, offers } => sip::judge(edge, offers),
        Seen::Around { host, address, got } => web::around(host, address, got.as_ref()),
        Seen::Account { account, signs_in } => kerberos::account(account, signs_in),
        Seen::SignIn(sign_in) => kerberos::sign_in(sign_in),
    }
}

#[cfg(test)]
mod tests;
