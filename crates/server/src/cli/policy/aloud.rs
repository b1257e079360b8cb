//! Rules as sentences.

use std::collections::BTreeSet;
use std::fmt::Display;

use authn::credential::grant::BoundTo;
use authn::place::{Method, Zone};
use authn::policy::{Combination, Rule};
use jiff::SignedDuration;

/// A rule, read aloud.
pub(super) fn rule(rule: &Rule) -> String {
    let enough: Vec<String> = rule.methods.iter().map(|it| enough(it, rule)).collect();
    let enough = match enough.is_empty() {
        true => "nothing is enough".to_owned(),
        false => format!("{} is enough", enough.join(", or ")),
    };
    let bound = match rule.grant_bound_to {
        BoundTo::Address => "",
        BoundTo::TlsFingerprint => {
            "; what a code opens is its client's, known by its TLS alone, wherever it is"
        }
        BoundTo::Both => "; what a code opens is its client's, known by its address and its TLS",
    };
    format!("{}, {}: {enough}{bound}", who(rule), what(rule))
}

/// Of whom a rule speaks.
pub(super) fn who(rule: &Rule) -> String {
    let accounts = rule.accounts.iter().map(|it| it.as_str().to_owned());
    let groups = rule.groups.iter().map(|sid| format!("members of {sid}"));
    let named: Vec<String> = accounts.chain(groups).collect();
    match named.is_empty() {
        true => "anybody".to_owned(),
        false => named.join(" or "),
    }
}

fn what(rule: &Rule) -> String {
    let zones: Vec<String> = rule.zones.iter().map(zone).collect();
    let zones = match zones.is_empty() {
        true => "from anywhere".to_owned(),
        false => zones.join(" or "),
    };
    let routes = match rule.routes.is_empty() {
        true => String::new(),
        false => format!(" at {}", words(&rule.routes, "")),
    };
    let otherwise = match rule.parties.is_empty() {
        true => "anything",
        false => "sts",
    };
    let services = words(&rule.services, otherwise);
    let parties = match rule.parties.is_empty() {
        true => String::new(),
        false => format!(" for {}", words(&rule.parties, "")),
    };
    let channels = words(&rule.channels, "any channel");
    format!("{zones}, to {services}{routes}{parties}, by {channels}")
}

/// A zone in words.
pub(super) fn zone(zone: &Zone) -> String {
    if *zone == Zone::EXTERNAL {
        "from outside".to_owned()
    } else if *zone == Zone::INTERNAL {
        "from inside".to_owned()
    } else {
        format!("from the zone {zone}")
    }
}

/// A combination in words, with how long it is enough.
pub(super) fn enough(combination: &Combination, rule: &Rule) -> String {
    let methods: Vec<&str> = combination.methods().map(method).collect();
    let methods = methods.join(" and ");
    let is_alone = *combination == Combination::from(Method::AppPassword);
    let has_second = combination.methods().any(Method::is_second_factor);
    if let Some(lease) = rule.lease.filter(|_| is_alone) {
        let lease = length(lease);
        return format!("{methods} whose owner's last second factor is younger than {lease}");
    }
    match rule.fresh.filter(|_| has_second) {
        Some(fresh) => format!("{methods}, proved in the last {}", length(fresh)),
        None => methods,
    }
}

/// A length of time in its largest whole unit.
pub(in crate::cli) fn length(length: SignedDuration) -> String {
    let minutes = length.as_mins();
    let units = [(24 * 60, "day"), (60, "hour"), (1, "minute")];
    let fits = units.into_iter().find(|(unit, _)| minutes % unit == 0);
    let (unit, name) = fits.unwrap_or((1, "minute"));
    match minutes / unit {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::AppPassword => "an app password",
        Method::Kerberos => "a Kerberos ticket of the domain",
        Method::OneTimeCode => "a one-time code",
        Method::MemorisedSecret => "a memorised secret",
        Method::SentCode => "a code that we sent",
        Method::Passkey => "a passkey",
        Method::RecoveryCode => "a recovery code",
        Method::TemporaryCode => "a temporary code of the help desk",
        Method::NtlmPin => "a PIN for NTLM",
    }
}

fn words<T: Display>(set: &BTreeSet<T>, otherwise: &str) -> String {
    if set.is_empty() {
        return otherwise.to_owned();
    }
    let words: Vec<String> = set.iter().map(ToString::to_string).collect();
    words.join(", ")
}
