//! `wicketgate policy prove`: what is known beside what is published, and each counter-example as a sentence.

use std::collections::BTreeSet;
use std::net::IpAddr;

use authn::credential::grant::BoundTo;
use authn::place::Channel;
use authn::policy::Factors;
use gateway::prove::{CounterExample, Grounds, What, counter_examples};
use gateway::route::{MadeBy, Onward};
use serde::Serialize;

use super::{aloud, apart, own_addresses, place};
use crate::cli::{CliError, Output};
use crate::config::Settings;
use crate::config::settings::{Listener, Role};
use crate::wiring::Desk;

#[derive(Serialize)]
struct Shown {
    at: Option<String>,
    zone: Option<String>,
    channel: Option<String>,
    party: Option<String>,
    enough: Option<String>,
    place: Option<String>,
    sentence: String,
}

#[derive(Serialize)]
struct Proved {
    hosts: usize,
    routes: usize,
    /// The services that gateways on other machines publish, each walked by every channel; none where all is published here.
    services: Vec<String>,
    rules: usize,
    /// What only the other part of the deployment can prove.
    proved_elsewhere: Option<String>,
    /// Rules whose codes go on being good for whoever offers the same TLS, wherever that is.
    bound_to_tls_alone: Vec<String>,
}

/// Proves it, or prints what stands against it.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let grounds = grounds(settings).await?;
    let found = counter_examples(&settings.publication, &grounds);
    if found.is_empty() {
        return output.print(&proved(settings), said);
    }
    let shown: Vec<Shown> = found.iter().map(|it| shown(settings, it)).collect();
    output.list(&shown, "", |it| it.sentence.clone())?;
    let number = shown.len();
    Err(CliError::refused(format!(
        "not proved: {number} counter-examples, above"
    )))
}

fn proved(settings: &Settings) -> Proved {
    let hosts = &settings.publication.hosts;
    let services = apart::published_by_gateways(settings).into_iter().flatten();
    Proved {
        hosts: hosts.len(),
        routes: hosts.values().map(|host| host.routes.len()).sum(),
        services: services.map(|it| it.to_string()).collect(),
        rules: settings.policy.rules.len(),
        proved_elsewhere: apart::proved_elsewhere(settings),
        bound_to_tls_alone: bound_to_tls_alone(settings),
    }
}

fn said(proved: &Proved) -> String {
    let walked = match proved.services.is_empty() {
        true => format!("{} hosts, {} paths", proved.hosts, proved.routes),
        false => format!(
            "{} and any other service of gateways by every channel, {} hosts, {} paths",
            proved.services.join(", "),
            proved.hosts,
            proved.routes
        ),
    };
    let mut text = format!(
        "proved: from outside nobody gets in by one factor or by a domain password ({walked}, {} rules); discover, \
         metadata and meeting pages are anybody's, as nobody",
        proved.rules
    );
    if let Some(sentence) = &proved.proved_elsewhere {
        text += &format!("\n{sentence}");
    }
    for place in &proved.bound_to_tls_alone {
        text += &format!(
            "\n{place}: what a code opens is good for whoever offers the same TLS, from anywhere, until its grant \
             ends; \"both\" binds it to the address as well"
        );
    }
    text
}

/// Where the rules stand that bind a grant to TLS and to nothing else.
fn bound_to_tls_alone(settings: &Settings) -> Vec<String> {
    let rules = settings.policy.rules.iter().enumerate();
    let alone = rules.filter(|(_, rule)| rule.grant_bound_to == BoundTo::TlsFingerprint);
    alone.map(|(index, _)| place(settings, index)).collect()
}

/// What is known beside what is published. The store is asked where a rule names somebody or a party, and only there; a
/// gateway has none.
async fn grounds(settings: &Settings) -> Result<Grounds, CliError> {
    let interfaces = own_addresses::of_interfaces();
    let interfaces = interfaces.map_err(|error| {
        CliError::refused(format!(
            "not proved: this machine's own addresses cannot be read: {error}"
        ))
    })?;
    if matches!(settings.role, Role::Gateway(_)) {
        return Ok(beside(settings, &interfaces));
    }
    let mut rules = settings.policy.rules.iter();
    let accounts = match rules.all(|rule| rule.is_for_everybody()) {
        true => None,
        false => Some(Desk::of(settings).await?.accounts().await?),
    };
    let mut rules = settings.policy.rules.iter();
    let parties = match rules.all(|rule| rule.parties.is_empty()) {
        true => None,
        false => Some(Desk::of(settings).await?.parties().await?),
    };
    Ok(Grounds {
        accounts,
        parties,
        ..beside(settings, &interfaces)
    })
}

/// The same without the accounts and the parties, where these are the addresses of this machine.
pub(super) fn beside(settings: &Settings, interfaces: &[IpAddr]) -> Grounds {
    let addresses = settings.listeners.iter().map(|it| it.address);
    let own = own_addresses::own(addresses, interfaces);
    let listeners = settings.listeners.iter();
    let reachable = listeners.filter_map(|listener| {
        let (zone, networks) = listener.internal_zone.as_ref()?;
        let why = networks
            .iter()
            .find_map(|network| reached(settings, (listener, &own), network))?;
        Some((zone.clone(), why))
    });
    let routes = settings
        .publication
        .hosts
        .values()
        .flat_map(|it| &it.routes);
    let knowing = routes
        .filter(|route| route.made_by == MadeBy::Preset || route.onward != Onward::None)
        .map(|route| route.farm.clone());
    let farms = settings.farms.iter();
    let by_kerberos = farms
        .filter(|(_, farm)| farm.members.iter().any(|member| member.spn.is_some()))
        .map(|(name, _)| name.clone());
    Grounds {
        reachable: reachable.collect(),
        api: settings
            .api
            .as_ref()
            .map(|it| it.zones.clone())
            .unwrap_or_default(),
        windows: knowing.chain(by_kerberos).collect::<BTreeSet<String>>(),
        elsewhere: apart::published_by_gateways(settings),
        accounts: None,
        parties: None,
    }
}

/// Why whoever comes from a network may be anybody: something stands there that hands on what others send.
fn reached(
    settings: &Settings,
    (listener, own): (&Listener, &BTreeSet<IpAddr>),
    network: &ipnet::IpNet,
) -> Option<String> {
    let at = listener.address;
    let balancers = settings.listeners.iter().flat_map(|it| &it.balancers);
    let plain = settings.plain.iter().flat_map(|it| &it.balancers);
    let mut balancers = balancers.chain(plain);
    let overlaps = |other: &&ipnet::IpNet| network.contains(*other) || other.contains(network);
    if let Some(balancer) = balancers.find(overlaps) {
        return Some(format!(
            "the balancer {balancer} is in {network}, which is internal at {at}"
        ));
    }
    if let Some(own) = own.iter().find(|ip| network.contains(*ip)) {
        return Some(format!(
            "the gate's own address {own}, by which a NAT sends back what is asked for by a published name, is in \
             {network}, which is internal at {at}"
        ));
    }
    let loopback = [
        IpAddr::from([127, 0, 0, 1]),
        IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    ];
    let has_loopback = loopback.iter().any(|ip| network.contains(ip));
    has_loopback.then(|| {
        format!(
            "a program on this machine that hands on is in {network}, which is internal at {at}"
        )
    })
}

fn shown(settings: &Settings, found: &CounterExample) -> Shown {
    let at = found.host.as_ref().map(|host| {
        let path = found.path.as_deref().unwrap_or_default();
        format!("{host}{path}")
    });
    let at = at.or_else(|| found.elsewhere.as_ref().map(apart::named));
    let rule = found
        .rule
        .and_then(|index| settings.policy.rules.get(index));
    let place = found.rule.map(|index| place(settings, index));
    let (zone, channel, enough) = match &found.what {
        What::TooLittle {
            zone,
            channel,
            enough,
            ..
        } => {
            let enough = rule.map(|rule| aloud::enough(enough, rule));
            (Some(zone.to_string()), Some(channel.to_string()), enough)
        }
        What::ZoneReachable { zone, .. } | What::ApiOutside { zone } => {
            (Some(zone.to_string()), None, None)
        }
        What::AloneOnPage { zone } => {
            let page = Some(Channel::Page.to_string());
            (Some(zone.to_string()), page, None)
        }
        _ => (None, None, None),
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(place.clone().or_else(|| host_place(settings, found)));
    parts.extend(at.clone());
    let party = found.party.as_ref().map(ToString::to_string);
    parts.extend(party.iter().map(|it| format!("for `{it}`")));
    parts.push(sentence(settings, found));
    Shown {
        at,
        zone,
        channel,
        party,
        enough,
        place,
        sentence: parts.join(": "),
    }
}

fn host_place(settings: &Settings, found: &CounterExample) -> Option<String> {
    let host = found.host.as_ref()?;
    settings.published.get(host).map(ToString::to_string)
}

// tidy: flat, because each counter-example has one sentence that says what to do
fn sentence(settings: &Settings, found: &CounterExample) -> String {
    match &found.what {
        What::TooLittle {
            zone,
            channel,
            by_ticket,
            enough,
            factors,
        } => {
            let rule = found
                .rule
                .and_then(|index| settings.policy.rules.get(index));
            let enough = rule.map_or_else(|| enough.to_string(), |it| aloud::enough(enough, it));
            let by = match by_ticket {
                true => format!("by a ticket bought by {channel}"),
                false => format!("by {channel}"),
            };
            let zone = aloud::zone(zone);
            format!("{zone} {by}, {enough} is enough: {}", remedy(*factors))
        }
        What::AloneOnPage { zone } => format!(
            "{} by page, the rule says that an app password alone is enough, which is one factor; no page takes one by \
             itself there, and nobody signs in by it: write `app-password + one-time-code`",
            aloud::zone(zone)
        ),
        What::OpenRoute => {
            "anybody gets to what is behind it without proving anything; if that is meant, it is \
                            an exception, else give the route an `auth`"
                .to_owned()
        }
        What::OpenToWindows => {
            "anybody gets to servers that take domain passwords without proving anything to the \
                                gate; give the route an `auth`, or another farm"
                .to_owned()
        }
        What::ClosedPathOpened => {
            "a path is open that stays closed; take away the route that opens it".to_owned()
        }
        What::CertificateSignIn => {
            "named exception: a certificate buys tickets by itself, one factor; remove \
                                    `certificate_sign_in`"
                .to_owned()
        }
        What::OtherServers => {
            "named exception: servers of other organisations prove themselves to the back end \
                               alone; remove `hybrid`"
                .to_owned()
        }
        What::GuestOnUserPath => {
            "a guest's ticket, or none, opens a path of people with accounts".to_owned()
        }
        What::ApiOutside { zone } => format!(
            "named exception: {} the HTTP API is answered, and one token of the help desk makes an app password for anybody, \
             one factor; take the zone out of `zones` in `[api]`",
            aloud::zone(zone)
        ),
        What::ZoneReachable { zone, why } => format!(
            "clients of the zone {zone} may be anybody: {why}; list networks without it in `internal_networks`"
        ),
        What::EmptyGroup { sid } => format!(
            "no account here is in the group {sid}: it is empty, misspelt, or not of the directory; correct the SID, or \
             take the rule away"
        ),
        What::NoSuchAccount { name } => format!(
            "no account here has the Windows name `{name}`; `wicketgate user list` shows them"
        ),
        What::NoSuchParty { name } => format!(
            "no relying party trust here is called `{name}`, or calls itself so; `wicketgate trust list` shows them"
        ),
        What::Hidden { by } => {
            let by: Vec<String> = by.iter().map(|index| place(settings, *index)).collect();
            let by = by.join(" and ");
            format!("the rule decides nothing, as {by} decides first; move it up, or take it away")
        }
        What::NotWalked { service } => format!(
            "the rule speaks of `{service}`, which is neither published here nor in `services` of [authn_server], so that \
             it is not proved; list it there, or take it out of the rule"
        ),
        What::Idle => {
            "the rule speaks of nothing that is published; correct it, or take it away".to_owned()
        }
    }
}

fn remedy(factors: Factors) -> String {
    let remedy = match factors {
        Factors::Domain => "from outside it never is: take it out of the rule",
        Factors::One => "add a `lease` for an app password, or a second method with a plus",
        Factors::Endless => "add `fresh` to the rule",
        Factors::Leased | Factors::Two => "",
    };
    format!("{}; {remedy}", factors.as_str())
}
