//! What must be so before the gate can work, each with its state, so that nobody has to remember the list (S60).

use serde::Serialize;

use super::super::{Finding, Severity};
use super::{Expected, NameOf, Seen, View, of};

/// Something that must be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Prerequisite {
    /// What.
    pub(crate) what: String,
    /// Whether it is.
    pub(crate) state: State,
    /// Why it is not, or was not looked at; or what will soon be wrong.
    pub(crate) why: Option<String>,
}

/// Whether something is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It is.
    Ok,
    /// It is not.
    Missing,
    /// Nobody looked.
    NotChecked,
}

impl State {
    /// As it is printed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::NotChecked => "not checked",
        }
    }
}

/// The prerequisites of what was looked at, and of what no look was asked for.
pub(crate) fn prerequisites(seen: &[Seen]) -> Vec<Prerequisite> {
    let looked = seen.iter().map(|seen| {
        let findings = of(seen);
        Prerequisite {
            what: subject(seen),
            state: state(&findings),
            why: why(&findings),
        }
    });
    looked.chain(not_looked_at(seen)).collect()
}

/// What the directory says of the accounts, where it was read.
pub(crate) fn of_accounts(findings: Option<&[Finding]>) -> Prerequisite {
    let what =
        "the gate's account and those of its back ends are as they must be in Active Directory";
    Prerequisite {
        what: what.to_owned(),
        state: findings.map_or(State::NotChecked, state),
        why: match findings {
            None => Some("the configuration has no [directory] beside [kerberos]".to_owned()),
            Some(findings) => why(findings),
        },
    }
}

fn why(findings: &[Finding]) -> Option<String> {
    let whys: Vec<&str> = findings.iter().map(|it| it.what.as_str()).collect();
    (!whys.is_empty()).then(|| whys.join("; "))
}

/// What no look was for.
fn not_looked_at(seen: &[Seen]) -> Vec<Prerequisite> {
    let has = |is_it: fn(&Seen) -> bool| seen.iter().any(is_it);
    let view = |view: View| {
        seen.iter()
            .any(|it| matches!(it, Seen::Name { view: of, .. } if *of == view))
    };
    [
        (
            !view(View::Inside),
            "names of the external site lead nowhere on the LAN",
            "say --inside RESOLVER",
        ),
        (
            !view(View::Outside),
            "published names lead to the gate from outside, and back ends' own names nowhere",
            "say --outside RESOLVER",
        ),
        (
            !has(|it| matches!(it, Seen::Sip { .. })),
            "the SIP edge offers neither NTLM nor Kerberos",
            "say --sip HOST:PORT",
        ),
        (
            !has(|it| matches!(it, Seen::Around { .. })),
            "nothing answers for a published name beside the gate",
            "say --around HOST:PORT or --outside RESOLVER",
        ),
        (
            !has(|it| matches!(it, Seen::Account { .. })),
            "the gate has an account in Active Directory and its keytab",
            "the configuration has no [kerberos]",
        ),
        (
            !has(|it| matches!(it, Seen::SignIn(_))),
            "a user reaches each back end by Kerberos",
            "run wicketgate doctor sign-in USER",
        ),
        (
            true,
            "Exchange, Lync and Active Directory are set up as the gate needs them",
            "run wicketgate doctor --facts FILE",
        ),
        (
            true,
            "clients can sign in at a page (passive mode with AD FS)",
            "run wicketgate doctor --clients LOGFILE",
        ),
    ]
    .into_iter()
    .filter(|(is_absent, ..)| *is_absent)
    .map(|(_, what, why)| Prerequisite {
        what: what.to_owned(),
        state: State::NotChecked,
        why: Some(why.to_owned()),
    })
    .collect()
}

/// What findings about one thing say of it.
fn state(findings: &[Finding]) -> State {
    const NOT_YET: [&str; 3] = [
        "clock-off",
        "listener-certificate-ends",
        "back-end-certificate-ends",
    ];
    let all = |is_it: fn(&str) -> bool| {
        let mut warnings = findings.iter();
        warnings.all(|it| it.severity == Severity::Warning && is_it(it.id))
    };
    if all(|id| NOT_YET.contains(&id)) {
        State::Ok
    } else if all(|id| id.ends_with("-silent")) {
        State::NotChecked
    } else {
        State::Missing
    }
}

/// What a look was for.
fn subject(seen: &Seen) -> String {
    match seen {
        Seen::Clock { controller, .. } => {
            format!("the domain controller {controller} answers, and its clock is ours")
        }
        Seen::Database { place, .. } => format!("the store at {place} answers and forgets nothing"),
        Seen::Collector { collector, .. } => {
            format!("the collector {collector} has the audit trail")
        }
        Seen::Partners { .. } => "the metadata of partners is read and taken".to_owned(),
        Seen::Unnamed { service, .. } => format!("DNS names domain controllers for {service}"),
        Seen::Name { name, of, view, .. } => match (view, of) {
            (View::Here, _) => format!("the published name {name} leads somewhere"),
            (View::Inside, _) => format!("{name} leads nowhere on the LAN that it may not"),
            (View::Outside, NameOf::BackEnd) => {
                format!("the back end's own name {name} leads nowhere outside")
            }
            (View::Outside, _) => format!("the published name {name} leads somewhere from outside"),
        },
        Seen::Certificates { .. } => {
            "the listeners have certificates for every published name".to_owned()
        }
        Seen::BackEnd { farm, member, .. } => format!("{member} of the farm {farm} is reached"),
        Seen::Answer {
            farm,
            member,
            path,
            expected,
            ..
        } => match expected {
            Expected::Metadata => {
                format!(
                    "the metadata of {member} of the farm {farm} ({path}) have the port of Windows"
                )
            }
            Expected::LyncNegotiate | Expected::ExchangeNegotiate => {
                format!("{member} of the farm {farm} offers Negotiate at {path}")
            }
        },
        Seen::Sip { edge, .. } => format!("the SIP edge {edge} offers neither NTLM nor Kerberos"),
        Seen::Around { host, address, .. } => {
            format!("nothing but the gate answers for {host} at {address}")
        }
        Seen::Account { account, .. } => {
            format!("MIT Kerberos is there, and {account} signs in with its keytab")
        }
        Seen::SignIn(it) => format!(
            "{} reaches {} of the farm {} by Kerberos",
            it.user, it.member, it.farm
        ),
    }
}
