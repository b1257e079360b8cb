//! `wicketgate policy explain`: the rule that decides, by the function that decides, and each condition of it.

use std::net::IpAddr;

use authn::account::Account;
use authn::party::{Party, PartyName};
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Asking, Condition, Numbered, Policy, Rule};
use clap::Args;
use gateway::path::CleanPath;
use gateway::route::{Auth, Host, Route};
use jiff::Timestamp;
use serde::Serialize;

use super::{aloud, place};
use crate::cli::{CliError, Output};
use crate::config::settings::Role;
use crate::config::{Settings, meant};
use crate::wiring::Desk;

/// What is asked.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Any name of the account
    #[arg(long, value_name = "NAME")]
    user: String,
    /// `external`, `internal`, or an address
    #[arg(long, value_name = "ADDRESS|ZONE")]
    from: String,
    /// An address as a client has it, a service, or a relying party by the name of its trust or an identifier
    #[arg(long, value_name = "URL|SERVICE|PARTY")]
    to: String,
    /// The channel; each that is taken there where it is left out
    #[arg(long)]
    channel: Option<String>,
}

#[derive(Serialize)]
struct Explained {
    user: String,
    zone: Zone,
    to: String,
    channel: Channel,
    is_allowed: bool,
    enough: Vec<String>,
    /// For how long whoever asks for it stays signed in there, where they may.
    stays: Option<String>,
    /// Where the rule stands that decides; nothing where none speaks of this.
    place: Option<String>,
    rule: Option<String>,
    conditions: Vec<Aloud>,
}

#[derive(Serialize)]
struct Aloud {
    condition: String,
    wants: String,
    is: String,
}

/// What is wanted: a service, at a path where one was named or a rule names some, by which channels.
struct Wanted {
    shown: String,
    service: Service,
    routes: Vec<Option<RouteName>>,
    channels: Vec<Channel>,
    party: Option<Party>,
}

/// Explains it.
pub(super) async fn run(
    settings: &Settings,
    question: Arguments,
    output: &Output,
) -> Result<(), CliError> {
    if let Role::Gateway(_) = settings.role {
        let channel = question.channel.as_deref();
        let asked = (&*question.user, &*question.from, &*question.to);
        return Err(asked_there(settings, asked, channel)?);
    }
    let desk = Desk::of(settings).await?;
    let parties = match settings.sts {
        Some(_) => desk.parties().await?,
        None => Vec::new(),
    };
    let wanted = wanted(
        settings,
        (&question.to, &parties),
        question.channel.as_deref(),
    )?;
    let zones = zones(settings, &question.from)?;
    let account = desk.account(&question.user).await?;
    let mut explained = Vec::new();
    for zone in &zones {
        for (route, channel) in wanted.each() {
            explained.push(explain(
                settings,
                &account,
                (zone, &wanted),
                (route, channel),
            ));
        }
    }
    let nothing = "nothing is proved there";
    output.list(&explained, nothing, sentence)
}

impl Wanted {
    /// Every path and channel of it.
    fn each(&self) -> impl Iterator<Item = (Option<&RouteName>, Channel)> {
        let routes = self.routes.iter();
        routes.flat_map(|route| {
            let channels = self.channels.iter();
            channels.map(move |channel| (route.as_ref(), *channel))
        })
    }

    fn shown_at(&self, route: Option<&RouteName>) -> String {
        match route.filter(|_| self.routes.len() > 1) {
            Some(route) => format!("{} at {route}", self.shown),
            None => self.shown.clone(),
        }
    }
}

/// What to ask where it is known who somebody is, and whose policy decides.
pub(super) fn asked_there(
    settings: &Settings,
    (user, from, to): (&str, &str, &str),
    channel: Option<&str>,
) -> Result<CliError, CliError> {
    let wanted = wanted(settings, (to, &[]), channel);
    let to = match wanted {
        Ok(wanted) => wanted.service.to_string(),
        // Which parties there are is known there alone, too.
        Err(_) if settings.sts.is_some() && !to.contains("://") => to.to_owned(),
        Err(error) => return Err(error),
    };
    let channel = channel.map_or_else(String::new, |it| format!(" --channel {it}"));
    let asked = zones(settings, from)?.into_iter().map(|zone| {
        format!("`wicketgate policy explain --user '{user}' --from {zone} --to '{to}'{channel}`")
    });
    let asked: Vec<String> = asked.collect();
    Ok(CliError::refused(format!(
        "who somebody is, and what they may, the authentication server says, whose policy decides; there run {}",
        asked.join(" and ")
    )))
}

fn explain(
    settings: &Settings,
    account: &Account,
    (zone, wanted): (&Zone, &Wanted),
    (route, channel): (Option<&RouteName>, Channel),
) -> Explained {
    let asking = Asking {
        zone,
        service: &wanted.service,
        route,
        channel,
        party: wanted.party.as_ref(),
    };
    let decides = settings.policy.rule(account, &asking);
    let combinations = decides.iter().flat_map(|it| {
        let enough = it.rule.combinations(&asking);
        enough.map(move |combination| aloud::enough(combination, it.rule))
    });
    let enough: Vec<String> = combinations.collect();
    Explained {
        stays: decides.and_then(|it| stays(settings, (it.rule, &asking))),
        user: account.upn.clone(),
        zone: zone.clone(),
        to: wanted.shown_at(route),
        channel,
        is_allowed: !enough.is_empty(),
        enough,
        place: decides.map(|it| place(settings, it.index)),
        rule: decides.map(|it| aloud::rule(it.rule)),
        conditions: decides.map_or_else(Vec::new, |it| conditions(&it, &asking, account)),
    }
}

/// For how long somebody stays signed in who proved a secret and a code under a rule, and asks for it.
pub(super) fn stays(settings: &Settings, (rule, asking): (&Rule, &Asking<'_>)) -> Option<String> {
    let is_page = asking.channel == Channel::Page;
    let may = settings.keep_me_signed_in.filter(|_| is_page);
    let may = may.and_then(|may| may.at(asking.service))?;
    let mut ways = rule.combinations(asking);
    let begun = may.cutoff.unwrap_or(Timestamp::UNIX_EPOCH);
    let is_such = |methods: Vec<Method>| may.until(&methods, begun).is_some();
    if !ways.any(|it| is_such(it.methods().collect())) {
        return None;
    }
    let lifetime = aloud::length(may.lifetime);
    Some(match rule.fresh.filter(|fresh| *fresh < may.lifetime) {
        Some(fresh) => {
            let fresh = aloud::length(fresh);
            format!("{lifetime}, and is asked again after {fresh} (`fresh`)")
        }
        None => lifetime,
    })
}

fn conditions(decides: &Numbered<'_>, asking: &Asking<'_>, account: &Account) -> Vec<Aloud> {
    let is = |key: &str| match key {
        "zones" => asking.zone.to_string(),
        "services" => asking.service.to_string(),
        "routes" => asking.route.map_or("any".to_owned(), RouteName::to_string),
        "parties" => asking.party.map_or("none".to_owned(), |it| it.name.clone()),
        _ => asking.channel.to_string(),
    };
    let of_place = decides.rule.conditions(asking);
    let of_place = of_place
        .into_iter()
        .map(|Condition { key, wants, .. }| Aloud {
            condition: key.to_owned(),
            is: is(key),
            wants: match wants.is_empty() {
                true => "any".to_owned(),
                false => wants.join(", "),
            },
        });
    let who = Aloud {
        condition: "accounts, groups".to_owned(),
        wants: aloud::who(decides.rule),
        is: account.upn.clone(),
    };
    [who].into_iter().chain(of_place).collect()
}

fn sentence(explained: &Explained) -> String {
    let decision = match explained.is_allowed {
        true => format!("allowed with {}", explained.enough.join(", or ")),
        false => "refused".to_owned(),
    };
    let Explained {
        user, to, channel, ..
    } = explained;
    let zone = aloud::zone(&explained.zone);
    let mut text = format!("{user} {zone} to {to} by {channel}: {decision}\n");
    if let Some(stays) = &explained.stays {
        text +=
            &format!("  by a secret and a code whoever asks for it stays signed in for {stays}\n");
    }
    match (&explained.place, &explained.rule) {
        (Some(place), Some(rule)) => text += &format!("  {place}: {rule}"),
        _ => text += "  no rule speaks of this",
    }
    for Aloud {
        condition,
        wants,
        is,
    } in &explained.conditions
    {
        text += &format!("\n    {condition}: {is} (the rule: {wants})");
    }
    text
}

/// The zones that an address is in, which differ by listener; or the one that was named.
pub(super) fn zones(settings: &Settings, from: &str) -> Result<Vec<Zone>, CliError> {
    for zone in [Zone::EXTERNAL, Zone::INTERNAL] {
        if *zone.0 == *from {
            return Ok(vec![zone]);
        }
    }
    let address: IpAddr = from.parse().map_err(|_| {
        let message = format!("`{from}` is neither a zone (`external`, `internal`) nor an address");
        CliError::usage(message)
    })?;
    if let Role::Authn(_) = settings.role {
        let message = "which zone an address is in, the gateway says that it comes to: give `external` or `internal`";
        return Err(CliError::usage(message));
    }
    let listeners = settings.listeners.iter();
    let mut zones: Vec<Zone> = listeners
        .map(|it| crate::listen::zone(it, address))
        .collect();
    zones.sort();
    zones.dedup();
    Ok(zones)
}

/// What a question is about, in words, and its channels.
#[cfg(test)]
pub(super) fn shown(
    settings: &Settings,
    to: (&str, &[Party]),
    channel: Option<&str>,
) -> Result<(String, Vec<Channel>), CliError> {
    let wanted = wanted(settings, to, channel)?;
    Ok((wanted.shown, wanted.channels))
}

fn wanted(
    settings: &Settings,
    (to, parties): (&str, &[Party]),
    channel: Option<&str>,
) -> Result<Wanted, CliError> {
    let name = PartyName(to.to_owned());
    let party = parties.iter().find(|it| it.is_called(&name));
    // What is published goes before a party that is called so, which has another name as well.
    let mut wanted = match (to.split_once("://"), party) {
        (Some((_, rest)), Some(party)) if !is_published(settings, rest) => {
            for_party(settings, party)?
        }
        (None, Some(party)) if !services(settings).contains(&to) => for_party(settings, party)?,
        (Some((_, rest)), _) => at(settings, rest)?,
        (None, _) => of_service(settings, to)?,
    };
    if let Some(word) = channel {
        let words = Channel::ALL.map(Channel::as_str);
        let channel = Channel::ALL.into_iter().find(|it| it.as_str() == word);
        let channel = channel.ok_or_else(|| {
            let hint = match meant(word, words) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("one of `{}`", words.join("`, `")),
            };
            CliError::usage(format!("there is no channel `{word}`; {hint}"))
        })?;
        wanted.channels = vec![channel];
    }
    Ok(wanted)
}

/// What is asked of whoever signs in for a party: on the page, or by a program's message.
fn for_party(settings: &Settings, party: &Party) -> Result<Wanted, CliError> {
    let mut hosts = settings.publication.hosts.iter();
    let own = hosts.find(|(_, host)| host.is_ours && host.is_sts);
    let (_, host) = own.ok_or_else(|| {
        CliError::usage("people sign in for parties at the token service, which has no host here")
    })?;
    Ok(Wanted {
        party: Some(party.clone()),
        ..of_our_own(host, party.name.clone())
    })
}

/// What stands at an address without its scheme.
fn at(settings: &Settings, rest: &str) -> Result<Wanted, CliError> {
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, "/".to_owned()),
    };
    let name = host_name(authority);
    let hosts = &settings.publication.hosts;
    let host = hosts.get(&name).ok_or_else(|| {
        if let Role::Authn(_) = settings.role {
            return is_of_a_gateway(&name);
        }
        let hint = meant(&name, hosts.keys().map(String::as_str));
        let hint = hint.map(|it| format!("; did you mean `{it}`?"));
        let hint = hint.unwrap_or_default();
        CliError::usage(format!("the host `{name}` is not published{hint}"))
    })?;
    if host.is_ours && !host.is_api {
        return Ok(of_our_own(host, name));
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = CleanPath::parse(path)
        .map_err(|error| CliError::usage(format!("no request has the path `{path}`: {error}")))?;
    let route = host.route(&path);
    let route = route.ok_or_else(|| is_answered("nothing is published there, which is 404"))?;
    match &route.auth {
        Auth::Closed => Err(is_answered("the path is closed, which is 404")),
        Auth::Anonymous => Err(is_answered(
            "anybody passes there as nobody, and no rule is asked",
        )),
        Auth::Schemes(_) => {
            let channels = gateway::prove::channels(route, host.is_passive());
            Ok(by_route(&settings.policy, &name, (route, channels)))
        }
    }
}

fn is_of_a_gateway(host: &str) -> CliError {
    CliError::usage(format!(
        "the host `{host}` is not published here, and what gateways publish is not in this file: give the service, such as \
         `lync` or `ews`; `policy explain` on the gateway says which it is"
    ))
}

fn is_answered(sentence: &str) -> CliError {
    CliError::refused(sentence)
}

fn by_route(
    policy: &Policy,
    host: &str,
    (route, channels): (&Route, Vec<(Channel, bool)>),
) -> Wanted {
    let mut channels: Vec<Channel> = channels.into_iter().map(|it| it.0).collect();
    channels.sort();
    channels.dedup();
    Wanted {
        shown: format!("{host}{} ({})", route.path, route.service),
        service: route.service.clone(),
        routes: vec![route.name_in(policy, host)],
        channels,
        party: None,
    }
}

fn is_published(settings: &Settings, rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    settings
        .publication
        .hosts
        .contains_key(&host_name(authority))
}

fn host_name(authority: &str) -> String {
    let name = authority.split(':').next().unwrap_or_default();
    name.to_ascii_lowercase()
}

/// What may be asked for by the name of a service.
fn services(settings: &Settings) -> Vec<&str> {
    let hosts = settings.publication.hosts.values();
    let routes = hosts.flat_map(|host| &host.routes);
    let mut services: Vec<&str> = routes.map(|route| &*route.service.0).collect();
    services.extend(settings.portal.iter().map(|_| "portal"));
    services.extend(settings.sts.iter().map(|_| "sts"));
    if let Role::Authn(answering) = &settings.role {
        services.extend(answering.services.iter().map(String::as_str));
    }
    services
}

fn of_service(settings: &Settings, name: &str) -> Result<Wanted, CliError> {
    let services = services(settings);
    if !services.contains(&name) {
        let hint = meant(name, services).map(|it| format!("; did you mean `{it}`?"));
        let hint = hint.unwrap_or_default();
        let message = format!("nothing published is the service `{name}`{hint}");
        return Err(CliError::usage(message));
    }
    // What is published elsewhere has no address here, and is explained for each path that a rule names.
    let is_elsewhere = matches!(settings.role, Role::Authn(_));
    if settings.policy.speaks_of_routes() && !is_elsewhere {
        let message =
            "the policy speaks of paths; give an address, as https://mail.contoso.com/EWS";
        return Err(CliError::usage(message));
    }
    let mut ours = settings.publication.hosts.values();
    let is_asked = |host: &&Host| host.is_ours && !host.is_api && *service_of(host).0 == *name;
    if let Some(host) = ours.find(is_asked) {
        return Ok(of_our_own(host, name.to_owned()));
    }
    let proving = Channel::ALL
        .into_iter()
        .filter(|it| !matches!(it, Channel::Ticket | Channel::Page));
    Ok(Wanted {
        shown: name.to_owned(),
        service: Service(name.to_owned().into()),
        routes: settings.policy.routes(),
        channels: proving.collect(),
        party: None,
    })
}

/// The service whose pages a host of ours has.
fn service_of(host: &Host) -> Service {
    match host.is_sts {
        true => Service::STS,
        false => Service::PORTAL,
    }
}

/// What is asked on a host of ours: by its pages, and by messages where it takes those.
fn of_our_own(host: &Host, shown: String) -> Wanted {
    let messages = host.takes_username_tokens.then_some(Channel::UsernameToken);
    Wanted {
        shown,
        service: service_of(host),
        routes: vec![None],
        channels: messages.into_iter().chain([Channel::Page]).collect(),
        party: None,
    }
}
